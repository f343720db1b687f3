"""What every page begins with: menu, study picker, link state."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from analysis.core import disk, settings
from analysis.core.errors import AnalysisError
from analysis.languages.own_rows import own_rows
from analysis.study import library
from analysis.study.published_words import shipped
from analysis.study.study import DEMO, Study
from components.frame import cache, controls, links, readings, style
from components.frame.polite import WARNING, polite, say, show


@dataclass(frozen=True)
class Entry:
    """One page in the menu."""

    file: str
    title: str
    question: str
    icon: str
    view: bool = True
    """Whether the sidebar offers order, labels and convention."""


MENU = (
    Entry(
        "app.py", "Overview", "What is loaded, and what does it say?", ":material/home:"
    ),
    Entry(
        "pages/recognition.py",
        "Recognition",
        "Is the concept there?",
        ":material/target:",
    ),
    Entry(
        "pages/similarity.py",
        "Similarity",
        "Do the languages agree?",
        ":material/grid_on:",
    ),
    Entry(
        "pages/transfer.py",
        "Transfer",
        "Does it carry over?",
        ":material/change_history:",
    ),
    Entry(
        "pages/alignment.py",
        "Alignment",
        "Do the spaces match?",
        ":material/join_inner:",
    ),
    Entry("pages/layers.py", "Layers", "Where does it live?", ":material/layers:"),
    Entry("pages/plane.py", "Plane", "Transfer or erasure?", ":material/explore:"),
    Entry(
        "pages/playground.py",
        "Playground",
        "What does the model say when it is pushed?",
        ":material/tune:",
    ),
    Entry("pages/control.py", "Control", "How hard, and where?", ":material/speed:"),
    Entry(
        "pages/extract.py",
        "Extract",
        "Make a study from a model and contrast pairs",
        ":material/science:",
        view=False,
    ),
    Entry(
        "pages/figures.py",
        "Figures",
        "What will be in the paper, as it will print?",
        ":material/collections:",
        view=False,
    ),
    Entry(
        "pages/studies.py",
        "Studies",
        "Open, compare, share and delete studies",
        ":material/folder_open:",
    ),
)
KEPT = ("study", "labels", "order", "convention")
"""Choices that go along from page to page."""


def begin(title: str) -> Study | None:
    """Set the page up and return the chosen study.

    None where none can be opened; the page then says so and goes on.
    """
    entry = entry_of(title)
    st.session_state["page"] = entry.file
    readings.begin_page()
    st.set_page_config(
        page_title=f"{title} · Babelscope", page_icon="🌐", layout="wide"
    )
    style.apply()
    check_settings()
    study = pick()
    menu()
    if entry.view:
        controls.sidebar(study, compares=entry.title == "Studies")
    st.title(entry.title, anchor=False)
    st.markdown(f"**{entry.question}**")
    hindered = disk.trouble()
    if hindered:
        say(hindered, WARNING)
    refused = own_rows().refused
    if refused:
        say(refused, WARNING)
    return study


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


def menu() -> None:
    """The pages, each with the choices that go along."""
    kept = {key: st.query_params[key] for key in KEPT if key in st.query_params}
    with st.sidebar:
        for entry in MENU:
            st.page_link(
                entry.file,
                label=entry.title,
                icon=entry.icon,
                help=entry.question,
                query_params=kept,
                width="stretch",
            )


def pick() -> Study | None:
    """The study picker.

    A link to a study that is not here says so instead of showing another silently.
    """
    names = library.names()
    with st.sidebar:
        st.markdown("### :material/translate: Babelscope")
        name = links.one(
            "Study",
            names,
            "study",
            library.opened_first(),
            format_func=titles(names).get,
            help="Everything on the pages is about this study.",
        )
    with polite():
        return cache.study(name)
    return None


def titles(names: Sequence[str]) -> Mapping[str, str]:
    """Name → title.

    Equal titles are told apart by their names, since a list picks by what it shows.
    """
    found = {name: title_of(name) for name in names}
    often = Counter(found.values())
    for name, title in found.items():
        if often[title] > 1:
            found[name] = f"{title} · {name}"
    return found


def title_of(name: str) -> str:
    """A study's title with what kind it is, as plain text."""
    if name in shipped():
        return f"{shipped()[name].title} (published)"
    try:
        study = cache.study(name)
    except AnalysisError:
        return f"{name} (cannot be opened)"
    if study.kind == DEMO:
        return f"{study.title} (demo)"
    if study.missing:
        return f"{study.title} (unfinished)"
    return study.title
