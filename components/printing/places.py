"""Where a panel is drawn and what it asks for; what several kinds share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure as Canvas
from matplotlib.gridspec import SubplotSpec

from components.printing.fonts import Typefaces
from components.printing.venues import Look

INK, FAINT, GREY = "#1F2328", "#D9DCE1", "#8A8F98"
LINE = 0.5
"""Points: no line is thinner."""
NEGLIGIBLE = 0.1
"""Points by which text may be smaller without a word."""


class Size(NamedTuple):
    """Width and height in points."""

    width: float
    height: float


@dataclass(frozen=True)
class Place:
    """Where a panel is drawn: which canvas, which spot, how wide about (points)."""

    canvas: Canvas
    spot: SubplotSpec
    look: Look
    width: float
    typefaces: Typefaces

    def font(self, small: bool = False, text: str = "") -> dict[str, Any]:
        """Typefaces and size of a text; of any text of the sheet where none is given."""
        families = self.typefaces.needed(text) if text else self.typefaces.names
        size = self.look.small if small else self.look.size.text
        return {"fontfamily": families, "fontsize": size}

    def measure(self, texts: tuple[str, ...], small: bool = True) -> float:
        """Points that the longest of some texts takes."""
        renderer = self.canvas.canvas.get_renderer()  # pyright: ignore[reportAttributeAccessIssue]
        longest = 0.0
        for text in dict.fromkeys(texts):
            drawn = self.canvas.text(0, 0, text, **self.font(small, text))
            pixels = drawn.get_window_extent(renderer).width
            longest = max(longest, pixels * 72 / self.canvas.dpi)
            drawn.remove()
        return longest


def nothing(size: Size) -> None:
    """What most panels do once their size is known."""


@dataclass
class Panel:
    """A drawn panel: its axes and the height that its width asks for (points).

    ``fit`` and ``finish`` do what can only be done at a size: ``fit`` at every size that
    is tried, ``finish`` once at the last. ``notes`` are said about the sheet.
    """

    axes: Axes
    height: Callable[[float], float]
    fit: Callable[[Size], None] = nothing
    finish: Callable[[Size], None] = nothing
    colours: ScalarMappable | None = None
    notes: list[str] = field(default_factory=list)


def fit_labels(panel: Panel, first: Axes, place: Place, cell: Size) -> None:
    """Labels no larger than their column or row (``cell``); ``first`` has the rows'.

    Column labels lie level where they fit, else they stand upright. Text that shrinks
    below the readable is said.
    """
    texts = [label.get_text() for label in panel.axes.get_xticklabels()]
    largest = place.look.small
    level = place.measure(tuple(texts)) + 1 <= cell.width
    across = largest if level else min(largest, cell.width / 1.1)
    down = min(largest, cell.height / 1.1)
    panel.axes.tick_params(axis="x", labelsize=across, length=2)
    first.tick_params(axis="y", labelsize=down, length=2)
    for name, size in (("column", across), ("row", down)):
        if size < largest - NEGLIGIBLE:
            panel.notes.append(f"{name} labels shrink to {size:.1f} pt")
    panel.axes.tick_params(axis="x", labelrotation=0 if level else 90)


def fit_rows(panel: Panel, place: Place, height: float) -> None:
    """Row labels to their height; column labels as they come."""
    fit_labels(panel, panel.axes, place, Size(np.inf, height))


def wrapped(text: str, place: Place, width: float) -> str:
    """A title in lines that are no wider than ``width`` points."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and place.measure((longer,), small=False) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines)


def plain_number(value: float, _: int = 0) -> str:
    """A number without powers of ten, which a text font cannot draw."""
    return f"{value:.12g}".replace("-", "−")


def dress(axes: Axes, place: Place) -> None:
    """Tick labels in the place's typefaces, thin grey borders."""
    axes.tick_params(
        labelfontfamily=place.typefaces.names,
        labelsize=place.look.small,
        color=GREY,
        labelcolor=INK,
        width=LINE,
    )
    for spine in axes.spines.values():
        spine.set(linewidth=LINE, color=GREY)
