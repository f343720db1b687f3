"""What the worker can be asked to do with parallel sentences.

Look at what reading them would take, and read them into a study.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from analysis.core.legibility import unknown_note, unknown_notes, unknown_share
from analysis.core.templates import prompt_ids
from analysis.core.tokenizer import Tokenizer
from analysis.sentences import plan, shelf
from analysis.sentences.parallel import ParallelText
from analysis.sentences.specs import SentenceSpec
from analysis.study import coverage, library, store
from analysis.study.manifest import SentencesPart
from analysis.study.together import Shard
from analysis.worker.adapters import pinned, position_readers, stack_read
from analysis.worker.same_files import hold_to_files
from analysis.worker.service import Job, Pool, Task


@dataclass(frozen=True)
class SentenceCheck:
    """What reading sentences would take; sizes in bytes, time in seconds."""

    layers: int
    hidden: int
    needed: int
    available: int
    place: str
    on_disk: int
    tokens: Mapping[str, int]
    """Language → tokens of all its sentences."""
    unknown: Mapping[str, float]
    """Language → share of tokens that the tokenizer does not know."""
    seconds: float | None
    """About; None where the machine's speed is not known beforehand."""

    @property
    def fits(self) -> bool:
        """Whether the estimate is below what is free."""
        return self.needed <= self.available

    @property
    def notice(self) -> str:
        """Which languages have unknown tokens, in a sentence; empty when none has."""
        return unknown_note(self.unknown)


def check_sentences(spec: SentenceSpec, text: ParallelText) -> Task[SentenceCheck]:
    """A task that looks at a model without its weights, and at what it would read."""
    return partial(checked_sentences, spec, text)


def checked_sentences(
    spec: SentenceSpec, text: ParallelText, job: Job, pool: Pool
) -> SentenceCheck:
    """Memory, disk, tokens and time that reading sentences would take."""
    from analysis.model import load
    from analysis.model.speed import reading_seconds

    job.progress(0, 0, f"looking at {spec.model.model}")
    seen = load.preflight(spec.model, job.check)
    job.notices.extend(seen.notices)
    tokenizer = load.load_tokenizer(seen.source)
    tokens, unknown = {}, {}
    for language in text.languages:
        job.check()
        there = text.readable(language)
        tokens[language] = sum(map(len, prompt_ids(tokenizer, there, False)))
        unknown[language] = unknown_share(tokenizer, there)
    kept = len(set(spec.layers)) or seen.layers
    # A file is put together beside the states that go into it.
    states = 2 * plan.states_bytes(len(text.ids), kept, seen.hidden)
    passes = sum(tokens.values()) * len(spec.readings)
    return SentenceCheck(
        layers=seen.layers,
        hidden=seen.hidden,
        needed=seen.needed + states,
        available=seen.available,
        place=seen.place,
        on_disk=plan.study_bytes(text, spec, seen.layers, seen.hidden),
        tokens=tokens,
        unknown=unknown,
        seconds=reading_seconds(spec.model, seen, passes),
    )


def read_sentences(
    spec: SentenceSpec, text: ParallelText, title: str, study: str = ""
) -> Task[str]:
    """A task that adds sentences to a study of the same model, or makes a new one.

    It gives the study's name; one that comes with Babelscope is copied first. The text
    is kept on this server, so that the study can be gone on with.
    """
    return partial(sentences_read, spec, text, title, study)


def sentences_read(
    spec: SentenceSpec, text: ParallelText, title: str, study: str, job: Job, pool: Pool
) -> str:
    """The name of a study with sentences."""
    name = begun_sentences(spec, text, title, study, job, pool)
    loaded = pool.get(spec.model, job)
    readers = position_readers(loaded, pinned(spec, loaded), job)
    plan.run(store.root() / name, text, readers, job.progress)
    return name


def begin_sentences(
    spec: SentenceSpec, text: ParallelText, title: str, study: str = ""
) -> Task[str]:
    """A task that begins what ``read_sentences`` does, and leaves reading to others."""
    return partial(begun_sentences, spec, text, title, study)


def begun_sentences(
    spec: SentenceSpec, text: ParallelText, title: str, study: str, job: Job, pool: Pool
) -> str:
    """The name of a study in which sentences are to be read."""
    loaded = pool.get(spec.model, job)
    exact_spec = pinned(spec, loaded)
    readers = position_readers(loaded, exact_spec, job)
    job.notices += unknown_letters(loaded.tokenizer, text)
    read = stack_read(loaded)

    def begin(folder: Path | None = None) -> Path:
        return plan.begin(exact_spec, text, readers, title, folder, read)

    shelf.keep(text)
    folder = library.begin_in(study, begin) if study else begin()
    hold_to_files(folder, loaded)
    return folder.name


def unknown_letters(tokenizer: Tokenizer, text: ParallelText) -> list[str]:
    """What the tokenizer does not know of the sentences, in a sentence or none."""
    texts = {code: text.readable(code) for code in text.languages}
    return unknown_notes(tokenizer, texts)


def go_on_reading(name: str, job: Job, pool: Pool, shard: Shard | None = None) -> None:
    """Read the sentences of a study that are missing, if any are."""
    folder = store.root() / name
    manifest = store.read_manifest(folder)
    if not coverage.missing_sentences(manifest):
        return
    spec = manifest.part(SentencesPart).spec_as(SentenceSpec)
    text = shelf.find(spec.sentences_digest)
    loaded = pool.get(spec.model, job)
    hold_to_files(store.root() / name, loaded)
    readers = position_readers(loaded, spec, job)
    if shard is None:
        plan.run(folder, text, readers, job.progress)
    else:
        plan.run_together(folder, text, readers, shard, job.progress)
