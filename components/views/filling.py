"""A control run that fills: which of its cells are kept, and how long the rest takes."""

import numpy as np
import streamlit as st

from analysis.control import store
from analysis.core.counting import count
from analysis.worker.service import DONE, Job
from components.figures import control as figures
from components.forms.control_run import TIMED
from components.frame import controls, jobs, panel
from components.frame.polite import INFO, polite
from components.frame.text import duration


def watch(run: store.Run | None) -> None:
    """The session's newest job when it is a control run's, and what became of it."""
    job = jobs.mine()
    if job is None:
        return
    if not job.live:
        jobs.outcome(job)
        if job.state == DONE and run is not None:
            tell_time(job, run)
        return
    if not jobs.is_here(job):
        return
    jobs.watch(job.number)
    if run is not None:
        filling(run.name)


def tell_time(job: Job, run: store.Run) -> None:
    """How long one cell took and the rest will, where that was asked."""
    if st.session_state.get(TIMED) != run.name:
        return
    ahead = store.outlook(run)
    if not np.isfinite(ahead.seconds):
        return
    done = ahead.answers - ahead.left
    st.info(
        f"{count(done, 'answer')} took {duration(job.seconds)}, so the other "
        f"{ahead.left:,} take about {duration(ahead.seconds)}. “Go on” computes them.",
        icon=":material/timer:",
    )


@st.fragment(run_every=2.0)
def filling(name: str) -> None:
    """Which cells of a run are kept, as they come."""
    with polite(INFO):
        run = store.open_run(name)
        panel.show(figures.cells(run, controls.labels(run.spec.languages)))
