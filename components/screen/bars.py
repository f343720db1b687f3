"""Bars and dumb-bells over labels → Plotly."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from components.figures.spec import Bars, BarSeries, Dumbbells, Figure
from components.screen.crowded import BREAK, in_lines, row_height, some_labels
from components.screen.ink import (
    BELOW,
    CHANCE,
    GREY,
    LEVEL,
    add_chance_line,
    colour_at,
    marker_at,
    whiskers,
)

HATCH = {"shape": "/", "fillmode": "overlay", "fgcolor": "#FFFFFF", "size": 6}
LOWER = 0.16
"""How much lower each further point of a label lies: all intervals are seen."""
ROW = 26
"""Pixels of a label's row; more points than two make it taller."""
FURTHER_LINE = 14
"""Pixels that each further line of a label takes."""
TALLEST = 1800
"""Pixels of all rows together, however many there are."""


def bars(figure: Figure, data: Bars, dark: bool) -> go.Figure:
    """Grouped bars; what is hatched stands at the foot of its bar."""
    plot = go.Figure()
    for place, series in enumerate(data.series):
        add_bars(plot, series, place, data.labels)
    add_chance_line(plot, data.chance)
    plot.update_layout(
        height=380 + 30 * len(data.series),
        barmode="group",
        bargap=0.25,
        showlegend=len(data.series) > 1,
        legend=BELOW,
    )
    # Labels that look like numbers or dates are names too.
    plot.update_xaxes(title_text=figure.x, **LEVEL, type="category")
    plot.update_yaxes(title_text=figure.y, range=data.limits)
    return plot


def add_bars(
    plot: go.Figure, series: BarSeries, place: int, labels: tuple[str, ...]
) -> None:
    """One series: the hatched feet, where there are any, and the bars upon them."""
    if series.hatched is None:
        foot = np.zeros(len(series.values))
    else:
        foot = np.nan_to_num(series.hatched)
    shared = {
        "x": list(labels),
        "offsetgroup": str(place),
        "legendgroup": series.label,
        "hovertemplate": f"%{{x}}, {series.label}: %{{customdata[0]:.3f}}<extra></extra>",
        "customdata": np.stack([series.values, foot], -1),
    }
    plain: dict[str, Any] = {"color": colour_at(place)}
    if foot.any():
        hatched = {**plain, "pattern": HATCH}
        plot.add_bar(**shared, y=foot, marker=hatched, showlegend=False)
    plot.add_bar(
        **shared,
        y=series.values - foot,
        base=foot,
        name=series.label,
        marker=plain,
        error_y=whiskers(series),
    )


def dumbbells(figure: Figure, data: Dumbbells, dark: bool) -> go.Figure:
    """Points per label, one under another, with a line between the first two."""
    plot = go.Figure()
    places = np.arange(len(data.labels), dtype=float)
    if not data.apart:
        plot.add_scatter(**connecting_lines(data, places))
    for end, series in enumerate(data.series):
        plot.add_scatter(
            x=series.values,
            y=places + LOWER * end,
            name=series.label,
            mode="markers",
            error_x=whiskers(series),
            text=list(data.labels),
            marker={"color": colour_at(end), "symbol": marker_at(end), "size": 9},
            hovertemplate=f"%{{text}}, {series.label}: %{{x:.3f}}<extra></extra>",
        )
    if data.chance is not None:
        plot.add_vline(data.chance, **CHANCE)
    below = LOWER * (len(data.series) - 1)
    size = len(data.labels)
    breaks = [in_lines(label).count(BREAK) for label in data.labels]
    row = ROW + FURTHER_LINE * max(breaks, default=0)
    height = round(size * row_height(size, row, TALLEST))
    plot.update_layout(height=height + 150, legend=BELOW)
    plot.update_xaxes(title_text=figure.x)
    ticks = some_labels(data.labels, row, TALLEST)
    plot.update_yaxes(
        title_text=figure.y,
        tickvals=list(places[ticks.places] + below / 2),
        ticktext=[in_lines(label) for label in ticks.labels],
        range=[len(data.labels) - 0.6 + below, -0.6],
    )
    return plot


def connecting_lines(data: Dumbbells, places: np.ndarray) -> dict[str, Any]:
    """The lines between the first two points as one trace; None lifts the pen."""
    first, second = data.series[:2]
    x: list[float | None] = []
    y: list[float | None] = []
    for place, start, end in zip(places, first.values, second.values):
        x += [start, end, None]
        y += [place, place + LOWER, None]
    return {
        "x": x,
        "y": y,
        "mode": "lines",
        "line": {"color": GREY, "width": 2},
        "showlegend": False,
        "hoverinfo": "skip",
    }
