"""A figure as JSON: the recipe, with its look, the view that it comes from and its provenance; and its numbers as a table.

Reading checks everything: recipes are passed around.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace

import numpy as np
import pandas as pd

from analysis.core.errors import FigureError, unknown
from components.figures import spec as figures
from components.figures.spec import Figure
from components.printing.venues import Look

FORMAT, VERSION = "babelscope figure", 1
MAX_BYTES = 64 * 2**20
KINDS = {kind.__name__: kind for kind in vars(figures).values() if is_dataclass(kind)}
ARRAYS = {"number": float, "bool": bool, "text": str}
LEFT_OUT = {"hover", "codes"}
"""Fields for the pointer on a screen; a recipe is for paper."""
ABOUT = {"analysis", "estimate", "interval"}
"""Fields that say where a figure's numbers come from, and change nothing of the drawing."""


@dataclass(frozen=True)
class Recipe:
    """A figure and all that is known about it.

    ``view`` is the page and its query; ``provenance`` has one dictionary of plain facts per study.
    """

    figure: Figure
    look: Look = Look()
    view: Mapping = field(default_factory=dict)
    provenance: tuple[Mapping, ...] = ()

    @property
    def digest(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of the figure's canonical JSON.

        Numbers included; what the figure is about is not, as recipes once had none.
        """
        drawn = {
            name: value
            for name, value in plain(self.figure).items()
            if name not in ABOUT
        }
        text = json.dumps(
            drawn,
            sort_keys=True,
            ensure_ascii=False,
            separators=(",", ":"),
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def plain(value: object) -> object:
    """A spec as what JSON knows; numbers that are none are spelled."""
    if is_dataclass(value):
        kept = {
            each.name: plain(getattr(value, each.name))
            for each in fields(value)
            if each.name not in LEFT_OUT
            and (each.name not in ABOUT or getattr(value, each.name))
        }
        return {"kind": type(value).__name__, **kept}
    if isinstance(value, pd.DataFrame):
        rows = value.astype(object).values.tolist()
        return {
            "kind": "table",
            "columns": list(map(str, value.columns)),
            "rows": plain(rows),
        }
    if isinstance(value, np.ndarray):
        kind = {"b": "bool", "i": "number", "u": "number", "f": "number"}.get(
            value.dtype.kind, "text"
        )
        known = {
            "kind": "array",
            "type": kind,
            "values": plain(value.astype(ARRAYS[kind]).tolist()),
        }
        # Lists of nothing do not tell their shape.
        return (
            known
            if value.size or value.ndim == 1
            else {**known, "values": [], "shape": list(value.shape)}
        )
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"kind": "number", "is": str(value)}
    return (
        value
        if value is None or isinstance(value, bool | int | float | str)
        else str(value)
    )


def spec(value: object) -> object:
    """The opposite of ``plain``; lists become tuples."""
    if isinstance(value, list):
        return tuple(spec(each) for each in value)
    if not isinstance(value, dict):
        return value
    kind = value.get("kind")
    rest = {key: spec(each) for key, each in value.items() if key != "kind"}
    if kind == "number":
        return float(rest["is"])
    if kind == "array":
        values = np.array(rest["values"], ARRAYS[rest["type"]])
        return values.reshape(rest["shape"]) if "shape" in rest else values
    if kind == "table":
        return pd.DataFrame(
            [list(row) for row in rest["rows"]], columns=list(rest["columns"])
        )
    if kind is None:
        return rest
    if kind not in KINDS:
        raise unknown("kind of figure", str(kind), KINDS)
    return KINDS[kind](**rest)


def write(recipe: Recipe) -> str:
    """The recipe as JSON text."""
    known = {
        "format": FORMAT,
        "version": VERSION,
        "digest": recipe.digest,
        "look": plain(recipe.look),
        "view": plain(recipe.view),
    }
    known |= {"provenance": plain(recipe.provenance), "figure": plain(recipe.figure)}
    del known["look"]["kind"]
    return json.dumps(known, ensure_ascii=False, indent=1, allow_nan=False)


def read(data: bytes | str, name: str) -> Recipe:
    """A recipe from JSON; FigureError says what is wrong with it."""
    if len(data) > MAX_BYTES:
        raise FigureError(
            f"{name} is larger than {MAX_BYTES // 2**20} MiB, which no recipe is."
        )
    try:
        known = json.loads(data)
        if known["format"] != FORMAT:
            raise FigureError(f"{name} is not a recipe of a figure.")
        if known["version"] != VERSION:
            raise FigureError(
                f"{name} has version {known['version']}; this Babelscope reads {VERSION}. Update it to open the recipe."
            )
        figure = spec(known["figure"])
        if not isinstance(figure, Figure) or not isinstance(figure.table, pd.DataFrame):
            raise FigureError(f"{name} holds no figure.")
        view = {
            "page": str(known["view"].get("page", "")),
            "query": texts(known["view"].get("query", {})),
        }
        return Recipe(
            figure, Look(**known["look"]), view, tuple(map(dict, known["provenance"]))
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        what = f"{type(error).__name__}: {error}"[:120]
        raise FigureError(
            f"{name} is not a recipe, or it is damaged ({what}). Take the recipe.json of a paper pack."
        ) from error


def texts(query: Mapping) -> dict[str, list[str]]:
    """The query of a link: each key with its values."""
    return {
        str(key): [str(value) for value in values]
        for key, values in query.items()
        if isinstance(values, list | tuple)
    }


def facts(recipes: Sequence[Recipe]) -> dict[str, str]:
    """What a file says about itself: title, and the digests of figures and studies."""
    studies = dict.fromkeys(
        str(known["digest"])
        for recipe in recipes
        for known in recipe.provenance
        if known.get("digest")
    )
    digests = [f"figure {recipe.digest}" for recipe in recipes] + [
        f"study {digest}" for digest in studies
    ]
    return {
        "Title": "; ".join(recipe.figure.title for recipe in recipes),
        "Subject": ", ".join(digests),
    }


def arrays(value: object, path: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """Every array of a spec with its name."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "biuf":
            yield path, value
    elif is_dataclass(value):
        for each in fields(value):
            if each.name not in LEFT_OUT:
                yield from arrays(
                    getattr(value, each.name), f"{path}.{each.name}".strip(".")
                )
    elif isinstance(value, tuple):
        for i, each in enumerate(value):
            yield from arrays(each, f"{path}.{i}")


def numbers(figure: Figure) -> pd.DataFrame:
    """The numbers that are drawn: array, place in it, value."""
    rows = [
        (name, " ".join(map(str, place)), float(values[place]))
        for name, values in arrays(figure.data)
        for place in np.ndindex(values.shape)
    ]
    return pd.DataFrame(rows, columns=["array", "place", "value"])


def with_numbers(figure: Figure, table: pd.DataFrame) -> Figure:
    """The figure with other numbers; FigureError unless they are for exactly its arrays."""
    found = {}
    for name, values in arrays(figure.data):
        mine = table[table["array"] == name]
        places = [tuple(map(int, str(place).split())) for place in mine["place"]]
        if sorted(places) != sorted(np.ndindex(values.shape)):
            raise FigureError(
                f"The numbers of “{name}” are not those of the recipe: {len(places)} given, {values.size} needed."
            )
        found[name] = np.empty(values.shape, values.dtype)
        for place, value in zip(places, mine["value"]):
            found[name][place] = value
    return replace(figure, data=swapped(figure.data, found))


def swapped(value: object, found: Mapping[str, np.ndarray], path: str = "") -> object:
    """A spec with its arrays exchanged by name."""
    if isinstance(value, np.ndarray):
        return found.get(path, value)
    if is_dataclass(value):
        names = [each.name for each in fields(value) if each.name not in LEFT_OUT]
        return replace(
            value,
            **{
                name: swapped(getattr(value, name), found, f"{path}.{name}".strip("."))
                for name in names
            },
        )
    if isinstance(value, tuple):
        return tuple(
            swapped(each, found, f"{path}.{i}") for i, each in enumerate(value)
        )
    return value
