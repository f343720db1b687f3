"""Steering vectors from files and into files; kept ones are checked and named by digest.

Read are safetensors, GGUF control vectors, NumPy and torch; written all of these but torch.
In a kept file key ``layer.N`` is the vector added to the output of block N, counted from 1.
How files of others count is in ``vector_layouts``.
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
from analysis.steering.vector_layouts import ModelSize, Rows, placed, rows_of

Vectors = Mapping[int, np.ndarray]
"""Layer (1…N) → vector (hidden,)."""
SHELF = Shelf("vectors", ".safetensors")
SUFFIXES = tuple(READERS)
CONTROL, STEERING = "controlvector", "steeringvector"
"""What GGUF files of vectors call themselves: of repeng and llama.cpp, of dialz."""
DIRECTION = re.compile(r"direction\.\d+")


def read_vectors(
    data: bytes, filename: str, size: ModelSize | None = None
) -> dict[int, np.ndarray]:
    """Layer (1…N) → vector (hidden,) of a file whose layout is known.

    A matrix is known beside the ``size`` of its model. SpecError says what is wrong with
    the file, or that it does not tell how its layers are counted.
    """
    rows = read_rows(data, filename, size)
    return placed(rows, rows.shift, filename)


def read_rows(data: bytes, filename: str, size: ModelSize | None = None) -> Rows:
    """The vectors of a file, and how their layers are counted where that is known."""
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
        return rows_of(numbers_only(file), filename, size)
    except ValueError as error:
        why = str(error)[:160]
        raise SpecError(
            f"{filename} cannot be read as a vector file ({why})."
        ) from error


def control_vector(file: TensorFile) -> TensorFile:
    """The directions of a GGUF control vector."""
    directions = TensorFile()
    for name, found in (file.arrays | file.rest).items():
        if not name.startswith("direction."):
            continue
        if DIRECTION.fullmatch(name) is None:
            raise ValueError(f"“{name[:60]}” is of no block")
        directions.add(name, found)
    if not directions.arrays and not directions.rest:
        raise ValueError("it holds no “direction.N”, so it is not a control vector")
    return directions


def numbers_only(file: TensorFile) -> dict[str, np.ndarray]:
    """The arrays of a file; ValueError when it holds anything else."""
    for name, what in file.rest.items():
        raise ValueError(f"“{name[:60]}” is {what}")
    return file.arrays


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
        rows = rows_of(numbers_only(file), name)
        return placed(rows, rows.shift, name)
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
    present = present_vectors(vectors)
    present.pop(1, None)
    if not present:
        raise SpecError(
            "A GGUF control vector cannot steer the first block, and there is no other. "
            "Choose another format."
        )
    return gguf_file(present, title, CONTROL)


def gguf_file(present: Vectors, title: str, kind: str) -> bytes:
    """A GGUF file of directions under the name of its ``kind``, blocks from 0."""
    from gguf import GGUFWriter

    with disk.scratch(), tempfile.TemporaryDirectory() as place:
        path = Path(place) / "vector.gguf"
        writer = GGUFWriter(path, kind)
        writer.add_string(f"{kind}.model_hint", title[:200])
        writer.add_uint32(f"{kind}.layer_count", len(present))
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
