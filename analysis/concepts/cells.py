"""What every cell of a study is computed from, whatever its split."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from analysis.concepts.estimators import (
    LINEAR,
    STATEFUL,
    difference_of_means,
    half_of_clusters,
    shuffled_labels,
)
from analysis.concepts.folded import KeptLanguages
from analysis.concepts.pairs import Corpus, clusters
from analysis.concepts.readouts import Consumer, LinearReadout, StateNorms
from analysis.concepts.specs import StudySpec
from analysis.concepts.unrelated_vectors import ShuffledVectors
from analysis.core.digests import seed_of
from analysis.study.manifest import Manifest


class Reader(Protocol):
    """A model that streams the last token's state of texts into consumers."""

    layers: int
    hidden: int

    def stream(
        self,
        texts: Sequence[str],
        consumers: Sequence[Consumer],
    ) -> None:
        """Feed every consumer with (indices, states)."""
        ...

    def tail(self, text: str) -> list[str]:
        """The last tokens of a text as the model reads it.

        The last one is where the state is read.
        """
        ...

    def alike(self, first: Sequence[str], second: Sequence[str]) -> list[bool]:
        """Which texts of two lists become the same tokens."""
        ...


@dataclass(frozen=True)
class Work:
    """What every cell of a study is computed from.

    ``known`` is its manifest as it was when the work began: its tables of pairs stay.
    """

    folder: Path
    known: Manifest
    spec: StudySpec
    corpus: Corpus
    reader: Reader
    shuffled: ShuffledVectors
    kept: KeptLanguages = field(default_factory=KeptLanguages)


def members(
    corpus: Corpus,
    concept: str,
    language: str,
    ids: Sequence[str],
) -> list[str]:
    """Positives of the pairs, then their negatives."""
    by_id = {pair.pair: pair for pair in corpus.select(concept, language)}
    positives = [by_id[pair].positive for pair in ids]
    negatives = [by_id[pair].negative for pair in ids]
    return positives + negatives


def cell_seed(
    spec: StudySpec,
    concept: str,
    language: str,
) -> int:
    """A seed of each cell's own.

    With one for all, random baselines of different languages would be the same vector.
    """
    return seed_of(f"{spec.seed} {concept} {language}")


def training_weights(
    work: Work,
    concept: str,
    train: Sequence[str],
    seed: int,
) -> np.ndarray:
    """Weights (estimate, text) of the vector, its two halves and its shuffled twin.

    The vector's are not used with an estimator that is not linear.
    """
    estimate = LINEAR.get(work.spec.estimator, difference_of_means)
    groups = clusters(work.corpus, concept, train)
    pairs = len(train)
    return np.stack(
        [
            estimate(pairs, seed),
            half_of_clusters(groups, 0),
            half_of_clusters(groups, 1),
            shuffled_labels(pairs, seed),
        ]
    )


def vector_arrays(
    vector: np.ndarray, readout: LinearReadout, norms: StateNorms
) -> dict[str, np.ndarray]:
    """What a vector cell keeps (float32) of a vector and of a readout of its twins.

    ``readout`` has the weights of ``training_weights``.
    """
    arrays = {
        "concept_vector": vector,
        "half_a": readout.sums[1],
        "half_b": readout.sums[2],
        "shuffled": readout.sums[3],
        "state_norm": norms.mean,
    }
    return {name: values.astype(np.float32) for name, values in arrays.items()}


def stateful_vector(
    estimator: str,
    states: np.ndarray,
    seed: int,
) -> np.ndarray:
    """Vector (layer, hidden) from states (layer, text, hidden), positives first."""
    estimate = STATEFUL[estimator]
    pairs = states.shape[1] // 2
    vectors = [estimate(layer[:pairs], layer[pairs:], seed) for layer in states]
    return np.stack(vectors)


def scattered(
    margins: np.ndarray, present: np.ndarray, places: Sequence[int], pairs: int
) -> dict[str, np.ndarray]:
    """Margins (pair, vector, layer) at their places among all sources and pairs.

    0 elsewhere; ``scored`` says which are margins.
    """
    layers = margins.shape[2]
    sources = np.flatnonzero(present).tolist()
    there = np.ix_(sources, range(layers), places)
    scores = np.zeros((len(present), layers, pairs), np.float32)
    scores[there] = margins.transpose(1, 2, 0)
    mask = np.zeros_like(scores, dtype=np.uint8)
    mask[there] = 1
    return {"pair_score": scores, "scored": mask[:, 0]}
