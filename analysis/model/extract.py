"""One forward pass, many consumers: the state of one token after every block, streamed batch by batch.

The decoder stack runs without the output head over length-sorted batches of one token budget; a hook on each block keeps only the
wanted position, so memory depends neither on the number of texts nor on how many consumers listen.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from analysis.core.errors import CorpusError, ModelError, SpecError
from analysis.core.positions import LAST, MEAN
from analysis.model.load import Loaded, out_of_memory, release

TOKEN_BUDGET = {"cpu": 1024, "cuda": 4096}
"""Tokens in a batch, padding included. On a processor the activations of small batches stay in its cache: a fifth less time."""
MOST_TEXTS = 256
"""Texts in a batch, which bounds the states of very short ones."""


class Consumer(Protocol):
    """Whatever eats the stream."""

    def eat(self, indices: np.ndarray, states: np.ndarray) -> None:
        """Take the states (text, layer, hidden), float32, of the texts with these indices."""


def encode(loaded: Loaded, texts: Sequence[str]) -> list[list[int]]:
    """Token ids of each text. CorpusError names texts that are empty or exceed the model's window.

    ModelError when the tokenizer has tokens that the model does not know.
    """
    rows = loaded.tokenizer(list(texts), add_special_tokens=True)["input_ids"]
    # A token that every text begins with makes a row of an empty text too, so the text itself is looked at.
    empty = [text for text, row in zip(texts, rows) if not row or not text.strip()]
    if empty:
        raise CorpusError(
            f"{len(empty)} texts are empty or become no token at all; the first is {empty[0][:60]!r}. Remove them."
        )
    known = loaded.model.get_input_embeddings().weight.shape[0]
    largest = max(map(max, rows), default=0)
    if largest >= known:
        raise ModelError(
            f"The tokenizer of {loaded.spec.model} gives token number {largest}, but the model has {known} embeddings. "
            "Their files do not belong together; choose another model or revision."
        )
    long = [
        (len(row), text) for text, row in zip(texts, rows) if len(row) > loaded.window
    ]
    if long:
        length, text = max(long)
        raise CorpusError(
            f"{len(long)} texts are longer than the model's window of {loaded.window} tokens; the longest has {length} and "
            f"begins {text[:60]!r}. Shorten them: a truncated text would lose the token that is read.",
            [f"{length} tokens: {text[:80]!r}" for length, text in long],
        )
    return rows


def batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Indices in batches: longest first, so that memory peaks at once, each within the token budget when padded."""
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    result: list[list[int]] = []
    for i in order:
        if (
            result
            and len(result[-1]) < MOST_TEXTS
            and (len(result[-1]) + 1) * lengths[result[-1][0]] <= budget
        ):
            result[-1].append(i)
        else:
            result.append([i])
    return result


@dataclass(frozen=True)
class Reading:
    """How texts are read: token budget of a batch, padding side, which state is called the last layer, where, and who listens.

    ``position`` "last" reads the last token, "mean" the mean over all but the tokenizer's special tokens. Budget 0 is that of
    TOKEN_BUDGET for the model's device. ``on_batch`` gets (texts done, texts in all), ``on_notice`` a sentence, ``check`` is called
    after every block; each may raise.
    """

    budget: int = 0
    padding: str = "right"
    final_norm: bool = False
    position: str = LAST
    on_batch: Callable[[int, int], None] = lambda done, of: None
    on_notice: Callable[[str], None] = lambda sentence: None
    check: Callable[[], None] = lambda: None


@contextmanager
def kept_states(
    loaded: Loaded, places: torch.Tensor, check: Callable[[], None]
) -> Iterator[torch.Tensor]:
    """Hooks that copy each block's output at ``places`` into a (text, layer, hidden) buffer while the context lasts.

    ``places`` are positions (text), or weights (text, position) of a mean. ``check`` is called after every block and may raise, so
    that Stop does not wait for the end of a large batch.
    """
    kept = torch.empty(
        len(places),
        len(loaded.blocks),
        loaded.hidden,
        dtype=torch.float32,
        device=loaded.device,
    )
    handles = []

    def keep(layer: int) -> Callable:
        def hook(_module: object, _arguments: object, output: object) -> None:
            check()
            kept[:, layer] = picked(
                output[0] if isinstance(output, tuple) else output, places
            )

        return hook

    try:
        for layer, block in enumerate(loaded.blocks):
            handles.append(block.register_forward_hook(keep(layer)))
        yield kept
    finally:
        for handle in handles:
            handle.remove()


def picked(states: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """The state of each row at its own position, or its weighted mean; blocks of one model may lie on several devices."""
    places = places.to(states.device)
    if places.is_floating_point():
        return torch.einsum("tp,tph->th", places, states.float())
    return states[torch.arange(len(places), device=states.device), places]


def mean_weights(
    loaded: Loaded, tokens: torch.Tensor, real: torch.Tensor
) -> torch.Tensor:
    """Weights (text, position) of the mean over a text's own tokens: neither padding nor what the tokenizer adds."""
    special = torch.tensor(
        loaded.tokenizer.all_special_ids, dtype=torch.int64, device=tokens.device
    )
    own = (real & ~torch.isin(tokens, special)).float()
    return own / own.sum(1, keepdim=True).clamp(min=1)


@torch.inference_mode()
def read_batch(
    loaded: Loaded, ids: Sequence[list[int]], reading: Reading = Reading()
) -> np.ndarray:
    """States of the last token of each row, or means over its tokens, after every block: (text, layer, hidden), float32.

    Right padding needs no mask: a causal model's last real token cannot see what follows it. Left padding passes mask and
    positions. ``final_norm`` replaces the last layer by the state after the final norm, which is what the library's list of
    hidden states (and so Xu et al.) calls the last layer.
    """
    width = max(map(len, ids))
    pad = loaded.tokenizer.pad_token_id or 0
    right = reading.padding == "right"
    filled = [
        row + [pad] * (width - len(row)) if right else [pad] * (width - len(row)) + row
        for row in ids
    ]
    tokens = torch.tensor(filled, dtype=torch.int64, device=loaded.device)
    lengths = torch.tensor([len(row) for row in ids], device=loaded.device)
    places = lengths - 1 if right else torch.full_like(lengths, width - 1)
    position = torch.arange(width, device=loaded.device)[None]
    real = (
        position < lengths[:, None] if right else position >= (width - lengths)[:, None]
    )
    if reading.position == MEAN:
        places = mean_weights(loaded, tokens, real)
    extra = {}
    if not right:
        mask = real.long()
        extra = {"attention_mask": mask}
        if loaded.model.config.model_type not in ("bloom", "falcon", "mpt"):
            extra["position_ids"] = (mask.cumsum(-1) - 1).clamp(min=0)
    with kept_states(loaded, places, reading.check) as kept:
        out = loaded.decoder(input_ids=tokens, use_cache=False, **extra)
    if reading.final_norm:
        if out.last_hidden_state.shape[-1] != loaded.hidden:
            raise SpecError(
                f"{loaded.spec.model} brings its last state from {loaded.hidden} to {out.last_hidden_state.shape[-1]} "
                "dimensions, so it cannot stand beside the other layers. Choose the last state “block”."
            )
        kept[:, -1] = picked(out.last_hidden_state, places)
    return kept.cpu().numpy()


def stream(
    loaded: Loaded,
    texts: Sequence[str],
    consumers: Sequence[Consumer],
    reading: Reading = Reading(),
) -> None:
    """Read every distinct text once and feed all consumers. When memory runs out batches are halved, and that is said."""
    members: dict[str, list[int]] = {}
    for i, text in enumerate(texts):
        members.setdefault(text, []).append(i)
    ids, places = encode(loaded, list(members)), list(members.values())
    budget, done = (
        reading.budget
        or TOKEN_BUDGET.get(loaded.device.type, max(TOKEN_BUDGET.values())),
        0,
    )
    waiting = batches([len(row) for row in ids], budget)
    while waiting:
        batch, *waiting = waiting
        chosen = [ids[i] for i in batch]
        states = attempt(loaded, chosen, reading)
        if states is None:
            release()
            budget = len(batch) * max(map(len, chosen)) // 2
            reading.on_notice(f"Memory ran out; batches are halved to {budget} tokens.")
            rest = [i for part in (batch, *waiting) for i in part]
            waiting = [
                [rest[i] for i in part]
                for part in batches([len(ids[i]) for i in rest], budget)
            ]
            continue
        indices = np.concatenate([places[i] for i in batch])
        repeated = (
            states
            if len(indices) == len(batch)
            else states.repeat([len(places[i]) for i in batch], axis=0)
        )
        for consumer in consumers:
            consumer.eat(indices, repeated)
        del states, repeated  # or they would lie beside those of the next batch
        done += len(batch)
        reading.on_batch(done, len(ids))


def attempt(
    loaded: Loaded, ids: Sequence[list[int]], reading: Reading
) -> np.ndarray | None:
    """States of a batch, or None when it does not fit into memory; CorpusError when a single text was too much.

    None is returned instead of handling the error where it arises: while it is handled, its traceback holds on to the memory.
    """
    try:
        return read_batch(loaded, ids, reading)
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(error):
            raise
        if len(ids) == 1:
            raise CorpusError(
                "A single text does not fit into memory. Shorten the longest texts or choose a smaller model."
            ) from error
    return None
