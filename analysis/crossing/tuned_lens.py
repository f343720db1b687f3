"""Tuned lenses of users: an affine map for every layer, in a safetensors file.

As the library of Belrose et al. 2023 names them: ``<layer>.weight`` (hidden, hidden) and
``<layer>.bias`` (hidden), by which a state h becomes h + W h + b before the final norm.
Layer 0 is that of the embeddings; layer l is what leaves block l.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from analysis.core.errors import SpecError
from analysis.core.shelf import Shelf, plain_name

SHELF = Shelf("lenses", ".safetensors")
PREFIX = "layer_translators."


@dataclass(frozen=True)
class TunedLens:
    """Layer → weight (hidden, hidden) and bias (hidden); the file's digest."""

    name: str
    digest: str
    weights: dict[int, np.ndarray]
    biases: dict[int, np.ndarray]

    def applied(self, layer: int, states: np.ndarray) -> np.ndarray:
        """States (…, hidden) of a layer as the head can read them."""
        if layer not in self.weights:
            return states
        return states + states @ self.weights[layer].T + self.biases[layer]


def keep(name: str, data: bytes) -> str:
    """Put a lens on the shelf; its name there. SpecError for what is none."""
    lens = read(name, data)
    kept = f"{plain_name(Path(name).stem, 40, 'lens')}-{lens.digest}"
    SHELF.keep(kept, data)
    return kept


def find(name: str) -> TunedLens:
    """A kept lens by its name; SpecError for one that is not here."""
    data = SHELF.load(name)
    if data is None:
        known = ", ".join(SHELF.names()) or "none"
        raise SpecError(
            f"There is no tuned lens “{name}” here; kept are: {known}. Give the file on "
            "the Layers page, or use the logit lens."
        )
    return read(name, data)


def read(name: str, data: bytes) -> TunedLens:
    """The lens in a safetensors file; SpecError for another file."""
    try:
        tensors = load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise SpecError(
            f"“{name}” is no safetensors file. A tuned lens is one with <layer>.weight "
            "and <layer>.bias for each layer."
        ) from error
    weights, biases = {}, {}
    for key, values in tensors.items():
        number, _, kind = key.removeprefix(PREFIX).partition(".")
        if not number.isdigit() or kind not in ("weight", "bias"):
            raise SpecError(
                f"“{name}” holds {key[:60]!r}, which is no part of a tuned lens; it needs "
                "<layer>.weight and <layer>.bias for each layer."
            )
        kept = weights if kind == "weight" else biases
        kept[int(number)] = np.asarray(values, np.float32)
    if not weights or weights.keys() != biases.keys():
        raise SpecError(
            f"“{name}” has weights of layers {sorted(weights)} and biases of layers "
            f"{sorted(biases)}; a tuned lens has both of each."
        )
    digest = hashlib.sha256(data).hexdigest()[:16]
    return TunedLens(name, digest, weights, biases)


def check_fits(lens: TunedLens, layers: int, hidden: int) -> None:
    """SpecError for a lens of other states, or without a layer that it must have."""
    for layer, weight in lens.weights.items():
        bias = lens.biases[layer]
        if weight.shape != (hidden, hidden) or bias.shape != (hidden,):
            raise SpecError(
                f"The tuned lens is for states of {weight.shape[-1]} numbers; this model's "
                f"have {hidden}. Choose a lens of this model."
            )
    missing = [layer for layer in range(1, layers) if layer not in lens.weights]
    if missing:
        raise SpecError(
            f"The tuned lens has no layer {missing[0]}; it needs layers 1 to {layers - 1}. "
            "Choose a lens of this model."
        )
