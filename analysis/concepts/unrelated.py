"""Is a vector better than one that has nothing to do with the concept?

On pairs that all differ strongly in one direction, any direction ranks most of them
alike, rightly or wrongly: better than chance is then not better than an unrelated
vector. Bands and tests of accuracies against what unrelated vectors reach on the very
same pairs, under the same convention. Held-out pairs stand; what is drawn is the vector.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.concepts.accuracy import (
    Measured,
    in_first_half,
    share,
    where_largest,
)
from analysis.concepts.specs import Convention
from analysis.core.intervals import Interval
from analysis.core.statistics import benjamini_hochberg, interval, permutation_p
from analysis.study.study import Study

RANDOM, SHUFFLED = "random", "shuffled"
KINDS = (RANDOM, SHUFFLED)
ARRAYS = {RANDOM: "random_surplus", SHUFFLED: "shuffled_surplus"}
"""Kind of unrelated vector → the array that counts what it does."""
TURNS = 5
"""Pairings of the concepts' draws; see ``mean_over_concepts``."""


@dataclass(frozen=True)
class Cells:
    """The cells of one concept: counts (cell, half, layer, draw) by kind, and margins.

    ``margins`` (cell, layer, pair) are those of the concept's own vectors, whose ties no
    vector could break.
    """

    counts: Mapping[str, np.ndarray]
    margins: np.ndarray
    clusters: tuple[int, ...]


def has_bands(study: Study) -> bool:
    """Whether a study keeps what unrelated vectors do."""
    return all(study.has(array) for array in ARRAYS.values())


def counts_of(study: Study, concept: str) -> dict[str, np.ndarray]:
    """Counts (source, target, half, layer, draw) of a concept by kind."""
    place = study.concepts.index(concept)
    languages = len(study.languages)
    random = study.array(ARRAYS[RANDOM]).values[place]
    return {
        RANDOM: np.broadcast_to(random, (languages, *random.shape)),
        SHUFFLED: study.array(ARRAYS[SHUFFLED]).values[place],
    }


def own_counts(counts: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Counts (language, half, layer, draw) of vectors on their own language's pairs."""
    found = {}
    for kind, values in counts.items():
        languages = np.arange(len(values))
        found[kind] = values[languages, languages]
    return found


def crossed_counts(counts: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Counts (cell, half, layer, draw) of every source on every target, source-major."""
    found = {}
    for kind, values in counts.items():
        found[kind] = values.reshape(-1, *values.shape[2:])
    return found


def reached(
    cells: Cells, measured: Measured, convention: Convention
) -> dict[str, np.ndarray]:
    """Accuracies (cell, draw) that unrelated vectors of each kind reach.

    A share of held-out pairs; layers are chosen for each of them as for the vector.
    NaN for a cell without pairs, and where nothing could be shuffled.
    """
    credit = tied_credit(cells, convention.ties)
    found = {}
    for kind, counts in cells.counts.items():
        counts = counts.astype(np.float32)
        drawn = counts.any((1, 2, 3))
        either_way = np.concatenate([counts, -counts], -1)
        surplus = judged(either_way + credit[..., None], convention)
        accuracy = share(surplus, measured.pairs[:, None])
        there = drawn & np.isfinite(measured.accuracy)
        found[kind] = np.where(there[:, None], accuracy, np.nan)
    return found


def tied_credit(cells: Cells, ties: str) -> np.ndarray:
    """Pairs (cell, half, layer) that count as right because the two members are tied."""
    halves, layers = 2, cells.margins.shape[1]
    credit = np.zeros((len(cells.margins), halves, layers), np.float32)
    if ties == "right":
        tied = cells.margins == 0
        tied &= ~np.isnan(cells.margins).any(1, keepdims=True)
        first = in_first_half(cells.clusters)
        credit[:, 0] = tied[..., first].sum(-1)
        credit[:, 1] = tied[..., ~first].sum(-1)
    return credit


def judged(surplus: np.ndarray, convention: Convention) -> np.ndarray:
    """Surplus (cell, draw) out of that by half and layer (cell, half, layer, draw)."""
    first, second = surplus[:, 0], surplus[:, 1]
    if convention.layer == "fixed":
        return (first + second)[:, convention.index - 1]
    if convention.layer == "best on test":
        return (first + second).max(1)
    return where_largest(second, first) + where_largest(first, second)


def mean_over_concepts(
    by_concept: Sequence[Mapping[str, np.ndarray]],
) -> dict[str, np.ndarray]:
    """What the mean over concepts reaches (cell, draw), by kind.

    Concepts are drawn independently, so any pairing of their draws is a draw. A kind is
    unknown in a cell where it is for one of its concepts.
    """
    there = [np.isfinite(each[RANDOM][:, :1]) for each in by_concept]
    concepts = np.sum(there, axis=0)
    turns = TURNS if len(by_concept) > 1 else 1
    found = {}
    for kind in KINDS:
        totals = []
        for turn in range(turns):
            total = np.zeros(by_concept[0][kind].shape)
            for place, each in enumerate(by_concept):
                rolled = np.roll(each[kind], turn * place, -1)
                total += np.where(there[place], rolled, 0)
            totals.append(total)
        total = np.concatenate(totals, -1)
        mean = total / np.maximum(concepts, 1)
        found[kind] = np.where(concepts > 0, mean, np.nan)
    return found


def bands(reached: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Ends (cell) of the middle 95 % of what each kind reaches, by name."""
    found = {}
    for kind, values in reached.items():
        ends: Interval[np.ndarray] = interval(values)
        found[f"{kind}_low"] = ends.low
        found[f"{kind}_high"] = ends.high
    return found


def unrelated_p(accuracy: np.ndarray, reached: Mapping[str, np.ndarray]) -> np.ndarray:
    """One-sided p (cell): is an unrelated vector as good? The larger p of the kinds.

    NaN where no kind is known.
    """
    values = []
    for null in reached.values():
        p = permutation_p(accuracy, null)
        values.append(np.where(np.isnan(null).all(-1), np.nan, p))
    known = np.array(values)
    largest = np.where(np.isnan(known), -np.inf, known).max(0)
    return np.where(np.isfinite(largest), largest, np.nan)


def compared(
    accuracy: np.ndarray, reached: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Bands and test of some cells (cell,) by name, with p adjusted over all of them."""
    p = unrelated_p(accuracy, reached)
    return {
        **bands(reached),
        "p_unrelated": p,
        "q_unrelated": benjamini_hochberg(p),
    }
