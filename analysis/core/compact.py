"""Very many records of texts, each held as one piece of bytes until it is looked at."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar, overload

Record = TypeVar("Record", covariant=True)
BETWEEN = b"\xff"
"""Stands between the texts of a record; no text in UTF-8 has this byte."""


def compacted(texts: Iterable[str]) -> bytes:
    """Texts in one piece; UnicodeEncodeError for half a character."""
    return BETWEEN.join(map(str.encode, texts))


def texts_of(piece: bytes) -> list[str]:
    """The texts of a piece."""
    return list(map(bytes.decode, piece.split(BETWEEN)))


class Compact(Sequence[Record], Generic[Record]):
    """Records, each made anew from its texts when it is looked at.

    A record and its texts take some ten objects of at least 50 bytes, a piece one.
    """

    def __init__(
        self, pieces: Sequence[bytes], made: Callable[[list[str]], Record]
    ) -> None:
        self.pieces = pieces
        self.made = made

    def __len__(self) -> int:
        """How many there are."""
        return len(self.pieces)

    @overload
    def __getitem__(self, place: int) -> Record: ...

    @overload
    def __getitem__(self, place: slice) -> "Compact[Record]": ...

    def __getitem__(self, place: int | slice) -> "Record | Compact[Record]":
        """The record at a place; those of a slice, compacted as well."""
        if isinstance(place, slice):
            return Compact(self.pieces[place], self.made)
        return self.made(texts_of(self.pieces[place]))

    def __iter__(self) -> Iterator[Record]:
        """One record after the other."""
        return map(self.made, map(texts_of, self.pieces))

    def __eq__(self, other: Any) -> bool:
        """Whether other records, in whatever kind of sequence, are the same."""
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(
            one == its for one, its in zip(self, other)
        )

    def __hash__(self) -> int:
        """The same as of the records as a tuple."""
        return hash(tuple(self))
