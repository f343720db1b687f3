"""Uncertainty: resampling weights, intervals, permutation tests, corrections.

Kernels over plain arrays.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy  # its parts are read at first use: statistics takes half a second

from analysis.core.intervals import LEVEL, Interval

REPLICATES = 200
PERMUTATIONS = 999


@lru_cache(maxsize=64)
def bootstrap_weights(
    clusters: tuple[int, ...],
    replicates: int = REPLICATES,
    seed: int = 0,
) -> np.ndarray:
    """How often each item is drawn when whole clusters are drawn with replacement.

    (item, replicate), float32. Items of one cluster (texts derived from one source) are
    drawn together, so dependence widens the interval.
    """
    names, member = np.unique(np.asarray(clusters), return_inverse=True)
    chances = np.full(len(names), 1 / len(names))
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(names), chances, replicates)
    return frozen(np.ascontiguousarray(drawn.T[member], np.float32))


@lru_cache(maxsize=64)
def sign_flips(
    clusters: tuple[int, ...],
    replicates: int = REPLICATES,
    seed: int = 0,
) -> np.ndarray:
    """Random signs, the same for all items of a cluster: (item, replicate), float32.

    Swapping the two members of a pair flips the sign of its margin; under chance both
    orders are equally likely.
    """
    names, member = np.unique(np.asarray(clusters), return_inverse=True)
    rng = np.random.default_rng(seed)
    either = np.array([-1, 1], np.float32)
    signs = rng.choice(either, (len(names), replicates))
    return frozen(np.ascontiguousarray(signs[member]))


def frozen(values: np.ndarray) -> np.ndarray:
    """The same array, read-only: it is kept in a cache."""
    values.flags.writeable = False
    return values


def interval(
    replicates: np.ndarray,
    axis: int = -1,
    level: float = LEVEL,
) -> Interval[np.ndarray]:
    """Percentile interval of bootstrap replicates along ``axis``.

    Replicates that are NaN are left out.
    """
    tail = (1 - level) / 2
    values = np.moveaxis(replicates, axis, -1)
    if np.isnan(values).any():
        return interval_of_known(values, tail)
    # Two order statistics need no full sort; partition is several times faster than
    # quantile on large arrays.
    last = values.shape[-1] - 1
    low = int(np.floor(tail * last))
    high = int(np.ceil((1 - tail) * last))
    parts = np.partition(values, (low, high), axis=-1)
    return Interval(parts[..., low], parts[..., high])


def interval_of_known(values: np.ndarray, tail: float) -> Interval[np.ndarray]:
    """Percentile interval along the last axis of what is not NaN, row by row."""
    count = np.isfinite(values).sum(-1, keepdims=True)
    last = np.maximum(count - 1, 0)
    ordered = np.sort(values, axis=-1)  # NaN sorts last
    low = np.floor(tail * last).astype(int)
    high = np.ceil((1 - tail) * last).astype(int)
    return Interval(
        np.take_along_axis(ordered, low, -1)[..., 0],
        np.take_along_axis(ordered, high, -1)[..., 0],
    )


def mean_known(values: np.ndarray, axis: int = 0) -> np.ndarray:
    """Mean along ``axis`` of what is not NaN; NaN where nothing is known."""
    known = np.isfinite(values)
    n = known.sum(axis)
    total = np.where(known, values, 0).sum(axis)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def harmonic(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The harmonic mean of two shares; 0 where either is."""
    total = first + second
    safe = np.where(total > 0, total, 1)
    return np.where(total > 0, 2 * first * second / safe, 0 * total)


def permutation_p(observed: np.ndarray, null: np.ndarray) -> np.ndarray:
    """One-sided p: (1 + nulls at least as large) / (1 + nulls).

    The null's last axis is the replicate. NaN where nothing was observed.
    """
    # Nulls are float32 counts over n: equal values may differ in the last bit, so "at
    # least as large" has a tolerance.
    bound = np.asarray(observed)[..., None] - 1e-6
    as_large = (null >= bound).sum(-1)
    p = (1 + as_large) / (1 + null.shape[-1])
    return np.where(np.isfinite(observed), p, np.nan)


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Adjusted p of every finite cell over all finite cells (false discovery rate).

    NaN stays NaN. Without scipy.stats, which the first page would wait for.
    """
    p = np.asarray(p, float)
    adjusted = np.full(p.shape, np.nan)
    known = np.isfinite(p)
    values = p[known]
    order = np.argsort(values)
    ranks = np.arange(1, len(values) + 1)
    raised = values[order] * (len(values) / ranks)
    # No cell may have a smaller value than one whose p is larger.
    raised = np.minimum.accumulate(raised[::-1])[::-1]
    ordered = np.empty_like(values)
    ordered[order] = np.clip(raised, 0, 1)
    adjusted[known] = ordered
    return adjusted


def correlate(
    x: np.ndarray,
    y: np.ndarray,
    method: str = "pearson",
) -> float:
    """Pearson or Spearman correlation over cells finite in both.

    NaN when there are fewer than three, or one side is constant.
    """
    (found,) = correlations(np.atleast_2d(x), np.atleast_2d(y), method)
    return float(found)


def correlations(
    x: np.ndarray,
    y: np.ndarray,
    method: str = "pearson",
) -> np.ndarray:
    """Row by row, the correlation of two arrays (row, cell) that broadcast.

    Rules as in ``correlate``.
    """
    x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
    known = np.isfinite(x) & np.isfinite(y)
    x = np.where(known, x, np.nan)
    y = np.where(known, y, np.nan)
    if method == "spearman":
        x = scipy.stats.rankdata(x, axis=1, nan_policy="omit")
        y = scipy.stats.rankdata(y, axis=1, nan_policy="omit")
    enough = known.sum(1) > 2
    varied = enough & varies(x, known) & varies(y, known)
    x = centred(x, known)
    y = centred(y, known)
    product = (x * y).sum(1)
    scale = np.sqrt((x**2).sum(1) * (y**2).sum(1))
    return np.where(varied, product / np.where(varied, scale, 1), np.nan)


def varies(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Whether the known cells of each row differ at all.

    Compared exactly, as a centred constant need not be zero.
    """
    top = np.where(known, values, -np.inf).max(1, initial=-np.inf)
    bottom = np.where(known, values, np.inf).min(1, initial=np.inf)
    return top > bottom


def centred(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Each row minus the mean of its known cells; zero where nothing is known."""
    n = known.sum(1)
    share = known / np.maximum(n, 1)[:, None]
    values = np.where(known, values, 0)
    means = (values * share).sum(1, keepdims=True)
    return np.where(known, values - means, 0)


class MantelTest(NamedTuple):
    """Correlation of two symmetric matrices, two-sided permutation p, number of pairs."""

    correlation: float
    p: float
    pairs: int


def mantel(
    x: np.ndarray,
    y: np.ndarray,
    method: str = "pearson",
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> MantelTest:
    """Correlation of two symmetric matrices over unordered pairs, and its Mantel test.

    Labels of ``x`` are permuted jointly in rows and columns, which respects that one
    language is in many pairs. Labels that have no pair known in both matrices take no part.
    """
    x, y = with_known_pairs(x, y)
    first, second = np.triu_indices(len(x), 1)
    left = x[first, second]
    right = y[first, second]
    observed = correlate(left, right, method)
    known = np.isfinite(left) & np.isfinite(right)
    n = int(known.sum())
    if not np.isfinite(observed):
        return MantelTest(observed, float("nan"), n)
    rng = np.random.default_rng(seed)
    orders = np.array([rng.permutation(len(x)) for _ in range(permutations)])
    permuted = x[orders[:, first], orders[:, second]]
    null = correlations(permuted, right[None], method)
    null = null[np.isfinite(null)]
    as_large = np.abs(null) >= abs(observed) - 1e-12
    p = (1 + as_large.sum()) / (1 + len(null))
    return MantelTest(observed, float(p), n)


class Matrices(NamedTuple):
    """Two matrices over the same labels."""

    x: np.ndarray
    y: np.ndarray


def with_known_pairs(x: np.ndarray, y: np.ndarray) -> Matrices:
    """Two matrices without the labels that have no pair known in both."""
    kept = linked(x, y)
    cells = np.ix_(kept, kept)
    return Matrices(np.asarray(x)[cells], np.asarray(y)[cells])


def linked(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Indices of the labels with an off-diagonal pair that is known in both matrices."""
    known = np.isfinite(x) & np.isfinite(y)
    np.fill_diagonal(known, False)
    return np.flatnonzero(known.any(1))


def node_interval(
    x: np.ndarray,
    y: np.ndarray,
    method: str = "pearson",
    replicates: int = PERMUTATIONS,
    seed: int = 0,
) -> Interval[float]:
    """Interval of the correlation of two symmetric matrices over draws of labels.

    Labels, not pairs, are drawn with replacement. A label drawn twice makes no pair with
    itself, whose cosine and distance would be perfect by definition.
    """
    x, y = with_known_pairs(x, y)
    if len(x) < 3:
        return Interval(float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(x), (replicates, len(x)))
    first, second = np.triu_indices(len(x), 1)
    a = drawn[:, first]
    b = drawn[:, second]
    left = np.where(a == b, np.nan, x[a, b])
    ends = interval(correlations(left, y[a, b], method))
    return Interval(float(ends.low), float(ends.high))
