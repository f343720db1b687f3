"""Marks that several kinds share: shapes, reference lines, legends, names of points."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.transforms import Bbox, ScaledTranslation

from components.figures.spec import MARKERS, colour_of, marker_of
from components.printing.places import FAINT, GREY, INK, LINE, Place

SIDES = ((0, 1), (1, 0), (-1, 0), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
"""Across and up: the sides of a point, in the order in which they are tried."""
LINE_BOX = 1.3
"""How tall a label is, in its size: letters that reach down are covered by none."""
DISTANCES = (3, 9, 16, 24, 33, 43, 54, 66, 80)
"""Points from a point at which its label may lie."""
LED_TO = 4
"""A label farther than this, in points, gets a line that leads to it."""
HALF_A_DOT = 3
"""Half the side of the box that a point takes, in pixels."""
ACROSS = {-1: "right", 0: "center", 1: "left"}
UP = {-1: "top", 0: "center", 1: "bottom"}
LEADER = {
    "arrowstyle": "-",
    "linewidth": LINE,
    "color": GREY,
    "shrinkA": 0,
    "shrinkB": 2,
}
SYMBOLS: dict[str, str] = dict(zip(MARKERS, ("o", "s", "D", "^", "X", "P", "*", "v")))
"""Marker of the figure spec → Matplotlib's."""


@dataclass(frozen=True)
class Spot:
    """Where a label may lie: how far from its point (points), and the box it takes."""

    across: int
    up: int
    box: Bbox


def colour_at(place: int) -> str:
    """The colour of a series or group."""
    return colour_of(place)


def symbol_at(place: int) -> str:
    """The shape of a series or group."""
    return SYMBOLS[marker_of(place)]


def name_points(
    axes: Axes,
    points: np.ndarray,
    labels: Sequence[str],
    place: Place,
    taken: Sequence[Bbox] = (),
) -> None:
    """A label beside every point (point, 2), where it covers nothing.

    It takes the nearest spot that covers no label, no point and no box that is
    ``taken``; a line leads to labels that are far.
    """
    known = np.flatnonzero(np.isfinite(points).all(1))
    pixels = axes.transData.transform(points[known]) if known.size else []
    covered = [*taken, *boxes_of_points(pixels)]
    for number, pixel in zip(known.tolist(), pixels):
        if not labels[number]:
            continue
        spot = free_spot(axes, pixel, labels[number], place, covered)
        far = max(abs(spot.across), abs(spot.up)) > LED_TO
        axes.annotate(
            labels[number],
            tuple(points[number]),
            (spot.across, spot.up),
            textcoords="offset points",
            in_layout=False,
            color=INK,
            ha=ACROSS[np.sign(spot.across)],
            va=UP[np.sign(spot.up)],
            **place.font(True),
            arrowprops=LEADER if far else None,
        )
        covered.append(spot.box)


def boxes_of_points(pixels: Iterable[np.ndarray]) -> list[Bbox]:
    """The box that each point (x, y in pixels) takes."""
    boxes = []
    for x, y in pixels:
        side = 2 * HALF_A_DOT
        boxes.append(Bbox.from_bounds(x - HALF_A_DOT, y - HALF_A_DOT, side, side))
    return boxes


def free_spot(
    axes: Axes, pixel: np.ndarray, label: str, place: Place, covered: list[Bbox]
) -> Spot:
    """The nearest spot for a label that covers nothing, else the one that covers least."""
    dot = place.canvas.dpi / 72
    inside = axes.get_window_extent()
    size = np.array([place.measure((label,)), LINE_BOX * place.look.small]) * dot
    best, least = None, np.inf
    for far in DISTANCES:
        for side in SIDES:
            offset = far * np.array(side)
            box = box_beside(pixel + offset * dot, side, size)
            hidden = area_covered(box, covered)
            if not within(inside, box):
                # What leaves the axes is worse than anything inside them.
                hidden += size.prod()
            if hidden < least:
                best, least = Spot(int(offset[0]), int(offset[1]), box), hidden
            if not hidden:
                break
        if not least:
            break
    assert best is not None
    return best


def area_covered(box: Bbox, others: list[Bbox]) -> float:
    """How many square pixels of a box other boxes take, each counted."""
    area = 0.0
    for other in others:
        across = min(box.x1, other.x1) - max(box.x0, other.x0)
        up = min(box.y1, other.y1) - max(box.y0, other.y0)
        if across > 0 and up > 0:
            area += across * up
    return area


def box_beside(corner: np.ndarray, side: tuple[int, int], size: np.ndarray) -> Bbox:
    """The box of a text that lies on this side of a place (pixels)."""
    low = corner + size * (np.sign(side) - 1) / 2
    return Bbox.from_bounds(low[0], low[1], size[0], size[1])


def within(outer: Bbox, inner: Bbox) -> bool:
    """Whether a box lies inside another."""
    across = outer.x0 <= inner.x0 and inner.x1 <= outer.x1
    up = outer.y0 <= inner.y0 and inner.y1 <= outer.y1
    return across and up


def add_chance_line(axes: Axes, chance: float | None, place: Place) -> tuple[Text, ...]:
    """The chance level as a dotted line with its name, which labels must not cover."""
    if chance is None:
        return ()
    axes.axhline(chance, color=GREY, linewidth=LINE, linestyle=":")
    name = axes.annotate(
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
    return (name,)


def open_frame(axes: Axes) -> None:
    """Two open sides and a light grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=FAINT, linewidth=LINE)
    axes.set_axisbelow(True)


def add_legend(
    axes: Axes, place: Place, drop: float | None = None, least: int = 2
) -> None:
    """Names of ``least`` or more curves or groups, in as many columns as fit.

    They stand ``drop`` points under the axes, by default under the axes' title.
    """
    names = axes.get_legend_handles_labels()[1]
    if len(names) < least:
        return
    if drop is None:
        drop = place.look.small + place.look.size.text + 15
    below = ScaledTranslation(0, -drop / 72, place.canvas.dpi_scale_trans)
    widest = place.measure(tuple(names)) + 26
    columns = min(len(names), int(place.width // widest))
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        bbox_transform=axes.transAxes + below,
        frameon=False,
        handlelength=2,
        ncols=max(1, columns),
        columnspacing=1,
        borderaxespad=0,
        prop={"family": place.typefaces.names, "size": place.look.small},
        labelcolor=INK,
    )


def mixed_with_white(colour: str, strength: float = 0.18) -> tuple[float, ...]:
    """A colour (``#RRGGBB``) as the bands of the screen look on white."""
    mixed = []
    for start in (1, 3, 5):
        full = int(colour[start : start + 2], 16) / 255
        mixed.append(1 - strength * (1 - full))
    return tuple(mixed)
