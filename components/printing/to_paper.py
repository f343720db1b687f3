"""Figure spec → Matplotlib, for print. One function per kind of figure."""

from collections.abc import Callable
from functools import partial

import numpy as np
import scipy
from matplotlib.collections import LineCollection
from matplotlib.ticker import FuncFormatter, NullFormatter

from analysis.core.errors import FigureError
from components.figures.spec import (
    MARKERS,
    OKABE_ITO,
    Arrows,
    Bars,
    Cloud,
    Dumbbells,
    Figure,
    Lines,
    Matrix,
    Points,
    Tree,
)
from components.printing.bars import bars, dumbbells
from components.printing.clouds import arrows, cloud
from components.printing.heat import matrix
from components.printing.marks import (
    SYMBOLS,
    frame,
    legend,
    name_points,
    pale,
    reference,
)
from components.printing.places import (
    GREY,
    INK,
    LINE,
    Panel,
    Place,
    dress,
    fit_labels,
    plain_number,
)


def draw(figure: Figure, place: Place) -> Panel:
    """One figure into its place; FigureError for a kind that has no printed form."""
    kind = DRAW.get(type(figure.data))
    if kind is None:
        raise FigureError(
            f"Figures of kind “{type(figure.data).__name__}” cannot be printed yet; use the quick image of the screen."
        )
    panel = kind(figure, place)
    panel.axes.set_xlabel(
        panel.axes.get_xlabel() or figure.x, **place.font(), color=INK
    )
    dress(panel.axes, place)
    return panel


def lines(figure: Figure, place: Place) -> Panel:
    """Curves with bands."""
    data: Lines = figure.data
    axes = place.canvas.add_subplot(place.spot)
    for i, series in enumerate(data.series):
        colour, marker = (
            OKABE_ITO[i % len(OKABE_ITO)],
            SYMBOLS[MARKERS[i % len(MARKERS)]],
        )
        if series.low is not None:
            axes.fill_between(
                series.x,
                series.low,
                series.high,
                color=pale(colour),
                linewidth=0,
                zorder=1,
            )
        axes.plot(
            series.x,
            series.y,
            label=series.label,
            color=colour,
            marker=marker,
            linewidth=1,
            markersize=3,
            linestyle="--" if series.dashed or i >= len(OKABE_ITO) else "-",
            markevery=max(1, len(series.x) // 8),
            zorder=2,
        )
    reference(axes, data.chance, place)
    if data.mark is not None:
        axes.axvline(data.mark, color=GREY, linewidth=LINE, linestyle=":")
    axes.set_ylabel(figure.y, **place.font(), color=INK)
    axes.set_ylim(data.limits)
    frame(axes)
    legend(axes, place)
    return Panel(axes, lambda width: 0.6 * width)


def points(figure: Figure, place: Place) -> Panel:
    """A scatter plot, one colour and marker per group."""
    data: Points = figure.data
    axes = place.canvas.add_subplot(place.spot)
    groups = np.array(data.groups)
    for i, group in enumerate(dict.fromkeys(data.groups)):
        here = (groups == group) & np.isfinite(data.x) & np.isfinite(data.y)
        low, high = (data.y, data.y) if data.low is None else (data.low, data.high)
        if data.low is not None:
            axes.vlines(
                data.x[here],
                low[here],
                high[here],
                color=OKABE_ITO[i % 8],
                linewidth=LINE,
            )
        axes.scatter(
            data.x[here],
            data.y[here],
            s=12,
            color=OKABE_ITO[i % 8],
            marker=SYMBOLS[MARKERS[i % 8]],
            label=group,
            linewidth=0,
        )
    if data.line and len(data.x):
        ends = np.array([np.nanmin(data.x), np.nanmax(data.x)])
        axes.plot(
            ends,
            data.line[0] * ends + data.line[1],
            color=GREY,
            linewidth=1,
            linestyle="--",
            label="least squares",
        )
    if data.log_x:
        axes.set_xscale("log")
        axes.xaxis.set(
            major_formatter=FuncFormatter(plain_number), minor_formatter=NullFormatter()
        )
    reference(axes, data.chance, place)
    axes.set_ylabel(figure.y, **place.font(), color=INK)
    axes.margins(0.08)
    frame(axes)
    legend(axes, place)
    spots = np.stack([data.x, data.y], -1)
    names = partial(name_points, axes, spots, data.labels, place)
    return Panel(
        axes,
        lambda width: 0.75 * width,
        finish=lambda *_: names() if data.named else None,
    )


def tree(figure: Figure, place: Place) -> Panel:
    """A dendrogram."""
    data: Tree = figure.data
    drawn = scipy.cluster.hierarchy.dendrogram(
        data.linkage, labels=list(data.labels), no_plot=True
    )
    axes = place.canvas.add_subplot(place.spot)
    branches = [list(zip(x, y)) for x, y in zip(drawn["icoord"], drawn["dcoord"])]
    axes.add_collection(LineCollection(branches, colors=OKABE_ITO[0], linewidths=1))
    leaves = len(drawn["ivl"])
    axes.set(
        xlim=(0, 10 * leaves),
        ylim=(0, 1.05 * data.linkage[:, 2].max()),
        xticks=[5 + 10 * i for i in range(leaves)],
    )
    axes.set_xticklabels(drawn["ivl"])
    axes.set_ylabel(figure.y, **place.font(), color=INK)
    frame(axes)
    panel = Panel(axes, lambda width: 0.5 * width)
    panel.fit = lambda width, height: fit_labels(
        panel, axes, place, (width / leaves, place.look.small * 2)
    )
    return panel


DRAW: dict[type, Callable[[Figure, Place], Panel]] = {
    Matrix: matrix,
    Lines: lines,
    Points: points,
    Bars: bars,
    Dumbbells: dumbbells,
    Tree: tree,
    Cloud: cloud,
    Arrows: arrows,
}
