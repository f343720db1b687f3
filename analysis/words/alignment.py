"""Do the spaces match? Words of one language looked up among those of another.

Before and after a map fitted on seed pairs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import xarray as xr

from analysis.concepts.null_vectors import null_vectors
from analysis.core.intervals import Interval, share_interval
from analysis.core.specs import check_layer
from analysis.core.statistics import mean_known
from analysis.core.turns import map_each, one_core, steps
from analysis.study.study import Study
from analysis.words.maps import warnings
from analysis.words.matching import (
    STAGES,
    Pair,
    after,
    before,
    embedded_words,
    fit,
    matched,
    pair_of,
    sources,
    with_seeds,
)
from analysis.words.published import printed_alignment, printed_seeds
from analysis.words.retrieval import Ranks
from analysis.words.specs import AlignmentSpec

KS = (1, 5, 10, 30)
FEW = 20
"""Fewer concepts than this are told by ranks.

A precision among so few has no meaning.
"""
SIZES = (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 3000)
OVER_WORDS = "Wilson, over test words"
BOTH = {"before": before, "after": after}
"""The stages that curves and matrices show."""
DIMS = {
    "precision": ("stage", "k"),
    "low": ("stage", "k"),
    "high": ("stage", "k"),
    "chance": ("k",),
    "reciprocal": ("stage",),
    "rank": ("stage",),
    "identical": ("stage",),
    "hit": ("stage", "word"),
}
"""Dimensions of the variables of ``alignment`` besides the language."""


class Mean(NamedTuple):
    """A mean with both ends of its 95 % interval."""

    precision: float
    low: float
    high: float


class PairPrecision(NamedTuple):
    """P@1 of one pair of languages (stage), test words, and P@1 of guessing."""

    precision: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n: int
    chance: float


def alignment(
    study: Study,
    spec: AlignmentSpec,
    target: str,
) -> xr.Dataset:
    """P@k of every language's test words among the target language's.

    At the stages before, after and the two ceilings. ``precision``, ``low``, ``high``
    (language, stage, k): shares of test words with 95 % Wilson intervals;
    ``chance`` (language, k); ``reciprocal`` and ``rank`` (language, stage): mean
    reciprocal rank and mean rank; ``identical`` (language, stage): what words spelled
    alike add to P@1, and ``alike`` (language), their share; ``hit`` (language, stage,
    word): right at first or not, NaN for what is no test word; ``n``, ``seeds``,
    ``dropped``, ``pool`` (language).

    Ties count by the share of their orders; a word spelled like the right answer is
    right too. StudyError when words are missing. Peng & Søgaard 2024; CSLS: Lample et
    al. 2018.
    """
    return at_stages(study, spec, target, tuple(STAGES))


def at_stages(
    study: Study,
    spec: AlignmentSpec,
    target: str,
    stages: tuple[str, ...],
) -> xr.Dataset:
    """The same at some of STAGES; the ceilings take most of the time."""
    if study.has("alignment"):
        return printed_alignment(study, spec.embedding)
    words = embedded_words(study, spec).words
    pairs = matched(study, spec, target)

    def ranks_at_stages(pair: Pair) -> list[Ranks]:
        return [STAGES[stage](pair, spec) for stage in stages]

    found = map_each(ranks_at_stages, pairs.values(), width(pairs))
    parts = []
    for (source, pair), ranks in zip(pairs.items(), found):
        alike = words.identical(source, target)
        parts.append(numbers_of_language(pair, ranks, alike))
    variables = {}
    for name in parts[0]:
        dims = ("language", *DIMS.get(name, ()))
        values = np.array([part[name] for part in parts])
        variables[name] = (dims, values, {"units": "share of test words"})
    coords = {
        "language": list(pairs),
        "stage": list(stages),
        "k": list(KS),
        "word": list(words.concepts),
    }
    attributes = {
        "interval": OVER_WORDS,
        "target": target,
        "warnings": warnings_of(pairs, spec),
    }
    return xr.Dataset(variables, coords, attributes)


def width(pairs: Mapping[str, Pair]) -> int:
    """How wide the vectors are."""
    return next(iter(pairs.values())).hidden


def warnings_of(
    pairs: Mapping[str, Pair],
    spec: AlignmentSpec,
) -> tuple[str, ...]:
    """What the seeds mean for the map, judged on the language with the fewest."""
    pair = min(pairs.values(), key=lambda pair: len(pair.seeds))
    with one_core(pair.hidden):
        fitted = fit(pair, pair.seeds, spec)
        return warnings(spec.map, fitted, pair.hidden)


def numbers_of_language(
    pair: Pair,
    ranks: Sequence[Ranks],
    alike: np.ndarray,
) -> dict[str, object]:
    """All variables of ``alignment`` for one language; ``ranks`` by stage.

    ``alike`` (word): whether a concept is spelled alike in both languages.
    """
    hits = np.array([[found.hits(k) for k in KS] for found in ranks])
    at_first = hits[:, 0]
    stages, words = len(ranks), len(pair.x)
    every_word = np.full((stages, words), np.nan)
    every_word[:, pair.test] = at_first
    same = alike[pair.test]
    low, high = spread(hits)
    return {
        "precision": hits.mean(-1),
        "low": low,
        "high": high,
        "chance": [ranks[0].chance(k) for k in KS],
        "reciprocal": [(1 / found.rank).mean() for found in ranks],
        "rank": [found.rank.mean() for found in ranks],
        "identical": (at_first * same).mean(-1),
        "hit": every_word,
        "alike": same.mean(),
        "n": len(pair.test),
        "seeds": len(pair.seeds),
        "dropped": pair.dropped,
        "pool": len(pair.pool),
    }


def spread(hits: np.ndarray) -> Interval[np.ndarray]:
    """95 % interval of the mean over the last axis, the test words: Wilson's."""
    words = np.array(hits.shape[-1])
    share = hits.astype(float)
    variance = share.var(-1) / words
    return share_interval(share.mean(-1), variance, words, words)


def mean_over_languages(hits: Sequence[np.ndarray]) -> Mean:
    """Mean over languages of P@1 (word), with its interval.

    Test words are drawn, the same ones in every language that has them.
    """
    table = np.array(hits)
    known = np.isfinite(table)
    by_word = mean_known(table)
    words = np.isfinite(by_word).sum()
    # Every language counts alike, however many of the words it has.
    weights = known / np.maximum(known.sum(1, keepdims=True), 1)
    centred = np.where(known, table - mean_known(table, 1)[:, None], 0)
    moved = (weights * centred).mean(0)
    variance = (moved**2).sum() * words / max(words - 1, 1)
    low, high = share_interval(
        mean_known(table, 1).mean(), variance, words, known.sum()
    )
    by_language = np.nanmean(table, 1)
    return Mean(
        precision=float(by_language.mean()),
        low=float(low),
        high=float(high),
    )


def hits_by_concept(pair: Pair, found: Ranks) -> np.ndarray:
    """P@1 per concept, NaN where it is no test word."""
    values = np.full(len(pair.x), np.nan)
    values[pair.test] = found.hits(1)
    return values


def hits_at_both_stages(
    pairs: Mapping[str, Pair],
    spec: AlignmentSpec,
) -> np.ndarray:
    """P@1 per concept (language, stage, word), before and after the map."""

    def at_both_stages(pair: Pair) -> list[np.ndarray]:
        return [hits_by_concept(pair, look(pair, spec)) for look in BOTH.values()]

    found = map_each(at_both_stages, pairs.values(), width(pairs))
    return np.array(found)


def alignment_by_layer(
    study: Study,
    spec: AlignmentSpec,
    target: str,
) -> xr.Dataset:
    """P@1 before and after over layers, mean over source languages.

    ``precision``, ``low``, ``high`` (stage, layer); ``each`` (stage, layer, language)
    are the languages one by one. Intervals are Wilson's over test words.
    """
    rows = []
    pairs = {}
    for layer in steps(study.word_layers):
        pairs = matched(study, replace(spec, layer=layer), target)
        rows.append(hits_at_both_stages(pairs, spec))
    coords = {
        "stage": list(BOTH),
        "layer": list(study.word_layers),
        "language": list(pairs),
    }
    hits = np.array(rows).transpose(2, 0, 1, 3)
    return curves(hits, coords, pairs)


def alignment_by_seeds(
    study: Study,
    spec: AlignmentSpec,
    target: str,
) -> xr.Dataset:
    """P@1 after a map fitted on the first n seeds, mean over source languages.

    ``precision``, ``low``, ``high`` (stage, seeds), ``each`` (stage, seeds, language).
    """
    if study.has("alignment"):
        return printed_seeds(study, spec.embedding)
    pairs = matched(study, replace(spec, seeds=0), target)
    most = min(len(pair.seeds) for pair in pairs.values())
    sizes = [size for size in SIZES if size < most] + [most]
    cut = []
    for size in sizes:
        cut += [with_seeds(pair, size) for pair in pairs.values()]

    def hits_after(pair: Pair) -> np.ndarray:
        return hits_by_concept(pair, after(pair, spec))

    found = map_each(hits_after, cut, width(pairs))
    hits = np.array(found).reshape(1, len(sizes), len(pairs), -1)
    coords = {"stage": ["after"], "seeds": sizes, "language": list(pairs)}
    return curves(hits, coords, pairs)


def curves(
    hits: np.ndarray,
    coords: Mapping[str, list],
    pairs: Mapping[str, Pair],
) -> xr.Dataset:
    """Means over languages of hits (stage, place, language, word).

    ``coords`` are those of the first three dimensions; ``pairs`` say among how many
    words chance chooses.
    """
    dims = tuple(coords)
    means = np.array([[mean_over_languages(place) for place in row] for row in hits])
    variables = {}
    for number, name in enumerate(Mean._fields):
        variables[name] = (dims[:2], means[..., number])
    variables["each"] = (dims, np.nanmean(hits, -1))
    test_words = np.isfinite(hits[0, 0]).any(0)
    chances = [1 / len(pair.pool) for pair in pairs.values()]
    attributes = {
        "interval": OVER_WORDS,
        "n": int(test_words.sum()),
        "chance": float(np.mean(chances)),
    }
    last_stage = chosen_on_half(hits[-1])
    if last_stage is not None:
        places = coords[dims[1]]
        attributes["chosen"] = tuple(places[place] for place in last_stage.places)
        attributes["reported"] = last_stage.precision
    return xr.Dataset(variables, coords, attributes)


class Choice(NamedTuple):
    """The places that are best on either half of the words, and P@1 on the other."""

    places: tuple[int, int]
    precision: float


def chosen_on_half(hits: np.ndarray) -> Choice | None:
    """What the best place is worth on words on which it was not chosen.

    Of hits (place, language, word): every second test word chooses, the others report,
    both ways. None where a language has too few words for two halves.
    """
    words = np.flatnonzero(np.isfinite(hits[0]).any(0))
    one, other = hits[..., words[::2]], hits[..., words[1::2]]
    known = np.isfinite(one[0]).any(-1) & np.isfinite(other[0]).any(-1)
    if not known.all():
        return None
    means = [np.nanmean(half, -1).mean(-1) for half in (one, other)]
    places = (int(means[0].argmax()), int(means[1].argmax()))
    reported = (means[1][places[0]], means[0][places[1]])
    return Choice(places, float(np.mean(reported)))


def alignment_by_pair(study: Study, spec: AlignmentSpec) -> xr.Dataset:
    """P@1 from every language to every other, before and after.

    ``precision``, ``low``, ``high`` (stage, source, target), NaN on the diagonal; ``n``
    test words and ``chance`` (source, target). Intervals are Wilson's over test words.
    """
    embedded = embedded_words(study, spec)
    codes = list(embedded.words.languages)
    routes = []
    for target in codes:
        routes += [(source, target) for source in sources(embedded.words, target)]

    def precision_of(route: tuple[str, ...]) -> PairPrecision:
        pair = pair_of(embedded, spec, *route)
        return pair_precision(pair, spec)

    values = empty_precisions(len(codes))
    found = map_each(precision_of, routes, embedded.vectors.shape[-1])
    for (source, target), numbers in zip(routes, found):
        cell = (..., codes.index(source), codes.index(target))
        for name, number in numbers._asdict().items():
            values[name][cell] = number
    dims = ("stage", "source", "target")
    variables = {}
    for name, array in values.items():
        variables[name] = (dims[-array.ndim :], array)
    coords = {"stage": list(BOTH), "source": codes, "target": codes}
    return xr.Dataset(variables, coords, {"interval": OVER_WORDS})


def empty_precisions(languages: int) -> dict[str, np.ndarray]:
    """Arrays of NaN for what is known of every pair of so many languages."""
    square = np.full((languages, languages), np.nan)
    at_stages = np.stack([square] * len(BOTH))
    return {
        "precision": at_stages,
        "low": at_stages.copy(),
        "high": at_stages.copy(),
        "n": square,
        "chance": square.copy(),
    }


def pair_precision(pair: Pair, spec: AlignmentSpec) -> PairPrecision:
    """P@1 of one pair of languages, before and after."""
    ranks = [look(pair, spec) for look in BOTH.values()]
    hits = np.array([found.hits(1) for found in ranks])
    low, high = spread(hits)
    return PairPrecision(
        precision=hits.mean(-1),
        low=low,
        high=high,
        n=len(pair.test),
        chance=ranks[0].chance(1),
    )


def concept_ranks(study: Study, layer: int) -> xr.Dataset:
    """Mean rank by cosine of the right concept, from every language to every other.

    ``rank`` (source, target): 1 is best, ``chance`` is (n + 1) / 2. For fewer than 20
    concepts, among which a precision means little. Of a study's words when it has some,
    else of its concept vectors; ``layer`` 0 is the last. No map: there are too few to
    fit one.
    """
    if study.words is not None:
        concepts, languages = study.words.concepts, study.words.languages
        layer = layer or study.word_layers[-1]
        check_layer(layer, study.word_layers)
        vectors = study.read_words(study.embeddings[0], layer)
    else:
        concepts, languages = study.concepts, study.languages
        layer = layer or study.layers
        check_layer(layer, range(1, study.layers + 1))
        of_layer = study.array("concept_vector").sel(layer=layer)
        null = null_vectors(study)[:, :, layer - 1, None]
        known = (
            np.where(null, np.nan, of_layer.values) if null.any() else of_layer.values
        )
        vectors = known.transpose(1, 0, 2)
    n = len(concepts)
    codes = list(languages)
    return xr.Dataset(
        {"rank": (("source", "target"), mean_ranks(vectors))},
        {"source": codes, "target": codes},
        {"chance": (n + 1) / 2, "n": n},
    )


def mean_ranks(vectors: np.ndarray) -> np.ndarray:
    """Mean rank (source, target) of the right concept; vectors (language, concept, hidden).

    NaN for two languages that share fewer than two concepts.
    """
    present = np.isfinite(vectors[:, :, 0])
    languages = len(vectors)
    values = np.full((languages, languages), np.nan)
    for source in range(languages):
        for target in range(languages):
            both = present[source] & present[target]
            if both.sum() < 2:
                continue
            ranks = cosine_ranks(vectors[source][both], vectors[target][both])
            values[source, target] = ranks.mean()
    return values


def cosine_ranks(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Rank by cosine of each row of y for the same row of x, 1 best: (concept).

    The middle of ties.
    """
    x_lengths = np.linalg.norm(x, axis=1)
    y_lengths = np.linalg.norm(y, axis=1)
    lengths = x_lengths[:, None] * y_lengths
    products = x @ y.T
    cosines = products / np.where(lengths > 0, lengths, 1)
    own = np.diag(cosines)[:, None]
    better = (cosines > own).sum(1)
    tied = (cosines == own).sum(1)
    return 0.5 + better + tied / 2
