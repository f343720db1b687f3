"""Which way it carries over: readings of a matrix of transferability.

T (source, target) is in percentage points.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from analysis.core.errors import SpecError
from analysis.core.statistics import PERMUTATIONS, correlate, mean_known
from analysis.study.published_values import SHARED

TOLERANCE = 1e-12
"""By how much equal statistics of different orders may differ in floating point."""


@dataclass(frozen=True)
class Triangle:
    """Transfer above the diagonal (source before target in the order) and below it.

    ``above`` of ``above_cells`` have T ≥ 0; means in percentage points, NaN without
    cells.
    """

    above: int
    above_cells: int
    mean_above: float
    below: int
    below_cells: int
    mean_below: float


@dataclass(frozen=True)
class Asymmetry:
    """``index`` = mean T above the diagonal − mean below, percentage points.

    ``p`` is two-sided, over orders of the languages.
    """

    index: float
    p: float
    permutations: int
    languages: int


@dataclass(frozen=True)
class StartingGap:
    """T(a,b) explained by Acc(a) − Acc(b), both in percentage points.

    Over ordered pairs of different languages.
    """

    slope: float
    intercept: float
    r: float
    p: float
    n: int
    residual: xr.DataArray


@dataclass(frozen=True)
class Reached:
    """Percent of the other languages from which each one is successfully reached.

    Cut to whole percents, as is the mean.
    """

    percent: dict[str, int]
    mean: int
    others: int


def triangle(transfer: xr.DataArray, order: Sequence[str]) -> Triangle:
    """Cells with T ≥ 0 and means of T on both sides of the diagonal.

    ``transfer`` (source, target) in percentage points, languages in ``order``; those
    that the matrix does not have are left out. Unknown cells are not counted. The
    numbers are taken as they stand, so a printed −0.00 is 0 here. Xu et al. 2024,
    Fig. 4.
    """
    values = in_order(transfer, order)
    upper = np.triu_indices_from(values, 1)
    lower = np.tril_indices_from(values, -1)
    above = known_cells(values[upper])
    below = known_cells(values[lower])
    return Triangle(
        above=int((above >= 0).sum()),
        above_cells=len(above),
        mean_above=float(mean_known(above)),
        below=int((below >= 0).sum()),
        below_cells=len(below),
        mean_below=float(mean_known(below)),
    )


def known_cells(values: np.ndarray) -> np.ndarray:
    """The cells that are not NaN."""
    return values[np.isfinite(values)]


def asymmetry(
    transfer: xr.DataArray,
    order: Sequence[str],
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Asymmetry:
    """Mean T above the diagonal minus mean below, with a p from random orders.

    ``transfer`` (source, target) in percentage points. The p is two-sided and permutes
    rows and columns together, since one language is in many cells. Ours.
    """
    values = in_order(transfer, order)
    size = len(values)
    shuffled = permuted(size, permutations, seed)
    orders = np.vstack([np.arange(size), shuffled])
    observed, *null = asymmetry_index(values, orders).tolist()
    p = float("nan")
    if np.isfinite(observed):
        p = two_sided(observed, np.array(null))
    return Asymmetry(observed, p, permutations, size)


def asymmetry_index(
    values: np.ndarray,
    orders: np.ndarray,
) -> np.ndarray:
    """Mean above the diagonal minus mean below, for each of some orders (order, place)."""
    size = len(values)
    above = mean_on_side(values, orders, np.triu_indices(size, 1))
    below = mean_on_side(values, orders, np.tril_indices(size, -1))
    return above - below


def mean_on_side(
    values: np.ndarray,
    orders: np.ndarray,
    side: tuple[np.ndarray, ...],
) -> np.ndarray:
    """Mean of the cells on one side of the diagonal, for each of some orders."""
    first, second = side
    sources = orders[:, first]
    targets = orders[:, second]
    return mean_known(values[sources, targets], 1)


def permuted(
    size: int,
    permutations: int,
    seed: int,
) -> np.ndarray:
    """Random orders of ``size`` things: (permutation, place)."""
    rng = np.random.default_rng(seed)
    orders = np.empty((permutations, size), int)
    for permutation in range(permutations):
        orders[permutation] = rng.permutation(size)
    return orders


def two_sided(observed: float, null: np.ndarray) -> float:
    """Permutation p: (1 + nulls at least as far from 0) / (1 + nulls)."""
    as_far = np.abs(null) >= abs(observed) - TOLERANCE
    p = (1 + as_far.sum()) / (1 + len(null))
    return float(p)


def starting_gap(
    transfer: xr.DataArray,
    accuracy: xr.DataArray,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> StartingGap:
    """Regress T(a,b) on Acc(a) − Acc(b) over ordered pairs.

    ``residual`` (source, target) is transfer net of the start. ``accuracy`` (language)
    is the mean recognition accuracy, a share. ``r`` is over all pairs; part of it is
    arithmetic, since T contains Acc(b) itself. ``p`` is therefore that of ``source_p``.
    SpecError below three known pairs and where all languages start alike. Ours.
    """
    codes = languages_of(transfer)
    values = in_order(transfer, codes)
    start = starting_points(accuracy, codes)
    gap = start[:, None] - start[None]
    off = off_diagonal(len(codes))
    known = off & np.isfinite(values + gap)
    known_gap = gap[known]
    check_regression(known_gap)
    slope, intercept = np.polyfit(known_gap, values[known], 1)

    net = values - slope * gap - intercept
    residual = transfer.copy(data=np.where(known, net, np.nan))
    residual.attrs["long_name"] = "transferability net of the starting gap"
    return StartingGap(
        slope=float(slope),
        intercept=float(intercept),
        r=correlate(gap[off], values[off]),
        p=source_p(values, start, permutations, seed),
        n=int(known.sum()),
        residual=residual,
    )


def source_p(
    values: np.ndarray, start: np.ndarray, permutations: int, seed: int
) -> float:
    """Two-sided p: do sources that start better carry over better, within targets?

    Of T (source, target) less each target's mean, correlated with the source's start;
    sources are permuted as wholes, since one that carries over well does so to all.
    """
    off = off_diagonal(len(start))
    among_sources = np.where(off, values, np.nan)
    within = (values - mean_known(among_sources))[off]
    source, _ = np.nonzero(off)
    observed = correlate(start[source], within)
    orders = permuted(len(start), permutations, seed)
    centred = np.full(values.shape, np.nan)
    centred[off] = within
    return two_sided(observed, source_correlations(start[orders], centred))


def source_correlations(starts: np.ndarray, within: np.ndarray) -> np.ndarray:
    """Row by row, the correlation of sources' starts (row, source) with their cells.

    ``within`` (source, target). The same as ``correlations`` over all cells, from sums
    over each source's, of which there are as many fewer as there are targets. NaN where
    fewer than three cells are known, or all are alike.
    """
    there = np.isfinite(within)
    cells = there.sum(1)
    filled = np.where(there, within, 0)
    known = np.isfinite(starts)
    number = known @ cells
    divisor = np.maximum(number, 1)
    start = np.where(known, starts, 0)
    offset = (start @ cells / divisor)[:, None]
    start = np.where(known, starts - offset, 0)
    level = known @ filled.sum(1) / divisor
    product = start @ filled.sum(1)
    spread = (start**2 @ cells) * (known @ (filled**2).sum(1) - number * level**2)
    varied = (number > 2) & (spread > 0)
    return np.where(varied, product / np.sqrt(np.where(varied, spread, 1)), np.nan)


def check_regression(gaps: np.ndarray) -> None:
    """SpecError unless there are enough known gaps and they differ."""
    if len(gaps) < 3:
        raise SpecError(
            f"A regression needs at least three pairs of languages; {len(gaps)} are "
            "known. Choose more languages."
        )
    if np.ptp(gaps) == 0:
        raise SpecError(
            "All languages start from the same accuracy, so there is no gap to regress "
            "transfer on."
        )


def starting_gaps(
    transfer: xr.DataArray,
    accuracy: xr.DataArray,
) -> pd.DataFrame:
    """``source``, ``target``, ``gap`` and ``transfer`` of every known ordered pair.

    ``gap`` = Acc(source) − Acc(target); both in percentage points. ``accuracy``
    (language) is a share.
    """
    codes = languages_of(transfer)
    values = in_order(transfer, codes)
    start = starting_points(accuracy, codes)
    sources, targets = np.nonzero(off_diagonal(len(codes)))
    table = {
        "source": [codes[source] for source in sources],
        "target": [codes[target] for target in targets],
        "gap": start[sources] - start[targets],
        "transfer": values[sources, targets],
    }
    return pd.DataFrame(table).dropna()


def success_by_start(
    transfer: xr.DataArray, accuracy: xr.DataArray
) -> dict[str, float]:
    """Percent of ordered pairs by starting accuracy and success T ≥ 0.

    The four add up to 100. Keys name the cell: “Acc(source) ≥ Acc(target), success” and
    so on. Xu et al. 2024, Table 7.
    """
    codes = languages_of(transfer)
    values = in_order(transfer, codes)
    start = accuracy.sel(language=codes).values
    ahead = start[:, None] >= start[None]
    success = successful(values)
    known = off_diagonal(len(codes)) & np.isfinite(values)

    def percent(cells: np.ndarray) -> float:
        return 100 * float(cells[known].mean())

    return {
        "Acc(source) ≥ Acc(target), success": percent(ahead & success),
        "Acc(source) ≥ Acc(target), no success": percent(ahead & ~success),
        "Acc(source) < Acc(target), success": percent(~ahead & success),
        "Acc(source) < Acc(target), no success": percent(~ahead & ~success),
    }


def reached(
    transfer: xr.DataArray,
    languages: Sequence[str] = SHARED,
) -> Reached:
    """For each language the percent of the others from which it is reached, T ≥ 0.

    Cut to whole percents as the paper does. Languages that the matrix does not have are
    left out. The mean is that of the cut numbers, cut again, which is how the printed
    one arises. SpecError below two languages. Xu et al. 2024, Table 8.
    """
    codes = shared_codes(transfer, languages)
    if len(codes) < 2:
        raise SpecError(
            f"At least two of {', '.join(languages)} are needed; the study has "
            f"{', '.join(codes) or 'none'}."
        )
    values = in_order(transfer, codes)
    others = off_diagonal(len(codes)) & np.isfinite(values)
    hits = successful(values) & others
    most = np.maximum(others.sum(0), 1)
    cut = 100 * hits.sum(0) // most
    percent = dict(zip(codes, cut.tolist()))
    mean = sum(percent.values()) // len(codes)
    return Reached(percent, mean, others=len(codes) - 1)


def successful(values: np.ndarray) -> np.ndarray:
    """Where transfer succeeds, T ≥ 0.

    A printed −0.00 was a little below zero before it was rounded, and Table 8 counts it
    so.
    """
    return (values >= 0) & ~np.signbit(values)


def languages_of(transfer: xr.DataArray) -> list[str]:
    """The codes of a matrix, in its own order."""
    return transfer.source.values.tolist()


def shared_codes(
    transfer: xr.DataArray,
    order: Sequence[str],
) -> list[str]:
    """The languages of this order that a matrix has."""
    known = languages_of(transfer)
    return [code for code in order if code in known]


def in_order(
    transfer: xr.DataArray,
    order: Sequence[str],
) -> np.ndarray:
    """The matrix (source, target) with its languages in this order."""
    codes = shared_codes(transfer, order)
    matrix = transfer.transpose("source", "target").sel(source=codes, target=codes)
    return matrix.values.astype(float)


def off_diagonal(size: int) -> np.ndarray:
    """Which cells of a square matrix pair two different languages."""
    return ~np.eye(size, dtype=bool)


def starting_points(
    accuracy: xr.DataArray,
    codes: Sequence[str],
) -> np.ndarray:
    """Accuracy of each language in percentage points, float64."""
    return 100 * accuracy.sel(language=codes).values.astype(float)
