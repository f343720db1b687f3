"""What a model takes of memory, told from its size alone; nothing is loaded for it."""

from typing import NamedTuple

import psutil

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
QUANTISED_BYTES = {"8-bit": 1.05, "4-bit": 0.55}
BATCH_BYTES = 2**28
"""Set aside for the library's own work space; a batch's activations come on top."""
BATCH_TOKENS = 4096


class Memory(NamedTuple):
    """Free bytes, and where they are."""

    available: int
    place: str


class Size(NamedTuple):
    """A model's number of weights, and the widths of its states and inside its blocks."""

    parameters: int
    hidden: int
    inner: int


def needed_bytes(size: Size, dtype: str, quantisation: str = "none") -> int:
    """Bytes that a model takes: its weights in a precision, and one batch."""
    per_weight = QUANTISED_BYTES.get(quantisation, BYTES[dtype])
    batch = activation_bytes(size, BYTES[dtype])
    return int(size.parameters * per_weight) + BATCH_BYTES + batch


def activation_bytes(size: Size, per_number: int) -> int:
    """Bytes that a batch of BATCH_TOKENS takes inside one block.

    That is about eight copies of the state and three of the inner layer, of numbers of
    ``per_number`` bytes.
    """
    return BATCH_TOKENS * (8 * size.hidden + 3 * size.inner) * per_number


def free_main_memory() -> Memory:
    """What is free of this machine's main memory."""
    return Memory(psutil.virtual_memory().available, "main memory")
