"""The basket of saved figures, kept beside the studies.

One recipe per file, whole or not at all; the name of a file is its place and a number.
"""

import uuid
from dataclasses import dataclass
from pathlib import Path

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
    (path / REMOVED).mkdir(parents=True, exist_ok=True)
    return path


def place_and_number(path: Path) -> tuple[str, str]:
    """Place and number of a saved figure, as its file's name spells them."""
    place, _, number = path.stem.partition("_")
    return place, number


def items() -> list[Item]:
    """The saved figures in order; damaged ones are there too and say so."""
    found = [load(path) for path in folder().glob("*.json")]
    return sorted(found, key=lambda item: (item.place, item.number))


def load(path: Path) -> Item:
    """One saved figure."""
    place, number = place_and_number(path)
    try:
        return Item(number, float(place), recipes.read(path.read_bytes(), path.name))
    except (FigureError, ValueError, OSError) as error:
        return Item(number or path.stem, float("inf"), None, str(error))


def path_of(number: str, where: Path | None = None) -> Path:
    """The file of a saved figure; FigureError where it is gone."""
    if number:
        for path in (where or folder()).glob(f"*{number}.json"):
            return path
    raise FigureError(GONE)


def add(recipe: Recipe) -> str:
    """Save a figure at the end; returns its number."""
    last = max((item.place for item in items() if item.recipe), default=0)
    number = uuid.uuid4().hex[:8]
    path = folder() / f"{last + 1:g}_{number}.json"
    files.write_file(path, recipes.write(recipe).encode())
    return number


def change(number: str, recipe: Recipe) -> None:
    """Replace a saved figure's recipe."""
    files.write_file(path_of(number), recipes.write(recipe).encode())


def move(number: str, steps: int) -> None:
    """Exchange a figure with its neighbour; nothing happens at an end."""
    order = [item.number for item in items()]
    here = order.index(number) if number in order else -1
    there = here + steps
    if here < 0 or not 0 <= there < len(order):
        return
    exchange(path_of(number), path_of(order[there]))


def exchange(first: Path, second: Path) -> None:
    """Give each of two files the other one's place."""
    first_place, first_number = place_and_number(first)
    second_place, second_number = place_and_number(second)
    first.rename(first.with_name(f"{second_place}_{first_number}.json"))
    second.rename(second.with_name(f"{first_place}_{second_number}.json"))


def remove(number: str) -> None:
    """Take a figure out; ``restore`` brings it back to its place."""
    path = path_of(number)
    path.rename(folder() / REMOVED / path.name)


def removed() -> list[str]:
    """Numbers of removed figures, the last first."""
    paths = list((folder() / REMOVED).glob("*.json"))
    paths.sort(key=lambda path: path.stat().st_ctime_ns, reverse=True)
    numbers = []
    for path in paths:
        _, number = place_and_number(path)
        numbers.append(number or path.stem)
    return numbers


def restore(number: str) -> None:
    """Undo a removal."""
    path = path_of(number, folder() / REMOVED)
    path.rename(folder() / path.name)
