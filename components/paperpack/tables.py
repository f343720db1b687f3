"""The table twin of a figure as CSV, Markdown and LaTeX."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

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
    **{char: f"\\{char}" for char in "&%$#_{}"},
}
LATEX = str.maketrans(SPECIAL)
DAGGER = r"$^{\dagger}$"
ALPHA = 0.05
LONG = 50
"""Rows beyond which a table breaks over pages."""
TOLERANCE = 1e-9
UNKNOWN = "{--}"


def csv(figure: Figure) -> str:
    """The table twin as comma-separated values."""
    return figure.table.to_csv(index=False)


def markdown(figure: Figure) -> str:
    """The table twin as a Markdown table, with its caption."""
    table = figure.table
    shown = table.astype(object).where(table.notna(), "")
    rows = [markdown_row(shown.columns)]
    rows.append("|" + " --- |" * len(shown.columns))
    rows += map(markdown_row, shown.values)
    caption = f"{figure.title}. {figure.caption}"
    return "\n".join([*rows, "", caption, ""])


def markdown_row(values: Iterable[Any]) -> str:
    """One row of a Markdown table."""
    cells = " | ".join(map(markdown_cell, values))
    return f"| {cells} |"


def markdown_cell(value: Any) -> str:
    """A cell of a Markdown table."""
    if isinstance(value, float):
        return f"{value:.4g}"
    text = str(value).replace("|", "\\|")
    return text.replace("\n", " ")


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
    words = escape(f"{figure.title}. {figure.caption} {notes(figure)}".strip())
    caption = f"  \\caption{{{words}}}"
    label = f"  \\label{{tab:{figure.name}}}"
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
    return f"    {' & '.join(cells)} \\\\"


def is_square(figure: Figure) -> bool:
    """Whether a figure's numbers are one matrix."""
    return isinstance(figure.data, Matrix) and not figure.data.frames


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
        marks = zip(values[i], best[i], passed[i], half[i])
        cells = []
        for value, is_best, passes, spread in marks:
            cells.append(entry(value, data.digits, is_best, passes, spread))
        body.append([escape(row), *cells])
    spread = spread_digits(half, data.digits)
    kind = number_column(values, data.digits, spread, bool(passed.any()))
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
    adjusted = table["q"].to_numpy(float)
    return (adjusted <= ALPHA).reshape(shape)


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
    table = figure.table
    ends = interval_of(figure)
    width = table[ends.high] - table[ends.low]
    return (width / 2).to_numpy(float)


def are_cells(figure: Figure, name: str) -> bool:
    """Whether a column of the table twin holds a matrix's cells, row by row."""
    column = figure.table[name].to_numpy(float)
    cells = matrix_of(figure).values.ravel()
    if len(column) != len(cells):
        return False
    return np.allclose(column, cells, equal_nan=True)


def estimate_of(figure: Figure) -> str | None:
    """The column that the interval belongs to; None where there is no interval."""
    if figure.interval:
        known = figure.table[list(figure.interval)].notna().all(axis=1)
        return figure.estimate if known.any() else None
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
    found = [str(name) for name in table.columns if lies_inside(table, name)]
    if is_square(figure):
        found = [name for name in found if are_cells(figure, name)]
    return found[-1] if found else None


def lies_inside(table: pd.DataFrame, name: str) -> bool:
    """Whether a column is between low and high, wherever all three are known."""
    if name in ("low", "high") or not is_number(table[name]):
        return False
    known = table[[name, "low", "high"]].dropna()
    if known.empty:
        return False
    values = known[name]
    above = known["low"] <= values + TOLERANCE
    below = values <= known["high"] + TOLERANCE
    return bool((above & below).all())


def long_table(figure: Figure) -> LatexTable:
    """The table twin row by row; an estimate with its interval becomes one column."""
    estimate = estimate_of(figure)
    left_out: tuple[str, ...] = ()
    if estimate is not None:
        left_out = interval_of(figure)
    head, columns, kinds = [], [], ""
    for name in figure.table.columns:
        if name in left_out:
            continue
        values = figure.table[name]
        if name == estimate:
            cells, kind = estimate_column(figure, values)
        elif is_number(values):
            digits = digits_of(values)
            cells = [entry(value, digits) for value in values]
            kind = number_column(values.to_numpy(float), digits)
        else:
            cells, kind = [escape(str(value)) for value in values], "l"
        title = str(name)
        head.append(protected(title) if is_number(values) else escape(title))
        columns.append(cells)
        kinds += kind
    body = [list(row) for row in zip(*columns)]
    return LatexTable(head, body, kinds)


class Column(NamedTuple):
    """A column of a LaTeX table, and its type."""

    cells: list[str]
    kind: str


def estimate_column(figure: Figure, values: pd.Series) -> Column:
    """An estimate: value ± half the width of its interval."""
    table = figure.table
    half = half_of_rows(figure)
    passed = np.zeros(len(table), bool)
    if "q" in table:
        passed = (table["q"] <= ALPHA).to_numpy()
    digits = digits_of(values)
    best = values == values.max()
    cells = []
    for value, is_best, passes, spread in zip(values, best, passed, half):
        cells.append(entry(value, digits, is_best, passes, spread))
    spread = f"({digits + 1})"
    marked = bool(passed.any())
    kind = number_column(values.to_numpy(float), digits, spread, marked)
    return Column(cells, kind)


def is_number(values: pd.Series) -> bool:
    """Whether a column holds numbers."""
    kind = pd.api.types
    return kind.is_numeric_dtype(values) and not kind.is_bool_dtype(values)


def digits_of(values: pd.Series) -> int:
    """How many decimals a column is written with."""
    whole = (values.dropna() % 1 == 0).all()
    return 0 if whole else 3


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
    text = f"{value:.{digits}f}"
    if best:
        text = rf"\bfseries {text}"
    if np.isfinite(half):
        text += f" +- {half:.{digits}f}"
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
    table = figure.table
    if "q" in table and (table["q"] <= ALPHA).any():
        said.append(f"† adjusted p at most {ALPHA:g} (Benjamini-Hochberg).")
    if "n" in table:
        said += sizes(table["n"].dropna())
    return " ".join(said)


def has_spread(figure: Figure) -> bool:
    """Whether the LaTeX table writes intervals."""
    if is_square(figure):
        return bool(np.isfinite(half_widths(figure)).any())
    return estimate_of(figure) is not None


def sizes(counts: pd.Series) -> list[str]:
    """The smallest and the largest n, in words; nothing where none is known."""
    if counts.empty:
        return []
    low = int(counts.min())
    high = int(counts.max())
    if low == high:
        return [f"n = {low}."]
    return [f"n = {low} to {high}."]


def escape(text: str) -> str:
    """Text in which LaTeX finds nothing to do."""
    return text.translate(LATEX)


TABLES: Mapping[str, Callable[[Figure], str]] = {
    "csv": csv,
    "md": markdown,
    "tex": latex,
}
"""File ending → the table as text."""
