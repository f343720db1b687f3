"""Studies on disk: cells, kill and resume, damage, packing, library."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import asdict, replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from analysis.concepts import plan
from analysis.concepts.estimators import ESTIMATORS
from analysis.concepts.specs import StudySpec
from analysis.core import settings
from analysis.core.errors import (
    AnalysisError,
    CorpusError,
    SpecError,
    Stopped,
    StudyError,
)
from analysis.core.specs import ModelSpec, digest, from_dict
from analysis.study import library, store
from tests.reading import CONCEPTS, LANGUAGES, FakeReader, corpus, spec

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def own_home(home):
    """Every test has its own studies."""


def made(given=None, title="fake study", **more):
    """A complete study."""
    given = given or corpus()
    folder = plan.begin(spec(given, **more), given, FakeReader(), title)
    plan.run(folder, given, FakeReader())
    return folder


def hashes(folder):
    """SHA-256 of every array file."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.glob("*.safetensors")
    }


def test_a_complete_study_has_every_array_with_its_labels():
    study = store.open_study(made())
    assert (
        study.complete
        and study.concepts == CONCEPTS
        and study.languages == LANGUAGES
        and study.layers == 3
    )
    vector, score = study.array("concept_vector"), study.array("pair_score")
    assert vector.dims == (
        "concept",
        "language",
        "layer",
        "hidden",
    ) and vector.layer.values.tolist() == [1, 2, 3]
    assert (
        score.dims == ("concept", "source", "target", "layer", "pair")
        and np.isfinite(score).all()
    )
    assert study.array("pair_score").attrs["units"] and study.dataset[
        "state_norm"
    ].shape == (2, 3, 3)
    with pytest.raises(
        StudyError,
        match="has no cosine similarity of concept vectors; it has: concept vector, ",
    ):
        study.array("similarity")


def test_vectors_are_the_difference_of_means_and_scores_their_projections():
    given = corpus()
    study = store.open_study(made(given))
    train, test = plan.split_pairs(given, "by pair", "truth", "fr", 1)
    reader = FakeReader()
    mean = {
        sign: np.mean([reader.state(f"truth fr {sign} {int(i)}") for i in train], 0)
        for sign in "+-"
    }
    vector = study.array("concept_vector").sel(concept="truth", language="fr").values
    np.testing.assert_allclose(vector, mean["+"] - mean["-"], rtol=1e-5, atol=1e-5)
    i = study.manifest.pairs["truth"].test.index(test[0])
    gap = reader.state(f"truth fr + {int(test[0])}") - reader.state(
        f"truth fr - {int(test[0])}"
    )
    margin = (
        study.array("pair_score")
        .sel(concept="truth", source="fr", target="fr", pair=i)
        .values
    )
    np.testing.assert_allclose(margin, (gap * vector).sum(-1), rtol=1e-4)


def test_missing_pairs_and_absent_cells_are_nan_and_counted():
    full = corpus()
    kept = tuple(
        p
        for p in full.pairs
        if not (p.language == "zh" and (p.concept == "truth" or int(p.pair) % 2))
    )
    study = store.open_study(made(replace(full, pairs=kept)))
    assert study.complete
    assert np.isnan(
        study.array("concept_vector").sel(concept="truth", language="zh")
    ).all()
    assert np.isnan(study.array("pair_score").sel(concept="truth", source="zh")).all()
    known = np.isfinite(
        study.array("pair_score").sel(
            concept="fairness", source="en", target="zh", layer=1
        )
    ).sum()
    assert (
        0
        < known
        < np.isfinite(
            study.array("pair_score").sel(
                concept="fairness", source="en", target="en", layer=1
            )
        ).sum()
    )
    assert study.manifest.pairs["fairness"].counts["zh"].test == known


@pytest.mark.parametrize("estimator", list(ESTIMATORS))
def test_every_estimator_runs_through_the_plan(estimator):
    study = store.open_study(made(estimator=estimator, title=estimator))
    assert np.isfinite(study.array("concept_vector")).all()


def test_a_stopped_run_keeps_its_cells_and_resumes_to_the_same_bytes():
    given = corpus()
    whole = hashes(made(given, "whole"))
    folder = plan.begin(spec(given), given, FakeReader(), "stopped")

    def stop_at(done, of, cell):
        if done == 7:
            raise Stopped("stop")

    with pytest.raises(Stopped):
        plan.run(folder, given, FakeReader(), stop_at)
    half = store.open_study(folder)
    assert len(half.missing) == 12 - 7 and not half.complete
    reader = FakeReader(batch=3)
    assert plan.begin(spec(given), given, reader, "stopped") == folder
    plan.run(folder, given, reader)
    assert hashes(folder) == whole
    assert not any("fairness en" in text for text in reader.read), (
        "finished cells are not computed again"
    )
    with pytest.raises(StudyError, match="complete already"):
        plan.begin(spec(given), given, FakeReader(), "stopped")


KILLED = """
import sys, time
from analysis.concepts import plan
from tests.reading import FakeReader, corpus, spec

class Slow(FakeReader):
    def stream(self, texts, consumers):
        time.sleep(0.2)
        super().stream(texts, consumers)

given = corpus()
folder = plan.begin(spec(given), given, Slow(), "killed")
print("begun", flush=True)
plan.run(folder, given, Slow())
print("done", flush=True)
"""


def test_kill_minus_nine_in_the_middle_then_resume_gives_the_same_bytes():
    whole = hashes(made(title="whole"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for pause in (0.3, 0.5, 0.7):
        command = [sys.executable, "-c", KILLED]
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, cwd=ROOT
        ) as process:
            process.stdout.readline()
            time.sleep(pause)
            process.send_signal(signal.SIGKILL)
        (folder,) = store.root().glob("killed-*")
        assert store.open_study(folder).name == folder.name, "readable after every kill"
    last = subprocess.run(
        [sys.executable, "-c", KILLED],
        env=environment,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert "done" in last.stdout
    assert hashes(folder) == whole and store.open_study(folder).complete


def test_two_writers_of_one_study_do_not_meet():
    folder = made()
    with store.writing(folder), pytest.raises(StudyError, match="being computed"):
        library.rename(folder.name, "other")


def test_another_corpus_does_not_go_on_with_a_study():
    given = corpus()
    folder = plan.begin(spec(given), given, FakeReader(), "fake")
    with pytest.raises(StudyError, match="was begun with"):
        plan.run(folder, corpus(pairs=21), FakeReader())


def test_too_few_pairs_is_a_sentence_and_leaves_nothing():
    given = corpus(pairs=2)
    with pytest.raises(CorpusError, match="at least 2"):
        plan.begin(spec(given), given, FakeReader(), "few")
    assert not list(store.root().iterdir())


def test_states_that_are_not_finite_are_refused():
    folder = plan.begin(spec(corpus()), corpus(), FakeReader(), "nan")
    with pytest.raises(StudyError, match="not finite"):
        store.add_file(
            folder,
            "vector-000-000.safetensors",
            {"concept_vector/0/0": np.array([np.nan], np.float32)},
        )


@pytest.mark.parametrize(
    "harm",
    ["cut", "gone", "flip", "manifest cut", "manifest gone", "newer schema", "outside"],
)
def test_damage_is_a_sentence(harm):
    folder = made()
    victim, manifest = folder / "concept_vector.safetensors", folder / store.MANIFEST
    data = victim.read_bytes()
    if harm == "cut":
        victim.write_bytes(data[: len(data) // 2])
    if harm == "gone":
        victim.unlink()
    if harm == "flip":
        victim.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    if harm == "manifest cut":
        manifest.write_text(manifest.read_text()[:100])
    if harm == "manifest gone":
        manifest.unlink()
    if harm in ("newer schema", "outside"):
        known = json.loads(manifest.read_text())
        change = (
            {"schema": 99}
            if harm == "newer schema"
            else {"files": {"../x": {"bytes": 1, "sha256": "", "keys": []}}}
        )
        manifest.write_text(json.dumps(known | change))
    with pytest.raises(AnalysisError) as error:
        study = store.open_study(folder)
        store.check_files(folder, study.manifest, hashes=True)
    assert len(str(error.value)) > 20 and "Traceback" not in str(error.value)


def test_pack_and_unpack_give_the_same_study():
    folder = made()
    name = library.unpack(library.pack(folder.name), "my study.babelscope")
    copied = store.open_study(store.root() / name)
    assert hashes(store.root() / name) == hashes(folder) and copied.complete


@pytest.mark.parametrize("harm", ["cut", "text", "extra", "climb", "empty", "lying"])
def test_bad_uploads_are_refused_with_a_sentence_and_nothing_is_left(harm):
    folder = made()
    data = library.pack(folder.name)
    before = set(library.names())
    if harm == "cut":
        data = data[: len(data) // 2]
    if harm == "text":
        data = b"not a study"
    if harm in ("extra", "climb", "empty", "lying"):
        buffer = BytesIO() if harm == "empty" else BytesIO(data)
        with zipfile.ZipFile(buffer, "a") as packed:
            if harm == "lying":
                packed.writestr("concept_vector2.safetensors", b"")
            packed.writestr(
                {"extra": "run.py", "climb": "../../x.safetensors"}.get(
                    harm, "y.safetensors"
                ),
                b"x",
            )
        data = buffer.getvalue()
    if harm == "lying":
        data = data.replace(b"fake study", b"fake studi", 1)
    with pytest.raises(StudyError, match="was not added"):
        library.unpack(data, "upload.babelscope")
    assert set(library.names()) == before
    assert not list(store.root().glob(".tmp*"))


def test_delete_restore_rename_purge():
    name = made().name
    library.rename(name, "  A  better title ")
    assert library.open_by_name(name).title == "A better title"
    token = library.delete(name)
    assert name not in library.names() and token in library.trashed()
    assert library.restore(token) == name and library.open_by_name(name).complete
    library.delete(name)
    assert library.purge() == 1 and not library.trashed()
    for action in (library.delete, lambda n: library.rename(n, "x")):
        with pytest.raises(StudyError, match="cannot be changed"):
            action("llama2-chat-7b")
    with pytest.raises(StudyError, match="Did you mean “qwen-chat-7b”"):
        library.open_by_name("qwen-chat-7")


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "/etc",
        "a\\b",
        "x\n",
        "x\0",
        "con",
        "ａ",
        "a" * 65,
        "-x",
        "x.",
    ],
)
def test_hostile_names_are_refused(name):
    with pytest.raises(AnalysisError):
        settings.child(store.root(), name)


def test_a_link_is_no_study(tmp_path):
    (store.root() / "linked").symlink_to(tmp_path)
    with pytest.raises(AnalysisError):
        library.open_by_name("linked")


def test_specs_have_stable_digests_and_say_what_is_allowed():
    one = StudySpec(ModelSpec("m"), "c", "d", ("x",), ("en",))
    assert digest(one) == digest(
        from_dict(StudySpec, json.loads(json.dumps(asdict(one))))
    )
    assert digest(one) != digest(replace(one, seed=2))
    with pytest.raises(SpecError, match="Did you mean “bfloat16”"):
        ModelSpec("m", dtype="bfloat")
    with pytest.raises(SpecError, match="at least one concept"):
        replace(one, concepts=())
    with pytest.raises(SpecError, match="has no colour"):
        from_dict(ModelSpec, {"model": "m", "colour": 1})


def test_the_real_study_is_opened_first_where_it_is_there(home, monkeypatch):
    folder = library.DEMO_FOLDERS["demo"]
    if library.REAL not in library.coming_along():
        assert library.opened_first() == library.PRINTED
        with pytest.raises(StudyError, match="no study"):
            library.open_by_name(library.REAL)
    monkeypatch.setitem(library.DEMO_FOLDERS, library.REAL, folder)
    assert library.opened_first() == library.REAL
    assert library.open_by_name(library.REAL).kind == "computed"
    with pytest.raises(StudyError, match="comes with Babelscope"):
        library.own_folder(library.REAL)
