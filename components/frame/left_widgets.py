"""What a page's widgets held when it was left, where the link does not carry it.

Streamlit forgets a widget as soon as a page is shown that does not draw it.
"""

from collections.abc import Iterable
from typing import Any

import streamlit as st


def bring_back(page: str) -> None:
    """Before a page's widgets are drawn: give them what they held, but for new ones."""
    for key, value in left(page).items():
        st.session_state.setdefault(key, value)


def remember(page: str, keys: Iterable[str]) -> None:
    """After they were drawn: keep what the widgets of these keys hold.

    A key that ends with “-” stands for all that begin so. A widget that was not drawn
    this time keeps what it held before.
    """
    exact = set(keys)
    beginnings = tuple(key for key in exact if key.endswith("-"))
    for key, value in st.session_state.items():
        if key in exact or str(key).startswith(beginnings):
            left(page)[str(key)] = value


def left(page: str) -> dict[str, Any]:
    """Key → value of a page's widgets, as they were drawn last."""
    return st.session_state.setdefault(f"left-{page}", {})
