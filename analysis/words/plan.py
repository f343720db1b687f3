"""Word vectors of a study: cells (embedding × language) that are computed, committed
and resumed one by one.

They are added to a study of contrast pairs of the same model, or make a study of their own.
"""

import platform
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from analysis.concepts.readouts import WordStates
from analysis.core.counting import count_are
from analysis.core.errors import CorpusError, SpecError, StudyError, unknown
from analysis.core.specs import digest, written
from analysis.study import coverage, store, together
from analysis.study.coverage import WordCell
from analysis.study.manifest import Manifest, ReadPart, WordsPart
from analysis.study.together import Group, Progress, Shard, without_progress
from analysis.study.word_list import WordList
from analysis.words.embeddings import EMBEDDINGS, texts_to_read
from analysis.words.specs import WordSpec
from analysis.words.word_lists import checked_words


class WordReader(Protocol):
    """A model that streams states of texts, read at one position, into consumers."""

    layers: int
    hidden: int

    def stream(self, texts: Sequence[str], consumers: Sequence) -> None:
        """Feed every consumer with (indices, states)."""
        ...

    def hollow(self, texts: Sequence[str]) -> list[str]:
        """The texts that become no token of their own."""
        ...


Readers = Callable[[str], WordReader]
"""Position (last, mean) → the model read there."""


def begin(
    spec: WordSpec,
    words: WordList,
    readers: Readers,
    title: str,
    study: Path | None = None,
    read: ReadPart | None = None,
) -> Path:
    """The study that the words of a spec go into: the one given, or one of their own,
    which is made or gone on with.

    CorpusError lists words that cannot be read; SpecError for embeddings, layers or
    prompts that are not to be had; StudyError when
    the named study is of another model or has other words, or everything is there already.
    """
    words = checked_words(words.within(spec.languages))
    reader = readers("last")
    layers = validated(spec, words, reader)
    entry = WordsPart(
        spec=written(spec), digest=digest(spec), list=words, layers=tuple(layers)
    )
    if study:
        return into(study, entry, spec)
    folder = store.root() / store.name_of(spec, title)
    if folder.exists():
        return unfinished(folder)
    libraries = {
        name: version(name)
        for name in ("torch", "transformers", "numpy", "safetensors")
    }
    return store.create(
        folder.name,
        Manifest(
            title=title,
            spec={"model": written(spec.model), "last_state": spec.last_state},
            digest=digest(spec),
            languages=spec.languages,
            layers=reader.layers,
            hidden=reader.hidden,
            pairs={},
            words=entry,
            read=read,
            notes=words.notes,
            libraries={"python": platform.python_version(), **libraries},
        ),
    )


def validated(
    spec: WordSpec,
    words: WordList,
    reader: WordReader,
) -> list[int]:
    """The layers to keep, once every word can be read in every way asked for."""
    if spec.words_digest != words.digest:
        raise SpecError(
            f"The spec is of the words {spec.words_digest}, given are "
            f"{words.digest}. Choose the same list and languages."
        )
    if wrong := [layer for layer in spec.layers if not 1 <= layer <= reader.layers]:
        raise SpecError(
            f"{spec.model.model} has layers 1 to {reader.layers}; asked for "
            f"{', '.join(map(str, wrong))}."
        )
    for embedding in spec.embeddings:
        if embedding not in EMBEDDINGS:
            raise unknown("embedding", embedding, EMBEDDINGS)
        for language in words.languages:
            texts_to_read(embedding, language, ())
    faults = []
    for language in words.languages:
        named = dict(zip(words.words(language), words.concepts))
        hollow = reader.hollow([word for word in words.words(language) if word])
        faults += [
            f"{language}, {named[word]}: {word!r} becomes no token" for word in hollow
        ]
    if faults:
        raise CorpusError(
            f"{count_are(len(faults), 'word')} without a token of this model; "
            f"the first is "
            f"{faults[0]}. Leave them empty.",
            faults,
        )
    return sorted(set(spec.layers)) or list(range(1, reader.layers + 1))


def into(folder: Path, entry: WordsPart, spec: WordSpec) -> Path:
    """Add words to a study of the same model."""
    with store.writing(folder):
        manifest = store.read_manifest(folder)
        known = manifest.words or entry
        read = manifest.model and replace(manifest.model, device=spec.model.device)
        if read != spec.model or manifest.last_state != spec.last_state:
            raise StudyError(
                f"“{manifest.title}” is of another model or precision. Make a study "
                "of its own of these words."
            )
        if known.digest != entry.digest:
            raise StudyError(
                f"“{manifest.title}” has other words already. Make a study of its "
                "own of these."
            )
        store.write_manifest(folder, replace(manifest, words=known))
    return unfinished(folder)


def unfinished(folder: Path) -> Path:
    """The folder, unless all its words are there."""
    if not coverage.missing_words(store.read_manifest(folder)):
        raise StudyError(
            f"“{folder.name}” has exactly these word vectors already. Open it, or "
            "change words or embeddings."
        )
    return folder


def run(
    folder: Path,
    readers: Readers,
    progress: Progress = without_progress,
) -> None:
    """Compute the cells of words that are missing, one commit each.

    ``progress`` gets (done, of, cell) and may raise to stop.
    """
    with store.writing(folder):
        manifest = store.read_manifest(folder)
        known = manifest.part(WordsPart)
        plan = coverage.word_cells(manifest)
        missing = set(coverage.missing_words(manifest))
        for done, cell in enumerate(plan):
            if cell in missing:
                progress(done, len(plan), in_words(known, cell))
                compute_cell(folder, known, cell, readers)
        progress(len(plan), len(plan), "done")


def run_together(
    folder: Path, readers: Readers, shard: Shard, progress: Progress = without_progress
) -> None:
    """The same by several processes at once; StudyError as in ``together.compute``."""
    manifest = store.read_manifest(folder)
    known = manifest.part(WordsPart)
    cells = {file_of(cell): cell for cell in coverage.word_cells(manifest)}

    def of_cell(group: Group) -> None:
        compute_cell(folder, known, cells[group.name], readers)

    groups = [Group(file, frozenset({c.key}), (file,)) for file, c in cells.items()]
    together.compute(folder, groups, of_cell, progress, shard)


def in_words(known: WordsPart, cell: WordCell) -> str:
    """What a cell is, for whoever waits."""
    embedding = known.embeddings[cell.embedding]
    return f"words · {embedding} · {known.languages[cell.language]}"


def file_of(cell: WordCell) -> str:
    """The file of a cell."""
    return f"word-{cell.embedding:03d}-{cell.language:03d}.safetensors"


def compute_cell(
    folder: Path, known: WordsPart, cell: WordCell, readers: Readers
) -> None:
    """Read the words of a language in one way, and commit their vectors."""
    embedding = known.embeddings[cell.embedding]
    language = known.languages[cell.language]
    reader = readers(EMBEDDINGS[embedding].position)
    words = [word for word in known.list.words(language) if word]
    texts = texts_to_read(embedding, language, words)
    kept = [layer - 1 for layer in known.layers]
    states = WordStates(len(texts), kept, reader.hidden)
    reader.stream(texts, [states])
    store.add_file(folder, file_of(cell), {cell.key: states.values})


def word_spec(
    model: object, words: WordList, embeddings: Sequence[str], **more: object
) -> WordSpec:
    """The spec of these words in all their languages."""
    return replace(
        WordSpec(model, words.name, words.digest, words.languages, tuple(embeddings)),  # pyright: ignore[reportArgumentType]
        **more,
    )
