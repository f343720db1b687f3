"""The Alignment page about sentences without a browser: planted ones, none, the form."""

import pytest

from analysis.sentences import shelf
from analysis.study import library
from analysis.worker.service import DONE
from components.frame import cache
from tests.planted_sentences import parallel_text, stored_sentences
from tests.stored import stored
from tests.visits import (
    PAGES,
    alive,
    asked,
    button,
    everything,
    figures,
    visit,
    words,
)

pytestmark = pytest.mark.usefixtures("fresh")

PAGE = "pages/alignment.py"
LAYERS = "Translations found in English over layers (P@1)"


def test_a_study_of_sentences_shows_them_at_once(home):
    stored_sentences("planted")
    at = visit(PAGE, study="planted")
    assert len(figures(at)) == 2, "the answer, and what the open tab shows"
    said, shown = everything(at)
    assert not at.error and not at.warning
    for title, told in {
        LAYERS: ("Mean over 2 languages", "n = 59 to 60", "Largest at layer 2"),
        "Translations by language and layer: found in English": (
            "guessing finds 0.017",
        ),
        "Translations found in English at the first try (P@1)": (
            "Wilson, over sentences",
        ),
        "Alignment with English (MEXA, mean over layers)": ("Student, over sentences",),
        "Translations found between every two languages (P@1)": ("looked up from",),
    }.items():
        assert all(part in shown[title]["caption"] for part in told), (
            title,
            shown[title]["caption"],
        )
    assert len(shown) == 5 and "“Language vector”" in said
    assert "of sentences find their translation into English at the first try" in said


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_with_a_study_of_sentences_alone(home, page):
    stored_sentences("planted")
    at = visit(page, study="planted")
    assert not at.error, [each.value for each in at.error]


def test_choices_change_the_figures_and_are_in_the_link(home):
    stored_sentences("planted")
    query = {
        "sentence-reading": "weighted mean",
        "sentences-into": "zh",
        "sentence-layer": "3",
        "sentence-criterion": "CSLS",
    }
    shown = {}
    for tab in (
        {"tab": "map", "sentence-measure": "mexa"},
        {"tab": "mexa", "mexa-pool": "largest"},
    ):
        at = visit(PAGE, study="planted", **query, **tab)
        for key, value in (query | tab).items():
            assert asked(at)[key] == [value] and at.session_state[key] == value
        shown |= figures(at)
    title = "Translations found in Chinese at the first try (P@1)"
    assert "layer 3; CSLS (10 neighbours)" in shown[title]["caption"]
    assert "the n-th counted n times" in shown[title]["caption"]
    assert "Translations by language and layer: MEXA" in shown
    assert "Alignment with Chinese (MEXA, largest of all layers)" in shown


@pytest.mark.parametrize("name", ["demo", "llama2-chat-7b", "complete"])
def test_a_study_without_sentences_says_what_to_do(home, name):
    stored("complete")
    at = visit(PAGE, study=name, align="sentences")
    assert "has no parallel sentences. " in words(at)
    assert "Give the same sentences in several" in words(at)
    assert not figures(at) and not at.error
    assert asked(at)["align"] == ["sentences"]


def test_a_study_of_words_begins_with_words(home):
    at = visit(PAGE, study="demo")
    assert at.selectbox(key="align").value == "words" and "align" not in asked(at)


def test_the_form_looks_reads_and_opens_the_new_study(home, tiny_models):
    shelf.keep(parallel_text(12))
    at = visit(PAGE, study="complete" if stored("complete") else "", align="sentences")
    alive(at.segmented_control(key="sentences-origin").select("this server").run())
    digest = parallel_text(12).digest
    alive(at.number_input(key=f"sentences-most-{digest}").set_value(8).run())
    alive(at.radio(key="sentences-target").set_value("a new study").run())
    alive(at.selectbox(key="draft-model").select("llama").run())
    alive(at.text_input(key="sentences-layers").input("1 3").run())
    told = [code.value for code in at.code if "babelscope sentences" in code.value]
    assert "--layers 1 3" in told[0] and "--model llama" in told[0]
    for label, after in (("Check", "On disk"), ("Read", "Open its alignment")):
        button(at, label).click()
        alive(at.run())
        job = list(cache.service().jobs.values())[-1]
        assert job.finished.wait(60) and job.state == DONE, job.error
        alive(at.run())
        said = [metric.label for metric in at.metric]
        links = [one.proto.label for one in at.get("page_link")]
        assert after in (*said, *links), (said, links, words(at))
    study = library.open_by_name(job.result)
    assert study.sentences.layers == (1, 3) and len(study.sentences.ids) == 8


def test_one_layer_is_not_asked_for_layers(home):
    at = visit(PAGE, study="gemma-3-270m", align="sentences")
    labels = [tab.label for tab in at.tabs]
    assert labels[0] == "Does training data decide?" and len(labels) == 4
    assert "Best: es" in words(at) and len(figures(at)) == 2
