"""The basket of saved figures, kept beside the studies.

One recipe per file, whole or not at all; the name of a file is its place and a number.
No two figures have one place: whoever changes the order holds a lock meanwhile.
"""

import math
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from analysis.core import files, settings
from analysis.core.errors import FigureError
from components.paperpack import recipes
from components.paperpack.recipes import Recipe

REMOVED, LOCK = "removed", ".lock"
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


@contextmanager
def changing() -> Iterator[Path]:
    """Hold the basket while its order changes; other sessions and processes wait."""
    here = folder()
    with files.locked(here / LOCK, wait=True):
        yield here


class Name(NamedTuple):
    """The name of a saved figure's file."""

    place: str
    number: str

    def __str__(self) -> str:
        return f"{self.place}_{self.number}.json"


def name_of(path: Path) -> Name:
    """Place and number of a saved figure; of a file of another name, that is its number."""
    place, _, number = path.stem.partition("_")
    return Name(place, number) if number else Name("", path.stem)


def place_of(path: Path) -> float:
    """The place of a saved figure; the end for a file whose name tells none."""
    try:
        place = float(name_of(path).place)
    except ValueError:
        return math.inf
    return place if math.isfinite(place) else math.inf


def in_order(where: Path) -> list[Path]:
    """The files of a folder of saved figures, in the order of their places."""
    paths = list(where.glob("*.json"))
    paths.sort(key=lambda path: (place_of(path), name_of(path).number))
    return paths


def items() -> list[Item]:
    """The saved figures in order; damaged ones are there too and say so."""
    found = []
    for path in in_order(folder()):
        # Another session may have removed or moved it since.
        with suppress(FileNotFoundError):
            found.append(load(path))
    return found


def load(path: Path) -> Item:
    """One saved figure; FileNotFoundError where it is gone."""
    number, place = name_of(path).number, place_of(path)
    try:
        recipe = recipes.read(path.read_bytes(), path.name)
    except FileNotFoundError:
        raise
    except (FigureError, OSError) as error:
        return Item(number, place, None, str(error))
    return Item(number, place, recipe)


def path_of(number: str, where: Path | None = None) -> Path:
    """The file of a saved figure; FigureError where it is gone."""
    for path in (where or folder()).glob("*.json"):
        if name_of(path).number == number:
            return path
    raise FigureError(GONE)


def has(recipe: Recipe) -> bool:
    """Whether the same figure, with the same numbers, is saved already."""
    return any(
        item.recipe is not None and item.recipe.digest == recipe.digest
        for item in items()
    )


def add(recipe: Recipe) -> str:
    """Save a figure at the end; returns its number."""
    number = uuid.uuid4().hex[:8]
    with changing() as here:
        last = 0.0
        for path in in_order(here):
            place = place_of(path)
            last = max(last, place if math.isfinite(place) else 0.0)
        name = Name(f"{math.floor(last) + 1}", number)
        save(recipe, here / str(name))
    return number


def save(recipe: Recipe, path: Path) -> None:
    """Write a recipe, whole or not at all."""
    text = recipes.write(recipe)
    files.write_file(path, text.encode())


def change(number: str, recipe: Recipe) -> None:
    """Replace a saved figure's recipe."""
    with changing() as here:
        save(recipe, path_of(number, here))


def move(number: str, steps: int) -> None:
    """Exchange a figure with its neighbour; nothing happens at an end."""
    with changing() as here:
        order = in_order(here)
        numbers = [name_of(path).number for path in order]
        if number not in numbers:
            return
        place = numbers.index(number)
        there = place + steps
        if 0 <= there < len(order):
            order[place], order[there] = order[there], order[place]
            arrange(order)


def arrange(order: Sequence[Path]) -> None:
    """Give figures places in this order: their own ones, where no two have the same."""
    places = sorted(map(place_of, order))
    names = [f"{place:.17g}" for place in places]
    if len(set(places)) < len(places) or math.inf in places:
        names = [str(number) for number in range(1, len(order) + 1)]
    for path, place in zip(order, names):
        wanted = path.with_name(str(Name(place, name_of(path).number)))
        if wanted != path:
            files.move(path, wanted)


def remove(number: str) -> None:
    """Take a figure out; ``restore`` brings it back to its place."""
    with changing() as here:
        path = path_of(number, here)
        files.move(path, here / REMOVED / path.name)


def removed() -> list[str]:
    """Numbers of removed figures, the last first."""
    changed = {}
    for path in (folder() / REMOVED).glob("*.json"):
        # Another session may have brought it back since.
        with suppress(FileNotFoundError):
            changed[path] = path.stat().st_ctime_ns
    newest_first = sorted(changed, key=changed.__getitem__, reverse=True)
    return [name_of(path).number for path in newest_first]


def restore(number: str) -> None:
    """Undo a removal: the figure gets its place, and whoever has it now comes after."""
    with changing() as here:
        path = path_of(number, here / REMOVED)
        place = place_of(path)
        order = in_order(here)
        before = [each for each in order if place_of(each) < place]
        back = here / path.name
        files.move(path, back)
        if place in map(place_of, order):
            arrange([*before, back, *order[len(before) :]])
