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
"""Where own vectors show no effect, no direction is shown to be one that is used."""
USUAL = 0.975
"""Share of random directions that an effect is above which is no random direction's."""


@dataclass(frozen=True)
class Pushed:
    """Effects less those of random directions (source, target, prompt).

    ``random`` (target, draw): the mean effect of each random direction, less that of
    all. Of a target's own vector on its own prompts two things are asked: is its effect
    above nothing, and above those of random directions? ``moved``: both; ``still``:
    neither, over prompts enough; else it cannot be told.
    """

    effect: np.ndarray
    random: np.ndarray

    @property
    def own(self) -> np.ndarray:
        """Effect (target, prompt) of every target's own vector."""
        places = np.arange(len(self.effect))
        return self.effect[places, places]

    @cached_property
    def above_nothing(self) -> np.ndarray:
        """Whether own vectors surely do more than nothing (target)."""
        return np.array([bool(over_units(own).low > 0) for own in self.own])

    @cached_property
    def above_random(self) -> np.ndarray:
        """Whether own vectors do more than nearly all random directions (target)."""
        means = known_mean(self.own, -1)
        found = []
        for own, drawn in zip(means, self.random):
            known = drawn[np.isfinite(drawn)]
            most = np.quantile(known, USUAL) if len(known) else -np.inf
            found.append(bool(own > most))
        return np.array(found)

    @property
    def moved(self) -> np.ndarray:
        """Whether own vectors move their own prompts by either measure (target)."""
        return self.above_nothing & self.above_random

    @property
    def still(self) -> np.ndarray:
        """Whether own vectors show no effect by either, over prompts enough (target)."""
        unseen = ~self.above_nothing & ~self.above_random
        return unseen & (self.prompts >= FEW_SOURCES)

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
        return STILL if found.still[place] else NOT_KNOWN
    others = among.copy()
    others[place] = False
    by_others = known_mean(found.effect[others, place], 0)
    return ratio(by_others - found.own[place], np.nanmean(found.own[place]))


def moves_others(found: Pushed, place: int, among: np.ndarray) -> Value:
    """What a language's vector does to the others' prompts, of what their own do."""
    others = among.copy()
    others[place] = False
    if not (others & found.moved).any():
        return where_none_moves(found, others)
    others &= found.moved
    own = known_mean(found.own[others], -1)
    lost = known_mean(found.effect[place, others] - found.own[others], -1)
    return ratio(lost, float(own.mean()))


def over_targets(found: Pushed, among: np.ndarray) -> Value:
    """The same over all targets that their own vectors move."""
    targets = np.flatnonzero(among & found.moved)
    if among.sum() < 2:
        return NOT_KNOWN
    if 2 * len(targets) < among.sum():
        return where_none_moves(found, among)
    lost, own = [], []
    for target in targets:
        others = among.copy()
        others[target] = False
        by_others = known_mean(found.effect[others, target], 0)
        lost.append(known_mean(by_others - found.own[target], -1))
        own.append(np.nanmean(found.own[target]))
    return ratio(np.array(lost), float(np.mean(own)))


def where_none_moves(found: Pushed, among: np.ndarray) -> Value:
    """What is said where own vectors are not shown to move: nothing, if most are still."""
    return STILL if 2 * found.still[among].sum() > among.sum() else NOT_KNOWN


def ratio(lost: np.ndarray, own: float) -> Value:
    """1 + mean of what is lost / own, with Student's interval over its units."""
    found = over_units(lost)
    if found is NOT_KNOWN or not own > 0:
        return NOT_KNOWN
    return Value(1 + found.estimate / own, 1 + found.low / own, 1 + found.high / own)
