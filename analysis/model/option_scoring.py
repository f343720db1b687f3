"""Answer options scored behind one pass over their prompt: the options of a question share its cache."""

import inspect
from collections.abc import Callable, Sequence

import numpy as np
import torch

from analysis.core.errors import SpecError
from analysis.model.batches import UNPLACED, Batch, batch, encode
from analysis.model.extract import batches
from analysis.model.generate import plainly
from analysis.model.hooks import Geometry, Row, steered
from analysis.model.load import Loaded
from analysis.model.scoring import TOKEN_BUDGET, Scored, continuations
from analysis.steering.operators import Places

SHARED_FROM = 3072
"""Tokens of a prompt × width of the model from which its options share a pass; below it the second pass costs more than it saves.

Measured on one core with three options of about 11 tokens: even at 24 tokens with the demo model, which is 128 wide, and below 5
tokens at a width of 768. Wide models always share.
"""


def option_scores(
    loaded: Loaded,
    rows: Sequence[Row],
    texts: Sequence[Sequence[str]],
    check: Callable[[], None] = lambda: None,
) -> list[Scored]:
    """What ``continuations`` gives, by whichever way is faster for each row's prompt (SHARED_FROM); for terms without a condition.

    Errors as in ``continuations``.
    """
    long = [
        len(prompt) * loaded.hidden >= SHARED_FROM for prompt in encode(loaded, rows, 0)
    ]
    found: dict[int, Scored] = {}
    for way, wanted in ((shared_scores, True), (continuations, False)):
        chosen = [i for i, each in enumerate(long) if each == wanted]
        if chosen:
            found |= dict(
                zip(
                    chosen,
                    way(
                        loaded,
                        [rows[i] for i in chosen],
                        [texts[i] for i in chosen],
                        check,
                    ),
                )
            )
    return [found[i] for i in range(len(rows))]


def shared_scores(
    loaded: Loaded,
    rows: Sequence[Row],
    texts: Sequence[Sequence[str]],
    check: Callable[[], None] = lambda: None,
) -> list[Scored]:
    """What ``continuations`` gives, with one forward pass per distinct prompt and setting; for terms without a condition.

    SpecError for an empty option or prompt, or one beyond the window.
    """
    ends = [
        [loaded.tokenizer(text, add_special_tokens=False)["input_ids"] for text in row]
        for row in texts
    ]
    if not all(end for row in ends for end in row):
        raise SpecError("An option is empty. Give every answer at least one word.")
    prompts = encode(
        loaded, rows, max((len(end) for row in ends for end in row), default=0)
    )
    lengths = [len(prompt) + sum(map(len, row)) for prompt, row in zip(prompts, ends)]
    found: dict[int, np.ndarray] = {}
    for chosen in batches(
        lengths, TOKEN_BUDGET.get(loaded.device.type, max(TOKEN_BUDGET.values()))
    ):
        part = tuple([values[i] for i in chosen] for values in (rows, prompts, ends))
        found |= dict(zip(chosen, score_batch(loaded, part, check)))
    return [
        Scored(found[i], np.array([len(end) for end in ends[i]]))
        for i in range(len(rows))
    ]


@torch.inference_mode()
def score_batch(
    loaded: Loaded, part: tuple, check: Callable[[], None]
) -> list[np.ndarray]:
    """Nats (option,) of every row."""
    rows, prompts, ends = part
    given = batch(loaded, rows, prompts)
    keep = (
        {"logits_to_keep": 1}
        if "logits_to_keep" in inspect.signature(loaded.model.forward).parameters
        else {}
    )
    with plainly(loaded), steered(loaded, rows, Geometry(given.places), check):
        out = loaded.model(
            input_ids=given.tokens,
            attention_mask=given.mask,
            use_cache=True,
            **placed(loaded, given.positions),
            **keep,
        )
    first = out.logits[:, -1].float().log_softmax(-1)
    owner = [i for i, row in enumerate(ends) for _ in row]
    flat = [end for row in ends for end in row]
    nats = np.array([float(first[i, end[0]]) for i, end in zip(owner, flat)])
    if max(map(len, flat)) > 1:
        nats += rest(loaded, (rows, given, owner, flat), out.past_key_values, check)
    owner = np.array(owner)
    return [nats[owner == i] for i in range(len(rows))]


def rest(
    loaded: Loaded, part: tuple, cache: object, check: Callable[[], None]
) -> np.ndarray:
    """Nats (option,) of all tokens of an option but its first, behind the cache of its prompt."""
    rows, given, owner, flat = part
    cache.batch_select_indices(torch.tensor(owner, device=loaded.device))
    width, places = max(map(len, flat)) - 1, given.places
    pad = loaded.tokenizer.pad_token_id or 0
    tokens = torch.tensor(
        [end[:-1] + [pad] * (width - len(end) + 1) for end in flat],
        device=loaded.device,
    )
    lengths = torch.tensor([len(end) - 1 for end in flat], device=loaded.device)
    behind = (torch.arange(width, device=loaded.device)[None] < lengths[:, None]).long()
    mask = torch.cat([given.mask[owner], behind], 1)
    spread = Geometry(
        Places(*(bound[owner] for bound in (places.first, places.after, places.end))),
        stop=given.tokens.shape[1],
    )
    positions = Batch(tokens, mask, spread.places).positions[:, -width:]
    with steered(loaded, [rows[i] for i in owner], spread, check):
        out = loaded.model(
            input_ids=tokens,
            attention_mask=mask,
            past_key_values=cache,
            use_cache=True,
            **placed(loaded, positions),
        )
    wanted = torch.tensor(
        [end[1:] + [pad] * (width - len(end) + 1) for end in flat], device=loaded.device
    )
    logs = out.logits.float().log_softmax(-1).gather(2, wanted[..., None])[..., 0]
    return (logs * behind).sum(1).double().cpu().numpy()


def placed(loaded: Loaded, positions: torch.Tensor) -> dict:
    """Positions, for families that take them."""
    return (
        {}
        if loaded.model.config.model_type in UNPLACED
        else {"position_ids": positions}
    )
