"""What determines a study of concept vectors, and how accuracies are read."""

from dataclasses import dataclass

from analysis.core.errors import SpecError
from analysis.core.positions import POSITIONS, USUAL
from analysis.core.specs import (
    LAST_STATES,
    ModelSpec,
    check,
    check_chosen,
    check_seed,
    later,
)

LAYER_CHOICES = ("best on test", "cross-fitted", "fixed")
TIES = ("right", "half")


@dataclass(frozen=True)
class StudySpec:
    """All that determines a study's numbers."""

    model: ModelSpec
    corpus: str
    corpus_digest: str
    concepts: tuple[str, ...]
    languages: tuple[str, ...]
    estimator: str = "difference of means"
    template: str = "none"
    split: str = "by pair"
    last_state: str = "block"
    seed: int = 1
    position: str = later(USUAL)

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check("last state", self.last_state, LAST_STATES)
        check_chosen("position", self.position, POSITIONS)
        if not self.concepts or not self.languages:
            raise SpecError(
                "A study needs at least one concept and one language; choose some."
            )


@dataclass(frozen=True)
class Convention:
    """How accuracies are read off pair scores.

    ``layer``: chosen on the test pairs themselves (the paper; optimistic), chosen on
    the other half of the test pairs (cross-fitted; honest), or one fixed block
    (``index``, 1…N). ``ties``: a margin of exactly zero counts as right (the paper) or
    as half right.
    """

    layer: str = "cross-fitted"
    ties: str = "half"
    index: int = 0

    def __post_init__(self) -> None:
        check("layer choice", self.layer, LAYER_CHOICES)
        check("tie rule", self.ties, TIES)


CONVENTIONS = {
    "honest": Convention("cross-fitted", "half"),
    "paper": Convention("best on test", "right"),
}
