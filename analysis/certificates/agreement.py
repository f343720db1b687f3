"""Do the directions agree, measured free of shared noise? Kernels over plain arrays.

A vector of one half of the pairs is compared with vectors of the other half, so that no
source of pairs is on both sides. ``halves`` (half, concept, language, hidden).
"""

from dataclasses import dataclass

import numpy as np

from analysis.certificates.rules import NOT_KNOWN, Value
from analysis.concepts.similarity import cosines
from analysis.core.intervals import FEW_UNITS, LEVEL, student_quantile

FEWEST_DRAWN = 6
"""Fewer differences of halves do not show where noise lies."""
ROOM, ROOM_SHARE = 0.1, 0.25
"""Less between the floor and the ceiling, as a cosine and as a share of the ceiling,
leaves nothing that could be told."""


@dataclass(frozen=True)
class Agreement:
    """Cosines of one concept at one layer, without those of a language with itself.

    ``cosine`` (order, language, other): of a language's first half with the other's
    second, and the other way round. ``noise`` (order, language): how far noise of a
    language's own vector moves the mean of its cosines (standard deviation; NaN where
    there are too few other concepts to see it). By language: ``reliability`` (of its two halves),
    ``other_concepts`` and ``shuffled`` (the two floors; NaN where there is none).
    """

    cosine: np.ndarray
    noise: np.ndarray
    reliability: np.ndarray
    other_concepts: np.ndarray
    shuffled: np.ndarray

    @property
    def floor(self) -> np.ndarray:
        """The highest of the floors by language; never below 0."""
        return np.fmax(np.fmax(self.other_concepts, self.shuffled), 0)

    @property
    def ceiling(self) -> np.ndarray:
        """Geometric mean (language, other) of both reliabilities; NaN without any."""
        positive = np.where(self.reliability > 0, self.reliability, np.nan)
        roots = np.sqrt(positive)
        return roots[:, None] * roots[None]


def agreement(
    halves: np.ndarray, concept: int, shuffled: np.ndarray | None
) -> Agreement:
    """Cosines of a concept's vectors between languages, with floors and reliability.

    ``shuffled`` (language, hidden): vectors of swapped members, if there are any.
    """
    first, second = halves[0, concept], halves[1, concept]
    between = cosines(first, second)
    both = np.stack([between, between.T])
    floor = np.full(len(first), np.nan)
    if halves.shape[1] > 1:
        floor = without_itself(across_concepts(halves, concept))
    swapped = np.full(len(first), np.nan)
    if shuffled is not None:
        swapped = without_itself(cosines(first + second, shuffled))
    noise = np.stack([noise_of(halves, concept), noise_of(halves[::-1], concept)])
    return Agreement(off_diagonal(both), noise, np.diagonal(between), floor, swapped)


def noise_of(halves: np.ndarray, concept: int) -> np.ndarray:
    """How far noise of first halves moves their mean cosine to the others' second ones.

    By language. Where noise lies is seen from how the halves of other concepts differ,
    which share no pair with this one: few directions may have most of it.
    """
    first, second = halves[0, concept], halves[1, concept]
    others = np.delete(halves[0] - halves[1], concept, 0)
    drawn = unit(others.reshape(-1, halves.shape[-1]))
    if len(drawn) < FEWEST_DRAWN:
        return np.full(len(first), np.nan)
    directions = unit(second)
    towards = directions.sum(0) - directions
    towards = towards / max(len(first) - 1, 1)
    spread = (drawn @ towards.T).std(0)
    length = np.linalg.norm(first - second, axis=-1) / np.sqrt(2)
    whole = np.linalg.norm(first, axis=-1)
    return spread * length / np.where(whole > 0, whole, np.nan)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (…, hidden) of length 1; those of length zero stay."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def off_diagonal(values: np.ndarray) -> np.ndarray:
    """Values (…, language, other) with NaN for a language with itself."""
    itself = np.eye(values.shape[-1], dtype=bool)
    return np.where(itself, np.nan, values)


def without_itself(values: np.ndarray) -> np.ndarray:
    """Mean (language) over the other languages of values (language, other)."""
    different = ~np.eye(len(values), dtype=bool) & np.isfinite(values)
    total = np.where(different, values, 0).sum(1)
    count = different.sum(1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def across_concepts(halves: np.ndarray, concept: int) -> np.ndarray:
    """Mean cosine (language, other) of a concept's vectors with those of other concepts."""
    found = []
    for other in range(halves.shape[1]):
        if other != concept:
            found.append(cosines(halves[0, concept], halves[1, other]))
            found.append(cosines(halves[1, concept], halves[0, other]))
    return np.mean(found, 0)


def without_mean(halves: np.ndarray, concept: int) -> np.ndarray:
    """Vectors (half, 1, language, hidden) less the mean of the other concepts' vectors.

    In every language its own; concepts count alike, whatever their vectors' lengths.
    """
    units = unit(halves)
    others = np.delete(units, concept, 1).mean(1)
    return (units[:, concept] - others)[:, None]


@dataclass(frozen=True)
class Shares:
    """Where cosines lie between floor (0) and ceiling (1).

    ``values`` (order, language, other); NaN where there is no room between the two.
    ``noise`` (order, language): as in Agreement, in the same measure.
    """

    values: np.ndarray
    noise: np.ndarray


def shares(found: Agreement, among: np.ndarray) -> Shares:
    """Where cosines lie; languages that are not ``among`` (language) are no others."""
    others = among[None] & ~np.eye(len(among), dtype=bool)
    ceiling = mean_where(found.ceiling, others)
    room = ceiling - found.floor
    enough = room >= np.fmax(ROOM, ROOM_SHARE * ceiling)
    room = np.where(enough, room, np.nan)
    share = (found.cosine - found.floor[:, None]) / room[:, None]
    return Shares(np.where(others, share, np.nan), found.noise / room)


def mean_where(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Mean (language) over wanted others of values (language, other); NaN without any."""
    known = wanted & np.isfinite(values)
    count = known.sum(-1)
    total = np.where(known, values, 0).sum(-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def of_language(found: Shares, place: int) -> Value:
    """Mean share of one language with its interval over the others.

    Wider by the noise of the language's own vector; where that is not seen from other
    concepts, by how far the two orders of the halves differ.
    """
    share = found.values[:, place]
    known = np.isfinite(share).all(0)
    values = share[:, known]
    n = values.shape[1]
    if n < FEW_UNITS:
        return NOT_KNOWN
    by_other = values.mean(0)
    orders = values.mean(1)
    own = (orders[0] - orders[1]) ** 2 / 4
    noise = found.noise[:, place]
    if np.isfinite(noise).all():
        own = (noise**2).sum() / 4
    variance = by_other.var(ddof=1) / n + own
    return around(float(by_other.mean()), float(variance), n)


def around(mean: float, variance: float, units: int) -> Value:
    """A mean with its interval by Student's t."""
    freedom = max(units - 1, 1)
    half = float(student_quantile((1 + LEVEL) / 2, freedom)) * np.sqrt(variance)
    return Value(mean, mean - half, mean + half)


def over_units(values: np.ndarray) -> Value:
    """Mean of known values with its interval by Student's t; NaN with fewer than three."""
    known = values[np.isfinite(values)]
    if len(known) < FEW_UNITS:
        return NOT_KNOWN
    return around(
        float(known.mean()), float(known.var(ddof=1)) / len(known), len(known)
    )
