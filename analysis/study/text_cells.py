"""What a study holds of texts that stand alone, its words and its sentences: begun in a
study of the same model or as one of its own, computed, committed and resumed cell by
cell.
"""

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from analysis.core.errors import SpecError, StudyError
from analysis.core.specs import ModelSpec, digest, written
from analysis.study import store, together
from analysis.study.manifest import Manifest, ReadPart, SentencesPart, WordsPart
from analysis.study.together import Group, Plan, Progress, Shard, without_progress

LIBRARIES = ("torch", "transformers", "numpy", "safetensors")


class TextSpec(Protocol):
    """What the specs of words and of sentences have in common."""

    @property
    def model(self) -> ModelSpec:
        """The model that reads them."""
        ...

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages that are read."""
        ...

    @property
    def layers(self) -> tuple[int, ...]:
        """Layers (1…N) to keep; empty: all."""
        ...

    @property
    def last_state(self) -> str:
        """What the last layer's state is."""
        ...


class TextReader(Protocol):
    """A model that streams states of texts, read at one position, into consumers."""

    layers: int
    hidden: int

    def stream(self, texts: Sequence[str], consumers: Sequence) -> None:
        """Feed every consumer with (indices, states)."""
        ...

    def hollow(self, texts: Sequence[str]) -> list[str]:
        """The texts that become no token of their own."""
        ...


@dataclass(frozen=True)
class TextKind:
    """A kind of text: the part of a manifest that it is, and how it is spoken of.

    ``states`` are what a study has of it, ``choices`` what its spec chooses; ``missing``
    tells the cells that were not computed yet.
    """

    part: str
    states: str
    choices: str
    missing: Callable[[Manifest], Sequence]


@dataclass(frozen=True)
class TextCell:
    """A cell: the key of its tensor, its file, what it is in words, how it is computed."""

    key: str
    file: str
    words: str
    compute: Callable[[], dict[str, np.ndarray]]


Cells = Callable[[Manifest], list[TextCell]]
"""The cells that a complete study has, in order of computation."""


@dataclass(frozen=True)
class Texts:
    """Texts that a study is to hold, and what its manifest says of them."""

    spec: TextSpec
    entry: WordsPart | SentencesPart
    notes: tuple[str, ...]


def begin(
    kind: TextKind,
    texts: Texts,
    reader: TextReader,
    title: str,
    study: Path | None = None,
    read: ReadPart | None = None,
) -> Path:
    """The study that texts go into: the one given, or one of their own, which is made or
    gone on with.

    StudyError when the named study is of another model or has other texts of the kind,
    or everything is there already.
    """
    if study:
        return into(study, kind, texts)
    spec: Any = texts.spec
    folder = store.root() / store.name_of(spec, title)
    if folder.exists():
        return unfinished(folder, kind)
    libraries = {name: version(name) for name in LIBRARIES}
    alone = Manifest(
        title=title,
        spec={"model": written(spec.model), "last_state": spec.last_state},
        digest=digest(spec),
        languages=spec.languages,
        layers=reader.layers,
        hidden=reader.hidden,
        pairs={},
        read=read,
        notes=texts.notes,
        libraries={"python": platform.python_version(), **libraries},
    )
    return store.create(folder.name, with_part(alone, kind, texts.entry))


def with_part(manifest: Manifest, kind: TextKind, entry: object) -> Manifest:
    """A manifest with texts of a kind."""
    changes: dict[str, Any] = {kind.part: entry}
    return replace(manifest, **changes)


def into(folder: Path, kind: TextKind, texts: Texts) -> Path:
    """Add texts to a study of the same model."""
    spec = texts.spec
    with store.writing(folder):
        manifest = store.read_manifest(folder)
        known = getattr(manifest, kind.part) or texts.entry
        read = manifest.model and replace(manifest.model, device=spec.model.device)
        if read != spec.model or manifest.last_state != spec.last_state:
            raise StudyError(
                f"“{manifest.title}” is of another model, precision or way of batching. "
                f"Make a study of its own of these {kind.part}."
            )
        if known.digest != texts.entry.digest:
            raise StudyError(
                f"“{manifest.title}” has other {kind.part} already. Make a study of "
                "its own of these."
            )
        store.write_manifest(folder, with_part(manifest, kind, known))
    return unfinished(folder, kind)


def unfinished(folder: Path, kind: TextKind) -> Path:
    """The folder, unless all texts of a kind are there."""
    if not kind.missing(store.read_manifest(folder)):
        raise StudyError(
            f"“{folder.name}” has exactly these {kind.states} already. Open it, or "
            f"change {kind.choices}."
        )
    return folder


def layers_to_keep(spec: TextSpec, reader: TextReader) -> list[int]:
    """The layers of a spec, all where it names none; SpecError for one that is not there."""
    wrong = [layer for layer in spec.layers if not 1 <= layer <= reader.layers]
    if wrong:
        raise SpecError(
            f"{spec.model.model} has layers 1 to {reader.layers}; asked for "
            f"{', '.join(map(str, wrong))}."
        )
    return sorted(set(spec.layers)) or list(range(1, reader.layers + 1))


def run(folder: Path, cells: Cells, progress: Progress = without_progress) -> None:
    """Compute the cells that are missing, one commit each.

    ``progress`` gets (done, of, cell) and may raise to stop.
    """
    with store.writing(folder):
        manifest = store.read_manifest(folder)
        plan, there = cells(manifest), manifest.keys
        for done, cell in enumerate(plan):
            if cell.key not in there:
                progress(done, len(plan), cell.words)
                store.add_file(folder, cell.file, cell.compute())
        progress(len(plan), len(plan), "done")


def run_together(
    folder: Path, cells: Cells, shard: Shard, progress: Progress = without_progress
) -> None:
    """The same by several processes at once; StudyError as in ``together.compute``."""
    by_file = {cell.file: cell for cell in cells(store.read_manifest(folder))}

    def of_cell(group: Group) -> None:
        store.add_file(folder, group.name, by_file[group.name].compute())

    groups = []
    for file, cell in by_file.items():
        groups.append(Group(file, frozenset({cell.key}), (file,)))
    together.compute(folder, Plan(groups, of_cell), progress, shard)
