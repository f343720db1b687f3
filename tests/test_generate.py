"""Answers, their stream, their alternatives, and the log-probabilities behind them."""

import numpy as np
import pytest
import torch

from analysis.core.errors import SpecError
from analysis.core.specs import ModelSpec
from analysis.model import generate as engine
from analysis.model.generate import BROKEN, END, LENGTH, generate
from analysis.model.hooks import Row
from analysis.model.load import load
from analysis.model.scoring import alternatives, continuations, kl, next_distribution
from analysis.model.tokens import Pieces
from analysis.steering.resolve import ResolvedTerm
from analysis.steering.specs import GenerationSpec
from tests.tiny import HIDDEN, WINDOW, tokenizer

PROMPTS = ("the judge", "no", "la juge parle")


@pytest.fixture(scope="module", params=["llama", "gpt2", "bloom"])
def loaded(request, tiny_folder):
    """Families that take positions, learn them, or have none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BABELSCOPE_MODELS", str(tiny_folder))
        return load(ModelSpec(request.param, device="cpu"))


def push(strength: float) -> tuple[ResolvedTerm, ...]:
    """One vector at one layer."""
    return (
        ResolvedTerm(
            {2: np.random.default_rng(5).standard_normal(HIDDEN)}, {2: strength}
        ),
    )


def library_answer(loaded, prompt: str, tokens: int) -> list[int]:
    """What the library says by itself."""
    given = loaded.tokenizer(prompt, return_tensors="pt", return_token_type_ids=False)
    out = loaded.model.generate(
        **given, max_new_tokens=tokens, do_sample=False, pad_token_id=0
    )
    return out[0, given["input_ids"].shape[1] :].tolist()


def test_the_baseline_is_what_the_library_says(loaded):
    for answer, prompt in zip(
        generate(loaded, [Row(prompt) for prompt in PROMPTS], GenerationSpec(12)),
        PROMPTS,
    ):
        assert list(answer.ids) == [
            token for token in library_answer(loaded, prompt, 12) if token != 2
        ]


def test_a_models_own_penalties_are_left_out_and_stay_its_own(loaded):
    plain = generate(loaded, [Row(PROMPTS[0])], GenerationSpec(12))
    loaded.model.generation_config.repetition_penalty = 50.0
    try:
        assert generate(loaded, [Row(PROMPTS[0])], GenerationSpec(12)) == plain
        assert loaded.model.generation_config.repetition_penalty == 50.0
    finally:
        loaded.model.generation_config.repetition_penalty = 1.0


def test_answers_stream_and_end_as_they_streamed(loaded, monkeypatch):
    monkeypatch.setattr(engine, "EVERY", 0.0)
    told = []
    final = generate(
        loaded, [Row(prompt) for prompt in PROMPTS], GenerationSpec(6), told.append
    )
    assert [len(answers[0].ids) for answers in told] == [1, 2, 3, 4, 5, 6, 6]
    assert told[-1] == final
    assert all(
        last.ids[: len(answer.ids)] == answer.ids
        for answers in told
        for answer, last in zip(answers, final)
    )


def test_batches_are_cut_and_put_together_again(loaded, monkeypatch):
    rows = [Row(prompt, push(s)) for prompt in PROMPTS for s in (0, 2.0)]
    whole = generate(loaded, rows, GenerationSpec(4))
    monkeypatch.setattr(engine, "MOST_ROWS", 4)
    told = []
    assert generate(loaded, rows, GenerationSpec(4), told.append) == whole
    assert len(told[0]) == len(rows)


def test_when_memory_runs_out_batches_are_halved(loaded, monkeypatch):
    real, sizes = engine.answer_batch, []

    def tight(loaded, rows, *rest):
        sizes.append(len(rows))
        if len(rows) > 2:
            raise torch.OutOfMemoryError("no more")
        return real(loaded, rows, *rest)

    rows = [Row(prompt, push(s)) for prompt in PROMPTS for s in (0, 2.0)]
    whole = generate(loaded, rows, GenerationSpec(4))
    monkeypatch.setattr(engine, "answer_batch", tight)
    assert generate(loaded, rows, GenerationSpec(4)) == whole
    assert sizes == [6, 3, 1, 2, 3, 1, 2]


def test_drawing_has_a_seed_and_does_not_depend_on_the_batch(loaded):
    rows = [Row(prompt, push(s)) for prompt in PROMPTS for s in (0, 1.0)]
    warm = GenerationSpec(8, temperature=1.5, seed=1)
    together = generate(loaded, rows, warm)
    torch.manual_seed(5)
    assert together == generate(loaded, rows, warm)
    assert [answer.ids for answer in together] == [
        generate(loaded, [row], warm)[0].ids for row in rows
    ]
    assert together != generate(
        loaded, rows, GenerationSpec(8, temperature=1.5, seed=2)
    )


def test_draws_follow_the_distribution(loaded):
    expected = np.exp(next_distribution(loaded, [Row("no")])[0])
    drawn = [
        generate(loaded, [Row("no")], GenerationSpec(1, temperature=1.0, seed=seed))[
            0
        ].ids
        for seed in range(300)
    ]
    best = int(expected.argmax())
    rate = np.mean([ids == (best,) for ids in drawn])
    assert (
        abs(rate - expected[best])
        < 4 * np.sqrt(expected[best] * (1 - expected[best]) / 300) + 1e-9
    )


def test_alternatives_are_the_distribution_at_every_token(loaded):
    rows = [Row(PROMPTS[0]), Row(PROMPTS[0], push(2.0))]
    answers = generate(loaded, rows, GenerationSpec(5, alternatives=5))
    followed = alternatives(loaded, rows, [answer.ids for answer in answers])
    for answer, places in zip(answers, followed):
        assert [len(place) for place in answer.top] == [5] * len(answer.ids)
        for one, other in zip(answer.top, places):
            assert [share for _, share in one] == pytest.approx(
                [share for _, share in other], abs=1e-5
            )
    first = next_distribution(loaded, rows)
    assert answers[1].top[0][0][1] == pytest.approx(np.exp(first[1].max()), rel=1e-4)
    assert kl(first[0], first[0]) == 0
    assert kl(first[0], first[1]) > 0


def test_continuations_have_the_log_probability_of_their_tokens(loaded):
    rows = [Row(PROMPTS[0], push(s)) for s in (0.0, 1.5)] + [Row(PROMPTS[2])]
    texts = [[" is fair", "!"], [" is fair"], ["x"]]
    scored = continuations(loaded, rows, texts)
    for row, given, found in zip(rows, texts, scored):
        assert found.tokens.tolist() == [len(text) for text in given]
        for text, nats in zip(given, found.nats):
            ids = loaded.tokenizer(text, add_special_tokens=False)["input_ids"]
            steps = [
                next_distribution(loaded, [Row(row.prompt + text[:i], row.terms)])[0][
                    token
                ]
                for i, token in enumerate(ids)
            ]
            assert nats == pytest.approx(sum(steps), rel=1e-4)


def test_positions_count_a_continuation_as_generated(loaded):
    later = ResolvedTerm(push(2.0)[0].vectors, {2: 2.0}, positions="generated")
    plain, steered = continuations(
        loaded, [Row(PROMPTS[0]), Row(PROMPTS[0], (later,))], [["a", "ab"]] * 2
    )
    assert plain.nats[0] == pytest.approx(steered.nats[0])
    assert abs(plain.nats[1] - steered.nats[1]) > 1e-3


def test_a_strength_beyond_numbers_breaks_its_own_row_only(loaded):
    rows = [Row(PROMPTS[0]), Row(PROMPTS[0], push(1e30)), Row(PROMPTS[1])]
    plain, broken, other = generate(loaded, rows, GenerationSpec(4))
    assert (broken.ended, broken.ids) == (BROKEN, ())
    assert [plain, other] == generate(loaded, [rows[0], rows[2]], GenerationSpec(4))


@pytest.mark.parametrize(
    ("prompt", "tokens", "words"),
    [
        ("", 4, "empty"),
        (" \n", 4, "empty"),
        ("a" * WINDOW, 4, "Shorten"),
        ("a" * 100, 64, f"{WINDOW}.*at most {WINDOW - 101}"),
    ],
)
def test_prompts_that_cannot_be_answered(tiny_models, prompt, tokens, words):
    llama = load(ModelSpec("llama", device="cpu"))
    with pytest.raises(SpecError, match=words):
        generate(llama, [Row(prompt)], GenerationSpec(tokens))


def test_more_tokens_than_an_answer_may_have():
    with pytest.raises(SpecError, match="10,000 new tokens"):
        GenerationSpec(10_000)


def test_an_answer_ends_where_the_model_ends_it(loaded):
    ids = generate(loaded, [Row(PROMPTS[0])], GenerationSpec(6))[0].ids
    own = loaded.model.generation_config.eos_token_id
    loaded.model.generation_config.eos_token_id = ids[2]
    try:
        (ended,) = generate(loaded, [Row(PROMPTS[0])], GenerationSpec(6))
    finally:
        loaded.model.generation_config.eos_token_id = own
    assert (ended.ids, ended.ended) == (ids[: ids.index(ids[2])], END)
    assert generate(loaded, [Row(PROMPTS[0])], GenerationSpec(6))[0].ended == LENGTH


@pytest.mark.parametrize("text", ["plain", "తెలుగు", "a é 中文 🌍!", ""])
def test_split_characters_appear_whole_with_their_last_token(text):
    pieces = Pieces(tokenizer())
    for token in tokenizer()(text, add_special_tokens=False)["input_ids"]:
        pieces.add(token)
        assert "\ufffd" not in "".join(pieces.texts)
    assert "".join(pieces.all) == text
    assert len(pieces.all) == len(text.encode())


def test_bytes_that_never_become_a_character_are_shown_as_such():
    pieces = Pieces(tokenizer())
    for token in tokenizer()("é", add_special_tokens=False)["input_ids"][:1]:
        pieces.add(token)
    assert "".join(pieces.all) == "\ufffd"
