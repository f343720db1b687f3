"""Sentences: do translations find each other?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from analysis.core.counting import count
from analysis.sentences.readings import READINGS
from analysis.sentences.retrieval import MEASURES, part_of
from analysis.sentences.specs import RetrievalSpec
from analysis.study.study import Study
from components.figures.cells import between, long_table
from components.figures.languages import Languages
from components.figures.recognition import family
from components.figures.share_axis import share_axis
from components.figures.spec import (
    BarSeries,
    Dumbbells,
    Figure,
    Lines,
    Matrix,
    Points,
    Series,
)
from components.figures.text import counts, source_note, span

MEXA_NOTE = (
    "MEXA: the share of sentences that are closer to their own translation than to any "
    "other sentence, and than any other is to it"
)
POOLED = {"mean": "mean over layers", "largest": "largest of all layers"}
"""How MEXA's scores are pooled → what captions call it."""


@dataclass(frozen=True)
class Looked:
    """How sentences were looked up, and what the target language is called."""

    spec: RetrievalSpec
    target: str

    def named(self, measure: str) -> str:
        """What a measure is called, with the target language's name."""
        return MEASURES[measure].replace("the target language", self.target)


def looked_up(study: Study, looked: Looked, layer: bool = True) -> str:
    """How sentences were read and compared, in a sentence."""
    spec = looked.spec
    near = f" ({spec.n_neighbors} neighbours)" if spec.criterion == "CSLS" else ""
    at = ""
    if layer:
        at = f", layer {spec.layer or part_of(study).layers[-1]}"
    read = READINGS[spec.reading].words
    return f"A sentence is {read}{at}; {spec.criterion}{near}."


def answer(found: xr.Dataset, looked: Looked, languages: Languages) -> str:
    """How well translations find each other, in a sentence."""
    into = found["into"].sel(language=list(languages.codes))
    best, worst = int(into.values.argmax()), int(into.values.argmin())
    chance = float(found["into_chance"].mean())
    return (
        f"{100 * float(into.mean()):.0f} % of sentences find their translation into "
        f"{looked.target} at the first try (layer {found.attrs['layer']}); guessing finds "
        f"{100 * chance:.0f} %. Best: {ends_of(found, languages, best)}; worst: "
        f"{ends_of(found, languages, worst)}. n = {counts(found['n'])} sentences, "
        f"{count(len(languages), 'language')}."
    )


def ends_of(found: xr.Dataset, languages: Languages, place: int) -> str:
    """One language's share in percent with its interval."""
    one = found.sel(language=languages.codes[place])
    share, low, high = (
        100 * float(one[part]) for part in ("into", "into_low", "into_high")
    )
    return f"{languages.names[place]} {share:.0f} % (95 % {low:.0f} to {high:.0f})"


def by_language(
    study: Study, found: xr.Dataset, looked: Looked, languages: Languages
) -> Figure:
    """Sentences of every language found in the target language and from it, and MEXA."""
    cells = found.sel(language=list(languages.codes))
    series = []
    for measure in MEASURES:
        bars = BarSeries(
            looked.named(measure),
            cells[measure].values,
            cells[f"{measure}_low"].values,
            cells[f"{measure}_high"].values,
        )
        series.append(bars)
    chance = float(cells["into_chance"].mean())
    columns = [*MEASURES, *(f"{one}_{end}" for one in MEASURES for end in ENDS), "n"]
    return Figure(
        name=f"sentences-{study.name}",
        analysis="sentence retrieval",
        estimate="into",
        interval=("into_low", "into_high"),
        title=f"Translations found in {looked.target} at the first try (P@1)",
        seen="How many sentences of each language find their translation, both ways, and "
        "how many agree both ways (MEXA), with 95 % intervals.",
        caption=f"n = {counts(cells['n'])} sentences a language; lines through points are "
        "95 % intervals "
        f"({found.attrs['interval']}); guessing finds {chance:z.3f} (dotted). "
        f"{looked_up(study, looked)} {MEXA_NOTE}.",
        data=Dumbbells(languages.names, tuple(series), chance=chance),
        table=cells[columns].to_dataframe().reset_index(),
        x="share of sentences",
        y="language",
        source=source_note(study),
    )


ENDS = ("low", "high")


def over_layers(study: Study, data: xr.Dataset, looked: Looked) -> Figure:
    """Retrieval both ways and MEXA over layers, mean over languages."""
    x = data.layer.values.astype(float)
    series = [curve_of(data, measure, looked) for measure in MEASURES]
    tables = [table_of(data, measure, looked) for measure in MEASURES]
    chance = float(data["into_chance"].mean())
    best = int(np.nanargmax(data["into_mean"].values))
    return Figure(
        name=f"sentences-layers-{study.name}",
        analysis="sentence retrieval by layer",
        estimate="mean",
        interval=("low", "high"),
        title=f"Translations found in {looked.target} over layers (P@1)",
        seen="Where in the model translations meet: mean over languages, with 95 % bands; "
        "dotted: guessing.",
        caption=f"Mean over {count(data.sizes['language'], 'language')}, "
        f"n = {counts(data['n'])} sentences; bands are 95 % ({data.attrs['interval']}); "
        f"guessing finds {chance:z.3f} (dotted). Largest at layer {x[best]:.0f}: "
        f"{data['into_mean'].values[best]:z.3f}. {looked_up(study, looked, False)} "
        f"{MEXA_NOTE}.",
        data=Lines(tuple(series), chance=chance, limits=(0, 1)),
        table=pd.concat(tables),
        x="layer",
        y="share of sentences",
        source=source_note(study),
    )


def curve_of(data: xr.Dataset, measure: str, looked: Looked) -> Series:
    """One measure over layers, with its band where there is one."""
    x, mean = data.layer.values.astype(float), data[f"{measure}_mean"].values
    low, high = data[f"{measure}_low"].values, data[f"{measure}_high"].values
    bands = (low, high) if np.isfinite(low).any() else (None, None)
    return Series(looked.named(measure), x, mean, *bands, dashed=measure == "mexa")


def table_of(data: xr.Dataset, measure: str, looked: Looked) -> pd.DataFrame:
    """The numbers of one measure's curve."""
    columns: dict[str, object] = {
        "measure": looked.named(measure),
        "layer": data.layer.values.astype(float),
    }
    for end in ("mean", *ENDS):
        columns[end] = data[f"{measure}_{end}"].values
    return pd.DataFrame(columns)


def over_languages(
    study: Study, data: xr.Dataset, measure: str, looked: Looked, languages: Languages
) -> Figure:
    """One measure of every language at every layer: where translations meet."""
    cells = data[measure].sel(language=list(languages.codes))
    values = cells.values
    n = data["n"].sel(language=list(languages.codes))
    name = looked.named(measure)
    drawn = Matrix(
        values,
        languages.names,
        tuple(map(str, data.layer.values.tolist())),
        units="share",
        limits=(0, float(np.nanmax(values)) or 1),
        digits=2,
    )
    return Figure(
        name=f"sentences-map-{measure}-{study.name}",
        analysis="sentence retrieval by layer",
        estimate=measure,
        title=f"Translations by language and layer: {name}",
        seen="Where in the model each language's translations meet.",
        caption=f"{span(cells)}; n = {counts(n)} sentences a language, looked up in "
        f"{looked.target}; guessing finds {float(data[f'{measure}_chance'].mean()):z.3f}. "
        f"{looked_up(study, looked, False)}",
        data=drawn,
        table=cells.to_dataframe(measure).reset_index(),
        x="layer",
        y="language",
        source=source_note(study),
    )


def pairs(
    study: Study, data: xr.Dataset, looked: Looked, languages: Languages
) -> Figure:
    """Sentences of every language found in every other, at one layer."""
    cells = between(data, languages.codes)
    values, low = cells["precision"].values, cells["low"].values
    drawn = Matrix(
        values,
        languages.names,
        languages.names,
        units="P@1",
        limits=(0, float(np.nanmax(values)) or 1),
        digits=2,
        codes=(languages.codes, languages.codes),
        faded=np.isfinite(values) & (low <= cells["chance"].values),
    )
    return Figure(
        name=f"sentences-pairs-{study.name}",
        analysis="sentence retrieval by pair",
        estimate="precision",
        interval=ENDS,
        title="Translations found between every two languages (P@1)",
        seen="How many sentences of the row's language find their translation in the "
        "column's.",
        caption=f"Row: looked up from; column: looked up in; {span(values)}, n = "
        f"{counts(cells['n'])} sentences; chance {np.nanmean(cells['chance']):z.3f}. "
        f"Faded: the 95 % interval ({data.attrs['interval']}) reaches down to chance. "
        f"{looked_up(study, looked)}",
        data=drawn,
        table=long_table(cells, ("precision", *ENDS, "mexa", "n", "chance")),
        x="into",
        y="from",
        source=source_note(study),
    )


def mexa_table(
    cells: xr.Dataset, pool: str, languages: Languages, shares: np.ndarray
) -> pd.DataFrame:
    """The numbers of every language's MEXA; the largest of many layers has no interval."""
    known = pool == "mean"
    columns = {
        "language": list(languages.codes),
        "name": languages.names,
        "share, %": shares,
        "MEXA": cells[pool].values,
        "low": cells["low"].values if known else None,
        "high": cells["high"].values if known else None,
        "layer of the largest": cells["at"].values,
        "n": cells["n"].values,
    }
    return pd.DataFrame(columns)


def mexa_by_share(
    study: Study, data: xr.Dataset, pool: str, looked: Looked, languages: Languages
) -> Figure:
    """MEXA of every language against its share of pre-training."""
    cells = data.sel(language=list(languages.codes))
    axis = share_axis(study, languages)
    low = high = None
    told = "the largest of many layers has no interval here"
    if pool == "mean":
        low, high = cells["low"].values, cells["high"].values
        told = f"bars are 95 % intervals ({data.attrs['interval']})"
    chance = float(cells["chance"].mean())
    points = Points(
        axis.places,
        cells[pool].values,
        languages.names,
        groups=tuple(map(family, languages.codes)),
        low=low,
        high=high,
        chance=chance,
        ordinal=axis.is_order,
        ticks=axis.ticks,
        tick_words=axis.tick_words,
    )
    return Figure(
        name=f"mexa-{study.name}",
        analysis="mexa",
        estimate="MEXA",
        interval=ENDS if pool == "mean" else (),
        title=f"Alignment with {looked.target} (MEXA, {POOLED[pool]})",
        seen="Whether languages with more training data are better aligned.",
        caption=f"{MEXA_NOTE}; {POOLED[pool]}, {span(cells[pool])}; n = "
        f"{counts(cells['n'])} sentences a language; {told}. Guessing gives "
        f"{chance:z.3f} at one layer (dotted). "
        f"{looked_up(study, looked, False)}{axis.note}",
        data=points,
        table=mexa_table(cells, pool, languages, axis.shares),
        x=axis.title,
        y="MEXA",
        source=source_note(study),
    )
