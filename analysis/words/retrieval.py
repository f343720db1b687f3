"""Finding each word's translation among many: scores, ranks and precision.

Kernels over plain arrays, computed in blocks. Every criterion is ``scale · cosine − row
− column``: it differs from the plain cosine by what it takes from each word of the other
language, so that words which are close to everything (hubs) stop being everyone's
nearest neighbour.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy  # its parts are read at first use

from analysis.core.errors import unknown

BLOCK = 1024
"""Source words at a time."""
KEPT_BYTES = 512 * 2**20
"""A matrix of cosines up to this size is kept between the two passes.

A larger one is computed twice.
"""


@dataclass(frozen=True)
class Criterion:
    """How candidates are compared.

    A name of CRITERIA, neighbours for CSLS, inverse temperature for the inverted
    softmax.
    """

    name: str = "CSLS"
    n_neighbors: int = 10
    temperature: float = 30.0


@dataclass(frozen=True)
class Scale:
    """Score of source word i and target word j: scale · cosine − row[i] − column[j]."""

    scale: float
    row: np.ndarray
    column: np.ndarray


class Block(NamedTuple):
    """Cosines of some source words (word, target word), the first of which is start."""

    start: int
    cosines: np.ndarray


class Cosines:
    """Cosines of all source words (word, hidden) with all target words, in blocks.

    A word of zeros has cosine 0.
    """

    def __init__(self, source: np.ndarray, target: np.ndarray) -> None:
        self.source, self.target = source, target
        self.source_lengths = lengths_of(source)
        self.target_lengths = lengths_of(target)
        self.shape = len(source), len(target)
        self.kept: np.ndarray | None = None

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Cosines of some source words (word, target word)."""
        if self.kept is not None:
            return self.kept[start:stop]
        lengths = self.source_lengths[start:stop, None]
        directions = self.source[start:stop] / lengths
        block = directions @ self.target.T
        block /= self.target_lengths
        return block

    def blocks(self) -> Iterator[Block]:
        """All cosines; they are kept when they are few enough."""
        whole = None
        if self.kept is None and self.fits:
            whole = np.empty(self.shape, self.dtype)
        for start in range(0, self.shape[0], BLOCK):
            block = self.rows(start, start + BLOCK)
            if whole is not None:
                whole[start : start + BLOCK] = block
            yield Block(start, block)
        if whole is not None:
            self.kept = whole

    @property
    def dtype(self) -> np.dtype:
        """Precision of the cosines."""
        return np.result_type(self.source, self.target)

    @property
    def fits(self) -> bool:
        """Whether all cosines together are small enough to be kept."""
        source_words, target_words = self.shape
        size = source_words * target_words * self.dtype.itemsize
        return size <= KEPT_BYTES


def lengths_of(states: np.ndarray) -> np.ndarray:
    """Length of every state (word, hidden); 1 for a state of zeros."""
    lengths = np.linalg.norm(states, axis=1)
    return np.where(lengths > 0, lengths, 1)


def largest_of_rows(values: np.ndarray, k: int) -> np.ndarray:
    """The k largest of each row, in no order; all where there are fewer."""
    columns = values.shape[1]
    first = columns - min(k, columns)
    return np.partition(values, first, axis=1)[:, first:]


def largest_of_columns(values: np.ndarray, k: int) -> np.ndarray:
    """The k largest of each column, in no order; all where there are fewer."""
    return largest_of_rows(values.T, k).T


def plain(cosines: Cosines, criterion: Criterion) -> Scale:
    """Nearest neighbour by cosine."""
    source_words, target_words = cosines.shape
    return Scale(1.0, np.zeros(source_words), np.zeros(target_words))


def csls(cosines: Cosines, criterion: Criterion) -> Scale:
    """2 cos(a, b) − r(a) − r(b) (Lample et al. 2018).

    r is the mean cosine to the nearest ``n_neighbors`` words of the other language.
    With fewer words than neighbours all of them are taken.
    """
    k = criterion.n_neighbors
    rows = []
    # The largest cosines of each target word, among the blocks so far.
    nearest = np.empty((0, cosines.shape[1]))
    for start, block in cosines.blocks():
        rows.append(largest_of_rows(block, k).mean(1))
        best = largest_of_columns(block, k)
        if start > 0:
            both = np.concatenate([nearest, best])
            best = largest_of_columns(both, k)
        nearest = best
    return Scale(2.0, np.concatenate(rows), nearest.mean(0))


def inverted_softmax(cosines: Cosines, criterion: Criterion) -> Scale:
    """log of exp(β cos) over its sum over all source words (Smith et al. 2017).

    β is the inverse temperature.
    """
    source_words, target_words = cosines.shape
    column = np.empty(target_words)
    for start, block in cosines.blocks():
        scores = criterion.temperature * block
        of_block = np.asarray(scipy.special.logsumexp(scores, axis=0))
        column = of_block if start == 0 else np.logaddexp(column, of_block)
    return Scale(criterion.temperature, np.zeros(source_words), column)


CRITERIA: dict[str, Callable[[Cosines, Criterion], Scale]] = {
    "CSLS": csls,
    "cosine": plain,
    "inverted softmax": inverted_softmax,
}


@dataclass(frozen=True)
class Ranks:
    """Where each query's right answer stands.

    ``better`` candidates score higher, ``tied`` ones the same; both (query). ``pool``
    is the number of candidates.
    """

    better: np.ndarray
    tied: np.ndarray
    pool: int

    def hits(self, k: int) -> np.ndarray:
        """Whether the right answer is among the first k: (query).

        Where candidates are tied, the share of their orders in which it is.
        """
        places = k - self.better
        return np.clip(places / (self.tied + 1), 0, 1)

    @property
    def rank(self) -> np.ndarray:
        """Rank of the right answer, 1 best; the middle of its ties: (query)."""
        return self.better + 1 + self.tied / 2

    def chance(self, k: int) -> float:
        """P@k of guessing."""
        if not self.pool:
            return float("nan")
        return min(1.0, k / self.pool)


class Standing(NamedTuple):
    """How many candidates score higher than the right answer, and the same: (query)."""

    better: np.ndarray
    tied: np.ndarray


class Comparison(NamedTuple):
    """Cosines, and how a criterion makes scores of them."""

    cosines: Cosines
    scale: Scale


def compare(
    source: np.ndarray,
    target: np.ndarray,
    criterion: Criterion,
) -> Comparison:
    """Cosines and the criterion's scale; SpecError for a criterion not in CRITERIA."""
    if criterion.name not in CRITERIA:
        raise unknown("criterion", criterion.name, CRITERIA)
    cosines = Cosines(source, target)
    scale = CRITERIA[criterion.name](cosines, criterion)
    return Comparison(cosines, scale)


def scores(
    source: np.ndarray,
    target: np.ndarray,
    criterion: Criterion = Criterion(),
) -> np.ndarray:
    """All scores (source word, target word) of a criterion.

    For pools that fit into memory.
    """
    cosines, scale = compare(source, target, criterion)
    every = scale.scale * cosines.rows(0, cosines.shape[0])
    return every - scale.row[:, None] - scale.column


def rank(
    source: np.ndarray,
    target: np.ndarray,
    pairs: np.ndarray,
    criterion: Criterion = Criterion(),
    spelling: np.ndarray | None = None,
) -> Ranks:
    """Ranks of the right answers of queries.

    ``pairs`` (query, 2) are indices into the source and the target pool. Words of the
    target pool with the right answer's number in ``spelling`` are right too: none of
    them stands before it. Wrong words count one by one. Candidates whose vectors or
    scores are exactly equal are tied. SpecError for a criterion that is not in CRITERIA.
    """
    pairs = np.asarray(pairs)
    cosines, scale = compare(source, target, criterion)
    twin = twins(target)
    better = np.zeros(len(pairs), np.int64)
    tied = np.zeros(len(pairs), np.int64)
    order = np.argsort(pairs[:, 0], kind="stable")
    for start in range(0, len(order), BLOCK):
        chosen = order[start : start + BLOCK]
        rows, right = pairs[chosen].T
        # What a criterion takes from the source word is the same for all candidates.
        score = scale.scale * picked(cosines, rows) - scale.column
        standing = standing_of(right, score, twin, spelling)
        better[chosen] = standing.better
        tied[chosen] = standing.tied
    return Ranks(better, tied, len(target))


def standing_of(
    right: np.ndarray,
    score: np.ndarray,
    twin: np.ndarray | None,
    spelling: np.ndarray | None,
) -> Standing:
    """Candidates (query) that stand before the right answer or beside it.

    ``right`` (query) are the answers' places among the candidates, ``score`` (query,
    candidate); ``twin`` and ``spelling`` (candidate) number equal vectors and spellings.
    """
    place = right[:, None]
    own = np.take_along_axis(score, place, 1)
    above = score > own
    equal = score == own
    if twin is not None:
        alike = twin == twin[place]
        above &= ~alike
        equal |= alike
    if spelling is not None:
        wrong = spelling != spelling[place]
        above &= wrong
        equal &= wrong
    np.put_along_axis(equal, place, False, 1)
    return Standing(above.sum(1), equal.sum(1))


def picked(cosines: Cosines, rows: np.ndarray) -> np.ndarray:
    """Cosines of these source words; a run of neighbours needs no copy."""
    if (np.diff(rows) == 1).all():
        return cosines.rows(rows[0], rows[-1] + 1)
    if cosines.kept is not None:
        return cosines.kept[rows]
    part = Cosines(cosines.source[rows], cosines.target)
    return part.rows(0, len(rows))


def twins(states: np.ndarray) -> np.ndarray | None:
    """A number for every distinct vector (word); None when no two are the same.

    Equal vectors need not get equal products: how these are rounded depends on their
    place in the block.
    """
    first_numbers = np.unique(states[:, 0])
    if len(first_numbers) == len(states):
        return None
    numbers: dict[bytes, int] = {}
    found = []
    for row in np.ascontiguousarray(states):
        digest = hashlib.blake2b(row, digest_size=16).digest()
        found.append(numbers.setdefault(digest, len(numbers)))
    if len(numbers) == len(states):
        return None
    return np.array(found)
