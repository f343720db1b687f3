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
from tests.visits import after_jobs, alive, asked, button, figures, visit, words

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


def ran(at):
    """The page after Run."""
    button(at, "Run").click().run()
    return after_jobs(at)


def picked(at, key: str, value: float) -> None:
    """Choose one of the pills of this key."""
    (pills,) = [one for one in at.get("button_group") if one.key == key]
    pills.set_value(f"{value:g}").run()


def said(at) -> list[str]:
    """The texts of all answers on the page."""
    found = []
    for node in at.main:
        if node.type == "bidi_component" and "tokens" in node.proto.json:
            shown = json.loads(node.proto.json)
            found.append("".join(token["text"] for token in shown["tokens"]))
    return found


def test_recorded_answers_are_there_on_opening_without_a_model():
    at = visit(PAGE, study="told")
    seen = words(at)
    assert "**Baseline** · recorded" in seen
    assert "Steered, strength 1** · recorded" in seen
    assert "Random twin, strength 1** · recorded" in seen
    assert said(at) == ["the judge rests", "the judge is kind 1", "the judge is odd 1"]
    # What was asked, of which vector, and by what it was answered.
    assert "the judge" in seen and "concept vector care en" in seen and "llama" in seen
    assert not [spec for spec in cache.service().pool.loaded if spec.model == "llama"]
    assert not at.error and not at.warning


def test_a_study_without_them_shows_nothing_of_the_kind():
    at = visit(PAGE, study="bare")
    assert "ecorded" not in words(at) and "Nothing was asked yet" in words(at)


def test_turns_prompts_and_strengths_are_chosen_by_the_one_set_of_controls():
    at = visit(PAGE, study="told")
    at.selectbox(key="play-preset").select("recorded: Towards nowhere").run()
    assert "Does not work: it repeats itself." in words(at)
    picked(at, "recorded-strength", 2.0)
    assert at.number_input(key="play-strength").value == 2.0
    at.selectbox(key="recorded-prompt").select("the cook").run()
    assert at.text_area(key="play-prompt").value == "the cook"
    assert said(at)[1:] == ["the cook is kind 2", "the cook is odd 2"]
    assert "Steered, strength 2** · recorded" in words(at)
    assert not at.exception and not at.error


def test_a_number_or_a_prompt_that_was_recorded_shows_it_however_it_is_entered():
    at = visit(PAGE, study="told")
    at.number_input(key="play-strength").set_value(2.0).run()
    assert said(at)[1] == "the judge is kind 2"
    at.text_area(key="play-prompt").set_value("the cook").run()
    assert said(at)[1] == "the cook is kind 2"


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("number_input", "play-strength", 1.5),
        ("text_area", "play-prompt", "the sailor"),
        ("multiselect", "play-set", [2]),
        ("number_input", "play-seed", 3),
        ("selectbox", "play-vector", "fr"),
    ],
)
def test_what_was_not_recorded_is_told_and_the_answers_before_stay(kind, key, value):
    at = visit(PAGE, study="told")
    getattr(at, kind)(key=key).set_value(value).run()
    assert "These settings were not recorded. Press Run" in words(at)
    assert said(at)[1] == "the judge is kind 1"
    assert not [job for job in cache.service().jobs.values() if job.title == "Answers"]


def test_other_prompts_are_told_that_settings_were_chosen_on():
    at = visit(PAGE, study="told", tab="chosen")
    assert "the clerk" in words(at)
    tables = [frame.value for frame in at.dataframe]
    assert any("random twin" in table.to_string() for table in tables)
    assert any("layers 1, 2" in table.to_string() for table in tables)


def test_the_recorded_curve_is_there_before_one_is_measured():
    at = visit(PAGE, study="told")
    assert {"Effect, recorded", "Cost, recorded"} <= set(figures(at))


def test_run_computes_live_at_the_recorded_settings():
    at = visit(PAGE, study="told")
    at.selectbox(key="recorded-prompt").select("the cook").run()
    draft = json.loads(asked(at)["play"][0])
    assert draft["prompt"] == "the cook" and draft["set"] == [1, 2]
    at = ran(at)
    left = at.session_state["play-got-answers"]
    labels = [reply.ask.label for reply in left.answer]
    assert labels == ["Baseline", "Strength 0", "Steered"]
    (term,) = left.answer[2].ask.steering.terms
    assert (term.layers, term.strengths, term.source.study) == ((1, 2), (1.0,), "told")
    assert "· recorded" not in words(at) and not at.exception


def test_a_vector_that_was_recorded_brings_its_strength_and_layers():
    at = visit(PAGE, study="told")
    at.selectbox(key="play-concept").select("fairness").run()
    at.number_input(key="play-strength").set_value(0.3).run()
    at.multiselect(key="play-set").set_value([3]).run()
    at.selectbox(key="play-concept").select("care").run()
    assert at.number_input(key="play-strength").value == 1.0
    assert at.multiselect(key="play-set").value == [1, 2]


def test_a_model_that_is_not_here_is_told_with_the_shortest_way(monkeypatch):
    monkeypatch.setattr("components.forms.model_here.FETCHED", ("gone",))
    spec = {"spec": {"model": {"model": "gone", "device": "cpu"}}}
    folder = stored("gone", PLANTED, title="Gone", **spec)
    store.put_recordings(folder, recordings(turn()))
    at = visit(PAGE, study="gone")
    assert said(at)[1] == "the judge is kind 1"
    assert button(at, "Run").disabled
    assert "babelscope model fetch gone" in [code.value for code in at.code]


def test_another_study_begins_with_its_own_example():
    at = visit(PAGE, study="told")
    at.selectbox(key="study").select("bare").run()
    assert at.text_area(key="play-prompt").value and not at.warning
    assert "recorded" not in asked(at).get("play", [""])[0]
    at.selectbox(key="study").select("told").run()
    assert said(at)[1] == "the judge is kind 1" and not at.warning


def test_a_draft_is_there_again_when_its_study_is():
    at = visit(PAGE, study="bare")
    at.text_area(key="play-prompt").set_value("a word of my own").run()
    at.number_input(key="play-strength").set_value(7.0).run()
    at.selectbox(key="study").select("told").run()
    assert at.text_area(key="play-prompt").value != "a word of my own"
    at.selectbox(key="study").select("bare").run()
    assert at.text_area(key="play-prompt").value == "a word of my own"
    assert at.number_input(key="play-strength").value == 7.0 and not at.warning


def test_earlier_runs_come_back_with_their_settings_and_go_forth_again():
    at = visit(PAGE, study="told")
    at = ran(at)
    first = said(at)
    at.number_input(key="play-strength").set_value(40.0).run()
    at = ran(at)
    second = said(at)
    assert "Run 2 of 2" in words(at) and second != first
    at = alive(button(at, "Earlier run").click().run())
    assert said(at) == first and "Run 1 of 2" in words(at)
    assert at.number_input(key="play-strength").value == 1.0
    assert "earlier settings" not in words(at)
    at = alive(button(at, "Later run").click().run())
    assert said(at) == second
    assert json.loads(asked(at)["play"][0])["strength"] == 40.0


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
    assert any(HOSTILE in option for option in at.selectbox(key="play-preset").options)
    markdown = [node.value for node in at.markdown] + [c.value for c in at.caption]
    told = "\n".join(markdown).replace("\\<img", "")
    assert "![x]" not in told and "<img" not in told
    assert not at.exception
