"""What a steered model would say and how surely: continuations, next tokens, and how far they are from the baseline's."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from analysis.core.errors import SpecError
from analysis.model.batches import UNPLACED, batch, encode, token_name
from analysis.model.extract import batches
from analysis.model.hooks import Geometry, Row, steered
from analysis.model.load import Loaded

TOKEN_BUDGET = {"cpu": 2048, "cuda": 16384}
"""Tokens in a batch, padding included."""


@dataclass(frozen=True)
class Scored:
    """Log-probabilities (text,) of one row's continuations in nats, summed over their tokens, and their numbers of tokens."""

    nats: np.ndarray
    tokens: np.ndarray


def continuations(
    loaded: Loaded,
    rows: Sequence[Row],
    texts: Sequence[Sequence[str]],
    check: Callable[[], None] = lambda: None,
) -> list[Scored]:
    """Log-probabilities of ``texts[i]`` right after the prompt of row i under its steering, all in as few batches as fit.

    The tokens of a continuation count as generated. SpecError for an empty continuation or prompt, or one beyond the window.
    """
    if len(texts) != len(rows):
        raise SpecError(
            f"{len(rows)} rows need as many lists of continuations; given were {len(texts)}."
        )
    owners = [(i, text) for i, row in enumerate(texts) for text in row]
    ends = [
        loaded.tokenizer(text, add_special_tokens=False)["input_ids"]
        for _, text in owners
    ]
    if not all(ends):
        raise SpecError("A continuation is empty. Give every answer at least one word.")
    prompts = encode(loaded, rows, max(map(len, ends), default=0))
    nats = np.zeros(len(owners))
    given = [rows[i] for i, _ in owners], [prompts[i] for i, _ in owners], ends
    for chosen in within(
        loaded, [len(prompts[i]) + len(end) for (i, _), end in zip(owners, ends)]
    ):
        part = tuple([values[i] for i in chosen] for values in given)
        nats[chosen] = [
            float(found.sum())
            for found in followed(loaded, part, lambda logs, token: logs[token], check)
        ]
    lengths, owner = (
        np.array([len(end) for end in ends]),
        np.array([i for i, _ in owners]),
    )
    return [Scored(nats[owner == i], lengths[owner == i]) for i in range(len(rows))]


def within(loaded: Loaded, lengths: Sequence[int]) -> list[list[int]]:
    """Indices in batches of one token budget."""
    return batches(
        lengths, TOKEN_BUDGET.get(loaded.device.type, max(TOKEN_BUDGET.values()))
    )


@torch.inference_mode()
def followed(
    loaded: Loaded, part: tuple, read: Callable, check: Callable[[], None]
) -> list[np.ndarray]:
    """``read(log-probabilities (token,), id)`` at every token of each row's continuation."""
    rows, prompts, ends = part
    given = batch(loaded, rows, prompts, ends)
    kept = max(map(len, ends)) + 1
    extra = (
        {}
        if loaded.model.config.model_type in UNPLACED
        else {"position_ids": given.positions}
    )
    if "logits_to_keep" in inspect.signature(loaded.model.forward).parameters:
        extra["logits_to_keep"] = kept
    with steered(loaded, rows, Geometry(given.places), check):
        logits = loaded.model(
            input_ids=given.tokens, attention_mask=given.mask, use_cache=False, **extra
        ).logits
    found = []
    for row, end in enumerate(ends):
        logs = (
            logits[row, -len(end) - 1 : -1].float().log_softmax(-1)
            if end
            else logits[row, -1:].float().log_softmax(-1)
        )
        found.append(
            np.array(
                [read(log.cpu().numpy(), token) for log, token in zip(logs, end or [0])]
            )
        )
    return found


def next_distribution(
    loaded: Loaded, rows: Sequence[Row], check: Callable[[], None] = lambda: None
) -> np.ndarray:
    """Log-probabilities (row, token) in nats of the token after each row's prompt under its steering."""
    prompts = encode(loaded, rows, 0)
    found: dict[int, np.ndarray] = {}
    for chosen in within(loaded, [len(prompt) for prompt in prompts]):
        part = (
            [rows[i] for i in chosen],
            [prompts[i] for i in chosen],
            [[] for _ in chosen],
        )
        found |= dict(
            zip(
                chosen,
                (
                    logs[0]
                    for logs in followed(loaded, part, lambda log, token: log, check)
                ),
            )
        )
    return np.stack([found[i] for i in range(len(rows))])


def kl(baseline: np.ndarray, steered: np.ndarray) -> np.ndarray:
    """Kullback-Leibler divergence KL(baseline ‖ steered) in nats along the last axis of two arrays of log-probabilities."""
    return (np.exp(baseline) * (baseline - steered)).sum(-1)


def alternatives(
    loaded: Loaded,
    rows: Sequence[Row],
    answers: Sequence[Sequence[int]],
    count: int = 5,
) -> list[tuple[tuple[tuple[str, float], ...], ...]]:
    """The likeliest tokens with their probabilities at every token of given answers (ids), under each row's steering.

    With rows without terms: what the baseline would have said in place of each token of a steered answer.
    """
    prompts, found = encode(loaded, rows, max(map(len, answers), default=0)), {}

    def likeliest(log: np.ndarray, _token: int) -> list[tuple[int, float]]:
        best = np.argpartition(-log, count)[:count]
        return [(int(i), float(np.exp(log[i]))) for i in best[np.argsort(-log[best])]]

    filled = [i for i, answer in enumerate(answers) if len(answer)]
    for part in within(loaded, [len(prompts[i]) + len(answers[i]) for i in filled]):
        chosen = [filled[i] for i in part]
        given = (
            [rows[i] for i in chosen],
            [prompts[i] for i in chosen],
            [list(answers[i]) for i in chosen],
        )
        found |= dict(zip(chosen, followed(loaded, given, likeliest, lambda: None)))
    return [
        tuple(
            tuple(
                (token_name(loaded, int(token)), float(share)) for token, share in place
            )
            for place in found.get(i, ())
        )
        for i in range(len(rows))
    ]
