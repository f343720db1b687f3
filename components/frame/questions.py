"""The rest of a page, in tabs named by the questions that they answer.

Only what the open tab shows is computed, drawn and sent. Its name is in the link.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from components.frame import links
from components.frame.text import escape

TAB = "tab"
"""The key of the link; it keeps names, since labels are words that may change."""


@dataclass(frozen=True)
class Question:
    """A tab: its name in the link, its words, and what draws it when it is open."""

    name: str
    words: str
    draw: Callable[[], None]


def show(asked: Sequence[Question], key: str = TAB) -> None:
    """Tabs of which only the open one is drawn; the first is open at first.

    A second set of tabs on one page has another ``key``.
    """
    if not asked:
        return
    labels = {each.name: escape(each.words) for each in asked}
    first = next(iter(labels))
    take_up(labels, key)
    if st.session_state.get(key) not in labels:
        # The page had other tabs a moment ago.
        st.session_state.pop(key, None)
    links.restore(key, list(labels), (first,), "the tab")
    shown = widget(key)
    st.session_state[shown] = labels[st.session_state[key]]
    tabs = st.tabs(list(labels.values()), key=shown, on_change="rerun")
    for question, tab in zip(asked, tabs):
        if tab.open:
            st.session_state[key] = question.name
            links.record(key, (first,))
            with tab:
                question.draw()


def take_up(labels: dict[str, str], key: str) -> None:
    """The tab that was clicked, on this visit of the page."""
    shown = st.session_state.get(widget(key))
    clicked = [name for name, label in labels.items() if label == shown]
    if clicked and links.written(key) is not None:
        st.session_state[key] = clicked[0]


def widget(key: str) -> str:
    """The key of the tabs themselves."""
    return f"{key}s"
