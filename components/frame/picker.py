"""The study picker: every study by its group and title, and the one that is open."""

from collections import Counter
from collections.abc import Mapping, Sequence

import streamlit as st

from analysis.study import library
from analysis.study.study import DEMO, PUBLISHED, Study
from components.frame import cache, links
from components.frame.polite import polite
from components.frame.text import escape

REAL, PRINTED, TOY, YOURS = "Real models", "Published", "Demo", "Yours"
GROUPS = (REAL, PRINTED, TOY, YOURS)
"""Groups of studies, in their order."""
MOST_SEEN = 28
"""Characters of a study that the closed list has room for; a longer title stands below."""

Listing = Mapping[str, cache.Listed | None]
"""Name → what lists say of a study; None where it cannot be opened."""


def pick() -> Study | None:
    """The study picker.

    A link to a study that is not here says so instead of showing another silently.
    """
    listed = cache.listed(library.names())
    groups = groups_of(listed)
    told = told_apart(listed)
    with st.sidebar:
        name = links.one(
            "Study",
            sorted(listed, key=lambda name: GROUPS.index(groups[name])),
            "study",
            library.opened_first(),
            format_func=lambda name: f"{groups[name]} · {told[name]}",
            help="Everything on the pages is about this study. Type to search.",
        )
        if len(groups[name]) + len(told[name]) > MOST_SEEN:
            st.caption(escape(told[name]))
    with polite():
        return cache.study(name)
    return None


def grouped(names: Sequence[str]) -> Mapping[str, str]:
    """Name → group."""
    return groups_of(cache.listed(names))


def groups_of(listed: Listing) -> Mapping[str, str]:
    """Name → group."""
    along = library.coming_along()
    found = {}
    for name, facts in listed.items():
        if facts is not None and facts.kind == PUBLISHED:
            found[name] = PRINTED
        elif facts is not None and facts.kind == DEMO:
            found[name] = TOY
        else:
            found[name] = REAL if name in along else YOURS
    return found


def titles(names: Sequence[str]) -> Mapping[str, str]:
    """Name → title, as plain text; no two are alike."""
    return told_apart(cache.listed(names))


def told_apart(listed: Listing) -> Mapping[str, str]:
    """Name → title; equal ones have their names, since a list picks by what it shows."""
    found = {}
    for name, facts in listed.items():
        if facts is None:
            found[name] = f"{name} (cannot be opened)"
        elif facts.unfinished:
            found[name] = f"{facts.title} (unfinished)"
        else:
            found[name] = facts.title
    often = Counter(found.values())
    for name, title in found.items():
        if often[title] > 1:
            found[name] = f"{title} · {name}"
    return found
