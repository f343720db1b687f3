"""Figures: the basket, as it will print."""

from dataclasses import replace

import streamlit as st

from analysis.core.errors import AnalysisError, FigureError
from analysis.languages.languages import LABELS
from analysis.study import library
from components.frame import cache, links, press
from components.frame.shell import MENU
from components.frame.text import escape
from components.paperpack import basket, recipes
from components.paperpack.basket import Item
from components.paperpack.labelling import AS_SAVED, relabelled
from components.paperpack.recipes import Recipe
from components.printing.venues import OWN, SIGHTS, VENUES, WIDTHS, Look

PIXELS = 96 / 2.54
"""Of a centimetre on a screen at its nominal size."""


def page() -> None:
    """The page under its title."""
    saved = basket.items()
    drop()
    undo()
    if not saved:
        st.info(
            "Nothing is kept yet. “Add to figures” under any figure brings it here.",
            icon=":material/library_add:",
        )
        return
    look, style, sight = choose()
    whole = [item for item in saved if item.recipe]
    ready = [
        replace(item.recipe, figure=relabelled(item.recipe.figure, style))
        for item in whole
    ]
    if len(ready) > 1 and links.switch("All on one sheet", "together"):
        side = st.columns(3)[0].number_input(
            "Panels side by side (0: as many as fit)", 0, 6, 0
        )
        together = replace(look, columns=int(side))
        ready = told_apart(ready)
        show(ready, together, sight, "All figures on one sheet")
        download(ready, together, "figures")
        for item in saved:
            order(item)
        return
    for item in saved:
        one(item, look, style, sight)
    if ready:
        download(ready, look, "figures")


def told_apart(ready: list[Recipe]) -> list[Recipe]:
    """Figures of one title get their study's instead."""
    titles = [recipe.figure.title for recipe in ready]
    return [
        replace(recipe, figure=replace(recipe.figure, title=study_of(recipe)))
        if titles.count(recipe.figure.title) > 1 and study_of(recipe)
        else recipe
        for recipe in ready
    ]


def study_of(recipe: Recipe) -> str:
    """The title of a recipe's study."""
    return str(recipe.provenance[0].get("title", "")) if recipe.provenance else ""


def choose() -> tuple[Look, str, str]:
    """How everything prints: venue, text, labels; and with whose eyes it is looked at."""
    left, middle, right = st.columns(3)
    with left:
        venue = links.one("Venue", [*VENUES, OWN], "venue")
    width = middle.number_input("Width, cm", *WIDTHS, 12.0) if venue == OWN else 0.0
    with right:
        style = links.one("Languages are called", [AS_SAVED, *LABELS], "called")
    with left:
        sight = links.one("Seen in", list(SIGHTS), "seen", format_func=str.capitalize)
    text = middle.number_input("Text, points (0: the venue's)", 0.0, 40.0, 0.0, 0.5)
    row = right.container(horizontal=True)
    titles, values = (
        row.toggle("Titles", key="figure-titles"),
        row.toggle("Numbers in cells", True, key="figure-values"),
    )
    return (
        Look(venue, width, 0.0 if text < 3 else text, values=values, titles=titles),
        style,
        sight,
    )


def show(chosen: list[Recipe], look: Look, sight: str, title: str) -> None:
    """Some figures as they print, at the size of print."""
    try:
        picture, notes, (width, height) = cache.preview(
            tuple(map(recipes.write, chosen)), look, sight
        )
    except AnalysisError as error:
        st.error(escape(str(error)), icon=":material/error:")
        return
    words = f"{title}. {chosen[0].figure.caption if len(chosen) == 1 else ''}"
    st.image(picture, width=round(width * PIXELS), alt=words)
    st.caption(f"{width:.1f} × {height:.1f} cm · {look.size.text:g} pt · {sight}")
    press.remarks(notes)


def one(item: Item, look: Look, style: str, sight: str) -> None:
    """One figure with what can be done to it."""
    if not order(item):
        return
    figure = relabelled(item.recipe.figure, style)
    frames = (
        ()
        if getattr(figure.data, "grid", False)
        else getattr(figure.data, "frames", ())
    )
    if len(frames) > 1:
        start = getattr(figure.data, "start", 0)
        layer = st.selectbox("Layer", frames, start, key=f"frame-{item.number}")
        look = replace(look, frame=frames.index(layer))
    show([replace(item.recipe, figure=figure)], look, sight, figure.title)
    st.caption(escape(f"{figure.caption} {figure.source}"))
    with st.expander("Files of this figure", icon=":material/download:"):
        download(
            [replace(item.recipe, figure=figure)], look, f"{figure.name}-{item.number}"
        )
        title = st.text_input(
            "Title", item.recipe.figure.title, max_chars=200, key=f"title-{item.number}"
        )
        if title != item.recipe.figure.title and st.button(
            "Rename", key=f"rename-{item.number}"
        ):
            changed = replace(
                item.recipe, figure=replace(item.recipe.figure, title=title)
            )
            attempt(lambda: basket.change(item.number, changed))


def order(item: Item) -> bool:
    """The figure's title with its place in the basket; whether it can be drawn."""
    name, row = st.columns([4, 2], vertical_alignment="center")
    name.markdown(
        f"##### {escape(item.recipe.figure.title if item.recipe else item.number)}"
    )
    if item.recipe:
        name.caption(escape(study_of(item.recipe)))
    buttons = row.container(horizontal=True, horizontal_alignment="right")
    for label, icon, steps in (
        ("Up", "arrow_upward", -1),
        ("Down", "arrow_downward", 1),
    ):
        if buttons.button(
            label, icon=f":material/{icon}:", key=f"{label}-{item.number}"
        ):
            attempt(lambda steps=steps: basket.move(item.number, steps))
    if buttons.button("Remove", icon=":material/delete:", key=f"remove-{item.number}"):
        attempt(lambda: basket.remove(item.number))
    if item.recipe is None:
        st.error(
            escape(f"This figure cannot be shown. {item.fault}"),
            icon=":material/error:",
        )
        return False
    if gone := missing(item.recipe):
        st.info(
            f"The study {escape(', '.join(gone))} is not here any more. The figure is drawn from its own numbers.",
            icon=":material/inventory_2:",
        )
    return True


def missing(recipe: Recipe) -> list[str]:
    """Studies of a recipe that are not on this server."""
    return [
        str(facts.get("title", facts.get("name")))
        for facts in recipe.provenance
        if facts.get("name") not in library.names()
    ]


def download(chosen: list[Recipe], look: Look, name: str) -> None:
    """Files and paper pack."""
    latex = press.wants_pgf(name)
    row = st.container(horizontal=True, vertical_alignment="bottom")
    nameless = row.checkbox(
        "Anonymous",
        key=f"anonymous-{name}",
        help="Without names of user, host, folders and studies.",
    )
    if row.button(
        "Draw files" if len(chosen) == 1 else "Draw all files",
        icon=":material/print:",
        key=f"draw-{name}",
    ):
        with st.spinner("Drawing …"):
            press.make(chosen, look, nameless, name)
            press.add_pgf(chosen, look, nameless, latex)
    press.offer(name)


def undo() -> None:
    """Bring the figure back that was removed last."""
    if gone := basket.removed():
        label = "Bring back the last removed figure" + (
            f" (of {len(gone)})" if len(gone) > 1 else ""
        )
        if st.button(label, icon=":material/undo:", key="undo"):
            attempt(lambda: basket.restore(gone[0]))


def drop() -> None:
    """A recipe opens the view that it came from; where its study is missing, its figure can be kept."""
    with st.expander("Open a recipe", icon=":material/file_open:"):
        file = st.file_uploader(
            "recipe.json of a paper pack",
            type=["json"],
            key="recipe-file",
            max_upload_size=64,
        )
    if file is None:
        return
    try:
        recipe = recipes.read(file.getvalue(), file.name)
    except AnalysisError as error:
        st.error(escape(str(error)), icon=":material/error:")
        return
    target, query = (
        recipe.view.get("page"),
        {key: list(value) for key, value in dict(recipe.view.get("query", {})).items()},
    )
    here = (
        target in {entry.file for entry in MENU}
        and query.get("study", ["-"])[0] in ("-", *library.names())
        and not missing(recipe)
    )
    if here and st.session_state.get("opened recipe") != file.file_id:
        st.session_state["opened recipe"] = file.file_id
        st.switch_page(target, query_params=query)
    if not here:
        st.info(
            "The study of this recipe is not on this server, so its view cannot be opened.",
            icon=":material/link_off:",
        )
    if st.button("Keep its figure", icon=":material/library_add:"):
        attempt(lambda: keep(recipe))


def keep(recipe: Recipe) -> None:
    """Take the figure of a recipe into the basket, if it can be drawn."""
    try:
        cache.preview((recipes.write(recipe),), Look(), SIGHTS[0])
    except AnalysisError:
        raise
    except (
        Exception
    ) as error:  # what an edited recipe makes of the drawing is its writer's to mend
        what = f"{type(error).__name__}: {error}"[:120]
        raise FigureError(
            f"The figure of this recipe cannot be drawn ({what}). Its numbers and labels do not fit together."
        ) from error
    basket.add(recipe)


def attempt(action: object) -> None:
    """Do it and show the page anew, or say why not."""
    try:
        action()
    except AnalysisError as error:
        st.error(escape(str(error)), icon=":material/error:")
    else:
        st.rerun()
