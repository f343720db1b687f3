"""Figure spec → Plotly, for the screen: one function per kind of figure."""

from collections.abc import Callable

import plotly.graph_objects as go

from components.figures.spec import (
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
from components.screen.arrows import arrows
from components.screen.bars import bars, dumbbells
from components.screen.clouds import cloud
from components.screen.curves import lines, points, tree
from components.screen.heat import matrix
from components.screen.ink import FAINT_ON_DARK, FAINT_ON_LIGHT, ON_DARK, ON_LIGHT
from components.screen.markup import as_it_is

FONT = "Source Sans, Babelscope Noto, Babelscope Noto TC, sans-serif"
"""That of pages, as ``.streamlit/config.toml`` names it."""
TOOL_BAR = 26
"""Pixels above a figure that Plotly's own buttons take when it is pointed at."""
CLEAR = "rgba(0,0,0,0)"
UNDER_THE_AXIS = -0.2
"""Where a legend lies unless its figure says so, in heights of the plot."""


def draw(figure: Figure, dark: bool = False) -> go.Figure:
    """The figure as Plotly draws it, for a light or a dark page."""
    figure = as_it_is(figure)
    plot = DRAW[type(figure.data)](figure, figure.data, dark)
    ink = ON_DARK if dark else ON_LIGHT
    faint = FAINT_ON_DARK if dark else FAINT_ON_LIGHT
    legend = plot.layout.legend.y  # pyright: ignore[reportAttributeAccessIssue]
    if legend is None:
        legend = UNDER_THE_AXIS
    plot.update_layout(
        font={"family": FONT, "size": 13, "color": ink},
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        hoverlabel={"font": {"family": FONT}},
        legend={"orientation": "h", "x": 0, "y": legend},
        margin={"l": 10, "r": plot.layout.margin.r or 10, "t": TOOL_BAR, "b": 10},
        modebar={"bgcolor": CLEAR, "color": "#8A8F98", "activecolor": ink},
    )
    axes = {"automargin": True, "linecolor": faint, "gridcolor": faint}
    plot.update_xaxes(**axes, zeroline=False)
    plot.update_yaxes(**axes, zeroline=False)
    return plot


DRAW: dict[type, Callable[..., go.Figure]] = {
    Matrix: matrix,
    Lines: lines,
    Points: points,
    Bars: bars,
    Dumbbells: dumbbells,
    Tree: tree,
    Cloud: cloud,
    Arrows: arrows,
}
"""Kind of figure → the function that draws it (figure, its data, dark page or not)."""
