"""Does pushing carry over? Effects of the trial “pushing”, of what own vectors do.

Kernels over effects (source, target, prompt), less the mean of random directions'.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from analysis.certificates.agreement import over_units
from analysis.certificates.rules import NOT_KNOWN, Value
from analysis.core.intervals import FEW_SOURCES

TRIAL = "pushing"
STILL = Value(0.0, 0.0, 0.0)
"""Where the own vector moves nothing, no direction is shown to be one that is used."""


@dataclass(frozen=True)
class Pushed:
    """Effects less those of random directions (source, target, prompt).

    ``random`` (target, draw): the mean effect of each random direction, less that of
    all. ``moved`` (target): whether the own vector moves its own prompts.
    """

    effect: np.ndarray
    random: np.ndarray

    @property
    def own(self) -> np.ndarray:
        """Effect (target, prompt) of every target's own vector."""
        places = np.arange(len(self.effect))
        return self.effect[places, places]

    @cached_property
    def moved(self) -> np.ndarray:
        """Whether own vectors do more than nothing, and than random directions (target)."""
        found = []
        for own, drawn in zip(self.own, self.random):
            value = over_units(own)
            known = drawn[np.isfinite(drawn)]
            most = np.quantile(known, 0.975) if len(known) else -np.inf
            found.append(bool(value.low > 0 and value.estimate > most))
        return np.array(found)

    @property
    def prompts(self) -> np.ndarray:
        """Prompts (target) that the own vector was tried on."""
        return np.isfinite(self.own).sum(-1)


def pushed(
    trial: xr.Dataset, concept: str, languages: tuple[str, ...]
) -> Pushed | None:
    """Effects of a concept's vectors, mean over strengths; None where it was not tried.

    Languages that were not tried are NaN.
    """
    if concept not in trial["concept"].values:
        return None
    chosen = trial.sel(concept=concept)
    by_prompt = chosen["effect"].transpose("source", "target", "strength", "prompt")
    by_draw = chosen["random"].transpose("target", "draw", "strength", "prompt")
    wanted = {"source": list(languages), "target": list(languages)}
    effect = known_mean(by_prompt.reindex(wanted).values, 2)
    drawn = known_mean(by_draw.reindex(target=list(languages)).values, 2)
    usual = known_mean(drawn, 1)
    return Pushed(effect - usual[None], known_mean(drawn - usual[:, None], -1))


def known_mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Mean of what is known along an axis; NaN where nothing is."""
    known = np.isfinite(values)
    total = np.where(known, values, 0).sum(axis)
    count = known.sum(axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def moved_by_others(found: Pushed, place: int, among: np.ndarray) -> Value:
    """What others' vectors do to a language's prompts, of what its own does."""
    if not found.moved[place]:
        return still(found, place)
    others = among.copy()
    others[place] = False
    by_others = known_mean(found.effect[others, place], 0)
    return ratio(by_others - found.own[place], np.nanmean(found.own[place]))


def moves_others(found: Pushed, place: int, among: np.ndarray) -> Value:
    """What a language's vector does to the others' prompts, of what their own do."""
    others = among & found.moved
    others[place] = False
    if not others.any():
        return still(found, place)
    own = known_mean(found.own[others], -1)
    lost = known_mean(found.effect[place, others] - found.own[others], -1)
    return ratio(lost, float(own.mean()))


def over_targets(found: Pushed, among: np.ndarray) -> Value:
    """The same over all targets that their own vectors move."""
    targets = np.flatnonzero(among & found.moved)
    if among.sum() < 2:
        return NOT_KNOWN
    if 2 * len(targets) < among.sum():
        return STILL if np.nanmin(found.prompts[among]) >= FEW_SOURCES else NOT_KNOWN
    lost, own = [], []
    for target in targets:
        others = among.copy()
        others[target] = False
        by_others = known_mean(found.effect[others, target], 0)
        lost.append(known_mean(by_others - found.own[target], -1))
        own.append(np.nanmean(found.own[target]))
    return ratio(np.array(lost), float(np.mean(own)))


def still(found: Pushed, place: int) -> Value:
    """What is said where own vectors move nothing: nothing, if prompts are enough."""
    return STILL if found.prompts[place] >= FEW_SOURCES else NOT_KNOWN


def ratio(lost: np.ndarray, own: float) -> Value:
    """1 + mean of what is lost / own, with Student's interval over its units."""
    found = over_units(lost)
    if found is NOT_KNOWN or not own > 0:
        return NOT_KNOWN
    return Value(1 + found.estimate / own, 1 + found.low / own, 1 + found.high / own)
