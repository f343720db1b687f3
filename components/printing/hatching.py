"""Marks on printed cells: strokes across those that are no better than chance, around what
a cell says, and circles on those that unrelated vectors reach too.
"""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from components.printing.places import GREY, LINE, Size

APART = 4.0
"""Points between strokes, across a cell of any size."""
ROUND = 1.0
"""Points that strokes keep away from what a cell says."""
CIRCLE, FROM_CORNER = 1.8, 2.2
"""Points: how wide a circle is, and how far its middle is from both edges of a cell."""
Line = tuple[tuple[float, float], tuple[float, float]]


def hatch(axes: Axes, cells: np.ndarray, cell: Size, room: Size) -> None:
    """Strokes across marked cells (row, column), which leave ``room`` in their middle."""
    strokes = []
    within = list(across(cell, room))
    for row, column in np.argwhere(cells):
        for first, last in within:
            ends = (placed(row, column, cell, *first), placed(row, column, cell, *last))
            strokes.append(ends)
    axes.add_collection(LineCollection(strokes, colors=GREY, linewidths=LINE))


def placed(
    row: int, column: int, cell: Size, x: float, y: float
) -> tuple[float, float]:
    """A place in points from a cell's upper left corner, on the axes."""
    return (column - 0.5 + x / cell.width, row - 0.5 + y / cell.height)


def across(cell: Size, room: Size) -> Iterator[Line]:
    """Rising strokes across one cell, in points from its upper left corner.

    All points of a stroke have the same sum of both coordinates.
    """
    middle = (cell.width + cell.height) / 2
    for away in np.arange(APART / 2, middle, APART):
        for total in (middle - away, middle + away):
            yield from stroke(float(total), cell, room)


def stroke(total: float, cell: Size, room: Size) -> Iterator[Line]:
    """One stroke, in two parts where it would run through the room in the middle."""
    begin = max(0.0, total - cell.height)
    end = min(cell.width, total)
    left, top = (cell.width - room.width) / 2, (cell.height - room.height) / 2
    enters = max(left, total - top - room.height)
    leaves = min(left + room.width, total - top)
    if not room.width or enters >= leaves:
        yield ((begin, total - begin), (end, total - end))
        return
    for first, last in ((begin, enters), (leaves, end)):
        if last > first:
            yield ((first, total - first), (last, total - last))


def circle(axes: Axes, cells: np.ndarray, cell: Size, inks: list[str]) -> None:
    """A small circle in the upper right corner of marked cells, each in its ink."""
    places = np.argwhere(cells)
    x = places[:, 1] + 0.5 - FROM_CORNER / cell.width
    y = places[:, 0] - 0.5 + FROM_CORNER / cell.height
    axes.scatter(x, y, CIRCLE**2, facecolors="none", edgecolors=inks, linewidths=LINE)
