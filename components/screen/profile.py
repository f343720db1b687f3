"""A profile over layers that can be drawn by mouse: bars over a grid that takes strokes."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from components.screen import to_plotly
from components.screen.ink import (
    FAINT_ON_DARK,
    FAINT_ON_LIGHT,
    ON_DARK,
    ON_LIGHT,
    colour_at,
)

STEPS = 20
"""Strengths that can be drawn on either side of zero."""
HEIGHT = 220


def drawing(strengths: Sequence[float], dark: bool) -> go.Figure:
    """Bars of strengths (layer,), with an invisible point at each that can be drawn.

    A stroke around some points takes those: ``customdata`` (layer from 1, strength) says
    which.
    """
    layers = np.arange(1, len(strengths) + 1)
    reach = reach_of(strengths)
    plot = go.Figure()
    plot.add_bar(
        x=layers,
        y=list(strengths),
        marker_color=colour_at(0),
        hoverinfo="skip",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )
    plot.add_trace(grid(layers, reach))
    dress(plot, dark)
    plot.update_xaxes(title_text="layer", range=[0.4, len(layers) + 0.6])
    plot.update_yaxes(title_text="strength", range=[-1.08 * reach, 1.08 * reach])
    return plot


def reach_of(strengths: Sequence[float]) -> float:
    """How far a profile can be drawn on either side: 1, or as far as it goes already."""
    return max(1.0, *map(abs, strengths))


def grid(layers: np.ndarray, reach: float) -> go.Scatter:
    """A point at every strength that can be drawn at every layer."""
    levels = np.round(np.linspace(-reach, reach, 2 * STEPS + 1), 3) + 0.0
    every_layer, every_level = np.meshgrid(layers, levels)
    points = np.column_stack([every_layer.ravel(), every_level.ravel()])
    return go.Scatter(
        x=points[:, 0],
        y=points[:, 1],
        # An array would come back from the browser as an object.
        customdata=points.tolist(),
        mode="markers",
        showlegend=False,
        marker={"size": 9, "opacity": 0},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        hovertemplate="layer %{customdata[0]:d}: %{customdata[1]}<extra></extra>",
    )


def dress(plot: go.Figure, dark: bool) -> None:
    """Ink, typeface and a pointer that draws, for a light or a dark page."""
    faint = FAINT_ON_DARK if dark else FAINT_ON_LIGHT
    plot.update_layout(
        height=HEIGHT,
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
        showlegend=False,
        dragmode="lasso",
        bargap=0.2,
        font={
            "family": to_plotly.FONT,
            "size": 12,
            "color": ON_DARK if dark else ON_LIGHT,
        },
        paper_bgcolor=to_plotly.CLEAR,
        plot_bgcolor=to_plotly.CLEAR,
    )
    axes = {"automargin": True, "gridcolor": faint, "zerolinecolor": faint}
    plot.update_xaxes(**axes, fixedrange=True, showgrid=False)
    plot.update_yaxes(**axes, fixedrange=True)


def drawn_over(
    strengths: Sequence[float], points: Sequence[tuple[float, float]]
) -> list[float]:
    """A profile (layer,) with what was drawn on it.

    ``points`` (layer from 1, strength) are those that a stroke took; a layer
    with several gets their mean, one without any stays.
    """
    taken: dict[int, list[float]] = {}
    for layer, strength in points:
        taken.setdefault(int(layer), []).append(float(strength))
    profile = list(strengths)
    for layer, levels in taken.items():
        if 1 <= layer <= len(profile):
            profile[layer - 1] = round(float(np.mean(levels)), 3) + 0.0
    return profile
