"""Bars and dumb-bells on paper."""

import numpy as np
from matplotlib.axes import Axes

from components.figures.spec import (
    MARKERS,
    OKABE_ITO,
    Bars,
    BarSeries,
    Dumbbells,
    Figure,
)
from components.printing.marks import SYMBOLS, frame, legend
from components.printing.places import GREY, INK, LINE, Panel, Place, fit_labels
from components.printing.venues import CM

GROUP = 0.75
"""Share of a label's room that its bars take."""
APART = 0.16
"""Rows between the two ends of a dumb-bell, so that both intervals are seen."""
TALLEST = 9 * CM


def bars(figure: Figure, place: Place) -> Panel:
    """Grouped bars with their intervals; what is hatched stands at the foot of its bar."""
    data: Bars = figure.data
    axes = place.canvas.add_subplot(place.spot)
    rows, width = np.arange(len(data.labels)), GROUP / max(len(data.series), 1)
    for i, series in enumerate(data.series):
        x, colour = (
            rows + width * (i - (len(data.series) - 1) / 2),
            OKABE_ITO[i % len(OKABE_ITO)],
        )
        foot = (
            np.zeros(len(rows))
            if series.hatched is None
            else np.nan_to_num(series.hatched)
        )
        axes.bar(
            x,
            series.values - foot,
            width,
            foot,
            color=colour,
            linewidth=0,
            label=series.label,
        )
        if foot.any():
            axes.bar(
                x,
                foot,
                width,
                color=colour,
                edgecolor="white",
                hatch="//////",
                linewidth=0,
            )
        if series.low is not None:
            known = np.isfinite(series.values)
            axes.vlines(
                x[known],
                series.low[known],
                series.high[known],
                color=INK,
                linewidth=LINE,
            )
    if data.chance is not None:
        axes.axhline(data.chance, color=INK, linewidth=1, linestyle=":", label="chance")
    frame(axes)
    axes.grid(visible=False, axis="x")
    axes.set(xlim=(-0.5, len(rows) - 0.5), ylim=data.limits, xticks=rows)
    axes.set_xticklabels(data.labels)
    axes.set_ylabel(figure.y, **place.font(), color=INK)
    panel = Panel(axes, lambda width: min(0.6 * width, TALLEST))
    panel.fit = lambda width, height: fit(panel, place, width / len(rows))
    return panel


def fit(panel: Panel, place: Place, pitch: float) -> None:
    """Labels to the room that they got, and the legend under them."""
    fit_labels(panel, panel.axes, place, (pitch, np.inf))
    labels = [label.get_text() for label in panel.axes.get_xticklabels()]
    size = panel.axes.get_xticklabels()[0].get_fontsize() / place.look.small
    upright = panel.axes.get_xticklabels()[0].get_rotation() == 90
    tall = place.measure(tuple(labels)) * size if upright else place.look.small
    legend(panel.axes, place, tall + place.look.size.text + 15)


def dumbbells(figure: Figure, place: Place) -> Panel:
    """Two points per label with a line between them; the second lies a little lower."""
    data: Dumbbells = figure.data
    axes = place.canvas.add_subplot(place.spot)
    rows = np.arange(len(data.labels))
    first, second = (series.values for series in data.series)
    joined = np.isfinite(first) & np.isfinite(second)
    axes.plot(
        [first[joined], second[joined]],
        [rows[joined], rows[joined] + APART],
        color=GREY,
        linewidth=1,
        zorder=1,
    )
    for i, series in enumerate(data.series):
        end(axes, series, rows + APART * i, i)
    if data.chance is not None:
        axes.axvline(
            data.chance, color=INK, linewidth=1, linestyle=":", label="chance", zorder=1
        )
    frame(axes)
    axes.set(ylim=(len(rows) - 0.4, -0.6), yticks=rows + APART / 2)
    axes.set_yticklabels(data.labels)
    axes.set_ylabel(figure.y, **place.font(), color=INK)
    legend(axes, place)
    panel = Panel(axes, lambda width: (len(rows) + 1) * 1.6 * place.look.small)
    panel.fit = lambda width, height: fit_labels(
        panel, axes, place, (np.inf, height / len(rows))
    )
    return panel


def end(axes: Axes, series: BarSeries, rows: np.ndarray, number: int) -> None:
    """One end of every dumb-bell with its intervals."""
    colour, marker = OKABE_ITO[number], SYMBOLS[MARKERS[number]]
    if series.low is not None:
        known = np.isfinite(series.values)
        axes.hlines(
            rows[known],
            series.low[known],
            series.high[known],
            color=colour,
            linewidth=LINE,
            zorder=1,
        )
    axes.scatter(
        series.values,
        rows,
        s=14,
        color=colour,
        marker=marker,
        linewidth=0,
        label=series.label,
        zorder=2,
    )
