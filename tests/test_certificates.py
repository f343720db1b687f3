"""The certificate of invariance says what was planted, by its rules."""

import numpy as np
import pytest

from analysis.certificates import behaviour, invariance, rules
from analysis.certificates.rules import (
    AGREEMENT,
    FAILS,
    FROM,
    HOLDS,
    INVARIANT,
    MOVED,
    OPEN,
    PART,
    PARTLY,
    RULES,
    SPECIFIC,
    UNDECIDED,
    UNTESTED,
    Value,
)
from analysis.core.errors import SpecError
from analysis.overview import registry
from analysis.study import library
from benchmarks.certificates import CONCEPTS, KINDS, LANGUAGES, certified, planted
from components.figures.gallery import draw
from components.figures.spec import Matrix
from tests.planted import planted_study

STUDIES, MOST_WRONG = 4, 1
"""Of four studies of a kind at most one may be wrong: rules that are right 99 times of
100 fail this once in 1,700 kinds (6 · 0.01²), rules that are right half the time pass all
eight kinds once in 90,000 (0.31 each).
"""


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_planted_is_said(kind):
    truth = KINDS[kind]
    verdicts = [certified(truth, seed).overall for seed in range(STUDIES)]
    wrong = [verdict for verdict in verdicts if verdict not in truth.right]
    assert len(wrong) <= MOST_WRONG, verdicts
    if INVARIANT not in truth.right:
        assert INVARIANT not in wrong


def test_languages_that_part_are_named():
    made = certified(KINDS["two apart"], 3)
    for language, verdict in zip(LANGUAGES[-2:], made.verdicts[-3:-1]):
        assert verdict in (PARTLY, SPECIFIC), language
        place = LANGUAGES.index(language)
        assert made.outcomes[place][AGREEMENT] == FAILS


def test_without_pushing_it_is_told_and_does_not_stand_in_the_way():
    made = certified(KINDS["shared"], 0, pushed=False)
    assert made.overall == INVARIANT
    assert {each[MOVED] for each in made.outcomes} == {UNTESTED}
    unused = certified(KINDS["unused"], 0, pushed=False)
    assert unused.overall == INVARIANT
    assert certified(KINDS["unused"], 0).overall == PARTLY


def all_hold() -> dict[str, str]:
    """Outcomes of a direction that is shared in all respects."""
    return {rule.name: HOLDS for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_no_verdict_rests_on_one_number(rule):
    assert rules.verdict(True, all_hold()) == INVARIANT
    assert rules.verdict(False, all_hold()) == UNDECIDED
    one_fails = all_hold() | {rule.name: FAILS}
    assert rules.verdict(True, one_fails) == PARTLY
    one_open = all_hold() | {rule.name: OPEN}
    assert rules.verdict(True, one_open) == (UNDECIDED if rule.needed else INVARIANT)
    only_one = dict.fromkeys(all_hold(), OPEN) | {rule.name: HOLDS}
    assert rules.verdict(True, only_one) == UNDECIDED


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Value(0.9, 0.61, 1.2), HOLDS),
        (Value(0.1, -0.2, 0.39), FAILS),
        (Value(0.5, 0.2, 0.8), PART),
        (Value(0.5, 0.2, 0.95), OPEN),
        (Value(0.5, float("nan"), float("nan")), OPEN),
    ],
)
def test_outcomes_are_of_whole_intervals(value, said):
    assert rules.outcome(value) == said


def test_specific_takes_directions_and_readings():
    outcomes = dict.fromkeys(all_hold(), OPEN) | {AGREEMENT: FAILS}
    assert rules.verdict(True, outcomes) == PARTLY
    both = outcomes | {FROM: FAILS, "to_others": PART}
    assert rules.verdict(True, both) == SPECIFIC


def test_one_language_that_is_its_own_ends_invariance_over_all():
    rest = [INVARIANT] * 9
    assert rules.overall(INVARIANT, [*rest, PARTLY], 10) == INVARIANT
    assert rules.overall(INVARIANT, [*rest[:6], *[PARTLY] * 4], 10) == PARTLY
    assert rules.overall(INVARIANT, [*rest, SPECIFIC], 10) == PARTLY
    few = [*rest[:4], *[UNDECIDED] * 6]
    assert rules.overall(INVARIANT, few, 10) == UNDECIDED
    assert rules.overall(INVARIANT, [*rest, UNDECIDED], 4) == UNDECIDED
    assert rules.overall(SPECIFIC, [INVARIANT, *[SPECIFIC] * 9], 10) == PARTLY


def test_a_study_is_certified_with_labels():
    study = planted(KINDS["shared"], 1)
    found = registry.run("certificate", study, concept=CONCEPTS[0])
    assert found["language"].values.tolist() == [*LANGUAGES, "all"]
    assert set(found["verdict"].values) == {INVARIANT}
    assert found["outcome"].sel(evidence=MOVED).values.tolist() == [UNTESTED] * 9
    known = found.sel(language="all")
    assert float(known["floor_concepts"]) < float(known["cosine"]) <= 1
    assert float(known["cosine"]) == pytest.approx(float(known["ceiling"]), abs=0.05)
    fixed = registry.run("certificate", study, concept=CONCEPTS[1], layer=2)
    assert fixed.attrs["layer"] == 2


def test_pushing_that_is_missing_of_a_language_is_not_known():
    pushed = behaviour.Pushed(np.full((4, 4, 6), np.nan), np.full((4, 3), np.nan))
    assert not pushed.moved.any()
    among = np.ones(4, bool)
    assert np.isnan(behaviour.moved_by_others(pushed, 0, among).low)
    assert np.isnan(behaviour.over_targets(pushed, among).low)


def test_too_few_languages_and_strange_wishes_are_sentences():
    study = planted(KINDS["shared"], 1)
    with pytest.raises(SpecError, match="needs at least 4"):
        invariance.certificate(planted_study(), "fairness")
    with pytest.raises(SpecError, match="layer"):
        invariance.certificate(study, CONCEPTS[0], 99)
    with pytest.raises(SpecError, match="concept"):
        invariance.certificate(study, "beauty")
    with pytest.raises(SpecError, match="no study of the same model"):
        invariance.certificate(study, CONCEPTS[0], 0, ("nope",))


def test_the_real_study_is_certified_and_drawn():
    study = library.open_by_name("gemma-3-270m")
    figure = draw(study, "certificate", concept="fairness")
    assert "Not tested:" in figure.caption and "others push it" in figure.caption
    assert isinstance(figure.data, Matrix)
    assert len(figure.data.rows) == 21 and figure.data.rows[-1].startswith("all")
    assert set(figure.table["verdict"]) <= set(rules.VERDICTS)
