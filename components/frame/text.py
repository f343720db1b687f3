"""Text that came from outside, made safe to show; and sentences that several components say."""

import streamlit as st


def restored(sentence: str) -> None:
    """Say what a link asked for that could not be restored."""
    st.warning(escape(sentence), icon=":material/link_off:")


def escape(text: str) -> str:
    """Text in which Markdown finds nothing to do: no link, image, emphasis, colour, formula or tag."""
    return "".join(
        f"\\{char}" if char in r"\`*_{}[]()<>#+-.!|$~:" else char for char in text
    )
