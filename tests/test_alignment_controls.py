"""What else could let the spaces match: the controls find what was planted, and nothing
where nothing was.
"""

import sys
from dataclasses import replace

import numpy as np
import pytest

from analysis.core.errors import StudyError
from analysis.overview.on_words import matching
from analysis.words.alignment import alignment
from analysis.words.alignment_controls import (
    CONTROLS,
    alignment_by_chance,
    alignment_by_kind,
    kind_controls,
    reliability,
)
from analysis.words.maps import MAPS
from analysis.words.specs import AlignmentSpec
from tests.planted_words import EMBEDDED, planted_vectors, word_list, word_study

SPEC = AlignmentSpec(EMBEDDED[0])
WORDS = word_list()


@pytest.fixture(scope="module")
def turned():
    """Languages that are exact rotations of one another at the last layer."""
    return word_study(WORDS, planted_vectors(WORDS))


def test_a_shuffled_dictionary_finds_nothing(turned):
    null = alignment_by_chance(turned, SPEC, "en")
    assert (null["mean"] < 0.15).all() and (null["high"] >= null["mean"]).all()
    assert (
        alignment(turned, SPEC, "en")["precision"].sel(stage="after", k=1) == 1
    ).all()


def uneven(kind_noise: float, frequent_noise: float):
    """Noise for physical words, and for words of low frequency."""
    words = word_list(240)
    vectors = planted_vectors(words)
    rng = np.random.default_rng(5)
    physical, rare = words.kind("physical"), np.array(words.frequencies) < 120
    scale = kind_noise * physical + frequent_noise * rare
    return words, vectors + scale[None, :, None] * rng.standard_normal(vectors.shape)


@pytest.fixture
def fitted(monkeypatch):
    """Which words the maps were fitted on, in order, while a test lasts."""
    chosen = []
    real = MAPS["orthogonal"]

    def counted(x, y):
        chosen.append(len(x))
        return real(x, y)

    monkeypatch.setitem(MAPS, "orthogonal", counted)
    return chosen


def test_controls_of_kinds_share_one_map_and_the_overview_fits_no_ceiling(
    turned, fitted
):
    found = kind_controls(turned, SPEC, "en")
    languages = found["plain"].sizes["language"]
    assert len(found) == 3 and len(fitted) == languages
    fitted.clear()
    sentence = matching(turned)
    # One of the maps only tells what its seeds determine.
    assert len(fitted) == languages + 1 and len(set(fitted)) == 1
    assert "With a map 100.0 % of words are found" in sentence.sentence


def test_kinds_differ_where_they_were_made_to_and_frequency_is_taken_out():
    words, vectors = uneven(1.5, 0.0)
    study = word_study(words, vectors)
    for control in CONTROLS:
        found = alignment_by_kind(study, SPEC, "en", control)
        assert (
            found["precision"].sel(kind="abstract")
            > found["precision"].sel(kind="physical") + 0.2
        ).all(), control
    # Now only rare words are noisy, and nearly all physical words are rare.
    words, vectors = uneven(0.0, 1.5)
    kinds = tuple(
        "physical" if (f < 120) != (i % 10 == 0) else "abstract"
        for i, f in enumerate(words.frequencies)
    )
    study = word_study(replace(words, kinds=kinds), vectors)
    gaps = {}
    for control in CONTROLS:
        found = alignment_by_kind(study, SPEC, "en", control)
        gaps[control] = float(
            (
                found["precision"].sel(kind="abstract")
                - found["precision"].sel(kind="physical")
            ).mean()
        )
    assert (
        gaps["plain"] > 0.2
        and gaps["down-sampled"] > 0.2
        and abs(gaps["frequency-matched"]) < gaps["down-sampled"] / 2
    )


def test_drawn_kinds_are_equal_in_number_and_what_cannot_be_drawn_is_said(
    turned, monkeypatch
):
    for control in ("down-sampled", "frequency-matched"):
        n = alignment_by_kind(turned, SPEC, "en", control)["n"]
        assert (n.sel(kind="abstract") == n.sel(kind="physical")).all()
    with pytest.raises(StudyError, match="add a column “kind”"):
        alignment_by_kind(
            word_study(replace(WORDS, kinds=()), planted_vectors(WORDS)),
            SPEC,
            "en",
            "plain",
        )
    monkeypatch.setitem(sys.modules, "wordfreq", None)
    found = kind_controls(
        word_study(replace(WORDS, frequencies=()), planted_vectors(WORDS)), SPEC, "en"
    )
    assert (
        "pip install wordfreq" in found["frequency-matched"]
        and found["plain"].sizes["kind"] == 2
    )


def test_split_halves_agree_where_languages_differ_and_not_where_they_do_not():
    words = word_list(300, ("en", "fr", "zh", "es", "pt"))
    vectors = planted_vectors(words)
    rng = np.random.default_rng(1)
    vectors[1:] += np.array([0.3, 0.7, 1.1, 1.6])[:, None, None] * rng.standard_normal(
        vectors[1:].shape
    )
    value, languages = reliability(alignment(word_study(words, vectors), SPEC, "en"))
    assert value > 0.9 and languages == 4
    assert np.isnan(
        reliability(alignment(word_study(WORDS, planted_vectors(WORDS)), SPEC, "en"))[0]
    )
