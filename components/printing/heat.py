"""Heat maps on paper: vector cells, numbers where they fit, signs and strokes where colour alone would not do."""

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, ListedColormap, Normalize
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, NullFormatter

from analysis.core.errors import FigureError
from components.figures.spec import DIVERGING, PALE, SEQUENTIAL, Figure, Matrix
from components.printing.places import (
    FAINT,
    GREY,
    INK,
    LINE,
    Panel,
    Place,
    dress,
    fit_labels,
    plain_number,
)
from components.printing.venues import CM, Look

TALLEST_CELL = 0.75 * CM
MARKED = "#D55E00"
MOST_GAPS = 32
"""Cells across up to which white gaps part them."""


def matrix(figure: Figure, place: Place) -> Panel:
    """A heat map of vector cells, with pre-training shares along its edge where there are some."""
    data: Matrix = figure.data
    rows, columns = len(data.rows), len(data.columns)
    values = shown(data, place.look)
    if values.shape != (rows, columns):
        shape = " × ".join(map(str, values.shape))
        raise FigureError(
            f"“{figure.title}” has {shape} numbers for {rows} rows and {columns} columns, so it was not drawn."
        )
    faded = (
        np.zeros(values.shape, bool) if data.faded is None else data.faded.astype(bool)
    )
    axes = place.canvas.add_subplot(place.spot)
    bars = shares(axes, data, place) if data.shares else None
    cells(axes, data, values, faded)
    axes.set(
        xlim=(-0.5, columns - 0.5),
        ylim=(rows - 0.5, -0.5),
        xticks=range(columns),
        yticks=range(rows),
    )
    axes.set_xticklabels(data.columns)
    first = axes if bars is None else bars
    axes.set_yticklabels([] if bars else data.rows)
    first.set_yticklabels(data.rows)
    first.set_ylabel(figure.y, **place.font(), color=INK)
    lowest = 1.2 * place.look.small
    panel = Panel(
        axes, lambda width: rows * max(lowest, min(width / columns, TALLEST_CELL))
    )
    panel.colours = ScalarMappable(Normalize(*data.limits), colours(data))
    panel.fit = lambda width, height: fit(panel, bars, place, (width, height))
    panel.finish = lambda width, height: write(
        panel, data, place, (values, faded, width / columns, height / rows)
    )
    return panel


def fit(
    panel: Panel, bars: Axes | None, place: Place, size: tuple[float, float]
) -> None:
    """Labels, and ticks of the shares, to the size that the cells got."""
    rows, columns = (
        len(axis.get_ticklocs()) for axis in (panel.axes.yaxis, panel.axes.xaxis)
    )
    fit_labels(panel, bars or panel.axes, place, (size[0] / columns, size[1] / rows))
    if bars is not None:
        share_ticks(bars, place, 0.13 * size[0])


def cells(axes: Axes, data: Matrix, values: np.ndarray, faded: np.ndarray) -> None:
    """Cells of one frame: those no better than chance pale with a stroke across a corner, unknown ones hatched."""
    rows, columns = values.shape
    gap = "white" if max(rows, columns) <= MOST_GAPS else "face"
    edges = (np.arange(columns + 1) - 0.5, np.arange(rows + 1) - 0.5)
    for pale in (False, True):
        part = np.ma.masked_where(~np.isfinite(values) | (faded != pale), values)
        if not pale or faded.any():
            scale = Normalize(*data.limits)
            axes.pcolormesh(
                *edges,
                part,
                cmap=colours(data, pale),
                norm=scale,
                edgecolors=gap,
                linewidth=LINE,
            )
    axes.patch.set(facecolor="white", hatch="////", edgecolor=FAINT)
    axes.add_collection(
        LineCollection(
            strokes(faded & np.isfinite(values)), colors=INK, linewidths=LINE
        )
    )
    if data.diagonal:
        end = min(rows, columns) - 0.5
        axes.plot([-0.5, end], [-0.5, end], color=INK, linewidth=1, dashes=(4, 2))
    for row, column in data.marked:
        axes.add_patch(
            Rectangle(
                (column - 0.48, row - 0.48),
                0.96,
                0.96,
                fill=False,
                edgecolor=MARKED,
                linewidth=1.5,
                zorder=3,
            )
        )


def shown(data: Matrix, look: Look) -> np.ndarray:
    """The cells that print: of several layers the chosen one, or the one on screen."""
    return (
        data.values[look.frame if 0 <= look.frame < len(data.frames) else data.start]
        if data.frames
        else data.values
    )


def colours(data: Matrix, pale: bool = False) -> Colormap:
    """The scale of the screen; pale colours are mixed with white, as transparency does not belong into print."""
    full = colormaps[DIVERGING if data.diverging else SEQUENTIAL.lower()].resampled(256)
    opacity = PALE if pale else 1
    return ListedColormap(full(np.arange(256))[:, :3] * opacity + 1 - opacity)


def shares(axes: Axes, data: Matrix, place: Place) -> Axes:
    """Bars of pre-training shares to the left of the cells, on a logarithmic axis; they carry the rows' labels."""
    bars = axes.inset_axes((-0.15, 0, 0.13, 1))
    percent = np.array(data.shares, float)
    bars.barh(range(len(percent)), np.nan_to_num(percent), height=0.7, color=GREY)
    known = percent[np.isfinite(percent) & (percent > 0)]
    bars.set(xscale="log", ylim=(len(percent) - 0.5, -0.5), yticks=range(len(percent)))
    bars.set_xlim((known.max() * 1.5, known.min() / 2) if known.size else (100, 1))
    bars.xaxis.set(
        major_formatter=FuncFormatter(plain_number), minor_formatter=NullFormatter()
    )
    bars.minorticks_off()
    bars.set_xlabel("share, %", **place.font(True), color=INK)
    dress(bars, place)
    return bars


def share_ticks(bars: Axes, place: Place, width: float) -> None:
    """The first and the last power of ten of the bars' axis where both have room, else the last."""
    high, low = bars.get_xlim()
    decades = [10.0**power for power in range(-5, 3) if low <= 10.0**power <= high]
    ends = sorted({decades[0], decades[-1]}) if decades else []
    apart = width * (np.log10(ends[-1] / ends[0]) / np.log10(high / low)) if ends else 0
    fits = sum(place.measure((plain_number(end),)) for end in ends) / 2 + 4 <= apart
    bars.set_xticks(ends if fits else ends[-1:])


def write(
    panel: Panel,
    data: Matrix,
    place: Place,
    drawn: tuple[np.ndarray, np.ndarray, float, float],
) -> None:
    """Numbers into cells that have room for them; else signs, so that a diverging scale survives greyscale."""
    values, faded, width, height = drawn
    known = np.argwhere(np.isfinite(values))
    texts = {
        (i, j): f"{values[i, j]:.{data.digits}f}".replace("-", "−") for i, j in known
    }
    size = place.look.small
    fits = (
        place.look.values
        and height >= size * 1.2
        and place.measure((max(texts.values(), key=len, default=""),)) + 2 <= width
    )
    maps = {pale: colours(data, pale) for pale in (False, True)}
    scale = Normalize(*data.limits)
    inks = {(i, j): ink(maps[bool(faded[i, j])](scale(values[i, j]))) for i, j in known}
    if fits:
        for (i, j), text in texts.items():
            panel.axes.text(
                j,
                i,
                text,
                color=inks[i, j],
                ha="center",
                va="center_baseline",
                in_layout=False,
                **place.font(True, text),
            )
    elif data.diverging and min(width, height) >= 4:
        signs = [
            (stroke, inks[i, j])
            for i, j in known
            for stroke in sign(i, j, values[i, j], width / height)
        ]
        panel.axes.add_collection(
            LineCollection(
                [s for s, _ in signs], colors=[c for _, c in signs], linewidths=0.7
            )
        )
    elif data.diverging:
        panel.notes.append(
            "cells are too small for their signs, so the two sides of the scale look alike in greyscale"
        )


def ink(colour: tuple) -> str:
    """White or dark, whichever has more contrast to a colour."""
    linear = ((np.array(colour[:3]) + 0.055) / 1.055) ** 2.4
    return "white" if linear @ (0.2126, 0.7152, 0.0722) < 0.21 else INK


def strokes(cells: np.ndarray) -> list:
    """A stroke across the corner of every marked cell."""
    return [((j - 0.5, i - 0.1), (j - 0.1, i - 0.5)) for i, j in np.argwhere(cells)]


def sign(row: int, column: int, value: float, shape: float) -> list:
    """A plus or a minus in a cell, as lines; nothing for zero."""
    wide, tall = 0.2 / max(shape, 1), 0.2 * min(shape, 1)
    level = ((column - wide, row), (column + wide, row))
    upright = ((column, row - tall), (column, row + tall))
    return [level, upright] if value > 0 else [level] if value < 0 else []
