"""A profile over layers that is drawn by mouse."""

import numpy as np
import pytest

from components.screen.profile import STEPS, drawing, drawn_over


def test_a_click_sets_one_layer_and_leaves_the_others():
    assert drawn_over([0, 1, 0], [(3, -0.5)]) == [0, 1, -0.5]


def test_a_stroke_sets_every_layer_that_it_takes_to_the_mean_of_its_points():
    points = [(1, 0.2), (1, 0.3), (2, -0.4), (2, -0.5), (2, -0.6), (9, 1.0)]
    assert drawn_over([0.0, 0.0, 0.7], points) == [0.25, -0.5, 0.7]


@pytest.mark.parametrize("dark", [False, True])
def test_there_is_a_point_for_every_strength_of_every_layer(dark):
    plot = drawing([0.0, 0.5, -3.0], dark)
    bars, grid = plot.data
    assert list(bars.y) == [0.0, 0.5, -3.0]
    points = np.array(grid.customdata)
    assert sorted(set(points[:, 0])) == [1, 2, 3]
    levels = points[points[:, 0] == 2, 1]
    assert len(levels) == 2 * STEPS + 1
    assert levels.min() == -3 and levels.max() == 3 and 0.0 in levels
