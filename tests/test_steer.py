"""Steering from Python: on a model of the user's own, and answers by name."""

import numpy as np
import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

import babelscope as bs
from analysis.core.errors import SpecError
from analysis.core.model_names import DEMO_FOLDER
from analysis.core.specs import ModelSpec
from analysis.steering.specs import SteeringSpec, SteeringTerm, VectorSource
from analysis.worker.answers import Ask, Request, reply

DEED = "Yesterday Anna divided the work only among friends."
LAYERS = (2, 3, 4)


@pytest.fixture(scope="module")
def own():
    """The demo's model, as a user loads it."""
    model = AutoModelForCausalLM.from_pretrained(DEMO_FOLDER)
    return model.eval(), AutoTokenizer.from_pretrained(DEMO_FOLDER)


@pytest.fixture(scope="module")
def vector():
    """Fairness in English, at every layer."""
    return bs.open("demo").vector("fairness", "en")


def said(model, tokenizer) -> str:
    """What the model goes on to say by itself."""
    given = tokenizer(DEED, return_tensors="pt")
    ids = model.generate(**given, max_new_tokens=8, do_sample=False)
    return tokenizer.decode(
        ids[0, given["input_ids"].shape[1] :], skip_special_tokens=True
    )


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_all_ways_to_steer_say_what_the_playground_says(home, own, vector, strength):
    source = VectorSource(study="demo", concept="fairness", language="en")
    term = SteeringTerm(source, LAYERS, (strength,))
    asked = Ask("steered", DEED, "en", SteeringSpec((term,)))
    (there,) = reply(Request(ModelSpec("demo"), "none", (asked,)))
    how = {"strength": strength, "layers": LAYERS, "template": "none"}
    assert bs.generate("demo", DEED, vector, **how) == there.answer.text
    model, tokenizer = own
    found = bs.generate(model, [DEED, DEED], vector, tokenizer=tokenizer, **how)
    assert found == [there.answer.text] * 2
    with bs.steer(model, tokenizer, vector, strength, LAYERS):
        assert said(model, tokenizer).strip() == there.answer.text.strip()


def test_a_vector_of_one_layer_is_used_there_unless_layers_are_named(own, vector):
    model, tokenizer = own
    given = tokenizer(DEED, return_tensors="pt")
    at_three = bs.open("demo").vector("fairness", "en", layer=3)
    found = []
    for each, layers in ((at_three, None), (vector, [3]), (at_three, [2, 3])):
        with bs.steer(model, tokenizer, each, layers=layers):
            found.append(model(**given).logits.detach().numpy())
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


def test_what_does_not_fit_is_said(own, vector):
    model, tokenizer = own
    beyond = bs.steer(model, tokenizer, vector, layers=[99])
    with pytest.raises(SpecError, match="There is no vector for layer 99"), beyond:
        pass
    with pytest.raises(SpecError, match="needs its tokenizer"):
        bs.generate(model, DEED)
    with pytest.raises(SpecError, match="ModelSpec has no dtyp"):
        bs.generate("demo", DEED, dtyp="float32")
