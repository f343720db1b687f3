"""Layers, its curves over depth: angles, lengths, separation, agreement, lens."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.core.errors import AnalysisError
from analysis.questions import geometry, items
from analysis.study import library
from analysis.study.study import Study
from components.figures import depths as figures
from components.figures.spec import Figure, Series
from components.frame import cache, controls, links, panel
from components.frame.controls import NARROW, WIDE
from components.frame.picker import titles
from components.frame.polite import INFO, polite
from components.frame.text import escape

NO_OTHER = "no other study"
VERSIONS = "\n\n".join(f"{name}: {what}" for name, what in geometry.VERSIONS.items())
MEANS = (
    "Mean states have no items: an English vector is the mean state of English minus "
    "that of the language; local vectors, bands of shuffled labels, separation and the "
    "logit lens need questions (below)."
)
Chart = Callable[[Study, int], Iterator[Figure]]
"""Figures of a study with one layer marked; AnalysisError where something is missing."""


@dataclass(frozen=True)
class Compared:
    """The local vector that is looked at, and curves of another study beside it."""

    version: str
    others: list[Series]


def agreements(study: Study, layer: int) -> None:
    """Whether languages agree: over depth, then between every two."""
    attempt(study, layer, agreement)
    attempt(study, layer, agreement_map)


def merging(study: Study, layer: int) -> None:
    """Whether questions merge across languages."""
    links.switch("Take each language's mean away first", "centred")
    left, right = st.columns(2)
    with left:
        attempt(study, layer, separation)
    with right:
        attempt(study, layer, parallel)


def attempt(study: Study, layer: int, chart: Chart) -> None:
    """Show a chart, or say what is missing for it."""
    with polite(INFO):
        for figure in chart(study, layer):
            panel.show(figure)


def compare(study: Study, row: DeltaGenerator) -> Compared:
    """Which local vector, and which other study; StudyError without both vectors."""
    geometry.lacking(study)
    known = geometry.versions(study)
    lacks = ""
    if geometry.FLIPPING not in known:
        lacks = f"\n\nNo version “{geometry.FLIPPING}”: {geometry.NO_FLIPS}."
    with row:
        version = links.one(
            "Local vector", known, "version", help=VERSIONS + lacks, width=WIDE
        )
        others = other_curve(study, version)
    return Compared(version, others)


def angles(study: Study, layer: int, compared: Compared) -> None:
    """The mean angle over depth with its null band, and its sentence."""
    mean = cache.measure(geometry.mean_angle, study, compared.version)
    series = figures.angle_curves(study, mean)
    st.markdown(f"**{escape(figures.angle_answer(mean, layer))}**")
    series += compared.others
    panel.show(figures.mean_angle(study, mean, series, layer))


def angle_map(study: Study, layer: int) -> Iterator[Figure]:
    """The angle of every language at every layer."""
    version = st.session_state["version"]
    data = cache.measure(geometry.angles, study, version)
    languages = controls.languages(study, study.languages)
    yield figures.angle_map(study, data, languages)


def other_curve(study: Study, version: str) -> list[Series]:
    """The same curve of another study that is chosen; none unless one is."""
    others = []
    for name in library.names():
        if name != study.name and has_both(name, version):
            others.append(name)
    if not others:
        return []
    shown = {NO_OTHER: NO_OTHER, **titles(others)}
    name = links.one(
        "Compare with", list(shown), "with", format_func=shown.get, width=WIDE
    )
    if name == NO_OTHER:
        return []
    other = cache.study(name)
    mean = cache.measure(geometry.mean_angle, other, version)
    return [figures.other_angle(other, mean)]


def has_both(name: str, version: str) -> bool:
    """Whether a study can be opened and has both vectors, the local one as wanted."""
    try:
        study = cache.facts(name)
    except AnalysisError:
        return False
    both = study.has("english_vector") and study.has("local_vector")
    return both and version in geometry.versions(study)


def lengths(study: Study, layer: int) -> Iterator[Figure]:
    """Length as a share of the states' own."""
    yield figures.lengths(study, cache.measure(geometry.lengths, study), layer)


def agreement(study: Study, layer: int) -> Iterator[Figure]:
    """Mean cosine between languages."""
    yield figures.agreement(study, cache.measure(geometry.agreement, study), layer)


def agreement_map(study: Study, layer: int) -> Iterator[Figure]:
    """Cosines between the languages' vectors, one kind of vector at a time."""
    data = cache.measure(geometry.agreement, study)
    names = data.vector.values.tolist()
    real = [name for name in names if "shuffled" not in name]
    which = real[0]
    if len(real) > 1:
        with controls.row():
            which = links.one("Vector", real, "vector", width=NARROW)
    languages = controls.languages(study, study.languages)
    yield figures.agreement_map(study, data, which, layer, languages)


def separation(study: Study, layer: int) -> Iterator[Figure]:
    """Separation index with its null band."""
    centred = study.has("item_state") and st.session_state["centred"]
    with st.spinner("Measuring distances …"):
        data = cache.measure(items.separation, study, centred)
    yield figures.separation(study, data, layer)


def parallel(study: Study, layer: int) -> Iterator[Figure]:
    """CKA and mutual neighbours with English."""
    yield figures.parallel(study, cache.measure(items.parallel, study), layer)


def lens(study: Study, layer: int) -> Iterator[Figure]:
    """Which language the middle of the model would answer in."""
    yield figures.lens(study, cache.measure(geometry.lens, study), layer)
