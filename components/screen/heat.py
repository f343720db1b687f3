"""Heat maps → Plotly: values in the cells, shares along the edge, one frame a layer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.colors
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.core.typeset import minus_signs
from components.figures.spec import PALE, Figure, Matrix
from components.screen.crowded import (
    UPRIGHT,
    Ticks,
    row_height,
    some_labels,
)
from components.screen.ink import (
    DARK_PAGE,
    GREY,
    LEVEL,
    LIGHT_PAGE,
    ON_DARK,
    ON_LIGHT,
    layer_ruler,
)

CELL = 30
"""Height of a row in pixels."""
LOWEST = 180
"""Height of few rows in pixels, so that the colour bar beside them can be read."""
MARGIN = 190
RULER = 70
"""Pixels that the layer ruler takes."""
# Without room behind them the longest of its numbers touches its title.
COLOUR_BAR = {"thickness": 12, "ticksuffix": "  "}
WITHIN = "°"
"""Stands behind numbers that unrelated vectors reach too."""
STROKES = ((-0.48, -0.1), (-0.48, -0.3), (0.1, 0.48), (0.3, 0.48))
"""Where strokes of a hatched cell begin and end, from its middle: across the upper left
corner, and across the lower right one."""
WIDE_CELLS = 8
"""Columns up to which cells are so wide that two strokes would be lost in them."""
OUTER, ROOM_ACROSS, ROOM_DOWN = 0.48, 0.28, 0.2
"""From a cell's middle to the end of its hatching, and to the room of its number."""
HATCH = {"shape": "/", "size": 9, "solidity": 0.12, "bgcolor": "rgba(0,0,0,0)"}
"""Strokes a fixed number of pixels apart, however large a cell is."""
HATCH_ON_LIGHT, HATCH_ON_DARK = "rgba(31,35,40,0.5)", "rgba(232,234,237,0.55)"
MARK = {"color": "#D55E00", "width": 3}
SHARES: dict[str, Any] = {"row": 1, "col": 1}
CELLS: dict[str, Any] = {"row": 1, "col": 2}
"""The two panels: bars of shares on the left, cells on the right."""
ON_CELLS = {"xref": "x2", "yref": "y2"}
"""The axes of the cells, as shapes name them."""
ALWAYS_THERE = 0.001
"""Width of the left panel without shares; Plotly takes no 0."""
TALLEST = 1640
"""Pixels of all rows of a heat map, however many there are."""
ACROSS = 1000
"""Pixels that all columns have on a usual page."""
NOT_BETTER = ", no better than chance"


def matrix(figure: Figure, data: Matrix, dark: bool) -> go.Figure:
    """Cells with their values, and an invisible overlay that takes clicks."""
    left = 0.12 if data.shares else ALWAYS_THERE
    plot = make_subplots(
        1,
        2,
        column_widths=[left, 1 - left],
        shared_yaxes=True,
        horizontal_spacing=0.005,
    )
    plot.add_trace(cells(data, data.start), **CELLS)
    if data.faded is not None:
        plot.add_trace(pale_cells(data, dark), **CELLS)
        # Strokes across cells of a few pixels would hide them; pointing says it there.
        if not data.crowded:
            plot.add_trace(marks_of_pale(data, dark), **CELLS)
    if data.codes[0]:
        plot.add_trace(click_overlay(data), **CELLS)
    if data.shares:
        plot.add_trace(share_bars(data), **SHARES)
    rows = len(data.rows)
    height = max(round(rows * row_height(rows, CELL, TALLEST)), LOWEST) + MARGIN
    if data.frames:
        height += RULER
    plot.update_layout(height=height, bargap=0.25, showlegend=False)
    label_rows(plot, figure, data)
    label_columns(plot, figure, data)
    if data.diagonal:
        outline_diagonal(plot, data, dark)
    frame_marked_cells(plot, data)
    if data.frames:
        scrub(plot, data)
    return plot


def row_ticks(data: Matrix, tallest: float = TALLEST) -> Ticks:
    """The rows that are named, where all of them have so many pixels."""
    return some_labels(data.rows, CELL, tallest)


def column_ticks(data: Matrix) -> Ticks:
    """The columns that are named."""
    return some_labels(data.columns, CELL, ACROSS)


def label_rows(plot: go.Figure, figure: Figure, data: Matrix) -> None:
    """Names of the rows at the far left, whichever panel that is."""
    rows, ticks = len(data.rows), row_ticks(data)
    both = {
        "tickvals": ticks.places,
        "ticktext": ticks.labels,
        "range": [rows - 0.5, -0.5],
        "showgrid": False,
    }
    title = {"title_text": figure.y, "title_standoff": 4}
    with_shares = bool(data.shares)
    plot.update_yaxes(**both, **CELLS, showticklabels=not with_shares)
    plot.update_yaxes(**both, **SHARES, **title, showticklabels=with_shares)
    if not with_shares:
        plot.update_yaxes(**title, **CELLS)


def label_columns(plot: go.Figure, figure: Figure, data: Matrix) -> None:
    """Names of the columns below the cells, the percent axis below the shares."""
    columns, ticks = len(data.columns), column_ticks(data)
    plot.update_xaxes(
        **CELLS,
        tickvals=ticks.places,
        ticktext=ticks.labels,
        range=[-0.5, columns - 0.5],
        **(UPRIGHT if ticks.step > 1 else LEVEL),
        title_text=figure.x,
        showgrid=False,
    )
    plot.update_xaxes(
        **SHARES,
        type="log",
        autorange="reversed",
        showgrid=False,
        title_text="share, %" if data.shares else "",
        visible=bool(data.shares),
        tickvals=share_ticks(data.shares),
        tickangle=0,
    )


def share_ticks(shares: tuple[float, ...]) -> list[float]:
    """The one share that has room under the bars: the largest power of ten among them."""
    known = [share for share in shares if share > 0]
    if not known:
        return []
    return [float(f"1e{np.floor(np.log10(max(known))):.0f}")]


def outline_diagonal(plot: go.Figure, data: Matrix, dark: bool) -> None:
    """A frame around each cell in which source and target are the same language."""
    stroke = {"color": ON_DARK if dark else ON_LIGHT, "width": 1}
    places = range(min(len(data.rows), len(data.columns)))
    if data.crowded:
        outline = "".join(f"M{at - 0.5},{at - 0.5}h1v1h-1Z" for at in places)
        plot.add_shape(**CELLS, type="path", path=outline, line=stroke)
        return
    frame_cells(plot, [(place, place) for place in places], stroke)


def frame_cells(
    plot: go.Figure, places: Sequence[tuple[int, int]], stroke: dict[str, Any]
) -> None:
    """A frame around some cells (row, column).

    All at once: with each one more, Plotly looks at all that are there again.
    """
    frames = [{**around(*place), **ON_CELLS, "line": stroke} for place in places]
    before = plot.layout.shapes  # pyright: ignore[reportAttributeAccessIssue]
    plot.update_layout(shapes=[*before, *frames])


def around(row: int, column: int) -> dict[str, Any]:
    """A rectangle as large as a cell."""
    return {
        "type": "rect",
        "x0": column - 0.48,
        "x1": column + 0.48,
        "y0": row - 0.48,
        "y1": row + 0.48,
    }


def frame_marked_cells(plot: go.Figure, data: Matrix) -> None:
    """A frame around each marked cell."""
    frame_cells(plot, data.marked, MARK)


def cells(data: Matrix, frame: int, pale: bool = False) -> go.Heatmap:
    """One frame's cells: those that count, or those no better than chance (``pale``)."""
    values = data.values[frame] if data.frames else data.values
    known = np.isfinite(values)
    shown = known
    if data.faded is not None:
        shown = known & (data.faded == pale)
    words = inside_crowded if data.crowded else inside
    return go.Heatmap(
        z=coloured(data, np.where(shown, values, np.nan)),
        x=list(range(values.shape[1])),
        y=list(range(values.shape[0])),
        **words(data, shown, values),
        hoverongaps=False,
        zmin=data.limits[0],
        zmax=data.limits[1],
        colorscale=data.scale,
        colorbar={**COLOUR_BAR, "title": {"text": data.units, "side": "right"}},
    )


def coloured(data: Matrix, values: np.ndarray) -> np.ndarray:
    """What colours cells: to four decimals, many of them in half the bytes."""
    rounded = np.round(values, 4)
    return rounded.astype(np.float32) if data.crowded else rounded


def inside(data: Matrix, shown: np.ndarray, values: np.ndarray) -> dict[str, Any]:
    """Numbers in the cells, and what these say when they are pointed at."""
    return {
        "text": texts_in(data, values, shown),
        "texttemplate": "%{text}",
        **pointed_at(data, shown),
        "xgap": 1,
        "ygap": 1,
    }


def inside_crowded(
    data: Matrix, shown: np.ndarray, values: np.ndarray
) -> dict[str, Any]:
    """The same of cells of a few pixels: no numbers, no gaps, and few words on hover."""
    if data.codes[0] and not data.frames:
        return {"hoverinfo": "skip"}
    if data.frames:
        # The number is of the layer that is shown; the overlay says whose it is.
        return {"hovertemplate": f"%{{z:.{data.digits}f}}<extra></extra>"}
    said = np.where(shown, few_words(data), "")
    return {"text": said, "hovertemplate": "%{text}<extra></extra>"}


def few_words(data: Matrix) -> np.ndarray:
    """Row, column and number of every cell (row, column); a click says the rest."""
    names = np.array(
        [[f"{row} → {column}" for column in data.columns] for row in data.rows], object
    )
    if data.frames:
        return names
    numbers = np.array(data.says) if data.says else printed(data.values, data.digits)
    numbers = np.where(np.isfinite(data.values), numbers, "not known")
    said = names + ": " + numbers.astype(object)
    if data.faded is None:
        return said
    return np.where(data.faded, said + NOT_BETTER, said)


def texts_in(data: Matrix, values: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """The number of every cell that is shown.

    The size of numbers follows from how far they are apart, and the longest of them:
    blanks keep it the same for cells that count and for those that do not.
    """
    numbers = printed(values, data.digits)
    if data.says:
        numbers = np.array(data.says)
    if data.within is not None:
        numbers = np.where(data.within, np.char.add(numbers, WITHIN), numbers)
    blank = " " * max(map(len, numbers.ravel()), default=0)
    return np.where(np.isfinite(values), np.where(shown, numbers, blank), "")


def pointed_at(data: Matrix, shown: np.ndarray) -> dict[str, Any]:
    """What cells say when they are pointed at; with clicks an overlay says it instead.

    Frames change numbers alone, so that this is sent once.
    """
    if data.codes[0] and not data.frames:
        return {"hoverinfo": "skip"}
    said = []
    for row, column in np.ndindex(shown.shape):
        place = f"{data.rows[row]} → {data.columns[column]}"
        more = "" if data.hover is None else in_lines(data.hover[row, column])
        there = data.frames or shown[row, column]
        said.append([place, more] if there else ["", ""])
    customdata = np.array(said, dtype=object).reshape(*shown.shape, 2)
    template = "%{customdata[0]}: %{text}<br>%{customdata[1]}<extra></extra>"
    return {"customdata": customdata, "hovertemplate": template}


def changed(data: Matrix, frame: int) -> go.Heatmap:
    """What another layer changes: colours and numbers."""
    values = data.values[frame]
    ends = {"zmin": data.limits[0], "zmax": data.limits[1]}
    if data.crowded:
        return go.Heatmap(z=coloured(data, values), **ends)
    text = texts_in(data, values, np.isfinite(values))
    return go.Heatmap(z=coloured(data, values), text=text, **ends)


def pale_cells(data: Matrix, dark: bool) -> go.Heatmap:
    """The cells no better than chance.

    Their colours are mixed, not transparent: Plotly chooses the ink of a number after
    the colour of its cell, and knows nothing of what shines through.
    """
    made = cells(data, data.start, pale=True)
    made.colorscale = mixed_scale(data.scale, ground_of_pale(data, dark))
    made.showscale = bool(np.all(data.faded))
    return made


def ground_of_pale(data: Matrix, dark: bool) -> str:
    """What the colours of pale cells are mixed with.

    Where white is the middle of a scale, dark cells would seem to be its ends.
    """
    return DARK_PAGE if dark and not data.diverging else LIGHT_PAGE


def marks_of_pale(data: Matrix, dark: bool) -> go.Scatter:
    """What tells pale cells apart, and leaves their numbers free.

    Colours alone do not: at the dark end of a scale pale and full look alike.
    """
    over_light = ground_of_pale(data, dark) == LIGHT_PAGE
    ink = HATCH_ON_LIGHT if over_light else HATCH_ON_DARK
    values = data.values[data.start] if data.frames else data.values
    there = np.isfinite(values) & (data.faded if data.faded is not None else False)
    if len(data.columns) <= WIDE_CELLS:
        return hatching(there, ink)
    return strokes(there, ink)


def hatching(there: np.ndarray, ink: str) -> go.Scatter:
    """Wide cells (row, column) hatched around the room of their numbers."""
    across, down = [], []
    for row, column in np.argwhere(there).tolist():
        for x, y in around_number():
            across.append(column + x)
            down.append(row + y)
        across.append(None)
        down.append(None)
    return go.Scatter(
        x=across,
        y=down,
        mode="none",
        fill="toself",
        fillpattern={**HATCH, "fgcolor": ink},
        hoverinfo="skip",
        showlegend=False,
    )


def around_number() -> list[tuple[float, float]]:
    """A cell without its middle, as one line: around it, then around the room."""
    turn = ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
    outside = [(OUTER * x, OUTER * y) for x, y in turn]
    inside = [(ROOM_ACROSS * x, ROOM_DOWN * y) for x, y in reversed(turn)]
    return [*outside, *inside, outside[0]]


def strokes(there: np.ndarray, ink: str) -> go.Scatter:
    """Strokes across two corners of every cell (row, column) that is marked."""
    across, down = [], []
    for row, column in np.argwhere(there).tolist():
        for start, end in STROKES:
            across += [column + start, column + end, None]
            down += [row + end, row + start, None]
    return go.Scatter(
        x=across,
        y=down,
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
        line={"color": ink, "width": 1},
    )


def mixed_scale(name: str, ground: str) -> list[list[float | str]]:
    """A colour scale of which only PALE is left on a ground of this colour."""
    behind = np.array(plotly.colors.hex_to_rgb(ground))
    mixed: list[list[float | str]] = []
    for place, colour in plotly.colors.get_colorscale(name):
        full = np.array(rgb_of(colour))
        red, green, blue = np.round(PALE * full + (1 - PALE) * behind).astype(int)
        mixed.append([place, f"rgb({red},{green},{blue})"])
    return mixed


def rgb_of(colour: str) -> tuple[float, ...]:
    """Red, green and blue of a colour of a scale, written in either way."""
    if colour.startswith("#"):
        return plotly.colors.hex_to_rgb(colour)
    return plotly.colors.unlabel_rgb(colour)


def printed(values: np.ndarray, digits: int) -> np.ndarray:
    """Numbers as they are read, none of them “-0.0”, with a minus sign as in print."""
    texts = [minus_signs(f"{value:z.{digits}f}") for value in values.ravel().tolist()]
    return np.array(texts, dtype=str).reshape(values.shape)


def click_overlay(data: Matrix) -> go.Scatter | go.Scattergl:
    """Invisible markers over the cells: only a click on a marker returns something.

    They take the pointer from the cells, so they say what the cells would; with
    ``hoverinfo="skip"`` a click would be lost. Frames change the numbers under them, so
    with frames they say whose cell it is.
    """
    rows, columns = np.indices((len(data.rows), len(data.columns)))
    pairs = [[row, column] for row in data.codes[0] for column in data.codes[1]]
    many = data.crowded
    # A node of the page for each of 40,000 cells takes a browser a minute.
    kind = go.Scattergl if many else go.Scatter
    return kind(
        text=few_words(data).ravel() if many else hover_texts(data),
        hovertemplate="%{text}<extra></extra>",
        x=columns.ravel(),
        y=rows.ravel(),
        mode="markers",
        customdata=np.array(pairs) if many else pairs,
        showlegend=False,
        marker={"size": 6 if many else 22, "symbol": "square", "opacity": 0},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
    )


def hover_texts(data: Matrix) -> list[str]:
    """What hovering over each cell says, row by row."""
    cells = (len(data.rows), len(data.columns))
    hover = np.full(cells, "") if data.hover is None else data.hover
    texts = []
    for row, column in np.ndindex(hover.shape):
        place = f"{data.rows[row]} → {data.columns[column]}"
        if data.frames:
            texts.append(f"{place}<br>{in_lines(hover[row, column])}")
            continue
        value = "not known"
        if np.isfinite(data.values[row, column]):
            value = minus_signs(f"{data.values[row, column]:z.{data.digits}f}")
        texts.append(f"{place}: {value}<br>{in_lines(hover[row, column])}")
    return texts


def in_lines(words: object) -> str:
    """Words of a cell with the ends of their lines as Plotly takes them."""
    return str(words).replace("\n", "<br>")


def share_bars(data: Matrix) -> go.Bar:
    """Pre-training shares along the edge, on a logarithmic axis."""
    return go.Bar(
        x=list(data.shares),
        y=list(range(len(data.rows))),
        orientation="h",
        marker={"color": GREY},
        hovertemplate="%{x} %<extra></extra>",
        showlegend=False,
    )


def scrub(plot: go.Figure, data: Matrix) -> None:
    """A layer ruler in the browser: frames replace the cells only; zoom and axes stay."""
    frames = []
    for place, label in enumerate(data.frames):
        frames.append(go.Frame(data=[changed(data, place)], name=label, traces=[0]))
    plot.frames = frames
    ruler = layer_ruler(data.frames, data.start, above=60, redraw=True)
    plot.update_layout(sliders=ruler)
