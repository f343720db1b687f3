"""Which models need no download: the demo model and the folders that the server lists."""

import re
from pathlib import Path

from analysis.core import settings

DEMO = "demo"
DEMO_FOLDER = Path(__file__).parent.parent / "demo" / "model"
HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")


def offered() -> dict[str, Path]:
    """The demo model and every sub-folder with a ``config.json`` of the listed folders, by name."""
    found = {DEMO: DEMO_FOLDER}
    for root in settings.model_folders():
        if root.is_dir():
            found |= {
                path.name: path
                for path in sorted(root.iterdir())
                if (path / "config.json").is_file()
            }
    found[DEMO] = DEMO_FOLDER  # a folder of that name does not stand in for it
    return found
