"""Clouds of points over layers → Plotly."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from components.figures.spec import OKABE_ITO, Cloud, Figure
from components.screen.ink import BELOW, GREY, colour_at, layer_ruler
from components.screen.markup import on_canvas
from components.screen.names import Name, free_names

SOLID = ("circle", "square", "diamond")
"""Shapes that are there in two and in three dimensions, filled and open."""
AXES = "xyz"
UNDER = 50
"""Pixels from the axes to the layer ruler: room for the axis' title."""
ACROSS = 8
"""Panels side by side in small multiples."""


@dataclass(frozen=True)
class Looks:
    """Colour and shape (point,) of every point."""

    colours: np.ndarray
    shapes: np.ndarray


def cloud(figure: Figure, data: Cloud, dark: bool) -> go.Figure:
    """Points of one layer with a ruler, or all layers side by side."""
    if data.grid:
        return small_multiples(data)
    plot = go.Figure([points(data, data.start, kind) for kind in kinds_of(data)])
    for kind in kinds_in_legend(data):
        plot.add_trace(kind_in_legend(data, kind))
    for place, group in enumerate(groups_in_legend(data)):
        plot.add_trace(legend_entry(data, place, group))
    plot.update_layout(height=620, legend=BELOW, **axis_titles(data, data.start))
    fix_axes(plot, data)
    if len(data.frames) > 1:
        scrub(plot, data)
    return plot


def fix_axes(plot: go.Figure, data: Cloud) -> None:
    """The same axes over all layers, which the points of all of them fill."""
    axes = [{"range": list(ends), "zeroline": False} for ends in data.limits()]
    if in_three_dimensions(data):
        x, y, z = axes
        plot.update_scenes(
            xaxis=x, yaxis=y, zaxis=z, aspectmode="cube", bgcolor="rgba(0,0,0,0)"
        )
        return
    x, y = axes
    plot.update_xaxes(**x)
    plot.update_yaxes(**y)


def in_three_dimensions(data: Cloud) -> bool:
    """Whether points have three coordinates."""
    return data.places.shape[2] == 3


def kinds_of(data: Cloud) -> list[str]:
    """Kinds in order of appearance."""
    return list(dict.fromkeys(data.kinds))


def groups_in_legend(data: Cloud) -> list[str]:
    """Groups that a legend tells: none where every point says its own."""
    if data.named and data.labels == data.groups:
        return []
    return list(dict.fromkeys(data.groups))


def kinds_in_legend(data: Cloud) -> list[str]:
    """Kinds that a legend tells: filled or open means nothing where there is one."""
    kinds = kinds_of(data)
    return kinds if len(kinds) > 1 else []


def looks_of(data: Cloud) -> Looks:
    """Eight colours in three shapes tell 24 groups apart, open shapes other kinds."""
    groups = list(dict.fromkeys(data.groups))
    first_kind = data.kinds[0] if data.kinds else ""
    colours, shapes = [], []
    for group, kind in zip(data.groups, data.kinds):
        place = groups.index(group)
        ending = "" if kind == first_kind else "-open"
        colours.append(colour_at(place))
        shapes.append(solid_shape(place) + ending)
    return Looks(np.array(colours), np.array(shapes))


def solid_shape(place: int) -> str:
    """The shape of a group: the next one after every eight colours."""
    return SOLID[place // len(OKABE_ITO) % len(SOLID)]


def coordinates(data: Cloud, frame: int, here: np.ndarray) -> dict[str, np.ndarray]:
    """Axis → places of some points in one frame, in single precision: less to send."""
    places = {}
    for axis in range(data.places.shape[2]):
        places[AXES[axis]] = data.places[frame, here, axis].astype(np.float32)
    return places


def scatter(data: Cloud, **options: Any) -> go.Scatter | go.Scatter3d:
    """A trace of points in as many dimensions as the cloud has."""
    if in_three_dimensions(data):
        return go.Scatter3d(**options)
    return go.Scatter(**options)


def points(data: Cloud, frame: int, kind: str) -> go.Scatter | go.Scatter3d:
    """The points of one kind in one frame."""
    here = np.array(data.kinds) == kind
    looks = looks_of(data)
    labels = np.array(data.labels)[here]
    size = 9 if data.named else 6
    if in_three_dimensions(data):
        size = 5 if data.named else 3
    return scatter(
        data,
        **coordinates(data, frame, here),
        **names_beside(data, names_in(data, frame), here),
        name=kind,
        hovertext=labels,
        mode="markers+text" if data.named else "markers",
        showlegend=False,
        hovertemplate="%{hovertext}<br>" + kind + "<extra></extra>",
        marker={
            "color": looks.colours[here],
            "symbol": looks.shapes[here],
            "size": size,
        },
    )


def names_in(data: Cloud, frame: int) -> list[Name]:
    """What is written beside every point of one frame, where it covers nothing."""
    if not data.named:
        return []
    texts = data.written()
    if in_three_dimensions(data):
        return [Name(on_canvas(text), "top center") for text in texts]
    return free_names(data.places[frame], texts, np.array(data.limits()))


def names_beside(data: Cloud, names: list[Name], here: np.ndarray) -> dict[str, Any]:
    """The names of some points."""
    if not data.named:
        return {}
    sides = [name.side for name in names]
    texts = [name.text for name in names]
    return {"text": chosen(texts, here), "textposition": chosen(sides, here)}


def chosen(texts: list[str], here: np.ndarray) -> list[str]:
    """Those of some points."""
    return [text for text, shown in zip(texts, here) if shown]


def kind_in_legend(data: Cloud, kind: str) -> go.Scatter | go.Scatter3d:
    """What a filled and an open shape mean, as a trace without points."""
    nowhere = {AXES[axis]: [None] for axis in range(data.places.shape[2])}
    shape = "circle" if kind == data.kinds[0] else "circle-open"
    return scatter(
        data,
        **nowhere,
        mode="markers",
        name=kind,
        hoverinfo="skip",
        marker={"color": GREY, "symbol": shape, "size": 8},
    )


def legend_entry(data: Cloud, place: int, group: str) -> go.Scatter | go.Scatter3d:
    """What a colour and shape mean, as a trace without points."""
    nowhere = {AXES[axis]: [None] for axis in range(data.places.shape[2])}
    return scatter(
        data,
        **nowhere,
        mode="markers",
        name=group,
        hoverinfo="skip",
        marker={
            "color": colour_at(place),
            "symbol": solid_shape(place),
            "size": 8,
        },
    )


def axis_titles(data: Cloud, frame: int) -> dict[str, Any]:
    """Axis titles with the variance that each axis explains in this frame."""
    dimensions = data.places.shape[2]
    axes = {}
    for axis in range(dimensions):
        text = f"axis {axis + 1}"
        share = np.nan if data.explained is None else data.explained[frame][axis]
        if np.isfinite(share):
            text += f" ({100 * share:.0f} % of variance)"
        axes[f"{AXES[axis]}axis"] = {"title": {"text": text}}
    return {"scene": axes} if dimensions == 3 else axes


def scrub(plot: go.Figure, data: Cloud) -> None:
    """A layer ruler in the browser: frames move the points only.

    So zoom, camera and axes stay.
    """
    kinds = kinds_of(data)
    frames = []
    for place, label in enumerate(data.frames):
        moved = []
        names = names_in(data, place)
        for kind in kinds:
            here = np.array(data.kinds) == kind
            moved.append(
                scatter(
                    data,
                    **coordinates(data, place, here),
                    **names_beside(data, names, here),
                )
            )
        frames.append(
            go.Frame(
                data=moved,
                name=label,
                traces=list(range(len(kinds))),
                layout=axis_titles(data, place),
            )
        )
    plot.frames = frames
    redraw = in_three_dimensions(data)
    plot.update_layout(sliders=layer_ruler(data.frames, data.start, UNDER, redraw))


def small_multiples(data: Cloud) -> go.Figure:
    """Every frame in a panel of its own on the same axes."""
    count = len(data.frames)
    columns = min(ACROSS, count)
    rows = -(-count // columns)
    plot = make_subplots(
        rows,
        columns,
        subplot_titles=[f"layer {label}" for label in data.frames],
        horizontal_spacing=0.01,
        vertical_spacing=min(0.08, 0.4 / rows),
    )
    looks = looks_of(data)
    everyone = np.ones(len(data.labels), bool)
    for frame in range(count):
        places = coordinates(data, frame, everyone)
        panel = go.Scatter(
            x=places["x"],
            y=places["y"],
            mode="markers",
            text=list(data.labels),
            hovertemplate="%{text}<extra></extra>",
            showlegend=False,
            marker={"color": looks.colours, "symbol": looks.shapes, "size": 5},
        )
        plot.add_trace(panel, frame // columns + 1, frame % columns + 1)
    across, up = data.limits()[:2]
    plot.update_xaxes(range=across, showticklabels=False)
    plot.update_yaxes(range=up, showticklabels=False)
    plot.update_layout(height=170 * rows + 60)
    plot.update_annotations(font_size=11)
    return plot
