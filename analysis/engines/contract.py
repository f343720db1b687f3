"""What an engine is: a program that reads texts and writes steered answers for us.

Layers are counted from 1 and are the outputs of blocks; strengths, operators and token
positions mean what they mean in ``analysis/steering``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from analysis.core.errors import SpecError
from analysis.core.positions import LAST, MEAN, WEIGHTED
from analysis.steering.operators import OPERATORS, POSITIONS
from analysis.steering.resolve import ResolvedTerm
from analysis.steering.specs import GenerationSpec

TRANSFORMERS = "transformers"
"""The engine whose numbers are the measure of all others."""
READINGS = (LAST, MEAN, WEIGHTED)
CONDITIONS = "conditions"
DRAWS = "draws at a temperature"
ALTERNATIVES = "likeliest next tokens"
SCORES = "log-probabilities of given answers"
BY_ITSELF = (CONDITIONS, DRAWS, ALTERNATIVES, SCORES)
"""What an engine offers or does not, whatever else it does."""


@dataclass(frozen=True)
class Identity:
    """Which program runs which model.

    ``address`` is empty for this machine; ``precision`` is that of the states it gives.
    """

    engine: str
    version: str
    model: str
    layers: int
    hidden: int
    precision: str
    address: str = ""


@dataclass(frozen=True)
class Offers:
    """What an engine can be used for; each name stands in a table of the house."""

    operators: tuple[str, ...]
    positions: tuple[str, ...]
    readings: tuple[str, ...]
    others: tuple[str, ...] = ()
    chat: bool = True

    def lacks(self) -> list[str]:
        """All that the house does and this engine does not, in words."""
        lacking = []
        for kind, all_there_are, offered in (
            ("operator", OPERATORS, self.operators),
            ("token positions", POSITIONS, self.positions),
            ("reading", READINGS, self.readings),
        ):
            missing = [name for name in all_there_are if name not in offered]
            lacking += [f"{kind} “{name}”" for name in missing]
        lacking += [name for name in BY_ITSELF if name not in self.others]
        if not self.chat:
            lacking.append("the model's chat template")
        return lacking


@dataclass(frozen=True)
class Prompt:
    """Token ids of a prompt and the terms that steer it.

    ``after`` of its tokens come before the instruction has ended; 0: all of them.
    """

    tokens: tuple[int, ...]
    terms: tuple[ResolvedTerm, ...] = ()
    after: int = 0

    @property
    def instructed(self) -> int:
        """Tokens up to the instruction's end."""
        return self.after or len(self.tokens)


class Said(NamedTuple):
    """What was written: its text and token ids, without the token that ends it."""

    text: str
    ids: tuple[int, ...]


class Trace(NamedTuple):
    """An answer and the states (layer, token, hidden) of prompt and answer.

    The states are those that leave each of the layers asked for, after steering. Of the
    answer they are those of tokens that were read again to write the next.
    """

    ids: tuple[int, ...]
    states: np.ndarray


Eat = Callable[[np.ndarray, np.ndarray], None]
"""Takes places of texts (text,) and their states (text, layer, hidden)."""


class Engine(Protocol):
    """A program that runs one model."""

    @property
    def identity(self) -> Identity:
        """Which program, and which model."""
        ...

    @property
    def offers(self) -> Offers:
        """What it can be used for."""
        ...

    def encode(self, texts: Sequence[str], whole: bool = False) -> list[list[int]]:
        """Token ids of texts; ``whole`` ones hold every special token already."""
        ...

    def encode_turn(self, text: str) -> list[int]:
        """Token ids of a user's turn in the model's chat template; none without one."""
        ...

    def stream(self, prompts: Sequence[Prompt], eat: Eat) -> None:
        """Read unsteered prompts and feed the state of each one's last token."""
        ...

    def answers(self, prompts: Sequence[Prompt], spec: GenerationSpec) -> list[Said]:
        """What is written to each prompt under its own steering, all at once."""
        ...

    def traces(
        self, prompts: Sequence[Prompt], layers: Sequence[int], tokens: int
    ) -> list[Trace]:
        """Greedy answers of so many tokens, with the states of some layers."""
        ...


def check_offered(
    engine: Engine, prompts: Sequence[Prompt], spec: GenerationSpec
) -> None:
    """SpecError for what an engine is asked for and does not offer."""
    offers = engine.offers
    for prompt in prompts:
        for term in prompt.terms:
            check_one(engine, "operator", term.operator, offers.operators)
            check_one(engine, "token positions", term.positions, offers.positions)
            if term.condition is not None:
                check_other(engine, CONDITIONS)
    if spec.temperature:
        check_other(engine, DRAWS)
    if spec.alternatives:
        check_other(engine, ALTERNATIVES)


def check_one(engine: Engine, kind: str, name: str, offered: Sequence[str]) -> None:
    """SpecError for a name that an engine does not offer."""
    if name not in offered:
        known = ", ".join(f"“{each}”" for each in offered) or "none"
        raise SpecError(
            f"{engine.identity.engine} does not offer the {kind} “{name}”; it offers "
            f"{known}. Choose one of these, or the engine {TRANSFORMERS}."
        )


def check_other(engine: Engine, name: str) -> None:
    """SpecError for an ability that an engine does not have."""
    if name not in engine.offers.others:
        raise SpecError(
            f"{engine.identity.engine} does not offer {name}. Leave them out, or use the "
            f"engine {TRANSFORMERS}."
        )


def check_fits(identity: Identity, prompts: Sequence[Prompt]) -> None:
    """SpecError for a layer, width or number that the engine's model does not have."""
    for prompt in prompts:
        for term in prompt.terms:
            for layer, vector in term.vectors.items():
                check_vector(identity, layer, vector)
            for strength in term.strengths.values():
                if not np.isfinite(strength):
                    raise SpecError("A strength is not a finite number; give one.")


def check_vector(identity: Identity, layer: int, vector: np.ndarray) -> None:
    """SpecError for a vector that does not fit the engine's model."""
    if not 1 <= layer <= identity.layers:
        raise SpecError(
            f"{identity.model} has layers 1 to {identity.layers}; asked for was layer "
            f"{layer}. Choose one of these."
        )
    if np.shape(vector) != (identity.hidden,):
        raise SpecError(
            f"The vector has {np.size(vector)} numbers, the states of {identity.model} "
            f"have {identity.hidden}. Choose vectors of this model."
        )
    if not np.isfinite(vector).all():
        raise SpecError(
            f"The vector of layer {layer} has numbers that are not finite. Choose "
            "another language or concept."
        )
