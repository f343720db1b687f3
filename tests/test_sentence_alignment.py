"""Alignment of sentences by layer: planted truth, noise, and a tiny model read plainly."""

import numpy as np
import pytest

import babelscope as bs
from analysis.core.errors import SpecError
from analysis.core.specs import ModelSpec
from analysis.crossing import alignment
from analysis.crossing.readings import READINGS
from analysis.crossing.specs import SentenceAlignmentSpec
from analysis.model.load import load
from analysis.model.mean_states import mean_states
from analysis.study import library
from tests.planted_trials import study_of, with_trial
from tests.test_embedding import plain

LANGUAGES = ("en", "fr", "sw")
LAYERS, BEST, HIDDEN = 4, 3, 12
NOISES = (3.0, 2.0, 0.2, 3.0)
SPEC = SentenceAlignmentSpec(ModelSpec("planted/model"), sentences=40)


def planted_states(shared: np.ndarray, seed: int) -> np.ndarray:
    """States (reading, layer, sentence, hidden) that share most at layer BEST."""
    rng = np.random.default_rng(seed)
    shape = (len(READINGS), LAYERS, *shared.shape)
    noise = np.array(NOISES)[:, None, None] * rng.standard_normal(shape)
    return (shared + noise).astype(np.float32)


@pytest.fixture(scope="module")
def planted():
    """Translations meet at one layer; the last Swahili sentence is missing."""
    shared = np.random.default_rng(0).standard_normal((40, HIDDEN))
    pivot = planted_states(shared, 1)
    study = study_of(LANGUAGES, LAYERS)
    part = alignment.begin(study, SPEC)

    def measure(cell):
        other = planted_states(shared, LANGUAGES.index(cell["language"]) + 1)
        if cell["language"] == "sw":
            other[:, :, -1] = np.nan
        return alignment.aligned(pivot, other, SPEC.neighbours)

    return with_trial(study, alignment.NAME, part, measure)


def test_the_layer_where_translations_meet_is_found_by_every_measure(planted):
    found = alignment.alignment_by_layer(planted)
    assert found["n"].values.tolist() == [40, 39]
    for measure in alignment.MEASURES:
        assert found[measure].dims == ("language", "layer")
        assert found.layer[found[f"{measure}_mean"].values.argmax()] == BEST
        assert (found[measure].sel(layer=BEST) > 0.7).all()
        assert found[f"{measure}_chance"].max() < 0.15
    pooled = alignment.pooled_mexa(planted)
    assert pooled["at"].values.tolist() == [BEST, BEST]
    np.testing.assert_allclose(pooled["largest"], found["mexa"].max("layer"))
    np.testing.assert_allclose(pooled["mean"], found["mexa"].mean("layer"))
    np.testing.assert_allclose(pooled["held_out"], pooled["largest"])
    assert (pooled["low"] < pooled["held_out"]).all()


def test_mexa_is_the_share_that_is_closest_both_ways():
    pivot = np.eye(3)[None, None]
    other = np.array([[1.0, 0, 0], [0.9, 1, 0], [0, 2, 1]])[None, None]
    found = alignment.aligned(pivot, other, 1)
    # The second is nearer to its own than the third is, but the third to the second.
    assert found["agrees"][0, 0].tolist() == [1, 0, 0]
    assert found["mexa"][0, 0] == pytest.approx(1 / 3)


def test_the_held_out_largest_of_noise_is_chance_where_the_largest_is_not():
    rng = np.random.default_rng(3)
    largest, held = [], []
    for _ in range(400):
        agrees = (rng.random((18, 60)) < 1 / 119).astype(np.int8)
        largest.append(agrees.mean(1).max())
        held.append(alignment.held_out(agrees))
    shares = [each.share for each in held]
    assert np.mean(largest) > 3 / 119
    assert np.mean(shares) == pytest.approx(1 / 119, abs=0.002)
    covered = [each.low <= 1 / 119 for each in held]
    assert np.mean(covered) >= 0.95


def test_what_does_not_fit_is_told():
    study = study_of(LANGUAGES, LAYERS)
    model = ModelSpec("planted/model")
    with pytest.raises(SpecError, match="language of the sentences"):
        alignment.begin(study, SentenceAlignmentSpec(model, languages=("xx", "fr")))
    with pytest.raises(SpecError, match="two languages"):
        alignment.begin(study, SentenceAlignmentSpec(model, languages=("en",)))
    with pytest.raises(SpecError, match="reading"):
        SentenceAlignmentSpec(model, readings=("median",))
    with pytest.raises(SpecError, match="neighbour"):
        SentenceAlignmentSpec(model, neighbours=0)


@pytest.mark.parametrize("family", ["llama", "bloom"])
def test_means_are_those_of_the_plain_computation(tiny_models, family):
    loaded = load(ModelSpec(family))
    given = ["a tea pot", "é", "dogs run"]
    found = mean_states(loaded, given, READINGS)
    for place, text in enumerate(given):
        states = plain(loaded, text)
        places = np.arange(1, len(states) + 1)
        wanted = (
            states[1:].mean(0),
            np.average(states[1:], axis=0, weights=places[:-1]),
            states.mean(0),
            np.average(states, axis=0, weights=places),
        )
        for reading, want in enumerate(wanted):
            np.testing.assert_allclose(found[reading, :, place], want, atol=1e-5)


def test_the_demo_model_is_tried(home):
    study = bs.trial("demo", alignment.NAME, languages=["en", "fr", "zh"], sentences=12)
    found = alignment.pooled_mexa(study)
    assert found.language.values.tolist() == ["fr", "zh"]
    assert (found["n"] == 12).all() and np.isfinite(found["largest"]).all()
    known = alignment.spec_of(library.open_by_name(study.name))
    assert known.text_digest and known.languages == ("fr", "zh")
