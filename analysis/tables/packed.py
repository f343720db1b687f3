"""Single files that are compressed: gzip, bzip2 and xz."""

import bz2
import gzip
import lzma
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import IO, Any, NamedTuple

from analysis.core import settings
from analysis.core.table_files import refusal
from analysis.core.zip_files import DAMAGES, MAX_RATIO, NamedFile, damaged, in_pieces


class Packing(NamedTuple):
    """How a kind of compressed file begins and what opens it."""

    beginning: bytes
    ending: str
    open: Callable[[IO[bytes]], Any]


PACKINGS: Mapping[str, Packing] = {
    "gzip": Packing(b"\x1f\x8b", ".gz", lambda file: gzip.GzipFile(fileobj=file)),
    "bzip2": Packing(b"BZh", ".bz2", bz2.BZ2File),
    "xz": Packing(b"\xfd7zXZ\x00", ".xz", lzma.LZMAFile),
}


def packing_of(data: bytes) -> str:
    """How a file is compressed, by its first bytes; nothing for others."""
    for name, packing in PACKINGS.items():
        if data.startswith(packing.beginning):
            return name
    return ""


def plain_file(data: bytes, name: str) -> NamedFile:
    """A compressed file unpacked, called without the ending of its packing.

    Others stay as they are. CorpusError for a damaged one, and for one that would unpack
    to too much.
    """
    kind = packing_of(data)
    if not kind:
        return NamedFile(name, data)
    packing = PACKINGS[kind]
    most = min(settings.MAX_CORPUS_BYTES, MAX_RATIO * max(len(data), 2**12))
    try:
        with packing.open(BytesIO(data)) as packed:
            content = in_pieces(packed, most + 1)
    except DAMAGES as error:
        raise refusal(name, [damaged(name, error).replace("zip", kind)]) from error
    if len(content) > most:
        fault = f"{name}: unpacks to more than {most:,} bytes, which is the most here"
        raise refusal(name, [fault])
    return NamedFile(unpacked_name(name), content)


def unpacked_name(name: str) -> str:
    """A file's name without the ending of its packing."""
    for packing in PACKINGS.values():
        if name.casefold().endswith(packing.ending):
            return name[: -len(packing.ending)]
    return name
