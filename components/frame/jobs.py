"""Progress, queue place and Stop of a job; the page polls, the worker never draws."""

import uuid

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.core.errors import AnalysisError
from analysis.study.study import Study
from analysis.worker.service import DONE, FAILED, QUEUED, STOPPED, Job
from components.frame import cache
from components.frame.text import escape

LONG = "This takes minutes on a study of this size. It can be stopped."
SOON = 0.5
"""Seconds that a page waits for an end that may come at once, instead of looking again later."""


def owner() -> str:
    """This browser session."""
    return st.session_state.setdefault("session", uuid.uuid4().hex)


def mine() -> Job | None:
    """The newest job of this session."""
    jobs = [job for job in list(cache.service().jobs.values()) if job.owner == owner()]
    return jobs[-1] if jobs else None


def shown() -> Job | None:
    """The session's newest job: watched while it lives; once it has ended, what became of it is said, and it is given back.

    Answers of the Playground, which live on a lease, are shown there only.
    """
    job = mine()
    if job is not None and job.lease:
        return None
    if job is not None and job.live:
        watch(job.number)
        return None
    if job is not None:
        outcome(job)
    return job


@st.fragment(run_every=0.5)
def watch(number: int) -> None:
    """A job's progress with Stop; the whole page reruns once when it ends."""
    job = cache.service().jobs.get(number)
    if job is None or not job.live:
        st.rerun()
    place = cache.service().place(job)
    share = job.done / job.total if job.total else 0.0
    if job.state == QUEUED:
        text = f"Waiting: {place} job{'s' if place != 1 else ''} before this one."
    else:
        left = f", about {remaining(job)} left" if share > 0.05 else ""
        text = (
            f"{escape(job.doing)} · {job.done:,} of {job.total:,}{left}"
            if job.total
            else f"{escape(job.doing)} …"
        )
    st.progress(min(1.0, share), text=text)
    stop(st, job)
    st.caption(
        "You can leave this page; the job goes on. Stop keeps every finished cell."
    )


def stop(place: DeltaGenerator, job: Job) -> None:
    """The button that stops a job; one that stops at once is shown as stopped without another look."""
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
    """Whether measures that take minutes are there; until then a button lets the worker compute them, with progress and Stop."""
    if cache.ready(study, *wants):
        return True
    job = mine()
    if st.button(
        label,
        icon=":material/calculate:",
        help=LONG,
        disabled=job is not None and job.live,
    ):
        try:
            cache.service().submit(owner(), label, cache.work(study, *wants))
        except AnalysisError as error:
            st.error(escape(str(error)), icon=":material/error:")
            return False
        st.rerun()
    return False


def remaining(job: Job) -> str:
    """Time left at the pace so far."""
    seconds = job.seconds * (job.total - job.done) / max(1, job.done)
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def outcome(job: Job) -> None:
    """What became of a job that ended."""
    title = escape(job.title)
    for notice in job.notices:
        st.info(escape(notice), icon=":material/info:")
    if job.state == DONE:
        st.success(
            f"{title}: done in {job.seconds:.0f} s.", icon=":material/check_circle:"
        )
    if job.state == STOPPED:
        st.warning(f"{title}: {escape(job.error)}", icon=":material/stop_circle:")
    if job.state == FAILED:
        st.error(f"{title}: {escape(job.error)}", icon=":material/error:")
        if job.faults:
            st.text("\n".join(job.faults[:200]))
