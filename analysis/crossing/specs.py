"""What determines what is tried where languages cross."""

from dataclasses import dataclass

from analysis.core.errors import SpecError
from analysis.core.specs import ModelSpec, check
from analysis.crossing.readings import READINGS
from analysis.sentences.shelf import OWN

PIVOT = "en"


@dataclass(frozen=True)
class SentenceAlignmentSpec:
    """Which parallel sentences are compared at every layer, and how they are read.

    ``languages`` empty: all of the study that the text has. ``sentences`` 0: all, else
    the first so many. ``text_digest`` empty: that of the text as it is.
    """

    model: ModelSpec
    text: str = OWN
    text_digest: str = ""
    languages: tuple[str, ...] = ()
    pivot: str = PIVOT
    readings: tuple[str, ...] = READINGS
    sentences: int = 0
    neighbours: int = 5

    def __post_init__(self) -> None:
        for reading in self.readings:
            check("reading of sentences", reading, READINGS)
        if not self.readings:
            raise SpecError(
                f"Choose at least one reading of sentences: {', '.join(READINGS)}."
            )
        if self.sentences < 0 or self.neighbours < 1:
            raise SpecError(
                f"Given are {self.sentences} sentences and {self.neighbours} neighbours; "
                "choose 0 sentences (all) or more, and 1 neighbour or more."
            )
