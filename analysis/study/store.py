"""Studies on disk: a folder with ``manifest.json`` and safetensors files.

Every file is written under a temporary name, fsynced and renamed; no file is ever
rewritten in place; a file counts only once the manifest names it with its size and
SHA-256.
"""

import hashlib
import json
import re
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save

from analysis.core import disk, files, settings
from analysis.core.errors import StudyError
from analysis.core.json_text import parse_json
from analysis.core.specs import Spec, check_text, digest
from analysis.core.version import __version__
from analysis.study import bounds, claims, commits, coverage, stored_trials
from analysis.study.array_checks import check_arrays
from analysis.study.arrays import KINDS, frozen
from analysis.study.manifest import SCHEMA, FileEntry, FolderManifest, Manifest
from analysis.study.recordings import (
    RECORDED,
    Recordings,
    as_bytes,
    parsed,
    read_recordings,
)
from analysis.study.records import read_record, to_json
from analysis.study.stored_arrays import (
    BY_CELL,
    MASK,
    SentencePlace,
    read_array,
    read_parts,
    read_sentences,
    read_words,
)
from analysis.study.study import COMPUTED, Study

MANIFEST = "manifest.json"
LOCK = ".lock"
PATIENCE = 2.0
"""Seconds for which whoever wants to share a study waits for who holds it."""
MAX_MANIFEST_BYTES = 32 * 2**20

M = TypeVar("M", bound=FolderManifest)
T = TypeVar("T")


class InUse(StudyError):
    """A study that others compute at the moment."""


def root() -> Path:
    """The folder of this server's studies, made when missing if that can be."""
    return files.wanted_folder(settings.home() / "studies")


def newest_first(parent: Path) -> list[Path]:
    """The folders of studies or of runs, the one that was written last first."""
    written = {}
    for path in disk.listed(parent):
        # Another session may have deleted it since.
        with suppress(OSError):
            found = path.stat()
            if settings.NAME.fullmatch(path.name) and stat.S_ISDIR(found.st_mode):
                written[path] = found.st_mtime
    return sorted(written, key=written.__getitem__, reverse=True)


def name_of(spec: Spec, title: str) -> str:
    """A study's folder: its title made plain, and its spec's digest.

    StudyError for a title that is longer than any.
    """
    check_text("The title", title)
    bounds.check_length(title, "The title", bounds.LONGEST_TITLE)
    return f"{plain_name(title, 'study')}-{digest(spec)[:8]}"


def plain_name(title: str, otherwise: str) -> str:
    """A title in letters, digits and hyphens, for names of folders."""
    return re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-")[:40] or otherwise


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a study's folder, checked.

    StudyError when it is missing, damaged or from a newer version.
    """
    return read_as(Manifest, folder)


def read_as(kind: type[M], folder: Path) -> M:
    """The manifest in a folder, checked, as one kind of manifest.

    StudyError when it is missing, damaged or from a newer version.
    """
    # Before the manifest: what is folded into it meanwhile is then in both.
    added = commits.told_files(folder, kind.ENTRY)
    values = read_json(folder)
    try:
        manifest = commits.with_told(read_record(kind, values, ""), added)
        manifest.check()
    except StudyError as error:
        raise damaged(folder, str(error)) from error
    return manifest


def read_json(folder: Path) -> dict[str, Any]:
    """What a manifest holds; StudyError when it is missing, no JSON object, or newer."""
    path = folder / MANIFEST
    with disk.reading(path):
        if not path.is_file():
            raise StudyError(f"{folder.name} is not a study: it has no {MANIFEST}.")
        if path.stat().st_size > MAX_MANIFEST_BYTES:
            most = MAX_MANIFEST_BYTES // 2**20
            raise StudyError(
                f"The manifest of {folder.name} is larger than {most} MiB and was not "
                "read."
            )
        data = path.read_bytes()
    try:
        values = parse_json(data)
    except ValueError as error:
        raise damaged(folder, f"it is no JSON ({error}).") from error
    if not isinstance(values, dict):
        raise damaged(folder, f"it must be an object; found is {str(values)[:60]!r}.")
    schema = values.get("schema", SCHEMA)
    if schema != SCHEMA:
        raise StudyError(
            f"{folder.name} has schema {str(schema)[:20]}; this version reads {SCHEMA}. "
            "Update Babelscope to open it."
        )
    return values


def damaged(folder: Path, found: str) -> StudyError:
    """The error for a manifest that cannot be what this program wrote."""
    return StudyError(
        f"The manifest of {folder.name} is damaged: {found} Nothing was changed. "
        "Restore the file, or compute it again."
    )


def write_manifest(folder: Path, manifest: FolderManifest) -> None:
    """Replace the manifest; StudyError for one that could not be read again."""
    check_opens(manifest)
    put_manifest(folder, manifest)


def put_manifest(folder: Path, manifest: FolderManifest) -> None:
    """Replace the manifest by one that names other files and says nothing else anew."""
    files.write_file(folder / MANIFEST, as_text(manifest).encode())


def as_text(manifest: FolderManifest) -> str:
    """What is written of a manifest."""
    values = to_json(manifest)
    return json.dumps(values, ensure_ascii=False, indent=1, allow_nan=False)


def check_opens(manifest: FolderManifest) -> None:
    """StudyError for what could be written, but would then be refused by readers."""
    text = as_text(manifest)
    if len(text.encode()) > MAX_MANIFEST_BYTES:
        most = MAX_MANIFEST_BYTES // 2**20
        raise unkept(f"what is known of it is larger than {most} MiB.")
    try:
        values = parse_json(text)
    except ValueError as error:
        raise unkept(f"{error}.") from error
    try:
        read_record(type(manifest), values, "").check()
    except StudyError as error:
        raise unkept(str(error)) from error


def unkept(found: str) -> StudyError:
    """The error for a study that is not written, since it could not be opened again."""
    return StudyError(
        f"This study cannot be made: {found} Nothing was written. Choose otherwise and "
        "start again."
    )


def create(
    name: str,
    manifest: FolderManifest,
    parent: Path | None = None,
    tensors: Mapping[str, Mapping[str, np.ndarray]] | None = None,
) -> Path:
    """Make a new folder with its manifest and files of tensors, whole or not at all.

    It is a study's unless another ``parent`` is given. StudyError when the name is taken.
    """
    folder = settings.child(parent or root(), name)
    begun = replace(manifest, babelscope=__version__)
    check_opens(begun)
    try:
        with files.new_folder(folder) as temporary:
            for file, held in (tensors or {}).items():
                entry = write_tensors(temporary / file, held)
                begun = begun.with_file(file, entry)
            put_manifest(temporary, begun)
    except files.Taken as error:
        raise StudyError(
            f"There is a study named “{name}” already. Choose another name, "
            "or delete that one first."
        ) from error
    return folder


@contextmanager
def writing(folder: Path, abandoned: bool = False) -> Iterator[None]:
    """Hold a study for writing; InUse when another holds it, StudyError when it is gone.

    One that several processes compute is held only where ``abandoned`` ones may be, and
    none of them has been heard of lately.
    """
    try:
        was_empty = not list(folder.iterdir())
    except FileNotFoundError as error:
        raise gone(folder) from error
    try:
        with files.locked(folder / LOCK):
            # A lock makes its folder again where that was deleted meanwhile.
            left_over = holds_only_its_lock(folder) and not was_empty
            left_alone = abandoned and not claims.beat_lately(folder)
            if commits.are_shared(folder) and not left_alone:
                raise shared(folder)
            if not left_over:
                yield
    except files.Held as error:
        raise InUse(
            f"{folder.name} is being computed by another job. Wait for it, "
            "or stop it first."
        ) from error
    if left_over:
        remove_lock(folder)
        raise gone(folder)


def shared(folder: Path) -> InUse:
    """The error for a study that several processes compute together."""
    return InUse(
        f"{folder.name} is being computed by several processes together. Wait for them, "
        f"or take part with --resume {folder.name}."
    )


def share(folder: Path) -> None:
    """Let several processes compute a study together from now on.

    StudyError when one computes it alone, or it is gone.
    """
    begin = time.monotonic()
    while not commits.are_shared(folder):
        try:
            with writing(folder):
                commits.share(folder)
        except StudyError:
            # Another one that takes part may be first, and be about to share it.
            late = time.monotonic() - begin > PATIENCE
            if not commits.are_shared(folder) and (late or not folder.is_dir()):
                raise
            time.sleep(PATIENCE / 100)


def fold(
    folder: Path, order: Iterable[str], kind: type[FolderManifest] = Manifest
) -> None:
    """Put what several processes added into the manifest, its files in this order.

    The study is still shared; once that ends it is as one process leaves it. A kill in
    between loses nothing.
    """
    put_manifest(folder, commits.in_order(read_as(kind, folder), order))


def gone(folder: Path) -> StudyError:
    """The error for a study that was deleted meanwhile."""
    return StudyError(
        f"{folder.name} is not here any more; somebody else may have deleted it."
    )


def holds_only_its_lock(folder: Path) -> bool:
    """Whether a folder has nothing in it but a lock."""
    return all(path.name == LOCK for path in disk.listed(folder))


def remove_lock(folder: Path) -> None:
    """Remove a folder that holds a lock and nothing else, if that can be done."""
    files.discard(folder / LOCK)
    with suppress(OSError):
        folder.rmdir()


@contextmanager
def taking_away(folder: Path) -> Iterator[None]:
    """Hold a study that is moved or removed; StudyError when another job holds it.

    Windows moves no folder with an open file in it: there it is only asked for.
    """
    if not files.WINDOWS:
        with writing(folder, abandoned=True):
            yield
        return
    with writing(folder, abandoned=True):
        pass
    yield


def add_file(
    folder: Path,
    file: str,
    tensors: Mapping[str, np.ndarray],
    gaps: tuple[str, ...] = (),
) -> None:
    """Commit one file of a study: first the file, then what names it.

    StudyError for numbers that are not finite; tensors whose keys begin with one of
    ``gaps`` may lack some (NaN).
    """
    check_finite(file, tensors, gaps)
    count_file(folder, file, write_tensors(folder / file, tensors))


def count_file(
    folder: Path, file: str, entry: FileEntry, kind: type[FolderManifest] = Manifest
) -> None:
    """Let a file that is whole count from now on.

    By the manifest, or by a record of its own where several processes add files.
    """
    if commits.are_shared(folder):
        commits.add(folder, file, entry)
        return
    manifest = read_as(kind, folder)
    if entry.keys and manifest.keys.issuperset(entry.keys):
        # One that slept for so long that others have done its part.
        if file not in manifest.files:
            files.discard(folder / file)
        return
    put_manifest(folder, manifest.with_file(file, entry))


def put_recordings(folder: Path, recordings: Recordings) -> None:
    """Keep recorded answers with a study, in place of any that it has.

    StudyError for what could not be read again. A kill in between leaves a study that
    is whole, with the former answers, with none, or with these.
    """
    data = as_bytes(recordings)
    parsed(data, folder)
    with writing(folder):
        manifest = read_manifest(folder)
        others = {**manifest.files}
        if others.pop(RECORDED, None):
            put_manifest(folder, replace(manifest, files=others))
        entry = write_entry(folder / RECORDED, data, ())
        put_manifest(folder, manifest.with_file(RECORDED, entry))


def check_finite(
    file: str, tensors: Mapping[str, np.ndarray], gaps: tuple[str, ...] = ()
) -> None:
    """StudyError for numbers that are not finite, and not gaps where there may be some."""
    for key, values in tensors.items():
        sound = np.isfinite(values)
        if gaps and key.startswith(gaps):
            sound = sound | np.isnan(values)
        if not sound.all():
            raise StudyError(
                f"The model gave states that are not finite while computing {file}. "
                "Choose float32 or bfloat16 and start again."
            )


def write_tensors(path: Path, tensors: Mapping[str, np.ndarray]) -> FileEntry:
    """Write a safetensors file whole or not at all; returns its manifest entry."""
    kept = {}
    for key, values in tensors.items():
        # Which makes a single number an array of one.
        kept[key] = np.ascontiguousarray(values).reshape(np.shape(values))
    return write_entry(path, save(kept), tensors)


def write_entry(
    path: Path,
    data: bytes,
    keys: Iterable[str],
) -> FileEntry:
    """Write a file whole or not at all; returns its manifest entry."""
    files.write_file(path, data)
    sha256 = hashlib.sha256(data).hexdigest()
    return FileEntry(bytes=len(data), sha256=sha256, keys=tuple(sorted(keys)))


def check_files(
    folder: Path,
    manifest: FolderManifest,
    hashes: bool = False,
) -> None:
    """StudyError unless every file that the manifest names is whole.

    ``hashes`` also compares SHA-256.
    """
    for file, entry in manifest.files.items():
        path = settings.child(folder, file)
        check_size(folder, file, entry)
        if hashes and hashlib.sha256(path.read_bytes()).hexdigest() != entry.sha256:
            raise StudyError(
                f"{folder.name} is damaged: {file} does not match its SHA-256. "
                "Restore it or compute it again."
            )


def check_size(
    folder: Path,
    file: str,
    entry: FileEntry,
) -> None:
    """StudyError unless a file is as long as the manifest says."""
    try:
        size = (folder / file).stat().st_size
        found = f"has {size:,} of {entry.bytes:,} bytes"
    except FileNotFoundError:
        size = None
        found = "is missing"
    if size != entry.bytes:
        raise StudyError(
            f"{folder.name} is damaged: {file} {found}. "
            "Restore the file, or compute the study again."
        )


def merged_since(folder: Path, manifest: Manifest, read: Callable[[Manifest], T]) -> T:
    """What is read of a study's files as a manifest names them.

    They may be merged into others after it was read, by whoever computes what is missing;
    then what was read stays as it is, and its files are those that are named by now.
    """
    while True:
        try:
            return read(manifest)
        except StudyError:
            newer = read_manifest(folder)
            if newer.files == manifest.files:
                raise
            manifest = replace(manifest, files=newer.files)


def whole_manifest(folder: Path) -> Manifest:
    """A study's manifest, all of whose files are there and hold what it implies."""
    manifest = read_manifest(folder)
    while True:
        try:
            check_files(folder, manifest)
            check_arrays(folder, manifest)
            return manifest
        except StudyError:
            # As above, but others may have listed more as well.
            newer = read_manifest(folder)
            if newer.files == manifest.files:
                raise
            manifest = newer


def open_study(folder: Path, kind: str = COMPUTED) -> Study:
    """Open a study's folder; arrays are read when they are asked for.

    StudyError when the manifest is damaged, a file is missing or cut short, or holds
    something else than the manifest implies.
    """
    manifest = whole_manifest(folder)
    now = partial(merged_since, folder, manifest)
    kept = {key.split("/")[0] for key in manifest.keys}

    def load_words(embedding: str, layer: int) -> np.ndarray:
        return now(lambda known: frozen(read_words(folder, known, embedding, layer)))

    def load_sentences(reading: str, language: str, layer: int) -> np.ndarray:
        place = SentencePlace(reading, language, layer)
        return now(lambda known: frozen(read_sentences(folder, known, place)))

    return Study(
        name=folder.name,
        title=manifest.title or folder.name,
        kind=kind,
        model=manifest.model_name,
        concepts=manifest.concepts,
        languages=manifest.languages,
        layers=manifest.layers,
        available=frozenset(kept & set(KINDS)),
        load=lambda name: now(lambda known: read_array(folder, known, name)),
        read_words=load_words,
        read_sentences=load_sentences,
        read_recorded=lambda: read_recordings(folder),
        read_trial=lambda name: now(
            lambda known: stored_trials.read(folder, known, name)
        ),
        manifest=manifest,
        missing=coverage.missing_cells(manifest),
    )


def seal(folder: Path) -> None:
    """Merge the cell files of a complete study into one file per array.

    A kill in between loses nothing.
    """
    manifest = read_manifest(folder)
    arrays = (*BY_CELL, MASK)
    before = files_of(manifest, arrays)
    kept = {file: entry for file, entry in manifest.files.items() if file not in before}
    for name in arrays:
        tensors = {}
        for (concept, language), part in sorted(
            read_parts(folder, manifest, name).items()
        ):
            tensors[f"{name}/{concept}/{language}"] = part
        if tensors:
            file = f"{name}.safetensors"
            kept[file] = write_tensors(folder / file, tensors)
    put_manifest(folder, replace(manifest, files=kept))
    remove_files(folder, before - kept.keys())


def files_of(manifest: Manifest, arrays: Iterable[str]) -> set[str]:
    """Files that hold anything of some arrays."""
    beginnings = tuple(f"{name}/" for name in arrays)
    found = set()
    for file, entry in manifest.files.items():
        if any(key.startswith(beginnings) for key in entry.keys):
            found.add(file)
    return found


def merge_stage(folder: Path, stage: str) -> None:
    """Put the files of a finished stage, ``stage-….safetensors``, into one.

    A kill in between loses nothing.
    """
    manifest = read_manifest(folder)
    parts = {file for file in manifest.files if file.startswith(f"{stage}-")}
    if len(parts) < 2:
        return
    tensors = {}
    for file in parts:
        with safe_open(folder / file, "numpy") as held:
            for key in held.keys():  # noqa: SIM118 (not a dictionary)
                tensors[key] = held.get_tensor(key)
    whole = f"{stage}.safetensors"
    kept = {file: entry for file, entry in manifest.files.items() if file not in parts}
    kept[whole] = write_tensors(folder / whole, dict(sorted(tensors.items())))
    put_manifest(folder, replace(manifest, files=kept))
    remove_files(folder, parts)


def remove_files(folder: Path, names: Iterable[str]) -> None:
    """Remove files that no manifest names any more."""
    for name in names:
        # Windows keeps what somebody reads; it no longer counts in any case.
        files.discard(folder / name)
