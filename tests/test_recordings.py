"""Recorded answers in a study: kept whole, packed along, and checked whatever they hold."""

import json
from dataclasses import replace

import pytest

from analysis.core.errors import StudyError
from analysis.study import library, store
from analysis.study.recordings import (
    MOST_BYTES,
    RECORDED,
    as_bytes,
    of_this_study,
    parsed,
    without_study,
)
from tests.recorded_answers import prompt, recordings, turn
from tests.stored import stored


@pytest.fixture
def folder(fresh):
    """A planted study with recorded answers."""
    made = stored("kept")
    store.put_recordings(made, recordings())
    return made


def test_a_study_gives_what_was_kept_and_another_says_that_it_has_none(folder, fresh):
    assert as_bytes(library.open_by_name("kept").recordings) == as_bytes(recordings())
    stored("bare")
    assert library.open_by_name("bare").recordings is None


def test_answers_recorded_anew_take_the_place_of_the_former(folder):
    store.put_recordings(folder, recordings(turn("Another")))
    (only,) = library.open_by_name("kept").recordings.turns
    assert only.title == "Another"


def test_recorded_answers_travel_with_a_packed_study(folder):
    name = library.unpack(library.pack("kept"), "away.babelscope")
    assert as_bytes(library.open_by_name(name).recordings) == as_bytes(recordings())


def test_a_kill_between_file_and_manifest_leaves_a_whole_study(folder, monkeypatch):
    def killed(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "write_entry", killed)
    with pytest.raises(KeyboardInterrupt):
        store.put_recordings(folder, recordings(turn("Another")))
    assert library.open_by_name("kept").recordings is None


def test_a_changed_file_is_refused_when_it_is_added(folder):
    data = (folder / RECORDED).read_bytes()
    (folder / RECORDED).write_bytes(data.replace(b"is kind", b"is fine"))
    with pytest.raises(StudyError, match="SHA-256"):
        library.unpack(library.pack("kept"), "away.babelscope")
    (folder / RECORDED).write_bytes(data[:-9])
    with pytest.raises(StudyError, match="damaged"):
        library.open_by_name("kept")


def changed(**facts: object) -> bytes:
    """The file with other values in its first turn."""
    values = json.loads(as_bytes(recordings()))
    values["turns"][0] |= facts
    return json.dumps(values).encode()


def of_file(**facts: object) -> bytes:
    """The file with other values of its own."""
    return json.dumps(json.loads(as_bytes(recordings())) | facts).encode()


LATER = as_bytes(recordings(turn(), turn("Second"), turn("Third")))
SAYS_NOT = json.loads(as_bytes(recordings()))["turns"][0]["prompts"]
HOSTILE = {
    "no JSON": (b"{", "no JSON"),
    "a list": (b"[]", "must be an object"),
    "nested": (b"[" * 5_000, "nested too deep|no JSON"),
    "no turns": (of_file(turns=[]), "Turns must be 1 to 200"),
    "twice": (of_file(turns=json.loads(as_bytes(recordings()))["turns"] * 2), "differ"),
    "newer": (of_file(schema=2), "Update Babelscope"),
    "no model": (of_file(model={}), "model does not fit"),
    "text for turns": (of_file(turns="x"), "turns must be a list"),
    "own strength": (changed(strength=9.0), "own strength 9"),
    "far": (changed(strength=1e12), "own strength"),
    "no number": (changed(strength="1"), "strength must be a number"),
    "not finite": (
        as_bytes(recordings()).replace(b'"effect": 0.0', b'"effect": NaN'),
        "not a finite number",
    ),
    "language": (changed(language="xx-nowhere"), "The language of a turn"),
    "long title": (changed(title="x" * 600), "600 characters"),
    "long answer": (
        changed(prompts=[SAYS_NOT[0] | {"text": "x" * 30_000}]),
        "30,000 characters",
    ),
    "other strengths": (
        changed(prompts=[SAYS_NOT[0] | {"twins": []}]),
        "twins must be at the turn's strengths",
    ),
    "shown on tuning": (
        changed(prompts=[SAYS_NOT[0] | {"text": "the clerk"}]),
        "chosen on",
    ),
    "many prompts": (changed(prompts=SAYS_NOT * 150), "Prompts must be 1 to 200"),
    "repetition": (
        changed(baseline={"strength": 0, "effect": 0, "repetition": 7}),
        "repetition must be from 0 to 1",
    ),
    "surrogate": (changed(verdict="\ud800"), "lone surrogate"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_one_sentence(folder, name):
    data, says = HOSTILE[name]
    with pytest.raises(StudyError, match=says):
        parsed(data, folder)
    manifest = store.read_manifest(folder)
    entry = store.write_entry(folder / RECORDED, data, ())
    store.put_manifest(folder, manifest.with_file(RECORDED, entry))
    study = library.open_by_name("kept")  # opens inertly
    with pytest.raises(StudyError, match=says):
        _ = study.recordings
    with pytest.raises(StudyError, match="was not added"):
        library.unpack(library.pack("kept"), "away.babelscope")


def test_a_file_that_is_too_large_is_not_read(folder):
    manifest = store.read_manifest(folder)
    data = as_bytes(recordings()) + b" " * MOST_BYTES
    entry = store.write_entry(folder / RECORDED, data, ())
    store.put_manifest(folder, manifest.with_file(RECORDED, entry))
    with pytest.raises(StudyError, match="larger than 4 MiB"):
        _ = library.open_by_name("kept").recordings


def test_recorded_answers_that_claim_to_hold_arrays_are_refused(folder):
    manifest = store.read_manifest(folder)
    entry = replace(manifest.files[RECORDED], keys=("concept_vector/0/0",))
    others = {file: kept for file, kept in manifest.files.items() if file == RECORDED}
    assert others
    store.put_manifest(folder, manifest.with_file(RECORDED, entry))
    with pytest.raises(StudyError, match="holds no arrays"):
        library.open_by_name("kept")


def test_what_could_not_be_read_again_is_not_written(folder):
    wrong = replace(turn(), prompts=(prompt("the clerk"),))
    with pytest.raises(StudyError, match="chosen on"):
        store.put_recordings(folder, recordings(wrong))
    assert as_bytes(library.open_by_name("kept").recordings) == as_bytes(recordings())


def test_a_steering_is_kept_without_the_name_of_its_study():
    named = of_this_study(turn().twin, "kept")
    assert named["terms"][0]["source"]["plus"][0]["study"] == "kept"
    assert json.dumps(without_study(named, "kept")) == json.dumps(
        without_study(of_this_study(named, "kept"), "kept")
    )
