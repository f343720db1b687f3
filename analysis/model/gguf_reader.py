"""A GGUF file as transformers reads one, by our reader instead of its own.

The library's reader believes every length that a header names, takes minutes for a large
vocabulary and does not hear Stop.
"""

import mmap
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from analysis.core import interruption
from analysis.core.gguf_files import (
    LIST,
    TEXT,
    Declared,
    Field,
    Texts,
    encoding_of,
    read_head,
    stored,
)
from analysis.core.gguf_models import opened

NEEDLESS = ("tokenizer.ggml.scores", "tokenizer.ggml.token_type")
"""Long lists that only the tokenizer needs, which is read by other means."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class LibraryField:
    """A field as the library's reader has it: values at ``data`` of ``parts``."""

    types: list[int]
    parts: list[Any]
    data: range


class LibraryTensor:
    """A tensor as the library's reader has it; its bytes are read when asked for."""

    def __init__(
        self, declared: Declared, content: memoryview, tell: Callable[[], None]
    ) -> None:
        self.declared = declared
        self.content = content
        self.tell = tell
        self.name = declared.name
        self.tensor_type = encoding_of(declared)

    @property
    def data(self) -> np.ndarray:
        """The tensor as it is stored."""
        self.tell()
        return stored(self.declared, self.content)


class LibraryReader:
    """Stands in for ``gguf.GGUFReader`` with all that transformers asks of it."""

    def __init__(self, content: mmap.mmap, progress: Progress) -> None:
        head = read_head(content)
        data = memoryview(content)[head.begin :]
        total = len(head.tensors)
        self.fields = library_fields(head.fields)
        self.tensors = []
        for done, declared in enumerate(head.tensors):
            tell = partial(progress, done, total)
            self.tensors.append(LibraryTensor(declared, data, tell))


def library_fields(fields: dict[str, Field]) -> dict[str, LibraryField]:
    """The fields of a header as the library has them, but for NEEDLESS."""
    found = {}
    for name, field in fields.items():
        interruption.check()
        if name not in NEEDLESS:
            found[name] = library_field(field)
    return found


def library_field(field: Field) -> LibraryField:
    """A field as the library has it; texts of a list are empty, only counted."""
    value = field.value
    if isinstance(value, Texts):
        return LibraryField([LIST, TEXT], [b""] * value.count, range(value.count))
    if isinstance(value, str):
        return LibraryField([TEXT], [value.encode()], range(1))
    types = [LIST, field.items] if field.kind == LIST else [field.kind]
    return LibraryField(types, [[item] for item in value], range(len(value)))


@contextmanager
def our_reader(path: Path, progress: Progress) -> Iterator[None]:
    """Let transformers read a file by our reader while the context lasts.

    Only the thread that owns the models loads any, so nobody else meets it.
    """
    with opened(path, path.name) as content:

        def read(asked: str) -> LibraryReader:
            return LibraryReader(content, progress)

        # The library would draw a bar of its own.
        bar = patch("transformers.modeling_gguf_pytorch_utils.tqdm", without_bar)
        with patch("gguf.GGUFReader", read), bar:
            yield


def without_bar(items: Iterable[Any], **options: Any) -> Iterable[Any]:
    """The items; what a bar would show of them is told elsewhere."""
    return items
