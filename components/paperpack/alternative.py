"""Alternative text: what a figure shows, for those who cannot see it."""

from collections.abc import Callable, Mapping

import numpy as np

from analysis.core.counting import count
from analysis.core.typeset import minus_signs
from components.figures.spec import (
    Arrows,
    Bars,
    BarSeries,
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
    kind = type(data)
    name = KINDS.get(kind, kind.__name__)
    numbers = ""
    if kind in SUMMARIES:
        numbers = SUMMARIES[kind](data)
    if not numbers:
        numbers = number_range(figure)
    title = f"{name}: {figure.title}."
    said = [title, axes(figure), numbers, figure.caption]
    return minus_signs(" ".join(said))


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
    known: list[float] = []
    for _, values in arrays(figure.data):
        numbers = values.ravel().astype(float)
        known += numbers[np.isfinite(numbers)].tolist()
    if not known:
        return "No numbers are known."
    low = min(known)
    high = max(known)
    return f"{len(known)} numbers from {low:.3g} to {high:.3g}."


def cells(data: Matrix) -> str:
    """The largest and the smallest cell of a matrix."""
    if data.frames or not np.isfinite(data.values).any():
        return ""
    largest = cell(data, int(np.nanargmax(data.values)))
    smallest = cell(data, int(np.nanargmin(data.values)))
    rows = len(data.rows)
    columns = len(data.columns)
    size = f"{count(rows, 'row')}, {count(columns, 'column')}"
    return f"{size}. Largest: {largest} Smallest: {smallest}"


def cell(data: Matrix, place: int) -> str:
    """One cell with its row and column."""
    i, j = np.unravel_index(place, data.values.shape)
    row = data.rows[i]
    column = data.columns[j]
    value = data.values[i, j]
    return f"{row} to {column}, {value:z.{data.digits}f}."


def ends(data: Bars | Dumbbells) -> str:
    """The largest and the smallest value of every series."""
    labels = len(data.labels)
    number = len(data.series)
    said = [f"{labels} labels, {number} series."]
    for series in data.series:
        values = series.values
        if not np.isfinite(values).any():
            continue
        largest = bar(data, series, int(np.nanargmax(values)))
        smallest = bar(data, series, int(np.nanargmin(values)))
        said.append(f"{series.label}: largest {largest}; smallest {smallest}.")
    return " ".join(said)


def bar(data: Bars | Dumbbells, series: BarSeries, place: int) -> str:
    """One value of a series with its label."""
    label = data.labels[place]
    value = series.values[place]
    return f"{label}, {value:.3g}"


def groups(data: Cloud) -> str:
    """How many points a cloud has, and in how many frames."""
    kinds = []
    for kind in dict.fromkeys(data.kinds):
        kinds.append(f"{data.kinds.count(kind)} {kind}")
    points = ", ".join(kinds)
    number = len(set(data.groups))
    dimensions = data.places.shape[2]
    return (
        f"{points} points of {number} groups in {dimensions} dimensions; "
        f"{layers_shown(data)}."
    )


def layers_shown(data: Cloud) -> str:
    """Over how many layers a cloud goes, and which one is shown."""
    number = len(data.frames)
    layers = "one layer"
    if number > 1:
        layers = f"{number} layers"
    if data.grid:
        return f"{layers}, side by side"
    if number > 1:
        shown = data.frames[data.start]
        return f"{layers}, layer {shown} shown"
    return layers


def directions(data: Arrows) -> str:
    """How many arrows point where."""
    across, up = (data.end - data.start).T
    pointing = {
        "right": across > 0,
        "left": across < 0,
        "up": up > 0,
        "down": up < 0,
    }
    counts = []
    for way, those in pointing.items():
        number = int(np.sum(those))
        counts.append(f"{number} {way}")
    ways = ", ".join(counts)
    return f"{len(data.labels)} arrows; pointing {ways}."


SUMMARIES: Mapping[type, Callable[..., str]] = {
    Matrix: cells,
    Bars: ends,
    Dumbbells: ends,
    Cloud: groups,
    Arrows: directions,
}
"""Kinds whose numbers are told better than by their range."""
