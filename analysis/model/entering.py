"""Passes that begin in the middle of a model, with states that were kept before.

What is pushed after a block changes nothing below it, so what lies below is computed once
for all pushes of a text.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from transformers.cache_utils import Cache

from analysis.model.extract import padded_texts, stack_input
from analysis.model.hooks import (
    Check,
    Passes,
    hooked_blocks,
    no_check,
    states_of,
    with_states,
)
from analysis.model.load import Loaded

Ids = tuple[int, ...]


@dataclass(frozen=True)
class Below:
    """What leaves a block (1…N) where nothing is pushed: states (token, hidden) by text.

    ``form`` is what that block gave, whose states are to be replaced.
    """

    layer: int
    form: Any
    texts: Mapping[Ids, torch.Tensor]

    def of(self, ids: Sequence[int]) -> torch.Tensor:
        """The states (token, hidden) of a text."""
        return self.texts[tuple(ids)]


class FarEnough(Exception):
    """Ends a pass whose later blocks nobody asks for."""


@torch.inference_mode()
def below(
    loaded: Loaded, layer: int, texts: Sequence[Ids], check: Check = no_check
) -> Below:
    """The states of texts after a block; no later block runs."""
    ids = [list(text) for text in texts]
    padded = padded_texts(loaded, ids, "right")
    given = stack_input(loaded, padded, "right")
    seen = []

    def keep(module: nn.Module, arguments: Any, output: Any) -> None:
        seen.append(output)
        raise FarEnough

    def same(number: int, states: torch.Tensor) -> torch.Tensor:
        return states

    rows, tokens = padded.tokens.shape
    with hooked_blocks(loaded, Passes(loaded, rows, tokens), same, check):
        last = loaded.blocks[layer - 1].register_forward_hook(keep)
        try:
            loaded.decoder(input_ids=padded.tokens, **given)
        except FarEnough:
            pass
        finally:
            last.remove()
    (form,) = seen
    states = states_of(layer, form)
    found = {}
    for number, text in enumerate(texts):
        found[text] = states[number, : len(text)]
    return Below(layer, form, found)


@contextmanager
def entered(
    loaded: Loaded, known: Below | None, states: torch.Tensor | None
) -> Iterator[None]:
    """Have blocks give kept states (row, token, hidden) in place of running.

    These are all blocks up to that which the states left; all run where none is given.
    """
    if known is None or states is None:
        yield
        return
    blocks = loaded.blocks[: known.layer]
    # What spreads a model over devices keeps a way of its own there.
    before = [vars(block).get("forward") for block in blocks]
    for place, block in enumerate(blocks):
        block.forward = StandIn(place, known.form, states)
    try:
        yield
    finally:
        for block, own in zip(blocks, before):
            del block.forward
            if own is not None:
                block.forward = own


@dataclass(frozen=True)
class StandIn:
    """What a block at a place, from 0, does while it does not run."""

    place: int
    form: Any
    states: torch.Tensor

    def __call__(self, *given: object, **named: object) -> object:
        """The kept states; a cache hears of as many tokens as would have been read.

        By the length of its first layers a model tells where a pass begins.
        """
        for value in (*given, *named.values()):
            if isinstance(value, Cache):
                rows, tokens, _ = self.states.shape
                blank = self.states.new_zeros((rows, 1, tokens, 1))
                value.update(blank, blank, self.place)
        return with_states(self.form, self.states)


def filled_left(rows: Sequence[torch.Tensor], width: int) -> torch.Tensor:
    """States of rows (token, hidden) as (row, token, hidden), padded on the left.

    With a state of the row's own: it is one that the model can take.
    """
    filled = []
    for states in rows:
        pads = states[:1].expand(width - len(states), -1)
        filled.append(torch.cat([pads, states]))
    return torch.stack(filled)


def filled_right(rows: Sequence[torch.Tensor], width: int) -> torch.Tensor:
    """The same, padded on the right."""
    filled = []
    for states in rows:
        pads = states[-1:].expand(width - len(states), -1)
        filled.append(torch.cat([states, pads]))
    return torch.stack(filled)
