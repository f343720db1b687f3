"""Steering vectors from files and into files: safetensors, GGUF control vectors, NumPy. Kept ones are checked and named by digest.

In a kept file key ``layer.N`` is the vector added to the output of block N, counted from 1. A GGUF control vector's ``direction.N``
is added after block N counted from 0 (llama.cpp, repeng), so it becomes layer N + 1.
"""

import hashlib
import io
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from safetensors import SafetensorError, deserialize, safe_open
from safetensors.numpy import save as save_safetensors

from analysis.core.errors import AnalysisError, SpecError, nearest
from analysis.core.shelf import Shelf, plain_name

MAX_BYTES = 200 * 2**20
MOST_LAYERS, WIDEST = 1000, 2**16
"""Beyond any model. A source fills an array of all layers up to its last, so a tiny file could ask for all memory."""
SHELF = Shelf("vectors", ".safetensors")
FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
NUMBER = re.compile(r"(?:(?<![^\W_])-)?\d+")
"""A number in a key; a hyphen after a letter joins, any other is a minus."""
UNREADABLE = (
    SafetensorError,
    BadZipFile,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    OverflowError,
    EOFError,
    OSError,
    MemoryError,
    NotImplementedError,
)
"""What the libraries raise for files that are cut short or are something else."""


def from_safetensors(data: bytes) -> dict[str, np.ndarray]:
    """Tensors of a safetensors file, of floating-point numbers."""
    return {
        key: floats(key, found["dtype"], found["data"]).reshape(found["shape"])
        for key, found in deserialize(data)
    }


def floats(key: str, kind: str, data: bytes) -> np.ndarray:
    """The numbers of a tensor; NumPy has no bfloat16, which is the upper half of a float32."""
    if kind == "BF16":
        return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    if kind not in FLOATS:
        raise ValueError(
            f"“{key[:60]}” is of type {kind}; vectors are read from {', '.join(FLOATS)} and BF16"
        )
    return np.frombuffer(data, FLOATS[kind])


def from_numpy(data: bytes) -> dict[str, np.ndarray]:
    """Arrays of an .npy or .npz file; pickled objects are refused."""
    found = np.load(io.BytesIO(data), allow_pickle=False)
    return (
        {"": found}
        if isinstance(found, np.ndarray)
        else {key: found[key] for key in found.files}
    )


def from_gguf(data: bytes) -> dict[str, np.ndarray]:
    """Directions of a GGUF control vector, decoded and renamed to this project's layers."""
    from gguf import GGUFReader
    from gguf.quants import dequantize

    with tempfile.NamedTemporaryFile(suffix=".gguf") as file:
        file.write(data)
        file.flush()
        reader = GGUFReader(file.name)
        directions = [
            tensor for tensor in reader.tensors if tensor.name.startswith("direction.")
        ]
        tensors = {
            tensor.name: np.array(dequantize(tensor.data, tensor.tensor_type))
            for tensor in directions
        }
    if not tensors:
        raise ValueError("it holds no “direction.N”, so it is not a control vector")
    if negative := [name for name in tensors if int(name.split(".")[1]) < 0]:
        raise ValueError(f"“{negative[0][:60]}” is of no block")
    return {
        f"layer.{int(name.split('.')[1]) + 1}": values
        for name, values in tensors.items()
    }


READERS: Mapping[str, Callable[[bytes], dict[str, np.ndarray]]] = {
    ".safetensors": from_safetensors,
    ".gguf": from_gguf,
    ".npy": from_numpy,
    ".npz": from_numpy,
}
"""File suffix → reader; torch files are read by the engine."""
SUFFIXES = (*READERS, ".pt", ".pth")


def read(
    data: bytes, filename: str, readers: Mapping[str, Callable] = READERS
) -> dict[int, np.ndarray]:
    """Layer (1…N) → vector (hidden,) of a file; SpecError says what is wrong with it."""
    suffix = Path(filename).suffix.lower()
    if suffix not in readers:
        raise SpecError(
            f"“{filename}” has the ending “{suffix}”; vectors are read from {', '.join(SUFFIXES)}."
        )
    if len(data) > MAX_BYTES:
        raise SpecError(f"{filename} is larger than {MAX_BYTES // 2**20} MiB.")
    try:
        return by_layer(readers[suffix](data), filename)
    except UNREADABLE as error:
        raise SpecError(
            f"{filename} cannot be read as a vector file ({str(error)[:160] or type(error).__name__})."
        ) from error


def by_layer(tensors: Mapping[str, np.ndarray], filename: str) -> dict[int, np.ndarray]:
    """Tensors by layer: one (layer, hidden) array, or one vector per key whose last number is its layer.

    Keys that count from 0 are taken to count blocks from 0. SpecError for keys without a number, layers or widths that no model
    has, several widths or tensors of one layer, numbers that are not finite.
    """
    if len(tensors) == 1 and np.ndim(only := next(iter(tensors.values()))) == 2:
        found = dict(enumerate(only, 1))
    else:
        numbers = {key: NUMBER.findall(str(key)) for key in tensors}
        if lost := [str(key) for key, number in numbers.items() if not number]:
            raise SpecError(
                f"{filename} has “{lost[0][:60]}” without a layer's number; name tensors “layer.1”, “layer.2” …."
            )
        found = {
            int(numbers[key][-1]): np.ravel(values) for key, values in tensors.items()
        }
    if wrong := [layer for layer in found if not 0 <= layer <= MOST_LAYERS]:
        raise SpecError(
            f"{filename} has a layer {str(wrong[0])[:20]}; layers are counted from 1 (or 0) to {MOST_LAYERS:,}."
        )
    found = (
        {layer + 1: values for layer, values in found.items()} if 0 in found else found
    )
    widths = sorted({np.size(values) for values in found.values()})
    if len(found) < len(tensors) or len(widths) != 1 or not widths[0]:
        raise SpecError(
            f"{filename} has {len(tensors)} tensors of widths {widths} for {len(found)} layers; one vector a layer is needed."
        )
    if widths[0] > WIDEST:
        raise SpecError(
            f"{filename} has vectors of {widths[0]:,} numbers; at most {WIDEST:,} are read."
        )
    vectors = {
        layer: np.asarray(values, np.float32) for layer, values in sorted(found.items())
    }
    if not all(np.isfinite(values).all() for values in vectors.values()):
        raise SpecError(f"{filename} has numbers that are not finite.")
    return vectors


def keep(vectors: Mapping[int, np.ndarray], filename: str) -> str:
    """Keep vectors on this server; returns the name by which a spec knows them."""
    data = to_safetensors(vectors, filename)
    words = re.findall("[A-Za-z0-9]+", Path(filename).stem)
    plain = plain_name("-".join(words), 40, "vector")
    name = f"{plain}-{hashlib.sha256(data).hexdigest()[:8]}"
    SHELF.keep(name, data)
    return name


def kept() -> list[str]:
    """Names of kept vectors."""
    return SHELF.names()


def load(name: str) -> dict[int, np.ndarray]:
    """Layer → vector (hidden,) of a kept file; SpecError when there is none of that name."""
    if name not in kept():
        raise SpecError(
            f"No vector file “{name[:80]}” is kept here.{nearest(name, kept())} Import it on the Playground first."
        )
    try:
        with safe_open(SHELF.path(name), "numpy") as tensors:
            return by_layer(
                {key: tensors.get_tensor(key) for key in tensors.keys()}, name
            )
    except (*UNREADABLE, AnalysisError) as error:
        raise SpecError(
            f"The kept vector file “{name}” is damaged ({error}). Import it again."
        ) from error


def present(vectors: Mapping[int, np.ndarray]) -> dict[int, np.ndarray]:
    """Layers in order with their vectors (hidden,), float32, without those that a source lacks, which are NaN throughout.

    SpecError when there is none, or when one holds other numbers that are not finite.
    """
    found = {
        layer: np.ascontiguousarray(values, np.float32)
        for layer, values in sorted(vectors.items())
        if not np.isnan(values).all()
    }
    if broken := [
        layer for layer, values in found.items() if not np.isfinite(values).all()
    ]:
        raise SpecError(
            f"The vector of layer {broken[0]} has numbers that are not finite, so it is not written. Choose another."
        )
    if not found:
        raise SpecError(
            "There is no vector at any layer, so nothing is written. Choose another."
        )
    return found


def to_safetensors(vectors: Mapping[int, np.ndarray], title: str) -> bytes:
    """Keys ``layer.N``, counted from 1."""
    return save_safetensors(
        {f"layer.{layer}": values for layer, values in present(vectors).items()},
        {"title": title[:200]},
    )


def to_numpy(vectors: Mapping[int, np.ndarray], title: str) -> bytes:
    """Arrays ``layer.N``, counted from 1."""
    buffer = io.BytesIO()
    np.savez(
        buffer,
        **{f"layer.{layer}": values for layer, values in present(vectors).items()},
    )
    return buffer.getvalue()


def to_gguf(vectors: Mapping[int, np.ndarray], title: str) -> bytes:
    """A control vector for llama.cpp and repeng; the first block, which llama.cpp cannot steer, is left out."""
    from gguf import GGUFWriter

    steerable = {
        layer: values for layer, values in present(vectors).items() if layer > 1
    }
    if not steerable:
        raise SpecError(
            "A GGUF control vector cannot steer the first block, and there is no other. Choose another format."
        )
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "vector.gguf"
        writer = GGUFWriter(path, "controlvector")
        writer.add_string("controlvector.model_hint", title[:200])
        writer.add_uint32("controlvector.layer_count", len(steerable))
        for layer, values in steerable.items():
            writer.add_tensor(f"direction.{layer - 1}", values)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path.read_bytes()


WRITERS: Mapping[str, Callable[[Mapping[int, np.ndarray], str], bytes]] = {
    "safetensors": to_safetensors,
    "gguf": to_gguf,
    "npz": to_numpy,
}
"""Format, which is also the file's ending → writer."""
