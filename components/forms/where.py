"""Where a job is computed: on this machine, or on a cluster that the operator has named."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from analysis.core.errors import AnalysisError
from analysis.study import claims, standing, stop_mark
from analysis.study.standing import Standing
from analysis.worker.cluster_names import FILE, named_clusters
from components.frame import jobs
from components.frame.jobs import Task
from components.frame.text import duration, escape

HERE = ""
"""No cluster: the models of this server."""


def chosen_place(key: str) -> str:
    """The name of a cluster, or HERE; where none is named there is nothing to choose."""
    try:
        names = list(named_clusters())
    except AnalysisError as error:
        st.warning(
            f"{escape(str(error))} Until that is mended, this machine alone computes."
        )
        return HERE
    if not names:
        return HERE
    return st.selectbox(
        "Where",
        (HERE, *names),
        format_func=in_words,
        key=f"where-{key}",
        help=f"Clusters of this server’s {FILE}. Their workers need its folder of studies; "
        "you can leave the page meanwhile, and Stop keeps what is finished.",
    )


def begin(title: str, place: str, here: Task, there: Callable[[str], Task]) -> None:
    """Let a job begin: on this machine, or on the cluster that ``there`` is given."""
    if place == HERE:
        jobs.submit(title, here)
    else:
        jobs.submit_aside(title, there(place))


def in_words(name: str) -> str:
    """A place for the eye."""
    return name or "This machine"


def tell_who(found: Standing) -> None:
    """Who computes what now, here or on other machines, and what has failed."""
    for claim in found.running:
        minutes = duration(standing.since(claim))
        st.caption(
            f"{escape(claim.group)} is being computed on {escape(claim.host)}, for "
            f"{minutes} so far."
        )
    for claim in found.failed:
        # It begins with what failed.
        st.caption(f"Failed: {escape(claim.error)}")


def offer_stop(folder: Path) -> None:
    """Stop for all who compute a study or a run together, wherever they are."""
    live = claims.beat_lately(folder)
    if stop_mark.is_there(folder):
        waiting = "Each process ends at its next step. " if live else ""
        st.caption(
            f"Stopped for all who compute it. {waiting}What is finished is kept; “Go on” "
            "lets all take part again."
        )
    elif live:
        if st.button(
            "Stop all",
            icon=":material/stop_circle:",
            help="Every process that computes it stops at its next step, also "
            "those of other machines. What is finished is kept.",
        ):
            stop_mark.put(folder)
            st.rerun()
    else:
        st.caption("Nobody has been heard of for two minutes: “Go on” goes on with it.")
