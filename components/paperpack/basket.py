"""The basket of saved figures, kept beside the studies: one recipe per file, whole or not at all."""

import uuid
from dataclasses import dataclass
from pathlib import Path

from analysis.core import files, settings
from analysis.core.errors import FigureError
from components.paperpack import recipes
from components.paperpack.recipes import Recipe

REMOVED = "removed"


@dataclass(frozen=True)
class Item:
    """A saved figure; ``recipe`` is None where its file is damaged, and ``fault`` says how."""

    number: str
    place: float
    recipe: Recipe | None
    fault: str = ""


def folder() -> Path:
    """Where the basket lies."""
    path = settings.home() / "figures"
    (path / REMOVED).mkdir(parents=True, exist_ok=True)
    return path


def items() -> list[Item]:
    """The saved figures in order; damaged ones are there too and say so."""
    return sorted(
        (load(path) for path in folder().glob("*.json")),
        key=lambda item: (item.place, item.number),
    )


def load(path: Path) -> Item:
    """One saved figure."""
    place, _, number = path.stem.partition("_")
    try:
        return Item(number, float(place), recipes.read(path.read_bytes(), path.name))
    except (FigureError, ValueError, OSError) as error:
        return Item(number or path.stem, float("inf"), None, str(error))


def path_of(number: str, where: Path | None = None) -> Path:
    """The file of a saved figure."""
    found = (
        next(iter((where or folder()).glob(f"*{number}.json")), None)
        if number
        else None
    )
    if found is None:
        raise FigureError(
            "That figure is not in the basket any more; somebody else may have removed it."
        )
    return found


def add(recipe: Recipe) -> str:
    """Save a figure at the end; returns its number."""
    places = [item.place for item in items() if item.recipe]
    number = uuid.uuid4().hex[:8]
    files.write_file(
        folder() / f"{max(places, default=0) + 1:g}_{number}.json",
        recipes.write(recipe).encode(),
    )
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
    mine, other = path_of(number), path_of(order[there])
    places = [path.stem.partition("_")[0] for path in (mine, other)]
    mine.rename(mine.with_name(f"{places[1]}_{number}.json"))
    other.rename(other.with_name(f"{places[0]}_{order[there]}.json"))


def remove(number: str) -> None:
    """Take a figure out; ``restore`` brings it back to its place."""
    path = path_of(number)
    path.rename(folder() / REMOVED / path.name)


def removed() -> list[str]:
    """Numbers of removed figures, the last first."""
    found = sorted(
        (folder() / REMOVED).glob("*.json"),
        key=lambda path: path.stat().st_ctime_ns,
        reverse=True,
    )
    return [path.stem.partition("_")[2] or path.stem for path in found]


def restore(number: str) -> None:
    """Undo a removal."""
    path = path_of(number, folder() / REMOVED)
    path.rename(folder() / path.name)
