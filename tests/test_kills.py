"""Killed at the wrong moment: nothing is lost, what is gone on with ends in the same bytes."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

import babelscope as bs
from analysis.core import leftovers
from analysis.core.errors import AnalysisError, StudyError
from analysis.plane import plan as plane
from analysis.study import leftovers as study_leftovers
from analysis.study import library, store
from babelscope import commands
from tests.stored import stored

ROOT = Path(__file__).parent.parent


def test_every_kind_of_writing_survives_kill_minus_nine(tmp_path):
    command = [sys.executable, "-m", "tests.killing", str(tmp_path), "1", "2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("killed at") == 17


def test_a_sweep_that_was_asked_for_is_gone_on_with(home, monkeypatch):
    asked = {"languages": ["en", "fr"], "most": 2}
    swept = {"layers": [3], "strengths": [1.0], "most": 2}
    whole = bs.ask("demo", **asked, swept=swept, title="whole")

    def killed(*given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(plane, "begin_sweep", killed)
        with pytest.raises(KeyboardInterrupt):
            bs.ask("demo", **asked, swept=swept, title="cut")
    (name,) = [each for each in bs.studies() if each.startswith("cut-")]
    assert bs.open(name).missing == ("the plane",) and not bs.open(name).complete
    again = bs.resume(name)
    assert again.complete and again.has("plane_answer")
    manifests = [library.open_by_name(each.name).manifest for each in (whole, again)]
    assert replace(manifests[0], title="") == replace(manifests[1], title="")
    assert manifests[0].files == manifests[1].files


def test_the_same_command_goes_on_between_asking_and_sweeping(home, capsys):
    """It said that exactly these questions were asked already."""
    options = ["--languages", "en", "fr", "--most", "2"]
    assert commands.main(["ask", *options]) == 0
    steps = ["--sweep", "--layers", "3", "--strengths", "1"]
    assert commands.main(["ask", *options, *steps]) == 0
    (name,) = [path.name for path in store.root().iterdir()]
    assert bs.open(name).has("plane_answer") and bs.open(name).complete
    spec = {"ask": {"languages": ["en", "fr"], "most": 3}}
    spec["sweep"] = {"layers": [3], "strengths": [1.0], "most": 3}
    (home / "run.json").write_text(json.dumps(spec))
    for _ in range(2):
        assert commands.main(["run", str(home / "run.json")]) == 0
    assert len(list(store.root().iterdir())) == 2


def test_a_sweep_that_cannot_be_is_told_and_does_not_stay(home):
    asked = {"languages": ["fr"], "most": 4}
    with pytest.raises(AnalysisError) as first:
        bs.ask("demo", **asked, swept={"layers": [99]})
    (name,) = [path.name for path in store.root().iterdir()]
    with pytest.raises(AnalysisError) as second:
        bs.resume(name)
    assert str(first.value) == str(second.value) and "99" in str(first.value)
    assert bs.resume(name).complete


def test_means_are_there_with_their_study_or_not_at_all(home, tmp_path):
    folder = tmp_path / "states"
    folder.mkdir()
    for code in ("en", "fr"):
        states = {"mean": np.ones((6, 8), np.float32)}
        safetensors.numpy.save_file(states, folder / f"{code}.safetensors")
    whole = bs.means("owner/name", [folder])
    manifest = store.read_manifest(store.root() / whole.name)
    # As an import that was killed left it before.
    store.create("older", replace(manifest, files={}, title="Older"))
    older = bs.open("older")
    assert older.missing == ("the imported means",)
    with pytest.raises(
        StudyError, match="Delete this study and import the files again"
    ):
        bs.resume("older")
    assert bs.means("owner/name", [folder], title="Older").name != "older"
    bad = {"en.npy": np.full((6, 8), np.nan, np.float32)}
    with pytest.raises(StudyError, match="not finite"):
        store.check_finite("means.safetensors", bad)


def left(folder, host, process, age=0.0):
    """A file under a temporary name of a process."""
    path = folder / f".tmp-{host}-{process}-0123abcd"
    path.write_bytes(b"half")
    moment = time.time() - age
    os.utime(path, (moment, moment))
    return path


def test_what_killed_processes_left_is_swept_and_what_is_written_now_stays(home):
    (home / "studies").mkdir()
    deep = home / "studies" / "one"
    deep.mkdir()
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    host, day = leftovers.HOST, leftovers.ABANDONED
    gone = [left(deep, host, ended.pid), left(home / "studies", "0" * 8, 1, day + 9)]
    gone.append(left(home, host, os.getpid(), 9 * day))
    upload = home / "studies" / ".tmp-upload-123"
    upload.mkdir()
    (upload / "a.safetensors").write_bytes(b"half")
    os.utime(upload, (1, 1))
    stays = [left(deep, host, os.getpid()), left(deep, "0" * 8, ended.pid)]
    mine = home / ".tmp-mine"
    mine.write_text("not ours")
    assert set(leftovers.sweep(home)) == {*gone, upload}
    assert all(path.exists() for path in (*stays, mine))
    assert not any(path.exists() for path in gone)


def test_containers_of_one_name_are_told_apart(tmp_path, monkeypatch):
    known = {leftovers.HOST}
    for number in (1, 2):
        link = tmp_path / str(number)
        link.symlink_to(f"pid:[{number}]")
        monkeypatch.setattr(leftovers, "NUMBERED", link)
        known.add(leftovers.host())
    monkeypatch.setattr(leftovers, "NUMBERED", tmp_path / "missing")
    known.add(leftovers.host())
    assert len(known) == 4


def test_the_server_sweeps_when_it_starts(fresh, monkeypatch):
    from components.frame import cache
    from tests.visits import visit

    swept = []
    monkeypatch.setattr(cache.leftovers, "sweep", lambda: swept.append(True))
    visit("pages/extract.py")
    visit("pages/extract.py")
    assert swept == [True]


def test_a_cell_that_a_manifest_names_is_never_swept(home):
    folder = stored("begun", cells=3)
    stray = folder / "vector-002-004.safetensors"
    stray.write_bytes(b"not committed")
    (folder / "mine.safetensors").write_bytes(b"not ours")
    before = set(store.read_manifest(folder).files)
    with store.writing(folder):
        study_leftovers.sweep()
        assert stray.exists(), "a job holds the study"
    study_leftovers.sweep()
    names = {path.name for path in folder.iterdir()}
    assert before | {"mine.safetensors"} <= names and stray.name not in names


def test_words_go_into_a_copy_of_a_study_that_comes_along(home):
    """They were refused, although questions were not."""
    given = ["words", "--languages", "en", "fr", "--layers", "2"]
    for _ in range(2):
        assert commands.main([*given, "--into", "demo-requests"]) == 0
    assert [path.name for path in store.root().iterdir()] == ["demo-requests-copy"]
    made = bs.open("demo-requests-copy")
    assert made.complete and made.word_layers == (2,) and made.concepts


def test_where_nothing_can_be_begun_there_is_no_copy(home, capsys):
    assert commands.main(["words", "--languages", "en", "fr", "--into", "demo"]) == 2
    assert "has other words already" in capsys.readouterr().err
    assert commands.main(["words", "--layers", "99", "--into", "demo-requests"]) == 2
    assert "asked for 99" in capsys.readouterr().err
    assert commands.main(["words", "--into", "nowhere"]) == 2
    said = capsys.readouterr().err
    assert "There is no study “nowhere” here" in said and "upload" not in said
    assert not list(store.root().iterdir())
