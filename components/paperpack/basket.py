"""The basket of saved figures, kept beside the studies.

One recipe per file, whole or not at all; the name of a file is its place and a number.
"""

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from analysis.core import files, settings
from analysis.core.errors import FigureError
from components.paperpack import recipes
from components.paperpack.recipes import Recipe

REMOVED = "removed"
GONE = "That figure is not in the basket any more; somebody else may have removed it."


@dataclass(frozen=True)
class Item:
    """A saved figure.

    ``recipe`` is None where its file is damaged, and ``fault`` says how.
    """

    number: str
    place: float
    recipe: Recipe | None
    fault: str = ""


def folder() -> Path:
    """Where the basket lies."""
    path = settings.home() / "figures"
    files.wanted_folder(path / REMOVED)
    return path


class Name(NamedTuple):
    """The name of a saved figure's file."""

    place: str
    number: str

    def __str__(self) -> str:
        return f"{self.place}_{self.number}.json"


def name_of(path: Path) -> Name:
    """Place and number of a saved figure."""
    place, _, number = path.stem.partition("_")
    return Name(place, number)


def items() -> list[Item]:
    """The saved figures in order; damaged ones are there too and say so."""
    found = []
    for path in folder().glob("*.json"):
        found.append(load(path))
    found.sort(key=lambda item: (item.place, item.number))
    return found


def load(path: Path) -> Item:
    """One saved figure."""
    name = name_of(path)
    try:
        place = float(name.place)
        recipe = recipes.read(path.read_bytes(), path.name)
    except (FigureError, ValueError, OSError) as error:
        number = name.number or path.stem
        return Item(number, float("inf"), None, str(error))
    return Item(name.number, place, recipe)


def path_of(number: str, where: Path | None = None) -> Path:
    """The file of a saved figure; FigureError where it is gone."""
    if number:
        for path in (where or folder()).glob(f"*{number}.json"):
            return path
    raise FigureError(GONE)


def add(recipe: Recipe) -> str:
    """Save a figure at the end; returns its number."""
    last = 0.0
    for item in items():
        if item.recipe is not None:
            last = max(last, item.place)
    number = uuid.uuid4().hex[:8]
    name = Name(f"{last + 1:g}", number)
    save(recipe, folder() / str(name))
    return number


def save(recipe: Recipe, path: Path) -> None:
    """Write a recipe, whole or not at all."""
    text = recipes.write(recipe)
    files.write_file(path, text.encode())


def change(number: str, recipe: Recipe) -> None:
    """Replace a saved figure's recipe."""
    save(recipe, path_of(number))


def move(number: str, steps: int) -> None:
    """Exchange a figure with its neighbour; nothing happens at an end."""
    order = [item.number for item in items()]
    if number not in order:
        return
    there = order.index(number) + steps
    if 0 <= there < len(order):
        neighbour = order[there]
        exchange(path_of(number), path_of(neighbour))


def exchange(first: Path, second: Path) -> None:
    """Give each of two files the other one's place."""
    one = name_of(first)
    other = name_of(second)
    moved = str(Name(other.place, one.number))
    files.move(first, first.with_name(moved))
    moved = str(Name(one.place, other.number))
    files.move(second, second.with_name(moved))


def remove(number: str) -> None:
    """Take a figure out; ``restore`` brings it back to its place."""
    path = path_of(number)
    removed_folder = folder() / REMOVED
    files.move(path, removed_folder / path.name)


def removed() -> list[str]:
    """Numbers of removed figures, the last first."""
    paths = list((folder() / REMOVED).glob("*.json"))
    paths.sort(key=lambda path: path.stat().st_ctime_ns, reverse=True)
    numbers = []
    for path in paths:
        name = name_of(path)
        numbers.append(name.number or path.stem)
    return numbers


def restore(number: str) -> None:
    """Undo a removal."""
    here = folder()
    path = path_of(number, here / REMOVED)
    files.move(path, here / path.name)
