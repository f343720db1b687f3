"""What determines a study of words, and how their spaces are aligned."""

from dataclasses import dataclass

from analysis.core.errors import SpecError
from analysis.core.specs import LAST_STATES, ModelSpec, check, check_at_least

POOLS = ("test words", "all words")
IDENTICAL = ("kept", "removed")


@dataclass(frozen=True)
class WordSpec:
    """All that determines the word vectors of a study.

    ``layers`` (1…N) are those that are kept; empty: all.
    """

    model: ModelSpec
    words: str
    words_digest: str
    languages: tuple[str, ...]
    embeddings: tuple[str, ...] = ("last token",)
    layers: tuple[int, ...] = ()
    last_state: str = "block"

    def __post_init__(self) -> None:
        check("last state", self.last_state, LAST_STATES)
        if len(self.languages) < 2 or not self.embeddings:
            raise SpecError(
                "Word vectors need at least two languages and one embedding; choose "
                "some."
            )


@dataclass(frozen=True)
class AlignmentSpec:
    """How words are matched between languages.

    Names are those of the tables of maps and criteria. ``layer`` 0 is the last one
    kept; ``seeds`` 0 is all words that are not held out; ``pool`` are the candidates;
    ``identical`` says whether words spelled alike in both languages take part; ``seed``
    shuffles seeds and held-out words.
    """

    embedding: str
    layer: int = 0
    map: str = "orthogonal"
    criterion: str = "CSLS"
    n_neighbors: int = 10
    seeds: int = 0
    pool: str = "test words"
    identical: str = "kept"
    seed: int = 1

    def __post_init__(self) -> None:
        check("pool", self.pool, POOLS)
        check("way with identical spellings", self.identical, IDENTICAL)
        if self.n_neighbors < 1 or self.seeds < 0:
            raise SpecError(
                "CSLS needs at least 1 neighbour, and seeds cannot be negative; given "
                f"are {self.n_neighbors} neighbours and {self.seeds} seeds."
            )
        check_at_least("The seed of the shuffling", self.seed, 0)
