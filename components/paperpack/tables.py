"""The table twin of a figure as CSV, Markdown and LaTeX."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from analysis.core import netcdf
from analysis.core.spreadsheets import csv_text
from analysis.core.typeset import minus_signs
from components.figures.spec import Figure, Matrix

SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "→": r"$\rightarrow$",
    "−": "$-$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "×": r"$\times$",
    "†": r"$\dagger$",
    "‖": r"$\Vert$",
    "±": r"$\pm$",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # A row that begins with one of these would be an option of the line above.
    "[": "{[}",
    "*": "{*}",
    **{char: f"\\{char}" for char in "&%$#_{}"},
}
LATEX = str.maketrans(SPECIAL)
DAGGER = r"$^{\dagger}$"
ALPHA = 0.05
LONGEST_LABEL = 60
LONG = 50
"""Rows beyond which a table breaks over pages."""
TOLERANCE = 1e-9
UNKNOWN = "{--}"
CONTROLS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
"""Ends of lines among them: a blank line would end a LaTeX caption with an error."""
MARKUP = re.compile(r"[\\`*\[\]<>|]")
"""Characters in which a Markdown table finds something to do."""


def csv(figure: Figure) -> str:
    """The table twin as comma-separated values."""
    return csv_text(figure.table)


def as_netcdf(figure: Figure) -> bytes:
    """The table twin as labelled arrays in a netCDF file."""
    facts = {"title": figure.title, "comment": figure.caption, "source": figure.source}
    return netcdf.netcdf(netcdf.of_table(figure.table, **facts))


def markdown(figure: Figure) -> str:
    """The table twin as a Markdown table, with its caption."""
    table = figure.table
    shown = table.astype(object).where(table.notna(), "")
    rows = [markdown_row(shown.columns)]
    rows.append("|" + " --- |" * len(shown.columns))
    rows += map(markdown_row, shown.values)
    caption = markdown_text(minus_signs(f"{figure.title}. {figure.caption}"))
    return "\n".join([*rows, "", caption, ""])


def markdown_row(values: Iterable[Any]) -> str:
    """One row of a Markdown table."""
    cells = " | ".join(map(markdown_cell, values))
    return f"| {cells} |"


def markdown_cell(value: Any) -> str:
    """A cell of a Markdown table."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return markdown_text(str(value))


def markdown_text(text: str) -> str:
    """Text of one line in which Markdown finds no link, image or tag."""
    one_line = " ".join(text.splitlines())
    return MARKUP.sub(r"\\\g<0>", one_line)


@dataclass(frozen=True)
class LatexTable:
    """Head and rows of a LaTeX table, and the types of its columns."""

    head: list[str]
    body: list[list[str]]
    columns: str


def latex(figure: Figure) -> str:
    """The figure's numbers as a LaTeX table.

    A matrix becomes a matrix, anything else is written row by row.
    """
    table = matrix_table(figure) if is_square(figure) else long_table(figure)
    said = f"{figure.title}. {figure.caption} {notes(figure)}"
    words = escape(minus_signs(said.strip()))
    caption = f"  \\caption{{{words}}}"
    label = f"  \\label{{tab:{slug(figure.name)}}}"
    rows = ["    \\toprule", latex_row(table.head), "    \\midrule"]
    rows += map(latex_row, table.body)
    rows.append("    \\bottomrule")
    if len(table.body) > LONG:
        return "\n".join(
            [
                preamble("booktabs, siunitx, longtable"),
                f"\\begin{{longtable}}{{{table.columns}}}",
                f"{caption}{label} \\\\",
                *rows,
                "\\end{longtable}",
                "",
            ]
        )
    return "\n".join(
        [
            preamble("booktabs, siunitx"),
            "\\begin{table}[t]",
            "  \\centering",
            f"  \\begin{{tabular}}{{{table.columns}}}",
            *rows,
            "  \\end{tabular}",
            caption,
            label,
            "\\end{table}",
            "",
        ]
    )


def preamble(packages: str) -> str:
    """What a paper needs to set the table, as a comment."""
    return (
        f"% \\usepackage{{{packages}}}; labels beyond Latin letters need XeLaTeX or "
        "LuaLaTeX and a font that has them."
    )


def latex_row(cells: list[str]) -> str:
    """One row of a LaTeX table."""
    row = " & ".join(cells)
    return f"    {row} \\\\"


def is_square(figure: Figure) -> bool:
    """Whether a figure's numbers are one matrix."""
    data = figure.data
    return isinstance(data, Matrix) and not data.frames


def matrix_of(figure: Figure) -> Matrix:
    """The one matrix of a figure."""
    assert isinstance(figure.data, Matrix)
    return figure.data


def matrix_table(figure: Figure) -> LatexTable:
    """A matrix: the best of every column bold, cells that pass the test with a dagger."""
    data = matrix_of(figure)
    values = data.values
    known = np.where(np.isfinite(values), values, -np.inf)
    best = values == known.max(axis=0, initial=-np.inf)
    passed = significant(figure)
    half = half_widths(figure)
    body = []
    for i, row in enumerate(data.rows):
        marks = Marks(best[i], passed[i], half[i])
        cells = entries(values[i], data.digits, marks)
        body.append([escape(row), *cells])
    spread = spread_digits(half, data.digits)
    marked = bool(passed.any())
    kind = number_column(values, data.digits, spread, marked)
    head = [""]
    for name in data.columns:
        head.append(protected(name))
    return LatexTable(head, body, f"l*{{{len(head) - 1}}}{{{kind}}}")


def spread_digits(half: np.ndarray, digits: int) -> str:
    """How many digits siunitx leaves for intervals; nothing where there are none."""
    if not np.isfinite(half).any():
        return ""
    largest = int(np.nanmax(half))
    before = len(str(largest))
    return f"({digits + before})"


def protected(name: str) -> str:
    """A title of a column of numbers, which siunitx is not to read as one."""
    return f"{{{escape(name)}}}"


def significant(figure: Figure) -> np.ndarray:
    """Which cells of a matrix pass the corrected test.

    Known where the table twin has one row per cell, with an adjusted p.
    """
    table = figure.table
    shape = matrix_of(figure).values.shape
    if "q" not in table or len(table) != np.prod(shape):
        return np.zeros(shape, bool)
    # The rows of a table twin are the cells, row by row.
    return passes(figure).reshape(shape)


def passes(figure: Figure) -> np.ndarray:
    """Which rows pass every corrected test that they were put to; none without one."""
    passed = numbers_of(figure, "q") <= ALPHA
    if "q_unrelated" in figure.table:
        passed &= ~(numbers_of(figure, "q_unrelated") > ALPHA)
    return passed


def half_widths(figure: Figure) -> np.ndarray:
    """Half the widths of the intervals of a matrix's cells; NaN where there are none.

    Known where the table twin has one row per cell, with the cell's own number.
    """
    shape = matrix_of(figure).values.shape
    estimate = estimate_of(figure)
    if estimate is None or not are_cells(figure, estimate):
        return np.full(shape, np.nan)
    return half_of_rows(figure).reshape(shape)


def half_of_rows(figure: Figure) -> np.ndarray:
    """Half the width of the interval of every row of the table twin."""
    ends = interval_of(figure)
    width = numbers_of(figure, ends.high) - numbers_of(figure, ends.low)
    return width / 2


def are_cells(figure: Figure, name: str) -> bool:
    """Whether a column of the table twin holds a matrix's cells, row by row."""
    column = numbers_of(figure, name)
    cells = matrix_of(figure).values.ravel()
    if len(column) != len(cells):
        return False
    return np.allclose(column, cells, equal_nan=True)


def estimate_of(figure: Figure) -> str | None:
    """The column that the interval belongs to; None where there is no interval."""
    if figure.interval:
        known = figure.table.dropna(subset=list(figure.interval))
        return None if known.empty else figure.estimate
    if figure.analysis:
        return None
    return guessed_estimate(figure)


class Ends(NamedTuple):
    """The columns with the lower and the upper end of an interval."""

    low: str
    high: str


def interval_of(figure: Figure) -> Ends:
    """The columns with the ends of the interval."""
    if figure.interval:
        return Ends(*figure.interval)
    return Ends("low", "high")


def guessed_estimate(figure: Figure) -> str | None:
    """The same for a recipe that does not tell: its estimate lies inside its interval."""
    table = figure.table
    if not {"low", "high"} <= set(table.columns):
        return None
    found = [name for name in map(str, table.columns) if lies_inside(figure, name)]
    if is_square(figure):
        found = [name for name in found if are_cells(figure, name)]
    return found[-1] if found else None


def lies_inside(figure: Figure, name: str) -> bool:
    """Whether a column is between low and high, wherever all three are known."""
    if name in ("low", "high") or not is_number(figure, name):
        return False
    low = numbers_of(figure, "low")
    high = numbers_of(figure, "high")
    values = numbers_of(figure, name)
    known = np.isfinite(low + values + high)
    if not known.any():
        return False
    above = low <= values + TOLERANCE
    below = values <= high + TOLERANCE
    return bool(above[known].all() and below[known].all())


class Column(NamedTuple):
    """A column of a LaTeX table: its title, its cells, its type."""

    head: str
    cells: list[str]
    kind: str


def long_table(figure: Figure) -> LatexTable:
    """The table twin row by row; an estimate with its interval becomes one column."""
    estimate = estimate_of(figure)
    left_out: tuple[str, ...] = ()
    if estimate is not None:
        left_out = interval_of(figure)
    columns = []
    for name in map(str, figure.table.columns):
        if name == estimate:
            columns.append(estimate_column(figure, name))
        elif name not in left_out:
            columns.append(plain_column(figure, name))
    cells = [column.cells for column in columns]
    body = [list(row) for row in zip(*cells)]
    head = [column.head for column in columns]
    kinds = [column.kind for column in columns]
    return LatexTable(head, body, "".join(kinds))


def plain_column(figure: Figure, name: str) -> Column:
    """A column of words, or of numbers without intervals."""
    if not is_number(figure, name):
        cells = [escape(str(value)) for value in figure.table[name]]
        return Column(escape(name), cells, "l")
    values = numbers_of(figure, name)
    digits = digits_of(values)
    cells = [entry(value, digits) for value in values]
    kind = number_column(values, digits)
    return Column(protected(name), cells, kind)


def estimate_column(figure: Figure, name: str) -> Column:
    """An estimate: value ± half the width of its interval."""
    values = numbers_of(figure, name)
    half = half_of_rows(figure)
    passed = np.zeros(len(values), bool)
    if "q" in figure.table:
        passed = passes(figure)
    digits = digits_of(values)
    known = values[np.isfinite(values)]
    best = values == known.max(initial=-np.inf)
    cells = entries(values, digits, Marks(best, passed, half))
    spread = f"({digits + 1})"
    marked = bool(passed.any())
    kind = number_column(values, digits, spread, marked)
    return Column(protected(name), cells, kind)


def is_number(figure: Figure, name: str) -> bool:
    """Whether a column of the table twin holds numbers."""
    return name in figure.table.select_dtypes("number")


def numbers_of(figure: Figure, name: str) -> np.ndarray:
    """A column of the table twin as numbers."""
    return figure.table[name].to_numpy(float)


def digits_of(values: np.ndarray) -> int:
    """How many decimals a column is written with."""
    known = values[np.isfinite(values)]
    whole = (known % 1 == 0).all()
    return 0 if whole else 3


@dataclass(frozen=True)
class Marks:
    """Which of some numbers are best, which pass the test, and half their intervals."""

    best: np.ndarray
    passed: np.ndarray
    half: np.ndarray


def entries(values: np.ndarray, digits: int, marks: Marks) -> list[str]:
    """Numbers of a table with their marks."""
    cells = []
    every = zip(values, marks.best, marks.passed, marks.half)
    for value, best, passed, half in every:
        cells.append(entry(value, digits, best, passed, half))
    return cells


def entry(
    value: float,
    digits: int,
    best: bool = False,
    passed: bool = False,
    half: float = float("nan"),
) -> str:
    """A number of a table: bold where best, with interval and dagger where it has them."""
    if not np.isfinite(value):
        return UNKNOWN
    text = f"{value:z.{digits}f}"
    if best:
        text = rf"\bfseries {text}"
    if np.isfinite(half):
        text += f" +- {half:z.{digits}f}"
    if passed:
        text += DAGGER
    return text


def number_column(
    values: np.ndarray, digits: int, spread: str = "", marked: bool = False
) -> str:
    """The column type that aligns some numbers."""
    known = values[np.isfinite(values)]
    before = 1
    if known.size:
        before = len(str(int(np.abs(known).max())))
    minus = "-" if (known < 0).any() else ""
    after = ""
    if marked:
        after = f", table-space-text-post={{{DAGGER}}}"
    return (
        f"S[table-format={minus}{before}.{digits}{spread}, separate-uncertainty, "
        f"detect-weight, mode=text{after}]"
    )


def notes(figure: Figure) -> str:
    """What the marks of the LaTeX table mean, and its n."""
    said = []
    if isinstance(figure.data, Matrix):
        said.append("Bold: largest of its column.")
    if has_spread(figure):
        said.append("±: half the width of the interval.")
    if "q" in figure.table and passes(figure).any():
        beside = ""
        if "q_unrelated" in figure.table:
            beside = ", beside chance and beside unrelated vectors"
        said.append(f"† adjusted p at most {ALPHA:g} (Benjamini-Hochberg){beside}.")
    if "n" in figure.table:
        said += sizes(numbers_of(figure, "n"))
    return " ".join(said)


def has_spread(figure: Figure) -> bool:
    """Whether the LaTeX table writes intervals."""
    if is_square(figure):
        return bool(np.isfinite(half_widths(figure)).any())
    return estimate_of(figure) is not None


def sizes(counts: np.ndarray) -> list[str]:
    """The smallest and the largest n, in words; nothing where none is known."""
    known = counts[np.isfinite(counts)]
    if not known.size:
        return []
    low = int(known.min())
    high = int(known.max())
    if low == high:
        return [f"n = {low}."]
    return [f"n = {low} to {high}."]


def escape(text: str) -> str:
    """Text of one line in which LaTeX finds nothing to do."""
    return CONTROLS.sub(" ", text).translate(LATEX)


def slug(name: str) -> str:
    """A name as ``\\label`` takes it; other names have other slugs."""
    plain = re.sub("[^A-Za-z0-9_-]+", "-", name).strip("-")
    if plain == name:
        return plain
    digest = hashlib.sha256(name.encode(errors="replace")).hexdigest()
    return f"{plain[:LONGEST_LABEL]}-{digest[:6]}".strip("-")


TABLES: Mapping[str, Callable[[Figure], str]] = {
    "csv": csv,
    "md": markdown,
    "tex": latex,
}
"""File ending → the table as text."""
