"""One forward pass, many consumers: the state of one token after every block.

The decoder stack runs without the output head over length-sorted batches of one token
budget; a hook on each block keeps only the wanted position, so memory depends neither on
the number of texts nor on how many consumers listen.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

import numpy as np
import torch

from analysis.core.counting import count_are
from analysis.core.errors import CorpusError, ModelError, SpecError
from analysis.core.model_memory import BATCH_TEXTS, BATCH_TOKENS
from analysis.core.positions import LAST, MEAN, WEIGHTED
from analysis.core.templates import added_tokens, prompt_ids
from analysis.model.batches import text_positions
from analysis.model.hooks import Check, Passes, hooked_blocks, no_check
from analysis.model.load import Loaded, out_of_memory, release
from analysis.model.packing import Packing, packed, pays, sharing
from analysis.model.stacks import started

TOKEN_BUDGET = BATCH_TOKENS
"""Tokens in a batch, padding included.

On a processor the activations of small batches stay in its cache: a fifth less time.
Of our own pairs 14 % of the tokens are then padding by Gemma 3's tokenizer and 7 % by
SmolLM2's (33 and 22 % in the batches of a GPU). Where that is chosen, the texts of a
batch share one row, which has none (``analysis.model.packing``). Smaller batches spare
as much time or less, and change last bits (``benchmarks.padding``).
"""
FLOAT32_REMEDY = (
    "Its weights may be damaged; fetch them again, or choose another model."
)
MOST_TEXTS = BATCH_TEXTS
"""Texts in a batch, which bounds the states of very short ones."""


ONE_TEXT = 1
"""The budget by which every text is a batch of its own."""


class Consumer(Protocol):
    """Whatever eats the stream."""

    def eat(self, indices: np.ndarray, states: np.ndarray) -> None:
        """Take the states (text, layer, hidden), float32, of texts by their indices."""
        ...


@dataclass(frozen=True)
class Reading:
    """How texts are read.

    ``budget`` tokens are in a batch; 0 is that of TOKEN_BUDGET for the model's device.
    ``final_norm``: the last layer is the state after the final norm. ``position`` “last”
    reads the last token, “mean” the mean over all but the tokenizer's special tokens,
    “weighted mean” the same with every token weighted by its place among them.
    ``whole`` texts hold every special token already.
    ``on_batch`` gets (texts done, texts in all), ``on_notice`` a sentence; these and
    ``check`` may raise.
    """

    budget: int = 0
    padding: str = "right"
    final_norm: bool = False
    position: str = LAST
    whole: bool = False
    on_batch: Callable[[int, int], None] = lambda done, of: None
    on_notice: Callable[[str], None] = lambda sentence: None
    check: Check = no_check


def stream(
    loaded: Loaded,
    texts: Sequence[str],
    consumers: Sequence[Consumer],
    reading: Reading = Reading(),
) -> None:
    """Read every distinct text once and feed all consumers.

    When memory runs out batches are halved, and that is said. Errors as in
    ``encoded_texts`` and ``read_batch``.
    """
    members: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        members.setdefault(text, []).append(place)
    ids = encoded_texts(loaded, list(members), reading.whole)
    if reading.position in WEIGHTS:
        check_not_hollow(loaded, list(members), ids)
    places = list(members.values())
    lengths = [len(row) for row in ids]
    budget = reading.budget or device_budget(loaded, TOKEN_BUDGET)
    if loaded.habits.reads_alone:
        budget = ONE_TEXT
    waiting = batched(lengths, budget)
    done = 0
    while waiting:
        batch, *waiting = waiting
        states = states_if_they_fit(loaded, [ids[i] for i in batch], reading)
        if states is None:
            release()
            longest = max(lengths[i] for i in batch)
            budget = len(batch) * longest // 2
            reading.on_notice(f"Memory ran out; batches are halved to {budget} tokens.")
            waiting = batched(lengths, budget, chain(batch, *waiting))
            continue
        feed(consumers, [places[i] for i in batch], states)
        del states  # or they would lie beside those of the next batch
        done += len(batch)
        reading.on_batch(done, len(ids))


def feed(
    consumers: Sequence[Consumer], places: Sequence[list[int]], states: np.ndarray
) -> None:
    """Give the states of distinct texts to every place where each text stands."""
    indices = np.concatenate(places)
    if len(indices) > len(states):
        states = states.repeat([len(each) for each in places], axis=0)
    for consumer in consumers:
        consumer.eat(indices, states)


def encoded_texts(
    loaded: Loaded, texts: Sequence[str], whole: bool = False
) -> list[list[int]]:
    """Token ids of each text; ``whole`` ones get no special token.

    CorpusError names texts that are empty or exceed the model's window; ModelError when
    the tokenizer has tokens that the model does not know.
    """
    rows = prompt_ids(loaded.tokenizer, texts, whole, ended=not loaded.causal)
    check_not_empty(texts, rows)
    check_known(loaded, rows)
    check_length(loaded, texts, rows)
    return rows


def check_not_empty(texts: Sequence[str], rows: Sequence[list[int]]) -> None:
    """CorpusError for texts in which there is nothing to read."""
    # A token that every text begins with makes a row of an empty text too, so the text
    # itself is looked at.
    empty = [text for text, row in zip(texts, rows) if not row or not text.strip()]
    if empty:
        raise CorpusError(
            f"{count_are(len(empty), 'text')} empty or with no token at all; the first is "
            f"{empty[0][:60]!r}. Remove them."
        )


def check_not_hollow(
    loaded: Loaded, texts: Sequence[str], rows: Sequence[list[int]]
) -> None:
    """CorpusError for texts without a token of their own, of which there is no mean."""
    special = set(loaded.tokenizer.all_special_ids)
    hollow = [text for text, row in zip(texts, rows) if special.issuperset(row)]
    if hollow:
        raise CorpusError(
            f"{count_are(len(hollow), 'text')} without a token that this model knows, so "
            f"there is no mean over tokens; the first is {hollow[0][:60]!r}. Remove them, "
            "or read the last token."
        )


def check_known(loaded: Loaded, rows: Sequence[list[int]]) -> None:
    """ModelError for tokens that the model has no embeddings of."""
    largest = max(map(max, rows), default=0)
    if largest >= loaded.vocabulary:
        raise ModelError(
            f"The tokenizer of {loaded.spec.model} gives token number {largest}, but "
            f"the model has {loaded.vocabulary} embeddings. Their files do not belong "
            "together; choose another model or revision."
        )


def check_length(
    loaded: Loaded, texts: Sequence[str], rows: Sequence[list[int]]
) -> None:
    """CorpusError for texts that are longer than the model's window."""
    long = []
    for text, row in zip(texts, rows):
        if len(row) > loaded.window:
            long.append((len(row), text))
    if not long:
        return
    length, text = max(long)
    raise CorpusError(
        f"{count_are(len(long), 'text')} longer than the model's window of "
        f"{loaded.window} "
        f"tokens; the longest has {length} and begins {text[:60]!r}. Shorten them: a "
        "truncated text would lose the token that is read.",
        [f"{length} tokens: {text[:80]!r}" for length, text in long],
    )


def device_budget(loaded: Loaded, budgets: dict[str, int]) -> int:
    """The budget of a model's device; an unknown device is like the largest."""
    return budgets.get(loaded.device.type, max(budgets.values()))


def batched(
    lengths: Sequence[int], budget: int, among: Iterable[int] | None = None
) -> list[list[int]]:
    """Indices of texts in batches, each within the token budget when padded.

    The longest come first, so that memory peaks at once. ``among``: only these.
    """
    indices = range(len(lengths)) if among is None else among
    longest_first = sorted(indices, key=lambda i: -lengths[i])
    batches: list[list[int]] = []
    for i in longest_first:
        if batches and has_room(batches[-1], lengths, budget):
            batches[-1].append(i)
        else:
            batches.append([i])
    return batches


def has_room(batch: Sequence[int], lengths: Sequence[int], budget: int) -> bool:
    """Whether one more text fits into a batch that begins with its longest."""
    if len(batch) >= MOST_TEXTS:
        return False
    return (len(batch) + 1) * lengths[batch[0]] <= budget


def states_if_they_fit(
    loaded: Loaded, ids: Sequence[list[int]], reading: Reading
) -> np.ndarray | None:
    """States (text, layer, hidden) of a batch, or None when memory runs out.

    CorpusError when a single text was too much. None is returned instead of handling
    the error where it arises: while it is handled, its traceback holds on to the memory.
    """
    try:
        return read_batch(loaded, ids, reading)
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(error):
            raise
        if len(ids) == 1:
            raise CorpusError(
                "A single text does not fit into memory. Shorten the longest texts or "
                "choose a smaller model."
            ) from error
    return None


@torch.inference_mode()
def read_batch(
    loaded: Loaded, ids: Sequence[list[int]], reading: Reading = Reading()
) -> np.ndarray:
    """States of each row after every block: (text, layer, hidden), float32.

    They are those of its last own token, or means over its own tokens; of the decoder of
    two stacks those of what an answer to the text begins with (the “encoder-decoder
    first” of Ni et al. 2022, Sentence-T5). SpecError when the state
    after the final norm, which is what the library's list of hidden states (and so Xu et
    al.) calls the last layer, is of another width than the blocks'. ModelError unless
    every block ran once and gave finite states of each token.
    """
    padded = padded_texts(loaded, ids, reading.padding)
    if loaded.in_two_stacks and loaded.writes_here:
        given = decoder_input(loaded, padded)
        padded = begun_answers(loaded, len(ids))
        places = padded.last
    else:
        given = stack_input(loaded, padded, reading.padding)
        places = places_read(loaded, padded, reading)
    packing = packing_of(loaded, ids, padded, reading.padding)
    with kept_states(loaded, padded, places, reading.check, packing) as kept:
        out = passed(loaded, padded, given, packing)
    if reading.final_norm:
        check_normed_width(loaded, out.last_hidden_state)
        kept[:, -1] = picked_states(out.last_hidden_state, places, packing)
    states = kept.cpu().numpy()
    check_finite(loaded, states)
    return states


def packing_of(
    loaded: Loaded, ids: Sequence[list[int]], padded: "PaddedTexts", padding: str
) -> Packing | None:
    """The texts in one row, where that was chosen and spares something; else None."""
    if padding != "right" or not pays(loaded, ids):
        return None
    return packed(padded.tokens, padded.real)


def passed(
    loaded: Loaded,
    padded: "PaddedTexts",
    given: dict[str, Any],
    packing: Packing | None,
) -> Any:
    """What the stack gives of padded texts, or of the same in one row."""
    if packing is None:
        return loaded.decoder(input_ids=padded.tokens, **given)
    positions = loaded.position_arguments(packing.positions)
    with sharing(loaded, packing):
        return loaded.decoder(input_ids=packing.tokens, use_cache=False, **positions)


def check_finite(loaded: Loaded, states: np.ndarray) -> None:
    """ModelError for states (text, layer, hidden) that are not all finite numbers."""
    broken = ~np.isfinite(states).all((0, 2))
    if not broken.any():
        return
    first = int(broken.argmax()) + 1
    remedy = "Choose float32." if loaded.spec.dtype != "float32" else FLOAT32_REMEDY
    raise ModelError(
        f"The states of {loaded.spec.model} are not finite numbers from layer {first} "
        f"on, in {loaded.spec.dtype}: nothing can be read off them. {remedy}"
    )


@dataclass(frozen=True)
class PaddedTexts:
    """Texts (text, token), which tokens are theirs, and the place of the last (text,)."""

    tokens: torch.Tensor
    real: torch.Tensor
    last: torch.Tensor


def padded_texts(loaded: Loaded, ids: Sequence[list[int]], padding: str) -> PaddedTexts:
    """Token ids of several texts, padded on the “right” or on the “left”."""
    device = loaded.device
    width = max(map(len, ids))
    pad = loaded.tokenizer.pad_token_id or 0
    filled = []
    for row in ids:
        pads = [pad] * (width - len(row))
        filled.append(row + pads if padding == "right" else pads + row)
    lengths = torch.tensor([len(row) for row in ids], device=device)
    place = torch.arange(width, device=device)[None]
    if padding == "right":
        real = place < lengths[:, None]
        last = lengths - 1
    else:
        real = place >= (width - lengths)[:, None]
        last = torch.full_like(lengths, width - 1)
    tokens = torch.tensor(filled, dtype=torch.int64, device=device)
    return PaddedTexts(tokens=tokens, real=real, last=last)


def stack_input(loaded: Loaded, padded: PaddedTexts, padding: str) -> dict[str, Any]:
    """What a stack that reads texts is given beside their tokens."""
    mask = padded.real.long()
    if not loaded.causal:
        # Every token sees every other, padding too unless it is masked.
        return {"attention_mask": mask}
    # Right padding needs no mask: a causal model's last real token cannot see what
    # follows it.
    if padding == "right":
        return {"use_cache": False}
    positions = loaded.position_arguments(text_positions(mask))
    return {"attention_mask": mask, "use_cache": False, **positions}


def decoder_input(loaded: Loaded, padded: PaddedTexts) -> dict[str, Any]:
    """What the decoder of two stacks is given: the texts as their encoder has read them."""
    mask = padded.real.long()
    encoder: Any = loaded.model.get_encoder()
    read = encoder(input_ids=padded.tokens, attention_mask=mask)
    return {
        "encoder_hidden_states": read.last_hidden_state,
        "encoder_attention_mask": mask,
        "use_cache": False,
    }


def begun_answers(loaded: Loaded, rows: int) -> PaddedTexts:
    """The beginning of an answer to each of some texts: what a decoder reads of its own."""
    tokens = started(loaded.start, rows, loaded.device)
    last = torch.full((rows,), tokens.shape[1] - 1, device=loaded.device)
    return PaddedTexts(tokens=tokens, real=torch.ones_like(tokens).bool(), last=last)


def places_read(loaded: Loaded, padded: PaddedTexts, reading: Reading) -> torch.Tensor:
    """Positions (text,) of the states that are read, or weights (text, token) of a mean."""
    if reading.position in WEIGHTS:
        return WEIGHTS[reading.position](own_tokens(loaded, padded))
    if loaded.causal or reading.whole:
        return padded.last
    # The token that ends every text says nothing of this one.
    ending = len(added_tokens(loaded.tokenizer).after)
    first = padded.last - padded.real.sum(1) + 1
    return torch.maximum(padded.last - ending, first)


def own_tokens(loaded: Loaded, padded: PaddedTexts) -> torch.Tensor:
    """Which tokens (text, token) are a text's own, as 1 and 0.

    Neither padding nor what the tokenizer adds is a text's own.
    """
    special = torch.tensor(
        loaded.tokenizer.all_special_ids,
        dtype=torch.int64,
        device=padded.tokens.device,
    )
    return (padded.real & ~torch.isin(padded.tokens, special)).float()


def mean_weights(own: torch.Tensor) -> torch.Tensor:
    """Weights (text, token) of the mean over each text's own tokens."""
    return own / own.sum(1, keepdim=True).clamp(min=1)


def place_weights(own: torch.Tensor) -> torch.Tensor:
    """The same, where the n-th own token counts n times (Muennighoff 2022)."""
    return mean_weights(own * own.cumsum(1))


WEIGHTS = {MEAN: mean_weights, WEIGHTED: place_weights}
"""Position → weights of its mean over tokens."""


@contextmanager
def kept_states(
    loaded: Loaded,
    padded: PaddedTexts,
    places: torch.Tensor,
    check: Check = no_check,
    packing: Packing | None = None,
) -> Iterator[torch.Tensor]:
    """A buffer (text, layer, hidden) that each block's output at ``places`` fills.

    ``places`` are positions (text,), or weights (text, token) of a mean. ``check`` is
    called after every block, so that Stop does not wait for the end of a large batch.
    With a ``packing`` the blocks see the texts in one row. ModelError unless every block
    ran once over all tokens.
    """
    texts = len(padded.tokens)
    rows, tokens = (packing or padded).tokens.shape
    shape = (texts, len(loaded.blocks), loaded.hidden)
    # What no block has filled is never taken for a state.
    kept = torch.full(shape, torch.nan, dtype=torch.float32, device=loaded.device)
    passes = Passes(loaded, rows, tokens)

    def keep(layer: int, states: torch.Tensor) -> torch.Tensor:
        kept[:, layer - 1] = picked_states(states, places, packing)
        return states

    with hooked_blocks(loaded, passes, keep, check):
        yield kept
    passes.check_once()


def picked_states(
    states: torch.Tensor, places: torch.Tensor, packing: Packing | None = None
) -> torch.Tensor:
    """The state (text, hidden) of each text at its own place, or its weighted mean."""
    if packing is not None and not places.is_floating_point():
        return states[0, packing.at(places).to(states.device)]
    if packing is not None:
        states = packing.apart(states[0])
    # Blocks of one model may lie on several devices.
    places = places.to(states.device)
    if places.is_floating_point():
        return torch.einsum("tp,tph->th", places, states.float())
    return states[torch.arange(len(places), device=states.device), places]


def check_normed_width(loaded: Loaded, states: torch.Tensor) -> None:
    """SpecError when the final norm's states cannot stand beside the blocks'."""
    width = states.shape[-1]
    if width != loaded.hidden:
        raise SpecError(
            f"{loaded.spec.model} brings its last state from {loaded.hidden} to {width} "
            "dimensions, so it cannot stand beside the other layers. Choose the last "
            "state “block”."
        )
