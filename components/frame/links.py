"""The link and the widgets say the same.

A link restores a view, and a choice changes the link. Streamlit's own binding writes
option labels into the address; a new title would break old links, so names go there
instead.

A link that comes to a page and does not name a choice leaves it as the session has it. On
the page itself the address is whole, so there a missing choice is the usual one: the
browser's Back takes a choice back.
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
SHARED = ("study", "labels", "order", "convention")
"""Choices that go along from page to page; the rest is remembered page by page."""
HERE = "here"
"""Marks a link from a page to itself, which like any other leaves out what stays."""


@dataclass(frozen=True)
class Written:
    """What a page has written into the address: for which study, at which visit."""

    visit: int
    study: str | None
    values: tuple[str, ...]
    usual: tuple[str, ...] = ()
    """What the address leaves out."""


def arrive(page: str) -> None:
    """Every run of a page begins with this: is it a new visit, by whatever link?"""
    marked = HERE in st.query_params
    if marked:
        # Streamlit leaves the address alone when a page links to itself; this writes it.
        del st.query_params[HERE]
    whole = st.session_state.pop("link-is-whole", False)
    if marked or whole or st.session_state.get("page") != page:
        st.session_state["page"] = page
        st.session_state["visit"] = st.session_state.get("visit", 0) + 1
        st.session_state["visit-is-whole"] = whole


def expect_whole() -> None:
    """The next link says everything: what it leaves out is to be the usual choice."""
    st.session_state["link-is-whole"] = True


def leaves(key: str, asked: Sequence[str]) -> bool:
    """Whether the link of this visit leaves a choice as the session has it."""
    is_whole = st.session_state.get("visit-is-whole", False)
    return written(key) is None and not asked and not is_whole


def written(key: str) -> Written | None:
    """What this visit has written into the address; None before it has."""
    last = st.session_state.get(f"link-{key}")
    if last is None or last.visit != st.session_state.get("visit", 0):
        return None
    return last


def write(key: str, values: Sequence[str], usual: Sequence[str] = ()) -> None:
    """Put values into the address, which leaves the usual ones out."""
    if tuple(values) == tuple(usual):
        values = ()
    if not values:
        st.query_params.pop(key, None)
    elif tuple(st.query_params.get_all(key)) != tuple(values):
        st.query_params[key] = list(values)
    visit = st.session_state.get("visit", 0)
    study = st.session_state.get("study")
    st.session_state[f"link-{key}"] = Written(visit, study, tuple(values), tuple(usual))


def remembered(key: str) -> str:
    """Where the session keeps a choice while its widget is not drawn."""
    if key in SHARED:
        return f"kept-{key}"
    return f"kept-{key}-{st.session_state.get('page', '')}"


def ask(key: str, *values: str) -> None:
    """Ask for a choice as a link would: address and widget follow together."""
    st.query_params[key] = list(values)


def ask_all(state: Mapping[str, str | Sequence[str]]) -> None:
    """Ask for several choices at once."""
    for key, value in state.items():
        ask(key, *([value] if isinstance(value, str) else value))


def take(key: str) -> str:
    """What a link asks for once, such as what a form begins with; "" for nothing."""
    asked = st.query_params.get(key, "")
    st.query_params.pop(key, None)
    return asked


def forget(*keys: str) -> None:
    """Let choices be the usual ones, in the address and in the session."""
    for key in keys:
        st.query_params.pop(key, None)
        for place in (key, f"link-{key}", remembered(key)):
            st.session_state.pop(place, None)


def asks(key: str) -> bool:
    """Whether the address itself asks for a choice."""
    return bool(st.query_params.get_all(key))


def hide(*keys: str) -> None:
    """Take choices out of the address; the session keeps them."""
    for key in keys:
        st.query_params.pop(key, None)


def now(key: str) -> Sequence[str]:
    """What the address will say of a choice, also before its widget is drawn."""
    asked = tuple(st.query_params.get_all(key))
    if leaves(key, asked) and f"link-{key}" in st.session_state:
        return st.session_state[f"link-{key}"].values
    last = written(key)
    if last is None or asked != last.values or key not in st.session_state:
        return asked
    chosen = tuple(held(key))
    return () if chosen == last.usual else chosen


def address() -> dict[str, list[str]]:
    """What the address says: key → values."""
    return {key: st.query_params.get_all(key) for key in st.query_params}


def restore(
    key: str, allowed: Sequence[str], default: Sequence[str], what: str
) -> None:
    """Before a widget is drawn: take its value from the link when that has changed.

    What it asks for in vain is said.
    """
    asked = tuple(st.query_params.get_all(key))
    last = written(key)
    if leaves(key, asked):
        kept = st.session_state.get(remembered(key))
        set_widget(key, usable(kept, allowed, default))
        return
    gone = [value for value in asked if value not in allowed]
    if gone and not is_of_another_study(key, asked):
        say_not_restored(
            f"The link asks for {what} “{', '.join(gone)[:MOST_SAID]}”, which this "
            "page does not have."
        )
    if key not in st.session_state or last is None or asked != last.values:
        set_widget(key, usable(asked or None, allowed, default))
        return
    there = usable(held(key), allowed, default)
    if gone or len(there) < len(held(key)):
        set_widget(key, there)


def usable(
    values: Sequence[str] | None, allowed: Sequence[str], default: Sequence[str]
) -> list[str]:
    """Those values that are allowed; the usual ones where there are none."""
    if values is None:
        return list(default)
    there = [value for value in values if value in allowed]
    if values and not there:
        return list(default)
    return there


def is_of_another_study(key: str, asked: Sequence[str]) -> bool:
    """Whether the address still says what was chosen for a study that was left."""
    last = written(key)
    if last is None or key == "study":
        return False
    return tuple(asked) == last.values and last.study != st.session_state.get("study")


def coming(key: str, allowed: Iterable[str]) -> str:
    """The value that a select box is about to have, for words that stand before it.

    The first of ``allowed`` is its default.
    """
    options = list(allowed)
    known = [value for value in now(key) if value in options]
    return known[0] if known else options[0]


def record(key: str, default: Sequence[str]) -> None:
    """After a widget was drawn: write its value into the link, but for the default."""
    values = held(key)
    st.session_state[remembered(key)] = values
    write(key, values, default)


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


def set_widget(key: str, values: list[str]) -> None:
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
    st.session_state[f"options-{key}"] = tuple(options)
    record(key, () if always else first)
    return st.session_state[key]


def move(key: str, by: int) -> None:
    """Choose a neighbour of what a select box of this page holds, as far as there is one."""
    options = st.session_state[f"options-{key}"]
    if st.session_state.get(key) not in options:
        return
    place = options.index(st.session_state[key]) + by
    st.session_state[key] = options[min(max(place, 0), len(options) - 1)]


def several(label: str, options: Sequence[str], key: str) -> tuple[str, ...]:
    """Pills of which any number can be chosen; all at first."""
    st.session_state[f"kind-{key}"] = SEVERAL
    restore(key, options, options, f"the {label.lower()}")
    st.pills(label, list(options), selection_mode="multi", format_func=escape, key=key)
    record(key, options)
    return tuple(value for value in options if value in st.session_state[key])


def choice(
    label: str, options: Sequence[str], key: str, default: Sequence[str], **more: Any
) -> tuple[str, ...]:
    """A list of which any number can be chosen, also none; searched by typing.

    The link always has them, since the default may be another one tomorrow.
    """
    st.session_state[f"kind-{key}"] = SEVERAL
    restore(key, options, default, f"the {label.lower()}")
    st.multiselect(label, list(options), key=key, **more)
    record(key, ())
    return tuple(st.session_state[key])


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
    if followed(name, asked):
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
            "The link asks for settings that this page does not have: "
            f"{', '.join(lost)[:MOST_SAID]}. The defaults are used instead."
        )
    write(name, [asked] if asked else [])


def followed(name: str, asked: str) -> bool:
    """Whether a link asks for a draft, rather than leaving it as it is."""
    if leaves(name, asked):
        return False
    last = written(name)
    return last is None or asked != "".join(last.values)


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
    write(name, [text] if text else [])
    return dict(known)
