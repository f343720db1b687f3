"""Runs of this session: back to earlier ones, with their settings, and forth again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from components.forms.steering_fields import KEY
from components.frame.jobs import Left

RUNS, AT = "earlier-runs", "earlier-at"
"""Keys of all runs of the session, and of the place of the one that is shown."""
SHOWN = f"{KEY}-got-answers"
"""Where the page keeps the answers that it shows."""
MOST = 100
"""Runs that a session keeps; the oldest make room."""


@dataclass(frozen=True)
class Run:
    """The answers of a run, of which study they are, and the draft's fields it was of."""

    study: str
    values: Mapping[str, Any]
    left: Left


def keep(study: str, values: Mapping[str, Any], left: Left) -> None:
    """Keep a new run, which is shown from now on."""
    runs = [*st.session_state.get(RUNS, ()), Run(study, dict(values), left)]
    st.session_state[RUNS] = runs[-MOST:]
    st.session_state[AT] = left.number


def runs_of(study: str) -> list[Run]:
    """The runs of a study, the oldest first."""
    return [run for run in st.session_state.get(RUNS, ()) if run.study == study]


def bar(study: str, busy: bool) -> None:
    """Back and forth, and where one is; nothing before there is a choice."""
    runs = runs_of(study)
    if not runs:
        return
    shown = st.session_state.get(SHOWN)
    numbers = [run.left.number for run in runs]
    place = len(runs)
    if shown is not None and shown.number in numbers:
        place = numbers.index(shown.number)
    row = st.container(horizontal=True, vertical_alignment="center", gap="small")
    step(row, "Earlier run", ":material/undo:", runs, place - 1, busy)
    step(row, "Later run", ":material/redo:", runs, place + 1, busy)
    row.caption(f"Run {place + 1} of {len(runs)}", width="content")


def step(row: Any, label: str, icon: str, runs: list[Run], to: int, busy: bool) -> None:
    """The button that goes to another run."""
    there = 0 <= to < len(runs)
    row.button(
        label,
        icon=icon,
        type="tertiary",
        disabled=busy or not there,
        on_click=show,
        args=(runs[to],) if there else None,
        key=f"{KEY}-{icon[10:-1]}",
    )


def show(run: Run) -> None:
    """Bring a run's settings and its answers back."""
    for key, value in run.values.items():
        st.session_state[f"{KEY}-{key}"] = value
    st.session_state[SHOWN] = run.left
    st.session_state[AT] = run.left.number


def last(study: str) -> Left | None:
    """The answers of the run of a study that was shown last."""
    at = st.session_state.get(AT)
    runs = runs_of(study)
    for run in runs:
        if run.left.number == at:
            return run.left
    return runs[-1].left if runs else None
