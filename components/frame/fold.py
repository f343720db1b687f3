"""A fold at the foot of a page: what is in it is drawn only once it is open."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class Fold:
    """What is written on a fold: its name in the session, its words, its icon."""

    name: str
    words: str
    icon: str


def show(fold: Fold, draw: Callable[[], None], is_open: bool = False) -> None:
    """A fold, closed at first unless it ``is_open``; it stays as it was left."""
    there = st.expander(
        fold.words,
        icon=fold.icon,
        expanded=is_open,
        key=f"fold-{fold.name}",
        on_change="rerun",
    )
    if there.open:
        with there:
            draw()
