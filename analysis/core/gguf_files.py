"""GGUF files: every length that they declare is held against their bytes.

The library's own reader goes on for as many entries as a header names, which can be 2^60 in
49 bytes; it is asked for the decoding only.
"""

import math
import struct
from dataclasses import dataclass

import numpy as np

from analysis.core.tensors import (
    MOST_ARRAYS,
    TensorFile,
    as_float32,
    check_amount,
)
from analysis.core.turns import AT_ONCE, tell

VERSIONS = (2, 3)
MOST_FIELDS = 2**16
MOST_ITEMS = 2**22
"""Texts in one field, such as the vocabulary of a tokenizer."""
MOST_DIMENSIONS = 4
TEXT, LIST = 8, 9
FIELD_SIZES = {
    0: 1,  # whole numbers of 8, 16 and 32 bits, each without and with a sign
    1: 1,
    2: 2,
    3: 2,
    4: 4,
    5: 4,
    6: 4,  # a number of 32 bits with a fraction
    7: 1,  # a truth value
    10: 8,  # the same of 64 bits
    11: 8,
    12: 8,
}
"""Bytes of a field's value by the number of its type, but for texts and lists."""
PLAIN = {"F32": "<f4", "F16": "<f2", "F64": "<f8"}
"""Encodings that are numbers as they are."""


class Cursor:
    """A place in the bytes of a file that only moves on, and never past the end."""

    def __init__(self, data: bytes) -> None:
        self.data = memoryview(data)
        self.place = 0

    def take(self, size: int) -> memoryview:
        """The next bytes."""
        if size > len(self.data) - self.place:
            raise ValueError("it ends before all that it declares")
        self.place += size
        return self.data[self.place - size : self.place]

    def number(self, form: str) -> int:
        """The next whole number, as ``struct`` names its form."""
        data = self.take(struct.calcsize(form))
        (value,) = struct.unpack(f"<{form}", data)
        return value

    def text(self) -> str:
        """The next text."""
        return bytes(self.take(self.number("Q"))).decode()


@dataclass(frozen=True)
class Declared:
    """A tensor as the header declares it; sizes from the innermost on, as GGUF has them."""

    name: str
    sizes: tuple[int, ...]
    encoding: int
    offset: int

    @property
    def count(self) -> int:
        """How many numbers it has."""
        return math.prod(self.sizes)


def gguf_tensors(content: bytes) -> TensorFile:
    """The tensors of a GGUF file, decoded to float32."""
    cursor = Cursor(content)
    if cursor.take(4) != b"GGUF":
        raise ValueError("it is no GGUF file")
    version = cursor.number("I")
    if version not in VERSIONS:
        raise ValueError(f"it is of version {version}; read are 2 and 3")
    tensors = cursor.number("Q")
    fields = cursor.number("Q")
    if tensors > MOST_ARRAYS or fields > MOST_FIELDS:
        raise ValueError(f"it declares {tensors:,} tensors and {fields:,} fields")
    alignment = 32
    for _ in range(fields):
        tell()
        name = cursor.text()
        value = skip_field(cursor)
        if name == "general.alignment":
            alignment = value
    declared = [declared_tensor(cursor) for _ in range(tensors)]
    check_amount(tensor.count for tensor in declared)
    begin = aligned(cursor.place, alignment)
    data = cursor.data[begin:]
    file = TensorFile()
    for tensor in declared:
        tell()
        file.add(tensor.name, decoded(tensor, data))
    return file


def skip_field(cursor: Cursor) -> int:
    """Move past a field's value; the value of a whole number of 32 bits, else 0."""
    kind = cursor.number("I")
    if kind == 4:
        return cursor.number("I")
    if kind == TEXT:
        cursor.text()
    elif kind == LIST:
        skip_list(cursor)
    else:
        cursor.take(field_size(kind))
    return 0


def skip_list(cursor: Cursor) -> None:
    """Move past a list of texts or numbers."""
    kind = cursor.number("I")
    items = cursor.number("Q")
    if kind != TEXT:
        cursor.take(items * field_size(kind))
        return
    if items > MOST_ITEMS:
        raise ValueError(f"a list in it has {items:,} texts")
    for item in range(items):
        if item % AT_ONCE == 0:
            tell()
        cursor.take(cursor.number("Q"))


def field_size(kind: int) -> int:
    """Bytes of a number in a field; ValueError for an unknown type."""
    if kind not in FIELD_SIZES:
        raise ValueError(f"a field in it is of the unknown type {kind}")
    return FIELD_SIZES[kind]


def aligned(place: int, alignment: int) -> int:
    """The first multiple of the alignment from a place on."""
    if alignment < 1:
        raise ValueError(f"its alignment is {alignment}")
    return math.ceil(place / alignment) * alignment


def declared_tensor(cursor: Cursor) -> Declared:
    """The next tensor of the header."""
    name = cursor.text()
    dimensions = cursor.number("I")
    if dimensions > MOST_DIMENSIONS:
        raise ValueError(f"“{name[:60]}” has {dimensions:,} dimensions")
    sizes = [cursor.number("Q") for _ in range(dimensions)]
    encoding = cursor.number("I")
    offset = cursor.number("Q")
    return Declared(name, tuple(sizes), encoding, offset)


def decoded(tensor: Declared, data: memoryview) -> np.ndarray | str:
    """A tensor's numbers as float32, or words for an encoding that is not decoded."""
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
    from gguf.quants import dequantize

    encoding = GGMLQuantizationType(tensor.encoding)
    block, size = GGML_QUANT_SIZES[encoding]
    shape = tensor.sizes[::-1] or (1,)
    if shape[-1] % block:
        raise ValueError(f"“{tensor.name[:60]}” is cut within a block of {block}")
    end = tensor.offset + tensor.count // block * size
    if end > len(data):
        raise ValueError(f"it ends before the numbers of “{tensor.name[:60]}”")
    stored = data[tensor.offset : end]
    if encoding.name in PLAIN:
        numbers = np.frombuffer(stored, PLAIN[encoding.name])
        return as_float32(numbers.reshape(shape))
    width = shape[-1] // block * size
    rows = np.frombuffer(stored, np.uint8).reshape(*shape[:-1], width)
    try:
        return dequantize(rows, encoding)
    except NotImplementedError:
        return f"of type {encoding.name}, which is not decoded"
