"""The link and the widgets say the same.

A link restores a view, and a choice changes the link. Streamlit's own binding writes
option labels into the address; a new title would break old links, so names go there
instead.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from analysis.core.json_text import is_shown, without_repeats
from components.frame.text import escape, say_not_restored

ONE, SEVERAL, SWITCH = "one", "several", "switch"
"""What a widget holds: a value, several of them, or yes or no."""
MOST_SAID = 120
"""Characters of what a link asks for that are repeated."""
MOST_DIGITS = 20


def restore(
    key: str, allowed: Sequence[str], default: Sequence[str], what: str
) -> None:
    """Before a widget is drawn: take its value from the link when that has changed.

    What it asks for in vain is said.
    """
    asked = tuple(st.query_params.get_all(key))
    known = [value for value in asked if value in allowed]
    gone = [value for value in asked if value not in allowed]
    if gone:
        say_not_restored(
            f"The link asks for {what} “{', '.join(gone)[:MOST_SAID]}”, which is not to "
            "be had here."
        )
    if key not in st.session_state or asked != st.session_state.get(f"link-{key}", ()):
        put(key, known or list(default))
        return
    there = [value for value in held(key) if value in allowed]
    if gone or len(there) < len(held(key)):
        put(key, there or list(default))


def coming(key: str, allowed: Iterable[str]) -> str:
    """The value that a select box is about to have, for words that stand before it.

    The first of ``allowed`` is its default.
    """
    options = list(allowed)
    asked = tuple(st.query_params.get_all(key))
    if key in st.session_state and asked == st.session_state.get(f"link-{key}", ()):
        asked = tuple(held(key))
    known = [value for value in asked if value in options]
    return known[0] if known else options[0]


def record(key: str, default: Sequence[str]) -> None:
    """After a widget was drawn: write its value into the link, but for the default."""
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
    if value is None:
        return []
    if isinstance(value, bool):
        return ["1"] if value else []
    if isinstance(value, list | tuple):
        return list(value)
    return [value]


def put(key: str, values: list[str]) -> None:
    """Set a widget's value; the state knows what kind of widget it is."""
    kind = st.session_state.get(f"kind-{key}", ONE)
    if kind == SEVERAL:
        st.session_state[key] = values
    elif kind == SWITCH:
        st.session_state[key] = bool(values)
    else:
        st.session_state[key] = values[0] if values else None


def one(
    label: str,
    options: Sequence[str],
    key: str,
    default: str | None = None,
    always: bool = False,
    **more: Any,
) -> str:
    """A select box whose choice is in the link.

    With ``always`` the default is too, where it may be another one tomorrow.
    """
    first = [default or options[0]]
    restore(key, options, first, f"the {label.lower()}")
    st.selectbox(label, list(options), key=key, **more)
    record(key, () if always else first)
    return st.session_state[key]


def several(label: str, options: Sequence[str], key: str) -> tuple[str, ...]:
    """Pills of which any number can be chosen; all at first."""
    st.session_state[f"kind-{key}"] = SEVERAL
    restore(key, options, options, f"the {label.lower()}")
    st.pills(label, list(options), selection_mode="multi", format_func=escape, key=key)
    record(key, options)
    return tuple(value for value in options if value in st.session_state[key])


def switch(label: str, key: str) -> bool:
    """A toggle, off at first."""
    st.session_state[f"kind-{key}"] = SWITCH
    restore(key, ("1",), (), label)
    st.toggle(label, key=key)
    record(key, ())
    return st.session_state[key]


@dataclass(frozen=True)
class Kept:
    """One value of a draft that the link keeps: its default, and which are allowed.

    ``each`` is the type of a list's values; ``allowed`` sees values of the right types
    only.
    """

    default: Any
    allowed: Callable[[Any], bool]
    each: type | None = None

    def fits(self, value: Any) -> bool:
        """Whether a value is of the default's kind and allowed."""
        if type(value) is not type(self.default):
            return False
        inside = value if self.each is not None else [value]
        return all(map(self.is_plain, inside)) and self.allowed(value)

    def is_plain(self, value: Any) -> bool:
        """Whether a value, or one of a list, is of its type and can be shown."""
        if type(value) is not (self.each or type(self.default)):
            return False
        if isinstance(value, str):
            return is_shown(value)
        return not isinstance(value, float) or math.isfinite(value)

    def converted(self, value: Any) -> Any:
        """A value from JSON, which has neither whole floats nor tuples."""
        if self.each is None or not isinstance(value, list):
            return as_float(value) if isinstance(self.default, float) else value
        if self.each is float:
            value = list(map(as_float, value))
        return type(self.default)(value)


def as_float(value: Any) -> Any:
    """A whole number as a float; anything else as it is."""
    return float(value) if type(value) is int else value


def restore_draft(name: str, fields: Mapping[str, Kept]) -> None:
    """Before a draft's widgets (keys ``name-field``) are drawn.

    Takes their values from the link when it has changed; values of widgets that were
    not drawn lately are put back. What cannot be restored is said.
    """
    asked = st.query_params.get(name, "")
    known = st.session_state.setdefault(f"draft-{name}", {})
    if asked != st.session_state.get(f"link-{name}", ""):
        given = parsed(asked)
        values = {key: given.get(key, kept.default) for key, kept in fields.items()}
    else:
        given = {}
        values = values_so_far(name, fields)
    lost = []
    for key, kept in fields.items():
        value = kept.converted(values[key])
        if not kept.fits(value):
            value = kept.default
            if key in given:
                lost.append(key)
        known[key] = st.session_state[f"{name}-{key}"] = value
    lost += [key for key in given if key not in fields]
    if lost:
        say_not_restored(
            "The link asks for settings that are not to be had here: "
            f"{', '.join(lost)[:MOST_SAID]}. The defaults stand instead."
        )
    st.session_state[f"link-{name}"] = asked


def values_so_far(name: str, fields: Mapping[str, Kept]) -> dict[str, Any]:
    """What the widgets of a draft hold, or held when they were drawn last."""
    known = st.session_state[f"draft-{name}"]
    values = {}
    for key, kept in fields.items():
        before = known.get(key, kept.default)
        values[key] = st.session_state.get(f"{name}-{key}", before)
    return values


def whole(digits: str) -> int | float:
    """A whole number of a link.

    One too long for any setting is a float, so that its range refuses it and nothing
    overflows.
    """
    return int(digits) if len(digits) < MOST_DIGITS else float(digits)


def parsed(text: str) -> dict[str, Any]:
    """A draft out of a link; empty when it is none."""
    if not text:
        return {}
    try:
        found = json.loads(text, parse_int=whole, object_pairs_hook=without_repeats)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        say_not_restored(
            "The settings in this link are damaged, so the defaults stand."
        )
        return {}
    return {str(key): value for key, value in found.items()}


def record_draft(name: str, fields: Mapping[str, Kept]) -> dict[str, Any]:
    """After a draft's widgets were drawn: write what differs from the defaults.

    Returns all values.
    """
    known = st.session_state[f"draft-{name}"]
    changed = {}
    for key, kept in fields.items():
        if f"{name}-{key}" in st.session_state:
            known[key] = st.session_state[f"{name}-{key}"]
        if key in known and known[key] != kept.default:
            changed[key] = known[key]
    text = ""
    if changed:
        text = json.dumps(changed, ensure_ascii=False, separators=(",", ":"))
    if text != st.query_params.get(name, ""):
        st.query_params[name] = text
    if not text:
        st.query_params.pop(name, None)
    st.session_state[f"link-{name}"] = text
    return dict(known)
