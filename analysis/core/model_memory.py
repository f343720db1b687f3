"""What a model takes of memory, told from its size alone; nothing is loaded for it."""

from typing import NamedTuple

import psutil

MAIN = "main memory"
BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
QUANTISED_BYTES = {"8-bit": 1.05, "4-bit": 0.55}
LIBRARY_BYTES = {"cpu": 36 * 2**20, "cuda": 2**28}
"""What libraries take once a model is loaded and read.

On a processor these are pages of theirs that nothing has asked for before (33 to 40 MiB
were measured); on a GPU it is their work space there.
"""
TOKEN_BYTES = 1400
"""What a tokenizer keeps of each of its tokens, in main memory.

It holds each twice, by its text and by its number, and the merges that lead to it: 900 to
1,650 bytes were measured of four tokenizers.
"""
BATCH_TOKENS = {"cpu": 1024, "cuda": 4096}
"""Tokens in a batch of texts that are read, padding included."""
BATCH_TEXTS = 256
"""Texts in a batch, at most."""
STATE_BYTES = {"cpu": 4 + 8, "cuda": 4}
"""Of each number of a state that was read: single precision, and for sums also double.

Sums are taken in main memory, whatever the model's device.
"""


class Memory(NamedTuple):
    """Free bytes, and where they are."""

    available: int
    place: str

    @property
    def device(self) -> str:
        """The kind of device whose memory it is."""
        return "cpu" if self.place == MAIN else "cuda"


class Size(NamedTuple):
    """A model's number of weights, the widths of its states and inside its blocks.

    And how many blocks and tokens it has.
    """

    parameters: int
    hidden: int
    inner: int
    layers: int
    vocabulary: int


class Batch(NamedTuple):
    """How many texts are read at once, and how many tokens they have with their padding."""

    tokens: int
    texts: int


def full_batch(device: str) -> Batch:
    """The largest batch of a device."""
    return Batch(BATCH_TOKENS[device], BATCH_TEXTS)


def needed_bytes(
    size: Size, dtype: str, quantisation: str = "none", device: str = "cpu"
) -> int:
    """Bytes that a model takes on a device: its weights in a precision, and one batch.

    On a processor its tokenizer is there as well.
    """
    weights = int(size.parameters * QUANTISED_BYTES.get(quantisation, BYTES[dtype]))
    tokenizer = TOKEN_BYTES * size.vocabulary if device == "cpu" else 0
    return weights + tokenizer + LIBRARY_BYTES[device] + read_bytes(size, dtype, device)


def read_bytes(
    size: Size, dtype: str, device: str = "cpu", batch: Batch | None = None
) -> int:
    """Bytes that a batch takes; without one it is the largest.

    A block takes about eight copies of the state and three of the inner layer. What it
    gave back the allocator keeps, so the states of all blocks come on top.
    """
    batch = batch or Batch(BATCH_TOKENS[device], BATCH_TEXTS)
    inside = batch.tokens * (8 * size.hidden + 3 * size.inner) * BYTES[dtype]
    states = batch.texts * size.layers * size.hidden * STATE_BYTES[device]
    return inside + states


def free_main_memory() -> Memory:
    """What is free of this machine's main memory."""
    return Memory(psutil.virtual_memory().available, MAIN)
