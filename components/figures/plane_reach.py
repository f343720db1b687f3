"""Plane: are local answers erased, or only out of reach?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.core.counting import count
from analysis.core.typeset import minus_signs
from analysis.plane import finding, naming, reachable
from analysis.plane.naming import Named
from analysis.plane.reachable import CLASSES, SURE, Change, Reach
from analysis.study.study import Study
from components.figures.languages import Languages
from components.figures.plane import answering, rounded
from components.figures.spec import BarSeries, Dumbbells, Figure, Matrix
from components.figures.text import source_note

ALL = "all"


@dataclass(frozen=True)
class Classified:
    """What became of local answers: the table of classes, the changes, and the spread
    that the classes rest on (NaN: none).
    """

    table: pd.DataFrame
    reach: Reach
    spread: float


def change_words(found: Change) -> str:
    """A change with its interval and n."""
    if np.isnan(found.change):
        return "not known"
    return (
        f"{finding.change(found.change, (found.low, found.high))} "
        f"({count(found.n, 'answer')})"
    )


VERDICTS = {
    reachable.ALIKE: "English steering loses no more local answers than a random push of "
    "the same length",
    reachable.REACHABLE: "What English steering loses is only out of reach: it comes "
    "back with the local vector",
    reachable.ERASED: "What English steering loses does not come back with the local "
    "vector: it is erased, as far as can be told",
    reachable.UNDECIDED: "It cannot be told whether local answers are erased or only "
    "out of reach",
}
"""Verdict → its sentence."""


def answer(found: Reach) -> str:
    """The verdict with the numbers that it rests on."""
    return minus_signs(
        f"{VERDICTS[found.verdict]}. Local answers with the country named: "
        f"{change_words(found.naming)}. Lost by English steering, beyond a random push: "
        f"{change_words(found.lost)}. Of these back with the local vector, beyond "
        f"{found.against}: {change_words(found.back)}."
    )


SHORT = {
    reachable.KEPT: "known",
    reachable.WHEN_NAMED: "known when named",
    reachable.RECOVERABLE: "lost, recoverable",
    reachable.LOST: "lost",
    reachable.UNKNOWN: "not known",
}
"""Class → what it is called over a column."""


def classes(study: Study, found: Classified, languages: Languages) -> Figure:
    """Share of each class of local answers by language."""
    table = found.table
    shown = languages.among(set(table["language"]))
    names = (*shown.names, "all languages")
    rows = []
    values = []
    for code, name in zip((*shown.codes, ALL), names):
        mine = table[table["language"] == code].set_index("class")
        values.append(mine.loc[list(CLASSES), "share"].to_numpy(float))
        rows.append(f"{name} ({mine['undecided'].iloc[0]} of {mine['n'].iloc[0]})")
    return Figure(
        name=f"plane-reach-{study.name}",
        analysis="plane classes",
        estimate="share",
        interval=("low", "high"),
        title="Where local answers are: at hand, out of reach, lost",
        seen="Each row is a language: the share of its culture questions in each class. "
        "Shares are expected ones where answers have no sure class; behind each language "
        "stands how many of its questions have none.",
        caption=minus_signs(classes_caption(study, found)),
        data=Matrix(
            np.array(values),
            tuple(rows),
            tuple(SHORT[name] for name in CLASSES),
            "share of answers",
            (0.0, 1.0),
        ),
        table=rounded(table),
        x="what the answer is",
        y="language (undecided of all)",
        source=source_note(study, "plane_score"),
    )


def classes_caption(study: Study, found: Classified) -> str:
    """How answers are classified, and how surely."""
    whole = found.table.loc[found.table["language"] == ALL]
    n, undecided = int(whole["n"].iloc[0]), int(whole["undecided"].iloc[0])
    how = (
        "Classes are as the answers say, since nothing tells how uncertain a single "
        "answer is here."
    )
    if found.spread > 0:
        how = (
            "Shares are expected ones: each answer's lead counts as uncertain by "
            f"{found.spread:.2f} nats, which is how far random pushes of the same "
            f"length move it; {undecided} of {n} answers have no class that is at least "
            f"{SURE:.0%} likely."
        )
    ends = []
    for row in whole.to_dict("records"):
        ends.append(
            f"{row['class']} {row['share']:.2f} (95 % {row['low']:.2f} to "
            f"{row['high']:.2f})"
        )
    return (
        "Known: local without steering and with the English vector; lost: local without "
        "it and not with it; recoverable: local again with both vectors. All held-out "
        f"items, n = {n}. {how} All languages, items drawn whole: {'; '.join(ends)}. "
        f"{answering(study)}"
    )


def countries(study: Study, table: pd.DataFrame, languages: Languages) -> Figure:
    """Local answers by language and country, with the country named and without."""
    order = {code: place for place, code in enumerate(languages.codes)}
    kept = table.loc[table["language"].isin(languages.codes)]
    places = kept["language"].map(order).to_numpy()
    kept = kept.iloc[np.argsort(places, kind="stable")]
    labels = []
    for row in kept.to_dict("records"):
        labels.append(f"{languages.name(row['language'])} · {row['country']}")
    series = []
    for way, words in WAYS.items():
        if np.isfinite(kept[way]).any():
            ends = kept[f"{way} low"].to_numpy(), kept[f"{way} high"].to_numpy()
            series.append(BarSeries(words, kept[way].to_numpy(), *ends))
    return Figure(
        name=f"plane-countries-{study.name}",
        analysis="plane countries",
        estimate="unnamed",
        interval=("unnamed low", "unnamed high"),
        title="One language, several countries",
        seen="The share of local answers without the country named and with it; the "
        "country that leads where none is named is the one a language takes for granted.",
        caption="Share of culture questions that get the local answer, by language and "
        "country; lines: Wilson's 95 % intervals over items, "
        f"n = {kept['n'].min()} to {kept['n'].max()} a row, all held-out items. "
        f"{answering(study)}",
        data=Dumbbells(tuple(labels), tuple(series)),
        table=rounded(kept),
        x="share of local answers",
        source=source_note(study, "plane_score"),
    )


WAYS = {
    "unnamed": "no country named",
    "named": "country named",
    "steered": "English vector, no country named",
}
"""Column → what it is called."""


def named_answer(found: Named) -> str:
    """What naming changes, and whether it brings back what steering loses."""
    said = (
        f"Local answers with the country named: {change_words(found.country)}; with the "
        f"language named: {change_words(found.language)}; country − language: "
        f"{change_words(found.between)}."
    )
    reach = found.reach
    if not reach.lost.n:
        return minus_signs(f"{said} English steering was not tried.")
    return minus_signs(
        f"{said} {NAMED_VERDICTS[reach.verdict]}. Lost, beyond a random push: "
        f"{change_words(reach.lost)}. Of these back with the country named, beyond "
        f"{reach.against}: {change_words(reach.back)}."
    )


NAMED_VERDICTS = {
    reachable.ALIKE: "English steering loses no more than a random push",
    reachable.REACHABLE: "What English steering loses is only out of reach",
    reachable.ERASED: "What English steering loses is erased, as far as can be told",
    reachable.UNDECIDED: "It cannot be told whether it is erased or only out of reach",
}
"""Verdict → its words where the country was named under steering."""


def named(study: Study, table: pd.DataFrame, push: str, languages: Languages) -> Figure:
    """Local answers with nothing, the language or the country named, by language."""
    mine = table.loc[table["push"] == push]
    shown = languages.among(set(mine["language"]))
    codes = [*shown.codes, *([ALL] if len(mine) else [])]
    series = []
    for way, words in naming.WAYS.items():
        rows = mine.loc[mine["way"] == way].set_index("language").reindex(codes)
        low, high = rows["low"].to_numpy(float), rows["high"].to_numpy(float)
        series.append(BarSeries(words, rows["share"].to_numpy(float), low, high))
    whole = mine.loc[mine["language"] == ALL, "n"]
    n = int(whole.max()) if len(whole) else 0
    return Figure(
        name=f"plane-named-{push}-{study.name}",
        analysis="language or country named",
        estimate="share",
        interval=("low", "high"),
        title=f"Language named, or country named? ({naming.PUSHES[push]})",
        seen="The share of culture questions that get the local answer, when nothing, the "
        "language or the country is named.",
        caption=f"{count(n, 'answer')}, held-out culture questions with options; lines: "
        "95 % intervals over items, all their translations together. The language is "
        "named by its own name and a colon before the question. "
        f"{pushed_words(study, push)}",
        data=Dumbbells((*shown.names, "all languages"), tuple(series), apart=True),
        table=rounded(mine),
        x="share of local answers",
        source=source_note(study),
    )


def pushed_words(study: Study, push: str) -> str:
    """Where and how strongly the model was pushed."""
    spec = naming.spec_of(study)
    if push == "unsteered" or not spec.layer:
        return "Unsteered."
    return (
        f"{naming.PUSHES[push]}, {spec.strength:g} at layer {spec.layer}; no culture "
        "question had a part in that choice."
    )
