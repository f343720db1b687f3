"""Curves, scatter plots and dendrograms on paper."""

from dataclasses import replace
from functools import partial

import numpy as np
import scipy
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, NullFormatter
from matplotlib.transforms import Bbox

from components.figures.log_axis import log_axis
from components.figures.spec import OKABE_ITO, Figure, Lines, Points, Series, Tree
from components.printing.marks import (
    add_chance_line,
    add_legend,
    colour_at,
    mixed_with_white,
    name_points,
    open_frame,
    symbol_at,
)
from components.printing.places import (
    GREY,
    INK,
    LINE,
    Panel,
    Place,
    Size,
    fit_labels,
    plain_number,
)


def lines(figure: Figure, data: Lines, place: Place) -> Panel:
    """Curves with bands."""
    axes = place.canvas.add_subplot(place.spot)
    axis = log_axis([series.x for series in data.series]) if data.logarithmic else None
    for number, series in enumerate(data.series):
        x = series.x if axis is None else axis.placed(series.x)
        add_curve(axes, replace(series, x=x), number)
    if axis is not None:
        axes.set_xscale("log")
        axes.set_xticks(axis.places, axis.labels)
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.minorticks_off()
    add_chance_line(axes, data.chance, place)
    if data.mark is not None:
        axes.axvline(data.mark, color=GREY, linewidth=LINE, linestyle=":")
    axes.set_ylabel(figure.y, **place.font(), color=INK)
    axes.set_ylim(data.limits)
    open_frame(axes)
    add_legend(axes, place)
    return Panel(axes, lambda width: 0.6 * width)


def add_curve(axes: Axes, series: Series, number: int) -> None:
    """A curve with its band; beyond eight, colours come again, dashed."""
    colour = colour_at(number)
    dashed = series.dashed or number >= len(OKABE_ITO)
    if series.low is not None and series.high is not None:
        axes.fill_between(
            series.x,
            series.low,
            series.high,
            color=mixed_with_white(colour),
            linewidth=0,
            zorder=1,
        )
    axes.plot(
        series.x,
        series.y,
        label=series.label,
        color=colour,
        marker=symbol_at(number),
        linewidth=1,
        markersize=3,
        linestyle="--" if dashed else "-",
        markevery=max(1, len(series.x) // 8),
        zorder=2,
    )


def points(figure: Figure, data: Points, place: Place) -> Panel:
    """A scatter plot, one colour and marker per group."""
    axes = place.canvas.add_subplot(place.spot)
    for number, group in enumerate(dict.fromkeys(data.groups)):
        add_group(axes, data, group, number)
    if data.line and len(data.x):
        add_fitted_line(axes, data.x, *data.line)
    if data.log_x:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(plain_number))
        axes.xaxis.set_minor_formatter(NullFormatter())
    if data.ordinal:
        axes.set_xticks([])
    if data.ticks:
        axes.set_xticks(data.ticks, data.tick_words)
    names = add_chance_line(axes, data.chance, place)
    axes.set_ylabel(figure.y, **place.font(), color=INK)
    axes.margins(0.08)
    open_frame(axes)
    add_legend(axes, place)
    panel = Panel(axes, lambda width: 0.75 * width)
    if data.named:
        spots = np.stack([data.x, data.y], -1)
        name_all = partial(name_points, axes, spots, data.labels, place)
        panel.finish = lambda size: name_all([box_of(name) for name in names])
    return panel


def box_of(text: Text) -> Bbox:
    """The box that a text takes (pixels)."""
    return text.get_window_extent()


def add_group(axes: Axes, data: Points, group: str, number: int) -> None:
    """The points of one group with their intervals."""
    here = np.array(data.groups) == group
    here &= np.isfinite(data.x) & np.isfinite(data.y)
    colour = colour_at(number)
    x = data.x[here]
    if data.low is not None and data.high is not None:
        low, high = data.low[here], data.high[here]
        axes.vlines(x, low, high, color=colour, linewidth=LINE)
    axes.scatter(
        x,
        data.y[here],
        s=12,
        color=colour,
        marker=symbol_at(number),
        label=group,
        linewidth=0,
    )


def add_fitted_line(axes: Axes, x: np.ndarray, slope: float, intercept: float) -> None:
    """A straight line over all points."""
    ends = np.array([np.nanmin(x), np.nanmax(x)])
    axes.plot(
        ends,
        slope * ends + intercept,
        color=GREY,
        linewidth=1,
        linestyle="--",
        label="least squares",
    )


def tree(figure: Figure, data: Tree, place: Place) -> Panel:
    """A dendrogram."""
    drawn = scipy.cluster.hierarchy.dendrogram(
        data.linkage, labels=list(data.labels), no_plot=True
    )
    axes = place.canvas.add_subplot(place.spot)
    branches = []
    for x, y in zip(drawn["icoord"], drawn["dcoord"]):
        branches.append(list(zip(x, y)))
    axes.add_collection(LineCollection(branches, colors=OKABE_ITO[0], linewidths=1))
    leaves = len(drawn["ivl"])
    # SciPy puts the leaves at 5, 15, 25 …
    axes.set(
        xlim=(0, 10 * leaves),
        ylim=(0, 1.05 * data.linkage[:, 2].max()),
        xticks=[5 + 10 * leaf for leaf in range(leaves)],
    )
    axes.set_xticklabels(drawn["ivl"])
    axes.set_ylabel(figure.y, **place.font(), color=INK)
    open_frame(axes)
    panel = Panel(axes, lambda width: 0.5 * width)

    def fit(size: Size) -> None:
        cell = Size(size.width / leaves, place.look.small * 2)
        fit_labels(panel, axes, place, cell)

    panel.fit = fit
    return panel
