"""Torch files written without torch: what torch.load reads with weights_only=True.

A file is a zip of a pickle and of each tensor's bytes. Of the pickle only the few steps
are written that dictionaries, texts, numbers and plain tensors need.
"""

import io
import struct
import zipfile
from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

Tree: TypeAlias = "Mapping[str, Tree] | np.ndarray | str | float | None"
PROTOCOL = b"\x80\x02"
REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"
FLOATS = b"ctorch\nFloatStorage\n"
NO_HOOKS = b"ccollections\nOrderedDict\n)R"
MARK, TUPLE, DICT, ITEMS, STOP = b"(", b"t", b"}", b"u", b"."
PERSISTENT, CALL, NONE, FALSE = b"Q", b"R", b"N", b"\x89"


def torch_file(tree: Tree) -> bytes:
    """A torch file of nested dictionaries whose arrays are float32 tensors."""
    stored: list[np.ndarray] = []
    steps = PROTOCOL + steps_of(tree, stored) + STOP
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        write_part(archive, "data.pkl", steps)
        write_part(archive, "byteorder", b"little")
        for number, values in enumerate(stored):
            write_part(archive, f"data/{number}", values.astype("<f4").tobytes())
        write_part(archive, "version", b"3\n")
    return buffer.getvalue()


def write_part(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """One part, always with the same date: the same tree gives the same bytes."""
    archive.writestr(zipfile.ZipInfo(f"archive/{name}"), data)


def steps_of(tree: Tree, stored: list[np.ndarray]) -> bytes:
    """The steps that build a value; its arrays are added to those stored."""
    if tree is None:
        return NONE
    if isinstance(tree, str):
        return text(tree)
    if isinstance(tree, np.ndarray):
        stored.append(tree)
        return tensor(tree, len(stored) - 1)
    if isinstance(tree, Mapping):
        built = DICT + MARK
        for key, value in tree.items():
            built += text(key) + steps_of(value, stored)
        return built + ITEMS
    return b"G" + struct.pack(">d", tree)


def text(value: str) -> bytes:
    """A text."""
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def whole(value: int) -> bytes:
    """A whole number."""
    return b"J" + struct.pack("<i", value)


def tensor(values: np.ndarray, number: int) -> bytes:
    """A tensor as torch rebuilds it: its storage, then shape and strides."""
    storage = text("storage") + FLOATS + text(str(number)) + text("cpu")
    where = MARK + storage + whole(values.size) + TUPLE + PERSISTENT
    strides = []
    step = values.size
    for size in values.shape:
        step //= size
        strides.append(step)
    shape = MARK + b"".join(map(whole, values.shape)) + TUPLE
    steps = MARK + b"".join(map(whole, strides)) + TUPLE
    arguments = where + whole(0) + shape + steps + FALSE + NO_HOOKS
    return REBUILD + MARK + arguments + TUPLE + CALL
