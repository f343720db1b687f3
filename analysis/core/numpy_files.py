"""NumPy's files: .npy and .npz, without pickles and without trust in what they declare."""

import io
import math
import re
import zipfile
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.core.tensors import MOST_ARRAYS, TensorFile, as_float32, check_amount
from analysis.core.turns import tell_share
from analysis.core.zip_files import in_pieces

MAGIC = b"\x93NUMPY"
TYPE = re.compile(rb"""['"]descr['"]\s*:\s*['"]([<>|=]?[fiub]\d+)['"]""")
ORDER = re.compile(rb"""['"]fortran_order['"]\s*:\s*(True|False)""")
SHAPE = re.compile(rb"""['"]shape['"]\s*:\s*\(([\d\s,]*)\)""")
LONGEST_HEADER = 10_000
MOST_UNPACKED = 2**28
"""Bytes that the parts of an .npz file have together when they are unpacked."""


def npy_tensors(data: bytes) -> TensorFile:
    """The array of an .npy file."""
    tell_share()
    file = TensorFile()
    file.add("array", npy_array(data))
    return file


def npz_tensors(data: bytes) -> TensorFile:
    """The arrays of an .npz file."""
    file = TensorFile()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        check_members(archive.infolist())
        for member in archive.infolist():
            with archive.open(member) as packed:
                # Without a size, all there is would be unpacked and cut afterwards.
                content = in_pieces(packed, member.file_size + 1)
            file.add(member.filename.removesuffix(".npy"), npy_array(content))
    return file


def check_members(members: list[zipfile.ZipInfo]) -> None:
    """ValueError when the parts of an archive cannot be unpacked within bounds."""
    if len(members) > MOST_ARRAYS:
        raise ValueError(f"it holds {len(members):,} arrays; read are {MOST_ARRAYS:,}")
    if sum(member.file_size for member in members) > MOST_UNPACKED:
        raise ValueError(f"its arrays have more than {MOST_UNPACKED // 2**20} MiB")
    for member in members:
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"“{member.filename[:60]}” is packed in an unknown way")


def npy_array(data: bytes) -> np.ndarray:
    """The numbers of an .npy file.

    NumPy itself would allocate whatever the header declares, so it is not asked.
    """
    if not data.startswith(MAGIC):
        raise ValueError("it is no .npy file")
    width = 2 if data[len(MAGIC)] == 1 else 4
    start = len(MAGIC) + 2 + width
    end = start + int.from_bytes(data[start - width : start], "little")
    header = data[start:end]
    if len(header) < end - start or len(header) > LONGEST_HEADER:
        raise ValueError("its header is damaged")
    layout = layout_of(header)
    check_amount([layout.count])
    if layout.count * layout.dtype.itemsize > len(data) - end:
        raise ValueError(f"it declares {layout.count:,} numbers and ends before them")
    values = np.frombuffer(data, layout.dtype, layout.count, end)
    return as_float32(values.reshape(layout.shape, order=layout.order))


@dataclass(frozen=True)
class Layout:
    """How the numbers of an .npy file lie."""

    dtype: np.dtype
    shape: tuple[int, ...]
    order: Literal["C", "F"]

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return math.prod(self.shape)


def layout_of(header: bytes) -> Layout:
    """The layout that a header declares; ValueError unless it is one of plain numbers."""
    kind = TYPE.search(header)
    order = ORDER.search(header)
    shape = SHAPE.search(header)
    if not (kind and order and shape):
        raise ValueError("its header names no array of plain numbers")
    sizes = shape[1].replace(b",", b" ").split()
    return Layout(
        np.dtype(kind[1].decode()),
        tuple(int(size) for size in sizes),
        "F" if order[1] == b"True" else "C",
    )
