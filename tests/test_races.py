"""A study that goes away while others list, open, pack or hold it ends in a sentence."""

import os
import shutil
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path

import pytest

from analysis.core import files
from analysis.core.errors import AnalysisError, StudyError
from analysis.study import library, store
from components.frame import cache
from tests.stored import stored

SECONDS = 3.0
HANDLES = Path("/proc/self/fd")
"""Files that this process has open."""


def taking_away_and_back(until: float) -> None:
    """Delete a study and bring it back, again and again."""
    while time.monotonic() < until:
        try:
            library.restore(library.delete("mine"))
        except AnalysisError:
            continue


def calls(until: float, found: list, *work) -> None:
    """Do all of this, again and again; what is no sentence is found."""
    while time.monotonic() < until:
        for each in work:
            try:
                each()
            except AnalysisError:
                continue
            except Exception:
                found.append(traceback.format_exc())
                return


def renamed() -> None:
    """Write into the study, which takes its lock."""
    library.rename("mine", f"Title {time.monotonic_ns()}")


def test_calls_while_a_study_is_deleted_and_restored_end_in_sentences(fresh, home):
    stored("mine")
    found: list = []
    until = time.monotonic() + SECONDS
    readers = (
        library.names,
        lambda: library.open_by_name("mine").array("concept_vector"),
        lambda: library.pack("mine"),
        library.trashed,
    )
    pages = (lambda: cache.version("mine"), lambda: cache.study("mine"), renamed)
    threads = [threading.Thread(target=taking_away_and_back, args=(until,))]
    for work in (readers, readers, pages, pages):
        threads.append(threading.Thread(target=calls, args=(until, found, *work)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not found, found
    whole = list(home.glob(f"*/*/{store.MANIFEST}"))
    assert len(whole) == 1, "the study is there, once"


def test_two_who_remove_the_trash_for_good_do_not_meet(home):
    for name in ("one", "two"):
        stored(name)
        library.delete(name)
    tokens = library.trashed()
    shutil.rmtree(home / library.TRASH / tokens[0])
    library.purge()
    assert library.trashed() == []


def test_a_study_that_was_deleted_is_not_made_again_by_who_wants_to_write(home):
    folder = stored("mine")
    library.delete("mine")
    with pytest.raises(StudyError, match="is not here any more"), store.writing(folder):
        pass
    assert not folder.exists()


def as_on_windows(monkeypatch, folder) -> None:
    """Let this machine refuse, as Windows does, to move a folder with an open file."""
    real = type(folder).rename

    def rename(path, target):
        inside = f"{path}{os.sep}"
        for handle in HANDLES.iterdir():
            opened = ""
            with suppress(OSError):
                opened = str(handle.readlink())
            if opened.startswith(inside):
                raise PermissionError(13, "in use", str(path))
        return real(path, target)

    monkeypatch.setattr(type(folder), "rename", rename)
    monkeypatch.setattr(files, "WINDOWS", True)


@pytest.mark.skipif(not HANDLES.is_dir(), reason="needs /proc")
def test_on_windows_a_study_is_deleted_and_one_that_is_read_is_a_sentence(
    home, monkeypatch
):
    folder = stored("mine")
    as_on_windows(monkeypatch, folder)
    library.restore(library.delete("mine"))
    with (
        (folder / store.MANIFEST).open("rb"),
        pytest.raises(AnalysisError) as error,
    ):
        library.delete("mine")
    assert "“" in str(error.value) and folder.is_dir()
    with pytest.raises(StudyError, match="being computed"), store.writing(folder):
        library.delete("mine")
    library.delete("mine")
    assert not folder.exists()


def test_a_lock_that_makes_a_deleted_folder_again_leaves_nothing(home, monkeypatch):
    folder = stored("mine")
    real = files.locked

    def slow(path, wait=False):
        monkeypatch.setattr(files, "locked", real)
        library.delete("mine")
        return real(path, wait)

    monkeypatch.setattr(files, "locked", slow)
    with pytest.raises(StudyError, match="is not here any more"), store.writing(folder):
        pass
    assert not folder.exists() and len(library.trashed()) == 1


def test_what_a_reader_holds_open_on_windows_is_left_when_it_no_longer_counts(
    home, monkeypatch
):
    folder = stored("mine", cells=3)
    file = next(iter(store.read_manifest(folder).files))

    def refuse(path, missing_ok=False):
        raise PermissionError(13, "in use", str(path))

    monkeypatch.setattr(type(folder), "unlink", refuse)
    store.remove_files(folder, [file])
    assert (folder / file).is_file()
