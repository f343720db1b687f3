"""What determines a control run and how its answers are judged."""

from dataclasses import dataclass

from analysis.core.errors import SpecError
from analysis.core.specs import ModelSpec, check, check_seed, later
from analysis.steering.specs import MOST_TOKENS, VectorSource

CHANGED_AND_KEPT = "language changed and content kept"
"""The objective of runs towards a language."""
SEARCHED_ON = ("other prompts", "the reported prompts (paper)")


@dataclass(frozen=True)
class ControlSpec:
    """All that determines the texts of a control run: whose vectors, pushed how, in
    which languages, on which prompts.

    ``source`` is the language whose vector and setting are reused everywhere;
    ``strengths`` in mean gaps, none: those of the
    search. ``search_prompts`` and ``reported_prompts`` count prompts per language.
    ``towards`` is a language whose vector pushes in place of a concept's: each prompt's
    own is against the prompt's language, the shared one against ``source``.
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
    towards: str = later("")

    def __post_init__(self) -> None:
        check_seed(self.seed)
        if bool(self.concept) == bool(self.towards):
            raise SpecError(
                "A control run pushes along a concept or towards a language: name the one "
                "or the other."
            )
        if self.towards in self.languages:
            raise SpecError(
                f"Prompts in “{self.towards}” cannot be pushed towards it; leave the "
                "language out, or choose another one to push towards."
            )
        check("choice of search prompts", self.searched_on, SEARCHED_ON)
        if self.source not in self.languages:
            raise SpecError(
                f"The shared vector's language “{self.source}” must be among the "
                "languages; add it or choose another."
            )
        counts = (
            self.layer_sets,
            self.search_prompts,
            self.reported_prompts,
            self.tokens,
        )
        if (
            min(counts) < 1
            or self.tokens > MOST_TOKENS
            or not all(0 < s < float("inf") for s in self.strengths)
        ):
            raise SpecError(
                "A control run needs at least one layer set, search prompt and "
                f"reported prompt, 1 to {MOST_TOKENS} tokens, and "
                "strengths that are finite numbers above 0; change the one that is not."
            )

    @property
    def pushed_along(self) -> str:
        """The concept or the language along which is pushed, in words."""
        return f"language {self.towards}" if self.towards else self.concept

    def vector_of(self, language: str) -> VectorSource:
        """Where the vector of a language comes from."""
        if self.towards:
            return VectorSource(
                "language vector",
                study=self.study,
                language=self.towards,
                target=language,
            )
        return VectorSource(study=self.study, concept=self.concept, language=language)


@dataclass(frozen=True)
class JudgingSpec:
    """How answers are judged and a setting is chosen; any of it can change without
    generating again.

    ``openings`` names a list of refusals, ``edited`` holds its lines when the user
    changed it. An answer fails with fewer
    than ``fewest_words``, a word of more than ``longest_word`` letters (0: the
    language's own limit), ``looping_words`` words
    that loop, or one word ``in_a_row`` times without another between (0: never).
    ``perplexity`` (times the baseline's) and
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
