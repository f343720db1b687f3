"""Colours, markers and lines that every kind of figure shares on the screen."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from components.figures.spec import BarSeries, colour_of, marker_of

GREY = "#8A8F98"
"""Ink of whatever is not data: references, whiskers, connecting lines."""
ON_LIGHT, ON_DARK = "#1F2328", "#E8EAED"
FAINT_ON_LIGHT, FAINT_ON_DARK = "#D9DCE1", "#39444A"
LIGHT_PAGE, DARK_PAGE = "#FFFFFF", "#13181B"
"""What a page is painted with, behind every figure, as the theme says."""
DOTTED = {"dash": "dot", "color": GREY}
BELOW = {"yref": "container", "y": 0, "yanchor": "bottom"}
"""A legend under the axis' labels however long, and far from the buttons."""
LEVEL: dict[str, Any] = {"autotickangles": [0, -45, -90]}
"""Labels of an axis lie level where they fit, and lean or stand where they do not."""
CHANCE = {"line": DOTTED, "annotation_text": "chance", "annotation_font_size": 11}


def colour_at(place: int) -> str:
    """The colour of a series or group."""
    return colour_of(place)


def marker_at(place: int) -> str:
    """The marker of a series or group."""
    return marker_of(place)


def washed_out(colour: str) -> str:
    """A colour (``#RRGGBB``) at one fifth opacity, for bands."""
    return shining_through(colour, 0.18)


def faint(colour: str) -> str:
    """A colour at less than half its opacity, for intervals that must bury no point."""
    return shining_through(colour, 0.4)


def shining_through(colour: str, opacity: float) -> str:
    """A colour (``#RRGGBB``) at an opacity."""
    red = int(colour[1:3], 16)
    green = int(colour[3:5], 16)
    blue = int(colour[5:7], 16)
    return f"rgba({red},{green},{blue},{opacity})"


def readable(colour: str, dark: bool) -> str:
    """A colour (``#RRGGBB``) in which words can be read on a light or a dark page."""
    parts = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    towards = 255 if dark else 0
    mixed = [round(0.6 * part + 0.4 * towards) for part in parts]
    return "#" + "".join(f"{part:02x}" for part in mixed)


def add_chance_line(plot: go.Figure, chance: float | None) -> None:
    """The chance level as a dotted horizontal line with its name."""
    if chance is not None:
        plot.add_hline(chance, **CHANCE)


def error_bars(
    values: np.ndarray, low: np.ndarray | None, high: np.ndarray | None
) -> dict[str, Any] | None:
    """Error bars, which may be lopsided; None without an interval."""
    if low is None or high is None:
        return None
    return {
        "array": high - values,
        "arrayminus": values - low,
        "thickness": 1,
        "width": 3,
    }


def whiskers(series: BarSeries) -> dict[str, Any] | None:
    """Grey error bars of a series."""
    bars = error_bars(series.values, series.low, series.high)
    return bars if bars is None else {**bars, "color": GREY}


def layer_ruler(
    labels: tuple[str, ...], start: int, above: int, redraw: bool
) -> list[dict[str, Any]]:
    """A slider that shows frame after frame in the browser, ``above`` pixels lower."""
    move = {
        "mode": "immediate",
        "frame": {"duration": 0, "redraw": redraw},
        "transition": {"duration": 0},
    }
    steps = []
    for label in labels:
        steps.append({"label": label, "method": "animate", "args": [[label], move]})
    ruler = {
        "steps": steps,
        "active": start,
        "currentvalue": {"prefix": "layer "},
        "pad": {"t": above},
        "len": 1.0,
    }
    return [ruler]
