"""A sheet as PGF, which a paper takes in with ``\\input`` and sets in its typeface.

A LaTeX of this machine measures the texts.
"""

import io
from typing import Any

import matplotlib
from matplotlib.backends import backend_pgf
from matplotlib.text import Text

from analysis.core.errors import FigureError
from components.printing import venues
from components.printing.fonts import FIRST, FOLDER
from components.printing.layout import LOCK
from components.printing.sheet import Sheet

SPECIAL = {char: f"\\{char}" for char in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "−": r"\ensuremath{-}",
    "→": r"\ensuremath{\rightarrow}",
    "≥": r"\ensuremath{\geq}",
    "≤": r"\ensuremath{\leq}",
    "‖": r"\ensuremath{\Vert}",
}
HEAD = (
    "%% \\input this file into a paper; needs \\usepackage{pgf, fontspec} "
    "and XeLaTeX or LuaLaTeX.\n"
)


def escaped(text: str) -> str:
    """Text in which LaTeX finds nothing to do, so that a label runs no command."""
    return "".join(SPECIAL.get(char, char) for char in text)


def pgf(sheet: Sheet) -> bytes:
    """The sheet as PGF.

    FigureError without a LaTeX, and for letters that the one typeface of a paper would
    leave out silently.
    """
    found = venues.latex()
    if found is None:
        raise FigureError(venues.NO_LATEX)
    texts = sheet.canvas.findobj(Text)
    refuse_other_letters(sheet, texts)
    for text in texts:
        if text.get_va() == "center_baseline":  # pyright: ignore[reportAttributeAccessIssue]
            # Other texts stay anchored where they should end, however wide the
            # paper's typeface is.
            text.set_va("center")  # pyright: ignore[reportAttributeAccessIssue]
    written = measured_by(found, sheet)
    # The comments on top tell where the typefaces lie on this machine.
    return (HEAD + written[written.index("\\begingroup") :]).encode()


def refuse_other_letters(sheet: Sheet, texts: list[Text]) -> None:
    """FigureError for letters that the paper's typeface need not have."""
    letters = set()
    for text in texts:
        letters |= set(text.get_text()) - SPECIAL.keys()
    plain = "".join(sorted(letters))
    others = [name for name in sheet.typefaces.needed(plain) if name != FIRST]
    if others:
        raise FigureError(
            "PGF is set in the typeface of the paper, which need not have the letters "
            f"of {', '.join(others)}, and LaTeX leaves out what it lacks. Take codes or "
            "English names as labels, or the PDF."
        )


def measured_by(latex: str, sheet: Sheet) -> str:
    """The sheet as this LaTeX measures it; FigureError where it fails."""
    folder = f"\\detokenize{{{FOLDER.as_posix()}/}}"
    preamble = f"\\usepackage{{fontspec}}\\setmainfont{{NotoSans.ttf}}[Path={folder}]"
    settings: Any = {
        "pgf.texsystem": latex,
        "pgf.rcfonts": False,
        "pgf.preamble": preamble,
    }
    buffer = io.StringIO()
    # Settings belong to the process, and so does the LaTeX that measures; sessions
    # are threads.
    with LOCK, matplotlib.rc_context(settings):
        try:
            sheet.canvas.savefig(buffer, format="pgf")
        except (backend_pgf.LatexError, OSError, RuntimeError) as error:
            raise FigureError(
                f"{latex} on this server cannot measure the texts ({str(error)[:120]}). "
                "Take the PDF."
            ) from error
    return buffer.getvalue()


# Matplotlib takes every label for LaTeX; its version is pinned.
backend_pgf._tex_escape = escaped
