"""A sheet: panels laid out at the width at which they print, checked, and written as PDF, SVG, PNG or PGF."""

import io
import string
import threading
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import Name, Verbatim
from matplotlib.figure import Figure as Canvas
from matplotlib.text import Text

from analysis.core.errors import FigureError
from components.figures.spec import Figure, Matrix
from components.printing import to_paper
from components.printing.fonts import Typefaces, typefaces
from components.printing.places import INK, NEGLIGIBLE, Panel, Place
from components.printing.venues import CM, PAGE_CM, READABLE, SMALLEST, Look

NARROWEST = 4.4 * CM
"""Points under which panels are put below each other."""
CLOSE = 3
"""Points by which a sheet's height may miss what its panels ask for."""
DIGITS = "−.0123456789"
LOCK = threading.Lock()
UNSEEN = {"hover", "codes", "shares"}
"""Fields of a spec whose words are not printed."""


@dataclass(frozen=True)
class Sheet:
    """A laid-out sheet and what is to be said about it."""

    canvas: Canvas
    notes: tuple[str, ...]
    typefaces: Typefaces

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in centimetres."""
        return tuple(float(inches * 2.54) for inches in self.canvas.get_size_inches())


def compose(
    figures: Sequence[Figure], look: Look, extra_fonts: Path | None = None
) -> Sheet:
    """Figures as panels of one sheet, lettered when there are several; FigureError for none and for characters no font has."""
    if not figures:
        raise FigureError(
            "There is no figure to draw. Add one with “Add to figures” under it."
        )
    figures = common_scale(figures) if look.shared else list(figures)
    found = typefaces(words(figures, look), extra_fonts)
    most = look.columns or max(
        1,
        min(
            len(figures), int(look.size.width * CM // (NARROWEST * look.size.text / 8))
        ),
    )
    for columns in range(most, 0, -1):
        try:
            return laid_out(figures, look, found, columns)
        except FigureError:
            if look.columns or columns == 1:
                raise
    raise AssertionError("one column was tried")


def laid_out(
    figures: list[Figure], look: Look, found: Typefaces, columns: int
) -> Sheet:
    """The sheet with so many panels side by side; FigureError where they have no room."""
    width, rows = look.size.width * CM, -(-len(figures) // columns)
    # Begun too tall, as the layout gives up where nothing is left for the axes.
    height = look.size.height * CM if look.size.height else rows * 50 * look.size.text
    canvas = Canvas(
        figsize=(width / 72, height / 72), layout="constrained", facecolor="white"
    )
    FigureCanvasAgg(canvas)
    grid = canvas.add_gridspec(rows, columns)
    panels = []
    for i, figure in enumerate(figures):
        place = Place(
            canvas,
            grid[divmod(i, columns)],
            look,
            width / columns - 5 * look.size.text,
            found,
        )
        panels.append(to_paper.draw(figure, place))
        if title := heading(figure, i, len(figures), look):
            panels[-1].axes.set_title(
                wrapped(title, place), loc="left", **place.font(), color=INK
            )
    bars(canvas, panels, figures, look, found)
    for text in canvas.findobj(Text):
        # Ticks of numbers may still change.
        text.set_fontfamily(found.needed(text.get_text() + DIGITS))
    place_all(
        canvas,
        [panels[i : i + columns] for i in range(0, len(panels), columns)],
        grid,
        look,
    )
    return Sheet(canvas, tuple(remarks(canvas, panels, look)), found)


def words(figures: Sequence[Figure], look: Look) -> Iterator[str]:
    """Every text that is drawn."""
    yield DIGITS
    for i, figure in enumerate(figures):
        yield from (figure.x, figure.y, heading(figure, i, len(figures), look))
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
    return f"{letter} {figure.title if look.titles else ''}".strip()


def wrapped(text: str, place: Place) -> str:
    """A title in lines that are no wider than its panel."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and place.measure((longer,), small=False) > place.width:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines)


def common_scale(figures: Sequence[Figure]) -> list[Figure]:
    """Matrices of one unit get one scale, the widest of theirs."""
    limits: dict[tuple, tuple[float, float]] = {}
    for figure in figures:
        if isinstance(data := figure.data, Matrix):
            low, high = limits.get(key := (data.units, data.diverging), data.limits)
            limits[key] = (min(low, data.limits[0]), max(high, data.limits[1]))
    return [
        replace(
            figure,
            data=replace(
                figure.data, limits=limits[figure.data.units, figure.data.diverging]
            ),
        )
        if isinstance(figure.data, Matrix)
        else figure
        for figure in figures
    ]


def bars(
    canvas: Canvas,
    panels: list[Panel],
    figures: list[Figure],
    look: Look,
    found: Typefaces,
) -> None:
    """Colour bars, all vector: one for all panels of one scale, else one each."""
    groups: dict[tuple, list[int]] = {}
    for i, figure in enumerate(figures):
        if panels[i].colours is not None:
            key = (
                (figure.data.units, figure.data.diverging, figure.data.limits)
                if look.shared
                else (i,)
            )
            groups.setdefault(key, []).append(i)
    narrow = look.size.width * CM < 2 * NARROWEST * look.size.text / 8
    for members in groups.values():
        data: Matrix = figures[members[0]].data
        every = [panels[i].axes for i in members]
        where = (
            {"location": "bottom", "fraction": 0.04, "aspect": 35}
            if narrow
            else {"fraction": 0.05, "aspect": 18}
        )
        bar = canvas.colorbar(panels[members[0]].colours, ax=every, pad=0.01, **where)
        bar.solids.set(rasterized=False, edgecolor="face")
        bar.outline.set_visible(False)
        font = {"fontfamily": found.names, "fontsize": look.size.text}
        bar.set_label(data.units, color=INK, **font)
        bar.ax.tick_params(
            labelfontfamily=found.names,
            labelsize=look.small,
            width=0.5,
            length=2,
            labelcolor=INK,
        )


def place_all(
    canvas: Canvas, rows: list[list[Panel]], grid: object, look: Look
) -> None:
    """``settle``, or a sentence where the sheet is too small for its panels."""
    # Filters for warnings belong to the process, and sessions are threads.
    with LOCK, warnings.catch_warnings():
        warnings.filterwarnings("error", "constrained_layout not applied")
        try:
            settle(canvas, rows, grid, look)
        except UserWarning as error:
            if "constrained_layout" not in str(error):
                raise
            raise FigureError(
                f"{sum(map(len, rows))} panels with their labels do not fit on {look.venue} ({look.size.width:.1f} cm). "
                "Choose a wider venue, fewer panels side by side, smaller text or shorter labels."
            ) from error


def settle(canvas: Canvas, rows: list[list[Panel]], grid: object, look: Look) -> None:
    """Find the height that the panels' widths ask for, fit labels to it, then write into the cells."""
    for _ in range(4):
        found = fitted(canvas, rows)
        wanted = [
            max(panel.height(found[id(panel)][0]) for panel in row) for row in rows
        ]
        present = [max(found[id(panel)][1] for panel in row) for row in rows]
        missing = sum(wanted) - sum(present)
        if look.size.height is not None or abs(missing) < CLOSE:
            break
        grid.set_height_ratios(wanted)
        inches = canvas.get_size_inches()[1] + missing / 72
        canvas.set_size_inches(look.size.width / 2.54, max(inches, 1))
    canvas.get_layout_engine().execute(canvas)
    # A layout that is left in place draws the sheet once more for every file.
    canvas.set_layout_engine(None)
    for row in rows:
        for panel in row:
            panel.finish(*extent(canvas, panel))


def fitted(canvas: Canvas, rows: list[list[Panel]]) -> dict[int, tuple[float, float]]:
    """Lay out, fit every panel's labels to the size it got; the sizes by the panel's identity."""
    canvas.get_layout_engine().execute(canvas)
    found = {id(panel): extent(canvas, panel) for row in rows for panel in row}
    for row in rows:
        for panel in row:
            panel.notes.clear()
            panel.fit(*found[id(panel)])
    return found


def extent(canvas: Canvas, panel: Panel) -> tuple[float, float]:
    """Width and height of a panel's axes in points."""
    (width, height), box = canvas.get_size_inches() * 72, panel.axes.get_position()
    return float(box.width * width), float(box.height * height)


def remarks(canvas: Canvas, panels: list[Panel], look: Look) -> Iterator[str]:
    """What a reader of the sheet would stumble over: small text, what sticks out, too tall."""
    yield from dict.fromkeys(note for panel in panels for note in panel.notes)
    smallest = min(
        text.get_fontsize()
        for text in canvas.findobj(Text)
        if text.get_visible() and text.get_text()
    )
    if smallest < READABLE - NEGLIGIBLE:
        worst = "cannot be read in print" if smallest < SMALLEST else "is small"
        yield f"the smallest text has {smallest:.1f} pt and {worst}: choose a wider venue, shorter labels or fewer languages"
    box, (width, height) = (
        canvas.get_tightbbox(canvas.canvas.get_renderer()),
        canvas.get_size_inches(),
    )
    if min(box.x0, box.y0, width - box.x1, height - box.y1) < -0.5 / 72:
        yield "something sticks out of the sheet: choose a wider venue or shorter labels"
    if height * 2.54 > PAGE_CM and look.size.height is None:
        yield f"the sheet is {height * 2.54:.0f} cm tall, and a page has {PAGE_CM:.0f}: put panels side by side or make two figures"


def pdf(sheet: Sheet, facts: dict[str, str]) -> bytes:
    """PDF with embedded TrueType; ``facts`` are its metadata."""
    for text in sheet.canvas.findobj(Text):
        if complex_script(text.get_text()):
            speak(text)
    return saved(
        sheet,
        "pdf",
        metadata={
            "Creator": "Babelscope",
            "Producer": None,
            "CreationDate": None,
            **facts,
        },
    )


def svg(sheet: Sheet, facts: dict[str, str]) -> bytes:
    """SVG with text as text."""
    about = {
        "Title": facts.get("Title", ""),
        "Description": facts.get("Subject", ""),
        "Creator": "Babelscope",
        "Date": None,
    }
    return saved(sheet, "svg", metadata=about)


def png(sheet: Sheet, facts: dict[str, str], dpi: int = 300) -> bytes:
    """PNG at the resolution of print."""
    about = {
        "Title": facts.get("Title", ""),
        "Description": facts.get("Subject", ""),
        "Software": "Babelscope",
    }
    return saved(sheet, "png", metadata=about, dpi=dpi)


def saved(sheet: Sheet, kind: str, **how: object) -> bytes:
    """The sheet as a file."""
    buffer = io.BytesIO()
    sheet.canvas.savefig(buffer, format=kind, **how)
    return buffer.getvalue()


FORMATS: dict[str, Callable[[Sheet, dict], bytes]] = {
    "pdf": pdf,
    "svg": svg,
    "png": png,
    "600.png": lambda sheet, facts: png(sheet, facts, 600),
}
"""File ending → how the sheet is written."""


def complex_script(text: str) -> bool:
    """Whether a script's letters change or move when they are set, so that glyphs no longer spell the text."""
    return any(
        unicodedata.category(char) in ("Mc", "Mn")
        or unicodedata.bidirectional(char) in ("R", "AL")
        for char in text
    )


def speak(text: Text) -> None:
    """Let a PDF say the text itself besides its glyphs, so that it can be searched and copied."""
    plain = text.draw

    def draw(renderer: object, *given: object) -> None:
        file = getattr(renderer, "file", None)
        if file is None:
            return plain(renderer, *given)
        file.output(Name("Span"), {"ActualText": text.get_text()}, Verbatim(b"BDC"))
        plain(renderer, *given)
        file.output(Verbatim(b"EMC"))

    text.draw = draw
