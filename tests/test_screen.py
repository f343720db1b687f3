"""Figure specs as Plotly draws them: every kind, on a light and on a dark page."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from components.figures.spec import (
    MARKERS,
    Arrows,
    Bars,
    BarSeries,
    Cloud,
    Dumbbells,
    Figure,
    Lines,
    Matrix,
    Points,
    Series,
    Tree,
)
from components.printing import marks
from components.screen import heat as heat_maps
from components.screen import ink, names, to_plotly
from components.screen.crowded import BREAK, LONGEST, in_lines

ROWS, COLUMNS, NAN = ("en", "தமிழ்", "中文"), ("en", "தமிழ்", "中文", "ar"), np.nan
VALUES = np.linspace(-1, 1, 12).reshape(3, 4)
FADED = np.eye(3, 4, dtype=bool)
LINKAGE = np.array([[0, 1, 0.1, 2], [2, 3, 0.4, 3]], float)
LIMITS = (-1.0, 1.0)
BARS = BarSeries(
    "hatched", np.array([0.5, NAN, 1]), np.zeros(3), np.ones(3), np.array([0.2, NAN, 0])
)
DATA = {
    "matrix": Matrix(VALUES, ROWS, COLUMNS, "cosine", (0, 1)),
    "diverging matrix": Matrix(
        VALUES,
        ROWS,
        COLUMNS,
        "points",
        LIMITS,
        diverging=True,
        faded=FADED,
        diagonal=True,
    ),
    "faded matrix": Matrix(VALUES, ROWS, COLUMNS, "share", LIMITS, faded=FADED),
    "matrix with a hole": Matrix(
        np.where(FADED, NAN, VALUES),
        ROWS,
        COLUMNS,
        "cosine",
        LIMITS,
        hover=np.full((3, 4), "n = 3"),
    ),
    "matrix of nothing": Matrix(np.full((3, 4), NAN), ROWS, COLUMNS, "cosine", LIMITS),
    "matrix with shares": Matrix(
        VALUES,
        ROWS,
        COLUMNS,
        "cosine",
        (0, 1),
        shares=(90.0, 0.01, NAN),
        codes=(ROWS, COLUMNS),
    ),
    "frames": Matrix(
        np.stack([VALUES, -VALUES]),
        ROWS,
        COLUMNS,
        "cosine",
        LIMITS,
        frames=("1", "2"),
        start=1,
        codes=(ROWS, COLUMNS),
    ),
    "wide matrix": Matrix(
        np.zeros((2, 30)), ("a", "b"), tuple(map(str, range(30))), "cosine", (0, 1)
    ),
    "lines": Lines(
        tuple(Series(str(i), np.arange(3), np.arange(3) / 3) for i in range(16)),
        chance=0.5,
        mark=1,
        limits=(0, 1),
    ),
    "band": Lines(
        (
            Series(
                "one",
                np.arange(3),
                np.array([0, NAN, 1]),
                np.zeros(3),
                np.ones(3),
                dashed=True,
            ),
        )
    ),
    "points": Points(
        np.arange(3),
        VALUES[0, :3],
        ROWS,
        ("a", "b", "a"),
        np.zeros(3),
        np.ones(3),
        (1, 0),
        0.5,
        log_x=True,
    ),
    "unnamed points": Points(
        np.array([]), np.array([]), (), (), line=(1, 0), named=False
    ),
    "marked matrix": Matrix(VALUES, ROWS, COLUMNS, "share", (0, 1), marked=((1, 2),)),
    "bars": Bars(
        ROWS, (BARS, BarSeries("plain", VALUES[1, :3])), chance=0.5, limits=(0, 1)
    ),
    "dumb-bells": Dumbbells(
        ROWS, (BARS, BarSeries("plain", VALUES[1, :3])), chance=0.1
    ),
    "tree": Tree(LINKAGE, ROWS),
    "cloud": Cloud(
        VALUES.reshape(2, 3, 2),
        ROWS,
        ROWS,
        ("a", "b", "a"),
        ("1", "2"),
        1,
        np.full((2, 2), 0.4),
    ),
    "cloud of all frames": Cloud(
        VALUES.reshape(2, 3, 2), ROWS, ROWS, ("a", "b", "a"), ("1", "2"), grid=True
    ),
    "arrows": Arrows(
        VALUES[:, :2],
        VALUES[:, 2:],
        ROWS,
        np.stack([VALUES[:, 2:] - 0.1, VALUES[:, 2:] + 0.1], -1),
        tuple("abcd"),
        (0, 0),
    ),
}


def spec(name: str) -> Figure:
    """A figure of one kind."""
    return Figure(name, name, "Caption.", DATA[name], pd.DataFrame(), "across", "up")


def heat(plot):
    """The cells of a drawn matrix."""
    return next(trace for trace in plot.data if trace.type == "heatmap")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", DATA)
def test_every_kind_is_drawn(name, dark):
    plot = to_plotly.draw(spec(name), dark)
    assert (
        plot.to_json()
        and plot.layout.height
        and (plot.data or name == "unnamed points")
    )
    titles = {axis.title.text for axis in (*plot.select_xaxes(), *plot.select_yaxes())}
    assert {"across", "up"} <= titles or isinstance(DATA[name], Cloud), (
        "a cloud's axes are components, not quantities"
    )


def test_the_table_of_kinds_is_complete():
    assert {type(data) for data in DATA.values()} == to_plotly.DRAW.keys()


def test_what_is_hatched_stands_at_the_foot_of_its_bar():
    foot, rest, plain = to_plotly.draw(spec("bars")).data
    assert (
        foot.marker.pattern.shape == "/"
        and not foot.showlegend
        and foot.offsetgroup == rest.offsetgroup != plain.offsetgroup
    )
    np.testing.assert_allclose(np.asarray(foot.y, float), [0.2, 0, 0])
    np.testing.assert_allclose(np.add(rest.y, rest.base).astype(float), [0.5, NAN, 1])
    np.testing.assert_allclose(np.asarray(rest.error_y.array, float), [0.5, NAN, 0])


@pytest.mark.parametrize("kind", ["bars", "dumb-bells"])
def test_the_legend_of_bars_stays_at_the_foot(kind):
    legend = to_plotly.draw(spec(kind)).layout.legend
    assert (legend.yref, legend.y, legend.yanchor) == ("container", 0, "bottom")


def test_more_series_of_bars_have_a_row_each_on_a_narrow_screen():
    plain, more = (
        spec("bars").data,
        replace(spec("bars").data, series=spec("bars").data.series * 3),
    )
    heights = [
        to_plotly.draw(replace(spec("bars"), data=data)).layout.height
        for data in (plain, more)
    ]
    assert heights[0] < heights[1]


def test_text_is_light_on_dark_and_dark_on_light():
    light, dark = (
        to_plotly.draw(spec("matrix"), dark).layout.font.color for dark in (False, True)
    )
    assert luminance(light) < 0.1 and luminance(dark) > 0.6


def luminance(colour: str) -> float:
    """Relative luminance of #RRGGBB."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return float(
        np.dot(
            [
                p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4
                for p in parts
            ],
            [0.2126, 0.7152, 0.0722],
        )
    )


def test_sequential_is_cividis_and_diverging_is_centred_puor():
    import plotly.colors

    one, two = (
        heat(to_plotly.draw(spec("matrix"))),
        heat(to_plotly.draw(spec("diverging matrix"))),
    )
    named = {
        name: [colour for _, colour in plotly.colors.get_colorscale(name)]
        for name in ("Cividis", "PuOr")
    }
    assert [colour for _, colour in one.colorscale] == named["Cividis"]
    assert [colour for _, colour in two.colorscale] == named[
        "PuOr"
    ] and two.zmin == -two.zmax
    assert one.zmin == 0 and one.zmax == 1


def both_heats(name, dark=False):
    """Cells that count, and cells no better than chance."""
    drawn = to_plotly.draw(spec(name), dark).data
    full, pale = (trace for trace in drawn if trace.type == "heatmap")
    return full, pale


def test_faded_cells_are_pale_and_keep_their_number():
    full, pale = both_heats("diverging matrix")
    for trace, missing in ((full, FADED), (pale, ~FADED)):
        np.testing.assert_array_equal(np.isnan(np.array(trace.z, float)), missing)
    assert pale.text[0][0] == "−1.00" and full.text[0][1] == "−0.82"
    assert (pale.zmin, pale.zmax) == (full.zmin, full.zmax)
    assert pale.textfont.style is None, "small italics cannot be read"


def upon_pale(columns):
    """What is drawn upon pale cells of a heat map with so many columns."""
    faded = np.zeros((2, columns), bool)
    faded[0, 0] = True
    names = tuple(map(str, range(columns)))
    values = np.full((2, columns), 0.5)
    data = Matrix(values, ("a", "b"), names, "share", (0, 1), faded=faded)
    return heat_maps.marks_of_pale(data, dark=False)


def test_wide_cells_are_hatched_at_a_fixed_spacing_around_their_number():
    wide, narrow = map(upon_pale, (heat_maps.WIDE_CELLS, heat_maps.WIDE_CELLS + 1))
    assert wide.fill == "toself" and wide.fillpattern.size == 9
    assert narrow.mode == "lines" and narrow.fill is None
    line = np.array([wide.x[:-1], wide.y[:-1]], float).T
    assert np.abs(line).max() < 0.5, "the cell alone"
    x, y = line.T
    around = x[:-1] * y[1:] - x[1:] * y[:-1]
    room = 4 * heat_maps.ROOM_ACROSS * heat_maps.ROOM_DOWN
    assert around.sum() / 2 == pytest.approx(4 * heat_maps.OUTER**2 - room)


def test_long_labels_are_broken_and_short_ones_are_not():
    long = "fixed: English in the first third, local in the last"
    assert max(map(len, in_lines(long).split(BREAK))) <= LONGEST
    assert in_lines(long).replace(BREAK, " ") == long and in_lines("French") == "French"
    bars = (BarSeries("one", np.zeros(1)), BarSeries("two", np.ones(1)))
    tall, plain = (
        to_plotly.draw(replace(spec("dumb-bells"), data=Dumbbells((each,), bars)))
        for each in (long, "French")
    )
    assert tall.layout.height > plain.layout.height


def contrast(first: str, second: str) -> float:
    """Contrast of two colours (W3C)."""
    dim, bright = sorted((luminance(first), luminance(second)))
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", ["diverging matrix", "faded matrix"])
def test_numbers_of_faded_cells_can_be_read(name, dark):
    """Plotly writes in white on what it takes for dark, else in dark grey."""
    full, pale = both_heats(name, dark)
    middle = ink.DARK_PAGE if dark and "diverging" not in name else ink.LIGHT_PAGE
    assert pale.opacity is None
    for (_, strong), (_, colour) in zip(full.colorscale, pale.colorscale):
        red, green, blue = map(int, re.findall(r"\d+", colour))
        brightness = (299 * red + 587 * green + 114 * blue) / 1000
        written = "#444444" if brightness >= 128 else "#ffffff"
        seen = f"#{red:02x}{green:02x}{blue:02x}"
        assert contrast(written, seen) > 4
        assert contrast(seen, middle) < max(contrast(as_hex(strong), middle), 2.5)


def as_hex(colour: str) -> str:
    """``rgb(1,2,3)`` as #RRGGBB."""
    if colour.startswith("#"):
        return colour
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", colour))


def test_numbers_of_faded_cells_are_as_large_as_the_others():
    """Plotly's size follows from the longest text and from the next cell with one."""
    full, pale = both_heats("diverging matrix")
    for one, other in zip(np.ravel(full.text), np.ravel(pale.text)):
        assert bool(one.strip()) != bool(other.strip())
        assert one and other, "without a text a cell does not count as the next one"
    longest = {max(map(len, np.ravel(trace.text))) for trace in (full, pale)}
    assert len(longest) == 1 and full.texttemplate == pale.texttemplate


def test_few_rows_are_tall_enough_for_a_colour_bar():
    few, more = (
        replace(DATA["wide matrix"], values=np.zeros((rows, 30)), rows=ROWS[:rows])
        for rows in (1, 3)
    )
    heights = {
        to_plotly.draw(replace(spec("matrix"), data=data)).layout.height
        for data in (few, more)
    }
    assert min(heights) - heat_maps.MARGIN >= 180


def test_missing_cells_have_neither_colour_nor_number():
    cells = heat(to_plotly.draw(spec("matrix with a hole")))
    assert cells.text[0][0] == "" and np.isnan(np.array(cells.z, float)[0, 0])
    assert "n = 3" in cells.customdata[0][1].tolist() and not cells.hoverongaps


def test_frames_change_the_cells_alone():
    plot = to_plotly.draw(spec("frames"))
    assert [frame.name for frame in plot.frames] == ["1", "2"] and plot.layout.sliders[
        0
    ].active == 1
    np.testing.assert_allclose(np.array(heat(plot).z, float), -VALUES, atol=1e-4)
    for frame, values in zip(plot.frames, (VALUES, -VALUES)):
        assert (
            frame.layout.to_plotly_json() == {}
            and frame.traces == (0,)
            and len(frame.data) == 1
        )
        np.testing.assert_allclose(np.array(frame.data[0].z, float), values, atol=1e-4)
        assert (frame.data[0].zmin, frame.data[0].zmax) == LIMITS, (
            "one colour scale over all layers"
        )
    moved = [step.args[1]["frame"]["duration"] for step in plot.layout.sliders[0].steps]
    assert moved == [0, 0]


def test_a_click_on_a_curve_returns_the_code_of_its_point():
    x = np.array([-1.0, 0.0, 1.0])
    data = Lines((Series("up", x, x), Series("down", x, -x)), codes=("-1", "0", "1"))
    plot = to_plotly.draw(Figure("f", "t", "c", data, pd.DataFrame()))
    assert [[list(code) for code in trace.customdata] for trace in plot.data] == [
        [["-1"], ["0"], ["1"]]
    ] * 2
    plain = to_plotly.draw(
        Figure("f", "t", "c", replace(data, codes=()), pd.DataFrame())
    )
    assert plain.data[0].customdata is None


def test_a_click_returns_codes_and_its_marker_is_invisible():
    overlay = next(
        trace
        for trace in to_plotly.draw(spec("frames")).data
        if trace.type == "scatter"
    )
    place = {
        (x, y): tuple(pair)
        for x, y, pair in zip(overlay.x, overlay.y, overlay.customdata)
    }
    assert place[3, 1] == (ROWS[1], COLUMNS[3]) and len(place) == 12
    assert overlay.hoverinfo != "skip", (
        "Plotly sends no click from a point that is skipped"
    )
    still = next(
        trace
        for trace in to_plotly.draw(spec("matrix with shares")).data
        if trace.type == "scatter"
    )
    assert still.text[7] == "தமிழ் → ar: 0.27<br>" and still.hovertemplate.startswith(
        "%{text}"
    )
    assert (
        overlay.marker.opacity
        == overlay.selected.marker.opacity
        == overlay.unselected.marker.opacity
        == 0
    )


def test_sixteen_lines_can_be_told_apart():
    drawn = [trace for trace in to_plotly.draw(spec("lines")).data if trace.name]
    looks = {
        (trace.line.color, trace.line.dash, trace.marker.symbol) for trace in drawn
    }
    assert len(drawn) == len(looks) == 16


@pytest.mark.parametrize("marker", [ink.marker_at, marks.symbol_at])
def test_pairs_of_colour_and_marker_differ_for_64_kinds(marker):
    looks = [(ink.colour_at(place), marker(place)) for place in range(64)]
    assert len(set(looks)) == 64
    assert [marks.colour_at(place) for place in range(64)] == [a for a, _ in looks]
    assert [ink.marker_at(place) for place in range(8)] == list(MARKERS)


def test_an_axis_that_is_only_an_order_has_no_numbers():
    figure = spec("points")
    for ordinal in (True, False):
        data = replace(figure.data, ordinal=ordinal, log_x=False)
        axis = to_plotly.draw(replace(figure, data=data)).layout.xaxis
        assert axis.showticklabels == (not ordinal)


def test_no_cell_reads_minus_zero():
    values = np.array([[-0.04, 0.04], [np.nan, -0.06]])
    data = Matrix(values, ("a", "b"), ("a", "b"), "points", (-1, 1), digits=1)
    plot = to_plotly.draw(replace(spec("matrix"), data=data))
    assert plot.data[0].text.tolist() == [["0.0", "0.0"], ["", "−0.1"]]


def test_a_tree_names_every_leaf_once():
    plot = to_plotly.draw(spec("tree"))
    assert sorted(plot.layout.xaxis.ticktext) == sorted(ROWS) and len(plot.data) == 2


def test_the_diagonal_is_framed_and_no_line_lies_over_numbers():
    """A line from corner to corner struck the very numbers through that it marked."""
    plot = to_plotly.draw(spec("diverging matrix"))
    assert DATA["diverging matrix"].diagonal
    assert {shape.type for shape in plot.layout.shapes} == {"rect"}
    assert len(plot.layout.shapes) == min(len(ROWS), len(COLUMNS))


def test_words_of_a_cell_are_sent_once():
    plain = to_plotly.draw(spec("matrix with a hole"))
    assert heat(plain).customdata is not None
    clickable = to_plotly.draw(spec("matrix with shares"))
    assert heat(clickable).customdata is None
    for frame in to_plotly.draw(spec("frames")).frames:
        assert frame.data[0].customdata is None


def test_an_axis_may_say_other_words_than_its_places():
    data = replace(DATA["points"], ticks=(1.0, 2.0), tick_words=("0.1", "90"))
    axis = to_plotly.draw(replace(spec("points"), data=data)).layout.xaxis
    assert axis.tickvals == (1.0, 2.0) and axis.ticktext == ("0.1", "90")


def test_a_marked_cell_has_a_frame_around_it():
    (frame,) = [
        shape
        for shape in to_plotly.draw(spec("marked matrix")).layout.shapes
        if shape.type == "rect"
    ]
    assert (
        frame.x0 < 2 < frame.x1 and frame.y0 < 1 < frame.y1 and frame.x1 - frame.x0 < 1
    )


def test_dumb_bells_join_the_two_sides_of_a_label():
    line, first, second = to_plotly.draw(spec("dumb-bells")).data
    assert (
        first.name == "hatched"
        and list(second.x) == list(VALUES[1, :3])
        and len(line.x) == 3 * len(ROWS)
    )
    assert (
        list(line.x[:3]) == [0.5, VALUES[1, 0], None]
        and list(line.y[:2]) == [first.y[0], second.y[0]]
        and second.y[0] > first.y[0]
    )
    assert second.error_x.array is None and first.error_x.arrayminus[
        0
    ] == pytest.approx(0.5)


AT_ONE_PLACE = np.array([[0.2, 0.5], [0.2, 0.5], [0.26, 0.5], [0.5, 1.0], [0.9, 0.1]])
"""Ends of arrows, two of which are the same and one is close."""


def written(plot) -> dict[str, tuple[float, float, str]]:
    """Text → where it stands, of all texts beside points."""
    found = {}
    for trace in plot.data:
        if "text" in (trace.mode or ""):
            sides = trace.textposition
            if isinstance(sides, str):
                sides = [sides] * len(trace.x)
            for x, y, text, side in zip(trace.x, trace.y, trace.text, sides):
                if text:
                    found[text] = (x, y, side)
    return found


def planes():
    """Arrows and named points at the same places."""
    labels = ("sw", "vi", "te", "Hungarian", "ny")
    intervals = np.stack([AT_ONE_PLACE - 0.1, AT_ONE_PLACE + 0.1], -1)
    arrows = Arrows(
        AT_ONE_PLACE[::-1], AT_ONE_PLACE, labels, intervals, tuple("abcd"), (0, 0)
    )
    x, y = AT_ONE_PLACE.T
    return {"arrows": arrows, "points": Points(x, y, labels, ("a",) * len(labels))}


@pytest.mark.parametrize("kind", ["arrows", "points"])
def test_names_of_points_are_not_printed_over_each_other(kind):
    drawn = to_plotly.draw(replace(spec(kind), data=planes()[kind]))
    found = written(drawn)
    assert set(found) == {"sw, vi", "te", "Hungarian", "ny"}
    one, close = found["sw, vi"][2], found["te"][2]
    assert one != close, "side by side they would touch on a telephone"
    hovered = json.dumps(drawn.to_plotly_json(), default=str)
    assert all(label in hovered for label in ("sw", "vi"))


def test_each_name_has_room_of_its_own_on_a_telephone_and_on_a_desk():
    rng = np.random.default_rng(3)
    places = rng.random((12, 2))
    labels = [f"l{number}" for number in range(12)]
    nothing = np.empty((0, 2, 2))
    corners = ("less transfer", "more transfer", "less", "more")
    found = names.names_of_points(places, labels, nothing, corners)
    for size in names.SCREENS:
        pixels = names.in_pixels(places, nothing, size)
        boxes = [
            names.box_in_corner(text, place, size) for place, text in enumerate(corners)
        ]
        for pixel, each in zip(pixels, found):
            box = names.box_beside(pixel, each.text, each.side)
            assert not any(names.shared_area(box, other) for other in boxes)
            boxes.append(box)
