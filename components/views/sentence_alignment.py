"""Where do translations meet? Sentences compared at every layer of the model."""

import streamlit as st

from analysis.crossing import alignment
from analysis.crossing.readings import READINGS, WEIGHTED_OF_ALL
from analysis.crossing.specs import PIVOT, SentenceAlignmentSpec
from analysis.languages.languages import language
from analysis.sentences import shelf
from analysis.study.study import Study
from components.figures import sentence_alignment as figures
from components.forms import trying
from components.frame import cache, controls, links, panel
from components.frame.controls import NARROW, WIDE
from components.frame.polite import INFO, polite
from components.frame.text import escape

SHOWS = (
    "Shows at every layer how many sentences are closer to their own translation than to "
    "any other (MEXA), how many find it, and two measures of the spaces' shape. The model "
    "reads parallel sentences once; only the results are kept."
)


def tab(study: Study, layer: int = 0) -> None:
    """The figures where they are computed, and the form that computes them."""
    if study.has_trial(alignment.NAME):
        with polite(INFO):
            figures_of(study, layer)
        with st.expander("Compute it with other settings", icon=":material/tune:"):
            form(study)
        return
    st.markdown(escape(SHOWS))
    form(study)


def figures_of(study: Study, layer: int) -> None:
    """The answer, and what it rests on."""
    known = study.trial(alignment.NAME).reading.values.tolist()
    first = WEIGHTED_OF_ALL if WEIGHTED_OF_ALL in known else known[0]
    with controls.row():
        reading = links.one(
            "Sentences read as", known, "aligned-reading", first, width=WIDE
        )
        measure = links.one(
            "Measure in the map",
            list(alignment.MEASURES),
            "aligned-measure",
            format_func=alignment.MEASURES.__getitem__,
            width=WIDE,
        )
    data = cache.measure(alignment.alignment_by_layer, study, reading)
    pooled = cache.measure(alignment.pooled_mexa, study, reading)
    pivot = controls.arrangement().name(data.attrs["pivot"])
    languages = controls.languages(study, data.language.values.tolist())
    said = figures.answer(data, pooled, language(data.attrs["pivot"]).english)
    st.markdown(f"**{escape(said)}**")
    left, right = st.columns(2, gap="medium")
    with left:
        panel.show(figures.over_layers(study, data, pivot, layer))
    with right:
        panel.show(figures.pooled(study, pooled, pivot, languages))
    panel.show(figures.over_languages(study, data, measure, pivot, languages))
    panel.explain(
        alignment.alignment_by_layer, alignment.pooled_mexa, of="alignment by layer"
    )


def form(study: Study) -> None:
    """Which sentences are compared, and Start."""
    if not trying.can(study) or study.manifest.model is None:
        return
    with polite(INFO):
        offered = shelf.offered()
        with controls.row():
            name = st.selectbox("Sentences", offered, key="aligned-text", width=WIDE)
            most = st.number_input(
                "At most (0: all)", 0, 2000, 0, key="aligned-most", width=NARROW
            )
        text = shelf.load(name)
        there = [code for code in study.languages if code in text.languages]
        chosen = st.multiselect(
            "Languages",
            there,
            there,
            key="aligned-languages",
            format_func=controls.arrangement().name,
        )
        pivot = PIVOT if PIVOT in text.languages else text.languages[0]
        spec = SentenceAlignmentSpec(
            study.manifest.model,
            text=name,
            languages=tuple(chosen),
            pivot=pivot,
            readings=READINGS,
            sentences=int(most),
        )
        trying.start(study, alignment.NAME, spec)
