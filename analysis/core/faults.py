"""What is wrong with a file, told in bounds: the first of each kind, and how many there are.

A file of a million rows can have a million faults; nobody reads them, and they would fill
the memory and the page.
"""

import re
from collections.abc import Iterable, Iterator

MOST_OF_A_KIND = 20
"""Faults of one kind that are kept in words; all are counted."""
MOST_KINDS = 50
"""Kinds that are told apart; whatever else comes is counted together."""
LONGEST = 1_000
"""Letters of one fault, which may quote what is in the file."""
VARYING = re.compile(r"“[^”]*”|\([^()]*\)|\d+")
"""What differs between faults of one kind: quotes, remarks and numbers."""
OTHERS = "of other kinds"


class Faults:
    """Sentences “place: what is wrong”, of which the first of each kind are kept.

    To be filled like a list. Its length is how many faults there are in all.
    """

    def __init__(self, found: Iterable[str] = ()) -> None:
        self.kept: dict[str, list[str]] = {}
        self.counts: dict[str, int] = {}
        self += found

    def append(self, fault: str) -> None:
        """Count a fault, and keep it if it is among the first of its kind."""
        if len(fault) > LONGEST:
            fault = f"{fault[:LONGEST]} …"
        kind = kind_of(fault)
        if kind not in self.counts and len(self.counts) >= MOST_KINDS:
            kind = OTHERS
        self.counts[kind] = self.counts.get(kind, 0) + 1
        kept = self.kept.setdefault(kind, [])
        if len(kept) < MOST_OF_A_KIND:
            kept.append(fault)

    def amend(self, fault: str, otherwise: str) -> None:
        """Say a fault that is kept in words otherwise."""
        for kept in self.kept.values():
            if fault in kept:
                kept[kept.index(fault)] = otherwise

    def __iadd__(self, found: Iterable[str]) -> "Faults":
        """Add faults, or all that others have counted."""
        if not isinstance(found, Faults):
            for fault in found:
                self.append(fault)
            return self
        for kind, count in found.counts.items():
            for fault in found.kept[kind]:
                self.append(fault)
            self.counts[kind] = self.counts.get(kind, 0) + count - len(found.kept[kind])
        return self

    def __iter__(self) -> Iterator[str]:
        """The faults that are kept in words."""
        for kept in self.kept.values():
            yield from kept

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.counts)

    def __len__(self) -> int:
        """How many there are."""
        return sum(self.counts.values())

    def rest(self) -> list[str]:
        """Of each kind with more faults than are kept, how many more there are."""
        told = []
        for kind, count in self.counts.items():
            more = count - len(self.kept[kind])
            if more > 0:
                told.append(f"… and {more:,} more like: {self.kept[kind][0]}")
        return told


def kind_of(fault: str) -> str:
    """What faults of one kind have in common: the sentence without its place and values."""
    _, _, sentence = fault.partition(": ")
    return VARYING.sub("", sentence or fault)
