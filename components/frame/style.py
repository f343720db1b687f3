"""What a page's stylesheet adds: numbers of a heat map that nobody could read are hidden.

Plotly makes them as small as their cells ask for; how wide a figure is only the browser
knows.
"""

import streamlit as st

SMALLEST = 8
"""Pixels: a number that is smaller is not shown."""
NO_ROOM = (
    "The numbers have no room here. Point at a cell or tap it to read its number, or open "
    "the table below."
)


def small_numbers() -> str:
    """The selector of numbers in cells that are too small to read."""
    each = (
        f'.heatmap-label text[style*="font-size: {size}px"]'
        for size in range(1, SMALLEST)
    )
    return f":is({', '.join(each)})"


def stylesheet() -> str:
    """Small numbers hidden, and a sentence under the figure that hides some."""
    small = small_numbers()
    # Streamlit gives a figure a fixed height, so the sentence hangs below it.
    return (
        f"<style>{small} {{ display: none; }} "
        f".stElementContainer:has({small}) {{ overflow: visible; margin-bottom: 3rem; }} "
        f".stElementContainer:has({small})::after {{ content: '{NO_ROOM}'; "
        "display: block; font-size: 0.875rem; opacity: 0.7; }</style>"
    )


def apply() -> None:
    """Give the page its stylesheet."""
    st.html(stylesheet())
