"""Intervals that hold with few units and near 0 and 1; kernels over plain arrays.

What varies is a *unit*: a source of pairs, a word, a prompt. A mean's variance comes
from how its units deviate, and its interval from the variance, the number of units and
the number of observations in them.
"""

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import scipy  # its parts are read at first use: statistics takes half a second

LEVEL = 0.95
FEW_SOURCES = 6
"""Fewer independent sources than this can tell nothing.

Of five, all that lean one way have p = 1/32, more than a one-sided 2.5 %.
"""
FEW_UNITS = 3
"""Fewer values than this have no interval of their mean."""
PSEUDO = 2.0
"""Observations that are added to a difference, one in favour of either side."""

MORE_DIGITS = 3
"""By how many digits ends of an interval are longer where they would read alike."""

Ends = TypeVar("Ends", float, np.ndarray)


class Interval(NamedTuple, Generic[Ends]):
    """Lower and upper end."""

    low: Ends
    high: Ends


def ends(low: float, high: float, form: str = ".3f") -> str:
    """Both ends in words, with more digits where they would read alike.

    ``form`` ends in the number of digits and “f”. Ends that are the same are told so.

    >>> ends(0.7012, 0.7049, ".2f")
    '0.701 to 0.705'
    """
    sign, _, digits = form.removesuffix("f").rpartition(".")
    if low == high:
        return f"{low:{sign}z.{digits}f}, without any width"
    first = last = ""
    for more in range(MORE_DIGITS + 1):
        longer = f"{sign}z.{int(digits) + more}f"
        first, last = f"{low:{longer}}", f"{high:{longer}}"
        if first != last:
            return f"{first} to {last}"
    return f"{first} to {last}, narrower than can be shown"


def student_quantile(share: float, freedom: np.ndarray | int) -> np.ndarray:
    """Quantile of Student's t; without scipy.stats, which the first page would wait for."""
    return scipy.special.stdtrit(np.asarray(freedom, float), share)


def critical_values(
    units: np.ndarray, observations: np.ndarray, level: float = LEVEL
) -> np.ndarray:
    """Quantiles for a two-sided interval: normal where every unit is one observation.

    Units of several observations differ by more than chance, and how much is itself
    estimated from them: Student's t.
    """
    upper = (1 + level) / 2
    normal = scipy.special.ndtri(upper)
    freedom = np.maximum(np.asarray(units) - 1, 1)
    student = student_quantile(upper, freedom)
    return np.where(np.asarray(observations) <= units, normal, student)


def too_few(sources: float) -> str:
    """Why so few sources have no test, in words; empty where there are enough."""
    if not np.isfinite(sources) or sources >= FEW_SOURCES or sources <= 0:
        return ""
    return (
        f"too few independent sources to tell ({sources:.0f}; at least {FEW_SOURCES} "
        "needed)"
    )


def can_tell(units: np.ndarray, observations: np.ndarray) -> np.ndarray:
    """Whether units are many enough to see how much they differ.

    Units of one observation each need not show it.
    """
    return (np.asarray(units) >= FEW_SOURCES) | (np.asarray(observations) <= units)


class Variation(NamedTuple):
    """A mean over observations in units, and what an interval of it needs."""

    mean: float
    variance: float
    units: int
    observations: int


def variation(values: np.ndarray, units: Sequence[object]) -> Variation:
    """The mean of finite values and its variance over draws of their units."""
    names = {name: place for place, name in enumerate(dict.fromkeys(units))}
    member = np.array([names[name] for name in units], int)
    mean = float(np.mean(values))
    moved = np.bincount(member, values - mean) / len(values)
    k = len(names)
    variance = float((moved**2).sum()) * k / (k - 1) if k > 1 else float("nan")
    return Variation(mean, variance, k, len(values))


def share_interval(
    share: np.ndarray,
    variance: np.ndarray,
    units: np.ndarray,
    observations: np.ndarray,
    level: float = LEVEL,
) -> Interval[np.ndarray]:
    """Wilson intervals of shares whose observations come in units.

    The number of observations that count is that of independent ones with the same
    ``variance``; of a share of 0 or 1 the number of units. NaN with fewer than
    FEW_SOURCES units of several observations. Wilson 1927, with the effective size of
    Korn and Graubard 1998.

    >>> low, high = share_interval(np.array(1.0), np.array(0.0), 20, 20)
    >>> round(float(low), 2), float(high)
    (0.84, 1.0)
    """
    share = np.asarray(share, float)
    inside = (share > 0) & (share < 1) & (variance > 0)
    binomial = share * (1 - share)
    effective = np.where(inside, binomial / np.where(inside, variance, 1), units)
    # An observation cannot count for more than one.
    effective = np.minimum(effective, observations)
    squared = critical_values(units, observations, level) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        per_observation = squared / effective
        centre = (share + per_observation / 2) / (1 + per_observation)
        spread = binomial * per_observation + per_observation**2 / 4
        half = np.sqrt(spread) / (1 + per_observation)
    extreme = (share == 0) | (share == 1)
    enough = can_tell(units, observations) & (extreme | np.isfinite(variance))
    low = np.where(enough, np.clip(centre - half, 0, 1), np.nan)
    high = np.where(enough, np.clip(centre + half, 0, 1), np.nan)
    # What rounding leaves must not shut the share itself out.
    return Interval(np.minimum(low, share), np.maximum(high, share))


def difference_interval(
    difference: np.ndarray,
    variance: np.ndarray,
    units: np.ndarray,
    observations: np.ndarray,
    level: float = LEVEL,
) -> Interval[np.ndarray]:
    """Intervals of differences of two shares of the same observations.

    PSEUDO observations are added, half of them in favour of either side, so that two
    shares of 1 do not differ by exactly nothing. ``difference`` is from −1 to 1. NaN as
    in ``share_interval``. Bonett and Price 2012, here for units of several observations
    and for means of such differences.

    >>> low, high = difference_interval(np.array(0.0), np.array(0.0), 20, 20)
    >>> round(float(low), 2), round(float(high), 2)
    (-0.13, 0.13)
    """
    difference = np.asarray(difference, float)
    units = np.asarray(units, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        added = PSEUDO * units / observations
        squares = variance * (units - 1) + difference**2
        square = (units * squares + added) / (units + added)
        centre = units * difference / (units + added)
        spread = np.maximum(square - centre**2, 0) / (units + added)
    half = critical_values(units, observations, level) * np.sqrt(spread)
    enough = can_tell(units, observations) & np.isfinite(spread)
    low = np.where(enough, np.clip(centre - half, -1, 1), np.nan)
    high = np.where(enough, np.clip(centre + half, -1, 1), np.nan)
    return Interval(np.minimum(low, difference), np.maximum(high, difference))


def mean_interval(
    values: np.ndarray, axis: int = 0, level: float = LEVEL
) -> Interval[np.ndarray]:
    """Student's t interval of the mean of what is known along an axis.

    NaN where fewer than FEW_UNITS values are known. Student 1908.

    >>> low, high = mean_interval(np.array([0.0, 1.0, 2.0]))
    >>> round(float(low), 2), round(float(high), 2)
    (-1.48, 3.48)
    """
    known = np.isfinite(values)
    n = known.sum(axis)
    filled = np.where(known, values, 0)
    mean = filled.sum(axis) / np.maximum(n, 1)
    deviations = np.where(known, values - np.expand_dims(mean, axis), 0)
    freedom = np.maximum(n - 1, 1)
    error = np.sqrt((deviations**2).sum(axis) / freedom / np.maximum(n, 1))
    half = student_quantile((1 + level) / 2, freedom) * error
    enough = n >= FEW_UNITS
    low = np.where(enough, mean - half, np.nan)
    high = np.where(enough, mean + half, np.nan)
    return Interval(low, high)


def mean_interval_of_units(
    found: Variation, level: float = LEVEL
) -> Interval[np.ndarray]:
    """Student's t interval of a mean over units; NaN with fewer than FEW_UNITS."""
    freedom = max(found.units - 1, 1)
    half = student_quantile((1 + level) / 2, freedom) * np.sqrt(found.variance)
    if found.units < FEW_UNITS:
        half = np.nan
    return Interval(np.array(found.mean - half), np.array(found.mean + half))


def wilson(
    right: float,
    n: int,
    level: float = LEVEL,
) -> Interval[float]:
    """Wilson interval of a share of independent observations; NaN of nothing."""
    if n == 0:
        return Interval(float("nan"), float("nan"))
    test = scipy.stats.binomtest(round(right), n)
    ends = test.proportion_ci(level, "wilson")
    return Interval(float(ends.low), float(ends.high))
