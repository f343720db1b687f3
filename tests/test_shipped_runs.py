"""Control runs that come along: read where they lie, copied before anything is written."""

import shutil

import pytest

from analysis.control import store
from analysis.control.specs import JudgingSpec
from analysis.core.errors import StudyError
from analysis.study import library
from tests.speaking import finished
from tests.stored import stored


@pytest.fixture
def shipped(home, tmp_path, monkeypatch):
    """The name of a finished run that comes along."""
    stored("complete")
    run = finished(library.open_by_name("complete"))
    along = tmp_path / "along"
    along.mkdir()
    shutil.move(run.folder, along / run.name)
    monkeypatch.setattr(store, "SHIPPED", along)
    return run.name


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_run_that_comes_along_is_listed_and_opened_where_it_lies(shipped):
    assert store.names("complete") == (shipped,)
    assert not store.names("demo")
    run = store.open_run(shipped)
    assert run.folder.parent == store.SHIPPED and not store.is_own(shipped)
    assert not store.missing(run, store.frame(run, run.judging), run.judging)


def test_judging_it_otherwise_makes_a_copy_of_ones_own(shipped):
    before = contents(store.SHIPPED / shipped)
    store.keep_judging(shipped, JudgingSpec(fewest_words=1))
    assert contents(store.SHIPPED / shipped) == before
    assert store.names("complete") == (shipped,)
    own = store.open_run(shipped)
    assert own.folder.parent == store.root()
    assert own.judging.fewest_words == 1


def test_its_copy_can_be_deleted_and_it_cannot(shipped):
    with pytest.raises(StudyError, match="comes with Babelscope"):
        store.delete(shipped)
    store.make_own(shipped)
    store.make_own(shipped)
    assert store.is_own(shipped)
    store.delete(shipped)
    assert store.names("complete") == (shipped,) and not store.is_own(shipped)


def test_the_same_spec_finds_the_run_that_comes_along(shipped):
    again = finished(library.open_by_name("complete"))
    assert again.name == shipped
    assert store.names("complete") == (shipped,)
