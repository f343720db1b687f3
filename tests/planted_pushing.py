"""Pushing with a planted truth: how much of each own effect carries over is known."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr

from analysis.core.specs import digest, written
from analysis.pushing.plan import arrays_of, dims_of
from analysis.pushing.specs import NAME, PushingSpec
from analysis.study import store, trials
from analysis.study.study import Study
from analysis.study.trial_part import TrialPart
from tests.planted import Planting, planted_study

LANGUAGES = ("en", "fr", "zh", "hi", "sw")


@dataclass(frozen=True)
class Planted:
    """``carried`` (source, target): share of the target's own effect that is there.

    ``own``: effect of own vectors at the strongest push; ``among``: by how much directions
    differ for all prompts alike; ``noise``: by how much prompts differ.
    """

    carried: np.ndarray
    own: float = 1.0
    among: float = 0.1
    noise: float = 0.3
    prompts: int = 12
    draws: int = 8
    strengths: tuple[float, ...] = (0.02, 0.05)
    bend: tuple[float, ...] = (0.5, 1.0)
    languages: tuple[str, ...] = LANGUAGES


def trial_of(planted: Planted, seed: int = 0) -> xr.Dataset:
    """The trial that such a truth gives; directions and prompts have noise of their own."""
    rng = np.random.default_rng(seed)
    size = len(planted.languages)
    bend = np.array(planted.bend)
    prompts = planted.prompts

    def changes(truth: np.ndarray) -> np.ndarray:
        rows, targets = truth.shape
        alike = planted.among * rng.standard_normal((rows, targets))
        apart = planted.noise * rng.standard_normal((rows, targets, 1, prompts))
        mean = (truth + alike)[:, :, None, None]
        values = (mean + apart) * bend[None, None, :, None]
        return values.transpose(1, 0, 2, 3)[None].astype(np.float32)

    by_source = changes(planted.own * planted.carried)
    at_random = changes(np.zeros((planted.draws, size)))
    base = rng.standard_normal((1, size, prompts)).astype(np.float32)
    of_source = ("concept", "target", "source", "strength", "prompt")
    of_draw = ("concept", "target", "draw", "strength", "prompt")
    words = {"units": "nats per token", "long_name": "change"}
    variables = {
        "base": (("concept", "target", "prompt"), base),
        "effect": (of_source, by_source, words),
        "random": (of_draw, at_random, words),
        "cost": (of_source, np.abs(by_source)),
        "random-cost": (of_draw, np.abs(at_random)),
    }
    coords = {
        "concept": ["fairness"],
        "target": list(planted.languages),
        "source": list(planted.languages),
        "strength": list(planted.strengths),
        "draw": list(map(str, range(1, planted.draws + 1))),
        "prompt": list(map(str, range(1, prompts + 1))),
    }
    return xr.Dataset(variables, coords)


def pushed_study(
    planted: Planted, reading: Planting | None = None, seed: int = 0
) -> Study:
    """A study in memory that reads as planted, and pushes as planted."""
    study = planted_study(
        ("fairness",), planted.languages, (4, 60, 64), seed, reading or Planting()
    )
    trial = trial_of(planted, seed)
    return replace(study, read_trial=lambda name: trial)


def stored_trial(folder: Path, planted: Planted, seed: int = 0) -> None:
    """Put a planted trial into a study that is kept, as the worker would."""
    model = store.read_manifest(folder).model
    assert model is not None
    spec = PushingSpec(
        model,
        concepts=("fairness",),
        sources=planted.languages,
        targets=planted.languages,
        layer=2,
        strengths=planted.strengths,
        prompts=planted.prompts,
        draws=planted.draws,
        template="none",
    )
    part = TrialPart(
        spec=written(spec),
        digest=digest(spec),
        dims=dims_of(spec, planted.prompts),
        cells=("concept", "target"),
        numbers=("strength",),
        arrays=arrays_of(spec),
    )
    values = trial_of(planted, seed)

    def compute(cell: Mapping[str, str]) -> dict[str, np.ndarray]:
        here = values.sel(cell)
        found = {}
        for name, array in part.arrays.items():
            found[name] = here[name].transpose(*array.dims).values
        return found

    trials.begin(folder, NAME, part)
    trials.run(folder, NAME, compute)
