"""Names of points on the screen, none printed over another as far as there is room."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

TELEPHONE = np.array([260.0, 360.0])
"""Pixels of a plot on a narrow screen; what has room there has room on any other."""
LETTER, LINE = 8.0, 15.0
"""Pixels that a letter and a line take."""
BESIDE = 6.0
"""Pixels from the middle of a marker to its name."""
SAME = 0.01
"""Points nearer than this share of the plot are one to the eye, and share a name."""
SIDES = {
    "top center": (0, 1),
    "middle right": (1, 0),
    "middle left": (-1, 0),
    "bottom center": (0, -1),
    "top right": (1, 1),
    "top left": (-1, 1),
    "bottom right": (1, -1),
    "bottom left": (-1, -1),
}
"""Plotly's word for a side of a point → across and up, in the order of trying."""


ROOM = 22.0
"""Pixels that Plotly leaves between the outermost points and the plot's edge."""
STEPS = 24
"""Places along a line at which a name may cover it."""


class Name(NamedTuple):
    """What is written beside a point, and on which of SIDES."""

    text: str
    side: str


class Box(NamedTuple):
    """A rectangle in pixels."""

    low: np.ndarray
    high: np.ndarray


class Covered(NamedTuple):
    """What is on the plot already: markers and places along lines (place, 2), names."""

    markers: np.ndarray
    strokes: np.ndarray
    names: list[Box]


def names_of_points(
    points: np.ndarray, labels: Sequence[str], strokes: np.ndarray
) -> list[Name]:
    """A name for every point (point, 2); empty for one that another speaks for.

    ``strokes`` (stroke, 2, 2) are both ends of what else is drawn: lines, and markers,
    whose ends are the same. A place may be NaN.
    """
    pixels = on_a_telephone(points, strokes)
    texts = shared_names(pixels, labels)
    covered = Covered(pixels, along(on_a_telephone(strokes, points)), [])
    found = []
    for pixel, text in zip(pixels, texts):
        side = next(iter(SIDES))
        if text and np.isfinite(pixel).all():
            side = freest_side(pixel, text, covered)
            covered.names.append(box_beside(pixel, text, side))
        found.append(Name(text, side))
    return found


def on_a_telephone(places: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Places (…, 2) in pixels of a narrow screen that shows others too."""
    every = np.concatenate([places.reshape(-1, 2), others.reshape(-1, 2)])
    known = every[np.isfinite(every).all(1)]
    if not len(known):
        return places
    low, high = known.min(0), known.max(0)
    reach = np.where(high > low, high - low, 1.0)
    return (places - low) / reach * TELEPHONE


def along(strokes: np.ndarray) -> np.ndarray:
    """Places (place, 2) along strokes (stroke, 2, 2)."""
    shares = np.linspace(0, 1, STEPS)[:, None, None]
    return (strokes[:, 0] * (1 - shares) + strokes[:, 1] * shares).reshape(-1, 2)


def shared_names(pixels: np.ndarray, labels: Sequence[str]) -> list[str]:
    """The labels, joined at the first of points that lie on each other."""
    texts = list(labels)
    for place in range(len(texts)):
        gaps = np.abs(pixels[:place] - pixels[place]) / TELEPHONE
        before = np.flatnonzero((gaps < SAME).all(1))
        if before.size:
            first = next(other for other in before if texts[other])
            texts[first] += f", {texts[place]}"
            texts[place] = ""
    return texts


def freest_side(pixel: np.ndarray, text: str, covered: Covered) -> str:
    """The first side on which a name covers nothing; else where it covers least.

    Another name weighs more than a marker, and a marker more than a line.
    """
    costs = {}
    for side in SIDES:
        box = box_beside(pixel, text, side)
        over_names = sum(shared_area(box, other) for other in covered.names)
        over_markers = count_within(covered.markers, box, BESIDE - 1)
        over_strokes = count_within(covered.strokes, box, 1.0)
        costs[side] = 10 * over_names + 60 * over_markers + 10 * over_strokes
        costs[side] += 60 * outside(box)
    return min(costs, key=costs.__getitem__)


def box_beside(pixel: np.ndarray, text: str, side: str) -> Box:
    """What a name on a side of a point takes."""
    size = np.array([LETTER * len(text), LINE])
    middle = pixel + SIDES[side] * (size / 2 + BESIDE)
    return Box(middle - size / 2, middle + size / 2)


def count_within(places: np.ndarray, box: Box, room: float) -> int:
    """How many places (place, 2) lie in a rectangle or nearer to it than ``room``."""
    inside = (places > box.low - room) & (places < box.high + room)
    return int(inside.all(1).sum())


def shared_area(one: Box, other: Box) -> float:
    """How much of two rectangles is the same, in square pixels."""
    sides = np.minimum(one.high, other.high) - np.maximum(one.low, other.low)
    return float(np.prod(np.maximum(sides, 0)))


def outside(box: Box) -> float:
    """How far a rectangle lies outside the plot, beyond the room that axes leave."""
    below = np.maximum(-ROOM - box.low, 0).sum()
    beyond = np.maximum(box.high - TELEPHONE - ROOM, 0).sum()
    return float(below + beyond)
