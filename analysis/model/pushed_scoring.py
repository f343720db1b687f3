"""Options behind prompts under many pushes: what pushes share is read once.

The blocks below the first push run once for each text, the prompt once for each push.
"""

from collections.abc import MutableMapping, Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np
from torch import nn

from analysis.model.entering import below
from analysis.model.hooks import Check, no_check
from analysis.model.load import Loaded, out_of_memory
from analysis.model.option_scoring import Asked, parts_of_options, score_batch
from analysis.model.scoring import (
    in_batches,
    no_numbers,
    read_following,
    summed_nats,
)
from analysis.steering.operators import first_changed_layer

TRIED = 2
"""Of what is asked, as many are also read the plain way: one that is not pushed, and one
that is, where they come in this order."""
TOLERANCE = {"float32": 1e-4}
ROUGH_TOLERANCE = 0.05
"""Nats by which the two ways may part, in any shorter precision."""
RELATIVE = 1e-5
KNOWN: MutableMapping[nn.Module, dict[int, bool]] = WeakKeyDictionary()
"""Which models of this process can be entered, by layer."""


def pushed_nats(
    loaded: Loaded, asked: Sequence[Asked], check: Check = no_check
) -> list[np.ndarray]:
    """Log-probability (option,) of the options of everything that is asked.

    For terms without a condition. Once for a model and layer, the first few are also read
    the plain way; all is read so where that gives something else, as in families that use
    keys of lower blocks in upper ones. ModelError for options that get no numbers although
    nothing is pushed.
    """
    layer = first_layer(asked)
    if layer and can_enter(loaded, asked[:TRIED], layer):
        found = entered_nats(loaded, asked, layer, check)
    else:
        found = plain_nats(loaded, asked, check)
    for one, nats in zip(asked, found):
        if not one.row.row.terms and np.isnan(nats).any():
            raise no_numbers(loaded)
    return found


def first_layer(asked: Sequence[Asked]) -> int:
    """The first layer (1…N) that anything pushes; 0 where nothing does."""
    layers = []
    for one in asked:
        for term in one.row.row.terms:
            layers.append(first_changed_layer(term.operator, term.strengths))
    return min(layers, default=0)


def can_enter(loaded: Loaded, asked: Sequence[Asked], layer: int) -> bool:
    """Whether a model can be entered at a layer; what is asked tries it once."""
    layers = KNOWN.setdefault(loaded.model, {})
    if layer not in layers:
        layers[layer] = is_same(loaded, asked, layer)
    return layers[layer]


def is_same(loaded: Loaded, asked: Sequence[Asked], layer: int) -> bool:
    """Whether entering at a layer gives what the plain way gives."""
    if loaded.habits.writes_alone or not loaded.shares_cache:
        return False
    plain = plain_nats(loaded, asked, no_check)
    try:
        found = entered_nats(loaded, asked, layer, no_check)
    except Exception as error:  # a family's code fails without its blocks in any way
        if out_of_memory(error):
            raise
        return False
    tolerance = ROUGH_TOLERANCE
    relative = ROUGH_TOLERANCE
    if loaded.spec.quantisation == "none" and loaded.spec.dtype in TOLERANCE:
        tolerance = TOLERANCE[loaded.spec.dtype]
        relative = RELATIVE
    return all(
        np.allclose(one, other, relative, tolerance, equal_nan=True)
        for one, other in zip(plain, found)
    )


def entered_nats(
    loaded: Loaded, asked: Sequence[Asked], layer: int, check: Check
) -> list[np.ndarray]:
    """The same; blocks up to a layer run once for each text of a batch."""

    def score(batch: list[Asked]) -> list[np.ndarray]:
        texts = dict.fromkeys(text for one in batch for text in one.texts)
        known = below(loaded, layer, list(texts), check)
        found = []
        for part in parts_of_options(loaded, batch):
            found += score_batch(loaded, part, check, known)
        return found

    return in_batches(loaded, asked, score)


def plain_nats(
    loaded: Loaded, asked: Sequence[Asked], check: Check = no_check
) -> list[np.ndarray]:
    """The same, each option a row of its own."""
    rows = []
    for one in asked:
        rows += [replace(one.row, following=option) for option in one.options]
    nats = iter(read_following(loaded, rows, summed_nats, check))
    found = []
    for one in asked:
        found.append(np.array([next(nats) for _ in one.options]))
    return found
