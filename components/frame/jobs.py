"""Progress, queue place and Stop of a job; the page polls, the worker never draws."""

import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.core.errors import untold
from analysis.study.study import Study
from analysis.worker.service import DONE, FAILED, QUEUED, STOPPED, Job, Pool, Service
from components.frame import cache
from components.frame.polite import polite
from components.frame.text import duration, escape

Task = Callable[[Job, Pool], Any]
LONG = "This takes minutes on a study of this size. It can be stopped."
SOON = 0.5
"""Seconds that a page waits for an end that may come at once.

Otherwise it looks again later.
"""
MOST_FAULTS = 200


class Begun(NamedTuple):
    """A job that a page began, and what it was asked."""

    number: int
    kind: str
    asked: Any


class Left(NamedTuple):
    """What a job left, and what it was asked."""

    number: int
    asked: Any
    answer: Any


def owner() -> str:
    """This browser session."""
    return st.session_state.setdefault("session", uuid.uuid4().hex)


def mine() -> Job | None:
    """The newest job of this session."""
    newest = None
    for job in list(cache.service().jobs.values()):
        if job.owner == owner():
            newest = job
    return newest


def submit(title: str, task: Task) -> None:
    """Queue a job of this session and draw the page again, which shows it."""
    with polite():
        begun_here(cache.service().submit(owner(), title, task))
        st.rerun()


def submit_here(title: str, task: Task) -> None:
    """The same for a job without a model, which leaves something in this process."""
    with polite():
        begun_here(cache.service().submit(owner(), title, task, here=True))
        st.rerun()


def submit_aside(title: str, task: Task) -> None:
    """The same for a job that others compute: models of this server stay free for it."""
    with polite():
        begun_here(cache.service().submit(owner(), title, task, aside=True))
        st.rerun()


def begun_here(job: Job) -> Job:
    """Remember that this page began a job."""
    begun = st.session_state.setdefault("job-pages", {})
    begun[job.number] = st.session_state.get("page", "")
    return job


def page_of(job: Job) -> str:
    """The file of the page that began a job; empty where that is not known."""
    return st.session_state.get("job-pages", {}).get(job.number, "")


def is_here(job: Job) -> bool:
    """Whether this page began a job, or nobody knows which did."""
    return page_of(job) in ("", st.session_state.get("page", ""))


def shown() -> Job | None:
    """Watch the session's newest job while it lives, on the page that began it.

    Once it has ended, what became of it is said, and it is given back. Answers of the
    Playground, which live on a lease, are shown there only.
    """
    job = mine()
    if job is None or job.lease:
        return None
    if job.live:
        if is_here(job):
            watch(job.number)
        return None
    outcome(job)
    return job


@st.fragment(run_every=0.5)
def watch(number: int) -> None:
    """A job's progress with Stop; the whole page reruns once when it ends."""
    job = cache.service().jobs.get(number)
    if job is None or not job.live:
        st.rerun()
        return
    st.progress(min(1.0, share_of(job)), text=progress_words(job))
    stop(st, job)  # pyright: ignore[reportArgumentType]
    st.caption(
        "You can leave this page; the job goes on. Stop keeps every finished cell."
    )
    tell_notices(job)


def share_of(job: Job) -> float:
    """How much of a job is done."""
    if not job.total:
        return 0.0
    return job.done / job.total


def progress_words(job: Job, service: Service | None = None) -> str:
    """Where a job stands; ``service`` does it, or the one that owns the models."""
    if job.state == QUEUED:
        return waiting_words(job, service or cache.service())
    if not job.total:
        return doing_words(job)
    text = f"{escape(job.doing)} · {job.done:,} of {job.total:,}"
    if share_of(job) > 0.05:
        text += f", about {remaining(job)} left"
    return text


def waiting_words(job: Job, service: Service) -> str:
    """What a job waits for: those of others, or a server that is just beginning."""
    own = service.gets_ready(job)
    if own is not None:
        return f"Waiting until the server is ready: {doing_words(own)}"
    place = service.place(job)
    jobs = "job" if place == 1 else "jobs"
    return f"Waiting: {place} {jobs} before this one."


def doing_words(job: Job) -> str:
    """What a job does that has no steps to count, or has not told of any yet."""
    return f"{escape(job.doing) or 'beginning'} …"


def stop(place: DeltaGenerator, job: Job) -> None:
    """The button that stops a job.

    One that stops at once is shown as stopped without another look.
    """
    if place.button(
        "Stop",
        icon=":material/stop_circle:",
        key=f"stop-{job.number}",
        disabled=job.cancel.is_set(),
        shortcut="Esc",
    ):
        cache.service().stop(job)
        if job.finished.wait(SOON):
            st.rerun()


def awaited(label: str, study: Study, *wants: cache.Want) -> bool:
    """Whether analyses that take minutes are at hand.

    Until then a button lets the worker compute them, with progress and Stop.
    """
    if cache.ready(study, *wants):
        return True
    job = mine()
    if st.button(
        label,
        icon=":material/calculate:",
        help=LONG,
        disabled=job is not None and job.live,
    ):
        submit_here(label, cache.work(study, *wants))
    return False


def remaining(job: Job) -> str:
    """Time left at the pace so far."""
    return duration(job.seconds * (job.total - job.done) / max(1, job.done))


def tell_notices(job: Job) -> None:
    """What there is to know of a job, whether it runs or has ended."""
    for notice in tuple(job.notices):
        st.info(escape(notice), icon=":material/info:")


def outcome(job: Job) -> None:
    """What became of a job that ended."""
    title = escape(job.title)
    tell_notices(job)
    if job.state == DONE:
        st.success(
            f"{title}: done in {job.seconds:.0f} s.", icon=":material/check_circle:"
        )
    if job.state == STOPPED:
        st.warning(f"{title}: {escape(job.error)}", icon=":material/stop_circle:")
    if job.state == FAILED:
        st.error(f"{title}: {escape(job.error)}", icon=":material/error:")
        faults = untold(job.error, job.faults)
        if faults:
            st.text("\n".join(faults[:MOST_FAULTS]))
