"""The figure spec: what is drawn, in plain arrays and words.

``screen`` draws it with Plotly, ``printing`` with Matplotlib.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

OKABE_ITO = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#8C6D00",
    "#7F7F7F",
)
MARKERS = (
    "circle",
    "square",
    "diamond",
    "triangle-up",
    "x",
    "cross",
    "star",
    "triangle-down",
)
AFTER_A_ROUND = 3
"""Markers by which each further round of colours is shifted; odd, so that no pair of
colour and marker comes again before all 64 are used."""
SEQUENTIAL, DIVERGING = "Cividis", "PuOr"
COSTLY = "Reds"
"""The scale of costs, so that nobody takes them for what is wanted."""
PALE = 0.35
"""Opacity of a cell that is no better than chance."""
AROUND = 0.08
"""Share of what a cloud's points take by which its axes reach further."""
Limits = tuple[float, float]
"""Smallest and largest value of a scale or an axis."""


def colour_of(place: int) -> str:
    """The colour of a series or group; after eight they come again."""
    return OKABE_ITO[place % len(OKABE_ITO)]


def marker_of(place: int) -> str:
    """The marker of a series or group; where colours come again, markers differ."""
    rounds = place // len(OKABE_ITO)
    return MARKERS[(place + AFTER_A_ROUND * rounds) % len(MARKERS)]


MOST_LABELS = 64
"""Up to so many rows or columns, each has its label and its usual height."""


@dataclass(frozen=True)
class Matrix:
    """A heat map: ``values`` (row, column), or (frame, row, column) over layers.

    ``faded`` marks cells no better than chance; ``shares`` are bars along the edge
    (percent, NaN unknown), one per row.
    """

    values: np.ndarray
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    units: str
    limits: Limits
    diverging: bool = False
    digits: int = 2
    frames: tuple[str, ...] = ()
    start: int = 0
    faded: np.ndarray | None = None
    diagonal: bool = False
    shares: tuple[float, ...] = ()
    hover: np.ndarray | None = None
    codes: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    """Row and column codes that a click returns; empty: not clickable."""
    marked: tuple[tuple[int, int], ...] = ()
    """Cells (row, column) with a frame around them."""
    within: np.ndarray | None = None
    """Cells that cannot be told from unrelated vectors; marked unless they are faded."""
    costs: bool = False
    """Whether values are costs, which have colours of their own."""
    says: tuple[tuple[str, ...], ...] = ()
    """What cells (row, column) say in place of their values."""

    @property
    def scale(self) -> str:
        """The name of the colour scale, on screen and in print."""
        if self.diverging:
            return DIVERGING
        return COSTLY if self.costs else SEQUENTIAL

    @property
    def crowded(self) -> bool:
        """Whether cells are so many that no number has room in one of them."""
        return max(len(self.rows), len(self.columns)) > MOST_LABELS


@dataclass(frozen=True)
class Series:
    """One line with its interval; NaN where there is none."""

    label: str
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    dashed: bool = False


@dataclass(frozen=True)
class Lines:
    """Curves over a shared axis; ``chance`` is a dotted line, ``mark`` a vertical one."""

    series: tuple[Series, ...]
    chance: float | None = None
    mark: float | None = None
    limits: Limits | None = None
    codes: tuple[str, ...] = ()
    """What a click on a point returns, one per place on the axis; empty: no click."""
    logarithmic: bool = False
    """Whether the shared axis is logarithmic; 0 then stands at its left end."""


@dataclass(frozen=True)
class Points:
    """A scatter plot with labels, groups, and intervals on y.

    ``line`` is a straight line (slope, intercept).
    """

    x: np.ndarray
    y: np.ndarray
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    line: tuple[float, float] | None = None
    chance: float | None = None
    log_x: bool = False
    named: bool = True
    """Whether every point carries its label; otherwise it shows on hover."""
    ordinal: bool = False
    """Whether x is only an order, so that its numbers mean nothing."""
    ticks: tuple[float, ...] = ()
    """Where x has ticks that say something else than their place; empty: the usual."""
    tick_words: tuple[str, ...] = ()
    """What those ticks say, one each."""


@dataclass(frozen=True)
class BarSeries:
    """One bar per label with its interval.

    The ``hatched`` part of a bar, from its foot, is drawn hatched.
    """

    label: str
    values: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    hatched: np.ndarray | None = None


@dataclass(frozen=True)
class Bars:
    """Groups of bars, one group per label; ``chance`` is a dotted line."""

    labels: tuple[str, ...]
    series: tuple[BarSeries, ...]
    chance: float | None = None
    limits: Limits | None = None


@dataclass(frozen=True)
class Dumbbells:
    """Two or more points per label with their intervals, a line between the first two.

    ``series`` are the points: one of each per label.
    """

    labels: tuple[str, ...]
    series: tuple[BarSeries, ...]
    chance: float | None = None
    apart: bool = False
    """Whether there is no line between them."""


@dataclass(frozen=True)
class Tree:
    """A dendrogram from SciPy's linkage; heights are 1 − cosine."""

    linkage: np.ndarray
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Cloud:
    """Points in two or three dimensions, ``places`` (frame, point, axis).

    Coloured by ``groups``, filled or open by ``kinds``. ``explained`` (frame, axis) is
    the share of variance per axis (NaN unknown); ``grid`` draws all frames side by side.
    """

    places: np.ndarray
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    kinds: tuple[str, ...]
    frames: tuple[str, ...] = ("",)
    start: int = 0
    explained: np.ndarray | None = None
    named: bool = True
    grid: bool = False

    def limits(self) -> tuple[Limits, ...]:
        """Both ends of every axis: all frames fit in, with a little room around."""
        found = []
        for axis in range(self.places.shape[2]):
            values = self.places[..., axis]
            known = values[np.isfinite(values)]
            low, high = (known.min(), known.max()) if known.size else (0.0, 0.0)
            room = AROUND * float(high - low) or 1.0
            found.append((float(low) - room, float(high) + room))
        return tuple(found)

    def written(self) -> tuple[str, ...]:
        """What is written beside each point; of several points of one group the first."""
        if not self.named:
            return ("",) * len(self.labels)
        told = self.labels == self.groups
        texts: list[str] = []
        for label in self.labels:
            texts.append("" if told and label in texts else label)
        return tuple(texts)


@dataclass(frozen=True)
class Arrows:
    """Arrows from ``start`` to ``end`` (arrow, 2), one per label.

    ``intervals`` (arrow, 2, 2: axis, low and high) are those of the end. ``words`` name
    the four corners: top left, top right, bottom left, bottom right as seen from
    ``centre``.
    """

    start: np.ndarray
    end: np.ndarray
    labels: tuple[str, ...]
    intervals: np.ndarray
    words: tuple[str, str, str, str]
    centre: tuple[float, float]
    extra: tuple[tuple[str, np.ndarray], ...] = ()
    """Further points by name (label, (point, 2)), such as another method's answers."""


@dataclass(frozen=True)
class Figure:
    """A drawing with its words: title, axis titles, caption with n and interval.

    ``table`` is its twin in numbers.
    """

    name: str
    title: str
    caption: str
    data: Matrix | Lines | Points | Bars | Dumbbells | Tree | Cloud | Arrows
    table: pd.DataFrame = field(repr=False)
    x: str = ""
    y: str = ""
    source: str = ""
    """Where the numbers come from, e.g. "published, Xu et al. 2024, Figure 4"."""
    analysis: str = ""
    """Its name in the registry of analyses, which knows its works and statistics."""
    estimate: str = ""
    """The column of ``table`` that is estimated."""
    interval: tuple[str, ...] = ()
    """The columns of ``table`` with the lower and the upper end of its interval."""
    seen: str = ""
    """What is seen, in one plain sentence, for the screen; empty: the caption's first."""
