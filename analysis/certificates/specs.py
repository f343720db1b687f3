"""What determines a report card of a vector: the trial “report-card” of a study.

Layout of the trial. A cell is a language. Every array has the dimension ``vector``: no
push (“none”), the vector, and random twins that push as hard.

``effect`` (vector, dose, prompt): log-odds of the positive text of a pair against its
negative one, by the share of the full strength; ``framed`` (vector, frame, prompt) and
``placed`` (vector, place, prompt) the same at full strength, in other surroundings and at
other tokens; ``others`` (vector, other, prompt) the same for pairs of other concepts.
``right`` (vector, fact): 1 where the right answer is likeliest. ``surprise`` (vector,
sentence): nats per token of neutral sentences. ``drifted`` and ``repeated`` (vector, draw,
answer): whether an answer left the language, and the share that it repeats.

Where paraphrases are asked there are three more. ``retold`` (vector, surrounding,
prompt) and ``answered`` (vector, template, prompt): log-odds of a pair that somebody tells
or writes, and as an answer to a request. ``reworded`` (vector, wording, paraphrase): those
of some pairs as they are written, and in other words.
"""

from dataclasses import dataclass

from analysis.core.errors import SpecError
from analysis.core.specs import ModelSpec, check_at_least, check_seed, later
from analysis.core.templates import CHAT

NAME = "report-card"
NONE, VECTOR = "none", "vector"
FRAMES = {"list": "- ", "quotation": "“"}
"""What stands before a text in other surroundings; signs that all languages know."""
PLACES = ("generated",)
"""At which tokens a vector pushes instead of at all."""
SURROUNDINGS = ("reported", "question", "letter", "diary")
"""What a text is retold in, in words of its own language."""
REQUESTED = ("none", CHAT)
"""Templates of the request that a text answers; the second where a model has one."""
WORDINGS = ("as written", "in other words")
PARAPHRASES = 6
"""As many pairs are asked in other words, where nobody says how many."""
GREEDY, DRAWN = "greedy", "drawn"
ANSWERS = (GREEDY, DRAWN)
"""How answers are written."""
FEWEST, FEWEST_TWINS, FEWEST_DOSES = 4, 3, 3
MOST_SHARE = 1.0


@dataclass(frozen=True)
class ReportCardSpec:
    """All that determines a report card.

    ``concept``: what the vector should do; empty: the study's first. ``source``: the
    language whose vector it is; empty: each language's own. ``file``: a kept vector file
    instead of the study's vectors. ``languages``: empty: the study's. ``layer`` 0: the
    middle. ``strength``: share of the length of each state; ``doses``: shares of it, the
    last one 1. ``paraphrases``: how many pairs are asked in other words; 0: none, and
    texts are neither retold nor answers, as in cards of earlier versions.
    """

    model: ModelSpec
    concept: str = ""
    source: str = ""
    file: str = ""
    languages: tuple[str, ...] = ()
    layer: int = 0
    strength: float = 0.05
    doses: tuple[float, ...] = (0.25, 0.5, 1.0)
    prompts: int = 8
    facts: int = 10
    sentences: int = 8
    others: int = 1
    answers: int = 4
    tokens: int = 16
    twins: int = 3
    template: str = ""
    seed: int = 1
    paraphrases: int = later(0)

    def __post_init__(self) -> None:
        check_seed(self.seed)
        object.__setattr__(self, "doses", tuple(map(float, self.doses)))
        if not 0 < self.strength <= MOST_SHARE:
            raise SpecError(
                "The strength is a share of the length of a state, above 0 and at most "
                f"{MOST_SHARE:g}; given is {self.strength:g}. Choose another."
            )
        rising = self.doses == tuple(sorted(set(self.doses)))
        if len(self.doses) < FEWEST_DOSES or not rising or self.doses[0] <= 0:
            raise SpecError(
                f"Doses are at least {FEWEST_DOSES} shares above 0, from weak to strong, "
                f"each once; given: {', '.join(f'{dose:g}' for dose in self.doses)}."
            )
        if self.doses[-1] != 1:
            raise SpecError(
                f"The last dose is the full strength, 1; given is {self.doses[-1]:g}."
            )
        for kind in ("prompts", "facts", "sentences", "answers"):
            check_at_least(f"number of {kind}", getattr(self, kind), FEWEST)
        check_at_least("number of random twins", self.twins, FEWEST_TWINS)
        check_at_least("number of new tokens", self.tokens, FEWEST)
        check_at_least("number of other concepts", self.others, 0)
        if self.paraphrases:
            check_at_least("number of paraphrases", self.paraphrases, FEWEST)
