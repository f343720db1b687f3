"""Which settings a search tries, and the printed rates that its results stand beside."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.concepts.recognition import recognition_curve
from analysis.control.settings_tried import LOG_SPACED, SEARCHES, grid, named, ranges
from analysis.core.errors import SpecError
from analysis.study import library
from analysis.study.published_values import CONTROL_PROMPTS
from analysis.study.published_values import printed_rates as printed
from tests.speaking import spec
from tests.stored import LAYERS, stored


@pytest.fixture
def study(home):
    stored("complete")
    return library.open_by_name("complete")


def test_every_search_gives_settings_for_every_language(study):
    for search in SEARCHES:
        found = grid(study, spec(study, search=search, strengths=(), layer_sets=10))
        assert len(found.strengths) == 10 and set(found.layers) == {"en", "zh", "fr"}
        for sets in found.layers.values():
            assert len(set(sets)) == len(sets) >= 2 and all(
                1 <= layer <= LAYERS for layers in sets for layer in layers
            )
    with pytest.raises(SpecError, match="search"):
        grid(study, spec(study, search="everything"))
    with pytest.raises(SpecError, match="fairness"):
        grid(study, replace(spec(study), concept="fairnes"))


def test_the_papers_layers_are_those_of_best_recognition(study):
    found = grid(
        study, spec(study, search=list(SEARCHES)[1], strengths=(), layer_sets=10)
    )
    accuracy = (
        recognition_curve(study)["accuracy"]
        .sel(concept=study.concepts[0], language="fr")
        .values
    )
    assert found.strengths == tuple(range(1, 11)) and found.layers["fr"][0] == (
        int(accuracy.argmax()) + 1,
    )
    assert max(map(len, found.layers["fr"])) == 2 * LAYERS // 3


def test_ranges_are_contiguous_spread_and_as_many_as_asked_for():
    for layers in (1, 2, 6, 32, 80):
        for most in (1, 5, 10):
            found = ranges(layers, most)
            assert 1 <= len(found) <= most and len(set(found)) == len(found)
            assert all(
                each == tuple(range(each[0], each[-1] + 1)) and each[-1] <= layers
                for each in found
            )
    assert len(ranges(32, 10)) == 10 and {
        layer for each in ranges(32, 10) for layer in each
    } == set(range(1, 33))
    assert (
        LOG_SPACED[0] == 0.125
        and LOG_SPACED[-1] == 8
        and named((1, 2, 3, 5)) == "1–3, 5"
    )


def test_the_printed_rates_are_whole_answers_and_give_the_papers_means():
    means = {
        "llama2-chat-7b": (6.44, 97.35, 93.91),
        "llama2-chat-13b": (8.38, 98.41, 95.32),
        "llama2-chat-70b": (9.89, 82.79, 79.35),
    }
    for model, expected in means.items():
        rates = printed(model)
        np.testing.assert_allclose(
            rates["right"] / CONTROL_PROMPTS, rates["effect"], atol=5e-5
        )
        others = (
            rates[rates["language"] != "en"].groupby("vector")["effect"].mean() * 100
        )
        np.testing.assert_allclose(
            [others[v] for v in ("none", "own", "shared")], expected, atol=0.01
        )
    assert not len(printed("bloomz-7.1b"))
