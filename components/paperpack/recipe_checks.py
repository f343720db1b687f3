"""Whether what a recipe holds is of the kinds and sizes that figures have.

Recipes are passed around: everything is checked before anything is drawn or kept.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd

from analysis.core.errors import FigureError
from components.figures.spec import (
    Arrows,
    Bars,
    BarSeries,
    Cloud,
    Dumbbells,
    Figure,
    Lines,
    Matrix,
    Points,
    Tree,
)
from components.printing.venues import Look

MOST_NUMBERS, MOST_PARTS, LONGEST = 4_000_000, 20_000, 20_000
"""Numbers in an array, values in a list, and characters of a text."""
LARGEST = 1e100
"""Beyond it, axes overflow."""
MOST_DIGITS, MOST_COLUMNS = 15, 12
MAY_BE_UNKNOWN = ("shares",)
"""Lists of numbers in which NaN says that one is unknown."""
PLAIN = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}
TEXTS = (
    *("name", "title", "kind", "model", "digest", "citation", "revision", "dtype"),
    *("quantisation", "corpus", "corpus_digest", "estimator", "template", "split"),
    *("last_state", "read_as", "stored"),
)
"""What the facts of a study say in words."""


def check_figure(figure: Figure) -> None:
    """FigureError for parts of another kind, or that do not fit together."""
    check_record(figure, "figure")
    FITS[type(figure.data)](figure.data)


def check_look(look: Look) -> None:
    """FigureError for a look whose values are of another kind or beyond any use."""
    check_record(look, "look")
    require(0 <= look.columns <= MOST_COLUMNS, f"look.columns is {look.columns}")
    require(-1 <= look.frame <= MOST_PARTS, f"look.frame is {look.frame}")
    require(look.width >= 0 and look.text >= 0, "look has a width or text below 0")


def check_facts(facts: Mapping[str, Any], place: str) -> None:
    """FigureError for facts of a study that are not in words where facts are."""
    for key in TEXTS:
        if facts.get(key) is not None:
            check_plain(facts[key], str, f"{place}.{key}")


def check_record(value: Any, place: str) -> None:
    """FigureError unless every field has its declared type; fields are checked inside."""
    declared = get_type_hints(type(value))
    for each in fields(value):
        inside = f"{place}.{each.name}"
        check_value(getattr(value, each.name), declared[each.name], inside)


def check_value(value: Any, declared: Any, place: str) -> None:
    """FigureError unless a value has the declared type."""
    origin = get_origin(declared)
    if origin in (Union, UnionType):
        check_one_of(value, get_args(declared), place)
    elif origin is tuple:
        check_tuple(value, get_args(declared), place)
    elif declared in PLAIN:
        check_plain(value, declared, place)
    elif declared is np.ndarray:
        check_array(value, place)
    elif declared is pd.DataFrame:
        check_table(value, place)
    elif not isinstance(value, declared):
        raise wrong(place, f"a {declared.__name__}", value)
    elif is_dataclass(value):
        check_record(value, place)


def check_one_of(value: Any, kinds: Sequence[Any], place: str) -> None:
    """FigureError unless a value has one of several types."""
    if value is None and NoneType in kinds:
        return
    kinds = [kind for kind in kinds if kind is not NoneType]
    if len(kinds) == 1:
        check_value(value, kinds[0], place)
        return
    if type(value) not in kinds:
        names = " or ".join(kind.__name__ for kind in kinds)
        raise wrong(place, f"a {names}", value)
    check_record(value, place)


def check_tuple(value: Any, declared: Sequence[Any], place: str) -> None:
    """FigureError unless a list has the declared types."""
    if not isinstance(value, tuple) or len(value) > MOST_PARTS:
        raise wrong(place, f"a list of at most {MOST_PARTS:,}", value)
    if declared[-1] is Ellipsis:
        declared = [declared[0]] * len(value)
    if len(value) != len(declared):
        raise wrong(place, f"a list of {len(declared)}", value)
    for each, kind in zip(value, declared):
        check_value(each, kind, place)


def check_plain(value: Any, declared: type, place: str) -> None:
    """FigureError unless a value is a text, a truth value or a number within bounds."""
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    right = numeric if declared is float else type(value) is declared
    if not right:
        raise wrong(place, PLAIN[declared], value)
    if isinstance(value, str):
        check_text(value, place)
    elif place.rpartition(".")[2] in MAY_BE_UNKNOWN and math.isnan(value):
        return
    elif not abs(value) <= LARGEST:
        raise wrong(place, f"a number of at most {LARGEST:g}", value)


def check_text(text: str, place: str) -> None:
    """FigureError for a text that is too long or cannot be written into a file."""
    shown = text.replace("\n", " ").replace("\t", " ")
    if len(text) > LONGEST or any(ord(char) < ord(" ") for char in shown):
        raise wrong(place, f"a text of at most {LONGEST:,} readable characters", text)


def check_array(value: Any, place: str) -> None:
    """FigureError unless a value is an array of finite or unknown numbers, not too many."""
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf":
        raise wrong(place, "an array of numbers", value)
    if value.size > MOST_NUMBERS:
        raise wrong(place, f"an array of at most {MOST_NUMBERS:,} numbers", value)
    if value.dtype.kind == "f" and (np.abs(value) > LARGEST).any():
        raise wrong(place, f"an array of numbers of at most {LARGEST:g}", value)


def check_table(value: Any, place: str) -> None:
    """FigureError unless a value is a table of plain values with columns by name."""
    if not isinstance(value, pd.DataFrame) or value.size > MOST_NUMBERS:
        raise wrong(place, f"a table of at most {MOST_NUMBERS:,} cells", value)
    names = value.columns.tolist()
    if len(set(names)) < len(names) or not all(isinstance(n, str) for n in names):
        raise wrong(f"{place}.columns", "different names", names)
    for name in names:
        check_text(name, f"{place}.columns")
        for cell in value[name].tolist():
            if isinstance(cell, str):
                check_text(cell, f"{place}.{name}")
            elif cell is not None and not isinstance(cell, bool | int | float):
                raise wrong(f"{place}.{name}", "texts and numbers", cell)


def check_matrix(data: Matrix) -> None:
    """FigureError for a heat map whose parts do not fit together."""
    cells = (len(data.rows), len(data.columns))
    wanted = (len(data.frames), *cells) if data.frames else cells
    if data.values.shape != wanted:
        shape = " × ".join(map(str, data.values.shape))
        raise FigureError(
            f"The figure has {shape} numbers for {cells[0]} rows and {cells[1]} columns"
            f" in {len(data.frames) or 1} frames."
        )
    check_frames(data.frames, data.start)
    check_limits(data.limits)
    require(data.faded is None or data.faded.shape == cells, "faded has another shape")
    within = data.within
    require(within is None or within.shape == cells, "within has another shape")
    require(len(data.shares) in (0, cells[0]), "shares are not one per row")
    require(0 <= data.digits <= MOST_DIGITS, f"digits is {data.digits}")
    for row, column in data.marked:
        inside = 0 <= row < cells[0] and 0 <= column < cells[1]
        require(inside, f"no cell ({row}, {column}) can be marked")


def check_lines(data: Lines) -> None:
    """FigureError for curves whose parts do not fit together."""
    for each in data.series:
        require(each.x.ndim == 1, f"the curve “{each.label[:60]}” is no list of points")
        same_shape(each.x.shape, (each.y, each.low, each.high), each.label)
    if data.limits is not None:
        check_limits(data.limits)


def check_points(data: Points) -> None:
    """FigureError for a scatter plot whose parts do not fit together."""
    count = len(data.labels)
    same_shape((count,), (data.x, data.y, data.low, data.high), "points")
    require(len(data.groups) == count, "groups are not one per point")
    require(len(data.ticks) == len(data.tick_words), "ticks have other words")


def check_bars(data: Bars | Dumbbells) -> None:
    """FigureError for bars or dumbbells that are not one per label."""
    each: BarSeries
    for each in data.series:
        parts = (each.values, each.low, each.high, each.hatched)
        same_shape((len(data.labels),), parts, each.label)
    if isinstance(data, Dumbbells):
        ends = 1 if data.apart else 2
        require(len(data.series) >= ends, "dumb-bells have fewer than two ends")
    limits = getattr(data, "limits", None)
    if limits is not None:
        check_limits(limits)


def check_tree(data: Tree) -> None:
    """FigureError for a dendrogram that joins what is not there."""
    joins = len(data.labels) - 1
    require(data.linkage.shape == (joins, 4) and joins > 0, "the tree has other joins")
    for number, (first, second, height, size) in enumerate(data.linkage.tolist()):
        known = len(data.labels) + number
        inside = 0 <= first < known and 0 <= second < known and first != second
        require(inside and height >= 0 and size >= 2, f"join {number + 1} cannot be")
    joined = data.linkage[:, :2].ravel().tolist()
    require(len(set(joined)) == len(joined), "the tree joins something twice")


def check_cloud(data: Cloud) -> None:
    """FigureError for a cloud of points whose parts do not fit together."""
    places = data.places.shape
    require(len(places) == 3 and places[2] in (2, 3), "places are not in 2 or 3 axes")
    require(places[0] == len(data.frames), "places are not one per frame")
    for name in ("labels", "groups", "kinds"):
        require(len(getattr(data, name)) == places[1], f"{name} are not one per point")
    check_frames(data.frames, data.start)
    if data.explained is not None:
        same_shape((places[0], places[2]), (data.explained,), "explained")


def check_arrows(data: Arrows) -> None:
    """FigureError for arrows whose parts do not fit together."""
    count = len(data.labels)
    same_shape((count, 2), (data.start, data.end), "arrows")
    same_shape((count, 2, 2), (data.intervals,), "intervals")
    for name, spots in data.extra:
        require(spots.ndim == 2 and spots.shape[1] == 2, f"{name[:60]} are no points")


FITS: Mapping[type, Callable[[Any], None]] = {
    Matrix: check_matrix,
    Lines: check_lines,
    Points: check_points,
    Bars: check_bars,
    Dumbbells: check_bars,
    Tree: check_tree,
    Cloud: check_cloud,
    Arrows: check_arrows,
}
"""Kind of figure → the check that its parts fit together."""


def check_frames(frames: Sequence[str], start: int) -> None:
    """FigureError for a first frame that there is not."""
    require(0 <= start < max(1, len(frames)), f"there is no frame {start}")


def check_limits(limits: tuple[float, float]) -> None:
    """FigureError unless a scale goes up."""
    low, high = limits
    require(low <= high, f"the limits {low:g} and {high:g} are in the wrong order")


def same_shape(
    shape: tuple[int, ...],
    arrays: Sequence[np.ndarray | None],
    what: str,
) -> None:
    """FigureError for arrays of another shape."""
    for values in arrays:
        fits = values is None or values.shape == shape
        require(fits, f"“{what[:60]}” has numbers and labels that are not equally many")


def require(fits: bool, otherwise: str) -> None:
    """FigureError, with what is wrong, unless something fits."""
    if not fits:
        raise FigureError(f"{otherwise}, which cannot be.")


def wrong(place: str, wanted: str, value: Any) -> FigureError:
    """The error for a value of another kind than its field's."""
    kind = type(value).__name__
    shown = str(value)[:60] if isinstance(value, str | int | float) else ""
    return FigureError(f"{place} must be {wanted}; found is {shown!r} ({kind}).")
