"""A GGUF model that llama.cpp has cut into several files, joined into one again.

The first file says all of the model; each holds some of its tensors.
"""

import mmap
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from analysis.core import disk, files
from analysis.core.errors import ModelError
from analysis.core.gguf_files import Declared, Head, aligned, stored
from analysis.core.gguf_models import ENDING, SPLIT, checked_head, opened, unreadable

Progress = Callable[[int, int, str], None]
BLOCK = 2**24
COUNTS = struct.Struct("<QQ")
"""Of tensors and of fields, behind the mark and the version."""
BEHIND_COUNTS = 24
MIB = 2**20


@dataclass(frozen=True)
class OpenPart:
    """A file of several, mapped, and what it says."""

    path: Path
    content: mmap.mmap
    head: Head

    def bytes_of(self, tensor: Declared) -> memoryview:
        """A tensor as it is stored."""
        data = memoryview(self.content)[self.head.begin :]
        length = stored(tensor, data).nbytes
        return data[tensor.offset : tensor.offset + length]


def parts_of(path: Path) -> tuple[Path, ...]:
    """All files of the model that a file is a part of; ModelError when some are missing."""
    split = SPLIT.search(path.stem)
    if split is None or int(split["parts"]) < 2:
        return (path,)
    count = int(split["parts"])
    stem = path.stem[: split.start()]
    names = [f"{stem}-{n:05d}-of-{count:05d}{path.suffix}" for n in range(1, count + 1)]
    paths = tuple(path.with_name(name) for name in names)
    missing = [one.name for one in paths if not one.is_file()]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise ModelError(
            f"{path.name} is one of {count} files of a model, and {missing[0]}{more} "
            "cannot be found beside it. Put all of them into one folder."
        )
    return paths


def whole_name(name: str) -> str:
    """What a model in several files is called as one file."""
    return SPLIT.sub("", Path(name).stem) + ENDING


@contextmanager
def whole(path: Path, wanted: Path, progress: Progress) -> Iterator[Path]:
    """The one file of a model; of several, they are joined while the context lasts.

    The joined file lies beside the folder ``wanted``. ModelError for parts that are
    missing or do not belong together.
    """
    paths = parts_of(path)
    if len(paths) == 1:
        yield path
        return
    files.make_folder(wanted.parent)
    with files.temporary_folder(wanted) as folder:
        joined = folder / whole_name(path.name)
        join(paths, joined, progress)
        yield joined


def join(paths: Sequence[Path], target: Path, progress: Progress) -> None:
    """Write the one file of several, in their order."""
    with ExitStack() as stack:
        parts = []
        for path in paths:
            content = stack.enter_context(opened(path, path.name))
            parts.append(OpenPart(path, content, checked_head(content, path.name)))
        check_together(parts)
        with disk.writing(target), target.open("xb") as file:
            write_head(parts, file)
            write_tensors(parts, file, progress)


def check_together(parts: Sequence[OpenPart]) -> None:
    """ModelError unless files are the parts of one model, each in its place."""
    first = parts[0]
    names: set[str] = set()
    for number, part in enumerate(parts):
        told = part.head.number("split.no"), part.head.number("split.count")
        if told != (number, len(parts)):
            raise unreadable(
                part.path.name,
                f"it does not say that it is part {number + 1} of {len(parts)}",
            )
        for tensor in part.head.tensors:
            if tensor.name in names:
                raise unreadable(
                    part.path.name, f"“{tensor.name[:60]}” is in another part too"
                )
            names.add(tensor.name)
    count = first.head.number("split.tensors.count", len(names))
    if count != len(names):
        raise unreadable(
            first.path.name,
            f"its parts hold {len(names):,} tensors, and should hold {count:,}",
        )


def alignment_of(parts: Sequence[OpenPart]) -> int:
    """Of which number of bytes the place of every tensor is a multiple."""
    return parts[0].head.number("general.alignment", 32)


def write_head(parts: Sequence[OpenPart], file: IO[bytes]) -> None:
    """Write the fields of the first part, and where every tensor will be."""
    first = parts[0]
    alignment = alignment_of(parts)
    tensors = [tensor for part in parts for tensor in part.head.tensors]
    fields = len(first.head.fields)
    file.write(first.content[: BEHIND_COUNTS - COUNTS.size])
    file.write(COUNTS.pack(len(tensors), fields))
    file.write(first.content[BEHIND_COUNTS : first.head.listed])
    place = 0
    for part in parts:
        for tensor in part.head.tensors:
            file.write(entry(tensor, place))
            place = aligned(place + len(part.bytes_of(tensor)), alignment)
    fill(file, alignment)


def entry(tensor: Declared, place: int) -> bytes:
    """A tensor's line of the head."""
    name = tensor.name.encode()
    count = len(tensor.sizes)
    sizes = struct.pack(f"<I{count}Q", count, *tensor.sizes)
    told = struct.pack("<IQ", tensor.encoding, place)
    return struct.pack("<Q", len(name)) + name + sizes + told


def write_tensors(
    parts: Sequence[OpenPart], file: IO[bytes], progress: Progress
) -> None:
    """Write the numbers of all tensors."""
    alignment = alignment_of(parts)
    total = sum(len(part.content) for part in parts) // MIB
    for part in parts:
        for tensor in part.head.tensors:
            content = part.bytes_of(tensor)
            for begin in range(0, len(content), BLOCK):
                progress(file.tell() // MIB, total, "joining the files, MiB")
                file.write(content[begin : begin + BLOCK])
            fill(file, alignment)


def fill(file: IO[bytes], alignment: int) -> None:
    """Write zeros up to the next place where a tensor may begin."""
    place = file.tell()
    file.write(bytes(aligned(place, alignment) - place))
