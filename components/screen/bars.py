"""Bars and dumb-bells over labels → Plotly."""

import numpy as np
import plotly.graph_objects as go

from components.figures.spec import (
    MARKERS,
    OKABE_ITO,
    Bars,
    BarSeries,
    Dumbbells,
    Figure,
)

BELOW = {"yref": "container", "y": 0, "yanchor": "bottom"}
"""A legend under the axis' labels however long, and far from the buttons."""


def reference(plot: go.Figure, chance: float | None) -> None:
    """The chance level as a dotted line with its name."""
    if chance is not None:
        plot.add_hline(
            chance,
            line={"dash": "dot", "color": "#8A8F98"},
            annotation_text="chance",
            annotation_font_size=11,
        )


def bars(figure: Figure, dark: bool) -> go.Figure:
    """Grouped bars; what is hatched stands at the foot of its bar."""
    data: Bars = figure.data
    plot = go.Figure()
    for i, series in enumerate(data.series):
        foot = (
            np.zeros(len(series.values))
            if series.hatched is None
            else np.nan_to_num(series.hatched)
        )
        hover = f"%{{x}}, {series.label}: %{{customdata[0]:.3f}}<extra></extra>"
        shown = {
            "x": list(data.labels),
            "offsetgroup": str(i),
            "legendgroup": series.label,
            "hovertemplate": hover,
        }
        shown["customdata"] = np.stack([series.values, foot], -1)
        if foot.any():
            pattern = {
                "shape": "/",
                "fillmode": "overlay",
                "fgcolor": "#FFFFFF",
                "size": 6,
            }
            plot.add_bar(
                y=foot,
                marker={"color": OKABE_ITO[i % 8], "pattern": pattern},
                showlegend=False,
                **shown,
            )
        plot.add_bar(
            y=series.values - foot,
            base=foot,
            name=series.label,
            marker={"color": OKABE_ITO[i % 8]},
            error_y=whiskers(series),
            **shown,
        )
    reference(plot, data.chance)
    plot.update_layout(
        height=380 + 30 * len(data.series),
        barmode="group",
        bargap=0.25,
        showlegend=len(data.series) > 1,
        legend=BELOW,
    )
    plot.update_xaxes(title_text=figure.x, tickangle=-45)
    plot.update_yaxes(title_text=figure.y, range=data.limits)
    return plot


def whiskers(series: BarSeries) -> dict | None:
    """Error bars of a series; they may be lopsided."""
    if series.low is None:
        return None
    ends = {
        "array": series.high - series.values,
        "arrayminus": series.values - series.low,
    }
    return {**ends, "thickness": 1, "width": 3, "color": "#8A8F98"}


def dumbbells(figure: Figure, dark: bool) -> go.Figure:
    """Two points per label with a line between them; the second lies a little lower, so that both intervals are seen."""
    data: Dumbbells = figure.data
    plot = go.Figure()
    places = np.arange(len(data.labels), dtype=float)
    ends = [(*pair, None) for pair in zip(*(series.values for series in data.series))]
    plot.add_scatter(
        x=[x for pair in ends for x in pair],
        y=[y for place in places for y in (place, place + 0.16, None)],
        mode="lines",
        line={"color": "#8A8F98", "width": 2},
        showlegend=False,
        hoverinfo="skip",
    )
    for i, series in enumerate(data.series):
        plot.add_scatter(
            x=series.values,
            y=places + 0.16 * i,
            name=series.label,
            mode="markers",
            error_x=whiskers(series),
            text=list(data.labels),
            marker={"color": OKABE_ITO[i], "symbol": MARKERS[i], "size": 9},
            hovertemplate=f"%{{text}}, {series.label}: %{{x:.3f}}<extra></extra>",
        )
    if data.chance is not None:
        plot.add_vline(
            data.chance,
            line={"dash": "dot", "color": "#8A8F98"},
            annotation_text="chance",
            annotation_font_size=11,
        )
    plot.update_layout(
        height=len(data.labels) * 26 + 150 + 30 * len(data.series), legend=BELOW
    )
    plot.update_xaxes(title_text=figure.x)
    rows = {
        "tickvals": list(places + 0.08),
        "ticktext": list(data.labels),
        "range": [len(data.labels) - 0.4, -0.6],
    }
    plot.update_yaxes(title_text=figure.y, **rows)
    return plot
