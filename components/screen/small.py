"""Small pictures without tools, numbers in cells or legends: a finding at a glance."""

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go

from analysis.core.typeset import minus_signs
from components.figures.spec import Figure, Matrix, colour_of
from components.screen import to_plotly
from components.screen.crowded import some_labels
from components.screen.ink import DOTTED, ON_DARK, ON_LIGHT
from components.screen.markup import literal

FEW = 4
"""Up to so many bars have their names beside them; more have them on hover."""
BARS_HEIGHT = 96
SQUARE = 480
"""Height of the cells of a small heat map in pixels, as far as its rows allow."""
LEAST_ROW, MOST_ROW = 17, 44
"""Heights of a row in pixels: its label has room, and few rows are no slabs."""
LEAST_CELLS = 140
"""Pixels of all rows of a small heat map: the titles of its axis and bar have room."""
MOST_CELLS = 960
"""Pixels of all rows of a small heat map, however many there are."""
ROUND_MATRIX = 100
"""Pixels that labels take below and above the rows."""
MARGIN = {"l": 4, "r": 4, "t": 4, "b": 4}
PLAIN = {"showgrid": False, "zeroline": False, "fixedrange": True, "automargin": True}


def bars(
    values: np.ndarray,
    labels: tuple[str, ...],
    units: str,
    chance: float | None = None,
    dark: bool = False,
) -> go.Figure:
    """A few numbers as bars: lying with their names, or many standing side by side."""
    names = list(literal(labels))
    if len(names) <= FEW:
        plot = lying(values, names, units)
    else:
        plot = standing(values, names, units, chance)
    ink = ON_DARK if dark else ON_LIGHT
    plot.update_layout(
        height=BARS_HEIGHT,
        margin=MARGIN,
        bargap=0.25,
        showlegend=False,
        dragmode=False,
        font={"family": to_plotly.FONT, "size": 12, "color": ink},
        paper_bgcolor=to_plotly.CLEAR,
        plot_bgcolor=to_plotly.CLEAR,
    )
    plot.update_xaxes(**PLAIN)
    plot.update_yaxes(**PLAIN)
    return plot


def lying(values: np.ndarray, names: list[str], units: str) -> go.Figure:
    """Bars with their names on the left and their numbers at their ends."""
    digits = 1 if units == "%" else 2
    sign, after = (" %", "") if units == "%" else ("", f" {units}")
    # As written: a bar a hair below zero would have its number on the side of the names.
    values = np.round(values, digits) + 0.0
    plot = go.Figure()
    plot.add_bar(
        x=values,
        y=names,
        orientation="h",
        marker_color=colour_of(0),
        text=[minus_signs(f"{value:z.{digits}f}{sign}") for value in values],
        textposition="outside",
        cliponaxis=False,
        hovertemplate=f"%{{y}}: %{{text}}{after}<extra></extra>",
    )
    largest = float(np.nanmax(values, initial=0.0))
    least = float(np.nanmin(values, initial=0.0))
    # Without any bar the numbers stand where bars would begin.
    room = (largest - least) / 4 or 1.0
    low = least - room if least < 0 else 0.0
    plot.update_xaxes(visible=False, range=[low, largest + room])
    plot.update_yaxes(type="category", autorange="reversed")
    return plot


def standing(
    values: np.ndarray, names: list[str], units: str, chance: float | None
) -> go.Figure:
    """Many bars whose names show on hover, with the chance level where there is one."""
    plot = go.Figure()
    plot.add_bar(
        x=names,
        y=values,
        marker_color=colour_of(0),
        hovertemplate=f"%{{x}}: %{{y:.1f}} {units}<extra></extra>",
    )
    if chance is not None:
        plot.add_hline(chance, line=DOTTED)
    plot.update_xaxes(type="category", visible=False)
    plot.update_yaxes(nticks=3, ticksuffix=" %" if units == "%" else "")
    return plot


def heat(figure: Figure, dark: bool = False) -> go.Figure:
    """A heat map without numbers in its cells, shares or clicks; values show on hover."""
    data = figure.data
    if not isinstance(data, Matrix):
        raise TypeError(f"{figure.name} is no heat map")
    plain = replace(data, shares=(), codes=((), ()), faded=None, within=None)
    plot = to_plotly.draw(replace(figure, data=plain), dark)
    plot.update_traces(texttemplate="", selector={"type": "heatmap"})
    rows = max(1, len(data.rows))
    row = min(max(SQUARE / rows, LEAST_ROW), MOST_ROW)
    if data.crowded:
        row = MOST_CELLS / rows
        ticks = some_labels(data.rows, row, MOST_CELLS)
        plot.update_yaxes(tickvals=ticks.places, ticktext=ticks.labels)
    cells = max(round(rows * row), LEAST_CELLS)
    plot.update_layout(height=cells + ROUND_MATRIX, dragmode=False)
    plot.update_layout(margin={**MARGIN, "t": 12}, font_size=11)
    # On a dark page too: the line runs over cells that are nearly white.
    plot.update_shapes(line_color=ON_LIGHT)
    plot.update_xaxes(fixedrange=True)
    plot.update_yaxes(fixedrange=True)
    return plot
