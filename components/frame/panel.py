"""Show a figure in its card; and explain how numbers are made."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from analysis.core.typeset import minus_signs
from analysis.overview.methods import Method, method_of
from components.figures.spec import Figure
from components.figures.text import seen_sentence
from components.frame import card
from components.frame.drawn import drawn
from components.frame.text import escape
from components.screen.crowded import crowded_sentence

UNUSED = (
    *("select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"),
    *("toggleSpikelines", "hoverClosestCartesian", "hoverCompareCartesian"),
    *("tableRotation", "resetCameraLastSave3d", "hoverClosest3d"),
)
"""Buttons of Plotly's that are not offered: what stays is zoom, pan, reset, image and
full screen."""


def show(figure: Figure, click: bool = False) -> tuple[str, ...] | None:
    """A card: title, tools, the figure, and one line that says what is seen.

    With ``click`` returns the codes of the cell (row, column) or point that was clicked
    last.
    """
    with st.container(border=True, gap="xsmall", key=f"card-{figure.name}"):
        card.heading(figure)
        dark = st.context.theme.type == "dark"
        event = st.plotly_chart(
            drawn(figure, dark),
            theme=None,
            config=plotly_config(figure),
            key=f"figure-{figure.name}",
            alt=alternative(figure),
            on_select="rerun" if click else "ignore",
            selection_mode="points",
        )
        seen = f"{seen_sentence(figure)} {crowded_sentence(figure)}".strip()
        st.caption(escape(minus_signs(seen)))
    if not click:
        return None
    return clicked(event)


def alternative(figure: Figure) -> str:
    """All words of a figure, for whoever cannot see it."""
    return minus_signs(f"{figure.title}. {figure.caption} {figure.source}".strip())


def plotly_config(figure: Figure) -> dict[str, Any]:
    """What Plotly's tool bar offers, over the figure that is pointed at."""
    return {
        "displaylogo": False,
        "displayModeBar": "hover",
        "modeBarButtonsToRemove": list(UNUSED),
        "toImageButtonOptions": {"format": "png", "scale": 3, "filename": figure.name},
    }


def clicked(event: Any) -> tuple[str, ...] | None:
    """The codes of the first point of a selection; None where nothing is selected."""
    points = event["selection"]["points"]
    if not points or not points[0].get("customdata"):
        return None
    return tuple(points[0]["customdata"])


def explain(*methods: Callable[..., Any], of: str = "this") -> None:
    """How the numbers are made: formula, signs, reference and an example of each.

    ``of``: what they are of, in a tab of a page that explains its own numbers too.
    Nothing of it is read, or sent, before it is opened.
    """
    key = f"explain-{methods[0].__module__}-{methods[0].__name__}"
    opened = st.expander(
        f"How {of} is computed",
        icon=":material/functions:",
        on_change="rerun",
        key=key,
    )
    if opened.open:
        with opened:
            for method in methods:
                explain_one(method_of(method))


def explain_one(method: Method) -> None:
    """One method, for reading."""
    st.markdown(f"**{escape(method.title)}**")
    st.latex(method.formula)
    signs = []
    for sign, meaning in method.symbols.items():
        signs.append(f"${sign}$: {escape(meaning)}")
    if signs:
        st.markdown("; ".join(signs) + ".")
    st.markdown(escape(method.words))
    st.caption(escape(f"Example: {method.example} Reference: {method.reference}"))
