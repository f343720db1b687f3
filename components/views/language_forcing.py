"""Can it be moved into another language? Pushes along language vectors."""

import streamlit as st

from analysis.crossing import forcing, word_prompts
from analysis.crossing.specs import ForcingSpec
from analysis.steering.language_vectors import (
    has_language_vectors,
    languages_with_means,
)
from analysis.study.study import Study
from components.figures import language_forcing as figures
from components.forms import trying
from components.frame import cache, controls, links, panel
from components.frame.controls import NARROW, WIDE
from components.frame.polite import INFO, polite
from components.frame.text import escape

SHOWS = (
    "Shows whether a push along a language vector makes the model go on in another language "
    "and still say the right thing. Each layer and strength is tried, beside random vectors "
    "of the same length."
)
NO_MEANS = (
    "It needs mean states of languages, which this study does not have: read parallel "
    "sentences on the Alignment page first."
)
FEW = 6
"""Languages that are ticked at first."""


def tab(study: Study) -> None:
    """The figures where they are computed, and the form that computes them."""
    if not study.has_trial(forcing.NAME):
        st.markdown(escape(SHOWS))
        form(study)
        return
    with polite(INFO):
        figures_of(study)
    with st.expander("Compute it with other settings", icon=":material/tune:"):
        form(study)


def figures_of(study: Study) -> None:
    """The answer, every pair of languages, and every setting of one."""
    best = cache.measure(forcing.best_forcing, study)
    data = cache.measure(forcing.forcing, study)
    given = controls.languages(study, best.given.values.tolist())
    wanted = controls.languages(study, best.wanted.values.tolist())
    st.markdown(f"**{escape(figures.answer(best, given, wanted))}**")
    with controls.row():
        start = links.one(
            "From", given.codes, "forced-from", format_func=given.name, width=NARROW
        )
        others = [code for code in wanted.codes if code != start]
        into = links.one(
            "Into", others, "forced-into", format_func=wanted.name, width=NARROW
        )
        measure = links.one(
            "Map of",
            list(figures.SHARES),
            "forced-measure",
            "score",
            format_func=figures.SHARES.__getitem__,
            width=WIDE,
        )
    shown = wanted.among(others)
    panel.show(figures.by_pair(study, best, start, given.name(start), shown))
    words = f"From {given.name(start)} into {wanted.name(into)}"
    panel.show(figures.by_setting(study, data, measure, (start, into), words))
    panel.explain(forcing.best_forcing, forcing.forcing, of="the push into a language")


def form(study: Study) -> None:
    """Which languages are pushed into which, and Start."""
    if not trying.can(study) or study.manifest.model is None:
        return
    if not has_language_vectors(study):
        st.info(NO_MEANS, icon=":material/info:")
        return
    with polite(INFO):
        words = word_prompts.list_of(word_prompts.usual_list(study.languages))
        means = languages_with_means(study)
        known = [code for code in words.languages if code in means]
        name = controls.arrangement().name
        with controls.row():
            given = st.selectbox(
                "Prompts in", known, key="forcing-from", format_func=name, width=NARROW
            )
            prompts = st.number_input(
                "Prompts", 4, 200, 12, key="forcing-prompts", width=NARROW
            )
        others = [code for code in known if code != given]
        wanted = st.multiselect(
            "Pushed into", others, others[:FEW], key="forcing-into", format_func=name
        )
        spec = ForcingSpec(
            study.manifest.model,
            given=(given,),
            wanted=tuple(wanted),
            prompts=int(prompts),
        )
        trying.start(study, forcing.NAME, spec)
