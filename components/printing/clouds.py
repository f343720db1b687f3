"""Clouds of points and arrows on a plane, on paper."""

from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from components.figures.spec import MARKERS, OKABE_ITO, Arrows, Cloud, Figure
from components.printing.marks import SYMBOLS, frame, legend, name_points, pale
from components.printing.places import GREY, INK, LINE, Panel, Place, dress
from components.printing.venues import CM

SHAPES = ("o", "s", "D")
"""Eight colours in three shapes tell twenty-four groups apart, as on the screen."""
VIEWS = ((0, 1, 0, 0), (2, 1, 0, 1), (0, 2, 1, 0))
"""Views of three dimensions: axis across, axis up, row, column; neighbours share the axis between them."""
TALLEST, SMALL_PANEL, WIDE = 10 * CM, 2 * CM, 11 * CM
CROSS = 0.6
"""Strength of a cross' colour: crosses of many arrows would hide the arrows."""
CORNERS = ((0, 1), (1, 1), (0, 0), (1, 0))
"""Where the four words of a plane stand, as shares of its axes."""


def cloud(figure: Figure, place: Place) -> Panel:
    """The points of one frame, three views of them where they have three dimensions, or all frames side by side."""
    data: Cloud = figure.data
    axes = place.canvas.add_subplot(place.spot)
    frames = len(data.frames)
    shown = place.look.frame if 0 <= place.look.frame < frames else data.start
    if data.grid:
        return multiples(axes, data, place)
    if data.places.shape[2] == 3:
        return views(axes, data, place, shown)
    for kind in dict.fromkeys(data.kinds):
        scatter(axes, data, (shown, kind, (0, 1)), 16 if data.named else 6)
    axes.set_xlabel(title(data, shown, 0))
    axes.set_ylabel(title(data, shown, 1), **place.font(), color=INK)
    scale(axes, data)
    frame(axes)
    explain(axes, data, groups=not data.named or data.labels != data.groups)
    legend(axes, place)
    names = partial(name_points, axes, data.places[shown, :, :2], data.labels, place)
    return Panel(
        axes,
        lambda width: min(width, TALLEST),
        finish=lambda *_: names() if data.named else None,
    )


def scatter(
    axes: Axes, data: Cloud, part: tuple[int, str, tuple[int, int]], size: float
) -> None:
    """The points of one kind in one frame on two axes; the first kind is filled."""
    at, kind, (across, up) = part
    order = {group: i for i, group in enumerate(dict.fromkeys(data.groups))}
    open_ = kind != data.kinds[0]
    for group, number in order.items():
        here = [
            i
            for i in range(len(data.labels))
            if (data.groups[i], data.kinds[i]) == (group, kind)
        ]
        x, y = data.places[at, here, across], data.places[at, here, up]
        if here:
            axes.scatter(x, y, s=size, **look(number, open_))


def look(number: int, open_: bool = False) -> dict:
    """Colour and shape of a group, filled or open."""
    colour = OKABE_ITO[number % len(OKABE_ITO)]
    shape = SHAPES[number // len(OKABE_ITO) % len(SHAPES)]
    return {
        "marker": shape,
        "facecolors": "none" if open_ else colour,
        "edgecolors": colour,
        "linewidths": 0.8,
    }


def explain(axes: Axes, data: Cloud, groups: bool) -> None:
    """Legend entries: filled and open, and colours and shapes unless labels say them."""
    kinds = list(dict.fromkeys(data.kinds))
    for kind in kinds if len(kinds) > 1 else ():
        grey = {
            "marker": "o",
            "edgecolors": GREY,
            "linewidths": 0.8,
            "facecolors": GREY if kind == kinds[0] else "none",
        }
        axes.scatter([], [], s=16, label=kind, **grey)
    for number, group in enumerate(dict.fromkeys(data.groups) if groups else ()):
        axes.scatter([], [], s=16, label=group, **look(number))


def title(data: Cloud, at: int, axis: int) -> str:
    """An axis' name with the variance that it explains in this frame."""
    share = np.nan if data.explained is None else data.explained[at, axis]
    return f"axis {axis + 1}" + (
        f" ({100 * share:.0f} % of variance)" if np.isfinite(share) else ""
    )


def scale(axes: Axes, data: Cloud) -> None:
    """One range for all axes and frames."""
    reach = float(np.nanmax(np.abs(data.places), initial=0.0)) * 1.12 or 1.0
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach))


def inset(
    axes: Axes, data: Cloud, place: Place, bounds: tuple[float, float, float, float]
) -> Axes:
    """A smaller panel in the place of one that is not drawn."""
    small = axes.inset_axes(bounds)
    scale(small, data)
    frame(small)
    dress(small, place)
    return small


def views(axes: Axes, data: Cloud, place: Place, shown: int) -> Panel:
    """Three dimensions from three sides: in a row where there is room, else corner to corner, neighbours sharing an axis."""
    axes.set_axis_off()
    row = place.width > WIDE
    gap = (4 * place.look.small + 8) / place.width if row else 0.03
    wide = (1 - 2 * gap) / 3 if row else (1 - gap) / 2
    for number, (across, up, down, right) in enumerate(VIEWS):
        bounds = (
            (number * (wide + gap), 0, wide, 1)
            if row
            else (right * (1 - wide), (1 - down) * (1 - wide), wide, wide)
        )
        small = inset(axes, data, place, bounds)
        for kind in dict.fromkeys(data.kinds):
            scatter(small, data, (shown, kind, (across, up)), 10 if data.named else 4)
        low, left = row or down or right, row or not right
        small.tick_params(labelbottom=bool(low), labelleft=bool(left))
        small.set_xlabel(
            title(data, shown, across) if low else "", **place.font(True), color=INK
        )
        small.set_ylabel(
            title(data, shown, up) if left else "", **place.font(True), color=INK
        )
    explain(axes, data, groups=True)
    legend(axes, place)
    return Panel(axes, lambda width: wide * width if row else min(width, TALLEST))


def multiples(axes: Axes, data: Cloud, place: Place) -> Panel:
    """Every frame in a small panel on the same axes, with the variance that they explain."""
    axes.set_axis_off()
    count = len(data.frames)
    columns = max(1, min(count, int(place.width // SMALL_PANEL)))
    rows = -(-count // columns)
    known = data.explained is not None and np.isfinite(data.explained).any()
    gap = (place.look.small * (1.6 if known else 0.4)) / place.width
    wide = (1 - gap * (columns - 1)) / columns
    step = wide + gap + 1.6 * place.look.small / place.width
    high = rows * step - (step - wide)
    for at in range(count):
        row, column = divmod(at, columns)
        small = inset(
            axes,
            data,
            place,
            (column * (wide + gap), 1 - (row * step + wide) / high, wide, wide / high),
        )
        small.set(xticks=[], yticks=[])
        for kind in dict.fromkeys(data.kinds):
            scatter(small, data, (at, kind, (0, 1)), 5)
        small.set_title(
            f"layer {data.frames[at]}", **place.font(True), color=INK, pad=2
        )
        if known and np.isfinite(data.explained[at]).all():
            across, up = (f"{100 * share:.0f} %" for share in data.explained[at, :2])
            small.set_xlabel(across, **place.font(True), color=INK, labelpad=1)
            small.set_ylabel(up, **place.font(True), color=INK, labelpad=1)
    explain(axes, data, groups=True)
    legend(axes, place, drop=place.look.small * (2 if known else 0.7))
    return Panel(axes, lambda width: high * width)


def arrows(figure: Figure, place: Place) -> Panel:
    """One arrow per label from where it was to where it went, with crosses, corners in words and further points."""
    data: Arrows = figure.data
    axes = place.canvas.add_subplot(place.spot)
    for number, (start, end, ends) in enumerate(
        zip(data.start, data.end, data.intervals)
    ):
        arrow(axes, number, start, end)
        colour = pale(OKABE_ITO[number % len(OKABE_ITO)], CROSS)
        axes.hlines(end[1], *ends[0], color=colour, linewidth=LINE, zorder=1)
        axes.vlines(end[0], *ends[1], color=colour, linewidth=LINE, zorder=1)
    for number, (name, spots) in enumerate(data.extra):
        axes.scatter(
            *spots.T,
            s=14,
            color=GREY,
            marker=SYMBOLS[MARKERS[4 + number % 4]],
            linewidth=0,
            label=name,
        )
    axes.axvline(data.centre[0], color=GREY, linewidth=LINE, linestyle=":")
    axes.axhline(data.centre[1], color=GREY, linewidth=LINE, linestyle=":")
    axes.set_ylabel(figure.y, **place.font(), color=INK)
    axes.margins(0.08, 0.16)
    frame(axes)
    legend(axes, place, least=1)
    return Panel(
        axes,
        lambda width: min(0.9 * width, TALLEST),
        finish=lambda *_: name_arrows(axes, data, place),
    )


def arrow(axes: Axes, number: int, start: np.ndarray, end: np.ndarray) -> None:
    """One arrow: open where it begins, filled where it ends."""
    axes.scatter(*start[:, None], s=14, **look(number, open_=True))
    axes.scatter(*end[:, None], s=16, **look(number))
    if np.abs(end - start).max() > 1e-6:
        head = {
            "arrowstyle": "-|>",
            "color": OKABE_ITO[number % len(OKABE_ITO)],
            "linewidth": 1,
            "mutation_scale": 6,
        }
        axes.annotate(
            "",
            tuple(end),
            tuple(start),
            arrowprops={**head, "shrinkA": 2, "shrinkB": 2},
            in_layout=False,
        )


def name_arrows(axes: Axes, data: Arrows, place: Place) -> None:
    """The corners in words, then a label at the end of every arrow beside words and further points."""
    halved = (
        2 * place.measure(data.words) + 12
        > axes.get_window_extent().width * 72 / place.canvas.dpi
    )
    taken = []
    for word, (x, y) in zip(data.words, CORNERS):
        text = axes.annotate(
            word.replace(", ", ",\n") if halved else word,
            (x, y),
            (2 - 4 * x, 2 - 4 * y),
            xycoords="axes fraction",
            textcoords="offset points",
            ha=("left", "right")[x],
            va=("bottom", "top")[y],
            in_layout=False,
            color=GREY,
            **place.font(True),
        )
        taken.append(text.get_window_extent())
    others = [data.start, *(spots for _, spots in data.extra)]
    dots = (
        axes.transData.transform(np.concatenate(others))
        if len(np.concatenate(others))
        else ()
    )
    taken += [Bbox.from_bounds(x - 3, y - 3, 6, 6) for x, y in dots]
    name_points(axes, data.end, data.labels, place, taken)
