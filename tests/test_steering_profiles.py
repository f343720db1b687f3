"""Shapes of a push over layers, what ends of a push are called, and which texts drift."""

import numpy as np
import pytest

from analysis.control.plan import heard
from analysis.core.errors import SpecError
from analysis.steering.fluency import drift
from analysis.steering.profiles import SHAPES, profile
from analysis.steering.specs import VectorSource
from components.figures.steering_words import pole_words
from components.forms.steering_rows import Row, rows_of_terms
from tests.planted import planted_study

STUDY = planted_study(("fairness", "care"), ("en", "fr"), (6, 24, 8))


def test_a_bell_is_one_at_its_centre_and_falls_by_its_width():
    found = profile("bell", 3, 2, 6)
    assert found[2] == 1.0 and found == pytest.approx(
        np.exp(-0.5 * ((np.arange(1, 7) - 3) / 2) ** 2), abs=1e-3
    )


def test_a_ramp_rises_and_falls_and_a_step_is_flat():
    assert profile("ramp", 2, 5, 6) == [0, 0.25, 0.5, 0.75, 1, 0]
    assert profile("ramp", 5, 2, 6) == [0, 1, 0.75, 0.5, 0.25, 0]
    assert profile("step", 4, 2, 6) == [0, 1, 1, 1, 0, 0]


@pytest.mark.parametrize("shape", SHAPES)
def test_any_numbers_give_a_finite_strength_for_every_layer(shape):
    for first in (0.0, 3.5, 6.0):
        for second in (0.0, 2.0, 6.0):
            found = profile(shape, first, second, 6)
            assert len(found) == 6 and np.isfinite(found).all()


def test_an_unknown_shape_is_refused():
    with pytest.raises(SpecError, match="bell"):
        profile("bel", 1, 1, 6)


def test_rows_of_further_vectors_are_the_same_again_from_a_link():
    rows = [Row("care", "fr", 2, 0.5), Row("fairness", "en", 6, -3.0)]
    assert rows_of_terms([row.text() for row in rows], STUDY) == rows


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "{}",
        '["care","fr",2]',
        '["hope","fr",2,1]',
        '["care","de",2,1]',
        '["care","fr",7,1]',
        '["care","fr",2.5,1]',
        '["care","fr",true,1]',
        '["care","fr",2,1e12]',
        '[["care"],"fr",2,1]',
        "[" * 100_000,
    ],
)
def test_a_row_that_the_study_cannot_have_is_none(text):
    assert rows_of_terms([text], STUDY) is None


@pytest.mark.parametrize("neutral", ["[+]", " [-] [-]", "42", "1. 2. 3.", "👍"])
def test_a_text_without_a_letter_is_in_no_other_language(neutral):
    said = "Le juge a rendu sa décision devant la cour ce matin."
    assert drift([said, neutral], "fr") == 0
    assert (
        drift(["The judge has come to a decision this morning.", neutral], "fr") == 0.5
    )
    assert heard([neutral, ""], "fr") == ["fr", "none"]


def test_the_ends_of_a_push_are_named():
    language = VectorSource("language vector", "s", language="es", target="en")
    assert pole_words(language) == ("towards English", "towards Spanish")
    concept = VectorSource("concept vector", "s", "toxicity", "en")
    assert pole_words(concept).towards == "towards the positive texts of toxicity"
    both = VectorSource("sum", plus=(concept,), minus=(VectorSource(concept="care"),))
    assert pole_words(both).away == "away from toxicity without care"
