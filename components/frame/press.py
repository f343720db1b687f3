"""From a figure on a page to the basket or to files."""

from typing import Any

import streamlit as st

from analysis.core.errors import AnalysisError
from analysis.study.study import Study
from components.figures.spec import Figure
from components.frame import cache
from components.frame.text import escape
from components.paperpack import basket, pack
from components.paperpack.anonymous import anonymous
from components.paperpack.provenance import facts, parts_shown, settings_of
from components.paperpack.recipes import Recipe
from components.printing import venues
from components.printing.venues import VENUES, Look

READY = "ready to print"


def recipe(figure: Figure) -> Recipe:
    """The figure of this view with where it comes from."""
    query = {key: st.query_params.get_all(key) for key in st.query_params}
    names = dict.fromkeys(
        name for name in (st.session_state.get("study"), *query.get("with", ())) if name
    )
    known = []
    for name in names:
        try:
            study = cache.study(name)
            known.append(facts(study) | details(study))
        except AnalysisError:
            continue
    return Recipe(
        figure,
        Look(),
        {"page": st.session_state.get("page", "app.py"), "query": query},
        tuple(known),
    )


def details(study: Study) -> dict[str, dict[str, Any]]:
    """What the open page used of a study beyond its concept vectors, as plain values."""
    page = st.session_state.get("page", "")
    found = parts_shown(study, page)
    for part, (where, key) in SHOWN.items():
        shown = st.session_state.get(key)
        if page == where and shown is not None and shown[0] == study.name:
            found[part] = settings_of(shown[1])
    return found


SHOWN = {
    "run": ("pages/control.py", "control-shown"),
    "dose": ("pages/playground.py", "dose-shown"),
}
"""What is no part of a study → its page, and where that says what it shows.

What is said are a study and a spec.
"""


def keep(figure: Figure) -> None:
    """Put a figure into the basket."""
    basket.add(recipe(figure))
    st.toast(
        f"Kept: {escape(figure.title)}. The Figures page shows it as it prints.",
        icon=":material/library_add_check:",
    )


def prepare(figure: Figure) -> None:
    """A venue, a button, and then the files of one figure."""
    venue = st.selectbox("Venue", list(VENUES), key=f"venue-{figure.name}")
    nameless = st.checkbox(
        "Anonymous",
        key=f"anonymous-{figure.name}",
        help="Without names of user, host, folders and studies.",
    )
    latex = wants_pgf(figure.name)
    if st.button("Draw", icon=":material/print:", key=f"draw-{figure.name}"):
        make([recipe(figure)], Look(venue), nameless, figure.name)
        add_pgf([recipe(figure)], Look(venue), nameless, latex)
    offer(figure.name)


def make(chosen: list[Recipe], look: Look, nameless: bool, name: str) -> None:
    """Draw and remember the files of the last print; what cannot be drawn is said."""
    from components.paperpack import recipes
    from components.printing import sheet

    st.session_state.pop(READY, None)
    try:
        ready = [anonymous(each) for each in chosen] if nameless else chosen
        drawn = sheet.compose([each.figure for each in ready], look, pack.own_fonts())
        files = {
            ending: write(drawn, recipes.facts(ready))
            for ending, write in sheet.FORMATS.items()
        }
        files["zip"] = pack.pack(chosen, look, nameless, pack.own_fonts())
    except AnalysisError as error:
        st.error(escape(str(error)), icon=":material/error:")
        return
    st.session_state[READY] = {
        "name": name,
        "look": look,
        "files": files,
        "notes": drawn.notes,
        "size": drawn.size,
    }


def wants_pgf(name: str) -> bool:
    """Whether PGF is wanted too; a sentence where no LaTeX is there to measure its texts."""
    if venues.latex():
        return st.checkbox(
            "PGF too",
            key=f"pgf-{name}",
            help="For \\\\input into LaTeX, in the typeface of the paper.",
        )
    st.caption(venues.NO_LATEX)
    return False


def add_pgf(chosen: list[Recipe], look: Look, nameless: bool, wanted: bool) -> None:
    """PGF beside the files that were just drawn; why not, where it cannot be."""
    from components.printing import pgf, sheet

    if not wanted or READY not in st.session_state:
        return
    figures = [(anonymous(each) if nameless else each).figure for each in chosen]
    try:
        st.session_state[READY]["files"]["pgf"] = pgf.pgf(
            sheet.compose(figures, look, pack.own_fonts())
        )
    except AnalysisError as error:
        st.warning(escape(str(error)), icon=":material/warning:")


WORDS = {
    "pdf": "PDF",
    "svg": "SVG",
    "png": "PNG 300 dpi",
    "600.png": "PNG 600 dpi",
    "zip": "Paper pack",
    "pgf": "PGF",
}


def offer(name: str) -> None:
    """The files that were drawn last, if they are this figure's."""
    made = st.session_state.get(READY)
    if made is None or made["name"] != name:
        return
    width, height = made["size"]
    st.caption(
        f"{made['look'].venue}: {width:.1f} × {height:.1f} cm, as the view was when it was drawn."
    )
    remarks(made["notes"])
    for ending, data in made["files"].items():
        st.download_button(
            WORDS[ending],
            data,
            f"{name}.{ending}",
            key=f"print-{ending}-{name}",
            on_click="ignore",
            icon=":material/download:",
            width="stretch",
        )


def remarks(notes: tuple[str, ...]) -> None:
    """What a reader would stumble over."""
    if notes:
        st.warning(
            escape(f"{'; '.join(notes).capitalize()}."), icon=":material/straighten:"
        )
