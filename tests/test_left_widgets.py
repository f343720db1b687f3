"""What was chosen on a page is there again after another page was looked at."""

import pytest

from tests.visits import alive, visit, words

pytestmark = pytest.mark.usefixtures("fresh")

EXTRACT, STUDIES = "pages/extract.py", "pages/studies.py"


def test_choices_of_extract_outlive_a_look_at_another_page(home):
    at = visit(EXTRACT)
    alive(at.selectbox(key="draft-dtype").select("bfloat16").run())
    alive(at.selectbox(key="draft-last").select("normed").run())
    alive(at.number_input(key="draft-seed").set_value(7).run())
    alive(at.text_input(key="draft-title").set_value("My study").run())
    concepts = next(each for each in at.multiselect if each.label == "Concepts")
    alive(concepts.set_value(concepts.options[:2]).run())
    alive(at.switch_page(STUDIES).run())
    assert "draft-dtype" not in at.session_state, "Streamlit forgets it"
    alive(at.switch_page(EXTRACT).run())
    assert at.selectbox(key="draft-dtype").value == "bfloat16"
    assert at.selectbox(key="draft-last").value == "normed"
    assert at.number_input(key="draft-seed").value == 7
    assert at.text_input(key="draft-title").value == "My study"
    chosen = next(each for each in at.multiselect if each.label == "Concepts")
    assert chosen.value == concepts.options[:2]


def test_a_title_follows_the_model_until_one_is_typed(home):
    at = visit(EXTRACT)
    alive(at.selectbox(key="draft-model").select("another, by hub id").run())
    alive(at.text_input(key="draft-hub").set_value("someone/tiny").run())
    assert at.text_input(key="draft-title").value.startswith("tiny on ")
    alive(at.text_input(key="draft-title").set_value("Mine").run())
    alive(at.text_input(key="draft-hub").set_value("someone/other").run())
    assert at.text_input(key="draft-title").value == "Mine"


def test_a_file_must_be_chosen_again_and_is_named(home):
    at = visit(EXTRACT)
    alive(at.button_group(key="draft-origin").set_value("a file").run())
    rows = (
        b"pair,concept,language,positive,negative\n1,fair,en,It is fair.,It is not.\n"
    )
    alive(at.file_uploader(key="draft-file").upload("mine.csv", rows).run())
    alive(at.switch_page(STUDIES).run())
    alive(at.switch_page(EXTRACT).run())
    assert at.button_group(key="draft-origin").value == "a file"
    assert "mine.csv must be chosen again" in words(at)
