"""Names of curves at their right ends, where they say more than a legend below."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from components.figures.spec import Lines, Series

MOST = 8
"""Curves that are named at their ends."""
LETTERS, ROWS = 16, 2
"""Letters of a line and lines of a name, at most: a telephone is narrow."""
HEIGHT = 300.0
"""Pixels that a plot of curves is high, about."""
LETTER, ROW = 7.0, 16.0
"""Pixels that a letter and a line take."""
BESIDE = 8
"""Pixels from the end of a curve to its name."""


@dataclass(frozen=True)
class End:
    """A name at the end of a curve: where it ends, and by how many pixels it is moved."""

    text: str
    x: float
    y: float
    up: float


def names_at_ends(data: Lines) -> list[End]:
    """A name per curve at its right end; none where a legend has to tell them apart.

    That is so for one curve and for many, for long names, and for curves that end at
    different places.
    """
    if not 2 <= len(data.series) <= MOST:
        return []
    texts = [wrapped(series.label) for series in data.series]
    ends = [last_known(series) for series in data.series]
    if not all(texts) or not all(len(end) for end in ends):
        return []
    places = np.array(ends)
    if np.ptp(places[:, 0]) > 0:
        return []
    low, high = reach(data)
    pixels = (places[:, 1] - low) / (high - low) * HEIGHT
    rows = np.array([text.count("<br>") + 1 for text in texts])
    apart = spread(pixels, rows * ROW)
    if apart is None:
        return []
    found = []
    for text, place, moved in zip(texts, places, apart - pixels):
        found.append(End(text, float(place[0]), float(place[1]), float(moved)))
    return found


def wrapped(label: str) -> str:
    """A name in lines that are short enough; empty where that cannot be done."""
    lines = textwrap.wrap(label, LETTERS, break_long_words=False)
    fits = all(len(line) <= LETTERS for line in lines)
    return "<br>".join(lines) if fits and len(lines) <= ROWS else ""


def last_known(series: Series) -> tuple[float, ...]:
    """Where a curve ends; empty for one without a point."""
    known = np.flatnonzero(np.isfinite(series.y))
    if not known.size:
        return ()
    return (float(series.x[known[-1]]), float(series.y[known[-1]]))


def reach(data: Lines) -> tuple[float, float]:
    """The lowest and the highest place that the axis shows, about."""
    if data.limits is not None:
        return data.limits
    values = [np.array([data.chance], float)] if data.chance is not None else []
    for series in data.series:
        for part in (series.y, series.low, series.high):
            if part is not None:
                values.append(np.asarray(part, float))
    every = np.concatenate(values)
    low, high = float(np.nanmin(every)), float(np.nanmax(every))
    return (low, high) if high > low else (low - 1, low + 1)


def spread(pixels: np.ndarray, sizes: np.ndarray) -> np.ndarray | None:
    """The nearest places at which names of these sizes do not overlap; None without
    room for them.
    """
    if sizes.sum() > HEIGHT:
        return None
    order = np.argsort(pixels, kind="stable")
    found = pixels.astype(float).copy()
    floor = -sizes[order[0]]
    for place in order:
        found[place] = max(found[place], floor + sizes[place] / 2)
        floor = found[place] + sizes[place] / 2
    ceiling = HEIGHT + sizes[order[-1]]
    for place in order[::-1]:
        found[place] = min(found[place], ceiling - sizes[place] / 2)
        ceiling = found[place] - sizes[place] / 2
    return found


def room(ends: Sequence[End]) -> float:
    """Pixels that the names take beside the plot."""
    lines = [line for end in ends for line in end.text.split("<br>")]
    return LETTER * max(map(len, lines)) + BESIDE + 4
