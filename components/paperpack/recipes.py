"""A figure as JSON, its recipe: with its look, its view and its provenance.

And its numbers as a table. Reading checks everything: recipes are passed around.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.core.errors import AnalysisError, FigureError, unknown
from analysis.core.json_text import parse_json
from analysis.core.version import __version__
from components.figures import spec as figures
from components.figures.spec import Figure
from components.paperpack import recipe_checks
from components.printing.venues import Look

FORMAT, VERSION = "babelscope figure", 1
MAX_BYTES = 64 * 2**20
FAULTS = (
    *(ValueError, TypeError, AttributeError),
    *(LookupError, OverflowError, RecursionError),
)
"""What reading raises for JSON that is no recipe."""
KINDS: dict[str, Any] = {
    name: kind for name, kind in vars(figures).items() if is_dataclass(kind)
}
"""Kinds of a figure's parts by their names."""
ARRAYS = {"number": float, "bool": bool, "text": str}
ARRAY_KINDS = {"b": "bool", "i": "number", "u": "number", "f": "number"}
"""NumPy's kind of an array → what a recipe calls it; all others are text."""
LEFT_OUT = {"hover", "codes", "seen"}
"""Fields for the screen and its pointer; a recipe is for paper."""
ABOUT = {"analysis", "estimate", "interval"}
"""Fields that say what a figure is about, and change nothing of the drawing."""
LATER = {
    "apart",
    "costs",
    "logarithmic",
    "ordinal",
    "says",
    "tick_words",
    "ticks",
    "within",
}
"""Fields that figures did not always have; not kept while unset, as before them."""
KIND = "kind"
"""The key that tells what a JSON object stands for."""


@dataclass(frozen=True)
class Recipe:
    """A figure and all that is known about it.

    ``view`` is the page and its query; ``provenance`` has one dictionary of plain facts
    per study; ``babelscope`` is the version that made it, empty where it is unknown.
    """

    figure: Figure
    look: Look = Look()
    view: Mapping[str, Any] = field(default_factory=dict)
    provenance: tuple[Mapping[str, Any], ...] = ()
    babelscope: str = __version__

    @property
    def digest(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of the figure's canonical JSON.

        Numbers are part of it; what the figure is about is not, since recipes made
        before that was known keep their digests.
        """
        drawn = plain(self.figure)
        for name in ABOUT & drawn.keys():
            del drawn[name]
        text = json.dumps(
            drawn, sort_keys=True, ensure_ascii=False, separators=(",", ":")
        )
        digest = hashlib.sha256(text.encode())
        return digest.hexdigest()[:16]


def plain(value: Any) -> Any:
    """A spec as what JSON knows; numbers that are none are spelled."""
    if is_dataclass(value):
        return plain_record(value)
    if isinstance(value, pd.DataFrame):
        return plain_table(value)
    if isinstance(value, np.ndarray):
        return plain_array(value)
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {KIND: "number", "is": str(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def plain_record(value: Any) -> dict[str, Any]:
    """A dataclass as a JSON object that names its kind."""
    kept = {KIND: type(value).__name__}
    for name in kept_fields(value):
        each = getattr(value, name)
        if name not in ABOUT | LATER or is_given(each):
            kept[name] = plain(each)
    return kept


def is_given(value: Any) -> bool:
    """Whether a field says anything: an array always does."""
    return isinstance(value, np.ndarray) or bool(value)


def kept_fields(value: Any) -> list[str]:
    """The fields of a dataclass that a recipe keeps."""
    names = []
    for each in fields(value):
        if each.name not in LEFT_OUT:
            names.append(each.name)
    return names


def plain_table(value: pd.DataFrame) -> dict[str, Any]:
    """A table as its columns' names and its rows."""
    rows = value.astype(object).values.tolist()
    return {
        KIND: "table",
        "columns": list(map(str, value.columns)),
        "rows": plain(rows),
    }


def plain_array(value: np.ndarray) -> dict[str, Any]:
    """An array as nested lists."""
    kind = ARRAY_KINDS.get(value.dtype.kind, "text")
    lists = value.astype(ARRAYS[kind]).tolist()
    known = {KIND: "array", "type": kind, "values": plain(lists)}
    if value.size == 0 and value.ndim != 1:
        # Lists of nothing do not tell their shape.
        known["values"] = []
        known["shape"] = list(value.shape)
    return known


def spec(value: Any) -> Any:
    """The opposite of ``plain``; lists become tuples."""
    if isinstance(value, list):
        return tuple(spec(each) for each in value)
    if not isinstance(value, dict):
        return value
    rest = {key: spec(each) for key, each in value.items() if key != KIND}
    kind = value.get(KIND)
    if kind is None:
        return rest
    if kind == "number":
        return float(rest["is"])
    if kind == "array":
        return array_of(rest)
    if kind == "table":
        return table_of(rest)
    if kind not in KINDS:
        raise unknown("kind of figure", str(kind), KINDS)
    return KINDS[kind](**rest)


def array_of(known: Mapping[str, Any]) -> np.ndarray:
    """The opposite of ``plain_array``."""
    kind = ARRAYS[known["type"]]
    values = np.array(known["values"], kind)
    if "shape" in known:
        return values.reshape(known["shape"])
    return values


def table_of(known: Mapping[str, Any]) -> pd.DataFrame:
    """The opposite of ``plain_table``."""
    columns = list(known["columns"])
    rows = []
    for row in known["rows"]:
        rows.append(list(row))
    return pd.DataFrame(rows, columns=columns)


def write(recipe: Recipe) -> str:
    """The recipe as JSON text."""
    look = plain(recipe.look)
    del look[KIND]
    known = {"format": FORMAT, "version": VERSION}
    if recipe.babelscope:
        known["babelscope"] = recipe.babelscope
    known |= {
        "digest": recipe.digest,
        "look": look,
        "view": plain(recipe.view),
        "provenance": plain(recipe.provenance),
        "figure": plain(recipe.figure),
    }
    return json.dumps(known, ensure_ascii=False, indent=1, allow_nan=False)


def read(data: bytes | str, name: str) -> Recipe:
    """A recipe from JSON; FigureError says what is wrong with it."""
    if len(data) > MAX_BYTES:
        most = MAX_BYTES // 2**20
        raise FigureError(f"{name} is larger than {most} MiB, which no recipe is.")
    try:
        return built(parse_json(data), name)
    except AnalysisError as error:
        if str(error).startswith(name):
            raise
        raise FigureError(
            f"{name} is damaged: {error} Take the recipe.json of a paper pack."
        ) from error
    except FAULTS as error:
        kind = type(error).__name__
        what = f"{kind}: {error}"[:120]
        raise FigureError(
            f"{name} is not a recipe, or it is damaged ({what}). Take the recipe.json "
            "of a paper pack."
        ) from error


def built(known: Mapping[str, Any], name: str) -> Recipe:
    """A recipe from its JSON object."""
    if known["format"] != FORMAT:
        raise FigureError(f"{name} is not a recipe of a figure.")
    version = known["version"]
    if version != VERSION:
        raise FigureError(
            f"{name} has version {version}; this Babelscope reads {VERSION}. "
            "Update it to open the recipe."
        )
    figure = spec(known["figure"])
    if not isinstance(figure, Figure) or not isinstance(figure.table, pd.DataFrame):
        raise FigureError(f"{name} holds no figure.")
    recipe = Recipe(
        figure,
        Look(**known["look"]),
        view=view_of(known["view"]),
        provenance=tuple(map(dict, known["provenance"])),
        babelscope=known.get("babelscope", ""),
    )
    check(recipe)
    return recipe


def check(recipe: Recipe) -> None:
    """FigureError for what is of another kind, too large, or does not fit together."""
    recipe_checks.check_figure(recipe.figure)
    recipe_checks.check_look(recipe.look)
    recipe_checks.check_plain(recipe.babelscope, str, "babelscope")
    recipe_checks.check_plain(recipe.view["page"], str, "view.page")
    for key, values in recipe.view["query"].items():
        recipe_checks.check_tuple((key, *values), (str, ...), f"view.query.{key[:60]}")
    for number, facts in enumerate(recipe.provenance):
        recipe_checks.check_facts(facts, f"provenance.{number}")


def view_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The page of a view and its query."""
    return {"page": given.get("page", ""), "query": query_of(given.get("query", {}))}


def query_of(given: Mapping[str, Any]) -> dict[str, list[str]]:
    """The query of a link: each key with its values."""
    query = {}
    for key, values in given.items():
        if isinstance(values, list | tuple):
            texts = map(str, values)
            query[str(key)] = list(texts)
    return query


def facts(recipes: Sequence[Recipe]) -> dict[str, str]:
    """What a file says about itself: title, digests of figures and studies, version."""
    digests = [f"figure {recipe.digest}" for recipe in recipes]
    studies: dict[str, None] = {}
    for recipe in recipes:
        for known in recipe.provenance:
            if known.get("digest"):
                studies[f"study {known['digest']}"] = None
    found = {
        "Title": "; ".join(recipe.figure.title for recipe in recipes),
        "Subject": ", ".join([*digests, *studies]),
    }
    versions = dict.fromkeys(each.babelscope for each in recipes if each.babelscope)
    if versions:
        every = ", ".join(versions)
        found["Creator"] = f"Babelscope {every}"
    return found


def arrays(value: Any, path: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """Every array of a spec with its name."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind in ARRAY_KINDS:
            yield path, value
    elif is_dataclass(value):
        for name in kept_fields(value):
            each = getattr(value, name)
            place = f"{path}.{name}".strip(".")
            yield from arrays(each, place)
    elif isinstance(value, tuple):
        for i, each in enumerate(value):
            yield from arrays(each, f"{path}.{i}")


def numbers(figure: Figure) -> pd.DataFrame:
    """The numbers that are drawn: array, place in it, value."""
    rows = []
    for name, values in arrays(figure.data):
        for place in np.ndindex(values.shape):
            spelled = " ".join(map(str, place))
            value = float(values[place])
            rows.append((name, spelled, value))
    return pd.DataFrame(rows, columns=["array", "place", "value"])


def with_numbers(figure: Figure, table: pd.DataFrame) -> Figure:
    """The figure with other numbers.

    FigureError unless they are for exactly its arrays.
    """
    found = {}
    for name, values in arrays(figure.data):
        rows = table.query("array == @name")
        found[name] = filled(name, values, rows)
    return replace(figure, data=swapped(figure.data, found))


def filled(name: str, values: np.ndarray, rows: pd.DataFrame) -> np.ndarray:
    """An array like another one, with the numbers of some rows."""
    places = []
    for place in rows["place"]:
        numbers = str(place).split()
        places.append(tuple(map(int, numbers)))
    needed = sorted(np.ndindex(values.shape))
    if sorted(places) != needed:
        raise FigureError(
            f"The numbers of “{name}” are not those of the recipe: {len(places)} given, "
            f"{values.size} needed."
        )
    found = np.empty(values.shape, values.dtype)
    for place, value in zip(places, rows["value"]):
        found[place] = value
    return found


def swapped(value: Any, found: Mapping[str, np.ndarray], path: str = "") -> Any:
    """A spec with its arrays exchanged by name."""
    if isinstance(value, np.ndarray):
        return found.get(path, value)
    if is_dataclass(value) and not isinstance(value, type):
        changes = {}
        for name in kept_fields(value):
            each = getattr(value, name)
            place = f"{path}.{name}".strip(".")
            changes[name] = swapped(each, found, place)
        return replace(value, **changes)
    if isinstance(value, tuple):
        parts = []
        for i, each in enumerate(value):
            parts.append(swapped(each, found, f"{path}.{i}"))
        return tuple(parts)
    return value
