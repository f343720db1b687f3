"""One cell by strength: the source's vector, the target's own, and random directions."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from analysis.concepts.recognition import Wording, origin
from analysis.core.errors import SpecError
from analysis.core.statistics import mean_known
from analysis.pushing.effects import PAIR, WORDS, interval_of, is_counted, units_of
from analysis.pushing.specs import NAME
from analysis.study.study import Study

COST = Wording("how much less likely what is read becomes", "nats per token")


class Dose(NamedTuple):
    """One vector by strength: effect with its interval, and cost, (strength,)."""

    effect: np.ndarray
    low: np.ndarray
    high: np.ndarray
    cost: np.ndarray


def doses(study: Study, source: str, target: str) -> xr.Dataset:
    """Effect (vector, strength) of a source's and of the target's own vector, by strength.

    Means over prompts less random directions, with ``low`` and ``high`` over prompts;
    ``random`` (draw, strength), each random direction's mean less that of all; ``cost``
    (vector, strength), nats per token by which what is read becomes less likely. Errors
    as in ``pushing``; SpecError for a language that was not tried.
    """
    trial = study.trial(NAME)
    check_tried(trial, source, target)
    here = trial.sel(target=target)
    at_random = by_strength(here["random"], "draw")
    sources = trial["source"].values.tolist()
    codes = [code for code in dict.fromkeys([source, target]) if code in sources]
    found = [dose_of(here.sel(source=code), at_random) for code in codes]
    variables = curves(found, units_of(trial))
    drawn = mean_known(at_random, 2)
    words = {**variables["effect"][2], "long_name": "effect of random directions"}
    variables["random"] = (("draw", "strength"), drawn - mean_known(drawn), words)
    coords = {
        "vector": codes,
        "strength": trial["strength"].values.astype(float),
        "draw": trial["draw"].values.tolist(),
    }
    prompts = trial.sizes["prompt"] * trial.sizes["concept"]
    attributes = {"source": source, "target": target, "n": int(prompts)}
    return xr.Dataset(variables, coords, origin(study)).assign_attrs(attributes)


def check_tried(trial: xr.Dataset, source: str, target: str) -> None:
    """SpecError for languages that are not a source and a target of a trial."""
    for dim, code in zip(PAIR, (source, target)):
        known = trial[dim].values.tolist()
        if code not in known:
            raise SpecError(
                f"“{code}” is no {dim} of what was pushed; there are {', '.join(known)}."
            )


def dose_of(here: xr.Dataset, at_random: np.ndarray) -> Dose:
    """One source's vector in one target; ``at_random`` (draw, strength, prompt)."""
    net = by_strength(here["effect"]) - mean_known(at_random)
    ends = interval_of(net, is_counted(here))
    cost = mean_known(by_strength(here["cost"]), 1)
    return Dose(mean_known(net, 1), ends.low, ends.high, cost)


def curves(found: list[Dose], units: str) -> dict[str, tuple]:
    """Variables (vector, strength) of some vectors."""
    variables = {}
    for name in Dose._fields:
        words = COST if name == "cost" else Wording(WORDS[name], units)
        values = np.array([getattr(dose, name) for dose in found])
        attributes = words.attributes(chance=0.0)
        variables[name] = (("vector", "strength"), values, attributes)
    return variables


def by_strength(values: xr.DataArray, *first: str) -> np.ndarray:
    """Values (first, strength, concept × prompt), float64."""
    ordered = values.transpose(*first, "strength", "concept", "prompt").values
    return ordered.reshape(*ordered.shape[:-2], -1).astype(float)
