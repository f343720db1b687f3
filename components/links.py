"""The link and the widgets say the same: a link restores a view, and a choice changes the link.

Streamlit's own binding writes option labels into the address; a new title would break old links, so names go there instead.
"""

from collections.abc import Sequence

import streamlit as st

from components.text import escape, restored


def restore(key: str, allowed: Sequence[str], default: Sequence[str], what: str) -> None:
    """Before a widget is drawn: take its value from the link when the link has changed, and say what it asks for in vain."""
    asked = tuple(st.query_params.get_all(key))
    known = [value for value in asked if value in allowed]
    if gone := [value for value in asked if value not in allowed]:
        restored(f"The link asks for {what} “{', '.join(gone)[:120]}”, which is not to be had here.")
    if key not in st.session_state or asked != st.session_state.get(f"link-{key}", ()):
        put(key, known or list(default))
    elif gone or not set(held(key)) <= set(allowed):
        put(key, [value for value in held(key) if value in allowed] or list(default))


def record(key: str, default: Sequence[str]) -> None:
    """After a widget was drawn: write its value into the link, unless it is the default."""
    values = held(key)
    if values == list(default):
        st.query_params.pop(key, None)
        values = []
    elif tuple(st.query_params.get_all(key)) != tuple(values):
        st.query_params[key] = values
    st.session_state[f"link-{key}"] = tuple(values)


def held(key: str) -> list[str]:
    """A widget's value as strings."""
    value = st.session_state[key]
    if isinstance(value, bool):
        return ["1"] if value else []
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def put(key: str, values: list[str]) -> None:
    """Set a widget's value; the state knows which widgets hold one, several or a switch."""
    kind = st.session_state.get(f"kind-{key}", "one")
    st.session_state[key] = {"one": values[0] if values else None, "several": values, "switch": bool(values)}[kind]


def one(label: str, options: Sequence[str], key: str, default: str | None = None, **more: object) -> str:
    """A select box whose choice is in the link."""
    first = [default or options[0]]
    restore(key, options, first, f"the {label.lower()}")
    st.selectbox(label, list(options), key=key, **more)
    record(key, first)
    return st.session_state[key]


def several(label: str, options: Sequence[str], key: str) -> tuple[str, ...]:
    """Pills of which any number can be chosen; all at first."""
    st.session_state[f"kind-{key}"] = "several"
    restore(key, options, options, f"the {label.lower()}")
    st.pills(label, list(options), selection_mode="multi", format_func=escape, key=key)
    record(key, options)
    return tuple(value for value in options if value in st.session_state[key])


def switch(label: str, key: str) -> bool:
    """A toggle, off at first."""
    st.session_state[f"kind-{key}"] = "switch"
    restore(key, ("1",), (), label)
    st.toggle(label, key=key)
    record(key, ())
    return st.session_state[key]
