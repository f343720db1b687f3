"""Is one direction a concept's direction in every language? Evidence for its certificate.

A study keeps no states of single pairs, but the margins of its own vectors. Margins are
linear in the vector: a direction that own vectors make up is read by the same sum of
theirs. What others make up is not tested.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.certificates import rules
from analysis.certificates.agreement import FEWEST_DRAWN, ROOM, ROOM_SHARE, around, unit
from analysis.certificates.behaviour import known_mean
from analysis.certificates.kept import (
    halves_at,
    margins_at,
    shuffled_at,
    unrelated_at,
    vectors_at,
)
from analysis.certificates.readings import (
    Margins,
    Readings,
    Split,
    kept_accuracy,
    nothing_left,
    readings,
)
from analysis.certificates.rules import DIRECTION_RULES, NOT_KNOWN, OUTSIDE, Value
from analysis.certificates.verdicts import (
    Certificate,
    lowest_half,
    outcomes,
    over_languages,
    without_ratios,
)
from analysis.concepts.accuracy import in_first_half
from analysis.study.study import Study

MOST_PARTS = 5.0
"""Parts that are longer than so many times their sum add up noise, not a direction."""


@dataclass(frozen=True)
class MadeUp:
    """How far the study's own vectors of the concept make up a direction.

    ``weights`` (language): of the sum of vectors that comes nearest; ``outside``: share
    of the direction's length that the sum leaves out; ``parts``: length of the parts,
    beside that of the direction.
    """

    weights: np.ndarray
    outside: float
    parts: float

    @property
    def exact(self) -> bool:
        """Whether the sum is the direction, so that it reads what its parts read."""
        return self.outside <= OUTSIDE and self.parts <= MOST_PARTS


def made_up(direction: np.ndarray, own: np.ndarray) -> MadeUp:
    """A direction (hidden,) as a sum of a concept's vectors ``own`` (language, hidden)."""
    lengths = np.linalg.norm(own, axis=-1)
    usable = np.isfinite(lengths) & (lengths > 0)
    weights = np.zeros(len(own))
    whole = np.linalg.norm(direction)
    if not usable.any():
        return MadeUp(weights, 1.0, 0.0)
    units = own[usable] / lengths[usable][:, None]
    shares = np.linalg.lstsq(units.T, direction, rcond=1e-6)[0]
    weights[usable] = shares / lengths[usable]
    left = np.linalg.norm(direction - shares @ units)
    parts = np.linalg.norm(shares)
    return MadeUp(weights, float(left / whole), float(parts / whole))


@dataclass(frozen=True)
class Beside:
    """A direction beside the languages' vectors of a concept.

    ``cosine`` (order, language): of the direction's first half with a language's second,
    and the other way round. ``noise`` (order, language): how far noise moves them. By
    language: ``reliability``, ``other_concepts``, ``shuffled`` as in ``Agreement``.
    ``own_reliability``: of the direction's two halves; 1 where it has none.
    """

    cosine: np.ndarray
    noise: np.ndarray
    reliability: np.ndarray
    other_concepts: np.ndarray
    shuffled: np.ndarray
    own_reliability: float

    @property
    def ceiling(self) -> np.ndarray:
        """Geometric mean (language) of both reliabilities; NaN without any."""
        both = self.reliability * self.own_reliability
        return np.sqrt(np.where(both > 0, both, np.nan))

    @property
    def share(self) -> np.ndarray:
        """Where cosines (order, language) lie between floor (0) and ceiling (1)."""
        return (self.cosine - self.floor) / self.room

    @property
    def floor(self) -> np.ndarray:
        """The highest of the floors by language; never below 0."""
        return np.fmax(np.fmax(self.other_concepts, self.shuffled), 0)

    @property
    def room(self) -> np.ndarray:
        """Ceiling less floor by language; NaN where nothing could be told."""
        between = self.ceiling - self.floor
        enough = between >= np.fmax(ROOM, ROOM_SHARE * self.ceiling)
        return np.where(enough, between, np.nan)


def beside(
    both: np.ndarray, halves: np.ndarray, concept: int, shuffled: np.ndarray | None
) -> Beside:
    """A direction's halves ``both`` (half, hidden) beside the languages' vectors.

    ``halves`` (half, concept, language, hidden). A direction that is from elsewhere is
    both of its halves.
    """
    pointing = unit(both)
    units = unit(halves)
    across = [units[1] @ pointing[0], units[0] @ pointing[1]]
    cosine = np.stack([found[concept] for found in across])
    others = np.delete(np.stack(across), concept, 1)
    floor = known_mean(others.mean(0), 0) if others.size else none_of(cosine)
    swapped = none_of(cosine)
    if shuffled is not None:
        swapped = unit(shuffled) @ unit(both.sum(0))
    own = float(pointing[0] @ pointing[1])
    reliability = (units[0, concept] * units[1, concept]).sum(-1)
    noise = noise_beside(both, halves, concept)
    return Beside(cosine, noise, reliability, floor, swapped, own)


def none_of(cosine: np.ndarray) -> np.ndarray:
    """Nothing known of any language."""
    return np.full(cosine.shape[1], np.nan)


def noise_beside(both: np.ndarray, halves: np.ndarray, concept: int) -> np.ndarray:
    """How far noise moves cosines (order, language): of the vectors, of the direction.

    Where noise lies is seen from how the halves of other concepts differ.
    """
    others = np.delete(halves[0] - halves[1], concept, 0).reshape(-1, halves.shape[-1])
    drawn = unit(others[np.isfinite(others).all(-1)])
    if len(drawn) < FEWEST_DRAWN:
        return np.full((2, halves.shape[2]), np.nan)
    own = halves[:, concept]
    of_vectors = relative_noise(own[::-1])
    of_direction = relative_noise(both)
    along = (drawn @ unit(both).T).std(0)
    across = (drawn @ unit(own[::-1]).reshape(-1, own.shape[-1]).T).std(0)
    first = along[:, None] * of_vectors
    second = across.reshape(of_vectors.shape) * of_direction[:, None]
    return np.hypot(first, second)


def relative_noise(halves: np.ndarray) -> np.ndarray:
    """Length (half, …) of the noise of vectors (half, …, hidden), beside theirs."""
    length = np.linalg.norm(halves[0] - halves[1], axis=-1) / np.sqrt(2)
    whole = np.linalg.norm(halves, axis=-1)
    return length / np.where(whole > 0, whole, np.nan)


def agrees(found: Beside, place: int) -> Value:
    """Where the cosine to one language lies, with the interval that noise gives it."""
    value = float(found.share[:, place].mean())
    noise = found.noise[:, place] / found.room[place]
    if not np.isfinite([value, *noise]).all():
        return NOT_KNOWN
    return around(value, float((noise**2).sum() / 4), found.cosine.shape[1])


@dataclass(frozen=True)
class DirectedEvidence:
    """All that a study knows of a direction and a concept at a layer.

    ``margins`` and ``readings`` have the direction as a last source where it is made up of
    own vectors (``made_up.exact``); ``both`` (half, hidden) are its halves then.
    """

    languages: tuple[str, ...]
    made_up: MadeUp
    both: np.ndarray
    beside: Beside
    halves: np.ndarray
    margins: Margins
    readings: Readings

    @property
    def home(self) -> np.ndarray:
        """Which languages (language) read the concept with their own vector."""
        return self.readings.home


def evidence_of(
    study: Study, concept: str, layer: int, direction: np.ndarray
) -> DirectedEvidence:
    """What a study knows of a direction (hidden,) as a concept's at a layer (1…N)."""
    place = study.concepts.index(concept)
    halves = halves_at(study, layer)
    shuffled = shuffled_at(study, concept, layer)
    own = vectors_at(study, "concept_vector", layer)[place]
    margins = margins_at(study, concept, layer)
    usable = readable(halves[:, place], margins)
    found = made_up(direction, np.where(usable[:, None], own, np.nan))
    both = np.stack([direction, direction])
    if found.exact:
        known = np.where(usable[:, None], halves[:, place], 0)
        both = np.einsum("l,alh->ah", found.weights, known)
        margins = with_direction(margins, found.weights)
    return DirectedEvidence(
        study.languages,
        found,
        both,
        beside(both, halves, place, shuffled),
        halves[:, place],
        margins,
        readings(margins, unrelated_at(study, concept, layer)),
    )


def readable(halves: np.ndarray, margins: Margins) -> np.ndarray:
    """Languages (language) whose vector has halves and reads all that any vector does."""
    whole = np.isfinite(halves.sum((0, -1)))
    reads = np.isfinite(margins.values).any(-1)
    lacks = (reads.any(0) & ~reads).any(-1)
    return np.asarray(whole & ~lacks)


def with_direction(margins: Margins, weights: np.ndarray) -> Margins:
    """Margins with a direction as a last source; chance as wide as for the widest."""
    used = np.flatnonzero(weights)
    read = np.einsum("s,stp->tp", weights[used], margins.values[used])
    values = np.concatenate([margins.values, read[None]])
    widest = margins.spread[used].max(0)
    spread = np.concatenate([margins.spread, widest[None]])
    return Margins(values, margins.clusters, spread)


def of_languages(found: DirectedEvidence) -> list[dict[str, Value]]:
    """Every piece of evidence by its rule's name, for each language; absent: untested."""
    left: list[Value] = []
    in_halves = np.zeros((0, len(found.languages)))
    if found.made_up.exact:
        left = nothing_left(found.margins, without_direction(found))
        in_halves = reads_in_halves(found.margins)
    values = []
    for place, _ in enumerate(found.languages):
        cosines = found.beside.share[:, [place]]
        known = {
            rules.AGREEMENT: agrees(found.beside, place),
            rules.HALVES: lowest_half(cosines, in_halves[:, place]),
        }
        if found.made_up.exact:
            cells = np.zeros(found.margins.values.shape[:2], bool)
            cells[-1, place] = True
            known[rules.FROM] = kept_accuracy(found.readings, cells)
            known[rules.SHARED] = left[place]
            if not found.home[place]:
                known = without_ratios(known)
        values.append(known)
    return values


def without_direction(found: DirectedEvidence) -> Split:
    """Margins of each language's vector less its part along the direction.

    How much of it is in the vector is found from halves that share no source.
    """
    both, halves, margins = found.both, found.halves, found.margins.values
    crossed = halves[0] @ both[1] + halves[1] @ both[0]
    amount = crossed / (2 * both[0] @ both[1])
    places = np.arange(len(found.languages))
    own = margins[places, places]
    return Split(own - amount[:, None] * margins[-1], own)


def reads_in_halves(margins: Margins) -> np.ndarray:
    """What the last source reads of what own vectors do, in either half of the pairs.

    (half of the pairs, language); NaN where the own vector reads nothing there.
    """
    first = in_first_half(margins.clusters)
    found = []
    for half in (first, ~first):
        signs = known_mean(np.sign(margins.values[..., half]), -1)
        own = np.diagonal(signs)
        found.append(signs[-1] / np.where(own > 0, own, np.nan))
    return np.array(found)


def of_all(found: DirectedEvidence, values: list[dict[str, Value]]) -> dict[str, Value]:
    """Every piece of evidence over all languages that read the concept at home."""
    among = found.home
    known = {}
    if found.made_up.exact:
        cells = np.zeros(found.margins.values.shape[:2], bool)
        cells[-1] = among
        known[rules.FROM] = kept_accuracy(found.readings, cells)
    for name in (rules.AGREEMENT, rules.SHARED, rules.HALVES):
        tested = [of[name] for of in values if name in of]
        if tested:
            estimates = np.array([value.estimate for value in tested])
            known[name] = over_languages(estimates[among])
    return known


def certify_direction(found: DirectedEvidence) -> Certificate:
    """Verdicts from all that is known of a direction at a layer."""
    values = of_languages(found)
    all_values = of_all(found, values)
    each = [outcomes(known, DIRECTION_RULES) for known in values]
    pooled = outcomes(all_values, DIRECTION_RULES)
    verdicts = []
    for home, own in zip(found.home.tolist(), each):
        verdicts.append(rules.verdict(home, own, DIRECTION_RULES))
    at_home = int(found.home.sum())
    of_means = rules.verdict(at_home > 1, pooled, DIRECTION_RULES)
    whole = rules.overall(of_means, verdicts, at_home)
    return Certificate(
        found.languages, (*values, all_values), (*each, pooled), (*verdicts, whole)
    )


def context(found: DirectedEvidence) -> dict[str, np.ndarray]:
    """What stands beside the ratios, by language; ``reads``: the direction's accuracy."""
    known = found.readings
    reads = none_of(found.beside.cosine)
    if found.made_up.exact:
        reads = known.accuracy[-1]
    return {
        "home": known.home,
        "accuracy": known.own,
        "accuracy_low": np.diagonal(known.low),
        "accuracy_high": np.diagonal(known.high),
        "cosine": found.beside.cosine.mean(0),
        "floor_concepts": found.beside.other_concepts,
        "floor_shuffled": found.beside.shuffled,
        "ceiling": found.beside.ceiling,
        "reads": reads,
    }


def why_not(found: DirectedEvidence) -> Mapping[str, str]:
    """Why pieces of evidence were not tested, by the rule's name."""
    why = dict(NEVER)
    if found.made_up.exact:
        return why
    share = f"{100 * (1 - found.made_up.outside**2):.0f} %"
    reading = (
        "the study keeps no states of single pairs, and its own vectors of this concept "
        f"make up only {share} of the direction’s squared length"
    )
    if found.made_up.outside <= OUTSIDE:
        reading = (
            "the study keeps no states of single pairs, and its own vectors of this "
            "concept make up the direction only as a small difference of large parts"
        )
    why[rules.FROM] = reading
    why[rules.SHARED] = "it takes the reading"
    return why


NEVER: Mapping[str, str] = {
    rules.TEMPLATE: "other templates are compared for the study's own vectors only",
    rules.MOVED: "only the study's own vectors were pushed in every language",
}
"""What no study tests of a direction, and why."""
