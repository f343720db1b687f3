"""Is this vector any good? Lights by language and check, in words, signs and colours."""

from collections import Counter

import numpy as np
import pandas as pd
import xarray as xr

from analysis.certificates.report_card import (
    BAD,
    BY_NAME,
    COSTS,
    DOUBTFUL,
    FAILS,
    GOOD,
    PASSES,
    UNKNOWN,
    UNSURE,
    Check,
)
from analysis.core.counting import count
from analysis.core.typeset import minus_signs
from analysis.study.study import Study
from components.figures.languages import Languages
from components.figures.spec import Figure, Matrix
from components.figures.text import percent_interval, source_note

SIGNS = {GOOD: "ok", DOUBTFUL: "?", BAD: "×", UNKNOWN: ""}
"""A sign for every light, so that none is told by colour alone. No plus, which before a
number would be taken for its own.
"""
LEVELS = {GOOD: 1.0, DOUBTFUL: 0.5, BAD: 0.0, UNKNOWN: float("nan")}
"""Where a light stands on the scale."""
NOTHING_BAD = "nothing is bad anywhere"


def sentence(data: xr.Dataset) -> str:
    """The answer in a sentence: in how many languages it passes, and what is bad."""
    verdicts = Counter(data["verdict"].values.tolist())
    each = []
    for verdict in (PASSES, COSTS, FAILS, UNSURE):
        if verdicts[verdict]:
            each.append(f"{verdict} in {verdicts[verdict]}")
    languages = count(data.sizes["language"], "language")
    concept = data.attrs["concept"]
    return f"The vector of {concept}, of {languages}: {'; '.join(each)}; {worst(data)}."


def worst(data: xr.Dataset) -> str:
    """Which checks are bad in most languages."""
    bad: Counter[str] = Counter()
    for name in data["check"].values.tolist():
        lights = data["light"].sel(check=name).values.tolist()
        bad[BY_NAME[name].title] += lights.count(BAD)
    title, number = bad.most_common(1)[0]
    if not number:
        return NOTHING_BAD
    return f"worst: {title.lower()} (bad in {number})"


def card(study: Study, data: xr.Dataset, languages: Languages) -> Figure:
    """Lights by language and check; each cell says its sign and its value."""
    # Checks stand one below another: few languages would be too flat to print.
    chosen = data.sel(language=list(languages.codes)).transpose("check", "language")
    lights = chosen["light"].values
    levels = np.vectorize(LEVELS.__getitem__, otypes=[float])(lights)
    hover = np.vectorize(percent_interval)(chosen["low"].values, chosen["high"].values)
    columns = []
    for name, verdict in zip(languages.names, chosen["verdict"].values.tolist()):
        columns.append(f"{name}: {verdict}")
    return Figure(
        name=f"report-card-{study.name}",
        analysis="report card",
        estimate="value",
        interval=("low", "high"),
        title=f"Is the vector of {data.attrs['concept']} any good?",
        seen=f"{sentence(data)} {how_read(chosen)}",
        caption=caption(data),
        data=Matrix(
            levels,
            tuple(check.title for check in checks(chosen)),
            tuple(columns),
            units="× bad to ok",
            limits=(0.0, 1.0),
            hover=hover,
            says=words(chosen),
        ),
        table=table(chosen, languages),
        x="language",
        y="check",
        source=source_note(study),
    )


def how_read(data: xr.Dataset) -> str:
    """How cells are read, and why some are empty."""
    told = "“ok” is good, ? doubtful, × bad, each with its value."
    if (data["light"].values == UNKNOWN).any():
        told += " Empty: not measured, or a share of an effect that there is not."
    return told + untested(data)


def untested(data: xr.Dataset) -> str:
    """What a card of an earlier version did not test, in a sentence; else empty."""
    left = data.attrs["not_tested"]
    return f" Not tested: {left}." if left else ""


def checks(data: xr.Dataset) -> list[Check]:
    """The checks that a card has."""
    return [BY_NAME[name] for name in data["check"].values.tolist()]


def words(data: xr.Dataset) -> tuple[tuple[str, ...], ...]:
    """What every cell says: the sign of its light, and its value."""
    rows = []
    for lights, values in zip(data["light"].values, data["value"].values):
        row = []
        for light, value in zip(lights.tolist(), values.tolist()):
            number = minus_signs(f"{value:z.2f}") if np.isfinite(value) else ""
            row.append(f"{SIGNS[light]} {number}".strip())
        rows.append(tuple(row))
    return tuple(rows)


def caption(data: xr.Dataset) -> str:
    """What was tried, with which limits, against what."""
    told = data.attrs
    limits = []
    for check in checks(data):
        limits.append(f"{check.title} ({check.unit}): {check.limit}")
    return (
        f"{sentence(data)} Vector: {told['vector']}; layer {told['layer']}, pushed by "
        f"{100 * told['strength']:g} % of each state's length, beside "
        f"{told['random_twins']} random vectors that push as hard (in the table). "
        f"{'. '.join(limits)}. Empty: not measured, or a share of an effect that "
        f"there is not.{untested(data)} Intervals: 95 %, Student's t over "
        "prompts, questions, sentences or answers."
    )


def table(data: xr.Dataset, languages: Languages) -> pd.DataFrame:
    """One row for each language and check."""
    frame = data[["value", "low", "high", "twins", "light"]].to_dataframe()
    frame = frame.reset_index()
    names = dict(zip(languages.codes, languages.names))
    frame["language"] = [names[code] for code in frame["language"].tolist()]
    frame["check"] = [BY_NAME[name].title for name in frame["check"].tolist()]
    return frame.rename(columns={"twins": "random vectors"})


def limit_table(data: xr.Dataset) -> pd.DataFrame:
    """The checks of a card with what they ask, and from where on a light is what."""
    rows = []
    for check in checks(data):
        row = {"check": check.title, "asks": check.asks, "limits": check.limit}
        rows.append(row | {"unit": check.unit})
    return pd.DataFrame(rows)
