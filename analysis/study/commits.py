"""Files of a study that several processes add at the same time.

Each is told by a record of its own, written once, beside the manifest. Whoever reads the
manifest reads the records too; who comes last folds them into it.
"""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypeVar

from analysis.core import disk, files
from analysis.core.errors import StudyError
from analysis.core.json_text import parse_json
from analysis.core.leftovers import temporary_beside
from analysis.study.manifest import FileEntry, FolderManifest
from analysis.study.records import read_record, to_json

FOLDER = "commits"
ENDING = ".json"
MOST_KEPT = 16_384
"""Records that stay at hand: each is written once, and looked at after every cell."""

M = TypeVar("M", bound=FolderManifest)


def are_shared(folder: Path) -> bool:
    """Whether a study is computed by several processes together."""
    return (folder / FOLDER).is_dir()


def share(folder: Path) -> None:
    """Let several processes add files from now on."""
    files.make_folder(folder / FOLDER)


def add(folder: Path, file: str, entry: FileEntry) -> None:
    """Tell of one file that is whole."""
    data = json.dumps(to_json(entry)).encode()
    files.write_file(folder / FOLDER / f"{file}{ENDING}", data)
    # Whoever keeps what a manifest says looks at its time.
    with suppress(OSError):
        os.utime(folder / "manifest.json")


class Stamp(NamedTuple):
    """A record as it lies on the disk."""

    path: Path
    number: int
    written: int
    size: int


def told_files(folder: Path, kind: type[FileEntry] = FileEntry) -> dict[str, FileEntry]:
    """Files that the records tell of, each as a kind of entry.

    A record is read when it is new or has changed.
    """
    found = {}
    for path in disk.listed(folder / FOLDER):
        if path.name.endswith(ENDING):
            with disk.reading(path), suppress(FileNotFoundError):
                found[path.name.removesuffix(ENDING)] = entry_in(stamp_of(path), kind)
    return found


def stamp_of(path: Path) -> Stamp:
    """A record as it lies on the disk."""
    found = path.stat()
    return Stamp(path, found.st_ino, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=MOST_KEPT)
def entry_in(stamp: Stamp, kind: type[FileEntry]) -> FileEntry:
    """A file as its record tells of it; StudyError for a record that tells nothing."""
    path = stamp.path
    try:
        return read_record(kind, parse_json(path.read_bytes()), path.name)
    except (ValueError, StudyError) as error:
        raise StudyError(
            f"The record {path.name} of {path.parent.parent.name} is damaged: {error} "
            "Remove that record, and go on with the study: its part is computed again."
        ) from error


def with_told(manifest: M, records: Mapping[str, FileEntry]) -> M:
    """A manifest with the files that records tell of, but for those it has by now.

    Records are to be read before the manifest: what is folded in between is in both.
    """
    known = manifest.keys
    fresh = {}
    for file, entry in records.items():
        if file not in manifest.files and not known.issuperset(entry.keys):
            fresh[file] = entry
    return replace(manifest, files={**manifest.files, **fresh}) if fresh else manifest


def in_order(manifest: M, order: Iterable[str]) -> M:
    """A manifest whose files of these names come last and in this order.

    So that its bytes do not tell who was first.
    """
    wanted = [file for file in order if file in manifest.files]
    rest = {file: manifest.files[file] for file in manifest.files if file not in wanted}
    return replace(manifest, files=rest | {f: manifest.files[f] for f in wanted})


def end(folder: Path) -> None:
    """Take the records away, at once, after they are in the manifest."""
    gone = temporary_beside(folder / FOLDER)
    with disk.removing(folder / FOLDER):
        (folder / FOLDER).rename(gone)
    files.discard(gone)
