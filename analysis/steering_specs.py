"""Frozen descriptions of steering: what is added where and how strongly, what is written then, and runs over many settings."""

from dataclasses import dataclass

from analysis.errors import SpecError
from analysis.specs import ModelSpec, check, from_dict

SEARCHED_ON = ("other prompts", "the reported prompts (paper)")
SCORINGS = ("likelihood", "generation")
"""How an answer is taken: the likeliest option, or what the model writes, matched with the options."""


@dataclass(frozen=True)
class SweepSpec:
    """All that determines a plane: which languages are steered at which layers and strengths, and how answers are scored.

    ``local`` is the version of the local vector; after the single vectors the best ``depths`` layers of each are combined.
    """

    model: ModelSpec
    questions: str
    questions_digest: str
    languages: tuple[str, ...]
    layers: tuple[int, ...]
    strengths: tuple[float, ...] = (0.5, 1.0, 2.0)
    template: str = "chat"
    scoring: str = "likelihood"
    normalised: bool = True
    local: str = "own"
    depths: int = 2
    most: int = 100
    seed: int = 1

    def __post_init__(self):
        if isinstance(self.model, dict):
            object.__setattr__(self, "model", from_dict(ModelSpec, self.model))
        object.__setattr__(self, "strengths", tuple(map(float, self.strengths)))
        check("scoring", self.scoring, SCORINGS)
        if not (self.languages and self.layers and self.strengths):
            raise SpecError("A sweep needs at least one language, one layer and one strength; choose some.")
        if 0 in self.strengths:
            raise SpecError("Strength 0 is the baseline, which is always computed; leave it out.")


MOST_TOKENS = 2048
"""New tokens that one answer may have."""


def rebuilt(kind: type, values: object) -> object:
    """Specs inside a spec, rebuilt where JSON left dictionaries."""
    if isinstance(values, list | tuple):
        return tuple(rebuilt(kind, value) for value in values)
    return from_dict(kind, values) if isinstance(values, dict) else values


@dataclass(frozen=True)
class VectorSource:
    """Where a steering vector comes from; ``kind`` is one of the sources of ``analysis.measures.steering``.

    ``plus`` and ``minus`` are sources to add and subtract, or, for a random vector, the one whose length it takes.
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

    def __post_init__(self):
        for name in ("plus", "minus"):
            object.__setattr__(self, name, rebuilt(VectorSource, getattr(self, name)))


@dataclass(frozen=True)
class Condition:
    """Steer only where the prompt's state at ``layer`` has a cosine with ``source`` above (or below) ``threshold`` (CAST)."""

    source: VectorSource
    layer: int
    threshold: float = 0.0
    above: bool = True
    reads: str = "mean of the prompt"

    def __post_init__(self):
        object.__setattr__(self, "source", rebuilt(VectorSource, self.source))


@dataclass(frozen=True)
class SteeringTerm:
    """One vector at some layers; ``strengths`` has one number per layer, or one for all."""

    source: VectorSource
    layers: tuple[int, ...]
    strengths: tuple[float, ...] = (1.0,)
    operator: str = "addition"
    positions: str = "all"
    condition: Condition | None = None

    def __post_init__(self):
        object.__setattr__(self, "source", rebuilt(VectorSource, self.source))
        object.__setattr__(self, "condition", rebuilt(Condition, self.condition))
        object.__setattr__(self, "strengths", tuple(map(float, self.strengths)))
        if not self.layers:
            raise SpecError("Steering needs at least one layer; choose some.")
        if len(set(self.layers)) != len(self.layers):
            raise SpecError("A layer is named twice; name each layer once, or use two terms.")
        if len(self.strengths) not in (1, len(self.layers)):
            raise SpecError(
                f"{len(self.strengths)} strengths were given for {len(self.layers)} layers; give one, or one per layer."
            )


@dataclass(frozen=True)
class SteeringSpec:
    """Terms that act together; none is the baseline."""

    terms: tuple[SteeringTerm, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "terms", rebuilt(SteeringTerm, self.terms))


@dataclass(frozen=True)
class GenerationSpec:
    """How an answer is made: greedily at temperature 0, else drawn with a seed; ``alternatives`` next tokens are kept per token."""

    tokens: int = 32
    temperature: float = 0.0
    seed: int = 0
    alternatives: int = 0

    def __post_init__(self):
        if not 1 <= self.tokens <= MOST_TOKENS:
            raise SpecError(f"{self.tokens:,} new tokens were asked for; an answer may have 1 to {MOST_TOKENS:,}.")
        if not 0 <= self.temperature <= 10:
            raise SpecError(f"The temperature {self.temperature:g} is not between 0 (greedy) and 10.")


@dataclass(frozen=True)
class ControlSpec:
    """All that determines the texts of a control run: whose vectors, pushed how, in which languages, on which prompts.

    ``source`` is the language whose vector and setting are reused everywhere; ``strengths`` in mean gaps, none: those of the
    search. ``search_prompts`` and ``reported_prompts`` count prompts per language.
    """

    model: ModelSpec
    study: str
    vectors_digest: str
    concept: str
    languages: tuple[str, ...]
    prompts: str
    prompts_digest: str
    source: str = "en"
    search: str = "log-spaced strengths × ranges of layers"
    strengths: tuple[float, ...] = ()
    layer_sets: int = 10
    searched_on: str = "other prompts"
    search_prompts: int = 8
    reported_prompts: int = 8
    operator: str = "addition"
    template: str = "chat"
    tokens: int = 24
    seed: int = 1

    def __post_init__(self):
        if isinstance(self.model, dict):
            object.__setattr__(self, "model", from_dict(ModelSpec, self.model))
        check("choice of search prompts", self.searched_on, SEARCHED_ON)
        if self.source not in self.languages:
            raise SpecError(f"The shared vector's language “{self.source}” must be among the languages; add it or choose another.")
        counts = (self.layer_sets, self.search_prompts, self.reported_prompts, self.tokens)
        if min(counts) < 1 or self.tokens > MOST_TOKENS or not all(0 < s < float("inf") for s in self.strengths):
            raise SpecError(
                f"A control run needs at least one layer set, search prompt and reported prompt, 1 to {MOST_TOKENS} tokens, and "
                "strengths above 0; change the one that is not."
            )


@dataclass(frozen=True)
class JudgingSpec:
    """How answers are judged and a setting is chosen; any of it can change without generating again.

    ``openings`` names a list of refusals, ``edited`` holds its lines when the user changed it. An answer fails with fewer
    than ``fewest_words``, a word of more than ``longest_word`` letters (0: the language's own limit), ``looping_words`` words
    that loop, or one word ``in_a_row`` times without another between (0: never). ``perplexity`` (times the baseline's) and
    ``drift`` (share above it) are the limits of a choice within limits.
    """

    openings: str = "sixteen languages"
    edited: tuple[str, ...] = ()
    fewest_words: int = 3
    longest_word: int = 0
    looping_words: int = 2
    in_a_row: int = 3
    command: str = ""
    objective: str = "following rate"
    choice: str = "best effect within cost limits"
    perplexity: float = 5.0
    drift: float = 0.25
