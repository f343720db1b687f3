"""Shapes of a push over layers: a strength for every layer from two numbers."""

from collections.abc import Callable

import numpy as np

from analysis.core.errors import unknown

DIGITS = 3
"""A strength that is rounded to zero at so many digits steers nothing."""


def bell(layers: np.ndarray, centre: float, width: float) -> np.ndarray:
    """A bell: 1 at the first number's layer, as wide as the second (one deviation)."""
    return np.exp(-0.5 * ((layers - centre) / max(width, 1e-9)) ** 2)


def ramp(layers: np.ndarray, start: float, end: float) -> np.ndarray:
    """A line from 0 before the first layer to 1 at the second, and nothing elsewhere."""
    low, high = min(start, end), max(start, end)
    length = high - low + 1
    share = (layers - low + 1) / length
    if start > end:
        share = (high - layers + 1) / length
    inside = (layers >= low) & (layers <= high)
    return np.where(inside, share, 0.0)


def step(layers: np.ndarray, start: float, end: float) -> np.ndarray:
    """1 from the first layer to the second, and nothing elsewhere."""
    low, high = min(start, end), max(start, end)
    return np.where((layers >= low) & (layers <= high), 1.0, 0.0)


SHAPES: dict[str, Callable[[np.ndarray, float, float], np.ndarray]] = {
    "bell": bell,
    "ramp": ramp,
    "step": step,
}
"""Name of a shape → strengths (layer,) from layers 1…N and two numbers."""


def profile(shape: str, first: float, second: float, layers: int) -> list[float]:
    """Strengths (layer,) of a shape over layers 1…N, rounded to DIGITS.

    SpecError for a shape that is not among SHAPES.
    """
    if shape not in SHAPES:
        raise unknown("shape", shape, SHAPES)
    numbers = np.arange(1, layers + 1, dtype=float)
    strengths = SHAPES[shape](numbers, first, second)
    return [round(float(strength), DIGITS) for strength in strengths]
