"""Where a panel is drawn and what it asks for; what several kinds of printed figures share."""

from collections.abc import Callable
from dataclasses import dataclass, field

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


@dataclass(frozen=True)
class Place:
    """Where a panel is drawn: in which canvas, at which spot, how wide about (points), in which typefaces."""

    canvas: Canvas
    spot: SubplotSpec
    look: Look
    width: float
    typefaces: Typefaces

    def font(self, small: bool = False, text: str = "") -> dict:
        """Typefaces and size of a text; of any text of the sheet where none is given."""
        families = self.typefaces.needed(text) if text else self.typefaces.names
        return {
            "fontfamily": families,
            "fontsize": self.look.small if small else self.look.size.text,
        }

    def measure(self, texts: tuple[str, ...], small: bool = True) -> float:
        """Points that the longest of some texts takes."""
        renderer, longest = self.canvas.canvas.get_renderer(), 0.0
        for text in dict.fromkeys(texts):
            drawn = self.canvas.text(0, 0, text, **self.font(small, text))
            longest = max(
                longest, drawn.get_window_extent(renderer).width * 72 / self.canvas.dpi
            )
            drawn.remove()
        return longest


@dataclass
class Panel:
    """A drawn panel: its axes, the height that its width asks for, what remains to be done at final size, and what to say."""

    axes: Axes
    height: Callable[[float], float]
    fit: Callable[[float, float], None] = lambda width, height: None
    finish: Callable[[float, float], None] = lambda width, height: None
    colours: ScalarMappable | None = None
    notes: list[str] = field(default_factory=list)


def fit_labels(
    panel: Panel, first: Axes, place: Place, pitch: tuple[float, float]
) -> None:
    """Labels level where they fit, else upright, and never larger than their row or column; text below the readable is said."""
    across, down = pitch
    texts = [label.get_text() for label in panel.axes.get_xticklabels()]
    level = place.measure(tuple(texts)) + 1 <= across
    for axes, name, room in ((panel.axes, "x", across), (first, "y", down)):
        size = (
            place.look.small
            if name == "x" and level
            else min(place.look.small, room / 1.1)
        )
        axes.tick_params(axis=name, labelsize=size, length=2)
        if size < place.look.small - NEGLIGIBLE:
            panel.notes.append(
                f"{'column' if name == 'x' else 'row'} labels shrink to {size:.1f} pt"
            )
    panel.axes.tick_params(axis="x", labelrotation=0 if level else 90)


def plain_number(value: float, _: int = 0) -> str:
    """A number of an axis without powers of ten, which a text font cannot draw."""
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
