"""Recognition against planted truth, and the kernel under it.

Layers, ties, missing pairs, clusters, chance.
"""

import tracemalloc

import numpy as np
import pytest
from scipy import stats

from analysis.concepts import accuracy
from analysis.concepts.recognition import WORDS, recognition, recognition_curve
from analysis.concepts.specs import CONVENTIONS, LAYER_CHOICES, TIES, Convention
from analysis.core.counting import count, count_are
from analysis.core.errors import SpecError, StudyError
from components.figures.languages import Languages
from components.figures.recognition import cell_words, over_depth, pair_count
from components.figures.text import chance_words
from tests.planted import Planting, planted_study, replaced

HONEST, PAPER = CONVENTIONS["honest"], CONVENTIONS["paper"]
ALL = [
    Convention(layer, ties, 2 if layer == "fixed" else 0)
    for layer in LAYER_CHOICES
    for ties in TIES
]
CHANCE = Planting(gap=0.0)


def alone(pairs):
    return tuple(range(pairs))


def noise(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_every_layer_choice_has_its_kernel():
    assert set(accuracy.CHOICES) == set(LAYER_CHOICES)


@pytest.mark.parametrize("convention", ALL, ids=str)
@pytest.mark.parametrize("folds", [False, True])
def test_cells_come_to_the_same_a_few_at_a_time(monkeypatch, convention, folds):
    cells, layers, pairs = 11, 3, 12
    margins = noise((cells, layers, pairs))
    margins[:, :, 5] = np.nan
    margins[2, :, 3], margins[4, 1], margins[6] = np.nan, np.nan, np.nan
    margins[:, :, 7] = 0
    held = accuracy.Folded(
        tuple(i % 3 for i in range(pairs)),
        noise((cells, 3, layers), 1),
        1 + np.abs(noise((cells, layers), 2)),
    )

    def measured():
        return accuracy.measure_accuracy(
            margins, alone(pairs), convention, folded=held if folds else None
        )

    whole = measured()
    monkeypatch.setattr(accuracy, "BLOCK_BYTES", 4 * 200 * layers * 2)
    few = measured()
    assert len(list(accuracy.blocks(margins, 200))) == 6
    for name in whole.__dataclass_fields__:
        np.testing.assert_allclose(
            getattr(few, name), getattr(whole, name), atol=1e-7, err_msg=name
        )


def test_many_cells_take_no_more_memory_than_a_few_do():
    margins = noise((1600, 8, 40))
    tracemalloc.start()
    accuracy.measure_accuracy(margins, alone(40), HONEST)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # All at once: 1,600 cells × 8 layers × 200 replicates × 4 bytes, several times.
    assert peak < 5 * accuracy.BLOCK_BYTES


@pytest.mark.parametrize("convention", ALL, ids=str)
def test_contract_of_recognition(convention):
    study = planted_study()
    before = study.array("pair_score").copy(deep=True)
    table = recognition(study, convention)
    assert set(WORDS) | {
        "mean",
        "mean_low",
        "mean_high",
        "mean_chance",
        "concepts",
    } == set(table.data_vars)
    assert table.accuracy.dims == ("concept", "language") and table.accuracy.shape == (
        2,
        3,
    )
    assert (
        (table.low <= table.accuracy)
        & (table.accuracy <= table.high)
        & (table.low >= 0)
        & (table.high <= 1)
    ).all()
    assert (
        ((table.q >= table.p) & (table.p > 0)).all()
        and (table.n == 60).all()
        and (table.clusters == 60).all()
    )
    assert table.layer.isin(range(1, 5)).all() and all(
        table[name].attrs["units"] for name in WORDS
    )
    assert (
        (table.mean_low <= table["mean"]) & (table["mean"] <= table.mean_high)
    ).all()
    assert study.array("pair_score").identical(before) and table.identical(
        recognition(study, convention)
    )


def test_accuracy_is_the_share_of_right_pairs_at_the_best_layer():
    study = planted_study()
    margins = (
        study.array("pair_score")
        .sel(concept="toxicity", source="fr", target="fr")
        .values
    )
    by_layer = (margins > 0).mean(-1)
    found = recognition(study, PAPER).sel(concept="toxicity", language="fr")
    assert (
        found.accuracy == pytest.approx(by_layer.max())
        and found.layer == 1 + by_layer.argmax()
    )
    fixed = recognition(study, Convention("fixed", "half", 3)).sel(
        concept="toxicity", language="fr"
    )
    assert fixed.accuracy == pytest.approx(by_layer[2]) and fixed.layer == 3
    np.testing.assert_allclose(
        recognition_curve(study).accuracy.sel(concept="toxicity", language="fr"),
        by_layer,
        rtol=1e-6,
    )


def test_accuracy_is_what_the_planted_gap_gives():
    study = planted_study(sizes=(3, 4000, 16), planting=Planting(gap=1.0, train=4000))
    found = recognition(study, HONEST)["mean"].values
    np.testing.assert_allclose(found, stats.norm.cdf(1.0), atol=0.015)


def test_the_planted_peak_is_found():
    study = planted_study(sizes=(8, 300, 16), planting=Planting(gap=1.5, peak=5))
    assert (recognition(study, HONEST).layer == 5).all()
    lines = recognition_curve(study).accuracy.mean("concept")
    assert (lines.idxmax("layer") == 5).all() and lines.depth.values[-1] == 1


def test_choosing_on_test_is_optimistic_and_its_chance_level_says_so():
    study = planted_study(sizes=(24, 80, 16), planting=CHANCE)
    paper, honest = recognition(study, PAPER), recognition(study, HONEST)
    assert (
        paper.accuracy.mean() > 0.55 > honest.accuracy.mean()
        and abs(honest.accuracy.mean() - 0.5) < 0.04
    )
    assert (paper.chance > 0.55).all() and (abs(honest.chance - 0.5) < 0.01).all()
    assert (paper.q > 0.05).all() and (honest.q > 0.05).all()
    assert (abs(paper.mean_chance - paper.chance.mean("concept")) < 0.001).all()


def test_one_is_not_many():
    assert count(1, "cell") == "1 cell" and count(1397, "cell") == "1,397 cells"
    assert count_are(1, "cell") == "1 cell is" and count_are(2, "cell") == "2 cells are"
    study = planted_study(concepts=("fairness",))
    drawn = over_depth(
        study, recognition_curve(study), Languages(study.languages, study.languages)
    )
    assert "mean over 1 concept;" in drawn.caption
    pairs = recognition(study, HONEST)["n"].sum("concept")
    assert pair_count(pairs) == "60 held-out pairs a language"


@pytest.mark.parametrize("convention", ALL, ids=str)
def test_a_caption_says_that_the_largest_is_taken_only_where_it_is(convention):
    study = planted_study(sizes=(24, 80, 16), planting=CHANCE)
    said = chance_words(recognition(study, convention), 0.58)
    optimistic = convention.layer == "best on test"
    assert ("the largest of several layers is taken" in said) == optimistic
    assert optimistic or said == "chance 0.5 (dotted)"


@pytest.mark.parametrize(
    "convention", [HONEST, PAPER, Convention("fixed", "half", 1)], ids=str
)
@pytest.mark.parametrize("cluster", [1, 4])
def test_p_is_uniform_under_chance(convention, cluster):
    clusters = tuple(pair // cluster for pair in range(120))
    copies = noise((300, 6, 120 // cluster))
    measured = accuracy.measure_accuracy(
        np.repeat(copies, cluster, 2), clusters, convention, seed=3
    )
    p, chance = accuracy.significance(measured)
    assert measured.accuracy.mean() == pytest.approx(chance.mean(), abs=0.02)
    # Discrete accuracies make p a little too large, never too small.
    for level in (0.05, 0.2, 0.5):
        assert (
            level / 3 - 0.02
            < (p <= level).mean()
            < level + 3 * np.sqrt(level * (1 - level) / 300)
        )


def test_ignoring_clusters_would_find_too_much():
    margins = np.repeat(noise((300, 3, 30)), 4, 2)
    honest, _ = accuracy.significance(
        accuracy.measure_accuracy(
            margins, tuple(np.repeat(range(30), 4).tolist()), HONEST
        )
    )
    naive, _ = accuracy.significance(
        accuracy.measure_accuracy(margins, alone(120), HONEST)
    )
    assert (naive < 0.05).mean() > 2 * (honest < 0.05).mean()


def test_clusters_widen_intervals():
    single = planted_study(sizes=(3, 240, 16), planting=Planting(gap=0.8))
    grouped = planted_study(sizes=(3, 240, 16), planting=Planting(gap=0.8, cluster=8))
    for convention in (HONEST, PAPER):
        narrow, wide = recognition(single, convention), recognition(grouped, convention)
        assert float((wide.high - wide.low).mean()) > 1.8 * float(
            (narrow.high - narrow.low).mean()
        )
        assert (wide.clusters == 30).all() and (wide.n == 240).all()


def test_intervals_cover_the_truth():
    truth, covered = stats.norm.cdf(0.5), []
    measured = accuracy.measure_accuracy(
        noise((400, 1, 150)) + np.float32(0.5),
        alone(150),
        Convention("fixed", "half", 1),
    )
    low, high = accuracy.bounds(measured)
    covered = ((low <= truth) & (truth <= high)).mean()
    assert 0.9 < covered < 0.99


def test_intervals_of_a_maximum_hold_the_maximum():
    study = planted_study(tuple("abcdefg"), sizes=(24, 80, 16), planting=CHANCE)
    table = recognition(study, PAPER)
    assert ((table.mean_low < table["mean"]) & (table["mean"] < table.mean_high)).all()
    assert float((table.mean_high - table["mean"]).mean()) == pytest.approx(
        float((table["mean"] - table.mean_low).mean()), rel=0.3
    )


def test_all_right_has_an_interval():
    measured = accuracy.measure_accuracy(
        np.ones((1, 2, 50), np.float32), alone(50), HONEST
    )
    low, high = accuracy.bounds(measured)
    assert measured.accuracy[0] == 1 and 0.9 < low[0] < 0.95 and high[0] == 1


def test_the_mean_of_all_right_has_an_interval():
    study = planted_study(planting=Planting(gap=50.0))
    table = recognition(study, HONEST)
    assert (table["mean"] == 1).all() and (
        (table.mean_low > 0.94) & (table.mean_low < 0.98)
    ).all()


def test_ties_are_right_in_the_paper_and_half_right_otherwise():
    margins = np.zeros((1, 2, 40), np.float32)
    margins[..., :10] = 1
    by_rule = {
        ties: accuracy.measure_accuracy(
            margins, alone(40), Convention("best on test", ties)
        )
        for ties in TIES
    }
    assert by_rule["right"].accuracy[0] == 1 and by_rule["half"].accuracy[
        0
    ] == pytest.approx(0.25 + 0.375)
    assert by_rule["right"].null.min() >= 0.75, (
        "a tie stays one when members are swapped"
    )
    assert by_rule["half"].null.mean() == pytest.approx(0.5, abs=0.02)
    np.testing.assert_allclose(by_rule["right"].deviations, 0)


@pytest.mark.parametrize("convention", ALL, ids=str)
def test_only_ties_are_never_better_than_chance(convention):
    measured = accuracy.measure_accuracy(
        np.zeros((2, 3, 20), np.float32), alone(20), convention
    )
    p, _ = accuracy.significance(measured)
    assert (p == 1).all()


@pytest.mark.parametrize("convention", ALL, ids=str)
def test_missing_pairs_leave_the_rest_as_it_was(convention):
    margins = noise((3, 4, 50)) + np.float32(0.4)
    padded = np.concatenate([margins, np.full((3, 4, 20), np.nan, np.float32)], -1)
    a = accuracy.measure_accuracy(margins, alone(50), convention)
    b = accuracy.measure_accuracy(padded, alone(70), convention)
    for left, right in zip(vars(a).values(), vars(b).values()):
        np.testing.assert_array_equal(left, right)


def test_pairs_that_only_some_cells_have():
    margins = noise((2, 3, 60)) + np.float32(0.4)
    margins[0, :, :25] = np.nan
    margins[1, 1, 0] = np.nan
    measured = accuracy.measure_accuracy(
        margins, alone(60), Convention("best on test", "half")
    )
    assert measured.pairs.tolist() == [35, 59] and measured.clusters.tolist() == [
        35,
        59,
    ]
    expected = [
        (margins[0, :, 25:] > 0).mean(-1).max(),
        (margins[1, :, 1:] > 0).mean(-1).max(),
    ]
    np.testing.assert_allclose(measured.accuracy, expected, rtol=1e-6)
    wide, narrow = (high - low for low, high in zip(*accuracy.bounds(measured)))
    assert wide > narrow
    lone = accuracy.measure_accuracy(margins[:1, :, 25:], alone(35), HONEST)
    np.testing.assert_allclose(
        accuracy.measure_accuracy(margins[:1], alone(60), HONEST).accuracy,
        lone.accuracy,
    )


@pytest.mark.parametrize("convention", ALL, ids=str)
def test_a_language_without_pairs_is_unknown_and_not_chance(convention):
    study = planted_study()
    values = study.array("pair_score").values.copy()
    values[1, :, 2] = np.nan
    table = recognition(replaced(study, pair_score=values), convention)
    cell = table.sel(concept="toxicity", language="zh")
    assert (
        all(
            np.isnan(cell[name])
            for name in ("accuracy", "low", "high", "p", "q", "layer", "chance")
        )
        and cell.n == 0
    )
    assert table.accuracy.isnull().sum() == 1 and table.concepts.values.tolist() == [
        2,
        2,
        1,
    ]
    values = np.full_like(values, np.nan)
    empty = recognition(replaced(study, pair_score=values), convention)
    assert (
        empty.accuracy.isnull().all()
        and empty["mean"].isnull().all()
        and empty.q.isnull().all()
    )


def test_cross_fitting_judges_every_pair_at_a_layer_it_did_not_choose():
    # The first half of the clusters is right at layer 1 only, the second at layer 2
    # only: nothing carries over.
    first = accuracy.halves(alone(40))
    margins = np.full((1, 2, 40), -1, np.float32)
    margins[0, 0, first] = margins[0, 1, ~first] = 1
    assert accuracy.measure_accuracy(margins, alone(40), HONEST).accuracy[0] == 0
    assert accuracy.measure_accuracy(margins, alone(40), PAPER).accuracy[0] == 0.5


def test_cross_fitting_needs_pairs_in_both_halves():
    margins = noise((2, 3, 40))
    margins[0][:, accuracy.halves(alone(40))] = np.nan
    found = accuracy.measure_accuracy(margins, alone(40), HONEST)
    assert (
        np.isnan(found.accuracy[0])
        and np.isnan(found.null[0]).all()
        and np.isfinite(found.accuracy[1])
    )


def test_halves_keep_clusters_whole_and_are_even():
    clusters = tuple(np.repeat(range(9), range(1, 10)).tolist())
    first = accuracy.halves(clusters)
    assert all(
        len(set(first[np.array(clusters) == cluster])) == 1 for cluster in set(clusters)
    )
    assert abs(first.sum() - (~first).sum()) <= 9
    with pytest.raises(SpecError, match="one source"):
        accuracy.halves((3, 3, 3))


@pytest.mark.parametrize("index", [0, 5])
def test_a_layer_that_does_not_exist(index):
    with pytest.raises(SpecError, match="1 to 4"):
        recognition(planted_study(), Convention("fixed", "half", index))


def test_a_study_without_pair_scores_or_a_wrong_tie_rule():
    study = planted_study()
    bare = replaced(study)
    object.__setattr__(bare, "available", bare.available - {"pair_score"})
    with pytest.raises(StudyError, match="has no recognition"):
        recognition(bare, HONEST)
    with pytest.raises(SpecError, match="tie rule"):
        recognition_curve(study, "wrong")


def test_few_sources_are_not_called_chance():
    """Four sources that all lean one way: no p, no width of nothing, and a sentence."""
    clusters = tuple(pair // 6 for pair in range(24))
    margins = np.ones((1, 1, 24), np.float32)
    fixed = Convention("fixed", "half", 1)
    measured = accuracy.measure_accuracy(margins, clusters, fixed)
    p, _ = accuracy.significance(measured)
    low, high = accuracy.bounds(measured)
    assert np.isnan(p).all() and np.isnan(low).all() and np.isnan(high).all()
    said = cell_words(low[0], high[0], 24.0, 4.0, p[0])
    assert said == (
        "n = 24 from 4 sources, too few independent sources to tell (4; at least 6 needed)"
    )


def test_a_fixed_layer_is_not_moved():
    """The interval of T = 0 between a vector and a twin of it holds 0."""
    margins = noise((2, 1, 40)) + np.float32(0.5)
    margins[1] = margins[0]
    measured = accuracy.measure_accuracy(
        margins, alone(40), Convention("fixed", "half", 1)
    )
    low, high = accuracy.bounds(measured)
    assert low[0] == low[1] and high[0] == high[1]
    assert low[0] < measured.accuracy[0] < high[0]
