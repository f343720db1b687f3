"""The keyboard: what it moves, and that the sheet lists all of it."""

import re

from streamlit.testing.v1 import AppTest

from components.frame import shortcuts
from tests.visits import alive, asked


def script() -> None:
    """A page with a layer, and a button that does what a key does."""
    import streamlit as st

    from components.frame import links

    links.arrive("pages/layers.py")
    for by in (1, -1):
        st.button(f"{by:+d}", on_click=links.move, args=("at", by))
    links.one("Layer", ["1", "2", "3"], "at", "2")


def press(at: AppTest, label: str) -> list[str]:
    """The layer in the link after a key."""
    next(each for each in at.button if each.label == label).click()
    return asked(alive(at.run())).get("at", ["2"])


def test_a_layer_moves_by_one_and_stays_within_the_model():
    at = alive(AppTest.from_function(script, default_timeout=30).run())
    assert press(at, "+1") == ["3"]
    assert press(at, "+1") == ["3"]
    assert press(at, "-1") == ["2"]
    assert press(at, "-1") == ["1"]
    assert press(at, "-1") == ["1"]


def test_the_sheet_lists_every_key_that_is_listened_to():
    (keys,) = re.findall(r"const keys = \{(.*?)\n  \};", shortcuts.JS, re.DOTALL)
    listened = re.findall(r'"(.)":', keys)
    listed = [each.keys for each in shortcuts.SHORTCUTS]
    assert set(listened) == {keys for keys in listed if len(keys) == 1}
    assert {"Ctrl + Enter", "Esc"} < set(listed)
