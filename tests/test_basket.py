"""The Figures page and what every figure offers, without a browser."""

from dataclasses import replace

import pytest
import streamlit as st

from analysis.study import library
from components.figures.spec import Matrix
from components.paperpack import basket, recipes
from components.paperpack.recipes import Recipe
from tests.stored import HOSTILE, stored
from tests.test_pack import recipe
from tests.visits import alive, asked, button, plain, tabs, visit, words

pytestmark = pytest.mark.usefixtures("fresh")

FIGURES = "pages/figures.py"


def pictures(at) -> list:
    """What is shown as it prints."""
    return [node for node in at.main if node.type == "image"]


def titles(at) -> list[str]:
    """Titles of the figures of the page, in order."""
    return [
        plain(node.value[6:])
        for node in at.main
        if node.type == "markdown" and node.value.startswith("#####")
    ]


def test_an_empty_basket_says_how_to_fill_it():
    at = visit(FIGURES)
    assert (
        "“Add to figures” beside any figure" in words(at)
        and not pictures(at)
        and not at.error
    )


def test_every_figure_can_be_added_and_shows_as_it_prints(home):
    stored("mine")
    for page, shown in (
        ("pages/transfer.py", 4),
        ("pages/similarity.py", 6),
        ("pages/recognition.py", 4),
        ("app.py", 1),
    ):
        tab = {"tab": "data"} if page == "app.py" else {}
        at = visit(
            page, study="mine", labels="own name", source="zh", target="en", **tab
        )
        added = set()
        for each in tabs(at):
            adding = [one.key for one in each.button if one.label == "Add to figures"]
            for key in set(adding) - added:
                alive(each.button(key=key).click().run())
            added |= set(adding)
        assert len(added) == shown
    saved = [item.recipe for item in basket.items()]
    assert len(saved) == 15 and all(
        made.provenance[0]["name"] == "mine" for made in saved
    )
    assert saved[0].view == {
        "page": "pages/transfer.py",
        "query": {
            "study": ["mine"],
            "labels": ["own name"],
            "source": ["zh"],
            "target": ["en"],
        },
    }
    at = visit(FIGURES)
    assert not at.error and len(pictures(at)) == 15 == len(titles(at))
    st.cache_data.clear()
    assert len(pictures(visit(FIGURES))) == 15, "another session, after a restart"


def test_order_removal_and_undo():
    for title in "abc":
        basket.add(recipe(title=title))
    at = visit(FIGURES)
    first = basket.items()[0].number
    alive(at.button(key=f"Down-{first}").click().run())
    assert titles(at) == ["b", "a", "c"]
    alive(at.button(key=f"remove-{first}").click().run())
    assert titles(at) == ["b", "c"]
    alive(at.button(key="undo").click().run())
    assert titles(at) == ["b", "a", "c"]
    alive(at.text_input(key=f"title-{first}").set_value("z <b>").run())
    alive(at.button(key=f"rename-{first}").click().run())
    assert titles(at) == ["b", "z <b>", "c"]


def test_venue_labels_and_eyes_are_in_the_link():
    basket.add(recipe())
    at = visit(FIGURES, venue="ICML, column", called="own name", seen="greyscale")
    assert "8.3 ×" in words(at) and "greyscale" in words(at) and len(pictures(at)) == 1
    alive(at.selectbox(key="venue").select("ACL, full width").run())
    assert asked(at)["venue"] == ["ACL, full width"] and "16.0 ×" in words(at)


def test_several_figures_on_one_sheet_are_told_apart(home):
    stored("mine")
    for name in ("mine", "mine"):
        basket.add(
            replace(
                recipe(),
                provenance=({"name": name, "title": "One study", "kind": "computed"},),
            )
        )
    at = visit(FIGURES, together="1", venue="ACL, full width")
    assert len(pictures(at)) == 1 and "All on one sheet" in [
        toggle.label for toggle in at.toggle
    ]


def test_files_are_drawn_on_demand():
    number = basket.add(recipe("tree"))
    at = visit(FIGURES)
    key = f"tree-{number}"
    assert not at.get("download_button")
    alive(at.button(key=f"draw-{key}").click().run())
    assert {found.label for found in at.get("download_button")} == {
        "PDF",
        "SVG",
        "PNG 300 dpi",
        "PNG 600 dpi",
        "Paper pack",
    }


def test_the_basket_is_one_html_file_too():
    basket.add(recipe("tree"))
    basket.add(recipe("matrix"))
    at = visit(FIGURES)
    alive(at.button(key="html-figures").click().run())
    assert "Download it" in {found.label for found in at.get("download_button")}


def test_files_of_one_look_are_not_offered_under_another():
    number = basket.add(recipe("tree"))
    at = visit(FIGURES)
    alive(at.button(key=f"draw-tree-{number}").click().run())
    assert at.get("download_button")
    alive(at.selectbox(key="venue").select("NeurIPS").run())
    assert not at.get("download_button") and "Draw them again" in words(at)
    alive(at.button(key=f"draw-tree-{number}").click().run())
    assert at.get("download_button") and "Draw them" not in words(at)


def test_an_empty_basket_takes_the_main_figure_of_the_open_study():
    at = visit(FIGURES, study="llama2-chat-7b")
    alive(at.button(key="add-main").click().run())
    assert len(pictures(at)) == 1
    made = basket.items()[0].recipe
    assert made is not None and made.view["page"] == "pages/transfer.py"
    assert made.provenance[0]["name"] == "llama2-chat-7b"


def test_a_page_draws_a_figure_where_it_stands():
    at = visit("pages/similarity.py", study="bloomz-7.1b")
    at.session_state["print-similarity-bloomz-7.1b"] = True
    alive(at.run())
    at.session_state["print-similarity-bloomz-7.1b"] = True
    alive(at.button(key="draw-similarity-bloomz-7.1b").click().run())
    assert {"PDF", "Paper pack"} <= {
        found.label for found in at.get("download_button")
    } and not at.error


def test_a_figure_outlives_its_study(home):
    stored("gone")
    at = visit("pages/transfer.py", study="gone")
    alive(at.button(key="add-transfer-gone").click().run())
    library.delete("gone")
    at = visit(FIGURES)
    assert (
        "is not here any more" in words(at) and len(pictures(at)) == 1 and not at.error
    )


def test_what_cannot_be_printed_is_said_and_hides_no_other():
    labels = ("🙂", "b", "c")
    odd = replace(
        recipe().figure,
        data=Matrix(
            recipe().figure.data.values[:, :3], labels, labels, "cosine", (0, 1)
        ),
    )
    basket.add(Recipe(odd))
    basket.add(recipe("tree"))
    broken = basket.path_of(basket.add(recipe()))
    broken.write_text("{")
    at = visit(FIGURES)
    said = [plain(error.value) for error in at.error]
    assert (
        len(said) == 2
        and "U+1F642" in said[0]
        and "damaged" in said[1]
        and len(pictures(at)) == 1
    )


def test_hostile_titles_stay_text():
    basket.add(recipe(title=HOSTILE))
    at = visit(FIGURES)
    assert titles(at) == [HOSTILE] and all(
        "![x" not in node.value for node in at.markdown
    )


@pytest.mark.parametrize("page", [FIGURES, "app.py"])
def test_a_recipe_opens_its_view(page):
    made = Recipe(
        recipe().figure,
        view={
            "page": "pages/transfer.py",
            "query": {"study": ["bloomz-7.1b"], "order": ["name"]},
        },
    )
    at = visit(page, **({"tab": "analyses"} if page == "app.py" else {}))
    alive(
        at.file_uploader(key="recipe-file")
        .upload("recipe.json", recipes.write(made).encode())
        .run()
    )
    assert at.title[0].value == "Transfer" and asked(at) == {
        "study": ["bloomz-7.1b"],
        "order": ["name"],
    }


def test_a_recipe_of_a_study_that_is_not_here_can_still_be_kept():
    at = visit(FIGURES)
    alive(
        at.file_uploader(key="recipe-file")
        .upload("recipe.json", recipes.write(recipe()).encode())
        .run()
    )
    assert "not on this server" in words(at)
    alive(button(at, "Keep its figure").click().run())
    assert len(basket.items()) == 1


def test_a_recipe_that_does_not_hang_together_is_refused():
    data = recipe().figure.data
    few, flat = (
        recipe(data=replace(data, **odd))
        for odd in ({"rows": ("only one",)}, {"limits": ("a", "b")})
    )
    for data, said in (
        (recipes.write(few), "3 × 4 numbers"),
        (recipes.write(flat), "limits must be a number"),
        ("{", "not a recipe"),
    ):
        at = visit(FIGURES)
        alive(
            at.file_uploader(key="recipe-file")
            .upload("recipe.json", data.encode())
            .run()
        )
        for found in [found for found in at.button if found.label == "Keep its figure"]:
            alive(found.click().run())
        assert said in plain(at.error[0].value) and not basket.items()


def test_a_figure_that_is_kept_already_is_told_and_kept_twice_only_when_asked_again(
    home,
):
    stored("mine")
    at = visit("pages/transfer.py", study="mine")
    key = next(each.key for each in at.button if each.label == "Add to figures")
    for presses, kept, told in (
        (1, 1, "Kept:"),
        (2, 1, "kept already"),
        (3, 2, "Kept:"),
        (4, 2, "kept already"),
    ):
        alive(at.button(key=key).click().run())
        assert len(basket.items()) == kept, presses
        assert told in at.toast[-1].value, presses
