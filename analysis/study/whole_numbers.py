"""Numbers as whole ones: blocks of them, each with a scale.

States and vectors in eight bits are the form of Q8_0 in GGUF files: what is largest in a block
of BLOCK is 127. That is half as large as half precision, with a cosine of 0.9999. Margins
have sixteen bits, and a scale for all pairs of a source at a layer: half precision cannot
hold those of models with large states.
"""

from typing import Any, NamedTuple

import numpy as np

BLOCK = 32
IN_EIGHTHS = (
    *("concept_vector", "half_a", "half_b", "shuffled"),
    *(f"{of}_vector" for of in ("english", "local", "flipped", "word")),
    *(f"{of}_shuffled" for of in ("english", "local", "flipped")),
    *("sentence_state", "sentence_mean"),
)
"""Arrays that may be kept in eight bits: those whose last dimension is that of states."""
IN_SIXTEENTHS = ("pair_score",)
"""Arrays that may be kept in sixteen."""
WHOLE = {
    **dict.fromkeys(IN_EIGHTHS, np.dtype(np.int8)),
    **dict.fromkeys(IN_SIXTEENTHS, np.dtype(np.int16)),
}
"""Arrays → the whole numbers that they may be kept in."""


def scale_key(key: str) -> str:
    """The key of the scales of a tensor: ``half_a/0/1`` → ``half_a scale/0/1``."""
    name, _, place = key.partition("/")
    return f"{name} scale/{place}"


class Whole(NamedTuple):
    """Whole numbers, and the scales of their blocks or rows."""

    numbers: np.ndarray
    scales: np.ndarray


def in_eighths(values: np.ndarray) -> Whole:
    """Whole numbers of eight bits of the same shape, and their scales (…, block).

    ValueError where the last dimension is not made of whole blocks.
    """
    return in_blocks(values, BLOCK, np.dtype(np.int8))


def in_sixteenths(values: np.ndarray) -> Whole:
    """Whole numbers of sixteen bits of the same shape, and a scale per row."""
    return in_blocks(values, values.shape[-1], np.dtype(np.int16))


def in_blocks(values: np.ndarray, size: int, kind: np.dtype) -> Whole:
    """Whole numbers of a kind and the scales of blocks of a size."""
    largest = np.iinfo(kind).max
    blocks = values.reshape(*values.shape[:-1], -1, size).astype(np.float32)
    # Half a step more or less is nothing beside eight bits, but is beside sixteen.
    precision = np.float16 if kind == np.int8 else np.float32
    scales = (np.abs(blocks).max(-1) / largest).astype(precision)
    divisors = scales.astype(np.float32)[..., None]
    whole = np.zeros(blocks.shape, np.float32)
    np.divide(blocks, divisors, out=whole, where=divisors > 0)
    whole = np.clip(np.rint(whole), -largest, largest)
    return Whole(whole.astype(kind).reshape(values.shape), scales)


def restored(whole: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """The numbers again, float32."""
    blocks = whole.reshape(*scales.shape, -1).astype(np.float32)
    return (blocks * scales.astype(np.float32)[..., None]).reshape(whole.shape)


def tensor_at(tensors: Any, key: str, place: int | None = None) -> np.ndarray:
    """A tensor of an open file, or one row of it, as numbers."""
    name = key.partition("/")[0]
    values = stored_tensor(tensors, key, place)
    if values.dtype != WHOLE.get(name):
        return values
    return restored(values, stored_tensor(tensors, scale_key(key), place))


def stored_tensor(tensors: Any, key: str, place: int | None) -> np.ndarray:
    """A tensor of an open file, or one row of it, as it is stored."""
    if place is None:
        return tensors.get_tensor(key)
    return tensors.get_slice(key)[place]
