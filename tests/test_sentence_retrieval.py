"""Sentences find their translations where that is planted, and nowhere else."""

import numpy as np
import pytest

from analysis.core.errors import SpecError, StudyError
from analysis.sentences import retrieval
from analysis.sentences.retrieval import Route, compared, own_is_closest
from analysis.sentences.specs import RetrievalSpec
from analysis.study import library
from tests.planted_sentences import (
    LANGUAGES,
    LAYERS,
    READ,
    parallel_text,
    planted_states,
    sentence_study,
    stored_sentences,
)

BEST = 2
"""The layer with the least noise."""


@pytest.fixture(scope="module")
def planted():
    """Translations share most of their state in the middle."""
    text = parallel_text()
    return sentence_study(text, planted_states(text))


def test_translations_that_share_their_state_are_found_both_ways(planted):
    found = retrieval.sentence_retrieval(planted, RetrievalSpec(layer=BEST), "en")
    assert found.language.values.tolist() == ["fr", "zh"]
    assert found["n"].values.tolist() == [59, 60]
    for measure in retrieval.MEASURES:
        assert (found[measure] > 0.95).all()
        assert (found[f"{measure}_low"] <= found[measure]).all()
        assert (found[measure] <= found[f"{measure}_high"]).all()
    np.testing.assert_allclose(found["into_chance"], [1 / 59, 1 / 60])
    np.testing.assert_allclose(found["mexa_chance"], [1 / 117, 1 / 119])


def test_alignment_over_layers_has_its_hump_where_it_was_planted(planted):
    found = retrieval.sentence_retrieval_by_layer(planted, RetrievalSpec(), "en")
    for measure in retrieval.MEASURES:
        assert found[f"{measure}_mean"].values.argmax() + 1 == BEST
        alone = retrieval.sentence_retrieval(planted, RetrievalSpec(layer=3), "en")
        np.testing.assert_array_equal(found[measure].sel(layer=3), alone[measure])
    pooled = retrieval.mexa(planted, RetrievalSpec(), "en")
    assert pooled["at"].values.tolist() == [BEST, BEST]
    np.testing.assert_allclose(pooled["mean"], found["mexa"].mean("layer"))
    assert (pooled["low"] <= pooled["mean"]).all() and (
        pooled["mean"] <= pooled["high"]
    ).all()
    np.testing.assert_allclose(pooled["largest"], found["mexa"].max("layer"))


@pytest.mark.parametrize("criterion", ["cosine", "CSLS", "inverted softmax"])
def test_noise_is_at_chance_and_its_interval_holds_it(criterion):
    rng = np.random.default_rng(1)
    spec = RetrievalSpec(criterion=criterion)
    shares, inside = [], 0
    for _ in range(60):
        hits = compared(Route(*rng.standard_normal((2, 50, 24))), spec)
        low, high = retrieval.spread(hits.into)
        inside += low <= hits.chance("into") <= high
        shares.append([hits.into.mean(), hits.back.mean(), hits.mexa.mean()])
    chances = [hits.chance(measure) for measure in retrieval.MEASURES]
    np.testing.assert_allclose(np.mean(shares, 0), chances, atol=0.008)
    assert inside >= 50


def test_languages_that_are_turned_are_at_chance_and_shifted_ones_are_found():
    rng = np.random.default_rng(2)
    first = rng.standard_normal((80, 24))
    turn = np.linalg.qr(rng.standard_normal((24, 24)))[0]
    turned = compared(Route(first, first @ turn), RetrievalSpec())
    assert turned.into.mean() < 0.1 and turned.mexa.mean() < 0.1
    shifted = first + 2 * rng.standard_normal(24) + 0.8 * rng.standard_normal((80, 24))
    route = Route(first, shifted)
    by_cosine = compared(route, RetrievalSpec())
    by_csls = compared(route, RetrievalSpec(criterion="CSLS"))
    assert min(by_cosine.into.mean(), by_csls.into.mean()) > 0.8
    # Seen from the shifted ones a few are close to all, which CSLS makes up for.
    assert by_csls.back.mean() > by_cosine.back.mean() + 0.3


def test_mexa_is_what_its_authors_define():
    rng = np.random.default_rng(3)
    first = rng.standard_normal((30, 6))
    second = first + 0.6 * rng.standard_normal((30, 6))
    cosine = np.corrcoef(first, second)  # only for its shape; written out below
    for i in range(30):
        for j in range(30):
            inner = first[i] @ second[j]
            cosine[i, j] = inner / np.linalg.norm(first[i]) / np.linalg.norm(second[j])
    wanted = []
    for i in range(30):
        rest = [cosine[i, j] for j in range(30) if j != i]
        rest += [cosine[j, i] for j in range(30) if j != i]
        wanted.append(float(cosine[i, i] > max(rest)))
    assert 0 < sum(wanted) < 30
    assert own_is_closest(Route(first, second)).tolist() == wanted
    assert own_is_closest(Route(second, first)).tolist() == wanted


def test_the_same_sentence_twice_is_never_strictly_closest():
    states = np.eye(4)[[0, 0, 1, 2]]
    hits = compared(Route(states, states), RetrievalSpec())
    assert hits.mexa.tolist() == [0, 0, 1, 1]
    assert hits.into.tolist() == [0.5, 0.5, 1, 1]


def test_pairs_of_languages_are_those_of_one_target(planted):
    found = retrieval.sentence_retrieval_by_pair(planted, RetrievalSpec(layer=1))
    into = retrieval.sentence_retrieval(planted, RetrievalSpec(layer=1), "en")
    cells = found.sel(target="en", source=["fr", "zh"])
    np.testing.assert_array_equal(cells["precision"], into["into"])
    np.testing.assert_array_equal(cells["mexa"], into["mexa"])
    back = found.sel(source="en", target=["fr", "zh"])
    np.testing.assert_array_equal(back["precision"], into["back"])
    assert np.isnan(np.diag(found["precision"])).all()


def test_what_a_study_does_not_have_is_told(planted):
    ask = retrieval.sentence_retrieval
    with pytest.raises(SpecError, match="Unknown language “de”"):
        ask(planted, RetrievalSpec(), "de")
    with pytest.raises(SpecError, match="There is no layer 9"):
        ask(planted, RetrievalSpec(layer=9), "en")
    with pytest.raises(SpecError, match="Unknown reading of sentences “last token”"):
        ask(planted, RetrievalSpec("last token"), "en")
    with pytest.raises(SpecError, match="Unknown criterion “csl”"):
        ask(planted, RetrievalSpec(criterion="csl"), "en")
    with pytest.raises(StudyError, match="has no parallel sentences. Read some"):
        ask(library.open_by_name("demo"), RetrievalSpec(), "en")


def test_a_stored_study_gives_the_same(home, planted):
    stored_sentences("kept")
    study = library.open_by_name("kept")
    assert study.complete and study.sentences.languages == LANGUAGES
    assert study.sentences.readings == READ and study.sentences.layers == LAYERS
    spec = RetrievalSpec(layer=BEST)
    kept = retrieval.sentence_retrieval(study, spec, "en")
    np.testing.assert_allclose(
        kept["into"],
        retrieval.sentence_retrieval(planted, spec, "en")["into"],
        atol=0.02,
    )
