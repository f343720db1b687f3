"""What the worker can be asked to do: check a model, extract a study, go on with one, embed words, compute a control run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.concepts import plan
from analysis.concepts.corpora import find, keep
from analysis.concepts.pairs import Corpus
from analysis.concepts.specs import StudySpec
from analysis.control import plan as control_plan
from analysis.control import store as control
from analysis.core.errors import ModelError
from analysis.core.specs import ModelSpec
from analysis.core.templates import apply_template, last_tokens
from analysis.study import coverage, store
from analysis.study.manifest import WordsPart
from analysis.study.word_list import WordList
from analysis.words import plan as words
from analysis.words.specs import WordSpec
from analysis.worker.plane import go_on_sweeping
from analysis.worker.questions import go_on_asking
from analysis.worker.service import Job, Pool

PROBES = 16
"""Texts on which the precision is compared with float32."""


@dataclass(frozen=True)
class Check:
    """What a look at a model before loading it tells; sizes in bytes."""

    family: str
    layers: int
    hidden: int
    parameters: int
    needed: int
    available: int
    place: str
    revision: str
    bfloat16: bool
    fits: bool
    tails: Mapping[str, list[str]]
    """Language → last tokens of a formatted prompt; the last of them is read."""


def check_model(
    spec: ModelSpec, template: str, texts: Mapping[str, str]
) -> Callable[[Job, Pool], Check]:
    """A job that estimates what a model takes and shows which token of each language's text it would read."""

    def work(job: Job, pool: Pool) -> Check:
        from analysis.model import load

        job.progress(0, 0, f"looking at {spec.model}")
        seen = load.preflight(spec)
        tokenizer = load.load_tokenizer(seen.source)
        formatted = apply_template(template, tokenizer, list(texts.values()))
        return Check(
            seen.family,
            seen.layers,
            seen.hidden,
            seen.parameters,
            seen.needed,
            seen.available,
            seen.place,
            seen.source.revision,
            load.faster_in_bfloat16(),
            seen.fits,
            {
                language: last_tokens(tokenizer, text)
                for language, text in zip(texts, formatted)
            },
        )

    return work


def extract_study(
    spec: StudySpec, corpus: Corpus, title: str, facts: Mapping
) -> Callable[[Job, Pool], str]:
    """A job that makes a study, or goes on with the unfinished one of the same spec; its result is the study's name.

    ``facts`` go into the manifest, such as the ``share_percent`` that the user gave.
    """

    def work(job: Job, pool: Pool) -> str:
        loaded = pool.get(spec.model, job)
        pinned = replace(
            spec, model=replace(spec.model, revision=loaded.source.revision)
        )
        reader = reader_of(loaded, pinned, job)
        keep(corpus)
        measured = {"precision": precision(pool, pinned, corpus, reader, job)}
        folder = plan.begin(pinned, corpus, reader, title, {**facts, **measured})
        return compute(folder.name, corpus, reader, job)

    return work


def resume_study(name: str) -> Callable[[Job, Pool], str]:
    """A job that goes on with an unfinished study."""

    def work(job: Job, pool: Pool) -> str:
        manifest = store.read_manifest(store.root() / name)
        if coverage.missing_pairs(manifest):
            spec = manifest.spec_as(StudySpec)
            corpus = find(spec.corpus_digest)
            compute(name, corpus, reader_of(pool.get(spec.model, job), spec, job), job)
        if coverage.missing_words(manifest):
            spec = manifest.part(WordsPart).spec_as(WordSpec)
            words.run(
                store.root() / name,
                readers_of(pool.get(spec.model, job), spec, job),
                job.progress,
            )
        go_on_asking(name, job, pool)
        return go_on_sweeping(name, job, pool)

    return work


def control_run(name: str, most: int = 0) -> Callable[[Job, Pool], control.Run]:
    """A job that goes on with a control run, ``most`` cells at most (0: to the end); its result is the run."""

    def work(job: Job, pool: Pool) -> control.Run:
        from analysis.worker.speaker import ModelSpeaker

        run = control.open_run(name)
        control.check_vectors(run)

        def told(done: int, total: int, doing: str = "") -> None:
            job.give_way()
            job.progress(done, total, doing)

        loaded = pool.get(run.spec.model, job)
        return control_plan.compute(
            name, ModelSpeaker(loaded, run.spec, job.check), told, most
        )

    return work


def embed_words(
    spec: WordSpec, chosen: WordList, title: str, study: str = ""
) -> Callable[[Job, Pool], str]:
    """A job that adds word vectors to a study of the same model, or makes a study of them; its result is the study's name."""

    def work(job: Job, pool: Pool) -> str:
        loaded = pool.get(spec.model, job)
        pinned = replace(
            spec, model=replace(spec.model, revision=loaded.source.revision)
        )
        readers = readers_of(loaded, pinned, job)
        folder = words.begin(pinned, chosen, readers, title, study)
        words.run(folder, readers, job.progress)
        return folder.name

    return work


def readers_of(loaded: object, spec: WordSpec, job: Job) -> words.Readers:
    """The model read at one position or another; what the engine has to say goes to the job's notices."""
    from analysis.worker.reader import ModelReader

    def reader(position: str) -> ModelReader:
        made = ModelReader(loaded, "none", spec.last_state, job.check, position)
        made.notices = job.notices
        made.reading = replace(made.reading, on_notice=job.notices.append)
        return made

    return reader


def reader_of(loaded: object, spec: StudySpec, job: Job) -> object:
    """The model behind a spec's template; stops within a block when the job is stopped."""
    from analysis.worker.reader import ModelReader

    return ModelReader(loaded, spec.template, spec.last_state, job.check)


def compute(name: str, corpus: Corpus, reader: object, job: Job) -> str:
    """Run the plan of a study; what the engine had to say goes to the job's notices."""
    job.notices = reader.notices
    plan.run(store.root() / name, corpus, reader, job.progress)
    return name


def precision(
    pool: Pool, spec: StudySpec, corpus: Corpus, reader: object, job: Job
) -> dict:
    """Cosine of the states in the chosen precision to those in float32, per layer, on a few texts of the corpus.

    Empty when the choice is float32; a reason instead of numbers when float32 does not fit beside it.
    """
    if spec.model.dtype == "float32" and spec.model.quantisation == "none":
        return {}
    job.progress(0, 0, "comparing the precision with float32")
    texts = sample(corpus, spec)
    try:
        exact = reader_of(
            pool.get(replace(spec.model, dtype="float32", quantisation="none"), job),
            spec,
            job,
        ).states(texts)
    except ModelError as error:
        return {"not measured": f"float32 could not be loaded for comparison. {error}"}
    return {
        "cosine to float32": cosines(reader.states(texts), exact),
        "texts": len(texts),
    }


def sample(corpus: Corpus, spec: StudySpec) -> list[str]:
    """A few texts spread over the corpus."""
    chosen = [
        p.positive
        for p in corpus.pairs
        if p.language in spec.languages and p.concept in spec.concepts
    ]
    return chosen[:: max(1, len(chosen) // PROBES)][:PROBES]


def cosines(states: np.ndarray, exact: np.ndarray) -> Sequence[float]:
    """Mean cosine over texts, per layer."""
    inner = (states * exact).sum(-1)
    return [
        float(c)
        for c in (
            inner / np.linalg.norm(states, axis=-1) / np.linalg.norm(exact, axis=-1)
        ).mean(0)
    ]
