"""Which way it carries over: readings of a matrix of transferability (source, target) in percentage points."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from analysis.core.errors import SpecError
from analysis.core.statistics import PERMUTATIONS, correlate, correlations, mean_known
from analysis.study.published_values import SHARED


@dataclass(frozen=True)
class Triangle:
    """Transfer above the diagonal (source before target in the order) and below it.

    ``above`` of ``above_cells`` have T ≥ 0; means in percentage points, NaN without cells.
    """

    above: int
    above_cells: int
    mean_above: float
    below: int
    below_cells: int
    mean_below: float


@dataclass(frozen=True)
class Asymmetry:
    """``index`` = mean T above the diagonal − mean below, percentage points; ``p`` two-sided over orders of the languages."""

    index: float
    p: float
    permutations: int
    languages: int


@dataclass(frozen=True)
class StartingGap:
    """T(a,b) explained by Acc(a) − Acc(b), both in percentage points, over ordered pairs of different languages."""

    slope: float
    intercept: float
    r: float
    p: float
    n: int
    residual: xr.DataArray


@dataclass(frozen=True)
class Reached:
    """Percent of the other languages from which each one is successfully reached, cut to whole percents, and their mean."""

    percent: dict[str, int]
    mean: int
    others: int


def triangle(transfer: xr.DataArray, order: Sequence[str]) -> Triangle:
    """Cells with T ≥ 0 and means of T (source, target; percentage points) on both sides of the diagonal, languages in ``order``.

    Languages of the order that the matrix does not have are left out; unknown cells are not counted. The numbers are taken as
    they stand, so a printed −0.00 is 0 here. Xu et al. 2024, Fig. 4.
    """
    values = arranged(transfer, order)
    sides = [
        side[np.isfinite(side)]
        for side in (
            values[np.triu_indices_from(values, 1)],
            values[np.tril_indices_from(values, -1)],
        )
    ]
    numbers = [
        (int((side >= 0).sum()), len(side), float(mean_known(side))) for side in sides
    ]
    return Triangle(*numbers[0], *numbers[1])


def asymmetry(
    transfer: xr.DataArray,
    order: Sequence[str],
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Asymmetry:
    """Mean T above the diagonal minus mean below (percentage points), with a p from random orders of the languages.

    The p is two-sided and permutes rows and columns together, since one language is in many cells. Ours.
    """
    values = arranged(transfer, order)
    size, rng = len(values), np.random.default_rng(seed)
    orders = np.array(
        [np.arange(size), *(rng.permutation(size) for _ in range(permutations))]
    )
    above, below = (
        (orders[:, first], orders[:, second])
        for first, second in (np.triu_indices(size, 1), np.tril_indices(size, -1))
    )
    index = mean_known(values[above], 1) - mean_known(values[below], 1)
    p = (
        (1 + (np.abs(index[1:]) >= abs(index[0]) - 1e-12).sum()) / (1 + permutations)
        if np.isfinite(index[0])
        else np.nan
    )
    return Asymmetry(float(index[0]), float(p), permutations, size)


def starting_gap(
    transfer: xr.DataArray,
    accuracy: xr.DataArray,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> StartingGap:
    """Regress T(a,b) on Acc(a) − Acc(b) over ordered pairs; ``residual`` (source, target) is transfer net of the start.

    ``accuracy`` (language) is the mean recognition accuracy, a share. ``p`` is two-sided, from permuting languages. T contains
    Acc(b) itself, so part of the correlation is arithmetic. Ours (SpecError below three languages).
    """
    codes = languages_of(transfer)
    values, start = (
        arranged(transfer, codes),
        100 * accuracy.sel(language=codes).values.astype(float),
    )
    off = ~np.eye(len(codes), dtype=bool)
    gap = start[:, None] - start[None]
    known = off & np.isfinite(values) & np.isfinite(gap)
    if known.sum() < 3:
        raise SpecError(
            f"A regression needs at least three pairs of languages; {known.sum()} are known. Choose more languages."
        )
    if np.ptp(gap[known]) == 0:
        raise SpecError(
            "All languages start from the same accuracy, so there is no gap to regress transfer on."
        )
    slope, intercept = np.polyfit(gap[known], values[known], 1)
    r = correlate(gap[off], values[off])
    rng = np.random.default_rng(seed)
    shuffled = start[
        np.array([rng.permutation(len(codes)) for _ in range(permutations)])
    ]
    null = correlations(
        (shuffled[:, :, None] - shuffled[:, None])[:, off], values[off][None]
    )
    p = (1 + (np.abs(null) >= abs(r) - 1e-12).sum()) / (1 + permutations)
    residual = transfer.copy(
        data=np.where(known, values - slope * gap - intercept, np.nan)
    )
    residual.attrs = {
        **transfer.attrs,
        "long_name": "transferability net of the starting gap",
    }
    return StartingGap(
        float(slope), float(intercept), r, float(p), int(known.sum()), residual
    )


def gaps(transfer: xr.DataArray, accuracy: xr.DataArray) -> pd.DataFrame:
    """``source``, ``target``, ``gap`` = Acc(source) − Acc(target) and ``transfer`` (both in points) of every known ordered pair."""
    codes = languages_of(transfer)
    values, start = (
        arranged(transfer, codes),
        100 * accuracy.sel(language=codes).values.astype(float),
    )
    rows = [
        (a, b, start[i] - start[j], values[i, j])
        for i, a in enumerate(codes)
        for j, b in enumerate(codes)
        if i != j
    ]
    return pd.DataFrame(rows, columns=["source", "target", "gap", "transfer"]).dropna()


def success_by_start(
    transfer: xr.DataArray, accuracy: xr.DataArray
) -> dict[str, float]:
    """Percent of ordered pairs by starting accuracy (language) and success T ≥ 0; the four add up to 100.

    Keys name the cell: “Acc(source) ≥ Acc(target), success” and so on. Xu et al. 2024, Table 7.
    """
    codes = languages_of(transfer)
    values, start = arranged(transfer, codes), accuracy.sel(language=codes).values
    ahead, known = (
        start[:, None] >= start[None],
        ~np.eye(len(codes), dtype=bool) & np.isfinite(values),
    )
    success = successful(values)
    return {
        f"Acc(source) {sign} Acc(target), {outcome}": 100
        * float((start_cell & end_cell)[known].mean())
        for sign, start_cell in (("≥", ahead), ("<", ~ahead))
        for outcome, end_cell in (("success", success), ("no success", ~success))
    }


def reached(transfer: xr.DataArray, languages: Sequence[str] = SHARED) -> Reached:
    """For each language the percent of the others from which it is reached with T ≥ 0, cut to whole percents as the paper does.

    Languages that the matrix does not have are left out. The mean is that of the cut numbers, cut again, which is how the
    printed one arises. SpecError below two languages. Xu et al. 2024, Table 8.
    """
    codes = [code for code in languages if code in transfer.source.values]
    if len(codes) < 2:
        raise SpecError(
            f"At least two of {', '.join(languages)} are needed; the study has {', '.join(codes) or 'none'}."
        )
    values = arranged(transfer, codes)
    others = ~np.eye(len(codes), dtype=bool) & np.isfinite(values)
    percent = {
        code: int(100 * hits // max(1, n))
        for code, hits, n in zip(
            codes, (successful(values) & others).sum(0), others.sum(0)
        )
    }
    return Reached(percent, sum(percent.values()) // len(codes), len(codes) - 1)


def successful(values: np.ndarray) -> np.ndarray:
    """Where transfer succeeds, T ≥ 0. A printed −0.00 was a little below zero before it was rounded, and Table 8 counts it so."""
    return (values >= 0) & ~np.signbit(values)


def languages_of(transfer: xr.DataArray) -> list[str]:
    """The codes of a matrix, in its own order."""
    return transfer.source.values.tolist()


def arranged(transfer: xr.DataArray, order: Sequence[str]) -> np.ndarray:
    """The matrix (source, target) with its languages in this order."""
    codes = [code for code in order if code in transfer.source.values]
    return (
        transfer.transpose("source", "target")
        .sel(source=codes, target=codes)
        .values.astype(float)
    )
