"""Prompts of a batch: encoded, checked against the model's window, padded, and where everything lies."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from analysis.core.errors import ModelError, SpecError
from analysis.core.templates import visible
from analysis.model.hooks import Row
from analysis.model.load import Loaded
from analysis.steering.operators import AFTER, Places

UNPLACED = ("bloom", "falcon", "mpt")
"""Families that take no positions; they place tokens by the mask."""


def encode(loaded: Loaded, rows: Sequence[Row], room: int) -> list[list[int]]:
    """Token ids of each prompt. SpecError for an empty prompt, or one that leaves no room for ``room`` tokens in the window."""
    if any(not row.prompt.strip() for row in rows):
        raise SpecError(
            "The prompt is empty. Write something for the model to go on from."
        )
    ids = loaded.tokenizer([row.prompt for row in rows], add_special_tokens=True)[
        "input_ids"
    ]
    if not all(ids):
        raise SpecError("A prompt becomes no token at all. Write something else.")
    known = loaded.model.get_input_embeddings().weight.shape[0]
    if max(map(max, ids)) >= known:
        raise ModelError(
            f"The tokenizer of {loaded.spec.model} gives tokens that the model does not have; choose another model."
        )
    longest = max(map(len, ids))
    if longest + room > loaded.window:
        raise SpecError(
            f"The prompt has {longest:,} tokens and {room:,} new ones were asked for; the model's window is {loaded.window:,}. "
            + (
                f"Ask for at most {loaded.window - longest:,}."
                if longest < loaded.window
                else "Shorten the prompt."
            )
        )
    return ids


def after_instruction(loaded: Loaded, row: Row, ids: Sequence[int]) -> int:
    """How many tokens of a prompt come before the instruction has ended; all of them when the prompt is the instruction.

    Space around the instruction is left out of account: many templates trim it. SpecError when the prompt does not hold it.
    """
    text = row.instruction.strip()
    found = row.prompt.removesuffix(row.ending).rfind(text)
    if found < 0 or not row.prompt.endswith(row.ending):
        raise SpecError(
            "The template changes the instruction, so where it ends in the prompt is not known. Choose other token positions or "
            "another template."
        )
    end = found + len(text)
    if not text or not row.prompt[end:].strip():
        return len(ids)
    return min(
        len(ids),
        len(loaded.tokenizer(row.prompt[:end], add_special_tokens=True)["input_ids"]),
    )


@dataclass(frozen=True)
class Batch:
    """Left-padded prompts, optionally with what follows each, and where everything lies."""

    tokens: torch.Tensor
    mask: torch.Tensor
    places: Places

    @property
    def positions(self) -> torch.Tensor:
        """Position of every token in its own text."""
        return (self.mask.cumsum(-1) - 1).clamp(min=0)


def batch(
    loaded: Loaded,
    rows: Sequence[Row],
    prompts: Sequence[Sequence[int]],
    ends: Sequence[Sequence[int]] = (),
) -> Batch:
    """Prompts with their continuations ``ends``, padded on the left."""
    ends = ends or [()] * len(rows)
    width = max(len(prompt) + len(end) for prompt, end in zip(prompts, ends))
    pads = np.array(
        [width - len(prompt) - len(end) for prompt, end in zip(prompts, ends)]
    )
    pad = loaded.tokenizer.pad_token_id or 0
    filled = [
        [pad] * int(n) + list(prompt) + list(end)
        for n, prompt, end in zip(pads, prompts, ends)
    ]
    asked = [any(term.positions == AFTER for term in row.terms) for row in rows]
    after = np.array(
        [
            after_instruction(loaded, *each) if wanted else len(each[1])
            for *each, wanted in zip(rows, prompts, asked)
        ]
    )
    places = Places(
        pads, pads + after, pads + np.array([len(prompt) for prompt in prompts])
    )
    device = loaded.device
    mask = (
        torch.arange(width, device=device)[None]
        >= torch.tensor(pads, device=device)[:, None]
    )
    return Batch(torch.tensor(filled, device=device), mask.long(), places)


def token_name(loaded: Loaded, token: int) -> str:
    """A token for the eye; its number where the model has more tokens than the tokenizer."""
    written = loaded.tokenizer.convert_ids_to_tokens([token])[0]
    return (
        visible(loaded.tokenizer.decode([token]), written)
        if written is not None
        else f"#{token}"
    )
