"""Figures as they were drawn, so that a rerun draws only what changed."""

import hashlib
import pickle
from typing import Any

import streamlit as st

from components.figures.spec import Figure
from components.frame.recent import Recent
from components.screen import to_plotly

MOST = 128
"""Drawn figures that stay at hand, for all sessions together."""


@st.cache_resource(show_spinner=False)
def at_hand() -> Recent[str, Any]:
    """The figures drawn lately, by what they show."""
    return Recent(MOST)


def drawn(figure: Figure, dark: bool) -> Any:
    """The figure as Plotly draws it; nobody may change what comes back."""
    return at_hand().get_or_make(
        digest(figure, dark), lambda: to_plotly.draw(figure, dark)
    )


def digest(figure: Figure, dark: bool) -> str:
    """Of all that the drawing depends on; its words around the drawing are none of it.

    The bytes of the spec's arrays: a tenth of a millisecond for a figure of this house.
    """
    content = pickle.dumps((figure.data, figure.x, figure.y, dark))
    return hashlib.sha256(content).hexdigest()
