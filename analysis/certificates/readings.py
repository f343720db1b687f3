"""Does reading carry over at one layer, both ways, and what is left without the others?

Kernels over the margins of one concept at one layer.
"""

from dataclasses import dataclass

import numpy as np

from analysis.certificates.agreement import mean_where
from analysis.certificates.rules import NOT_KNOWN, Value
from analysis.concepts.accuracy import (
    Measured,
    bounds,
    in_first_half,
    measure_accuracy,
    significance,
)
from analysis.concepts.specs import Convention
from analysis.core.intervals import difference_interval
from analysis.core.statistics import benjamini_hochberg

CHANCE = 0.5
SURE = 0.05
"""An adjusted p above this is no better than chance."""


@dataclass(frozen=True)
class Margins:
    """Margins (source, target, pair) of one concept at one layer, and pairs' clusters.

    ``spread`` (source, target): how much further chance moves accuracies than if pairs
    were independent.
    """

    values: np.ndarray
    clusters: tuple[int, ...]
    spread: np.ndarray


@dataclass(frozen=True)
class Readings:
    """Accuracies (source, target) with what intervals of them need.

    ``deviations`` (source, target, draw): their squares sum to the variance.
    ``home`` (language): whether the own vector reads its own pairs.
    """

    accuracy: np.ndarray
    deviations: np.ndarray
    clusters: np.ndarray
    pairs: np.ndarray
    home: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def own(self) -> np.ndarray:
        """Accuracy (language) of every language's own vector."""
        return np.diagonal(self.accuracy)


def measured_at(margins: Margins) -> Measured:
    """Accuracies of margins (source, target, pair), cells source-major."""
    sources, targets, pairs = margins.values.shape
    cells = margins.values.reshape(sources * targets, 1, pairs)
    found = measure_accuracy(cells, margins.clusters, Convention("fixed", "half", 1))
    wider = margins.spread.reshape(-1, 1)
    deviations = found.deviations * wider
    null = CHANCE + (found.null - CHANCE) * wider
    return Measured(
        found.accuracy, deviations, null, found.layer, found.pairs, found.clusters
    )


def readings(margins: Margins, unrelated: np.ndarray | None) -> Readings:
    """Who reads whom at a layer.

    ``unrelated`` (language): p of the own vector against unrelated vectors, where the
    study keeps them.
    """
    found = measured_at(margins)
    ends = bounds(found)
    p = significance(found).p
    shape = margins.values.shape[:2]
    low = ends.low.reshape(shape)
    home = np.diagonal(low) > CHANCE
    own_p = np.diagonal(p.reshape(shape))
    home &= benjamini_hochberg(own_p) <= SURE
    if unrelated is not None:
        # One that is not known is no reason against.
        home &= ~(unrelated > SURE)
    return Readings(
        accuracy=found.accuracy.reshape(shape).astype(float),
        deviations=found.deviations.reshape(*shape, -1).astype(float),
        clusters=found.clusters.reshape(shape),
        pairs=found.pairs.reshape(shape),
        home=home,
        low=low,
        high=ends.high.reshape(shape),
    )


def kept_accuracy(found: Readings, cells: np.ndarray) -> Value:
    """What others read of what own vectors do, over some cells (source, target).

    (accuracy − 0.5) / (own accuracy − 0.5), of means over the cells. The interval is
    that of the difference of the two accuracies, which are on the same pairs.
    """
    sources, targets = np.nonzero(cells & np.isfinite(found.accuracy))
    if not len(sources):
        return NOT_KNOWN
    own = found.own[targets].mean() - CHANCE
    difference = (found.accuracy[sources, targets] - found.own[targets]).mean()
    moved = found.deviations[sources, targets] - found.deviations[targets, targets]
    units = np.array(found.clusters[sources, targets].min())
    pairs = np.array(found.pairs[sources, targets].min())
    variance = (moved.mean(0) ** 2).sum()
    return of_own(difference, variance, units, pairs, own)


def of_own(
    difference: float,
    variance: float,
    units: np.ndarray,
    pairs: np.ndarray,
    own: float,
) -> Value:
    """1 + difference / own, with the interval of the difference; NaN where own is none."""
    if not own > 0:
        return NOT_KNOWN
    ends = difference_interval(np.array(difference), np.array(variance), units, pairs)
    return Value(
        float(1 + difference / own),
        float(1 + ends.low / own),
        float(1 + ends.high / own),
    )


@dataclass(frozen=True)
class Split:
    """What a language's vector is without the part that others share.

    ``left`` (language, pair): margins of what is left; ``own`` (language, pair).
    """

    left: np.ndarray
    own: np.ndarray


def without_shared(margins: Margins, halves: np.ndarray, among: np.ndarray) -> Split:
    """Margins of each language's vector less the others' mean direction.

    ``halves`` (half, language, hidden) of the concept. How much of that direction is in
    the vector is found from halves that share no source, so that noise is not taken for
    a part of it. Margins are linear in the vector.
    """
    languages = len(among)
    lengths = np.linalg.norm(halves.mean(0), axis=-1)
    units = halves / np.where(lengths > 0, lengths, np.nan)[:, None]
    left = np.full((languages, margins.values.shape[-1]), np.nan)
    for place in range(languages):
        others = among.copy()
        others[place] = False
        if not others.any():
            continue
        shared = units[:, others].mean(1)
        own = units[:, place]
        crossed = own[0] @ shared[1] + own[1] @ shared[0]
        amount = crossed / (2 * shared[0] @ shared[1])
        read = margins.values[others, place] / lengths[others][:, None]
        of_own_vector = margins.values[place, place] / lengths[place]
        left[place] = of_own_vector - amount * read.mean(0)
    own_margins = margins.values[np.arange(languages), np.arange(languages)]
    return Split(left, own_margins)


def nothing_left(margins: Margins, split: Split) -> list[Value]:
    """1 less what is left, of what the whole vector reads, by language."""
    languages = len(split.left)
    both = np.stack([split.left, split.own])
    spread = np.diagonal(margins.spread)
    cells = Margins(both, margins.clusters, np.stack([spread, spread]))
    found = measured_at(cells)
    accuracy = found.accuracy.reshape(2, languages).astype(float)
    deviations = found.deviations.reshape(2, languages, -1).astype(float)
    values = []
    for place in range(languages):
        own = accuracy[1, place] - CHANCE
        difference = accuracy[0, place] - accuracy[1, place]
        moved = deviations[0, place] - deviations[1, place]
        units = np.array(found.clusters[place])
        pairs = np.array(found.pairs[place])
        if not np.isfinite(difference):
            values.append(NOT_KNOWN)
            continue
        left = of_own(difference, float((moved**2).sum()), units, pairs, own)
        values.append(Value(1 - left.estimate, 1 - left.high, 1 - left.low))
    return values


def in_halves(margins: Margins, among: np.ndarray) -> np.ndarray:
    """What others read of what the own vector does, in either half of the pairs.

    (half of the pairs, language); NaN where the own vector reads nothing there.
    """
    first = in_first_half(margins.clusters)
    others = among[:, None] & ~np.eye(len(among), dtype=bool)
    found = []
    for half in (first, ~first):
        signs = np.sign(margins.values[..., half])
        known = np.isfinite(signs)
        right = np.where(known, signs, 0).sum(-1) / np.maximum(known.sum(-1), 1) / 2
        own = np.diagonal(right)
        ratio = mean_where(right.T, others.T) / np.where(own > 0, own, np.nan)
        found.append(ratio)
    return np.array(found)
