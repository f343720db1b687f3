"""Steering vectors from files and into files; kept ones are checked and named by digest.

Read are safetensors, GGUF control vectors, NumPy and torch; written all of these but torch.
In a kept file key ``layer.N`` is the vector added to the output of block N, counted from 1.
A GGUF control vector's ``direction.N`` is added after block N counted from 0 (llama.cpp,
repeng), so it becomes layer N + 1.
"""

import hashlib
import io
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import save as save_safetensors

from analysis.core import disk
from analysis.core.errors import AnalysisError, SpecError, nearest
from analysis.core.shelf import Shelf, plain_name
from analysis.core.tensor_files import MOST_BYTES, READERS, read_tensors
from analysis.core.tensors import TensorFile

Vectors = Mapping[int, np.ndarray]
"""Layer (1…N) → vector (hidden,)."""
MOST_LAYERS, WIDEST = 1000, 2**16
"""Beyond any model; a source fills an array of all layers up to its last.

So a tiny file could ask for all memory.
"""
SHELF = Shelf("vectors", ".safetensors")
SUFFIXES = tuple(READERS)
NUMBER = re.compile(r"(?:(?<![^\W_])-)?\d+")
"""A number in a key; a hyphen after a letter joins, any other is a minus."""
DIRECTION = re.compile(r"direction\.(\d+)")


def read_vectors(data: bytes, filename: str) -> dict[int, np.ndarray]:
    """Layer (1…N) → vector (hidden,) of a file; SpecError says what is wrong with it."""
    suffix = Path(filename).suffix.lower()
    if suffix not in SUFFIXES:
        allowed = ", ".join(SUFFIXES)
        raise SpecError(
            f"“{filename}” has the ending “{suffix}”; vectors are read from {allowed}."
        )
    if len(data) > MOST_BYTES:
        raise SpecError(f"{filename} is larger than {MOST_BYTES // 2**20} MiB.")
    try:
        file = read_tensors(data, filename)
        if suffix == ".gguf":
            file = control_vector(file)
        return vectors_by_layer(numbers_only(file), filename)
    except ValueError as error:
        why = str(error)[:160]
        raise SpecError(
            f"{filename} cannot be read as a vector file ({why})."
        ) from error


def control_vector(file: TensorFile) -> TensorFile:
    """The directions of a GGUF control vector, named by this project's layers."""
    layers = TensorFile()
    for name, found in (file.arrays | file.rest).items():
        if not name.startswith("direction."):
            continue
        block = DIRECTION.fullmatch(name)
        if block is None:
            raise ValueError(f"“{name[:60]}” is of no block")
        layers.add(f"layer.{int(block[1]) + 1}", found)
    if not layers.arrays and not layers.rest:
        raise ValueError("it holds no “direction.N”, so it is not a control vector")
    return layers


def numbers_only(file: TensorFile) -> dict[str, np.ndarray]:
    """The arrays of a file; ValueError when it holds anything else."""
    for name, what in file.rest.items():
        raise ValueError(f"“{name[:60]}” is {what}")
    return file.arrays


def vectors_by_layer(
    arrays: Mapping[str, np.ndarray], filename: str
) -> dict[int, np.ndarray]:
    """Layer (1…N) → vector (hidden,), float32, of arrays by name.

    One array (layer, hidden), or one vector per name whose last number is its layer; names
    that count from 0 are taken to count blocks from 0. SpecError for names without a number,
    layers or widths that no model has, several widths or arrays of one layer, numbers that
    are not finite.
    """
    found = numbered_vectors(arrays, filename)
    for layer in found:
        if not 0 <= layer <= MOST_LAYERS:
            raise SpecError(
                f"{filename} has a layer {str(layer)[:20]}; layers are counted from 1 "
                f"(or 0) to {MOST_LAYERS:,}."
            )
    if 0 in found:
        found = {layer + 1: vector for layer, vector in found.items()}
    check_widths(found, len(arrays), filename)
    vectors = {}
    for layer, vector in sorted(found.items()):
        vectors[layer] = np.asarray(vector, np.float32)
        if not np.isfinite(vectors[layer]).all():
            raise SpecError(f"{filename} has numbers that are not finite.")
    return vectors


def numbered_vectors(
    arrays: Mapping[str, np.ndarray], filename: str
) -> dict[int, np.ndarray]:
    """Vectors by the row of the one matrix, or by the last number of their names."""
    values = list(arrays.values())
    if len(values) == 1 and values[0].ndim == 2:
        # A matrix without columns may have any number of rows.
        return dict(enumerate(values[0][: MOST_LAYERS + 1], 1))
    found = {}
    for name, vector in arrays.items():
        numbers = NUMBER.findall(name)
        if not numbers:
            raise SpecError(
                f"{filename} has “{name[:60]}” without a layer's number; name tensors "
                "“layer.1”, “layer.2” …."
            )
        found[int(numbers[-1])] = np.ravel(vector)
    return found


def check_widths(
    found: Vectors,
    arrays: int,
    filename: str,
) -> None:
    """SpecError unless there is one vector a layer, all of one width that models have."""
    widths = sorted({vector.size for vector in found.values()})
    if len(found) < arrays or len(widths) != 1 or not widths[0]:
        raise SpecError(
            f"{filename} has {arrays} tensors of widths {widths} for {len(found)} "
            "layers; one vector a layer is needed."
        )
    (width,) = widths
    if width > WIDEST:
        raise SpecError(
            f"{filename} has vectors of {width:,} numbers; at most {WIDEST:,} are read."
        )


def keep_vectors(vectors: Vectors, filename: str) -> str:
    """Keep vectors on this server; returns the name by which a spec knows them."""
    data = to_safetensors(vectors, filename)
    words = re.findall("[A-Za-z0-9]+", Path(filename).stem)
    plain = plain_name("-".join(words), 40, "vector")
    digest = hashlib.sha256(data).hexdigest()[:8]
    name = f"{plain}-{digest}"
    SHELF.keep(name, data)
    return name


def kept_vectors() -> list[str]:
    """Names of kept vectors."""
    return SHELF.names()


def load_vectors(name: str) -> dict[int, np.ndarray]:
    """Layer → vector (hidden,) of a kept file; SpecError when there is none of that name."""
    kept = kept_vectors()
    if name not in kept:
        raise SpecError(
            f"No vector file “{name[:80]}” is kept here.{nearest(name, kept)} Import it "
            "on the Playground first."
        )
    try:
        path = SHELF.path(name)
        file = read_tensors(path.read_bytes(), path.name)
        return vectors_by_layer(numbers_only(file), name)
    except (ValueError, OSError, AnalysisError) as error:
        raise SpecError(
            f"The kept vector file “{name}” is damaged ({error}). Import it again."
        ) from error


def present_vectors(vectors: Vectors) -> dict[int, np.ndarray]:
    """Layers in order with their vectors (hidden,), float32.

    Those that a source lacks, which are NaN throughout, are left out. SpecError when there
    is none, or when one holds other numbers that are not finite.
    """
    found = {}
    for layer, vector in sorted(vectors.items()):
        if np.isnan(vector).all():
            continue
        if not np.isfinite(vector).all():
            raise SpecError(
                f"The vector of layer {layer} has numbers that are not finite, so it is "
                "not written. Choose another."
            )
        found[layer] = np.ascontiguousarray(vector, np.float32)
    if not found:
        raise SpecError(
            "There is no vector at any layer, so nothing is written. Choose another."
        )
    return found


def named_vectors(vectors: Vectors) -> dict[str, np.ndarray]:
    """Present vectors under the keys ``layer.N``, counted from 1."""
    present = present_vectors(vectors)
    return {f"layer.{layer}": vector for layer, vector in present.items()}


def to_safetensors(vectors: Vectors, title: str) -> bytes:
    """Keys ``layer.N``, counted from 1."""
    return save_safetensors(named_vectors(vectors), {"title": title[:200]})


def to_numpy(vectors: Vectors, title: str) -> bytes:
    """Arrays ``layer.N``, counted from 1."""
    buffer = io.BytesIO()
    np.savez(buffer, **named_vectors(vectors))  # pyright: ignore[reportArgumentType]
    return buffer.getvalue()


def to_gguf(vectors: Vectors, title: str) -> bytes:
    """A control vector for llama.cpp and repeng; the first block is left out.

    llama.cpp cannot steer it; SpecError when there is no other.
    """
    from gguf import GGUFWriter

    present = present_vectors(vectors)
    present.pop(1, None)
    if not present:
        raise SpecError(
            "A GGUF control vector cannot steer the first block, and there is no other. "
            "Choose another format."
        )
    with disk.scratch(), tempfile.TemporaryDirectory() as place:
        path = Path(place) / "vector.gguf"
        writer = GGUFWriter(path, "controlvector")
        writer.add_string("controlvector.model_hint", title[:200])
        writer.add_uint32("controlvector.layer_count", len(present))
        for layer, vector in present.items():
            writer.add_tensor(f"direction.{layer - 1}", vector)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path.read_bytes()


WRITERS: Mapping[str, Callable[[Vectors, str], bytes]] = {
    "safetensors": to_safetensors,
    "gguf": to_gguf,
    "npz": to_numpy,
}
"""Format, which is also the file's ending → writer."""
