"""Texts of a sheet that lie over one another."""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from matplotlib.axis import Axis
from matplotlib.figure import Figure as Canvas
from matplotlib.text import Text
from matplotlib.transforms import Bbox

SPARE = 0.3
"""Of a text's size: how far lines may reach into one another without their ink meeting."""


class Drawn(NamedTuple):
    """A text that is drawn: its words, its size in points, and where it lies (pixels)."""

    words: str
    size: float
    box: Bbox


class Overlap(NamedTuple):
    """Two texts of which one lies over the other."""

    first: str
    second: str


def overlaps(canvas: Canvas) -> list[Overlap]:
    """Every two texts whose ink meets."""
    point = canvas.dpi / 72
    found = []
    for one, other in combinations(drawn_texts(canvas), 2):
        spare = SPARE * min(one.size, other.size) * point
        if meet(one.box, other.box, spare):
            found.append(Overlap(one.words, other.words))
    return found


def meet(one: Bbox, other: Bbox, spare: float) -> bool:
    """Whether two boxes share more than ``spare`` pixels both ways."""
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    down = min(one.y1, other.y1) - max(one.y0, other.y0)
    return across > spare and down > spare


def drawn_texts(canvas: Canvas) -> list[Drawn]:
    """What can be read on a sheet."""
    # A legend finds its place only when it is drawn.
    canvas.draw_without_rendering()
    renderer = canvas.canvas.get_renderer()  # pyright: ignore[reportAttributeAccessIssue]
    hidden = {id(text) for text in out_of_view(canvas)}
    found = []
    for text in canvas.findobj(Text):
        words = text.get_text().strip()
        if not words or not text.get_visible() or id(text) in hidden:
            continue
        # Of an annotation the words alone, without the line that leads to its point.
        box = Text.get_window_extent(text, renderer)
        found.append(Drawn(words, float(text.get_fontsize()), box))
    return found


def out_of_view(canvas: Canvas) -> Iterator[Text]:
    """Labels of ticks that lie outside their axis, and so are not drawn."""
    for axis in canvas.findobj(Axis):
        low, high = sorted(axis.get_view_interval())
        spare = 1e-6 * (high - low)
        for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
            if not low - spare <= tick.get_loc() <= high + spare:
                yield tick.label1
                yield tick.label2
