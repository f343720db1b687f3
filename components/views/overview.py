"""Overview: what is loaded, three findings, coverage."""

import streamlit as st

from analysis.concepts.can_show import sources_of_study
from analysis.concepts.readable import notes_on
from analysis.core.counting import count_are
from analysis.overview import findings as sentences
from analysis.study import library
from analysis.study.study import PUBLISHED, Study
from components.figures import overview as figures
from components.figures.text import DEMO_NOTE, model_note
from components.frame import cache, controls, going, panel
from components.frame.shell import MENU
from components.frame.sources import tell_what_shows
from components.frame.text import escape
from components.views import analyses
from components.views.figures import drop


def page(study: Study) -> None:
    """The page under its title."""
    loaded(study)
    findings(study)
    if study.concepts:
        languages = controls.languages(study, study.languages)
        panel.show(figures.coverage(study, languages))
    else:
        st.info(
            "This study has no concepts. Layers and Plane show what it has.",
            icon=":material/layers:",
        )
    analyses.everything(study)
    drop()
    with st.expander("Provenance", icon=":material/history_edu:"):
        st.code(library.provenance(study), language="json")


def findings(study: Study) -> None:
    """What the study says, each sentence with the page that shows it."""
    convention = controls.convention()
    st.subheader("What it says", anchor=False)
    pages = {entry.title.lower(): entry for entry in MENU}
    for finding in cache.measure(sentences.findings, study, convention):
        text, link = st.columns([5, 1], vertical_alignment="center")
        text.markdown(escape(finding.sentence))
        text.caption(escape(finding.statistics))
        entry = pages[finding.page]
        going.link(
            entry.file, entry.title, {"study": study.name}, link, icon=entry.icon
        )


def loaded(study: Study) -> None:
    """The study in four numbers, and what kind of numbers they are."""
    st.subheader(escape(study.title), anchor=False)
    if study.kind == PUBLISHED:
        citation = study.manifest.citation
        st.caption(f"Published numbers, not computed here. {citation}")
    elif study.toy:
        st.warning(DEMO_NOTE, icon=":material/toys:")
    else:
        st.caption(escape(f"{model_note(study)} {weights_note(study)}"))
    if study.manifest.notice:
        st.caption(escape(study.manifest.notice))
    if study.missing:
        st.warning(
            f"Unfinished: {count_are(len(study.missing), 'cell')} missing. "
            "The Studies page goes on with it.",
            icon=":material/pause_circle:",
        )
    for note in notes_on(study.manifest.left_out or ()):
        st.caption(escape(note))
    sizes = {
        "Concepts": len(study.concepts),
        "Languages": len(study.languages),
        "Layers": study.layers,
        "Held-out pairs": held_out(study),
    }
    for column, (label, value) in zip(st.columns(4), sizes.items()):
        column.metric(label, value)
    counted = sources_of_study(study)
    tell_what_shows(counted, study.languages, study.manifest.split)


def weights_note(study: Study) -> str:
    """How the weights of a study's model were stored, where that is known."""
    words = (study.manifest.weights or {}).get("words")
    if not isinstance(words, str) or not words:
        return ""
    return f"{words[:1].upper()}{words[1:]}."


def held_out(study: Study) -> str:
    """How many held-out pairs there are over all concepts and languages."""
    tables = study.manifest.pairs
    if not tables:
        return "not printed"
    total = 0
    for table in tables.values():
        total += sum(counts.test for counts in table.counts.values())
    return f"{total:,}"
