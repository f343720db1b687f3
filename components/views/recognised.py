"""Not recognised, or not acted on? Requests to decline, tried in every language."""

import streamlit as st

from analysis.concepts import corpora
from analysis.control import recognised, refusing
from analysis.control.refusing import FEWEST, SIDES, RefusingSpec
from analysis.study.study import Study
from analysis.worker.prompts import suggested_template
from components.figures import recognised as figures
from components.forms import trying
from components.frame import cache, controls, links, panel
from components.frame.controls import NARROW, WIDE
from components.frame.polite import INFO, polite
from components.frame.text import escape

SHOWS = (
    "Shows for each language whether requests to decline are recognised in the model's "
    "states, whether they are refused, and whether the direction of one language changes "
    "refusal in another when it is added or removed. Harmless twins show what is refused "
    "without need."
)
SIDE_WORDS = {
    "negative": "the negative side (as in Babelscope requests)",
    "positive": "the positive side (as in PolyRefuse)",
}
PUSHED = {recognised.REMOVED: "removed", recognised.ADDED: "added"}


def tab(study: Study) -> None:
    """The figures where they are computed, and the form that computes them."""
    if study.has_trial(refusing.NAME):
        with polite(INFO):
            figures_of(study)
        with st.expander("Compute it with other settings", icon=":material/tune:"):
            form(study)
        return
    st.markdown(escape(SHOWS))
    form(study)


def figures_of(study: Study) -> None:
    """The answer, and the two matrices that it rests on."""
    table = cache.measure(recognised.outcomes, study)
    languages = controls.languages(study, table["language"].tolist())
    names = dict(zip(languages.codes, languages.names))
    st.markdown(f"**{escape(figures.answer(table, names))}**")
    spec = recognised.spec_of(study)
    panel.show(figures.outcomes(study, table, spec, languages))
    outcome = table[["language", "outcome", "recognised", "acted"]]
    st.dataframe(outcome, hide_index=True)
    across = cache.measure(recognised.recognition_across, study)
    panel.show(figures.recognition(study, across, languages))
    push = links.one(
        "The direction is",
        list(recognised.PUSHES),
        "refusal-push",
        format_func=PUSHED.__getitem__,
        width=WIDE,
    )
    changed = cache.measure(recognised.refusal_across, study, push)
    panel.show(figures.refusal(study, changed, push, languages))
    panel.explain(
        recognised.outcomes,
        recognised.recognition_across,
        recognised.refusal_across,
        of="recognising and refusing",
    )


def form(study: Study) -> None:
    """Which requests are tried in which languages, and Start."""
    if not trying.can(study) or study.manifest.model is None:
        return
    with polite(INFO):
        with controls.row():
            offered = corpora.offered()
            first = offered.index(corpora.OWN_REQUESTS)
            name = st.selectbox(
                "Requests, as contrast pairs",
                offered,
                first,
                key="refusing-corpus",
                width=WIDE,
                help="PolyRefuse and other sets are brought in on the Extract page.",
            )
            corpus = corpora.load(name)
            concept = st.selectbox(
                "Concept", corpus.concepts, key="refusing-concept", width=WIDE
            )
            side = st.selectbox(
                "To be declined is",
                SIDES,
                key="refusing-side",
                format_func=SIDE_WORDS.__getitem__,
                width=WIDE,
            )
            most = st.number_input(
                "Requests a language",
                FEWEST,
                refusing.MOST,
                RefusingSpec(study.manifest.model).requests,
                key="refusing-most",
                width=NARROW,
            )
        there = {language for of, language in corpus.cells if of == concept}
        known = [code for code in study.languages if code in there]
        chosen = st.multiselect(
            "Languages",
            known,
            known[: refusing.USUAL_LANGUAGES],
            key="refusing-languages",
            format_func=controls.arrangement().name,
        )
        spec = RefusingSpec(
            study.manifest.model,
            corpus=name,
            concept=concept,
            declined=side,
            languages=tuple(chosen),
            requests=int(most),
            template=suggested_template(study.manifest.model),
        )
        trying.start(study, refusing.NAME, spec)
