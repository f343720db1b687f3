"""A study as it ships: the same numbers in fewer bytes.

Vectors and margins are kept in half precision, fewer unrelated vectors are counted, and
single states of questions are left out; what is read off them is kept.
"""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from analysis.core import files
from analysis.study import store
from analysis.study.stored_arrays import SCALE

HALF = (
    "vector",
    "half_a",
    "half_b",
    "shuffled",
    "pair_score",
    "sentence_mean",
    "mean_state",
)
"""How names of arrays end or are that are kept in half precision."""
LARGEST_HALF = 60_000.0
LEFT_OUT = ("item_state", SCALE)
"""States of single questions: 7 MB a language."""
DRAWN = ("random_surplus", "shuffled_surplus")
MOST_DRAWS = 25
"""Unrelated vectors whose counts ship, of those that were drawn."""
NOTICE_FILE = "NOTICE.txt"


def ship(folder: Path, target: Path) -> int:
    """Put a compact copy of a study where it ships; its bytes.

    StudyError for one that is not complete.
    """
    manifest = store.read_manifest(folder)
    store.check_files(folder, manifest, hashes=True)
    with files.temporary_folder(target) as scratch:
        kept = {}
        for file in sorted(manifest.files):
            tensors = compact(load_file(folder / file))
            if tensors:
                kept[file] = store.write_tensors(scratch / file, tensors)
        store.put_manifest(scratch, replace(manifest, files=kept))
        if manifest.notice:
            files.write_file(scratch / NOTICE_FILE, f"{manifest.notice}\n".encode())
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(scratch, target)
    return sum(path.stat().st_size for path in target.iterdir())


def compact(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tensors of a file as they ship."""
    found = {}
    for key, values in tensors.items():
        name = key.partition("/")[0]
        if name not in LEFT_OUT:
            found[key] = smaller(name, values)
    return found


def smaller(name: str, values: np.ndarray) -> np.ndarray:
    """One tensor as it ships; what half precision cannot hold stays as it is."""
    if name in DRAWN:
        return values[..., :MOST_DRAWS]
    fits = np.abs(values).max(initial=0) < LARGEST_HALF
    if values.dtype == np.float32 and name.endswith(HALF) and fits:
        return values.astype(np.float16)
    return values
