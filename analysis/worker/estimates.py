"""How long a study will take here: some of its texts are read, and the rest is reckoned."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.concepts.pairs import Corpus
from analysis.concepts.specs import StudySpec
from analysis.worker.adapters import pinned, template_reader
from analysis.worker.extraction import members_of
from analysis.worker.service import Job, Pool, Task

if TYPE_CHECKING:
    from analysis.worker.reader import ModelReader

ENOUGH = 6.0
"""Seconds of reading from which the rest is reckoned."""
AT_ONCE = 128
"""Texts of a concept and language that are read for it at most."""
WARMING = 8
"""Texts that are read before: the first ones wait for memory and caches."""


@dataclass(frozen=True)
class ReadingTime:
    """How long reading a study's texts will take; ``sample`` tokens were read for it."""

    seconds: float
    tokens: int
    tokens_a_second: float
    sample: int


class CellTexts(NamedTuple):
    """The distinct texts of a concept in a language, and how many tokens they become."""

    texts: tuple[str, ...]
    tokens: int


class Ignored:
    """A consumer that keeps nothing."""

    def eat(self, indices: np.ndarray, states: np.ndarray) -> None:
        """Let states pass."""


def time_of_study(spec: StudySpec, corpus: Corpus) -> Task[ReadingTime]:
    """A task that loads the model, reads some of the texts, and reckons with the rest."""
    return partial(reckoned_study, spec, corpus)


def reckoned_study(
    spec: StudySpec, corpus: Corpus, job: Job, pool: Pool
) -> ReadingTime:
    """How long reading all of a study's texts will take."""
    loaded = pool.get(spec.model, job)
    reader = template_reader(loaded, pinned(spec, loaded), job)
    cells = cells_of(spec, corpus, reader, job)
    return reckoned(cells, reader, job)


def cells_of(
    spec: StudySpec, corpus: Corpus, reader: "ModelReader", job: Job
) -> list[CellTexts]:
    """What a study reads, cell by cell."""
    found = []
    of = len(spec.languages) * len(spec.concepts)
    for language in spec.languages:
        for concept in spec.concepts:
            job.progress(len(found), of, "counting tokens")
            texts = dict.fromkeys(members_of(corpus.select(concept, language)))
            if texts:
                found.append(CellTexts(tuple(texts), tokens_of(reader, list(texts))))
    return found


def tokens_of(reader: "ModelReader", texts: Sequence[str]) -> int:
    """How many tokens texts become under the template."""
    tokenizer = reader.loaded.tokenizer
    rows = tokenizer(reader.formatted(texts), add_special_tokens=True)["input_ids"]
    return sum(map(len, rows))


def reckoned(
    cells: Sequence[CellTexts], reader: "ModelReader", job: Job
) -> ReadingTime:
    """The time that all cells take, at the pace of a few that are drawn."""
    drawn = list(cells)
    random.Random(0).shuffle(drawn)
    reader.stream(drawn[0].texts[:WARMING], [Ignored()])
    read, seconds = 0, 0.0
    for cell in drawn:
        if seconds >= ENOUGH:
            break
        job.progress(0, 0, "reading a sample")
        some = cell.texts[:AT_ONCE]
        read += tokens_of(reader, some)
        begun = time.perf_counter()
        reader.stream(some, [Ignored()])
        seconds += time.perf_counter() - begun
    pace = read / seconds
    tokens = sum(cell.tokens for cell in cells)
    return ReadingTime(tokens / pace, tokens, pace, read)
