"""Studies on disk: a folder with ``manifest.json`` and safetensors files.

Every file is written under a temporary name, fsynced and renamed; no file is ever rewritten in place; a file counts only once the
manifest names it with its size and SHA-256. Opening never unpickles anything.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import xarray as xr
from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from analysis.core import files, settings
from analysis.core.errors import StudyError
from analysis.core.files import sync_folder, temporary_beside
from analysis.core.specs import Spec, digest
from analysis.core.version import __version__
from analysis.study import coverage
from analysis.study.arrays import BY_FIRST, KINDS, SIDES, frozen, labelled
from analysis.study.coverage import WORDS
from analysis.study.manifest import (
    SCHEMA,
    FileEntry,
    FolderManifest,
    Manifest,
    WordsPart,
)
from analysis.study.records import read_record, to_json
from analysis.study.study import COMPUTED, Study

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 32 * 2**20
"""Kept per embedding and language, a file each, and read layer by layer: ``word_vector/embedding index/language index``."""
BY_CELL = ("concept_vector", "half_a", "half_b", "shuffled", "state_norm", "pair_score")
"""Arrays kept per cell; keys are ``array/concept index/language index``."""
MASK = "scored"
"""Which (source, pair) of a score cell exist; the others are missing and read as NaN."""
SCALE = "item_scale"
"""What the states of questions were divided by, per layer, so that half precision holds them; a power of two, mostly 1."""

MEASURED_WHOLE = ("plane_tokens", "plane_answer")
"""Arrays of the plane that are the same in every setting, kept once."""


def root() -> Path:
    """The folder of this server's studies, made when missing."""
    folder = settings.home() / "studies"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


M = TypeVar("M", bound=FolderManifest)


def write_entry(path: Path, data: bytes, keys: Iterable[str]) -> FileEntry:
    """Write a file whole or not at all; returns its manifest entry."""
    files.write_file(path, data)
    sha256 = hashlib.sha256(data).hexdigest()
    return FileEntry(bytes=len(data), sha256=sha256, keys=tuple(sorted(keys)))


def write_manifest(folder: Path, manifest: FolderManifest) -> None:
    """Replace the manifest."""
    values = to_json(manifest)
    text = json.dumps(values, ensure_ascii=False, indent=1, allow_nan=False)
    files.write_file(folder / MANIFEST, text.encode())


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a study's folder, checked.

    StudyError when it is missing, damaged or from a newer version.
    """
    return read_as(Manifest, folder)


def read_as(kind: type[M], folder: Path) -> M:
    """The manifest in a folder, checked, as one kind of manifest.

    StudyError when it is missing, damaged or from a newer version.
    """
    values = read_json(folder)
    try:
        manifest = read_record(kind, values, "")
        manifest.check()
    except StudyError as error:
        raise damaged(folder, str(error)) from error
    return manifest


def damaged(folder: Path, found: str) -> StudyError:
    """The error for a manifest that cannot be what this program wrote."""
    return StudyError(
        f"The manifest of {folder.name} is damaged: {found} Nothing was changed. "
        "Restore the file, or compute it again."
    )


def read_json(folder: Path) -> dict[str, Any]:
    """What a manifest holds; StudyError when it is missing, no JSON object, or newer."""
    path = folder / MANIFEST
    if not path.is_file():
        raise StudyError(f"{folder.name} is not a study: it has no {MANIFEST}.")
    if path.stat().st_size > MAX_MANIFEST_BYTES:
        raise StudyError(
            f"The manifest of {folder.name} is larger than {MAX_MANIFEST_BYTES // 2**20} MiB and was not read."
        )
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
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


def create(name: str, manifest: FolderManifest, parent: Path | None = None) -> Path:
    """Make a new study's folder with its manifest, whole or not at all."""
    parent = parent or root()
    folder = settings.child(parent, name)
    temporary = temporary_beside(folder)
    temporary.mkdir(parents=True)
    try:
        write_manifest(temporary, replace(manifest, babelscope=__version__))
        if folder.exists():
            raise StudyError(
                f"There is a study named “{name}” already. Choose another name, or delete that one first."
            )
        os.rename(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    sync_folder(parent)
    return folder


def add(folder: Path, file: str, tensors: Mapping[str, np.ndarray]) -> None:
    """Commit one file of a study: first the file, then the manifest that names it."""
    if not all(np.isfinite(values).all() for values in tensors.values()):
        raise StudyError(
            f"The model gave states that are not finite while computing {file}. Choose float32 or bfloat16 and start again."
        )
    data = save({key: np.ascontiguousarray(values) for key, values in tensors.items()})
    entry = write_entry(folder / file, data, tensors)
    write_manifest(folder, read_manifest(folder).with_file(file, entry))


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the study for writing; StudyError when another process or job holds it."""
    # The system's own lock, which it takes back from a process that is killed.
    lock = FileLock(folder / ".lock", blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise StudyError(
            f"{folder.name} is being computed by another job. Wait for it, or stop it first."
        ) from error
    try:
        yield
    finally:
        lock.release()


def check_files(folder: Path, manifest: FolderManifest, hashes: bool = False) -> None:
    """StudyError unless every file that the manifest names is whole; ``hashes`` also compares SHA-256."""
    for file, entry in manifest.files.items():
        settings.child(folder, file)
        path = folder / file
        size = path.stat().st_size if path.is_file() else None
        if size != entry.bytes:
            found = (
                "is missing"
                if size is None
                else f"has {size:,} of {entry.bytes:,} bytes"
            )
            raise StudyError(
                f"{folder.name} is damaged: {file} {found}. Restore the file, or compute the study again."
            )
        if hashes and hashlib.sha256(path.read_bytes()).hexdigest() != entry.sha256:
            raise StudyError(
                f"{folder.name} is damaged: {file} does not match its SHA-256. Restore it or compute it again."
            )


def open_study(folder: Path, kind: str = COMPUTED) -> Study:
    """Open a study's folder; arrays are read when they are asked for."""
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    kept = {key.split("/")[0] for key in manifest.keys}
    return Study(
        name=folder.name,
        title=manifest.title or folder.name,
        kind=kind,
        model=manifest.model_name,
        concepts=manifest.concepts,
        languages=manifest.languages,
        layers=manifest.layers,
        available=frozenset(kept & set(KINDS)),
        load=lambda name: read_array(folder, manifest, name),
        read_words=lambda embedding, layer: frozen(
            read_words(folder, manifest, embedding, layer)
        ),
        manifest=manifest,
        missing=coverage.missing_cells(manifest),
    )


def read_array(folder: Path, manifest: Manifest, name: str) -> xr.DataArray:
    """One array of a study with its labels; cells not computed and pairs that a language lacks are NaN."""
    if name in BY_FIRST:
        return read_by_first(folder, manifest, name)
    if name == WORDS:
        return all_words(folder, manifest)
    concepts, languages = manifest.concepts, manifest.languages
    parts = read_parts(folder, manifest, name)
    if name == "pair_score":
        masks = read_parts(folder, manifest, MASK)
        parts = {
            cell: np.where(masks[cell][:, None] > 0, part, np.nan)
            for cell, part in parts.items()
        }
    shape = np.max([part.shape for part in parts.values()], axis=0)
    values = np.full((len(concepts), len(languages), *shape), np.nan, np.float32)
    for (c, a), part in parts.items():
        values[(c, a, *(slice(0, n) for n in part.shape))] = part
    coords = {
        "concept": concepts,
        "language": languages,
        "source": languages,
        "target": languages,
    }
    coords["layer"] = range(1, manifest.layers + 1)
    if name == "pair_score":
        values = np.moveaxis(values, 2, 1)
        coords["pair"] = range(values.shape[-1])
    return labelled(name, values, coords, study=folder.name)


def read_by_first(folder: Path, manifest: Manifest, name: str) -> xr.DataArray:
    """One array without a concept; what was not computed is NaN. States of questions stay in half precision."""
    languages = manifest.languages
    parts = {
        place: part for (place,), part in read_parts(folder, manifest, name).items()
    }
    if name == "item_state":
        scales = {
            a: scale for (a,), scale in read_parts(folder, manifest, SCALE).items()
        }
        parts = {
            a: part if (scales[a] == 1).all() else part * scales[a][:, None]
            for a, part in parts.items()
        }
    if name in MEASURED_WHOLE:
        return labelled(name, parts[0], {"language": languages}, study=folder.name)
    first = next(iter(parts.values()))
    kind = KINDS[name].dims[0]
    size = len(languages) if kind == "language" else max(parts) + 1
    values = np.full(
        (size, *first.shape),
        np.nan,
        np.result_type(*(part.dtype for part in parts.values()), np.float16),
    )
    for place, part in parts.items():
        values[place] = part
    coords = {
        "language": languages,
        "layer": range(1, manifest.layers + 1),
        "side": SIDES,
    }
    return labelled(name, values, coords, study=folder.name)


def read_parts(
    folder: Path, manifest: FolderManifest, name: str
) -> dict[tuple[int, ...], np.ndarray]:
    """The tensors of one array by (concept index, language index), or by language index."""
    parts = {}
    for file, entry in manifest.files.items():
        wanted = [key for key in entry.keys if key.startswith(f"{name}/")]
        if not wanted:
            continue
        try:
            with safe_open(folder / file, "numpy") as tensors:
                parts |= {
                    tuple(map(int, key.split("/")[1:])): tensors.get_tensor(key)
                    for key in wanted
                }
        except (SafetensorError, OSError, ValueError) as error:
            raise StudyError(
                f"{file} of {folder.name} cannot be read ({error}). Restore it or compute it again."
            ) from error
    return parts


def read_words(
    folder: Path, manifest: Manifest, embedding: str, layer: int
) -> np.ndarray:
    """Vectors of one embedding at one layer: (language, word, hidden), float32; NaN for words and cells that are not there."""
    known = manifest.part(WordsPart)
    values = np.full(
        (len(known.languages), len(known.list.concepts), manifest.hidden or 0),
        np.nan,
        np.float32,
    )
    files = {key: file for file, entry in manifest.files.items() for key in entry.keys}
    place = known.layers.index(layer)
    for a, language in enumerate(known.languages):
        key = f"{WORDS}/{known.embeddings.index(embedding)}/{a}"
        if key not in files:
            continue
        try:
            with safe_open(folder / files[key], "numpy") as tensors:
                there = known.list.present(language)
                values[a, there] = tensors.get_slice(key)[place]
        except (SafetensorError, OSError, ValueError) as error:
            raise StudyError(
                f"{files[key]} of {folder.name} cannot be read ({error}). Restore it or compute it again."
            ) from error
    return values


def all_words(folder: Path, manifest: Manifest) -> xr.DataArray:
    """The word vectors of all embeddings and layers; for small studies."""
    known = manifest.part(WordsPart)
    values = [
        [read_words(folder, manifest, embedding, layer) for layer in known.layers]
        for embedding in known.embeddings
    ]
    coords = {
        "embedding": known.embeddings,
        "language": known.languages,
        "layer": known.layers,
        "word": known.list.concepts,
    }
    return labelled(
        WORDS, np.array(values).transpose(0, 2, 1, 3, 4), coords, study=folder.name
    )


def seal(folder: Path) -> None:
    """Merge the cell files of a complete study into one file per array; a kill in between loses nothing."""
    manifest = read_manifest(folder)
    merged = {f"{name}/" for name in (*BY_CELL, MASK)}
    before = {
        f
        for f, entry in manifest.files.items()
        if any(key.startswith(tuple(merged)) for key in entry.keys)
    }
    kept = {file: entry for file, entry in manifest.files.items() if file not in before}
    for name in (*BY_CELL, MASK):
        parts = read_parts(folder, manifest, name)
        tensors = {
            f"{name}/{c}/{a}": np.ascontiguousarray(part)
            for (c, a), part in sorted(parts.items())
        }
        if tensors:
            file = f"{name}.safetensors"
            kept[file] = write_entry(folder / file, save(tensors), tensors)
    write_manifest(folder, replace(manifest, files=kept))
    for file in before - set(kept):
        (folder / file).unlink(missing_ok=True)


def merge(folder: Path, stage: str) -> None:
    """Put the files of a finished stage, ``stage-….safetensors``, into one; a kill in between loses nothing."""
    manifest = read_manifest(folder)
    parts = [file for file in manifest.files if file.startswith(f"{stage}-")]
    if len(parts) < 2:
        return
    tensors = {}
    for file in parts:
        with safe_open(folder / file, "numpy") as held:
            tensors |= {key: held.get_tensor(key) for key in held.keys()}  # noqa: SIM118 (not a dictionary)
    whole = f"{stage}.safetensors"
    entry = write_entry(folder / whole, save(dict(sorted(tensors.items()))), tensors)
    kept = {file: each for file, each in manifest.files.items() if file not in parts}
    write_manifest(folder, replace(manifest, files={**kept, whole: entry}))
    for file in parts:
        (folder / file).unlink(missing_ok=True)


def name_of(spec: Spec, title: str) -> str:
    """A study's folder: its title made plain, and its spec's digest."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-")[:40] or "study"
    return f"{plain}-{digest(spec)[:8]}"
