"""Tags and a remark that users give a study, kept beside it.

They are no part of its manifest, so that neither digest nor numbers change. Of a study of
this server they lie in its folder, of one that comes along in the server's home.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from analysis.core import disk, files, settings
from analysis.core.errors import StudyError
from analysis.core.specs import check_text
from analysis.study import library, store
from analysis.study.published_words import shipped

FILE = "tags.json"
MOST_TAGS, LONGEST_TAG, LONGEST_REMARK = 20, 40, 2_000
MOST_BYTES = 64 * 1024
MOST_KEPT = 4_096
"""Files that stay at hand as long as they do not change."""


@dataclass(frozen=True)
class Tagged:
    """What somebody wrote on a study: tags, and a remark in free words.

    ``fault`` says why what is kept cannot be read.
    """

    tags: tuple[str, ...] = ()
    remark: str = ""
    fault: str = ""


NOTHING = Tagged()


@dataclass(frozen=True)
class Stamp:
    """A file as it lies on the disk."""

    path: Path
    written: int
    size: int


def file_of(name: str) -> Path:
    """The file of a study's tags."""
    if name in shipped() or name in library.coming_along():
        return settings.child(settings.home() / "notes", f"{name}-{FILE}")
    return settings.child(store.root(), name) / FILE


def of_all(names: Iterable[str]) -> dict[str, Tagged]:
    """Name → what is written on a study; files are read when they are new or changed."""
    root, along = store.root(), library.coming_along()
    found = {}
    for name in names:
        if name in along or name in shipped():
            found[name] = tagged_in(file_of(name))
        else:
            found[name] = tagged_in(root / name / FILE)
    return found


def tagged(name: str) -> Tagged:
    """What is written on a study."""
    return tagged_in(file_of(name))


def tagged_in(path: Path) -> Tagged:
    """What a file of tags says; of a damaged one its fault."""
    try:
        found = path.stat()
    except OSError:
        return NOTHING
    try:
        return read(Stamp(path, found.st_mtime_ns, found.st_size))
    except StudyError as error:
        return Tagged(fault=str(error))


@lru_cache(maxsize=MOST_KEPT)
def read(stamp: Stamp) -> Tagged:
    """A file of tags; StudyError for one that is none."""
    if stamp.size > MOST_BYTES:
        raise damaged(stamp.path)
    with disk.reading(stamp.path):
        data = stamp.path.read_bytes()
    try:
        values = json.loads(data.decode("utf-8"))
        return checked(values["tags"], values["remark"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise damaged(stamp.path) from error


def damaged(path: Path) -> StudyError:
    """The error for a file that holds no tags."""
    return StudyError(
        f"The tags in “{path.name}” of {path.parent.name} are damaged, so nothing was "
        "kept. Remove that file, then write them again."
    )


def checked(tags: Iterable[str], remark: str) -> Tagged:
    """Tags once each, without spaces around them; StudyError for what cannot be kept."""
    check_text("The note", remark)
    plain: dict[str, None] = {}
    for tag in tags:
        check_text("A tag", tag)
        words = " ".join(tag.split())
        if len(words) > LONGEST_TAG:
            raise StudyError(
                f"A tag has at most {LONGEST_TAG} characters; “{words[:50]}…” has "
                f"{len(words)}. Write the rest into the note."
            )
        if words:
            plain[words] = None
    if len(plain) > MOST_TAGS:
        raise StudyError(f"A study has at most {MOST_TAGS} tags; given: {len(plain)}.")
    if len(remark) > LONGEST_REMARK:
        raise StudyError(
            f"A note has at most {LONGEST_REMARK:,} characters; given: {len(remark):,}."
        )
    return Tagged(tuple(plain), remark.strip())


def write(name: str, tags: Iterable[str], remark: str) -> Tagged:
    """Keep tags and a remark of a study.

    StudyError for too many or too long ones, and where what is kept is damaged.
    """
    kept = checked(tags, remark)
    path = file_of(name)
    files.make_folder(path.parent)
    with files.locked(path.with_suffix(".lock"), wait=True):
        if path.is_file():
            found = path.stat()
            read(Stamp(path, found.st_mtime_ns, found.st_size))
        values = {"tags": list(kept.tags), "remark": kept.remark}
        text = json.dumps(values, ensure_ascii=False, indent=1)
        files.write_file(path, text.encode("utf-8"))
    return kept
