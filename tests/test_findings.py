"""What a study says: each branch of each finding, on numbers that were made up for it."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from analysis.concepts.specs import CONVENTIONS
from analysis.concepts.transfer import transfer
from analysis.concepts.triangle import Asymmetry, Triangle
from analysis.core.errors import SpecError
from analysis.core.typeset import minus_signs
from analysis.languages.shares import SHARES
from analysis.overview import findings, of_study
from analysis.overview import on_recognition as recognition
from analysis.overview import on_similarity as similarity
from analysis.overview import on_transfer as carried
from analysis.overview import on_words as words
from analysis.overview.direction import Direction, direction
from analysis.overview.finding import (
    CONTRADICTORY,
    DOWN,
    NONE,
    STRENGTHS,
    STRONG,
    UNTOLD,
    UP,
    WEAK,
)
from analysis.overview.on_recognition import Recognised
from analysis.overview.on_similarity import Agreement
from analysis.overview.on_transfer import Carried
from analysis.overview.on_words import Found
from analysis.overview.shares import ShareOrder, in_order_of_share
from analysis.study.published_values import published
from components.figures import transfer as figures
from components.figures.languages import Arrangement
from tests.planted import planted_study

HONEST = CONVENTIONS["honest"]
LONGEST = 150
"""Characters of a sentence that is still taken in at a glance."""
SIXTEEN = Recognised(
    concepts=7,
    best="Chinese",
    highest=86.2,
    chance=50.0,
    above=12,
    tested=16,
)
IN_THREE = ShareOrder(("en", "fr", "zh"), (), SHARES["LLaMA2"])


def read_aloud(sentence: str) -> None:
    """A finding is one short sentence without holes."""
    assert sentence.endswith(".") and sentence[0].isupper()
    assert "nan" not in sentence and "  " not in sentence and " -" not in sentence
    assert len(sentence) <= LONGEST, sentence


@pytest.mark.parametrize(
    ("changes", "strength", "said"),
    [
        ({}, STRONG, "found in 12 of 16 languages, best in Chinese (86.2 %)."),
        ({"above": 16}, STRONG, "found in all 16 languages"),
        ({"above": 3}, WEAK, "found in 3 of 16 languages only"),
        ({"above": 0}, NONE, "found in none of 16 languages"),
        ({"told": 14, "compared": 16}, STRONG, "found in 14 of 16 languages"),
        ({"told": 2, "compared": 16}, CONTRADICTORY, "unrelated vectors do as well"),
        ({"told": 0, "compared": 16}, CONTRADICTORY, "do as well in every one of them"),
        ({"tested": 0, "above": 0}, UNTOLD, "too few numbers to test it"),
        ({"concepts": 1}, STRONG, "The concept is found"),
        (
            {"tested": 1, "above": 1},
            STRONG,
            "found in Chinese, best",
        ),
    ],
)
def test_recognition_says_in_how_many_languages(changes, strength, said):
    verdict = recognition.judge(replace(SIXTEEN, **changes))
    assert verdict.strength == strength and said in verdict.sentence
    read_aloud(verdict.sentence)


@pytest.mark.parametrize(
    ("found", "strength", "said"),
    [
        (
            Agreement(0.9, 3, 0.2, 0.95),
            STRONG,
            "Languages agree: the mean cosine is 0.90",
        ),
        (Agreement(0.3, 3, 0.2, 0.95), WEAK, "agree a little"),
        (Agreement(0.19, 3, 0.2, 0.95), NONE, "no more alike than different concepts"),
        (
            Agreement(0.8, 3, 0.2, 0.44),
            CONTRADICTORY,
            "translations share more than the concept",
        ),
        (Agreement(0.7, 3, 0.2), STRONG, "Languages agree"),
        (Agreement(0.9, 3), UNTOLD, "what different concepts reach is not known"),
    ],
)
def test_similarity_stands_between_a_floor_and_a_ceiling(found, strength, said):
    verdict = similarity.judge(found)
    assert verdict.strength == strength and said in verdict.sentence
    read_aloud(verdict.sentence)


def sides(above: float, below: float, p: float, counts=(3, 1)) -> Direction:
    """Means above and below the diagonal of three languages, with the p of their
    difference and the transfers that lose nothing.
    """
    found = Triangle(counts[0], 3, above, counts[1], 3, below)
    return Direction(IN_THREE, found, Asymmetry(above - below, p, 999, 3))


@pytest.mark.parametrize(
    ("found", "strength", "way", "said"),
    [
        (
            sides(0.2, -4.7, 0.003),
            STRONG,
            DOWN,
            "with more training text carry over; th",
        ),
        (
            sides(-2.0, -4.7, 0.003),
            STRONG,
            DOWN,
            "lose 2.0 points elsewhere, those with",
        ),
        (sides(0.0, -0.5, 0.002), WEAK, DOWN, "those with less lose 0.5 points (p"),
        (
            sides(-4.7, 0.2, 0.003, (0, 2)),
            STRONG,
            UP,
            "with less training text carry ov",
        ),
        (sides(-11.0, -9.2, 0.124), NONE, "", "Neither direction is better"),
        (
            sides(0.2, -4.7, 0.003, (1, 3)),
            CONTRADICTORY,
            DOWN,
            "yet fewer of their tran",
        ),
    ],
)
def test_transfer_says_which_way_it_goes(found, strength, way, said):
    verdict = carried.judge(Carried(-2.0, 4, 6), found)
    assert verdict.strength == strength and verdict.direction == way
    assert said in verdict.sentence and f"p = {found.tilt.p:.3f}" in verdict.sentence
    read_aloud(verdict.sentence)


def test_shares_of_another_model_are_not_this_models_training_text():
    own = sides(0.2, -4.7, 0.003)
    lent = replace(own, order=replace(IN_THREE, stand_in=True))
    said = carried.judge(Carried(-2.0, 4, 6), lent).sentence
    assert "more text in LLaMA2's corpus" in said and "training" not in said
    read_aloud(said)


def test_neither_direction_tells_losses_and_gains_apart():
    every = Carried(-2.0, 4, 6)
    lost = carried.judge(every, sides(-11.0, -9.2, 0.4)).sentence
    assert "vectors lose 11.0 and 9.2 points towards" in lost
    mixed = carried.judge(every, sides(0.4, -0.2, 0.4)).sentence
    assert "vectors gain 0.4 points and lose 0.2 points towards" in mixed


def test_transfer_that_nobody_can_tell_from_chance_has_no_direction():
    verdict = carried.judge(Carried(-2.0, 4, 6, 0, 6), sides(0.2, -4.7, 0.003))
    assert verdict.strength == NONE and verdict.sentence.startswith(
        "Nothing carries over"
    )
    read_aloud(verdict.sentence)


def test_transfer_without_an_order_tells_no_direction():
    unordered = replace(
        sides(0.2, -4.7, 0.003), order=ShareOrder((), ("ar",), SHARES["BLOOM"])
    )
    verdict = carried.judge(Carried(-2.0, 4, 6), unordered)
    assert (
        verdict.strength == UNTOLD
        and "4 of 6 transfers lose nothing" in verdict.sentence
    )
    assert not verdict.direction
    read_aloud(verdict.sentence)


@pytest.mark.parametrize(
    ("changes", "strength", "said"),
    [
        ({}, STRONG, "A map between languages helps: 30.0 %"),
        ({"gain": (-1.0, 3.0)}, WEAK, "makes no difference"),
        ({"gain": (-9.0, -3.0)}, CONTRADICTORY, "hurts"),
        ({"beyond": 0}, NONE, "no more than by chance"),
        ({"gain": (np.nan, np.nan)}, UNTOLD, "too few languages to test"),
    ],
)
def test_words_say_whether_a_map_helps(changes, strength, said):
    usual = Found("English", 30.0, 12.0, (10.0, 26.0), 5, 6)
    verdict = words.judge(replace(usual, **changes))
    assert verdict.strength == strength and said in verdict.sentence
    read_aloud(verdict.sentence)


def test_findings_of_a_study_come_one_by_one_with_their_numbers():
    study = planted_study(concepts=("a", "b", "c"))
    assert findings.abouts(study) == ("recognition", "similarity", "transfer")
    every = findings.findings(study, HONEST)
    first = next(findings.one_by_one(study, HONEST))
    assert first == every[0] == findings.finding(study, HONEST)
    assert findings.finding(study, HONEST, "transfer") == every[2]
    for each in every:
        read_aloud(each.sentence)
        assert each.strength in STRENGTHS and each.statistics.endswith(".")
    with pytest.raises(SpecError, match="finding"):
        findings.finding(study, HONEST, "weather")


def with_shares(study, **facts):
    """The study with these shares in its manifest and no others."""
    none = {"shares": None, "share_percent": None}
    return replace(study, manifest=replace(study.manifest, **none | facts))


def five_languages():
    """A study in five languages, of two of which LLaMA2's share is not known."""
    return with_shares(planted_study(languages=("ar", "fr", "de", "en", "zh")))


def test_the_order_of_findings_is_one_and_says_what_it_is():
    study = five_languages()
    ranked = in_order_of_share(study, study.languages)
    assert ranked.stand_in and ranked.codes == ("en", "fr", "zh")
    assert ranked.left_out == ("ar", "de") and ranked.tells
    assert "LLaMA2's pre-training shares, as this model's are not known" in ranked.words
    assert "3 of 5 languages" in ranked.words
    given = with_shares(study, share_percent={"ar": 60.0, "zh": 30.0, "en": 1.0})
    ranked = in_order_of_share(given, study.languages)
    assert ranked.codes == ("ar", "zh", "en") and not ranked.stand_in
    bloom = with_shares(study, shares="BLOOM")
    ranked = in_order_of_share(bloom, ("fr", "en"))
    assert ranked.words == "pre-training share (BLOOM)" and not ranked.tells
    ranked = in_order_of_share(bloom, ("fr", "en", "de"))
    assert ranked.words.endswith("share (BLOOM; 2 of 3 languages have one)")
    qwen = in_order_of_share(with_shares(study, shares="Qwen (order only)"), ("zh",))
    assert qwen.words == "assumed pre-training share of Qwen"


def test_findings_the_figure_and_the_table_speak_of_the_same_order():
    study = five_languages()
    data = transfer(study, HONEST)
    found = direction(study, data.transfer)
    number = f"{found.tilt.index:+z.2f}"
    said = findings.finding(study, HONEST, "transfer").statistics
    row = of_study.triangle(study, HONEST).iloc[0]
    by_name = Arrangement(order="name").languages(study, study.languages)
    drawn = figures.matrix(study, data, by_name, HONEST).caption
    assert row["order"] == found.order.words and f"{row['index']:+z.2f}" == number
    for text in (said, drawn):
        assert "3 of 5 languages have one" in text
        assert minus_signs(number) in minus_signs(text)


def test_a_direction_of_published_numbers_is_that_of_the_whole_matrix():
    study = published()["llama2-chat-7b"]
    said = findings.finding(study, HONEST, "transfer")
    assert said.direction == DOWN and said.strength == WEAK
    assert "34 of 66" in said.statistics and "p = 0.002" in said.sentence
    assert "have one" not in said.statistics


def test_minus_signs_are_set_before_numbers_only():
    assert minus_signs("-0.5 to -0.2, q -1") == "−0.5 to −0.2, q −1"
    assert minus_signs("zh-2, 4-bit, 2020-11-28, 1-2") == "zh-2, 4-bit, 2020-11-28, 1-2"


def test_a_gain_of_words_has_its_interval_over_languages():
    stages, codes = ["before", "after"], ["fr", "de", "zh"]
    share = np.array([[0.1, 0.3], [0.1, 0.35], [0.2, 0.4]])
    found = xr.Dataset(
        {
            "precision": (("language", "stage"), share),
            "low": (("language", "stage"), share - 0.05),
            "chance": ("language", [0.01, 0.01, 0.5]),
        },
        {"language": codes, "stage": stages},
    )
    read = words.read(found, "English")
    assert read.beyond == 2 and read.languages == 3
    assert read.gain[0] == pytest.approx(21.67 - 7.17, abs=0.05)
