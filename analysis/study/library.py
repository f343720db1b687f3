"""All studies that can be opened: published, those that come along, this server's own.

They are renamed, deleted with undo, packed and unpacked.
"""

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from analysis.core import disk, files, settings
from analysis.core.errors import AnalysisError, DiskError, StudyError, nearest
from analysis.core.zip_files import DAMAGES, content_of
from analysis.study import store
from analysis.study.array_checks import check_arrays, check_memory, check_numbers
from analysis.study.manifest import Manifest
from analysis.study.published_words import shipped
from analysis.study.recordings import RECORDED, has_recordings, read_recordings
from analysis.study.records import to_json
from analysis.study.same_engine import check_engine
from analysis.study.study import COMPUTED, DEMO, PUBLISHED, Study

REQUESTS = "demo-requests"
SHIPPED = Path(__file__).parent.parent / "demo"
REAL = "gemma-3-270m"
CHAT = "smollm2-135m-instruct"
DEMO_FOLDERS = {
    REAL: SHIPPED / "gemma",
    CHAT: SHIPPED / "smollm2",
    "demo": SHIPPED / "study",
    REQUESTS: SHIPPED / "requests",
}
"""Where studies lie that come along, by name: real models', and the demo model's."""
OF_REAL_MODELS = (REAL, CHAT)
PRINTED = "llama2-chat-7b"
"""The published study that is opened where the real model's is not there."""
TRASH = "trash"
SUFFIX = ".babelscope"
MAX_FILES, MAX_RATIO = 2_000, 200


def names() -> list[str]:
    """Names of all studies.

    This server's own (newest first), those that come along, the published ones.
    """
    own = [path.name for path in store.newest_first(store.root())]
    return [*own, *coming_along(), *shipped()]


def coming_along() -> dict[str, Path]:
    """Name → folder of the studies that come along and are here."""
    found = {}
    for name, folder in DEMO_FOLDERS.items():
        if (folder / store.MANIFEST).is_file():
            found[name] = folder
    return found


def opened_first() -> str:
    """The name of the study that is opened where none is chosen."""
    return REAL if REAL in coming_along() else PRINTED


def open_by_name(name: str) -> Study:
    """Open a study by its name; StudyError names the nearest one when there is none."""
    if name in shipped():
        return shipped()[name]
    along = coming_along()
    if name in along:
        kind = COMPUTED if name in OF_REAL_MODELS else DEMO
        return replace(store.open_study(along[name], kind), name=name)
    folder = settings.child(store.root(), name)
    if not folder.is_dir():
        raise StudyError(
            f"There is no study “{name}” here.{nearest(name, names())} "
            "Choose one from the list of studies, or add its file to it."
        )
    return store.open_study(folder)


def own_folder(name: str) -> Path:
    """The folder of one of this server's own studies.

    StudyError for published and unknown ones, and those that come along.
    """
    if name in coming_along() or name in shipped():
        raise StudyError(
            f"“{name}” comes with Babelscope and cannot be changed. "
            "Changes are for studies made here."
        )
    folder = settings.child(store.root(), name)
    if not folder.is_dir():
        raise StudyError(f"There is no study “{name}” here.{nearest(name, names())}")
    return folder


def is_own(name: str) -> bool:
    """Whether a study of this name, whole or not, is this server's own."""
    return (store.root() / name) in store.newest_first(store.root())


def begin_in(name: str, begin: Callable[[Path], object]) -> Path:
    """The folder of a study in which ``begin`` has begun something.

    A study that comes with Babelscope is copied first; there is no copy of it where
    nothing could be begun. StudyError for published ones.
    """
    if name in coming_along():
        return store.root() / added(pack(name), f"{name}-copy", begin)
    folder = own_folder(name)
    # What is begun is always read by this machine's own engine.
    check_engine(store.read_manifest(folder))
    begin(folder)
    return folder


def rename(name: str, title: str) -> None:
    """Give a study a new title; its name, and so every link to it, stays.

    StudyError for a title that is empty or too long, or while the study is computed.
    """
    title = " ".join(title.split())
    if not 1 <= len(title) <= 80:
        raise StudyError(f"A title has 1 to 80 characters; given were {len(title)}.")
    folder = own_folder(name)
    with store.writing(folder):
        manifest = store.read_manifest(folder)
        store.write_manifest(folder, replace(manifest, title=title))


def delete(name: str) -> str:
    """Move a study to the trash; returns the token that restores it.

    StudyError while the study is computed.
    """
    folder = own_folder(name)
    trash = files.make_folder(settings.home() / TRASH)
    token = f"{int(time.time())}.{name}"
    with store.taking_away(folder):
        files.move(folder, trash / token)
    return token


def trashed() -> list[str]:
    """Tokens of deleted studies that can be restored, newest first."""
    trash = settings.home() / TRASH
    return sorted((path.name for path in disk.listed(trash)), reverse=True)


def restore(token: str) -> str:
    """Undo a delete; returns the study's name. StudyError when that is not possible."""
    if token not in trashed():
        raise StudyError("That study was removed for good or restored already.")
    _, _, name = token.partition(".")
    target = settings.child(store.root(), name)
    if target.exists():
        raise StudyError(
            f"A study named “{name}” exists again; rename or delete that one first."
        )
    files.move(settings.home() / TRASH / token, target)
    return name


def purge() -> int:
    """Remove deleted studies for good; returns how many."""
    tokens = trashed()
    for token in tokens:
        files.remove(settings.home() / TRASH / token)
    return len(tokens)


def pack(name: str) -> bytes:
    """A study of this server, or one that comes along, as one file.

    It is a zip of the manifest and the files that it names. StudyError for published
    ones.
    """
    if name in shipped():
        raise StudyError(
            f"“{name}” is a published study: it comes with every Babelscope, so there is "
            "nothing to pack. Its figures can be packed, and its numbers measured."
        )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as packed:
        for file, path in files_of(name).items():
            with disk.reading(path):
                packed.write(path, file)
    return buffer.getvalue()


def files_of(name: str) -> dict[str, Path]:
    """The manifest of a study that is no published one, and the files that it names.

    StudyError where one of them is missing or not whole.
    """
    folder = coming_along().get(name) or own_folder(name)
    manifest = store.read_manifest(folder)
    store.check_files(folder, manifest)
    found = {}
    for file in (store.MANIFEST, *sorted(manifest.files)):
        found[file] = folder / file
    return found


def unpack(data: bytes, filename: str) -> str:
    """Add a packed study; returns its name.

    StudyError for anything but one manifest and the whole files that it names.
    """
    if len(data) > settings.MAX_STUDY_BYTES:
        most = settings.MAX_STUDY_BYTES // 2**30
        raise StudyError(f"{filename} is larger than {most} GiB.")
    try:
        return added(data, Path(filename).stem or "study")
    except DiskError:
        raise
    except AnalysisError as error:
        raise StudyError(f"{filename} was not added: {error}") from error


def leave(folder: Path) -> None:
    """Leave a study as it was packed."""


def added(data: bytes, wanted: str, begin: Callable[[Path], object] = leave) -> str:
    """Add a packed study once ``begin`` has begun something in it; returns its name.

    StudyError for anything but one manifest and the whole files that it names.
    """
    return put_in(partial(extract, data), wanted, begin)


def put_in(
    fill: Callable[[Path], None],
    wanted: str,
    begin: Callable[[Path], object] = leave,
) -> str:
    """Add the study with whose files ``fill`` fills a folder; returns its name.

    StudyError for anything but one manifest and the whole files that it names.
    """
    with files.temporary_folder(store.root() / wanted) as unpacked:
        try:
            fill(unpacked)
            manifest = store.read_manifest(unpacked)
            store.check_files(unpacked, manifest, hashes=True)
            check_memory(manifest)
            check_arrays(unpacked, manifest)
            check_numbers(unpacked, manifest)
            if has_recordings(manifest):
                read_recordings(unpacked)
            begin(unpacked)
        except StudyError as error:
            reason = str(error).replace(unpacked.name, "the study")
            raise StudyError(reason) from error
        return named(unpacked, wanted)


def named(unpacked: Path, wanted: str) -> str:
    """Give a study that was unpacked a name like ``wanted`` that is free."""
    while True:
        name = free_name(wanted)
        try:
            files.name_folder(unpacked, settings.child(store.root(), name))
        except files.Taken:
            continue
        return name


def extract(data: bytes, folder: Path) -> None:
    """Write the members of a packed study, bounded in number, size and expansion."""
    for member in members_of(data):
        files.write_file(settings.child(folder, member.name), member.content)
    if not (folder / store.MANIFEST).is_file():
        raise StudyError(f"it holds no {store.MANIFEST}.")


class Member(NamedTuple):
    """A file of a packed study."""

    name: str
    content: bytes


def members_of(data: bytes) -> Iterator[Member]:
    """The files of a packed study one by one; StudyError for a zip that is damaged."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            members = packed.infolist()
            check_members(members)
            for member in members:
                content = content_of(packed, member)
                yield Member(member.filename, content)
    except DAMAGES as error:
        raise StudyError(
            "the file is cut short or is not a packed study. "
            "Download it again from where it came."
        ) from error


def check_members(members: Sequence[zipfile.ZipInfo]) -> None:
    """StudyError for members that no packed study has, or that are too many or large."""
    size = sum(member.file_size for member in members)
    check_once(members)
    if len(members) > MAX_FILES or size > settings.MAX_STUDY_BYTES:
        raise StudyError("it holds more than a study can.")
    for member in members:
        name = member.filename
        known = name in (store.MANIFEST, RECORDED) or name.endswith(".safetensors")
        most = MAX_RATIO * max(1, member.compress_size)
        if not known or member.file_size > most:
            raise StudyError(f"“{name[:60]}” does not belong into a study.")


def check_once(members: Sequence[zipfile.ZipInfo]) -> None:
    """StudyError for a member that is there twice, since one of them would be lost.

    Capitals count as small letters, as on the disks of Windows and macOS.
    """
    known = set()
    for member in members:
        name = member.filename.casefold()
        if name in known:
            raise StudyError(f"it holds “{member.filename[:60]}” twice.")
        known.add(name)


def free_name(wanted: str) -> str:
    """A study name like ``wanted`` that is free."""
    plain = ""
    for char in wanted:
        allowed = char in "._-" or (char.isascii() and char.isalnum())
        plain += char if allowed else "-"
    plain = plain.strip("._-")[:50].replace("..", ".") or "study"
    taken = set(names())
    name, number = plain, 1
    while name in taken:
        number += 1
        name = f"{plain}-{number}"
    return name


def summary(study: Study) -> dict[str, Any]:
    """What a list of studies shows."""
    estimator = study.manifest.estimator if study.concepts else "none"
    words = len(study.words.concepts) if study.words else 0
    return {
        "name": study.name,
        "title": study.title,
        "kind": study.kind,
        "model": study.model,
        "concepts": len(study.concepts),
        "languages": len(study.languages),
        "layers": study.layers,
        "estimator": estimator,
        "words": words,
        "unfinished cells": len(study.missing),
    }


def provenance(study: Study) -> str:
    """The manifest's facts without the file list, as JSON text."""
    known = to_json(replace(study.manifest, files={}, pairs=None))
    if study.kind == PUBLISHED:
        for key in Manifest.NEEDED:  # has no files, and says these elsewhere
            del known[key]
    else:
        del known["files"]
        known["missing"] = study.missing
    return json.dumps(known, ensure_ascii=False, indent=1)
