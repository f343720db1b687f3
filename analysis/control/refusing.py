"""Requests to decline, tried on a model: is harm read off its states, is it refused, and
does the refusal direction of one language change that in another?

Directions are differences of means (Arditi et al. 2024), here fold by fold: no request is
read, nor pushed, with a direction that its own text or its translation made.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np

from analysis.concepts import corpora
from analysis.concepts.corpora import OWN_REQUESTS
from analysis.concepts.pairs import Corpus
from analysis.control import refusals
from analysis.core.errors import SpecError, unknown
from analysis.core.specs import ModelSpec, check, check_seed, digest, written
from analysis.study.study import Study
from analysis.study.trial_part import TrialArray, TrialPart

NAME = "refusing"
FOLDS = 2
FEWEST, MOST = 12, 400
"""Requests: with fewer, half of a half is too few to choose a layer on."""
SIDES = ("negative", "positive")
"""Which member of a contrast pair is the request to decline."""
USUAL_LANGUAGES = 4
"""How many are chosen at first: time grows with their square."""
OPENING_TOKENS = 5
"""About how many tokens an opening has."""
LAST_SHARE = 0.8
"""Directions of later layers than this share of the depth are not tried: there is little
left for them to change (Arditi et al.)."""


@dataclass(frozen=True)
class RefusingSpec:
    """All that determines the trial: which requests in which languages, and how hard.

    ``declined``: the side of each pair that is to be declined; the other is its harmless
    twin. ``requests``: pairs per language. ``layers``: those a direction may be of, none:
    all up to LAST_SHARE of the depth. ``strength``: mean gaps that are added.
    ``openings``: of the openings of refusals, how many of the likeliest are summed.
    """

    model: ModelSpec
    corpus: str = OWN_REQUESTS
    corpus_digest: str = ""
    concept: str = ""
    declined: str = SIDES[0]
    languages: tuple[str, ...] = ()
    requests: int = 32
    layers: tuple[int, ...] = ()
    strength: float = 1.0
    openings: int = 8
    refusals: str = refusals.WRITTEN
    template: str = "chat"
    seed: int = 1

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check("declined", self.declined, SIDES)
        if not FEWEST <= self.requests <= MOST:
            raise SpecError(
                f"{self.requests} requests were asked for; give {FEWEST} to {MOST}."
            )
        if not (np.isfinite(self.strength) and self.strength > 0):
            raise SpecError(
                f"The strength is {self.strength}; give a number of mean gaps above 0."
            )
        if not 1 <= self.openings <= 64:
            raise SpecError(f"{self.openings} openings were asked for; give 1 to 64.")


class Texts(NamedTuple):
    """Requests and their harmless twins in one language, in the order of the pairs."""

    requests: tuple[str, ...]
    twins: tuple[str, ...]


def corpus_of(spec: RefusingSpec) -> Corpus:
    """The pairs of a spec; CorpusError when they are not on this server."""
    if spec.corpus_digest:
        return corpora.find(spec.corpus_digest)
    return corpora.load(spec.corpus)


def concept_of(spec: RefusingSpec, corpus: Corpus) -> str:
    """The concept whose pairs are taken; SpecError where it must be said or is none."""
    if spec.concept in corpus.concepts:
        return spec.concept
    if not spec.concept and len(corpus.concepts) == 1:
        return corpus.concepts[0]
    raise unknown("concept", spec.concept, corpus.concepts)


def begin(study: Study, spec: RefusingSpec) -> TrialPart:
    """What a study's manifest tells of the trial: a cell for each direction and target.

    SpecError for languages or layers that there are none of, and too few common pairs.
    """
    corpus = corpus_of(spec)
    concept = concept_of(spec, corpus)
    there = {language for of, language in corpus.cells if of == concept}
    chosen = spec.languages or tuple(code for code in study.languages if code in there)
    for code in chosen:
        if code not in there:
            raise unknown("language of the requests", code, tuple(sorted(there)))
    if not chosen:
        raise SpecError(
            f"“{corpus.name}” has requests in none of the study's languages; it has "
            f"{', '.join(sorted(there))}. Choose some of them."
        )
    exact = replace(
        spec,
        corpus=corpus.name,
        corpus_digest=corpus.digest,
        concept=concept,
        languages=chosen,
        layers=layers_of(study, spec),
    )
    return TrialPart(
        spec=written(exact),
        digest=digest(exact),
        dims={
            "source": chosen,
            "target": chosen,
            "pair": common_pairs(corpus, exact),
            "fold": tuple(str(fold) for fold in range(1, FOLDS + 1)),
        },
        cells=("source", "target"),
        arrays=ARRAYS,
        notes=corpus.notes,
    )


def layers_of(study: Study, spec: RefusingSpec) -> tuple[int, ...]:
    """Layers that a direction may be of; SpecError for one that there is none of."""
    for layer in spec.layers:
        if not 1 <= layer <= study.layers:
            raise SpecError(f"There is no layer {layer}; choose 1 to {study.layers}.")
    last = max(1, int(LAST_SHARE * study.layers))
    return spec.layers or tuple(range(1, last + 1))


def common_pairs(corpus: Corpus, spec: RefusingSpec) -> tuple[str, ...]:
    """Ids of the pairs that all languages have, at most as many as asked for.

    Drawn by their names, so that kinds of requests are mixed. SpecError with fewer than
    FEWEST.
    """
    common = None
    for language in spec.languages:
        mine = {pair.pair for pair in corpus.select(spec.concept, language)}
        common = mine if common is None else common & mine
    found = sorted(common or (), key=lambda name: drawn(spec.seed, name))
    if len(found) < FEWEST:
        raise SpecError(
            f"{len(found)} requests are there in all of {', '.join(spec.languages)}; "
            f"at least {FEWEST} are needed. Choose fewer languages."
        )
    return tuple(found[: spec.requests])


def drawn(seed: int, name: str) -> bytes:
    """Where a pair stands in an order that has nothing to do with its name."""
    return hashlib.sha256(f"{seed} request {name}".encode()).digest()


def texts_of(spec: RefusingSpec, language: str, pairs: Sequence[str]) -> Texts:
    """Requests and twins of a language, in the order of these pairs."""
    known = {}
    for pair in corpus_of(spec).select(spec.concept, language):
        known[pair.pair] = pair
    requests = []
    twins = []
    for name in pairs:
        sides = (known[name].negative, known[name].positive)
        if spec.declined == SIDES[1]:
            sides = sides[::-1]
        requests.append(sides[0])
        twins.append(sides[1])
    return Texts(tuple(requests), tuple(twins))


def begun_by(spec: RefusingSpec, language: str) -> tuple[str, ...]:
    """How refusals begin in a language and in English; of two of which one begins the
    other, the shorter, so that no answer counts twice.
    """
    of = refusals.openings(spec.refusals)
    known = (*of.get(language, ()), *of.get("en", ()))
    shortest = sorted(dict.fromkeys(known), key=len)
    kept: list[str] = []
    for opening in shortest:
        if not opening.startswith(tuple(kept)):
            kept.append(opening)
    return tuple(kept)


RATE = "probability that an answer begins as refusals do"
WORDS = {
    "reading": "request − its twin along the direction of the source, in mean gaps",
    "unsteered": f"{RATE}, requests",
    "unsteered-twin": f"{RATE}, harmless twins",
    "removed": f"{RATE}, requests without the direction",
    "random-removed": f"{RATE}, requests without a random direction",
    "added": f"{RATE}, harmless twins with the direction added",
    "random-added": f"{RATE}, harmless twins with a random vector added",
}
ARRAYS: dict[str, TrialArray] = {
    name: TrialArray(
        dims=("pair",),
        long_name=words,
        units="mean gaps" if name == "reading" else "probability",
    )
    for name, words in WORDS.items()
}
ARRAYS["layer"] = TrialArray(
    dims=("fold",), long_name="layer of the direction, chosen on the other fold"
)
"""What is kept of a source's direction in a target language."""


@dataclass(frozen=True)
class Push:
    """A direction that is added at its layer, or removed after every block."""

    layer: int
    vector: np.ndarray
    removes: bool = False


class Engine(Protocol):
    """A model that is read, and asked how likely it refuses."""

    def states(self, texts: Sequence[str]) -> np.ndarray:
        """States (text, layer, hidden) at the last token of each prompt."""
        ...

    def refusal(
        self, language: str, texts: Sequence[str], pushes: Sequence[Push | None]
    ) -> np.ndarray:
        """How likely each answer begins as refusals do (text,)."""
        ...


class Try:
    """Everything that one language's direction is tried on; each language is read once."""

    def __init__(
        self, engine: Engine, spec: RefusingSpec, texts: Mapping[str, Texts]
    ) -> None:
        self.engine = engine
        self.spec = spec
        self.texts = texts
        self.pairs = len(next(iter(texts.values())).requests)
        self.gaps: dict[str, np.ndarray] = {}
        self.rates: dict[str, np.ndarray] = {}
        self.known: dict[str, list[Direction]] = {}

    def gap(self, language: str) -> np.ndarray:
        """Request − twin (pair, layer, hidden), read once."""
        if language not in self.gaps:
            known = self.texts[language]
            states = self.engine.states([*known.requests, *known.twins])
            n = len(known.requests)
            self.gaps[language] = states[:n] - states[n:]
        return self.gaps[language]

    def unsteered(self, language: str) -> np.ndarray:
        """How likely requests and twins (2, pair) are refused without a push."""
        if language not in self.rates:
            known = self.texts[language]
            texts = [*known.requests, *known.twins]
            rate = self.engine.refusal(language, texts, [None] * len(texts))
            self.rates[language] = rate.reshape(2, -1)
        return self.rates[language]

    def cell(self, cell: Mapping[str, str]) -> dict[str, np.ndarray]:
        """All arrays of a source's direction in a target language."""
        source = cell["source"]
        if source not in self.known:
            self.known[source] = self.directions(source)
        directions = self.known[source]
        found = {}
        for name, values in self.on(cell["target"], directions).items():
            found[name] = values.astype(np.float32)
        layers = [each.layer for each in directions]
        return {**found, "layer": np.array(layers, np.float32)}

    def directions(self, source: str) -> list["Direction"]:
        """For each fold the direction of all other folds, and a random one as long."""
        gap = self.gap(source)
        fold = folds(self.pairs)
        found = []
        for number in range(FOLDS):
            others = gap[fold != number]
            layer = best_layer(others, self.spec.layers)
            vector = others[:, layer - 1].mean(0)
            seed = [self.spec.seed, number, self.spec.languages.index(source)]
            random = np.random.default_rng(seed).standard_normal(len(vector))
            random *= np.linalg.norm(vector) / np.linalg.norm(random)
            random = random.astype(vector.dtype)
            times = self.spec.strength
            added, random_added = times * vector, times * random
            found.append(Direction(layer, vector, random, added, random_added))
        return found

    def on(
        self, target: str, directions: Sequence["Direction"]
    ) -> dict[str, np.ndarray]:
        """What directions do in a target language, (pair,) each."""
        fold = folds(self.pairs)
        gap = self.gap(target)
        reading = np.zeros(self.pairs)
        for number, each in enumerate(directions):
            inside = fold == number
            vector = each.vector
            along = gap[inside, each.layer - 1] @ vector
            reading[inside] = along / max(float(vector @ vector), 1e-30)
        unsteered = self.unsteered(target)
        return {
            "reading": reading,
            "unsteered": unsteered[0],
            "unsteered-twin": unsteered[1],
            **self.pushed(target, [directions[number] for number in fold]),
        }

    def pushed(
        self, target: str, directions: Sequence["Direction"]
    ) -> dict[str, np.ndarray]:
        """How likely requests are refused without the direction and twins with it, each
        beside a random one; one direction per pair.
        """
        known = self.texts[target]
        texts = [*known.requests, *known.requests, *known.twins, *known.twins]
        pushes = [Push(each.layer, each.vector, True) for each in directions]
        pushes += [Push(each.layer, each.random, True) for each in directions]
        pushes += [Push(each.layer, each.added) for each in directions]
        pushes += [Push(each.layer, each.random_added) for each in directions]
        rate = self.engine.refusal(target, texts, pushes).reshape(4, -1)
        names = ("removed", "random-removed", "added", "random-added")
        return dict(zip(names, rate))


@dataclass(frozen=True)
class Direction:
    """A direction with the mean gap as its length, its layer, a random one as long, and
    what is added of both.
    """

    layer: int
    vector: np.ndarray
    random: np.ndarray
    added: np.ndarray
    random_added: np.ndarray


def folds(pairs: int) -> np.ndarray:
    """The fold (pair,) of each pair, the same in all languages."""
    return np.arange(pairs) % FOLDS


def best_layer(gap: np.ndarray, layers: Sequence[int]) -> int:
    """The layer at which either half of these pairs tells the other half's sides apart
    best: mean over standard deviation of gaps (pair, layer, hidden) along the direction.
    """
    half = np.arange(len(gap)) % 2
    scores = np.zeros(len(layers))
    for place, layer in enumerate(layers):
        here = gap[:, layer - 1]
        along = np.zeros(len(here))
        for side in range(2):
            vector = here[half != side].mean(0)
            length = max(float(np.linalg.norm(vector)), 1e-30)
            along[half == side] = here[half == side] @ (vector / length)
        spread = float(along.std())
        scores[place] = along.mean() / spread if spread > 0 else 0.0
    return int(layers[int(scores.argmax())])


def tokens(study: Study, spec: RefusingSpec) -> int:
    """About how many tokens pass the model: four letters make one, and an opening five."""
    part = begin(study, spec)
    languages = part.dims["target"]
    exact = part.spec_as(RefusingSpec)
    letters = 0
    for language in languages:
        known = texts_of(exact, language, part.dims["pair"])
        letters += sum(map(len, (*known.requests, *known.twins)))
    prompts = 2 * len(languages) * len(part.dims["pair"])
    whole = letters // 4 + prompts * (12 + OPENING_TOKENS * exact.openings)
    # Read once, asked once, and under each language's direction twice either way.
    return whole * (2 + 2 * len(languages))


def scored(study: Study, spec: RefusingSpec) -> int:
    """At about how many tokens all next tokens are compared."""
    part = begin(study, spec)
    languages = len(part.dims["target"])
    prompts = 2 * languages * len(part.dims["pair"]) * (1 + 2 * languages)
    return prompts * OPENING_TOKENS * spec.openings
