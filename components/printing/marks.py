"""Marks that several kinds of printed figures share: shapes, reference lines, legends, names beside points."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox, ScaledTranslation

from components.figures.spec import MARKERS
from components.printing.places import FAINT, GREY, INK, LINE, Place

SIDES = ((0, 1), (1, 0), (-1, 0), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
SPOTS = [
    (far * across, far * up)
    for far in (3, 9, 16, 24, 33, 43, 54)
    for across, up in SIDES
]
"""Where a label may be, in points from its point."""
ALIGN = {-1: ("right", "top"), 0: ("center", "center"), 1: ("left", "bottom")}
LEADER = {
    "arrowstyle": "-",
    "linewidth": LINE,
    "color": GREY,
    "shrinkA": 0,
    "shrinkB": 2,
}
SYMBOLS = dict(zip(MARKERS, ("o", "s", "D", "^", "X", "P", "*", "v")))


def name_points(
    axes: Axes,
    spots: np.ndarray,
    labels: Sequence[str],
    place: Place,
    taken: Sequence[Bbox] = (),
) -> None:
    """A label beside every point (point, 2), at the nearest spot where it covers no label, point or box that is taken.

    A line leads to labels that are far.
    """
    dot, inside = place.canvas.dpi / 72, axes.get_window_extent()
    known = np.flatnonzero(np.isfinite(spots).all(1))
    places = axes.transData.transform(spots[known]) if known.size else []
    covered = [*taken, *(Bbox.from_bounds(x - 3, y - 3, 6, 6) for x, y in places)]
    for i, (x, y) in zip(known, places):
        size = np.array([place.measure((labels[i],)), 1.1 * place.look.small]) * dot
        boxes = [
            (offset, around(x + offset[0] * dot, y + offset[1] * dot, offset, size))
            for offset in SPOTS
        ]
        free = [
            found
            for found in boxes
            if not any(found[1].overlaps(other) for other in covered)
            and within(inside, found[1])
        ]
        (across, up), box = (free or boxes)[0]
        axes.annotate(
            labels[i],
            tuple(spots[i]),
            (across, up),
            textcoords="offset points",
            in_layout=False,
            color=INK,
            ha=ALIGN[np.sign(across)][0],
            va=ALIGN[np.sign(up)][1],
            **place.font(True),
            arrowprops=LEADER if max(abs(across), abs(up)) > 4 else None,
        )
        covered.append(box)


def around(x: float, y: float, offset: tuple[int, int], size: np.ndarray) -> Bbox:
    """The box of a text that lies on this side of its point."""
    return Bbox.from_bounds(*((x, y) + size * (np.sign(offset) - 1) / 2), *size)


def within(outer: Bbox, inner: Bbox) -> bool:
    """Whether a box lies inside another."""
    return (
        outer.x0 <= inner.x0
        and inner.x1 <= outer.x1
        and outer.y0 <= inner.y0
        and inner.y1 <= outer.y1
    )


def reference(axes: Axes, chance: float | None, place: Place) -> None:
    """The chance level as a dotted line with its name."""
    if chance is not None:
        axes.axhline(chance, color=GREY, linewidth=LINE, linestyle=":")
        axes.annotate(
            "chance",
            (1, chance),
            (-2, 1.5),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="bottom",
            in_layout=False,
            color=GREY,
            **place.font(True),
        )


def frame(axes: Axes) -> None:
    """Two open sides and a light grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=FAINT, linewidth=LINE)
    axes.set_axisbelow(True)


def legend(axes: Axes, place: Place, drop: float | None = None, least: int = 2) -> None:
    """Names of several curves or groups under the axes' title, in as many columns as fit; ``drop`` points under the axes."""
    names = axes.get_legend_handles_labels()[1]
    if len(names) < least:
        return
    drop = place.look.small + place.look.size.text + 15 if drop is None else drop
    below = ScaledTranslation(0, -drop / 72, place.canvas.dpi_scale_trans)
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        bbox_transform=axes.transAxes + below,
        frameon=False,
        handlelength=2,
        ncols=max(
            1, min(len(names), int(place.width // (place.measure(tuple(names)) + 26)))
        ),
        columnspacing=1,
        borderaxespad=0,
        prop={"family": place.typefaces.names, "size": place.look.small},
        labelcolor=INK,
    )


def pale(colour: str, strength: float = 0.18) -> tuple[float, ...]:
    """A colour mixed with white, as the bands of the screen look on white."""
    return tuple(
        1 - strength * (1 - int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5)
    )
