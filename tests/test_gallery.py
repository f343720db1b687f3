"""The gallery: every figure of every page from a study, without a browser."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from analysis.core import settings
from analysis.core.errors import SpecError
from analysis.overview import registry
from analysis.study import library
from components.figures import gallery
from components.figures.gallery import FIGURES, draw, names
from components.figures.spec import Figure
from components.frame.shell import MENU
from components.paperpack import cited, manuscript, of_gallery, recipes
from components.printing.sheet import compose
from components.printing.venues import Look
from tests.planted_card import plant_card
from tests.planted_pushing import Planted, stored_trial
from tests.planted_sentences import stored_sentences
from tests.planted_trials import plant_crossings, plant_forcing
from tests.speaking import finished
from tests.stored import LANGUAGES, stored

ROOT = Path(__file__).parent.parent
PRINTED = "llama2-chat-7b"
STUDIES = (PRINTED, "words-llama2-13b", "demo", "complete", "sentences")
NO_FIGURE = ("Extract", "Figures")
"""Pages that make studies and that keep figures of other pages."""
CARRIES_OVER = {
    "pushing": "pushing",
    "reading and pushing": "pushing",
    "doses": "pushing",
    "certificate": "Certificate of invariance",
    "recognised or acted on": "refusing",
    "harm recognised across languages": "refusing",
    "refusal pushed across languages": "refusing",
    "sentence alignment": "sentence-alignment",
    "mexa pooled": "sentence-alignment",
    "patching": "patching",
    "latent language": "latent-language",
    "forcing": "language-forcing",
    "best forcing": "language-forcing",
    "plane classes": "plane classes",
    "plane countries": "plane countries",
    "language or country named": "naming",
    "plane choice": "plane choice",
    "plane models": "plane models",
    "report card": "report-card",
}
"""What asks whether a direction carries over, and what the docs call it in a heading."""
HEADINGS = tuple(
    line
    for line in (ROOT / "docs" / "analyses.md").read_text("utf-8").splitlines()
    if line.startswith("## ")
)
ASKED = ("playground", "playground-cost")
"""Figures that ask the study's model."""


def demo():
    """The demo study."""
    return library.open_by_name("demo")


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A home with a study of one's own and a control run on it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BABELSCOPE_HOME", str(tmp_path_factory.mktemp("gallery")))
        folder = stored("complete")
        plant_crossings(folder)
        plant_card(folder)
        same = np.ones((len(LANGUAGES), len(LANGUAGES)))
        stored_trial(folder, Planted(same, languages=LANGUAGES))
        plant_forcing(stored_sentences("sentences"))
        finished(library.open_by_name("complete"))
        yield settings.home()


@pytest.fixture
def home(kept, monkeypatch):
    """That home."""
    monkeypatch.setenv("BABELSCOPE_HOME", str(kept))


def test_every_page_has_a_figure_called_like_it():
    pages = [entry.title for entry in MENU if entry.title not in NO_FIGURE]
    for page in pages:
        assert FIGURES[page.lower()].page == page
    assert {entry.page for entry in FIGURES.values()} == set(pages)
    assert all(entry.says.endswith(".") for entry in FIGURES.values())


def can_be_drawn(study):
    """Figures of a study; its model may not be here, and a comparison needs another."""
    absent = ASKED if study.name == "complete" else ()
    return [name for name in names(study) if name not in ("studies", *absent)]


@pytest.mark.parametrize("name", [name for name in STUDIES if name != "demo"])
def test_every_figure_of_a_study_is_drawn(home, name):
    study = library.open_by_name(name)
    for figure in can_be_drawn(study):
        drawn = draw(study, figure)
        assert isinstance(drawn, Figure) and drawn.caption and len(drawn.table), figure


def study_of(figure):
    """A study that has what a figure needs."""
    for name in STUDIES:
        study = library.open_by_name(name)
        if figure in can_be_drawn(study):
            return study
    raise AssertionError(f"no study has {figure}")


def test_every_figure_is_of_an_analysis_and_the_other_way_round():
    claimed = [figure for each in registry.ANALYSES for figure in each.figures]
    assert len(claimed) == len(set(claimed)) and set(claimed) <= set(FIGURES)
    # One more order of the rows of another figure.
    assert set(FIGURES) - set(claimed) == {"recognition-order"}


@pytest.mark.parametrize("name", CARRIES_OVER)
def test_what_carries_over_is_told_cited_kept_and_printed(home, name):
    """One record each: methods sentences, citation, recipe, print, and the docs."""
    record = registry.find(name)
    assert any(CARRIES_OVER[name] in heading for heading in HEADINGS)
    assert record.figures
    for figure in record.figures:
        made = of_gallery.recipe_of(study_of(figure), figure)
        assert cited.analysis_of(made) is record
        told = manuscript.methods(made)
        for statistic in record.tests:
            assert statistic.sentence in told
        assert set(record.works) <= set(cited.works_of(made))
        assert all(key in told for key in record.works)
        again = recipes.read(recipes.write(made), figure)
        assert again.digest == made.digest
        assert compose([again.figure], Look("ACL, full width")).readable


@pytest.mark.parametrize("name", ASKED)
def test_the_model_is_asked_for_the_playground(home, name):
    drawn = draw(demo(), name, points="3", prompt="the judge")
    assert drawn.caption.startswith("“the judge” under concept vector")
    assert drawn.table["strength"].tolist()[1] == 0


def test_no_figure_is_left_undrawn(home):
    drawn = {"studies"}
    for name in STUDIES:
        drawn |= set(can_be_drawn(library.open_by_name(name)))
    assert drawn == set(FIGURES)


def test_two_studies_are_compared(home):
    figure = draw(library.open_by_name(PRINTED), "studies", other="qwen-chat-7b")
    assert "common languages" in figure.caption
    with pytest.raises(SpecError, match="which study to compare with: .*demo"):
        draw(library.open_by_name(PRINTED), "studies")


def test_printed_rates_and_a_run_are_one_figure(home):
    printed = draw(library.open_by_name(PRINTED), "control")
    computed = draw(library.open_by_name("complete"), "control")
    assert printed.source == "Published, Xu et al. 2024, Table 2."
    assert computed.source == "Computed by Babelscope from planted."


def test_no_figure_needs_a_browser(home):
    """Nor a drawing library; only the Playground's ask a model."""
    code = (
        "import sys\n"
        "from analysis.study import library\n"
        "from components.figures.gallery import FIGURES, draw\n"
        "study = library.open_by_name('demo')\n"
        f"for name in {[name for name in can_be_drawn(demo()) if name not in ASKED]}:\n"
        "    draw(study, name)\n"
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
    assert gallery.FIGURES["similarity"].options["clustered"].default is False
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
        ("control", {}, "no control run and no printed rates"),
        ("layers", {"way": "PCB"}, "Did you mean “PCA”"),
        ("layers", {"layer": "99"}, "There is no layer 99"),
        ("agreement-map", {"vector": "locale"}, "Did you mean “local”"),
        ("plane", {"mode": "French"}, "Unknown steering"),
        ("plane", {"shown": "some"}, "choice of items"),
        ("alignment", {"embedding": "first token"}, "embedding"),
        ("alignment", {"target": "xx"}, "language"),
        ("alignment-pairs", {"stage": "during"}, "stage"),
        ("alignment-kinds", {"control": "up-sampled"}, "Did you mean “down-sampled”"),
        ("cloud", {"source": "en"}, "language"),
        ("playground", {"concept": "beauty"}, "concept"),
        ("playground", {"language": "xx"}, "language"),
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
