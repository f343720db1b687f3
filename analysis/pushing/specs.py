"""What determines the second triangle: whose vectors push, where, and on which prompts.

``study.trial("pushing")`` is a dataset with these arrays. Each cell of the plan is one
concept in one target language:

- ``base`` (concept, target, prompt): without a push, how much more likely the first kind
  of continuation is than the second;
- ``effect`` (concept, target, source, strength, prompt): by how much the vector of the
  source language changes that;
- ``random`` (concept, target, draw, strength, prompt): the same for random directions,
  which are the same ones in every target language;
- ``cost`` and ``random-cost``, as ``effect`` and ``random``: by how many nats per token
  both kinds of continuation together become less likely.

``strength`` is a share of each state's own length, so that it is the same in every
language. Prompts are numbered; which ones they are says ``prompts.of_cell``. NaN where a
language has fewer prompts than others, or a source no vector. Numbers that belong to a
prompt are of vectors that were not made from it (``held_out.PushedVectors``).
"""

from dataclasses import dataclass

from analysis.core.errors import SpecError
from analysis.core.specs import ModelSpec, check_seed

NAME = "pushing"
"""What the trial is called in a study."""
PAIRS = "held-out pairs"
MOST_SHARE = 1.0
"""A push longer than the state itself leaves nothing of the state."""
FEWEST_PROMPTS, FEWEST_DRAWS = 3, 3
"""Fewer have no spread that could be seen."""


@dataclass(frozen=True)
class PushingSpec:
    """All that determines effects of pushing from language to language.

    What is empty or 0 is the study's own: its first concept, all its languages, as
    targets the sources, its middle layer, its template. ``strengths`` are shares of the
    length of each state; ``draws`` counts random directions.
    """

    model: ModelSpec
    concepts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    readout: str = PAIRS
    layer: int = 0
    strengths: tuple[float, ...] = (0.02, 0.05)
    prompts: int = 12
    draws: int = 8
    template: str = ""
    seed: int = 1

    def __post_init__(self) -> None:
        check_seed(self.seed)
        object.__setattr__(self, "strengths", tuple(map(float, self.strengths)))
        inside = all(0 < strength <= MOST_SHARE for strength in self.strengths)
        if not self.strengths or not inside:
            given = ", ".join(f"{strength:g}" for strength in self.strengths) or "none"
            raise SpecError(
                "Strengths are shares of the length of a state, above 0 and at most "
                f"{MOST_SHARE:g}; given: {given}. Choose others."
            )
        if self.strengths != tuple(sorted(set(self.strengths))):
            raise SpecError(
                "Strengths go from weak to strong, each once; given: "
                f"{', '.join(f'{strength:g}' for strength in self.strengths)}."
            )
        if self.prompts < FEWEST_PROMPTS or self.draws < FEWEST_DRAWS:
            raise SpecError(
                f"Pushing needs at least {FEWEST_PROMPTS} prompts and {FEWEST_DRAWS} "
                f"random directions; given are {self.prompts} and {self.draws}."
            )
