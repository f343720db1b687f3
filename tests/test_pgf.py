"""PGF: set by a LaTeX as it is, harmless whatever the labels say, and a sentence where
it cannot be had.
"""

import subprocess

import numpy as np
import pandas as pd
import pypdf
import pytest

from analysis.core.errors import FigureError
from components.figures.spec import Figure, Matrix
from components.printing import pgf, sheet, venues
from components.printing.venues import Look
from tests.visits import alive, visit, words

LATEX = venues.latex()
PAPER = (
    "\\documentclass{article}\\usepackage{pgf, fontspec}\\setmainfont{NotoSans.ttf}[Path=%s/]"
    "\\begin{document}\\input{a.pgf}\\end{document}"
)
HOSTILE = ("a_b & 100 %", "\\input{x} $", "é → #~^{}")


def drawn(names=HOSTILE):
    """A small heat map with these labels."""
    data = Matrix(
        np.linspace(-1, 1, len(names) ** 2).reshape(len(names), -1),
        names,
        names,
        "cosine",
        (-1.0, 1.0),
        diverging=True,
    )
    return sheet.compose([Figure("f", "f", "", data, pd.DataFrame())], Look())


@pytest.mark.skipif(LATEX is None, reason="no LaTeX is here")
def test_a_paper_takes_it_in_and_its_labels_are_text(tmp_path):
    file = pgf.pgf(drawn())
    assert str(pgf.FOLDER).encode() not in file and b"pgfimage" not in file, (
        "neither folders of this machine nor pictures"
    )
    (tmp_path / "a.pgf").write_bytes(file)
    (tmp_path / "a.tex").write_text(PAPER % pgf.FOLDER)
    told = subprocess.run(
        [LATEX, "-interaction=nonstopmode", "a.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert told.returncode == 0, told.stdout[-1000:]
    text = pypdf.PdfReader(tmp_path / "a.pdf").pages[0].extract_text()
    for said in ("a_b & 100 %", "\\input{x} $", "−1.00", "cosine"):
        assert said in text, said


@pytest.mark.skipif(LATEX is None, reason="no LaTeX is here")
def test_letters_that_latex_would_leave_out_are_said():
    with pytest.raises(FigureError, match="Noto Sans Tamil.*Take codes"):
        pgf.pgf(drawn(("தமிழ்", "b")))


def test_without_a_latex_it_is_a_sentence_and_no_choice(monkeypatch):
    monkeypatch.setattr(venues.shutil, "which", lambda name: None)
    with pytest.raises(FigureError, match="there is none"):
        pgf.pgf(drawn(("a", "b")))
    at = visit("pages/similarity.py", study="bloomz-7.1b")
    at.session_state["print-similarity-bloomz-7.1b"] = True
    alive(at.run())
    assert venues.NO_LATEX in words(at) and "PGF too" not in {
        box.label for box in at.checkbox
    }


def test_with_a_latex_it_can_be_asked_for(monkeypatch):
    monkeypatch.setattr(venues, "latex", lambda: "xelatex")
    monkeypatch.setattr(pgf, "pgf", lambda drawn: b"% drawn")
    at = visit("pages/similarity.py", study="bloomz-7.1b")
    name = "similarity-bloomz-7.1b"
    at.session_state[f"print-{name}"] = True
    alive(at.run())
    alive(at.checkbox(key=f"pgf-{name}").check().run())
    alive(at.button(key=f"draw-{name}").click().run())
    assert {"PDF", "PGF"} <= {
        found.label for found in at.get("download_button")
    } and not at.error
