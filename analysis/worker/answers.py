"""What the Playground asks of the worker, and what it gets.

Answers of steered prompts, and how they change with the dose. Loads no torch itself.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from analysis.core.errors import SpecError
from analysis.core.model_names import DEMO
from analysis.core.specs import ModelSpec
from analysis.core.templates import (
    apply_template,
    as_read,
    is_whole,
    template_ending,
)
from analysis.steering.fluency import (
    drift,
    identified_language,
    recognisable,
    repetition,
)
from analysis.steering.resolve import ResolvedTerm, resolve
from analysis.steering.specs import GenerationSpec, SteeringSpec
from analysis.study.same_engine import engine_in_words
from analysis.worker.inline import run_inline
from analysis.worker.same_files import opener
from analysis.worker.service import Job, Pool, Task

if TYPE_CHECKING:
    from analysis.model.hooks import Row
    from analysis.model.hub import Source
    from analysis.model.load import Loaded
    from analysis.model.said import Answer
    from analysis.model.tokens import TokenShare

T = TypeVar("T")
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
    """Answers that are wanted of one model, all in one batch.

    ``engine`` writes all of them: a name that the operator has given it, or an address;
    none: transformers on this machine.
    """

    model: ModelSpec
    template: str
    asks: tuple[Ask, ...]
    generation: GenerationSpec = GenerationSpec(alternatives=ALTERNATIVES)
    engine: str = ""


@dataclass(frozen=True)
class Reply:
    """One answer with its prompt as the model read it.

    ``baseline``: what the baseline would have said in place of each of its tokens.
    ``language`` is the one that a whole answer reads as, empty without a letter;
    ``repetition`` the share of three-word sequences said before. None: not known yet.
    ``engine`` is the other engine that wrote it, in words; empty: this machine's.
    """

    ask: Ask
    prompt: str
    answer: "Answer"
    baseline: "tuple[tuple[TokenShare, ...], ...]" = ()
    language: str | None = None
    repetition: float | None = None
    engine: str = ""


@dataclass(frozen=True)
class Wording:
    """A question in a template, as a model's tokenizer writes it."""

    model: ModelSpec
    template: str
    question: str


@dataclass(frozen=True)
class Dose:
    """A dose–response curve that is wanted.

    The strengths of the first term of ``ask`` are multiplied by each of ``doses``.
    """

    model: ModelSpec
    template: str
    ask: Ask
    doses: tuple[float, ...]
    sides: tuple[str, str]
    neutral: tuple[str, ...]
    generation: GenerationSpec = GenerationSpec()


@dataclass(frozen=True)
class Curve:
    """A dose–response curve over several prompts: that of ``dose``, and more of them."""

    dose: Dose
    prompts: tuple[str, ...] = ()

    @property
    def model(self) -> ModelSpec:
        """The model that is asked."""
        return self.dose.model


@dataclass(frozen=True)
class Response:
    """What each dose did, (dose,).

    Log-odds (nats; NaN without two sides), KL to the baseline (nats), drift and
    repetition. ``texts`` are the answers to the question itself; drift and repetition
    are over them and the answers to neutral prompts. Over several prompts log-odds are
    means, and ``odds_each`` and ``repetition_each`` (dose, prompt) are of each.
    """

    dose: Dose
    texts: tuple[str, ...]
    log_odds: np.ndarray
    kl: np.ndarray
    drift: np.ndarray
    repetition: np.ndarray
    prompts: tuple[str, ...] = ()
    odds_each: np.ndarray | None = None
    repetition_each: np.ndarray | None = None


def answer_request(request: Request) -> Task[tuple[Reply, ...]]:
    """A task that answers; what was said so far is in the job's ``partial``."""
    return partial(answered, request)


def reply(request: Request) -> tuple[Reply, ...]:
    """Answers at once, without a server: what “copy as code” runs."""
    return run_inline(answer_request(request))


def answered(request: Request, job: Job, pool: Pool) -> tuple[Reply, ...]:
    """Replies to what was asked, in the order of the asks."""
    if request.engine:
        return written_by_engine(request, job)
    from analysis.model.generate import generate

    loaded = pool.get(request.model, job)
    rows = rows_of(loaded, request.template, request.asks, job.notices)
    wanted = request.generation.tokens
    tokenizer = loaded.tokenizer
    shown = [as_read(tokenizer, row.prompt, row.whole) for row in rows]

    def show(answers: "list[Answer]") -> None:
        job.partial = replies(request.asks, shown, answers)
        said = max(len(one.ids) for one in answers)
        job.progress(said, wanted, "answering")

    job.progress(0, wanted, "answering")
    answers = generate(loaded, rows, request.generation, show, job.check)
    known = baselines(loaded, rows, answers, request.generation)
    found = []
    for row, one in zip(rows, replies(request.asks, shown, answers)):
        baseline = known[Unsteered(row.prompt, row.whole, one.answer.ids)]
        found.append(looked_at(replace(one, baseline=baseline)))
    return tuple(found)


def looked_at(whole: Reply) -> Reply:
    """A whole answer with the language that it reads as, and how it repeats itself."""
    text, language = whole.answer.text, whole.ask.language
    return replace(
        whole,
        language=identified_language(text, language),
        repetition=repetition(text, language),
    )


def baselines(
    loaded: "Loaded",
    rows: "Sequence[Row]",
    answers: "Sequence[Answer]",
    spec: GenerationSpec,
) -> "dict[Unsteered, tuple[tuple[TokenShare, ...], ...]]":
    """What the baseline would have said at each token of every answer."""
    from analysis.model.scoring import alternatives

    known = said_unsteered(rows, answers, spec)
    asked = {}
    for row, one in zip(rows, answers):
        plain = Unsteered(row.prompt, row.whole, one.ids)
        if plain not in known:
            asked[plain] = replace(row, terms=())
    if asked:
        ids = [plain.ids for plain in asked]
        likely = alternatives(loaded, list(asked.values()), ids, ALTERNATIVES)
        known |= dict(zip(asked, likely))
    return known


class Unsteered(NamedTuple):
    """An answer to a prompt, whatever steering it came from."""

    prompt: str
    whole: bool
    ids: tuple[int, ...]


def said_unsteered(
    rows: "Sequence[Row]", answers: "Sequence[Answer]", spec: GenerationSpec
) -> "dict[Unsteered, tuple[tuple[TokenShare, ...], ...]]":
    """What the baseline would have said at each token, where it said just that.

    It was kept while the answer was written.
    """
    if spec.alternatives != ALTERNATIVES:
        return {}
    found = {}
    for row, one in zip(rows, answers):
        if not row.terms:
            found[Unsteered(row.prompt, row.whole, one.ids)] = one.top
    return found


def replies(
    asks: Sequence[Ask], prompts: Sequence[str], answers: "Sequence[Answer]"
) -> tuple[Reply, ...]:
    """Each ask with its prompt and answer."""
    found = []
    for ask, prompt, one in zip(asks, prompts, answers):
        found.append(Reply(ask, prompt, one))
    return tuple(found)


def rows_of(
    loaded: "Loaded", template: str, asks: Sequence[Ask], notices: list[str]
) -> "list[Row]":
    """One row per ask: its formatted prompt and its terms; what is to be said of them
    goes to the notices.

    SpecError for an empty question and for steering that does not exist.
    """
    from analysis.model.hooks import Row

    questions = [ask.question for ask in asks]
    terms = terms_of(loaded.source, asks, notices)
    prompts = apply_template(template, loaded.tokenizer, questions)
    ending = template_ending(template, loaded.tokenizer)
    rows = []
    for ask, prompt, pushed in zip(asks, prompts, terms):
        rows.append(Row(prompt, pushed, ask.question, ending, is_whole(template)))
    return rows


def terms_of(
    source: "Source", asks: Sequence[Ask], notices: list[str]
) -> list[tuple[ResolvedTerm, ...]]:
    """The terms of each ask; what is to be said of them goes to the notices.

    SpecError for an empty question and for steering that does not exist.
    """
    if not all(ask.question.strip() for ask in asks):
        raise SpecError("The prompt is empty. Write something for the model to answer.")
    terms = functools.cache(partial(resolve, opened=opener(source, notices)))
    return [terms(ask.steering) for ask in asks]


def written_by_engine(request: Request, job: Job) -> tuple[Reply, ...]:
    """Replies that another engine writes: all of them, also those without steering."""
    from analysis.worker.engine_study import answers_of, engine_part, ready, rows_for

    known = ready(request.engine, request.model, job)
    tokenizer, template = known.tokenizer, request.template
    texts = [ask.question for ask in request.asks]
    terms = terms_of(known.source, request.asks, job.notices)
    rows = rows_for(tokenizer, template, texts, terms)
    prompts = apply_template(template, tokenizer, texts)
    shown = [as_read(tokenizer, prompt, is_whole(template)) for prompt in prompts]
    engine = engine_in_words(engine_part(known))

    def so_far(answers: "Sequence[Answer]") -> tuple[Reply, ...]:
        found = replies(request.asks, shown, answers)
        return tuple(looked_at(replace(one, engine=engine)) for one in found)

    def show(answers: "Sequence[Answer]") -> None:
        job.partial = so_far(answers) or None
        job.progress(len(answers), len(rows), "the engine writes")

    return so_far(answers_of(known, rows, request.generation, show))


def format_prompt(wording: Wording) -> Task[str]:
    """A task that formats a prompt.

    It needs the tokenizer only, so a model that is not loaded yet stays so.
    """
    return partial(formatted_prompt, wording)


def formatted_prompt(wording: Wording, job: Job, pool: Pool) -> str:
    """The question in its template."""
    from analysis.model import load

    job.progress(0, 0, "formatting the prompt")
    loaded = pool.kept(pool.pins.get(wording.model, wording.model))
    if loaded:
        tokenizer = loaded.tokenizer
    else:
        tokenizer = load.load_tokenizer(load.preflight(wording.model).source)
    (prompt,) = apply_template(wording.template, tokenizer, [wording.question])
    return as_read(tokenizer, prompt, is_whole(wording.template))


def measure_response(dose: Dose) -> Task[Response]:
    """A task that measures a dose–response curve."""
    return partial(measured_curve, Curve(dose))


def measure_curves(curves: tuple[Curve, ...]) -> Task[tuple[Response, ...]]:
    """A task that measures several curves, one after the other."""
    return partial(measured_curves, curves)


def measured_curves(
    curves: tuple[Curve, ...], job: Job, pool: Pool
) -> tuple[Response, ...]:
    """The response of each curve; those that are done are in the job's ``partial``."""
    found: list[Response] = []
    for place, curve in enumerate(curves):
        steps = Steps(place * STEPS, len(curves) * STEPS)
        found.append(measured_curve(curve, job, pool, steps))
        job.partial = tuple(found)
    return tuple(found)


STEPS = 3
"""Steps of measuring one curve."""


class Steps(NamedTuple):
    """How many steps were done before a curve, and how many there are in all."""

    before: int
    total: int


ALONE = Steps(0, STEPS)
"""The steps of a curve that is measured alone."""


def measured_curve(
    curve: Curve, job: Job, pool: Pool, steps: Steps = ALONE
) -> Response:
    """What each dose does to the answers, to their fluency and to neutral prompts."""
    from analysis.model.generate import generate

    dose, language = curve.dose, curve.dose.ask.language
    loaded = pool.get(dose.model, job)
    rows = rows_of(loaded, dose.template, asks_of(curve), job.notices)
    prompts = 1 + len(curve.prompts)
    asked = prompts + len(dose.neutral)
    at_dose = in_parts(rows, asked)
    job.progress(steps.before, steps.total, f"answering at every strength ({language})")
    answers = generate(loaded, rows, dose.generation, check=job.check)
    texts = in_parts([one.text for one in answers], asked)
    job.progress(steps.before + 1, steps.total, "weighing the two continuations")
    weighed = [row for part in at_dose for row in part[:prompts]]
    odds = log_odds(loaded, weighed, dose.sides, job).reshape(-1, prompts)
    job.progress(steps.before + 2, steps.total, "comparing with the baseline")
    neutral = [part[prompts:] for part in at_dose]
    divergences = divergence(loaded, neutral, job)
    return Response(
        dose=dose,
        texts=tuple(part[0] for part in texts),
        log_odds=odds.mean(axis=1),
        kl=divergences,
        drift=drifts(texts, language),
        repetition=repetitions(texts, language),
        prompts=curve.prompts,
        odds_each=odds,
        repetition_each=repetitions_each([part[:prompts] for part in texts], language),
    )


def asks_of(curve: Curve) -> list[Ask]:
    """The prompts and then the neutral ones, under each dose in turn."""
    dose = curve.dose
    asks = []
    for factor in dose.doses:
        steering = dosed(dose.ask.steering, factor)
        for question in (dose.ask.question, *curve.prompts, *dose.neutral):
            asks.append(replace(dose.ask, question=question, steering=steering))
    return asks


def dosed(spec: SteeringSpec, dose: float) -> SteeringSpec:
    """The same steering with the first term's strengths multiplied."""
    if not spec.terms:
        return spec
    first, *others = spec.terms
    strengths = tuple(dose * strength for strength in first.strengths)
    return SteeringSpec((replace(first, strengths=strengths), *others))


def in_parts(values: Sequence[T], size: int) -> list[Sequence[T]]:
    """A sequence in parts of one size."""
    return [values[i : i + size] for i in range(0, len(values), size)]


def log_odds(
    loaded: "Loaded", rows: "Sequence[Row]", sides: Sequence[str], job: Job
) -> np.ndarray:
    """Log-odds (row,) in nats of one continuation against the other; NaN without both."""
    from analysis.model.scoring import continuations

    if not all(sides):
        return np.full(len(rows), np.nan)
    scored = continuations(loaded, rows, [list(sides)] * len(rows), job.check)
    return np.array([side.nats[0] - side.nats[1] for side in scored])


def divergence(
    loaded: "Loaded", at_dose: "Sequence[Sequence[Row]]", job: Job
) -> np.ndarray:
    """Mean KL(baseline ‖ steered) (dose,) of the next token over neutral prompts.

    These are a dose's rows; NaN where there are none.
    """
    from analysis.model.scoring import kl, next_distribution

    first = at_dose[0]
    if not first:
        return np.full(len(at_dose), np.nan)
    plain = [replace(row, terms=()) for row in first]
    baseline = next_distribution(loaded, plain, job.check)
    means = []
    for neutral in at_dose:
        steered = next_distribution(loaded, neutral, job.check)
        means.append(float(kl(baseline, steered).mean()))
    return np.array(means)


def drifts(texts: Sequence[Sequence[str]], language: str) -> np.ndarray:
    """Share of answers (dose,) in another language; NaN where it cannot be told."""
    if not recognisable(language):
        return np.full(len(texts), np.nan)
    return np.array([drift(part, language) for part in texts])


def repetitions(texts: Sequence[Sequence[str]], language: str) -> np.ndarray:
    """Mean repetition (dose,) of answers."""
    means = []
    for part in texts:
        means.append(np.mean([repetition(text, language) for text in part]))
    return np.array(means)


def repetitions_each(texts: Sequence[Sequence[str]], language: str) -> np.ndarray:
    """Repetition (dose, answer) of answers."""
    rows = []
    for part in texts:
        rows.append([repetition(text, language) for text in part])
    return np.array(rows)


def warm_up(job: Job, pool: Pool) -> None:
    """A task that imports what answering needs and loads the demo's little model.

    The imports take seconds the first time.
    """
    from analysis.model import generate, scoring  # noqa: F401

    pool.get(ModelSpec(DEMO), job)
    identified_language("The first answer is looked at as fast as any other.")
