"""Mean states of languages from files that others made: torch (weights only) or safetensors."""

import io
import pickle
import re
import struct
from collections.abc import Mapping

import numpy as np
from safetensors import SafetensorError

from analysis.core.errors import CorpusError
from analysis.languages.languages import codes_in

DAMAGED = (
    pickle.UnpicklingError,
    EOFError,
    struct.error,
    RuntimeError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    SafetensorError,
    OSError,
)
"""What torch and safetensors raise for bytes that are no file of theirs."""
SMALLEST = 2
"""Layers and dimensions below which a matrix is not taken for states."""


def mean_states(files: Mapping[str, bytes]) -> tuple[dict[str, np.ndarray], list[str]]:
    """Language → mean state (layer, hidden), float32, in the order of names, and sentences on what was taken.

    The language is the part of a file's name that is a code (``vector.sw.llama``); in the file, the one tensor of two dimensions
    (layer, hidden). CorpusError lists every file that is not so: no code, damaged or not readable without running code, several
    matrices, a sparse or empty one, numbers that are not finite, other sizes than the rest.
    """
    states, faults, notes = {}, [], []
    for name in sorted(files):
        code, fault = language_of(name)
        if not fault and code in states:
            fault = f"{code} is there already"
        if not fault:
            values, key, fault = matrix_of(files[name], name)
        if fault:
            faults.append(f"{name}: {fault}")
            continue
        states[code] = values
        notes.append(f"{name}: {key}, {values.shape[0]} layers × {values.shape[1]}")
    sizes = {values.shape for values in states.values()}
    if len(sizes) > 1:
        faults.append(
            f"the files hold matrices of different sizes: {', '.join(f'{a} × {b}' for a, b in sorted(sizes))}"
        )
    if not files or (not states and not faults):
        faults.append("there is no file")
    if faults:
        raise CorpusError(
            f"The mean states were not read: {len(faults)} faults. {' · '.join(faults[:3])}",
            faults,
        )
    return states, notes


def language_of(name: str) -> tuple[str, str]:
    """The one language code among the parts of a file's name, or what is wrong."""
    stem = re.sub(
        r"\.(pt|pth|bin|safetensors)$", "", name.casefold()
    )  # or every “.pt” would be Portuguese
    codes = codes_in(stem)
    if len(codes) == 1:
        return codes[0], ""
    found = ", ".join(codes) or "none"
    return (
        "",
        f"the name must hold one language code between dots, hyphens or underscores; found: {found}",
    )


def matrix_of(data: bytes, name: str) -> tuple[np.ndarray, str, str]:
    """The one floating matrix in a file, its key, or what is wrong. Nothing in the file can run."""
    import torch
    from safetensors.torch import load as load_safetensors

    try:
        if name.endswith(".safetensors"):
            held = load_safetensors(data)
        else:
            held = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except DAMAGED as error:
        why = (str(error).splitlines() or [type(error).__name__])[0][:120]
        return (
            np.empty(0),
            "",
            f"cannot be read without running code in it, or is damaged ({why})",
        )
    held = held if isinstance(held, dict) else {"tensor": held}
    tensors = {
        str(key): value
        for key, value in held.items()
        if isinstance(value, torch.Tensor) and value.is_floating_point()
    }
    fitting = {
        key: value
        for key, value in tensors.items()
        if value.ndim == 2 and min(value.shape) >= SMALLEST
    }
    if len(fitting) != 1:
        shapes = (
            ", ".join(f"{key} {tuple(value.shape)}" for key, value in tensors.items())
            or "no tensor of numbers"
        )
        return (
            np.empty(0),
            "",
            f"must hold one matrix (layer, hidden); it holds {shapes[:160]}",
        )
    ((key, matrix),) = fitting.items()
    if matrix.is_meta or matrix.layout != torch.strided:
        return (
            np.empty(0),
            key,
            f"{key} must be a matrix with all its numbers; it is {'sparse' if not matrix.is_meta else 'empty'}",
        )
    values = matrix.detach().to(torch.float32).numpy()
    fault = "" if np.isfinite(values).all() else "holds numbers that are not finite"
    return values, key, fault
