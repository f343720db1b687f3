"""Sentences that several views say."""

import streamlit as st

from analysis.core.model_kinds import no_writing
from analysis.study.study import Study
from components.frame import cache
from components.frame.text import escape


def empty(study_title: str, what: str) -> str:
    """The sentence for a view that a study has no numbers for."""
    return (
        f"{escape(study_title)} has no {what}. Choose another study on the left, or "
        "make one on the Extract page."
    )


def tell_reads_only(study: Study, wish: str = "be steered") -> bool:
    """Whether a study's model only reads; then say so, and what can be done with it."""
    if study.manifest.abilities.writes:
        return False
    st.info(escape(no_writing(study.model, wish)), icon=":material/visibility:")
    return True


def tell_null(study: Study) -> None:
    """Say which vectors are null, where some are: they are left out of every number."""
    note = cache.null_note(study)
    if note:
        st.warning(escape(note), icon=":material/block:")
