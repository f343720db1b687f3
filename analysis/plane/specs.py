"""What determines a sweep of two-depth steering."""

import math
from dataclasses import dataclass

from analysis.core.errors import SpecError
from analysis.core.specs import ModelSpec, check, check_seed

SCORINGS = ("likelihood", "generation")
"""How an answer is taken: the likeliest option, or what the model writes, matched with
the options.
"""


@dataclass(frozen=True)
class SweepSpec:
    """All that determines a plane: which languages are steered at which layers and
    strengths, and how answers are scored.

    ``local`` is the version of the local vector; after the single vectors the best
    ``depths`` layers of each are combined.
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

    def __post_init__(self) -> None:
        check_seed(self.seed)
        object.__setattr__(self, "strengths", tuple(map(float, self.strengths)))
        check("scoring", self.scoring, SCORINGS)
        if not (self.languages and self.layers and self.strengths):
            raise SpecError(
                "A sweep needs at least one language, one layer and one strength; choose some."
            )
        if not all(map(math.isfinite, self.strengths)):
            raise SpecError(
                "A strength of the sweep is not a finite number; give numbers of mean "
                "gaps, such as 0.5 or 2."
            )
        if 0 in self.strengths:
            raise SpecError(
                "Strength 0 is the baseline, which is always computed; leave it out."
            )
