"""Sentences that several views say."""

import streamlit as st

from analysis.overview import findings
from analysis.study.study import Study
from components.frame import cache, controls
from components.frame.text import escape


def answer(study: Study, about: str) -> None:
    """What the study says to a page's question, before its figure.

    ``about`` is one of ``findings.TELLERS``.
    """
    found = cache.measure(findings.finding, study, controls.convention(), about)
    st.markdown(f"**{escape(found.sentence)}**", help=escape(found.statistics) or None)


def tell_null(study: Study) -> None:
    """Say which vectors are null, where some are: they are left out of every number."""
    note = cache.null_note(study)
    if note:
        st.warning(escape(note), icon=":material/block:")
