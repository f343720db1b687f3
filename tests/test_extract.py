"""States are those of the plain way, text by text, whatever the batch.

Nothing is left behind on the model.
"""

from functools import cache

import numpy as np
import pytest
import torch

from analysis.core.errors import CorpusError, ModelError, SpecError, Stopped
from analysis.core.specs import ModelSpec
from analysis.model import extract, load
from analysis.model.extract import (
    MOST_TEXTS,
    Reading,
    batched,
    encoded_texts,
    read_batch,
    stream,
)
from analysis.model.hub import Source
from analysis.model.load import Loaded, out_of_memory
from analysis.model.stacks import find_blocks
from analysis.worker.reader import Collected, ModelReader
from tests.tiny import FAMILIES, HIDDEN, LAYERS, WINDOW, build, tokenizer

TEXTS = [
    "Fair.",
    "A longer text about what is fair and what is not, to be padded against.",
    "é",
    "Das ist gerecht.",
    "公平",
    "Fair.",
    "x" * 100,
    "The judge heard both sides.",
    "ตัดสิน",
]
PLAIN = Reading()
SHORT = Reading(budget=40)


@cache
def loaded(family: str = "llama", **changes: object) -> Loaded:
    """A tiny model as the engine sees it."""
    model = build(family, **changes)
    return Loaded(
        ModelSpec(family),
        Source(family, None, "local"),
        model,
        tokenizer(),
        find_blocks(model, LAYERS),
        HIDDEN,
    )


@cache
def plain(family: str, **changes: object) -> tuple[np.ndarray, np.ndarray]:
    """The library's own way, one text at a time.

    Its hidden states, and the output of the last block.
    """
    engine = loaded(family, **changes)
    states, last = [], []
    handle = engine.blocks[-1].register_forward_hook(
        lambda m, a, out: last.append(out[0] if isinstance(out, tuple) else out)
    )
    try:
        with torch.inference_mode():
            for row in encoded_texts(engine, TEXTS):
                out = engine.model(torch.tensor([row]), output_hidden_states=True)
                states.append(
                    torch.stack([state[0, -1] for state in out.hidden_states[1:]])
                )
    finally:
        handle.remove()
    return torch.stack(states).float().numpy(), torch.stack(
        [out[0, -1] for out in last]
    ).float().numpy()


def collect(engine: Loaded, texts=TEXTS, reading: Reading = PLAIN) -> np.ndarray:
    """All states through the stream."""
    collected = Collected(len(texts), len(engine.blocks), engine.hidden)
    collected.values[:] = np.nan
    stream(engine, texts, [collected], reading)
    return collected.values


def assert_close(
    found: np.ndarray, expected: np.ndarray, tolerance: float = 1e-4
) -> None:
    """Equal relative to the longest state of each layer."""
    scale = np.linalg.norm(expected, axis=-1).max(0)
    assert (np.linalg.norm(found - expected, axis=-1).max(0) <= tolerance * scale).all()


def hooks(engine: Loaded) -> int:
    """Hooks on the model.

    The library leaves some of its own once it was asked for hidden states.
    """
    return sum(
        len(module._forward_hooks) + len(module._forward_pre_hooks)
        for module in engine.model.modules()
    )


@pytest.mark.parametrize("padding", ["right", "left"])
@pytest.mark.parametrize("family", FAMILIES)
def test_states_are_those_of_the_plain_way_in_any_batch(family, padding):
    states, last = plain(family)
    for budget in (1, 150, 4096):
        found = collect(loaded(family), reading=Reading(budget, padding))
        assert found.dtype == np.float32
        assert_close(found[:, :-1], states[:, :-1])
        assert_close(found[:, -1], last)
        normed = collect(
            loaded(family), reading=Reading(budget, padding, final_norm=True)
        )
        assert_close(normed, states)
    assert np.linalg.norm(last - states[:, -1]) > 0.1 * np.linalg.norm(
        last
    )  # the two conventions do differ


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("family", ["llama", "bloom", "gemma3"])
def test_half_precision_gives_float32_states(family, dtype):
    half, exact = loaded(family, dtype=getattr(torch, dtype)), plain(family)[0]
    found = collect(half, reading=Reading(final_norm=True))
    assert half.model.dtype == getattr(torch, dtype) and found.dtype == np.float32
    assert_close(found, plain(family, dtype=getattr(torch, dtype))[0], 0.03)
    assert_close(found, exact, 0.1)


def test_a_text_that_comes_twice_is_read_once_and_given_to_all_its_places(monkeypatch):
    read = []
    real = extract.read_batch
    monkeypatch.setattr(
        extract,
        "read_batch",
        lambda engine, ids, *rest: read.extend(ids) or real(engine, ids, *rest),
    )
    found = collect(loaded(), [*TEXTS, *TEXTS[::-1]], SHORT)
    assert len(read) == len(set(TEXTS))
    assert_close(found[: len(TEXTS)], collect(loaded()))
    assert np.array_equal(found[: len(TEXTS)], found[len(TEXTS) :][::-1])


@pytest.mark.parametrize("begin", [True, False])
@pytest.mark.parametrize("empty", ["", "  \n"])
def test_an_empty_text_is_refused_even_when_a_beginning_token_would_hide_it(
    begin, empty
):
    engine = loaded()
    engine = Loaded(
        engine.spec,
        engine.source,
        engine.model,
        tokenizer(begin),
        engine.blocks,
        engine.hidden,
    )
    with pytest.raises(CorpusError, match="1 text is empty or with no token"):
        collect(engine, ["Fair.", empty])


def test_texts_longer_than_the_window_are_refused_and_listed():
    longest = "x" * (WINDOW - 1)
    assert np.isfinite(collect(loaded(), [longest])).all()
    with pytest.raises(
        CorpusError,
        match=f"2 texts are longer .* window of {WINDOW} tokens; the longest has {WINDOW + 5}",
    ) as error:
        collect(loaded(), [longest, longest + "yy", longest + "zzzzz"])
    assert error.value.faults == (
        f"{WINDOW + 2} tokens: {(longest + 'yy')[:80]!r}",
        f"{WINDOW + 5} tokens: {longest[:80]!r}",
    )


def test_a_tokenizer_of_another_model_is_refused():
    engine = loaded(vocab_size=100)
    with pytest.raises(
        ModelError, match="token number 130, but the model has 100 embeddings"
    ):
        collect(engine, ["é"])


def test_a_model_that_projects_its_last_state_says_so():
    engine = loaded("opt", word_embed_proj_dim=16)
    before = hooks(engine)
    assert np.isfinite(collect(engine)).all()
    with pytest.raises(SpecError, match="from 32 to 16 dimensions.*“block”"):
        collect(engine, reading=Reading(final_norm=True))
    assert hooks(engine) == before


def test_batches_hold_every_text_once_longest_first_within_the_budget():
    lengths = np.random.default_rng(0).integers(1, 90, 300).tolist()
    made = batched(lengths, 200)
    assert sorted(i for batch in made for i in batch) == list(range(300))
    padded = [len(batch) * max(lengths[i] for i in batch) for batch in made]
    assert max(padded) <= 200 and len(made) < 100
    assert [lengths[i] for batch in made for i in batch] == sorted(
        lengths, reverse=True
    )
    assert batched([500, 3], 200) == [
        [0],
        [1],
    ]  # a text above the budget is a batch of its own
    assert batched([], 200) == []
    assert [len(batch) for batch in batched([1] * 600, 4096)] == [
        MOST_TEXTS,
        MOST_TEXTS,
        88,
    ]


def small_memory(
    monkeypatch, tokens: int, error: type[Exception] = MemoryError
) -> list[int]:
    """Batches of more than this many tokens run out of memory.

    Returns the sizes of those that were read.
    """
    real, read = extract.read_batch, []

    def limited(engine, ids, *rest):
        size = len(ids) * max(map(len, ids))
        if size > tokens:
            raise error(
                "DefaultCPUAllocator: can't allocate memory: you tried to allocate too much"
            )
        read.append(size)
        return real(engine, ids, *rest)

    monkeypatch.setattr(extract, "read_batch", limited)
    return read


@pytest.mark.parametrize("error", [MemoryError, torch.OutOfMemoryError, RuntimeError])
def test_running_out_of_memory_halves_the_batches_and_says_so(monkeypatch, error):
    expected = collect(loaded())
    read, notices, eaten, done = small_memory(monkeypatch, 120, error), [], [], []
    collected = Collected(len(TEXTS), LAYERS, HIDDEN)
    collected.eat = lambda indices, states, eat=collected.eat: (
        eaten.extend(indices) or eat(indices, states)
    )
    reading = Reading(
        on_notice=notices.append, on_batch=lambda *counts: done.append(counts)
    )
    stream(loaded(), TEXTS, [collected], reading)
    assert_close(collected.values, expected)
    assert sorted(eaten) == list(range(len(TEXTS))) and max(read) <= 120
    assert notices and all(
        notice.startswith("Memory ran out; batches are halved to ")
        for notice in notices
    )
    assert done[-1] == (len(set(TEXTS)), len(set(TEXTS)))


def test_a_single_text_that_does_not_fit_is_named_as_the_reason(monkeypatch):
    small_memory(monkeypatch, 50)
    with pytest.raises(CorpusError, match="single text does not fit"):
        collect(loaded())


def test_memory_errors_are_told_from_other_faults(monkeypatch):
    with pytest.raises(RuntimeError) as error:
        torch.empty(2**60, dtype=torch.uint8)
    assert (
        out_of_memory(error.value)
        and out_of_memory(MemoryError())
        and not out_of_memory(RuntimeError("shape"))
    )
    monkeypatch.setattr(
        extract, "read_batch", lambda *rest: torch.zeros(2) @ torch.zeros(3)
    )
    with pytest.raises(RuntimeError, match="inconsistent tensor size"):
        collect(loaded())


@pytest.mark.parametrize("padding", ["right", "left"])
def test_stop_is_looked_for_in_every_block_and_leaves_no_hook(padding):
    engine = loaded()
    before = hooks(engine)
    for allowed in range(2 * LAYERS):
        calls = []

        def check(calls=calls, allowed=allowed):
            calls.append(None)
            if len(calls) > allowed:
                raise Stopped("Stopped.")

        with pytest.raises(Stopped):
            collect(engine, TEXTS[:4], Reading(budget=80, padding=padding, check=check))
        assert len(calls) == allowed + 1
        assert hooks(engine) == before


def test_no_hook_is_left_after_success_or_failure(monkeypatch):
    engine = loaded("gpt2")
    before = hooks(engine)
    collect(engine)
    assert hooks(engine) == before
    with pytest.raises(IndexError):
        read_batch(engine, [[5, 10**6]])
    assert hooks(engine) == before

    def broken(*_):
        raise ValueError("no more hooks")

    monkeypatch.setattr(engine.blocks[-1], "register_forward_hook", broken)
    with pytest.raises(ValueError, match="no more hooks"):
        collect(engine)
    assert hooks(engine) == before


def test_states_do_not_depend_on_the_order_of_the_texts():
    alone = np.concatenate([collect(loaded(), [text]) for text in TEXTS])
    assert_close(collect(loaded(), TEXTS[::-1])[::-1], alone)


def test_a_reader_applies_its_template_reports_and_tells_the_token_that_is_read(
    tiny_models,
):
    engine = load.load(ModelSpec("llama"))
    reader = ModelReader(engine, "papers' LLaMA2", "normed")
    assert (reader.layers, reader.hidden) == (LAYERS, HIDDEN)
    expected = collect(
        engine, [f"[INST] {text} [/INST] " for text in TEXTS], Reading(final_norm=True)
    )
    assert_close(reader.states(TEXTS), expected)
    assert reader.tail("Fair.")[-2:] == ["]", "␣"]
    assert reader.notices == []
