"""Which layer each vector of a file is of: known by its names or its shape, else asked.

Programs count blocks from 0 or from 1, and states with the embedding first. A count that is
guessed puts every vector one block off, and nothing looks wrong.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.core.errors import SpecError

MOST_LAYERS, WIDEST = 1000, 2**16
"""Beyond any model; a source fills an array of all layers up to its last.

So a tiny file could ask for all memory.
"""
NUMBER = re.compile(r"(?:(?<![^\W_])-)?\d+")
"""A number in a key; a hyphen after a letter joins, any other is a minus."""
INSIDE = re.compile(r"(?:.*\.)?(?:layers?|h|blocks?)\.\d+\.(?P<part>.+)")
"""A name below a block's own; ``part`` is none of WHOLE for what lies inside the block."""
WHOLE = {"output", "vector", "weight", "hook_resid_post", "hook_resid_pre"}


@dataclass(frozen=True)
class Known:
    """Names of which it is known how they count: their number plus ``shift`` is the layer."""

    names: re.Pattern[str]
    shift: int
    said: str


BELOW = r"(?:\.(?:output|vector|weight))?"
KNOWN = (
    Known(re.compile(r"layer\.[1-9]\d*"), 0, "“layer.N”: blocks counted from 1"),
    Known(re.compile(r"direction\.\d+"), 1, "“direction.N”: blocks counted from 0"),
    Known(
        re.compile(r"blocks\.\d+\.hook_resid_post"),
        1,
        "TransformerLens, after a block: blocks counted from 0",
    ),
    Known(
        re.compile(r"blocks\.\d+\.hook_resid_pre"),
        0,
        "TransformerLens, before a block: what the block before it gave",
    ),
    Known(
        re.compile(rf"(?:[A-Za-z_]\w*\.)*(?:layers|h|blocks)\.\d+{BELOW}"),
        1,
        "a path of modules: blocks counted from 0",
    ),
    Known(
        re.compile(rf"(?:[A-Za-z_]\w*\.)+layer\.\d+{BELOW}"),
        1,
        "a path of modules: blocks counted from 0",
    ),
    Known(
        re.compile(r"hidden_states\.\d+"),
        0,
        "“hidden_states.N”: the embedding comes first and is left out",
    ),
)
ROWS_OF_BLOCKS = "one row for each block"
ROWS_OF_STATES = "one row more than blocks: the embedding comes first and is left out"
TURNED = "; it lies as hidden × layers and was turned"


@dataclass(frozen=True)
class ModelSize:
    """How many layers a model has, and how wide its states are."""

    layers: int
    hidden: int


@dataclass(frozen=True)
class Rows:
    """Vectors in the order and with the numbers of their file.

    ``values`` are (row, hidden), float32. A number plus ``shift`` is a layer, counted
    from 1; layer 0 is the embedding. Without a ``shift`` the file does not tell.
    """

    names: tuple[str, ...]
    numbers: tuple[int, ...]
    values: np.ndarray
    shift: int | None
    said: str

    def first_layers(self, layers: int) -> list[int]:
        """Layers of the first row with which every row has a layer, the embedding too."""
        reach = self.numbers[-1] - self.numbers[0]
        return list(range(layers - reach + 1))

    def from_first(self, layer: int) -> int:
        """The shift with which the first row is of a layer."""
        return layer - self.numbers[0]


def rows_of(
    arrays: Mapping[str, np.ndarray], filename: str, size: ModelSize | None = None
) -> Rows:
    """The vectors of arrays by name, or of one matrix, and how their layers are counted.

    Without the ``size`` of a model the rows of a matrix cannot be told. SpecError for names
    without a number, shapes that are no vectors, layers or widths that no model has,
    several widths or arrays of one layer, and numbers that are not finite.
    """
    if not arrays:
        raise SpecError(f"{filename} holds no vectors.")
    found = {name: squeezed(name, each, filename) for name, each in arrays.items()}
    if is_matrix(found):
        (only,) = found.values()
        rows = rows_of_matrix(only, filename, size)
    else:
        rows = rows_by_name(found, filename)
    if not np.isfinite(rows.values).all():
        raise SpecError(f"{filename} has numbers that are not finite.")
    return rows


def is_matrix(found: Mapping[str, np.ndarray]) -> bool:
    """Whether there is one matrix, and not one row that is named by its layer."""
    if len(found) > 1:
        return False
    ((name, values),) = found.items()
    return values.ndim == 2 and not (1 in values.shape and NUMBER.search(name))


def squeezed(name: str, values: np.ndarray, filename: str) -> np.ndarray:
    """A vector or a matrix without sizes of 1; SpecError for anything else."""
    if values.dtype.kind not in "fiu":
        raise SpecError(
            f"{filename} has “{name[:60]}”, which is of type {values.dtype}; vectors are "
            "real numbers. Save their real part or their numbers alone."
        )
    if values.ndim > 2:
        kept = tuple(size for size in values.shape if size != 1)
        if len(kept) > 2:
            raise refused_shape(name, values, filename)
        values = values.reshape(kept)
    return values


def refused_shape(name: str, values: np.ndarray, filename: str) -> SpecError:
    """What is said of an array that is no vector and no matrix of them."""
    shape = " × ".join(map(str, values.shape))
    return SpecError(
        f"{filename} has “{name[:60]}” of shape {shape}; one vector a layer is needed, or "
        "one matrix of layers × hidden. Save one vector per layer."
    )


def rows_of_matrix(values: np.ndarray, filename: str, size: ModelSize | None) -> Rows:
    """The rows of a matrix, which are columns where the model's width is the other side."""
    said = ""
    if size is not None and is_turned(values, size):
        values = values.T
        said = TURNED
    count, width = values.shape
    numbers = tuple(range(1, min(count, MOST_LAYERS + 1) + 1))
    check_layers(numbers, 0, filename)
    check_widths([width], count, count, filename)
    names = tuple(f"row {number}" for number in numbers)
    shift = None
    counted = "a matrix of rows without a count of layers"
    if size is not None and count == size.layers:
        shift, counted = 0, ROWS_OF_BLOCKS
    elif size is not None and count == size.layers + 1:
        shift, counted = -1, ROWS_OF_STATES
    return Rows(names, numbers, np.asarray(values, np.float32), shift, counted + said)


def is_turned(values: np.ndarray, size: ModelSize) -> bool:
    """Whether a matrix is hidden × layers of a model."""
    rows, columns = values.shape
    return (
        rows == size.hidden
        and columns in (size.layers, size.layers + 1)
        and (columns != size.hidden)
    )


def rows_by_name(found: Mapping[str, np.ndarray], filename: str) -> Rows:
    """Vectors by the number in their names, in its order."""
    known = layout_of(found)
    numbers = {}
    for name, values in found.items():
        if values.ndim == 2 and 1 not in values.shape:
            raise refused_shape(name, values, filename)
        numbers[name] = number_in(name, known, filename)
    names = sorted(found, key=numbers.__getitem__)
    ordered = [numbers[name] for name in names]
    vectors = [found[name].ravel() for name in names]
    shift = None if known is None else known.shift
    check_layers(ordered, shift or 0, filename)
    widths = sorted({vector.size for vector in vectors})
    check_widths(widths, len(names), len(set(ordered)), filename)
    said = "names whose count of layers is not known" if known is None else known.said
    values = np.stack(vectors).astype(np.float32)
    return Rows(tuple(names), tuple(ordered), values, shift, said)


def layout_of(names: Mapping[str, object]) -> Known | None:
    """The known layout that all names have; None where there is none."""
    for known in KNOWN:
        if all(known.names.fullmatch(name) for name in names):
            return known
    return None


def number_in(name: str, known: Known | None, filename: str) -> int:
    """The number of a name's layer or block; SpecError without one."""
    if known is None:
        inside = INSIDE.fullmatch(name)
        if inside and inside["part"] not in WHOLE:
            raise SpecError(
                f"{filename} has “{name[:60]}”, which lies inside a block; vectors are added "
                "to what a block gives. Save those of whole blocks, such as "
                "“blocks.5.hook_resid_post” or “model.layers.5”."
            )
    numbers = NUMBER.findall(name)
    if not numbers:
        raise SpecError(
            f"{filename} has “{name[:60]}” without a layer's number; name tensors "
            "“layer.1”, “layer.2” …."
        )
    return int(numbers[-1])


def check_layers(
    numbers: tuple[int, ...] | list[int], shift: int, filename: str
) -> None:
    """SpecError for numbers that no model's layers have."""
    for number in numbers:
        if not 0 <= number <= MOST_LAYERS or number + shift > MOST_LAYERS:
            raise SpecError(
                f"{filename} has a layer {str(number)[:20]}; layers are counted from 1 "
                f"(or 0) to {MOST_LAYERS:,}."
            )


def check_widths(widths: list[int], arrays: int, layers: int, filename: str) -> None:
    """SpecError unless there is one vector a layer, all of one width that models have."""
    if layers < arrays or len(widths) != 1 or not widths[0] or not arrays:
        raise SpecError(
            f"{filename} has {arrays} tensors of widths {widths} for {layers} "
            "layers; one vector a layer is needed."
        )
    if widths[0] > WIDEST:
        raise SpecError(
            f"{filename} has vectors of {widths[0]:,} numbers; at most {WIDEST:,} are read."
        )


def placed(rows: Rows, shift: int | None, filename: str) -> dict[int, np.ndarray]:
    """Layer (1…N) → vector (hidden,); the embedding, layer 0, is left out.

    SpecError where the count of layers is neither known nor given.
    """
    if shift is None:
        raise SpecError(
            f"{filename} does not tell how its layers are counted ({rows.said}). Import it "
            "on the Playground, which asks for the layer of its first vector, or name "
            "tensors “layer.1”, “layer.2” …, counted from 1."
        )
    found = {}
    for number, vector in zip(rows.numbers, rows.values):
        if number + shift > 0:
            found[number + shift] = vector
    if not found:
        raise SpecError(
            f"{filename} has only a vector of the embedding, which is no layer."
        )
    return found


def mapping_words(rows: Rows, shift: int, layers: int) -> list[str]:
    """“row 3 → layer 4 of 24” for every vector."""
    words = []
    for name, number in zip(rows.names, rows.numbers):
        layer = number + shift
        where = f"layer {layer} of {layers}" if layer else "the embedding, left out"
        words.append(f"{name} → {where}")
    return words


@dataclass(frozen=True)
class Fit:
    """How well vectors fit those of a study when the first is of some layer.

    ``cosine`` is the mean over the rows with the concept vector that fits best, NaN where
    none is known; ``like`` says which that is.
    """

    first: int
    cosine: float
    like: str


def fits_of(rows: Rows, own: np.ndarray, names: list[str]) -> list[Fit]:
    """The fit of every layer that the first vector can have.

    ``own`` are a study's vectors (name, layer, hidden); null and unknown ones are NaN.
    """
    layers = own.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = own / np.linalg.norm(own, axis=-1, keepdims=True)
        lengths = np.linalg.norm(rows.values, axis=-1, keepdims=True)
        mine = rows.values / lengths
    fits = []
    for first in rows.first_layers(layers):
        at = np.array(rows.numbers) + rows.from_first(first)
        there = at > 0
        products = unit[:, at[there] - 1] * mine[there]
        cosines = known_means(products.sum(axis=-1))
        if np.isnan(cosines).all():
            fits.append(Fit(first, float("nan"), ""))
            continue
        best = int(np.nanargmax(cosines))
        fits.append(Fit(first, float(cosines[best]), names[best]))
    return fits


def known_means(values: np.ndarray) -> np.ndarray:
    """Means (name,) of known cosines (name, row); NaN where none is known."""
    known = np.isfinite(values)
    counts = known.sum(axis=-1)
    sums = np.where(known, values, 0).sum(axis=-1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
