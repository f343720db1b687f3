"""Arrows on a plane → Plotly."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from components.figures.spec import Arrows, Figure
from components.screen.clouds import solid_shape
from components.screen.crowded import in_lines
from components.screen.ink import (
    BELOW,
    DOTTED,
    GREY,
    colour_at,
    faint,
    marker_at,
)
from components.screen.names import Name, names_of_points

SHORTEST = 1e-6
"""An arrow shorter than this has no direction and is not drawn."""
FURTHER = 4
"""Further points begin at this marker, which no arrow has."""


def arrows(figure: Figure, data: Arrows, dark: bool) -> go.Figure:
    """One arrow per label from where it was to where it went, and further points."""
    plot = go.Figure()
    for place, name in enumerate(named_ends(data)):
        plot.add_scatter(**start_of(data, place))
        plot.add_scatter(**end_of(data, place, name))
        if np.abs(data.end[place] - data.start[place]).max() > SHORTEST:
            plot.add_annotation(**shaft_of(data, place))
    for place, (name, spots) in enumerate(data.extra):
        marker = {"symbol": marker_at(FURTHER + place % 4), "size": 8, "color": GREY}
        plot.add_scatter(
            x=spots[:, 0],
            y=spots[:, 1],
            name=name,
            mode="markers",
            hovertemplate=name + "<br>%{x:.3f}, %{y:.3f}<extra></extra>",
            marker=marker,
        )
    name_corners(plot, data)
    plot.update_xaxes(title_text=figure.x)
    plot.update_yaxes(title_text=figure.y)
    plot.update_layout(height=560, showlegend=bool(data.extra), legend=BELOW)
    return plot


def named_ends(data: Arrows) -> list[Name]:
    """What is written beside the end of every arrow."""
    return names_of_points(data.end, data.labels, strokes(data), data.words)


def strokes(data: Arrows) -> np.ndarray:
    """What else is drawn (stroke, end, axis): shafts, both arms of crosses, points."""
    across = np.repeat(data.end[:, None], 2, axis=1)
    up = across.copy()
    across[:, :, 0] = data.intervals[:, 0]
    up[:, :, 1] = data.intervals[:, 1]
    drawn = [np.stack([data.start, data.end], axis=1), across, up]
    for _, spots in data.extra:
        drawn.append(np.repeat(spots[:, None], 2, axis=1))
    return np.concatenate(drawn)


def start_of(data: Arrows, place: int) -> dict[str, Any]:
    """Where an arrow begins: an open marker."""
    x, y = data.start[place]
    shape = solid_shape(place) + "-open"
    return {
        "x": [x],
        "y": [y],
        "mode": "markers",
        "showlegend": False,
        "hoverinfo": "skip",
        "marker": {"color": colour_at(place), "symbol": shape, "size": 9},
    }


def end_of(data: Arrows, place: int, name: Name) -> dict[str, Any]:
    """Where an arrow ends: a filled marker with its name and interval."""
    label = data.labels[place]
    start, end, ends = data.start[place], data.end[place], data.intervals[place]
    was = f"{label}<br>from {start[0]:.3f}, {start[1]:.3f}"
    look = {"color": colour_at(place), "symbol": solid_shape(place), "size": 11}
    pale = faint(colour_at(place))
    return {
        "x": [end[0]],
        "y": [end[1]],
        "error_x": interval_of(end[0], ends[0], pale),
        "error_y": interval_of(end[1], ends[1], pale),
        "name": label,
        "showlegend": False,
        "mode": "markers+text",
        "text": [in_lines(name.text)],
        "textposition": name.side,
        "marker": look,
        "hovertemplate": f"{was}<br>to %{{x:.3f}}, %{{y:.3f}}<extra></extra>",
    }


def interval_of(value: float, ends: np.ndarray, colour: str) -> dict[str, Any]:
    """A cross's arm from the low to the high end, pale: arrows and points count."""
    return {
        "array": [ends[1] - value],
        "arrayminus": [value - ends[0]],
        "thickness": 1,
        "width": 0,
        "color": colour,
    }


def shaft_of(data: Arrows, place: int) -> dict[str, Any]:
    """The arrow itself."""
    start, end = data.start[place], data.end[place]
    return {
        "x": end[0],
        "y": end[1],
        "ax": start[0],
        "ay": start[1],
        "axref": "x",
        "ayref": "y",
        "xref": "x",
        "yref": "y",
        "showarrow": True,
        "arrowhead": 2,
        "arrowwidth": 1.5,
        "arrowcolor": colour_at(place),
        "standoff": 5,
    }


def name_corners(plot: go.Figure, data: Arrows) -> None:
    """The four corners in words, and the lines between them."""
    line = {**DOTTED, "width": 1}
    plot.add_vline(data.centre[0], line=line)
    plot.add_hline(data.centre[1], line=line)
    corners = (
        ("left", "top"),
        ("right", "top"),
        ("left", "bottom"),
        ("right", "bottom"),
    )
    for word, (side, end) in zip(data.words, corners):
        plot.add_annotation(
            text=word,
            x=0 if side == "left" else 1,
            y=1 if end == "top" else 0,
            xref="paper",
            yref="paper",
            xanchor=side,
            yanchor=end,
            showarrow=False,
            font={"size": 12, "color": GREY, "weight": 600},
        )
