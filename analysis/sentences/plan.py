"""Sentences of a study: cells (reading × language) that are computed, committed and
resumed one by one.

They are added to a study of the same model, or make a study of their own. With the first
reading of a language come the mean state over all its tokens and the mean length.
"""

import platform
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import numpy as np

from analysis.concepts.readouts import LinearReadout, StateNorms, WordStates
from analysis.core.counting import count_are
from analysis.core.errors import CorpusError, SpecError, StudyError
from analysis.core.positions import MEAN
from analysis.core.specs import digest, written
from analysis.sentences.parallel import ParallelText, checked_text
from analysis.sentences.readings import READINGS
from analysis.sentences.specs import SentenceSpec
from analysis.study import coverage, store, together
from analysis.study.coverage import SentenceCell
from analysis.study.manifest import Manifest, ReadPart, SentencesPart
from analysis.study.together import Group, Progress, Shard, without_progress

MOST_BYTES = 2**30
"""States of one language in one reading, which are in memory at once."""
HALF, SINGLE = 2, 4
"""Bytes of a number."""


class SentenceReader(Protocol):
    """A model that streams states of texts, read at one position, into consumers."""

    layers: int
    hidden: int

    def stream(self, texts: Sequence[str], consumers: Sequence) -> None:
        """Feed every consumer with (indices, states)."""
        ...

    def hollow(self, texts: Sequence[str]) -> list[str]:
        """The texts that become no token of their own."""
        ...

    def own_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens of its own each text becomes."""
        ...


Readers = Callable[[str], SentenceReader]
"""Position (last, mean, weighted mean) → the model read there."""


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
            sentences=entry,
            read=read,
            notes=text.notes,
            libraries={"python": platform.python_version(), **libraries},
        ),
    )


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
    wrong = [layer for layer in spec.layers if not 1 <= layer <= reader.layers]
    if wrong:
        raise SpecError(
            f"{spec.model.model} has layers 1 to {reader.layers}; asked for "
            f"{', '.join(map(str, wrong))}."
        )
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
    layers = sorted(set(spec.layers)) or list(range(1, reader.layers + 1))
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


def into(folder: Path, entry: SentencesPart, spec: SentenceSpec) -> Path:
    """Add sentences to a study of the same model."""
    with store.writing(folder):
        manifest = store.read_manifest(folder)
        known = manifest.sentences or entry
        read = manifest.model and replace(manifest.model, device=spec.model.device)
        if read != spec.model or manifest.last_state != spec.last_state:
            raise StudyError(
                f"“{manifest.title}” is of another model or precision. Make a study "
                "of its own of these sentences."
            )
        if known.digest != entry.digest:
            raise StudyError(
                f"“{manifest.title}” has other sentences already. Make a study of its "
                "own of these."
            )
        store.write_manifest(folder, replace(manifest, sentences=known))
    return unfinished(folder)


def unfinished(folder: Path) -> Path:
    """The folder, unless all its sentences are there."""
    if not coverage.missing_sentences(store.read_manifest(folder)):
        raise StudyError(
            f"“{folder.name}” has exactly these sentences already. Open it, or change "
            "sentences or readings."
        )
    return folder


def run(
    folder: Path,
    text: ParallelText,
    readers: Readers,
    progress: Progress = without_progress,
) -> None:
    """Compute the cells of sentences that are missing, one commit each.

    ``progress`` gets (done, of, cell) and may raise to stop.
    """
    with store.writing(folder):
        manifest = store.read_manifest(folder)
        known = manifest.part(SentencesPart)
        plan = coverage.sentence_cells(manifest)
        missing = set(coverage.missing_sentences(manifest))
        for done, cell in enumerate(plan):
            if cell in missing:
                progress(done, len(plan), in_words(known, cell))
                compute_cell(folder, known, cell, text, readers)
        progress(len(plan), len(plan), "done")


def run_together(
    folder: Path,
    text: ParallelText,
    readers: Readers,
    shard: Shard,
    progress: Progress = without_progress,
) -> None:
    """The same by several processes at once; StudyError as in ``together.compute``."""
    manifest = store.read_manifest(folder)
    known = manifest.part(SentencesPart)
    cells = {file_of(cell): cell for cell in coverage.sentence_cells(manifest)}

    def of_cell(group: Group) -> None:
        compute_cell(folder, known, cells[group.name], text, readers)

    groups = [Group(file, frozenset({c.key}), (file,)) for file, c in cells.items()]
    together.compute(folder, groups, of_cell, progress, shard)


def in_words(known: SentencesPart, cell: SentenceCell) -> str:
    """What a cell is, for whoever waits."""
    reading = known.readings[cell.reading]
    return f"sentences · {reading} · {known.languages[cell.language]}"


def file_of(cell: SentenceCell) -> str:
    """The file of a cell."""
    return f"sentence-{cell.reading:03d}-{cell.language:03d}.safetensors"


def compute_cell(
    folder: Path,
    known: SentencesPart,
    cell: SentenceCell,
    text: ParallelText,
    readers: Readers,
) -> None:
    """Read the sentences of a language in one way, and commit what is kept of them."""
    texts = text.readable(known.languages[cell.language])
    store.add_file(folder, file_of(cell), computed(cell, known, texts, readers))


def computed(
    cell: coverage.SentenceCell,
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
