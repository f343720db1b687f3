"""Which models need no download: the demo model and the folders that the server lists."""

import re
from contextlib import suppress
from pathlib import Path

from analysis.core import disk, settings

DEMO = "demo"
DEMO_FOLDER = Path(__file__).parent.parent / "demo" / "model"
HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")


def offered_models() -> dict[str, Path]:
    """The demo model and the models of the listed folders, by name.

    A model is a sub-folder with a ``config.json``.
    """
    found = {DEMO: DEMO_FOLDER}
    for root in settings.model_folders():
        for path in disk.listed(root):
            # What may not be looked into is no model that could be read.
            with suppress(PermissionError):
                if (path / "config.json").is_file():
                    found[path.name] = path
    found[DEMO] = DEMO_FOLDER  # a folder of that name does not stand in for it
    return found
