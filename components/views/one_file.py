"""A study or kept figures as one HTML file, made when somebody asks for it."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from analysis.study.study import Study
from components.frame.polite import polite
from components.paperpack import drawing
from components.paperpack.recipes import Recipe

HELP = (
    "Figures with hover, their numbers and methods in one file that opens in any "
    "browser, without a server."
)
Make = Callable[[bool], bytes]
"""The file, with or without names."""


def of_study(study: Study) -> None:
    """The open study, all that it has something for."""
    choose(partial(made_of_study, study), study.name)


def of_figures(recipes: Sequence[Recipe]) -> None:
    """Figures of the basket, in their order."""
    choose(partial(made_of_figures, recipes), "figures")


def choose(make: Make, name: str) -> None:
    """A button and whether names are left out; then the file."""
    row = st.container(horizontal=True, vertical_alignment="center")
    wanted = row.button(
        "One HTML file", icon=":material/html:", key=f"html-{name}", help=HELP
    )
    nameless = row.checkbox(
        "Anonymous",
        key=f"anonymous-html-{name}",
        help="Without names of user, host, folders and studies.",
    )
    if not wanted:
        return
    with polite(), st.spinner("Drawing every figure; a large study takes a minute …"):
        data = make(nameless)
        row.download_button(
            "Download it",
            data,
            "babelscope.html" if nameless else f"{name}.html",
            "text/html",
            key=f"save-html-{name}",
            icon=":material/download:",
            on_click="ignore",
        )


def made_of_study(study: Study, nameless: bool) -> bytes:
    """The file of a study; FigureError where it would be too large."""
    from components.handout import file, sections

    return file.page(sections.of_study(study, nameless=nameless))


def made_of_figures(recipes: Sequence[Recipe], nameless: bool) -> bytes:
    """The file of figures; FigureError where one of them cannot be drawn."""
    from components.handout import file, sections

    with drawing.of_recipes():
        return file.page(sections.of_recipes(recipes, "Figures", nameless))
