"""Studies of 200 languages: drawn as wholes, told without a string per cell, measured off
the page; and the same numbers as before.
"""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.testing.v1 import AppTest

from analysis.concepts import transfer as measures
from analysis.concepts.triangle import source_correlations
from analysis.core.statistics import correlations, permutation_p
from analysis.languages.languages import canonical
from components.figures.spec import (
    MOST_LABELS,
    BarSeries,
    Dumbbells,
    Figure,
    Matrix,
    Points,
)
from components.frame import cache, readings
from components.screen import small, to_plotly
from components.screen.crowded import ROOM, crowded_sentence, some_labels
from components.screen.heat import NOT_BETTER, TALLEST
from components.views import transfers
from tests.flores import FLORES
from tests.planted import Planting, planted_study
from tests.stored import stored
from tests.visits import visit

NAMES = tuple(map(canonical, FLORES))
SIZE = len(NAMES)
LARGEST = 4 * 2**20
"""Bytes that a figure of all may have, of which 1.5 MiB are its 41,616 words."""


def drawn(**more: Any) -> Figure:
    """A figure of all languages against all, every third cell no better than chance."""
    cells = np.arange(SIZE * SIZE).reshape(SIZE, SIZE)
    data: dict[str, Any] = {
        "values": cells / SIZE**2,
        "faded": cells % 3 == 0,
        "diagonal": True,
        "codes": (NAMES, NAMES),
        **more,
    }
    values = data.pop("values")
    matrix = Matrix(values, NAMES, NAMES, "points", (0, 1), **data)
    return Figure("many", "Many", "Caption.", matrix, pd.DataFrame(), "to", "from")


@pytest.mark.parametrize("concepts", [1, 3])
def test_p_and_chance_of_blocks_are_those_of_the_whole_null(concepts):
    rng = np.random.default_rng(0)
    cells = 17**2
    nulls = [rng.random((cells, 40), np.float32) for _ in range(concepts)]
    nulls[0][5] = np.nan
    accuracy = rng.random((17, 17))
    whole = measures.mean_null(nulls)
    found = measures.against_null(accuracy, nulls)
    assert cells > measures.CELLS, "more than one block"
    np.testing.assert_array_equal(
        found.p.ravel(), permutation_p(accuracy.ravel(), whole)
    )
    np.testing.assert_array_equal(found.chance.ravel(), whole.mean(-1))


@pytest.mark.parametrize("hole", [False, True])
def test_starts_of_sources_correlate_as_over_all_cells(hole):
    rng = np.random.default_rng(1)
    within = rng.standard_normal((9, 9))
    np.fill_diagonal(within, np.nan)
    starts = rng.permuted(np.tile(rng.standard_normal(9), (20, 1)), axis=1)
    if hole:
        within[2, 5], starts[3, 4] = np.nan, np.nan
    cells = np.repeat(starts, 9, axis=1)
    expected = correlations(cells, within.ravel()[None])
    found = source_correlations(starts, within)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_a_matrix_of_all_languages_is_drawn_without_numbers_in_its_cells():
    plot: Any = to_plotly.draw(drawn())
    assert plot.layout.height <= TALLEST + 200
    assert len(plot.layout.shapes) == 1, "one outline, not one for each language"
    full, pale, clicks = plot.data
    assert full.text is None and full.texttemplate is None
    assert clicks.type == "scattergl" and len(clicks.customdata) == SIZE**2
    assert clicks.text[1] == f"{NAMES[0]} → {NAMES[1]}: 0.00"
    assert clicks.text[3].endswith(NOT_BETTER) and not clicks.text[2].endswith("chance")
    assert tuple(clicks.customdata[SIZE]) == (NAMES[1], NAMES[0])
    known = np.isfinite(full.z) != np.isfinite(pale.z)
    assert known.all(), "every cell is in one of the two layers"
    assert len(plot.to_json()) < LARGEST


def test_a_small_matrix_of_all_languages_is_bounded_and_says_its_cells():
    plot: Any = small.heat(drawn())
    (cells,) = plot.data
    assert plot.layout.height <= small.MOST_CELLS + small.ROUND_MATRIX
    assert cells.text[1][0] == f"{NAMES[1]} → {NAMES[0]}: 0.00"
    assert len(plot.to_json()) < LARGEST


def test_layers_of_all_languages_change_colours_alone():
    values = np.stack([np.eye(SIZE), 1 - np.eye(SIZE)])
    frames: dict[str, Any] = {"frames": ("1", "2"), "faded": None, "start": 1}
    plot: Any = to_plotly.draw(drawn(values=values, **frames))
    assert [frame.data[0].text for frame in plot.frames] == [None, None]
    np.testing.assert_array_equal(plot.frames[0].data[0].z, np.eye(SIZE))
    assert plot.data[-1].text[1] == f"{NAMES[0]} → {NAMES[1]}"


def test_labels_are_thinned_only_where_they_have_no_room_and_that_is_said():
    ticks = some_labels(NAMES, 30, TALLEST)
    assert TALLEST / SIZE * ticks.step >= ROOM
    assert ticks.labels == [NAMES[place] for place in ticks.places]
    few = some_labels(NAMES[:MOST_LABELS], 30, 100)
    assert few.labels == list(NAMES[:MOST_LABELS]) and few.step == 1
    assert "click" in crowded_sentence(drawn())
    assert "click" not in crowded_sentence(drawn(codes=((), ())))
    series = BarSeries("one", np.ones(SIZE))
    rows = Dumbbells(NAMES, (series,), apart=True)
    figure = Figure("rows", "Rows", "Caption.", rows, pd.DataFrame(), "x", "y")
    plot: Any = to_plotly.draw(figure)
    assert plot.layout.height < 2000 and "point at" in crowded_sentence(figure)
    assert len(plot.layout.yaxis.ticktext) < SIZE


def test_points_of_all_pairs_are_no_nodes_of_the_page():
    size = SIZE * (SIZE - 1)
    places = np.arange(size) / size
    names = tuple(map(str, range(size)))
    data = Points(places, places, names, groups=("pairs",) * size, named=False)
    figure = Figure("pairs", "Pairs", "Caption.", data, pd.DataFrame(), "x", "y")
    plot: Any = to_plotly.draw(figure)
    (trace,) = plot.data
    assert trace.type == "scattergl" and trace.text is None
    assert tuple(trace.hovertext[:2]) == ("0", "1")


def test_transfer_among_many_is_measured_off_the_page(fresh, monkeypatch):
    codes = ("en", "fr", "zh", "de")
    planting = Planting("rotated", peak=2)
    stored("many", planted_study(("fair",), codes, (2, 24, 8), planting=planting))
    monkeypatch.setattr(transfers, "QUICK", 0)
    calculated, by_job, keys = cache.calculated, {}, []

    def noted(key: cache.Key):
        keys.append(key)
        by_job[key.asked.analysis] = get_script_run_ctx(True) is None
        return calculated(key)

    monkeypatch.setattr(cache, "calculated", noted)
    for page in ("app.py", "pages/transfer.py"):
        at = visit(page, study="many")
        if transferred(at) is None:
            wait_for_readings()
            at.run()
        assert transferred(at) is not None
    assert by_job["transfer"] and not by_job["recognition"]
    (key,) = [key for key in keys if key.asked.analysis == "transfer"]
    cache.keep(cache.study("many"), key.asked)
    assert keys.count(key) == 1, "whoever waits for the same does not measure it again"


def transferred(at: AppTest) -> object:
    """The picture of transfer on a page; None while there is none."""
    for chart in at.get("plotly_chart"):
        if "transfer-many" in chart.proto.id:
            return chart
    return None


def wait_for_readings() -> None:
    """Wait for whatever is being read."""
    for job in tuple(readings.reader(False).jobs.values()):
        assert job.finished.wait(20)
