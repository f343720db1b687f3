"""A study as it ships: the same numbers in fewer bytes.

Vectors and states are kept in eight bits, margins and trials in sixteen; fewer unrelated
vectors are counted, and single states of questions are left out: what is read off them is
kept.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from analysis.core import files
from analysis.core.json_text import parse_json
from analysis.study import store
from analysis.study.recordings import RECORDED
from analysis.study.stored_arrays import SCALE
from analysis.study.trial_part import TRIAL
from analysis.study.whole_numbers import (
    BLOCK,
    IN_EIGHTHS,
    IN_SIXTEENTHS,
    in_eighths,
    in_sixteenths,
    scale_key,
)

LEFT_OUT = ("item_state", SCALE)
"""States of single questions: 7 MB a language."""
DRAWN = ("random_surplus", "shuffled_surplus")
MOST_DRAWS = 22
"""Unrelated vectors whose counts ship, of those that were drawn."""
NOTICE_FILE = "NOTICE.txt"


def ship(folder: Path, target: Path, draws: int = MOST_DRAWS) -> int:
    """Put a compact copy of a study where it ships; its bytes.

    ``draws`` are the unrelated vectors whose counts are kept.
    """
    manifest = store.read_manifest(folder)
    store.check_files(folder, manifest, hashes=True)
    with files.temporary_folder(target) as scratch:
        kept = {}
        for file in sorted(manifest.files):
            if file == RECORDED:
                data = without_blanks((folder / file).read_text(encoding="utf-8"))
                kept[file] = store.write_entry(scratch / file, data, ())
                continue
            tensors = compact(load_file(folder / file), draws)
            if tensors:
                kept[file] = store.write_tensors(scratch / file, tensors)
        text = store.as_text(replace(manifest, files=kept))
        files.write_file(scratch / store.MANIFEST, without_blanks(text))
        if manifest.notice:
            files.write_file(scratch / NOTICE_FILE, f"{manifest.notice}\n".encode())
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(scratch, target)
    return sum(path.stat().st_size for path in target.iterdir())


def without_blanks(text: str) -> bytes:
    """JSON as short as it can be."""
    values = parse_json(text)
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def smallest(values: np.ndarray) -> np.ndarray:
    """Numbers of a trial in half precision, whole ones in the smallest type."""
    if values.dtype.kind == "f":
        return values.astype(np.float16)
    if values.dtype.kind in "iu" and values.size:
        kinds = np.min_scalar_type(values.min()), np.min_scalar_type(values.max())
        return values.astype(np.result_type(*kinds))
    return values


def compact(tensors: Mapping[str, np.ndarray], draws: int) -> dict[str, np.ndarray]:
    """The tensors of a file as they ship."""
    found = {}
    for key, values in tensors.items():
        name = key.partition("/")[0]
        if name in LEFT_OUT:
            continue
        if name in DRAWN:
            found[key] = values[..., :draws]
        elif name == TRIAL:
            found[key] = smallest(values)
        elif name in IN_SIXTEENTHS:
            found[key], found[scale_key(key)] = in_sixteenths(values)
        elif name in IN_EIGHTHS and values.shape[-1] % BLOCK == 0:
            found[key], found[scale_key(key)] = in_eighths(values)
        else:
            found[key] = values
    return found
