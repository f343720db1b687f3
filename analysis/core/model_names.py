"""Which models need no download: the demo model and the folders that the server lists."""

import re
from contextlib import suppress
from pathlib import Path

from analysis.core import disk, settings
from analysis.core.model_records import RECORD, converted_root

DEMO = "demo"
DEMO_FOLDER = Path(__file__).parent.parent / "demo" / "model"
ADAPTER = "adapter_config.json"
MARKS = ("config.json", ADAPTER)
"""Files of which a folder of a model has one."""
HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")


def offered_models() -> dict[str, Path]:
    """The demo model and the models of the listed folders, by name.

    A model is a sub-folder with a ``config.json``, or with an adapter of another model.
    Those that were unpacked here are offered wherever the listed folders are.
    """
    found = {DEMO: DEMO_FOLDER}
    for path in disk.listed(converted_root()):
        if is_model(path, RECORD):
            found[path.name] = path
    for root in settings.model_folders():
        for path in disk.listed(root):
            if is_model(path, *MARKS):
                found[path.name] = path
    found[DEMO] = DEMO_FOLDER  # a folder of that name does not stand in for it
    return found


def is_model(path: Path, *marks: str) -> bool:
    """Whether a folder is whole and holds one of the files that mark a model."""
    if path.name.startswith(disk.TEMPORARY):
        return False
    # What may not be looked into is no model that could be read.
    with suppress(PermissionError):
        return any((path / mark).is_file() for mark in marks)
    return False
