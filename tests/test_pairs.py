"""Corpora of contrast pairs, and splits that do not leak."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.concepts.pairs import (
    FOLDS,
    SPLITS,
    ContrastPair,
    Corpus,
    Split,
    clusters,
    leaked_pairs,
    split_pairs,
)
from analysis.core.errors import CorpusError, SpecError


def planted(
    languages="en fr zh", pairs=40, per_source=1, concept="fairness", lacking=None
) -> Corpus:
    """A corpus of one concept whose translations are numbered alike.

    ``lacking`` are (language, pair) to leave out.
    """
    cells = [
        (code, i)
        for code in languages.split()
        for i in range(pairs)
        if (code, str(i)) not in (lacking or ())
    ]
    made = (
        ContrastPair(
            str(i),
            concept,
            code,
            f"good {code} {i}",
            f"bad {code} {i}",
            f"item {i // per_source}" if per_source > 1 else "",
        )
        for code, i in cells
    )
    return Corpus("planted", tuple(made))


def test_corpus_knows_its_contents():
    corpus = planted("zh en", 12, lacking={("en", "3"), ("en", "11")})
    assert corpus.languages == ("en", "zh") and corpus.concepts == ("fairness",)
    assert corpus.coverage().sel(concept="fairness", language="en") == 10
    assert corpus.coverage().sel(concept="fairness", language="zh") == 12
    assert corpus.missing() == {("fairness", "en"): ["3", "11"]}
    assert [pair.pair for pair in corpus.select("fairness", "zh")] == [
        str(i) for i in range(12)
    ]
    assert corpus.select("fairness", "fr") == ()


def test_digest_depends_on_pairs_alone():
    corpus = planted()
    assert len(corpus.digest) == 16 and int(corpus.digest, 16) >= 0
    assert Corpus("other", corpus.pairs[::-1], ("note",)).digest == corpus.digest
    changed = (replace(corpus.pairs[0], negative="worse"), *corpus.pairs[1:])
    assert Corpus("planted", changed).digest != corpus.digest


def test_an_empty_corpus_has_an_empty_coverage():
    assert Corpus("empty", ()).coverage().shape == (0, 0)


def given(corpus: Corpus) -> Corpus:
    """The corpus with a split of its own: every fourth pair is held out."""
    pairs = (
        replace(pair, split="test" if int(pair.pair) % 4 == 0 else "train")
        for pair in corpus.pairs
    )
    return Corpus(corpus.name, tuple(pairs))


@pytest.mark.parametrize("method", SPLITS)
def test_splits_divide_what_exists(method):
    corpus = given(planted(lacking={("fr", "3"), ("fr", "8")}))
    for language in corpus.languages:
        train, test = split_pairs(corpus, method, "fairness", language, 1)
        ids = [pair.pair for pair in corpus.select("fairness", language)]
        assert (
            set(train) | set(test) == set(ids)
            and (method in FOLDS or not set(train) & set(test))
            and train
            and test
        )
        assert split_pairs(corpus, method, "fairness", language, 1) == (train, test)
        assert list(train) == [i for i in ids if i in train]
        shuffled = Corpus(
            "other order",
            tuple(random.Random(0).sample(corpus.pairs, len(corpus.pairs))),
        )
        assert split_pairs(shuffled, method, "fairness", language, 1) == (train, test)


def test_by_pair_holds_out_a_fifth_and_depends_on_the_seed():
    corpus = planted(pairs=100)
    splits = [
        split_pairs(corpus, "by pair", "fairness", "en", seed) for seed in range(5)
    ]
    assert {len(test) for _, test in splits} == {20} and len(
        {test for _, test in splits}
    ) == 5


def test_only_the_papers_split_leaks_when_languages_have_different_pairs():
    corpus = given(
        planted(lacking={("fr", "3"), *(("zh", str(i)) for i in range(8, 18))})
    )
    assert (
        leaked_pairs(corpus, "by pair", "fairness", 1)
        == 0
        == leaked_pairs(corpus, "as given", "fairness", 1)
    )
    assert leaked_pairs(corpus, "the papers'", "fairness", 1) > 5
    assert leaked_pairs(planted(), "the papers'", "fairness", 1) == 0


def test_leaks_counts_planted_leaks():
    pairs = [
        ContrastPair(str(i), "a", code, "x", "y", "", side)
        for i in range(4)
        for code, side in (("en", "train"), ("fr", "train"))
    ]
    pairs[0] = replace(pairs[0], split="test")
    pairs[5] = replace(pairs[5], split="test")

    def by_row(corpus, concept, language, seed):
        cell = corpus.select(concept, language)
        return Split(
            *(
                tuple(pair.pair for pair in cell if pair.split == side)
                for side in ("train", "test")
            )
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SPLITS, "by row", by_row)
        assert leaked_pairs(Corpus("leaky", tuple(pairs)), "by row", "a", 1) == 2


def test_the_papers_split_is_pythons_shuffle_of_the_file():
    corpus = planted(pairs=23)
    ids = [str(i) for i in range(23)]
    random.Random(1).shuffle(ids)
    train, test = split_pairs(corpus, "the papers'", "fairness", "en", 1)
    assert set(train) == set(ids[:18]) and set(test) == set(ids[18:])


@pytest.mark.parametrize("seed", range(5))
def test_siblings_are_never_divided(seed):
    corpus = planted(pairs=60, per_source=4, lacking={("fr", "5")})
    parts = {
        code: split_pairs(corpus, "by pair", "fairness", code, seed)
        for code in corpus.languages
    }
    sides = {"train": set(), "test": set()}
    for train, test in parts.values():
        sides["train"] |= {int(i) // 4 for i in train}
        sides["test"] |= {int(i) // 4 for i in test}
    assert not sides["train"] & sides["test"] and len(sides["test"]) == 3


def test_sources_named_in_one_language_bind_all():
    pairs = [ContrastPair(str(i), "a", "en", "x", "y", f"s{i // 2}") for i in range(6)]
    pairs += [
        ContrastPair(str(i), "a", "fr", "x", "y", f"t{(i + 1) // 4}") for i in range(8)
    ]
    corpus = Corpus("c", tuple(pairs))
    # en binds 0-1, 2-3, 4-5; fr binds 0-1-2 and 3-4-5-6 and leaves 7 alone: all but 7 are linked.
    assert clusters(corpus, "a", ("0", "3", "6", "7")) == (0, 0, 0, 1)


def test_clusters():
    assert clusters(
        planted(pairs=6, per_source=2), "fairness", ("5", "0", "4", "1")
    ) == (2, 0, 2, 0)
    assert len(set(clusters(planted(pairs=6), "fairness", tuple("012345")))) == 6
    with pytest.raises(SpecError, match="“99”"):
        clusters(planted(), "fairness", ("99",))


def test_large_sources_still_leave_pairs_to_hold_out():
    train, test = split_pairs(
        planted(pairs=6, per_source=3), "by pair", "fairness", "en", 1
    )
    assert len(train) == len(test) == 3


@pytest.mark.parametrize(("pairs", "held"), [(3, 1), (8, 2), (28, 6)])
def test_as_many_pairs_are_held_out_as_the_docs_say(pairs, held):
    sizes = []
    for number in (pairs - 1, pairs):
        corpus = planted(pairs=number)
        sizes.append(len(split_pairs(corpus, "by pair", "fairness", "en", 1).test))
    assert sizes[1] == held and (sizes[0] < held or pairs == 3)
    page = Path(__file__).parents[1] / "docs" / "bring-your-own.md"
    assert f"\n- {pairs} pairs" in page.read_text("utf-8")


def test_splits_that_cannot_be():
    with pytest.raises(SpecError, match="Did you mean “by pair”"):
        split_pairs(planted(), "by pairs", "fairness", "en", 1)
    with pytest.raises(SpecError, match="Did you mean “fairness”"):
        split_pairs(planted(), "by pair", "fairnes", "en", 1)
    with pytest.raises(SpecError, match="language"):
        split_pairs(planted(), "by pair", "fairness", "sw", 1)
    with pytest.raises(CorpusError, match="6 training and 0 held-out pairs .* so 3 "):
        split_pairs(planted(pairs=6, per_source=6), "by pair", "fairness", "en", 1)
    with pytest.raises(CorpusError, match="gives no split for 120 of 120"):
        split_pairs(planted(), "as given", "fairness", "en", 1)
