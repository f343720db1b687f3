"""Transfer: does it carry over?"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st
import xarray as xr

from analysis.concepts import recognition, transfer, triangle
from analysis.concepts.specs import Convention
from analysis.core.counting import count
from analysis.core.errors import AnalysisError
from analysis.core.intervals import ends
from analysis.core.typeset import minus_signs
from analysis.study.study import Study
from components.figures import transfer as figures
from components.figures.cells import between
from components.figures.languages import Languages
from components.frame import cache, controls, panel, questions
from components.frame.polite import INFO, polite
from components.frame.questions import Question
from components.frame.text import escape
from components.views import cell, pushing, unfilled
from components.views.transfers import transfers
from components.views.words import answer, tell_null


@dataclass(frozen=True)
class Reading:
    """What the page's controls say: which concepts, and how accuracies are read off."""

    concepts: tuple[str, ...]
    convention: Convention


def page(study: Study) -> None:
    """The page's figures under its controls."""
    if unfilled.tell_lacking(study, "Transfer"):
        return
    tell_null(study)
    convention = controls.convention()
    concepts = study.concepts
    if study.has("pair_score"):
        concepts = controls.concepts(study)
    reading = Reading(concepts, convention)
    data = transfers(study, convention, concepts)
    if data is None:
        return
    languages = controls.languages(study, data.source.values.tolist())
    answer(study, "transfer")
    triangular = figures.matrix(study, data, languages, convention)
    picked = cell.chosen(languages.codes)
    beside = cell.matrix(triangular, picked, languages)
    if picked is not None:
        with beside:
            inspect(study, data, languages, reading)
    rest(study, data["transfer"], languages, reading)
    panel.explain(
        transfer.transfer,
        triangle.triangle,
        triangle.asymmetry,
        triangle.starting_gap,
        triangle.reached,
    )


def inspect(
    study: Study, data: xr.Dataset, languages: Languages, reading: Reading
) -> None:
    """One cell: what it says, its numbers, and over layers."""
    here = cell.menus(languages)
    st.markdown(
        escape(figures.sentence_of_cell(data, languages, here.source, here.target))
    )
    if not study.has("pair_score"):
        st.caption("Only means are printed, so there is no curve over layers.")
        return
    numbers(data.sel(source=here.source, target=here.target))
    curves = cache.measure(
        transfer.transfer_curve,
        study,
        here.source,
        here.target,
        reading.concepts,
        reading.convention.ties,
    )
    names = languages.name(here.source), languages.name(here.target)
    panel.show(figures.over_layers(study, curves, *names))
    cell.examples(study, reading.concepts[0], here.target, names[1])
    cell.try_it(study, reading.concepts[0], here)


def numbers(found: xr.Dataset) -> None:
    """Interval, what it stands beside, and pairs of one cell."""
    parts = [
        f"T: {interval(found)}",
        reference(found),
        f"{int(found['n']):,} held-out pairs of "
        f"{count(int(found['concepts']), 'concept')}",
    ]
    st.caption(escape(minus_signs("; ".join(parts))))


def reference(found: xr.Dataset) -> str:
    """Beside what an accuracy stands: chance, and what unrelated vectors reach."""
    chance = f"chance {float(found['chance']):z.2f}"
    if "random_high" not in found:
        return chance
    highest = np.fmax(float(found["random_high"]), float(found["shuffled_high"]))
    if not np.isfinite(highest):
        return chance
    return f"{chance}, unrelated vectors up to {highest:z.2f}"


def interval(found: xr.Dataset) -> str:
    """The cell's interval in words."""
    if np.isfinite(found["low"]):
        return f"95 % {ends(float(found['low']), float(found['high']), '+.2f')}"
    return "no interval"


def rest(
    study: Study, values: xr.DataArray, languages: Languages, reading: Reading
) -> None:
    """What is asked beside the triangle; the numbers are found when a tab is open."""
    starts = partial(starting, study, values, languages, reading)
    net = partial(net_of_start, study, values, languages, reading)
    tables = partial(as_in_the_paper, study, values, languages, reading)
    pushed = partial(pushing.tab, study, reading.convention)
    questions.show(
        [
            Question("start", "Is it only the better start?", starts),
            Question("net", "What is left without the start?", net),
            Question("tables", "What do the paper's tables say?", tables),
            Question("push", "Does it carry over when you push?", pushed),
        ]
    )


def starts_of(study: Study, reading: Reading) -> xr.DataArray:
    """Every language's own accuracy, mean over the concepts that are shown."""
    found = cache.measure(recognition.recognition, study, reading.convention)
    return found["accuracy"].sel(concept=list(reading.concepts)).mean("concept")


def starting(
    study: Study, values: xr.DataArray, languages: Languages, reading: Reading
) -> None:
    """Transfer against the starting gap."""
    starts = starts_of(study, reading)
    values = between(values, languages.codes)
    with polite(INFO):
        found = triangle.starting_gap(values, starts)
        panel.show(figures.gap_scatter(study, values, starts, found, languages))


def net_of_start(
    study: Study, values: xr.DataArray, languages: Languages, reading: Reading
) -> None:
    """Transfer without what the starting gap explains."""
    starts = starts_of(study, reading)
    with polite(INFO):
        found = triangle.starting_gap(between(values, languages.codes), starts)
        panel.show(figures.residuals(study, found, languages))


def as_in_the_paper(
    study: Study, values: xr.DataArray, languages: Languages, reading: Reading
) -> None:
    """The paper's control tables, recomputed."""
    with polite(INFO):
        control_tables(between(values, languages.codes), starts_of(study, reading))


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
