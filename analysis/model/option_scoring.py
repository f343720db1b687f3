"""Answer options scored behind one pass over their prompt, whose cache they share."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from analysis.core.scores import Scored
from analysis.model.batches import (
    Batch,
    EncodedRow,
    encoded_endings,
    encoded_rows,
    padded_batch,
    text_positions,
)
from analysis.model.entering import (
    Below,
    Ids,
    entered,
    filled_left,
    filled_right,
)
from analysis.model.hooks import Check, Geometry, Row, no_check, steered
from analysis.model.load import Loaded
from analysis.model.scoring import (
    MOST_LOGITS,
    check_not_empty,
    continuations,
    in_batches,
    kept_logits,
    longest,
    no_numbers,
    token_counts,
)
from analysis.steering.operators import Places

SHARED_FROM = 3072
"""Tokens of a prompt × width of the model from which its options share a pass.

Below it the second pass costs more than it saves. Measured on one core with three
options of about 11 tokens: even at 24 tokens with the demo model, which is 128 wide, and
below 5 tokens at a width of 768. Wide models always share.
"""
FEW = 16
"""Tokens whose log-probabilities of the whole vocabulary are held at once."""
Scoring = Callable[
    [Loaded, Sequence[Row], Sequence[Sequence[str]], Check], list[Scored]
]


def option_scores(
    loaded: Loaded,
    rows: Sequence[Row],
    texts: Sequence[Sequence[str]],
    check: Check = no_check,
) -> list[Scored]:
    """What ``continuations`` gives, by the faster way for each prompt (SHARED_FROM).

    Models whose cache cannot be shared go the plain way. For terms without a condition.
    Errors as in ``continuations``; ModelError for options that get no numbers.
    """
    shares = loaded.shares_cache and not loaded.habits.writes_alone
    long = []
    short = []
    for i, row in enumerate(encoded_rows(loaded, rows, 0)):
        if shares and row.tokens * loaded.hidden >= SHARED_FROM:
            long.append(i)
        else:
            short.append(i)
    found: dict[int, Scored] = {}

    def score(chosen: list[int], way: Scoring) -> None:
        if chosen:
            some_rows = [rows[i] for i in chosen]
            some_texts = [texts[i] for i in chosen]
            scores = way(loaded, some_rows, some_texts, check)
            found.update(zip(chosen, scores))

    score(long, shared_scores)
    score(short, continuations)
    for one in found.values():
        # The first option would be taken for the likeliest.
        if np.isnan(one.nats).any():
            raise no_numbers(loaded)
    return [found[i] for i in range(len(rows))]


class Asked(NamedTuple):
    """A prompt and the token ids of its options."""

    row: EncodedRow
    options: list[list[int]]

    @property
    def tokens(self) -> int:
        """How many the prompt and all options have."""
        return self.row.tokens + sum(map(len, self.options))

    @property
    def texts(self) -> list[Ids]:
        """What is read of the prompt and each option: all but the option's last token."""
        return [(*self.row.prompt, *ids[:-1]) for ids in self.options]


@dataclass(frozen=True)
class Options:
    """The options of all prompts of a batch one after another, and whose each is."""

    owner: list[int]
    ids: list[list[int]]

    @cached_property
    def width(self) -> int:
        """Tokens of the longest, without its first."""
        return max(map(len, self.ids)) - 1


def shared_scores(
    loaded: Loaded,
    rows: Sequence[Row],
    texts: Sequence[Sequence[str]],
    check: Check = no_check,
) -> list[Scored]:
    """What ``continuations`` gives, with one pass over the prompt for all its options.

    For terms without a condition. SpecError for an empty option or prompt, or one beyond
    the window.
    """
    endings = [encoded_endings(loaded, row) for row in texts]
    check_not_empty(endings, "An option")
    encoded = encoded_rows(loaded, rows, longest(endings))
    asked = [Asked(row, ends) for row, ends in zip(encoded, endings)]

    def score(batch: list[Asked]) -> list[np.ndarray]:
        found = []
        for part in parts_of_options(loaded, batch):
            found += score_batch(loaded, part, check)
        return found

    nats = in_batches(loaded, asked, score)
    scores = []
    for own, ends in zip(nats, endings):
        scores.append(Scored(own, token_counts(ends)))
    return scores


def parts_of_options(loaded: Loaded, asked: Sequence[Asked]) -> list[list[Asked]]:
    """Prompts of one batch in parts whose options' logits are no more than are held."""
    parts: list[list[Asked]] = []
    options, width = 0, 0
    for one in asked:
        more = options + len(one.options)
        wider = max(width, *map(len, one.options))
        if parts and more * wider * loaded.vocabulary <= MOST_LOGITS:
            parts[-1].append(one)
        else:
            parts.append([one])
            more = len(one.options)
            wider = max(map(len, one.options))
        options, width = more, wider
    return parts


@torch.inference_mode()
def score_batch(
    loaded: Loaded, asked: Sequence[Asked], check: Check, known: Below | None = None
) -> list[np.ndarray]:
    """Nats (option,) of every prompt of a batch.

    Nothing below a block runs where what leaves it is ``known`` of all texts.
    """
    batch = padded_batch(loaded, [each.row for each in asked])
    rows = [each.row.row for each in asked]
    geometry = Geometry(batch.places, width=batch.width)
    states = prompt_states(known, asked, batch.width)
    with entered(loaded, known, states), steered(loaded, rows, geometry, check):
        out = loaded.model(
            input_ids=batch.tokens,
            attention_mask=batch.mask,
            use_cache=True,
            **loaded.position_arguments(batch.positions),
            **kept_logits(loaded, 1),
        )
    options = options_of(asked)
    nats = first_nats(options, out.logits[:, -1])
    if options.width:
        cached = cache_by_option(batch, options, out.past_key_values)
        spread = [rows[i] for i in options.owner]
        states = option_states(known, asked, options.width)
        with entered(loaded, known, states):
            nats += later_nats(loaded, spread, options, cached, check)
    owner = np.array(options.owner)
    return [nats[owner == i] for i in range(len(asked))]


def prompt_states(
    known: Below | None, asked: Sequence[Asked], width: int
) -> torch.Tensor | None:
    """States (prompt, token, hidden) that are known of prompts, padded as they are."""
    if known is None:
        return None
    rows = [known.of(each.texts[0])[: each.row.tokens] for each in asked]
    return filled_left(rows, width)


def option_states(
    known: Below | None, asked: Sequence[Asked], width: int
) -> torch.Tensor | None:
    """States (option, token, hidden) that are known behind prompts, padded as there."""
    if known is None:
        return None
    rows = []
    for each in asked:
        # An option of one token has none that is read; padding needs one.
        begin = each.row.tokens
        for text in each.texts:
            states = known.of(text)
            rows.append(states[begin:] if len(text) > begin else states[-1:])
    return filled_right(rows, width)


def first_nats(options: Options, logits: torch.Tensor) -> np.ndarray:
    """Nats (option,) of the first token of each option, from logits (prompt, token)."""
    logs = logits.float().log_softmax(-1)
    nats = []
    for owner, ids in zip(options.owner, options.ids):
        nats.append(float(logs[owner, ids[0]]))
    return np.array(nats)


def options_of(asked: Sequence[Asked]) -> Options:
    """All options one after another."""
    owner = []
    ids = []
    for number, each in enumerate(asked):
        owner += [number] * len(each.options)
        ids += each.options
    return Options(owner, ids)


@dataclass(frozen=True)
class Cached:
    """What one pass left, spread over the options: cache, mask, where prompts lie."""

    cache: Any
    mask: torch.Tensor
    geometry: Geometry


def cache_by_option(batch: Batch, options: Options, cache: Any) -> Cached:
    """The prompts of a batch, each as often as it has options."""
    owner = options.owner
    cache.batch_select_indices(torch.tensor(owner, device=batch.tokens.device))
    before = batch.places
    places = Places(before.first[owner], before.after[owner], before.end[owner])
    geometry = Geometry(places, stop=batch.tokens.shape[1], width=options.width)
    return Cached(cache, batch.mask[owner], geometry)


@dataclass(frozen=True)
class PaddedOptions:
    """Options without their last token, those tokens' next ones, and which are real.

    All are (option, token), padded on the right.
    """

    given: torch.Tensor
    wanted: torch.Tensor
    real: torch.Tensor


def padded_options(loaded: Loaded, options: Options) -> PaddedOptions:
    """Options as a pass behind their prompts reads them."""
    device = loaded.device
    pad = loaded.tokenizer.pad_token_id or 0
    given = []
    wanted = []
    lengths = []
    for ids in options.ids:
        length = len(ids) - 1
        padding = [pad] * (options.width - length)
        given.append(ids[:-1] + padding)
        wanted.append(ids[1:] + padding)
        lengths.append(length)
    place = torch.arange(options.width, device=device)
    ends = torch.tensor(lengths, device=device)
    return PaddedOptions(
        given=torch.tensor(given, device=device),
        wanted=torch.tensor(wanted, device=device),
        real=(place[None] < ends[:, None]).long(),
    )


def later_nats(
    loaded: Loaded, rows: Sequence[Row], options: Options, cached: Cached, check: Check
) -> np.ndarray:
    """Nats (option,) of all tokens of an option but its first, behind its prompt."""
    padded = padded_options(loaded, options)
    mask = torch.cat([cached.mask, padded.real], 1)
    positions = text_positions(mask)[:, -options.width :]
    real = padded.real.bool()
    with (
        steered(loaded, rows, cached.geometry, check),
        head_only_at(loaded, real),
    ):
        out = loaded.model(
            input_ids=padded.given,
            attention_mask=mask,
            past_key_values=cached.cache,
            use_cache=True,
            **loaded.position_arguments(positions),
        )
    logits = out.logits
    if logits.shape[:2] == real.shape:  # a family whose head is no part of its own
        logits = logits[real][None]
    logs = torch.zeros(real.shape, device=logits.device)
    logs[real] = logs_of(logits[0], padded.wanted[real])
    return logs.sum(1).double().cpu().numpy()


@contextmanager
def head_only_at(loaded: Loaded, real: torch.Tensor) -> Iterator[None]:
    """Have the output head see no states but those at some tokens (row, token).

    They come as one row, and so do the logits. With a large vocabulary the head is what
    takes longest.
    """
    head = loaded.model.get_output_embeddings()
    if head is None:
        yield
        return

    def pick(module: nn.Module, given: tuple[torch.Tensor, ...]) -> Any:
        if not given:  # by a name of the family's own; then it gives all
            return None
        return (given[0][real.to(given[0].device)][None], *given[1:])

    handle = head.register_forward_pre_hook(pick)
    try:
        yield
    finally:
        handle.remove()


def logs_of(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Log-probabilities (token,) of the wanted ids from logits (token, vocabulary).

    A few at a time, since those of the whole vocabulary are many times as large.
    """
    found = []
    for own, ids in zip(logits.split(FEW), wanted.split(FEW)):
        logs = own.float().log_softmax(-1)
        found.append(logs.gather(1, ids[:, None])[:, 0])
    return torch.cat(found)
