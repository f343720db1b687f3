"""Recording a study's answers: settings from tuning prompts, resumed, honest."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from analysis.core.errors import Stopped, StudyError
from analysis.demo import record as command
from analysis.demo.record import PART, record
from analysis.demo.recorded_turns import ENGLISH, KIND, SPANISH, TOWARDS, WEIGHED
from analysis.languages.languages import is_known
from analysis.steering.fluency import recognisable
from analysis.steering.specs import GenerationSpec
from analysis.study import library, store
from analysis.study.manifest import SentencesPart
from analysis.study.recordings import as_bytes
from analysis.worker.service import Job, Pool
from tests.planted import planted_study
from tests.stored import stored
from tests.tiny import HIDDEN, LAYERS

LLAMA = {"spec": {"model": {"model": "llama", "device": "cpu"}}}
SHORT = GenerationSpec(3)
SPOKEN = ("en", "es")


@pytest.fixture
def folder(fresh, tiny_models):
    """A study with vectors of toxicity and means of two languages."""
    made = stored(
        "told", planted_study(("toxicity",), SPOKEN, (LAYERS, 24, HIDDEN)), **LLAMA
    )
    sentences = SentencesPart(
        spec={"languages": SPOKEN, "readings": ("mean over tokens",)},
        ids=("1",),
        layers=(1,),
    )
    manifest = replace(store.read_manifest(made), sentences=sentences, hidden=HIDDEN)
    store.write_manifest(made, manifest)
    rng = np.random.default_rng(0)
    for place in range(2):
        tensors = {
            f"sentence_state/0/{place}": rng.normal(size=(1, 1, HIDDEN)).astype("f2"),
            f"sentence_mean/{place}": rng.normal(size=(LAYERS, HIDDEN)).astype("f4"),
            f"sentence_norm/{place}": np.ones(LAYERS, "f4"),
        }
        store.add_file(made, f"sentence-000-{place:03d}.safetensors", tensors)
    return made


def job(progress=lambda *step: None) -> Job:
    """A job that nobody watches."""
    return Job(0, "test", "test", None, on_progress=progress)


def test_turns_are_recorded_with_settings_from_other_prompts(folder):
    assert record(folder, SHORT, "", job(), Pool()) == 4
    kept = library.open_by_name("told").recordings
    titles = [turn.title for turn in kept.turns]
    assert titles == [
        "Push English towards Spanish (language vector)",
        "Push Spanish towards English (language vector)",
        "Kinder words in English (toxicity vector)",
        "Kinder words in Spanish (toxicity vector)",
    ]
    for turn in kept.turns:
        shown = [prompt.text for prompt in turn.prompts]
        assert not set(shown) & set(turn.tuning.prompts)
        assert len(turn.tuning.tried) == 9 and len(turn.strengths) == 4
        tried = [(each.layers, each.outcome.strength) for each in turn.tuning.tried]
        layers = tuple(turn.steering["terms"][0]["layers"])
        assert (layers, turn.strength) in tried
        assert turn.works == turn.verdict.startswith("Turns")
    assert not (folder / PART).exists()
    assert 'study": "told' not in (folder / "recorded.json").read_text("utf-8")


def test_a_folder_elsewhere_is_left_without_a_lock(folder, tmp_path):
    away = tmp_path / "shipped"
    folder.rename(away)
    assert record(command.folder_of(str(away)), SHORT, "", job(), Pool()) == 4
    names = {path.name for path in away.iterdir()}
    assert "recorded.json" in names and not {PART, ".lock"} & names


def test_a_stopped_recording_goes_on_and_comes_to_the_same(folder):
    record(folder, SHORT, "", job(), Pool())
    whole = as_bytes(library.open_by_name("told").recordings)
    (folder / "recorded.json").unlink()
    manifest = store.read_manifest(folder)
    others = {file: kept for file, kept in manifest.files.items() if "json" not in file}
    store.put_manifest(folder, replace(manifest, files=others))
    begun = []

    def stop(done: int, of: int, doing: str) -> None:
        if done == 2 and of == 4:
            raise Stopped("enough")

    with pytest.raises(Stopped):
        record(folder, SHORT, "", job(stop), Pool())
    before = json.loads((folder / PART).read_text("utf-8"))
    assert len(before["turns"]) == 2
    record(folder, SHORT, "", job(lambda *step: begun.append(step)), Pool())
    assert as_bytes(library.open_by_name("told").recordings) == whole


def test_what_was_recorded_with_other_settings_is_recorded_anew(folder):
    record(folder, SHORT, "", job(), Pool())
    record(folder, GenerationSpec(2), "", job(), Pool())
    kept = library.open_by_name("told").recordings
    assert kept.generation["tokens"] == 2 and len(kept.turns) == 4


def test_a_study_with_nothing_to_push_is_told_so(fresh, tiny_models):
    folder = stored(
        "other", planted_study(("care",), ("fr",), (LAYERS, 24, HIDDEN)), **LLAMA
    )
    with pytest.raises(StudyError, match="nothing to record"):
        record(folder, SHORT, "", job(), Pool())


def test_the_command_says_in_a_sentence_what_is_wrong(fresh, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["record", "nowhere"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 1
    assert "There is no study “nowhere” here" in capsys.readouterr().err


def test_beginnings_are_enough_and_none_is_both_shown_and_tuned_on():
    every = [ENGLISH, SPANISH]
    for table in WEIGHED.values():
        every += [weighed.beginnings for weighed in table.values()]
    for beginnings in every:
        assert len(beginnings.shown) == len(beginnings.tuning) == 4
        assert not set(beginnings.shown) & set(beginnings.tuning)
    assert len(TOWARDS) >= 8 and all(map(is_known, (*TOWARDS, *KIND)))
    assert all(map(recognisable, TOWARDS))
