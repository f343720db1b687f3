"""Sentences that several views say."""

import streamlit as st

from analysis.study.study import Study
from components.frame import cache
from components.frame.text import escape


def tell_null(study: Study) -> None:
    """Say which vectors are null, where some are: they are left out of every number."""
    note = cache.null_note(study)
    if note:
        st.warning(escape(note), icon=":material/block:")
