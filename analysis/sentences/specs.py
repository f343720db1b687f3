"""What determines the states of sentences, and how they are looked up."""

from dataclasses import dataclass

from analysis.core.errors import SpecError
from analysis.core.specs import LAST_STATES, ModelSpec, check
from analysis.sentences.readings import READINGS, USUAL


@dataclass(frozen=True)
class SentenceSpec:
    """All that determines the states of a study's sentences.

    ``layers`` (1…N) are those whose states are kept; empty: all. Means of languages are
    kept at every layer in any case.
    """

    model: ModelSpec
    sentences: str
    sentences_digest: str
    languages: tuple[str, ...]
    readings: tuple[str, ...] = (USUAL,)
    layers: tuple[int, ...] = ()
    last_state: str = "block"

    def __post_init__(self) -> None:
        check("last state", self.last_state, LAST_STATES)
        for reading in self.readings:
            check("reading of sentences", reading, READINGS)
        if len(self.languages) < 2 or not self.readings:
            raise SpecError(
                "Parallel sentences need at least two languages and one reading; choose "
                "some."
            )


@dataclass(frozen=True)
class RetrievalSpec:
    """How sentences are looked up in another language.

    ``layer`` 0 is the last one kept; ``criterion`` is one of the table of criteria.
    """

    reading: str = USUAL
    layer: int = 0
    criterion: str = "cosine"
    n_neighbors: int = 10

    def __post_init__(self) -> None:
        if self.n_neighbors < 1:
            raise SpecError(
                f"CSLS needs at least 1 neighbour; given are {self.n_neighbors}."
            )
