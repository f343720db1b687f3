"""What the plane decides: classes of local answers, and choices told on other items."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.core.errors import AnalysisError
from analysis.plane import localisation, nested, reachable, several
from analysis.plane.reachable import Asked, Change
from components.figures import plane_choices
from components.figures.spec import Arrows
from tests.asking import LOCAL_LAYER, TRANSFER_LAYER, questions
from tests.test_plane import swept

SEEDS = 200
LANGUAGES, ITEMS = 4, 40
SETTINGS = 17


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A plane of the planted answerer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BABELSCOPE_HOME", str(tmp_path_factory.mktemp("decided")))
        yield swept("decided", given=questions(items=72))


def coins(rng, share, shape=(LANGUAGES, ITEMS)):
    """Answers that are right by chance."""
    return (rng.random(shape) < share).astype(float)


def asked_noise(rng):
    """Answers that do not depend on one another."""
    return Asked(*(coins(rng, 0.5) for _ in range(4)))


def verdict_of(asked, random):
    """The verdict on answers, and what comes back."""
    lost = reachable.lost_more(asked, random)
    back, _ = reachable.back_more(asked, np.full(asked.both.shape, 0.25))
    return reachable.verdict(lost, back)


def planted(rng, back):
    """Answers known to most, half of them lost by steering; ``back`` share returns.

    Random pushes lose a tenth.
    """
    known = coins(rng, 0.6)
    steered = known * coins(rng, 0.4)
    returned = np.where((known == 1) & (steered == 0), coins(rng, back), 0.0)
    both = np.where(steered == 1, 1.0, returned)
    random = known * coins(rng, 0.9, (3, LANGUAGES, ITEMS))
    return Asked(known, known, steered, both), random


def test_noise_is_seldom_out_of_reach_and_planted_truths_are_found():
    wrong, found, gone = 0, 0, 0
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        noise = coins(rng, 0.5, (3, LANGUAGES, ITEMS))
        asked = asked_noise(rng)
        wrong += verdict_of(asked, noise) in (reachable.REACHABLE, reachable.ERASED)
        found += verdict_of(*planted(rng, 0.8)) == reachable.REACHABLE
        gone += verdict_of(*planted(rng, 0.02)) == reachable.ERASED
    assert wrong <= 0.05 * SEEDS
    assert found >= 0.95 * SEEDS
    assert gone >= 0.95 * SEEDS


def test_what_comes_back_no_more_than_by_itself_is_no_recovery():
    """Lost answers and those that were never local turn local equally often."""
    wrong = 0
    for seed in range(SEEDS):
        rng = np.random.default_rng(1000 + seed)
        known = coins(rng, 0.5)
        steered = known * coins(rng, 0.3)
        asked = Asked(known, known, steered, coins(rng, 0.5))
        back, against = reachable.back_more(asked, np.full(known.shape, 0.25))
        assert against == reachable.NEVER
        wrong += back.low > 0 or back.high < 0
    assert wrong <= 0.07 * SEEDS


def test_few_that_were_never_local_are_replaced_by_guessing():
    known = np.ones((2, 10))
    asked = Asked(known, known, 0 * known, known)
    back, against = reachable.back_more(asked, np.full((2, 10), 0.25))
    assert against == reachable.GUESSING
    assert back.change == pytest.approx(0.75) and back.low > 0 and back.n == 20


def test_classes_sum_to_one_and_are_the_planted_ones():
    lead = np.array([[5.0, 5, 5, -5, -5]])
    named = np.array([[5.0, 5, 5, 5, -5]])
    steered = np.array([[5.0, -5, -5, -5, -5]])
    both = np.array([[5.0, 5, -5, -5, -5]])
    sure = reachable.likely(Asked(lead, named, steered, both), 1.0)
    shares = reachable.class_shares(sure)
    np.testing.assert_allclose(shares.sum(0), 1)
    found = reachable.decided(shares, np.isfinite(lead))
    order = (0, 2, 3, 1, 4)
    assert found[0].tolist() == [reachable.CLASSES[place] for place in order]
    unsure = reachable.class_shares(
        reachable.likely(Asked(lead, named, steered, both), 50.0)
    )
    np.testing.assert_allclose(unsure.sum(0), 1)
    decided = reachable.decided(unsure, np.isfinite(lead))
    assert set(decided.ravel()) == {reachable.UNDECIDED}


def test_where_steering_was_not_tried_nothing_is_lost():
    known, nan = np.ones((1, 2)), np.full((1, 2), np.nan)
    shares = reachable.class_shares(Asked(known, nan, nan, nan))
    assert shares[:, 0, 0].tolist() == [1, 0, 0, 0, 0]
    assert reachable.lost_more(Asked(known, nan, nan, nan), nan[None]).n == 0


def test_classes_of_a_study_are_those_that_were_planted(study):
    table = reachable.answer_table(study)
    easy = table["item"].str[1:].astype(int) // 2 % 3 == 0
    steered = table["language"] != "en"
    assert set(table.loc[~easy, "likeliest"]) == {reachable.WHEN_NAMED}
    assert set(table.loc[easy & ~steered, "likeliest"]) == {reachable.KEPT}
    assert set(table.loc[easy & steered, "likeliest"]) == {reachable.RECOVERABLE}
    whole = reachable.class_table(study).query("language == 'all'")
    assert whole["share"].sum() == pytest.approx(1)
    assert (whole["low"] <= whole["share"]).all()
    found = reachable.reach(study)
    assert found.verdict == reachable.REACHABLE and found.naming.low > 0
    assert found.lost.change > 0.5 and found.against == reachable.GUESSING


def test_countries_have_rows_of_their_own(study, monkeypatch):
    monkeypatch.setattr(reachable, "find_questions", lambda digest: questions(items=72))
    table = reachable.by_country(study)
    assert table["language"].tolist() == ["en", "fr", "sw"]
    assert set(table["country"]) == {"there"} and (table["named"] == 1).all()
    assert (table["unnamed low"] < table["unnamed"]).all()


def changes(rng, gains=None, items=ITEMS):
    """Changes (axis, setting, language, item) of answers that steering shuffles.

    ``gains``: (axis, setting) share of items that come right beyond chance.
    """
    shape = (2, SETTINGS, LANGUAGES, items)
    before = coins(rng, 0.4, (2, 1, LANGUAGES, items))
    share = np.full((2, SETTINGS), 0.4) if gains is None else 0.4 + gains
    drawn = (rng.random(shape) < share[..., None, None]).astype(float)
    kept = rng.random(shape) < 0.5
    after = np.where(kept & (share[..., None, None] <= 0.4), before, drawn)
    return after - before


def folded(rng, gains=None):
    """Items with half of them to choose on and five parts to report."""
    half = np.arange(ITEMS) % 2
    names = np.array([f"item-{place}" for place in range(ITEMS)])
    fold = nested.folds(names, half)
    return nested.Items(changes(rng, gains), np.stack([fold, fold]))


def test_the_nested_choice_finds_nothing_in_noise_and_the_flattered_one_does():
    wrong, covered, flattered = 0, 0, 0
    candidates = list(range(1, SETTINGS))
    for seed in range(SEEDS):
        found = folded(np.random.default_rng(seed))
        chosen = nested.chosen_in_turn(found, candidates)
        gains = nested.gains_of(chosen.changes)
        wrong += gains.pareto_ends.low > 0
        covered += all(each.low <= 0 <= each.high for each in gains.ends)
        reported = np.where(found.fold[:, None, None] > 0, found.changes, np.nan)
        best = nested.chosen_once(found, nested.best_of(reported, candidates))
        flattered += nested.gains_of(best.changes).pareto > 0.02
    assert wrong <= 0.025 * SEEDS
    assert covered >= 0.88 * SEEDS  # two intervals of 95 % each
    assert flattered >= 0.5 * SEEDS, "what flatters must show, or nothing was tested"


def test_a_setting_that_gains_on_both_axes_is_chosen_and_told():
    gains = np.zeros((2, SETTINGS))
    gains[:, 5] = 0.45
    gains[0, 7] = 0.6  # better in transfer alone, which is no Pareto gain
    right = 0
    for seed in range(50):
        found = folded(np.random.default_rng(seed), gains)
        chosen = nested.chosen_in_turn(found, list(range(1, SETTINGS)))
        told = nested.gains_of(chosen.changes)
        right += set(chosen.settings) == {5} and told.pareto_ends.low > 0
    assert right >= 48


def test_no_reported_item_is_chosen_on():
    """Each fold's choice stays when only its own items change."""
    rng = np.random.default_rng(3)
    found = folded(rng)
    candidates = list(range(1, SETTINGS))
    before = nested.chosen_in_turn(found, candidates).settings
    for fold in range(1, nested.FOLDS + 1):
        inside = found.fold == fold
        other = np.where(inside[:, None, None], -found.changes, found.changes)
        after = nested.chosen_in_turn(nested.Items(other, found.fold), candidates)
        assert after.settings[fold - 1] == before[fold - 1]
    assert set(found.fold[0]) == set(range(nested.FOLDS + 1))
    assert (found.fold[0][np.arange(ITEMS) % 2 == 0] == 0).all()


def test_the_planted_depths_are_chosen_on_other_items(study):
    table = nested.nested_choice(study).set_index("choice")
    ours = table.loc[nested.TWO_DEPTHS]
    assert f"at layer {TRANSFER_LAYER}" in ours["setting"]
    assert f"at layer {LOCAL_LAYER}" in ours["setting"] and ours["pareto low"] > 0
    assert not table.loc[nested.ENGLISH, "pareto"] > 0
    assert table.loc[nested.TWO_DEPTHS, "more gain"] == 0
    assert table.loc[nested.LOCAL, "more gain low"] > 0
    assert set(nested.FIXED) < set(table.index)


def test_unknown_ends_are_not_hidden():
    found = nested.gains_of(np.full((2, 3, 2), 1.0))
    assert np.isnan(found.pareto_ends).all()


def test_several_models_stand_on_what_they_share(study):
    alone = several.together([study], "English")
    assert len(alone) == 1 and not alone["shared"].any()
    both = several.together([study, study], "English")
    assert both["shared"].all() and both["gain"].nunique() == 1
    place = localisation.chosen_settings(study)["English"]
    assert both["gain"].iloc[0] == pytest.approx(localisation.effect(study, place).gain)
    with pytest.raises(AnalysisError, match="has not tried"):
        several.together([study], "sideways")


def test_intervals_of_several_models_end_where_shares_end(study):
    table = several.together([study, study], "English")
    wide = table.assign(**{"gain low": -2.0, "local high": 2.0})
    drawn = plane_choices.models(study, wide, "English").data
    assert isinstance(drawn, Arrows)
    assert (drawn.intervals[:, 0, 0] == 0).all()
    assert (drawn.intervals[:, 1, 1] == 1).all()
    inside = table["transfer before"] + table["gain high"]
    assert drawn.intervals[:, 0, 1] == pytest.approx(np.clip(inside, 0, 1))


def test_items_of_other_questions_are_not_shared_whatever_they_are_called(study):
    plane = study.manifest.plane
    strange = replace(plane, spec={**plane.spec, "questions_digest": "another"})
    other = replace(study, manifest=replace(study.manifest, plane=strange))
    table = several.together([study, other], "English")
    assert not table["shared"].any() and table["universal"].nunique() == 1
    assert several.common([study, other], "English").languages == ()


def test_fewer_languages_of_one_study_limit_all(study):
    plane = study.manifest.plane
    fewer = tuple(each for each in plane.prompts if each[1] not in ("u1", "c1"))
    assert len(fewer) < len(plane.prompts)
    limits = several.Common(("fr",), frozenset(map(tuple, fewer)))
    row = several.row_of(study, "English", None, limits)
    assert row["languages"] == 1
    assert row["universal"] == sum(kind == "universal" for kind, _ in fewer)


def test_a_verdict_follows_its_rules():
    def change(low, high):
        return Change((low + high) / 2, low, high, 9)

    sure, unsure = change(0.1, 0.5), change(-0.1, 0.5)
    assert reachable.verdict(sure, sure) == reachable.REACHABLE
    assert reachable.verdict(sure, change(-0.2, 0.2)) == reachable.ERASED
    assert reachable.verdict(sure, unsure) == reachable.UNDECIDED
    assert reachable.verdict(unsure, sure) == reachable.UNDECIDED
    assert reachable.verdict(change(-0.1, 0.1), sure) == reachable.ALIKE
