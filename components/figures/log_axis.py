"""A logarithmic axis that has a place for 0, as strengths have: without a push."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

BESIDE = 2.0
"""0 stands left of the smallest value, at that value by this."""
STEPS = (1, 2, 5)
MOST_TICKS = 8
"""Up to so many different values each has a tick; of more, round numbers have."""


class LogAxis(NamedTuple):
    """Where 0 stands, and the ticks with their labels."""

    zero: float
    places: tuple[float, ...]
    labels: tuple[str, ...]

    def placed(self, values: np.ndarray) -> np.ndarray:
        """Values as they are drawn; what is 0 stands at its place."""
        values = np.asarray(values, float)
        return np.where(values > 0, values, self.zero)


def log_axis(values: Iterable[np.ndarray]) -> LogAxis | None:
    """The axis of some values; None where nothing is above 0, so that it has no logarithm.

    >>> axis = log_axis([np.array([0.0, 0.25, 4.0])])
    >>> axis.zero, axis.labels
    (0.125, ('0', '0.25', '4'))
    """
    every = np.concatenate([np.asarray(each, float) for each in values] or [[]])
    above = every[every > 0]
    if not above.size or (every < 0).any():
        return None
    low, high = float(above.min()), float(above.max())
    places = np.unique(above).tolist()
    if len(places) > MOST_TICKS:
        places = ticks_between(low, high)
    labels = [f"{place:g}" for place in places]
    zero = low / BESIDE
    if (every == 0).any():
        places, labels = [zero, *places], ["0", *labels]
    return LogAxis(zero, tuple(places), tuple(labels))


def ticks_between(low: float, high: float) -> list[float]:
    """Round numbers between two values; powers of ten alone where those are enough."""
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    finer = [step * 10.0**power for power in powers for step in STEPS]
    found = [place for place in finer if low <= place <= high]
    if len(found) > MOST_TICKS:
        decades = [10.0**power for power in powers]
        found = [place for place in decades if low <= place <= high]
    return found or [low]
