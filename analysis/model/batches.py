"""Prompts of a batch: encoded, checked against the model's window, padded.

A batch also knows where everything lies in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from analysis.core.errors import ModelError, SpecError
from analysis.core.model_kinds import check_writes
from analysis.core.templates import added_tokens, prompt_ids
from analysis.core.tokenizer import Tokenizer
from analysis.model.hooks import Row
from analysis.model.load import Loaded
from analysis.steering.operators import AFTER, Places


@dataclass(frozen=True)
class EncodedRow:
    """A row with the token ids of its prompt, and of what follows it, if anything.

    ``after`` tokens come before the instruction has ended; 0: the row's text tells.
    """

    row: Row
    prompt: list[int]
    following: Sequence[int] = ()
    after: int = 0

    @property
    def tokens(self) -> int:
        """How many there are in all."""
        return len(self.prompt) + len(self.following)


def encoded_rows(loaded: Loaded, rows: Sequence[Row], room: int) -> list[EncodedRow]:
    """Each row with the token ids of its prompt.

    SpecError for an empty prompt, or one that leaves no room for ``room`` tokens in the
    model's window. ModelError for a model that writes nothing.
    """
    check_writes(loaded.kind, loaded.spec.model)
    prompts = [row.prompt for row in rows]
    if not all(prompt.strip() for prompt in prompts):
        raise SpecError(
            "The prompt is empty. Write something for the model to go on from."
        )
    ids = prompt_tokens(loaded, rows)
    if not all(ids):
        raise SpecError("A prompt becomes no token at all. Write something else.")
    if max(map(max, ids)) >= loaded.vocabulary:
        raise ModelError(
            f"The tokenizer of {loaded.spec.model} gives tokens that the model does not "
            "have; choose another model."
        )
    longest = max(map(len, ids))
    if loaded.in_two_stacks:
        # What is written lies in a window of its own.
        longest = max(longest, len(loaded.start) + room)
        room = 0
    if longest + room > loaded.window:
        raise too_long(longest, room, loaded.window)
    return [EncodedRow(row, prompt) for row, prompt in zip(rows, ids)]


def prompt_tokens(loaded: Loaded, rows: Sequence[Row]) -> list[list[int]]:
    """Token ids of each row's prompt."""
    found: list[list[int]] = [[]] * len(rows)
    for whole in (False, True):
        places = [i for i, row in enumerate(rows) if row.whole == whole]
        if not places:
            continue
        prompts = [rows[i].prompt for i in places]
        ids = prompt_ids(loaded.tokenizer, prompts, whole, loaded.in_two_stacks)
        for place, prompt in zip(places, ids):
            found[place] = prompt
    return found


def too_long(longest: int, room: int, window: int) -> SpecError:
    """The error for a prompt that fills the window."""
    remedy = "Shorten the prompt."
    if longest < window:
        remedy = f"Ask for at most {window - longest:,}."
    return SpecError(
        f"The prompt has {longest:,} tokens and {room:,} new ones were asked for; the "
        f"model's window is {window:,}. {remedy}"
    )


def encoded_endings(loaded: Loaded, texts: Sequence[str]) -> list[list[int]]:
    """Token ids of texts that follow a prompt, without what the tokenizer adds."""
    endings = []
    for text in texts:
        endings.append(loaded.tokenizer(text, add_special_tokens=False)["input_ids"])
    return endings


def instruction_tokens(loaded: Loaded, encoded: EncodedRow) -> int:
    """How many tokens of a prompt a model reads before the instruction has ended."""
    return tokens_to_end(loaded.tokenizer, encoded)


def tokens_to_end(tokenizer: Tokenizer, encoded: EncodedRow) -> int:
    """How many tokens of a prompt come before the instruction has ended.

    These are all of them when the prompt is the instruction. Space around the
    instruction is left out of account: many templates trim it. SpecError when the
    prompt does not hold it.
    """
    row = encoded.row
    text = row.instruction.strip()
    found = row.prompt.removesuffix(row.ending).rfind(text)
    if found < 0 or not row.prompt.endswith(row.ending):
        raise SpecError(
            "The template changes the instruction, so where it ends in the prompt is "
            "not known. Choose other token positions or another template."
        )
    end = found + len(text)
    if not text or not row.prompt[end:].strip():
        return len(encoded.prompt)
    (begun,) = prompt_ids(tokenizer, [row.prompt[:end]], row.whole)
    return min(len(encoded.prompt), len(begun))


@dataclass(frozen=True)
class Batch:
    """Padded rows (row, token), which tokens are real, and where prompts lie.

    ``begun``: what the decoder of two stacks is given of its own (row, token); None of
    other models.
    """

    tokens: torch.Tensor
    mask: torch.Tensor
    places: Places
    begun: torch.Tensor | None = None
    width: int = 0
    """Tokens of the first pass through the blocks in which prompts lie."""

    @property
    def positions(self) -> torch.Tensor:
        """Position of every token in its own text, (row, token)."""
        return text_positions(self.mask)


def text_positions(mask: torch.Tensor) -> torch.Tensor:
    """Position of every real token (row, token) among those of its row."""
    return (mask.cumsum(-1) - 1).clamp(min=0)


def padded_batch(loaded: Loaded, rows: Sequence[EncodedRow]) -> Batch:
    """Prompts with what follows them, padded on the left.

    Of a model of two stacks on the right: prompts for its encoder, what follows them for
    its decoder.
    """
    if loaded.in_two_stacks:
        return batch_of_two(loaded, rows)
    width = max(row.tokens for row in rows)
    pad = loaded.tokenizer.pad_token_id or 0
    filled = []
    for row in rows:
        padding = [pad] * (width - row.tokens)
        filled.append([*padding, *row.prompt, *row.following])
    first = np.array([width - row.tokens for row in rows])
    after = np.array([tokens_before_steering(loaded, row) for row in rows])
    prompts = np.array([len(row.prompt) for row in rows])
    device = loaded.device
    place = torch.arange(width, device=device)
    begin = torch.tensor(first, device=device)
    real = place[None] >= begin[:, None]
    places = Places(first, after=first + after, end=first + prompts)
    return Batch(
        tokens=torch.tensor(filled, device=device),
        mask=real.long(),
        places=places,
        width=width,
    )


def batch_of_two(loaded: Loaded, rows: Sequence[EncodedRow]) -> Batch:
    """Prompts for an encoder, and what follows them behind the start of answers."""
    pad = loaded.tokenizer.pad_token_id or 0
    start = loaded.start
    prompts = filled_right([row.prompt for row in rows], pad)
    begun = filled_right([[*start, *row.following] for row in rows], pad)
    lengths = np.array([len(row.prompt) for row in rows])
    device = loaded.device
    place = torch.arange(len(prompts[0]), device=device)
    real = place[None] < torch.tensor(lengths, device=device)[:, None]
    first = np.zeros_like(lengths)
    after = np.array([own_tokens(loaded, row) for row in rows])
    if loaded.writes_here:
        # A decoder's own prompt is what every answer begins with.
        places = Places(first, after=first, end=np.full_like(lengths, len(start)))
        width = len(begun[0])
    else:
        places = Places(first, after=after, end=after)
        width = len(prompts[0])
    return Batch(
        tokens=torch.tensor(prompts, device=device),
        mask=real.long(),
        places=places,
        begun=torch.tensor(begun, device=device),
        width=width,
    )


def own_tokens(loaded: Loaded, row: EncodedRow) -> int:
    """Tokens of a prompt before what the tokenizer ends every text with."""
    if row.row.whole:
        return len(row.prompt)
    ending = len(added_tokens(loaded.tokenizer).after)
    return max(len(row.prompt) - ending, 1)


def filled_right(rows: Sequence[Sequence[int]], pad: int) -> list[list[int]]:
    """Rows of token ids, padded on the right to one length."""
    width = max(map(len, rows))
    return [[*row, *[pad] * (width - len(row))] for row in rows]


def pass_input(loaded: Loaded, batch: Batch) -> dict[str, torch.Tensor]:
    """What a forward pass of the whole model is given of a batch."""
    given = {"input_ids": batch.tokens, "attention_mask": batch.mask}
    if batch.begun is not None:
        return given | {"decoder_input_ids": batch.begun}
    return given | loaded.position_arguments(batch.positions)


def generation_input(loaded: Loaded, batch: Batch) -> dict[str, Any]:
    """What the library's generation is given of a batch."""
    given: dict[str, Any] = {"input_ids": batch.tokens, "attention_mask": batch.mask}
    if batch.begun is not None:
        given["decoder_input_ids"] = batch.begun
        given["decoder_start_token_id"] = loaded.start[0]
    return given


def tokens_before_steering(loaded: Loaded, row: EncodedRow) -> int:
    """Tokens of the prompt up to the instruction's end, where a term asks for it."""
    if row.after:
        return row.after
    if any(term.positions == AFTER for term in row.row.terms):
        return instruction_tokens(loaded, row)
    return len(row.prompt)
