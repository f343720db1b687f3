"""Frozen descriptions of steering: what is added where and how strongly, what is written."""

from dataclasses import dataclass
from numbers import Real

from analysis.core.errors import SpecError

MOST_TOKENS = 2048
"""New tokens that one answer may have."""


@dataclass(frozen=True)
class VectorSource:
    """Where a steering vector comes from.

    ``kind`` is one of the sources of ``analysis.steering.resolve``. ``plus`` and ``minus``
    are sources to add and subtract, or, for a random vector, the one whose length it takes.
    ``target`` is where a mapped vector goes, or what a language vector is against (empty:
    all other languages).
    """

    kind: str = "concept vector"
    study: str = ""
    concept: str = ""
    language: str = ""
    target: str = ""
    estimator: str = ""
    seed: int = 0
    file: str = ""
    plus: tuple["VectorSource", ...] = ()
    minus: tuple["VectorSource", ...] = ()


@dataclass(frozen=True)
class Condition:
    """Steer only where the prompt's state resembles ``source`` (CAST).

    Where its cosine at ``layer`` lies above ``threshold``, or below it.
    """

    source: VectorSource
    layer: int
    threshold: float = 0.0
    above: bool = True
    reads: str = "mean of the prompt"


@dataclass(frozen=True)
class SteeringTerm:
    """One vector at some layers; ``strengths`` has one number a layer, or one for all."""

    source: VectorSource
    layers: tuple[int, ...]
    strengths: tuple[float, ...] = (1.0,)
    operator: str = "addition"
    positions: str = "all"
    condition: Condition | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "strengths", tuple(map(float, self.strengths)))
        if not self.layers:
            raise SpecError("Steering needs at least one layer; choose some.")
        if len(set(self.layers)) != len(self.layers):
            raise SpecError(
                "A layer is named twice; name each layer once, or use two terms."
            )
        if len(self.strengths) not in (1, len(self.layers)):
            raise SpecError(
                f"{len(self.strengths)} strengths were given for {len(self.layers)} layers; "
                "give one, or one per layer."
            )


@dataclass(frozen=True)
class SteeringSpec:
    """Terms that act together; none is the baseline."""

    terms: tuple[SteeringTerm, ...] = ()


@dataclass(frozen=True)
class GenerationSpec:
    """How an answer is made: greedily at temperature 0, else drawn with a seed.

    ``alternatives`` next tokens are kept per token.
    """

    tokens: int = 32
    temperature: float = 0.0
    seed: int = 0
    alternatives: int = 0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, bool) or not isinstance(value, Real):
                raise SpecError(f"{name} must be a number; given is {value!r}.")
        if not 1 <= self.tokens <= MOST_TOKENS:
            raise SpecError(
                f"{self.tokens:,} new tokens were asked for; an answer may have 1 to "
                f"{MOST_TOKENS:,}."
            )
        if not 0 <= self.temperature <= 10:
            raise SpecError(
                f"The temperature {self.temperature:g} is not between 0 (greedy) and 10."
            )
