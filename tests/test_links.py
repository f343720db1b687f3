"""Links that somebody wrote by hand: what does not fit is told once, and nothing fails."""

import json
from itertools import product

import pytest

from components.forms.playground import link_fields
from tests.planted import planted_study
from tests.stored import stored
from tests.visits import PAGES, alive, asked, visit, words

PAGE = "pages/playground.py"
CONCEPTS, SPOKEN = ("fairness", "truth", "care"), ("en", "fr", "zh")
VALUES = (
    None,
    True,
    -1,
    0,
    1,
    10**17,
    1.5,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "x",
    "\ud800",
    [],
    [1],
    [None],
    [None, None],
    [1, 1],
    [2, 1],
    [True, True],
    [1.5, 2],
    ["a", "b"],
    [[1], [2]],
    [0.5, True, 0, 0],
    {},
    {"a": 1},
)
PARAMETERS = (
    *("study", "labels", "order", "convention", "concepts", "layer", "with", "from"),
    *("into", "word", "compared", "items", "mode", "show", "dims", "control", "run"),
    *("language", "cost", "together", "venue", "called", "seen", "centred", "version"),
    *("vector", "source", "target", "stage", "embedding", "map", "criterion", "near"),
    *("seeds", "pool", "alike", "draw", "cluster", "kind", "objective", "choice"),
    "model",
)
WAYS = ("range", "set", "depth", "profile")


@pytest.fixture
def study(fresh):
    """A small study whose vectors can push."""
    made = planted_study(CONCEPTS, SPOKEN, (4, 24, 16))
    stored("tiny", made, title="Tiny")
    return made


def play(text: str):
    """The Playground with this draft in its link."""
    return visit(PAGE, study="tiny", play=text)


@pytest.mark.parametrize(
    "text",
    [
        '{"strength":[1]}',
        '{"depth":[null,null],"way":"depth"}',
        '{"depth":["a","b"],"way":"depth"}',
        '{"profile":[0.5,true,0,0],"way":"profile"}',
        '{"prompt":"half \\ud83d"}',
        '{"half \\ud800":1}',
        '{"threshold":NaN,"gated":true}',
        '{"temperature":true}',
        '{"set":[1,1],"way":"set"}',
    ],
)
def test_what_does_not_fit_is_told_once_and_the_default_stands(study, text):
    at = play(text)
    told = [warning.value for warning in at.warning if "The link asks" in warning.value]
    assert len(told) == 1
    (key, value), *_ = json.loads(text).items()
    assert key.replace("\ud800", "?") in words(at)
    assert json.loads(asked(at).get("play", ["{}"])[0]).get(key) != value
    alive(at.run())
    assert "The link asks" not in words(at), "told once"


@pytest.mark.parametrize("text", ["[]", "1", "{", "[" * 100_000, '"a"', "null"])
def test_a_draft_that_is_none_is_told(study, text):
    assert "settings in this link are damaged" in words(play(text))


def test_every_field_takes_any_value_of_json_or_refuses_it(study):
    fields = link_fields(study)
    taken = 0
    for kept, value in product(fields.values(), VALUES):
        converted = kept.converted(value)
        if kept.fits(converted):
            taken += 1
            assert type(converted) is type(kept.default)
            json.dumps(converted, allow_nan=False, ensure_ascii=False).encode()
    assert 20 < taken < 150


def test_what_a_field_takes_the_page_shows(study):
    for way, value in product(WAYS, VALUES):
        fields = link_fields(study)
        kept = fields[way]
        if kept.fits(kept.converted(value)):
            at = play(json.dumps({way: value, "way": way}))
            assert "The link asks" not in words(at)


@pytest.mark.parametrize("page", PAGES)
def test_every_parameter_of_every_page_may_hold_anything(study, page):
    hostile = ["\x00", "../..", "a" * 5000, "-1", "<b>"]
    keys = {*PARAMETERS, "play"}
    at = visit(page, **dict.fromkeys(sorted(keys), hostile))
    assert "The link asks" in words(at) or "settings in this link" in words(at)
