"""Alternative text: what a figure shows, for those who cannot see it."""

from collections.abc import Callable, Mapping

import numpy as np

from components.figures.spec import (
    Arrows,
    Bars,
    Cloud,
    Dumbbells,
    Figure,
    Lines,
    Matrix,
    Points,
    Tree,
)
from components.paperpack.recipes import arrays

KINDS = {
    Matrix: "Heat map",
    Lines: "Line chart",
    Points: "Scatter plot",
    Tree: "Dendrogram",
    Bars: "Bar chart",
    Dumbbells: "Dumb-bell chart",
    Cloud: "Scatter plot",
    Arrows: "Arrows on a plane",
}


def alternative(figure: Figure) -> str:
    """Kind, title, axes, the main numbers, caption."""
    data = figure.data
    kind = KINDS.get(type(data), type(data).__name__)
    numbers = ""
    if type(data) in SUMMARIES:
        numbers = SUMMARIES[type(data)](data)
    parts = [f"{kind}: {figure.title}.", axes(figure), numbers or number_range(figure)]
    return " ".join([*parts, figure.caption])


def axes(figure: Figure) -> str:
    """What the axes are."""
    said = []
    if figure.x:
        said.append(f"Across: {figure.x}.")
    if figure.y:
        said.append(f"Up: {figure.y}.")
    return " ".join(said)


def number_range(figure: Figure) -> str:
    """How many numbers there are, and their range."""
    values = [part.ravel().astype(float) for _, part in arrays(figure.data)]
    every = np.concatenate(values) if values else np.array([])
    known = every[np.isfinite(every)]
    if not known.size:
        return "No numbers are known."
    return f"{known.size} numbers from {known.min():.3g} to {known.max():.3g}."


def cells(data: Matrix) -> str:
    """The largest and the smallest cell of a matrix."""
    if data.frames or not np.isfinite(data.values).any():
        return ""
    largest = cell(data, int(np.nanargmax(data.values)))
    smallest = cell(data, int(np.nanargmin(data.values)))
    return (
        f"{len(data.rows)} rows, {len(data.columns)} columns. "
        f"Largest: {largest} Smallest: {smallest}"
    )


def cell(data: Matrix, place: int) -> str:
    """One cell with its row and column."""
    i, j = np.unravel_index(place, data.values.shape)
    value = data.values[i, j]
    return f"{data.rows[i]} to {data.columns[j]}, {value:.{data.digits}f}."


def ends(data: Bars | Dumbbells) -> str:
    """The largest and the smallest value of every series."""
    said = [f"{len(data.labels)} labels, {len(data.series)} series."]
    for series in data.series:
        values = series.values
        if not np.isfinite(values).any():
            continue
        high, low = np.nanargmax(values), np.nanargmin(values)
        largest = f"{data.labels[high]}, {values[high]:.3g}"
        smallest = f"{data.labels[low]}, {values[low]:.3g}"
        said.append(f"{series.label}: largest {largest}; smallest {smallest}.")
    return " ".join(said)


def groups(data: Cloud) -> str:
    """How many points a cloud has, and in how many frames."""
    kinds = []
    for kind in dict.fromkeys(data.kinds):
        kinds.append(f"{data.kinds.count(kind)} {kind}")
    return (
        f"{', '.join(kinds)} points of {len(set(data.groups))} groups in "
        f"{data.places.shape[2]} dimensions; {layers_shown(data)}."
    )


def layers_shown(data: Cloud) -> str:
    """Over how many layers a cloud goes, and which one is shown."""
    if len(data.frames) == 1:
        layers = "one layer"
    else:
        layers = f"{len(data.frames)} layers"
    if data.grid:
        return f"{layers}, side by side"
    if len(data.frames) > 1:
        return f"{layers}, layer {data.frames[data.start]} shown"
    return layers


def directions(data: Arrows) -> str:
    """How many arrows point where."""
    across, up = (data.end - data.start).T
    pointing = {"right": across > 0, "left": across < 0, "up": up > 0, "down": up < 0}
    counts = [f"{int(np.sum(those))} {way}" for way, those in pointing.items()]
    return f"{len(data.labels)} arrows; pointing {', '.join(counts)}."


SUMMARIES: Mapping[type, Callable[..., str]] = {
    Matrix: cells,
    Bars: ends,
    Dumbbells: ends,
    Cloud: groups,
    Arrows: directions,
}
"""Kinds whose numbers are told better than by their range."""
