"""Names of points on the screen, none printed over another as far as there is room."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

SCREENS = (np.array([260.0, 360.0]), np.array([850.0, 380.0]))
"""Pixels of a plot on a telephone and on a desk."""
LETTER, LINE = 8.0, 15.0
"""Pixels that a letter and a line take."""
SMALL_LETTER = 5.5
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


class Screen(NamedTuple):
    """Points (point, 2) in pixels of one screen, and what is on the plot already.

    ``strokes`` are places along lines (place, 2).
    """

    size: np.ndarray
    points: np.ndarray
    strokes: np.ndarray
    names: list[Box]


def names_of_points(
    points: np.ndarray,
    labels: Sequence[str],
    strokes: np.ndarray,
    corners: Sequence[str] = (),
) -> list[Name]:
    """A name for every point (point, 2); empty for one that another speaks for.

    ``strokes`` (stroke, 2, 2) are both ends of what else is drawn: lines, and markers,
    whose ends are the same. A place may be NaN. ``corners`` are words at the plot's top
    left, top right, bottom left and bottom right.
    """
    screens = [screen(points, strokes, corners, size) for size in SCREENS]
    found = []
    for place, text in enumerate(shared_names(screens[0], labels)):
        side = next(iter(SIDES))
        if text and np.isfinite(points[place]).all():
            side = freest_side(place, text, screens)
            for each in screens:
                each.names.append(box_beside(each.points[place], text, side))
        found.append(Name(text, side))
    return found


def free_names(
    points: np.ndarray, labels: Sequence[str], limits: np.ndarray
) -> list[Name]:
    """A name beside each point (point, 2), none where it would cover a mark or a name.

    ``limits`` (axis, end) are the ends of both axes. What has no room shows on hover.
    """
    low, reach = limits[:, 0], limits[:, 1] - limits[:, 0]
    screens = []
    for size in SCREENS:
        pixels = (points - low) / reach * size
        screens.append(Screen(size, pixels, np.empty((0, 2)), []))
    return [name_with_room(place, text, screens) for place, text in enumerate(labels)]


def name_with_room(place: int, text: str, screens: Sequence[Screen]) -> Name:
    """A name on the first side of its point that is free on every screen."""
    first = next(iter(SIDES))
    if not text or not np.isfinite(screens[0].points[place]).all():
        return Name("", first)
    for side in SIDES:
        boxes = [box_beside(each.points[place], text, side) for each in screens]
        if all(is_free(box, each) for box, each in zip(boxes, screens)):
            for box, each in zip(boxes, screens):
                each.names.append(box)
            return Name(text, side)
    return Name("", first)


def is_free(box: Box, here: Screen) -> bool:
    """Whether a name covers no mark and no other name, and stays inside."""
    inside = (box.low >= 0).all() and (box.high <= here.size).all()
    if not inside or count_within(here.points, box, BESIDE - 2):
        return False
    return not any(shared_area(box, other) for other in here.names)


def screen(
    points: np.ndarray, strokes: np.ndarray, corners: Sequence[str], size: np.ndarray
) -> Screen:
    """A screen without names of points yet."""
    boxes = [box_in_corner(text, place, size) for place, text in enumerate(corners)]
    lines = along(in_pixels(strokes, points, size))
    return Screen(size, in_pixels(points, strokes, size), lines, boxes)


def in_pixels(places: np.ndarray, others: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Places (…, 2) in pixels of a screen that shows others too."""
    every = np.concatenate([places.reshape(-1, 2), others.reshape(-1, 2)])
    known = every[np.isfinite(every).all(1)]
    if not len(known):
        return places
    low, high = known.min(0), known.max(0)
    reach = np.where(high > low, high - low, 1.0)
    return (places - low) / reach * size


def box_in_corner(text: str, place: int, size: np.ndarray) -> Box:
    """What a word in a corner of the plot takes, in small letters."""
    takes = np.array([SMALL_LETTER * len(text), LINE])
    right, bottom = place % 2, place // 2
    share = np.array([right, 1 - bottom])
    low = share * (size + 2 * ROOM - takes) - ROOM
    return Box(low, low + takes)


def along(strokes: np.ndarray) -> np.ndarray:
    """Places (place, 2) along strokes (stroke, 2, 2)."""
    shares = np.linspace(0, 1, STEPS)[:, None, None]
    return (strokes[:, 0] * (1 - shares) + strokes[:, 1] * shares).reshape(-1, 2)


def shared_names(one: Screen, labels: Sequence[str]) -> list[str]:
    """The labels, joined at the first of points that lie on each other."""
    texts = list(labels)
    for place in range(len(texts)):
        gaps = np.abs(one.points[:place] - one.points[place]) / one.size
        before = np.flatnonzero((gaps < SAME).all(1))
        if before.size:
            first = next(other for other in before if texts[other])
            texts[first] += f", {texts[place]}"
            texts[place] = ""
    return texts


def freest_side(place: int, text: str, screens: Sequence[Screen]) -> str:
    """The first side on which a name covers nothing on any screen, or least."""
    costs = {}
    for side in SIDES:
        costs[side] = sum(
            cost(box_beside(each.points[place], text, side), each) for each in screens
        )
    return min(costs, key=costs.__getitem__)


def cost(box: Box, here: Screen) -> float:
    """How much a name would cover.

    Another name weighs more than a marker, and a marker more than a line.
    """
    over_names = sum(shared_area(box, other) for other in here.names)
    over_markers = count_within(here.points, box, BESIDE - 1)
    over_strokes = count_within(here.strokes, box, 1.0)
    beyond = outside(box, here.size)
    return 10 * over_names + 60 * over_markers + 10 * over_strokes + 60 * beyond


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


def outside(box: Box, size: np.ndarray) -> float:
    """How far a rectangle lies outside the plot, beyond the room that axes leave."""
    below = np.maximum(-ROOM - box.low, 0).sum()
    beyond = np.maximum(box.high - size - ROOM, 0).sum()
    return float(below + beyond)
