"""Recipes that somebody changed: refused in a sentence, or drawn; no exception ever."""

import json
import random
from collections import Counter
from dataclasses import replace

import pytest

from analysis.core.errors import FigureError
from components.paperpack import basket, manuscript, pack, recipes
from components.paperpack.alternative import alternative
from components.printing import sheet
from components.views import figures
from tests.test_manifest import changed
from tests.test_pack import recipe
from tests.test_screen import DATA
from tests.visits import alive, button, visit, words

MUTANTS = 400
FIGURES = "pages/figures.py"
VALUES = (
    *(None, True, -1, 0, 1, 5, 10**6, 10**17, 1.5, 1e200, -1e-300),
    *("", "x", "a\x00b", "\ud800", "🙂", "x" * 30_000),
    *([], {}, [[[]]], [1], ["x"], [None], [1, 2, 3], {"a": 1}, {"kind": "Figure"}),
    *({"kind": "number", "is": "inf"}, {"kind": "number", "is": "nan"}),
    *({"kind": "array", "type": "number", "values": [1]}, {"kind": "table"}),
)


def everywhere(values: object, place: tuple = ()):
    """Where the values of a recipe are; of a list the first two."""
    items = []
    if isinstance(values, dict):
        items = list(values.items())
    elif isinstance(values, list):
        items = list(enumerate(values[:2]))
    for key, value in items:
        yield [*place, key]
        yield from everywhere(value, (*place, key))


def mutants():
    """Recipes of every kind of figure with one odd value, always the same ones."""
    rng = random.Random(11)
    whole = [json.loads(recipes.write(recipe(name))) for name in DATA]
    for _ in range(MUTANTS):
        known = rng.choice(whole)
        place = rng.choice(list(everywhere(known)))
        yield json.dumps(changed(known, place, rng.choice(VALUES)))


def read_or_refused(text: str) -> recipes.Recipe | None:
    """A recipe, or None after a sentence."""
    try:
        return recipes.read(text, "x.json")
    except FigureError as error:
        assert str(error).startswith("x.json") and len(str(error)) < 700
        return None


@pytest.fixture(scope="module")
def kept() -> list[recipes.Recipe]:
    """Changed recipes that are read all the same."""
    read = map(read_or_refused, mutants())
    return [each for each in read if each is not None]


def test_changed_recipes_are_refused_or_read(kept):
    assert 40 < len(kept) < 250, len(kept)


def test_what_is_read_is_drawn_and_described(kept, home):
    """Without the safety net of the page; only characters may have no font."""
    ends = Counter()
    for each in kept[::3]:
        again = recipes.read(recipes.write(each), "again.json")
        assert again.digest == each.digest
        pack.texts(each)
        assert manuscript.methods(each) and alternative(each.figure)
        figures.can_be_opened(each)
        try:
            sheet.compose([each.figure], each.look)
            ends["drawn"] += 1
        except FigureError:
            ends["refused"] += 1
    assert ends["drawn"] > 10 * ends["refused"], ends


def test_the_page_shows_and_draws_what_is_kept(kept, fresh):
    for each in kept[::25]:
        basket.add(each)
    at = visit(FIGURES, called="own name")
    alive(button(at, "Draw all files").click().run())


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (["look", "columns"], -1, "look.columns"),
        (["look", "venue"], "Nature", "Allowed: “ACL, column”, “ACL, full"),
        (["look", "venue"], ["a"], "Unknown venue"),
        (["figure", "title"], 5, "figure.title must be text"),
        (["figure", "title"], "\ud800", "lone surrogate"),
        (["figure", "data", "rows"], ["a"], "numbers for 1 rows"),
        (["figure", "data", "limits"], [1, 0], "wrong order"),
        (["figure", "data", "start"], 7, "no frame 7"),
        (["figure", "data", "digits"], 10**6, "digits"),
        (["figure", "data", "marked"], [[9, 9]], "be marked"),
        (["figure", "data", "kind"], "Nope", "Unknown kind of figure"),
        (
            ["figure", "data"],
            {"kind": "Series", "label": "", "x": 1, "y": 1},
            "must be",
        ),
        (["figure", "table"], None, "holds no figure"),
        (["provenance"], [{"dtype": 5}], "provenance.0.dtype"),
        (["view", "page"], 5, "view.page"),
        (["view", "query"], {"study": [10**400]}, "digits"),
        (["babelscope"], [], "babelscope"),
    ],
)
def test_every_field_has_a_type_and_bounds(place, value, said):
    known = json.loads(recipes.write(recipe()))
    with pytest.raises(FigureError) as error:
        recipes.read(json.dumps(changed(known, place, value)), "x.json")
    assert said in str(error.value)


def test_a_recipe_whose_view_names_no_study_is_opened(fresh):
    made = replace(recipe(), view={"page": "pages/transfer.py", "query": {"study": []}})
    at = visit(FIGURES)
    data = recipes.write(replace(made, provenance=())).encode()
    alive(at.file_uploader(key="recipe-file").upload("r.json", data).run())


def test_settings_that_a_sentence_needs_may_be_missing():
    known = dict(recipe().provenance[0], words={}, plane={"scoring": 1}, run=5)
    said = manuscript.methods(replace(recipe(), provenance=(known,)))
    assert said.count("are not known in full") == 3


def test_even_a_fault_of_the_checks_takes_no_page_down(fresh, monkeypatch):
    def failing(*args, **more):
        raise IndexError("what no check saw")

    basket.add(recipe())
    monkeypatch.setattr(sheet, "compose", failing)
    at = visit(FIGURES)
    assert "what no check saw" in words(at) and "cannot be drawn" in words(at)
