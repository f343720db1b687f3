"""A page that the open study cannot fill: what it would show, where to see it, and how
to get it.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Literal

import streamlit as st

from analysis.core.errors import AnalysisError
from analysis.overview import page_needs
from analysis.study import library
from analysis.study.published_words import shipped
from analysis.study.study import COMPUTED, Study
from components.frame import cache, going
from components.frame.shell import entry_of
from components.frame.text import escape


def tell_lacking(study: Study, page: str) -> bool:
    """Whether a study lacks what a page needs; then say so, and lead on.

    ``page`` is a key of ``page_needs.NEEDS``.
    """
    why = page_needs.reason(page, study)
    if not why:
        return False
    would = f"Here you would see {page_needs.NEEDS[page].shows}."
    way = page_needs.way(page, study)
    st.info(escape(f"{why} {would} {way.words}"), icon=":material/hourglass_empty:")
    row = st.container(horizontal=True, vertical_alignment="center")
    with row:
        open_example(study, page)
    if way.page != entry_here(page):
        going.link(
            entry_of(way.page).file,
            f"Go to {way.page}",
            beginning(study, way.page),
            row,
            icon=entry_of(way.page).icon,
        )
    return True


def open_example(
    study: Study, page: str, kind: Literal["primary", "secondary"] = "primary"
) -> None:
    """A button that shows the page for a study that can fill it, where there is one."""
    example = example_of(page, study)
    if example is None:
        return
    state = {"study": example.name}
    if page == page_needs.SENTENCES:
        state["align"] = "sentences"
    going.button(
        f"Open with {escape(example.title)}",
        state,
        type=kind,
        icon=":material/visibility:",
        key=f"open-example-{page}",
    )


def entry_here(page: str) -> str:
    """The title of the page that a key of ``page_needs.NEEDS`` belongs to."""
    return "Alignment" if page == page_needs.SENTENCES else page


def beginning(study: Study, page: str) -> dict[str, str]:
    """What a form on a page begins with."""
    state = {"study": study.name}
    if page == "Extract" and study.kind == COMPUTED and study.manifest.abilities.writes:
        state["model"] = study.model
    return state


def example_of(page: str, but: Study) -> Study | None:
    """The best study to show what a page is for; None where there is no other."""
    for name in candidates():
        if name == but.name:
            continue
        # One that cannot be opened is no example; the Studies page says why.
        with suppress(AnalysisError):
            study = cache.facts(name)
            if page_needs.is_example(page, study):
                return study
    return None


def candidates() -> Iterator[str]:
    """All studies, the best first: the real one, one's own, others that come along."""
    if library.REAL in library.coming_along():
        yield library.REAL
    known = {*library.coming_along(), *shipped()}
    for name in library.names():
        if name not in known:
            yield name
    for name in (*library.coming_along(), *shipped()):
        if name != library.REAL:
            yield name
