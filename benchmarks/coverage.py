"""Do intervals hold what they say, and do tests find nothing where nothing is?

Planted truth for every interval and p that a page, a pack or a table shows. Run with
``python -m benchmarks.coverage`` for a table (about five minutes), and with ``--write``
to put it into docs/statistics.md. The tests run a short form of it.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from analysis.concepts import (
    accuracy,
    folded,
    recognition,
    similarity,
    transfer,
    triangle,
    unrelated,
)
from analysis.concepts.accuracy import Measured
from analysis.concepts.specs import Convention
from analysis.concepts.unrelated_vectors import random_directions, shuffling_weights
from analysis.control import surfaces
from analysis.core import statistics
from analysis.core.intervals import mean_interval, wilson
from analysis.overview import compare, on_words
from analysis.plane import localisation
from analysis.sentences import retrieval
from analysis.words import alignment

REPLICATES = 1000
DOCUMENT = Path(__file__).parents[1] / "docs" / "statistics.md"
BEGIN, END = "<!-- table -->", "<!-- end of table -->"
FIXED = Convention("fixed", "half", 1)
HONEST = Convention("cross-fitted", "half")
PAPER = Convention("best on test", "half")

Generator = np.random.Generator
Simulation = Callable[[Generator, int], np.ndarray]
"""Takes a generator and a number of replicates; says of each whether the interval held
the truth, or whether the test called a finding what is none.
"""


@dataclass(frozen=True)
class Case:
    """One planted truth under which an interval or a test is tried."""

    words: str
    simulate: Simulation
    small: bool = False
    """Fewer than 20 units, of which only 90 % are asked."""


@dataclass(frozen=True)
class Entry:
    """One interval or test: where it is shown, how it is made, what it was tried on.

    ``functions`` are those that compute it, as module.function.
    """

    what: str
    method: str
    units: str
    reference: str
    functions: tuple[str, ...]
    cases: tuple[Case, ...]
    test: bool = False


# Margins of pairs, as a study keeps them.


def margins_of(
    rng: Generator, cells: int, layers: int, sources: int, right: float, size: int = 1
) -> np.ndarray:
    """Margins (cell, layer, pair), right with this probability.

    Pairs of one source, ``size`` of them, share 40 % of their variance.
    """
    shared = rng.standard_normal((cells, layers, sources, 1))
    own = rng.standard_normal((cells, layers, sources, size))
    part = 0.4 if size > 1 else 0.0
    latent = np.sqrt(part) * shared + np.sqrt(1 - part) * own
    margins = latent + stats.norm.ppf(right)
    return margins.reshape(cells, layers, -1).astype(np.float32)


def sources_of(sources: int, size: int = 1) -> tuple[int, ...]:
    """Which source every pair stems from."""
    return tuple(np.repeat(np.arange(sources), size).tolist())


def held(low: np.ndarray, high: np.ndarray, truth: float) -> np.ndarray:
    """Whether each interval holds the truth."""
    return (low <= truth + 1e-9) & (truth - 1e-9 <= high)


def recognised(sources: int, right: float, size: int = 1) -> Simulation:
    """Accuracy at a fixed layer."""

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        margins = margins_of(rng, replicates, 1, sources, right, size)
        clusters = sources_of(sources, size)
        measured = accuracy.measure_accuracy(margins, clusters, FIXED, permutations=1)
        return held(*accuracy.bounds(measured), right)

    return simulate


def cross_fitted(sources: int, right: float) -> Simulation:
    """Accuracy at layers that the other half chose; neighbours share 90 %."""

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        common = margins_of(rng, replicates, 1, sources, 0.5)
        own = margins_of(rng, replicates, 6, sources, 0.5)
        latent = np.sqrt(0.9) * common + np.sqrt(0.1) * own
        margins = (latent + stats.norm.ppf(right)).astype(np.float32)
        clusters = sources_of(sources)
        measured = accuracy.measure_accuracy(margins, clusters, HONEST, permutations=1)
        return held(*accuracy.bounds(measured), right)

    return simulate


def largest(sources: int, right: float, layers: int) -> Simulation:
    """The maximum over layers; the truth is its expected value, not the accuracy."""

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        margins = margins_of(rng, replicates, layers, sources, right)
        clusters = sources_of(sources)
        measured = accuracy.measure_accuracy(margins, clusters, PAPER, permutations=1)
        expected = float(measured.accuracy.mean())
        return held(*accuracy.bounds(measured), expected)

    return simulate


def mean_recognised(sources: int, rights: tuple[float, ...]) -> Simulation:
    """Mean accuracy over concepts."""

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        measured = []
        for right in rights:
            margins = margins_of(rng, replicates, 1, sources, right)
            clusters = sources_of(sources)
            found = accuracy.measure_accuracy(margins, clusters, FIXED, permutations=1)
            measured.append(found)
        return held(*recognition.mean_bounds(measured), float(np.mean(rights)))

    return simulate


def transferred(
    sources: int, right: tuple[float, float], concepts: int, size: int = 1
) -> Simulation:
    """T of a source and a target with these accuracies on the same pairs."""

    def once(rng: Generator) -> bool:
        measured = []
        clusters = sources_of(sources, size)
        for _ in range(concepts):
            cells = correlated_margins(rng, sources, right, size)
            found = accuracy.measure_accuracy(cells, clusters, FIXED, permutations=1)
            measured.append(found)
        values = transfer.mean_transfer(measured, 2)
        truth = 100 * (right[0] - right[1])
        return bool(held(values["low"][0, 1], values["high"][0, 1], truth))

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        return np.array([once(rng) for _ in range(replicates)])

    return simulate


def correlated_margins(
    rng: Generator, sources: int, right: tuple[float, float], size: int
) -> np.ndarray:
    """Margins (source × target, 1, pair) of two vectors that agree in part."""
    (common,) = margins_of(rng, 1, 1, sources, 0.5, size)
    cells = []
    for share in (right[1], right[0], right[1], right[1]):
        noise = rng.standard_normal(common.shape)
        cells.append(np.sqrt(0.5) * (common + noise) + stats.norm.ppf(share))
    # Cells are source-major: (a, a), (a, b), (b, a), (b, b); T is read at (a, b).
    return np.array(cells, np.float32)


# Means over few units.


def of_few(units: int, draw: Callable[..., np.ndarray], truth: float) -> Simulation:
    """The mean of few values, as cosines of concepts or angles of languages."""

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        values = draw(rng, (units, replicates))
        return held(*mean_interval(values), truth)

    return simulate


def cosines(rng: Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Values as skewed as cosines of concepts are; their mean is 0.6."""
    return rng.beta(6, 4, shape)


def normal(rng: Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Values without skew; their mean is 0."""
    return rng.standard_normal(shape)


def similar(concepts: int) -> Simulation:
    """A mean cosine over concepts."""

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        values = cosines(rng, (concepts, replicates, 1))
        low, high = similarity.interval_over_concepts(values)
        return held(low, high, 0.6)[:, 0]

    return simulate


# Shares of words, prompts and items.


def words_found(words: int, share: float) -> Simulation:
    """P@k of one language."""

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        hits = rng.random((replicates, words)) < share
        return held(*alignment.spread(hits), share)

    return simulate


def translations_found(sentences: int, share: float) -> Simulation:
    """A share of sentences at one layer."""

    def once(rng: Generator) -> bool:
        hits = (rng.random(sentences) < share).astype(float)
        return bool(held(*retrieval.spread(hits), share))

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        return np.array([once(rng) for _ in range(replicates)])

    return simulate


def mexa_over_layers(sentences: int, share: float, layers: int) -> Simulation:
    """MEXA's mean over layers; a sentence that is hard is so at all of them."""

    def once(rng: Generator) -> bool:
        ease = rng.beta(4 * share, 4 * (1 - share), sentences)
        hits = rng.random((layers, sentences)) < ease
        return bool(held(*retrieval.spread_of_means(hits.mean(0)), share))

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        return np.array([once(rng) for _ in range(replicates)])

    return simulate


def gain_by_a_map(languages: int, gain: float) -> Simulation:
    """Gain of P@1 from before to after a map; languages differ, and so do their gains."""

    def once(rng: Generator) -> bool:
        before = rng.uniform(0.2, 0.5, languages)
        after = before + rng.normal(gain, 0.1, languages)
        stages = ("stage", "language")
        table = xr.Dataset(
            {
                "precision": (stages, np.array([before, after])),
                "low": (stages, np.zeros((2, languages))),
            },
            {"stage": ["before", "after"]},
        )
        table["chance"] = ("language", np.zeros(languages))
        low, high = on_words.read(table, "en").gain
        return bool(held(np.array(low), np.array(high), 100 * gain))

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        return np.array([once(rng) for _ in range(replicates)])

    return simulate


def words_found_in_the_mean(words: int, share: float, languages: int) -> Simulation:
    """Mean P@1 over languages; a word that is hard is so in all of them."""

    def once(rng: Generator) -> bool:
        ease = rng.beta(4 * share, 4 * (1 - share), words)
        hits = rng.random((languages, words)) < ease
        found = alignment.mean_over_languages(list(hits.astype(float)))
        return bool(held(np.array(found.low), np.array(found.high), share))

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        return np.array([once(rng) for _ in range(replicates)])

    return simulate


def judged(origins: int, size: int, share: float) -> Simulation:
    """A rate over prompts, several of one origin."""

    def once(rng: Generator) -> bool:
        latent = margins_of(rng, 1, 1, origins, share, size)[0, 0]
        names = [str(origin) for origin in sources_of(origins, size)]
        found = surfaces.bounded((latent > 0).astype(float), names, rate=True)
        return bool(found["low"] <= share <= found["high"])

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        return np.array([once(rng) for _ in range(replicates)])

    return simulate


def log_odds(origins: int) -> Simulation:
    """Mean log-odds over prompts."""

    def once(rng: Generator) -> bool:
        names = [str(origin) for origin in range(origins)]
        values = rng.standard_normal(origins)
        found = surfaces.bounded(values, names, rate=False)
        return bool(found["low"] <= 0 <= found["high"])

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        return np.array([once(rng) for _ in range(replicates)])

    return simulate


def gap(prompts: int, own: float, shared: float) -> Simulation:
    """Own minus shared rate in Control."""

    def once(rng: Generator) -> bool:
        rows = []
        names = [str(prompt) for prompt in range(prompts)]
        for vector, share in (("own", own), ("shared", shared)):
            right = (rng.random(prompts) < share).astype(float)
            told = surfaces.bounded(right, names, rate=True)
            rows.append({"language": "fr", "vector": vector} | told)
        found = surfaces.gaps(pd.DataFrame(rows), "en").iloc[0]
        return bool(found["low"] <= own - shared <= found["high"])

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        return np.array([once(rng) for _ in range(replicates)])

    return simulate


def crosses(items: int, share: float) -> Simulation:
    """Crosses of the plane, one language."""

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        right = (rng.random((replicates, items)) < share).astype(float)
        counts = np.full(replicates, items)
        return held(*localisation.share_bounds(right, counts), share)

    return simulate


def plane_effect(items: int, before: float, after: float) -> Simulation:
    """A change on the plane, mean over four languages."""

    def once(rng: Generator) -> bool:
        ease = rng.random((1, items))
        first = 0.5 * ease + 0.5 * rng.random((4, items)) < triangular(before)
        second = 0.5 * ease + 0.5 * rng.random((4, items)) < triangular(after)
        change = second.astype(float) - first
        low, high = localisation.change_bounds(change)
        return bool(held(low, high, after - before))

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        return np.array([once(rng) for _ in range(replicates)])

    return simulate


def triangular(share: float) -> float:
    """Below which value this share of means of two uniform numbers lies."""
    return float(stats.triang.ppf(share, 0.5))


def compared_words(words: int, first: float, second: float) -> Simulation:
    """P@1 of two studies on the same words."""

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        one = (rng.random((words, replicates)) < first).astype(float)
        other = (rng.random((words, replicates)) < second).astype(float)
        return held(*compare.bounds_over_words(one - other), first - second)

    return simulate


def printed(n: int, share: float) -> Simulation:
    """A printed share of this many."""

    def once(rng: Generator) -> bool:
        low, high = wilson(float(rng.binomial(n, share)), n)
        return low <= share <= high

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        return np.array([once(rng) for _ in range(replicates)])

    return simulate


# Relationship of two matrices, and tests.


def symmetric(rng: Generator, size: int, places: np.ndarray) -> np.ndarray:
    """Distances between places on a line, with noise."""
    noise = rng.normal(0, 0.3, (size, size))
    return np.abs(places[:, None] - places[None]) + noise + noise.T


def mantel_p(size: int) -> Simulation:
    """Two matrices of languages that have nothing to do with one another."""

    def once(rng: Generator) -> bool:
        first = symmetric(rng, size, rng.standard_normal(size))
        second = symmetric(rng, size, rng.standard_normal(size))
        return statistics.mantel(first, second, permutations=99).p <= 0.05

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        return np.array([once(rng) for _ in range(replicates)])

    return simulate


def related(size: int) -> Simulation:
    """The correlation of two matrices of languages drawn from a population."""
    rng = np.random.default_rng(1)
    many = rng.standard_normal(400)
    truth = correlation_of(rng, many)

    def once(rng: Generator) -> bool:
        places = rng.standard_normal(size)
        first, second = symmetric(rng, size, places), symmetric(rng, size, places)
        low, high = statistics.node_interval(first, second, replicates=199)
        return bool(low <= truth <= high)

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        return np.array([once(rng) for _ in range(replicates)])

    return simulate


def correlation_of(rng: Generator, places: np.ndarray) -> float:
    """The correlation that very many languages would have."""
    size = len(places)
    first, second = symmetric(rng, size, places), symmetric(rng, size, places)
    above = np.triu_indices(size, 1)
    return statistics.correlate(first[above], second[above])


def chance_called_recognised(convention: Convention, size: int) -> Simulation:
    """Recognition without any concept."""

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        margins = margins_of(rng, replicates, 4, 24, 0.5, size)
        clusters = sources_of(24, size)
        measured = accuracy.measure_accuracy(margins, clusters, convention)
        return accuracy.significance(measured).p <= 0.05

    return simulate


def chance_called_carried(rng: Generator, replicates: int) -> np.ndarray:
    """Transfer of vectors that know nothing, three concepts."""
    found = []
    for _ in range(max(1, replicates // 4)):
        measured = []
        for seed in range(3):
            cells = margins_of(rng, 4, 1, 24, 0.5)
            clusters = sources_of(24)
            measured.append(accuracy.measure_accuracy(cells, clusters, FIXED, seed))
        found.append(transfer.mean_transfer(measured, 2)["p"].ravel() <= 0.05)
    return np.concatenate(found)


# Pairs that are all held out in turn, fold by fold.


class Planted(NamedTuple):
    """Differences (layer, pair, hidden) of pairs in memory."""

    values: np.ndarray


def folded_cell(
    rng: Generator, sources: int, gap: float, convention: Convention
) -> Measured:
    """Accuracy of vectors of folds on pairs that differ by ``gap`` in one direction.

    Six layers share 90 % of their variance.
    """
    common = rng.standard_normal((1, sources, 16))
    own = rng.standard_normal((6, sources, 16))
    values = np.sqrt(0.9) * common + np.sqrt(0.1) * own
    values[..., 0] += gap
    values = values.astype(np.float32)
    dealt = folded.Dealt(np.arange(sources) % 5, np.arange(sources), 5)
    weights = np.full(sources, 1 / sources)
    seed = int(rng.integers(2**31))
    columns = folded.column_weights(weights, range(sources), seed, "planted")
    vectors = folded.linear_vectors(values, dealt, weights)
    kept = folded.Language(Planted(values), dealt, vectors, columns)
    judged = folded.judge(kept, kept, np.arange(sources) % 2 == 0)
    margins = folded.fold_margins(values, dealt, vectors)
    known = accuracy.Folded(
        tuple(dealt.folds.tolist()), judged.inner[None], judged.spread[None]
    )
    return accuracy.measure_accuracy(
        margins[None], sources_of(sources), convention, folded=known
    )


def in_folds(sources: int, gap: float) -> Simulation:
    """Accuracy in folds; the truth is the mean over what is planted anew."""

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        tried = [folded_cell(rng, sources, gap, HONEST) for _ in range(replicates)]
        truth = float(np.mean([each.accuracy for each in tried]))
        ends = [accuracy.bounds(each) for each in tried]
        low = np.array([each.low[0] for each in ends])
        high = np.array([each.high[0] for each in ends])
        return held(low, high, truth)

    return simulate


def chance_called_recognised_in_folds(convention: Convention) -> Simulation:
    """Recognition in folds without any concept."""

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        found = []
        for _ in range(replicates):
            measured = folded_cell(rng, 24, 0.0, convention)
            found.append(accuracy.significance(measured).p[0] <= 0.05)
        return np.array(found)

    return simulate


# Vectors beside others that have nothing to do with the concept.


@dataclass(frozen=True)
class Beside:
    """A vector tried on pairs that differ by ``gap`` in one direction.

    ``vector`` is a random direction, that of training pairs without a concept
    (“shuffled”), or that of training pairs with the very concept (“shared”). Noise along
    the first axis is ``spread`` times as large. Neighbouring layers share 90 %.
    """

    vector: str
    hidden: int
    gap: float = 2.0
    sources: int = 24
    training: int = 40
    layers: int = 1
    spread: float = 1.0
    convention: Convention = FIXED


def differences_of(rng: Generator, case: Beside, pairs: int, gap: float) -> np.ndarray:
    """Differences (layer, pair, hidden) of pairs; the concept is the second axis."""
    common = rng.standard_normal((1, pairs, case.hidden))
    own = rng.standard_normal((case.layers, pairs, case.hidden))
    found = np.sqrt(0.9) * common + np.sqrt(0.1) * own
    found[..., 0] *= case.spread
    found[..., 1] += gap
    return found


class Tried(NamedTuple):
    """One vector's accuracy, and what unrelated vectors reach."""

    measured: Measured
    reached: Mapping[str, np.ndarray]


def tried_beside(rng: Generator, case: Beside, concept: str) -> Tried:
    """One vector's accuracy, and what unrelated vectors reach on the same pairs."""
    held_out = differences_of(rng, case, case.sources, case.gap)
    gap = case.gap if case.vector == "shared" else 0.0
    training = differences_of(rng, case, case.training, gap)
    one = rng.standard_normal((1, case.hidden))
    vector = np.broadcast_to(one, (case.layers, case.hidden))
    if case.vector != "random":
        vector = training.mean(1)
    seed = int(rng.integers(2**31))
    weights = shuffling_weights(range(case.training), seed, concept)
    weights = weights[:, : case.training]
    directions = {
        unrelated.RANDOM: random_directions(seed, concept, case.hidden)[None],
        unrelated.SHUFFLED: np.einsum("kp,lph->lkh", weights, training),
    }
    clusters = sources_of(case.sources)
    first = accuracy.in_first_half(clusters)
    counts = {}
    for kind, drawn in directions.items():
        drawn = np.broadcast_to(drawn, (case.layers, *drawn.shape[1:]))
        sign = np.sign(np.einsum("lph,lkh->plk", held_out, drawn))
        counts[kind] = np.stack([sign[first].sum(0), sign[~first].sum(0)])[None]
    margins = np.einsum("lph,lh->lp", held_out, vector)[None].astype(np.float32)
    measured = accuracy.measure_accuracy(margins, clusters, case.convention)
    cells = unrelated.Cells(counts, margins, clusters)
    return Tried(measured, unrelated.reached(cells, measured, case.convention))


def beside_unrelated(case: Beside, concepts: int = 1) -> Simulation:
    """Is a vector called better than unrelated ones? Mean over concepts."""

    def once(rng: Generator) -> bool:
        tried = [tried_beside(rng, case, str(place)) for place in range(concepts)]
        mean = np.mean([each.measured.accuracy for each in tried], axis=0)
        found = unrelated.mean_over_concepts([each.reached for each in tried])
        return bool(unrelated.unrelated_p(mean, found)[0] <= 0.05)

    def simulate(rng: Generator, replicates: int) -> np.ndarray:
        return np.array([once(rng) for _ in range(replicates)])

    return simulate


def arithmetic_called_a_start(rng: Generator, replicates: int) -> np.ndarray:
    """T that follows the starting gap by arithmetic alone."""
    found = []
    for seed in range(replicates):
        start = rng.normal(80, 5, 8)
        accuracies = rng.normal(80, 3, (8, 8)) + rng.normal(0, 4, (8, 1))
        p = triangle.source_p(accuracies - start[None], start, 99, seed)
        found.append(p <= 0.05)
    return np.array(found)


def order_called_a_side(rng: Generator, replicates: int) -> np.ndarray:
    """Transfer that knows no order of languages."""
    codes = list("abcdefgh")
    found = []
    for seed in range(replicates):
        values = rng.standard_normal((8, 8)) + rng.standard_normal((8, 1))
        matrix = xr.DataArray(values, {"source": codes, "target": codes})
        found.append(triangle.asymmetry(matrix, codes, 99, seed).p <= 0.05)
    return np.array(found)


WILSON_UNITS = "Wilson, effective n"
PAIRED = "Bonett-Price, effective n"
STUDENT = "Student's t"
PERMUTED = "permutation"
SOURCES = "sources of held-out pairs"
ENTRIES = (
    Entry(
        "accuracy of a cell (Recognition, Transfer)",
        WILSON_UNITS,
        SOURCES,
        "Wilson 1927; Korn and Graubard 1998",
        ("concepts.accuracy.bounds",),
        (
            Case("20 pairs, .70", recognised(20, 0.7)),
            Case("20 pairs, .95", recognised(20, 0.95)),
            Case("60 pairs, .99", recognised(60, 0.99)),
            Case("150 pairs, .70", recognised(150, 0.7)),
            Case("30 sources of 4, .80", recognised(30, 0.8, 4)),
            Case("8 sources of 4, .80", recognised(8, 0.8, 4), small=True),
            Case("60 pairs, cross-fitted, .70", cross_fitted(60, 0.7)),
            Case("24 pairs, cross-fitted, .80", cross_fitted(24, 0.8)),
            Case("40 pairs, best of 6 layers, .70", largest(40, 0.7, 6)),
            Case("64 pairs in 5 folds, cross-fitted, .68", in_folds(64, 0.6)),
            Case("64 pairs in 5 folds, cross-fitted, .50", in_folds(64, 0.0)),
        ),
    ),
    Entry(
        "mean accuracy over concepts (Recognition, curves of Transfer)",
        WILSON_UNITS,
        SOURCES,
        "Wilson 1927; Korn and Graubard 1998",
        ("concepts.recognition.mean_bounds", "concepts.transfer.curves_of_pair"),
        (
            Case("3 concepts of 24 pairs", mean_recognised(24, (0.6, 0.8, 0.9))),
            Case("3 concepts of 20 pairs, .95", mean_recognised(20, (0.95,) * 3)),
        ),
    ),
    Entry(
        "transferability T (Transfer)",
        PAIRED,
        SOURCES,
        "Bonett and Price 2012",
        ("concepts.transfer.transfer_bounds",),
        (
            Case(
                "1 concept of 20 pairs, .97 and .99", transferred(20, (0.97, 0.99), 1)
            ),
            Case("3 concepts of 24 pairs, .70 and .80", transferred(24, (0.7, 0.8), 3)),
            Case("3 × 24 pairs, T = 0", transferred(24, (0.8, 0.8), 3)),
            Case("20 sources of 3", transferred(20, (0.7, 0.85), 1, 3)),
        ),
    ),
    Entry(
        "mean cosine over concepts (Similarity)",
        STUDENT,
        "concepts",
        "Student 1908",
        ("concepts.similarity.interval_over_concepts",),
        (
            Case("3 concepts", similar(3), small=True),
            Case("7 concepts", similar(7), small=True),
        ),
    ),
    Entry(
        "means over few units (Layers, printed recognition, comparison of studies)",
        STUDENT,
        "languages or concepts",
        "Student 1908",
        (
            "questions.geometry.mean_angle",
            "concepts.recognition.printed_recognition",
            "overview.compare.of_pairs",
        ),
        (
            Case("3 languages", of_few(3, normal, 0), small=True),
            Case("8 languages", of_few(8, normal, 0), small=True),
            Case("7 concepts, skewed", of_few(7, cosines, 0.6), small=True),
        ),
    ),
    Entry(
        "P@k of a language (Alignment)",
        WILSON_UNITS,
        "test words",
        "Wilson 1927",
        ("words.alignment.spread",),
        (
            Case("68 words, .999", words_found(68, 0.999)),
            Case("68 words, .30", words_found(68, 0.3)),
            Case("68 words, .05", words_found(68, 0.05)),
        ),
    ),
    Entry(
        "mean P@1 over languages (Alignment)",
        WILSON_UNITS,
        "test words, whole",
        "Wilson 1927; Korn and Graubard 1998",
        ("words.alignment.mean_over_languages",),
        (Case("68 words, 8 languages", words_found_in_the_mean(68, 0.4, 8)),),
    ),
    Entry(
        "gain of P@1 by a map, over languages (Overview)",
        STUDENT,
        "languages",
        "Student 1908",
        ("overview.on_words.read",),
        (
            Case("19 languages", gain_by_a_map(19, 0.1)),
            Case("8 languages", gain_by_a_map(8, 0.1)),
        ),
    ),
    Entry(
        "translations found, MEXA at a layer (Alignment)",
        WILSON_UNITS,
        "sentences",
        "Wilson 1927",
        ("sentences.retrieval.spread",),
        (
            Case("100 sentences, .70", translations_found(100, 0.7)),
            Case("100 sentences, .03", translations_found(100, 0.03)),
        ),
    ),
    Entry(
        "MEXA, mean over layers (Alignment)",
        STUDENT,
        "sentences",
        "Student 1908",
        ("sentences.retrieval.spread_of_means",),
        (Case("100 sentences, 18 layers", mexa_over_layers(100, 0.4, 18)),),
    ),
    Entry(
        "rates and log-odds (Control)",
        f"{WILSON_UNITS}; {STUDENT}",
        "origins of prompts",
        "Wilson 1927; Student 1908",
        ("control.surfaces.bounded",),
        (
            Case("20 prompts, .80", judged(20, 1, 0.8)),
            Case("10 origins of 2, .70", judged(10, 2, 0.7), small=True),
            Case("log-odds, 4 prompts", log_odds(4), small=True),
            Case("log-odds, 8 prompts", log_odds(8), small=True),
        ),
    ),
    Entry(
        "own minus shared (Control)",
        "Newcombe's rule",
        "prompts",
        "Newcombe 1998",
        (),
        (Case("25 prompts, .90 and .70", gap(25, 0.9, 0.7)),),
    ),
    Entry(
        "crosses (Plane)",
        WILSON_UNITS,
        "items",
        "Wilson 1927",
        ("plane.localisation.share_bounds",),
        (
            Case("5 items, .90", crosses(5, 0.9), small=True),
            Case("30 items, .50", crosses(30, 0.5)),
        ),
    ),
    Entry(
        "gain and erasure (Plane)",
        PAIRED,
        "items, whole",
        "Bonett and Price 2012",
        ("plane.localisation.change_bounds",),
        (
            Case("11 items, no change", plane_effect(11, 0.5, 0.5), small=True),
            Case("40 items, .50 to .65", plane_effect(40, 0.5, 0.65)),
        ),
    ),
    Entry(
        "difference of P@1 of two studies (Studies)",
        PAIRED,
        "test words",
        "Bonett and Price 2012",
        ("overview.compare.bounds_over_words",),
        (Case("60 words, .60 and .40", compared_words(60, 0.6, 0.4)),),
    ),
    Entry(
        "printed shares (Alignment, Control)",
        "Wilson",
        "words or prompts",
        "Wilson 1927",
        (
            "words.published.wilson_intervals",
            "demo.evaluate.figures_of",
            "components.figures.control.with_intervals",
            "components.views.comparing.vote_shares",
        ),
        (Case("100 prompts, .85", printed(100, 0.85)),),
    ),
    Entry(
        "correlation with relatedness (Similarity)",
        "bootstrap over languages",
        "languages",
        "Efron 1979",
        ("concepts.relationship.relationship", "core.statistics.node_interval"),
        (Case("16 languages", related(16), small=True),),
    ),
    Entry(
        "Mantel p (Similarity)",
        PERMUTED,
        "languages",
        "Mantel 1967",
        ("concepts.relationship.relationship",),
        (Case("8 languages", mantel_p(8)),),
        test=True,
    ),
    Entry(
        "p of a cell (Recognition, Transfer)",
        "random swaps of members",
        SOURCES,
        "Pitman 1937",
        ("concepts.accuracy.significance",),
        (
            Case("24 pairs, cross-fitted", chance_called_recognised(HONEST, 1)),
            Case("24 pairs, best on test", chance_called_recognised(PAPER, 1)),
            Case("24 sources of 3, fixed", chance_called_recognised(FIXED, 3)),
            Case(
                "24 pairs in 5 folds, cross-fitted",
                chance_called_recognised_in_folds(HONEST),
            ),
            Case(
                "24 pairs in 5 folds, best on test",
                chance_called_recognised_in_folds(PAPER),
            ),
        ),
        test=True,
    ),
    Entry(
        "p of T (Transfer)",
        "random swaps of members",
        SOURCES,
        "Pitman 1937",
        ("concepts.transfer.against_null",),
        (Case("3 concepts of 24 pairs", chance_called_carried),),
        test=True,
    ),
    Entry(
        "p beside unrelated vectors (Recognition, Transfer)",
        "rank among random directions and shuffled labels",
        "vectors",
        "Barnard 1963",
        ("concepts.unrelated.unrelated_p",),
        (
            Case("random, 16 dimensions", beside_unrelated(Beside("random", 16))),
            Case("random, 512 dimensions", beside_unrelated(Beside("random", 512))),
            Case(
                "random, cross-fitted over 6 layers",
                beside_unrelated(
                    Beside("random", 16, layers=6, convention=HONEST, sources=60)
                ),
            ),
            Case(
                "random, best of 6 layers",
                beside_unrelated(Beside("random", 16, layers=6, convention=PAPER)),
            ),
            Case(
                "no concept in 12 training sources",
                beside_unrelated(Beside("shuffled", 64, training=12, spread=6.0)),
            ),
            Case(
                "no concept in 40 training sources",
                beside_unrelated(Beside("shuffled", 64, training=40, spread=6.0)),
            ),
            Case(
                "random, 3 concepts, cross-fitted",
                beside_unrelated(Beside("random", 16, layers=3, convention=HONEST), 3),
            ),
        ),
        test=True,
    ),
    Entry(
        "p of the starting gap (Transfer)",
        "sources permuted within targets",
        "languages",
        "Pitman 1937",
        ("concepts.triangle.source_p",),
        (Case("8 languages, arithmetic alone", arithmetic_called_a_start),),
        test=True,
    ),
    Entry(
        "p of the asymmetry (Transfer)",
        PERMUTED,
        "languages",
        "Pitman 1937",
        ("concepts.triangle.asymmetry",),
        (Case("8 languages", order_called_a_side),),
        test=True,
    ),
)


def shares(entry: Entry, replicates: int) -> list[float]:
    """Share of replicates that held the truth, or that were false findings, by case."""
    found = []
    for place, case in enumerate(entry.cases):
        rng = np.random.default_rng(place)
        found.append(float(case.simulate(rng, replicates).mean()))
    return found


def table(replicates: int) -> list[str]:
    """The registry with what was measured, as lines of Markdown."""
    lines = [
        "| what | method | units | tried on | holds, or finds falsely | reference |",
        "|---|---|---|---|---|---|",
    ]
    for entry in ENTRIES:
        for case, share in zip(entry.cases, shares(entry, replicates)):
            aim = "≤ .05" if entry.test else "95 %"
            number = f"{share:.3f}" if entry.test else f"{100 * share:.1f} %"
            lines.append(
                f"| {entry.what} | {entry.method} | {entry.units} | {case.words} "
                f"| {number} ({aim}) | {entry.reference} |"
            )
            print(lines[-1], flush=True)
    return lines


def write(lines: list[str]) -> None:
    """Put the table between its marks in the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    body = "\n".join((BEGIN, "", *lines, "", END))
    DOCUMENT.write_text(before + body + after, encoding="utf-8")


def main() -> None:
    """Print the table, and write it if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--write", action="store_true", help=f"into {DOCUMENT.name}")
    options = parser.parse_args()
    lines = table(options.replicates)
    if options.write:
        write(lines)


if __name__ == "__main__":
    main()
