"""What trying models out has shown, kept for the next start of the program.

One small file for each way of computing, by its digest: configuration, precision, device,
and the versions of what computes. Trying a model out takes some hundredths of its loading,
every time; reading a file takes next to nothing.
"""

import hashlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

import torch

from analysis.core import files, settings
from analysis.core.errors import DiskError, SpecError
from analysis.core.json_text import parse_json
from analysis.core.specs import from_dict
from analysis.model.load import Habits, Loaded

FOLDER = "habits"
TRUSTED = ("torch", "transformers", "bitsandbytes")
"""Whose code is the same as long as its version is; that of a model or a user is not."""
LONGEST = 10_000
"""Bytes of a file that may be one of these."""


def place_of(loaded: Loaded, arithmetic: tuple[str, ...]) -> Path | None:
    """The file of one way of computing; None where nothing says that it stays the same."""
    packages = {type(part).__module__.split(".")[0] for part in loaded.model.modules()}
    if not packages <= set(TRUSTED):
        return None
    versions = []
    for name in sorted({*packages, "torch"}):
        # As loaded: looking up what is installed takes longer than all else here.
        versions.append(f"{name} {sys.modules[name].__version__}")
    told = json.dumps([*arithmetic, *versions, processor(loaded.device)])
    digest = hashlib.sha256(told.encode()).hexdigest()[:32]
    return settings.home() / FOLDER / f"{digest}.json"


def processor(device: torch.device) -> str:
    """What computes."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return torch.backends.cpu.get_cpu_capability()


def known(place: Path | None) -> Habits | None:
    """What was found before; None where nothing was, or what was kept cannot be read."""
    if place is None:
        return None
    try:
        with place.open("rb") as file:
            data = file.read(LONGEST)
        return from_dict(Habits, parse_json(data))
    except (OSError, ValueError, RecursionError, SpecError):
        return None


def keep(place: Path | None, habits: Habits) -> None:
    """Keep what was found; where nothing can be kept, it is found again next time.

    That a model cannot write is not kept: it may have been for want of memory.
    """
    if place is None or habits.cannot_write:
        return
    try:
        files.make_folder(place.parent)
        files.write_file(place, json.dumps(asdict(habits)).encode())
    except DiskError:
        return
