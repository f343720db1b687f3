"""What the widgets of a steering offer and refuse before anything runs, on a tiny model
and a planted study of its width.
"""

import json

import pytest

from tests.planted import planted_study
from tests.stored import stored
from tests.tiny import HIDDEN, LAYERS
from tests.visits import after_jobs, alive, asked, button, visit, words

GATED = {"prompt": "the judge", "gated": True, "range": [3, 3]}


@pytest.fixture(autouse=True)
def study(fresh, tiny_models):
    """A home with a study of the tiny model's width."""
    spec = {"model": {"model": "llama", "device": "cpu"}}
    stored(
        "tiny",
        planted_study(
            ("fairness", "truth", "care"), ("en", "fr"), (LAYERS, 24, HIDDEN)
        ),
        title="Tiny",
        spec=spec,
    )


def play(**values: object):
    """The page with these settings in its link."""
    return visit(
        "pages/playground.py",
        study="tiny",
        play=json.dumps({"template": "none", "tokens": 4, **values}),
    )


def steered(at) -> tuple:
    """Terms of the steered answer after a run."""
    button(at, "Run").click().run()
    at = after_jobs(at)
    assert not at.error
    return next(
        one
        for one in at.session_state["play-got-answers"][1].asks
        if one.label == "Steered"
    ).steering.terms


def test_ablation_of_several_layers_is_refused_before_a_run():
    at = play(operator="directional ablation", range=[1, 3])
    assert any(
        "needs the direction of one layer; 3 layers" in error.value
        for error in at.error
    )
    assert button(at, "Run").disabled
    alive(at.slider(key="play-range").set_value((2, 2)).run())
    assert not at.error and not button(at, "Run").disabled


@pytest.mark.parametrize(
    ("more", "latest"),
    [
        ({}, 3),
        ({"second": True, "second-layer": 2}, 2),
        ({"operator": "directional ablation"}, 1),
        ({"range": [2, 3]}, 2),
    ],
)
def test_a_condition_is_read_at_any_layer_up_to_the_first_that_is_steered(more, latest):
    at = play(**(GATED | more))
    box = at.number_input(key="play-read-layer")
    assert (box.min, box.max, box.value) == (1, latest, latest)
    assert steered(at)[0].condition.layer == latest


def test_the_layer_of_a_condition_is_in_the_link_and_follows_steering_down():
    at = play(**(GATED | {"read-layer": 2}))
    assert (
        at.number_input(key="play-read-layer").value == 2
        and json.loads(asked(at)["play"][0])["read-layer"] == 2
    )
    alive(at.slider(key="play-range").set_value((1, 3)).run())
    assert at.number_input(key="play-read-layer").value == 1
    assert steered(at)[0].condition.layer == 1


@pytest.mark.parametrize(
    ("side", "words_said"),
    [("above", "the condition is met"), ("below", "not met, so nothing was added")],
)
def test_an_answer_says_whether_its_condition_was_met(side, words_said):
    at = play(**GATED, threshold=-1.0, side=side)
    steered(at)
    assert words_said in words(alive(at.run()))
