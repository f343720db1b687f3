"""A control run that fills: which of its cells are kept, and how long the rest takes."""

import numpy as np
import pandas as pd
import streamlit as st

from analysis.control import store
from analysis.core.errors import AnalysisError
from components.figures.spec import Figure, Matrix
from components.frame import controls, jobs, panel
from components.frame.text import escape


def watch(run: store.Run | None) -> None:
    """The session's newest job when it is a control run's: watched while it lives, then what became of it."""
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
    panel.show(filled(run))


def filled(run: store.Run) -> Figure:
    """A run's cells: one row per language, one column per set of layers, and those without a push and with the chosen settings."""
    sets, spec, done = run.grid, run.spec, run.done
    most = max(map(len, sets.layers.values()))
    columns = ("no push", *(f"set {i + 1}" for i in range(most)), "own", "shared")
    values = np.full((len(spec.languages), len(columns)), np.nan)
    keys = {cell.key: cell for cell in run.planned()}
    for row, language in enumerate(spec.languages):
        values[row, 0] = f"{store.NONE}/{language}" in done
        for i, layers in enumerate(sets.layers[language]):
            values[row, 1 + i] = (
                store.Cell(store.SEARCH, language, language, layers, sets.strengths).key
                in done
            )
        for column, source in ((-2, language), (-1, spec.source)):
            values[row, column] = any(
                key.startswith(f"{store.REPORT}/{language}/{source}/") for key in done
            )
    ahead = store.outlook(run)
    kept = sum(key in keys for key in done) + len(
        [key for key in done if key.startswith(store.REPORT)]
    )
    pace = (
        f" About {minutes(ahead.seconds)} to go at the pace of the cells so far."
        if np.isfinite(ahead.seconds) and ahead.left
        else ""
    )
    return Figure(
        name=f"cells-{run.name}",
        title="Cells that are kept",
        caption=f"{kept} of {ahead.cells} cells, {ahead.answers - ahead.left:,} of {ahead.answers:,} answers.{pace} A set is one "
        "set of layers with every strength.",
        data=Matrix(
            values, controls.labels(spec.languages), columns, "kept", (0, 1), digits=0
        ),
        table=pd.DataFrame(values, spec.languages, columns).reset_index(
            names="language"
        ),
        x="no push, sets of layers searched, reported settings",
        y="language",
    )


def minutes(seconds: float) -> str:
    """A length of time in words."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
