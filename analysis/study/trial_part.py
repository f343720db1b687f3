"""What a manifest tells of a trial: something tried on the model, cell by cell.

A trial says itself which dimensions it has and which arrays; so a new one needs no line
in this room.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from analysis.core.errors import StudyError
from analysis.study import bounds
from analysis.study.records import Record, WithSpec

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
"""Names of trials and of their arrays are parts of keys and of file names."""
LONGEST = 40
MOST_TRIALS, MOST_ARRAYS = 50, 50
MOST_CELLS = 100_000
MOST_NUMBERS = 2**26
"""Numbers of one array over all cells: 256 MiB in single precision."""
MOST_COORDINATES = 100_000
TRIAL = "trial"
"""What keys of trials begin with."""


def key_of(trial: str, array: str, cell: int) -> str:
    """The tensor of an array in a cell."""
    return f"{TRIAL}/{trial}/{array}/{cell}"


@dataclass(frozen=True, kw_only=True)
class TrialArray(Record):
    """An array of a trial: its dimensions within a cell, and its words.

    ``gaps``: whether numbers may be missing (NaN), as where a language lacks a prompt.
    """

    dims: tuple[str, ...] = ()
    long_name: str
    units: str = ""
    chance: float | None = None
    gaps: bool = False


@dataclass(frozen=True, kw_only=True)
class TrialPart(Record, WithSpec):
    """Something that is tried on the model: along which dimensions, and in which cells.

    ``dims``: dimension → its coordinates; ``numbers`` names those whose coordinates are
    numbers. ``cells`` are the dimensions along which cells are told apart: one cell for
    each combination, in order, the last one fastest.
    """

    spec: Mapping[str, Any]
    digest: str
    dims: Mapping[str, tuple[str, ...]]
    arrays: Mapping[str, TrialArray]
    cells: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def number_of_cells(self) -> int:
        """How many cells there are."""
        return math.prod(len(self.dims[dim]) for dim in self.cells)

    def each_cell(self) -> Iterator[Mapping[str, str]]:
        """Every cell in order: its dimensions → its coordinates."""
        for chosen in product(*(self.dims[dim] for dim in self.cells)):
            yield dict(zip(self.cells, chosen))

    def shape(self, array: str) -> tuple[int, ...]:
        """The shape of an array within a cell."""
        return tuple(len(self.dims[dim]) for dim in self.arrays[array].dims)

    def check(self) -> None:
        """StudyError for dimensions, arrays and cells that do not fit together."""
        for dim, coordinates in self.dims.items():
            check_coordinates(dim, coordinates, dim in self.numbers)
        known = set(self.dims)
        strange = (set(self.cells) | set(self.numbers)) - known
        if strange or not self.cells:
            raise StudyError(
                f"cells and numbers must name dimensions ({', '.join(self.dims)}), and "
                f"cells at least one; found are {', '.join(self.cells) or 'none'}."
            )
        bounds.check_differ(self.cells, "cells")
        bounds.check_number(self.number_of_cells, "the number of cells", MOST_CELLS)
        bounds.check_size(len(self.arrays), "the number of arrays", MOST_ARRAYS)
        for name, array in self.arrays.items():
            check_name(name, "arrays")
            self.check_array(name, array)

    def check_array(self, name: str, array: TrialArray) -> None:
        """StudyError for an array along dimensions that are not the trial's, or too large."""
        within = set(self.dims) - set(self.cells)
        if set(array.dims) - within or len(set(array.dims)) < len(array.dims):
            raise StudyError(
                f"arrays.{name}.dims must be different ones of "
                f"{', '.join(sorted(within)) or 'none'}; found are "
                f"{', '.join(array.dims)}."
            )
        size = math.prod(self.shape(name)) * self.number_of_cells
        bounds.check_number(size, f"the numbers of arrays.{name}", MOST_NUMBERS)


def check_coordinates(dim: str, coordinates: tuple[str, ...], numbers: bool) -> None:
    """StudyError for coordinates that are too many, alike, or no numbers where they are."""
    bounds.check_size(len(coordinates), f"dims.{dim}", MOST_COORDINATES)
    bounds.check_differ(coordinates, f"dims.{dim}")
    for each in coordinates:
        bounds.check_length(each, f"dims.{dim}", bounds.LONGEST_TITLE)
        if numbers and not is_number(each):
            raise StudyError(f"dims.{dim} must be numbers; found is {each[:60]!r}.")


def is_number(text: str) -> bool:
    """Whether a text is a finite number."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def check_name(name: str, place: str) -> None:
    """StudyError for a name that cannot be a part of a key and of a file's name."""
    if len(name) > LONGEST or not NAME.fullmatch(name):
        raise StudyError(
            f"{place} must be named in at most {LONGEST} small letters, digits and "
            f"hyphens; found is {name[:60]!r}."
        )


def check_trials(trials: Mapping[str, TrialPart]) -> None:
    """StudyError for trials that are too many, or that do not fit together."""
    bounds.check_number(len(trials), "the number of trials", MOST_TRIALS)
    for name, part in trials.items():
        check_name(name, "trials")
        try:
            part.check()
        except StudyError as error:
            raise StudyError(f"trials.{name}: {error}") from error
