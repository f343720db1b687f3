"""Vectors that push at a prompt without having been made from it.

Where enough pairs were held out in every language, concept vectors push at those. Else
each prompt is pushed with the half vector (of every second source of pairs) that its own
source had no part in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from analysis.concepts.null_vectors import null_vectors
from analysis.concepts.pairs import Corpus, clusters, groups_of, split_pairs
from analysis.concepts.specs import StudySpec
from analysis.core.digests import seed_of
from analysis.study.study import Study

WHOLE, FIRST, SECOND = "concept_vector", "half_a", "half_b"
"""Arrays of a study whose vectors push."""


class HalfOf(NamedTuple):
    """Sources of the pairs that a language's vector and its first half are made from."""

    trained: frozenset[int]
    first: frozenset[int]


def half_of(corpus: Corpus, spec: StudySpec, concept: str, language: str) -> HalfOf:
    """Which sources of pairs made a language's vector, and its first half."""
    train = split_pairs(corpus, spec.split, concept, language, spec.seed).train
    names = sorted(set(clusters(corpus, concept, train)))
    return HalfOf(frozenset(names), frozenset(names[0::2]))


@dataclass(frozen=True)
class HeldOut:
    """Which vectors of a concept push at which pairs; ``groups``: pair → its source.

    ``halves``: half vectors do, since too few pairs were held out everywhere.
    """

    groups: dict[str, int]
    made_from: dict[str, HalfOf]
    halves: bool

    def array_for(self, language: str, pair: str) -> str:
        """The array whose vector pushes at a pair, or at a prompt of no pair (“”)."""
        own = self.made_from[language]
        group = self.groups.get(pair)
        if group is None or group not in own.trained:
            return WHOLE
        return SECOND if group in own.first else FIRST

    def pairs(self, ids: Sequence[str]) -> list[str]:
        """Those of some pairs that may be pushed at, one of each source."""
        found: dict[int, str] = {}
        for pair in ids:
            group = self.groups[pair]
            if self.halves or not self.is_trained(group):
                found.setdefault(group, pair)
        return list(found.values())

    def is_trained(self, group: int) -> bool:
        """Whether any language's vector was made from a source of pairs."""
        return any(group in own.trained for own in self.made_from.values())


def held_out(
    corpus: Corpus, spec: StudySpec, concept: str, sources: Sequence[str], wanted: int
) -> HeldOut:
    """Which vectors push at which pairs, of which so many are wanted."""
    made_from = {}
    for language in sources:
        made_from[language] = half_of(corpus, spec, concept, language)
    groups = dict(groups_of(corpus, concept))
    whole = HeldOut(groups, made_from, halves=False)
    if len(whole.pairs(list(groups))) >= wanted:
        return whole
    return HeldOut(groups, made_from, halves=True)


class PushedVectors:
    """Vectors (hidden,) of a concept at one layer, by array and language.

    An array is read once: a study's arrays come from the disk each time.
    """

    def __init__(self, study: Study, concept: str, layer: int) -> None:
        self.study = study
        self.concept = concept
        self.layer = layer
        self.read: dict[str, np.ndarray] = {}

    def vector(self, array: str, language: str) -> np.ndarray | None:
        """A vector; None where there is none, or only rounding noise."""
        if array not in self.read:
            self.read[array] = self.at_layer(array)
        vector = self.read[array][self.study.languages.index(language)]
        return vector if vector.any() else None

    def at_layer(self, array: str) -> np.ndarray:
        """Vectors (language, hidden); zero where there is none."""
        cells = self.study.array(array).sel(concept=self.concept)
        ordered = cells.transpose("language", "layer", "hidden").values
        vectors = ordered[:, self.layer - 1].astype(np.float32)
        place = self.study.concepts.index(self.concept)
        null = null_vectors(self.study, array)[place, :, self.layer - 1]
        known = np.isfinite(vectors).all(1) & ~null
        return np.where(known[:, None], vectors, np.float32(0))


def random_directions(seed: int, concept: str, draws: int, hidden: int) -> np.ndarray:
    """Gaussian directions (draw, hidden), float32: the same in every target language."""
    rng = np.random.default_rng(seed_of(f"{seed} {concept} pushed at random"))
    return rng.standard_normal((draws, hidden), np.float32)
