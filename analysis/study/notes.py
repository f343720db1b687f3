"""What users keep with a study: answers and votes.

A study of this server keeps them in its folder, a shipped one in the server's home.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis.core import disk, files, settings
from analysis.core.errors import StudyError
from analysis.study import library
from analysis.study.study import COMPUTED, Study

KINDS = ("answers", "votes")
MOST = 2_000


def file_of(study: Study, kind: str) -> Path:
    """The file of one kind of note."""
    along = study.name in library.coming_along()
    if study.kind == COMPUTED and not along:
        return library.own_folder(study.name) / f"{kind}.json"
    return settings.child(settings.home() / "notes", f"{study.name}-{kind}.json")


def read_notes(study: Study, kind: str) -> list[dict[str, Any]]:
    """All notes of a kind, oldest first; StudyError when their file is damaged."""
    path = file_of(study, kind)
    with disk.reading(path):
        if not path.is_file():
            return []
        data = path.read_bytes()
    try:
        found = json.loads(data.decode("utf-8"))
        return [dict(note) for note in found]
    except (ValueError, TypeError, RecursionError) as error:
        raise StudyError(
            f"The {kind} kept with “{study.title}” are damaged: {path.name} is not a "
            "list. Restore or remove it."
        ) from error


def add_notes(
    study: Study,
    kind: str,
    *new: Mapping[str, Any],
) -> None:
    """Keep notes; StudyError when the file is damaged or holds as many as it may."""
    path = file_of(study, kind)
    files.make_folder(path.parent)
    with files.locked(path.with_suffix(".lock"), wait=True):
        known = read_notes(study, kind)
        if len(known) + len(new) > MOST:
            raise StudyError(
                f"“{study.title}” keeps {len(known):,} {kind} already; {MOST:,} are the "
                f"most. Remove {path.name} to begin anew."
            )
        kept = [*known, *new]
        text = json.dumps(kept, ensure_ascii=False, indent=1, allow_nan=False)
        files.write_file(path, text.encode())
