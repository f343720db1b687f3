"""Vectors that saw neither a pair nor its source: kernels of cross-fitting over folds.

Pairs are dealt into folds, the same in every language. A pair is judged by the vector of
all pairs outside its fold. The layer of a fold is chosen by *inner* vectors, which saw
neither that fold nor the one that they judge, so nothing of a fold takes part in its
choice. Vectors of folds share pairs: two pairs that teach each other's vectors are right
or wrong together, and accuracies spread further by chance than those of pairs that are
independent. By how much is seen when members are swapped before vectors are made anew.

Arrays of *differences* are the positive less the negative states of pairs (layer, pair,
hidden). Stone 1974; Nadeau and Bengio 2003 (why shares of folds vary more than they seem).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from analysis.concepts.readouts import States
from analysis.concepts.unrelated_vectors import DRAWS, FEW_TRAINING, HALVES, signs_of
from analysis.core.digests import seed_of

SWAPS = 200
"""Random swaps from which the spread is seen, to one part in twenty."""


USUAL_SPREAD = (1 + 2 / np.pi) ** 0.5
"""The spread of pairs whose differences are noise in many directions.

Margins of two pairs in different folds share one inner product; summed over all, this
doubles their variance, and that of their signs grows by 2/π.
"""


class Differences(States):
    """The differences of a language's pairs on disk; eats positives, then negatives."""

    def eat(self, indices: np.ndarray, states: np.ndarray) -> None:
        """Add what positives have, take away what negatives have."""
        pairs = self.values.shape[1]
        for index, state in zip(indices.tolist(), states):
            if index < pairs:
                self.values[:, index] += state
            else:
                self.values[:, index - pairs] -= state


class Dealt(NamedTuple):
    """The pairs of a language: their folds (pair), from 0, and sources (pair)."""

    folds: np.ndarray
    clusters: np.ndarray
    number: int
    """Of folds."""


@dataclass
class Language:
    """What is kept of a concept in a language until its pairs are scored.

    ``vectors`` (fold, layer, hidden) are those of all pairs outside a fold; ``weights``
    (pair, column) are those of the sums that ``sums_by_fold`` takes.
    """

    differences: Differences
    dealt: Dealt
    vectors: np.ndarray
    weights: np.ndarray


class KeptLanguages:
    """Languages of one concept; those of another are closed, and gone from the disk."""

    def __init__(self) -> None:
        self.concept = ""
        self.known: dict[str, Language] = {}

    def __enter__(self) -> "KeptLanguages":
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.known.values():
            each.differences.__exit__()
        self.known = {}

    def get(self, concept: str, language: str) -> Language | None:
        """What is kept of a concept in a language, if anything."""
        return self.known.get(language) if concept == self.concept else None

    def put(self, concept: str, language: str, kept: Language) -> None:
        """Keep a language of a concept."""
        if concept != self.concept:
            self.__exit__()
            self.concept = concept
        self.known[language] = kept


class Columns(NamedTuple):
    """Sums (…, column) by what they are for: 1, 1, DRAWS and SWAPS columns."""

    own: np.ndarray
    plain: np.ndarray
    shuffled: np.ndarray
    swapped: np.ndarray


def columns(values: np.ndarray) -> Columns:
    """The parts of an array whose last axis is ``column``."""
    own, plain, shuffled, swapped = np.split(values, (1, 2, 2 + DRAWS), -1)
    return Columns(own, plain, shuffled, swapped)


def column_weights(
    own: np.ndarray, clusters: Sequence[int], seed: int, concept: str
) -> np.ndarray:
    """Weights (pair, column): the estimator's, ones, shuffled and swapped labels.

    Signs of a source are the same in every language, so translations go together.
    """
    shuffled = np.stack([signs_of(seed, concept, group) for group in clusters])
    swapped = np.stack([swaps_of(seed, concept, group) for group in clusters])
    plain = np.ones((len(shuffled), 1))
    parts = [own[:, None], plain, shuffled, swapped]
    return np.concatenate(parts, 1).astype(np.float32)


def swaps_of(seed: int, concept: str, group: int) -> np.ndarray:
    """In which swaps (swap,) the members of a source's pairs are swapped: 1 or −1."""
    rng = np.random.default_rng(seed_of(f"{seed} {concept} swaps of {group}"))
    return rng.choice([-1.0, 1.0], SWAPS)


def linear_vectors(
    differences: np.ndarray, dealt: Dealt, own: np.ndarray
) -> np.ndarray:
    """Vectors (fold, layer, hidden) of the pairs outside each fold, by weights (pair).

    Weights are those of all pairs, and grow as fewer pairs are left.
    """
    vectors = []
    for fold in range(dealt.number):
        outside = dealt.folds != fold
        weights = own * outside * (len(own) / max(1, outside.sum()))
        by_layer = [weights @ layer.astype(np.float64) for layer in differences]
        vectors.append(np.stack(by_layer))
    return np.stack(vectors).astype(np.float32)


def fold_margins(
    differences: np.ndarray, dealt: Dealt, vectors: np.ndarray
) -> np.ndarray:
    """Margins (layer, pair) of pairs, each under the vector of its fold."""
    layers, pairs, _ = differences.shape
    margins = np.zeros((layers, pairs), np.float32)
    for fold in range(dealt.number):
        own = dealt.folds == fold
        for layer in range(layers):
            margins[layer, own] = differences[layer, own] @ vectors[fold, layer]
    return margins


def sums_by_fold(
    target: np.ndarray, source: np.ndarray, dealt: Dealt, weights: np.ndarray
) -> np.ndarray:
    """Σ weight · inner product over a source's pairs of each fold: (fold, pair, column).

    ``target`` and ``source`` are differences (pair, hidden) at one layer.
    """
    sums = np.zeros((dealt.number, len(target), weights.shape[1]), np.float32)
    for fold in range(dealt.number):
        own = dealt.folds == fold
        if own.any():
            parts = [target, np.asarray(source[own]).T, weights[own]]
            sums[fold] = np.linalg.multi_dot(parts)
    return sums


class Judged(NamedTuple):
    """What is read of a source's pairs on a target's.

    ``inner`` (fold, layer) and ``shuffled`` (half, layer, draw) are pairs ranked right
    less pairs ranked wrong; ``spread`` (layer).
    """

    inner: np.ndarray
    shuffled: np.ndarray
    spread: np.ndarray


def judge(target: Language, source: Language, in_first: np.ndarray) -> Judged:
    """A target's pairs under all that is made anew of a source's pairs for each fold."""
    inner, shuffled, spread = [], [], []
    left_over = left_over_signs(source)
    for layer in range(len(target.differences.values)):
        sums = sums_by_fold(
            np.asarray(target.differences.values[layer]),
            source.differences.values[layer],
            source.dealt,
            source.weights,
        )
        outside = outside_own_fold(sums, target.dealt)
        inner.append(inner_surplus(sums, outside, target.dealt))
        shuffled.append(shuffled_surplus(outside, target.dealt, left_over, in_first))
        spread.append(spread_of(outside, target))
    return Judged(
        np.stack(inner, 1), np.stack(shuffled, 1), np.array(spread, np.float32)
    )


def outside_own_fold(sums: np.ndarray, dealt: Dealt) -> np.ndarray:
    """Sums (pair, column) over the folds that a pair is not in."""
    own = sums[dealt.folds, np.arange(sums.shape[1])]
    return sums.sum(0) - own


def inner_surplus(sums: np.ndarray, outside: np.ndarray, dealt: Dealt) -> np.ndarray:
    """For each fold, the surplus (fold) of all others under vectors without it."""
    found = np.zeros(dealt.number, np.int32)
    for fold in range(dealt.number):
        others = dealt.folds != fold
        margins = columns(outside - sums[fold]).own[others]
        found[fold] = np.sign(margins).sum()
    return found


def left_over_signs(source: Language) -> np.ndarray | None:
    """Mean sign (fold, draw) of the shuffled labels outside each fold.

    None where too few sources are outside some fold to be shuffled.
    """
    dealt = source.dealt
    signs = columns(source.weights).shuffled
    means = np.zeros((dealt.number, DRAWS), np.float32)
    for fold in range(dealt.number):
        outside = dealt.folds != fold
        if len(set(dealt.clusters[outside].tolist())) < FEW_TRAINING:
            return None
        means[fold] = signs[outside].mean(0)
    return means


def shuffled_surplus(
    outside: np.ndarray,
    dealt: Dealt,
    left_over: np.ndarray | None,
    in_first: np.ndarray,
) -> np.ndarray:
    """Surplus (half, draw) of vectors of shuffled labels, less what is left over."""
    found = np.zeros((HALVES, DRAWS), np.int32)
    if left_over is None:
        return found
    parts = columns(outside)
    margins = parts.shuffled - left_over[dealt.folds] * parts.plain
    return surplus_by_half(margins, in_first)


def surplus_by_half(margins: np.ndarray, in_first: np.ndarray) -> np.ndarray:
    """Pairs right less pairs wrong (half, draw) of margins (pair, draw)."""
    signs = np.sign(margins)
    halves = [signs[in_first].sum(0), signs[~in_first].sum(0)]
    return np.stack(halves).astype(np.int32)


def spread_of(outside: np.ndarray, target: Language) -> float:
    """How many times further accuracies spread than those of independent sources.

    Seen over swaps of members of whole sources, whose vectors are made anew; at least 1.
    """
    swapped = columns(outside).swapped * columns(target.weights).swapped
    signs = np.sign(swapped)
    _, member = np.unique(target.dealt.clusters, return_inverse=True)
    by_source = np.zeros((member.max() + 1, SWAPS))
    np.add.at(by_source, member, signs)
    apart = (by_source**2).sum(0).mean()
    together = (by_source.sum(0) ** 2).mean()
    return float(np.sqrt(max(1.0, together / apart))) if apart else 1.0
