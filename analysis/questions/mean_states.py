"""Mean states of languages from files that others made, one matrix (layer, hidden) each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.core.counting import count
from analysis.core.errors import CorpusError
from analysis.core.tensor_files import READERS, read_tensors
from analysis.core.tensors import TensorFile, check_amount
from analysis.core.turns import tell_share
from analysis.languages.in_names import codes_in
from analysis.languages.languages import label
from analysis.steering.vector_layouts import MOST_LAYERS, WIDEST

ENDING = re.compile(r"\.(pt|pth|bin|safetensors|npy|npz)$", re.IGNORECASE)
"""Of a file's name; or every “.pt” would be Portuguese."""
SMALLEST = 2
"""Layers and dimensions below which a matrix is not taken for states."""
NO_MATRIX = {"sparse", "empty"}
"""What a file may hold in place of a matrix with all its numbers."""


@dataclass(frozen=True)
class MeanStates:
    """Mean states read from files: code → state (layer, hidden), and notes on each file."""

    states: dict[str, np.ndarray]
    notes: list[str]


def read_mean_states(files: Mapping[str, bytes]) -> MeanStates:
    """Language → mean state (layer, hidden), float32, of files by name, in that order.

    The language is the part of a file's name that is a code (``vector.sw.llama.pt``); in
    the file, the one matrix (layer, hidden). CorpusError lists every file that is not so:
    no code, damaged or not readable without running code, several matrices, a sparse or
    empty one, numbers that are not finite, other sizes than the rest.
    """
    found = MeanStates({}, [])
    faults = []
    for name in sorted(files):
        tell_share()
        try:
            add_file(found, name, files[name])
        except ValueError as error:
            faults.append(f"{name}: {error}")
    sizes = sorted({state.shape for state in found.states.values()})
    if len(sizes) > 1:
        listed = ", ".join(f"{layers} × {hidden}" for layers, hidden in sizes)
        faults.append(f"the files hold matrices of different sizes: {listed}")
    if not files:
        faults.append("there is no file")
    if faults:
        raise CorpusError(
            f"The mean states were not read: {count(len(faults), 'fault')}. "
            f"{' · '.join(faults[:3])}",
            faults,
        )
    return found


def add_file(found: MeanStates, name: str, data: bytes) -> None:
    """Add what one file holds; ValueError, in words, says why it is not used."""
    code = language_of(name)
    if code in found.states:
        raise ValueError(f"{code} is there already")
    file = read_file(data, name)
    key = key_of_matrix(file)
    state = file.arrays[key]
    check_size(found, state)
    if not np.isfinite(state).all():
        raise ValueError("holds numbers that are not finite")
    found.states[code] = state
    layers, hidden = state.shape
    found.notes.append(f"{name}: {label(code)}, {key}, {layers} layers × {hidden}")


def check_size(found: MeanStates, state: np.ndarray) -> None:
    """ValueError, in words, for sizes that no model has, or for too much in all files."""
    layers, hidden = state.shape
    if layers > MOST_LAYERS or hidden > WIDEST:
        raise ValueError(
            f"holds {layers:,} layers × {hidden:,}; at most {MOST_LAYERS:,} × "
            f"{WIDEST:,} are read"
        )
    sizes = [states.size for states in found.states.values()]
    check_amount([*sizes, state.size])


def language_of(name: str) -> str:
    """The one language code in a file's name; ValueError, in words, for none or several."""
    codes = codes_in(ENDING.sub("", name))
    if len(codes) != 1:
        found = ", ".join(codes) or "none"
        raise ValueError(
            "the name must hold one language code between dots, hyphens or underscores; "
            f"found: {found}"
        )
    return codes[0]


def read_file(data: bytes, name: str) -> TensorFile:
    """What a file holds, read as a torch file unless its name ends otherwise."""
    if Path(name).suffix.lower() not in READERS:
        name += ".pt"
    try:
        return read_tensors(data, name)
    except ValueError as error:
        raise ValueError(
            "cannot be read without running code in it, or is damaged "
            f"({str(error)[:120]})"
        ) from error


def key_of_matrix(file: TensorFile) -> str:
    """The name of the one matrix of a file; ValueError, in words, for none or several."""
    floats = {}
    for key, values in file.arrays.items():
        if values.dtype.kind == "f":
            floats[key] = values.shape
    fitting = []
    for key, shape in floats.items():
        if len(shape) == 2 and min(shape) >= SMALLEST:
            fitting.append(key)
    if len(fitting) == 1:
        return fitting[0]
    for key, what in file.rest.items():
        if what in NO_MATRIX and not fitting:
            raise ValueError(
                f"{key} must be a matrix with all its numbers; it is {what}"
            )
    shapes = ", ".join(f"{key} {shape}" for key, shape in floats.items())
    raise ValueError(
        "must hold one matrix (layer, hidden); it holds "
        f"{shapes[:160] or 'no tensor of numbers'}"
    )
