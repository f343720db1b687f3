"""A model is its files, not its folder's name: other files are loaded anew and not mixed."""

import json
import os
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from analysis.core.errors import StudyError
from analysis.core.model_files import BLOCK, BLOCKS, fingerprint
from analysis.core.specs import ModelSpec
from analysis.study import library, store
from analysis.worker import extraction
from analysis.worker.answers import Ask, Request, answered
from analysis.worker.inline import run_inline
from analysis.worker.service import Job, Pool
from tests.test_work import corpus, study_spec
from tests.tiny import save

NAME = "mine"
SPEC = ModelSpec(NAME)


@pytest.fixture
def mine(home, tmp_path, monkeypatch):
    """The folder of a tiny model."""
    save(tmp_path / "models" / NAME)
    monkeypatch.setenv("BABELSCOPE_MODELS", str(tmp_path / "models"))
    return tmp_path / "models" / NAME


def train(folder):
    """Change the weights a little, as training does, in files of the same size."""
    path = folder / "model.safetensors"
    size = path.stat().st_size
    weights = load_file(path)
    name = next(name for name in weights if "mlp" in name)
    weights[name] = weights[name] + np.float32(0.01)
    save_file(weights, path, {"format": "pt"})
    assert path.stat().st_size == size


def begun(pool):
    """A study of which one cell is there."""

    class Stop(Exception):
        pass

    def stop(done, total, doing):
        if total and done == 1:
            raise Stop

    task = extraction.extract_study(study_spec(SPEC), corpus(), NAME, {})
    with pytest.raises(Stop):
        run_inline(task, stop, pool=pool)
    (folder,) = store.root().iterdir()
    return folder


def go_on(folder, pool):
    run_inline(extraction.resume_study(folder.name), pool=pool)
    return library.open_by_name(folder.name)


def test_a_changed_folder_is_loaded_anew(mine):
    pool, job = Pool(), Job(1, "me", "test", lambda job, pool: None)
    first = pool.get(SPEC, job)
    assert pool.get(SPEC, job) is first
    (mine / "README.md").write_text("What this is.")
    assert pool.get(SPEC, job) is first
    train(mine)
    second = pool.get(SPEC, job)
    assert second is not first and pool.get(SPEC, job) is second
    assert len(pool.loaded) == 1 and first.source.files != second.source.files


def test_a_study_is_not_gone_on_with_on_other_weights(mine):
    pool = Pool()
    folder = begun(pool)
    kept = store.read_manifest(folder).model_files
    assert kept == fingerprint(mine)
    former = shutil.copytree(mine, mine.parent.parent / "former")
    train(mine)
    with pytest.raises(StudyError, match="begun with other files of mine"):
        go_on(folder, pool)
    with pytest.raises(StudyError, match="begun with other files of mine"):
        run_inline(extraction.extract_study(study_spec(SPEC), corpus(), NAME, {}))
    shutil.rmtree(mine)
    shutil.copytree(former, mine, copy_function=shutil.copyfile)
    assert go_on(folder, pool).complete, "a copy of the same files is the same model"


def test_a_study_of_an_older_version_goes_on(mine):
    pool = Pool()
    folder = begun(pool)
    path = folder / store.MANIFEST
    known = json.loads(path.read_text())
    del known["model_files"]
    path.write_text(json.dumps(known))
    train(mine)
    assert go_on(folder, pool).complete
    assert store.read_manifest(folder).model_files is None


def test_steering_by_vectors_of_other_weights_says_so(mine):
    from tests.test_answers import steering

    pool = Pool()
    folder = begun(pool)
    study = go_on(folder, pool)
    asks = (Ask("one", "Hello", "en", steering(study.name, 1.0)),)
    job = Job(1, "me", "test", lambda job, pool: None)
    answered(Request(SPEC, "none", asks), job, pool)
    assert not any("former files" in notice for notice in job.notices)
    train(mine)
    answered(Request(SPEC, "none", asks), job, pool)
    assert sum("former files" in notice for notice in job.notices) == 1


def test_large_files_are_looked_at_in_many_places(tmp_path):
    path = tmp_path / "model.safetensors"
    with path.open("wb") as file:
        file.truncate(3 * BLOCK * BLOCKS)
    first = fingerprint(tmp_path)
    assert first == fingerprint(tmp_path)
    with path.open("r+b") as file:
        file.seek(BLOCK * BLOCKS)
        file.write(b"\x01" * 4 * BLOCK)
    os.utime(path, (1, 1))
    assert fingerprint(tmp_path) != first
