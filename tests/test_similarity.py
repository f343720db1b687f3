"""Similarity against planted directions, its floor and ceiling, and relatedness."""

import numpy as np
import pytest
import xarray as xr

from analysis.concepts.relationship import cluster_order, relationship
from analysis.concepts.similarity import (
    MAXIMUM,
    cosines,
    similarity,
    similarity_by_layer,
    similarity_ceiling,
    similarity_floor,
)
from analysis.core.errors import SpecError
from analysis.languages.distances import DISTANCES, linguistic_similarity
from tests.planted import ANGLE, Planting, planted_study, replaced

OFF = ~np.eye(3, dtype=bool)
EXACT = 10**7
"""Training pairs with which a vector is all but its direction."""


def planted(
    relation, concepts=("a", "b", "c", "d"), train=EXACT, codes=("en", "fr", "zh")
):
    return planted_study(
        concepts, codes, (4, 10, 64), planting=Planting(relation, train=train)
    )


@pytest.mark.parametrize(
    ("relation", "expected"),
    [
        ("shared", np.ones((3, 3))),
        ("orthogonal", np.eye(3)),
        ("rotated", np.cos(ANGLE * abs(np.subtract.outer(range(3), range(3))))),
        ("opposed", np.outer([1, -1, 1], [1, -1, 1])),
    ],
)
def test_cosines_are_those_that_were_planted(relation, expected):
    study = planted(relation)
    for found in (
        *similarity_by_layer(study),
        similarity(study).cosine,
        similarity(study, 2).cosine,
    ):
        np.testing.assert_allclose(found, expected, atol=0.01)


def test_the_maximum_over_layers_is_taken_for_each_pair_and_concept():
    study = planted("rotated", train=20)
    values = study.array("concept_vector").values
    expected = np.full((4, 3, 3), -1.0)
    for c in range(4):
        for layer in range(4):
            unit = values[c, :, layer] / np.linalg.norm(
                values[c, :, layer], axis=-1, keepdims=True
            )
            expected[c] = np.maximum(expected[c], unit @ unit.T)
    table = similarity(study)
    np.testing.assert_allclose(
        table.cosine.values[OFF], expected.mean(0)[OFF], atol=1e-5
    )
    assert (table.cosine.values[OFF] > similarity(study, 1).cosine.values[OFF]).all()
    assert (
        (table.low <= table.cosine)
        & (table.cosine <= table.high)
        & (table.concepts == 4)
    ).all()
    assert (table.low.values[OFF] < table.high.values[OFF]).all() and (
        np.diag(table.cosine) == 1
    ).all()


def test_some_concepts_and_layers_that_do_not_exist():
    study = planted("shared", train=20)
    two = similarity(study, 3, ("b", "c"))
    np.testing.assert_allclose(
        two.cosine, similarity_by_layer(study, ("b", "c")).sel(layer=3), atol=1e-6
    )
    assert two.low.isnull().all(), "two concepts are too few to resample"
    for layer in (0, 5, "middle"):
        with pytest.raises(SpecError, match="1 to 4"):
            similarity(study, layer)
    with pytest.raises(SpecError, match="concept"):
        similarity_by_layer(study, ("e",))


def test_a_vector_of_length_zero_or_a_missing_one_has_no_cosine():
    study = planted("shared")
    values = study.array("concept_vector").values.copy()
    values[0, 1] = 0
    values[1, 2] = np.nan
    holed = replaced(study, concept_vector=values)
    table, lines = similarity(holed), similarity_by_layer(holed)
    assert table.undirected == lines.undirected == 4
    np.testing.assert_array_equal(table.concepts, [[4, 3, 3], [3, 3, 2], [3, 2, 3]])
    np.testing.assert_allclose(table.cosine, 1, atol=0.01)
    assert np.isfinite(similarity_floor(holed).other_concepts).all()
    values = values.copy()
    values[:, 1] = 0
    none = similarity(replaced(study, concept_vector=values))
    assert none.cosine.sel(source="fr").isnull().all() and np.isfinite(
        none.cosine.sel(source="en", target="zh")
    )
    assert np.isnan(cosines(np.zeros((1, 1, 2)), np.ones((1, 1, 2)))).all()


def test_floor_is_the_mean_over_different_concepts():
    study = planted("rotated", train=40)
    values = 1 + study.array("concept_vector").values
    values[3, 1] = 0
    unit = values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), 1e-9)
    every = np.einsum("calh,dblh->cdlab", unit, unit)
    every[3, :, :, 1] = every[:, 3, :, :, 1] = np.nan
    expected = np.nanmean(
        [every[c, d] for c in range(4) for d in range(4) if c != d], axis=0
    )
    found = similarity_floor(replaced(study, concept_vector=values)).other_concepts
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert found.dims == ("layer", "source", "target") and found.undirected == 4


def test_floors_of_unrelated_vectors_are_near_zero_and_of_one_direction_one():
    found = similarity_floor(planted("shared"))
    assert (
        abs(found.other_concepts.values).max() < 0.3
        and abs(found.shuffled_labels.values).max() < 0.3
    )
    study = planted("shared")
    same = np.repeat(study.array("concept_vector").values[:1], 4, 0)
    np.testing.assert_allclose(
        similarity_floor(replaced(study, concept_vector=same)).other_concepts,
        1,
        atol=0.01,
    )
    assert (
        similarity_floor(planted("shared", concepts=("a",)))
        .other_concepts.isnull()
        .all()
    )


def test_ceiling_falls_with_noise_and_bounds_the_similarity_of_shared_directions():
    clean, noisy = (
        similarity_ceiling(planted("shared")),
        similarity_ceiling(planted("shared", train=40)),
    )
    np.testing.assert_allclose(clean.reliability, 1, atol=0.01)
    assert (noisy.reliability < 0.9).all() and (noisy.whole > noisy.ceiling).all()
    study = planted_study(
        tuple("abcdefgh"), sizes=(4, 10, 400), planting=Planting(train=200)
    )
    observed = similarity_by_layer(study).values[:, OFF].mean()
    assert observed == pytest.approx(
        similarity_ceiling(study).whole.values[:, OFF].mean(), abs=0.02
    )
    assert observed > similarity_ceiling(study).ceiling.values[:, OFF].mean() + 0.02


def test_negative_reliability_has_no_ceiling():
    study = planted("shared")
    turned = replaced(study, half_b=-study.array("half_b").values)
    assert (similarity_ceiling(turned).reliability < 0).all() and similarity_ceiling(
        turned
    ).ceiling.isnull().all()


def related(kind, noise=0.0, codes=None):
    codes = codes or ["en", "fr", "es", "pt", "ca", "vi", "id", "ja", "ko", "fi", "hu"]
    values = linguistic_similarity(kind, masked=False).sel(source=codes, target=codes)
    extra = np.random.default_rng(0).standard_normal(values.shape)
    return values + noise * (extra + extra.T)


@pytest.mark.parametrize("kind", DISTANCES)
def test_a_planted_relationship_is_found(kind):
    perfect = relationship(related(kind), kind, masked=False)
    assert (
        perfect.pearson == pytest.approx(1)
        and perfect.spearman == pytest.approx(1)
        and perfect.p < 0.01
    )
    assert (perfect.n, perfect.languages, perfect.masked, perfect.unclassed) == (
        55,
        11,
        0,
        0,
    )
    noisy = relationship(related(kind, 0.05), kind, masked=False)
    assert (
        noisy.interval[0] <= noisy.pearson <= noisy.interval[1]
        and noisy.interval[0] < noisy.interval[1] < 1
    )
    none = relationship(related(kind, 100.0), kind, masked=False)
    assert none.p > 0.01 and abs(none.pearson) < 0.5


def test_pairs_are_split_by_the_resources_of_their_languages():
    found = relationship(related("syntactic"), "syntactic", "LLaMA2")
    assert (found.any_high.n, found.both_low.n) == (
        10,
        45,
    ) and found.category == pytest.approx(1)
    other = relationship(related("syntactic"), "syntactic", "BLOOM")
    assert (other.any_high.n, other.both_low.n, other.unclassed) == (
        21,
        0,
        34,
    ) and np.isnan(other.category)


def test_masking_leaves_out_languages_without_data():
    cosine = related("geographic", codes=["en", "zh", "fr", "ja", "ko"])
    masked, whole = (
        relationship(cosine, "geographic", masked=masked) for masked in (True, False)
    )
    assert (masked.n, masked.languages, masked.masked) == (6, 4, 4) and (
        whole.n,
        whole.languages,
        whole.masked,
    ) == (10, 5, 0)


def test_unknown_kinds_tables_and_languages():
    with pytest.raises(SpecError, match="kind of distance"):
        relationship(related("genetic"), "genetics")
    with pytest.raises(SpecError, match="shares"):
        relationship(related("genetic"), "genetic", "Llama")
    strange = related("genetic").assign_coords(
        source=[f"x{i}" for i in range(11)], target=[f"x{i}" for i in range(11)]
    )
    with pytest.raises(SpecError, match="x0"):
        relationship(strange, "genetic")


def test_cluster_order_puts_the_alike_side_by_side():
    groups = np.array([0, 1, 0, 1, 0, 1])
    values = np.where(groups[:, None] == groups, 0.9, 0.1) + 0.1 * np.eye(6)
    codes = ["en", "ja", "fr", "ko", "es", "zh"]
    order, linkage = cluster_order(
        xr.DataArray(values, {"source": codes, "target": codes}, ("source", "target"))
    )
    assert {frozenset(order[:3]), frozenset(order[3:])} == {
        frozenset(codes[::2]),
        frozenset(codes[1::2]),
    }
    assert linkage.shape == (5, 4) and linkage[-1, 2] == pytest.approx(0.9)
    values[0, 1] = np.nan
    with pytest.raises(SpecError, match="every cosine"):
        cluster_order(
            xr.DataArray(
                values, {"source": codes, "target": codes}, ("source", "target")
            )
        )


def test_the_default_layer_is_the_papers():
    study = planted("shared", train=20)
    assert similarity(study).identical(similarity(study, MAXIMUM))
