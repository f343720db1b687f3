"""A sheet as PGF, which a paper takes in with ``\\input`` and sets in its own words: a LaTeX of this machine measures the texts."""

import io

import matplotlib
from matplotlib.backends import backend_pgf
from matplotlib.text import Text

from analysis.core.errors import FigureError
from components.printing import venues
from components.printing.fonts import FIRST, FOLDER
from components.printing.sheet import LOCK, Sheet

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
HEAD = "%% \\input this file into a paper; needs \\usepackage{pgf, fontspec} and XeLaTeX or LuaLaTeX.\n"


def escaped(text: str) -> str:
    """Text in which LaTeX finds nothing to do, so that a label runs no command."""
    return "".join(SPECIAL.get(char, char) for char in text)


def pgf(sheet: Sheet) -> bytes:
    """The sheet as PGF; FigureError without a LaTeX, and for letters that the one typeface of a paper would leave out silently."""
    found = venues.latex()
    if found is None:
        raise FigureError(venues.NO_LATEX)
    texts = sheet.canvas.findobj(Text)
    plain = "".join(
        char for text in texts for char in text.get_text() if char not in SPECIAL
    )
    if others := [name for name in sheet.typefaces.needed(plain) if name != FIRST]:
        raise FigureError(
            f"PGF is set in the typeface of the paper, which need not have the letters of {', '.join(others)}, and LaTeX leaves "
            "out what it lacks. Take codes or English names as labels, or the PDF."
        )
    for text in texts:
        if text.get_va() == "center_baseline":
            # Other texts stay anchored where they should end, however wide the paper's typeface is.
            text.set_va("center")
    typeface = f"\\usepackage{{fontspec}}\\setmainfont{{NotoSans.ttf}}[Path=\\detokenize{{{FOLDER.as_posix()}/}}]"
    buffer = io.StringIO()
    # Settings belong to the process, and so does the LaTeX that measures; sessions are threads.
    with (
        LOCK,
        matplotlib.rc_context(
            {"pgf.texsystem": found, "pgf.rcfonts": False, "pgf.preamble": typeface}
        ),
    ):
        try:
            sheet.canvas.savefig(buffer, format="pgf")
        except (backend_pgf.LatexError, OSError, RuntimeError) as error:
            raise FigureError(
                f"{found} on this server cannot measure the texts ({str(error)[:120]}). Take the PDF."
            ) from error
    # The comments on top tell where the typefaces lie on this machine.
    return (
        HEAD + buffer.getvalue()[buffer.getvalue().index("\\begingroup") :]
    ).encode()


# Matplotlib takes every label for LaTeX; its version is pinned.
backend_pgf._tex_escape = escaped
