"""Reading trials of a study from its files: labelled arrays over all cells."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from analysis.core.errors import StudyError
from analysis.study.manifest import Manifest
from analysis.study.stored_arrays import opened_file
from analysis.study.trial_part import TRIAL, TrialPart
from analysis.study.whole_numbers import tensor_at


def part_of(manifest: Manifest, trial: str) -> TrialPart:
    """What a manifest tells of a trial; StudyError where it has none of that name."""
    known = manifest.trials or {}
    if trial not in known:
        has = ", ".join(known) or "none"
        raise StudyError(f"“{manifest.title}” has no trial “{trial}”; it has: {has}.")
    return known[trial]


def read(folder: Path, manifest: Manifest, trial: str) -> xr.Dataset:
    """All arrays of a trial: the dimensions of cells first; what is missing is NaN.

    Each array has ``long_name``, ``units`` and, where there is one, ``chance``.
    """
    part = part_of(manifest, trial)
    found = {}
    for name in part.arrays:
        found[name] = read_array(folder, manifest, trial, name)
    coordinates = {}
    for dim, names in part.dims.items():
        coordinates[dim] = as_coordinates(names, dim in part.numbers)
    attributes = {"study": folder.name, "digest": part.digest}
    return xr.Dataset(found, coordinates, attributes)


def as_coordinates(names: tuple[str, ...], numbers: bool) -> np.ndarray:
    """Coordinates as text, or as whole numbers or numbers."""
    if not numbers:
        return np.array(names, dtype=object)
    values = np.array([float(name) for name in names])
    whole = values.astype(int)
    return whole if (whole == values).all() else values


def read_array(folder: Path, manifest: Manifest, trial: str, name: str) -> xr.DataArray:
    """One array of a trial, over all its cells."""
    part = part_of(manifest, trial)
    array = part.arrays[name]
    beginning = f"{TRIAL}/{trial}/{name}/"
    cells: dict[int, np.ndarray] = {}
    for file, entry in manifest.files.items():
        wanted = [key for key in entry.keys if key.startswith(beginning)]
        if not wanted:
            continue
        with opened_file(folder, file) as tensors:
            for key in wanted:
                cells[int(key.removeprefix(beginning))] = tensor_at(tensors, key)
    values = filled(part, name, cells)
    along_cells = tuple(len(part.dims[dim]) for dim in part.cells)
    shaped = values.reshape(*along_cells, *part.shape(name))
    words = {"long_name": array.long_name, "units": array.units}
    told = words if array.chance is None else {**words, "chance": array.chance}
    return xr.DataArray(shaped, dims=(*part.cells, *array.dims), attrs=told)


def filled(part: TrialPart, name: str, tensors: Mapping[int, np.ndarray]) -> np.ndarray:
    """(cell, …): an array with the tensors of its cells, NaN where there is none.

    Whole numbers stay whole where every cell was computed.
    """
    shape = (part.number_of_cells, *part.shape(name))
    kind = np.result_type(*tensors.values()) if tensors else np.dtype(np.float32)
    if kind == np.float16:
        # What ships in half precision is reckoned with in single.
        kind = np.dtype(np.float32)
    if len(tensors) < part.number_of_cells:
        kind = np.result_type(kind, np.float32)
    values = np.zeros(shape, kind)
    if kind.kind == "f":
        values[:] = np.nan
    for cell, tensor in tensors.items():
        values[cell] = tensor
    return values
