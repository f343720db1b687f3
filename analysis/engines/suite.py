"""The checks that an engine must pass before its numbers may enter a study.

Each asks one question of a bench and measures one deviation; a fault that says nothing of
itself (a vector that is ignored, or lands at the next layer) is far beyond what is allowed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.core.errors import AnalysisError
from analysis.engines.bench import ADDITION, STEPS, TEXTS, Bench, apart, differing
from analysis.engines.contract import Engine, Offers, Prompt, Trace
from analysis.steering.operators import POSITIONS, Places

PASSED = "passed"
FAILED = "failed"
NOT_OFFERED = "not offered"
NOT_TRIED = "not tried"
NORM = "norm-relative addition"
STATES, ANSWERS, TOKENS = "states", "answers", "tokens"
"""What a check measures: the miss of states, or a share of answers or texts."""
WHOLLY = 1.0
"""The deviation of what is not there at all."""
ROWS = (
    (1, 1.0),
    (2, 0.0),
    (1, -1.0),
    (0, 0.5),
    (2, 2.0),
    (0, 0.0),
    (1, 0.25),
    (0, -2.0),
)
"""Which of the planted layers each row of a batch has, and its strength."""
SHARE = 0.5
"""The strength of operators that count in shares or doses."""
TURN = "Who was right?"
"""What a user says where the chat template is tried."""


@dataclass(frozen=True)
class Result:
    """What one check found; ``deviation`` and ``allowed`` are None where none was."""

    name: str
    question: str
    verdict: str
    deviation: float | None = None
    allowed: float | None = None
    note: str = ""


def tokens(bench: Bench, reference: Engine) -> float:
    """The share of texts that become other tokens."""
    own = bench.engine.encode(TEXTS)
    theirs = reference.encode(TEXTS)
    return share_unlike(own, theirs)


def chat(bench: Bench, reference: Engine) -> float:
    """Whether a user's turn becomes other tokens."""
    own = bench.engine.encode_turn(TURN)
    return share_unlike([own], [reference.encode_turn(TURN)])


def share_unlike(own: Sequence[list[int]], theirs: Sequence[list[int]]) -> float:
    """The share of token lists that are not the same."""
    return float(np.mean([a != b for a, b in zip(own, theirs)]))


def states(bench: Bench, reference: Engine) -> float:
    """How far unsteered states of every token are from the reference's."""
    return parted_prompts(bench, reference, bench.prompts, bench.plain)


def parted_prompts(
    bench: Bench,
    reference: Engine,
    prompts: Sequence[Prompt],
    own: Sequence[Trace],
) -> float:
    """How far states of prompts' tokens are from the reference's, at the worst one."""
    theirs = bench.traces_of(reference, prompts, 1)
    worst = []
    for prompt, one, other in zip(prompts, own, theirs):
        end = len(prompt.tokens)
        wanted = other.states[:, :end]
        worst.append(apart(one.states[:, :end], wanted, wanted))
    return np.max(worst)


def stream(bench: Bench) -> float:
    """How far streamed states are from those of each prompt's last token."""
    fed: dict[int, np.ndarray] = {}

    def eat(places: np.ndarray, given: np.ndarray) -> None:
        for place, each in zip(places, given):
            fed[int(place)] = each

    bench.engine.stream(bench.prompts, eat)
    if fed.keys() != set(range(len(bench.prompts))):
        return WHOLLY
    at = [layer - 1 for layer in bench.watched]
    worst = []
    for number, (prompt, trace) in enumerate(zip(bench.prompts, bench.plain)):
        wanted = trace.states[:, len(prompt.tokens) - 1]
        worst.append(apart(fed[number][at], wanted, wanted))
    return np.max(worst)


def planted(bench: Bench) -> float:
    """How far a planted vector is from being added once, to every token."""
    return np.max([planted_at(bench, layer) for layer in bench.layers])


def planted_at(bench: Bench, layer: int) -> float:
    """The same at one layer."""
    prompts = pushed(bench, layer)
    after = bench.traces(prompts, STEPS)
    place = bench.place(layer)
    worst = []
    for trace, before in zip(after, bench.before(prompts, after)):
        here = before[place]
        worst.append(apart(trace.states[place], here + bench.vector(layer), here))
    return np.max(worst)


def pushed(bench: Bench, layer: int) -> list[Prompt]:
    """All prompts with a vector planted at one layer."""
    terms = (bench.term(layer),)
    return [replace(prompt, terms=terms) for prompt in bench.prompts]


def right_layer(bench: Bench) -> float:
    """How far layers before the planted one move; all of it where it does not, or later."""
    return np.max([right_at(bench, layer) for layer in bench.layers])


def right_at(bench: Bench, planted_layer: int) -> float:
    """The same of a vector at one layer."""
    prompts = pushed(bench, planted_layer)
    after = bench.traces(prompts, STEPS)
    worst = [0.0]
    for trace, before in zip(after, bench.before(prompts, after)):
        for place, layer in enumerate(bench.watched):
            still = before[place]
            moved = apart(trace.states[place], still, still)
            if layer < planted_layer:
                worst.append(moved)
            elif not moved > bench.tolerance:
                worst.append(WHOLLY)
    return np.max(worst)


def strengths(bench: Bench) -> float:
    """How far each row of a mixed batch is from its own vector, layer and strength."""
    prompts = mixed(bench)
    after = bench.traces(prompts, STEPS)
    worst = []
    for prompt, trace, before in zip(prompts, after, bench.before(prompts, after)):
        (term,) = prompt.terms
        ((layer, strength),) = term.strengths.items()
        here = before[bench.place(layer)]
        wanted = here + strength * term.vectors[layer]
        worst.append(apart(trace.states[bench.place(layer)], wanted, here))
    return np.max(worst)


def mixed(bench: Bench) -> list[Prompt]:
    """Rows that have each its own text, vector, layer and strength."""
    rows = []
    for number, (place, strength) in enumerate(ROWS):
        layer = bench.layers[min(place, len(bench.layers) - 1)]
        prompt = bench.prompts[number % len(bench.prompts)]
        term = bench.term(layer, strength, number=number)
        rows.append(replace(prompt, terms=(term,)))
    return rows


def positions(bench: Bench) -> float:
    """How far the tokens that are pushed are from those that were meant."""
    prompts = []
    for name in bench.engine.offers.positions:
        for prompt in bench.prompts[:2]:
            half = (len(prompt.tokens) + 1) // 2
            term = bench.term(bench.middle, positions=name)
            prompts.append(replace(prompt, terms=(term,), after=half))
    after = bench.traces(prompts, STEPS)
    place = bench.place(bench.middle)
    worst = []
    for prompt, trace, before in zip(prompts, after, bench.before(prompts, after)):
        here = before[place]
        meant = tokens_meant(prompt, len(here))
        wanted = here + meant[:, None] * bench.vector(bench.middle)
        worst.append(apart(trace.states[place], wanted, here))
    return np.max(worst)


def tokens_meant(prompt: Prompt, tokens: int) -> np.ndarray:
    """Which of so many tokens (token,) a prompt's term is to push, as 1 and 0."""
    (term,) = prompt.terms
    places = Places(
        np.array([0]), np.array([prompt.instructed]), np.array([len(prompt.tokens)])
    )
    low, high = POSITIONS[term.positions](places)
    place = np.arange(tokens)
    return ((place >= low[0]) & (place < high[0])).astype(np.float32)


def norm(bench: Bench) -> float:
    """How far a push by a share of each state's own length is from being that."""
    term = bench.term(bench.middle, SHARE, NORM)
    prompts = [replace(prompt, terms=(term,)) for prompt in bench.prompts]
    after = bench.traces(prompts, STEPS)
    place = bench.place(bench.middle)
    vector = bench.vector(bench.middle)
    direction = vector / np.linalg.norm(vector)
    worst = []
    for trace, before in zip(after, bench.before(prompts, after)):
        here = before[place]
        length = np.linalg.norm(here, axis=-1, keepdims=True)
        wanted = here + SHARE * length * direction
        worst.append(apart(trace.states[place], wanted, here))
    return np.max(worst)


def operators(bench: Bench, reference: Engine) -> float:
    """How far steered states of all layers are from the reference's."""
    offers = bench.engine.offers
    terms = [
        bench.term(bench.layers[0], SHARE, name)
        for name in offers.operators
        if name in reference.offers.operators
    ]
    for name in offers.positions:
        terms.append(bench.term(bench.layers[0], positions=name))
    prompts = []
    for number, term in enumerate(terms):
        prompt = bench.prompts[number % len(bench.prompts)]
        half = (len(prompt.tokens) + 1) // 2
        prompts.append(replace(prompt, terms=(term,), after=half))
    return parted_prompts(bench, reference, prompts, bench.traces(prompts, 1))


def removal(bench: Bench) -> float:
    """How far what was said before any steering is from what is said after it."""
    prompts = pushed(bench, bench.middle)
    first = bench.traces(prompts, STEPS)
    bench.answers(bench.engine, prompts)
    plain = bench.answers(bench.engine, bench.prompts)
    share = differing(plain, bench.plain_answers)
    worst = [share if share > bench.few_answers else 0.0]
    longer = bench.traces(bench.longer, 1)
    worst += parted(longer, bench.plain_longer)
    second = bench.traces(prompts, STEPS)
    worst += parted(second, first)
    worst += parted(bench.traces(bench.prompts, STEPS), bench.plain)
    return np.max(worst)


def parted(one: Sequence[Trace], other: Sequence[Trace]) -> list[float]:
    """How far the states of each trace are from another's of the same prompt."""
    found = []
    for a, b in zip(one, other):
        end = min(a.states.shape[1], b.states.shape[1])
        wanted = b.states[:, :end]
        found.append(apart(a.states[:, :end], wanted, wanted))
    return found


def alone(bench: Bench) -> float:
    """How far rows of a mixed batch are from the same rows asked one at a time."""
    prompts = mixed(bench)
    beside = bench.traces(prompts, STEPS)
    by_itself = []
    for prompt in prompts:
        by_itself += bench.traces([prompt], STEPS)
    return np.max(parted(beside, by_itself))


def answers(bench: Bench, reference: Engine) -> float:
    """The share of plain and steered answers that part from the reference's."""
    prompts = [*bench.prompts, *pushed(bench, bench.middle)]
    own = bench.answers(bench.engine, prompts)
    return differing(own, bench.answers(reference, prompts))


def answers_alone(bench: Bench) -> float:
    """The share of answers that part when each prompt is asked by itself."""
    prompts = mixed(bench)
    beside = bench.answers(bench.engine, prompts)
    by_itself = []
    for prompt in prompts:
        by_itself += bench.answers(bench.engine, [prompt])
    return differing(beside, by_itself)


def adds(offers: Offers) -> bool:
    """Whether vectors can be added at all tokens."""
    return ADDITION in offers.operators and "all" in offers.positions


def always(offers: Offers) -> bool:
    """Whatever is offered."""
    return True


Alone = Callable[[Bench], float]
Beside = Callable[[Bench, Engine], float]


@dataclass(frozen=True)
class Check:
    """One question that an engine is asked.

    ``measure`` looks at the engine alone, ``compare`` holds it against the reference;
    ``offered`` tells whether the engine offers what is asked. ``of`` says what may part:
    states by rounding, few answers, no tokens.
    """

    name: str
    question: str
    measure: Alone | None = None
    compare: Beside | None = None
    offered: Callable[[Offers], bool] = always
    of: str = STATES

    def allowed(self, bench: Bench) -> float:
        """How much may part."""
        if self.of == TOKENS:
            return 0.0
        if self.of == ANSWERS:
            return bench.few_answers
        return bench.tolerance if self.compare is None else bench.apart


CHECKS = (
    Check(
        "tokens",
        "Do texts become the reference's tokens?",
        compare=tokens,
        of=TOKENS,
    ),
    Check(
        "chat template",
        "Does a user's turn become the reference's tokens?",
        compare=chat,
        of=TOKENS,
        offered=lambda offers: offers.chat,
    ),
    Check(
        "states",
        "Are unsteered states those of the reference, layer by layer, token by token?",
        compare=states,
    ),
    Check(
        "stream",
        "Is the state that is read that of the last token, after every block?",
        measure=stream,
    ),
    Check(
        "planted vector",
        "Is a vector added once, in its own length, to prompt and generated tokens?",
        measure=planted,
        offered=adds,
    ),
    Check(
        "right layer",
        "Do layers before the vector stay as they were, and does it move with all behind?",
        measure=right_layer,
        offered=adds,
    ),
    Check(
        "per row",
        "Does each row of a batch get its own vector, layer and strength?",
        measure=strengths,
        offered=adds,
    ),
    Check(
        "positions",
        "Are exactly the meant tokens pushed, in the prompt and in the answer?",
        measure=positions,
        offered=adds,
    ),
    Check(
        "norm",
        "Is a push by a share of the state's length that share of each token's own?",
        measure=norm,
        offered=lambda offers: adds(offers) and NORM in offers.operators,
    ),
    Check(
        "removal and prefix cache",
        "Is all as it was once a vector is gone, also in texts that begin alike?",
        measure=removal,
        offered=adds,
    ),
    Check(
        "batch",
        "Has a row the same states beside others as alone?",
        measure=alone,
        offered=adds,
    ),
    Check(
        "answers in a batch",
        "Has a row the same answer beside others as alone?",
        measure=answers_alone,
        offered=adds,
        of=ANSWERS,
    ),
    Check(
        "steered states",
        "Are states behind each operator and position those of the reference?",
        compare=operators,
        offered=adds,
    ),
    Check(
        "answers",
        "Are plain and steered greedy answers those of the reference?",
        compare=answers,
        offered=adds,
        of=ANSWERS,
    ),
)
"""All checks, in the order in which they are tried."""
NO_REFERENCE = "The model is not on this machine, so there was nothing to compare with."


def results(
    engine: Engine,
    reference: Engine | None = None,
    checks: Sequence[Check] = CHECKS,
    heard: Callable[[str], None] = lambda name: None,
) -> list[Result]:
    """What every check finds; ``heard`` is told each name before it is tried.

    ModelError where the engine does not even answer to a plain prompt.
    """
    bench = Bench(engine, reference)
    found = []
    for check in checks:
        heard(check.name)
        found.append(tried(check, bench))
    return found


def tried(check: Check, bench: Bench) -> Result:
    """What one check finds."""
    result = Result(check.name, check.question, NOT_OFFERED)
    if not check.offered(bench.engine.offers):
        return result
    if check.compare is not None and bench.reference is None:
        return replace(result, verdict=NOT_TRIED, note=NO_REFERENCE)
    allowed = check.allowed(bench)
    try:
        deviation = float(measured(check, bench))
    except AnalysisError as error:
        return replace(result, verdict=FAILED, allowed=allowed, note=str(error))
    # What is no number passes nothing.
    verdict = PASSED if deviation <= allowed else FAILED
    return replace(result, verdict=verdict, deviation=deviation, allowed=allowed)


def measured(check: Check, bench: Bench) -> float:
    """The deviation that a check measures."""
    if check.measure is not None:
        return check.measure(bench)
    assert check.compare is not None and bench.reference is not None
    return check.compare(bench, bench.reference)
