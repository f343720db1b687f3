"""Heat maps on paper: vector cells, numbers where they fit, else signs and strokes."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, ListedColormap, Normalize
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, NullFormatter

from analysis.core.errors import FigureError
from analysis.core.typeset import minus_signs
from components.figures.spec import PALE, SEQUENTIAL, Figure, Matrix
from components.printing.hatching import ROUND, Line, circle, hatch
from components.printing.places import (
    FAINT,
    GREY,
    INK,
    LINE,
    Panel,
    Place,
    Size,
    dress,
    fit_labels,
    plain_number,
    wrapped,
)
from components.printing.venues import CM, NO_ROOM, Look

TALLEST_CELL = 0.75 * CM
SMALLEST_SIGN = 4
"""Points: a cell smaller than this has no room for a sign."""
SIGN = 0.4
"""Length of a sign, beside the shorter side of its cell."""
WITHIN = "°"
"""Stands behind numbers that unrelated vectors reach too, as on screen."""
SCALES = {SEQUENTIAL: SEQUENTIAL.lower()}
"""Scale of the screen → its name in Matplotlib, where that is another."""
MARKED = "#D55E00"
MOST_GAPS = 32
"""Cells across up to which white gaps part them."""
LUMINANCE = (0.2126, 0.7152, 0.0722)
MIDDLE_GREY = 0.21
"""Luminance from which dark ink has more contrast than white."""


@dataclass(frozen=True)
class Cells:
    """The cells of one frame: values (row, column), and which are no better than chance."""

    data: Matrix
    values: np.ndarray
    faded: np.ndarray

    @cached_property
    def known(self) -> np.ndarray:
        """Row and column (cell, 2) of every cell that has a value."""
        return np.argwhere(np.isfinite(self.values))

    @cached_property
    def colours(self) -> np.ndarray:
        """Red, green, blue and opacity (row, column, 4) of every cell."""
        level = Normalize(*self.data.limits)(self.values)
        full = colour_scale(self.data)(level)
        pale = colour_scale(self.data, pale=True)(level)
        return np.where(self.faded[..., None], pale, full)

    @property
    def struck(self) -> np.ndarray:
        """Cells (row, column) that are known, and no better than chance."""
        return self.faded & np.isfinite(self.values)

    @property
    def within(self) -> np.ndarray:
        """Cells (row, column) that are known, and that unrelated vectors reach too."""
        if self.data.within is None:
            return np.zeros(self.values.shape, bool)
        return self.data.within & np.isfinite(self.values) & ~self.faded

    def ink(self, row: int, column: int) -> str:
        """White or dark, whichever has more contrast to a cell."""
        return readable_ink(self.colours[row, column])


def matrix(figure: Figure, data: Matrix, place: Place) -> Panel:
    """A heat map of vector cells, with pre-training shares along its edge."""
    rows, columns = len(data.rows), len(data.columns)
    cells = cells_in_print(figure, data, place.look)
    axes = place.canvas.add_subplot(place.spot)
    shares = add_shares(axes, data, place) if data.shares else None
    draw_cells(axes, cells)
    first = axes if shares is None else shares
    label_axes(axes, first, data)
    first.set_ylabel(figure.y, **place.font(), color=INK)
    lowest = 1.2 * place.look.small

    def height(width: float) -> float:
        return rows * max(lowest, min(width / columns, TALLEST_CELL))

    def fit(size: Size) -> None:
        fit_labels(panel, first, place, Size(size.width / columns, size.height / rows))
        if shares is not None:
            set_share_ticks(shares, place, 0.13 * size.width)
            # A wider one would lie over the title of the shares.
            axes.set_xlabel(wrapped(axes.get_xlabel(), place, size.width))

    def finish(size: Size) -> None:
        cell = Size(size.width / columns, size.height / rows)
        write_into_cells(panel, cells, place, cell)

    panel = Panel(axes, height, fit, finish)
    panel.colours = ScalarMappable(Normalize(*data.limits), colour_scale(data))
    return panel


def label_axes(axes: Axes, first: Axes, data: Matrix) -> None:
    """A tick and a label per row and column; ``first`` has the rows'."""
    rows, columns = len(data.rows), len(data.columns)
    axes.set(
        xlim=(-0.5, columns - 0.5),
        ylim=(rows - 0.5, -0.5),
        xticks=range(columns),
        yticks=range(rows),
    )
    axes.set_xticklabels(data.columns)
    axes.set_yticklabels([])
    first.set_yticklabels(data.rows)


def cells_in_print(figure: Figure, data: Matrix, look: Look) -> Cells:
    """The cells that print: of several layers the chosen one, or the one on screen."""
    values = data.values
    if data.frames:
        chosen = 0 <= look.frame < len(data.frames)
        values = data.values[look.frame if chosen else data.start]
    rows, columns = len(data.rows), len(data.columns)
    if values.shape != (rows, columns):
        shape = " × ".join(map(str, values.shape))
        raise FigureError(
            f"“{figure.title}” has {shape} numbers for {rows} rows and {columns} columns, "
            "so it was not drawn."
        )
    if data.faded is None:
        faded = np.zeros(values.shape, bool)
    else:
        faded = data.faded.astype(bool)
    return Cells(data, values, faded)


def draw_cells(axes: Axes, cells: Cells) -> None:
    """Cells no better than chance pale, unknown ones crosshatched."""
    data, values = cells.data, cells.values
    rows, columns = values.shape
    gap = "white" if max(rows, columns) <= MOST_GAPS else "face"
    across, down = np.arange(columns + 1) - 0.5, np.arange(rows + 1) - 0.5
    known = np.isfinite(values)
    for pale in (False, True):
        if pale and not cells.faded.any():
            continue
        axes.pcolormesh(
            across,
            down,
            np.ma.masked_where(~known | (cells.faded != pale), values),
            cmap=colour_scale(data, pale),
            norm=Normalize(*data.limits),
            edgecolors=gap,
            linewidth=LINE,
        )
    axes.patch.set(facecolor="white", hatch="xxxx", edgecolor=FAINT)
    if data.diagonal:
        for each in range(min(rows, columns)):
            axes.add_patch(frame_around(each, each, INK, LINE))
    for row, column in data.marked:
        axes.add_patch(frame_around(row, column))


def frame_around(
    row: int, column: int, colour: str = MARKED, width: float = 1.5
) -> Rectangle:
    """A frame around a cell: a marked one, or one of the diagonal."""
    corner = (column - 0.48, row - 0.48)
    stroke = {"edgecolor": colour, "linewidth": width, "zorder": 3}
    return Rectangle(corner, 0.96, 0.96, fill=False, **stroke)


def colour_scale(data: Matrix, pale: bool = False) -> Colormap:
    """The scale of the screen; pale colours are mixed with white.

    Transparency does not belong into print.
    """
    full = colormaps[SCALES.get(data.scale, data.scale)].resampled(256)(np.arange(256))[
        :, :3
    ]
    opacity = PALE if pale else 1
    return ListedColormap(full * opacity + 1 - opacity)


def add_shares(axes: Axes, data: Matrix, place: Place) -> Axes:
    """Bars of pre-training shares left of the cells, with the rows' labels."""
    bars = axes.inset_axes((-0.15, 0, 0.13, 1))
    percent = np.array(data.shares, float)
    rows = range(len(percent))
    bars.barh(rows, np.nan_to_num(percent), height=0.7, color=GREY)
    bars.set(xscale="log", ylim=(len(percent) - 0.5, -0.5), yticks=rows)
    known = percent[np.isfinite(percent) & (percent > 0)]
    if known.size:
        bars.set_xlim(known.max() * 1.5, known.min() / 2)
    else:
        bars.set_xlim(100, 1)
    bars.xaxis.set_major_formatter(FuncFormatter(plain_number))
    bars.xaxis.set_minor_formatter(NullFormatter())
    bars.minorticks_off()
    # It ends with its axis: centred it would reach under the cells, whose title is there.
    bars.set_xlabel("share, %", loc="right", **place.font(True), color=INK)
    dress(bars, place)
    return bars


def set_share_ticks(bars: Axes, place: Place, width: float) -> None:
    """The first and last round number where both have room, else the last."""
    high, low = bars.get_xlim()
    ends = ends_of(round_numbers(low, high))
    apart = width * (np.log10(ends[-1] / ends[0]) / np.log10(high / low))
    texts = sum(place.measure((plain_number(end),)) for end in ends)
    fits = texts / 2 + 4 <= apart
    bars.set_xticks(ends if fits else ends[-1:])


def round_numbers(low: float, high: float) -> list[float]:
    """Powers of ten between two ends; those times 2 and 5 too where they are too few."""
    decades = [10.0**power for power in range(-5, 3)]
    inside = [each for each in decades if low <= each <= high]
    if len(inside) > 1:
        return inside
    finer = [decade * step for decade in decades for step in (1, 2, 5)]
    return [each for each in finer if low <= each <= high]


def ends_of(numbers: list[float]) -> list[float]:
    """The first and the last of some numbers."""
    return sorted({numbers[0], numbers[-1]})


def write_into_cells(panel: Panel, cells: Cells, place: Place, cell: Size) -> None:
    """Numbers into cells that have room for them, if they are wanted; else signs.

    A diverging scale so survives greyscale. Numbers that have no room are told.
    """
    texts = []
    for row, column in cells.known:
        texts.append(text_of(cells, row, column))
    longest = max(texts, key=len, default="")
    smallest = min(cell.width, cell.height)
    widest = place.measure((longest,))
    tall_enough = place.look.values and cell.height >= place.look.small * 1.2
    if tall_enough and widest + 2 <= cell.width:
        room = Size(widest + 2 * ROUND, place.look.small + 2 * ROUND)
        hatch(panel.axes, cells.struck, cell, room)
        write_numbers(panel.axes, cells, texts, place)
        return
    if place.look.values and texts:
        panel.notes.append(NO_ROOM)
    if smallest < SMALLEST_SIGN:
        # A stroke or a sign would hide such a cell.
        if cells.data.diverging:
            panel.notes.append(
                "cells are too small for their signs, so the two sides of the scale "
                "look alike in greyscale"
            )
        return
    sign_width = SIGN * smallest + 2 * ROUND if cells.data.diverging else 0.0
    hatch(panel.axes, cells.struck, cell, Size(sign_width, sign_width))
    inks = [cells.ink(row, column) for row, column in np.argwhere(cells.within)]
    circle(panel.axes, cells.within, cell, inks)
    if cells.data.diverging:
        draw_signs(panel.axes, cells, cell.width / cell.height)


def text_of(cells: Cells, row: int, column: int) -> str:
    """What a cell says: its words, where there are any, else its number."""
    if cells.data.says:
        return cells.data.says[row][column]
    value = minus_signs(f"{cells.values[row, column]:z.{cells.data.digits}f}")
    return f"{value}{WITHIN}" if cells.within[row, column] else value


def write_numbers(axes: Axes, cells: Cells, texts: list[str], place: Place) -> None:
    """A number in the middle of every known cell."""
    for (row, column), text in zip(cells.known, texts):
        axes.text(
            column,
            row,
            text,
            color=cells.ink(row, column),
            ha="center",
            va="center_baseline",
            in_layout=False,
            **place.font(True, text),
        )


def draw_signs(axes: Axes, cells: Cells, shape: float) -> None:
    """A plus or a minus in every known cell."""
    signs, inks = [], []
    for row, column in cells.known:
        drawn = sign(row, column, float(cells.values[row, column]), shape)
        signs += drawn
        inks += [cells.ink(row, column)] * len(drawn)
    axes.add_collection(LineCollection(signs, colors=inks, linewidths=0.7))


def readable_ink(colour: np.ndarray) -> str:
    """White or dark, whichever has more contrast to a colour."""
    linear = ((np.array(colour[:3]) + 0.055) / 1.055) ** 2.4
    return "white" if linear @ LUMINANCE < MIDDLE_GREY else INK


def sign(row: int, column: int, value: float, shape: float) -> list[Line]:
    """A plus or a minus as lines, in a cell ``shape`` times as wide as tall."""
    half = SIGN / 2
    wide, tall = half / max(shape, 1), half * min(shape, 1)
    level = ((column - wide, row), (column + wide, row))
    upright = ((column, row - tall), (column, row + tall))
    if value > 0:
        return [level, upright]
    if value < 0:
        return [level]
    return []
