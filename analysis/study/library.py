"""All studies that can be opened: published, demo, and this server's own. Rename, delete with undo, pack and unpack."""

import io
import json
import shutil
import time
import zipfile
from dataclasses import replace
from pathlib import Path

from analysis.core import settings
from analysis.core.errors import AnalysisError, StudyError, nearest
from analysis.study import store
from analysis.study.manifest import Manifest
from analysis.study.published_words import shipped
from analysis.study.records import to_json
from analysis.study.study import DEMO, PUBLISHED, Study

REQUESTS = "demo-requests"
DEMO_FOLDERS = {
    name: Path(__file__).parent.parent / "demo" / place
    for name, place in (("demo", "study"), (REQUESTS, "requests"))
}
"""The studies of the demo model that come along, by name."""
TRASH = "trash"
SUFFIX = ".babelscope"
MAX_FILES, MAX_RATIO = 2_000, 200


def names() -> list[str]:
    """Names of all studies: this server's own (newest first), the demo's, the published ones."""
    own = [
        path
        for path in store.root().iterdir()
        if path.is_dir() and settings.NAME.fullmatch(path.name)
    ]
    newest = sorted(own, key=lambda path: -path.stat().st_mtime)
    demo = [
        name
        for name, place in DEMO_FOLDERS.items()
        if (place / store.MANIFEST).is_file()
    ]
    return [path.name for path in newest] + demo + list(shipped())


def open_by_name(name: str) -> Study:
    """Open a study by its name; StudyError names the nearest one when there is none."""
    if name in shipped():
        return shipped()[name]
    if name in DEMO_FOLDERS:
        return replace(store.open_study(DEMO_FOLDERS[name], DEMO), name=name)
    folder = settings.child(store.root(), name)
    if not folder.is_dir():
        raise StudyError(
            f"There is no study “{name}” here.{nearest(name, names())} Choose one from the list, or upload it."
        )
    return store.open_study(folder)


def own_folder(name: str) -> Path:
    """The folder of one of this server's own studies; StudyError for published, demo and unknown ones."""
    if name in DEMO_FOLDERS or name in shipped():
        raise StudyError(
            f"“{name}” comes with Babelscope and cannot be changed. Changes are for studies made here."
        )
    folder = settings.child(store.root(), name)
    if not folder.is_dir():
        raise StudyError(f"There is no study “{name}” here.{nearest(name, names())}")
    return folder


def writable(name: str) -> Path:
    """The folder of a study of this server; of a demo study, that of a new copy. StudyError for published ones."""
    return (
        own_folder(unpack(pack(name), f"{name}-copy{SUFFIX}"))
        if name in DEMO_FOLDERS
        else own_folder(name)
    )


def rename(name: str, title: str) -> None:
    """Give a study a new title; its name, and so every link to it, stays."""
    title = " ".join(title.split())
    if not 1 <= len(title) <= 80:
        raise StudyError(f"A title has 1 to 80 characters; given were {len(title)}.")
    folder = own_folder(name)
    with store.writing(folder):
        manifest = store.read_manifest(folder)
        store.write_manifest(folder, replace(manifest, title=title))


def delete(name: str) -> str:
    """Move a study to the trash; returns the token that restores it. Not while it is being computed."""
    folder = own_folder(name)
    trash = settings.home() / TRASH
    trash.mkdir(parents=True, exist_ok=True)
    token = f"{int(time.time())}.{name}"
    with store.writing(folder):
        folder.rename(trash / token)
    return token


def trashed() -> list[str]:
    """Tokens of deleted studies that can be restored, newest first."""
    trash = settings.home() / TRASH
    return (
        sorted((path.name for path in trash.iterdir()), reverse=True)
        if trash.is_dir()
        else []
    )


def restore(token: str) -> str:
    """Undo a delete; returns the study's name."""
    if token not in trashed():
        raise StudyError("That study was removed for good or restored already.")
    name = token.split(".", 1)[1]
    target = settings.child(store.root(), name)
    if target.exists():
        raise StudyError(
            f"A study named “{name}” exists again; rename or delete that one first."
        )
    (settings.home() / TRASH / token).rename(target)
    return name


def purge() -> int:
    """Remove deleted studies for good; returns how many."""
    tokens = trashed()
    for token in tokens:
        shutil.rmtree(settings.home() / TRASH / token)
    return len(tokens)


def pack(name: str) -> bytes:
    """A study of this server (or a demo study) as one file: a zip of its manifest and safetensors files."""
    folder = DEMO_FOLDERS[name] if name in DEMO_FOLDERS else own_folder(name)
    manifest = store.read_manifest(folder)
    store.check_files(folder, manifest)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as packed:
        for file in (store.MANIFEST, *sorted(manifest.files)):
            packed.write(folder / file, file)
    return buffer.getvalue()


def unpack(data: bytes, filename: str) -> str:
    """Add a packed study; returns its name. Refuses anything but one manifest and the whole files that it names."""
    if len(data) > settings.MAX_STUDY_BYTES:
        raise StudyError(
            f"{filename} is larger than {settings.MAX_STUDY_BYTES // 2**30} GiB."
        )
    temporary = store.root() / f".tmp-upload-{time.time_ns()}"
    temporary.mkdir()
    try:
        extract(data, filename, temporary)
        manifest = store.read_manifest(temporary)
        store.check_files(temporary, manifest, hashes=True)
        name = free_name(Path(filename).stem or "study")
        temporary.rename(settings.child(store.root(), name))
    except AnalysisError as error:
        raise StudyError(
            f"{filename} was not added: {str(error).replace(temporary.name, 'the study')}"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return name


def extract(data: bytes, filename: str, folder: Path) -> None:
    """Write the members of a packed study, bounded in number, size and expansion."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            entries = packed.infolist()
            if (
                len(entries) > MAX_FILES
                or sum(entry.file_size for entry in entries) > settings.MAX_STUDY_BYTES
            ):
                raise StudyError("it holds more than a study can.")
            for entry in entries:
                plain = entry.filename == store.MANIFEST or entry.filename.endswith(
                    ".safetensors"
                )
                if not plain or entry.file_size > MAX_RATIO * max(
                    1, entry.compress_size
                ):
                    raise StudyError(
                        f"“{entry.filename[:60]}” does not belong into a study."
                    )
                settings.child(folder, entry.filename).write_bytes(packed.read(entry))
    except (
        zipfile.BadZipFile,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise StudyError(
            "the file is cut short or is not a packed study. Download it again from where it came."
        ) from error
    if not (folder / store.MANIFEST).is_file():
        raise StudyError(f"it holds no {store.MANIFEST}.")


def free_name(wanted: str) -> str:
    """A study name like ``wanted`` that is free."""
    plain = "".join(
        char if char.isascii() and char.isalnum() or char in "._-" else "-"
        for char in wanted
    )
    plain = plain.strip("._-")[:50].replace("..", ".") or "study"
    taken = set(names())
    return next(
        name
        for name in (plain, *(f"{plain}-{i}" for i in range(2, 10_000)))
        if name not in taken
    )


def summary(study: Study) -> dict:
    """What a list of studies shows."""
    return {
        "name": study.name,
        "title": study.title,
        "kind": study.kind,
        "model": study.model,
        "concepts": len(study.concepts),
        "languages": len(study.languages),
        "layers": study.layers,
        "estimator": study.manifest.estimator if study.concepts else "none",
        "words": len(study.words.concepts) if study.words else 0,
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
