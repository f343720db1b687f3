"""Text that came from outside, made safe to show."""

import streamlit as st

from analysis.core.json_text import is_shown

MARKDOWN = frozenset(r"\`*_{}[]()<>#+-.!|$~:")
"""Characters in which Markdown finds something to do."""


def escape(text: str) -> str:
    """Text that Markdown shows as it is.

    It finds no link, image, emphasis, colour, formula or tag in it.
    """
    if not is_shown(text):
        text = text.encode(errors="replace").decode()
    return "".join(f"\\{char}" if char in MARKDOWN else char for char in text)


def isolated(text: str) -> str:
    """A quoted text whose direction is its own, whatever stands around it."""
    return f"“\u2068{text}\u2069”"


def say_not_restored(sentence: str) -> None:
    """Say what a link asked for that the page does not have."""
    st.warning(escape(sentence), icon=":material/link_off:")


def duration(seconds: float) -> str:
    """A time in words."""
    if seconds < 90:
        return f"{max(1, seconds):.0f} s"
    return f"{seconds / 60:,.0f} min"
