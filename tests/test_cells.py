"""A cell is understood: what it says, its outline, and what stands beside the matrix."""

import json

import numpy as np
import pytest

from analysis.concepts.recognition import recognition
from analysis.concepts.specs import Convention
from analysis.concepts.transfer import transfer
from components.figures import recognition as recognition_figures
from components.figures import share_axis
from components.figures import transfer as triangles
from components.figures.languages import Arrangement, Languages
from components.figures.spec import Dumbbells
from components.paperpack import recipes
from components.paperpack.recipes import Recipe
from components.screen import to_plotly
from tests.planted import Planting, planted_study
from tests.stored import stored
from tests.visits import alive, asked, figures, visit, words

HONEST = Convention()
TRIANGLE = "Transfer from a source language (row) to a target language (column)"
HEAT = "Cosine similarity of the languages' concept vectors"


def test_a_cell_says_whose_vector_does_what_where():
    said = triangles.pair_in_words("Finnish", "English", 0.889, 0.906, -1.7)
    assert said == (
        "Finnish vector on English pairs: 88.9 % right, English's own: 90.6 %; "
        "−1.7 points."
    )
    nan = float("nan")
    printed = triangles.pair_in_words("Finnish", "English", nan, nan, 0.8)
    assert printed.endswith("+0.8 points against English's own vector.")
    own = triangles.pair_in_words("English", "English", 0.9, 0.9, 0.0)
    assert own == "English vector on English pairs: 90.0 % right."
    assert triangles.pair_in_words("a", "b", nan, nan, nan).endswith("not known.")


def test_every_cell_of_the_triangle_says_so_when_pointed_at():
    study = planted_study()
    languages = Arrangement(labels="English name").all_languages(study)
    data = transfer(study, HONEST)
    drawn = triangles.matrix(study, data, languages, HONEST)
    for row, source in enumerate(languages.codes):
        for column, target in enumerate(languages.codes):
            said = triangles.sentence_of_cell(data, languages, source, target)
            assert drawn.data.hover[row, column].startswith(said)


def frames_of(figure: dict) -> list[dict]:
    """Frames around marked cells: thick ones."""
    return [each for each in figure["layout"]["shapes"] if each["line"]["width"] > 2]


@pytest.mark.parametrize(
    ("page", "title", "curve"),
    [
        ("pages/transfer.py", TRIANGLE, "fr → zh over layers"),
        ("pages/similarity.py", HEAT, "fr and zh over layers"),
    ],
)
def test_a_chosen_cell_is_outlined_and_read_beside_the_matrix(
    fresh, page, title, curve
):
    stored("tiny", planted_study(("care", "truth"), ("en", "fr", "zh"), (4, 24, 16)))
    at = visit(page, study="tiny")
    assert "Click a cell" in words(at)
    at = visit(page, study="tiny", source="fr", target="zh")
    shown = figures(at)
    (frame,) = frames_of(shown[title])
    assert (frame["x0"] + 0.48, frame["y0"] + 0.48) == (2, 1)
    assert curve in shown
    (link,) = [one for one in at.main if one.type == "page_link"][-1:]
    assert "play=" in link.proto.query_string
    close = next(one for one in at.button if one.label == "Close")
    alive(close.click().run())
    assert {"source", "target"}.isdisjoint(asked(at))
    assert curve not in figures(at)


def test_a_published_cell_is_understood_as_far_as_it_goes():
    at = visit("pages/transfer.py", study="bloomz-7.1b", source="zh", target="en")
    assert "zh vector on en pairs" in words(at)
    assert "no curve over layers" in words(at)
    json.dumps(asked(at))


def test_shares_are_not_squeezed_and_unknown_ones_stay_in_view():
    """English has 90 %, others about 0.1 %: ten of them stood within a third."""
    percent = np.array([89.7, 0.17, 0.16, 0.13, 0.1, 0.08, 0.05, np.nan])
    names = ("en", "de", "fr", "es", "ru", "it", "ca", "sw")
    axis = share_axis.placed(percent, names, "share")
    known = axis.places[np.isfinite(percent)]
    width = known.max() - known.min()
    others = known[known < known.max()]
    assert (others.max() - others.min()) / width > 0.4
    assert (np.argsort(-known) == np.arange(7)).all(), "the order of shares stays"
    assert axis.places[-1] < known.min(), "apart, at the left"
    assert share_axis.NOT_KNOWN in axis.tick_words
    assert "sw" in axis.note and "broken" in axis.note
    assert len(axis.ticks) == len(axis.tick_words) >= 4


def test_shares_without_a_gap_are_not_broken():
    axis = share_axis.placed(np.array([1.0, 2.0, 5.0]), ("a", "b", "c"), "share")
    np.testing.assert_allclose(np.diff(axis.places), np.diff(np.log10([1, 2, 5])))
    assert axis.note == "" and set(axis.tick_words) == {"1", "2", "5"}


def test_languages_in_other_places_keep_their_names():
    both = Languages(("en", "fr"), ("English", "French")).in_places([1, 0])
    assert both == Languages(("fr", "en"), ("French", "English"))


@pytest.mark.parametrize("unrelated", [False, True])
def test_languages_stand_by_their_accuracy_and_the_recipe_keeps_them(unrelated):
    study = planted_study(planting=Planting(unrelated=unrelated))
    languages = Arrangement().all_languages(study)
    data = recognition(study, HONEST)
    figure = recognition_figures.in_order(study, data, languages, HONEST)
    drawn = figure.data
    assert isinstance(drawn, Dumbbells) and drawn.apart
    assert (np.diff(drawn.series[0].values) <= 0).all(), "the best first"
    assert len(drawn.series) == 1 + unrelated
    kept = recipes.read(recipes.write(Recipe(figure)), "it").figure.data
    assert isinstance(kept, Dumbbells) and kept.labels == drawn.labels
    on_screen = to_plotly.draw(figure).data
    assert {trace.mode for trace in on_screen} == {"markers"}, "no line between them"
