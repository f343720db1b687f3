"""Layers, its curves over depth: angles, lengths, separation, agreement, lens."""

from collections.abc import Callable, Iterator

import streamlit as st

from analysis.core.errors import AnalysisError
from analysis.questions import geometry, items
from analysis.study import library
from analysis.study.study import Study
from components.figures import depths as figures
from components.figures.spec import Figure, Series
from components.frame import cache, controls, links, panel
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


def curves(study: Study, layer: int) -> None:
    """Every curve that the study has the arrays for; what it lacks is said."""
    if study.has("mean_state"):
        st.subheader(
            "How long are English vectors, and do languages agree?", anchor=False
        )
        st.caption(MEANS)
        attempt(study, layer, lengths)
        attempt(study, layer, agreement_map)
        return
    st.subheader("How far apart are English and local steering?", anchor=False)
    attempt(study, layer, angles)
    st.subheader("How long are they, and do languages agree?", anchor=False)
    left, right = st.columns(2)
    with left:
        attempt(study, layer, lengths)
    with right:
        attempt(study, layer, agreement)
    attempt(study, layer, agreement_map)
    st.subheader("Do questions merge across languages?", anchor=False)
    if study.has("item_state"):
        links.switch("Take each language's mean away first", "centred")
    left, right = st.columns(2)
    with left:
        attempt(study, layer, separation)
    with right:
        attempt(study, layer, parallel)
    attempt(study, layer, lens)


def attempt(study: Study, layer: int, chart: Chart) -> None:
    """Show a chart, or say what is missing for it."""
    with polite(INFO):
        for figure in chart(study, layer):
            panel.show(figure)


def angles(study: Study, layer: int) -> Iterator[Figure]:
    """The mean angle over depth with its null band, and every language's."""
    geometry.lacking(study)
    known = geometry.versions(study)
    version = links.one("Local vector", known, "version", help=VERSIONS)
    if geometry.FLIPPING not in known:
        st.caption(escape(f"No version “{geometry.FLIPPING}”: {geometry.NO_FLIPS}."))
    mean = cache.measure(geometry.mean_angle, study, version)
    series = figures.angle_curves(study, mean)
    series += other_curve(study, version)
    yield figures.mean_angle(study, mean, series, layer)
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
    name = links.one("Compare with", list(shown), "with", format_func=shown.get)
    if name == NO_OTHER:
        return []
    other = cache.study(name)
    mean = cache.measure(geometry.mean_angle, other, version)
    return [figures.other_angle(other, mean)]


def has_both(name: str, version: str) -> bool:
    """Whether a study can be opened and has both vectors, the local one as wanted."""
    try:
        study = cache.study(name)
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
        which = links.one("Vector", real, "vector")
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
