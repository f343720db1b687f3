"""Finding each word's translation among many: scores, ranks and precision. Kernels over plain arrays, computed in blocks.

Every criterion is ``scale · cosine − row − column``: it differs from the plain cosine by what it takes from each word of the
other language, so that words which are close to everything (hubs) stop being everyone's nearest neighbour.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from analysis.core.errors import unknown

BLOCK = 1024
"""Source words at a time."""
KEPT_BYTES = 512 * 2**20
"""A matrix of cosines up to this size is kept between the two passes; a larger one is computed twice."""


@dataclass(frozen=True)
class Criterion:
    """How candidates are compared: a name of CRITERIA, neighbours for CSLS, inverse temperature for the inverted softmax."""

    name: str = "CSLS"
    n_neighbors: int = 10
    temperature: float = 30.0


@dataclass(frozen=True)
class Scale:
    """The score of source word i and target word j is ``scale · cosine − row[i] − column[j]``."""

    scale: float
    row: np.ndarray
    column: np.ndarray


class Cosines:
    """Cosines of all source words (word, hidden) with all target words, block by block; a word of zeros has cosine 0."""

    def __init__(self, source: np.ndarray, target: np.ndarray):
        self.source, self.target = source, target
        self.lengths = [
            np.where(n > 0, n, 1)
            for n in (np.linalg.norm(x, axis=1) for x in (source, target))
        ]
        self.shape = len(source), len(target)
        self.kept: np.ndarray | None = None

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Cosines of some source words (word, target word)."""
        if self.kept is not None:
            return self.kept[start:stop]
        block = (
            self.source[start:stop] / self.lengths[0][start:stop, None]
        ) @ self.target.T
        block /= self.lengths[1]
        return block

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Where each block begins, and its cosines; all are kept when they are few enough."""
        size = np.result_type(self.source, self.target)
        keep = (
            self.kept is None
            and self.shape[0] * self.shape[1] * size.itemsize <= KEPT_BYTES
        )
        whole = np.empty(self.shape, size) if keep else None
        for start in range(0, self.shape[0], BLOCK):
            block = self.rows(start, start + BLOCK)
            if whole is not None:
                whole[start : start + BLOCK] = block
            yield start, block
        self.kept = self.kept if whole is None else whole


def top(values: np.ndarray, k: int, axis: int) -> np.ndarray:
    """The k largest along an axis, in no order."""
    values = values if axis == 1 else values.T
    k = min(k, values.shape[1])
    found = np.partition(values, values.shape[1] - k, axis=1)[:, values.shape[1] - k :]
    return found if axis == 1 else found.T


def plain(cosines: Cosines, criterion: Criterion) -> Scale:
    """Nearest neighbour by cosine."""
    return Scale(1.0, np.zeros(cosines.shape[0]), np.zeros(cosines.shape[1]))


def csls(cosines: Cosines, criterion: Criterion) -> Scale:
    """2 cos(a, b) − r(a) − r(b), r the mean cosine to the nearest ``n_neighbors`` words of the other language (Lample et al. 2018).

    With fewer words than neighbours all of them are taken.
    """
    k, near, column = criterion.n_neighbors, [], None
    for _, block in cosines.blocks():
        near.append(top(block, k, 1).mean(1))
        best = top(block, k, 0)
        column = best if column is None else top(np.concatenate([column, best]), k, 0)
    return Scale(2.0, np.concatenate(near), column.mean(0))


def inverted_softmax(cosines: Cosines, criterion: Criterion) -> Scale:
    """log of exp(β cos) over its sum over all source words, β the inverse temperature (Smith et al. 2017)."""
    column = None
    for _, block in cosines.blocks():
        here = logsumexp(criterion.temperature * block, axis=0)
        column = here if column is None else np.logaddexp(column, here)
    return Scale(criterion.temperature, np.zeros(cosines.shape[0]), column)


CRITERIA: dict[str, Callable[[Cosines, Criterion], Scale]] = {
    "CSLS": csls,
    "cosine": plain,
    "inverted softmax": inverted_softmax,
}


@dataclass(frozen=True)
class Ranks:
    """Where each query's right answer stands: ``better`` candidates score higher, ``tied`` ones the same; both (query)."""

    better: np.ndarray
    tied: np.ndarray
    pool: int

    def hits(self, k: int) -> np.ndarray:
        """Share of the orders of tied candidates in which the right answer is among the first k: (query)."""
        return np.clip((k - self.better) / (self.tied + 1), 0, 1)

    @property
    def rank(self) -> np.ndarray:
        """Rank of the right answer, 1 best; the middle of its ties: (query)."""
        return self.better + 1 + self.tied / 2

    def chance(self, k: int) -> float:
        """P@k of guessing."""
        return min(1.0, k / self.pool) if self.pool else float("nan")


def prepared(
    source: np.ndarray, target: np.ndarray, criterion: Criterion
) -> tuple[Cosines, Scale]:
    """Cosines and the criterion's scale; SpecError for a criterion that is not in CRITERIA."""
    if criterion.name not in CRITERIA:
        raise unknown("criterion", criterion.name, CRITERIA)
    cosines = Cosines(source, target)
    return cosines, CRITERIA[criterion.name](cosines, criterion)


def scores(
    source: np.ndarray, target: np.ndarray, criterion: Criterion = Criterion()
) -> np.ndarray:
    """All scores (source word, target word) of a criterion; for pools that fit into memory."""
    cosines, scale = prepared(source, target, criterion)
    return (
        scale.scale * cosines.rows(0, cosines.shape[0])
        - scale.row[:, None]
        - scale.column
    )


def rank(
    source: np.ndarray,
    target: np.ndarray,
    pairs: np.ndarray,
    criterion: Criterion = Criterion(),
    spelling: np.ndarray | None = None,
) -> Ranks:
    """Ranks of the right answers of queries: ``pairs`` (query, 2) are indices into the source and the target pool.

    Words of the target pool with the right answer's number in ``spelling`` are right too: none of them stands before it. Wrong
    words count one by one. Candidates whose vectors or scores are exactly equal are tied. SpecError for a criterion that is not
    in CRITERIA.
    """
    pairs = np.asarray(pairs)
    cosines, scale = prepared(source, target, criterion)
    twin = twins(target)
    better, tied = np.zeros(len(pairs), np.int64), np.zeros(len(pairs), np.int64)
    order = np.argsort(pairs[:, 0], kind="stable")
    for start in range(0, len(order), BLOCK):
        chosen = order[start : start + BLOCK]
        rows, right = pairs[chosen].T
        score = scale.scale * picked(cosines, rows) - scale.column
        own = np.take_along_axis(score, right[:, None], 1)
        above, equal = score > own, score == own
        if twin is not None:
            alike = twin == twin[right][:, None]
            above, equal = above & ~alike, equal | alike
        if spelling is not None:
            other = spelling != spelling[right][:, None]
            above, equal = above & other, equal & other
        np.put_along_axis(equal, right[:, None], False, 1)
        better[chosen], tied[chosen] = above.sum(1), equal.sum(1)
    return Ranks(better, tied, len(target))


def picked(cosines: Cosines, rows: np.ndarray) -> np.ndarray:
    """Cosines of these source words; a run of neighbours needs no copy."""
    if len(rows) == rows[-1] - rows[0] + 1 and (np.diff(rows) == 1).all():
        return cosines.rows(rows[0], rows[-1] + 1)
    if cosines.kept is not None:
        return cosines.kept[rows]
    part = Cosines(cosines.source[rows], cosines.target)
    return part.rows(0, len(rows))


def twins(states: np.ndarray) -> np.ndarray | None:
    """A number for every distinct vector (word); None when no two are the same.

    Equal vectors need not get equal products: how these are rounded depends on their place in the block.
    """
    if len(np.unique(states[:, 0])) == len(states):
        return None
    numbers: dict[bytes, int] = {}
    digests = (
        hashlib.blake2b(row, digest_size=16).digest()
        for row in np.ascontiguousarray(states)
    )
    found = np.array([numbers.setdefault(digest, len(numbers)) for digest in digests])
    return found if len(numbers) < len(states) else None
