"""The sentences with which Alignment, Layers and Plane begin, in each of their branches."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from analysis.core.typeset import minus_signs
from analysis.plane.localisation import Effect, Setting
from analysis.sentences.specs import RetrievalSpec
from analysis.words.specs import AlignmentSpec
from components.figures import alignment, depths, plane, sentences
from components.figures.languages import Languages
from components.figures.text import marks_words

TWO = Languages(("es", "sw"), ("Spanish", "Swahili"))
MATCHING = alignment.Matching(AlignmentSpec("last token"), "English")


def words(before: float, after: float, n: int = 400) -> xr.Dataset:
    """Words of two languages of which such shares are found."""
    hits = np.zeros((2, 2, n))
    for stage, share in enumerate((before, after)):
        hits[:, stage, : round(share * n)] = 1
    dims = ("language", "stage", "word")
    return xr.Dataset(
        {
            "hit": (dims, hits),
            "chance": (("language", "k"), np.full((2, 1), 0.01)),
            "n": ("language", [n, n]),
        },
        {"language": ["es", "sw"], "stage": ["before", "after"], "k": [1]},
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (0.1, 0.6, "brings the spaces together"),
        (0.6, 0.3, "makes words harder to find"),
        (0.5, 0.51, "changes little"),
        (0.3, 0.005, "finds no more words than guessing"),
    ],
)
def test_words_say_what_the_map_does(before, after, said):
    told = alignment.answer(words(before, after), MATCHING)
    assert told.startswith(f"A rotation learned from seed pairs {said}: ")
    assert f"{100 * after:.0f} % of words" in told and "(95 % " in told
    assert f"before it {100 * before:.0f} %, by guessing 1 %" in told
    assert told.endswith("n = 400 words, 2 languages.")


def test_printed_words_have_no_interval_and_other_maps_their_name():
    printed = words(0.2, 0.5).drop_vars("hit")
    shares = np.array([0.2, 0.5])[None, :, None] * np.ones((2, 1, 1))
    printed["precision"] = (("language", "stage", "k"), shares)
    printed["low"] = printed["precision"] - 0.01
    ridge = alignment.Matching(AlignmentSpec("last token", map="ridge"), "English")
    told = alignment.answer(printed, ridge)
    assert told.startswith("The ridge map learned") and "95 %" not in told


def test_printed_words_are_judged_by_the_languages_that_they_are_of():
    printed = words(0.12, 0.1).drop_vars("hit")
    shares = np.array([[0.2, 0.25], [0.09, 0.01]])[:, :, None]
    printed["precision"] = (("language", "stage", "k"), shares)
    printed["low"] = printed["precision"] - 0.01
    printed["chance"] = (("language", "k"), np.full((2, 1), 0.001))
    told = alignment.answer(printed, MATCHING)
    assert told.startswith("A rotation learned from seed pairs changes little: ")
    assert "by guessing 0.1 %" in told


def test_what_is_seen_explains_the_marks_that_there_are():
    none, some = np.array([False, False]), np.array([False, True])
    assert marks_words(none, None) == marks_words(none, none) == ""
    assert marks_words(some, none) == "; hatched cells are no better than chance"
    assert "° marks" in marks_words(none, some)
    assert "hatched" not in marks_words(none, some)


def angle(cosine: float, low=math.nan, high=math.nan, band=(math.nan, math.nan)):
    """Mean angles at two layers, the second as given."""
    parts = {
        "cosine": [0.3, cosine],
        "angle": [72.5, 90.0],
        "low": [0.1, low],
        "high": [0.4, high],
        "null_low": [band[0]] * 2,
        "null_high": [band[1]] * 2,
    }
    variables = {name: ("layer", values) for name, values in parts.items()}
    return xr.Dataset(variables, {"layer": [1, 2]}, {"languages": 5})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (angle(0.01, -0.1, 0.12), "are about perpendicular"),
        (angle(0.2, 0.1, 0.3), "lean the same way"),
        (angle(-0.2, -0.3, -0.1), "lean opposite ways"),
        (angle(0.05, 0.01, 0.09, (-0.1, 0.1)), "share no more than chance"),
        (angle(0.25, 0.2, 0.29, (-0.1, 0.1)), "share a direction"),
        (angle(-0.25, -0.3, -0.2, (-0.1, 0.1)), "point apart"),
    ],
)
def test_layers_say_how_the_vectors_lie(given, said):
    told = depths.angle_answer(given, 2)
    assert told.startswith(f"At layer 2 English and local vectors {said}: mean cosine ")
    assert "n = 5 languages" in told and "closest at layer 1, 0.30" in told
    assert "-" not in told, "negative numbers have a true minus sign"


def test_layers_say_where_there_is_no_angle():
    told = depths.angle_answer(angle(math.nan), 2)
    assert told == "At layer 2 one of the two vectors is zero in every language."


@pytest.mark.parametrize(
    ("gain", "erasure", "said"),
    [
        ((0.1, 0.3), (0.05, 0.2), "brings transfer and erases local answers"),
        ((0.1, 0.3), (-0.2, -0.1), "brings transfer and local answers"),
        ((0.1, 0.3), (-0.2, 0.1), "brings transfer at no cost that holds up"),
        ((-0.1, 0.3), (0.1, 0.2), "erases local answers and brings no transfer"),
        ((-0.3, -0.1), (-0.2, -0.1), "brings local answers and costs transfer"),
        ((-0.3, 0.1), (-0.2, -0.1), "brings local answers at no cost"),
        ((-0.3, -0.1), (-0.1, 0.1), "costs transfer"),
        ((-0.3, 0.1), (-0.1, 0.1), "changes neither axis by more than chance"),
        ((math.nan, math.nan), (math.nan, math.nan), "changes neither axis"),
    ],
)
def test_the_plane_says_what_holds_up(gain, erasure, said):
    setting = Setting("English", 6, 1.0, 0, 0.0, 0)
    both = (4, 4), (12, 9)
    found = Effect(setting, np.mean(gain), gain, np.mean(erasure), erasure, *both)
    told = plane.answer(found)
    assert told.startswith(f"Steering with the English vector {said}")
    assert told.endswith("n = 12 universal and 9 culture items, 4 languages.")
    fewer = plane.answer(replace(found, languages=(4, 3)))
    assert fewer.endswith(
        "n = 12 universal items in 4 languages and 9 culture items in 3 languages."
    )
    assert " -" not in told


def test_languages_without_an_arrow_say_what_they_lack():
    table = pd.DataFrame(
        {"language": ["es", "sw"], "universal": [12, 12], "culture": [0, 8]}
    )
    setting = Setting("local", 0, 0.0, 6, 1.0, 0)
    found = Effect(setting, 0.0, (0.0, 0.0), 0.0, (0.0, 0.0), (2, 1), (12, 8))
    assert plane.without_an_arrow(table, found, TWO) == (
        "1 of 2 languages have an arrow: Spanish has no culture items among the 12 "
        "universal and 8 culture items shown."
    )
    whole = table.assign(culture=8)
    assert plane.without_an_arrow(whole, found, TWO) == ""


def test_sentences_name_the_best_and_the_worst():
    shares = {"into": [0.8, 0.1], "into_low": [0.7, 0.05], "into_high": [0.9, 0.2]}
    variables = {name: ("language", values) for name, values in shares.items()}
    variables |= {"into_chance": ("language", [0.01, 0.01]), "n": ("language", [9, 9])}
    found = xr.Dataset(variables, {"language": ["es", "sw"]}, {"layer": 9})
    told = sentences.answer(found, sentences.Looked(RetrievalSpec(), "English"), TWO)
    assert told.startswith("45 % of sentences find their translation into English")
    assert "Best: Spanish 80 % (95 % 70 to 90); worst: Swahili 10 %" in told


def test_a_true_minus_stands_before_numbers_and_nowhere_else():
    given = "change -6.2 (-26.8 to +14.8), 1-2, qwen-7b, gemma-3-270m, x -y"
    assert minus_signs(given) == (
        "change −6.2 (−26.8 to +14.8), 1-2, qwen-7b, gemma-3-270m, x -y"
    )
