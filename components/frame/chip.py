"""What the session's job is doing, on every page but the one that began it.

That page shows more of it. The chip looks by itself, so nothing else of the page runs.
"""

import time
from collections.abc import Mapping
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.worker.service import DONE, QUEUED, Job
from components.frame import cache, going, jobs
from components.frame.text import escape

ENDED = "chip-ended"


class Awaited(NamedTuple):
    """A job that was seen to run, on which visit of a page."""

    number: int
    visit: int


def show(titles: Mapping[str, str]) -> None:
    """The chip while a job of another page lives, and how it ended while this is seen.

    ``titles`` are those of the pages, by their files.
    """
    job = jobs.mine()
    if job is None or jobs.is_here(job):
        return
    awaited = Awaited(job.number, st.session_state["visit"])
    title = titles.get(jobs.page_of(job), "")
    if job.live:
        st.session_state[ENDED] = awaited
        running(job.number, title)
    elif st.session_state.get(ENDED) == awaited:
        ended(job, title)


@st.fragment(run_every=1.0)
def running(number: int, title: str) -> None:
    """What runs, how far it is and Stop; the page runs once more when it ends."""
    job = cache.service().jobs.get(number)
    if job is None or not job.live:
        st.rerun()
        return
    # Answers stop when nobody looks; whoever sees the chip does.
    job.seen = time.monotonic()
    with row():
        st.markdown(
            f":primary-badge[:material/progress_activity: {escape(job.title)}] "
            f"{stand(job)}",
            width="content",
        )
        link(job, title)
        if st.button(
            "Stop",
            key=f"chip-stop-{number}",
            icon=":material/stop_circle:",
            type="tertiary",
            disabled=job.cancel.is_set(),
        ):
            cache.service().stop(job)
            if job.finished.wait(jobs.SOON):
                st.rerun()


def ended(job: Job, title: str) -> None:
    """How a job ended that was seen from this page."""
    colour, how = "red", job.state
    if job.state == DONE:
        colour, how = "green", f"done in {job.seconds:.0f} s"
    with row():
        st.markdown(
            f":{colour}-badge[{escape(job.title)}] {escape(how)}", width="content"
        )
        link(job, title)


def row() -> DeltaGenerator:
    """One line of the page."""
    return st.container(horizontal=True, vertical_alignment="center", key="job-chip")


def link(job: Job, title: str) -> None:
    """A link to the page that began a job."""
    if title:
        going.link(
            jobs.page_of(job), f"Show on {title}", {}, icon=":material/open_in_new:"
        )


def stand(job: Job) -> str:
    """How far a job is: percent and the time that is left, as far as is known."""
    if job.cancel.is_set():
        return "stopping …"
    if job.state == QUEUED:
        return jobs.progress_words(job)
    if not job.total:
        return jobs.doing_words(job)
    share = min(1.0, jobs.share_of(job))
    said = f"{100 * share:.0f} %"
    if share > 0.05:
        said += f" · about {jobs.remaining(job)} left"
    return said
