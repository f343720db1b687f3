"""Steering a plain transformers model in its own calls: what the engine's rows say."""

import numpy as np
import pytest
import torch
import xarray as xr

from analysis.core.errors import SpecError
from analysis.model.generate import generate
from analysis.model.hooks import Row
from analysis.model.own_model import own_model, steered_model
from analysis.steering.operators import OPERATORS
from analysis.steering.resolve import ResolvedTerm
from analysis.steering.specs import GenerationSpec
from tests.tiny import HIDDEN, LAYERS, build, tokenizer

PROMPTS = ["the judge is fair", "no", "la juge parle longtemps devant tous"]
TOKENS = 6


@pytest.fixture(scope="module", params=["llama", "gpt2", "bloom", "mistral"])
def model(request):
    """Families that take positions, learn them, have none, or look back only so far."""
    return build(request.param)


def vectors() -> np.ndarray:
    """A direction at every layer (layer, hidden)."""
    drawn = np.random.default_rng(3).standard_normal((LAYERS, HIDDEN))
    return drawn.astype(np.float32)


def padded(prompts: list[str] = PROMPTS) -> dict[str, torch.Tensor]:
    """The prompts as a user gives them to a model of their own."""
    return tokenizer()(
        prompts,
        return_tensors="pt",
        padding=True,
        padding_side="left",
        return_token_type_ids=False,
    )


def own_words(model, prompts: list[str] = PROMPTS, **options) -> list[list[int]]:
    """What the model's own ``generate`` says, without what ends and pads it."""
    given = padded(prompts)
    out = model.generate(**given, max_new_tokens=TOKENS, do_sample=False, **options)
    said = out[:, given["input_ids"].shape[1] :].tolist()
    return [[token for token in row if token not in (0, 2)] for row in said]


def engine_words(model, term: ResolvedTerm) -> list[list[int]]:
    """What the engine says to the same prompts under the same steering."""
    rows = [Row(prompt, (term,)) for prompt in PROMPTS]
    said = generate(own_model(model, tokenizer()), rows, GenerationSpec(TOKENS))
    return [[token for token in one.ids if token not in (0, 2)] for one in said]


def term(
    layers=(1, 2), strength: float = 1.0, operator="addition", positions="all"
) -> ResolvedTerm:
    """The same vectors as the engine takes them."""
    chosen = {layer: vectors()[layer - 1] for layer in layers}
    return ResolvedTerm(chosen, dict.fromkeys(layers, strength), operator, positions)


def hooks(model) -> int:
    """Hooks anywhere in the model."""
    kinds = ("_forward_hooks", "_forward_pre_hooks")
    return sum(len(getattr(m, kind)) for m in model.modules() for kind in kinds)


def test_strength_zero_is_the_models_own_words_and_bits(model):
    plain, given = own_words(model), padded()
    with torch.inference_mode():
        scores = model(**given).logits
        with steered_model(model, tokenizer(), vectors(), strength=0) as same:
            assert same is model
            assert own_words(model) == plain
            assert torch.equal(model(**given).logits, scores)
    assert hooks(model) == 0


@pytest.mark.parametrize("positions", ["all", "prompt", "generated"])
@pytest.mark.parametrize("operator", ["addition", "norm-relative addition"])
def test_strength_one_is_what_the_engine_says(model, operator, positions):
    wanted = engine_words(model, term((1, 2), 1.0, operator, positions))
    with steered_model(model, tokenizer(), vectors(), [1, 2], 1.0, operator, positions):
        assert own_words(model) == wanted
    assert own_words(model) != wanted


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_is_the_engines(model, operator):
    wanted = engine_words(model, term((2,), 2.0, operator, "last prompt token"))
    with steered_model(
        model, tokenizer(), vectors(), [2], 2.0, operator, "last prompt token"
    ):
        assert own_words(model) == wanted


def test_steerings_inside_one_another_act_together(model):
    one, two = term((1,), 1.5), term((3,), -2.0)
    rows = [Row(prompt, (one, two)) for prompt in PROMPTS]
    said = generate(own_model(model, tokenizer()), rows, GenerationSpec(TOKENS))
    wanted = [[token for token in answer.ids if token > 2] for answer in said]
    with (
        steered_model(model, tokenizer(), vectors(), [1], 1.5),
        steered_model(model, tokenizer(), vectors(), [3], -2.0),
    ):
        assert own_words(model) == wanted


def test_calls_follow_one_another_and_may_differ_in_rows(model):
    with steered_model(model, tokenizer(), vectors(), [2], 2.0, positions="generated"):
        first = own_words(model)
        alone = [own_words(model, [prompt])[0] for prompt in PROMPTS]
        assert first == own_words(model) == alone


@pytest.mark.parametrize("options", [{"num_beams": 2}, {"use_cache": False}])
def test_other_ways_to_generate_are_steered_too(model, options):
    plain = own_words(model, **options)
    with steered_model(model, tokenizer(), vectors(), [2], 0.0):
        assert own_words(model, **options) == plain
    with steered_model(model, tokenizer(), vectors(), [2], 2.0):
        steered = own_words(model, **options)
        if "use_cache" in options:
            assert steered == own_words(model)
    assert steered != plain


def test_a_static_cache_is_steered_alike():
    model = build("llama")
    with steered_model(model, tokenizer(), vectors(), [2], 2.0, positions="prompt"):
        wanted = own_words(model)
        assert own_words(model, cache_implementation="static") == wanted


def test_padding_on_the_right_is_left_alone(model):
    given = tokenizer()(PROMPTS, return_tensors="pt", padding=True)
    given.pop("token_type_ids", None)
    rows = range(len(PROMPTS))
    last = given["attention_mask"].sum(1) - 1
    with (
        torch.inference_mode(),
        steered_model(
            model, tokenizer(), vectors(), [2], 2.0, positions="last prompt token"
        ),
    ):
        together = model(**given).logits[rows, last]
        for row, prompt in enumerate(PROMPTS):
            alone = model(**padded([prompt])).logits[0, -1]
            torch.testing.assert_close(together[row], alone, atol=1e-5, rtol=1e-4)


def test_vectors_are_taken_in_every_form():
    model = build("llama")
    wanted = engine_words(model, term((2,)))
    labelled = xr.DataArray(
        vectors(), dims=("layer", "hidden"), coords={"layer": [1, 2, 3]}
    )
    for given in (
        vectors(),
        vectors()[1],
        {2: vectors()[1]},
        labelled,
        labelled.sel(layer=[2, 3]),
        labelled.sel(layer=2),
    ):
        with steered_model(model, tokenizer(), given, [2]):
            assert own_words(model) == wanted
    for strength in (1, [1.0], {2: 1.0}):
        with steered_model(model, tokenizer(), {2: vectors()[1]}, strength=strength):
            assert own_words(model) == wanted


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"layers": [4]}, "no vector for layer 4"),
        ({"layers": []}, "at least one layer"),
        ({"strength": [1, 2]}, "2 strengths were given for 3 layers"),
        ({"vectors": np.zeros(7)}, "7 numbers"),
        ({"vectors": np.zeros((1, 2, 3))}, "Choose one concept"),
        ({"vectors": {1: np.full(HIDDEN, np.nan)}}, "not finite"),
        ({"operator": "addision"}, "Did you mean “addition”"),
        ({"positions": "everywhere"}, "token positions"),
        ({"positions": "after the instruction"}, "Choose other token positions"),
    ],
)
def test_what_does_not_fit_is_said_at_once(options, words):
    model = build("llama")
    given = {"vectors": vectors(), **options}
    with (
        pytest.raises(SpecError, match=words),
        steered_model(model, tokenizer(), **given),
    ):
        raise AssertionError("nothing should be steered")
    assert hooks(model) == 0


def test_without_a_cache_positions_are_refused():
    model = build("llama")
    with (
        steered_model(model, tokenizer(), vectors(), [2], positions="generated"),
        pytest.raises(SpecError, match="use_cache"),
    ):
        own_words(model, use_cache=False)
    assert hooks(model) == 0
