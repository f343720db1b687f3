"""Contracts of steering that hold for every operator.

On tiny models whose blocks return tensors and tuples.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from analysis.core.errors import SpecError, Stopped
from analysis.core.specs import ModelSpec
from analysis.core.templates import apply_template, template_ending
from analysis.model import option_scoring, self_check
from analysis.model.batches import encoded_rows, instruction_tokens, padded_batch
from analysis.model.extract import read_batch
from analysis.model.generate import generate
from analysis.model.hooks import Geometry, Row, steered
from analysis.model.load import Loaded, load
from analysis.model.option_scoring import option_scores
from analysis.model.scoring import continuations, next_distribution
from analysis.steering.operators import OPERATORS, POSITIONS, Places
from analysis.steering.resolve import ResolvedCondition, ResolvedTerm
from analysis.steering.specs import GenerationSpec
from analysis.worker.answers import Ask, rows_of
from tests.tiny import HIDDEN, LAYERS, save

PROMPTS = ("the judge is fair", "no", "la juge parle longtemps devant tous")
TOKENS = GenerationSpec(5)
LAYER = 2


@pytest.fixture(scope="module", params=["llama", "bloom"])
def loaded(request, tiny_folder):
    """A model whose blocks return tensors, and one whose blocks return tuples."""
    return tiny(request.param, tiny_folder)


@pytest.fixture(scope="module")
def llama(tiny_folder):
    """One tiny model."""
    return tiny("llama", tiny_folder)


def tiny(family: str, folder, **changes: object) -> Loaded:
    """A tiny model on the processor."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BABELSCOPE_MODELS", str(folder))
        return load(ModelSpec(family, device="cpu", **changes))


def vector(seed: int = 0) -> np.ndarray:
    """A direction long enough to change what a tiny model says."""
    return np.random.default_rng(seed).standard_normal(HIDDEN).astype(np.float32)


def term(
    operator: str = "addition",
    strength: float = 1.0,
    positions: str = "all",
    **more: object,
) -> ResolvedTerm:
    """One vector at one layer."""
    return ResolvedTerm(
        {LAYER: vector()}, {LAYER: strength}, operator, positions, **more
    )


def hooks(loaded: Loaded) -> int:
    """Hooks on the blocks."""
    return sum(len(block._forward_hooks) for block in loaded.blocks)


def states(loaded: Loaded, row: Row) -> np.ndarray:
    """States (layer, hidden) of a row's last prompt token, as extraction reads them."""
    (encoded,) = encoded_rows(loaded, [row], 0)
    places = padded_batch(loaded, [encoded]).places
    with steered(loaded, [row], Geometry(places, cached=False)):
        return read_batch(loaded, [encoded.prompt])[0]


def logits(loaded: Loaded, rows: list[Row]) -> torch.Tensor:
    """Scores (row, token) of the next token, bit for bit as the model gives them."""
    given = padded_batch(loaded, encoded_rows(loaded, rows, 0))
    with steered(loaded, rows, Geometry(given.places)), torch.inference_mode():
        return loaded.model(input_ids=given.tokens, attention_mask=given.mask).logits[
            :, -1
        ]


@pytest.mark.parametrize("operator", OPERATORS)
def test_strength_zero_is_bitwise_the_baseline(loaded, operator):
    rows = [
        Row(PROMPTS[0]),
        Row(PROMPTS[0], (term(operator, 0.0),)),
        Row(PROMPTS[0], (term(operator, 1.0),)),
    ]
    base, zero, pushed = logits(loaded, rows)
    assert torch.equal(base, zero)
    assert not torch.equal(base, pushed)


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("operator", OPERATORS)
def test_a_row_says_the_same_alone_and_in_any_batch(loaded, operator, positions):
    strengths = (0.0, 1.0, -2.0)
    rows = [
        Row(prompt, (term(operator, s, positions),) if s else ())
        for prompt in PROMPTS
        for s in strengths
    ]
    together = [answer.ids for answer in generate(loaded, rows, TOKENS)]
    assert (
        together
        == [answer.ids for answer in generate(loaded, rows[::-1], TOKENS)][::-1]
    )
    assert together == [generate(loaded, [row], TOKENS)[0].ids for row in rows]


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("operator", OPERATORS)
def test_with_and_without_a_cache_the_same_is_said(loaded, operator, positions):
    row = Row(PROMPTS[0], (term(operator, 2.0, positions),), instruction="the judge")
    (answer,) = generate(loaded, [row], TOKENS)
    (encoded,) = encoded_rows(loaded, [row], 0)
    said = []
    for _ in answer.ids:
        given = padded_batch(loaded, [replace(encoded, following=said)])
        with (
            steered(loaded, [row], Geometry(given.places, cached=False)),
            torch.inference_mode(),
        ):
            said.append(
                int(
                    loaded.model(input_ids=given.tokens, use_cache=False)
                    .logits[0, -1]
                    .argmax()
                )
            )
    assert tuple(said) == answer.ids


EIGHT_BIT = {
    "hidden_size": 128,
    "intermediate_size": 128,
    "head_dim": 32,
}
"""Wide enough for a state to have an outlier behind a norm."""


@pytest.fixture(scope="module")
def eight_bit(tmp_path_factory):
    """A tiny model in 8-bit, tried out as the pool does it."""
    folder = tmp_path_factory.mktemp("eight-bit")
    save(folder / "llama", **EIGHT_BIT)
    return self_check.tried(tiny("llama", folder, quantisation="8-bit"))


def rows_of_other_strengths(operator: str) -> list[Row]:
    """An unpushed row beside rows that are pushed far along one axis."""
    axis = np.zeros(EIGHT_BIT["hidden_size"], np.float32)
    axis[5] = 40.0
    rows = [Row(PROMPTS[0])]
    for strength in (1.0, -3.0):
        far = ResolvedTerm({LAYER: axis}, {LAYER: strength}, operator, "all")
        rows.append(Row(PROMPTS[0], (far,)))
    return rows


OPTIONS = [" yes it is", " no"]


@pytest.mark.parametrize("way", [continuations, option_scores])
@pytest.mark.parametrize("operator", OPERATORS)
def test_in_8_bit_a_row_scores_the_same_alone_and_beside_others(
    eight_bit, operator, way, monkeypatch
):
    monkeypatch.setattr(option_scoring, "SHARED_FROM", 0)
    rows = rows_of_other_strengths(operator)
    together = way(eight_bit, rows, [OPTIONS] * len(rows))
    for row, beside in zip(rows, together):
        (alone,) = way(eight_bit, [row], [OPTIONS])
        np.testing.assert_array_equal(beside.nats, alone.nats)


def test_in_8_bit_the_next_tokens_of_a_row_are_the_same_beside_others(eight_bit):
    rows = rows_of_other_strengths("addition")
    seen = GenerationSpec(3, alternatives=3)
    together = generate(eight_bit, rows, seen)
    for row, beside in zip(rows, together):
        (alone,) = generate(eight_bit, [row], seen)
        assert beside.ids == alone.ids and beside.top == alone.top


def test_in_8_bit_it_is_told_that_rows_run_alone(eight_bit, monkeypatch):
    (notice,) = eight_bit.notices
    assert notice.startswith("In 8-bit, llama would answer a text a little differently")
    # Without columns of higher precision rows are independent, and may run together.
    for module in eight_bit.model.modules():
        if hasattr(module, "state"):
            monkeypatch.setattr(module.state, "threshold", 0.0)
    assert not self_check.picks_outliers(eight_bit)


def moved(operator: str, h: np.ndarray, v: np.ndarray, s: float) -> np.ndarray:
    """What each operator promises, in plain NumPy, for one state."""
    unit, length = v / np.linalg.norm(v), np.linalg.norm(h)
    across = h - h @ unit * unit
    turn = np.arctan2(np.linalg.norm(across), h @ unit) - s * np.arctan(
        np.linalg.norm(v) / length
    )
    return {
        "addition": h + s * v,
        "addition, norm kept": (h + s * v) * length / np.linalg.norm(h + s * v),
        "norm-relative addition": h + s * length * unit,
        "piece-wise": h + s * np.sign(h @ v) * v,
        "projection removal": h - s * (h @ unit) * unit,
        "directional ablation": h - s * (h @ unit) * unit,
        "set the component": across + s * v,
        "angular": length
        * (np.cos(turn) * unit + np.sin(turn) * across / np.linalg.norm(across)),
    }[operator]


@pytest.mark.parametrize("strength", [1.0, -0.5, 3.0])
@pytest.mark.parametrize("operator", OPERATORS)
def test_steering_changes_the_very_states_that_extraction_reads(
    loaded, operator, strength
):
    before, after = (
        states(loaded, Row(PROMPTS[0])),
        states(loaded, Row(PROMPTS[0], (term(operator, strength),))),
    )
    first = 1 if OPERATORS[operator].everywhere else LAYER
    assert np.array_equal(before[: first - 1], after[: first - 1])
    np.testing.assert_allclose(
        after[first - 1],
        moved(operator, before[first - 1], vector(), strength),
        rtol=1e-4,
        atol=1e-5,
    )
    assert not np.allclose(before[-1], after[-1])


def test_ablation_leaves_no_block_with_the_direction(loaded):
    unit = vector() / np.linalg.norm(vector())
    assert (
        np.abs(
            states(loaded, Row(PROMPTS[0], (term("directional ablation"),))) @ unit
        ).max()
        < 1e-4
    )
    assert np.abs(states(loaded, Row(PROMPTS[0])) @ unit).min() > 1e-3


def test_terms_at_two_depths_and_at_one_add_up(llama):
    one, two = (
        term(),
        ResolvedTerm({LAYER: vector(1), 3: vector(2)}, {LAYER: -1.0, 3: 0.5}),
    )
    both = states(llama, Row(PROMPTS[0], (one, two)))
    joined = ResolvedTerm(
        {LAYER: vector() - vector(1), 3: vector(2)}, {LAYER: 1.0, 3: 0.5}
    )
    np.testing.assert_allclose(
        both, states(llama, Row(PROMPTS[0], (joined,))), atol=1e-5
    )


def test_positions_are_where_they_say(llama):
    places = Places(np.array([2, 0]), np.array([4, 3]), np.array([6, 6]))
    inside = {
        name: [[i for i in range(9) if low[row] <= i < high[row]] for row in range(2)]
        for name, (low, high) in (
            (name, find(places)) for name, find in POSITIONS.items()
        )
    }
    assert inside == {
        "all": [[2, 3, 4, 5, 6, 7, 8], [0, 1, 2, 3, 4, 5, 6, 7, 8]],
        "prompt": [[2, 3, 4, 5], [0, 1, 2, 3, 4, 5]],
        "generated": [[6, 7, 8], [6, 7, 8]],
        "last prompt token": [[5], [5]],
        "after the instruction": [[4, 5, 6, 7, 8], [3, 4, 5, 6, 7, 8]],
    }


def test_the_prompt_alone_decides_whether_a_condition_holds(loaded):
    base = states(loaded, Row(PROMPTS[0]))[0]
    meets = ResolvedCondition(base, 1, 0.9, reads="last prompt token")
    fails = ResolvedCondition(-base, 1, 0.9, reads="last prompt token")
    below = ResolvedCondition(-base, 1, 0.9, above=False, reads="last prompt token")
    rows = [
        Row(PROMPTS[0], (term("addition", 2.0, condition=condition),))
        for condition in (None, meets, fails, below)
    ]
    said = generate(loaded, [*rows, Row(PROMPTS[0])], TOKENS)
    told = [
        [(round(cosine, 3), met) for cosine, met in answer.conditions]
        for answer in said
    ]
    assert told == [[], [(1, True)], [(-1, False)], [(-1, True)], []]
    answers = [answer.ids for answer in said]
    always, met, failed, under, never = answers
    assert met == under == always != never == failed
    assert [generate(loaded, [row], TOKENS)[0].ids for row in rows] == answers[:-1]


@pytest.mark.parametrize(
    ("other", "first"),
    [
        (ResolvedTerm({1: vector(1)}, {1: 4.0}), 1),
        (ResolvedTerm({3: vector(1)}, {3: 1.0}, "directional ablation"), 1),
        (ResolvedTerm({2: vector(1)}, {2: 4.0}), 2),
    ],
)
def test_no_term_steers_what_the_condition_of_another_reads(llama, other, first):
    gated = ResolvedTerm(
        {3: vector()}, {3: 1.0}, condition=ResolvedCondition(vector(), 3)
    )
    for terms in ((gated, other), (other, gated)):
        with pytest.raises(
            SpecError,
            match=f"layer 3, after steering begins at layer {first}, so not on the "
            "prompt's own states",
        ):
            generate(llama, [Row(PROMPTS[0], terms)], TOKENS)
    off = ResolvedTerm(
        other.vectors, dict.fromkeys(other.strengths, 0.0), other.operator
    )
    assert generate(llama, [Row(PROMPTS[0], (gated, off))], TOKENS) == generate(
        llama, [Row(PROMPTS[0], (gated,))], TOKENS
    )


CHAT = "<|user|>{{ messages[0].content%s }}<|assistant|>"


@pytest.mark.parametrize("trim", ["", " | trim"])
@pytest.mark.parametrize("said", ["Tell me.", "Tell me.\n", "a", " s "])
def test_after_the_instruction_begins_where_its_last_letter_ends(
    llama, monkeypatch, trim, said
):
    monkeypatch.setattr(llama.tokenizer, "chat_template", CHAT % trim)
    row = Row(
        *apply_template("chat", llama.tokenizer, [said]),
        (),
        said,
        template_ending("chat", llama.tokenizer),
    )
    (encoded,) = encoded_rows(llama, [row], 0)
    before = llama.tokenizer.decode(
        encoded.prompt[: instruction_tokens(llama, encoded)], skip_special_tokens=True
    )
    assert row.ending == "<|assistant|>" and before == "<|user|>" + (
        said.rstrip() if not trim else said.strip()
    )


def test_an_asked_question_knows_what_the_template_puts_after_it(llama):
    (row,) = rows_of(llama, "papers' LLaMA2", [Ask("plain", "n", "en")], [])
    assert (row.prompt, row.instruction, row.ending) == (
        "[INST] n [/INST] ",
        "n",
        " [/INST] ",
    )


@pytest.mark.parametrize("said", ["a", "a ", "\na"])
def test_a_prompt_that_is_its_instruction_has_nothing_after_it(llama, said):
    row = Row(said, (), said, template_ending("none", llama.tokenizer))
    (encoded,) = encoded_rows(llama, [row], 0)
    assert instruction_tokens(llama, encoded) == len(encoded.prompt)


def test_a_template_that_changes_the_instruction_is_said_where_its_end_matters(
    llama, monkeypatch
):
    monkeypatch.setattr(llama.tokenizer, "chat_template", CHAT % " | upper")
    prompt, end = (
        *apply_template("chat", llama.tokenizer, ["user"]),
        template_ending("chat", llama.tokenizer),
    )
    generate(llama, [Row(prompt, (term(),), "tell", end)], TOKENS)
    with pytest.raises(SpecError, match="template changes the instruction"):
        generate(
            llama,
            [Row(prompt, (term(positions="after the instruction"),), "tell", end)],
            TOKENS,
        )


def test_no_hook_stays_whatever_happens(loaded):
    rows = [Row(PROMPTS[0], (term(),))]
    generate(loaded, rows, TOKENS)
    assert hooks(loaded) == 0
    calls = []

    def stop() -> None:
        calls.append(1)
        if len(calls) == 2 * LAYERS + 1:
            raise Stopped("stopped")

    with pytest.raises(Stopped):
        generate(loaded, rows, TOKENS, check=stop)
    with pytest.raises(ZeroDivisionError):
        generate(loaded, rows, TOKENS, on_token=lambda answers: 1 / 0)
    with pytest.raises(SpecError):
        next_distribution(
            loaded, [Row(PROMPTS[0], (ResolvedTerm({9: vector()}, {9: 1.0}),))]
        )
    assert hooks(loaded) == 0
    assert (
        generate(loaded, [Row(PROMPTS[0])], TOKENS)[0].ids
        == generate(loaded, [Row(PROMPTS[0], (term("addition", 0.0),))], TOKENS)[0].ids
    )


@pytest.mark.parametrize(
    "changes",
    [{"dtype": "float16"}, {"dtype": "bfloat16"}, {"quantisation": "8-bit"}],
    ids=str,
)
@pytest.mark.parametrize("operator", OPERATORS)
def test_half_precision_and_quantised_models_are_steered_alike(
    tiny_folder, operator, changes
):
    loaded = tiny("llama", tiny_folder, **changes)
    before, after = (
        states(loaded, Row(PROMPTS[0])),
        states(loaded, Row(PROMPTS[0], (term(operator, 2.0),))),
    )
    first = 1 if OPERATORS[operator].everywhere else LAYER
    np.testing.assert_allclose(
        after[first - 1],
        moved(operator, before[first - 1], vector(), 2.0),
        rtol=0.03,
        atol=0.03,
    )
    base, zero = logits(
        loaded, [Row(PROMPTS[0]), Row(PROMPTS[0], (term(operator, 0.0),))]
    )
    assert torch.equal(base, zero)


def test_a_model_in_four_bits_is_steered_alike(tmp_path):
    # Weights are packed in blocks of 64, so the model is wider than the others.
    save(tmp_path / "wide", hidden_size=64, intermediate_size=128, head_dim=16)
    loaded, push = tiny("wide", tmp_path, quantisation="4-bit"), np.ones(64, np.float32)
    rows = [
        Row(PROMPTS[0], (ResolvedTerm({LAYER: push}, {LAYER: strength}),))
        for strength in (0.0, 2.0)
    ]
    before, after = (states(loaded, row)[LAYER - 1] for row in rows)
    np.testing.assert_allclose(after, before + 2, rtol=0.03, atol=0.03)
    base, zero = logits(loaded, [Row(PROMPTS[0]), rows[0]])
    assert torch.equal(base, zero) and hooks(loaded) == 0


@pytest.mark.parametrize(
    ("faulty", "words"),
    [
        (ResolvedTerm({4: vector()}, {4: 1.0}), "layers 1 to 3; asked for was layer 4"),
        (ResolvedTerm({1: np.ones(64)}, {1: 1.0}), "64 numbers.*have 32"),
        (ResolvedTerm({1: vector() * np.nan}, {1: 1.0}), "not finite"),
        (ResolvedTerm({1: vector()}, {1: float("nan")}), "not a finite number"),
        (term("addision"), "Did you mean “addition”"),
        (term(positions="everywhere"), "token positions"),
        (
            ResolvedTerm(
                {1: vector(), 2: vector()}, {1: 1.0, 2: 1.0}, "directional ablation"
            ),
            "one layer.*2",
        ),
        (
            term(condition=ResolvedCondition(vector(), 3)),
            "read at layer 3, after steering begins at layer 2",
        ),
    ],
)
def test_what_does_not_fit_is_said(llama, faulty, words):
    with pytest.raises(SpecError, match=words):
        generate(llama, [Row(PROMPTS[0], (faulty,))], TOKENS)
