"""With which model words or sentences are read, and into which study they go."""

from typing import NamedTuple

import streamlit as st

from analysis.core.specs import LAST_STATES, ModelSpec
from analysis.study.study import COMPUTED, Study
from components.forms import extraction

THIS, NEW = "this study", "a new study"


class Keys(NamedTuple):
    """The keys of two widgets."""

    into: str
    last: str


class ReadingModel(NamedTuple):
    """The model, which state is the last layer, and the study ("" for a new one)."""

    model: ModelSpec
    last_state: str
    into: str


def choose_model(study: Study, has_some: bool, keys: Keys) -> ReadingModel:
    """The model of the open study and that study, or another one and a new study.

    A study that ``has_some`` of what is read takes no more.
    """
    known = study.manifest.model
    if known is not None and study.kind == COMPUTED and not has_some:
        into = st.radio("Into", (THIS, NEW), key=keys.into, horizontal=True)
        if into == THIS:
            return ReadingModel(known, study.manifest.last_state, study.name)
    model = extraction.choose_model()
    last = st.selectbox(
        "Last layer",
        LAST_STATES,
        key=keys.last,
        help="“normed” is the papers' last index.",
    )
    return ReadingModel(model, last, "")
