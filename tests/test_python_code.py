"""A request as lines of Python: short, complete, and the same request again."""

import babelscope.requests as face
from analysis.core.python_code import expression, names_in
from babelscope.requests import (
    Ask,
    Condition,
    GenerationSpec,
    ModelSpec,
    Request,
    SteeringSpec,
    SteeringTerm,
    VectorSource,
)

ENGLISH = VectorSource(study="demo", concept="fairness", language="en")
FRENCH = VectorSource(study="demo", concept="fairness", language="fr")
APART = VectorSource(kind="arithmetic", plus=(ENGLISH,), minus=(FRENCH,))
TERM = SteeringTerm(APART, (2, 3), (1.0, -0.5), condition=Condition(ENGLISH, 2, 0.25))
REQUEST = Request(
    ModelSpec("demo"),
    "chat",
    (
        Ask("Baseline", 'She said “no” and "yes"\n', "en"),
        Ask("Steered", 'She said “no” and "yes"\n', "en", SteeringSpec((TERM,))),
    ),
    GenerationSpec(tokens=12),
)


def test_the_expression_makes_the_same_value():
    code = expression(REQUEST)
    assert eval(code, vars(face)) == REQUEST
    assert max(map(len, code.splitlines())) <= 88


def test_what_is_at_its_default_is_left_out():
    assert expression(ModelSpec("demo")) == "ModelSpec(model='demo')"
    assert expression(SteeringSpec()) == "SteeringSpec()"


def test_a_tuple_of_one_stays_a_tuple():
    assert eval(expression(("alone",))) == ("alone",)
    long = ("a text that is long enough to need a line of its own " * 2,)
    assert eval(expression(long)) == long


def test_names_are_those_that_the_expression_mentions():
    code = expression(REQUEST)
    assert {name for name in face.__all__ if f"{name}(" in code} == names_in(REQUEST)
