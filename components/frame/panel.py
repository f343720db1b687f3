"""Show a figure, with all that can be had of it; and explain a method in its own words."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from components.figures.spec import Figure
from components.frame import press
from components.frame.text import escape
from components.paperpack import tables
from components.screen import to_plotly

TABLE_WORDS = {"csv": "CSV", "md": "Markdown", "tex": "LaTeX"}
COPY_LINK = (
    "Copy link: this address restores the view. The camera above the figure saves it as "
    "an image."
)


def show(figure: Figure, click: bool = False) -> tuple[str, ...] | None:
    """Draw a figure.

    With ``click`` returns the codes of the cell (row, column) or point that was clicked
    last.
    """
    st.markdown(f"##### {escape(figure.title)}")
    dark = st.context.theme.type == "dark"
    event = st.plotly_chart(
        to_plotly.draw(figure, dark),
        theme=None,
        config=plotly_config(figure),
        key=f"figure-{figure.name}",
        alt=f"{figure.title}. {figure.caption}",
        on_select="rerun" if click else "ignore",
        selection_mode="points",
    )
    st.caption(escape(f"{figure.caption} {figure.source}"))
    tools(figure)
    if not click:
        return None
    return clicked(event)


def plotly_config(figure: Figure) -> dict[str, Any]:
    """What Plotly's tool bar offers."""
    return {
        "displaylogo": False,
        "displayModeBar": True,
        "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
        "toImageButtonOptions": {"format": "png", "scale": 3, "filename": figure.name},
    }


def clicked(event: Any) -> tuple[str, ...] | None:
    """The codes of the first point of a selection; None where nothing is selected."""
    points = event["selection"]["points"]
    if not points or not points[0].get("customdata"):
        return None
    return tuple(points[0]["customdata"])


def tools(figure: Figure) -> None:
    """What can be had of a figure; the camera above it saves a quick image."""
    row = st.container(horizontal=True)
    if row.button(
        "Add to figures",
        icon=":material/library_add:",
        key=f"add-{figure.name}",
        help="Keeps it on the Figures page.",
    ):
        press.keep(figure)
    with row.popover("Print", icon=":material/print:", key=f"print-{figure.name}"):
        press.prepare(figure)
    with st.expander("Table, data and link", icon=":material/table:"):
        st.dataframe(figure.table, hide_index=True)
        downloads(figure)
        st.caption(COPY_LINK)
        st.code(link(), language=None)


def downloads(figure: Figure) -> None:
    """The table twin as files."""
    row = st.container(horizontal=True)
    for ending, write in tables.TABLES.items():
        row.download_button(
            f"Download {TABLE_WORDS[ending]}",
            partial(write, figure),
            f"{figure.name}.{ending}",
            "text/plain",
            key=f"{ending}-{figure.name}",
            on_click="ignore",
            icon=":material/download:",
        )


def link() -> str:
    """The address that restores this view."""
    base, _, _ = (st.context.url or "").partition("?")
    pairs = []
    for key in st.query_params:
        for value in st.query_params.get_all(key):
            pairs.append((key, value))
    if not pairs:
        return base
    return f"{base}?{urlencode(pairs)}"


def explain(*methods: Callable[..., Any]) -> None:
    """How the numbers are made: the analysis's own docstrings."""
    with st.expander("How this is computed", icon=":material/functions:"):
        for method in methods:
            text = inspect.getdoc(method) or ""
            st.markdown(f"**{method.__name__.replace('_', ' ')}**")
            st.text(text.replace("``", ""))
