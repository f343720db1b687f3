"""What determines a study of questions."""

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


@dataclass(frozen=True)
class QuestionSpec:
    """All that determines the states and vectors that are read from questions; ``most``
    items of a kind are read.
    """

    model: ModelSpec
    questions: str
    questions_digest: str
    languages: tuple[str, ...]
    template: str = "chat"
    last_state: str = "block"
    most: int = 100
    seed: int = 1
    position: str = later(USUAL)

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check("last state", self.last_state, LAST_STATES)
        check_chosen("position", self.position, POSITIONS)
        if not self.languages:
            raise SpecError(
                "Questions are asked in at least one language; choose some."
            )
        if self.most < 2:
            raise SpecError(
                f"A vector needs at least 2 items; asked for were {self.most}."
            )
