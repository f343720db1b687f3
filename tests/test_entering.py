"""What pushes share is read once: the same numbers as the plain way, in every family."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from analysis.core.errors import ModelError
from analysis.model import pushed_scoring
from analysis.model.batches import EncodedRow
from analysis.model.hooks import Row
from analysis.model.load import Loaded
from analysis.model.option_scoring import Asked
from analysis.model.pushed_scoring import (
    entered_nats,
    is_same,
    plain_nats,
    pushed_nats,
)
from analysis.steering.operators import POSITIONS
from analysis.steering.resolve import ResolvedTerm
from tests.families import EVERY, HYBRID, engine_of

LAYER = 2
PLAIN = {*HYBRID, "granite_hybrid", "gpt1", "rwkv", "gemma4"}
"""Families without a cache of attention alone, and one whose upper blocks use keys of
lower ones."""
ENDINGS = [[9, 50, 51, 52, 7], [8, 60, 61], [30]]


def asked_of(hidden: int, positions: tuple[str, ...] = ("all",)) -> list[Asked]:
    """Two prompts, one longer than a sliding window, each plain and pushed."""
    drawn = np.random.default_rng(3)
    vector = drawn.standard_normal(hidden).astype(np.float32)
    found = []
    for prompt in ([1, *range(20, 33)], [1, 40, 41]):
        terms: list[tuple[ResolvedTerm, ...]] = [()]
        for strength in (0.2, 0.6):
            for place in positions:
                push = ({LAYER: vector}, {LAYER: strength}, "norm-relative addition")
                terms.append((ResolvedTerm(*push, place),))
        found += [Asked(EncodedRow(Row("", each), prompt), ENDINGS) for each in terms]
    return found


@pytest.mark.parametrize("family", EVERY)
def test_every_family_gives_the_same_entered_above_what_was_kept(family):
    """Or is read the plain way, which is found by trying it."""
    loaded = engine_of(family)
    asked = asked_of(loaded.hidden)
    plain = plain_nats(loaded, asked)
    found = pushed_nats(loaded, asked)
    for one, other in zip(plain, found):
        np.testing.assert_allclose(one, other, atol=1e-4)
    assert is_same(loaded, asked[:2], LAYER) == (family not in PLAIN)


def test_blocks_below_the_push_run_once_for_each_text():
    """And the head sees no token but those that are scored."""
    loaded = engine_of("llama")
    asked = asked_of(loaded.hidden)
    with counted(loaded) as tokens:
        entered_nats(loaded, asked, LAYER, lambda: None)
    texts = {text for one in asked for text in one.texts}
    width = max(map(len, texts))
    assert tokens["lower"] == len(texts) * width
    assert tokens["head"] == sum(1 + sum(len(e) - 1 for e in ENDINGS) for _ in asked)
    again = plain_nats(loaded, asked)
    np.testing.assert_allclose(again[1], pushed_nats(loaded, asked)[1], atol=1e-4)
    assert not any("forward" in vars(block) for block in loaded.blocks)


@contextmanager
def counted(loaded: Loaded) -> Iterator[dict[str, int]]:
    """How many tokens pass what lies inside the first block, and the output head."""
    tokens = {"lower": 0, "head": 0}

    def count(name: str):
        def hook(module: object, given: object, output: torch.Tensor) -> None:
            tokens[name] += output.shape[0] * output.shape[1]

        return hook

    inside = loaded.blocks[0].get_submodule("mlp.gate_proj")
    head = loaded.model.get_output_embeddings()
    assert head is not None
    handles = [
        inside.register_forward_hook(count("lower")),
        head.register_forward_hook(count("head")),
    ]
    yield tokens
    for handle in handles:
        handle.remove()


def test_pushes_at_some_tokens_only_are_the_same_too():
    loaded = engine_of("llama")
    asked = asked_of(loaded.hidden, ("all", "prompt", "generated", "last prompt token"))
    assert set(POSITIONS) >= {"all", "prompt", "generated", "last prompt token"}
    plain = plain_nats(loaded, asked)
    for one, other in zip(plain, entered_nats(loaded, asked, LAYER, lambda: None)):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_a_family_that_cannot_be_entered_is_read_the_plain_way(monkeypatch):
    """Whether it fails or gives something else."""
    loaded = engine_of("llama")
    asked = asked_of(loaded.hidden)
    plain = plain_nats(loaded, asked)

    def other(*given: object) -> list[np.ndarray]:
        return [each + 0.01 for each in plain]

    monkeypatch.setattr(pushed_scoring, "KNOWN", {})
    monkeypatch.setattr(pushed_scoring, "entered_nats", other)
    np.testing.assert_allclose(pushed_nats(loaded, asked)[0], plain[0])

    def failing(*given: object) -> list[np.ndarray]:
        raise KeyError("keys of block 1")

    monkeypatch.setattr(pushed_scoring, "KNOWN", {})
    monkeypatch.setattr(pushed_scoring, "entered_nats", failing)
    np.testing.assert_allclose(pushed_nats(loaded, asked)[0], plain[0])


def test_a_model_that_gives_no_numbers_is_told(monkeypatch):
    loaded = engine_of("llama")
    asked = asked_of(loaded.hidden)
    nothing = [np.full(len(ENDINGS), np.nan) for _ in asked]
    monkeypatch.setattr(pushed_scoring, "plain_nats", lambda *given: nothing)
    monkeypatch.setattr(pushed_scoring, "entered_nats", lambda *given: nothing)
    with pytest.raises(ModelError, match="no numbers"):
        pushed_nats(loaded, asked)
