"""What killed jobs left in Babelscope's folder is swept when the program starts."""

import re
from contextlib import suppress
from pathlib import Path

from analysis.core import disk, files, settings
from analysis.core import leftovers as temporary
from analysis.core.errors import AnalysisError
from analysis.study import commits, coverage, store

CELL = re.compile(
    r"(vector|score|word|questions|plane|trial_[a-z0-9-]+_cells)-[0-9-]+\.safetensors"
)
"""Files of one cell."""
MERGED = re.compile(r"(vector|score)-[0-9-]+\.safetensors")
"""Those that are merged when all are there."""


def sweep() -> None:
    """Remove what is under a temporary name; finish what a kill left nearly finished.

    What a live process may still write to stays, and so does all that is not plainly
    left over.
    """
    if settings.read_only():
        return
    # Whoever starts it is told elsewhere what is wrong with the folder.
    with suppress(AnalysisError):
        temporary.sweep(settings.home())
        for folder in store.newest_first(store.root()):
            with suppress(AnalysisError):
                tidy(folder)


def tidy(folder: Path) -> None:
    """Merge the cells of a complete study, and remove cells that no manifest names."""
    # A file that was just written may not be told of yet.
    if commits.are_shared(folder) or not cells_in(folder):
        return
    with store.writing(folder):
        manifest = store.read_manifest(folder)
        named = [name for name in manifest.files if MERGED.fullmatch(name)]
        if named and not coverage.missing_pair_cells(manifest):
            store.seal(folder)
        if manifest.plane is not None and manifest.plane.complete:
            store.merge_stage(folder, "plane")
        kept = store.read_manifest(folder).files
        for path in cells_in(folder):
            if path.name not in kept:
                files.remove(path)


def cells_in(folder: Path) -> list[Path]:
    """The files of single cells in a study's folder."""
    return [path for path in disk.listed(folder) if CELL.fullmatch(path.name)]
