"""Torch files, read without torch: the pickle in them is a program, and it is not run.

Its steps are followed with plain values in place of whatever it would call; a tensor comes
out as a description, which is held against the stored bytes before an array is made.
"""

import io
import math
import pickletools
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import numpy as np
from numpy.lib.stride_tricks import as_strided

from analysis.core.tensors import (
    MOST_ARRAYS,
    TensorFile,
    as_float32,
    check_amount,
    from_bfloat16,
)
from analysis.core.turns import AT_ONCE, tell_share

MOST_STEPS = 2**19
"""Steps of one pickle; a tensor takes about forty."""
MOST_DIMENSIONS = 32
ZIP = b"PK\x03\x04"
MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
"""What files of torch before 1.6 begin with."""
BFLOAT16 = "torch.BFloat16Storage"
TYPES = {
    "torch.DoubleStorage": "<f8",
    "torch.FloatStorage": "<f4",
    "torch.HalfStorage": "<f2",
    BFLOAT16: "<u2",
    "torch.LongStorage": "<i8",
    "torch.IntStorage": "<i4",
    "torch.ShortStorage": "<i2",
    "torch.CharStorage": "<i1",
    "torch.ByteStorage": "<u1",
    "torch.BoolStorage": "?",
}
"""Storages that are read → NumPy's types that hold their bits."""


@dataclass(frozen=True)
class Name:
    """Something that a pickle names and might call; here it stays a name."""

    path: str


@dataclass(frozen=True)
class Storage:
    """Where numbers are: how many, of which type, under which key."""

    kind: str
    key: str
    count: int


@dataclass(frozen=True)
class Tensor:
    """A tensor as a pickle describes it: a view of a storage."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Odd:
    """Something that is no plain tensor, in a few words."""

    what: str


def torch_tensors(data: bytes) -> TensorFile:
    """The tensors of a torch file: one, or those of a dictionary or list by key or place."""
    if not data:
        raise EOFError
    contents = read_zip(data) if data.startswith(ZIP) else read_legacy(data)
    described = contents.by_name()
    tensors = [one for one in described.values() if isinstance(one, Tensor)]
    check_amount(tensor.count for tensor in tensors)
    file = TensorFile()
    for key, one in described.items():
        tell_share()
        name = str(key)
        if isinstance(one, Tensor):
            file.add(name, array_of(one, contents.storages))
        elif isinstance(one, Odd):
            file.add(name, one.what)
        else:
            file.add(name, "no tensor")
    return file


@dataclass(frozen=True)
class Contents:
    """What a file describes, and the bytes of its storages by key."""

    described: Any
    storages: Mapping[str, bytes]

    def by_name(self) -> Mapping[Any, Any]:
        """What is described, by key or place."""
        if isinstance(self.described, dict):
            return self.described
        if isinstance(self.described, list | tuple):
            return dict(enumerate(self.described))
        return {"tensor": self.described}


def read_zip(data: bytes) -> Contents:
    """The contents of a file of torch 1.6 and later."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        check_members(archive.infolist(), len(data))
        parts = {name: archive.read(name) for name in archive.namelist()}
    pickles = [name for name in parts if PurePosixPath(name).name == "data.pkl"]
    if len(pickles) != 1:
        raise ValueError("it is a zip file, but not one of torch")
    folder = pickles[0].removesuffix("data.pkl")
    if parts.get(f"{folder}byteorder", b"little") != b"little":
        raise ValueError("its bytes are in an unusual order")
    storages = {}
    for name, content in parts.items():
        if name.startswith(f"{folder}data/"):
            key = name.removeprefix(f"{folder}data/")
            storages[key] = content
    pickle = io.BytesIO(parts[f"{folder}data.pkl"])
    return Contents(Machine().run(pickle), storages)


def check_members(members: list[zipfile.ZipInfo], most: int) -> None:
    """ValueError unless the parts of an archive are stored as torch stores them."""
    if len(members) > 2 * MOST_ARRAYS:
        raise ValueError(f"it has {len(members):,} parts")
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise ValueError("its parts are compressed")
    if sum(member.file_size for member in members) > most:
        raise ValueError("its parts declare more bytes than it has")


def read_legacy(data: bytes) -> Contents:
    """The contents of a file of torch before 1.6: pickles, then the storages."""
    file = io.BytesIO(data)
    for known in (MAGIC, PROTOCOL):
        if Machine().run(file) != known:
            raise ValueError("it is no torch file")
    system = Machine().run(file)
    if system.get("little_endian") is not True:
        raise ValueError("its bytes are in an unusual order")
    machine = Machine()
    described = machine.run(file)
    keys = Machine().run(file)
    storages = {}
    for key in keys:
        check_key(key)
        kind = machine.storages[key].kind
        count = int.from_bytes(file.read(8), "little")
        storages[key] = file.read(count * np.dtype(TYPES[kind]).itemsize)
    return Contents(described, storages)


def array_of(tensor: Tensor, storages: Mapping[str, bytes]) -> np.ndarray | str:
    """The numbers of a tensor, or words for a type that is not read.

    ValueError when it declares what its storage does not hold.
    """
    storage = tensor.storage
    if storage.kind not in TYPES:
        return f"of type {storage.kind[:60]}"
    dtype = np.dtype(TYPES[storage.kind])
    content = storages[storage.key]
    if len(content) < storage.count * dtype.itemsize:
        raise ValueError("a storage in it is cut short")
    if not tensor.count:
        return np.zeros(tensor.shape, np.float32)
    check_reach(tensor)
    numbers = np.frombuffer(content, dtype, storage.count)
    values = as_strided(
        numbers[tensor.offset :],
        tensor.shape,
        [step * dtype.itemsize for step in tensor.strides],
        writeable=False,
    )
    if storage.kind == BFLOAT16:
        return from_bfloat16(values)
    return as_float32(values)


def check_reach(tensor: Tensor) -> None:
    """ValueError when a tensor reaches beyond its storage, or repeats it to more."""
    held = tensor.storage.count
    if tensor.count > held:
        raise ValueError(f"{tensor.count:,} numbers are declared of {held:,}")
    last = tensor.offset
    for size, step in zip(tensor.shape, tensor.strides):
        last += (size - 1) * step
    if last >= held:
        raise ValueError("a tensor in it reaches beyond its storage")


LITERALS = {
    "BININT",
    "BININT1",
    "BININT2",
    "LONG1",
    "BINFLOAT",
    "BINUNICODE",
    "SHORT_BINUNICODE",
}
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
EMPTY = {"EMPTY_DICT": dict, "EMPTY_LIST": list}
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
PUT = {"BINPUT", "LONG_BINPUT", "MEMOIZE"}
GET = {"BINGET", "LONG_BINGET"}
NOTES = {"PROTO", "FRAME"}
FILL = {"MARK", "TUPLE", "SETITEM", "SETITEMS", "APPEND", "APPENDS"}
CALL = {"GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD", "BINPERSID"}
FOLLOWED = LITERALS | CONSTANTS.keys() | EMPTY.keys() | TUPLES.keys()
FOLLOWED |= PUT | GET | NOTES | FILL | CALL | {"STOP"}
"""Steps of a pickle by what they do; all others are refused."""
STEPS = {
    step.code.encode("latin-1"): step
    for step in pickletools.opcodes
    if step.name in FOLLOWED
}


class Machine:
    """Follows the steps of a pickle with inert values; ValueError for any that torch lacks."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.storages: dict[str, Storage] = {}

    def run(self, file: BinaryIO) -> Any:
        """What the next pickle of a file describes."""
        for number in range(MOST_STEPS):
            if number % AT_ONCE == 0:
                tell_share()
            step = STEPS.get(file.read(1))
            if step is None:
                raise ValueError("it holds more than tensors, or is cut short")
            if step.name == "STOP":
                return self.stack.pop()
            self.step(step.name, argument_of(step, file))
        raise ValueError(f"its pickle has more than {MOST_STEPS:,} steps")

    def step(self, name: str, argument: Any) -> None:
        """Follow one step."""
        if name in LITERALS:
            self.stack.append(argument)
        elif name in CONSTANTS:
            self.stack.append(CONSTANTS[name])
        elif name in EMPTY:
            self.stack.append(EMPTY[name]())
        elif name in TUPLES:
            self.stack.append(tuple(self.popped(TUPLES[name])))
        elif name == "TUPLE":
            self.stack.append(tuple(self.marked()))
        elif name == "MARK":
            self.marks.append(len(self.stack))
        elif name in PUT:
            place = len(self.memo) if argument is None else argument
            self.memo[place] = self.stack[-1]
        elif name in GET:
            self.stack.append(self.memo[argument])
        elif name not in NOTES:
            self.fill_or_call(name, argument)

    def fill_or_call(self, name: str, argument: Any) -> None:
        """Follow a step that fills a container, or that would call something."""
        if name in ("SETITEM", "SETITEMS"):
            items = self.popped(2) if name == "SETITEM" else self.marked()
            self.set_items(items)
        elif name in ("APPEND", "APPENDS"):
            items = self.popped(1) if name == "APPEND" else self.marked()
            self.stack[-1].extend(items)
        elif name == "GLOBAL":
            self.stack.append(named(*argument))
        elif name == "STACK_GLOBAL":
            self.stack.append(named(*self.popped(2)))
        elif name == "REDUCE":
            self.stack.append(called(*self.popped(2)))
        elif name == "BUILD":
            self.popped(1)  # attributes of a dictionary or tensor, which nobody reads
        else:
            storage = storage_of(*self.popped(1)[0])
            self.storages[storage.key] = storage
            self.stack.append(storage)

    def popped(self, count: int) -> list[Any]:
        """The last values, taken off the stack."""
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def marked(self) -> list[Any]:
        """The values since the last mark, taken off the stack."""
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def set_items(self, items: list[Any]) -> None:
        """Put keys and values into the dictionary on top of the stack."""
        for key, value in zip(items[::2], items[1::2]):
            check_key(key)
            self.stack[-1][key] = value


def argument_of(step: pickletools.OpcodeInfo, file: BinaryIO) -> Any:
    """What follows a step in a file: a number, a text, the two parts of a name, or nothing."""
    if step.name == "GLOBAL":
        lines = (file.readline(), file.readline())
        return [line.decode().removesuffix("\n") for line in lines]
    return step.arg.reader(file) if step.arg else None


def check_key(key: Any) -> None:
    """ValueError for a key that is neither a text nor a number."""
    # The hash of tuples within tuples within tuples … would end the process.
    if not isinstance(key, str | int | float):
        raise ValueError("a key in it is neither a text nor a number")


def named(module: str, name: str) -> Name:
    """What a pickle names: torch's own and the dictionary of weights, nothing else."""
    # Written out, lists of lists of … could be endless.
    if not (isinstance(module, str) and isinstance(name, str)):
        raise ValueError("it names something in an unknown way")
    path = f"{module}.{name}"
    if path != "collections.OrderedDict" and module.split(".")[0] != "torch":
        raise ValueError(f"it names {path[:60]}")
    return Name(path)


def called(function: Name, arguments: tuple[Any, ...]) -> Any:
    """What a call would have made."""
    match function.path.rpartition(".")[2]:
        case "OrderedDict":
            return {}
        case "_rebuild_tensor" | "_rebuild_tensor_v2":
            return tensor_of(*arguments[:4])
        case "_rebuild_parameter" | "_rebuild_parameter_with_state":
            return arguments[0]
        case "_rebuild_from_type_v2":
            return called(arguments[0], arguments[2])
        case "_rebuild_sparse_tensor":
            return Odd("sparse")
        case "_rebuild_meta_tensor_no_storage":
            return Odd("empty")
    return Odd("no plain tensor")


def storage_of(
    what: str,
    kind: Name,
    key: str,
    device: str,
    count: int,
    view: None = None,
) -> Storage:
    """The storage that a pickle names by these five or six values."""
    check_key(key)
    if what != "storage" or view is not None or count < 0:
        raise ValueError("it names a storage in an unknown way")
    return Storage(kind.path, key, count)


def tensor_of(
    storage: Storage,
    offset: int,
    shape: Any,
    strides: Any,
) -> Tensor:
    """The tensor that a pickle rebuilds of these values; ValueError where they are odd."""
    if len(shape) > MOST_DIMENSIONS:
        raise ValueError(f"a tensor in it has {len(shape):,} dimensions")
    for number in (offset, *shape, *strides):
        if not isinstance(number, int) or number < 0:
            raise ValueError("a tensor in it has no plain sizes")
    if not isinstance(storage, Storage) or len(shape) != len(strides):
        raise ValueError("a tensor in it has no plain sizes")
    return Tensor(storage, offset, tuple(shape), tuple(strides))
