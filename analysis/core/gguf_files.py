"""GGUF files: every length that they declare is held against their bytes.

The library's own reader goes on for as many entries as a header names, which can be 2^60 in
49 bytes; it is asked for the decoding only.
"""

import math
import mmap
import struct
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from analysis.core.tensors import (
    MOST_ARRAYS,
    TensorFile,
    as_float32,
    check_amount,
)
from analysis.core.turns import AT_ONCE, tell_share

VERSIONS = (2, 3)
MOST_FIELDS = 2**16
MOST_ITEMS = 2**22
"""Texts in one field, such as the vocabulary of a tokenizer."""
MOST_DIMENSIONS = 4
TEXT, LIST = 8, 9
FIELD_FORMS = {
    0: "<u1",  # whole numbers of 8, 16 and 32 bits, each without and with a sign
    1: "<i1",
    2: "<u2",
    3: "<i2",
    4: "<u4",
    5: "<i4",
    6: "<f4",
    7: "<u1",  # a truth value
    10: "<u8",  # the same of 64 bits
    11: "<i8",
    12: "<f8",
}
"""How a field's value is stored, by the number of its type; but for texts and lists."""
PLAIN = {"F32": "<f4", "F16": "<f2", "F64": "<f8"}
"""Encodings that are numbers as they are."""


class Cursor:
    """A place in the bytes of a file that only moves on, and never past the end."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
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


class Texts(NamedTuple):
    """A list of texts in a header, of which only the number is kept."""

    count: int


@dataclass(frozen=True)
class Field:
    """A field of the header: the numbers of its type and of its items', and its value.

    The value is a text, an array (item,) of numbers, of one item for a single number, or
    the number of texts.
    """

    kind: int
    items: int
    value: str | np.ndarray | Texts


@dataclass(frozen=True)
class Head:
    """What stands before the numbers of a file.

    ``begin`` is the byte where they begin, ``listed`` the one where the list of tensors does.
    """

    fields: dict[str, Field]
    tensors: tuple[Declared, ...]
    begin: int
    listed: int

    def text(self, name: str) -> str:
        """The text of a field; “” where there is none."""
        field = self.fields.get(name)
        return field.value if field and isinstance(field.value, str) else ""

    def number(self, name: str, default: Any = None) -> Any:
        """The number in a field, or the default."""
        field = self.fields.get(name)
        if field and isinstance(field.value, np.ndarray) and field.kind != LIST:
            return field.value[0].item()
        return default


def read_head(content: bytes | mmap.mmap) -> Head:
    """All that a file says before its numbers; ValueError for what no file can be."""
    cursor = Cursor(content)
    if cursor.take(4) != b"GGUF":
        raise ValueError("it is no GGUF file")
    version = cursor.number("I")
    if version not in VERSIONS:
        raise ValueError(f"it is of version {version}; read are 2 and 3")
    tensors = cursor.number("Q")
    count = cursor.number("Q")
    if tensors > MOST_ARRAYS or count > MOST_FIELDS:
        raise ValueError(f"it declares {tensors:,} tensors and {count:,} fields")
    fields = {}
    for _ in range(count):
        tell_share()
        name = cursor.text()
        fields[name] = read_field(cursor)
    listed = cursor.place
    declared = tuple(declared_tensor(cursor) for _ in range(tensors))
    head = Head(fields, declared, cursor.place, listed)
    alignment = head.number("general.alignment", 32)
    return replace(head, begin=aligned(cursor.place, alignment))


def gguf_tensors(content: bytes) -> TensorFile:
    """The tensors of a GGUF file, decoded to float32."""
    head = read_head(content)
    check_amount(tensor.count for tensor in head.tensors)
    data = memoryview(content)[head.begin :]
    file = TensorFile()
    for tensor in head.tensors:
        tell_share()
        file.add(tensor.name, decoded(tensor, data))
    return file


def read_field(cursor: Cursor) -> Field:
    """The next field's type and value."""
    kind = cursor.number("I")
    if kind == TEXT:
        return Field(kind, kind, cursor.text())
    if kind == LIST:
        return read_list(cursor)
    return Field(kind, kind, numbers(cursor, kind, 1))


def read_list(cursor: Cursor) -> Field:
    """The next list; of texts only how many there are."""
    kind = cursor.number("I")
    items = cursor.number("Q")
    if kind != TEXT:
        return Field(LIST, kind, numbers(cursor, kind, items))
    if items > MOST_ITEMS:
        raise ValueError(f"a list in it has {items:,} texts")
    for item in range(items):
        if item % AT_ONCE == 0:
            tell_share()
        cursor.take(cursor.number("Q"))
    return Field(LIST, kind, Texts(items))


def numbers(cursor: Cursor, kind: int, count: int) -> np.ndarray:
    """The next numbers (item,) of a type; ValueError for an unknown type."""
    if kind not in FIELD_FORMS:
        raise ValueError(f"a field in it is of the unknown type {kind}")
    form = np.dtype(FIELD_FORMS[kind])
    # A copy: a view would keep a mapped file from being closed.
    return np.frombuffer(cursor.take(count * form.itemsize), form).copy()


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
    from gguf.quants import dequantize

    rows = stored(tensor, data)
    if rows.dtype != np.uint8:
        return as_float32(rows)
    encoding = encoding_of(tensor)
    try:
        return dequantize(rows, encoding)
    except NotImplementedError:
        return f"of type {encoding.name}, which is not decoded"


def encoding_of(tensor: Declared) -> Any:
    """How the library calls the encoding of a tensor; ValueError for none that it knows."""
    from gguf.constants import GGMLQuantizationType

    return GGMLQuantizationType(tensor.encoding)


def stored(tensor: Declared, data: memoryview) -> np.ndarray:
    """A tensor as it is stored: numbers in their shape, or rows of bytes of its encoding.

    ValueError where the file ends before them.
    """
    from gguf.constants import GGML_QUANT_SIZES

    encoding = encoding_of(tensor)
    block, size = GGML_QUANT_SIZES[encoding]
    shape = tensor.sizes[::-1] or (1,)
    if shape[-1] % block:
        raise ValueError(f"“{tensor.name[:60]}” is cut within a block of {block}")
    end = tensor.offset + tensor.count // block * size
    if end > len(data):
        raise ValueError(f"it ends before the numbers of “{tensor.name[:60]}”")
    part = data[tensor.offset : end]
    if encoding.name in PLAIN:
        return np.frombuffer(part, PLAIN[encoding.name]).reshape(shape)
    width = shape[-1] // block * size
    return np.frombuffer(part, np.uint8).reshape(*shape[:-1], width)
