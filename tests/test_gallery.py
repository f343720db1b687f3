"""The gallery: every figure of every page from a study, without a browser."""

import subprocess
import sys
from pathlib import Path

import pytest

from analysis.core.errors import SpecError
from analysis.study import library
from components.figures import gallery
from components.figures.gallery import FIGURES, draw, names
from components.figures.spec import Figure
from components.frame.shell import MENU

ROOT = Path(__file__).parent.parent
PRINTED = "llama2-chat-7b"
PAGES = (
    "Overview",
    "Recognition",
    "Similarity",
    "Transfer",
    "Alignment",
    "Layers",
    "Plane",
)


def test_every_page_has_a_figure_called_like_it():
    assert set(PAGES) <= {entry.title for entry in MENU}
    for page in PAGES:
        assert FIGURES[page.lower()].page == page
    assert {entry.page for entry in FIGURES.values()} == set(PAGES)
    assert all(entry.says.endswith(".") for entry in FIGURES.values())


@pytest.mark.parametrize("name", [PRINTED, "words-llama2-13b", "demo"])
def test_every_figure_of_a_study_is_drawn(home, name):
    study = library.open_by_name(name)
    for figure in names(study):
        drawn = draw(study, figure)
        assert isinstance(drawn, Figure) and drawn.caption and len(drawn.table), figure


def test_a_figure_needs_no_browser(home):
    """Neither Streamlit nor a drawing library is loaded by any of them."""
    code = (
        "import sys\n"
        "from analysis.study import library\n"
        "from components.figures.gallery import draw\n"
        f"draw(library.open_by_name('{PRINTED}'), 'transfer')\n"
        "names = ('streamlit', 'plotly', 'matplotlib', 'torch')\n"
        "print([name for name in names if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_options_are_read_from_text_and_change_the_figure(home):
    study = library.open_by_name("demo")
    assert draw(study, "similarity", layer="2").data.start == 1
    one = draw(study, "transfer", concepts=study.concepts[0], labels="English name")
    assert "English" in one.data.rows
    style = {"order": "name", "labels": "English name"}
    by_name = draw(study, "transfer", convention="paper", **style)
    assert by_name.data.rows == tuple(sorted(by_name.data.rows))
    assert "test pairs" in by_name.caption or "optimistic" in by_name.caption
    assert gallery.FIGURES["similarity"].options["clustered"] is False
    assert draw(study, "similarity", clustered="yes").data.frames == ()


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("transfr", {}, "Did you mean “transfer”"),
        ("transfer", {"convntion": "paper"}, "Did you mean “convention”"),
        ("transfer", {"convention": "papers"}, "Did you mean “paper”"),
        ("transfer", {"order": "size"}, "order of languages"),
        ("transfer", {"labels": "flag"}, "label style"),
        ("similarity", {"layer": "middle"}, "layer is a number"),
        ("similarity", {"layer": 99}, "There is no layer"),
        ("similarity", {"clustered": "maybe"}, "value of clustered"),
        ("transfer-layers", {"source": "xx"}, "language"),
        ("transfer", {"concepts": "beauty"}, "concept"),
    ],
)
def test_what_is_not_to_be_had_is_a_sentence(home, name, options, said):
    with pytest.raises(SpecError, match=said):
        draw(library.open_by_name("demo"), name, **options)


def test_a_study_says_what_it_lacks_and_what_it_can_show(home):
    study = library.open_by_name(PRINTED)
    with pytest.raises(
        SpecError, match="has no pair scores, which the figure"
    ) as found:
        draw(study, "transfer-layers")
    assert "It can show: overview, recognition" in str(found.value)
