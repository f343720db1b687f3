"""What the Playground asks of the worker: answers of steered prompts, and how they change with the dose. Loads no torch itself."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analysis.core.errors import SpecError
from analysis.core.model_names import DEMO
from analysis.core.specs import ModelSpec
from analysis.core.templates import apply_template, template_ending
from analysis.steering.fluency import drift, recognisable, repetition
from analysis.steering.resolve import resolve
from analysis.steering.specs import GenerationSpec, SteeringSpec
from analysis.study import library
from analysis.worker.service import Job, Pool

ALTERNATIVES = 5
"""Next tokens kept per token."""


@dataclass(frozen=True)
class Ask:
    """One answer that is wanted: a question in a language under some steering."""

    label: str
    question: str
    language: str
    steering: SteeringSpec = SteeringSpec()


@dataclass(frozen=True)
class Request:
    """Answers that are wanted of one model, all in one batch."""

    model: ModelSpec
    template: str
    asks: tuple[Ask, ...]
    generation: GenerationSpec = GenerationSpec(alternatives=ALTERNATIVES)


@dataclass(frozen=True)
class Reply:
    """One answer with its formatted prompt, and what the baseline would have said in place of each of its tokens."""

    ask: Ask
    prompt: str
    answer: Any
    baseline: tuple = ()


@dataclass(frozen=True)
class Wording:
    """A question in a template, as a model's tokenizer writes it."""

    model: ModelSpec
    template: str
    question: str


@dataclass(frozen=True)
class Dose:
    """A dose–response curve that is wanted: the strengths of the first term of ``ask`` are multiplied by each of ``doses``."""

    model: ModelSpec
    template: str
    ask: Ask
    doses: tuple[float, ...]
    sides: tuple[str, str]
    neutral: tuple[str, ...]
    generation: GenerationSpec = GenerationSpec()


@dataclass(frozen=True)
class Response:
    """What each dose did, (dose,): log-odds (nats; NaN without two sides), KL to the baseline (nats), drift and repetition.

    ``texts`` are the answers to the question itself; drift and repetition are over them and the answers to neutral prompts.
    """

    dose: Dose
    texts: tuple[str, ...]
    log_odds: np.ndarray
    kl: np.ndarray
    drift: np.ndarray
    repetition: np.ndarray


def dosed(spec: SteeringSpec, dose: float) -> SteeringSpec:
    """The same steering with the first term's strengths multiplied."""
    if not spec.terms:
        return spec
    first, *rest = spec.terms
    return SteeringSpec(
        (replace(first, strengths=tuple(dose * s for s in first.strengths)), *rest)
    )


def rows_of(loaded: Any, template: str, asks: Sequence[Ask]) -> list:
    """One row per ask: its formatted prompt and its terms."""
    from analysis.model.hooks import Row

    if any(not ask.question.strip() for ask in asks):
        raise SpecError("The prompt is empty. Write something for the model to answer.")
    opened = functools.cache(library.open_by_name)
    terms = functools.cache(functools.partial(resolve, opened=opened))
    prompts = apply_template(template, loaded.tokenizer, [ask.question for ask in asks])
    end = template_ending(template, loaded.tokenizer)
    return [
        Row(prompt, terms(ask.steering), ask.question, end)
        for prompt, ask in zip(prompts, asks)
    ]


def answer(request: Request) -> Callable[[Job, Pool], tuple[Reply, ...]]:
    """A job that answers; what was said so far is in the job's ``partial``."""

    def work(job: Job, pool: Pool) -> tuple[Reply, ...]:
        from analysis.model.generate import generate
        from analysis.model.hooks import Row
        from analysis.model.scoring import alternatives

        loaded = pool.get(request.model, job)
        rows = rows_of(loaded, request.template, request.asks)

        def tell(answers: list) -> None:
            said = max(len(one.ids) for one in answers)
            job.partial = tuple(
                Reply(*one)
                for one in zip(request.asks, (row.prompt for row in rows), answers)
            )
            job.progress(said, request.generation.tokens, "answering")

        job.progress(0, request.generation.tokens, "answering")
        said = generate(loaded, rows, request.generation, tell, job.check)
        plain = alternatives(
            loaded,
            [Row(row.prompt) for row in rows],
            [one.ids for one in said],
            ALTERNATIVES,
        )
        return tuple(
            Reply(*one)
            for one in zip(request.asks, (row.prompt for row in rows), said, plain)
        )

    return work


def formatted(wording: Wording) -> Callable[[Job, Pool], str]:
    """A job that formats a prompt; it needs the tokenizer only, so a model that is not loaded yet stays so."""

    def work(job: Job, pool: Pool) -> str:
        from analysis.model import load

        job.progress(0, 0, "formatting the prompt")
        loaded = pool.kept(pool.pins.get(wording.model, wording.model))
        tokenizer = (
            loaded.tokenizer
            if loaded
            else load.load_tokenizer(load.preflight(wording.model).source)
        )
        return apply_template(wording.template, tokenizer, [wording.question])[0]

    return work


def respond(dose: Dose) -> Callable[[Job, Pool], Response]:
    """A job that measures a dose–response curve."""

    def work(job: Job, pool: Pool) -> Response:
        from analysis.model.generate import generate
        from analysis.model.scoring import continuations

        loaded = pool.get(dose.model, job)
        asks = [
            replace(dose.ask, steering=dosed(dose.ask.steering, by))
            for by in dose.doses
        ]
        questions = (dose.ask.question, *dose.neutral)
        rows = rows_of(
            loaded,
            dose.template,
            [replace(ask, question=text) for ask in asks for text in questions],
        )
        job.progress(0, 3, "answering at every strength")
        said = generate(loaded, rows, dose.generation, check=job.check)
        texts = np.array([one.text for one in said], object).reshape(
            len(asks), len(questions)
        )
        job.progress(1, 3, "weighing the two continuations")
        odds = np.full(len(asks), np.nan)
        if all(dose.sides):
            scored = continuations(
                loaded,
                rows[:: len(questions)],
                [list(dose.sides)] * len(asks),
                job.check,
            )
            odds = np.array([side.nats[0] - side.nats[1] for side in scored])
        job.progress(2, 3, "comparing with the baseline")
        language = dose.ask.language
        known = recognisable(language)
        return Response(
            dose,
            tuple(texts[:, 0]),
            odds,
            divergence(loaded, rows, len(questions), job),
            np.array([drift(row, language) if known else np.nan for row in texts]),
            np.array(
                [np.mean([repetition(text, language) for text in row]) for row in texts]
            ),
        )

    return work


def divergence(loaded: Any, rows: Sequence, questions: int, job: Job) -> np.ndarray:
    """Mean KL(baseline ‖ steered) of the next token over the neutral prompts, per dose; NaN where there are none."""
    from analysis.model.hooks import Row
    from analysis.model.scoring import kl, next_distribution

    if questions < 2:
        return np.full(len(rows), np.nan)
    plain = next_distribution(
        loaded, [Row(row.prompt) for row in rows[1:questions]], job.check
    )
    doses = [rows[i + 1 : i + questions] for i in range(0, len(rows), questions)]
    return np.array(
        [
            float(kl(plain, next_distribution(loaded, part, job.check)).mean())
            for part in doses
        ]
    )


def keep_file(data: bytes, filename: str) -> Callable[[Job, Pool], str]:
    """A job that checks and keeps a file of vectors; its result is the name that it got."""

    def work(job: Job, pool: Pool) -> str:
        from analysis.steering.vector_files import keep_vectors, read_vectors

        return keep_vectors(read_vectors(data, filename), filename)

    return work


def reply(request: Request) -> tuple[Reply, ...]:
    """Answer at once, without a server: what “copy as code” runs."""
    return answer(request)(Job(0, "code", "answers", lambda job, pool: None), Pool())


def warm(job: Job, pool: Pool) -> None:
    """A job that imports what answering needs, which takes seconds the first time, and loads the little model of the demo."""
    from analysis.model import generate, scoring  # noqa: F401

    pool.get(ModelSpec(DEMO), job)
