"""Arrays from files that others made: safetensors, NumPy, GGUF and torch.

Nothing in a file can run, and what it declares is held against its bytes before anything is
built, so that a small file asks for no large memory.
"""

import math
import struct
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from safetensors import SafetensorError, deserialize

from analysis.core.gguf_files import gguf_tensors
from analysis.core.numpy_files import npy_tensors, npz_tensors
from analysis.core.tensors import TensorFile, as_float32, check_amount, from_bfloat16
from analysis.core.torch_files import torch_tensors
from analysis.core.turns import tell_share

MOST_BYTES = 200 * 2**20
"""Size of a file."""
TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
"""Types of safetensors files that are read → NumPy's types that hold their bits."""
SPEAKING = (ValueError, OSError, SafetensorError, BadZipFile, zlib.error, struct.error)
"""Errors that say what is wrong with a file."""
MUTE = (LookupError, TypeError, AttributeError, ArithmeticError, EOFError, RuntimeError)
DAMAGE = (*SPEAKING, *MUTE, MemoryError)
"""What comes up on the way through bytes that are cut short or are something else."""


def read_tensors(data: bytes, filename: str) -> TensorFile:
    """The arrays of a file, read as the ending of its name says.

    ValueError, in words, for another ending and for every kind of damage.
    """
    suffix = Path(filename).suffix.lower()
    if suffix not in READERS:
        raise ValueError(f"files are read that end with {', '.join(READERS)}")
    if len(data) > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES // 2**20} MiB")
    try:
        # What float32 cannot hold becomes infinite or zero.
        with np.errstate(all="ignore"):
            return READERS[suffix](data)
    except DAMAGE as error:
        raise ValueError(words_of(error)) from error


def words_of(error: BaseException) -> str:
    """What is wrong, in one short line."""
    lines = str(error).splitlines()
    if lines and isinstance(error, SPEAKING):
        return lines[0][:160]
    return type(error).__name__


def safetensors_tensors(data: bytes) -> TensorFile:
    """The tensors of a safetensors file."""
    held = deserialize(data)
    shapes = [about["shape"] for _, about in held]
    check_amount(map(math.prod, shapes))
    file = TensorFile()
    for name, about in held:
        tell_share()
        kind = about["dtype"]
        if kind not in TYPES:
            file.add(name, f"of type {kind}; read are {', '.join(TYPES)}")
            continue
        numbers = np.frombuffer(about["data"], TYPES[kind])
        values = numbers.reshape(about["shape"])
        if kind == "BF16":
            file.add(name, from_bfloat16(values))
        else:
            file.add(name, as_float32(values))
    return file


READERS: Mapping[str, Callable[[bytes], TensorFile]] = {
    ".safetensors": safetensors_tensors,
    ".gguf": gguf_tensors,
    ".npy": npy_tensors,
    ".npz": npz_tensors,
    ".pt": torch_tensors,
    ".pth": torch_tensors,
}
"""Ending of a file's name → reader."""
