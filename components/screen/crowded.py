"""Axes with more labels than have room: which are written, and how that is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from components.figures.spec import MOST_LABELS, Dumbbells, Figure, Matrix

ROOM = 13
"""Pixels that a label needs across its line."""
LONGEST = 30
"""Characters of a label's line: a longer one would leave data no room on a phone."""
BREAK = " <br>"
UPRIGHT: dict[str, Any] = {"tickangle": -90}


@dataclass(frozen=True)
class Ticks:
    """Labels that are written, and where: one in every ``step``."""

    places: list[int]
    labels: list[str]
    step: int


def row_height(rows: int, usual: float, most: float) -> float:
    """Pixels of a row: the usual, but of many rows what they leave one another."""
    if rows <= MOST_LABELS:
        return usual
    return min(usual, most / rows)


def some_labels(labels: Sequence[str], usual: float, most: float) -> Ticks:
    """The labels that have room where all rows together have so many pixels."""
    height = row_height(len(labels), usual, most)
    step = max(1, -int(-ROOM // height))
    if len(labels) <= MOST_LABELS:
        step = 1
    places = list(range(0, len(labels), step))
    return Ticks(places, [labels[place] for place in places], step)


def in_lines(label: str) -> str:
    """A label in lines of which none is too long for a phone, but for single words."""
    return BREAK.join(wrap(label, LONGEST, break_long_words=False))


def crowded_sentence(figure: Figure) -> str:
    """That not all is written on a figure of so many languages; empty where all is."""
    data = figure.data
    if isinstance(data, Matrix) and data.crowded:
        rest = "point at a cell for its names and its number"
        if data.codes[0]:
            rest += ", click it for all that is known of it"
        return f"Not every name has room on the axes: {rest}."
    if isinstance(data, Dumbbells) and len(data.labels) > MOST_LABELS:
        return "Not every name has room: point at a point for its own."
    return ""
