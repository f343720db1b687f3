"""Tables as CSV, Markdown and LaTeX."""

from collections.abc import Callable

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
DAGGER = r"$^{\dagger}$"
ALPHA = 0.05
LONG = 50
"""Rows beyond which a table breaks over pages."""


def csv(figure: Figure) -> str:
    """The table twin as comma-separated values."""
    return figure.table.to_csv(index=False)


def markdown(figure: Figure) -> str:
    """The table twin as a Markdown table, with its caption."""
    shown = figure.table.astype(object).where(figure.table.notna(), "")
    cells = [
        [str(name) for name in shown.columns],
        *([number(value) for value in row] for row in shown.values),
    ]
    rows = [
        "| "
        + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row)
        + " |"
        for row in cells
    ]
    return "\n".join(
        [
            rows[0],
            "|" + " --- |" * len(shown.columns),
            *rows[1:],
            "",
            f"{figure.title}. {figure.caption}",
            "",
        ]
    )


def latex(figure: Figure) -> str:
    """The figure's numbers as a LaTeX table: a matrix as a matrix, anything else row by row."""
    head, body, kind = wide(figure) if square(figure) else long(figure)
    lines = [f"    {' & '.join(row)} \\\\" for row in body]
    breaks = len(body) > LONG
    packages = "booktabs, siunitx" + (", longtable" if breaks else "")
    top = f"% \\usepackage{{{packages}}}; labels beyond Latin letters need XeLaTeX or LuaLaTeX and a font that has them."
    words = f"  \\caption{{{escape(f'{figure.title}. {figure.caption} {notes(figure)}'.strip())}}}"
    label = f"  \\label{{tab:{figure.name}}}"
    rows = [
        "    \\toprule",
        f"    {' & '.join(head)} \\\\",
        "    \\midrule",
        *lines,
        "    \\bottomrule",
    ]
    if breaks:
        return "\n".join(
            [
                top,
                f"\\begin{{longtable}}{{{kind}}}",
                f"{words}{label} \\\\",
                *rows,
                "\\end{longtable}",
                "",
            ]
        )
    table = [
        "\\begin{table}[t]",
        "  \\centering",
        f"  \\begin{{tabular}}{{{kind}}}",
        *rows,
        "  \\end{tabular}",
    ]
    return "\n".join([top, *table, words, label, "\\end{table}", ""])


def square(figure: Figure) -> bool:
    """Whether a figure's numbers are one matrix."""
    return isinstance(figure.data, Matrix) and not figure.data.frames


def wide(figure: Figure) -> tuple[list[str], list[list[str]], str]:
    """Head, rows and column types of a matrix; the best of every column is bold, cells that pass the test have a dagger."""
    data: Matrix = figure.data
    best = np.nanmax(
        np.where(np.isfinite(data.values), data.values, -np.inf),
        axis=0,
        initial=-np.inf,
    )
    passed, half = significant(figure), halves(figure)
    body = []
    for i, row in enumerate(data.rows):
        cells = [
            entry(
                value,
                data.digits,
                value == best[j],
                passed is not None and passed[i, j],
                half[i, j],
            )
            for j, value in enumerate(data.values[i])
        ]
        body.append([escape(row), *cells])
    marked = passed is not None and bool(passed.any())
    spread = (
        f"({data.digits + len(str(int(np.nanmax(half))))})"
        if np.isfinite(half).any()
        else ""
    )
    kinds = f"l*{{{len(data.columns)}}}{{{column(data.values, data.digits, spread, marked)}}}"
    return ["", *(f"{{{escape(name)}}}" for name in data.columns)], body, kinds


def significant(figure: Figure) -> np.ndarray | None:
    """Which cells of a matrix pass the corrected test, where its table twin has one row per cell with an adjusted p."""
    table, shape = figure.table, figure.data.values.shape
    if "q" not in table or not table["q"].notna().any() or len(table) != np.prod(shape):
        return None
    # The rows of a table twin are the cells, row by row.
    return (table["q"].to_numpy(float) <= ALPHA).reshape(shape)


def halves(figure: Figure) -> np.ndarray:
    """Half the widths of the intervals of a matrix's cells; NaN where there are none.

    Known where the table twin has one row per cell, with the cell's own number.
    """
    table, values = figure.table, figure.data.values
    estimate = estimate_of(figure)
    if estimate is None or not are_cells(figure, estimate):
        return np.full(values.shape, np.nan)
    low, high = interval_of(figure)
    return ((table[high] - table[low]) / 2).to_numpy(float).reshape(values.shape)


def are_cells(figure: Figure, name: str) -> bool:
    """Whether a column of the table twin holds a matrix's cells, row by row."""
    column, values = figure.table[name].to_numpy(float), figure.data.values.ravel()
    return len(column) == len(values) and np.allclose(column, values, equal_nan=True)


def long(figure: Figure) -> tuple[list[str], list[list[str]], str]:
    """Head, rows and column types of the table twin; an estimate with its interval becomes one column, value ± half its width."""
    table = figure.table.copy()
    estimate = estimate_of(figure)
    if estimate is not None:
        low, high = interval_of(figure)
        half = (table[high] - table[low]) / 2
        passed = table["q"] <= ALPHA if "q" in table else pd.Series(False, table.index)
        top = table[estimate].max()
        table = table.drop(columns=[low, high])
    head, body, kinds = [], [[] for _ in range(len(table))], ""
    for name in table.columns:
        numeric = pd.api.types.is_numeric_dtype(
            table[name]
        ) and not pd.api.types.is_bool_dtype(table[name])
        digits = 0 if numeric and (table[name].dropna() % 1 == 0).all() else 3
        spread = f"({digits + 1})" if name == estimate else ""
        marked = name == estimate and bool(passed.any())
        kinds += (
            column(table[name].to_numpy(float), digits, spread, marked)
            if numeric
            else "l"
        )
        head.append(f"{{{escape(str(name))}}}" if numeric else escape(str(name)))
        for row, (place, value) in zip(body, table[name].items()):
            if name == estimate:
                row.append(
                    entry(value, digits, value == top, bool(passed[place]), half[place])
                )
            else:
                row.append(entry(value, digits) if numeric else escape(str(value)))
    return head, body, kinds


def estimate_of(figure: Figure) -> str | None:
    """The column that the interval belongs to; None where there is no interval."""
    if figure.interval:
        known = figure.table[list(figure.interval)].notna().all(axis=1)
        return figure.estimate if known.any() else None
    if figure.analysis:
        return None
    return guessed_estimate(figure)


def guessed_estimate(figure: Figure) -> str | None:
    """The same for a recipe that does not tell: its estimate lies inside its interval."""
    table = figure.table
    if not {"low", "high"} <= set(table.columns):
        return None
    found = [str(name) for name in table.columns if estimates(table, name)]
    if square(figure):
        found = [name for name in found if are_cells(figure, name)]
    return found[-1] if found else None


def interval_of(figure: Figure) -> tuple[str, str]:
    """The columns with the ends of the interval."""
    if figure.interval:
        low, high = figure.interval
        return low, high
    return "low", "high"


def estimates(table: pd.DataFrame, name: str) -> bool:
    """Whether a column lies between the columns low and high, wherever all three are known."""
    if name in ("low", "high") or not pd.api.types.is_numeric_dtype(table[name]):
        return False
    known = table[[name, "low", "high"]].dropna()
    return bool(
        len(known)
        and (
            (known["low"] <= known[name] + 1e-9) & (known[name] <= known["high"] + 1e-9)
        ).all()
    )


def entry(
    value: float,
    digits: int,
    best: bool = False,
    passed: bool = False,
    half: float = float("nan"),
) -> str:
    """A number of a table: bold where best, with its interval and dagger where it has them; a dash where unknown."""
    if not np.isfinite(value):
        return "{--}"
    spread = f" +- {half:.{digits}f}" if np.isfinite(half) else ""
    return (
        (r"\bfseries " if best else "")
        + f"{value:.{digits}f}{spread}"
        + (DAGGER if passed else "")
    )


def column(
    values: np.ndarray, digits: int, spread: str = "", marked: bool = False
) -> str:
    """The column type that aligns some numbers."""
    known = np.abs(values[np.isfinite(values)])
    before = len(str(int(known.max()))) if known.size else 1
    minus = "-" if (values[np.isfinite(values)] < 0).any() else ""
    room = f", table-space-text-post={{{DAGGER}}}" if marked else ""
    return f"S[table-format={minus}{before}.{digits}{spread}, separate-uncertainty, detect-weight, mode=text{room}]"


def notes(figure: Figure) -> str:
    """What the marks of the LaTeX table mean, and its n."""
    said = ["Bold: largest of its column." if isinstance(figure.data, Matrix) else ""]
    if (
        np.isfinite(halves(figure)).any()
        if square(figure)
        else estimate_of(figure) is not None
    ):
        said.append("±: half the width of the interval.")
    if "q" in figure.table and (figure.table["q"] <= ALPHA).any():
        said.append(f"† adjusted p at most {ALPHA:g} (Benjamini-Hochberg).")
    counts = figure.table["n"].dropna() if "n" in figure.table else ()
    if len(counts):
        low, high = int(min(counts)), int(max(counts))
        said.append(f"n = {low}." if low == high else f"n = {low} to {high}.")
    return " ".join(filter(None, said))


def number(value: object) -> str:
    """A cell of a Markdown table."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def escape(text: str) -> str:
    """Text in which LaTeX finds nothing to do."""
    return "".join(SPECIAL.get(char, char) for char in text)


TABLES: dict[str, Callable[[Figure], str]] = {"csv": csv, "md": markdown, "tex": latex}
"""File ending → the table as text."""
