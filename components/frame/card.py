"""The head of a figure's card: its title and its tools.

What a tool shows is made and sent when it is opened, and not before.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple
from urllib.parse import urlencode

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.core.typeset import minus_signs
from components.figures.spec import Figure
from components.frame import links, press
from components.frame.text import escape
from components.paperpack import methods, tables

TABLE_WORDS = {"csv": "CSV", "md": "Markdown", "tex": "LaTeX"}
COPY_LINK = "This address opens the page as you see it now."


class Tool(NamedTuple):
    """An icon beside the title: its words, and what it opens."""

    key: str
    words: str
    icon: str
    fill: Callable[[Figure], None]


@st.fragment
def heading(figure: Figure) -> None:
    """The title with the tools at its right; opening one reruns nothing else."""
    row = st.container(
        horizontal=True, vertical_alignment="center", gap="small", wrap=False
    )
    row.markdown(f"##### {escape(figure.title)}", width="stretch")
    beside = row.container(
        horizontal=True, width="content", gap=None, key=f"tools-{figure.name}"
    )
    keeping(beside, figure)
    for tool in TOOLS:
        folded(beside, tool, figure)


def keeping(row: DeltaGenerator, figure: Figure) -> None:
    """The button that keeps a figure for the Figures page."""
    if row.button(
        "Add to figures",
        icon=":material/library_add:",
        key=f"add-{figure.name}",
        help="Add to figures",
        type="tertiary",
    ):
        press.keep(figure)


def folded(row: DeltaGenerator, tool: Tool, figure: Figure) -> None:
    """A tool, filled only when it is open."""
    popover = row.popover(
        tool.words,
        icon=tool.icon,
        key=f"{tool.key}-{figure.name}",
        help=tool.words,
        type="tertiary",
        on_change="rerun",
    )
    if popover.open:
        with popover:
            tool.fill(figure)


def numbers(figure: Figure) -> None:
    """The table twin, and the same as files."""
    st.dataframe(figure.table, hide_index=True, width="content")
    row = st.container(horizontal=True)
    for ending, write in tables.TABLES.items():
        row.download_button(
            TABLE_WORDS[ending],
            partial(write, figure),
            f"{figure.name}.{ending}",
            "text/plain",
            key=f"{ending}-{figure.name}",
            help=f"Download the table as {TABLE_WORDS[ending]}",
            on_click="ignore",
            icon=":material/download:",
        )
    row.download_button(
        "netCDF",
        partial(tables.as_netcdf, figure),
        f"{figure.name}.nc",
        "application/x-netcdf",
        key=f"nc-{figure.name}",
        help="Download the table as labelled arrays, for xarray, R or Matlab",
        on_click="ignore",
        icon=":material/download:",
    )


def address(figure: Figure) -> None:
    """The link to this view."""
    st.caption(COPY_LINK)
    st.code(link(), language=None, wrap_lines=True)


def link() -> str:
    """The address that restores this view."""
    base, _, _ = (st.context.url or "").partition("?")
    pairs = []
    for key, values in links.address().items():
        for value in values:
            pairs.append((key, value))
    if not pairs:
        return base
    return f"{base}?{urlencode(pairs)}"


def about(figure: Figure) -> None:
    """The whole caption, where the numbers come from, and how they were made."""
    st.markdown(escape(minus_signs(figure.caption)))
    if figure.source:
        st.markdown(escape(figure.source))
    for facts in press.recipe(figure).provenance:
        for sentence in methods.about(facts):
            st.caption(escape(sentence))


TOOLS = (
    Tool("print", "Print", ":material/print:", press.prepare),
    Tool("data", "Table and data", ":material/table:", numbers),
    Tool("address", "Link to this view", ":material/link:", address),
    Tool("about", "About this figure", ":material/info:", about),
)
"""Beside every title, from left to right."""
