"""Curves, scatter plots and dendrograms → Plotly."""

from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import scipy

from components.figures.log_axis import log_axis
from components.figures.spec import OKABE_ITO, Figure, Lines, Points, Series, Tree
from components.screen.ink import (
    BELOW,
    GREY,
    add_chance_line,
    colour_at,
    error_bars,
    marker_at,
    readable,
    washed_out,
)
from components.screen.line_ends import BESIDE, End, names_at_ends, room
from components.screen.names import Name, names_of_points

MOST_NODES = 4096
"""Up to so many points are nodes of the page; 40,000 would take a browser a minute."""


def lines(figure: Figure, data: Lines, dark: bool) -> go.Figure:
    """Curves with bands."""
    plot = go.Figure()
    axis = log_axis([series.x for series in data.series]) if data.logarithmic else None
    for place, series in enumerate(data.series):
        x = series.x if axis is None else axis.placed(series.x)
        add_band(plot, replace(series, x=x), colour_at(place))
        add_curve(plot, replace(series, x=x), place, data.codes, series.x)
    add_chance_line(plot, data.chance)
    if data.mark is not None:
        plot.add_vline(data.mark, line={"dash": "dot", "width": 1, "color": GREY})
    if axis is not None:
        plot.update_xaxes(
            type="log", tickvals=list(axis.places), ticktext=list(axis.labels)
        )
    # Names at the ends need an axis that is measured in values.
    ends = [] if axis is not None else names_at_ends(data)
    for place, end in enumerate(ends):
        name_end(plot, end, readable(colour_at(place), dark))
    several = len(data.series) > 1
    plot.update_layout(height=420, showlegend=several and not ends, legend=BELOW)
    plot.update_xaxes(title_text=figure.x)
    if ends:
        plot.update_layout(margin={"r": room(ends)})
        # Names beside the plot would widen the axis, and so leave it half empty.
        plot.update_xaxes(range=across(data))
    plot.update_yaxes(title_text=figure.y, range=data.limits)
    return plot


def across(data: Lines) -> tuple[float, float]:
    """Both ends of the axis of curves, with room for markers."""
    places = np.concatenate([series.x for series in data.series])
    low, high = float(np.min(places)), float(np.max(places))
    around = 0.02 * (high - low) or 0.5
    return (low - around, high + around)


def name_end(plot: go.Figure, end: End, colour: str) -> None:
    """The name of a curve where it ends."""
    plot.add_annotation(
        x=end.x,
        y=end.y,
        text=end.text,
        align="left",
        xanchor="left",
        xshift=BESIDE,
        yshift=end.up,
        showarrow=False,
        font={"color": colour, "size": 12},
    )


def add_band(plot: go.Figure, series: Series, colour: str) -> None:
    """The interval of a curve as a band, where it has one."""
    if series.low is None:
        return
    edge = {
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
        "mode": "lines",
        "legendgroup": series.label,
    }
    fill = {"fill": "tonexty", "fillcolor": washed_out(colour)}
    plot.add_scatter(x=series.x, y=series.high, **edge)
    plot.add_scatter(x=series.x, y=series.low, **fill, **edge)


def add_curve(
    plot: go.Figure,
    series: Series,
    place: int,
    codes: tuple[str, ...],
    told: np.ndarray,
) -> None:
    """A curve; beyond eight, colours come again, dashed. ``told`` is what x is called."""
    dashed = series.dashed or place >= len(OKABE_ITO)
    stroke = {
        "color": colour_at(place),
        "width": 2,
        "dash": "dash" if dashed else "solid",
    }
    plot.add_scatter(
        x=series.x,
        y=series.y,
        name=series.label,
        mode="lines+markers",
        legendgroup=series.label,
        line=stroke,
        marker={"symbol": marker_at(place), "size": 6},
        hovertext=[f"{value:.3g}" for value in told],
        hovertemplate=f"{series.label}<br>%{{hovertext}}: %{{y:.3f}}<extra></extra>",
        customdata=[[code] for code in codes] or None,
        unselected={"marker": {"opacity": 1}},
    )


def points(figure: Figure, data: Points, dark: bool) -> go.Figure:
    """A scatter plot, one colour and marker per group."""
    plot = go.Figure()
    groups = list(dict.fromkeys(data.groups))
    names = beside_points(data)
    for place, group in enumerate(groups):
        kind = go.Scattergl if len(data.x) > MOST_NODES else go.Scatter
        plot.add_trace(kind(**group_of_points(data, group, place, names)))
    if data.line and len(data.x):
        plot.add_scatter(**fitted_line(data.x, *data.line))
    add_chance_line(plot, data.chance)
    plot.update_layout(height=460, showlegend=len(groups) > 1, legend=BELOW)
    plot.update_xaxes(title_text=figure.x, type="log" if data.log_x else "linear")
    plot.update_xaxes(showticklabels=not data.ordinal)
    if data.ticks:
        plot.update_xaxes(tickvals=list(data.ticks), ticktext=list(data.tick_words))
    plot.update_yaxes(title_text=figure.y)
    return plot


def beside_points(data: Points) -> list[Name]:
    """What is written beside every point; nothing where names show on hover."""
    if not data.named:
        return []
    x = np.asarray(data.x, float)
    if data.log_x:
        x = np.log10(np.where(x > 0, x, np.nan))
    y = np.asarray(data.y, float)
    low = y if data.low is None else np.fmin(data.low, y)
    high = y if data.high is None else np.fmax(data.high, y)
    ends = [np.column_stack([x, low]), np.column_stack([x, high])]
    bars = np.stack(ends, axis=1)
    if data.chance is not None and len(x):
        # The line of chance widens the plot; names may cover it.
        at_chance = [x[0], data.chance]
        bars = np.concatenate([bars, [[at_chance, at_chance]]])
    return names_of_points(np.column_stack([x, y]), data.labels, bars)


def group_of_points(
    data: Points, group: str, place: int, names: list[Name]
) -> dict[str, Any]:
    """The points of one group as a trace."""
    here = np.array(data.groups) == group
    bars = error_bars(data.y, data.low, data.high)
    if bars is not None:
        bars["array"] = bars["array"][here]
        bars["arrayminus"] = bars["arrayminus"][here]
    look = {
        "color": colour_at(place),
        "symbol": marker_at(place),
        "size": 9 if data.named else 7,
    }
    labels = np.array(data.labels)[here]
    beside: dict[str, Any] = {"mode": "markers", "text": labels}
    if len(data.x) > MOST_NODES:
        look["size"] = 4
        del beside["text"]
    if names:
        chosen = [name for name, shown in zip(names, here) if shown]
        beside = {
            "mode": "markers+text",
            "text": [name.text for name in chosen],
            "textposition": [name.side for name in chosen],
        }
    return {
        **beside,
        "x": data.x[here],
        "y": data.y[here],
        "hovertext": labels,
        "name": group,
        "error_y": bars,
        "marker": look,
        "hovertemplate": "%{hovertext}<br>%{x:.3~g}, %{y:.3~g}<extra></extra>",
    }


def fitted_line(x: np.ndarray, slope: float, intercept: float) -> dict[str, Any]:
    """A straight line over all points as a trace."""
    ends = np.array([np.nanmin(x), np.nanmax(x)])
    return {
        "x": ends,
        "y": slope * ends + intercept,
        "mode": "lines",
        "name": "least squares",
        "hoverinfo": "skip",
        "line": {"color": GREY, "dash": "dash"},
    }


def tree(figure: Figure, data: Tree, dark: bool) -> go.Figure:
    """A dendrogram."""
    drawn = scipy.cluster.hierarchy.dendrogram(
        data.linkage, labels=list(data.labels), no_plot=True
    )
    branch = {
        "mode": "lines",
        "line": {"color": OKABE_ITO[0], "width": 2},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    plot = go.Figure()
    for x, y in zip(drawn["icoord"], drawn["dcoord"]):
        plot.add_scatter(x=x, y=y, **branch)
    leaves = drawn["ivl"]
    # SciPy puts the leaves at 5, 15, 25 …
    ticks = [5 + 10 * place for place in range(len(leaves))]
    plot.update_layout(height=360)
    plot.update_xaxes(
        title_text=figure.x, tickvals=ticks, ticktext=leaves, showgrid=False
    )
    plot.update_yaxes(title_text=figure.y)
    return plot
