"""Figure spec → Plotly, for the screen. One function per kind of figure."""

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
import scipy
from plotly.subplots import make_subplots

from components.figures.spec import (
    DIVERGING,
    MARKERS,
    OKABE_ITO,
    PALE,
    SEQUENTIAL,
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
from components.screen.bars import bars, dumbbells, reference
from components.screen.clouds import arrows, cloud

FONT = "Source Sans Pro, Noto Sans, Noto Sans CJK SC, Noto Sans Tamil, Noto Sans Telugu, sans-serif"
CELL, MARGIN = 30, 190


def draw(figure: Figure, dark: bool = False) -> go.Figure:
    """The figure as Plotly draws it, for a light or a dark page."""
    plot = DRAW[type(figure.data)](figure, dark)
    ink, faint = ("#E8EAED", "#4A4F57") if dark else ("#1F2328", "#D9DCE1")
    plot.update_layout(
        font={"family": FONT, "size": 13, "color": ink},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hoverlabel={"font": {"family": FONT}},
        legend={
            "orientation": "h",
            "x": 0,
            "y": -0.2 if plot.layout.legend.y is None else plot.layout.legend.y,
        },
        margin={"l": 10, "r": 10, "t": 36, "b": 10},
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": "#8A8F98", "activecolor": ink},
    )
    plot.update_xaxes(automargin=True, linecolor=faint, gridcolor=faint, zeroline=False)
    plot.update_yaxes(automargin=True, linecolor=faint, gridcolor=faint, zeroline=False)
    return plot


def matrix(figure: Figure, dark: bool) -> go.Figure:
    """A heat map with values in its cells, share bars, frames and an invisible overlay that takes clicks."""
    data: Matrix = figure.data
    plot = make_subplots(
        1,
        2,
        column_widths=[0.12, 0.88] if data.shares else [0.001, 0.999],
        shared_yaxes=True,
        horizontal_spacing=0.005,
    )
    plot.add_trace(cells(data, data.start), 1, 2)
    if data.faded is not None:
        plot.add_trace(cells(data, data.start, pale=True), 1, 2)
    if data.codes[0]:
        plot.add_trace(overlay(data), 1, 2)
    if data.shares:
        plot.add_trace(share_bars(data), 1, 1)
    rows = len(data.rows)
    plot.update_layout(
        height=rows * CELL + MARGIN + (70 if data.frames else 0),
        bargap=0.25,
        showlegend=False,
    )
    labels = {
        "tickvals": list(range(rows)),
        "ticktext": list(data.rows),
        "range": [rows - 0.5, -0.5],
        "showgrid": False,
    }
    plot.update_yaxes(**labels, row=1, col=2, showticklabels=not data.shares)
    plot.update_yaxes(
        **labels,
        row=1,
        col=1,
        showticklabels=bool(data.shares),
        title_text=figure.y,
        title_standoff=4,
    )
    if not data.shares:
        plot.update_yaxes(title_text=figure.y, title_standoff=4, row=1, col=2)
    places = {"range": [-0.5, len(data.columns) - 0.5], "tickangle": -45}
    columns = {
        "tickvals": list(range(len(data.columns))),
        "ticktext": list(data.columns),
        **places,
    }
    plot.update_xaxes(**columns, title_text=figure.x, showgrid=False, row=1, col=2)
    plot.update_xaxes(
        type="log",
        autorange="reversed",
        showgrid=False,
        title_text="share, %" if data.shares else "",
        row=1,
        col=1,
        visible=bool(data.shares),
        nticks=3,
        tickformat="~g",
    )
    if data.diagonal:
        end = min(rows, len(data.columns)) - 0.5
        stroke = {
            "color": "#E8EAED" if dark else "#1F2328",
            "width": 1.5,
            "dash": "dash",
        }
        plot.add_shape(
            type="line", x0=-0.5, y0=-0.5, x1=end, y1=end, line=stroke, row=1, col=2
        )
    for row, column in data.marked:
        corners = {
            "x0": column - 0.48,
            "x1": column + 0.48,
            "y0": row - 0.48,
            "y1": row + 0.48,
        }
        plot.add_shape(
            type="rect", **corners, line={"color": "#D55E00", "width": 3}, row=1, col=2
        )
    if data.frames:
        scrub(plot, data)
    return plot


def cells(data: Matrix, frame: int, pale: bool = False) -> go.Heatmap:
    """The cells of one frame: those that count, or (``pale``) those no better than chance, washed out."""
    values = data.values[frame] if data.frames else data.values
    if data.faded is not None:
        values = np.where(data.faded == pale, values, np.nan)
    text = np.where(
        np.isfinite(values), np.char.mod(f"%.{data.digits}f", np.nan_to_num(values)), ""
    )
    hover = data.hover if data.hover is not None else np.full(values.shape, "")
    rows, columns = np.meshgrid(data.rows, data.columns, indexing="ij")
    return go.Heatmap(
        z=np.round(values, 4),
        x=list(range(values.shape[1])),
        y=list(range(values.shape[0])),
        text=text,
        texttemplate="<i>%{text}</i>" if pale else "%{text}",
        customdata=np.stack([rows, columns, hover, text], -1),
        hovertemplate="%{customdata[0]} → %{customdata[1]}: %{customdata[3]}<br>%{customdata[2]}<extra></extra>",
        hoverongaps=False,
        zmin=data.limits[0],
        zmax=data.limits[1],
        colorscale=DIVERGING if data.diverging else SEQUENTIAL,
        colorbar={"title": {"text": data.units, "side": "right"}, "thickness": 12},
        showscale=not pale or bool(np.all(data.faded)),
        opacity=PALE if pale else 1,
        xgap=1,
        ygap=1,
    )


def overlay(data: Matrix) -> go.Scatter:
    """Invisible markers over the cells: a click on a heat map returns nothing, a click on a marker does.

    They take the pointer from the cells, so they say what the cells would; with ``hoverinfo="skip"`` a click would be lost.
    """
    rows, columns = np.indices((len(data.rows), len(data.columns)))
    pairs = [[a, b] for a in data.codes[0] for b in data.codes[1]]
    return go.Scatter(
        x=columns.ravel(),
        y=rows.ravel(),
        mode="markers",
        customdata=pairs,
        showlegend=False,
        text=told(data),
        hovertemplate="%{text}<extra></extra>" if not data.frames else None,
        hoverinfo="none" if data.frames else None,
        marker={"size": 22, "symbol": "square", "opacity": 0},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
    )


def told(data: Matrix) -> list[str]:
    """What hovering over each cell says, row by row; nothing for frames, whose cells change under the markers."""
    if data.frames:
        return []
    hover = np.full(data.values.shape, "") if data.hover is None else data.hover
    places = np.ndindex(data.values.shape)
    return [
        f"{data.rows[i]} → {data.columns[j]}: {data.values[i, j]:.{data.digits}f}<br>{hover[i, j]}"
        for i, j in places
    ]


def share_bars(data: Matrix) -> go.Bar:
    """Pre-training shares along the edge, on a logarithmic axis."""
    return go.Bar(
        x=list(data.shares),
        y=list(range(len(data.rows))),
        orientation="h",
        marker={"color": "#8A8F98"},
        hovertemplate="%{x} %<extra></extra>",
        showlegend=False,
    )


def scrub(plot: go.Figure, data: Matrix) -> None:
    """A layer ruler that runs in the browser: frames replace the cells only, so zoom and axes stay."""
    plot.frames = [
        go.Frame(data=[cells(data, i)], name=label, traces=[0])
        for i, label in enumerate(data.frames)
    ]
    steps = [
        {
            "label": label,
            "method": "animate",
            "args": [
                [label],
                {
                    "mode": "immediate",
                    "frame": {"duration": 0, "redraw": True},
                    "transition": {"duration": 0},
                },
            ],
        }
        for label in data.frames
    ]
    plot.update_layout(
        sliders=[
            {
                "steps": steps,
                "active": data.start,
                "currentvalue": {"prefix": "layer "},
                "pad": {"t": 60},
                "len": 1.0,
            }
        ]
    )


def lines(figure: Figure, dark: bool) -> go.Figure:
    """Curves with bands."""
    data: Lines = figure.data
    plot = go.Figure()
    for i, series in enumerate(data.series):
        colour = OKABE_ITO[i % len(OKABE_ITO)]
        if series.low is not None:
            band = {
                "line": {"width": 0},
                "hoverinfo": "skip",
                "showlegend": False,
                "mode": "lines",
                "legendgroup": series.label,
            }
            plot.add_scatter(x=series.x, y=series.high, **band)
            plot.add_scatter(
                x=series.x,
                y=series.low,
                fill="tonexty",
                fillcolor=faded(colour),
                **band,
            )
        plot.add_scatter(
            x=series.x,
            y=series.y,
            name=series.label,
            mode="lines+markers",
            legendgroup=series.label,
            line={
                "color": colour,
                "width": 2,
                "dash": ("dash" if series.dashed or i >= len(OKABE_ITO) else "solid"),
            },
            marker={"symbol": MARKERS[i % len(MARKERS)], "size": 6},
            hovertemplate=f"{series.label}<br>%{{x:.3~g}}: %{{y:.3f}}<extra></extra>",
            customdata=[[code] for code in data.codes] or None,
            unselected={"marker": {"opacity": 1}},
        )
    reference(plot, data.chance)
    if data.mark is not None:
        plot.add_vline(data.mark, line={"dash": "dot", "width": 1, "color": "#8A8F98"})
    plot.update_layout(height=420, showlegend=len(data.series) > 1)
    plot.update_xaxes(title_text=figure.x)
    plot.update_yaxes(title_text=figure.y, range=data.limits)
    return plot


def points(figure: Figure, dark: bool) -> go.Figure:
    """A scatter plot, one colour and marker per group."""
    data: Points = figure.data
    plot = go.Figure()
    groups = np.array(data.groups)
    for i, group in enumerate(dict.fromkeys(data.groups)):
        here = groups == group
        error = None
        if data.low is not None:
            error = {
                "array": (data.high - data.y)[here],
                "arrayminus": (data.y - data.low)[here],
                "thickness": 1,
                "width": 3,
            }
        plot.add_scatter(
            x=data.x[here],
            y=data.y[here],
            text=np.array(data.labels)[here],
            name=group,
            error_y=error,
            mode="markers+text" if data.named else "markers",
            textposition="top center",
            marker={
                "color": OKABE_ITO[i % 8],
                "symbol": MARKERS[i % 8],
                "size": 9 if data.named else 7,
            },
            hovertemplate="%{text}<br>%{x:.3~g}, %{y:.3~g}<extra></extra>",
        )
    if data.line and len(data.x):
        ends = np.array([np.nanmin(data.x), np.nanmax(data.x)])
        plot.add_scatter(
            x=ends,
            y=data.line[0] * ends + data.line[1],
            mode="lines",
            name="least squares",
            hoverinfo="skip",
            line={"color": "#8A8F98", "dash": "dash"},
        )
    reference(plot, data.chance)
    plot.update_layout(height=460, showlegend=len(dict.fromkeys(data.groups)) > 1)
    plot.update_xaxes(title_text=figure.x, type="log" if data.log_x else "linear")
    plot.update_yaxes(title_text=figure.y)
    return plot


def tree(figure: Figure, dark: bool) -> go.Figure:
    """A dendrogram."""
    data: Tree = figure.data
    drawn = scipy.cluster.hierarchy.dendrogram(
        data.linkage, labels=list(data.labels), no_plot=True
    )
    plot = go.Figure()
    for x, y in zip(drawn["icoord"], drawn["dcoord"]):
        plot.add_scatter(
            x=x,
            y=y,
            mode="lines",
            line={"color": OKABE_ITO[0], "width": 2},
            hoverinfo="skip",
            showlegend=False,
        )
    ticks = [5 + 10 * i for i in range(len(drawn["ivl"]))]
    plot.update_layout(height=360)
    plot.update_xaxes(
        title_text=figure.x, tickvals=ticks, ticktext=drawn["ivl"], showgrid=False
    )
    plot.update_yaxes(title_text=figure.y)
    return plot


def faded(colour: str) -> str:
    """A colour at one fifth opacity."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"


DRAW: dict[type, Callable[[Figure, bool], go.Figure]] = {
    Matrix: matrix,
    Lines: lines,
    Points: points,
    Bars: bars,
    Dumbbells: dumbbells,
    Tree: tree,
    Cloud: cloud,
    Arrows: arrows,
}
