"""Kept files: named, whole, and safe for any number of sessions and processes at once."""

import errno
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from subprocess import PIPE, Popen
from threading import Barrier
from time import sleep

import numpy as np
import pytest

from analysis.concepts import corpora
from analysis.control import prompts
from analysis.core import settings
from analysis.core.errors import AnalysisError, DiskError, StudyError
from analysis.core.shelf import Shelf, plain_name
from analysis.questions import question_sets
from analysis.steering import vector_files
from analysis.study import store
from analysis.study.manifest import Manifest

pytestmark = pytest.mark.usefixtures("home")
SHELF = Shelf("things", ".txt")
ROOT = Path(__file__).parent.parent
KEEPER = """
import sys
from analysis.core.shelf import Shelf
shelf = Shelf("things", ".txt")
print("ready", flush=True)
sys.stdin.readline()
for turn in range(20):
    shelf.keep("same", b"%d" % (turn % 10) * 100_000)
    shelf.keep(f"own-{sys.argv[1]}-{turn}", b"own" * 1000)
    held = shelf.load("same")
    assert len(held) == 100_000 and len(set(held)) == 1, held[:9]
    shelf.names()
    shelf.delete(f"own-{sys.argv[1]}-{turn - 1}" if turn else "none")
"""


def together(work, n=16):
    """What ``work(number)`` gives in so many threads that begin at once."""
    barrier = Barrier(n)

    def begin(number):
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(begin, range(n)))


def test_a_file_is_kept_listed_loaded_and_deleted():
    assert SHELF.names() == [] and SHELF.load("a") is None
    SHELF.keep("b", b"2")
    SHELF.keep("a", b"1")
    assert SHELF.names() == ["a", "b"] and SHELF.load("b") == b"2"
    assert SHELF.place == settings.home() / "things"
    SHELF.keep("a", b"3")
    assert SHELF.load("a") == b"3"
    SHELF.delete("a")
    SHELF.delete("a")
    assert SHELF.names() == ["b"]
    (SHELF.place / ".hidden.txt").write_text("no")
    (SHELF.place / "folder.txt").mkdir()
    assert SHELF.names() == ["b"] and SHELF.load("folder") is None


def test_the_same_file_again_is_not_written_again():
    SHELF.keep("a", b"1")
    before = SHELF.path("a").stat()
    SHELF.keep("a", b"1")
    assert SHELF.path("a").stat().st_ino == before.st_ino


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".a", "a" * 65, "a\0", "nul"])
def test_names_that_leave_the_shelf_are_refused(name):
    for act in (SHELF.load, SHELF.delete, lambda name: SHELF.keep(name, b"")):
        with pytest.raises(AnalysisError, match="cannot be a name"):
            act(name)


def test_a_write_that_fails_leaves_what_was_there(monkeypatch):
    SHELF.keep("a", b"1")

    def full(handle):
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskError, match="the disk is full"):
        SHELF.keep("a", b"2")
    assert SHELF.load("a") == b"1"
    assert [path.name for path in SHELF.place.iterdir()] == ["a.txt"]


def test_many_threads_keep_the_same_file_and_their_own():
    def work(number):
        for turn in range(20):
            SHELF.keep("same", b"%d" % (turn % 10) * 50_000)
            SHELF.keep(f"own-{number}", b"%d" % turn)
            held = SHELF.load("same")
            assert len(held) == 50_000 and len(set(held)) == 1
        return SHELF.load(f"own-{number}")

    assert together(work) == [b"19"] * 16
    assert len(SHELF.names()) == 17
    assert not list(SHELF.place.glob(".*"))


def test_many_processes_keep_the_same_file_and_their_own():
    runs = []
    for number in range(6):
        command = [sys.executable, "-c", KEEPER, str(number)]
        runs.append(Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=PIPE))
    for run in runs:
        assert run.stdout.readline() == b"ready\n"
    for run in runs:
        run.stdin.write(b"\n")
        run.stdin.flush()
    for run in runs:
        _, faults = run.communicate(timeout=120)
        assert run.returncode == 0, faults.decode()
    assert SHELF.names() == [*(f"own-{number}-19" for number in range(6)), "same"]
    assert not list(SHELF.place.glob(".*"))


def test_sessions_keep_the_same_upload_at_once():
    """Six of eighty failed while every session wrote under the same temporary name."""
    asked = question_sets.demo_questions()
    mine = replace(asked, name="mine", questions=asked.questions[:40])
    corpus = corpora.demo_corpus(corpora.DEMO)
    # Known beforehand, or every thread would work them out.
    assert corpus.digest != corpora.demo_corpus(corpora.REQUESTS).digest
    corpus = replace(corpus, name="mine.csv", pairs=corpus.pairs[:40])
    wanted = prompts.PromptSet("mine", (prompts.Prompt("1", "en", "Hello?"),))
    found = {1: np.float32([1, 2]), 2: np.float32([3, 4])}
    for turn in range(3):
        found[1] = found[1] + turn
        keeps = (
            lambda: corpora.keep(corpus),
            lambda: prompts.keep(wanted),
            lambda: question_sets.keep_questions(mine),
            lambda: vector_files.keep_vectors(found, "mine.npz"),
        )
        for keep in keeps:
            assert len(set(together(lambda number, keep=keep: keep()))) == 1
    assert corpora.load(corpora.keep(corpus)).pairs == corpus.pairs
    kept = question_sets.keep_questions(mine)
    assert question_sets.load_questions(kept).questions == mine.questions
    assert len(vector_files.kept_vectors()) == 3


def test_of_sessions_that_make_the_same_study_at_once_one_does(monkeypatch):
    write, rename = store.write_manifest, Path.rename
    barrier = Barrier(16)

    def write_together(folder, manifest):
        write(folder, manifest)
        barrier.wait()

    def rename_late(path, target):
        sleep(0.01)  # until the others have looked, too
        return rename(path, target)

    monkeypatch.setattr(store, "write_manifest", write_together)
    monkeypatch.setattr(Path, "rename", rename_late)

    def make(number):
        try:
            return store.create("same", Manifest(title=str(number), layers=1))
        except StudyError as error:
            assert "already" in str(error)

    for _ in range(5):
        made = [folder for folder in together(make) if folder]
        assert len(made) == 1 and [*store.root().iterdir()] == made
        rmtree(made[0])


def test_files_are_where_they_were():
    """What users kept with an earlier version is found again, under the same names."""
    corpus = replace(corpora.demo_corpus(), name="My päirs (1).csv")
    corpus = replace(corpus, pairs=corpus.pairs[:2])
    assert corpora.keep(corpus) == f"My-p-irs--1-{corpus.digest}"
    wanted = prompts.PromptSet("My prömpts!", (prompts.Prompt("1", "en", "Hello?"),))
    assert prompts.keep(wanted) == f"My-pr-mpts-{wanted.digest}"
    asked = question_sets.demo_questions()
    asked = replace(asked, name="_my questions_v1_", questions=asked.questions[:2])
    name = question_sets.keep_questions(asked)
    assert name == f"my-questions_v1-{asked.digest}"
    vector = vector_files.keep_vectors({1: np.float32([1])}, "Ä my  vector.(1).gguf")
    assert vector.startswith("my-vector-1-")
    files = [path.relative_to(settings.home()) for path in settings.home().rglob("*.*")]
    kept = {str(file) for file in files if file.parts[0] != store.root().name}
    assert kept == {
        f"corpora/{corpora.keep(corpus)}.csv",
        f"prompts/{prompts.keep(wanted)}.csv",
        f"questions/{name}.csv",
        f"vectors/{vector}.safetensors",
    }


def test_a_name_without_a_plain_letter_has_one_all_the_same():
    assert plain_name("中文", 30, "corpus") == "corpus"
    assert plain_name("--a b--", 30, "corpus") == "a-b"
    assert plain_name("a" * 50, 30, "corpus") == "a" * 30
