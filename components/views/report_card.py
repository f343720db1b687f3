"""Is this vector any good? A report card with lights, beside random vectors."""

import streamlit as st

from analysis.certificates import report_card
from analysis.certificates.report_card import VERDICTS
from analysis.certificates.specs import NAME, PARAPHRASES, ReportCardSpec
from analysis.steering.vector_files import kept_vectors
from analysis.study.study import Study
from components.figures import report_card as figures
from components.forms import trying
from components.frame import cache, controls, links, panel
from components.frame.controls import NARROW
from components.frame.polite import INFO, polite
from components.frame.text import escape

SHOWS = (
    "Shows whether a vector does what it should in every language, and what it costs. "
    "Checked are effect, dose curve, other words, surroundings and templates, right "
    "answers, neutral text, drift, repetition and other concepts, each beside random "
    "vectors that push as hard."
)
MOST_LANGUAGES = 4
"""As many languages are chosen at first: each takes about a minute on two processors."""
STRENGTHS = ("0.02", "0.05", "0.1", "0.2")
OF_STUDY, OWN = "the study's own", "each language's own"


def tab(study: Study) -> None:
    """The card where it is computed, and the form that computes it."""
    if study.has_trial(NAME):
        with polite(INFO):
            show(study)
        with st.expander("Examine another vector", icon=":material/tune:"):
            form(study)
        return
    st.markdown(escape(SHOWS))
    form(study)


def show(study: Study) -> None:
    """The card itself, its limits, and what verdicts mean."""
    data = cache.measure(report_card.report_card, study)
    languages = controls.languages(study, data["language"].values.tolist())
    st.markdown(f"**{escape(figures.sentence(data))}**")
    panel.show(figures.card(study, data, languages))
    left = figures.untested(data)
    if left:
        st.caption(escape(f"{left.strip()} Compute it anew to test them."))
    said = [f"“{name}”: {words}" for name, words in VERDICTS.items()]
    with st.expander("By which limits?", icon=":material/rule:"):
        st.markdown(escape(" ".join(said)))
        st.table(figures.limit_table(data).set_index("check"))
    panel.explain(report_card.report_card, of="the report card")


def form(study: Study) -> None:
    """What is examined, and Start."""
    model = study.manifest.model
    if not trying.can(study) or model is None:
        return
    with controls.row():
        concept = links.one(
            "Concept to examine", study.concepts, "card-of", width=NARROW
        )
        source = links.one(
            "Whose vector", (OWN, *study.languages), "card-from", width=NARROW
        )
        strength = links.one(
            "Share of a state's length", STRENGTHS[1:] + STRENGTHS[:1], "card-strength"
        )
        layers = [str(layer) for layer in range(1, study.layers + 1)]
        middle = max(1, study.layers // 2)
        layer = links.one(
            "Layer pushed", layers[middle - 1 :] + layers[: middle - 1], "card-layer"
        )
    file = ""
    files = kept_vectors()
    if files:
        offered = (OF_STUDY, *files)
        chosen = links.one("Vector file", offered, "card-file")
        file = "" if chosen == OF_STUDY else chosen
    codes = st.multiselect(
        "Languages to examine",
        study.languages,
        study.languages[:MOST_LANGUAGES],
        key=f"card-languages-{study.name}",
    )
    if not codes:
        st.info("Choose at least one language.", icon=":material/info:")
        return
    spec = ReportCardSpec(
        model,
        concept=concept,
        source="" if source == OWN else source,
        file=file,
        languages=tuple(codes),
        layer=int(layer),
        strength=float(strength),
        paraphrases=PARAPHRASES,
    )
    with polite(INFO):
        trying.start(study, NAME, spec)
