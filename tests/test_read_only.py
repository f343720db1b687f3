"""Where visitors may only look, nothing changes, and each refusal is a sentence."""

import hashlib

import pytest

import babelscope as bs
from analysis.core import disk, files, settings
from analysis.core.errors import AnalysisError, DiskError, SpecError
from analysis.model import hub as models
from analysis.sharing import hub as exchange
from analysis.steering.vector_files import keep_vectors
from analysis.study import library, notes, store, tags
from tests.stored import planted, stored
from tests.visits import alive, button, visit, words

SAID = "for reading only"
STUDIES = "pages/studies.py"


@pytest.fixture
def looking(home, monkeypatch):
    """A home with a study, which visitors may look at."""
    stored("mine")
    monkeypatch.setenv(settings.READ_ONLY, "1")
    return home


def everything(home):
    """All that lies in a home, and what is in it."""
    found = {}
    for path in sorted(home.rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        found[path] = hashlib.sha256(data).hexdigest()
    return found


WRITES = {
    "a file": lambda home: files.write_file(home / "x", b"x"),
    "a file of a study": lambda home: files.write_file(home / "studies/mine/x", b"x"),
    "a folder": lambda home: files.make_folder(home / "new"),
    "a study": lambda home: stored("other"),
    "a study that was packed": lambda home: library.unpack(
        library.pack("mine"), "x.zip"
    ),
    "a title": lambda home: library.rename("mine", "New"),
    "a deletion": lambda home: library.delete("mine"),
    "tags": lambda home: tags.write("mine", ["a"], ""),
    "a note": lambda home: notes.add_notes(library.open_by_name("mine"), "answers", {}),
    "vectors": lambda home: keep_vectors({1: planted_vector()}, "x"),
    "a lock": lambda home: held(home),
    "a removal": lambda home: files.remove(home / "studies"),
    "a new name": lambda home: files.move(home / "studies", home / "gone"),
    "a push": lambda home: exchange.push("jane/x", {}),
    "a pull": lambda home: exchange.pull("jane/x"),
}


def planted_vector():
    """A vector of the planted study."""
    return planted().array("concept_vector").values[0, 0, 0]


def held(home):
    """A lock in the home."""
    with files.locked(home / "some.lock"):
        pass


@pytest.mark.parametrize("write", WRITES)
def test_every_write_is_refused_with_a_sentence_and_nothing_changes(looking, write):
    before = everything(looking)
    with pytest.raises(DiskError, match=SAID) as refused:
        WRITES[write](looking)
    assert settings.READ_ONLY in str(refused.value)
    assert everything(looking) == before


def test_what_is_there_is_read_and_files_of_ones_own_are_written(looking, tmp_path):
    study = bs.open("mine")
    assert study.transfer()["transfer"].notnull().all()
    files.write_output(tmp_path.parent / "own.csv", b"a")
    assert (tmp_path.parent / "own.csv").read_bytes() == b"a"


def test_models_are_fetched_by_nobody(looking, hub, tiny_folder, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    hub.publish("org/name", tiny_folder / "llama")
    with pytest.raises(AnalysisError, match=f"not wholly on this machine.*{SAID}"):
        models.locate("org/name")
    assert not hub.log


def test_the_pages_say_so_and_a_button_is_refused(looking):
    before = everything(looking)
    at = visit(STUDIES, study="mine", tab="this")
    assert SAID in words(at)
    at.text_input(key="title-mine").input("Another title")
    alive(at.run())
    alive(button(at, "Rename").click().run())
    assert "was not" in words(at) and store.read_manifest(
        store.root() / "mine"
    ).title == ("Planted study")
    assert everything(looking) == before


def test_it_is_off_unless_it_is_set_and_anything_odd_is_told(home, monkeypatch):
    assert not settings.read_only() and "Look around" not in disk.trouble()
    monkeypatch.setenv(settings.READ_ONLY, "maybe")
    with pytest.raises(SpecError, match="takes 1 or 0"):
        settings.check()
