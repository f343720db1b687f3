"""A study is of the very files of a model, not of whatever lies under its name later."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.core.errors import StudyError
from analysis.study import library, store
from analysis.study.manifest import Manifest
from analysis.study.same_engine import check_engine, engine_in_words
from analysis.study.study import Study

if TYPE_CHECKING:
    from analysis.model.hub import Source
    from analysis.model.load import Loaded


def facts_of(loaded: "Loaded") -> dict[str, Any]:
    """What a manifest that is begun says of a model's files; nothing of the hub's."""
    if not loaded.source.files:
        return {}
    return {"model_files": loaded.source.files, "weights": loaded.stored}


def hold_to_files(folder: Path, loaded: "Loaded") -> None:
    """Note the files of a model, and how its weights were stored, when a study begins.

    StudyError when they have changed since. Hub models are told by their commit, and
    studies of older versions say nothing of files.
    """
    known = facts_of(loaded)
    manifest = store.read_manifest(folder)
    check_files(manifest, loaded)
    if known and manifest.model_files is None and not manifest.files:
        with store.writing(folder):
            begun = store.read_manifest(folder)
            store.write_manifest(folder, replace(begun, **known))


def check_files(manifest: Manifest, loaded: "Loaded") -> None:
    """StudyError where a study is of another engine, or of other files than its model."""
    check_engine(manifest)
    if has_changed(manifest, loaded.source):
        raise StudyError(
            f"“{manifest.title}” was begun with other files of {loaded.source.name}: its "
            "folder has been changed since, and numbers of both would be mixed. Put the "
            "former files back to go on, or begin a new study."
        )


def has_changed(manifest: Manifest, source: "Source") -> bool:
    """Whether a model of a study's name has other files now than when that was begun."""
    files = source.files
    same_name = manifest.model_name == source.name
    known = manifest.model_files
    return bool(same_name and known and files and known != files)


def opener(source: "Source", notices: list[str]) -> Callable[[str], Study]:
    """Opens studies by name, each once; a notice of other files or another engine."""

    def opened(name: str) -> Study:
        study = library.open_by_name(name)
        if has_changed(study.manifest, source):
            notices.append(
                f"The folder of {source.name} has been changed since "
                f"“{study.title}” was made: its vectors are those of the former files."
            )
        if study.manifest.engine is not None:
            notices.append(
                f"The vectors of “{study.title}” were read by "
                f"{engine_in_words(study.manifest.engine)}."
            )
        return study

    return cache(opened)
