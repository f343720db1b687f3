"""Bars, dumb-bells, clouds and arrows as they print: data, order, labels, range and
colours of the screen; and their words.
"""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation, Text

from components.figures.spec import (
    OKABE_ITO,
    Arrows,
    Bars,
    BarSeries,
    Cloud,
    Dumbbells,
    Matrix,
)
from components.paperpack import manuscript, recipes
from components.paperpack.alternative import alternative
from components.paperpack.recipes import Recipe
from components.printing import sheet
from components.printing.venues import READABLE, Look
from components.screen import to_plotly
from tests.test_screen import DATA, NAN, ROWS, spec

KINDS = [
    name for name in DATA if isinstance(DATA[name], Bars | Dumbbells | Cloud | Arrows)
] + ["marked matrix"]
PLACES = np.random.default_rng(0).uniform(-2, 2, (3, 32, 3))
MANY = tuple(f"language {i}" for i in range(16))
SOLID = Cloud(
    PLACES,
    MANY * 2,
    MANY * 2,
    ("own",) * 16 + ("other",) * 16,
    ("1", "2", "3"),
    1,
    np.tile([0.5, 0.3, 0.125], (3, 1)),
)
FLAT = replace(SOLID, places=PLACES[..., :2], explained=SOLID.explained[:, :2])
EXTRA = (("front", np.array([[0.0, 0.5], [0.3, 0.2]])), ("nothing", np.empty((0, 2))))
HEAVY = {
    "cloud in three dimensions": SOLID,
    "cloud of two kinds": FLAT,
    "cloud of all frames": replace(FLAT, grid=True),
    "bars": Bars(
        MANY,
        tuple(
            BarSeries(f"series {i}", np.linspace(0, 1, 16), hatched=np.full(16, 0.1))
            for i in range(4)
        ),
        0.1,
    ),
    "dumb-bells": Dumbbells(
        MANY,
        (BarSeries("a", np.linspace(0, 1, 16)), BarSeries("b", np.linspace(1, 0, 16))),
        0.1,
    ),
    "arrows": Arrows(
        PLACES[0, :16, :2],
        PLACES[1, :16, :2],
        MANY,
        np.stack([PLACES[1, :16, :2] - 0.1, PLACES[1, :16, :2] + 0.1], -1),
        (
            "less transfer, more local",
            "more transfer, more local",
            "less of both",
            "more transfer, less local",
        ),
        (0, 0),
        EXTRA,
    ),
}


def printed(name: str, data: object = None, **look: object) -> sheet.Sheet:
    """A sheet with one figure."""
    return sheet.compose(
        [replace(spec(name), data=DATA[name] if data is None else data)],
        Look("ACL, full width", **look),
    )


def dots(axes: object) -> list[PathCollection]:
    """Groups of points that are there."""
    return [
        found
        for found in axes.collections
        if isinstance(found, PathCollection) and len(found.get_offsets())
    ]


def texts(drawn: sheet.Sheet) -> list[str]:
    """All texts of a sheet."""
    return [
        text.get_text()
        for text in drawn.canvas.findobj(Text)
        if text.get_visible() and text.get_text()
    ]


@pytest.mark.parametrize("venue", ["ACL, column", "ACL, full width"])
@pytest.mark.parametrize("name", HEAVY)
def test_many_labels_are_legible_and_inside(name, venue):
    drawn = sheet.compose([replace(spec("tree"), data=HEAVY[name])], Look(venue))
    assert not drawn.notes and set(MANY) <= set(texts(drawn))
    sizes = [
        text.get_fontsize()
        for text in drawn.canvas.findobj(Text)
        if text.get_visible() and text.get_text()
    ]
    assert min(sizes) >= READABLE
    assert b"<image" not in sheet.svg(drawn, {})


@pytest.mark.parametrize("name", KINDS)
def test_several_of_a_kind_share_a_sheet(name):
    drawn = sheet.compose([spec(name), spec(name)], Look("ACL, full width"))
    assert [axes.get_title(loc="left") for axes in drawn.canvas.axes[:2]] == [
        "(a)",
        "(b)",
    ] and not drawn.notes


def test_bars_are_those_of_the_screen():
    traces = to_plotly.draw(spec("bars")).data
    axes = printed("bars").canvas.axes[0]
    found = {
        (bars.get_label(), bool(bars[0].get_hatch())): bars for bars in axes.containers
    }
    foot = next(bars for bars in axes.containers if bars[0].get_hatch())
    rest, plain = found["hatched", False], found["plain", False]
    assert len(axes.containers) == len(traces) == 3
    for trace, bars in zip(traces, (foot, rest, plain)):
        heights, feet = (
            np.array([getattr(bar, f"get_{what}")() for bar in bars])
            for what in ("height", "y")
        )
        np.testing.assert_array_equal(heights, np.asarray(trace.y, float))
        np.testing.assert_array_equal(
            feet, np.zeros(3) if trace.base is None else np.asarray(trace.base, float)
        )
        assert {to_hex(bar.get_facecolor()).upper() for bar in bars} == {
            trace.marker.color
        }
    assert rest[0].get_x() == foot[0].get_x() < plain[0].get_x()
    assert (
        axes.get_ylim() == (0, 1)
        and tuple(label.get_text() for label in axes.get_xticklabels()) == ROWS
    )
    (whiskers,) = [
        found for found in axes.collections if isinstance(found, LineCollection)
    ]
    np.testing.assert_array_equal(
        [ends[:, 1] for ends in whiskers.get_segments()], [[0, 1], [0, 1]]
    )
    assert {"chance", "hatched", "plain"} == set(axes.get_legend_handles_labels()[1])


def test_dumb_bells_are_those_of_the_screen():
    *_, first, second = to_plotly.draw(spec("dumb-bells")).data
    axes = printed("dumb-bells").canvas.axes[0]
    for trace, ends in zip((first, second), dots(axes)):
        kept = np.isfinite(np.asarray(trace.x, float))
        offsets = np.ma.filled(ends.get_offsets(), NAN)
        np.testing.assert_array_equal(
            offsets[np.isfinite(offsets[:, 0])], np.stack([trace.x, trace.y], 1)[kept]
        )
        assert (
            to_hex(ends.get_facecolor()[0]).upper() == trace.marker.color
            and ends.get_label() == trace.name
        )
    assert tuple(label.get_text() for label in axes.get_yticklabels()) == ROWS
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "the first label is on top"
    joined = [line.get_xdata() for line in axes.lines if line.get_label() != "chance"]
    np.testing.assert_array_equal(joined, [[0.5, second.x[0]], [1, second.x[2]]])


@pytest.mark.parametrize(("look", "frame"), [({}, 1), ({"frame": 0}, 0)])
def test_a_cloud_prints_one_frame_in_the_range_of_all(look, frame):
    trace = to_plotly.draw(spec("cloud"))
    axes = printed("cloud", **look).canvas.axes[0]
    places = np.concatenate([group.get_offsets() for group in dots(axes)])
    assert sorted(map(tuple, places)) == sorted(map(tuple, DATA["cloud"].places[frame]))
    assert axes.get_xlim() == tuple(trace.layout.xaxis.range)
    assert axes.get_ylim() == tuple(trace.layout.yaxis.range)
    assert (
        axes.get_xlabel()
        == trace.layout.xaxis.title.text
        == "axis 1 (40 % of variance)"
    )
    colours = {
        tuple(group.get_offsets()[0]): to_hex(group.get_edgecolor()[0]).upper()
        for group in dots(axes)
    }
    assert [colours[tuple(place)] for place in DATA["cloud"].places[frame]] == list(
        OKABE_ITO[:3]
    )
    filled = [len(group.get_facecolor()) > 0 for group in dots(axes)]
    assert filled == [True, True, False], "the second kind is open"
    assert {text.get_text() for text in axes.texts} == set(ROWS)


def test_no_printed_cell_reads_minus_zero():
    data = Matrix(
        np.array([[-0.04, -0.06]]), ("a",), ("a", "b"), "T", (-1, 1), digits=1
    )
    drawn = sheet.compose([replace(spec("matrix"), data=data)], Look("ACL, full width"))
    assert {"0.0", "−0.1"} <= set(texts(drawn)) and "−0.0" not in texts(drawn)


def test_an_axis_that_is_only_an_order_prints_no_numbers():
    figure = spec("points")
    data = replace(figure.data, ordinal=True, log_x=False)
    drawn = sheet.compose([replace(figure, data=data)], Look())
    assert not drawn.canvas.axes[0].get_xticks().size


def test_three_dimensions_are_three_views():
    for look in (Look(), Look("ACL, full width")):
        drawn = sheet.compose([replace(spec("cloud"), data=SOLID)], look)
        views = drawn.canvas.axes[0].child_axes
        for view, (across, up) in zip(views, ((0, 1), (2, 1), (0, 2)), strict=True):
            places = np.concatenate([group.get_offsets() for group in dots(view)])
            assert sorted(map(tuple, places)) == sorted(
                map(tuple, PLACES[1][:, [across, up]])
            )
            assert view.get_xlim() == SOLID.limits()[across]
            assert view.get_ylim() == SOLID.limits()[up]
        assert {
            f"axis {i + 1} ({share} % of variance)"
            for i, share in enumerate((50, 30, 12))
        } <= set(texts(drawn))


def test_all_frames_are_small_panels_of_one_range():
    for given, said in ((FLAT, ["50 %", "30 %"]), (replace(FLAT, explained=None), [])):
        drawn = printed("cloud", replace(given, grid=True))
        panels = drawn.canvas.axes[0].child_axes
        for frame, panel in enumerate(panels):
            places = np.concatenate([group.get_offsets() for group in dots(panel)])
            assert sorted(map(tuple, places)) == sorted(
                map(tuple, PLACES[frame, :, :2])
            )
            assert (
                panel.get_title() == f"layer {frame + 1}"
                and panel.get_xlim() == panels[0].get_xlim()
            )
            assert [
                text for text in (panel.get_xlabel(), panel.get_ylabel()) if text
            ] == said
        assert len(panels) == 3


def test_arrows_are_those_of_the_screen():
    data = HEAVY["arrows"]
    plot = to_plotly.draw(replace(spec("arrows"), data=data))
    axes = printed("arrows", data).canvas.axes[0]
    ends = {
        trace.name: (trace.x[0], trace.y[0])
        for trace in plot.data
        if trace.name in MANY
    }
    filled = [
        group
        for group in dots(axes)
        if len(group.get_facecolor()) and len(group.get_edgecolor())
    ][:16]
    assert [tuple(group.get_offsets()[0]) for group in filled] == [
        ends[label] for label in MANY
    ]
    heads = [
        text
        for text in axes.texts
        if isinstance(text, Annotation) and not text.get_text()
    ]
    np.testing.assert_array_equal([head.xy for head in heads], data.end)
    np.testing.assert_array_equal([head.xyann for head in heads], data.start)
    crosses = [
        found.get_segments()[0]
        for found in axes.collections
        if isinstance(found, LineCollection)
    ]
    np.testing.assert_array_equal(
        [cross[:, 0] for cross in crosses[::2]], data.intervals[:, 0]
    )
    np.testing.assert_array_equal(
        [cross[:, 1] for cross in crosses[1::2]], data.intervals[:, 1]
    )
    further = next(group for group in dots(axes) if group.get_label() == "front")
    np.testing.assert_array_equal(further.get_offsets(), EXTRA[0][1])
    said = {text.get_text().replace("\n", " ") for text in axes.texts}
    assert set(data.words) <= said and [
        text.get_text() for text in axes.get_legend().get_texts()
    ] == ["front", "nothing"]


def test_marked_cells_have_their_frame():
    axes = printed("marked matrix").canvas.axes[0]
    (frame,) = [
        found
        for found in axes.patches
        if isinstance(found, Rectangle) and not found.get_fill()
    ]
    (shape,) = [
        shape
        for shape in to_plotly.draw(spec("marked matrix")).layout.shapes
        if shape.type == "rect"
    ]
    np.testing.assert_allclose(
        frame.get_bbox().extents, (shape.x0, shape.y0, shape.x1, shape.y1)
    )
    assert to_hex(frame.get_edgecolor()).upper() == shape.line.color


def test_arrows_of_no_language_print_and_come_back_from_their_recipe():
    none = replace(
        HEAVY["arrows"],
        start=np.empty((0, 2)),
        end=np.empty((0, 2)),
        labels=(),
        intervals=np.empty((0, 2, 2)),
    )
    made = Recipe(replace(spec("arrows"), data=none))
    read = recipes.read(recipes.write(made), "x")
    assert read.figure.data.intervals.shape == (0, 2, 2) and read.figure.data.extra[1][
        1
    ].shape == (0, 2)
    assert read.digest == made.digest and not sheet.compose([read.figure], Look()).notes
    assert "0 arrows" in alternative(read.figure)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            DATA["bars"],
            "Bar chart: bars. Across: across. Up: up. 3 labels, 2 series. hatched: "
            "largest 中文, 1; smallest en, 0.5.",
        ),
        (
            SOLID,
            "16 own, 16 other points of 16 groups in 3 dimensions; 3 layers, layer 2 shown.",
        ),
        (DATA["arrows"], "3 arrows; pointing 3 right, 0 left, 3 up, 0 down."),
    ],
)
def test_alternatives_tell_what_the_kind_shows(data, said):
    assert said in alternative(replace(spec("bars"), data=data))


def test_the_caption_explains_percents_of_small_panels():
    for data, there in ((replace(FLAT, grid=True), True), (FLAT, False)):
        text = manuscript.caption(Recipe(replace(spec("cloud"), data=data)))
        assert ("variance that each explains" in text) == there
