"""The tab on pushing: its triangles where they are computed, else how to compute them."""

import numpy as np
import pytest

from analysis.concepts.specs import CONVENTIONS
from analysis.overview import findings
from analysis.overview.finding import NONE, STRONG
from analysis.overview.on_pushing import pushed
from analysis.pushing.specs import NAME
from analysis.study import store
from tests.planted_pushing import Planted, pushed_study, stored_trial
from tests.stored import LANGUAGES, stored
from tests.visits import alive, asked, figures, visit

HONEST = CONVENTIONS["honest"]
SIZE = len(LANGUAGES)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A kept study in a home of its own."""
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))
    return stored("pushed")


def shown(at) -> str:
    """All words of a page."""
    blocks = [*at.markdown, *at.caption, *at.info]
    return "\n".join(str(block.value) for block in blocks)


def test_the_tab_shows_both_triangles_and_one_cell(folder):
    carried = np.ones((SIZE, SIZE))
    carried[2, 0] = 0.0
    stored_trial(folder, Planted(carried, languages=LANGUAGES, noise=0.1))
    at = visit("pages/transfer.py", study="pushed", tab="push")
    words = shown(at)
    assert "When you push, a vector of another language moves" in words
    assert "pushed after block 2 of 4, which was not chosen on the results" in words
    assert len(figures(at)) == 3, "the page's triangle, and one of either kind"
    at.session_state["pushings"] = "Where do the two part?"
    assert "ta → zh" in shown(alive(at.run()))
    at.session_state["pushings"] = "From one language to another?"
    words = shown(alive(at.run()))
    assert "zh vector pushed in en" in words
    assert "likelier at" in words
    assert asked(at)["pushing"] == ["cell"]
    at = visit("pages/transfer.py", study="pushed", tab="push", push="0")
    assert at.selectbox(key="push").value == "0"
    assert "When you push" in shown(at)


def test_a_link_to_a_cell_opens_it_and_leaves_other_tabs_open_to_the_reader(folder):
    stored_trial(folder, Planted(np.ones((SIZE, SIZE)), languages=LANGUAGES))
    at = visit("pages/transfer.py", study="pushed", tab="push", **{"pushed-to": "fr"})
    assert "pushed in fr" in shown(at)
    at.session_state["pushings"] = "As far as by reading?"
    assert "pushed in fr" not in shown(alive(at.run()))


def test_folds_of_a_page_and_of_its_tab_have_names_of_their_own(folder):
    stored_trial(folder, Planted(np.ones((SIZE, SIZE)), languages=LANGUAGES))
    at = visit("pages/transfer.py", study="pushed", tab="push")
    labels = [each.label for each in at.expander]
    assert "How pushing is computed" in labels and "How this is computed" in labels
    assert len(labels) == len(set(labels))


def test_without_it_the_tab_says_what_it_would_show_and_how_to_compute_it(folder):
    at = visit("pages/transfer.py", study="pushed", tab="push")
    assert "Shows how far each language's vector moves" in shown(at)
    assert any("Random directions" in each.label for each in at.number_input)


def test_the_overview_says_what_carries_over(folder):
    stored_trial(folder, Planted(np.ones((SIZE, SIZE)), languages=LANGUAGES))
    study = store.open_study(folder)
    assert NAME in findings.abouts(study)
    found = findings.finding(study, HONEST, NAME)
    assert found.strength == STRONG and "20 of 20 pairs" in found.sentence
    assert (
        "5 of 5 languages are seen to be moved by their own vector" in found.statistics
    )
    assert found.picture is not None and found.picture.values.tolist() == [100, 100]
    found = pushed(pushed_study(Planted(np.eye(SIZE))), HONEST)
    assert found.picture is not None and found.picture.values.tolist() == [100, 0]
    assert found.strength == NONE and "nothing is seen to carry over" in found.sentence


def test_pushes_that_cannot_be_told_are_said_in_words_without_empty_bars():
    found = pushed(pushed_study(Planted(np.zeros((SIZE, SIZE)))), HONEST)
    assert found.strength == NONE and found.picture is None
    assert found.sentence.startswith("When you push by 2 % of a state's length, no")
    assert "0 of 5 languages" in found.statistics and "8 random" in found.statistics
