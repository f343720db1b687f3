"""Numbers on their way to and from vllm-lens: raw bytes in base64, packed by zstd.

Its schema has the bytes under “data”, how they are stored under “dtype”, what they were
under “original_dtype”, and “shape” and “compression”. Nothing is unpickled; how much comes
out is known before anything is unpacked.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from analysis.core.errors import ModelError

MOST_NUMBERS = 2**28
"""Numbers in one array: 1 GiB in float32."""
ZSTD = "zstd"
LEAST_RATIO = 2**14
"""How many times smaller than its content a packed array may be."""


class Stored(NamedTuple):
    """How numbers of a precision are stored, and the name of that precision here."""

    dtype: np.dtype
    precision: str


STORED = {
    "torch.float32": Stored(np.dtype("<f4"), "float32"),
    "torch.float16": Stored(np.dtype("<f2"), "float16"),
    "torch.bfloat16": Stored(np.dtype("<u2"), "bfloat16"),
}
"""What a state can be on the server."""
NUMPY_NAMES = {"float32": "float32", "float16": "float16", "bfloat16": "int16"}


class Received(NamedTuple):
    """Numbers in float32, and the precision in which they were computed."""

    values: np.ndarray
    precision: str


def packed(values: np.ndarray) -> dict[str, Any]:
    """An array in float32 as the server reads it."""
    from pyarrow import Codec

    plain = np.ascontiguousarray(values, "<f4")
    data = Codec(ZSTD).compress(plain.tobytes(), asbytes=True)
    return {
        "data": base64.b64encode(data).decode("ascii"),
        "dtype": "float32",
        "original_dtype": "torch.float32",
        "shape": list(plain.shape),
        "compression": ZSTD,
    }


def unpacked(entry: Any, dimensions: int = 3) -> Received:
    """An array that a server sent; ModelError for anything that is not wholly one."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("data"), str):
        raise unreadable("there are no numbers in it")
    stored = stored_as(entry)
    shape = shape_of(entry, dimensions)
    numbers = int(np.prod(shape, dtype=object))
    size = numbers * stored.dtype.itemsize
    try:
        data = base64.b64decode(entry["data"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise unreadable("its bytes are no base64") from error
    plain = unzipped(data, size, entry.get("compression"))
    flat = np.frombuffer(plain, stored.dtype)
    values = flat.reshape(shape)
    return Received(in_float32(values, stored.precision), stored.precision)


def stored_as(entry: Mapping[str, Any]) -> Stored:
    """How the numbers of an array are stored; ModelError for a precision unknown here."""
    name = entry.get("original_dtype", "torch.float32")
    if not isinstance(name, str) or name not in STORED:
        raise unreadable(f"its precision is {str(name)[:40]!r}")
    stored = STORED[name]
    if entry.get("dtype") != NUMPY_NAMES[stored.precision]:
        raise unreadable(f"{name} is stored as {str(entry.get('dtype'))[:40]!r}")
    return stored


def shape_of(entry: Mapping[str, Any], dimensions: int) -> tuple[int, ...]:
    """The shape of an array; ModelError for one that is none, or too large."""
    shape = entry.get("shape")
    if not isinstance(shape, list) or len(shape) != dimensions:
        raise unreadable(f"its shape is {str(shape)[:60]}")
    if not all(type(one) is int and one > 0 for one in shape):
        raise unreadable(f"its shape is {str(shape)[:60]}")
    if np.prod(shape, dtype=object) > MOST_NUMBERS:
        raise unreadable(f"it has more than {MOST_NUMBERS:,} numbers")
    return tuple(shape)


def unzipped(data: bytes, size: int, how: Any) -> bytes:
    """So many bytes, unpacked; ModelError where there are more or fewer."""
    if how is None:
        plain = data
    elif how == ZSTD:
        plain = unpacked_zstd(data, size)
    else:
        raise unreadable(f"it is packed by {str(how)[:40]!r}")
    if len(plain) != size:
        raise unreadable(f"it has {len(plain):,} bytes in place of {size:,}")
    return plain


def unpacked_zstd(data: bytes, size: int) -> bytes:
    """Bytes out of a frame of zstd; never more than were announced."""
    from pyarrow import Codec

    if size > max(len(data), 1) * LEAST_RATIO:
        raise unreadable("it is packed too small to be states")
    try:
        return Codec(ZSTD).decompress(data, decompressed_size=size, asbytes=True)
    except (OSError, ValueError) as error:
        raise unreadable("it does not unpack to the size that it announces") from error


def in_float32(values: np.ndarray, precision: str) -> np.ndarray:
    """Stored numbers as float32, exactly."""
    if precision != "bfloat16":
        return values.astype(np.float32)
    # A bfloat16 is the first half of a float32.
    return (values.astype(np.uint32) << 16).view(np.float32)


def unreadable(why: str) -> ModelError:
    """The error for an array that cannot be read."""
    return ModelError(
        f"The engine sent an array that cannot be read: {why}. It is another version of "
        "the plugin than this one knows; look at docs/engines.md."
    )
