"""A control run that fills: which of its cells are kept, and how long the rest takes."""

import streamlit as st

from analysis.control import store
from analysis.core.errors import AnalysisError
from components.figures import control as figures
from components.frame import controls, jobs, panel
from components.frame.text import escape


def watch(run: store.Run | None) -> None:
    """The session's newest job when it is a control run's, and what became of it."""
    job = jobs.mine()
    if job is None:
        return
    if not job.live:
        jobs.outcome(job)
        return
    jobs.watch(job.number)
    if run is not None:
        filling(run.name)


@st.fragment(run_every=2.0)
def filling(name: str) -> None:
    """Which cells of a run are kept, as they come."""
    try:
        run = store.open_run(name)
    except AnalysisError as error:
        st.info(escape(str(error)), icon=":material/info:")
        return
    panel.show(figures.cells(run, controls.labels(run.spec.languages)))
