"""Every way inside Babelscope: to a page with a state, or to its address as a whole."""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.frame import links

State = Mapping[str, str | Sequence[str]]
"""What a link asks for: key of the address → value or values."""


def link(
    page: str,
    label: str,
    state: State,
    place: DeltaGenerator | None = None,
    **more: Any,
) -> None:
    """A link to a page that asks for a state and leaves the rest as the session has it.

    ``page`` is the page's file; ``more`` goes to ``st.page_link``.
    """
    query = {key: value for key, value in state.items() if key != links.HERE}
    if page == st.session_state.get("page"):
        query[links.HERE] = "1"
    here = st if place is None else place
    here.page_link(page, label=label, query_params=query, **more)


def shared() -> dict[str, Sequence[str]]:
    """What goes along to every page, but for the usual choices."""
    found = {}
    for key in links.SHARED:
        chosen = links.now(key)
        if chosen:
            found[key] = chosen
    return found


def open_page(page: str, state: State) -> NoReturn:
    """Go to a page that asks for a state and leaves the rest as the session has it."""
    st.switch_page(page, query_params=dict(state))


def open_whole(page: str, query: State) -> NoReturn:
    """Go to an address that says everything, such as a recipe's."""
    links.expect_whole()
    st.switch_page(page, query_params=dict(query))


def button(label: str, state: State, **more: Any) -> None:
    """A button that asks for a state of the page on which it stands."""
    st.button(label, on_click=links.ask_all, args=(dict(state),), **more)
