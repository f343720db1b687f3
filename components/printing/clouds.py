"""Clouds of points on paper: one frame, three views of it, or all frames in panels."""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from components.figures.spec import OKABE_ITO, Cloud, Figure
from components.printing.marks import (
    add_legend,
    colour_at,
    name_points,
    open_frame,
)
from components.printing.places import GREY, INK, Panel, Place, dress
from components.printing.venues import CM

SHAPES = ("o", "s", "D")
"""Eight colours in three shapes tell twenty-four groups apart, as on the screen."""
TALLEST, SMALL_PANEL, WIDE = 10 * CM, 2 * CM, 11 * CM
"""Points: the tallest cloud, the width of a panel among many, a width for a row of views."""


class View(NamedTuple):
    """Two of three dimensions, and where they are drawn when two panels lie a row."""

    across: int
    up: int
    row: int = 0
    column: int = 0


VIEWS = (View(0, 1, 0, 0), View(2, 1, 0, 1), View(0, 2, 1, 0))
"""Three dimensions from three sides; neighbours share the axis between them."""
FLAT = View(0, 1)


@dataclass(frozen=True)
class Bounds:
    """A panel within its place, as shares of it."""

    left: float
    bottom: float
    width: float
    height: float


def cloud(figure: Figure, data: Cloud, place: Place) -> Panel:
    """One frame, three views of it in three dimensions, or all frames side by side."""
    axes = place.canvas.add_subplot(place.spot)
    frame = data.start
    if 0 <= place.look.frame < len(data.frames):
        frame = place.look.frame
    if data.grid:
        return small_multiples(axes, data, place)
    if data.places.shape[2] == 3:
        return three_views(axes, data, place, frame)
    scatter(axes, data, frame, FLAT, 16 if data.named else 6)
    axes.set_xlabel(axis_title(data, frame, 0))
    axes.set_ylabel(axis_title(data, frame, 1), **place.font(), color=INK)
    fix_axes(axes, data, FLAT)
    open_frame(axes)
    told_by_labels = data.named and data.labels == data.groups
    add_legend_entries(axes, data, groups=not told_by_labels)
    add_legend(axes, place)
    panel = Panel(axes, lambda width: min(width, TALLEST))
    if data.named:
        spots = data.places[frame, :, :2]
        name_all = partial(name_points, axes, spots, data.written(), place)
        panel.finish = lambda size: name_all()
    return panel


def scatter(axes: Axes, data: Cloud, frame: int, view: View, size: float) -> None:
    """The points of one frame from one side; the first kind is filled."""
    groups, kinds = np.array(data.groups), np.array(data.kinds)
    for kind in dict.fromkeys(data.kinds):
        is_open = kind != data.kinds[0]
        for number, group in enumerate(dict.fromkeys(data.groups)):
            here = np.flatnonzero((groups == group) & (kinds == kind))
            if here.size:
                x = data.places[frame, here, view.across]
                y = data.places[frame, here, view.up]
                axes.scatter(x, y, s=size, **look_of_group(number, is_open))


def look_of_group(number: int, is_open: bool = False) -> dict[str, Any]:
    """Colour and shape of a group, filled or open."""
    colour = colour_at(number)
    return {
        "marker": SHAPES[number // len(OKABE_ITO) % len(SHAPES)],
        "facecolors": "none" if is_open else colour,
        "edgecolors": colour,
        "linewidths": 0.8,
    }


def add_legend_entries(axes: Axes, data: Cloud, groups: bool) -> None:
    """Filled and open, and colours and shapes unless labels say them."""
    kinds = list(dict.fromkeys(data.kinds))
    if len(kinds) > 1:
        for kind in kinds:
            axes.scatter(
                [],
                [],
                s=16,
                label=kind,
                marker="o",
                edgecolors=GREY,
                linewidths=0.8,
                facecolors=GREY if kind == kinds[0] else "none",
            )
    if groups:
        for number, group in enumerate(dict.fromkeys(data.groups)):
            axes.scatter([], [], s=16, label=group, **look_of_group(number))


def axis_title(data: Cloud, frame: int, axis: int) -> str:
    """An axis' name with the variance that it explains in this frame."""
    name = f"axis {axis + 1}"
    share = np.nan if data.explained is None else data.explained[frame, axis]
    if np.isfinite(share):
        name += f" ({100 * share:.0f} % of variance)"
    return name


def fix_axes(axes: Axes, data: Cloud, view: View) -> None:
    """The range of all frames on the axes that are seen."""
    limits = data.limits()
    axes.set(xlim=limits[view.across], ylim=limits[view.up])


def inset(axes: Axes, data: Cloud, place: Place, bounds: Bounds, view: View) -> Axes:
    """A smaller panel in the place of one that is not drawn."""
    where = (bounds.left, bounds.bottom, bounds.width, bounds.height)
    small = axes.inset_axes(where)
    fix_axes(small, data, view)
    open_frame(small)
    dress(small, place)
    return small


def three_views(axes: Axes, data: Cloud, place: Place, frame: int) -> Panel:
    """Three dimensions from three sides, neighbours sharing an axis.

    In a row where there is room, else corner to corner.
    """
    axes.set_axis_off()
    in_a_row = place.width > WIDE
    gap = (4 * place.look.small + 8) / place.width if in_a_row else 0.03
    wide = (1 - 2 * gap) / 3 if in_a_row else (1 - gap) / 2
    for number, view in enumerate(VIEWS):
        bounds = corner_of(view, wide)
        if in_a_row:
            bounds = Bounds(number * (wide + gap), 0, wide, 1)
        small = inset(axes, data, place, bounds, view)
        scatter(small, data, frame, view, 10 if data.named else 4)
        at_the_foot = bool(in_a_row or view.row or view.column)
        at_the_left = bool(in_a_row or view.row or not view.column)
        small.tick_params(labelbottom=at_the_foot, labelleft=at_the_left)
        name_view(small, data, place, frame, view)
        if not at_the_foot:
            small.set_xlabel("")
        if not at_the_left:
            small.set_ylabel("")
    add_legend_entries(axes, data, groups=True)
    add_legend(axes, place)
    if in_a_row:
        return Panel(axes, lambda width: wide * width)
    return Panel(axes, lambda width: min(width, TALLEST))


def corner_of(view: View, wide: float) -> Bounds:
    """Where a view stands that shares axes with its neighbours."""
    left = view.column * (1 - wide)
    bottom = (1 - view.row) * (1 - wide)
    return Bounds(left, bottom, wide, wide)


def name_view(axes: Axes, data: Cloud, place: Place, frame: int, view: View) -> None:
    """Axis titles of one of several views."""
    font = place.font(True)
    axes.set_xlabel(axis_title(data, frame, view.across), **font, color=INK)
    axes.set_ylabel(axis_title(data, frame, view.up), **font, color=INK)


def small_multiples(axes: Axes, data: Cloud, place: Place) -> Panel:
    """Every frame in a small panel on the same axes, with the variance explained."""
    axes.set_axis_off()
    count = len(data.frames)
    columns = max(1, min(count, int(place.width // SMALL_PANEL)))
    rows = -(-count // columns)
    known = data.explained is not None and bool(np.isfinite(data.explained).any())
    text = place.look.small
    gap = text * (1.6 if known else 0.4) / place.width
    wide = (1 - gap * (columns - 1)) / columns
    step = wide + gap + 1.6 * text / place.width
    high = rows * step - (step - wide)
    for frame in range(count):
        row, column = divmod(frame, columns)
        left = column * (wide + gap)
        bottom = 1 - (row * step + wide) / high
        bounds = Bounds(left, bottom, wide, wide / high)
        add_small_panel(axes, data, place, frame, bounds)
    add_legend_entries(axes, data, groups=True)
    add_legend(axes, place, drop=place.look.small * (2 if known else 0.7))
    return Panel(axes, lambda width: high * width)


def add_small_panel(
    axes: Axes, data: Cloud, place: Place, frame: int, bounds: Bounds
) -> None:
    """One frame among many: its layer on top, the variance beside its axes."""
    small = inset(axes, data, place, bounds, FLAT)
    small.set(xticks=[], yticks=[])
    scatter(small, data, frame, FLAT, 5)
    font = place.font(True)
    small.set_title(f"layer {data.frames[frame]}", **font, color=INK, pad=2)
    if data.explained is None or not np.isfinite(data.explained[frame]).all():
        return
    across, up = data.explained[frame, :2]
    small.set_xlabel(f"{100 * across:.0f} %", **font, color=INK, labelpad=1)
    small.set_ylabel(f"{100 * up:.0f} %", **font, color=INK, labelpad=1)
