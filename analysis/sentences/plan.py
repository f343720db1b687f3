"""Sentences of a study: cells (reading × language) that are computed, committed and
resumed one by one.

They are added to a study of the same model, or make a study of their own. With the first
reading of a language come the mean state over all its tokens and the mean length.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from analysis.concepts.readouts import LinearReadout, StateNorms, WordStates
from analysis.core.counting import count_are
from analysis.core.errors import CorpusError, SpecError
from analysis.core.positions import MEAN
from analysis.core.specs import digest, written
from analysis.sentences.parallel import ParallelText, checked_text
from analysis.sentences.readings import READINGS
from analysis.sentences.specs import SentenceSpec
from analysis.study import coverage, text_cells
from analysis.study.coverage import SentenceCell
from analysis.study.manifest import Manifest, ReadPart, SentencesPart
from analysis.study.text_cells import (
    TextCell,
    TextKind,
    TextReader,
    Texts,
    layers_to_keep,
)
from analysis.study.together import Progress, Shard, without_progress

MOST_BYTES = 2**30
"""States of one language in one reading, which are in memory at once."""
HALF, SINGLE = 2, 4
"""Bytes of a number."""


class SentenceReader(TextReader, Protocol):
    """A model that also tells how long texts are."""

    def own_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens of its own each text becomes."""
        ...


Readers = Callable[[str], SentenceReader]
"""Position (last, mean, weighted mean) → the model read there."""
SENTENCES = TextKind(
    "sentences", "sentences", "sentences or readings", coverage.missing_sentences
)


def sentence_spec(
    model: object, text: ParallelText, readings: Sequence[str], **more: object
) -> SentenceSpec:
    """The spec of these sentences in all their languages."""
    return replace(
        SentenceSpec(model, text.name, text.digest, text.languages, tuple(readings)),  # pyright: ignore[reportArgumentType]
        **more,
    )


def begin(
    spec: SentenceSpec,
    text: ParallelText,
    readers: Readers,
    title: str,
    study: Path | None = None,
    read: ReadPart | None = None,
) -> Path:
    """The study that the sentences of a spec go into: the one given, or one of their own,
    which is made or gone on with.

    CorpusError lists sentences that cannot be read; SpecError for layers that are not to
    be had and for states that are too many to be held; StudyError when the named study
    is of another model or has other sentences, or everything is there already.
    """
    reader = readers(MEAN)
    entry = entry_of(spec, text, validated(spec, text, reader))
    texts = Texts(spec, entry, text.notes)
    return text_cells.begin(SENTENCES, texts, reader, title, study, read)


def entry_of(
    spec: SentenceSpec, text: ParallelText, layers: Sequence[int]
) -> SentencesPart:
    """What a manifest tells of the sentences."""
    absent = {}
    for code in text.languages:
        places = np.flatnonzero(~text.present(code)).tolist()
        if places:
            absent[code] = tuple(places)
    return SentencesPart(
        spec=written(spec),
        digest=digest(spec),
        ids=text.ids,
        topics=text.topics,
        absent=absent,
        layers=tuple(layers),
        notes=text.notes,
    )


def validated(
    spec: SentenceSpec, text: ParallelText, reader: SentenceReader
) -> list[int]:
    """The layers to keep, once every sentence can be read."""
    checked_text(text)
    if spec.sentences_digest != text.digest:
        raise SpecError(
            f"The spec is of the sentences {spec.sentences_digest}, given are "
            f"{text.digest}. Choose the same text and languages."
        )
    layers = layers_to_keep(spec, reader)
    faults = []
    for language in text.languages:
        named = dict(zip(text.sentences(language), text.ids))
        for hollow in reader.hollow(text.readable(language)):
            faults.append(
                f"{language}, {named[hollow]}: {hollow[:60]!r} becomes no token"
            )
    if faults:
        raise CorpusError(
            f"{count_are(len(faults), 'sentence')} without a token of this model; the "
            f"first is {faults[0]}. Leave them empty.",
            faults,
        )
    check_size(states_bytes(len(text.ids), len(layers), reader.hidden), layers)
    return layers


def states_bytes(sentences: int, layers: int, hidden: int) -> int:
    """Bytes that the states of one language take in one reading, in half precision."""
    return HALF * sentences * layers * hidden


def study_bytes(
    text: ParallelText, spec: SentenceSpec, layers: int, hidden: int
) -> int:
    """Bytes that the sentences of a study take on disk, nearly."""
    kept = len(set(spec.layers)) or layers
    total = 0
    for language in text.languages:
        there = int(text.present(language).sum())
        total += len(spec.readings) * states_bytes(there, kept, hidden)
        total += SINGLE * layers * (hidden + 1)
    return total


def check_size(size: int, layers: Sequence[int]) -> None:
    """SpecError for states of one language that are too many to be held at once."""
    if size > MOST_BYTES:
        raise SpecError(
            f"The states of one language would take {size / 2**30:,.1f} GiB at "
            f"{len(layers)} layers; at most {MOST_BYTES / 2**30:.0f} GiB are held at "
            "once. Keep fewer layers, or read fewer sentences."
        )


def run(
    folder: Path,
    text: ParallelText,
    readers: Readers,
    progress: Progress = without_progress,
) -> None:
    """Compute the cells of sentences that are missing, one commit each.

    ``progress`` gets (done, of, cell) and may raise to stop.
    """
    cells = partial(cells_of, text=text, readers=readers)
    text_cells.run(folder, cells, progress)


def run_together(
    folder: Path,
    text: ParallelText,
    readers: Readers,
    shard: Shard,
    progress: Progress = without_progress,
) -> None:
    """The same by several processes at once; StudyError as in ``together.compute``."""
    cells = partial(cells_of, text=text, readers=readers)
    text_cells.run_together(folder, cells, shard, progress)


def cells_of(
    manifest: Manifest, text: ParallelText, readers: Readers
) -> list[TextCell]:
    """The cells of sentences that a complete study has, in order of computation."""
    known = manifest.part(SentencesPart)
    found = []
    for cell in coverage.sentence_cells(manifest):
        file = f"sentence-{cell.reading:03d}-{cell.language:03d}.safetensors"
        language = known.languages[cell.language]
        told = f"sentences · {known.readings[cell.reading]} · {language}"
        compute = partial(computed, cell, known, text.readable(language), readers)
        found.append(TextCell(cell.key, file, told, compute))
    return found


def computed(
    cell: SentenceCell,
    known: SentencesPart,
    texts: Sequence[str],
    readers: Readers,
) -> dict[str, np.ndarray]:
    """Key → tensor of one cell; of the first reading with means over all tokens."""
    position = READINGS[known.readings[cell.reading]].position
    reader = readers(position)
    kept = [layer - 1 for layer in known.layers]
    states = WordStates(len(texts), kept, reader.hidden)
    if cell.reading > 0:
        reader.stream(texts, [states])
        return {cell.key: states.values}
    tokens = np.array(reader.own_tokens(texts), float)
    mean = LinearReadout((tokens / tokens.sum())[None], reader.layers, reader.hidden)
    norms = StateNorms(reader.layers)
    if position == MEAN:
        reader.stream(texts, [states, mean, norms])
    else:
        reader.stream(texts, [states])
        readers(MEAN).stream(texts, [mean, norms])
    return {
        cell.key: states.values,
        f"sentence_mean/{cell.language}": mean.sums[0].astype(np.float32),
        f"sentence_norm/{cell.language}": norms.mean.astype(np.float32),
    }
