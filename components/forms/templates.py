"""The prompt template of a form: the model's own is chosen until another one is."""

from typing import Any

import streamlit as st

from analysis.core.specs import ModelSpec
from analysis.core.templates import CHAT, TEMPLATES, THINKING
from analysis.worker.prompts import suggested_template

HELP = (
    f"What is put around a text. “{CHAT}” is the model's own; with “{THINKING}” a model "
    "that can think first does. The last token of the prompt is read."
)


def choose_template(place: Any, model: ModelSpec, key: str, demo: str = CHAT) -> str:
    """A menu of templates, which turns to the one that fits whenever the model changes."""
    fitted = f"{key}-fits"
    fitting = (model.model, suggested_template(model, demo))
    if st.session_state.get(fitted) != fitting or key not in st.session_state:
        st.session_state[fitted] = fitting
        st.session_state[key] = fitting[1]
    return place.selectbox("Prompt template", list(TEMPLATES), key=key, help=HELP)
