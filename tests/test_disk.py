"""Disks that are full, read-only, over a quota, without locks, or no folder at all."""

import ast
import errno
import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import filelock
import numpy as np
import pytest

from analysis.concepts import corpora, plan
from analysis.concepts.readouts import States
from analysis.control import prompts
from analysis.control import store as runs
from analysis.core import disk, files, settings
from analysis.core.errors import AnalysisError, DiskError, StudyError
from analysis.core.model_names import offered_models
from analysis.model import hub
from analysis.questions import question_sets
from analysis.steering import vector_files
from analysis.study import library, notes, store
from analysis.study.manifest import Manifest
from babelscope import commands
from components.frame.shell import MENU
from components.paperpack import basket
from tests.reading import FakeReader, corpus, spec
from tests.stored import stored
from tests.test_pack import small
from tests.visits import plain, visit

ROOT = Path(__file__).parent.parent
REFUSALS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota of this account is used up",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "this account has no right to it",
    errno.EIO: "the disk reports a fault",
    errno.EUCLEAN: f"the system says “{os.strerror(errno.EUCLEAN)}”",
}


@contextmanager
def refusing(monkeypatch, number):
    """A disk that takes nothing more: no file, no folder, no other name, no removal."""

    def refuse(*given, **options):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", refuse)
        patched.setattr(shutil, "rmtree", refuse)
        for step in ("mkdir", "rename", "replace", "unlink", "touch"):
            patched.setattr(Path, step, refuse)
        yield


def everything(home):
    """What there is under Babelscope's folder, byte by byte."""
    found = {}
    for path in sorted(home.rglob("*")):
        if path.is_file() and path.name != store.LOCK:
            found[path.relative_to(home).as_posix()] = path.read_bytes()
    return found


def mine():
    """A question set of one's own."""
    asked = question_sets.demo_questions()
    return replace(asked, name="mine", questions=asked.questions[:4])


def writes(study):
    """Every way in which something is kept, by what it keeps."""
    own = replace(corpora.demo_corpus(), name="mine.csv")
    own = replace(own, pairs=own.pairs[:4])
    wanted = prompts.PromptSet("mine", (prompts.Prompt("1", "en", "Hello?"),))
    packed = library.pack("demo")
    kept = library.open_by_name("kept")
    arrays = {"concept_vector/0/0": np.zeros((2, 3), np.float32)}
    (number,) = [item.number for item in basket.items()]
    return {
        "corpus": lambda: corpora.keep(own),
        "prompts": lambda: prompts.keep(wanted),
        "questions": lambda: question_sets.keep_questions(mine()),
        "vectors": lambda: vector_files.keep_vectors({1: np.ones(2, "f4")}, "v.npz"),
        "study": lambda: store.create("new", Manifest(title="new", layers=1)),
        "run": lambda: store.create(
            "new", Manifest(title="new", layers=1), runs.root()
        ),
        "cell": lambda: store.add_file(study, "more.safetensors", arrays),
        "upload": lambda: library.unpack(packed, "packed.babelscope"),
        "copy": lambda: library.begin_in("demo", lambda folder: None),
        "title": lambda: library.rename("kept", "Other"),
        "deletion": lambda: library.delete("kept"),
        "trash": lambda: library.purge(),
        "notes": lambda: notes.add_notes(kept, "answers", {"label": "a"}),
        "notes of the demo": lambda: notes.add_notes(
            library.open_by_name("demo"), "votes", {"label": "a"}
        ),
        "figure": lambda: basket.add(small()),
        "order": lambda: basket.remove(number),
        "output": lambda: files.write_output(settings.home() / "out.csv", b"1"),
    }


@pytest.mark.parametrize("number", REFUSALS)
def test_what_cannot_be_kept_is_one_sentence_and_nothing_is_lost(
    home, monkeypatch, number
):
    folder = stored("kept", cells=2)
    library.delete(stored("gone", cells=1).name)
    basket.add(small())
    before = everything(home)
    for what, write in writes(folder).items():
        with refusing(monkeypatch, number), pytest.raises(DiskError) as raised:
            write()
        said = str(raised.value)
        assert f": {REFUSALS[number]}." in said, what
        assert "Babelscope's folder could not be" in said, what
        assert ".tmp-" not in said and str(home) not in said, said
        shutil.rmtree(home / "notes", ignore_errors=True)
        # What a full disk cannot even remove is removed at the next start.
        left = [name for name in everything(home) if ".tmp-" not in name]
        assert {name: everything(home)[name] for name in left} == before, what


def test_everything_can_be_kept_again_once_there_is_room(home, monkeypatch):
    folder = stored("kept", cells=2)
    library.delete(stored("gone", cells=1).name)
    basket.add(small())
    done = writes(folder)
    with refusing(monkeypatch, errno.ENOSPC):
        for write in done.values():
            with pytest.raises(DiskError):
                write()
    del done["deletion"]
    for what, write in done.items():
        write()
        assert what
    assert "mine" in " ".join(question_sets.offered_questions())


def test_a_question_set_that_does_not_fit_leaves_the_older_one(home, monkeypatch):
    name = question_sets.keep_questions(mine())
    path = question_sets.SHELF.path(name)
    whole = path.read_bytes()
    path.write_bytes(whole[:40])
    with refusing(monkeypatch, errno.ENOSPC), pytest.raises(DiskError, match="full"):
        question_sets.keep_questions(mine())
    assert path.read_bytes() == whole[:40]
    assert question_sets.keep_questions(mine()) == name
    assert question_sets.load_questions(name).questions == mine().questions


def test_a_study_that_does_not_fit_is_not_called_cut_short(home, monkeypatch):
    data = library.pack("demo")
    real, written = os.fsync, []

    def full_later(handle):
        written.append(handle)
        if len(written) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full_later)
    with pytest.raises(DiskError) as raised:
        library.unpack(data, "big.babelscope")
    assert str(raised.value).startswith(
        "“studies/big” in Babelscope's folder could not be kept: the disk is full."
    )
    assert not list(store.root().iterdir())
    monkeypatch.undo()
    with pytest.raises(StudyError, match="cut short"):
        library.unpack(data[:-30], "big.babelscope")


def test_a_job_on_a_full_disk_goes_on_when_there_is_room(home, monkeypatch):
    given = corpus()
    folder = plan.begin(spec(given), given, FakeReader(), "full")
    real, written = os.fsync, []

    def full_later(handle):
        written.append(handle)
        if len(written) > 12:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full_later)
        with pytest.raises(DiskError, match="the disk is full"):
            plan.run(folder, given, FakeReader())
    assert 0 < len(store.open_study(folder).missing) < 12
    plan.run(folder, given, FakeReader())
    again = plan.begin(spec(given), given, FakeReader(), "whole")
    plan.run(again, given, FakeReader())
    first, second = everything(folder), everything(again)
    del first["manifest.json"], second["manifest.json"]
    assert first == second


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS])
def test_a_disk_without_locks_is_not_another_job(home, monkeypatch, number):
    folder = stored("kept", cells=1)

    def refuse(self):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(filelock.FileLock, "_acquire", refuse)
    with pytest.raises(DiskError) as raised, store.writing(folder):
        pass
    said = str(raised.value)
    assert "could not be locked: the disk has no locks" in said
    assert "another job" not in said and "BABELSCOPE_HOME" in said


@pytest.fixture(params=["a file", "below a file", "a loop", "a dead link", "no rights"])
def impossible(request, tmp_path, monkeypatch):
    """A home that cannot be."""
    place = tmp_path / "home"
    if request.param == "a file":
        place.write_text("mine")
    elif request.param == "below a file":
        (tmp_path / "file").write_text("mine")
        place = tmp_path / "file" / "home"
    elif request.param == "a loop":
        place.symlink_to(place)
    elif request.param == "a dead link":
        place.symlink_to("/proc/0/nowhere")
    else:
        real = os.access
        place.mkdir()
        monkeypatch.setattr(
            os, "access", lambda path, how: path != place and real(path, how)
        )
    monkeypatch.setenv("BABELSCOPE_HOME", str(place))
    return request.param


def test_without_a_home_everything_can_be_looked_at(impossible):
    assert "demo" in library.names()
    assert library.open_by_name("demo").array("concept_vector").size
    assert library.trashed() == [] and basket.items() == []
    assert runs.names() == runs.coming_along()
    assert question_sets.offered_questions()[0] == "demo questions"
    assert basket.removed() == [] and vector_files.kept_vectors() == []
    assert notes.read_notes(library.open_by_name("demo"), "votes") == []
    assert disk.trouble().startswith("Nothing can be kept in Babelscope's folder: ")
    if impossible == "no rights":
        return
    with pytest.raises(DiskError, match="Babelscope's folder could not be kept"):
        corpora.keep(
            replace(corpora.demo_corpus(), pairs=corpora.demo_corpus().pairs[:2])
        )
    with pytest.raises(AnalysisError, match="There is no study “mine” here"):
        library.open_by_name("mine")
    with pytest.raises(DiskError):
        notes.add_notes(library.open_by_name("demo"), "votes", {"label": "a"})


@pytest.mark.parametrize("page", [entry.file for entry in MENU])
def test_every_page_is_there_without_a_home(fresh, monkeypatch, page):
    place = settings.home()
    (place / "file").write_text("mine")
    monkeypatch.setenv("BABELSCOPE_HOME", str(place / "file"))
    shown = visit(page, study="demo")
    (said,) = [plain(w.value) for w in shown.warning if "can be kept" in w.value]
    assert "a file is where a folder is needed" in said and "BABELSCOPE_HOME" in said
    assert not shown.error and not shown.exception


def test_nothing_is_said_of_a_home_that_is_well_or_can_be_made(home, monkeypatch):
    assert disk.trouble() == ""
    monkeypatch.setenv("BABELSCOPE_HOME", str(home / "to" / "be" / "made"))
    assert disk.trouble() == "" and not (home / "to").exists()
    (home / "models").mkdir()
    real = os.access
    monkeypatch.setenv("BABELSCOPE_HOME", str(home))
    monkeypatch.setattr(
        os, "access", lambda path, how: path.name != "models" or not how & os.W_OK
    )
    assert disk.trouble() == "", "models may be where only the operator writes"
    (home / "studies").mkdir()
    monkeypatch.setattr(
        os, "access", lambda path, how: path.name != "studies" and real(path, how)
    )
    assert "“studies” in Babelscope's folder" in disk.trouble()


def test_a_home_that_is_nearly_full_is_told(home, monkeypatch):
    usage = shutil.disk_usage(home)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    assert "the disk is full. What can be read is shown. Make room" in disk.trouble()


def test_states_that_do_not_fit_end_in_a_sentence_and_not_the_process(monkeypatch):
    def full(handle, start, size):
        assert (start, size) == (0, 4 * 5 * 3 * 7)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(
        DiskError, match="temporary files could not be kept: the disk is"
    ):
        States(3, 5, 7)


def test_a_fetch_onto_a_full_disk_says_so():
    error = OSError(errno.ENOSPC, "No space left on device", "/secret/place")
    said = str(hub.fetching_error(error, "owner/name", "main"))
    assert "the disk is full" in said and "HF_HOME" not in said
    assert "owner/name in the hub's cache" in said and "secret" not in said
    said = str(hub.fetching_error(OSError("odd"), "owner/name", "main"))
    assert "failed" in said


def test_outputs_of_the_command_line_end_in_a_sentence(home, capsys):
    (home / "file").write_text("mine")
    for given in (
        ["measure", "demo", "recognition", "--out", str(home / "file")],
        ["measure", "demo", "recognition", "--out", str(home / "file" / "in")],
        ["pack", "demo", "--out", str(home / "none" / "x.babelscope")],
    ):
        assert commands.main(given) == commands.USER
        assert "could not be kept" in capsys.readouterr().err
    assert (home / "file").read_text() == "mine"


def test_a_link_or_a_pipe_that_is_named_is_written_through(home):
    target = home / "target.csv"
    target.write_text("old")
    link = home / "link.csv"
    link.symlink_to(target)
    files.write_output(link, b"new")
    assert link.is_symlink() and target.read_bytes() == b"new"
    files.write_output(Path(os.devnull), b"new")
    assert Path(os.devnull).is_char_device()


def test_windows_may_refuse_for_a_moment_to_replace_what_is_read(home, monkeypatch):
    real, tries = Path.replace, []

    def busy(self, target):
        tries.append(target)
        if len(tries) < 3:
            raise PermissionError(errno.EACCES, "in use")
        return real(self, target)

    monkeypatch.setattr(files, "WINDOWS", True)
    monkeypatch.setattr(Path, "replace", busy)
    files.write_file(home / "a.json", json.dumps({}).encode())
    assert len(tries) == 3 and (home / "a.json").read_bytes() == b"{}"


WRITING = (
    "mkdir",
    "rmtree",
    "touch",
    "unlink",
    "write_bytes",
    "write_text",
    "copytree",
)
WRITERS = (
    "analysis/core/files.py",
    "analysis/core/leftovers.py",
    "analysis/demo",
    "analysis/model/hub.py",
    "analysis/model/hub_parts.py",
    "analysis/study/claims.py",
    "analysis/worker/child.py",
    "components/paperpack/redraw.py",
)
"""What writes: the one place, what sweeps after it, and what writes elsewhere: the making
of the demo, the hub's own cache, claims and hearts, which nobody may rename into place, a
worker's word to its system (no file is kept), the script of a paper pack.
"""


def test_whatever_is_kept_is_written_in_one_place():
    strange = []
    for room in ("analysis", "components", "babelscope", "pages"):
        for path in sorted((ROOT / room).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name.startswith(WRITERS):
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Attribute) and node.attr in WRITING:
                    strange.append(f"{name}:{node.lineno} {node.attr}")
    assert not strange


def test_a_folder_of_models_that_is_shut_is_told(home, monkeypatch):
    shut, inside = home / "models" / "shut", home / "models" / "open"
    (shut / "mine").mkdir(parents=True)
    (shut / "mine" / "config.json").write_text("{}")
    (inside / "yours").mkdir(parents=True)
    (inside / "yours" / "config.json").write_text("{}")
    monkeypatch.setenv("BABELSCOPE_MODELS", f"{shut}{os.pathsep}{inside}")
    assert disk.trouble() == ""
    iterdir = Path.iterdir

    def refused(path):
        if path == shut:
            raise PermissionError(errno.EACCES, "Permission denied")
        return iterdir(path)

    monkeypatch.setattr(os, "access", lambda path, how: path != shut)
    monkeypatch.setattr(Path, "iterdir", refused)
    assert list(offered_models()) == ["demo", "yours"]
    assert "The models in “shut” (BABELSCOPE_MODELS) cannot be read" in disk.trouble()


def test_folders_on_two_disks_are_told(home, monkeypatch):
    stored("kept", cells=1)

    def refuse(self, target):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(DiskError, match="go to another disk. .* Put all folders"):
        library.delete("kept")
    assert library.open_by_name("kept").missing
