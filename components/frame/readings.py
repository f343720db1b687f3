"""What a session reads from files: each once, off the page, with progress and Stop.

Pages run again at every touch of a widget. A file is read by a job of its own thread, and
the page looks at it; what was read stays with the session as long as the page shows it.
"""

import time
import uuid
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

import streamlit as st

from analysis.core.errors import AnalysisError, Stopped
from analysis.core.turns import Watcher, watched
from analysis.worker.service import FAILED, STOPPED, Job, Pool, Service
from components.frame import jobs
from components.frame.text import escape

T = TypeVar("T")
SMALL = 2**20
"""Bytes up to which a file is read in a thread that never has a large one."""
LARGE = 2 * SMALL
"""Stands for the size of what is known to take its time."""
LEASE = 60.0
"""Seconds after which a reading stops whose page nobody has open any more."""
PATIENCE = {True: 5.0, False: 0.5}
"""Seconds that a page waits for a small and for a large file before it shows progress."""
BREATH = 0.002
"""Seconds between two blocks of a file in which other pages get their turn."""


@dataclass
class Reading:
    """A file that is read or was, what it gave, and what was wrong with it."""

    key: Hashable
    service: Service
    job: Job | None = None
    result: Any = None
    error: AnalysisError | None = None
    page: str = ""
    """The page that asked for it."""


@st.cache_resource(show_spinner=False)
def reader(small: bool) -> Service:
    """The thread that reads small files, or large ones."""
    return Service(kept=1)


def held() -> dict[str, Reading]:
    """What this session has read, by the place on the page."""
    return st.session_state.setdefault("readings", {})


def begin_page() -> None:
    """Let go of what another page has read, which nobody sees any more."""
    for place, reading in list(held().items()):
        if reading.page != st.session_state["page"]:
            drop(place)


def drop(place: str) -> None:
    """Let go of what was read at a place; if it is still being read, that stops."""
    reading = held().pop(place, None)
    if reading is not None and reading.job is not None:
        reading.service.stop(reading.job)


def of_file(
    file: Any, place: str, read: Callable[[bytes, str], T], *key: Any
) -> T | None:
    """What a file gives that was uploaded at a place; None without one, or not yet.

    ``key`` are choices on which that depends beside the file. AnalysisError as ``read``
    raises it.
    """
    if file is None:
        drop(place)
        return None
    return reading_of(
        place,
        (file.file_id, *key),
        lambda: read(file.getvalue(), file.name),
        file.name,
        file.size,
    )


def reading_of(
    place: str, key: Hashable, read: Callable[[], T], name: str, size: int = 0
) -> T | None:
    """What ``read`` gives for a key; once for each, and None while that takes its time.

    ``name`` is shown, ``size`` in bytes. AnalysisError as ``read`` raises it.
    """
    reading = held().get(place)
    if reading is None or reading.key != key:
        drop(place)
        reading = begin(key, read, name, size)
        held()[place] = reading
    job = reading.job
    assert job is not None, "a reading that is held has begun"
    if job.live:
        job.seen = time.monotonic()
        watch(place)
        return None
    if reading.error is not None:
        raise reading.error.with_traceback(None)
    if job.state == STOPPED:
        stopped(place, job)
        return None
    if job.state == FAILED:
        st.error(escape(job.error), icon=":material/error:")
        return None
    return reading.result


def begin(key: Hashable, read: Callable[[], Any], name: str, size: int) -> Reading:
    """A reading that has begun; at its end if that comes soon."""
    small = size <= SMALL
    reading = Reading(key, reader(small), page=st.session_state.get("page", ""))

    def work(job: Job, pool: Pool) -> None:
        # Not as the job's result, which the service keeps when the session is gone.
        with watched(progress_of(job, name)):
            try:
                reading.result = read()
            except Stopped:
                raise
            except AnalysisError as error:
                reading.error = error

    # Unlike a job of models, a reading never keeps its owner from another.
    owner = f"{jobs.owner()}/{uuid.uuid4().hex}"
    reading.job = reading.service.submit(owner, f"Reading {name}", work, lease=LEASE)
    reading.job.finished.wait(PATIENCE[small])
    return reading


def progress_of(job: Job, name: str) -> Watcher:
    """Tells a job how far its reading is, and lets other threads have their turn."""

    def tell(share: float | None) -> None:
        job.check()
        if share is not None:
            job.progress(round(100 * share), 100, f"reading {name}, percent")
        time.sleep(BREATH)

    return tell


@st.fragment(run_every=0.5)
def watch(place: str) -> None:
    """Progress of a reading with Stop; the whole page reruns once when it ends."""
    reading = held().get(place)
    if reading is None or reading.job is None or not reading.job.live:
        st.rerun()
        return
    job = reading.job
    job.seen = time.monotonic()
    text = jobs.progress_words(job, reading.service)
    st.progress(min(1.0, jobs.share_of(job)), text=text)
    if st.button(
        "Stop",
        icon=":material/stop_circle:",
        key=f"stop-reading-{place}",
        disabled=job.cancel.is_set(),
    ):
        reading.service.stop(job)
        if job.finished.wait(jobs.SOON):
            st.rerun()


def stopped(place: str, job: Job) -> None:
    """Say that a file was not read to its end, and offer to read it again."""
    name = job.title.removeprefix("Reading ")
    st.warning(
        f"Reading {escape(name)} was stopped; nothing of it is used.",
        icon=":material/stop_circle:",
    )
    if st.button("Read it again", key=f"again-{place}", icon=":material/refresh:"):
        drop(place)
        st.rerun()
