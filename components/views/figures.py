"""Figures: the basket, as it will print."""

from dataclasses import dataclass, replace

import streamlit as st

from analysis.core.typeset import minus_signs
from analysis.languages.languages import LABELS
from analysis.study import library
from analysis.study.study import Study
from components.figures import gallery
from components.figures.spec import Figure
from components.frame import cache, controls, going, links, press, readings
from components.frame.polite import polite
from components.frame.shell import MENU, entry_of
from components.frame.text import escape, say_not_restored
from components.paperpack import basket, drawing, recipes
from components.paperpack.basket import Item
from components.paperpack.labelling import AS_SAVED, relabelled
from components.paperpack.provenance import facts
from components.paperpack.recipes import Recipe
from components.printing.venues import OWN, SIGHTS, VENUES, WIDTHS, Look
from components.views import one_file

MAIN = ("transfer", "recognition", "similarity", "plane", "layers", "sentences")
"""Figures of the gallery from the most telling on; quick to compute."""
PIXELS = 96 / 2.54
"""Of a centimetre on a screen at its nominal size."""
SMALLEST_TEXT = 3
"""Points; a smaller number is the venue's own."""


@dataclass(frozen=True)
class Print:
    """How everything prints, what languages are called, and with whose eyes it is seen."""

    look: Look
    labels: str
    sight: str


def page() -> None:
    """The page under its title."""
    saved = basket.items()
    if not saved:
        empty()
        undo()
        drop()
        return
    chosen = choose()
    ready = []
    for item in saved:
        if item.recipe is not None:
            ready.append(in_words(item.recipe, chosen.labels))
    if len(ready) > 1 and links.switch("All on one sheet", "together"):
        one_sheet(ready, chosen)
        for item in saved:
            order(item)
    else:
        for item in saved:
            one(item, chosen)
        if len(ready) > 1:
            st.markdown("**All figures**")
            download(ready, chosen, "figures")
    if ready:
        one_file.of_figures(ready)
    undo()
    drop()


def empty() -> None:
    """How a figure comes here, and a button that brings the open study's main one."""
    st.info(
        "No figure is kept yet. “Add to figures” beside any figure brings it here, "
        "where it is seen as it will print, and becomes a PDF.",
        icon=":material/library_add:",
    )
    study = None
    with polite():
        study = open_study()
    if study is None:
        return
    name = main_figure(study)
    if name and st.button(
        f"Add the main figure of {escape(study.title)}",
        type="primary",
        icon=":material/library_add:",
        key="add-main",
    ):
        with polite(), st.spinner("Computing the figure …"):
            basket.add(main_recipe(study, name))
            st.rerun()


def open_study() -> Study:
    """The study that the other pages show, which this page does not offer to choose."""
    chosen = links.now("study")
    if chosen and chosen[0] not in library.names():
        say_not_restored(
            f"The link asks for the study “{chosen[0][: links.MOST_SAID]}”, which is "
            "not here."
        )
        chosen = ()
    return cache.study(chosen[0] if chosen else library.opened_first())


def main_figure(study: Study) -> str:
    """The figure of the gallery that says most of a study; "" for one without any."""
    there = gallery.names(study)
    for name in MAIN:
        if name in there:
            return name
    return there[0] if there else ""


def main_recipe(study: Study, name: str) -> Recipe:
    """A figure of the gallery, with the page that shows it."""
    arrangement = controls.arrangement()
    figure = gallery.draw(
        study, name, order=arrangement.order, labels=arrangement.labels
    )
    title = gallery.FIGURES[name].page
    view = {"page": entry_of(title).file, "query": {"study": [study.name]}}
    return Recipe(figure, Look(), view, (facts(study),))


def in_words(recipe: Recipe, labels: str) -> Recipe:
    """A recipe with its languages called as wanted."""
    return replace(recipe, figure=relabelled(recipe.figure, labels))


def one_sheet(ready: list[Recipe], chosen: Print) -> None:
    """All figures as panels of one sheet, with its files."""
    side = st.columns(3)[0].number_input(
        "Panels side by side (0: as many as fit)", 0, 6, 0
    )
    together = replace(chosen, look=replace(chosen.look, columns=int(side)))
    panels = told_apart(ready)
    show(panels, together, "All figures on one sheet")
    download(panels, together, "figures")


def told_apart(ready: list[Recipe]) -> list[Recipe]:
    """Figures of one title get their study's instead."""
    titles = [recipe.figure.title for recipe in ready]
    panels = []
    for recipe in ready:
        title = study_of(recipe)
        if title and titles.count(recipe.figure.title) > 1:
            recipe = replace(recipe, figure=replace(recipe.figure, title=title))
        panels.append(recipe)
    return panels


def study_of(recipe: Recipe) -> str:
    """The title of a recipe's study."""
    if not recipe.provenance:
        return ""
    return str(recipe.provenance[0].get("title", ""))


def choose() -> Print:
    """Venue, text and labels of everything, and how the screen shows it."""
    one, two, three, four = st.columns(4)
    with one:
        venue = links.one("Venue", [*VENUES, OWN], "venue")
    width = 0.0
    if venue == OWN:
        width = one.number_input("Width, cm", *WIDTHS, 12.0)
    text = two.number_input("Text, points (0: the venue's)", 0.0, 40.0, 0.0, 0.5)
    with three:
        labels = links.one("Languages are called", [AS_SAVED, *LABELS], "called")
    with four:
        sight = links.one("Seen in", list(SIGHTS), "seen", format_func=str.capitalize)
    row = st.container(horizontal=True)
    titles = row.toggle("Titles", key="figure-titles")
    values = row.toggle(
        "Numbers in cells",
        True,
        key="figure-values",
        help="Off: of values on both sides of zero their signs.",
    )
    if text < SMALLEST_TEXT:
        text = 0.0
    look = Look(venue, width, text, values=values, titles=titles)
    return Print(look, labels, sight)


def show(chosen: list[Recipe], how: Print, title: str) -> None:
    """Some figures as they print, at the size of print."""
    caption = chosen[0].figure.caption if len(chosen) == 1 else ""
    with polite():
        texts = tuple(map(recipes.write, chosen))
        with drawing.of_recipes():
            preview = cache.preview(texts, how.look, how.sight)
        picture, notes, (width, height) = preview
        # A picture of a given width is made coarse before it is sent, a stretched one not.
        with st.container(width=round(width * PIXELS)):
            st.image(picture, width="stretch", alt=f"{title}. {caption}")
        text = f"{how.look.size.text:g} pt"
        st.caption(f"{width:z.1f} × {height:z.1f} cm · {text} · {how.sight}")
        press.remarks(notes)


def one(item: Item, chosen: Print) -> None:
    """One figure with what can be done to it."""
    if not order(item) or item.recipe is None:
        return
    recipe = in_words(item.recipe, chosen.labels)
    figure = recipe.figure
    chosen = replace(chosen, look=choose_layer(item, figure, chosen.look))
    show([recipe], chosen, figure.title)
    download([recipe], chosen, f"{figure.name}-{item.number}")
    with st.expander("Caption and title", icon=":material/notes:"):
        st.caption(escape(minus_signs(f"{figure.caption} {figure.source}")))
        rename(item.number, item.recipe)


def choose_layer(item: Item, figure: Figure, look: Look) -> Look:
    """The look with the layer that prints, where a figure has several."""
    frames = getattr(figure.data, "frames", ())
    if len(frames) < 2 or getattr(figure.data, "grid", False):
        return look
    start = getattr(figure.data, "start", 0)
    layer = st.selectbox("Layer", frames, start, key=f"frame-{item.number}")
    return replace(look, frame=frames.index(layer))


def rename(number: str, recipe: Recipe) -> None:
    """Another title for a figure."""
    known = recipe.figure.title
    title = st.text_input("Title", known, max_chars=200, key=f"title-{number}")
    if title != known and st.button("Rename", key=f"rename-{number}"):
        changed = replace(recipe, figure=replace(recipe.figure, title=title))
        with polite():
            basket.change(number, changed)
            st.rerun()


def order(item: Item) -> bool:
    """The figure's title with its place in the basket; whether it can be drawn."""
    name, row = st.columns([4, 2], vertical_alignment="center")
    title = item.number
    if item.recipe is not None:
        title = item.recipe.figure.title
    name.markdown(f"##### {escape(title)}")
    if item.recipe is not None:
        name.caption(escape(study_of(item.recipe)))
    with row.container(horizontal=True, horizontal_alignment="right"):
        move(item.number)
    if item.recipe is None:
        st.error(
            escape(f"This figure cannot be shown. {item.fault}"),
            icon=":material/error:",
        )
        return False
    gone = missing(item.recipe)
    if gone:
        st.info(
            f"The study {escape(', '.join(gone))} is not here any more. The figure is "
            "drawn from its own numbers.",
            icon=":material/inventory_2:",
        )
    return True


def move(number: str) -> None:
    """Up, down or out of the basket."""
    if st.button("Up", icon=":material/arrow_upward:", key=f"Up-{number}"):
        with polite():
            basket.move(number, -1)
            st.rerun()
    if st.button("Down", icon=":material/arrow_downward:", key=f"Down-{number}"):
        with polite():
            basket.move(number, 1)
            st.rerun()
    if st.button("Remove", icon=":material/delete:", key=f"remove-{number}"):
        with polite():
            basket.remove(number)
            st.rerun()


def missing(recipe: Recipe) -> list[str]:
    """Studies of a recipe that are not on this server."""
    here = library.names()
    gone = []
    for origin in recipe.provenance:
        if origin.get("name") not in here:
            gone.append(str(origin.get("title", origin.get("name"))))
    return gone


def download(chosen: list[Recipe], how: Print, name: str) -> None:
    """Files and paper pack, as things look now."""
    row = st.container(horizontal=True, vertical_alignment="center")
    label = "Draw files" if len(chosen) == 1 else "Draw all files"
    wanted = row.button(
        label, type="primary", icon=":material/print:", key=f"draw-{name}"
    )
    nameless = row.checkbox(
        "Anonymous",
        key=f"anonymous-{name}",
        help="Without names of user, host, folders and studies.",
    )
    with row:
        latex = press.wants_pgf(name)
    asked = press.Asked(how.look, nameless, how.labels)
    if wanted:
        with st.spinner("Drawing …"):
            press.make(chosen, asked, name)
            if latex:
                press.add_pgf(chosen, asked)
    press.offer(name, asked, told=True)


def undo() -> None:
    """Bring the figure back that was removed last."""
    gone = basket.removed()
    if not gone:
        return
    many = f" (of {len(gone)})" if len(gone) > 1 else ""
    label = f"Bring back the last removed figure{many}"
    if st.button(label, icon=":material/undo:", key="undo"):
        with polite():
            basket.restore(gone[0])
            st.rerun()


def drop() -> None:
    """A recipe opens its view; where its study is missing, its figure can be kept."""
    with st.expander("Open a recipe", icon=":material/file_open:"):
        file = st.file_uploader(
            "recipe.json of a paper pack",
            type=["json"],
            key="recipe-file",
            max_upload_size=64,
        )
    with polite():
        recipe = readings.of_file(file, "recipe-file", recipes.read)
        if recipe is not None and file is not None:
            opened(recipe, file.file_id)


def opened(recipe: Recipe, file_id: str) -> None:
    """Show the view of a recipe once, or say why not; its figure can be kept."""
    here = can_be_opened(recipe)
    if here and st.session_state.get("opened recipe") != file_id:
        st.session_state["opened recipe"] = file_id
        going.open_whole(recipe.view["page"], query_of(recipe))
    if not here:
        st.info(
            "The study of this recipe is not on this server, so its view cannot be "
            "opened.",
            icon=":material/link_off:",
        )
    if st.button("Keep its figure", icon=":material/library_add:"):
        with polite():
            keep(recipe)
            st.rerun()


def query_of(recipe: Recipe) -> dict[str, list[str]]:
    """The link of the view that a recipe came from.

    It names no study where that was the one opened first, which may be another one now.
    """
    query = dict(recipe.view.get("query", {}))
    for origin in recipe.provenance[:1]:
        name = origin.get("name")
        if name and name != library.opened_first():
            query.setdefault("study", [name])
    return {key: list(values) for key, values in query.items()}


def can_be_opened(recipe: Recipe) -> bool:
    """Whether the page and the studies of a recipe's view are here."""
    if recipe.view.get("page") not in {entry.file for entry in MENU}:
        return False
    asked = query_of(recipe).get("study", [])
    return set(asked[:1]) <= set(library.names()) and not missing(recipe)


def keep(recipe: Recipe) -> None:
    """Take the figure of a recipe into the basket, if it can be drawn."""
    with drawing.of_recipes():
        cache.preview((recipes.write(recipe),), Look(), SIGHTS[0])
    basket.add(recipe)
