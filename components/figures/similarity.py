"""Similarity: do the languages agree?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from analysis.concepts import relationship
from analysis.concepts.relationship import Relationship
from analysis.core.counting import count
from analysis.core.intervals import ends
from analysis.core.statistics import mean_known
from analysis.core.typeset import minus_signs
from analysis.study.study import Study
from components.figures.cells import between, long_table, off_diagonal
from components.figures.languages import Languages
from components.figures.spec import (
    MOST_LABELS,
    Figure,
    Limits,
    Lines,
    Matrix,
    Points,
    Series,
    Tree,
)
from components.figures.text import percent_interval, source_note, span

LARGEST = (
    "maximum over layers, taken per pair and concept "
    "(the paper's way, which favours high values)"
)
OVER_CONCEPTS = (
    "Intervals (on hover and in the table) are 95 % over concepts (Student's t)."
)
NOT_PRINTED = "No intervals are printed."
UNCLASSED = (
    "By resource class: unknown, because one of the two classes has fewer than "
    "three pairs or no share is known."
)
NOISE = (
    "Below the floors a cosine says nothing about the concept. The ceiling is what "
    "two halves of one language's pairs reach; they share no source, while two "
    "languages share all of theirs as translations, so languages can agree better "
    "than that."
)


def heat_map(
    study: Study,
    data: xr.Dataset,
    by_layer: xr.DataArray | None,
    languages: Languages,
) -> Figure:
    """Language × language; ``by_layer`` adds every layer, scrubbed in the browser."""
    cells = between(data, languages.codes)
    layer = data.attrs["layer"]
    if by_layer is None:
        where, matrix = LARGEST, one_frame(cells, languages)
    else:
        where = f"at layer {layer} of {study.layers} (drag the ruler for others)"
        matrix = a_frame_per_layer(by_layer, int(layer), languages)
    return Figure(
        name=f"similarity-{study.name}",
        analysis="similarity",
        estimate="cosine",
        interval=("low", "high"),
        title="Cosine similarity of the languages' concept vectors",
        seen="How alike the vectors of one concept are in two languages: 1 is the same.",
        caption=f"Mean over {count(int(cells['concepts'].max()), 'concept')}, {where}; "
        f"different languages: {between_words(cells['cosine'])}. "
        f"The diagonal is 1 by definition. {interval_note(cells)}",
        data=matrix,
        table=long_table(cells, ("cosine", "low", "high", "concepts")),
        x="language",
        y="language",
        source=source_note(study, "similarity"),
    )


def one_frame(cells: xr.Dataset, languages: Languages) -> Matrix:
    """Cosines with their intervals on hover."""
    values, low, high = (cells[name].values for name in ("cosine", "low", "high"))
    hover = None
    if len(languages) <= MOST_LABELS:
        hover = np.vectorize(percent_interval)(low, high)
    return Matrix(
        values,
        languages.names,
        languages.names,
        units="cosine",
        limits=limits(values),
        codes=(languages.codes, languages.codes),
        hover=hover,
    )


def a_frame_per_layer(
    by_layer: xr.DataArray, layer: int, languages: Languages
) -> Matrix:
    """Cosines (layer, source, target) that begin at a layer."""
    values = between(by_layer, languages.codes).values
    # Intervals are of one layer; on hover they would stay where the ruler moves on.
    return Matrix(
        values,
        languages.names,
        languages.names,
        units="cosine",
        limits=limits(values),
        codes=(languages.codes, languages.codes),
        frames=tuple(map(str, by_layer.layer.values)),
        start=layer - 1,
    )


def between_words(cosine: xr.DataArray) -> str:
    """Range and mean between different languages."""
    different = off_diagonal(cosine)
    if not np.isfinite(different).any():
        return span(different)
    return f"{span(different)}, mean {np.nanmean(different):z.2f}"


def limits(values: np.ndarray) -> Limits:
    """One scale over all frames: from the smallest value, in twentieths, to 1."""
    if not np.isfinite(values).any():
        return 0.0, 1.0
    return float(np.floor(np.nanmin(values) * 20) / 20), 1.0


def interval_note(cells: xr.Dataset) -> str:
    """Whether cells carry intervals."""
    if np.isfinite(cells["low"]).any():
        return OVER_CONCEPTS
    return NOT_PRINTED


@dataclass(frozen=True)
class Agreement:
    """Cosines over depth with what bounds them, as the measures of similarity give it."""

    concepts: Sequence[str]
    by_layer: xr.DataArray
    floor: xr.Dataset
    ceiling: xr.Dataset


def floor_and_ceiling(
    study: Study, agreement: Agreement, languages: Languages
) -> Figure:
    """Mean cosine over depth, between what unrelated vectors reach and noise allows."""
    depth = np.array([study.depth(layer) for layer in range(1, study.layers + 1)])
    curves = agreement_curves(agreement, languages)
    series = []
    for name, values in curves.items():
        series.append(Series(name, depth, values, dashed=bool(series)))
    pairs = len(languages) * (len(languages) - 1)
    table = {"layer": range(1, study.layers + 1), "depth": depth, **curves}
    return Figure(
        name=f"similarity-depth-{study.name}",
        analysis="similarity by layer",
        title="How much of the agreement is remarkable",
        seen="What two languages share, between what unrelated vectors reach and what "
        "noise allows.",
        caption=f"Mean over {pairs} ordered pairs of languages and "
        f"{count(len(agreement.concepts), 'concept')}. {NOISE}",
        data=Lines(tuple(series), limits=(-0.2, 1.02)),
        table=pd.DataFrame(table),
        x="relative depth (1 = last block)",
        y="cosine",
        source=source_note(study, "similarity"),
    )


def sentence_of_cell(
    data: xr.Dataset, languages: Languages, source: str, target: str
) -> str:
    """What one cell of the heat map says; ``source`` and ``target`` are codes."""
    found = data.sel(source=source, target=target)
    pair = f"{languages.name(source)} and {languages.name(target)} vectors"
    value = float(found["cosine"])
    if not np.isfinite(value):
        return f"{pair}: not known."
    sure = percent_interval(float(found["low"]), float(found["high"]))
    words = f"{pair}: cosine {value:z.2f}"
    return minus_signs(f"{words} ({sure})." if sure else f"{words}.")


def pair_over_layers(
    study: Study, agreement: Agreement, languages: Languages, pair: tuple[str, str]
) -> Figure:
    """Cosine of two languages (codes) by layer, above what unrelated vectors reach."""
    depth = np.array([study.depth(layer) for layer in range(1, study.layers + 1)])
    source, target = pair
    own = agreement.by_layer.sel(source=source, target=target).values
    names = f"{languages.name(source)} and {languages.name(target)}"
    curves = {names: own}
    for name, values in agreement_curves(agreement, languages).items():
        if name.startswith("floor"):
            curves[name] = values
    series = []
    for name, values in curves.items():
        series.append(Series(name, depth, values, dashed=bool(series)))
    return Figure(
        name=f"similarity-pair-{study.name}",
        analysis="similarity by layer",
        title=f"{names} over layers",
        seen="The higher above the floors, the more the two vectors share.",
        caption=f"Mean over {count(len(agreement.concepts), 'concept')}. {NOISE}",
        data=Lines(tuple(series), limits=(-0.2, 1.02)),
        table=pd.DataFrame(
            {"layer": range(1, study.layers + 1), "depth": depth, **curves}
        ),
        x="relative depth (1 = last block)",
        y="cosine",
        source=source_note(study, "similarity"),
    )


def agreement_curves(
    agreement: Agreement, languages: Languages
) -> Mapping[str, np.ndarray]:
    """Curve → mean over pairs of different languages, by layer."""
    floor = agreement.floor
    found = {
        "same concept, two languages": agreement.by_layer,
        "ceiling: split halves of one language": agreement.ceiling["ceiling"],
    }
    if len(agreement.concepts) > 1:
        found["floor: different concepts"] = floor["other_concepts"]
    if "shuffled_labels" in floor:
        found["floor: shuffled labels"] = floor["shuffled_labels"]
    curves = {}
    for name, values in found.items():
        different = off_diagonal(between(values, languages.codes))
        curves[name] = mean_known(different, -1)
    return curves


def scatter(
    study: Study, cosine: xr.DataArray, languages: Languages, found: Relationship
) -> Figure:
    """Cosine against linguistic similarity, one point per unordered pair."""
    cells = between(cosine, languages.codes)
    x, y, pairs = relationship.matching_points(cells, found.kind)
    names = languages.names
    labels = tuple(f"{names[a]} – {names[b]}" for a, b in pairs)
    low, high = found.interval
    caption = (
        f"Pearson {found.pearson:z.2f} (95 % {ends(low, high, '.2f')}, languages "
        f"resampled; Mantel p = {found.p:z.3f}), Spearman {found.spearman:z.2f} "
        f"(p = {found.spearman_p:z.3f}), n = {found.n} pairs of {found.languages} "
        f"languages. {by_class(found)}"
    )
    return Figure(
        name=f"relatedness-{found.kind}-{study.name}",
        analysis="relationship",
        title=f"Similarity against {found.kind} relatedness",
        seen=f"One point a pair of languages: r = {minus_signs(f'{found.pearson:z.2f}')}.",
        caption=caption,
        data=Points(x, y, labels, groups=("pairs",) * len(x), named=False),
        table=pd.DataFrame(
            {"pair": labels, f"{found.kind} similarity": x, "cosine": y}
        ),
        x=f"{found.kind} similarity (1 − distance)",
        y="cosine of concept vectors",
        source=source_note(study, "similarity"),
    )


def by_class(found: Relationship) -> str:
    """The correlation within classes of resources, in a sentence."""
    if not np.isfinite(found.category):
        return UNCLASSED
    return (
        f"By resource class: {found.category:z.2f}, the mean of "
        f"{found.any_high.r:z.2f} (pairs with a high-resource language, "
        f"n = {found.any_high.n}) and {found.both_low.r:z.2f} "
        f"(both low, n = {found.both_low.n})."
    )


def dendrogram(study: Study, linkage: np.ndarray, languages: Languages) -> Figure:
    """Which languages' vectors cluster."""
    columns = ["first", "second", "height", "leaves"]
    return Figure(
        name=f"clusters-{study.name}",
        analysis="clusters",
        title="Languages clustered by their concept vectors",
        seen="What joins low is alike.",
        caption="Average linkage on 1 − cosine, "
        f"{count(len(languages), 'language')}. "
        "What joins low is alike; the tree shows no uncertainty.",
        data=Tree(linkage, languages.names),
        table=pd.DataFrame(linkage, columns=columns),
        x="language",
        y="1 − cosine",
        source=source_note(study, "similarity"),
    )
