"""States of one prompt put into another: what the model then says.

What stands before the patched token is read once; only the patched token, and what
follows it, is read again for every layer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from analysis.core.errors import ModelError
from analysis.core.model_kinds import check_writes
from analysis.model.hooks import Check, Passes, hooked_blocks, no_check
from analysis.model.load import Loaded
from analysis.model.scoring import kept_logits


@dataclass(frozen=True)
class Patch:
    """Where states go in a prompt of tokens ``ids``: at ``place``, one row per layer.

    Row l−1 has its state after block l replaced; ``onward``: and after all later blocks.
    """

    ids: list[int]
    place: int
    onward: bool = False


@dataclass(frozen=True)
class Reading:
    """Tokens that are read, the patched one's place among them, and what goes with them."""

    ids: list[int]
    place: int
    given: dict[str, Any]


def check_patchable(loaded: Loaded) -> None:
    """ModelError for a model that writes nothing, or reads prompts in another stack."""
    check_writes(loaded.kind, loaded.spec.model)
    if loaded.in_two_stacks:
        raise ModelError(
            f"{loaded.spec.model} reads prompts in its encoder and answers in its decoder, "
            "so a prompt's state is not where its answer begins. Choose a decoder."
        )


@torch.inference_mode()
def patched_shares(
    loaded: Loaded, patch: Patch, states: np.ndarray, check: Check = no_check
) -> torch.Tensor:
    """Probabilities (state, layer, token) of what follows the prompt, a patch in each row.

    The states are (state, layer, hidden), of the same token of other prompts.
    """
    layers = len(loaded.blocks)
    rows = states.shape[0] * layers
    reading = reading_of(loaded, patch, rows)
    put = torch.tensor(states)

    def change(layer: int, here: torch.Tensor) -> torch.Tensor:
        changed = here.clone()
        new = put[:, layer - 1].to(here.device, here.dtype)
        first_row = 0 if patch.onward else layer - 1
        for number in range(states.shape[0]):
            start = number * layers
            changed[start + first_row : start + layer, reading.place] = new[number]
        return changed

    passes = Passes(loaded, rows, len(reading.ids))
    with hooked_blocks(loaded, passes, change, check):
        out = loaded.model(**arguments(loaded, patch, reading, rows))
    passes.check_once()
    shares = out.logits[:, -1].float().softmax(-1)
    return shares.view(states.shape[0], layers, -1)


def reading_of(loaded: Loaded, patch: Patch, rows: int) -> Reading:
    """What of a prompt is read again: what follows its cache, where rows share one."""
    before = patch.ids[: patch.place]
    if before and loaded.shares_cache:
        cache = cache_of(loaded, before, rows)
        given = {"past_key_values": cache, "use_cache": True}
        return Reading(patch.ids[patch.place :], 0, given)
    return Reading(patch.ids, len(before), {"use_cache": False})


def arguments(
    loaded: Loaded, patch: Patch, reading: Reading, rows: int
) -> dict[str, Any]:
    """What the model is given: the same tokens in every row, at their own positions."""
    whole = len(patch.ids)
    tokens = torch.tensor([reading.ids], device=loaded.device)
    first = whole - len(reading.ids)
    positions = torch.arange(first, whole, device=loaded.device)
    real = torch.ones((rows, whole), dtype=torch.int64, device=loaded.device)
    return {
        "input_ids": tokens.expand(rows, -1),
        "attention_mask": real,
        **reading.given,
        **loaded.position_arguments(positions[None].expand(rows, -1)),
        **kept_logits(loaded, 1),
    }


def cache_of(loaded: Loaded, ids: Sequence[int], rows: int) -> Any:
    """What a pass over some tokens leaves behind, for each of so many rows."""
    tokens = torch.tensor([list(ids)], device=loaded.device)
    out = loaded.model(input_ids=tokens, use_cache=True, **kept_logits(loaded, 1))
    cache = out.past_key_values
    alike = torch.zeros(rows, dtype=torch.int64, device=loaded.device)
    cache.batch_select_indices(alike)
    return cache


@torch.inference_mode()
def plain_shares(loaded: Loaded, ids: Sequence[int]) -> torch.Tensor:
    """Probabilities (token,) of what follows a prompt."""
    tokens = torch.tensor([list(ids)], device=loaded.device)
    out = loaded.model(input_ids=tokens, use_cache=False, **kept_logits(loaded, 1))
    return out.logits[0, -1].float().softmax(-1)
