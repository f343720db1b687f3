"""States of sentences in several readings from one pass: means with and without what the
tokenizer adds.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from analysis.core.errors import ModelError
from analysis.core.positions import MEAN, WEIGHTED
from analysis.crossing.readings import MEAN_OF_ALL, WEIGHTED_OF_ALL
from analysis.model.extract import (
    TOKEN_BUDGET,
    PaddedTexts,
    batched,
    check_finite,
    check_not_hollow,
    device_budget,
    encoded_texts,
    mean_weights,
    own_tokens,
    packing_of,
    padded_texts,
    passed,
    picked_states,
    place_weights,
    stack_input,
)
from analysis.model.hooks import Check, Passes, hooked_blocks, no_check
from analysis.model.load import Loaded


def of_own(weigh: Callable) -> Callable[[Loaded, PaddedTexts], torch.Tensor]:
    """Weights over a text's own tokens."""
    return lambda loaded, padded: weigh(own_tokens(loaded, padded))


def of_all(weigh: Callable) -> Callable[[Loaded, PaddedTexts], torch.Tensor]:
    """Weights over all tokens but padding."""
    return lambda loaded, padded: weigh(padded.real.float())


WEIGHTS = {
    MEAN: of_own(mean_weights),
    WEIGHTED: of_own(place_weights),
    MEAN_OF_ALL: of_all(mean_weights),
    WEIGHTED_OF_ALL: of_all(place_weights),
}
"""Reading → weights (text, token) of its mean."""


def mean_states(
    loaded: Loaded,
    texts: Sequence[str],
    readings: Sequence[str],
    check: Check = no_check,
) -> np.ndarray:
    """States (reading, layer, text, hidden) after every block, float32.

    CorpusError for texts that are empty, too long, or without a token of their own;
    ModelError for states that are not finite.
    """
    if loaded.in_two_stacks and loaded.writes_here:
        raise ModelError(
            f"{loaded.spec.model} reads sentences in its encoder, but this study is of its "
            "decoder. Choose a study of the encoder's states."
        )
    ids = encoded_texts(loaded, texts)
    check_not_hollow(loaded, texts, ids)
    layers = len(loaded.blocks)
    shape = (len(readings), layers, len(texts), loaded.hidden)
    found = np.full(shape, np.nan, np.float32)
    budget = 1 if loaded.habits.reads_alone else device_budget(loaded, TOKEN_BUDGET)
    for batch in batched([len(row) for row in ids], budget):
        check()
        some = [ids[place] for place in batch]
        found[:, :, batch] = batch_means(loaded, some, readings, check)
    return found


@torch.inference_mode()
def batch_means(
    loaded: Loaded, ids: Sequence[list[int]], readings: Sequence[str], check: Check
) -> np.ndarray:
    """States (reading, layer, text, hidden) of a batch of token ids."""
    padded = padded_texts(loaded, ids, "right")
    weights = [WEIGHTS[reading](loaded, padded) for reading in readings]
    packing = packing_of(loaded, ids, padded, "right")
    rows, tokens = (packing or padded).tokens.shape
    shape = (len(readings), len(loaded.blocks), len(ids), loaded.hidden)
    kept = torch.full(shape, torch.nan)
    passes = Passes(loaded, rows, tokens)

    def keep(layer: int, states: torch.Tensor) -> torch.Tensor:
        for place, each in enumerate(weights):
            kept[place, layer - 1] = picked_states(states, each, packing).cpu()
        return states

    given = stack_input(loaded, padded, "right")
    with hooked_blocks(loaded, passes, keep, check):
        passed(loaded, padded, given, packing)
    passes.check_once()
    found = kept.numpy()
    for each in found:
        check_finite(loaded, each.transpose(1, 0, 2))
    return found
