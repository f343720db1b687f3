"""Effects of pushing with a planted truth, beside what vectors read; noise finds nothing."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from analysis.concepts.specs import CONVENTIONS
from analysis.core.errors import SpecError
from analysis.pushing.beside_reading import (
    BOTH,
    MOVED,
    NEITHER,
    READ,
    UNDECIDED,
    beside_reading,
    directed_mantel,
)
from analysis.pushing.doses import doses
from analysis.pushing.effects import (
    KNEE,
    at_strength,
    effects,
    knee,
    own_places,
    pushing,
)
from analysis.pushing.prompts import SHARE
from components.figures.pushing import effect_in_words
from tests.planted import Planting
from tests.planted_pushing import LANGUAGES, Planted, pushed_study, trial_of

HONEST = CONVENTIONS["honest"]
SIZE = len(LANGUAGES)
SHARED, OWN = np.ones((SIZE, SIZE)), np.eye(SIZE)
OFF = ~np.eye(SIZE, dtype=bool)
NOISE = 300


def test_noise_moves_no_more_often_than_it_should() -> None:
    """300 matrices of random directions: a finding in at most 5 of 100, cells 5 of 100."""
    found = cells = 0
    for seed in range(NOISE):
        trial = trial_of(Planted(np.zeros((SIZE, SIZE))), seed)
        values = effects(at_strength(trial, 0.05), own_places(trial))
        found += int((values["q"] < 0.05).any())
        cells += int((values["p"] < 0.05).sum())
    assert found <= 0.05 * NOISE
    assert cells / (NOISE * SIZE**2) == pytest.approx(0.05, abs=0.01)


def counted_trial(rates: np.ndarray, at_random: float, seed: int) -> xr.Dataset:
    """Answers that count or not, at these rates (source, target), and at random ones."""
    rng = np.random.default_rng(seed)
    trial = trial_of(Planted(SHARED, prompts=20), seed)
    before = rng.random(trial["base"].shape) < at_random
    by_source = rng.random(trial["effect"].shape) < rates.T[None, :, :, None, None]
    drawn = rng.random(trial["random"].shape) < at_random
    base = before[:, :, None, None].astype(float)
    words = {"units": SHARE, "long_name": "change"}
    return trial.assign(
        base=trial["base"].copy(data=before.astype(float)),
        effect=(trial["effect"].dims, by_source - base, words),
        random=(trial["random"].dims, drawn - base, words),
    )


@pytest.mark.parametrize("at_random", [0.05, 0.5, 0.9])
def test_counted_answers_that_no_vector_moves_are_seldom_found_to_be_moved(at_random):
    """With shares near 0 and 1 too, where changes of few prompts have no spread."""
    found = cells = covered = 0
    for seed in range(NOISE):
        trial = counted_trial(np.full((SIZE, SIZE), at_random), at_random, seed)
        values = effects(at_strength(trial, 0.05), own_places(trial))
        found += int((values["q"] < 0.05).any())
        cells += int((values["p"] < 0.05).sum())
        covered += int(((values["low"] <= 0) & (values["high"] >= 0)).sum())
    assert found <= 0.05 * NOISE
    assert cells / (NOISE * SIZE**2) <= 0.055
    assert covered / (NOISE * SIZE**2) >= 0.94


def test_a_planted_rate_is_found_and_all_of_few_prompts_is_not_certain() -> None:
    """The difference of shares, with an interval that knows of few prompts."""
    rates = np.where(OWN == 1, 1.0, 0.1)
    trial = counted_trial(rates, 0.1, 3)
    values = effects(at_strength(trial, 0.05), own_places(trial))
    moved = values["q"] < 0.05
    assert moved.diagonal().all() and not moved[OFF].any()
    assert np.diagonal(values["effect"]) == pytest.approx(0.9, abs=0.1)
    assert (values["high"] - values["low"] > 0.1).all()
    assert (values["high"] <= 1).all() and np.diagonal(values["rate"]).all()
    study = replace(pushed_study(Planted(SHARED)), read_trial=lambda name: trial)
    told = pushing(study, 0.05)
    assert "one prompt more" in told.attrs["interval"]
    assert "answer counts" in told["rate"].attrs["long_name"]
    assert "points in the share of answers" in effect_in_words(
        told.sel(source="en", target="en"), "English", "English", told.attrs["units"]
    )
    curve = doses(study, "fr", "fr").sel(vector="fr", strength=0.05)
    own = told.sel(source="fr", target="fr")
    assert float(curve["low"]) == pytest.approx(float(own["low"]))


@pytest.mark.parametrize(
    ("carried", "reading", "verdict", "least"),
    [
        (SHARED, "shared", BOTH, 0.95),
        (OWN, "shared", READ, 0.9),
        (SHARED, "orthogonal", MOVED, 0.8),
        (OWN, "orthogonal", NEITHER, 0.75),
    ],
)
def test_where_reading_and_pushing_part_is_seen(carried, reading, verdict, least):
    """Shared, shared but not used, moved by a direction that does not read, of its own."""
    seen: Counter[str] = Counter()
    for seed in range(6):
        study = pushed_study(Planted(carried), Planting(reading), seed)
        found = beside_reading(study, HONEST, 0.05)
        seen.update(found["verdict"].values[OFF].tolist())
        assert (np.diagonal(found["verdict"].values) == "").all()
    assert seen[verdict] >= least * seen.total()
    others = seen.total() - seen[verdict] - seen[UNDECIDED]
    assert others <= 0.1 * seen.total()


def test_a_direction_that_turns_away_moves_as_much_as_it_points_there() -> None:
    """The share of the own effect is the planted one, inside its interval."""
    apart = np.abs(np.subtract.outer(np.arange(SIZE), np.arange(SIZE)))
    truth = np.cos(0.4 * apart)
    inside = []
    for seed in range(8):
        planted = Planted(truth, among=0.0)
        found = pushing(pushed_study(planted, seed=seed), 0.05)
        within = (found["relative_low"] <= truth) & (truth <= found["relative_high"])
        inside.append(within.values[OFF])
        assert found["relative"].values[OFF] == pytest.approx(truth[OFF], abs=0.5)
        diagonal = np.diagonal(found["relative"].values)
        assert diagonal == pytest.approx(np.ones(SIZE))
    assert np.mean(inside) == pytest.approx(0.95, abs=0.05)


def test_reading_and_pushing_agree_where_both_are_of_one_truth() -> None:
    """Turned directions read and move less, the further they are turned."""
    apart = np.abs(np.subtract.outer(np.arange(SIZE), np.arange(SIZE)))
    study = pushed_study(Planted(np.cos(0.4 * apart)), Planting("rotated"))
    found = beside_reading(study, HONEST, 0.05)
    assert found.attrs["correlation"] > 0.7 and found.attrs["p"] < 0.05
    assert found.attrs["pairs"] == SIZE * (SIZE - 1)


def test_unrelated_matrices_agree_no_more_often_than_they_should() -> None:
    """Rows and columns with means of their own, as languages have."""
    rng = np.random.default_rng(0)
    agreeing = 0
    for seed in range(200):
        x, y = rng.standard_normal((2, 7, 7)) + rng.standard_normal((2, 7, 1))
        agreeing += directed_mantel(x, y, 199, seed).p < 0.05
    assert agreeing <= 0.08 * 200


def test_the_knee_is_chosen_on_other_prompts() -> None:
    """The weakest push that does nearly all; without an own vector there is none."""
    assert [knee(np.array(curve)) for curve in ([1, 2, 2.1], [-2, -1], [3, 1])] == [
        1,
        1,
        0,
    ]
    planted = Planted(SHARED, strengths=(0.02, 0.05, 0.1), bend=(0.2, 1.0, 1.02))
    trial = trial_of(planted)
    assert at_strength(trial, KNEE).strength == pytest.approx(0.05)
    moved = trial.copy(deep=True)
    moved["effect"][{"prompt": slice(0, None, 2)}] *= -1
    odd = slice(1, None, 2)
    plain = at_strength(trial, KNEE).sources[:, :, 0::2]
    changed = at_strength(moved, KNEE).sources[:, :, 0::2]
    assert changed == pytest.approx(-plain)
    assert at_strength(moved, KNEE).sources[:, :, odd].shape == plain.shape
    without = at_strength(trial.isel(source=slice(1, None)), KNEE)
    assert np.isnan(without.sources[:, 0]).all()
    assert np.isfinite(without.sources[:, 1:]).all()


def test_a_cell_opens_its_doses_and_random_twins() -> None:
    """Own and foreign vector by strength, each random direction beside them."""
    study = pushed_study(Planted(SHARED))
    found = doses(study, "en", "fr")
    assert found["vector"].values.tolist() == ["en", "fr"]
    assert (found["effect"][:, 1] > found["effect"][:, 0]).all()
    assert found["random"].sizes == {"draw": 8, "strength": 2}
    assert doses(study, "en", "en").sizes["vector"] == 1
    with pytest.raises(SpecError, match="no source"):
        doses(study, "xx", "fr")
    with pytest.raises(SpecError, match="tried were 0.02, 0.05"):
        pushing(study, 0.3)
