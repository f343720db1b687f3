"""What every page begins with: menu, study picker, band, link state."""

from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import attrgetter

import streamlit as st

from analysis.core import disk, settings
from analysis.core.errors import AnalysisError
from analysis.languages.own_rows import own_rows
from analysis.overview import page_needs
from analysis.study.study import Study
from components.frame import (
    band,
    chip,
    controls,
    going,
    late_looks,
    links,
    login,
    picker,
    readings,
    shortcuts,
    style,
)
from components.frame.polite import WARNING, say, show
from components.frame.text import escape

EXPLORE, TRY, MAKE = "Explore", "Try", "Make"
"""Groups of the menu."""


@dataclass(frozen=True)
class Entry:
    """One page in the menu."""

    file: str
    title: str
    question: str
    icon: str
    group: str
    view: bool = True
    """Whether the page offers order, labels and convention."""
    study: bool = True
    """Whether the page shows the open study."""


MENU = (
    Entry(
        "app.py",
        "Overview",
        "What is loaded, and what does it say?",
        ":material/home:",
        EXPLORE,
    ),
    Entry(
        "pages/recognition.py",
        "Recognition",
        "Is the concept there?",
        ":material/target:",
        EXPLORE,
    ),
    Entry(
        "pages/similarity.py",
        "Similarity",
        "Do the languages agree?",
        ":material/grid_on:",
        EXPLORE,
    ),
    Entry(
        "pages/transfer.py",
        "Transfer",
        "Does it carry over?",
        ":material/change_history:",
        EXPLORE,
    ),
    Entry(
        "pages/alignment.py",
        "Alignment",
        "Do the spaces match?",
        ":material/join_inner:",
        EXPLORE,
    ),
    Entry(
        "pages/layers.py",
        "Layers",
        "Where does it live?",
        ":material/layers:",
        EXPLORE,
    ),
    Entry(
        "pages/plane.py",
        "Plane",
        "Transfer or erasure?",
        ":material/explore:",
        EXPLORE,
    ),
    Entry(
        "pages/playground.py",
        "Playground",
        "What does the model say when it is pushed?",
        ":material/tune:",
        TRY,
    ),
    Entry(
        "pages/control.py",
        "Control",
        "How hard, and where?",
        ":material/speed:",
        TRY,
    ),
    Entry(
        "pages/extract.py",
        "Extract",
        "Make a study from a model and contrast pairs",
        ":material/science:",
        MAKE,
        view=False,
    ),
    Entry(
        "pages/studies.py",
        "Studies",
        "Open, compare, share and delete studies",
        ":material/folder_open:",
        MAKE,
    ),
    Entry(
        "pages/figures.py",
        "Figures",
        "What will be in the paper, as it will print?",
        ":material/collections:",
        MAKE,
        view=False,
        study=False,
    ),
)


def begin(title: str) -> Study | None:
    """Set the page up and return the open study.

    None where none can be opened, which the page then says, and on a page to which the
    study means nothing.
    """
    entry = entry_of(title)
    late_looks.drop_late_looks()
    links.arrive(entry.file)
    readings.begin_page()
    st.set_page_config(
        page_title=f"{title} · Babelscope",
        page_icon=style.FAVICON,
        layout="wide",
        menu_items={"About": style.ABOUT},
    )
    style.apply()
    check_settings()
    login.check()
    study = picker.pick() if entry.study else None
    menu(study)
    band.show(entry.title, entry.question, study, partial(tools, entry, study))
    chip.show({each.file: each.title for each in MENU})
    hindered = disk.trouble()
    if hindered:
        say(hindered, WARNING)
    refused = own_rows().refused
    if refused:
        say(refused, WARNING)
    return study


def tools(entry: Entry, study: Study | None) -> None:
    """What the band offers on the right, from left to right."""
    if entry.view:
        controls.view(study, compares=entry.title == "Studies")
    band.copy_link()
    shortcuts.button()


def check_settings() -> None:
    """Say what is wrong in the server's settings, and end the page there."""
    try:
        settings.check()
    except AnalysisError as error:
        show(error)
        st.stop()


def entry_of(title: str) -> Entry:
    """The page of this title; LookupError for another."""
    for entry in MENU:
        if entry.title == title:
            return entry
    raise LookupError(f"no page is called {title}")


def menu(study: Study | None) -> None:
    """The pages in their groups, each with the choices that go along."""
    kept = going.shared()
    with st.sidebar.container(key="menu", gap=None):
        for group, entries in groupby(MENU, key=attrgetter("group")):
            st.caption(group)
            for entry in entries:
                link_to(entry, study, kept)


def link_to(entry: Entry, study: Study | None, kept: going.State) -> None:
    """A page of the menu; grey where the open study cannot fill it, but open."""
    hindered = reason(entry, study)
    going.link(
        entry.file,
        f":gray[{entry.title}]" if hindered else entry.title,
        kept,
        icon=entry.icon,
        help=escape(hindered) or entry.question,
        width="stretch",
    )


def reason(entry: Entry, study: Study | None) -> str:
    """Why the open study cannot fill a page, in one sentence; empty where it can."""
    if study is None:
        return ""
    return page_needs.reason(entry.title, study)
