"""Recorded answers on the Playground: seen at once, told apart, and taken over."""

import json

import pytest

from analysis.study import library, store
from analysis.study.recordings import RECORDED
from components.frame import cache
from tests.planted import planted_study
from tests.recorded_answers import recordings, turn
from tests.stored import HOSTILE, stored
from tests.tiny import HIDDEN, LAYERS
from tests.visits import asked, button, visit, words

PAGE = "pages/playground.py"
LLAMA = {"spec": {"model": {"model": "llama", "device": "cpu"}}}
PLANTED = planted_study(("fairness", "care"), ("en", "fr"), (LAYERS, 24, HIDDEN))


@pytest.fixture(autouse=True)
def studies(fresh, tiny_models):
    """One study with recorded answers, and one without."""
    folder = stored("told", PLANTED, title="Told", **LLAMA)
    both = recordings(turn(), turn("Towards nowhere", works=False))
    store.put_recordings(folder, both)
    stored("bare", PLANTED, title="Bare", **LLAMA)


def said(at) -> list[str]:
    """The texts of all answers on the page."""
    found = []
    for node in at.main:
        if node.type == "bidi_component":
            shown = json.loads(node.proto.json)
            found.append("".join(token["text"] for token in shown["tokens"]))
    return found


def test_recorded_answers_are_there_on_opening_without_a_model():
    at = visit(PAGE, study="told")
    seen = words(at)
    assert "Recorded answers" in seen and "**Baseline** · recorded" in seen
    assert "Random twin, strength 1** · recorded" in seen
    assert "concept vector care en" in seen and "llama" in seen
    assert "Nothing was asked yet" in seen
    assert not [spec for spec in cache.service().pool.loaded if spec.model == "llama"]
    assert not at.error


def test_a_study_without_them_shows_nothing_of_the_kind():
    seen = words(visit(PAGE, study="bare"))
    assert "ecorded" not in seen and "Try it yourself" not in seen


def test_turns_prompts_and_strengths_are_chosen():
    at = visit(PAGE, study="told")
    at.selectbox(key="recorded-turn").select("Towards nowhere").run()
    assert "Does not work: it repeats itself." in words(at)
    at.select_slider(key="recorded-strength-Towards nowhere").set_value(2.0).run()
    at.selectbox(key="recorded-prompt").select("the cook").run()
    seen = words(at)
    assert "Steered, strength 2** · recorded" in seen
    assert not at.exception and not at.error


def test_other_prompts_are_told_that_settings_were_chosen_on():
    at = visit(PAGE, study="told")
    assert "the clerk" in words(at)
    tables = [frame.value for frame in at.dataframe]
    assert any("random twin" in table.to_string() for table in tables)
    assert any("layers 1, 2" in table.to_string() for table in tables)


def test_settings_are_taken_over_and_run_computes_live():
    at = visit(PAGE, study="told")
    at.selectbox(key="recorded-prompt").select("the cook").run()
    button(at, "Use these settings below").click().run()
    draft = json.loads(asked(at)["play"][0])
    assert draft["prompt"] == "the cook" and draft["set"] == [1, 2]
    assert at.text_area(key="play-prompt").value == "the cook"
    for job in list(cache.service().jobs.values()):
        assert job.finished.wait(60)
    loaded = [spec.model for spec in cache.service().pool.loaded]
    assert "llama" in loaded  # while the settings were looked at
    button(at, "Run").click().run()
    for job in list(cache.service().jobs.values()):
        assert job.finished.wait(60)
    at.run()
    replies = at.session_state["play-got-answers"].answer
    labels = [reply.ask.label for reply in replies]
    assert labels == ["Baseline", "Strength 0", "Steered", "Random twin"]
    assert "Recorded answers" in words(at) and not at.exception


def test_a_damaged_file_is_said_and_the_rest_of_the_page_stays():
    folder = library.own_folder("told")
    entry = store.write_entry(folder / RECORDED, b"{}", ())
    manifest = store.read_manifest(folder).with_file(RECORDED, entry)
    store.put_manifest(folder, manifest)
    at = visit(PAGE, study="told")
    assert "recorded answers of told are damaged" in words(at)
    assert button(at, "Run")


def test_words_from_a_file_are_shown_as_they_are():
    folder = library.own_folder("told")
    store.put_recordings(folder, recordings(turn(HOSTILE)))
    at = visit(PAGE, study="told")
    assert at.selectbox(key="recorded-turn").options == [HOSTILE]
    markdown = [node.value for node in at.markdown] + [c.value for c in at.caption]
    assert not any("![x]" in text or "<img" in text for text in markdown)
    assert not at.exception
