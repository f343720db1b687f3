"""Alignment of words against planted rotations, its bad inputs, and the printed numbers."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from analysis.concepts.specs import CONVENTIONS
from analysis.core import turns
from analysis.core.errors import SpecError, Stopped, StudyError
from analysis.overview.compare import compare
from analysis.study import library
from analysis.study.published_words import aligned, shipped
from analysis.words import alignment as measures
from analysis.words.alignment import (
    alignment,
    alignment_by_layer,
    alignment_by_pair,
    alignment_by_seeds,
    chosen_on_half,
    concept_ranks,
)
from analysis.words.alignment_controls import (
    alignment_by_chance,
    alignment_by_template,
    kind_controls,
)
from analysis.words.maps import MAPS
from analysis.words.matching import STAGES, divided, fit, matched
from analysis.words.neighbours import (
    matched_pair,
    neighbours_and_hubs,
    word_clouds,
    word_ranks,
)
from analysis.words.published import printed_counts, printed_seeds, printed_settings
from analysis.words.retrieval import CRITERIA
from analysis.words.specs import AlignmentSpec
from tests.planted import planted_study
from tests.planted_words import (
    EMBEDDED,
    HIDDEN,
    LANGUAGES,
    LAYERS,
    planted_vectors,
    stored_words,
    word_list,
    word_study,
)

SPEC = AlignmentSpec(EMBEDDED[0])
WORDS = word_list()


@pytest.fixture(scope="module")
def turned():
    """Languages that are exact rotations of one another at the last layer."""
    return word_study(WORDS, planted_vectors(WORDS))


@pytest.fixture(scope="module")
def noisy():
    """Rotations with noise, so that precision is neither 0 nor 1."""
    return word_study(WORDS, planted_vectors(WORDS, noise=0.8))


def first(found, stage):
    """Mean P@1 of a stage."""
    return float(found["precision"].sel(stage=stage, k=1).mean())


@pytest.mark.parametrize("name", [name for name in MAPS if name != "none"])
def test_a_planted_rotation_is_found_by_every_map_and_only_by_a_map(turned, name):
    found = alignment(turned, replace(SPEC, map=name), "en")
    assert (
        first(found, "before") < 0.2
        and first(found, "after") == first(found, "cross-validated ceiling") == 1
    )
    assert found["n"].values.tolist() == [30, 30] and found[
        "seeds"
    ].values.tolist() == [60, 60]
    assert (
        found["chance"].sel(k=1).values == pytest.approx(1 / 30)
        and not found.attrs["warnings"]
    )
    assert (
        found["rank"].sel(stage="after").values
        == pytest.approx(1)
        == found["reciprocal"].sel(stage="after").values
    )


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("pool", ["test words", "all words"])
def test_every_criterion_and_pool(noisy, criterion, pool):
    found = alignment(noisy, replace(SPEC, criterion=criterion, pool=pool), "zh")
    assert found["pool"].values.tolist() == [30 if pool == "test words" else 90] * 2
    assert 0.2 < first(found, "after") < 1 and found.language.values.tolist() == [
        "en",
        "fr",
    ]
    assert (found["low"] <= found["precision"]).all() and (
        found["precision"] <= found["high"]
    ).all()
    assert (np.diff(found["precision"].values, axis=-1) >= 0).all(), "P@k grows with k"


def test_after_never_sees_a_test_word_and_the_ceiling_does():
    rng = np.random.default_rng(0)
    unrelated = rng.standard_normal((3, 90, 200))
    found = alignment(word_study(WORDS, unrelated), SPEC, "en")
    assert (
        first(found, "ceiling") > 0.9
        and first(found, "after") < 0.15
        and first(found, "cross-validated ceiling") < 0.15
    )
    assert "60 seed pairs for 200 dimensions" in found.attrs["warnings"][0]
    vectors = planted_vectors(WORDS, noise=0.5)
    tests, seeds = divided(90, SPEC.seed)
    changed = vectors.copy()
    changed[:, tests] = rng.standard_normal(changed[:, tests].shape)
    maps = [
        fit(pair, pair.seeds, SPEC)
        for pair in (
            matched(word_study(WORDS, v), SPEC, "en")["fr"] for v in (vectors, changed)
        )
    ]
    probe = rng.standard_normal((5, HIDDEN)).astype(np.float32)
    np.testing.assert_array_equal(maps[0].source(probe), maps[1].source(probe))
    assert sorted([*tests, *seeds]) == list(range(90))


def test_a_seed_spelled_like_a_test_word_is_dropped():
    tests, seeds = divided(90, SPEC.seed)
    spelled = [list(words) for words in WORDS.spellings]
    spelled[1][seeds[0]] = spelled[1][tests[0]].upper()
    spelled[0][seeds[1]] = spelled[0][tests[1]]
    words = replace(WORDS, spellings=tuple(map(tuple, spelled)))
    pairs = matched(word_study(words, planted_vectors(words)), SPEC, "en")
    assert pairs["fr"].dropped == 2 and not {seeds[0], seeds[1]} & set(
        pairs["fr"].seeds
    )
    assert pairs["zh"].dropped == 1 and seeds[0] in pairs["zh"].seeds


def test_two_concepts_with_one_spelling_are_one_answer_in_the_target():
    tests, _ = divided(90, SPEC.seed)
    spelled = [list(words) for words in WORDS.spellings]
    spelled[0][tests[1]] = spelled[0][tests[0]]
    words = replace(WORDS, spellings=tuple(map(tuple, spelled)))
    vectors = planted_vectors(words)
    vectors[0, tests[1]] = vectors[0, tests[0]]
    hits = (
        alignment(word_study(words, vectors), SPEC, "en")["hit"]
        .sel(stage="after")
        .isel(word=tests[:2])
    )
    assert hits.values[:, 0].tolist() == [1, 1], (
        "the twin of the right answer is no rival"
    )


def test_identical_spellings_are_counted_and_can_be_removed():
    tests, _ = divided(90, SPEC.seed)
    spelled = [list(words) for words in WORDS.spellings]
    vectors = planted_vectors(WORDS)
    for i in tests[:6]:
        spelled[1][i] = spelled[0][i].upper()
        vectors[1, i] = vectors[0, i]
    words = replace(WORDS, spellings=tuple(map(tuple, spelled)))
    study = word_study(words, vectors)
    kept, removed = (
        alignment(study, replace(SPEC, identical=way), "en").sel(language="fr")
        for way in ("kept", "removed")
    )
    assert float(kept["alike"]) == pytest.approx(6 / 30) and float(
        kept["identical"].sel(stage="before")
    ) == pytest.approx(6 / 30)
    assert kept["identical"].sel(stage="before") <= kept["precision"].sel(
        stage="before", k=1
    )
    assert (
        int(removed["n"]) == 24
        and float(removed["alike"]) == 0
        and float(removed["identical"].max()) == 0
    )


def test_a_word_that_a_language_lacks_takes_no_part_there():
    tests, seeds = divided(90, SPEC.seed)
    spelled = [list(words) for words in WORDS.spellings]
    vectors = planted_vectors(WORDS)
    for i in (*tests[:3], *seeds[:2]):
        spelled[2][i], vectors[2, i] = "", np.nan
    study = word_study(replace(WORDS, spellings=tuple(map(tuple, spelled))), vectors)
    found = alignment(study, SPEC, "en")
    assert (
        found["n"].values.tolist() == [30, 27]
        and found["seeds"].values.tolist() == [60, 58]
        and first(found, "after") == 1
    )
    assert np.isnan(found["hit"].sel(language="zh").isel(word=tests[:3])).all()
    assert alignment_by_pair(study, SPEC)["n"].sel(source="fr", target="zh") == 27


def test_too_few_words_and_wrong_names_are_sentences(turned):
    short = word_list(4)
    with pytest.raises(StudyError, match="share 1 seed and"):
        alignment(
            word_study(short, planted_vectors(short)), replace(SPEC, seeds=1), "en"
        )
    for change, match in (
        ({"map": "orthogonl"}, "orthogonal"),
        ({"criterion": "CLS"}, "CSLS"),
        ({"embedding": "last"}, "last token"),
    ):
        with pytest.raises(SpecError, match=match):
            alignment(turned, replace(SPEC, **change), "en")
    with pytest.raises(StudyError, match="layers 1, 2, 3; asked for 7"):
        alignment(turned, replace(SPEC, layer=7), "en")
    with pytest.raises(StudyError, match="not in de"):
        alignment(turned, SPEC, "de")
    with pytest.raises(StudyError, match="no word vectors"):
        alignment(planted_study(), SPEC, "en")
    with pytest.raises(SpecError, match="at least 1 neighbour"):
        replace(SPEC, n_neighbors=0)
    with pytest.raises(SpecError, match="Did you mean “all words”"):
        replace(SPEC, pool="all word")


def test_a_study_with_cells_missing_shows_the_languages_there_are(turned):
    vectors = planted_vectors(WORDS)
    vectors[1] = np.nan
    found = alignment(word_study(WORDS, vectors), SPEC, "en")
    assert found.language.values.tolist() == ["zh"]
    vectors[2] = np.nan
    with pytest.raises(StudyError, match="1 language so far"):
        alignment(word_study(WORDS, vectors), SPEC, "en")


def test_a_choice_among_noise_is_worth_no_more_on_words_it_has_not_seen():
    rng = np.random.default_rng(0)
    reported, flattered = [], []
    for _ in range(200):
        hits = (rng.random((12, 3, 40)) < 0.5).astype(float)
        hits[:, 1, :5] = np.nan
        found = chosen_on_half(hits)
        reported.append(found.precision)
        flattered.append(np.nanmean(hits, -1).mean(-1).max())
    assert abs(np.mean(reported) - 0.5) < 0.01 and np.mean(flattered) > 0.56
    assert chosen_on_half(hits[..., :1]) is None


def test_layers_seeds_pairs_and_templates_tell_the_planted_from_the_noise(turned):
    layers = (
        alignment_by_layer(turned, SPEC, "en")["precision"].sel(stage="after").values
    )
    assert layers[-1] == 1 and layers[:-1].max() < 0.2
    by_layer = alignment_by_layer(turned, SPEC, "en")
    assert by_layer.attrs["chosen"] == (LAYERS[-1],) * 2
    assert by_layer.attrs["reported"] == 1
    sizes = alignment_by_seeds(turned, SPEC, "en")
    assert sizes.seeds.values.tolist() == [5, 10, 20, 50, 60]
    assert (
        sizes["precision"].values[0, 0] < 0.9
        and (sizes["precision"].values[0, 2:] == 1).all()
    )
    pairs = alignment_by_pair(turned, SPEC)["precision"]
    assert np.isnan(np.diagonal(pairs, axis1=1, axis2=2)).all()
    assert (pairs.sel(stage="after").values[~np.eye(3, dtype=bool)] == 1).all()
    one = alignment(turned, SPEC, "zh")["precision"].sel(stage="before", k=1).values
    np.testing.assert_allclose(pairs.sel(stage="before", target="zh").values[:2], one)
    found = (
        alignment_by_template(turned, SPEC, "en")["precision"].sel(stage="after").values
    )
    assert found[0] == 1 and found[1] < 0.2
    assert layers.size == len(LAYERS)


def test_ways_of_reading_are_not_compared_before_all_are_there(home):
    words = word_list(60)
    stored_words("words", words, planted_vectors(words), cells=5)
    with pytest.raises(StudyError, match="not read in every way yet"):
        alignment_by_template(library.open_by_name("words"), SPEC, words.languages[0])


def test_a_word_is_inspected_before_and_after(turned):
    table = word_ranks(matched_pair(turned, SPEC, "fr", "en"))
    assert (
        len(table) == 30
        and (table["rank after"] == 1).all()
        and table["rank before"].mean() > 5
    )
    concept = table["concept"][3]
    near, hubs = neighbours_and_hubs(matched_pair(turned, SPEC, "fr", "en"), concept)
    best = near[near["stage"] == "after"].iloc[0]
    assert best["right"] and best["word"] == table["translation"][3] and len(near) == 20
    assert (
        near.groupby("stage")["score"]
        .apply(lambda values: values.is_monotonic_decreasing)
        .all()
    )
    assert (hubs.groupby("stage")["neighbour of"].max() >= 10).all()
    with pytest.raises(SpecError, match="no test word"):
        neighbours_and_hubs(matched_pair(turned, SPEC, "fr", "en"), "nothing")


def test_clouds_coincide_after_the_map_and_not_before(turned):
    found = word_clouds(matched_pair(turned, SPEC, "fr", "en"), "PCA")
    distance = (
        (found["place"].sel(side="source") - found["place"].sel(side="target"))
        .pipe(np.abs)
        .max(("word", "axis"))
        .values
    )
    assert (
        distance[0] > 1
        and distance[1] < 1e-3
        and found["test"].sum() == 30
        and found.attrs["left_out"] == 0
    )
    with pytest.raises(SpecError, match="PCA"):
        word_clouds(matched_pair(turned, SPEC, "fr", "en"), "PC")


def test_umap_gets_few_dimensions_and_the_seed(turned, monkeypatch):
    given = []

    class Projection:
        def __init__(self, **settings):
            given.append(settings)

        def fit_transform(self, states):
            given.append(states.shape)
            return np.zeros((len(states), 2))

    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=Projection))
    found = word_clouds(matched_pair(turned, replace(SPEC, seed=3), "fr", "en"), "UMAP")
    assert (
        given[0]["random_state"] == 3
        and given[1] == (180, HIDDEN)
        and found.attrs["seed"] == 3
    )


def test_few_concepts_are_told_by_ranks():
    same = concept_ranks(planted_study(("a", "b", "c", "d")), 0)
    assert (same["rank"] == 1).all() and same.attrs == {"chance": 2.5, "n": 4}
    few = word_list(8)
    found = concept_ranks(word_study(few, planted_vectors(few)), 0)
    assert (np.diagonal(found["rank"]) == 1).all() and found["rank"].sel(
        source="en", target="fr"
    ) > 1
    assert measures.FEW == 20


def test_printed_numbers_and_what_was_read_off_them():
    assert len(aligned()) == 10 and set(aligned()) < set(shipped())
    assert printed_counts() == (120, 60, 98, 59), (
        "cells, map better, abstract better, of those prompted"
    )
    assert printed_settings("after").shape == (20, 6)
    means = [
        np.mean(
            [
                printed_seeds(s, e)["each"].sel(seeds=n).values
                for s in aligned().values()
                for e in s.embeddings
            ]
        )
        for n in (1000, 2000, 3000)
    ]
    np.testing.assert_allclose(100 * np.array(means), [14.1, 16.9, 18.5], atol=0.05)
    study = aligned()["words-llama2-13b"]
    found = alignment(study, AlignmentSpec("prompt-based"), "en").sel(language="fr")
    assert found["precision"].sel(stage="before").values == pytest.approx(
        [0.5927, 0.7201, 0.7495, 0.7924]
    )
    assert (
        float(found["identical"].sel(stage="before")) == pytest.approx(653 / 4397)
        and int(found["n"]) == 1397
    )
    assert (
        study.array("alignment").dims == ("embedding", "stage", "source", "k")
        and "2410.01079" in study.manifest.citation
    )


def test_two_studies_are_compared_word_by_word(turned, noisy):
    found = compare(turned, noisy, "alignment", CONVENTIONS["honest"])
    after = found.data.sel(stage="after")
    assert (
        (after["difference"] > 0.1).all()
        and (after["low"] > 0).all()
        and found.interval == "over 30 test words"
    )
    assert (
        found.data.stage.values.tolist() == list(STAGES)
        and found.columns == LANGUAGES[1:]
    )
    printed = compare(
        aligned()["words-llama2-13b"],
        aligned()["words-aya101"],
        "alignment",
        CONVENTIONS["honest"],
    )
    assert (
        "did not look up the same words" in printed.interval
        and printed.data["low"].isnull().all()
    )
    with pytest.raises(StudyError, match="no word vectors"):
        compare(turned, planted_study(), "alignment", CONVENTIONS["honest"])


def test_a_long_computation_tells_how_far_it_is_and_can_be_stopped(turned, monkeypatch):
    monkeypatch.setattr(turns, "SMALL", 0)
    told = []
    with turns.watched(told.append):
        alignment_by_layer(turned, SPEC, "en")
    shares = [share for share in told if share is not None]
    assert (
        shares == sorted(shares)
        and shares[0] == 0
        and 0.5 <= shares[-1] < 1
        and None in told
    )

    def stop(share: float | None) -> None:
        if share:
            raise Stopped("Stopped.")

    for long in (
        alignment,
        alignment_by_layer,
        alignment_by_seeds,
        alignment_by_chance,
        kind_controls,
    ):
        with turns.watched(stop), pytest.raises(Stopped):
            long(turned, SPEC, "en")
    assert alignment_by_layer(turned, SPEC, "en").sizes[
        "layer"
    ]  # nothing is left behind
