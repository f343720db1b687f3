"""Pushing into another language: planted settings are found, and noise finds none."""

import numpy as np
import pytest

from analysis.core.errors import SpecError
from analysis.core.specs import ModelSpec
from analysis.core.statistics import harmonic
from analysis.crossing import forcing, word_prompts
from analysis.crossing.forcing import held_out, hits_of
from analysis.crossing.specs import ForcingSpec
from analysis.model.load import load
from analysis.worker.language_forcing import Forcer
from tests.planted_trials import with_trial
from tests.test_language_vectors import study_of

MODEL = ModelSpec("planted/model")
CODES = ("en", "es", "fr")


def means(layers: int, hidden: int):
    """A study with mean states of three languages."""
    rng = np.random.default_rng(0)
    values = rng.standard_normal((3, layers, hidden)).astype(np.float32)
    return study_of({"sentence_mean": values})


def planted(best: tuple[int, int]):
    """A study in which one layer and strength changes language and keeps content."""
    study = means(3, 5)
    spec = ForcingSpec(MODEL, wanted=("es", "fr"), layers=(1, 2, 3), prompts=20)
    part = forcing.begin(study, spec)

    def measure(cell):
        rng = np.random.default_rng(0)
        shape = part.shape("mass")
        mass = 0.01 * rng.random(shape)
        mass[..., 0, 0] += 0.5
        layer, strength = best
        mass[0, layer, strength, :, 1, 0] += 0.9
        # Too strong a push: the language, and any word of it.
        mass[0, layer, strength + 1, :, 1, 1:] += 0.9
        plain = mass[1, 0, 0]
        told = np.array(20, np.int32)
        return {
            "mass": mass.astype(np.float32),
            "plain": plain.astype(np.float32),
            "told": told,
        }

    return with_trial(study, forcing.NAME, part, measure)


def test_the_setting_that_changes_language_and_keeps_content_is_found():
    study = planted((1, 2))
    found = forcing.best_forcing(study)
    assert (found["layer"] == 2).all() and (found["strength"] == 2.0).all()
    own = found.sel(vector=forcing.OWN)
    assert (own["score"] == 1).all() and (own["forced_low"] > 0.8).all()
    assert (found["score"].sel(vector=forcing.RANDOM) == 0).all()
    everything = forcing.forcing(study).sel(vector=forcing.OWN, layer=2, strength=4.0)
    assert (everything["forced"] == 1).all() and (everything["kept"] == 0).all()
    assert (everything["score"] == 0).all()
    assert (everything["plain_forced"] == 0).all()
    assert (everything["plain_kept"] == 1).all()


def test_hits_and_the_harmonic_mean_are_as_defined():
    mass = np.array([[[0.2, 0.1], [0.1, 0.0]], [[0.1, 0.1], [0.1, 0.3]]])
    hits = hits_of(mass)
    assert hits.forced.tolist() == [0, 1] and hits.kept.tolist() == [1, 0]
    assert harmonic(np.array(0.5), np.array(1.0)) == pytest.approx(2 / 3)
    assert harmonic(np.array(0.0), np.array(0.0)) == 0


def test_choosing_among_noise_does_not_flatter():
    rng = np.random.default_rng(1)
    shares, wrong = [], 0
    for _ in range(200):
        forced = (rng.random((4, 4, 20)) < 0.3).astype(float)
        kept = (rng.random((4, 4, 20)) < 0.25).astype(float)
        told = held_out(forced, kept)
        shares.append(told["forced"])
        wrong += told["forced_low"] > 0.3 or told["kept_low"] > 0.25
    assert np.mean(shares) == pytest.approx(0.3, abs=0.03)
    assert wrong <= 14


def test_a_tiny_model_is_pushed(tiny_models):
    loaded = load(ModelSpec("llama"))
    study = means(len(loaded.blocks), loaded.hidden)
    spec = ForcingSpec(
        ModelSpec("llama"),
        wanted=("es", "en"),
        strengths=(1.0, 100.0),
        prompts=4,
        rivals=1,
        shots=1,
        words=word_prompts.DEMO,
    )
    part = forcing.begin(study, spec)
    forcer = Forcer(loaded, study, part.spec_as(ForcingSpec), lambda: None)
    found = forcer.cell("en", "es")
    assert {name: each.shape for name, each in found.items()} == {
        name: part.shape(name) for name in part.arrays
    }
    told = int(found["told"])
    assert told and np.isfinite(found["mass"][:, :, :, :told]).all()
    weak, strong = found["mass"][0, 0, 0, :told], found["mass"][0, 0, 1, :told]
    plain = found["plain"][:told]
    assert np.abs(strong - plain).sum() > np.abs(weak - plain).sum() > 0
    assert not forcer.cell("en", "en")["told"]


def test_what_cannot_be_forced_is_told():
    study = means(3, 5)
    with pytest.raises(SpecError, match="both are there for"):
        forcing.begin(study, ForcingSpec(MODEL, wanted=("zh",)))
    with pytest.raises(SpecError, match="not the prompt's"):
        forcing.begin(study, ForcingSpec(MODEL, wanted=("en",)))
    with pytest.raises(SpecError, match="layer"):
        forcing.begin(study, ForcingSpec(MODEL, layers=(9,)))
    with pytest.raises(SpecError, match="above 0"):
        ForcingSpec(MODEL, strengths=())
    with pytest.raises(SpecError, match="4 prompts"):
        ForcingSpec(MODEL, prompts=2)
