"""Transfer: does it carry over?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st
import xarray as xr

from analysis.concepts import recognition, transfer, triangle
from analysis.concepts.specs import Convention
from analysis.core.counting import count
from analysis.core.errors import AnalysisError
from analysis.core.intervals import ends
from analysis.study.study import Study
from components.figures import transfer as figures
from components.figures.cells import between
from components.figures.languages import Languages
from components.frame import cache, controls, links, panel
from components.frame.polite import INFO, polite
from components.frame.text import escape
from components.views import unfilled
from components.views.words import tell_null


@dataclass(frozen=True)
class Reading:
    """What the page's controls say: which concepts, and how accuracies are read off."""

    concepts: tuple[str, ...]
    convention: Convention


def page(study: Study) -> None:
    """The page's figures under its controls."""
    if unfilled.tell(study, "Transfer"):
        return
    tell_null(study)
    convention = controls.convention()
    concepts = study.concepts
    if study.has("pair_score"):
        concepts = controls.concepts(study)
    reading = Reading(concepts, convention)
    data = cache.measure(transfer.transfer, study, convention, concepts)
    languages = controls.languages(study, data.source.values.tolist())
    triangular = figures.matrix(study, data, languages, convention)
    picked = panel.show(triangular, click=study.has("pair_score"))
    if study.has("pair_score"):
        follow(picked)
        inspect(study, data, languages, reading)
    start(study, data["transfer"], languages, reading)
    panel.explain(
        transfer.transfer,
        triangle.triangle,
        triangle.asymmetry,
        triangle.starting_gap,
        triangle.reached,
    )


def follow(picked: tuple[str, ...] | None) -> None:
    """A new click on a cell moves the two menus; an old one leaves them."""
    if picked and picked != st.session_state.get("picked"):
        st.session_state["picked"] = picked
        st.session_state["source"], st.session_state["target"] = picked


def inspect(
    study: Study, data: xr.Dataset, languages: Languages, reading: Reading
) -> None:
    """One cell, chosen by a click or by two menus: its numbers, and over layers."""
    st.subheader("One cell", anchor=False)
    st.caption("Click a cell above, or choose here.")
    codes = languages.codes
    second = codes[min(1, len(codes) - 1)]
    left, right = st.columns(2)
    with left:
        source = links.one("Source", codes, "source", format_func=languages.name)
    with right:
        target = links.one(
            "Target", codes, "target", second, format_func=languages.name
        )
    numbers(data.sel(source=source, target=target))
    curves = cache.measure(
        transfer.transfer_curve,
        study,
        source,
        target,
        reading.concepts,
        reading.convention.ties,
    )
    names = languages.name(source), languages.name(target)
    panel.show(figures.over_layers(study, curves, *names))


def numbers(cell: xr.Dataset) -> None:
    """Transfer, accuracy and pairs of one cell."""
    shown = (
        ("T, points", f"{float(cell['transfer']):+z.2f}", interval(cell)),
        (
            "Accuracy source → target",
            f"{float(cell['accuracy']):z.3f}",
            reference(cell),
        ),
        (
            "Held-out pairs",
            f"{int(cell['n']):,}",
            f"{count(int(cell['concepts']), 'concept')}",
        ),
    )
    for column, (label, value, note) in zip(st.columns(3), shown):
        column.metric(label, value, note, delta_color="off", delta_arrow="off")


def reference(cell: xr.Dataset) -> str:
    """Beside what an accuracy stands: chance, and what unrelated vectors reach."""
    chance = f"chance {float(cell['chance']):z.2f}"
    if "random_high" not in cell:
        return chance
    highest = np.fmax(float(cell["random_high"]), float(cell["shuffled_high"]))
    if not np.isfinite(highest):
        return chance
    return f"{chance}, unrelated vectors up to {highest:z.2f}"


def interval(cell: xr.Dataset) -> str:
    """The cell's interval in words."""
    if np.isfinite(cell["low"]):
        return f"95 % {ends(float(cell['low']), float(cell['high']), '+.2f')}"
    return "no interval"


def start(
    study: Study, values: xr.DataArray, languages: Languages, reading: Reading
) -> None:
    """Transfer against the starting gap, with the paper's two control tables."""
    st.subheader("Is it only the better start?", anchor=False)
    accuracy = cache.measure(recognition.recognition, study, reading.convention)[
        "accuracy"
    ]
    starts = accuracy.sel(concept=list(reading.concepts)).mean("concept")
    values = between(values, languages.codes)
    with polite(INFO):
        found = triangle.starting_gap(values, starts)
        panel.show(figures.gap_scatter(study, values, starts, found, languages))
        panel.show(figures.residuals(study, found, languages))
        with st.expander(
            "The paper's control tables, recomputed", icon=":material/table_chart:"
        ):
            control_tables(values, starts)


def control_tables(values: xr.DataArray, starts: xr.DataArray) -> None:
    """Success by starting accuracy (Table 7), and from where each is reached (8)."""
    st.caption(
        "Ordered pairs of languages by starting accuracy and success (T ≥ 0), "
        "percent (Table 7):"
    )
    success = triangle.success_by_start(values, starts)
    st.dataframe(pd.DataFrame([success]).round(1), hide_index=True)
    try:
        reached = triangle.reached(values)
    except AnalysisError as error:
        st.caption(escape(str(error)))
        return
    st.caption(
        f"Percent of the {reached.others} other shared languages from which each is "
        "reached, cut to whole percents (Table 8):"
    )
    row = {**reached.percent, "mean": reached.mean}
    st.dataframe(pd.DataFrame([row]), hide_index=True)
