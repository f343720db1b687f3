"""Report cards with a planted truth: a vector that works, and what it costs."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from analysis.certificates.card_plan import arrays_of as arrays_of_trial
from analysis.certificates.card_plan import dims_of
from analysis.certificates.specs import NAME, ReportCardSpec
from analysis.core.specs import digest, written
from analysis.study import store, trials
from analysis.study.trial_part import TrialPart

TWINS, PROMPTS = 4, 10


def arrays_of(rng: np.random.Generator, own: float, **costs: float) -> dict:
    """The arrays of a language: effects ``own`` of the vector, costs by name.

    Random vectors have mean effects of their own, alike for all prompts.
    """
    doses = np.array([0.25, 0.5, 1.0])
    random = rng.normal(0, 0.1, 1 + TWINS)
    mean = np.concatenate([[0.0], random])
    if own:
        mean[1] = own

    def prompts(ways: np.ndarray, truth: np.ndarray) -> np.ndarray:
        base = rng.normal(0, 1, PROMPTS)
        moved = truth[:, None, None] * ways[None, :, None]
        noise = 0.1 * rng.standard_normal((len(truth), len(ways), PROMPTS))
        noise[0] = 0
        return base + moved + noise

    def of_cost(name: str, units: int, noise: float) -> np.ndarray:
        change = np.zeros(2 + TWINS)
        change[1] = costs.get(name, 0.0)
        moved = change[:, None] + noise * rng.standard_normal((2 + TWINS, units))
        return 0.5 + moved

    right = np.clip(np.round(of_cost("right", 16, 0.0) + 0.5), 0, 1)
    return {
        "effect": prompts(doses, mean),
        "framed": prompts(np.array([0.9, 0.8]), mean),
        "placed": prompts(np.array([costs.get("placed", 0.9)]), mean),
        "retold": prompts(np.array([0.9, 0.8, 0.9, 0.8]), mean),
        "answered": prompts(np.array([0.9, 0.8]), mean),
        "reworded": prompts(np.array([1.0, costs.get("reworded", 0.9)]), mean)[..., :6],
        "others": prompts(np.array([0.1, costs.get("others", 0.2)]), mean),
        "right": right,
        "surprise": of_cost("surprise", 10, 0.01),
        "drifted": np.stack([of_cost("drifted", 4, 0.0)] * 2, 1),
        "repeated": np.stack([of_cost("repeated", 4, 0.01)] * 2, 1),
    }


def plant_card(folder: Path) -> None:
    """Give a kept study a card that is good in English, and random in Tamil."""
    known = store.open_study(folder)
    assert known.manifest.model is not None
    spec = ReportCardSpec(
        known.manifest.model,
        "fairness",
        languages=("en", "ta"),
        layer=2,
        prompts=PROMPTS,
        twins=TWINS,
        others=2,
        facts=16,
        sentences=10,
        answers=4,
        paraphrases=6,
    )
    part = TrialPart(
        spec=written(spec),
        digest=digest(spec),
        dims=dims_of(known, spec),
        cells=("language",),
        numbers=("dose",),
        arrays=arrays_of_trial(spec),
    )
    trials.begin(folder, NAME, part)
    rng = np.random.default_rng(3)

    def compute(cell: Mapping[str, str]) -> dict[str, np.ndarray]:
        found = arrays_of(rng, 1.0 if cell["language"] == "en" else 0.0)
        return {name: values.astype(np.float32) for name, values in found.items()}

    trials.run(folder, NAME, compute)
