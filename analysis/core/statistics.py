"""Uncertainty: resampling weights, intervals, permutation tests, corrections. Kernels over plain arrays."""

from functools import lru_cache

import numpy as np
import scipy  # its parts are read at first use: statistics takes half a second

LEVEL = 0.95
REPLICATES = 200
PERMUTATIONS = 999


@lru_cache(maxsize=64)
def bootstrap_weights(
    clusters: tuple[int, ...], replicates: int = REPLICATES, seed: int = 0
) -> np.ndarray:
    """How often each item is drawn when whole clusters are drawn with replacement: (item, replicate), float32.

    Items of one cluster (texts derived from one source) are drawn together, so dependence widens the interval.
    """
    names, member = np.unique(np.asarray(clusters), return_inverse=True)
    drawn = np.random.default_rng(seed).multinomial(
        len(names), np.full(len(names), 1 / len(names)), replicates
    )
    return frozen(np.ascontiguousarray(drawn.T[member], np.float32))


@lru_cache(maxsize=64)
def sign_flips(
    clusters: tuple[int, ...], replicates: int = REPLICATES, seed: int = 0
) -> np.ndarray:
    """Random signs, the same for all items of a cluster: (item, replicate), float32.

    Swapping the two members of a pair flips the sign of its margin; under chance both orders are equally likely.
    """
    names, member = np.unique(np.asarray(clusters), return_inverse=True)
    signs = np.random.default_rng(seed).choice(
        np.float32([-1, 1]), (len(names), replicates)
    )
    return frozen(np.ascontiguousarray(signs[member]))


def frozen(values: np.ndarray) -> np.ndarray:
    """The same array, read-only: it is kept in a cache."""
    values.flags.writeable = False
    return values


def interval(
    replicates: np.ndarray, axis: int = -1, level: float = LEVEL
) -> tuple[np.ndarray, np.ndarray]:
    """Percentile interval of bootstrap replicates along ``axis``; replicates that are NaN are left out."""
    tail = (1 - level) / 2
    # Two order statistics need no full sort; partition is several times faster than quantile on large arrays.
    ordered = np.moveaxis(replicates, axis, -1)
    n = ordered.shape[-1]
    low, high = int(np.floor(tail * (n - 1))), int(np.ceil((1 - tail) * (n - 1)))
    if not np.isnan(ordered).any():
        parts = np.partition(ordered, (low, high), axis=-1)
        return parts[..., low], parts[..., high]
    last = np.maximum(np.isfinite(ordered).sum(-1, keepdims=True) - 1, 0)
    ordered = np.sort(ordered, axis=-1)  # NaN sorts last
    ends = (np.floor(tail * last).astype(int), np.ceil((1 - tail) * last).astype(int))
    low, high = (np.take_along_axis(ordered, end, -1)[..., 0] for end in ends)
    return low, high


def mean_known(values: np.ndarray, axis: int = 0) -> np.ndarray:
    """Mean along ``axis`` of what is not NaN; NaN where nothing is known."""
    known = np.isfinite(values)
    n = known.sum(axis)
    return np.where(
        n > 0, np.where(known, values, 0).sum(axis) / np.maximum(n, 1), np.nan
    )


def exceeding(observed: np.ndarray, null: np.ndarray) -> np.ndarray:
    """One-sided permutation p: (1 + nulls at least as large) / (1 + nulls); null's last axis is the replicate.

    NaN where nothing was observed.
    """
    # Nulls are float32 counts over n: equal values may differ in the last bit, so "at least as large" has a tolerance.
    p = (1 + (null >= np.asarray(observed)[..., None] - 1e-6).sum(-1)) / (
        1 + null.shape[-1]
    )
    return np.where(np.isfinite(observed), p, np.nan)


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Adjusted p of every finite cell over all finite cells (false discovery rate); NaN stays NaN."""
    adjusted = np.full(np.shape(p), np.nan)
    known = np.isfinite(p)
    if known.any():
        adjusted[known] = scipy.stats.false_discovery_control(np.asarray(p)[known])
    return adjusted


def wilson(right: float, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Wilson interval of a share."""
    if n == 0:
        return float("nan"), float("nan")
    low, high = scipy.stats.binomtest(round(right), n).proportion_ci(level, "wilson")
    return float(low), float(high)


def correlate(x: np.ndarray, y: np.ndarray, method: str = "pearson") -> float:
    """Pearson or Spearman correlation over cells finite in both; NaN when fewer than three or constant."""
    return float(correlations(np.atleast_2d(x), np.atleast_2d(y), method)[0])


def correlations(x: np.ndarray, y: np.ndarray, method: str = "pearson") -> np.ndarray:
    """Row by row, the correlation of two arrays (row, cell) that broadcast; rules as in ``correlate``."""
    x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
    known = np.isfinite(x) & np.isfinite(y)
    x, y = np.where(known, x, np.nan), np.where(known, y, np.nan)
    if method == "spearman":
        x, y = (
            scipy.stats.rankdata(values, axis=1, nan_policy="omit") for values in (x, y)
        )
    n = known.sum(1)
    varied = (n > 2) & np.array([spread(values, known) for values in (x, y)]).all(0)
    share = known / np.maximum(n, 1)[:, None]
    x, y = (np.where(known, values, 0) for values in (x, y))
    x, y = (
        np.where(known, values - (values * share).sum(1, keepdims=True), 0)
        for values in (x, y)
    )
    scale = np.sqrt((x**2).sum(1) * (y**2).sum(1))
    return np.where(varied, (x * y).sum(1) / np.where(varied, scale, 1), np.nan)


def spread(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Whether the known cells of each row differ at all; compared exactly, as a centred constant need not be zero."""
    top = np.where(known, values, -np.inf).max(1, initial=-np.inf)
    return top > np.where(known, values, np.inf).min(1, initial=np.inf)


def mantel(
    x: np.ndarray,
    y: np.ndarray,
    method: str = "pearson",
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> tuple[float, float, int]:
    """Correlation of two symmetric matrices over unordered pairs, two-sided permutation p, number of pairs.

    Labels of ``x`` are permuted jointly in rows and columns, which respects that one language is in many pairs. Labels that
    have no pair known in both matrices take no part.
    """
    kept = linked(x, y)
    x, y = np.asarray(x)[np.ix_(kept, kept)], np.asarray(y)[np.ix_(kept, kept)]
    first, second = np.triu_indices(len(x), 1)
    pairs = y[first, second]
    observed = correlate(x[first, second], pairs, method)
    n = int((np.isfinite(x[first, second]) & np.isfinite(pairs)).sum())
    if not np.isfinite(observed):
        return observed, float("nan"), n
    rng = np.random.default_rng(seed)
    orders = np.array([rng.permutation(len(x)) for _ in range(permutations)])
    null = correlations(x[orders[:, first], orders[:, second]], pairs[None], method)
    null = null[np.isfinite(null)]
    return (
        observed,
        float((1 + (np.abs(null) >= abs(observed) - 1e-12).sum()) / (1 + len(null))),
        n,
    )


def linked(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Indices of the labels with at least one off-diagonal pair that is known in both matrices."""
    known = np.isfinite(x) & np.isfinite(y) & ~np.eye(len(x), dtype=bool)
    return np.flatnonzero(known.any(1))


def node_interval(
    x: np.ndarray,
    y: np.ndarray,
    method: str = "pearson",
    replicates: int = PERMUTATIONS,
    seed: int = 0,
) -> tuple[float, float]:
    """Interval of the correlation of two symmetric matrices when labels, not pairs, are drawn with replacement.

    A label drawn twice makes no pair with itself, whose cosine and distance would be perfect by definition.
    """
    kept = linked(x, y)
    x, y = np.asarray(x)[np.ix_(kept, kept)], np.asarray(y)[np.ix_(kept, kept)]
    if len(kept) < 3:
        return float("nan"), float("nan")
    drawn = np.random.default_rng(seed).integers(0, len(x), (replicates, len(x)))
    first, second = np.triu_indices(len(x), 1)
    a, b = drawn[:, first], drawn[:, second]
    low, high = interval(
        correlations(np.where(a == b, np.nan, x[a, b]), y[a, b], method)
    )
    return float(low), float(high)
