"""Word vectors of a study: cells (embedding × language) that are computed, committed
and resumed one by one.

They are added to a study of contrast pairs of the same model, or make a study of their own.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from analysis.concepts.readouts import WordStates
from analysis.core.counting import count_are
from analysis.core.errors import CorpusError, SpecError, unknown
from analysis.core.specs import digest, written
from analysis.study import coverage, text_cells
from analysis.study.coverage import WordCell
from analysis.study.manifest import Manifest, ReadPart, WordsPart
from analysis.study.text_cells import (
    TextCell,
    TextKind,
    TextReader,
    Texts,
    layers_to_keep,
)
from analysis.study.together import Progress, Shard, without_progress
from analysis.study.word_list import WordList
from analysis.words.embeddings import EMBEDDINGS, texts_to_read
from analysis.words.specs import WordSpec
from analysis.words.word_lists import checked_words

Readers = Callable[[str], TextReader]
"""Position (last, mean) → the model read there."""
WORDS = TextKind("words", "word vectors", "words or embeddings", coverage.missing_words)


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
    entry = WordsPart(
        spec=written(spec),
        digest=digest(spec),
        list=words,
        layers=tuple(validated(spec, words, reader)),
    )
    texts = Texts(spec, entry, words.notes)
    return text_cells.begin(WORDS, texts, reader, title, study, read)


def validated(
    spec: WordSpec,
    words: WordList,
    reader: TextReader,
) -> list[int]:
    """The layers to keep, once every word can be read in every way asked for."""
    if spec.words_digest != words.digest:
        raise SpecError(
            f"The spec is of the words {spec.words_digest}, given are "
            f"{words.digest}. Choose the same list and languages."
        )
    layers = layers_to_keep(spec, reader)
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
    return layers


def run(folder: Path, readers: Readers, progress: Progress = without_progress) -> None:
    """Compute the cells of words that are missing, one commit each.

    ``progress`` gets (done, of, cell) and may raise to stop.
    """
    text_cells.run(folder, partial(cells_of, readers=readers), progress)


def run_together(
    folder: Path, readers: Readers, shard: Shard, progress: Progress = without_progress
) -> None:
    """The same by several processes at once; StudyError as in ``together.compute``."""
    cells = partial(cells_of, readers=readers)
    text_cells.run_together(folder, cells, shard, progress)


def cells_of(manifest: Manifest, readers: Readers) -> list[TextCell]:
    """The cells of words that a complete study has, in order of computation."""
    known = manifest.part(WordsPart)
    found = []
    for cell in coverage.word_cells(manifest):
        file = f"word-{cell.embedding:03d}-{cell.language:03d}.safetensors"
        embedding = known.embeddings[cell.embedding]
        language = known.languages[cell.language]
        told = f"words · {embedding} · {language}"
        compute = partial(computed, cell, known, readers)
        found.append(TextCell(cell.key, file, told, compute))
    return found


def computed(
    cell: WordCell, known: WordsPart, readers: Readers
) -> dict[str, np.ndarray]:
    """Key → vectors of the words of a language, read in one way."""
    embedding = known.embeddings[cell.embedding]
    language = known.languages[cell.language]
    reader = readers(EMBEDDINGS[embedding].position)
    words = [word for word in known.list.words(language) if word]
    texts = texts_to_read(embedding, language, words)
    kept = [layer - 1 for layer in known.layers]
    states = WordStates(len(texts), kept, reader.hidden)
    reader.stream(texts, [states])
    return {cell.key: states.values}


def word_spec(
    model: object, words: WordList, embeddings: Sequence[str], **more: object
) -> WordSpec:
    """The spec of these words in all their languages."""
    return replace(
        WordSpec(model, words.name, words.digest, words.languages, tuple(embeddings)),  # pyright: ignore[reportArgumentType]
        **more,
    )
