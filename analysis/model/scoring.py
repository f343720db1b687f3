"""What a steered model would say and how surely.

Continuations, next tokens, and how far they are from the baseline's.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

import numpy as np
import torch

from analysis.core.errors import ModelError, SpecError
from analysis.core.scores import Scored
from analysis.model.batches import (
    EncodedRow,
    encoded_endings,
    encoded_rows,
    padded_batch,
    pass_input,
)
from analysis.model.extract import ONE_TEXT, batched, device_budget
from analysis.model.hooks import Check, Geometry, Row, no_check, steered
from analysis.model.load import Loaded
from analysis.model.tokens import LikelyToken, TokenNames, TokenShare


class Counted(Protocol):
    """Something of so many tokens."""

    @property
    def tokens(self) -> int:
        """How many."""
        ...


T = TypeVar("T")
A = TypeVar("A", bound=Counted)
Read = Callable[[np.ndarray, Sequence[int]], T]
"""From log-probabilities (token, vocabulary) and ids (token,) to what is wanted."""
TOKEN_BUDGET = {"cpu": 2048, "cuda": 16384}
"""Tokens in a batch, padding included."""
MOST_LOGITS = 2**25
"""Logits that are held at once: 128 MiB in float32, whatever the vocabulary."""


def continuations(
    loaded: Loaded,
    rows: Sequence[Row],
    texts: Sequence[Sequence[str]],
    check: Check = no_check,
) -> list[Scored]:
    """How likely ``texts[i]`` are right after the prompt of row i under its steering.

    All are scored in as few batches as fit. The tokens of a continuation count as
    generated. SpecError for an empty continuation or prompt, or one beyond the window.
    """
    if len(texts) != len(rows):
        raise SpecError(
            f"{len(rows)} rows need as many lists of continuations; given were "
            f"{len(texts)}."
        )
    endings = [encoded_endings(loaded, row) for row in texts]
    check_not_empty(endings, "A continuation")
    encoded = encoded_rows(loaded, rows, longest(endings))
    asked = []
    for row, ends in zip(encoded, endings):
        asked += [replace(row, following=end) for end in ends]
    nats = read_following(loaded, asked, summed_nats, check)
    return scores_by_row(np.array(nats), endings)


def check_not_empty(endings: Sequence[list[list[int]]], kind: str) -> None:
    """SpecError for a text without a token."""
    if not all(end for row in endings for end in row):
        raise SpecError(f"{kind} is empty. Give every answer at least one word.")


def longest(endings: Sequence[list[list[int]]]) -> int:
    """Tokens of the longest text of any row."""
    return max((len(end) for row in endings for end in row), default=0)


def scores_by_row(nats: np.ndarray, endings: Sequence[list[list[int]]]) -> list[Scored]:
    """The nats (text,) of all rows one after another, row by row."""
    scores = []
    begin = 0
    for ends in endings:
        end = begin + len(ends)
        scores.append(Scored(nats[begin:end], token_counts(ends)))
        begin = end
    return scores


def token_counts(ends: Sequence[list[int]]) -> np.ndarray:
    """How many tokens each text has (text,)."""
    return np.array([len(end) for end in ends], np.int64)


def in_batches(
    loaded: Loaded, asked: Sequence[A], work: Callable[[list[A]], Sequence[T]]
) -> list[T]:
    """What ``work`` makes of each of what is asked, in batches of one token budget."""
    lengths = [one.tokens for one in asked]
    found: dict[int, T] = {}
    budget = device_budget(loaded, TOKEN_BUDGET)
    if loaded.habits.writes_alone:
        budget = ONE_TEXT
    for batch in batched(lengths, budget):
        made = work([asked[i] for i in batch])
        found.update(zip(batch, made))
    return [found[i] for i in range(len(asked))]


def summed_nats(logs: np.ndarray, ids: Sequence[int]) -> float:
    """Log-probability of a text from those of all tokens (token, vocabulary)."""
    return float(logs[np.arange(len(ids)), ids].sum())


def next_logs(logs: np.ndarray, ids: Sequence[int]) -> np.ndarray:
    """Log-probabilities (vocabulary,) of the next token."""
    return logs[0]


def read_following(
    loaded: Loaded, rows: Sequence[EncodedRow], read: Read[T], check: Check = no_check
) -> list[T]:
    """What ``read`` makes of each row's log-probabilities and of what follows it.

    The log-probabilities (token, vocabulary) are those at every token that follows the
    prompt, or of the next one where nothing follows.
    """

    def read_parts(batch: list[EncodedRow]) -> list[T]:
        found = []
        for part in parts_of(loaded, batch):
            found += read_batch(loaded, part, read, check)
        return found

    return in_batches(loaded, rows, read_parts)


def parts_of(loaded: Loaded, rows: Sequence[EncodedRow]) -> list[Sequence[EncodedRow]]:
    """Rows of one batch in parts whose logits are no more than are held at once."""
    tokens = kept_tokens(rows)
    if not kept_logits(loaded, tokens):
        tokens = max(row.tokens for row in rows)
    most = max(1, MOST_LOGITS // (tokens * loaded.vocabulary))
    return [rows[begin : begin + most] for begin in range(0, len(rows), most)]


def kept_tokens(rows: Sequence[EncodedRow]) -> int:
    """At how many tokens of each row logits are made, where a model can leave some out."""
    return max(len(row.following) for row in rows) + 1


@torch.inference_mode()
def read_batch(
    loaded: Loaded, rows: Sequence[EncodedRow], read: Read[T], check: Check
) -> list[T]:
    """The same for rows that make one batch.

    ModelError when a row that is not steered gets no numbers; a steered one may be
    pushed beyond them.
    """
    batch = padded_batch(loaded, rows)
    kept = kept_tokens(rows)
    geometry = Geometry(batch.places, width=batch.width)
    with steered(loaded, [row.row for row in rows], geometry, check):
        logits = loaded.model(
            use_cache=False,
            **pass_input(loaded, batch),
            **kept_logits(loaded, kept),
        ).logits
    found = []
    for number, row in enumerate(rows):
        own = own_logits(loaded, logits[number], len(row.following))
        logs = own.float().log_softmax(-1).cpu().numpy()
        if not row.row.terms and np.isnan(logs).any():
            raise no_numbers(loaded)
        found.append(read(logs, row.following))
    return found


def own_logits(loaded: Loaded, logits: torch.Tensor, following: int) -> torch.Tensor:
    """Logits at every token that follows a prompt, or of the next where none does.

    ``logits`` (token, vocabulary) are one row's, padded as its batch.
    """
    # The logits at a token are of the one behind it.
    if loaded.in_two_stacks:
        first = len(loaded.start) - 1
        return logits[first : first + max(following, 1)]
    own = logits[-following - 1 :]
    return own[:-1] if following else own


def no_numbers(loaded: Loaded) -> ModelError:
    """The error for log-probabilities that are no numbers."""
    return ModelError(
        f"{loaded.spec.model} gives no numbers for what comes next, in "
        f"{loaded.spec.dtype}. Choose float32, weaker steering, or another model."
    )


def kept_logits(loaded: Loaded, count: int) -> dict[str, int]:
    """The argument of a pass by which only the last logits are made, where it has one."""
    if loaded.in_two_stacks:  # its rows are padded on the right
        return {}
    if "logits_to_keep" in inspect.signature(loaded.model.forward).parameters:
        return {"logits_to_keep": count}
    return {}


def next_distribution(
    loaded: Loaded, rows: Sequence[Row], check: Check = no_check
) -> np.ndarray:
    """Log-probabilities (row, token) in nats of the token after each row's prompt.

    Each is under its row's steering.
    """
    encoded = encoded_rows(loaded, rows, 0)
    return np.stack(read_following(loaded, encoded, next_logs, check))


def kl(baseline: np.ndarray, steered: np.ndarray) -> np.ndarray:
    """Kullback-Leibler divergence KL(baseline ‖ steered) in nats along the last axis.

    Both are arrays of log-probabilities.
    """
    return (np.exp(baseline) * (baseline - steered)).sum(-1)


def alternatives(
    loaded: Loaded,
    rows: Sequence[Row],
    answers: Sequence[Sequence[int]],
    count: int = 5,
) -> list[tuple[tuple[TokenShare, ...], ...]]:
    """The likeliest tokens at every token of given answers (ids), row by row.

    Each is under its row's steering. With rows without terms: what the baseline would
    have said in place of each token of a steered answer.
    """
    names = TokenNames(loaded.tokenizer)

    def likeliest_at_each(
        logs: np.ndarray, ids: Sequence[int]
    ) -> tuple[tuple[TokenShare, ...], ...]:
        return tuple(names.named(likely) for likely in likeliest(logs, count))

    room = max(map(len, answers), default=0)
    encoded = encoded_rows(loaded, rows, room)
    filled = [i for i, ids in enumerate(answers) if ids]
    asked = [replace(encoded[i], following=answers[i]) for i in filled]
    found = read_following(loaded, asked, likeliest_at_each)
    by_row = dict(zip(filled, found))
    return [by_row.get(i, ()) for i in range(len(rows))]


def likeliest(logs: np.ndarray, count: int) -> list[list[LikelyToken]]:
    """The likeliest tokens from log-probabilities (token, vocabulary), likeliest first."""
    found = torch.from_numpy(logs).topk(count)
    shares, tokens = found.values.exp().tolist(), found.indices.tolist()
    likely = []
    for ids, of_each in zip(tokens, shares):
        likely.append([LikelyToken(*one) for one in zip(ids, of_each)])
    return likely
