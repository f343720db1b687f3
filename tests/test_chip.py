"""A job that runs is seen from every page: what, how far, Stop, and the way to it."""

import threading

import pytest

from analysis.worker.service import STOPPED
from components.frame import cache
from tests.test_going import go, ways
from tests.visits import PAGES, alive, visit, without_bodies, words

EXTRACT = "pages/extract.py"


@pytest.fixture
def running(fresh, in_this_process, monkeypatch):
    """A page of a session whose job goes on until it is let go or stopped."""
    without_bodies(monkeypatch)
    at = visit(EXTRACT)
    let_go = threading.Event()

    def work(job, pool):
        job.progress(40, 100, "reading pairs")
        while not let_go.wait(0.02):
            job.check()

    at.session_state["session"] = "someone"
    job = cache.service().submit("someone", "Kind *words*", work)
    at.session_state["job-pages"] = {job.number: EXTRACT}
    while not job.total:
        let_go.wait(0.01)
    yield at, job, let_go
    let_go.set()
    assert job.finished.wait(30)


def stops(at) -> list:
    """The buttons that stop a job."""
    return [each for each in at.button if each.label == "Stop"]


def test_every_page_shows_the_job_once(running):
    at, job, _ = running
    for page in PAGES:
        go(at, page)
        assert len(stops(at)) == 1, page
        if page != EXTRACT:
            assert "Kind *words*" in words(at) and "40 %" in words(at), page
            assert "Show on Extract" in ways(at), page


def test_stop_stops_it_from_anywhere(running):
    at, job, _ = running
    go(at, "pages/transfer.py")
    stops(at)[0].click().run()
    assert job.finished.wait(30) and job.state == STOPPED
    alive(at.run())
    assert not stops(at)


def test_the_end_is_said_where_it_was_awaited_and_only_there(running):
    at, job, let_go = running
    go(at, "pages/transfer.py")
    let_go.set()
    assert job.finished.wait(30)
    alive(at.run())
    assert "done in" in words(at) and "Show on Extract" in ways(at)
    go(at, "pages/similarity.py")
    assert "done in" not in words(at)


def test_there_is_no_chip_without_a_job(fresh, monkeypatch):
    without_bodies(monkeypatch)
    at = visit("pages/transfer.py")
    assert not stops(at) and "Show on" not in "".join(ways(at))


@pytest.mark.parametrize(
    "name",
    [
        *("computed", "comparison", "searched", "settings", "preview"),
        *("note_on_null", "counted", "leaked"),
    ],
)
def test_what_a_page_computes_is_told_while_it_takes_its_time(name):
    busy = getattr(cache, name)._info.show_spinner
    assert isinstance(busy, str) and busy.endswith(" …")
