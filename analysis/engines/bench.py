"""What an engine is tried with: texts, planted vectors, and states before and after.

A planted vector is random and as long as the states of its layer usually are, so that it
is neither lost in rounding nor drowns the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from analysis.core.errors import ModelError
from analysis.engines.contract import Engine, Prompt, Said, Trace
from analysis.steering.resolve import ResolvedTerm
from analysis.steering.specs import GenerationSpec

TEXTS = (
    "The judge heard both sides before she spoke.",
    "Fair.",
    "Anna divided the bread among all who had worked.",
    "裁判官は双方の話を聞いた。",
)
"""Of different length and script, so that a batch has to be padded."""
MORE = " Nobody left."
"""What makes a longer text that begins as another one does."""
STEPS = 3
"""Tokens that are written while states are watched; all but the last are read again."""
WRITTEN = 6
"""Tokens of the answers that are compared."""
TOLERANCE = 1e-3
ROUGH_TOLERANCE = 0.05
"""Of the lengths that are compared: in float32, and in any shorter precision."""
APART = 0.1
"""The same of two programs in a shorter precision, whose rounding adds up over layers.

Gemma 3 270M in bfloat16, computed with and without a cache of keys and values, is 0.04
apart in its steered states.
"""
FEW_ANSWERS = 0.25
"""Share of answers that may part in a shorter precision, where two tokens nearly tie."""
ADDITION = "addition"


@dataclass
class Bench:
    """An engine under trial, beside the reference where there is one.

    What it said before anything was steered is kept from the start.
    """

    engine: Engine
    reference: Engine | None = None
    seed: int = 0
    known: dict[tuple[int, ...], np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.reference is not None:
            check_same_model(self.engine, self.reference)
        self.prompts = [Prompt(tuple(ids)) for ids in self.engine.encode(TEXTS)]
        longer = [text + MORE for text in TEXTS]
        self.longer = [Prompt(tuple(ids)) for ids in self.engine.encode(longer)]
        if not all(prompt.tokens for prompt in self.prompts):
            raise ModelError(
                f"{self.engine.identity.engine} makes no token of a text. Look at the "
                "server's tokenizer."
            )
        self.plain = self.traces(self.prompts, STEPS)
        self.plain_longer = self.traces(self.longer, 1)
        self.plain_answers = self.answers(self.engine, self.prompts)

    @property
    def depth(self) -> int:
        """How many layers there are."""
        return self.engine.identity.layers

    @cached_property
    def layers(self) -> list[int]:
        """Where vectors are planted: the first layer, one in the middle, the last."""
        return sorted({1, (self.depth + 1) // 2, self.depth})

    @cached_property
    def watched(self) -> list[int]:
        """These layers and their neighbours."""
        near = set()
        for layer in self.layers:
            near |= {layer - 1, layer, layer + 1}
        return sorted(near & set(range(1, self.depth + 1)))

    @property
    def middle(self) -> int:
        """A layer with others before and behind it, where there are any."""
        return self.layers[len(self.layers) // 2]

    @cached_property
    def exact(self) -> bool:
        """Whether both engines compute in float32."""
        identities = [self.engine.identity]
        if self.reference is not None:
            identities.append(self.reference.identity)
        return all(each.precision == "float32" for each in identities)

    @property
    def tolerance(self) -> float:
        """How far states may part."""
        return TOLERANCE if self.exact else ROUGH_TOLERANCE

    @property
    def apart(self) -> float:
        """How far states may be from the reference's."""
        return TOLERANCE if self.exact else APART

    @property
    def few_answers(self) -> float:
        """Which share of answers may part."""
        return 0.0 if self.exact else FEW_ANSWERS

    def place(self, layer: int) -> int:
        """Where a layer lies among those that are watched."""
        return self.watched.index(layer)

    def vector(self, layer: int, number: int = 0) -> np.ndarray:
        """A planted vector (hidden,) of a layer; each number is another one."""
        rng = np.random.default_rng((self.seed, layer, number))
        drawn = rng.standard_normal(self.engine.identity.hidden)
        place = self.place(layer)
        lengths = []
        for trace in self.plain:
            here = trace.states[place]
            lengths.append(np.linalg.norm(here, axis=-1))
        usual = np.median(np.concatenate(lengths))
        direction = drawn / np.linalg.norm(drawn)
        planted = direction * usual
        return planted.astype(np.float32)

    def term(
        self,
        layer: int,
        strength: float = 1.0,
        operator: str = ADDITION,
        positions: str = "all",
        number: int = 0,
    ) -> ResolvedTerm:
        """A term with a planted vector at one layer."""
        vectors = {layer: self.vector(layer, number)}
        return ResolvedTerm(vectors, {layer: strength}, operator, positions)

    def traces(self, prompts: Sequence[Prompt], tokens: int) -> list[Trace]:
        """Traces of the engine under trial at the layers that are watched."""
        return self.traces_of(self.engine, prompts, tokens)

    def traces_of(
        self, engine: Engine, prompts: Sequence[Prompt], tokens: int
    ) -> list[Trace]:
        """Traces of an engine; ModelError where states of tokens are missing."""
        found = engine.traces(prompts, self.watched, tokens)
        check_number(engine, len(found), len(prompts))
        for prompt, trace in zip(prompts, found):
            check_shape(engine, prompt, trace, len(self.watched))
        return found

    def answers(self, engine: Engine, prompts: Sequence[Prompt]) -> list[Said]:
        """Greedy answers of an engine."""
        found = engine.answers(prompts, GenerationSpec(WRITTEN))
        check_number(engine, len(found), len(prompts))
        return found

    def before(
        self, prompts: Sequence[Prompt], after: Sequence[Trace]
    ) -> list[np.ndarray]:
        """States (layer, token, hidden) of the same tokens without any steering."""
        texts = []
        for prompt, trace in zip(prompts, after):
            read = trace.states.shape[1]
            written = read - len(prompt.tokens)
            texts.append(prompt.tokens + trace.ids[:written])
        self.read_plain(texts)
        return [self.known[text] for text in texts]

    def read_plain(self, texts: Sequence[tuple[int, ...]]) -> None:
        """Read the tokens that were not read before, without any steering."""
        distinct = dict.fromkeys(texts)
        missing = [text for text in distinct if text not in self.known]
        if not missing:
            return
        prompts = [Prompt(text) for text in missing]
        for text, trace in zip(missing, self.traces(prompts, 1)):
            end = len(text)
            self.known[text] = trace.states[:, :end]


def check_same_model(engine: Engine, reference: Engine) -> None:
    """ModelError where the reference runs another model, by its size."""
    one = engine.identity
    other = reference.identity
    if (one.layers, one.hidden) != (other.layers, other.hidden):
        raise ModelError(
            f"The engine runs {one.model} with {one.layers} layers of {one.hidden} "
            f"numbers, and {other.model} on this machine has {other.layers} of "
            f"{other.hidden}. Give the same model with --model."
        )


def check_number(engine: Engine, found: int, wanted: int) -> None:
    """ModelError where an engine does not answer to each prompt once."""
    if found != wanted:
        raise ModelError(
            f"{engine.identity.engine} gave {found} answers to {wanted} prompts."
        )


def check_shape(engine: Engine, prompt: Prompt, trace: Trace, layers: int) -> None:
    """ModelError unless there are states of every layer asked for and every token."""
    least = len(prompt.tokens)
    hidden = engine.identity.hidden
    shape = trace.states.shape
    fits = len(shape) == 3 and (shape[0], shape[2]) == (layers, hidden)
    if not fits or not least <= shape[1] <= least + len(trace.ids):
        found = " × ".join(map(str, shape))
        raise ModelError(
            f"{engine.identity.engine} gave states of {found} (layer × token × number) "
            f"for {layers} layers, {least} tokens and {hidden} numbers."
        )


def apart(found: np.ndarray, wanted: np.ndarray, before: np.ndarray) -> float:
    """How far states (…, hidden) are from the wanted ones, at the worst token.

    In units of the state before steering and of the push, both together: the first
    token of many models is a hundred times as long as any other.
    """
    miss = np.linalg.norm(found - wanted, axis=-1)
    push = np.linalg.norm(wanted - before, axis=-1)
    size = np.linalg.norm(before, axis=-1) + push
    share = miss / np.maximum(size, 1e-30)
    return float(share.max())


def differing(one: Sequence[Said], other: Sequence[Said]) -> float:
    """The share of answers whose tokens are not the same."""
    parted = [a.ids != b.ids for a, b in zip(one, other)]
    return float(np.mean(parted))
