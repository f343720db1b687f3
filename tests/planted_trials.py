"""Studies in memory that hold a trial with planted numbers."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from analysis.control import refusing
from analysis.core.specs import ModelSpec
from analysis.crossing import alignment, forcing, latent, patching
from analysis.crossing.specs import (
    ForcingSpec,
    LatentSpec,
    PatchingSpec,
    SentenceAlignmentSpec,
)
from analysis.plane import naming
from analysis.study import store, trials
from analysis.study.manifest import Manifest
from analysis.study.study import COMPUTED, Study
from analysis.study.trial_part import TrialPart

WHOLE = ("agrees",)
"""Arrays of whole numbers."""


def study_of(languages: tuple[str, ...], layers: int) -> Study:
    """A study without anything but languages and layers."""
    return Study(
        name="planted",
        title="Planted",
        kind=COMPUTED,
        model="none",
        concepts=(),
        languages=languages,
        layers=layers,
        available=frozenset(),
        load=lambda name: xr.DataArray(),
    )


def with_trial(
    study: Study,
    name: str,
    part: TrialPart,
    measure: Callable[[Mapping[str, str]], Mapping[str, np.ndarray]],
) -> Study:
    """The study with a trial whose cells are measured here and now."""
    cells = [measure(cell) for cell in part.each_cell()]
    along = tuple(len(part.dims[dim]) for dim in part.cells)
    found = {}
    for array, declared in part.arrays.items():
        values = np.stack([cell[array] for cell in cells])
        assert values.shape[1:] == part.shape(array), array
        shaped = values.reshape(*along, *part.shape(array))
        found[array] = ((*part.cells, *declared.dims), shaped)
    coords = {}
    for dim, names in part.dims.items():
        number = dim in part.numbers
        coords[dim] = [float(each) for each in names] if number else list(names)
        if number and all(each.is_integer() for each in coords[dim]):
            coords[dim] = [int(each) for each in coords[dim]]
    data = xr.Dataset(found, coords)
    manifest = Manifest(title=study.title, trials={name: part})
    return Study(
        name=study.name,
        title=study.title,
        kind=study.kind,
        model=study.model,
        concepts=(),
        languages=study.languages,
        layers=study.layers,
        available=frozenset(),
        load=study.load,
        read_trial=lambda wanted: data,
        manifest=manifest,
    )


def plant(folder: Path, name: str, part: TrialPart, seed: int = 0) -> None:
    """Give a stored study a trial of random shares, which say nothing."""
    rng = np.random.default_rng(seed)

    def measure(cell: Mapping[str, str]) -> dict[str, np.ndarray]:
        found = {}
        for array in part.arrays:
            shape = part.shape(array)
            found[array] = rng.random(shape).astype(np.float32)
            if array in WHOLE:
                found[array] = rng.integers(0, 2, shape).astype(np.int8)
            if array in ("n", "told"):
                found[array] = np.array(40, np.int32)
        return found

    trials.begin(folder, name, part)
    trials.run(folder, name, measure)


def plant_crossings(folder: Path) -> None:
    """Give a stored study all that is tried where languages cross."""
    study = store.open_study(folder)
    model = study.manifest.model
    assert model is not None
    aligned = SentenceAlignmentSpec(model, sentences=40)
    plant(folder, alignment.NAME, alignment.begin(study, aligned))
    codes = study.languages[:3]
    named = naming.NamingSpec(model, questions="demo questions", languages=codes)
    plant(folder, naming.NAME, naming.begin(study, named))
    asked = refusing.RefusingSpec(model, languages=codes)
    plant(folder, refusing.NAME, refusing.begin(study, asked))
    patch = PatchingSpec(model, pairs=3)
    plant(folder, patching.NAME, patching.begin(study, patch))
    lens = LatentSpec(model, most=4)
    plant(folder, latent.NAME, latent.begin(study, lens))


def plant_forcing(folder: Path) -> None:
    """Give a stored study with means of languages pushes along their vectors."""
    study = store.open_study(folder)
    spec = ForcingSpec(ModelSpec("planted/model"), given=study.languages[:1])
    plant(folder, forcing.NAME, forcing.begin(study, spec))
