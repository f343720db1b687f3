"""Whether a model is on this machine, and the shortest way to it where it is not."""

import streamlit as st

from analysis.core.model_names import DEMO, HUB_ID, offered_models
from analysis.core.specs import ModelSpec
from analysis.study import library
from components.frame import going
from components.frame.text import escape

FETCHED = ("gemma-3-270m", "smollm2-135m-instruct")
"""Models that one command fetches from the package index."""
PLAYGROUND = "pages/playground.py"


def absent(model: ModelSpec) -> bool:
    """Whether a model can be neither found here nor fetched by its name."""
    return model.model not in offered_models() and not HUB_ID.fullmatch(model.model)


def tell_absent(model: ModelSpec, page: str = PLAYGROUND) -> None:
    """Say that a model is not here, how it is brought, and what needs none."""
    name = model.model
    other = ", or choose another model below" if page == PLAYGROUND else ""
    if name in FETCHED:
        st.caption(
            f"To compute live, fetch {escape(name)}, which is not on this machine:"
        )
        st.code(f"babelscope model fetch {name}", language=None)
    else:
        st.caption(
            f"To compute live, put the folder {escape(name)} among the server's models "
            f"(`BABELSCOPE_MODELS`){other}."
        )
    if DEMO in library.names():
        going.link(
            page,
            "Try it with the demo model",
            {"study": DEMO},
            icon=":material/toys:",
        )
