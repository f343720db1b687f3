"""The second triangle: who pushes at which prompts, and effects with a planted truth."""

import numpy as np
import pytest

from analysis.concepts import corpora
from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.concepts.specs import StudySpec
from analysis.control.judging import VERDICTS as JUDGED
from analysis.core.errors import SpecError
from analysis.core.specs import ModelSpec
from analysis.pushing.held_out import FIRST, SECOND, WHOLE, HeldOut, held_out
from analysis.pushing.prompts import (
    FACTS,
    FOLLOWED,
    READOUTS,
    REFUSALS,
    REFUSED,
    SHARE,
    VERDICTS,
    Asked,
    of_cell,
)
from analysis.pushing.specs import PAIRS, PushingSpec

MODEL = ModelSpec("tiny")
CODES = ("en", "fr")


def made_up(pairs: int = 40) -> Corpus:
    """Pairs in two languages; two of each three have a source of their own."""
    found = []
    for code in CODES:
        for number in range(pairs):
            one = ContrastPair(
                pair=f"p{number}",
                concept="c",
                language=code,
                positive=f"{code} {number} is good",
                negative=f"{code} {number} is bad",
                source=f"s{number - number // 3 % 2}",
            )
            found.append(one)
    return Corpus("made up", tuple(found))


def spec_of(corpus: Corpus, split: str) -> StudySpec:
    """The spec of a study of these pairs."""
    return StudySpec(MODEL, corpus.name, corpus.digest, ("c",), CODES, split=split)


def asked(corpus: Corpus, held: HeldOut, prompts: int = 6) -> Asked:
    """What prompts are made of."""
    concept = corpus.concepts[0]
    return Asked(corpus, concept, held, CODES, prompts, seed=1)


def test_no_vector_pushes_at_a_pair_that_made_it() -> None:
    """Halves hold out in turn; whole vectors push only at what every language held out."""
    corpus = made_up()
    halves = held_out(corpus, spec_of(corpus, "5 folds"), "c", CODES, 6)
    assert halves.halves
    used = set()
    for prompt in of_cell(PAIRS, asked(corpus, halves), "fr"):
        group = halves.groups[prompt.pair]
        array = halves.array_for("en", prompt.pair)
        used.add(array)
        in_first = group in halves.made_from["en"].first
        assert array == (SECOND if in_first else FIRST)
    assert used == {FIRST, SECOND}
    whole = held_out(corpus, spec_of(corpus, "by pair"), "c", CODES, 4)
    assert not whole.halves
    prompts = of_cell(PAIRS, asked(corpus, whole, 4), "fr")
    for prompt in prompts:
        assert not whole.is_trained(whole.groups[prompt.pair])
        assert whole.array_for("en", prompt.pair) == WHOLE


def test_prompts_are_the_same_pairs_in_every_language_and_one_of_each_source() -> None:
    """So that cells differ by language, and prompts are independent."""
    corpus = made_up()
    held = held_out(corpus, spec_of(corpus, "5 folds"), "c", CODES, 6)
    by_target = {}
    for code in CODES:
        by_target[code] = of_cell(PAIRS, asked(corpus, held), code)
    english, french = by_target["en"], by_target["fr"]
    assert [each.name for each in english] == [each.name for each in french]
    assert len({held.groups[each.pair] for each in english}) == len(english) == 6
    assert english[0].first[0].startswith("en")
    assert english[0].first[0].endswith("good")


def test_requests_that_made_the_vector_are_held_out_too() -> None:
    """A request that is also a contrast pair is known as that pair."""
    corpus = corpora.load(corpora.OWN_REQUESTS)
    spec = StudySpec(MODEL, corpus.name, corpus.digest, corpus.concepts, CODES)
    held = held_out(corpus, spec, corpus.concepts[0], CODES, 10**6)
    prompts = of_cell(REFUSALS, asked(corpus, held), "fr")
    assert len(prompts) == 6
    for prompt in prompts:
        assert held.array_for("fr", prompt.pair) != held.array_for("fr", "")
        assert not prompt.second
    facts = of_cell(FACTS, asked(corpus, held), "fr")
    assert {held.array_for("fr", prompt.pair) for prompt in facts} == {WHOLE}


def test_verdicts_are_words_of_every_language_shown_by_other_pairs() -> None:
    """Good and bad statements in turn, held out, each with a good and a bad verdict."""
    corpus = made_up()
    held = held_out(corpus, spec_of(corpus, "by pair"), "c", CODES, 4)
    prompts = of_cell(VERDICTS, asked(corpus, held, 4), "fr")
    ends = []
    for prompt in prompts:
        (good,), (bad,) = prompt.first, prompt.second
        assert good.endswith("\nbon") and bad.endswith("\nmauvais")
        shown, statement = good.split("\n\n")[:-1], good.split("\n\n")[-1]
        assert [each.split("\n")[1] for each in shown] == ["bon", "mauvais"]
        assert not any(statement.split("\n")[0] in each for each in shown)
        assert not held.is_trained(held.groups[prompt.pair])
        ends.append(statement.split("\n")[0].split()[-1])
    assert ends == ["bad", "good", "bad", "good"]
    with pytest.raises(SpecError, match="no words in “xx”"):
        of_cell(VERDICTS, asked(corpus, held, 4)._replace(targets=("xx",)), "xx")


def test_verdicts_are_sentences_where_the_concept_has_them() -> None:
    """Those of our small world, in all the languages that are pushed in or in none."""
    corpus = corpora.load(corpora.VALUES)
    spec = StudySpec(MODEL, corpus.name, corpus.digest, ("fairness",), CODES)
    held = held_out(corpus, spec, "fairness", CODES, 4)
    known = Asked(corpus, "fairness", held, CODES, 4, seed=1)
    (prompt, *_) = of_cell(VERDICTS, known, "en")
    (good,), (bad,) = prompt.first, prompt.second
    assert good != bad and "\n" not in good
    (prompt, *_) = of_cell(VERDICTS, known._replace(targets=("en", "de")), "en")
    assert prompt.first[0].endswith("\ngood")


def test_rates_ask_the_requests_and_name_the_verdict_that_counts() -> None:
    """The same held-out requests as those whose refusals are read."""
    corpus = corpora.load(corpora.OWN_REQUESTS)
    spec = StudySpec(MODEL, corpus.name, corpus.digest, corpus.concepts, CODES)
    held = held_out(corpus, spec, corpus.concepts[0], CODES, 10**6)
    read = of_cell(REFUSALS, asked(corpus, held), "fr")
    for name in (FOLLOWED, REFUSED):
        written = of_cell(name, asked(corpus, held), "fr")
        assert [each.question for each in written] == [each.question for each in read]
        assert not any(each.first or each.second for each in written)
        assert all(each.letters for each in written)
        assert READOUTS[name].verdict in JUDGED and READOUTS[name].units == SHARE


def test_what_cannot_be_pushed_is_said() -> None:
    """One sentence each, with what is allowed."""
    with pytest.raises(SpecError, match="above 0 and at most 1; given: 2"):
        PushingSpec(MODEL, strengths=(2.0,))
    with pytest.raises(SpecError, match="weak to strong"):
        PushingSpec(MODEL, strengths=(0.1, 0.05))
    with pytest.raises(SpecError, match="at least 3 prompts"):
        PushingSpec(MODEL, prompts=1)
    corpus = made_up()
    held = held_out(corpus, spec_of(corpus, "5 folds"), "c", CODES, 6)
    with pytest.raises(SpecError, match="There are no facts in “xx”"):
        of_cell(FACTS, asked(corpus, held), "xx")
    with pytest.raises(SpecError, match="readout"):
        of_cell("nothing", asked(corpus, held), "fr")
    assert set(READOUTS) == {PAIRS, FACTS, REFUSALS, VERDICTS, FOLLOWED, REFUSED}
    assert np.isfinite(PushingSpec(MODEL).strengths).all()
