"""Bars and dumb-bells on paper."""

import numpy as np
from matplotlib.axes import Axes

from components.figures.spec import Bars, BarSeries, Dumbbells, Figure
from components.printing.marks import add_legend, colour_at, open_frame, symbol_at
from components.printing.places import (
    GREY,
    INK,
    LINE,
    Panel,
    Place,
    Size,
    fit_labels,
    fit_rows,
)
from components.printing.venues import CM

GROUP = 0.75
"""Share of a label's room that its bars take."""
APART = 0.16
"""Rows between the two ends of a dumb-bell, so that both intervals are seen."""
TALLEST = 9 * CM
CHANCE = {"color": INK, "linewidth": 1, "linestyle": ":", "label": "chance"}


def bars(figure: Figure, data: Bars, place: Place) -> Panel:
    """Grouped bars with intervals; what is hatched stands at the foot of its bar."""
    axes = place.canvas.add_subplot(place.spot)
    rows = np.arange(len(data.labels))
    width = GROUP / max(len(data.series), 1)
    middle = (len(data.series) - 1) / 2
    for number, series in enumerate(data.series):
        add_bars(axes, series, rows + width * (number - middle), width, number)
    if data.chance is not None:
        axes.axhline(data.chance, **CHANCE)
    open_frame(axes)
    axes.grid(visible=False, axis="x")
    axes.set(xlim=(-0.5, len(rows) - 0.5), ylim=data.limits, xticks=rows)
    axes.set_xticklabels(data.labels)
    axes.set_ylabel(figure.y, **place.font(), color=INK)
    panel = Panel(axes, lambda width: min(0.6 * width, TALLEST))
    panel.fit = lambda size: fit_columns(panel, place, size.width / len(rows))
    return panel


def add_bars(
    axes: Axes, series: BarSeries, x: np.ndarray, width: float, number: int
) -> None:
    """One series: the bars, the hatched feet where there are any, and intervals."""
    colour = colour_at(number)
    if series.hatched is None:
        foot = np.zeros(len(x))
    else:
        foot = np.nan_to_num(series.hatched)
    rest = series.values - foot
    axes.bar(x, rest, width, foot, color=colour, linewidth=0, label=series.label)
    if foot.any():
        hatched = {"edgecolor": "white", "hatch": "//////", "linewidth": 0}
        axes.bar(x, foot, width, color=colour, **hatched)
    if series.low is not None and series.high is not None:
        known = np.isfinite(series.values)
        low, high = series.low[known], series.high[known]
        axes.vlines(x[known], low, high, color=INK, linewidth=LINE)


def fit_columns(panel: Panel, place: Place, pitch: float) -> None:
    """Labels to the room that they got, and the legend under them."""
    fit_labels(panel, panel.axes, place, Size(pitch, np.inf))
    labels = panel.axes.get_xticklabels()
    tall = place.look.small
    if labels[0].get_rotation() == 90:
        longest = place.measure(tuple(label.get_text() for label in labels))
        shrunk = labels[0].get_fontsize() / place.look.small  # pyright: ignore[reportOperatorIssue]
        tall = longest * shrunk
    add_legend(panel.axes, place, tall + place.look.size.text + 15)


def dumbbells(figure: Figure, data: Dumbbells, place: Place) -> Panel:
    """Points per label, each a little lower, with a line between the first two."""
    axes = place.canvas.add_subplot(place.spot)
    rows = np.arange(len(data.labels))
    below = APART * (len(data.series) - 1)
    if not data.apart:
        join(axes, data, rows)
    for number, series in enumerate(data.series):
        add_end(axes, series, rows + APART * number, number)
    if data.chance is not None:
        axes.axvline(data.chance, **CHANCE, zorder=1)
    open_frame(axes)
    axes.set(ylim=(len(rows) - 0.6 + below, -0.6), yticks=rows + below / 2)
    axes.set_yticklabels(data.labels)
    axes.set_ylabel(figure.y, **place.font(), color=INK)
    add_legend(axes, place)
    panel = Panel(axes, lambda width: (len(rows) + 1) * 1.6 * place.look.small)
    panel.fit = lambda size: fit_rows(panel, place, size.height / len(rows))
    return panel


def join(axes: Axes, data: Dumbbells, rows: np.ndarray) -> None:
    """A line between the first two points of every label."""
    first, second = data.series[:2]
    known = np.isfinite(first.values) & np.isfinite(second.values)
    axes.plot(
        [first.values[known], second.values[known]],
        [rows[known], rows[known] + APART],
        color=GREY,
        linewidth=1,
        zorder=1,
    )


def add_end(axes: Axes, series: BarSeries, rows: np.ndarray, number: int) -> None:
    """One end of every dumb-bell with its intervals."""
    colour = colour_at(number)
    if series.low is not None and series.high is not None:
        known = np.isfinite(series.values)
        low, high = series.low[known], series.high[known]
        axes.hlines(rows[known], low, high, color=colour, linewidth=LINE, zorder=1)
    axes.scatter(
        series.values,
        rows,
        s=14,
        color=colour,
        marker=symbol_at(number),
        linewidth=0,
        label=series.label,
        zorder=2,
    )
