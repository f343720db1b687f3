"""Specs from JSON: the same value and digest again, or a sentence on what does not fit."""

import json
from dataclasses import asdict, dataclass, replace

import pytest

from analysis.concepts.specs import StudySpec
from analysis.control.specs import ControlSpec, JudgingSpec
from analysis.core.errors import SpecError
from analysis.core.specs import ModelSpec, digest, from_dict, later, written
from analysis.plane.specs import SweepSpec
from analysis.questions.specs import QuestionSpec
from analysis.steering.specs import (
    Condition,
    GenerationSpec,
    SteeringSpec,
    SteeringTerm,
    VectorSource,
)
from analysis.words.specs import AlignmentSpec, WordSpec
from analysis.worker.answers import Ask, Dose, Request

MODEL = ModelSpec("m", dtype="bfloat16")
OWN = VectorSource(study="s", concept="c", language="en")
SUM = VectorSource("sum", plus=(OWN, OWN), minus=(VectorSource("sum", plus=(OWN,)),))
STEERING = SteeringSpec(
    (
        SteeringTerm(SUM, (1, 3), (2, -1.5), condition=Condition(OWN, 1, 0.2)),
        SteeringTerm(OWN, (2,)),
    )
)
SPECS = (
    MODEL,
    StudySpec(MODEL, "c", "d", ("x", "y"), ("en",)),
    ControlSpec(MODEL, "s", "v", "c", ("en", "fr"), "p", "q", strengths=(1, 0.5)),
    JudgingSpec(edited=("no",), perplexity=3),
    SweepSpec(MODEL, "q", "d", ("en",), (1, 2), (1, 2.5)),
    WordSpec(MODEL, "w", "d", ("en", "fr"), layers=(1, 4)),
    AlignmentSpec("last token"),
    QuestionSpec(MODEL, "q", "d", ("en",)),
    STEERING,
    GenerationSpec(3, 0, 1),
    Request(MODEL, "none", (Ask("a", "q", "en", STEERING), Ask("b", "q", "en"))),
    Dose(MODEL, "none", Ask("a", "q", "en", STEERING), (0.0, 1.0), ("a", "b"), ("n",)),
)
DIGESTS = [
    "973d204e039854e0",
    "314c8c04df81c95a",
    "ec4d1de24083b9f6",
    "5ba6669d9c079939",
    "5352189ac96e61bb",
    "9a85c22dc9202468",
    "7777786ffb7a7ecc",
    "b40f9f809f9d67f0",
]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: type(spec).__name__)
def test_a_spec_is_the_same_again_after_json(spec):
    again = from_dict(type(spec), json.loads(json.dumps(asdict(spec))))
    assert again == spec and hash(again) == hash(spec)
    assert digest(again) == digest(spec)
    assert from_dict(type(spec), asdict(spec)) == spec


def test_digests_are_those_that_files_are_named_by():
    # Written by hand: a change of these loses every study, recipe and cache.
    digests = [digest(spec) for spec in SPECS[:8]]
    assert digests == DIGESTS


def test_a_number_stays_as_it_was_written():
    whole = from_dict(GenerationSpec, {"temperature": 1})
    assert type(whole.temperature) is int
    assert digest(whole) != digest(GenerationSpec(temperature=1.0))


@pytest.mark.parametrize(
    ("kind", "values", "says"),
    [
        (ModelSpec, {"model": "m", "colour": 1}, "has no colour"),
        (ModelSpec, {}, "ModelSpec needs model"),
        (ModelSpec, [], "ModelSpec must be an object"),
        (ModelSpec, {"model": 3}, "ModelSpec.model must be text; given is '3'"),
        (ModelSpec, {"model": None}, "must be text"),
        (GenerationSpec, {"tokens": "3"}, "tokens must be a whole number"),
        (GenerationSpec, {"tokens": 3.0}, "tokens must be a whole number"),
        (GenerationSpec, {"tokens": True}, "tokens must be a whole number"),
        (GenerationSpec, {"temperature": False}, "temperature must be a number"),
        (GenerationSpec, {"temperature": [0]}, "temperature must be a number"),
        (Condition, {"source": {}, "layer": 1, "above": 1}, "must be true or false"),
        (SteeringSpec, {"terms": "none"}, "SteeringSpec.terms must be a list"),
        (SteeringSpec, {"terms": [3]}, "SteeringTerm must be an object"),
        (SteeringSpec, {"terms": [{"layers": [1]}]}, "SteeringTerm needs source"),
        (
            SteeringSpec,
            {"terms": [{"source": {"studio": "s"}, "layers": [1]}]},
            "VectorSource has no studio",
        ),
        (
            SteeringSpec,
            {"terms": [{"source": {}, "layers": [1], "strengths": ["1"]}]},
            "SteeringTerm.strengths must be a number",
        ),
        (
            SteeringSpec,
            {"terms": [{"source": {}, "layers": [1], "condition": 3}]},
            "Condition must be an object",
        ),
        (StudySpec, {"model": "m"}, "StudySpec needs concepts, corpus"),
    ],
)
def test_what_does_not_fit_is_told_in_words(kind, values, says):
    with pytest.raises(SpecError, match=says):
        from_dict(kind, values)


def test_a_source_nested_too_deep_is_refused():
    source = {}
    for _ in range(5000):
        source = {"plus": [source]}
    with pytest.raises(SpecError, match="nested too deep"):
        from_dict(VectorSource, source)


def test_a_list_of_fixed_length_keeps_its_length():
    dose = asdict(SPECS[-1]) | {"sides": ["a"]}
    with pytest.raises(SpecError, match="Dose.sides must be a list of 2"):
        from_dict(Dose, dose)


@dataclass(frozen=True)
class Grown:
    """A spec with a field that it did not have at first."""

    of: tuple[ModelSpec, ...]
    side: str = later("")


def test_a_field_that_specs_did_not_have_at_first_is_written_only_where_it_says_more():
    plain, other = Grown((MODEL,)), Grown((MODEL,), "left")
    assert written(plain) == {"of": (written(MODEL),)}
    assert written(other) == {"of": (written(MODEL),), "side": "left"}
    assert digest(plain) != digest(other)
    for spec in (plain, other):
        assert from_dict(Grown, json.loads(json.dumps(written(spec)))) == spec


def test_stack_and_position_are_written_only_where_they_are_chosen():
    plain = StudySpec(MODEL, "c", "d", ("x",), ("en",))
    assert not {"stack", "position"} & {*written(MODEL), *written(plain)}
    chosen = replace(plain, model=ModelSpec("m", stack="decoder"), position="mean")
    kept = json.loads(json.dumps(written(chosen)))
    assert kept["model"]["stack"] == "decoder" and kept["position"] == "mean"
    assert from_dict(StudySpec, kept) == chosen


@pytest.mark.parametrize(
    "make",
    [
        lambda: ModelSpec("m", stack="both"),
        lambda: StudySpec(MODEL, "c", "d", ("x",), ("en",), position="first"),
        lambda: QuestionSpec(MODEL, "q", "d", ("en",), position="first"),
    ],
)
def test_a_stack_or_position_that_there_is_not_is_refused(make):
    with pytest.raises(
        SpecError, match="Unknown (stack|position).*Allowed: (enc|last)"
    ):
        make()
