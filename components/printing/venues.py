"""How wide a figure prints, and how it looks there."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass

from analysis.core.errors import FigureError, unknown

CM = 72 / 2.54
"""Points in a centimetre."""
SMALLEST, READABLE = 6.0, 7.0
"""Points: text under the first cannot be read, all of ours begins at the second."""
PAGE_CM = 24.0
"""Taller figures leave no room on a page."""


SIGHTS = ("colour", "greyscale", "deuteranopia")
"""With whose eyes a sheet can be looked at."""


@dataclass(frozen=True)
class Venue:
    """Width, for slides also height, in centimetres, and size of text in points."""

    width: float
    text: float = 8.0
    height: float | None = None


VENUES: Mapping[str, Venue] = {
    "ACL, column": Venue(7.7),
    "ACL, full width": Venue(16.0),
    "NeurIPS": Venue(5.5 * 2.54),
    "ICML, column": Venue(3.25 * 2.54),
    "ICML, full width": Venue(6.75 * 2.54),
    "slide 16:9": Venue(33.867, 20.0, 19.05),
}
OWN = "own width"
WIDTHS = (3.0, 60.0)
"""Centimetres allowed for an own width."""
TEXTS = (3, 40)
"""Points allowed for text."""

NO_ROOM = "cells are too small for numbers, so none are written"
"""What is only told: a choice of the venue, and nothing that a reader stumbles over."""

LATEX = ("xelatex", "lualatex")
NO_LATEX = (
    "PGF needs a LaTeX on this server (xelatex or lualatex), and there is none. "
    "Take the PDF, which every LaTeX includes."
)


def latex() -> str | None:
    """The LaTeX of this machine that reads Unicode; None without one."""
    for program in LATEX:
        if shutil.which(program):
            return program
    return None


@dataclass(frozen=True)
class Look:
    """How figures print: a venue or an own width (centimetres), and how full.

    ``text`` is its size in points (0: the venue's), ``columns`` are panels side by side
    (0: as many as fit). ``values`` writes numbers into cells where they fit, ``titles``
    puts a title over each panel, ``shared`` gives matrices of one unit a common scale
    and colour bar, ``frame`` chooses the layer of a figure that has several (−1: the one
    on screen). FigureError for what cannot be printed.
    """

    venue: str = "ACL, column"
    width: float = 0.0
    text: float = 0.0
    columns: int = 0
    values: bool = True
    titles: bool = False
    shared: bool = True
    frame: int = -1

    def __post_init__(self) -> None:
        if self.venue not in (*VENUES, OWN):
            raise unknown("venue", self.venue, (*VENUES, OWN))
        narrowest, widest = WIDTHS
        if self.venue == OWN and not narrowest <= self.width <= widest:
            raise FigureError(
                f"A width of {self.width:g} cm was given; allowed are {narrowest:g} to "
                f"{widest:g} cm."
            )
        smallest, largest = TEXTS
        if self.text and not smallest <= self.text <= largest:
            raise FigureError(
                f"Text of {self.text:g} points was given; allowed are {smallest} to "
                f"{largest}, readable from {READABLE:g}."
            )

    @property
    def size(self) -> Venue:
        """Width, height and text that hold."""
        chosen = VENUES.get(self.venue, Venue(self.width))
        return Venue(chosen.width, self.text or chosen.text, chosen.height)

    @property
    def small(self) -> float:
        """Points of tick labels and of numbers in cells."""
        return min(self.size.text, max(READABLE, self.size.text - 1))
