"""Clouds of points over layers, and arrows on a plane → Plotly."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from components.figures.spec import MARKERS, OKABE_ITO, Arrows, Cloud, Figure

SOLID = ("circle", "square", "diamond")
"""Shapes that are there in two and in three dimensions, filled and open."""
AXES = "xyz"
NARROWEST = 5
"""Entries of a legend side by side on a telephone; the layer ruler leaves room for that."""
ACROSS = 8
"""Panels side by side in small multiples."""


def cloud(figure: Figure, dark: bool) -> go.Figure:
    """Points of one layer with a ruler that runs in the browser, or all layers side by side."""
    data: Cloud = figure.data
    if data.grid:
        return multiples(data)
    plot = go.Figure([points(data, data.start, kind) for kind in kinds_of(data)])
    for place, group in enumerate(told(data)):
        plot.add_trace(legend_entry(data, place, group))
    reach = limit(data.places)
    axis = {"range": [-reach, reach], "zeroline": False}
    solid = data.places.shape[2] == 3
    plot.update_layout(height=720, **titles(data, data.start))
    if solid:
        plot.update_scenes(
            xaxis=axis,
            yaxis=axis,
            zaxis=axis,
            aspectmode="cube",
            bgcolor="rgba(0,0,0,0)",
        )
    else:
        plot.update_xaxes(**axis, constrain="domain")
        plot.update_yaxes(
            **axis, scaleanchor="x", constrain="domain"
        )  # distances are the same in every direction
    if len(data.frames) > 1:
        scrub(plot, data)
    return plot


def kinds_of(data: Cloud) -> list[str]:
    """Kinds in order of appearance."""
    return list(dict.fromkeys(data.kinds))


def told(data: Cloud) -> list[str]:
    """Groups that a legend tells: none where every point says its own."""
    return (
        []
        if data.named and data.labels == data.groups
        else list(dict.fromkeys(data.groups))
    )


def limit(places: np.ndarray) -> float:
    """Half the width of axes that hold every frame."""
    return float(np.nanmax(np.abs(places), initial=0.0)) * 1.12 or 1.0


def looks(data: Cloud) -> tuple[np.ndarray, np.ndarray]:
    """Colour and shape of every point: eight colours in three shapes tell twenty-four groups apart, open shapes the other kinds."""
    order, kinds = (
        {g: i for i, g in enumerate(dict.fromkeys(data.groups))},
        kinds_of(data),
    )
    colours = [OKABE_ITO[order[g] % len(OKABE_ITO)] for g in data.groups]
    shapes = [
        shape(order[g]) + ("-open" if kinds.index(k) else "")
        for g, k in zip(data.groups, data.kinds)
    ]
    return np.array(colours), np.array(shapes)


def shape(place: int) -> str:
    """The shape of a group."""
    return SOLID[place // len(OKABE_ITO) % len(SOLID)]


def points(
    data: Cloud, frame: int, kind: str, bare: bool = False
) -> go.Scatter | go.Scatter3d:
    """The points of one kind in one frame; ``bare`` has places only, for frames that replace those of a drawn trace."""
    here = np.array(data.kinds) == kind
    solid = data.places.shape[2] == 3
    place = {
        AXES[i]: data.places[frame, here, i].astype(np.float32)
        for i in range(data.places.shape[2])
    }
    draw = go.Scatter3d if solid else go.Scatter
    if bare:
        return draw(**place)
    colours, shapes = (values[here] for values in looks(data))
    return draw(
        **place,
        name=kind,
        text=np.array(data.labels)[here],
        mode="markers+text" if data.named else "markers",
        textposition="top center",
        showlegend=False,
        hovertemplate="%{text}<br>" + kind + "<extra></extra>",
        marker={
            "color": colours,
            "symbol": shapes,
            "size": (5 if solid else 9) if data.named else (3 if solid else 6),
        },
    )


def legend_entry(data: Cloud, place: int, group: str) -> go.Scatter | go.Scatter3d:
    """What a colour and shape mean."""
    look = {"mode": "markers", "name": group, "hoverinfo": "skip"}
    look["marker"] = {
        "color": OKABE_ITO[place % len(OKABE_ITO)],
        "symbol": shape(place),
        "size": 8,
    }
    return (
        go.Scatter3d(x=[None], y=[None], z=[None], **look)
        if data.places.shape[2] == 3
        else go.Scatter(x=[None], y=[None], **look)
    )


def titles(data: Cloud, frame: int) -> dict:
    """Axis titles with the variance that each axis explains in this frame."""
    shares = (
        np.full(data.places.shape[2], np.nan)
        if data.explained is None
        else data.explained[frame]
    )
    words = [
        f"axis {i + 1}"
        + (f" ({100 * share:.0f} % of variance)" if np.isfinite(share) else "")
        for i, share in enumerate(shares)
    ]
    axes = {f"{AXES[i]}axis": {"title": {"text": text}} for i, text in enumerate(words)}
    return {"scene": axes} if len(shares) == 3 else axes


def scrub(plot: go.Figure, data: Cloud) -> None:
    """A layer ruler that runs in the browser: frames move the points only, so zoom, camera and axes stay."""
    kinds = kinds_of(data)
    plot.frames = [
        go.Frame(
            data=[points(data, i, kind, bare=True) for kind in kinds],
            name=label,
            traces=list(range(len(kinds))),
            layout=titles(data, i),
        )
        for i, label in enumerate(data.frames)
    ]
    below = 90 + 22 * -(-len(told(data)) // NARROWEST)
    move = {
        "mode": "immediate",
        "frame": {"duration": 0, "redraw": data.places.shape[2] == 3},
        "transition": {"duration": 0},
    }
    steps = [
        {"label": label, "method": "animate", "args": [[label], move]}
        for label in data.frames
    ]
    plot.update_layout(
        sliders=[
            {
                "steps": steps,
                "active": data.start,
                "currentvalue": {"prefix": "layer "},
                "pad": {"t": below},
                "len": 1.0,
            }
        ],
    )


def multiples(data: Cloud) -> go.Figure:
    """Every frame in a panel of its own on the same axes."""
    count = len(data.frames)
    columns = min(ACROSS, count)
    rows = -(-count // columns)
    gap = {"horizontal_spacing": 0.01, "vertical_spacing": min(0.08, 0.4 / rows)}
    plot = make_subplots(
        rows, columns, subplot_titles=[f"layer {label}" for label in data.frames], **gap
    )
    colours, shapes = looks(data)
    for frame in range(count):
        plot.add_trace(
            go.Scatter(
                x=data.places[frame, :, 0].astype(np.float32),
                y=data.places[frame, :, 1].astype(np.float32),
                mode="markers",
                text=list(data.labels),
                hovertemplate="%{text}<extra></extra>",
                showlegend=False,
                marker={"color": colours, "symbol": shapes, "size": 5},
            ),
            frame // columns + 1,
            frame % columns + 1,
        )
    reach = limit(data.places)
    plot.update_xaxes(range=[-reach, reach], showticklabels=False)
    plot.update_yaxes(range=[-reach, reach], showticklabels=False)
    plot.update_layout(height=170 * rows + 60)
    plot.update_annotations(font_size=11)
    return plot


def arrows(figure: Figure, dark: bool) -> go.Figure:
    """One arrow per label from where it was to where it went, with crosses, corners in words and further points."""
    data: Arrows = figure.data
    plot = go.Figure()
    for place, label in enumerate(data.labels):
        colour = OKABE_ITO[place % len(OKABE_ITO)]
        start, end, ends = data.start[place], data.end[place], data.intervals[place]
        errors = [
            {
                "array": [ends[i, 1] - end[i]],
                "arrayminus": [end[i] - ends[i, 0]],
                "thickness": 1,
                "width": 0,
            }
            for i in (0, 1)
        ]
        plot.add_scatter(
            x=[start[0]],
            y=[start[1]],
            mode="markers",
            showlegend=False,
            hoverinfo="skip",
            marker={"color": colour, "symbol": shape(place) + "-open", "size": 8},
        )
        plot.add_scatter(
            x=[end[0]],
            y=[end[1]],
            error_x=errors[0],
            error_y=errors[1],
            name=label,
            mode="markers+text",
            text=[label],
            textposition="top center",
            marker={"color": colour, "symbol": shape(place), "size": 9},
            hovertemplate=f"{label}<br>from {start[0]:.3f}, {start[1]:.3f}<br>to %{{x:.3f}}, %{{y:.3f}}<extra></extra>",
        )
        if np.abs(end - start).max() > 1e-6:
            plot.add_annotation(
                x=end[0],
                y=end[1],
                ax=start[0],
                ay=start[1],
                axref="x",
                ayref="y",
                xref="x",
                yref="y",
                showarrow=True,
                arrowhead=2,
                arrowwidth=1.5,
                arrowcolor=colour,
                standoff=5,
            )
    for place, (name, spots) in enumerate(data.extra):
        plot.add_scatter(
            x=spots[:, 0],
            y=spots[:, 1],
            name=name,
            mode="markers",
            hovertemplate=name + "<br>%{x:.3f}, %{y:.3f}<extra></extra>",
            marker={"symbol": MARKERS[4 + place % 4], "size": 8, "color": "#8A8F98"},
        )
    corners(plot, data)
    plot.update_xaxes(title_text=figure.x)
    plot.update_yaxes(title_text=figure.y)
    plot.update_layout(height=600, showlegend=bool(data.extra) or len(data.labels) > 1)
    return plot


def corners(plot: go.Figure, data: Arrows) -> None:
    """The four corners in words, and the lines between them."""
    line = {"dash": "dot", "color": "#8A8F98", "width": 1}
    plot.add_vline(data.centre[0], line=line)
    plot.add_hline(data.centre[1], line=line)
    for word, x, y, side, end in zip(
        data.words,
        (0, 1, 0, 1),
        (1, 1, 0, 0),
        ("left", "right") * 2,
        ("top", "top", "bottom", "bottom"),
    ):
        plot.add_annotation(
            text=word,
            x=x,
            y=y,
            xref="paper",
            yref="paper",
            xanchor=side,
            yanchor=end,
            showarrow=False,
            font={"size": 11, "color": "#8A8F98"},
        )
