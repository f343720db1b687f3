"""An answer in words takes the option that it says, in any script, and no other."""

from unicodedata import normalize

import pytest

from analysis.plane.written_answers import matched


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("Bread.", 1),
        ("bread", 1),
        ("B", 2),
        ("It is rice!", 2),
        ("brown rice", 3),
        ("bread or rice", 0),
        ("soup", 0),
        ("", 0),
    ],
)
def test_answers_are_matched(text, option):
    assert matched(text, ("bread", "rice", "brown rice")) == option


@pytest.mark.parametrize(
    ("text", "options", "option"),
    [
        ("பில்", ("பால்", "பில்"), 2),
        ("కీఫా", ("కాఫీ", "కీఫా"), 2),
        (normalize("NFD", "Tôi chọn phở."), ("cơm", "phở"), 2),
        ("5", ("-5", "5"), 2),
        ("It is −5.", ("5", "-5"), 2),
        ("It is 3.5.", ("5", "3"), 0),
        ("p<q", ("p>q", "p<q"), 2),
        ("", ("+", "-"), 0),
        ("-", ("+", "-"), 2),
        ("a", ("A", "a"), 2),
        ("steak", ("tea", "coffee"), 0),
        ("I know", ("no", "yes"), 0),
        ("steak and tea", ("tea", "steak"), 0),
        ("well-known ice cream", ("known", "ice-cream"), 0),
        ("ice cream", ("known", "ice-cream"), 2),
        ("我喝绿茶。", ("绿茶", "咖啡"), 1),
        ("お茶を5杯", ("お茶", "水"), 1),
        ("ฉันดื่มชา", ("ชา", "กาแฟ"), 1),
        ("수도는 서울입니다.", ("부산", "서울"), 2),
    ],
)
def test_an_answer_takes_no_option_that_it_does_not_say(text, options, option):
    assert matched(text, options) == option
