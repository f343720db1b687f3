"""Transfer against planted truth: shared, orthogonal, rotated and opposed directions,
and readings of the matrix.
"""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from analysis.concepts.recognition import recognition
from analysis.concepts.specs import CONVENTIONS, LAYER_CHOICES, TIES, Convention
from analysis.concepts.transfer import (
    cross_accuracy,
    mean_null,
    transfer,
    transfer_curve,
)
from analysis.concepts.triangle import (
    asymmetry,
    reached,
    starting_gap,
    success_by_start,
    triangle,
)
from analysis.core.errors import SpecError
from analysis.overview.findings import findings
from analysis.study.published_values import published
from tests.planted import ANGLE, Planting, planted_study, replaced

HONEST, PAPER = CONVENTIONS["honest"], CONVENTIONS["paper"]
ALL = [
    Convention(layer, ties, 2 if layer == "fixed" else 0)
    for layer in LAYER_CHOICES
    for ties in TIES
]
OFF = ~np.eye(3, dtype=bool)


def points(values, codes="abcd"):
    codes = list(codes)[: len(values)]
    return xr.DataArray(
        np.array(values, float),
        {"source": codes, "target": codes},
        ("source", "target"),
    )


@pytest.mark.parametrize("convention", ALL, ids=str)
def test_contract_of_transfer(convention):
    study = planted_study()
    table, single = transfer(study, convention), cross_accuracy(study, convention)
    np.testing.assert_array_equal(np.diag(table.transfer), 0)
    np.testing.assert_array_equal(np.diag(table.low), 0)
    assert (
        (table.low <= table.transfer + 1e-4) & (table.transfer <= table.high + 1e-4)
    ).all()
    own = xr.DataArray(
        np.einsum("cll->cl", single.accuracy.values), dims=("concept", "target")
    )
    np.testing.assert_allclose(
        table.transfer, 100 * (single.accuracy - own).mean("concept"), atol=1e-4
    )
    np.testing.assert_allclose(
        table.accuracy, single.accuracy.mean("concept"), atol=1e-6
    )
    np.testing.assert_allclose(own, recognition(study, convention).accuracy, atol=1e-6)
    np.testing.assert_array_equal(table.layer, single.layer)
    assert (table.n == 120).all() and table.identical(transfer(study, convention))


def test_a_shared_direction_carries_over_in_full():
    table = transfer(
        planted_study(sizes=(3, 400, 32), planting=Planting(train=2000)), HONEST
    )
    assert abs(table.transfer.values).max() < 2 and (table.q < 0.01).all()


def test_orthogonal_directions_do_not_carry_over():
    table = transfer(
        planted_study(sizes=(3, 400, 32), planting=Planting("orthogonal", train=2000)),
        HONEST,
    )
    assert (table.transfer.values[OFF] < -35).all() and (
        table.high.values[OFF] < -30
    ).all()
    assert (table.q.values[OFF] > 0.01).all() and (np.diag(table.q) < 0.01).all()
    np.testing.assert_allclose(table.accuracy.values[OFF], 0.5, atol=0.08)


def test_rotated_directions_carry_over_by_the_cosine_of_the_angle():
    study = planted_study(
        sizes=(2, 3000, 32), planting=Planting("rotated", gap=1.0, train=20000)
    )
    found = transfer(study, Convention("fixed", "half", 1)).accuracy
    expected = stats.norm.cdf(
        np.cos(ANGLE * abs(np.subtract.outer(range(3), range(3))))
    )
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_opposed_directions_are_worse_than_chance_and_not_better():
    table = transfer(planted_study(planting=Planting("opposed")), HONEST)
    assert (
        table.accuracy.sel(source="en", target="fr") < 0.1
        and table.p.sel(source="en", target="fr") == 1
    )
    assert abs(table.transfer.sel(source="en", target="zh")) < 8


def test_chance_is_not_significant_whichever_way_the_layer_is_chosen():
    study = planted_study(sizes=(16, 80, 16), planting=Planting(gap=0.0))
    paper, honest = transfer(study, PAPER), transfer(study, HONEST)
    assert (paper.q > 0.05).all() and (honest.q > 0.05).all()
    assert (
        (paper.accuracy > 0.53).all()
        and (paper.chance > 0.53).all()
        and (abs(honest.chance - 0.5) < 0.01).all()
    )


def test_pairing_makes_the_interval_of_a_difference_narrow():
    study = planted_study(sizes=(1, 400, 32), planting=Planting(gap=0.8, train=20000))
    table = transfer(study, Convention("fixed", "half", 1))
    single = cross_accuracy(study, Convention("fixed", "half", 1))
    width = float((table.high - table.low).values[OFF].mean())
    unpaired = 100 * np.sqrt(2) * float((single.high - single.low).mean()) / np.sqrt(2)
    assert 0 < width < unpaired / 2


def test_concepts_that_cancel_out_transfer_exactly_zero():
    study = planted_study(
        concepts=("a", "b", "c"), languages=("en", "fr"), sizes=(1, 20, 8)
    )
    values = np.ones((3, 2, 2, 1, 20), np.float32)
    # 1 + 2 + 18 = 3 · 7 pairs of 20 are right, which float32 accuracies add up to a
    # little less than nothing.
    for concept, right in enumerate((1, 2, 18)):
        values[concept, 0, 1, 0, right:] = values[concept, 1, 1, 0, 7:] = -1
    found = transfer(
        replaced(study, pair_score=values), Convention("fixed", "half", 1)
    ).transfer
    assert (
        found.sel(source="en", target="fr") == 0 and not np.signbit(found.values).any()
    )


def test_some_concepts_only_and_an_unknown_one():
    study = planted_study()
    found = transfer(study, HONEST, ("toxicity",))
    single = cross_accuracy(study, HONEST).accuracy.sel(concept="toxicity")
    np.testing.assert_allclose(found.accuracy, single, atol=1e-6)
    assert (found.concepts == 1).all() and (found.n == 60).all()
    with pytest.raises(SpecError, match="Did you mean “toxicity”"):
        transfer(study, HONEST, ("toxcity",))


def test_a_missing_target_is_unknown():
    study = planted_study()
    values = study.array("pair_score").values.copy()
    values[:, :, 1] = np.nan
    values[0, :, 2] = np.nan
    table = transfer(replaced(study, pair_score=values), HONEST)
    assert (
        table.transfer.sel(target="fr").isnull().all()
        and table.q.sel(target="fr").isnull().all()
    )
    assert table.transfer.sel(target=["en", "zh"]).notnull().all()
    assert table.concepts.sel(source="en").values.tolist() == [2, 0, 1]


def test_transfer_curve_is_the_accuracy_at_each_layer():
    study = planted_study(sizes=(5, 200, 16), planting=Planting("rotated", peak=3))
    line = transfer_curve(study, "en", "zh")
    assert line.vector.values.tolist() == [
        "source",
        "target",
    ] and line.depth.values.tolist() == [0.2, 0.4, 0.6, 0.8, 1.0]
    for layer in range(1, 6):
        single = (
            cross_accuracy(study, Convention("fixed", "half", layer))
            .accuracy.mean("concept")
            .sel(target="zh")
        )
        np.testing.assert_allclose(
            line.accuracy.sel(layer=layer), single.sel(source=["en", "zh"]), atol=1e-6
        )
    assert (
        (line.low <= line.accuracy) & (line.accuracy <= line.high)
    ).all() and line.accuracy.idxmax("layer").values[1] == 3
    with pytest.raises(SpecError, match="language"):
        transfer_curve(study, "en", "xx")


def test_triangle_counts_and_means_in_the_order_given():
    values = points([[0, 1, 2], [-1, 0, np.nan], [-3, 0, 0]])
    found = triangle(values, "abc")
    assert (found.above, found.above_cells, found.mean_above) == (2, 2, 1.5)
    assert (found.below, found.below_cells, found.mean_below) == (
        1,
        3,
        pytest.approx(-4 / 3),
    )
    turned = triangle(values, "cba")
    assert (turned.above, turned.below) == (found.below, found.above)
    one = triangle(points([[0]]), "a")
    assert (one.above_cells, one.below_cells) == (0, 0) and np.isnan(one.mean_above)


def test_asymmetry_finds_a_planted_order_and_no_other():
    rank = np.arange(9)
    planted = points(np.subtract.outer(-rank, -rank) / 3, "abcdefghi")
    found = asymmetry(planted, "abcdefghi")
    assert (
        found.index > 1
        and found.p < 0.01
        and asymmetry(planted, "ihgfedcba").index == pytest.approx(-found.index)
    )
    p = []
    for seed in range(80):
        noise = points(np.random.default_rng(seed).standard_normal((7, 7)), "abcdefg")
        p.append(asymmetry(noise, "abcdefg", permutations=99, seed=seed).p)
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_starting_gap_recovers_a_planted_slope_and_leaves_the_rest():
    start = xr.DataArray([0.9, 0.8, 0.75, 0.6], {"language": list("abcd")})
    gap = 100 * np.subtract.outer(start.values, start.values)
    extra = np.zeros((4, 4))
    extra[0, 1], extra[1, 0] = 2, 2
    found = starting_gap(points(0.2 * gap - 0.5 + extra), start, permutations=99)
    assert found.slope == pytest.approx(0.2) and found.r > 0.9 and found.n == 12
    assert (
        float(found.residual.sel(source="a", target="b"))
        == pytest.approx(float(found.residual.max()))
        == pytest.approx(5 / 3)
    )
    exact = starting_gap(points(0.2 * gap - 0.5), start, permutations=99)
    assert (
        exact.intercept == pytest.approx(-0.5)
        and abs(exact.residual.values[~np.eye(4, dtype=bool)]).max() < 1e-9
    )
    with pytest.raises(SpecError, match="three pairs"):
        starting_gap(points([[0, 1], [1, 0]]), start)


def test_success_by_start_and_reached_count_a_rounded_negative_zero_as_none():
    start = xr.DataArray([0.9, 0.8], {"language": ["a", "b"]})
    assert list(success_by_start(points([[0, -0.0], [0.0, 0]]), start).values()) == [
        0,
        50,
        50,
        0,
    ]
    assert reached(points([[0, -0.0], [0.0, 0]]), ("a", "b", "z")).percent == {
        "a": 100,
        "b": 0,
    }
    with pytest.raises(SpecError, match="At least two"):
        reached(points([[0]]), ("a", "z"))


@pytest.mark.parametrize("convention", ALL, ids=str)
def test_findings_are_three_sentences_with_their_numbers(convention):
    study = planted_study(concepts=("a", "b", "c"))
    found = findings(study, convention)
    assert [each.page for each in found] == ["recognition", "similarity", "transfer"]
    assert all(
        each.sentence.endswith(".") and "nan" not in each.sentence for each in found
    )
    assert (
        "95 % interval" in found[0].statistics
        and "chance" in found[0].statistics
        and "60 held-out" in found[0].statistics
    )
    assert (
        "different concepts reach" in found[1].statistics
        and "p = " in found[2].statistics
    )
    mean = 100 * float(recognition(study, convention)["mean"].max())
    assert f"{mean:.1f} %" in found[0].statistics


@pytest.mark.parametrize("name", list(published()))
def test_findings_of_published_studies_say_what_is_printed(name):
    study = published()[name]
    for each, array in zip(
        findings(study, HONEST), ("recognition", "similarity", "transfer")
    ):
        figure = study.manifest.figures.get(array)
        if figure:
            assert each.statistics.startswith(f"{figure} of the paper")
        else:
            assert each.sentence.startswith(f"No {array} matrix is printed")
        assert "nan" not in each.text


def test_findings_of_one_language_and_of_an_unfinished_study():
    one = findings(planted_study(languages=("en",)), HONEST)
    assert "two languages" in one[1].sentence and "two languages" in one[2].sentence
    study = planted_study()
    bare = replaced(study)
    object.__setattr__(bare, "available", bare.available - {"pair_score"})
    assert "not been computed" in findings(bare, HONEST)[0].sentence
    empty = replaced(
        study, pair_score=np.full_like(study.array("pair_score").values, np.nan)
    )
    assert "not been computed" in findings(empty, HONEST)[0].sentence


def test_pairing_concepts_anew_does_not_change_the_null_but_its_resolution():
    rng = np.random.default_rng(0)
    nulls = [rng.normal(0.5, 0.05, (3, 200)) for _ in range(4)]
    found = mean_null(nulls)
    assert found.shape == (3, 1000) and len(np.unique(found[0])) == 1000
    np.testing.assert_allclose(found[:, :200], np.mean(nulls, 0))
    assert found.std() == pytest.approx(
        0.05 / 2, rel=0.1
    ) and found.mean() == pytest.approx(0.5, abs=0.002)
    np.testing.assert_array_equal(mean_null(nulls[:1]), nulls[0])


def test_one_real_effect_among_many_cells_is_found():
    codes = ("en", "fr", "zh", "es", "pt", "vi", "ca", "id")
    gaps = Planting("orthogonal", gaps=(2.0, *(0.0 for _ in codes[1:])), train=2000)
    for concepts in (("a",), ("a", "b", "c", "d", "e", "f", "g")):
        table = transfer(
            planted_study(concepts, codes, (3, 200, 16), planting=gaps), HONEST
        )
        assert (
            table.q.sel(source="en", target="en") < 0.07
            and (table.q.sel(target=list(codes[1:])) > 0.07).all()
        )


def test_the_starting_gap_is_tested_within_targets():
    """What is only arithmetic, T containing the target's accuracy, is no finding."""
    found = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        start = rng.normal(80, 5, 8)
        as_a_source = rng.normal(0, 4, (8, 1))
        accuracy = rng.normal(80, 3, (8, 8)) + as_a_source
        starts = xr.DataArray(start / 100, {"language": list("abcdefgh")})
        values = points_of(accuracy - start[None])
        found.append(starting_gap(values, starts, permutations=99).p)
    assert (np.array(found) <= 0.05).mean() <= 0.12


def points_of(values):
    """T between languages called a, b, c …"""
    codes = list("abcdefgh"[: len(values)])
    return xr.DataArray(
        values, {"source": codes, "target": codes}, ("source", "target")
    )
