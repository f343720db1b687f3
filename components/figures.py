"""The figure spec: what is drawn, in plain arrays and words. ``screen`` draws it with Plotly, ``paper`` with Matplotlib."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#8C6D00", "#7F7F7F")
MARKERS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star", "triangle-down")
SEQUENTIAL, DIVERGING = "Cividis", "PuOr"
PALE = 0.35
"""Opacity of a cell that is no better than chance."""


@dataclass(frozen=True)
class Matrix:
    """A heat map: ``values`` (row, column), or (frame, row, column) with one frame per layer.

    ``faded`` marks cells no better than chance; ``shares`` are bars along the edge (percent, NaN unknown), one per row.
    """

    values: np.ndarray
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    units: str
    limits: tuple[float, float]
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
    limits: tuple[float, float] | None = None


@dataclass(frozen=True)
class Points:
    """A scatter plot with labels, groups, intervals on y, and a straight line (slope, intercept)."""

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


@dataclass(frozen=True)
class Tree:
    """A dendrogram from SciPy's linkage; heights are 1 − cosine."""

    linkage: np.ndarray
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Figure:
    """A drawing with its words: title, axis titles, caption with n and interval, and the table twin."""

    name: str
    title: str
    caption: str
    data: Matrix | Lines | Points | Tree
    table: pd.DataFrame = field(repr=False)
    x: str = ""
    y: str = ""
    source: str = ""
    """Where the numbers come from, e.g. "published, Xu et al. 2024, Figure 4"."""
