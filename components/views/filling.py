"""A control run that fills: which of its cells are kept, and how long the rest takes."""

import streamlit as st

from analysis.control import store
from components.figures import control as figures
from components.frame import controls, jobs, panel
from components.frame.polite import INFO, polite


def watch(run: store.Run | None) -> None:
    """The session's newest job when it is a control run's, and what became of it."""
    job = jobs.mine()
    if job is None:
        return
    if not job.live:
        jobs.outcome(job)
        return
    if not jobs.is_here(job):
        return
    jobs.watch(job.number)
    if run is not None:
        filling(run.name)


@st.fragment(run_every=2.0)
def filling(name: str) -> None:
    """Which cells of a run are kept, as they come."""
    with polite(INFO):
        run = store.open_run(name)
        panel.show(figures.cells(run, controls.labels(run.spec.languages)))
