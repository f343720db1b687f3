"""Names of curves at their ends, and names in clouds: none lies on another."""

import numpy as np
import pandas as pd
import pytest

from components.figures.spec import Cloud, Figure, Lines, Series
from components.screen import to_plotly
from components.screen.line_ends import HEIGHT, ROW, names_at_ends, spread
from components.screen.names import SCREENS, box_beside, free_names, shared_area

X = np.arange(5.0)


def curves(*ends: float, label: str = "curve {}") -> Lines:
    """Straight curves from 0 to these ends."""
    series = []
    for place, end in enumerate(ends):
        series.append(Series(label.format(place), X, np.linspace(0, end, 5)))
    return Lines(tuple(series))


def drawn(data: Lines | Cloud):
    """A figure of such data as Plotly draws it."""
    return to_plotly.draw(Figure("f", "F", "C.", data, pd.DataFrame(), "x", "y"))


def test_few_curves_are_named_where_they_end_and_need_no_legend():
    plot = drawn(curves(1.0, 0.98, 0.1))
    names = [note.text for note in plot.layout.annotations]
    assert names == ["curve 0", "curve 1", "curve 2"]
    assert not plot.layout.showlegend
    assert plot.layout.margin.r > 7 * len("curve 0")


@pytest.mark.parametrize(
    "data",
    [
        curves(*np.linspace(0, 1, 20)),
        curves(1.0, 0.5, label="a name that is far too long for the side of a plot {}"),
        Lines((Series("short", X[:3], X[:3]), Series("long", X, X))),
    ],
)
def test_many_curves_long_names_and_other_ends_have_a_legend(data):
    plot = drawn(data)
    assert not names_at_ends(data)
    assert plot.layout.showlegend
    assert not plot.layout.annotations


def test_one_curve_has_neither():
    plot = drawn(curves(1.0))
    assert not plot.layout.showlegend and not plot.layout.annotations


def test_names_of_curves_that_end_together_are_moved_apart():
    ends = names_at_ends(curves(1.0, 0.99, 0.98, 0.97))
    places = [end.y * HEIGHT + end.up for end in ends]
    assert min(-np.diff(places)) >= ROW - 1e-6
    assert spread(np.zeros(3), np.full(3, HEIGHT / 2)) is None


def cloud(points: int = 30, seed: int = 0) -> Cloud:
    """Two kinds of points of the same names in two frames, the second far smaller."""
    places = np.random.default_rng(seed).normal(size=(2, 2 * points, 2))
    places[..., 0] *= 0.1
    names = tuple(f"l{place}" for place in range(points)) * 2
    kinds = ("English",) * points + ("local",) * points
    return Cloud(places, names, names, kinds, ("1", "2"))


def test_a_cloud_fills_its_box():
    data = cloud()
    plot = drawn(data)
    for axis, drawn_axis in enumerate((plot.layout.xaxis, plot.layout.yaxis)):
        low, high = drawn_axis.range
        taken = np.ptp(data.places[..., axis]) / (high - low)
        assert 0.8 < taken < 1
        assert drawn_axis.scaleanchor is None


def test_filled_and_open_are_explained():
    plot = drawn(cloud())
    named = {trace.name: trace for trace in plot.data if trace.showlegend is not False}
    assert set(named) == {"English", "local"}
    assert named["local"].marker.symbol.endswith("-open")


def test_no_name_in_a_cloud_covers_another_and_the_rest_is_on_hover():
    data = cloud()
    limits = np.array(data.limits())
    names = free_names(data.places[0], data.written(), limits)
    written = [place for place, name in enumerate(names) if name.text]
    assert 3 < len(written) <= 30, "as many as there is room for, each language once"
    for size in SCREENS:
        pixels = (data.places[0] - limits[:, 0]) / np.ptp(limits, axis=1) * size
        boxes = []
        for place in written:
            name = names[place]
            boxes.append(box_beside(pixels[place], name.text, name.side))
        for first, box in enumerate(boxes):
            assert all(not shared_area(box, other) for other in boxes[:first])
    (english, _) = [trace for trace in drawn(data).data if trace.hovertext is not None]
    assert len(english.hovertext) == 30


def test_names_move_with_the_points_of_a_layer():
    plot = drawn(cloud())
    first, second = plot.frames
    assert first.data[0].text != second.data[0].text
