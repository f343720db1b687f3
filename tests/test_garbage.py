"""Circles are searched for seldom while rows are read, and as before afterwards."""

import gc
import threading

import pytest

from analysis.concepts.pair_readers import read_corpus
from analysis.core.errors import CorpusError
from analysis.core.garbage import RARE, seldom_searched

HEAD = "pair,concept,language,positive,negative\n"


@seldom_searched
def threshold() -> int:
    """How many new objects there are between two searches."""
    return gc.get_threshold()[0]


def test_searched_seldom_within_and_as_before_afterwards() -> None:
    """The process's setting comes back."""
    before = gc.get_threshold()
    assert threshold() == RARE
    assert gc.get_threshold() == before


def test_a_file_that_is_refused_leaves_the_setting_as_it_was() -> None:
    """Whatever the reader raises."""
    before = gc.get_threshold()
    with pytest.raises(CorpusError):
        read_corpus(f"{HEAD}1,kindness,xx-none,a,b\n".encode(), "pairs.csv")
    assert gc.get_threshold() == before


def test_two_at_once_leave_the_setting_as_the_first_found_it() -> None:
    """The second may begin before the first ends, and end after it."""
    before = gc.get_threshold()
    began, go_on = threading.Event(), threading.Event()

    @seldom_searched
    def long() -> None:
        began.set()
        go_on.wait(10)

    thread = threading.Thread(target=long)
    thread.start()
    assert began.wait(10)
    assert threshold() == RARE
    assert gc.get_threshold()[0] == RARE
    go_on.set()
    thread.join()
    assert gc.get_threshold() == before
