"""Cells of a study whose pairs are all held out in turn, fold by fold.

Every text is read once: a *vector* cell keeps the differences of its pairs on disk until
the *score* cells of its concept are done. What an earlier run had read is read again.
"""

from contextlib import ExitStack
from typing import NamedTuple

import numpy as np

from analysis.concepts.cells import (
    Work,
    cell_seed,
    members,
    scattered,
    stateful_vector,
    training_weights,
    vector_arrays,
)
from analysis.concepts.estimators import LINEAR
from analysis.concepts.folded import (
    Dealt,
    Differences,
    Language,
    column_weights,
    fold_margins,
    judge,
    linear_vectors,
    surplus_by_half,
)
from analysis.concepts.pairs import split_pairs
from analysis.concepts.readouts import LinearReadout, StateNorms, States
from analysis.concepts.unrelated_vectors import (
    DRAWS,
    HALVES,
    halves_of,
    random_directions,
)


class Vectors(NamedTuple):
    """The vector of all pairs (layer, hidden), and of those outside each fold."""

    whole: np.ndarray
    by_fold: np.ndarray


class Readouts(NamedTuple):
    """What is read of the texts of a language."""

    linear: LinearReadout
    norms: StateNorms
    differences: Differences

    @property
    def own_weights(self) -> np.ndarray:
        """Weights (pair) of the estimator's own vector."""
        pairs = self.linear.weights.shape[1] // 2
        return self.linear.weights[0, :pairs]


class Place(NamedTuple):
    """A language's pairs: their ids, their places in the table, and how they are dealt."""

    ids: tuple[str, ...]
    places: list[int]
    dealt: Dealt


def place_of(work: Work, concept: str, language: str) -> Place:
    """The pairs of a concept in a language among those of the study's table."""
    spec = work.spec
    table = work.known.pair_table(concept)
    ids = split_pairs(work.corpus, spec.split, concept, language, spec.seed).test
    numbers = {pair: number for number, pair in enumerate(table.test)}
    places = [numbers[pair] for pair in ids]
    folds = np.array(table.folds)
    groups = np.array(table.clusters)
    dealt = Dealt(folds[places], groups[places], int(folds.max()) + 1)
    return Place(ids, places, dealt)


def folded_vector_cell(
    work: Work,
    concept: str,
    language: str,
) -> dict[str, np.ndarray]:
    """What all pairs of a concept in a language give, and what is left out by fold.

    The arrays of ``vector_cell``, of all pairs, and ``fold_length`` (fold, layer), the
    length of the vector of the pairs outside a fold; float32. Differences are kept.
    """
    reader = work.reader
    place = place_of(work, concept, language)
    seed = cell_seed(work.spec, concept, language)
    weights = training_weights(work, concept, place.ids, seed)
    readouts = Readouts(
        LinearReadout(weights, reader.layers, reader.hidden),
        StateNorms(reader.layers),
        Differences(len(place.ids), reader.layers, reader.hidden),
    )
    with ExitStack() as stack:
        stack.enter_context(readouts.differences)
        texts = members(work.corpus, concept, language, place.ids)
        vectors = read_vectors(work, texts, place.dealt, readouts, seed)
        stack.pop_all()
    keep(work, concept, language, place.dealt, readouts, vectors)
    lengths = np.linalg.norm(vectors.by_fold, axis=-1)
    return {
        **vector_arrays(vectors.whole, readouts.linear, readouts.norms),
        "fold_length": lengths.astype(np.float32),
    }


def read_vectors(
    work: Work, texts: list[str], dealt: Dealt, readouts: Readouts, seed: int
) -> Vectors:
    """Read the texts of a language, each once, and estimate its vectors."""
    estimator, reader = work.spec.estimator, work.reader
    if estimator in LINEAR:
        reader.stream(texts, readouts)
        own = readouts.own_weights
        by_fold = linear_vectors(readouts.differences.values, dealt, own)
        return Vectors(readouts.linear.sums[0], by_fold)
    with States(len(texts), reader.layers, reader.hidden) as states:
        reader.stream(texts, [*readouts, states])
        return stateful(estimator, states.values, dealt, seed)


def keep(
    work: Work,
    concept: str,
    language: str,
    dealt: Dealt,
    readouts: Readouts,
    vectors: Vectors,
) -> None:
    """Keep a language on disk until the pairs of its concept are scored."""
    groups = dealt.clusters.tolist()
    columns = column_weights(readouts.own_weights, groups, work.spec.seed, concept)
    kept = Language(readouts.differences, dealt, vectors.by_fold, columns)
    work.kept.put(concept, language, kept)


def stateful(estimator: str, states: np.ndarray, dealt: Dealt, seed: int) -> Vectors:
    """Vectors of an estimator from states (layer, text, hidden), positives first."""
    by_fold = []
    for fold in range(dealt.number):
        outside = np.flatnonzero(dealt.folds != fold)
        texts = np.concatenate([outside, outside + len(dealt.folds)])
        by_layer = [
            stateful_vector(estimator, layer[texts][None], seed)[0] for layer in states
        ]
        by_fold.append(np.stack(by_layer))
    whole = stateful_vector(estimator, states, seed)
    return Vectors(whole, np.stack(by_fold).astype(np.float32))


def kept_language(work: Work, concept: str, language: str) -> Language:
    """What is kept of a language; its pairs are read again where an earlier run was."""
    kept = work.kept.get(concept, language)
    if kept is None:
        folded_vector_cell(work, concept, language)
        kept = work.kept.known[language]
    return kept


def folded_score_cell(
    work: Work,
    concept: str,
    language: str,
) -> dict[str, np.ndarray]:
    """Margins of all of a target language's pairs under vectors that did not see them.

    ``pair_score``, ``scored``, ``random_surplus`` and ``shuffled_surplus`` as in
    ``score_cell``. ``inner_surplus`` (source, fold, layer): how vectors that saw neither
    a fold nor the pairs that they judge rank the pairs outside it; ``fold_spread``
    (source, layer), from 1.
    """
    table = work.known.pair_table(concept)
    place = place_of(work, concept, language)
    in_first = halves_of(table.clusters, place.places)
    target = kept_language(work, concept, language)
    random = random_surplus(work, concept, target, in_first)
    found = under_every_source(work, concept, target, in_first)
    pairs = len(place.ids)
    scores = scattered(found.margins, found.present, place.places, len(table.test))
    return {
        **scores,
        "random_surplus": smallest(random, pairs),
        "shuffled_surplus": smallest(found.shuffled, pairs),
        "inner_surplus": smallest(found.inner, pairs),
        "fold_spread": found.spread,
    }


class Found(NamedTuple):
    """A target's pairs under every source: ``present`` (source) says which there are.

    ``margins`` (pair, source that is there, layer), ``inner`` (source, fold, layer),
    ``shuffled`` (source, half, layer, draw), ``spread`` (source, layer).
    """

    present: np.ndarray
    margins: np.ndarray
    inner: np.ndarray
    shuffled: np.ndarray
    spread: np.ndarray


def under_every_source(
    work: Work, concept: str, target: Language, in_first: np.ndarray
) -> Found:
    """Judge a target's pairs by all that is made of every source's."""
    codes, layers = work.spec.languages, work.reader.layers
    present = np.array([bool(work.corpus.select(concept, code)) for code in codes])
    inner = np.zeros((len(codes), target.dealt.number, layers), np.int32)
    shuffled = np.zeros((len(codes), HALVES, layers, DRAWS), np.int32)
    spread = np.ones((len(codes), layers), np.float32)
    margins = []
    for row in np.flatnonzero(present).tolist():
        source = kept_language(work, concept, codes[row])
        differences = target.differences.values
        margins.append(fold_margins(differences, target.dealt, source.vectors))
        judged = judge(target, source, in_first)
        inner[row], shuffled[row] = judged.inner, judged.shuffled
        spread[row] = judged.spread
    by_pair = np.stack(margins).transpose(2, 0, 1)
    return Found(present, by_pair, inner, shuffled, spread)


def random_surplus(
    work: Work, concept: str, target: Language, in_first: np.ndarray
) -> np.ndarray:
    """Surplus (half, layer, draw) of random directions on a target's pairs."""
    drawn = random_directions(work.spec.seed, concept, work.reader.hidden)
    by_layer = []
    for differences in target.differences.values:
        by_layer.append(surplus_by_half(differences @ drawn.T, in_first))
    return np.stack(by_layer, 1)


def smallest(counts: np.ndarray, pairs: int) -> np.ndarray:
    """Counts in the smallest type that holds all of so many pairs, whatever they are."""
    return counts.astype(np.min_scalar_type(-max(1, pairs) - 1))
