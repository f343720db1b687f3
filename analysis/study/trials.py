"""Trials of a study: begun, computed cell by cell, and taken away.

A cell is one file of one tensor per array; its numbers depend on the study and the
trial's spec alone, so a killed trial goes on at the first cell that is missing.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from analysis.core.errors import StudyError
from analysis.study import coverage, store, together
from analysis.study.manifest import Manifest
from analysis.study.stored_trials import part_of
from analysis.study.together import Group, Plan, Progress, Shard, without_progress
from analysis.study.trial_part import TRIAL, TrialPart, key_of

Compute = Callable[[Mapping[str, str]], Mapping[str, np.ndarray]]
"""A cell's coordinates → its arrays."""


def file_of(trial: str, cell: int) -> str:
    """The file of a cell."""
    return f"{stage_of(trial)}-{cell:05d}.safetensors"


def stage_of(trial: str) -> str:
    """What the files of a trial begin with, and its one file once it is complete."""
    return f"{TRIAL}_{trial}_cells"


def missing(manifest: Manifest, trial: str) -> list[int]:
    """Numbers of the cells of a trial that were not computed yet."""
    part_of(manifest, trial)
    return list(coverage.missing_of_trial(manifest, trial))


def begin(folder: Path, trial: str, part: TrialPart, anew: bool = False) -> None:
    """Write what is known of a trial before anything is computed.

    The same trial is gone on with. StudyError where the study has another one of that
    name, unless ``anew``: then that one is taken away first.
    """
    with store.writing(folder):
        manifest = store.read_manifest(folder)
        known = dict(manifest.trials or {})
        if trial in known:
            if known[trial].digest == part.digest:
                return
            if not anew:
                raise StudyError(
                    f"“{manifest.title}” has this already with other settings. Compute "
                    "it anew in place of that one, or make a copy of the study."
                )
            take_away(folder, trial)
            manifest = store.read_manifest(folder)
            known.pop(trial)
        begun = replace(manifest, trials={**known, trial: part})
        store.write_manifest(folder, begun)


def take_away(folder: Path, trial: str) -> None:
    """Remove a trial and its files from a study that is held for writing."""
    manifest = store.read_manifest(folder)
    beginning = f"{TRIAL}/{trial}/"
    own = set()
    for file, entry in manifest.files.items():
        if any(key.startswith(beginning) for key in entry.keys):
            own.add(file)
    kept = {name: entry for name, entry in manifest.files.items() if name not in own}
    others = dict(manifest.trials or {})
    others.pop(trial, None)
    without = replace(manifest, files=kept, trials=others or None)
    store.write_manifest(folder, without)
    store.remove_files(folder, own)


def run(
    folder: Path,
    trial: str,
    compute: Compute,
    progress: Progress = without_progress,
) -> None:
    """Compute the cells of a trial that are missing, one commit each.

    ``progress`` gets (done, of, cell) and may raise to stop.
    """
    with store.writing(folder):
        manifest = store.read_manifest(folder)
        part = part_of(manifest, trial)
        waiting = set(missing(manifest, trial))
        for number, cell in enumerate(part.each_cell()):
            if number in waiting:
                progress(number, part.number_of_cells, in_words(cell))
                add_cell(folder, trial, number, compute)
        store.merge_stage(folder, stage_of(trial))
        progress(part.number_of_cells, part.number_of_cells, "done")


def run_together(
    folder: Path,
    trial: str,
    compute: Compute,
    shard: Shard,
    progress: Progress = without_progress,
) -> None:
    """The same by several processes at once; StudyError as in ``together.compute``."""
    part = part_of(store.read_manifest(folder), trial)
    first = next(iter(part.arrays))
    numbers: dict[str, int] = {}
    groups = []
    for number in range(part.number_of_cells):
        file = file_of(trial, number)
        numbers[file] = number
        groups.append(Group(file, frozenset({key_of(trial, first, number)}), (file,)))

    def of_cell(group: Group) -> None:
        add_cell(folder, trial, numbers[group.name], compute)

    finish = partial(store.merge_stage, stage=stage_of(trial))
    together.compute(folder, Plan(groups, of_cell, finish), progress, shard)


def add_cell(folder: Path, trial: str, number: int, compute: Compute) -> None:
    """Compute one cell and commit it; StudyError for arrays that are not the trial's."""
    part = part_of(store.read_manifest(folder), trial)
    cell = list(part.each_cell())[number]
    values = compute(cell)
    check_values(part, values)
    tensors = {}
    for array, found in values.items():
        tensors[key_of(trial, array, number)] = found
    store.add_file(folder, file_of(trial, number), tensors, gaps(trial, part))


def gaps(trial: str, part: TrialPart) -> tuple[str, ...]:
    """Beginnings of keys whose tensors may have gaps (NaN)."""
    found = []
    for name, array in part.arrays.items():
        if array.gaps:
            found.append(f"{TRIAL}/{trial}/{name}/")
    return tuple(found)


def check_values(part: TrialPart, values: Mapping[str, np.ndarray]) -> None:
    """ValueError for arrays other than those that the trial declared: a fault of ours."""
    if set(values) != set(part.arrays):
        raise ValueError(f"computed are {sorted(values)}, not {sorted(part.arrays)}")
    for name, found in values.items():
        if found.shape != part.shape(name):
            raise ValueError(f"{name} is {found.shape}, not {part.shape(name)}")


def in_words(cell: Mapping[str, str]) -> str:
    """What a cell is, for whoever waits."""
    return " · ".join(cell.values())
