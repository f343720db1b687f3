"""The suite that engines must pass: the reference passes with every family, and each
fault that says nothing of itself is caught.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from analysis.core.errors import ModelError, SpecError
from analysis.engines import suite
from analysis.engines.bench import TOLERANCE, apart
from analysis.engines.certificate import as_json, certify, lines
from analysis.engines.contract import (
    CONDITIONS,
    Eat,
    Engine,
    Identity,
    Offers,
    Prompt,
    Said,
    Trace,
    check_fits,
    check_offered,
)
from analysis.model.reference_engine import TransformersEngine
from analysis.steering.resolve import ResolvedCondition, ResolvedTerm
from analysis.steering.specs import GenerationSpec
from tests.families import engine_of
from tests.tiny import HIDDEN, LAYERS, tokenizer

FAMILIES = ("llama", "gemma3", "gpt2", "bloom", "lfm2")
Change = Callable[["Faulty", list[Prompt]], list[Prompt]]


def reference(family: str = "llama") -> TransformersEngine:
    """The reference with a tiny model."""
    return TransformersEngine(engine_of(family))


@dataclass
class Faulty:
    """An engine that asks another one for something else than it was asked for."""

    engine: Engine
    change: Change
    latest: list[Prompt] = field(default_factory=list)

    @property
    def identity(self) -> Identity:
        return self.engine.identity

    @property
    def offers(self) -> Offers:
        return self.engine.offers

    def encode(self, texts: Sequence[str], whole: bool = False) -> list[list[int]]:
        return self.engine.encode(texts, whole)

    def encode_turn(self, text: str) -> list[int]:
        return self.engine.encode_turn(text)

    def stream(self, prompts: Sequence[Prompt], eat: Eat) -> None:
        self.engine.stream(self.changed(prompts), eat)

    def answers(self, prompts: Sequence[Prompt], spec: GenerationSpec) -> list[Said]:
        return self.engine.answers(self.changed(prompts), spec)

    def traces(
        self, prompts: Sequence[Prompt], layers: Sequence[int], tokens: int
    ) -> list[Trace]:
        return self.engine.traces(self.changed(prompts), layers, tokens)

    def changed(self, prompts: Sequence[Prompt]) -> list[Prompt]:
        """What is asked instead."""
        given = list(prompts)
        found = self.change(self, given)
        if any(prompt.terms for prompt in given):
            self.latest = given
        return found


def each_term(prompts: list[Prompt], change: Callable) -> list[Prompt]:
    """Prompts with every term changed."""
    found = []
    for prompt in prompts:
        terms = tuple(change(term) for term in prompt.terms)
        found.append(replace(prompt, terms=terms))
    return found


def ignored(engine: Faulty, prompts: list[Prompt]) -> list[Prompt]:
    return [replace(prompt, terms=()) for prompt in prompts]


def next_layer(engine: Faulty, prompts: list[Prompt]) -> list[Prompt]:
    def later(term: ResolvedTerm) -> ResolvedTerm:
        vectors = {min(at + 1, LAYERS): each for at, each in term.vectors.items()}
        strengths = {min(at + 1, LAYERS): each for at, each in term.strengths.items()}
        return replace(term, vectors=vectors, strengths=strengths)

    return each_term(prompts, later)


def wrong_half(engine: Faulty, prompts: list[Prompt]) -> list[Prompt]:
    half = len(prompts) // 2
    terms = [prompt.terms for prompt in prompts]
    swapped = terms[half:] + terms[:half]
    return [replace(one, terms=other) for one, other in zip(prompts, swapped)]


def twice(engine: Faulty, prompts: list[Prompt]) -> list[Prompt]:
    return [replace(prompt, terms=prompt.terms * 2) for prompt in prompts]


def stale(engine: Faulty, prompts: list[Prompt]) -> list[Prompt]:
    if not engine.latest or any(prompt.terms for prompt in prompts):
        return prompts
    return [replace(prompt, terms=engine.latest[0].terms) for prompt in prompts]


def first_rows(engine: Faulty, prompts: list[Prompt]) -> list[Prompt]:
    return [replace(prompt, terms=prompts[0].terms) for prompt in prompts]


def everywhere(engine: Faulty, prompts: list[Prompt]) -> list[Prompt]:
    return each_term(prompts, lambda term: replace(term, positions="all"))


def prompts_only(engine: Faulty, prompts: list[Prompt]) -> list[Prompt]:
    def less(term: ResolvedTerm) -> ResolvedTerm:
        whole = term.positions == "all"
        return replace(term, positions="prompt") if whole else term

    return each_term(prompts, less)


def added(engine: Faulty, prompts: list[Prompt]) -> list[Prompt]:
    return each_term(prompts, lambda term: replace(term, operator="addition"))


def normed(engine: Faulty, prompts: list[Prompt]) -> list[Prompt]:
    def unit(term: ResolvedTerm) -> ResolvedTerm:
        vectors = {
            layer: each / np.linalg.norm(each) for layer, each in term.vectors.items()
        }
        return replace(term, vectors=vectors)

    return each_term(prompts, unit)


def as_longest(engine: Faulty, prompts: list[Prompt]) -> list[Prompt]:
    """Each row sees the padding of a batch: an engine without a mask."""
    longest = max(len(prompt.tokens) for prompt in prompts)
    found = []
    for prompt in prompts:
        padding = (prompt.tokens[0],) * (longest - len(prompt.tokens))
        found.append(replace(prompt, tokens=padding + prompt.tokens))
    return found


def shifted(engine: Faulty, prompts: list[Prompt]) -> list[Prompt]:
    """The instruction ends one token too late."""
    return [replace(prompt, after=prompt.instructed + 1) for prompt in prompts]


FAULTS = {
    ignored: ("planted vector", "right layer", "per row", "positions", "norm"),
    next_layer: ("planted vector", "right layer", "per row", "positions"),
    wrong_half: ("per row", "batch"),
    twice: ("planted vector", "per row", "positions"),
    stale: ("removal and prefix cache",),
    first_rows: ("per row", "batch"),
    everywhere: ("positions", "steered states"),
    prompts_only: ("planted vector",),
    added: ("norm", "steered states"),
    normed: ("planted vector", "per row"),
    shifted: ("positions",),
}
"""What is wrong with an engine, and the checks that must see it."""


@pytest.fixture(scope="module")
def sound() -> TransformersEngine:
    """A sound engine, which is its own reference."""
    return reference()


@pytest.mark.parametrize("family", FAMILIES)
def test_the_reference_passes_with_every_family(family):
    engine = reference(family)
    found = certify(engine, engine)
    assert found.passed, lines(found)
    verdicts = {one.name: one.verdict for one in found.results}
    # Tiny models have no chat template.
    assert verdicts.pop("chat template") == suite.NOT_OFFERED
    assert set(verdicts.values()) == {suite.PASSED}
    assert max(one.deviation or 0 for one in found.results) < 1e-5


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_that_says_nothing_is_caught(sound, fault):
    checks = [check for check in suite.CHECKS if check.name in FAULTS[fault]]
    found = suite.results(Faulty(sound, fault), sound, checks)
    assert len(found) == len(FAULTS[fault])
    for one in found:
        assert one.verdict == suite.FAILED
        assert one.deviation is not None and one.deviation > 100 * TOLERANCE


def test_rows_that_see_padding_give_too_many_states(sound):
    with pytest.raises(ModelError, match="gave states of"):
        suite.results(Faulty(sound, as_longest), sound)


class EarlierToken(Faulty):
    """Streams the state of the token before the last."""

    def stream(self, prompts: Sequence[Prompt], eat: Eat) -> None:
        shorter = [replace(prompt, tokens=prompt.tokens[:-1]) for prompt in prompts]
        self.engine.stream(shorter, eat)


class LayersFromZero(Faulty):
    """Gives the states of the layer behind, as who counts from 0 would."""

    def traces(
        self, prompts: Sequence[Prompt], layers: Sequence[int], tokens: int
    ) -> list[Trace]:
        behind = [min(layer + 1, LAYERS) for layer in layers]
        return self.engine.traces(prompts, behind, tokens)


class PlainAnswers(Faulty):
    """Steers what is watched, and not what is written."""

    def answers(self, prompts: Sequence[Prompt], spec: GenerationSpec) -> list[Said]:
        return self.engine.answers(ignored(self, list(prompts)), spec)


class OneAnswer(Faulty):
    """Writes every row of a batch under the steering of the first."""

    def answers(self, prompts: Sequence[Prompt], spec: GenerationSpec) -> list[Said]:
        return self.engine.answers(first_rows(self, list(prompts)), spec)


FAULTS_OF_ONE_USE = {
    EarlierToken: "stream",
    LayersFromZero: "states",
    PlainAnswers: "answers",
    OneAnswer: "answers in a batch",
}
"""What is wrong with one use of an engine, and the check that must see it."""


@pytest.mark.parametrize("fault", FAULTS_OF_ONE_USE, ids=lambda fault: fault.__name__)
def test_a_fault_of_one_use_is_caught(sound, fault):
    name = FAULTS_OF_ONE_USE[fault]
    checks = [check for check in suite.CHECKS if check.name == name]
    engine = fault(sound, lambda _, prompts: prompts)
    (found,) = suite.results(engine, sound, checks)
    assert found.verdict == suite.FAILED
    assert found.deviation is not None and found.deviation > 0.1


def test_every_check_has_a_fault_that_it_must_see():
    seen = set().union(*FAULTS.values(), FAULTS_OF_ONE_USE.values())
    assert seen | {"tokens", "chat template"} == {one.name for one in suite.CHECKS}


def test_other_tokens_are_caught(sound):
    class BeginsTwice(Faulty):
        def encode(self, texts, whole=False):
            return [[1, *ids] for ids in self.engine.encode(texts, whole)]

        def encode_turn(self, text):
            return [1, *self.engine.encode_turn(text)]

    spoken = replace(sound, loaded=replace(sound.loaded, tokenizer=chatting()))
    engine = BeginsTwice(spoken, lambda _, prompts: prompts)
    found = {one.name: one for one in suite.results(engine, spoken)}
    assert found["tokens"].verdict == found["chat template"].verdict == suite.FAILED
    assert found["states"].verdict == suite.PASSED  # of the tokens that were given


def chatting():
    """A tokenizer with a chat template."""
    made = tokenizer()
    made.chat_template = "{% for m in messages %}<s>U: {{ m.content }}\nA: {% endfor %}"
    return made


def test_a_chat_template_passes_where_there_is_one(sound):
    spoken = replace(sound, loaded=replace(sound.loaded, tokenizer=chatting()))
    (check,) = (one for one in suite.CHECKS if one.name == "chat template")
    (found,) = suite.results(spoken, spoken, [check])
    assert found.verdict == suite.PASSED


def test_without_a_reference_the_suite_is_not_passed(sound):
    found = certify(sound)
    assert not found.passed
    untried = found.found(suite.NOT_TRIED)
    assert untried == ["tokens", "states", "steered states", "answers"]
    assert not found.found(suite.FAILED)
    assert "Name a copy of the model with --model" in lines(found)[0]


def test_what_is_not_offered_is_said_and_refused(sound):
    class Poor(Faulty):
        @property
        def offers(self):
            return Offers(("addition",), ("all", "prompt"), ("last",), chat=False)

    poor = Poor(sound, lambda _, prompts: prompts)
    found = certify(poor, sound)
    assert found.passed
    (norm,) = (one for one in found.results if one.name == "norm")
    assert norm.verdict == suite.NOT_OFFERED
    told = "\n".join(lines(found))
    for name in ("angular", "generated", "log-probabilities", "mean", CONDITIONS):
        assert name in told.partition("Not offered: ")[2]
    vector = {1: np.ones(HIDDEN, np.float32)}
    term = ResolvedTerm(vector, {1: 1.0})
    condition = ResolvedCondition(vector[1], 1)
    refused = {
        "operator “angular”": replace(term, operator="angular"),
        "token positions “generated”": replace(term, positions="generated"),
        CONDITIONS: replace(term, condition=condition),
    }
    for told, one in refused.items():
        with pytest.raises(SpecError, match=told):
            check_offered(poor, [Prompt((1, 2), (one,))], GenerationSpec())
    for spec in (GenerationSpec(temperature=1.0), GenerationSpec(alternatives=3)):
        with pytest.raises(SpecError, match="does not offer"):
            check_offered(poor, [Prompt((1, 2))], spec)


def test_vectors_that_do_not_fit_are_refused(sound):
    unfit = {
        "layers 1 to 3": ({9: np.ones(HIDDEN)}, {9: 1.0}),
        "has 5 numbers": ({1: np.ones(5)}, {1: 1.0}),
        "not finite": ({1: np.full(HIDDEN, np.nan)}, {1: 1.0}),
        "not a finite number": ({1: np.ones(HIDDEN)}, {1: np.inf}),
    }
    for told, (vectors, strengths) in unfit.items():
        prompt = Prompt((1, 2), (ResolvedTerm(vectors, strengths),))
        with pytest.raises(SpecError, match=told):
            check_fits(sound.identity, [prompt])


def test_numbers_that_are_none_pass_nothing(sound):
    class Broken(Faulty):
        def traces(self, prompts, layers, tokens):
            found = self.engine.traces(prompts, layers, tokens)
            return [Trace(one.ids, one.states * np.nan) for one in found]

    found = certify(Broken(sound, lambda _, prompts: prompts), sound)
    assert {"states", "planted vector", "right layer", "batch"} <= set(
        found.found(suite.FAILED)
    )
    assert "NaN" not in as_json(found)


def test_another_model_is_no_reference(sound):
    with pytest.raises(ModelError, match="Give the same model with --model"):
        certify(sound, reference("lfm2"))


def test_a_first_token_that_is_long_does_not_hide_a_miss():
    before = np.array([[1000.0, 0.0], [1.0, 0.0]])
    wanted = before + np.array([0.0, 1.0])
    rounded = wanted + np.array([[1.0, 0.0], [0.0, 0.0]])
    assert apart(rounded, wanted, before) < 0.001
    assert apart(before, wanted, before) == pytest.approx(0.5)
