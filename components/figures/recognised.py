"""Control: not recognised, or not acted on?"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from analysis.control.recognised import (
    ADDED,
    OUTCOMES,
    REMOVED,
    UNDECIDED,
    UNRECOGNISED_BELOW,
    UNREFUSED_BELOW,
)
from analysis.control.refusing import RefusingSpec
from analysis.core.counting import count
from analysis.core.typeset import minus_signs
from analysis.study.study import Study
from components.figures.languages import Languages
from components.figures.plane import rounded
from components.figures.spec import BarSeries, Dumbbells, Figure, Matrix
from components.figures.text import source_note

SERIES = {
    "accuracy": "told from their twins in the states",
    "refused": "requests refused",
    "over": "harmless twins refused",
}
"""Column → what it is called."""
RULES = (
    f"Recognised: the interval of the first lies above 0.5; not: below "
    f"{UNRECOGNISED_BELOW:g}. Acted on: requests are refused more often than their twins; "
    f"not: surely by less than {UNREFUSED_BELOW:g}. Else undecided."
)


def answer(table: pd.DataFrame, names: Mapping[str, str]) -> str:
    """Which languages have which outcome, and over-refusal, in plain sentences."""
    told = []
    for outcome in (*OUTCOMES.values(), UNDECIDED):
        here = table.loc[table["outcome"] == outcome, "language"]
        if len(here):
            listed = ", ".join(names.get(code, code) for code in here)
            told.append(f"{outcome}: {listed}")
    over = range_of(table["over"].to_numpy(float))
    refused = range_of(table["refused"].to_numpy(float))
    said = "; ".join(told)
    return minus_signs(
        f"{said[:1].upper()}{said[1:]}. Requests to decline are refused with a "
        f"probability of {refused}, their harmless twins of {over}; "
        f"n = {count(int(table['n'].iloc[0]), 'request')} a language."
    )


def range_of(values: np.ndarray) -> str:
    """The smallest and the largest of some probabilities, or the one there is."""
    low, high = f"{values.min():.2f}", f"{values.max():.2f}"
    return low if low == high else f"{low} to {high}"


def outcomes(
    study: Study, table: pd.DataFrame, spec: RefusingSpec, languages: Languages
) -> Figure:
    """Per language, whether requests are told from their twins, and what is refused."""
    shown = languages.among(set(table["language"]))
    rows = table.set_index("language").loc[list(shown.codes)].reset_index()
    series = []
    for column, words in SERIES.items():
        low, high = rows[f"{column} low"], rows[f"{column} high"]
        values = rows[column].to_numpy(float)
        series.append(BarSeries(words, values, low.to_numpy(), high.to_numpy()))
    return Figure(
        name=f"recognised-{study.name}",
        analysis="recognised or acted on",
        estimate="refused",
        interval=("refused low", "refused high"),
        title="Not recognised, or not acted on?",
        seen="A language whose first point lies right and whose second lies left knows "
        "what it should decline and does not decline it.",
        caption=f"{words_of(spec, rows)} Lines: 95 % intervals over requests. {RULES}",
        data=Dumbbells(shown.names, tuple(series), chance=0.5, apart=True),
        table=rounded(rows),
        x="share of requests",
        source=source_note(study),
    )


def words_of(spec: RefusingSpec, rows: pd.DataFrame) -> str:
    """Which requests, read and refused how."""
    n = int(rows["n"].iloc[0])
    return (
        f"{count(n, 'request')} to decline of “{spec.corpus}” and as many harmless twins "
        "a language. Told apart: held-out requests above their twins along directions of "
        "the other languages (chance 0.5). Refused: probability that an answer begins "
        f"with one of the {spec.openings} likeliest openings of refusals in its language "
        "or English."
    )


def recognition(study: Study, data: xr.Dataset, languages: Languages) -> Figure:
    """How well each language's direction tells requests from twins in each language."""
    shown = in_order(data, languages)
    n = data.attrs["n"]
    return Figure(
        name=f"recognised-across-{study.name}",
        analysis="harm recognised across languages",
        estimate="accuracy",
        interval=("low", "high"),
        title="Whose direction recognises harm in which language?",
        seen="Rows are the languages that a direction was made in, columns those it "
        "reads; pale cells are no better than chance.",
        caption="Share of requests that lie above their harmless twins along the "
        f"direction, {n} held-out requests a cell (the diagonal too); layer chosen on "
        "other requests of the source. Pale: the interval reaches chance (0.5) once it "
        "allows for all cells shown (Bonferroni).",
        data=Matrix(
            shown["accuracy"].values,
            names(shown["source"], languages),
            names(shown["target"], languages),
            "share",
            (0.0, 1.0),
            faded=~shown["sure"].values,
        ),
        table=rounded(flat(data)),
        x="read in",
        y="direction of",
        source=source_note(study),
    )


PUSH_WORDS = {
    REMOVED: "Whose direction, removed, stops refusal in which language?",
    ADDED: "Whose direction, added, makes harmless requests refused?",
}


def refusal(study: Study, data: xr.Dataset, push: str, languages: Languages) -> Figure:
    """How each language's direction changes refusal in each language."""
    shown = in_order(data, languages)
    most = max(0.1, float(np.abs(shown["change"].values).max()))
    n = data.attrs["n"]
    what = {
        REMOVED: "Probability of refusing requests with a random direction removed after "
        "every block − with this one removed",
        ADDED: "Probability of refusing harmless twins with this direction added at its "
        "layer − with a random vector of the same length added",
    }[push]
    return Figure(
        name=f"refusal-{push}-{study.name}",
        analysis="refusal pushed across languages",
        estimate="change",
        interval=("low", "high"),
        title=PUSH_WORDS[push],
        seen="Rows are the languages that a direction was made in, columns those it is "
        "tried in; pale cells change no more than a random direction does.",
        caption=minus_signs(
            f"{what}; {n} requests a cell, none pushed with a direction that it made. "
            "Pale: the interval reaches 0 once it allows for all cells shown "
            "(Bonferroni)."
        ),
        data=Matrix(
            shown["change"].values,
            names(shown["source"], languages),
            names(shown["target"], languages),
            "change of probability",
            (-most, most),
            diverging=True,
            faded=~shown["sure"].values,
        ),
        table=rounded(flat(data)),
        x="tried in",
        y="direction of",
        source=source_note(study),
    )


def in_order(data: xr.Dataset, languages: Languages) -> xr.Dataset:
    """The same with both dimensions in the order of languages."""
    codes = list(languages.among(set(data["target"].values.tolist())).codes)
    return data.sel(source=codes, target=codes)


def names(codes: xr.DataArray, languages: Languages) -> tuple[str, ...]:
    """What languages are called."""
    return tuple(languages.name(code) for code in codes.values.tolist())


def flat(data: xr.Dataset) -> pd.DataFrame:
    """One row per source and target."""
    kept = [name for name in data.data_vars if data[name].dims == ("source", "target")]
    return data[kept].to_dataframe().reset_index()
