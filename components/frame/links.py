"""The link and the widgets say the same: a link restores a view, and a choice changes the link.

Streamlit's own binding writes option labels into the address; a new title would break old links, so names go there instead.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from components.frame.text import escape, restored


def restore(
    key: str, allowed: Sequence[str], default: Sequence[str], what: str
) -> None:
    """Before a widget is drawn: take its value from the link when the link has changed, and say what it asks for in vain."""
    asked = tuple(st.query_params.get_all(key))
    known = [value for value in asked if value in allowed]
    if gone := [value for value in asked if value not in allowed]:
        restored(
            f"The link asks for {what} “{', '.join(gone)[:120]}”, which is not to be had here."
        )
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
    return (
        list(value)
        if isinstance(value, list | tuple)
        else []
        if value is None
        else [value]
    )


def put(key: str, values: list[str]) -> None:
    """Set a widget's value; the state knows which widgets hold one, several or a switch."""
    kind = st.session_state.get(f"kind-{key}", "one")
    st.session_state[key] = {
        "one": values[0] if values else None,
        "several": values,
        "switch": bool(values),
    }[kind]


def one(
    label: str,
    options: Sequence[str],
    key: str,
    default: str | None = None,
    always: bool = False,
    **more: object,
) -> str:
    """A select box whose choice is in the link; the default too with ``always``, where it may be another one tomorrow."""
    first = [default or options[0]]
    restore(key, options, first, f"the {label.lower()}")
    st.selectbox(label, list(options), key=key, **more)
    record(key, () if always else first)
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


@dataclass(frozen=True)
class Kept:
    """One value of a draft that the link keeps: its default, and which values are allowed."""

    default: object
    allowed: Callable[[Any], bool]


def restore_draft(name: str, fields: Mapping[str, Kept]) -> None:
    """Before a draft's widgets (keys ``name-field``) are drawn: take their values from the link when it has changed.

    Values of widgets that were not drawn lately are put back. What cannot be restored is said.
    """
    asked = st.query_params.get(name, "")
    known = st.session_state.setdefault(f"draft-{name}", {})
    fresh = asked != st.session_state.get(f"link-{name}", "")
    given = parsed(asked) if fresh else {}
    lost = []
    for key, kept in fields.items():
        value = (
            given.get(key, kept.default)
            if fresh
            else st.session_state.get(f"{name}-{key}", known.get(key, kept.default))
        )
        if isinstance(kept.default, float | tuple) and isinstance(value, int | list):
            value = type(kept.default)(
                value
            )  # JSON has neither whole floats nor tuples
        fits = type(value) is type(kept.default) and kept.allowed(value)
        if not fits:
            lost += [key] if fresh and key in given else []
            value = kept.default
        known[key] = st.session_state[f"{name}-{key}"] = value
    lost += [key for key in given if key not in fields]
    if lost:
        restored(
            f"The link asks for settings that are not to be had here: {', '.join(lost)[:120]}. The defaults stand instead."
        )
    st.session_state[f"link-{name}"] = asked


def whole(digits: str) -> int | float:
    """A number of a link; one too long for any setting as a float, so that it is refused by its range and not by an overflow."""
    return int(digits) if len(digits) < 20 else float(digits)


def parsed(text: str) -> dict:
    """A draft out of a link; empty when it is none."""
    try:
        found = json.loads(text, parse_int=whole) if text else {}
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        restored("The settings in this link are damaged, so the defaults stand.")
        return {}
    return {str(key): value for key, value in found.items()}


def record_draft(name: str, fields: Mapping[str, Kept]) -> dict:
    """After a draft's widgets were drawn: write what differs from the defaults into the link; returns all values."""
    known = st.session_state[f"draft-{name}"]
    known |= {
        key: st.session_state[f"{name}-{key}"]
        for key in fields
        if f"{name}-{key}" in st.session_state
    }
    changed = {
        key: value
        for key, value in known.items()
        if key in fields and value != fields[key].default
    }
    text = (
        json.dumps(changed, ensure_ascii=False, separators=(",", ":"))
        if changed
        else ""
    )
    if text != st.query_params.get(name, ""):
        st.query_params[name] = text
        if not text:
            del st.query_params[name]
    st.session_state[f"link-{name}"] = text
    return dict(known)
