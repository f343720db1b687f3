"""One mean as a share of another, with an interval that knows both are uncertain."""

from typing import NamedTuple

import numpy as np

from analysis.core.intervals import FEW_UNITS, LEVEL, student_quantile
from analysis.core.statistics import mean_known


class Share(NamedTuple):
    """A ratio of two means with its interval, (source, target)."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


class Moments(NamedTuple):
    """Means of two paired values over prompts, and variances of those means."""

    top: np.ndarray
    bottom: np.ndarray
    top_variance: np.ndarray
    bottom_variance: np.ndarray
    covariance: np.ndarray
    n: np.ndarray


def ratio(net: np.ndarray, own: np.ndarray) -> Share:
    """Mean effect (source, target, prompt) as a share of the own one (target, prompt).

    With Fieller's interval over prompts. NaN where the own effect is not above 0 by its
    own interval: there is nothing of which it could be a share. Fieller 1954.
    """
    found = moments(net, np.broadcast_to(own[None], net.shape))
    t = student_quantile((1 + LEVEL) / 2, np.maximum(found.n - 1, 1))
    # The ends x solve (top − x·bottom)² = t²·(var of top − 2x·cov + x²·var of bottom).
    square = found.bottom**2 - t**2 * found.bottom_variance
    middle = found.top * found.bottom - t**2 * found.covariance
    rest = found.top**2 - t**2 * found.top_variance
    told = (found.bottom > 0) & (square > 0) & (found.n >= FEW_UNITS)
    root = np.sqrt(np.maximum(middle**2 - square * rest, 0))
    divisor = np.where(told, square, np.nan)
    value = found.top / np.where(told, found.bottom, np.nan)
    return Share(value, (middle - root) / divisor, (middle + root) / divisor)


def moments(top: np.ndarray, bottom: np.ndarray) -> Moments:
    """Moments of what is known of both, along the last axis."""
    both = np.isfinite(top) & np.isfinite(bottom)
    top = np.where(both, top, np.nan)
    bottom = np.where(both, bottom, np.nan)
    n = both.sum(-1)
    mean_top = mean_known(top, -1)
    mean_bottom = mean_known(bottom, -1)
    top_off = np.where(both, top - mean_top[..., None], 0)
    bottom_off = np.where(both, bottom - mean_bottom[..., None], 0)
    scale = np.maximum(n * (n - 1), 1)
    return Moments(
        mean_top,
        mean_bottom,
        (top_off**2).sum(-1) / scale,
        (bottom_off**2).sum(-1) / scale,
        (top_off * bottom_off).sum(-1) / scale,
        n,
    )
