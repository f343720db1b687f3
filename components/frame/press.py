"""From a figure on a page to the basket or to files."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import streamlit as st

from analysis.core.errors import AnalysisError
from analysis.study.study import Study
from components.figures.spec import Figure
from components.frame import cache, links
from components.frame.polite import WARNING, polite
from components.frame.text import escape
from components.paperpack import basket, drawing, pack
from components.paperpack.anonymous import anonymous
from components.paperpack.provenance import facts, parts_shown, settings_of
from components.paperpack.recipes import Recipe
from components.printing import venues
from components.printing.venues import VENUES, Look

READY = "ready to print"
ASKED_AGAIN = "kept already"
"""The digest of a figure that was said to be kept already."""
SHOWN = {"pages/control.py": "run", "pages/playground.py": "dose"}
"""Page → what it shows that is no part of a study."""
WORDS = {
    "pdf": "PDF",
    "svg": "SVG",
    "png": "PNG 300 dpi",
    "600.png": "PNG 600 dpi",
    "zip": "Paper pack",
    "pgf": "PGF",
}


@dataclass(frozen=True)
class Shown:
    """What a page shows of a study that is no part of it: a control run, or a dose."""

    study: str
    spec: Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """How files are asked for: the look, whether without names, what languages are called."""

    look: Look
    nameless: bool = False
    called: str = ""


@dataclass(frozen=True)
class Printed:
    """The files of the figures that were drawn last; ``size`` in centimetres."""

    name: str
    asked: Asked
    files: Mapping[str, bytes]
    notes: tuple[str, ...]
    size: tuple[float, float]


def tell_shown(part: str, study: str, spec: Any) -> None:
    """Remember what a page shows of a study, for the recipes of its figures."""
    values = spec if isinstance(spec, Mapping) else asdict(spec)
    st.session_state[f"{part}-shown"] = Shown(study, values)


def recipe(figure: Figure) -> Recipe:
    """The figure of this view with where it comes from."""
    query = links.address()
    provenance = []
    for name in dict.fromkeys([st.session_state.get("study"), *query.get("with", ())]):
        if not name:
            continue
        try:
            study = cache.study(name)
        except AnalysisError:
            # A study that is gone tells nothing; the figure is there all the same.
            continue
        provenance.append(facts(study) | details(study))
    view = {"page": st.session_state.get("page", "app.py"), "query": query}
    return Recipe(figure, Look(), view, tuple(provenance))


def details(study: Study) -> dict[str, dict[str, Any]]:
    """What the open page used of a study beyond its concept vectors, as plain values."""
    page = st.session_state.get("page", "")
    found = parts_shown(study, page)
    part = SHOWN.get(page)
    shown = st.session_state.get(f"{part}-shown")
    if part is not None and isinstance(shown, Shown) and shown.study == study.name:
        found[part] = settings_of(shown.spec)
    return found


def keep(figure: Figure) -> None:
    """Put a figure into the basket; one that is there already when asked again."""
    with polite():
        made = recipe(figure)
        again = st.session_state.pop(ASKED_AGAIN, "") == made.digest
        if not again and basket.has(made):
            st.session_state[ASKED_AGAIN] = made.digest
            st.toast(
                f"{escape(figure.title)} is kept already. Press again to keep it twice.",
                icon=":material/info:",
            )
            return
        basket.add(made)
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
    asked = Asked(Look(venue), nameless)
    latex = wants_pgf(figure.name)
    if st.button("Draw", icon=":material/print:", key=f"draw-{figure.name}"):
        make([recipe(figure)], asked, figure.name)
        if latex:
            add_pgf([recipe(figure)], asked)
    offer(figure.name, asked)


def make(chosen: Sequence[Recipe], asked: Asked, name: str) -> None:
    """Draw and remember the files of the last print; what cannot be drawn is said."""
    from components.paperpack import recipes
    from components.printing import sheet

    st.session_state.pop(READY, None)
    with polite(), drawing.of_recipes():
        ready = named_or_not(chosen, asked.nameless)
        figures = [each.figure for each in ready]
        drawn = sheet.compose(figures, asked.look, pack.own_fonts())
        about = recipes.facts(ready)
        files = {}
        for ending, write in sheet.FORMATS.items():
            files[ending] = write(drawn, about)
        files["zip"] = pack.pack(chosen, asked.look, asked.nameless, pack.own_fonts())
        st.session_state[READY] = Printed(name, asked, files, drawn.notes, drawn.size)


def named_or_not(chosen: Sequence[Recipe], nameless: bool) -> list[Recipe]:
    """The recipes as they are, or without names."""
    if not nameless:
        return list(chosen)
    return [anonymous(each) for each in chosen]


def wants_pgf(name: str) -> bool:
    """Whether PGF is wanted too.

    A sentence where no LaTeX is there to measure its texts.
    """
    if venues.latex():
        return st.checkbox(
            "PGF too",
            key=f"pgf-{name}",
            help="For \\\\input into LaTeX, in the typeface of the paper.",
        )
    st.caption(venues.NO_LATEX)
    return False


def add_pgf(chosen: Sequence[Recipe], asked: Asked) -> None:
    """PGF beside the files that were just drawn; why not, where it cannot be."""
    from components.printing import pgf, sheet

    printed = st.session_state.get(READY)
    if printed is None:
        return
    figures = [each.figure for each in named_or_not(chosen, asked.nameless)]
    with polite(WARNING), drawing.of_recipes():
        text = pgf.pgf(sheet.compose(figures, asked.look, pack.own_fonts()))
        files = {**printed.files, "pgf": text}
        st.session_state[READY] = replace(printed, files=files)


def offer(name: str, asked: Asked, told: bool = False) -> None:
    """The files that were drawn last, if they are this figure's and as asked for now.

    ``told`` where the page says already what a reader would stumble over.
    """
    printed = st.session_state.get(READY)
    if printed is None or printed.name != name:
        return
    if printed.asked != asked:
        st.caption("The look has changed since the files were drawn. Draw them again.")
        return
    if not told:
        width, height = printed.size
        st.caption(
            f"{asked.look.venue}: {width:.1f} × {height:.1f} cm, as the view was when "
            "it was drawn."
        )
        remarks(printed.notes)
    row = st.container(horizontal=True)
    for ending, data in printed.files.items():
        row.download_button(
            WORDS[ending],
            data,
            f"{name}.{ending}",
            key=f"print-{ending}-{name}",
            on_click="ignore",
            icon=":material/download:",
        )


def remarks(notes: Sequence[str]) -> None:
    """What a reader would stumble over, and what is only told."""
    if venues.NO_ROOM in notes:
        st.caption(f"{venues.NO_ROOM.capitalize()}.")
    stumbled = [note for note in notes if note != venues.NO_ROOM]
    if stumbled:
        sentence = f"{'; '.join(stumbled).capitalize()}."
        st.warning(escape(sentence), icon=":material/straighten:")
