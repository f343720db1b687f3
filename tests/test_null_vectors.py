"""A vector in which nothing was read has no cosine, no accuracy, and steers nothing."""

import numpy as np
import pytest

from analysis.concepts.null_vectors import null_note, null_vectors
from analysis.concepts.recognition import recognition, recognition_curve
from analysis.concepts.similarity import (
    similarity,
    similarity_by_layer,
    similarity_ceiling,
    similarity_floor,
)
from analysis.concepts.specs import Convention
from analysis.concepts.transfer import cross_accuracy, transfer, transfer_curve
from analysis.core.errors import SpecError
from analysis.overview.findings import findings
from analysis.steering.resolve import mapped, resolve, vectors
from analysis.steering.specs import SteeringSpec, SteeringTerm, VectorSource
from analysis.study import library
from analysis.words.alignment import concept_ranks
from components.figures import recognition as recognition_figures
from components.figures import similarity as figures
from components.figures.languages import Languages
from tests.planted import planted_study, replaced

CODES = ("en", "fr", "zh")
CONCEPTS = ("fairness", "toxicity", "truth")
CONVENTIONS = (
    Convention("cross-fitted", "half"),
    Convention("best on test", "right"),
    Convention("fixed", "right", 1),
)


def with_null(languages=(2,), layers=slice(None), concepts=slice(None)):
    """A planted study some of whose vectors are rounding noise that all agrees."""
    study = planted_study(CONCEPTS, CODES)
    whole = study.array("concept_vector").values
    noise = 1e-7 * np.ones(whole.shape[-1], np.float32)
    scores = study.array("pair_score").values.copy()
    arrays = {}
    for name in ("concept_vector", "half_a", "half_b", "shuffled"):
        arrays[name] = study.array(name).values.copy()
        for language in languages:
            arrays[name][concepts, language, layers] = noise
    for language in languages:
        # What rounding would give: members that hardly differ, and never tie.
        scores[concepts, language, :, layers] = 1e-9
    return replaced(study, pair_score=scores, **arrays)


def test_agreement_of_rounding_noise_is_no_agreement():
    study = with_null(languages=(1, 2))
    sound = planted_study(CONCEPTS, CODES)
    cosine = similarity(study).cosine
    assert np.isnan(cosine.sel(source="fr")).all(), "1.00 to 1.00 before"
    assert cosine.sel(source="en", target="en") == 1
    for table in (similarity_by_layer(study), *similarity_floor(study).values()):
        assert np.isnan(table.sel(source="zh", target="fr")).all()
        assert np.isfinite(table.sel(source="en", target="en")).all()
    assert np.isnan(similarity_ceiling(study).reliability.sel(language="fr")).all()
    assert similarity(study).undirected == 2 * 3 * 4
    assert similarity(sound).undirected == 0 and null_note(sound) == ""
    assert np.isnan(concept_ranks(study, 2)["rank"].sel(source="zh")).all()


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_null_vector_has_no_accuracy(convention):
    study, sound = with_null(), planted_study(CONCEPTS, CODES)
    found = recognition(study, convention)
    assert np.isnan(found.accuracy.sel(language="zh")).all(), "1.00 before"
    for name in ("accuracy", "low", "high", "p", "layer", "mean"):
        same = {"language": ["en", "fr"]}
        np.testing.assert_array_equal(
            found[name].sel(same), recognition(sound, convention)[name].sel(same)
        )
    table = transfer(study, convention)
    assert np.isnan(table.transfer.sel(source="zh")).all()
    assert np.isnan(table.accuracy.sel(source="zh")).all()
    assert np.isnan(table.transfer.sel(target="zh")).all(), "less its own, unknown"
    assert np.isfinite(table.accuracy.sel(source="en")).all()
    assert np.isnan(cross_accuracy(study, convention).accuracy.sel(source="zh")).all()


@pytest.mark.parametrize("convention", CONVENTIONS[:2])
def test_a_layer_without_a_vector_is_not_chosen(convention):
    study = with_null(layers=slice(0, 2))
    found = recognition(study, convention)
    assert np.isfinite(found.accuracy).all()
    assert (found.layer.sel(language="zh") > 2).all()
    curve = recognition_curve(study).accuracy.sel(language="zh")
    assert np.isnan(curve.sel(layer=[1, 2])).all()
    assert np.isfinite(curve.sel(layer=[3, 4])).all()
    over = transfer_curve(study, "zh", "en").sel(vector="source")
    assert np.isnan(over.accuracy.sel(layer=[1, 2])).all()
    assert np.isnan(over.low.sel(layer=1)) and np.isfinite(over.low.sel(layer=3))
    fixed = recognition(study, Convention("fixed", "right", 1))
    assert np.isnan(fixed.accuracy.sel(language="zh")).all()
    assert np.isnan(similarity(study, 1).cosine.sel(source="zh")).all()
    assert np.isfinite(similarity(study).cosine).all()


def test_the_overview_says_what_is_null():
    said = findings(with_null(concepts=0), Convention())
    (note,) = [one.sentence for one in said if "Nothing was read" in one.sentence]
    assert "fairness in zh at 4 of 4 layers" in note and "toxicity" not in note
    assert "cosine 1.00" not in " ".join(one.text for one in said)
    said = findings(with_null(languages=(0, 1, 2)), Convention())
    assert "not one is longer" in said[0].sentence
    assert not [one for one in said if "agree most" in one.text]
    assert "5 more" in said[-1].sentence


def test_figures_of_null_vectors_are_empty_cells():
    study = with_null(languages=(0, 1, 2))
    languages = Languages(CODES, CODES)
    shown = figures.heat_map(study, similarity(study), None, languages)
    assert np.isnan(shown.data.values).all() and shown.data.limits == (0.0, 1.0)
    convention = Convention()
    table = recognition(study, convention)
    cells = recognition_figures.by_concept(study, table, languages, convention)
    assert np.isnan(cells.data.values).all()


def source(language, kind="concept vector", **more):
    return VectorSource(kind, study="s", concept="fairness", language=language, **more)


@pytest.mark.parametrize("kind", ["concept vector", "shuffled labels"])
def test_a_null_vector_steers_nothing(kind):
    study = with_null()
    opened = {"s": study}.__getitem__
    with pytest.raises(SpecError, match="rounding noise"):
        vectors(source("zh", kind), opened)
    random = VectorSource("random", plus=(source("zh", kind),))
    with pytest.raises(SpecError, match="rounding noise"):
        vectors(random, opened)
    with pytest.raises(SpecError, match="rounding noise"):
        mapped(source("en", target="zh"), opened)
    assert np.isfinite(vectors(source("en", kind), opened)).all()


def test_a_layer_without_a_vector_does_not_steer():
    opened = {"s": with_null(layers=slice(0, 1))}.__getitem__
    resolve(SteeringSpec((SteeringTerm(source("zh"), (2, 3)),)), opened)
    with pytest.raises(SpecError, match="layer 1, or only one that is no longer"):
        resolve(SteeringSpec((SteeringTerm(source("zh"), (1,)),)), opened)


@pytest.mark.parametrize("name", ["demo", library.REQUESTS])
def test_no_vector_that_ships_is_null(name):
    study = library.open_by_name(name)
    assert not null_vectors(study).any() and null_note(study) == ""
    vectors = study.array("concept_vector")
    lengths = np.linalg.norm(vectors, axis=-1) / study.array("state_norm").values
    assert lengths.min() > 1e-3, "far from the limit of the coarsest precision"
