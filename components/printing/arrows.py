"""Arrows on a plane, on paper."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from components.figures.spec import Arrows, Figure
from components.printing.clouds import TALLEST, look_of_group
from components.printing.marks import (
    add_legend,
    boxes_of_points,
    colour_at,
    mixed_with_white,
    name_points,
    open_frame,
    symbol_at,
)
from components.printing.places import GREY, INK, LINE, Panel, Place

CROSS = 0.6
"""Strength of a cross' colour: crosses of many arrows would hide the arrows."""
SHORTEST = 1e-6
"""An arrow shorter than this has no direction and is not drawn."""
FURTHER = 4
"""Further points begin at this marker, which no arrow has."""


@dataclass(frozen=True)
class Corner:
    """Where a word of the plane stands: as shares of its axes, and how it is aligned."""

    x: int
    y: int
    across: str
    up: str


CORNERS = (
    Corner(0, 1, "left", "top"),
    Corner(1, 1, "right", "top"),
    Corner(0, 0, "left", "bottom"),
    Corner(1, 0, "right", "bottom"),
)


def arrows(figure: Figure, data: Arrows, place: Place) -> Panel:
    """One arrow per label from where it was to where it went, and further points."""
    axes = place.canvas.add_subplot(place.spot)
    for number in range(len(data.labels)):
        add_arrow(axes, data.start[number], data.end[number], number)
        add_cross(axes, data.end[number], data.intervals[number], number)
    for number, (name, spots) in enumerate(data.extra):
        axes.scatter(
            *spots.T,
            s=14,
            color=GREY,
            marker=symbol_at(FURTHER + number % 4),
            linewidth=0,
            label=name,
        )
    axes.axvline(data.centre[0], color=GREY, linewidth=LINE, linestyle=":")
    axes.axhline(data.centre[1], color=GREY, linewidth=LINE, linestyle=":")
    axes.set_ylabel(figure.y, **place.font(), color=INK)
    axes.margins(0.08, 0.16)
    open_frame(axes)
    add_legend(axes, place, least=1)
    panel = Panel(axes, lambda width: min(0.9 * width, TALLEST))
    panel.finish = lambda size: name_arrows(axes, data, place)
    return panel


def add_arrow(axes: Axes, start: np.ndarray, end: np.ndarray, number: int) -> None:
    """One arrow: open where it begins, filled where it ends."""
    axes.scatter(*start[:, None], s=14, **look_of_group(number, is_open=True))
    axes.scatter(*end[:, None], s=16, **look_of_group(number))
    if np.abs(end - start).max() <= SHORTEST:
        return
    shaft = {
        "arrowstyle": "-|>",
        "color": colour_at(number),
        "linewidth": 1,
        "mutation_scale": 6,
        "shrinkA": 2,
        "shrinkB": 2,
    }
    axes.annotate("", tuple(end), tuple(start), arrowprops=shaft, in_layout=False)


def add_cross(axes: Axes, end: np.ndarray, ends: np.ndarray, number: int) -> None:
    """Intervals (axis, low and high) in both directions where an arrow ends."""
    colour = mixed_with_white(colour_at(number), CROSS)
    axes.hlines(end[1], *ends[0], color=colour, linewidth=LINE, zorder=1)
    axes.vlines(end[0], *ends[1], color=colour, linewidth=LINE, zorder=1)


def name_arrows(axes: Axes, data: Arrows, place: Place) -> None:
    """The corners in words, then a label at every arrow's end beside all else."""
    taken = name_corners(axes, data, place)
    others = np.concatenate([data.start, *(spots for _, spots in data.extra)])
    if len(others):
        taken += boxes_of_points(axes.transData.transform(others))
    name_points(axes, data.end, data.labels, place, taken)


def name_corners(axes: Axes, data: Arrows, place: Place) -> list[Bbox]:
    """The four corners in words, in two lines where one is too long; their boxes."""
    width = axes.get_window_extent().width * 72 / place.canvas.dpi
    halved = 2 * place.measure(data.words) + 12 > width
    taken = []
    for word, corner in zip(data.words, CORNERS):
        text = axes.annotate(
            word.replace(", ", ",\n") if halved else word,
            (corner.x, corner.y),
            (2 - 4 * corner.x, 2 - 4 * corner.y),
            xycoords="axes fraction",
            textcoords="offset points",
            ha=corner.across,
            va=corner.up,
            in_layout=False,
            color=GREY,
            **place.font(True),
        )
        taken.append(text.get_window_extent())
    return taken
