"""Whether the rooms that Python finds are Babelscope's own."""

import importlib.util
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOMS = ("analysis", "components")
"""Packages that lie beside this one, in a checkout as where it is installed."""


def check(beside: Path = HERE.parent) -> None:
    """Raise ImportError when Python finds somebody else's package of a room's name.

    The names are plain ones: a folder ``analysis`` in which a script is started comes
    before the installed package, and would be imported without a word.
    """
    for name in ROOMS:
        found = place_of(name)
        if found != beside / name:
            raise ImportError(sentence(name, found, beside / name))


def place_of(name: str) -> Path | None:
    """The folder in which Python finds a package; None where it finds none."""
    spec = importlib.util.find_spec(name)
    if spec is None:
        return None
    folders = list(spec.submodule_search_locations or [])
    place = folders[0] if folders else spec.origin
    return Path(place).resolve() if place else None


def sentence(name: str, found: Path | None, wanted: Path) -> str:
    """What was found in place of a room, and what to do."""
    if found is None:
        return f"Babelscope's package “{name}” is not at {wanted}. Install it again."
    return (
        f"Python finds {found} where Babelscope's own package “{name}” is needed "
        f"({wanted}). Rename yours, or start Python in another folder."
    )
