"""Zips that people made: what is in them, or one sentence about each fault."""

import lzma
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from io import BytesIO
from pathlib import PurePosixPath
from typing import IO, NamedTuple

from analysis.core import settings
from analysis.core.table_files import refusal
from analysis.core.turns import tell_share

PIECE = 2**24
"""Bytes that are unpacked between two looks at whether to stop."""
MAX_RATIO = 200
"""How many times larger than its packed size a file in a zip may be."""
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    LookupError,
    struct.error,
    MemoryError,
)
"""What reading a damaged zip raises; its library has no common root.

A place before its beginning, for example, is a ValueError.
"""


class NamedFile(NamedTuple):
    """A file by its name relative to what it is in."""

    name: str
    data: bytes


def all_of(names: Sequence[str]) -> Collection[str]:
    """Every file of a zip is wanted."""
    return names


def unpacked(
    data: bytes,
    name: str,
    most_files: int,
    wanted: Callable[[Sequence[str]], Collection[str]] = all_of,
) -> list[NamedFile]:
    """The wanted files of a zip; what operating systems leave behind is not looked at.

    CorpusError for one that is damaged, names places outside itself, holds a name twice,
    or would unpack to too much.
    """
    try:
        archive = zipfile.ZipFile(BytesIO(data))
    except DAMAGES as error:
        raise refusal(name, [damaged(name, error)]) from error
    with archive:
        entries = []
        for entry in archive.infolist():
            # Not is_dir, which fails on a name that is empty.
            is_folder = entry.filename.endswith("/")
            if not is_folder and not left_behind(entry.filename):
                entries.append(entry)
        size = sum(entry.file_size for entry in entries)
        names = [entry.filename for entry in entries]
        faults = too_much(len(entries), size, name, most_files)
        faults += names_twice(names)
        if faults:
            raise refusal(name, faults)
        chosen = set(wanted(names))
        entries = [entry for entry in entries if entry.filename in chosen]
        for entry in entries:
            faults += unsafe(entry)
        if faults:
            raise refusal(name, faults)
        return [contents(archive, entry, name) for entry in entries]


def contents(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> NamedFile:
    """One file of a zip; CorpusError when it is damaged."""
    tell_share()
    try:
        return NamedFile(entry.filename, content_of(archive, entry))
    except DAMAGES as error:
        fault = damaged(entry.filename[:80], error)
        raise refusal(name, [fault]) from error


def content_of(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """The bytes of a file in a zip, no more than it declares."""
    with archive.open(entry) as packed:
        return in_pieces(packed, entry.file_size)


def in_pieces(packed: IO[bytes], most: int) -> bytes:
    """What is packed, ``most`` bytes of it; between two pieces work that is to stop stops."""
    pieces = []
    left = most
    while left > 0:
        tell_share()
        piece = packed.read(min(left, PIECE))
        if not piece:
            break
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def damaged(name: str, error: Exception) -> str:
    """The fault of a zip, or of a file in it, that cannot be read."""
    return (
        f"{name}: is cut short, damaged or no zip that can be read ({str(error)[:80]}); "
        "download or pack it again"
    )


def too_much(files: int, size: int, name: str, most_files: int) -> list[str]:
    """Faults of a collection with too many files or bytes."""
    faults = []
    limit = settings.MAX_CORPUS_BYTES
    if files > most_files:
        faults.append(f"{name}: has {files:,} files; {most_files:,} are allowed")
    if size > limit:
        faults.append(f"{name}: holds {size:,} bytes; {limit:,} are allowed")
    return faults


def names_twice(names: Sequence[str]) -> list[str]:
    """A fault for each name that is there several times: one would hide the others."""
    faults = []
    for name, count in Counter(names).items():
        if count > 1:
            faults.append(f"{name[:80]}: is there {count} times; keep one of them")
    return faults


def left_behind(name: str) -> bool:
    """Whether a file is one that operating systems leave behind, such as .DS_Store."""
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith(".") and part != ".." for part in parts)
    return hidden or "__MACOSX" in parts


def unsafe(entry: zipfile.ZipInfo) -> list[str]:
    """Faults of one entry of an archive that must not be unpacked."""
    faults = []
    if points_outside(entry.filename):
        faults.append("the name points outside the archive")
    if stat.S_ISLNK(entry.external_attr >> 16):
        faults.append("is a link")
    if entry.flag_bits & 1:
        faults.append("is encrypted; pack it without a password")
    if entry.compress_type not in PACKINGS:
        faults.append(
            "is packed in a way that is not read here; use plain (deflate) compression"
        )
    if entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        faults.append(f"unpacks to more than {MAX_RATIO} times its size")
    return [f"{entry.filename[:80]}: {fault}" for fault in faults]


def points_outside(name: str) -> bool:
    """Whether an entry's name could lead out of the folder it is unpacked in."""
    if name.startswith("/") or "\\" in name or ":" in name:
        return True
    return ".." in PurePosixPath(name).parts
