"""One job at a time writes a study; whoever is killed lets go of it."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from analysis.control import store as runs
from analysis.core.errors import StudyError
from analysis.study import library, notes, store
from tests.stored import stored

HOLD = """
import sys, time
from pathlib import Path
from analysis.study import store
with store.writing(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""
ROOT = Path(__file__).parent.parent


def held_elsewhere(folder):
    """A process that holds a study."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, folder], stdout=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout.readline() == b"held\n"
    return process


def test_a_study_that_another_process_holds_is_a_sentence_until_that_is_killed(home):
    folder = stored("held", cells=1)
    process = held_elsewhere(folder)
    try:
        for act in (
            lambda: library.rename("held", "New"),
            lambda: library.delete("held"),
        ):
            with pytest.raises(
                StudyError, match="held is being computed by another job"
            ):
                act()
        assert library.open_by_name("held").title != "New"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    library.rename("held", "New")
    assert library.open_by_name("held").title == "New"


def test_a_study_is_held_once_in_one_process_too(home):
    folder = stored("held", cells=1)
    said = []

    def other():
        try:
            with store.writing(folder):
                said.append("held twice")
        except StudyError as error:
            said.append(str(error))

    with store.writing(folder):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        with pytest.raises(StudyError, match="being computed"), store.writing(folder):
            pass
    with store.writing(folder):
        pass
    assert len(said) == 1 and "being computed by another job" in said[0]


def test_a_job_that_fails_lets_go(home):
    folder = stored("held", cells=1)
    with pytest.raises(ZeroDivisionError), store.writing(folder):
        raise ZeroDivisionError
    with store.writing(folder):
        pass


def test_what_is_deleted_or_restored_can_be_held_again(home):
    stored("gone", cells=1)
    for _ in range(2):
        assert library.restore(library.delete("gone")) == "gone"
    (runs.root() / "run").mkdir()
    runs.delete("run")
    assert not (runs.root() / "run").exists()


def test_notes_of_many_threads_are_all_kept(home):
    stored("noted")
    study = library.open_by_name("noted")
    threads = []
    for number in range(16):
        note = {"number": number}
        threads.append(
            threading.Thread(target=notes.add_notes, args=(study, "votes", note))
        )
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = [note["number"] for note in notes.read_notes(study, "votes")]
    assert sorted(kept) == list(range(16))


def test_the_analysis_is_imported_where_there_is_no_fcntl():
    """As on Windows."""
    modules = [
        f"analysis.{path.parent.name}.{path.stem}"
        for room in (
            "core",
            "study",
            "concepts",
            "control",
            "questions",
            "plane",
            "words",
        )
        for path in sorted((ROOT / "analysis" / room).glob("[a-z]*.py"))
    ]
    code = f"import sys; sys.modules['fcntl'] = None; import {', '.join(modules)}"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
