"""How tall a sheet gets, and what a reader of it would stumble over."""

import threading
import warnings
from collections.abc import Iterator

from matplotlib.figure import Figure as Canvas
from matplotlib.gridspec import GridSpec
from matplotlib.text import Text

from analysis.core.counting import count
from analysis.core.errors import FigureError
from components.printing.collisions import Overlap, overlaps
from components.printing.places import NEGLIGIBLE, Panel, Size
from components.printing.venues import PAGE_CM, READABLE, SMALLEST, Look

CLOSE = 3
"""Points by which a sheet's height may miss what its panels ask for."""
TRIES = 4
MOST_NAMED = 2
"""Texts over one another that are named."""
STICKS_OUT = 0.5 / 72
"""Inches from which something is said to stick out."""
LOCK = threading.Lock()
"""Matplotlib's settings and Python's filters for warnings belong to the process, and
sessions are threads."""


def place_panels(
    canvas: Canvas, rows: list[list[Panel]], grid: GridSpec, look: Look
) -> None:
    """``settle``, or FigureError where the sheet is too small for its panels."""
    with LOCK, warnings.catch_warnings():
        warnings.filterwarnings("error", "constrained_layout not applied")
        try:
            settle(canvas, rows, grid, look)
        except UserWarning as error:
            if "constrained_layout" not in str(error):
                raise
            panels = sum(map(len, rows))
            raise FigureError(
                f"{panels} panels with their labels do not fit on {look.venue} "
                f"({look.size.width:.1f} cm). Choose a wider venue, fewer panels side by "
                "side, smaller text or shorter labels."
            ) from error


def settle(canvas: Canvas, rows: list[list[Panel]], grid: GridSpec, look: Look) -> None:
    """Find the height that the panels' widths ask for, then write into the cells."""
    for _ in range(TRIES):
        sizes = fitted(canvas, rows)
        wanted, present = [], []
        for row, found in zip(rows, sizes):
            heights = [panel.height(size.width) for panel, size in zip(row, found)]
            wanted.append(max(heights))
            present.append(max(size.height for size in found))
        missing = sum(wanted) - sum(present)
        if look.size.height is not None or abs(missing) < CLOSE:
            break
        grid.set_height_ratios(wanted)
        inches = canvas.get_size_inches()[1] + missing / 72
        canvas.set_size_inches(look.size.width / 2.54, max(inches, 1))
    lay_out(canvas)
    # A layout that is left in place draws the sheet once more for every file.
    canvas.set_layout_engine(None)
    for row in rows:
        for panel in row:
            panel.finish(size_of(canvas, panel))


def lay_out(canvas: Canvas) -> None:
    """Move the axes to where their labels have room."""
    engine = canvas.get_layout_engine()
    assert engine is not None
    engine.execute(canvas)


def fitted(canvas: Canvas, rows: list[list[Panel]]) -> list[list[Size]]:
    """Lay out, fit every panel's labels to the size that it got; those sizes."""
    lay_out(canvas)
    sizes = [[size_of(canvas, panel) for panel in row] for row in rows]
    for row, found in zip(rows, sizes):
        for panel, size in zip(row, found):
            panel.notes.clear()
            panel.fit(size)
    return sizes


def size_of(canvas: Canvas, panel: Panel) -> Size:
    """A panel's axes in points."""
    width, height = canvas.get_size_inches() * 72
    box = panel.axes.get_position()
    return Size(float(box.width * width), float(box.height * height))


def remarks(canvas: Canvas, panels: list[Panel], look: Look) -> Iterator[str]:
    """Small text, texts over one another, what sticks out, too tall."""
    yield from dict.fromkeys(note for panel in panels for note in panel.notes)
    smallest = smallest_text(canvas)
    if smallest < READABLE - NEGLIGIBLE:
        worst = "cannot be read in print" if smallest < SMALLEST else "is small"
        yield (
            f"the smallest text has {smallest:.1f} pt and {worst}: choose a wider venue, "
            "shorter labels or fewer languages"
        )
    covered = overlaps(canvas)
    if covered:
        yield covered_words(covered)
    box = canvas.get_tightbbox(canvas.canvas.get_renderer())  # pyright: ignore[reportAttributeAccessIssue]
    width, height = canvas.get_size_inches()
    if min(box.x0, box.y0, width - box.x1, height - box.y1) < -STICKS_OUT:
        yield "something sticks out of the sheet: choose a wider venue or shorter labels"
    if height * 2.54 > PAGE_CM and look.size.height is None:
        yield (
            f"the sheet is {height * 2.54:.0f} cm tall, and a page has {PAGE_CM:.0f}: put "
            "panels side by side or make two figures"
        )


def smallest_text(canvas: Canvas) -> float:
    """Points of the smallest text of a sheet."""
    sizes = []
    for text in canvas.findobj(Text):
        if text.get_visible() and text.get_text():
            sizes.append(text.get_fontsize())
    return float(min(sizes))


def covered_words(covered: list[Overlap]) -> str:
    """Which texts lie over one another, and what to do."""
    named = []
    for pair in covered[:MOST_NAMED]:
        named.append(f"“{pair.first}” and “{pair.second}”")
    more = len(covered) - len(named)
    others = f" and {count(more, 'more pair')}" if more else ""
    return (
        f"{', '.join(named)}{others} lie over one another: choose a wider venue, fewer "
        "panels side by side or shorter labels"
    )
