"""What tells the files of a model from others that lie under the same folder's name.

Copying a folder changes nothing; training on, editing or replacing its weights does.
"""

import hashlib
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

COMPUTING = (
    "config.json",
    "*.safetensors",
    "*.bin",
    "*.index.json",
    "adapter_config.json",
    "tokenizer.json",
    "tekken.json",
    "vocab*",
    "merges.txt",
    "*.model",
    "*.tiktoken",
    "*.py",
)
"""Files that decide what a model computes of a text; templates are kept with a study."""
BLOCK = 4096
"""Bytes that are looked at in one place of a file."""
BLOCKS = 1024
"""Places of a large file that are looked at; every matrix of a model has some of them."""


class FileState(NamedTuple):
    """A file of a folder, and what changes when it is written."""

    path: str
    size: int
    written: int


def fingerprint(folder: Path) -> str:
    """16 hexadecimal digits that are others when the files of a folder are.

    Names and sizes of those that decide what is computed, small ones whole, large ones
    in a thousand places. What has not been written since is not read again.
    """
    return of_states(str(folder), tuple(states(folder)))


def states(folder: Path) -> Iterator[FileState]:
    """The files of a folder that compute, in order; sub-folders have none."""
    for path in sorted(folder.iterdir()):
        if path.is_file() and any(map(path.match, COMPUTING)):
            found = path.stat()
            yield FileState(path.name, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=64)
def of_states(folder: str, files: tuple[FileState, ...]) -> str:
    """The fingerprint of a folder whose files are in these states."""
    found = hashlib.sha256()
    for file in files:
        found.update(f"{file.path}\n{file.size}\n".encode())
        for block in samples(Path(folder, file.path), file.size):
            found.update(block)
    return found.hexdigest()[:16]


def samples(path: Path, size: int) -> Iterator[bytes]:
    """A file's bytes: all of a small one, else those of places spread evenly over it."""
    if size <= BLOCKS * BLOCK:
        yield path.read_bytes()
        return
    step = (size - BLOCK) / (BLOCKS - 1)
    with path.open("rb") as file:
        for number in range(BLOCKS):
            file.seek(round(number * step), os.SEEK_SET)
            yield file.read(BLOCK)
