"""Where rows of a file stand and which were there before; held small, there may be millions."""

from array import array
from collections.abc import Hashable
from itertools import repeat

LONGEST_NUMBER = 15
"""Digits of a line's number."""
NONE = -1
"""Stands for no row."""


class Places:
    """Where rows stand, by the number of the row."""

    def __init__(self) -> None:
        self.beginnings: dict[str, int] = {}
        self.files = array("I")
        self.lines = array("q")
        self.odd: dict[int, str] = {}

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.lines)

    def append(self, place: str) -> None:
        """The place of the next row: “file, line 3” is kept as two numbers."""
        beginning, _, line = place.rpartition(" ")
        if is_number(line):
            known = self.beginnings
            self.files.append(known.setdefault(beginning, len(known)))
            self.lines.append(int(line))
            return
        self.odd[len(self)] = place
        self.files.append(0)
        self.lines.append(0)

    def __getitem__(self, row: int) -> str:
        """The place of a row."""
        if row >= len(self):
            raise IndexError(row)
        if row in self.odd:
            return self.odd[row]
        return f"{list(self.beginnings)[self.files[row]]} {self.lines[row]}"


def is_number(line: str) -> bool:
    """Whether a text is a whole number as it is written here."""
    plain = line.isascii() and line.isdecimal() and len(line) <= LONGEST_NUMBER
    return plain and (line[0] != "0" or line == "0")


class EarlierRows:
    """Which row was the first to have a name in a group.

    ``numbers`` are those of the names in order of appearance.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.rows: dict[Hashable, array[int]] = {}

    def add(self, name: str, group: Hashable, row: int) -> int:
        """Take in a row; the one that has its name in its group already, or NONE."""
        number = self.numbers.setdefault(name, len(self.numbers))
        of_group = self.rows.get(group)
        if of_group is None:
            of_group = self.rows[group] = array("q")
        lacking = number - len(of_group)
        if lacking >= 0:
            of_group.extend(repeat(NONE, lacking))
            of_group.append(row)
            return NONE
        earlier = of_group[number]
        if earlier == NONE:
            of_group[number] = row
        return earlier
