"""A sheet: panels laid out at the width at which they print, and its files."""

import io
import string
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import Name, Verbatim
from matplotlib.figure import Figure as Canvas
from matplotlib.text import Text

from analysis.core.errors import FigureError
from components.figures.spec import Figure, Matrix
from components.printing import to_paper
from components.printing.collisions import overlaps
from components.printing.colour_bars import NARROWEST, add_colour_bars
from components.printing.fonts import Typefaces, typefaces
from components.printing.layout import place_panels, remarks, smallest_text
from components.printing.places import INK, Panel, Place, wrapped
from components.printing.venues import CM, SMALLEST, Look

DIGITS = "−.0123456789"
UNSEEN = {"hover", "codes", "shares"}
"""Fields of a spec whose words are not printed."""
Facts = dict[str, str]
"""Metadata of a file: title, subject, author and the like."""


class Centimetres(NamedTuple):
    """Width and height in centimetres."""

    width: float
    height: float


class Unit(NamedTuple):
    """What matrices that can share a scale have in common."""

    units: str
    diverging: bool


@dataclass(frozen=True)
class Sheet:
    """A laid-out sheet and what is to be said about it."""

    canvas: Canvas
    notes: tuple[str, ...]
    typefaces: Typefaces

    @property
    def smallest(self) -> float:
        """Points of its smallest text."""
        return smallest_text(self.canvas)

    @cached_property
    def readable(self) -> bool:
        """Whether all of it can be read: no text is too small or lies over another."""
        return self.smallest >= SMALLEST and not overlaps(self.canvas)

    @property
    def size(self) -> Centimetres:
        """How large it prints."""
        width, height = self.canvas.get_size_inches()
        return Centimetres(float(width * 2.54), float(height * 2.54))


def compose(
    figures: Sequence[Figure], look: Look, extra_fonts: Path | None = None
) -> Sheet:
    """Figures as panels of one sheet, lettered when there are several.

    FigureError for none, for characters that no font has, and for too many panels.
    """
    if not figures:
        raise FigureError(
            "There is no figure to draw. Add one with “Add to figures” under it."
        )
    figures = common_scale(figures) if look.shared else list(figures)
    found = typefaces(words(figures, look), extra_fonts)
    if look.columns:
        return laid_out(figures, look, found, look.columns)
    fitting = int(look.size.width * CM // (NARROWEST * look.size.text / 8))
    widest = max(1, min(len(figures), fitting))
    return most_side_by_side(figures, look, found, widest)


def most_side_by_side(
    figures: list[Figure], look: Look, found: Typefaces, widest: int
) -> Sheet:
    """The sheet with as many panels in a row as can be read, ``widest`` or fewer.

    Where none can, the one with the largest small text.
    """
    tried: list[Sheet] = []
    for columns in range(widest, 1, -1):
        try:
            drawn = laid_out(figures, look, found, columns)
        except FigureError:
            continue
        if drawn.readable:
            return drawn
        tried.append(drawn)
    if tried and look.size.height is not None:
        # Panels under one another may not fit a sheet whose height is given.
        with suppress(FigureError):
            tried.append(laid_out(figures, look, found, 1))
        return max(tried, key=lambda drawn: drawn.smallest)
    return laid_out(figures, look, found, 1)


def laid_out(
    figures: list[Figure], look: Look, found: Typefaces, columns: int
) -> Sheet:
    """The sheet with so many panels side by side; FigureError without room for them."""
    rows = -(-len(figures) // columns)
    width = look.size.width * CM
    # Begun too tall, as the layout gives up where nothing is left for the axes.
    height = rows * 50 * look.size.text
    if look.size.height:
        height = look.size.height * CM
    canvas = Canvas(
        figsize=(width / 72, height / 72), layout="constrained", facecolor="white"
    )
    FigureCanvasAgg(canvas)
    grid = canvas.add_gridspec(rows, columns)
    roughly = width / columns - 5 * look.size.text
    panels = []
    for number, figure in enumerate(figures):
        spot = grid[divmod(number, columns)]
        place = Place(canvas, spot, look, roughly, found)
        panel = to_paper.draw(figure, place)
        add_heading(panel, place, heading(figure, number, len(figures), look))
        panels.append(panel)
    add_colour_bars(canvas, panels, figures, look, found)
    choose_typefaces(canvas, found)
    starts = range(0, len(panels), columns)
    in_rows = [panels[start : start + columns] for start in starts]
    place_panels(canvas, in_rows, grid, look)
    return Sheet(canvas, tuple(remarks(canvas, panels, look)), found)


def choose_typefaces(canvas: Canvas, found: Typefaces) -> None:
    """Each text gets the families that it needs; ticks of numbers may still change."""
    for text in canvas.findobj(Text):
        text.set_fontfamily(found.needed(text.get_text() + DIGITS))


def words(figures: Sequence[Figure], look: Look) -> Iterator[str]:
    """Every text that is drawn."""
    yield DIGITS
    for number, figure in enumerate(figures):
        yield figure.x
        yield figure.y
        yield heading(figure, number, len(figures), look)
        yield from strings(figure.data)


def strings(value: object) -> Iterator[str]:
    """The texts in a spec, whatever its kind."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for each in fields(value):
            if each.name not in UNSEEN:
                yield from strings(getattr(value, each.name))
    elif isinstance(value, tuple | list):
        for each in value:
            yield from strings(each)


def heading(figure: Figure, number: int, count: int, look: Look) -> str:
    """A panel's letter and title, as far as they are wanted."""
    letter = f"({string.ascii_lowercase[number % 26]})" if count > 1 else ""
    title = figure.title if look.titles else ""
    return f"{letter} {title}".strip()


def add_heading(panel: Panel, place: Place, text: str) -> None:
    """The heading over a panel, if it has one."""
    if text:
        title = wrapped(text, place, place.width)
        panel.axes.set_title(title, loc="left", **place.font(), color=INK)


def common_scale(figures: Sequence[Figure]) -> list[Figure]:
    """Matrices of one unit get one scale, the widest of theirs."""
    limits: dict[Unit, tuple[float, float]] = {}
    for figure in figures:
        data = figure.data
        if isinstance(data, Matrix):
            unit = Unit(data.units, data.diverging)
            low, high = limits.get(unit, data.limits)
            limits[unit] = (min(low, data.limits[0]), max(high, data.limits[1]))
    scaled = []
    for figure in figures:
        data = figure.data
        if isinstance(data, Matrix):
            widest = limits[Unit(data.units, data.diverging)]
            figure = replace(figure, data=replace(data, limits=widest))
        scaled.append(figure)
    return scaled


def pdf(sheet: Sheet, facts: Facts) -> bytes:
    """PDF with embedded TrueType; ``facts`` are its metadata."""
    for text in sheet.canvas.findobj(Text):
        if is_complex_script(text.get_text()):
            speak(text)
    about = {"Creator": "Babelscope", "Producer": None, "CreationDate": None}
    return written(sheet, "pdf", metadata={**about, **facts})


def svg(sheet: Sheet, facts: Facts) -> bytes:
    """SVG with text as text."""
    about = {
        "Title": facts.get("Title", ""),
        "Description": facts.get("Subject", ""),
        "Creator": facts.get("Creator", "Babelscope"),
        "Date": None,
    }
    return written(sheet, "svg", metadata=about)


def png(sheet: Sheet, facts: Facts, dpi: int = 300) -> bytes:
    """PNG at the resolution of print."""
    about = {
        "Title": facts.get("Title", ""),
        "Description": facts.get("Subject", ""),
        "Software": facts.get("Creator", "Babelscope"),
    }
    return written(sheet, "png", metadata=about, dpi=dpi)


def fine_png(sheet: Sheet, facts: Facts) -> bytes:
    """PNG at twice the resolution."""
    return png(sheet, facts, 600)


def written(sheet: Sheet, kind: str, **options: Any) -> bytes:
    """The sheet as a file."""
    buffer = io.BytesIO()
    sheet.canvas.savefig(buffer, format=kind, **options)
    return buffer.getvalue()


FORMATS: dict[str, Callable[[Sheet, Facts], bytes]] = {
    "pdf": pdf,
    "svg": svg,
    "png": png,
    "600.png": fine_png,
}
"""File ending → how the sheet is written."""


def is_complex_script(text: str) -> bool:
    """Whether letters change or move when set, so that glyphs no longer spell it."""
    for char in text:
        combines = unicodedata.category(char) in ("Mc", "Mn")
        from_right = unicodedata.bidirectional(char) in ("R", "AL")
        if combines or from_right:
            return True
    return False


def speak(text: Text) -> None:
    """Let a PDF say the text besides its glyphs, so that it can be searched."""
    plain = text.draw

    def draw(renderer: Any, *options: Any) -> None:
        file = getattr(renderer, "file", None)
        if file is None:
            return plain(renderer, *options)
        file.output(Name("Span"), {"ActualText": text.get_text()}, Verbatim(b"BDC"))
        plain(renderer, *options)
        file.output(Verbatim(b"EMC"))
        return None

    text.draw = draw
