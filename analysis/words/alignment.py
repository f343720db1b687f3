"""Do the spaces match? Words of one language looked up among those of another, before and after a map fitted on seed pairs."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from analysis.core.statistics import bootstrap_weights, interval
from analysis.core.turns import map_each, one_core, steps
from analysis.study.study import Study
from analysis.words.maps import warnings
from analysis.words.matching import (
    STAGES,
    Pair,
    after,
    before,
    fit,
    matched,
    pair_of,
    sources,
    usable,
    with_seeds,
)
from analysis.words.published import printed_alignment, printed_seeds
from analysis.words.retrieval import Ranks
from analysis.words.specs import AlignmentSpec

KS = (1, 5, 10, 30)
FEW = 20
"""Fewer concepts than this are told by ranks: a precision among so few has no meaning."""
SIZES = (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 3000)
OVER_WORDS = "bootstrap over test words"


def alignment(study: Study, spec: AlignmentSpec, target: str) -> xr.Dataset:
    """P@k of every language's test words among the target language's, at the stages before, after and the two ceilings.

    Out: ``precision``, ``low``, ``high`` (language, stage, k), shares of test words with a 95 % bootstrap over them; ``chance``
    (language, k); ``reciprocal`` and ``rank`` (language, stage), mean reciprocal rank and mean rank; ``identical`` (language,
    stage), what words spelled alike add to P@1, and ``alike`` (language), their share; ``hit`` (language, stage, word), right at
    first or not, NaN for what is no test word; ``n``, ``seeds``, ``dropped``, ``pool`` (language). Ties count by the share of their
    orders; a word spelled like the right answer is right too. StudyError when words are missing. Peng & Søgaard 2024;
    CSLS: Lample et al. 2018.
    """
    if study.has("alignment"):
        return printed_alignment(study, spec.embedding)
    pairs = matched(study, spec, target)
    words, _ = usable(study, spec)
    found = map_each(
        lambda pair: [stage(pair, spec) for stage in STAGES.values()],
        pairs.values(),
        width(pairs),
    )
    parts = [
        described(pair, ranks, words.identical(a, target))
        for (a, pair), ranks in zip(pairs.items(), found)
    ]
    dims = {
        "precision": ("stage", "k"),
        "low": ("stage", "k"),
        "high": ("stage", "k"),
        "chance": ("k",),
    }
    dims |= {
        "reciprocal": ("stage",),
        "rank": ("stage",),
        "identical": ("stage",),
        "hit": ("stage", "word"),
    }
    variables = {
        name: (
            ("language", *dims.get(name, ())),
            np.array([part[name] for part in parts]),
            {"units": "share of test words"},
        )
        for name in parts[0]
    }
    coords = {
        "language": list(pairs),
        "stage": list(STAGES),
        "k": list(KS),
        "word": list(words.concepts),
    }
    return xr.Dataset(
        variables,
        coords,
        {"interval": OVER_WORDS, "target": target, "warnings": remarks(pairs, spec)},
    )


def width(pairs: dict[str, Pair]) -> int:
    """How wide the vectors are."""
    return next(iter(pairs.values())).x.shape[1]


def remarks(pairs: dict[str, Pair], spec: AlignmentSpec) -> tuple[str, ...]:
    """What the seeds mean for the map, judged on the language with the fewest."""
    pair = min(pairs.values(), key=lambda one: len(one.seeds))
    with one_core(pair.x.shape[1]):
        return warnings(spec.map, fit(pair, pair.seeds, spec), pair.x.shape[1])


def described(
    pair: Pair, ranks: Sequence[Ranks], alike: np.ndarray
) -> dict[str, object]:
    """All numbers of one language."""
    hits = np.array([[found.hits(k) for k in KS] for found in ranks])
    low, high = spread(hits)
    first = np.full((len(ranks), len(pair.x)), np.nan)
    first[:, pair.test] = hits[:, 0]
    same = alike[pair.test]
    return {
        "precision": hits.mean(-1),
        "low": low,
        "high": high,
        "chance": [ranks[0].chance(k) for k in KS],
        "reciprocal": [(1 / found.rank).mean() for found in ranks],
        "rank": [found.rank.mean() for found in ranks],
        "identical": (hits[:, 0] * same).mean(-1),
        "hit": first,
        "alike": same.mean(),
        "n": len(pair.test),
        "seeds": len(pair.seeds),
        "dropped": pair.dropped,
        "pool": len(pair.pool),
    }


def spread(hits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bootstrap interval of the mean over the last axis, the test words."""
    weights = bootstrap_weights(tuple(range(hits.shape[-1])))
    return interval(hits.astype(np.float32) @ weights / hits.shape[-1])


def mean_curve(hits: Sequence[np.ndarray]) -> tuple[float, float, float]:
    """Mean over languages of P@1, with its interval: test words are drawn, the same ones in every language that has them."""
    table = np.array(hits)
    known = np.isfinite(table)
    weights = bootstrap_weights(tuple(range(table.shape[1])))
    with np.errstate(invalid="ignore"):
        drawn = (np.where(known, table, 0) @ weights) / (known @ weights)
    low, high = interval(drawn.mean(0))
    return float(np.nanmean(table, 1).mean()), float(low), float(high)


def spaced(pair: Pair, found: Ranks) -> np.ndarray:
    """P@1 per concept, NaN where it is no test word."""
    values = np.full(len(pair.x), np.nan)
    values[pair.test] = found.hits(1)
    return values


def by_layer(study: Study, spec: AlignmentSpec, target: str) -> xr.Dataset:
    """P@1 before and after over layers, mean over source languages: ``precision``, ``low``, ``high`` (stage, layer).

    ``each`` (stage, layer, language) are the languages one by one. Intervals are bootstraps over test words.
    """
    rows = []
    for layer in steps(study.word_layers):
        pairs = matched(study, replace(spec, layer=layer), target)
        rows.append(
            map_each(
                lambda pair: [
                    spaced(pair, look(pair, spec)) for look in (before, after)
                ],
                pairs.values(),
                width(pairs),
            )
        )
    hits = np.array(rows).transpose(2, 0, 1, 3)
    return curves(
        hits,
        {
            "stage": ["before", "after"],
            "layer": list(study.word_layers),
            "language": list(pairs),
        },
        pairs,
    )


def by_seeds(study: Study, spec: AlignmentSpec, target: str) -> xr.Dataset:
    """P@1 after a map fitted on the first n seeds, mean over source languages: ``precision``, ``low``, ``high`` (stage, seeds)."""
    if study.has("alignment"):
        return printed_seeds(study, spec.embedding)
    pairs = matched(study, replace(spec, seeds=0), target)
    most = min(len(pair.seeds) for pair in pairs.values())
    sizes = [size for size in SIZES if size < most] + [most]
    jobs = [(pair, size) for size in sizes for pair in pairs.values()]
    found = map_each(
        lambda job: spaced(job[0], after(with_seeds(*job), spec)), jobs, width(pairs)
    )
    hits = np.array(found).reshape(1, len(sizes), len(pairs), -1)
    return curves(
        hits, {"stage": ["after"], "seeds": sizes, "language": list(pairs)}, pairs
    )


def curves(
    hits: np.ndarray, coords: dict[str, list], pairs: dict[str, Pair]
) -> xr.Dataset:
    """Means over languages of hits (stage, place, language, word); ``pairs`` tell among how many words chance chooses."""
    told = np.array([[mean_curve(place) for place in stage] for stage in hits])
    dims = tuple(coords)
    variables = {
        name: (dims[:2], told[..., i])
        for i, name in enumerate(("precision", "low", "high"))
    }
    variables["each"] = (dims, np.nanmean(hits, -1))
    n = int(np.isfinite(hits[0, 0]).any(0).sum())
    chance = float(np.mean([1 / len(pair.pool) for pair in pairs.values()]))
    return xr.Dataset(
        variables, coords, {"interval": OVER_WORDS, "n": n, "chance": chance}
    )


def by_pair(study: Study, spec: AlignmentSpec) -> xr.Dataset:
    """P@1 from every language to every other: ``precision``, ``low``, ``high`` (stage, source, target); NaN on the diagonal.

    ``n`` test words and ``chance`` (source, target). Intervals are bootstraps over test words.
    """
    words, vectors = usable(study, spec)
    routes = [(a, b) for b in words.languages for a in sources(words, b)]

    def looked(route: tuple[str, str]) -> list[np.ndarray]:
        pair = pair_of(words, vectors, spec, *route)
        found = [look(pair, spec) for look in (before, after)]
        hits = np.array([ranks.hits(1) for ranks in found])
        return [
            hits.mean(-1),
            *spread(hits),
            np.repeat(len(pair.test), 2),
            np.repeat(found[0].chance(1), 2),
        ]

    shape = (5, 2, len(words.languages), len(words.languages))
    values = np.full(shape, np.nan)
    for (a, b), told in zip(routes, map_each(looked, routes, vectors.shape[-1])):
        values[:, :, words.languages.index(a), words.languages.index(b)] = told
    dims = ("stage", "source", "target")
    variables = {
        name: (dims, values[i]) for i, name in enumerate(("precision", "low", "high"))
    }
    variables |= {
        name: (dims[1:], values[i, 0]) for i, name in ((3, "n"), (4, "chance"))
    }
    codes = list(words.languages)
    return xr.Dataset(
        variables,
        {"stage": ["before", "after"], "source": codes, "target": codes},
        {"interval": OVER_WORDS},
    )


def concept_ranks(study: Study, layer: int) -> xr.Dataset:
    """Mean rank by cosine of the right concept among a few, from every language to every other: ``rank`` (source, target).

    For fewer than 20 concepts, among which a precision means little; 1 is best, ``chance`` is (n + 1) / 2. Of a study's words when
    it has some, else of its concept vectors; ``layer`` 0 is the last. No map: there are too few to fit one.
    """
    if study.words is not None:
        names, codes = study.words.concepts, list(study.words.languages)
        vectors = study.read_words(study.embeddings[0], layer or study.word_layers[-1])
    else:
        names, codes = study.concepts, list(study.languages)
        vectors = (
            study.array("concept_vector")
            .sel(layer=layer or study.layers)
            .values.transpose(1, 0, 2)
        )
    present = np.isfinite(vectors[:, :, 0])
    values = np.full((len(vectors), len(vectors)), np.nan)
    for a in range(len(vectors)):
        for b in range(len(vectors)):
            both = present[a] & present[b]
            if both.sum() > 1:
                values[a, b] = cosine_ranks(vectors[a][both], vectors[b][both]).mean()
    attributes = {"chance": (len(names) + 1) / 2, "n": len(names)}
    return xr.Dataset(
        {"rank": (("source", "target"), values)},
        {"source": codes, "target": codes},
        attributes,
    )


def cosine_ranks(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Rank by cosine of each row of y for the same row of x, 1 best; the middle of ties: (concept)."""
    lengths = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(y, axis=1)
    cosines = (x @ y.T) / np.where(lengths > 0, lengths, 1)
    own = np.diag(cosines)[:, None]
    return 0.5 + (cosines > own).sum(1) + (cosines == own).sum(1) / 2
