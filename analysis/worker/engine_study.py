"""What the worker can be asked to do by another engine: read a study, write answers."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.concepts import plan
from analysis.concepts.corpora import find, keep
from analysis.concepts.pairs import Corpus
from analysis.concepts.readable import notes_on
from analysis.concepts.specs import StudySpec
from analysis.core.errors import ModelError, SpecError, StudyError
from analysis.core.positions import LAST, USUAL
from analysis.core.specs import ModelSpec
from analysis.core.templates import (
    apply_template,
    is_whole,
    prompt_ids,
    template_ending,
)
from analysis.core.tokenizer import Tokenizer
from analysis.engines import suite
from analysis.engines.contract import Identity, Prompt, Said
from analysis.engines.kept import Kept, certificate_of
from analysis.engines.named import address_at
from analysis.engines.vllm_lens import AT_ONCE, VllmEngine, connect
from analysis.model.said import Answer
from analysis.steering.operators import AFTER
from analysis.steering.resolve import ResolvedTerm
from analysis.steering.specs import GenerationSpec
from analysis.study import coverage, store
from analysis.study.manifest import EnginePart
from analysis.study.same_engine import check_engine
from analysis.worker.engine_reader import EngineReader
from analysis.worker.prompts import check_prompt, prompt_of
from analysis.worker.service import Job, Pool, Task

if TYPE_CHECKING:
    from analysis.model.hub import Source

AGAIN = ("stream", "planted vector", "removal and prefix cache")
"""Checks that are tried again before each use: a server may have been started anew."""


class Ready(NamedTuple):
    """An engine that passed, its certificate, and its model's tokenizer and files here."""

    engine: VllmEngine
    certificate: Kept
    tokenizer: Tokenizer
    source: "Source"


def ready(where: str, model: ModelSpec, job: Job) -> Ready:
    """The engine at an address, or of a name, fit to be used for a model.

    ModelError for one that has not passed the suite, or no longer does.
    """
    from analysis.model.hub import locate
    from analysis.model.load import load_tokenizer

    check_loading(model)
    job.progress(0, 0, "looking at the engine")
    engine = connect(address_at(where))
    precision = engine.identity.precision
    if precision != model.dtype:
        job.notices.append(f"The engine computes in {precision}.")
    certificate = certificate_of(engine.identity)
    check_model(engine.identity, certificate, model)
    check_still_sound(engine)
    source = locate(model.model, model.revision, small_only=True)
    tokenizer = load_tokenizer(source)
    return Ready(engine, certificate, tokenizer, source)


def check_loading(model: ModelSpec) -> None:
    """SpecError for a way of loading a model that its server alone decides."""
    plain = ModelSpec(model.model, model.revision, model.dtype)
    if model != plain:
        raise SpecError(
            "How a model is loaded is decided where an engine's server is started. Leave "
            "quantisation, device, stack and batches out, or leave the engine out."
        )


def check_model(identity: Identity, certificate: Kept, model: ModelSpec) -> None:
    """ModelError unless a model is the one beside which an engine was certified."""
    if certificate.model != model.model:
        raise ModelError(
            f"The engine at {identity.address} was certified beside {certificate.model}; "
            f"asked for is {model.model}. Choose that model, or put the engine to the "
            f"suite with --model {model.model}."
        )


def check_still_sound(engine: VllmEngine) -> None:
    """ModelError where an engine that had passed fails a check now."""
    again = [check for check in suite.CHECKS if check.name in AGAIN]
    for found in suite.results(engine, None, again):
        if found.verdict == suite.FAILED:
            raise ModelError(
                f"The engine at {engine.identity.address} had passed the suite and now "
                f"fails “{found.name}”. Look at babelscope check-engine "
                f"{engine.identity.address}."
            )


def engine_part(known: Ready) -> EnginePart:
    """What a manifest says of an engine."""
    identity = known.engine.identity
    return EnginePart(
        name=identity.engine,
        version=identity.version,
        model=identity.model,
        precision=identity.precision,
        certificate=known.certificate.digest,
        made=known.certificate.made,
    )


def rows_for(
    tokenizer: Tokenizer,
    template: str,
    texts: Sequence[str],
    pushes: Sequence[tuple[ResolvedTerm, ...]],
) -> list[Prompt]:
    """Texts in a template as an engine is given them, each under its own terms."""
    from analysis.model.batches import EncodedRow, tokens_to_end
    from analysis.model.hooks import Row

    end = template_ending(template, tokenizer)
    whole = is_whole(template)
    prompts = apply_template(template, tokenizer, texts)
    encoded = prompt_ids(tokenizer, prompts, whole)
    rows = []
    for prompt, text, ids, terms in zip(prompts, texts, encoded, pushes):
        after = 0
        if any(term.positions == AFTER for term in terms):
            row = Row(prompt, terms, text, end, whole)
            after = tokens_to_end(tokenizer, EncodedRow(row, ids))
        rows.append(Prompt(tuple(ids), terms, after))
    return rows


def answers_of(
    known: Ready,
    rows: Sequence[Prompt],
    spec: GenerationSpec,
    heard: Callable[[list[Answer]], None],
) -> list[Answer]:
    """What an engine says to prompts; ``heard`` gets what was said so far, and may stop.

    It hears a few more answers each time, as many as the server makes one batch of.
    """
    found: list[Answer] = []
    for begin in range(0, len(rows), AT_ONCE):
        heard(found)
        for said in known.engine.answers(rows[begin : begin + AT_ONCE], spec):
            found.append(in_pieces(known.tokenizer, said, spec.tokens))
    return found


def in_pieces(tokenizer: Tokenizer, said: Said, tokens: int) -> Answer:
    """An engine's answer of at most so many tokens, as this machine shows one."""
    from analysis.model.tokens import Pieces

    pieces = Pieces(tokenizer)
    for token in said.ids:
        pieces.add(token)
    ended = "length" if len(said.ids) == tokens else "end"
    return Answer("".join(pieces.all), said.ids, pieces.all, ended)


def extract_with(url: str, spec: StudySpec, corpus: Corpus, title: str) -> Task[str]:
    """A task that makes a study by the engine at an address; it gives the study's name."""
    return partial(extracted_with, url, spec, corpus, title)


def extracted_with(
    url: str, spec: StudySpec, corpus: Corpus, title: str, job: Job, pool: Pool
) -> str:
    """The name of a study that an engine has read."""
    plan.check_wanted(spec, corpus)
    check_offers(spec)
    known = ready(url, spec.model, job)
    keep(corpus)
    precision = known.engine.identity.precision
    model = replace(spec.model, revision=known.source.revision, dtype=precision)
    exact = replace(spec, model=model)
    facts: dict[str, Any] = {
        "engine": engine_part(known),
        "prompt": prompt_of(spec.template, known.tokenizer),
    }
    if known.source.files:
        facts["model_files"] = known.source.files
    folder = store.root() / store.name_of(exact, title)
    if folder.is_dir():
        begun = store.read_manifest(folder)
        check_engine(begun, engine_part(known))
        if not coverage.missing_pairs(begun):
            return folder.name
    reader = EngineReader(known.engine, known.tokenizer, spec.template, job.check)
    plan.begin(exact, corpus, reader, title, facts)
    return read_cells(folder, exact, corpus, reader, job)


def check_offers(spec: StudySpec) -> None:
    """SpecError for what no engine but this machine's reads."""
    if spec.position not in (USUAL, LAST):
        raise SpecError(
            f"An engine streams the state of the last token, not “{spec.position}”. "
            "Leave --position out, or leave the engine out."
        )
    if spec.last_state != "block":
        raise SpecError(
            "An engine streams what leaves the blocks, not the normed last state. Choose "
            "the last state “block”, or leave the engine out."
        )


def resume_with(url: str, name: str) -> Task[str]:
    """A task that goes on with an engine's study; it gives the study's name."""
    return partial(resumed_with, url, name)


def resumed_with(url: str, name: str, job: Job, pool: Pool) -> str:
    """The name of an engine's study in which no pair is missing any more."""
    folder = store.root() / name
    manifest = store.read_manifest(folder)
    if not coverage.missing_pairs(manifest):
        raise StudyError(
            f"In “{manifest.title}” nothing is missing that an engine could read."
        )
    spec = manifest.spec_as(StudySpec)
    known = ready(url, spec.model, job)
    check_engine(manifest, engine_part(known))
    check_prompt(manifest.prompt, spec.template, known.tokenizer, name)
    reader = EngineReader(known.engine, known.tokenizer, spec.template, job.check)
    return read_cells(folder, spec, find(spec.corpus_digest), reader, job)


def read_cells(
    folder: Path, spec: StudySpec, corpus: Corpus, reader: EngineReader, job: Job
) -> str:
    """Read the cells that are missing; the study's name."""
    job.notices += notes_on(store.read_manifest(folder).left_out or ())
    plan.run(folder, corpus, reader, job.progress)
    return folder.name
