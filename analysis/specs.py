"""Frozen descriptions of what is computed. A spec's canonical JSON is its digest; digests name files and key caches."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields

from analysis.errors import SpecError, unknown

DTYPES = ("float32", "bfloat16", "float16")
QUANTISATIONS = ("none", "8-bit", "4-bit")
DEVICES = ("auto", "cpu", "cuda")
LAST_STATES = ("block", "normed")
"""What the last layer is: the last block's output, or the state after the final norm (the papers' last index)."""
LAYER_CHOICES = ("best on test", "cross-fitted", "fixed")
TIES = ("right", "half")
POOLS = ("test words", "all words")
IDENTICAL = ("kept", "removed")


def digest(spec: object) -> str:
    """First 16 hexadecimal digits of the SHA-256 of the spec's canonical JSON."""
    text = json.dumps(asdict(spec), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def from_dict(kind: type, values: dict) -> object:
    """Rebuild a spec from JSON; lists become tuples, unknown keys are an error."""
    names = {field.name for field in fields(kind)}
    if extra := set(values) - names:
        raise SpecError(f"{kind.__name__} has no {', '.join(sorted(extra))}; it knows {', '.join(sorted(names))}.")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


def check(kind: str, given: str, allowed: tuple[str, ...]) -> None:
    """Raise SpecError unless ``given`` is in the table."""
    if given not in allowed:
        raise unknown(kind, given, allowed)


@dataclass(frozen=True)
class ModelSpec:
    """Which weights, in which precision, where.

    ``model`` is a hub id (``owner/name``) or the name of a folder that the server lists; ``revision`` pins a commit.
    """

    model: str
    revision: str = "main"
    dtype: str = "float32"
    quantisation: str = "none"
    device: str = "auto"

    def __post_init__(self):
        check("dtype", self.dtype, DTYPES)
        check("quantisation", self.quantisation, QUANTISATIONS)
        check("device", self.device, DEVICES)


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

    def __post_init__(self):
        if isinstance(self.model, dict):
            object.__setattr__(self, "model", from_dict(ModelSpec, self.model))
        check("last state", self.last_state, LAST_STATES)
        if not self.concepts or not self.languages:
            raise SpecError("A study needs at least one concept and one language; choose some.")


@dataclass(frozen=True)
class QuestionSpec:
    """All that determines the states and vectors that are read from questions; ``most`` items of a kind are read."""

    model: ModelSpec
    questions: str
    questions_digest: str
    languages: tuple[str, ...]
    template: str = "chat"
    last_state: str = "block"
    most: int = 100
    seed: int = 1

    def __post_init__(self):
        if isinstance(self.model, dict):
            object.__setattr__(self, "model", from_dict(ModelSpec, self.model))
        check("last state", self.last_state, LAST_STATES)
        if not self.languages:
            raise SpecError("Questions are asked in at least one language; choose some.")
        if self.most < 2:
            raise SpecError(f"A vector needs at least 2 items; asked for were {self.most}.")


@dataclass(frozen=True)
class WordSpec:
    """All that determines the word vectors of a study. ``layers`` (1…N) are those that are kept; empty: all."""

    model: ModelSpec
    words: str
    words_digest: str
    languages: tuple[str, ...]
    embeddings: tuple[str, ...] = ("last token",)
    layers: tuple[int, ...] = ()
    last_state: str = "block"

    def __post_init__(self):
        if isinstance(self.model, dict):
            object.__setattr__(self, "model", from_dict(ModelSpec, self.model))
        check("last state", self.last_state, LAST_STATES)
        if len(self.languages) < 2 or not self.embeddings:
            raise SpecError("Word vectors need at least two languages and one embedding; choose some.")


@dataclass(frozen=True)
class AlignmentSpec:
    """How words are matched between languages; names are those of the tables of maps and criteria.

    ``layer`` 0 is the last one kept; ``seeds`` 0 is all words that are not held out; ``pool`` are the candidates; ``identical``
    says whether words spelled alike in both languages take part; ``seed`` shuffles seeds and held-out words.
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

    def __post_init__(self):
        check("pool", self.pool, POOLS)
        check("way with identical spellings", self.identical, IDENTICAL)
        if self.n_neighbors < 1 or self.seeds < 0:
            given = f"given are {self.n_neighbors} neighbours and {self.seeds} seeds"
            raise SpecError(f"CSLS needs at least 1 neighbour, and seeds cannot be negative; {given}.")


@dataclass(frozen=True)
class Convention:
    """How accuracies are read off pair scores.

    ``layer``: chosen on the test pairs themselves (the paper; optimistic), chosen on the other half of the test pairs
    (cross-fitted; honest), or one fixed block (``index``, 1…N). ``ties``: a margin of exactly zero counts as right (the
    paper) or as half right.
    """

    layer: str = "cross-fitted"
    ties: str = "half"
    index: int = 0

    def __post_init__(self):
        check("layer choice", self.layer, LAYER_CHOICES)
        check("tie rule", self.ties, TIES)


CONVENTIONS = {
    "honest": Convention("cross-fitted", "half"),
    "paper": Convention("best on test", "right"),
}
