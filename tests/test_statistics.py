"""Resampling, tests and corrections against SciPy and against what must hold."""

import numpy as np
import pytest
from scipy import stats

from analysis.core import intervals, statistics


def test_bootstrap_draws_clusters_together_and_as_often_as_there_are():
    weights = statistics.bootstrap_weights((0, 0, 1, 2, 2, 2), 300, seed=4)
    np.testing.assert_array_equal(weights[0], weights[1])
    np.testing.assert_array_equal(weights[3], weights[5])
    np.testing.assert_array_equal(weights[[0, 2, 3]].sum(0), 3)
    assert weights[[0, 2, 3]].mean() == pytest.approx(1) and weights[0].std() > 0.5


def test_sign_flips_are_fair_and_shared_within_clusters():
    flips = statistics.sign_flips((0, 0, 1), 2000, seed=1)
    np.testing.assert_array_equal(flips[0], flips[1])
    assert (
        set(np.unique(flips)) == {-1, 1}
        and abs(flips.mean()) < 0.05
        and abs((flips[0] * flips[2]).mean()) < 0.1
    )


def test_cached_arrays_cannot_be_written_to():
    for draw in (statistics.bootstrap_weights, statistics.sign_flips):
        with pytest.raises(ValueError, match="read-only"):
            draw((0, 1, 2))[0] = 5


def test_interval_holds_the_middle_95_percent():
    low, high = statistics.interval(np.arange(1000.0))
    assert (low, high) == (24, 975)
    rows = np.array([np.arange(1000.0), np.full(1000, np.nan)])
    rows[0, :500] = np.nan
    low, high = statistics.interval(rows)
    assert (low[0], high[0]) == (512, 987) and np.isnan([low[1], high[1]]).all()


def test_p_is_never_zero_and_unknown_where_nothing_was_observed():
    null = np.tile(np.linspace(0, 1, 99), (3, 1))
    p = statistics.permutation_p(np.array([2.0, 0.0, np.nan]), null)
    assert p[0] == 0.01 and p[1] == 1 and np.isnan(p[2])


@pytest.mark.parametrize("cells", [1, 2, 7, 500])
def test_benjamini_hochberg_is_scipys_to_the_bit(cells):
    p = np.random.default_rng(cells).random(cells) ** 3
    p[: cells // 3] = p[0]
    adjusted = statistics.benjamini_hochberg(p)
    np.testing.assert_array_equal(adjusted, stats.false_discovery_control(p))


def test_benjamini_hochberg_does_without_what_a_first_page_would_wait_for(monkeypatch):
    monkeypatch.delattr(stats, "false_discovery_control")
    assert statistics.benjamini_hochberg(np.array([0.2])) == 0.2


def test_benjamini_hochberg_is_scipys_and_leaves_unknown_cells_out():
    p = np.array([[0.01, np.nan], [0.04, 0.03]])
    adjusted = statistics.benjamini_hochberg(p)
    np.testing.assert_allclose(
        adjusted[np.isfinite(p)], stats.false_discovery_control([0.01, 0.04, 0.03])
    )
    assert (
        np.isnan(adjusted[0, 1])
        and np.isnan(statistics.benjamini_hochberg(np.full(2, np.nan))).all()
    )


def test_mean_known_ignores_what_is_unknown():
    mean = statistics.mean_known(np.array([[1.0, np.nan], [3.0, np.nan]]))
    assert mean[0] == 2 and np.isnan(mean[1])


def test_wilson_of_all_right_does_not_end_at_one_on_both_sides():
    assert intervals.wilson(60, 60) == (pytest.approx(0.9398, abs=1e-4), 1)
    assert np.isnan(intervals.wilson(0, 0)).all()


@pytest.mark.parametrize(
    ("method", "reference"),
    [("pearson", stats.pearsonr), ("spearman", stats.spearmanr)],
)
def test_correlations_are_scipys_row_by_row(method, reference):
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 6, (2, 5, 30)).astype(float)
    x[1, 3] = y[1, 7] = np.nan
    found = statistics.correlations(x, y, method)
    for row, a, b in zip(found, x, y):
        known = np.isfinite(a) & np.isfinite(b)
        assert row == pytest.approx(reference(a[known], b[known]).statistic)
    assert statistics.correlate(x[0], y[0], method) == pytest.approx(found[0])


@pytest.mark.parametrize("method", ["pearson", "spearman"])
@pytest.mark.parametrize("y", [[0.1, 0.1, 0.1, 0.1], [1, 2, np.nan, np.nan], []])
def test_correlation_of_constants_or_too_few_is_unknown(y, method):
    assert np.isnan(
        statistics.correlate(np.arange(float(len(y))), np.array(y, float), method)
    )


def symmetric(rng, size):
    values = rng.standard_normal((size, size))
    return values + values.T


def test_mantel_finds_a_relation_and_labels_without_data_do_not_matter():
    rng = np.random.default_rng(0)
    x = symmetric(rng, 10)
    r, p, n = statistics.mantel(x, x + 0.3 * symmetric(rng, 10))
    assert r > 0.9 and p == pytest.approx(0.001) and n == 45
    y = x.copy()
    y[0] = y[:, 0] = np.nan
    assert statistics.mantel(x, y)[::2] == (pytest.approx(1), 36)
    np.testing.assert_array_equal(statistics.linked(x, y), np.arange(1, 10))


def test_mantel_p_is_uniform_without_a_relation():
    p = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        p.append(
            statistics.mantel(
                symmetric(rng, 8), symmetric(rng, 8), permutations=99, seed=seed
            )[1]
        )
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_node_interval_covers_and_is_wider_than_pretending_that_pairs_are_independent():
    rng = np.random.default_rng(3)
    effect = rng.standard_normal(12)
    x = np.add.outer(effect, effect) + 0.2 * symmetric(rng, 12)
    y = np.add.outer(effect, effect) + 0.2 * symmetric(rng, 12)
    low, high = statistics.node_interval(x, y)
    r, _, n = statistics.mantel(x, y)
    fisher = np.tanh(np.arctanh(r) + np.array([-1.96, 1.96]) / np.sqrt(n - 3))
    assert low < r < high and high - low > fisher[1] - fisher[0]
    same = 99 * np.eye(12)
    assert statistics.node_interval(x + same, y + same) == (low, high), (
        "a language says nothing about itself"
    )
    assert np.isnan(statistics.node_interval(x[:2, :2], y[:2, :2])).all()
