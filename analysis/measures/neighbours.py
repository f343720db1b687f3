"""One pair of languages from close by: a word's neighbours, words that are everyone's neighbour, and the two clouds."""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.errors import SpecError
from analysis.measures.manifold import umap_places
from analysis.measures.maps import none
from analysis.measures.matching import Pair, fit, look_up, matched
from analysis.measures.parallel import one_core
from analysis.measures.projections import components
from analysis.measures.retrieval import Criterion, scores
from analysis.specs import AlignmentSpec, check
from analysis.studies.study import Study

SHOWN = 10
HUB_NEIGHBOURS = 10
PROJECTIONS = ("PCA", "UMAP")
FIRST = 50
"""Dimensions that PCA leaves for UMAP."""
MOST_POINTS = 2000
"""Words of each language that are drawn; further ones are left out and that is said."""


def word_ranks(study: Study, spec: AlignmentSpec, source: str, target: str) -> pd.DataFrame:
    """One row per test word: concept, word, translation, whether spelled alike, rank of the right answer before and after."""
    pair = matched(study, spec, target, [source])[source]
    with one_core(pair.x.shape[1]):
        ranks = [look_up(pair, fitted, spec).rank for fitted in (none(pair.x, pair.y), fit(pair, pair.seeds, spec))]
    words, test = study.words, pair.test
    return pd.DataFrame({
        "concept": [words.concepts[i] for i in test],
        "word": [words.words(source)[i] for i in test],
        "translation": [words.words(target)[i] for i in test],
        "spelled alike": words.identical(source, target)[test],
        "rank before": ranks[0],
        "rank after": ranks[1],
    })  # fmt: skip


def inspected(study: Study, spec: AlignmentSpec, source: str, target: str, concept: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The nearest target words of one test word, before and after; and the hubs among the target words.

    First: stage, place, word, score, whether it is the right one. Second: stage, word, how many source words have it among their
    HUB_NEIGHBOURS nearest (that many on average). SpecError for a concept that is no test word.
    """
    pair = matched(study, spec, target, [source])[source]
    words = study.words
    wanted = words.concepts.index(concept) if concept in words.concepts else -1
    if wanted not in pair.test:
        raise SpecError(f"“{concept[:60]}” is no test word of {source} and {target}. Choose one from the list.")
    near, hubs = [], []
    spelled = [words.words(target)[i] for i in pair.pool]
    with one_core(pair.x.shape[1]):
        tables = {"before": scored(pair, none(pair.x, pair.y), spec), "after": scored(pair, fit(pair, pair.seeds, spec), spec)}
    for stage, table in tables.items():
        own = table[np.searchsorted(pair.pool, wanted)]
        right = pair.spelling[1, pair.pool] == pair.spelling[1, wanted]
        for place, i in enumerate(np.argsort(-own, kind="stable")[:SHOWN], 1):
            near.append((stage, place, spelled[i], float(own[i]), bool(right[i])))
        k = min(HUB_NEIGHBOURS, len(spelled))
        count = np.bincount(np.argpartition(-table, k - 1, axis=1)[:, :k].ravel(), minlength=len(spelled))
        hubs += [(stage, spelled[i], int(count[i])) for i in np.argsort(-count, kind="stable")[:SHOWN]]
    return pd.DataFrame(near, columns=["stage", "place", "word", "score", "right"]), pd.DataFrame(
        hubs, columns=["stage", "word", "neighbour of"]
    )


def scored(pair: Pair, fitted: object, spec: AlignmentSpec) -> np.ndarray:
    """All scores within the pool."""
    x, y = fitted.source(pair.x[pair.pool]), fitted.target(pair.y[pair.pool])
    return scores(x, y, Criterion(spec.criterion, spec.n_neighbors))


def clouds(study: Study, spec: AlignmentSpec, source: str, target: str, projection: str) -> xr.Dataset:
    """Both languages' words on a plane, before and after the map: ``place`` (stage, side, word, axis), ``test`` (word).

    Each stage has a projection of its own, fitted on both languages together; UMAP after PCA to FIRST dimensions, with the spec's
    seed. ``left_out`` words beyond MOST_POINTS are not drawn; ``explained`` (stage) is the share of variance that PCA keeps.
    """
    check("projection", projection, PROJECTIONS)
    pair = matched(study, spec, target, [source])[source]
    used = np.sort(np.concatenate([pair.test, pair.seeds]))
    shown = np.sort(np.random.default_rng(spec.seed).permutation(used)[:MOST_POINTS])
    with one_core(pair.x.shape[1]):
        stages = (none(pair.x, pair.y), fit(pair, pair.seeds, spec))
        flat = [flattened(fitted.source(pair.x[shown]), fitted.target(pair.y[shown])) for fitted in stages]
    drawn = [states[:, :2] if projection == "PCA" else umap_places(states, 2, spec.seed) for states, _ in flat]
    coords = {"stage": ["before", "after"], "side": ["source", "target"], "word": [study.words.concepts[i] for i in shown]}
    variables = {
        "place": (("stage", "side", "word", "axis"), np.array(drawn).reshape(2, 2, len(shown), 2)),
        "test": ("word", np.isin(shown, pair.test)),
        "explained": ("stage", [share for _, share in flat]),
    }
    return xr.Dataset(variables, coords, {"left_out": len(used) - len(shown), "projection": projection, "seed": spec.seed})


def flattened(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    """Both languages' words in their first FIRST components, and the share of variance that the first two keep."""
    both = np.concatenate([x, y])
    scores, shares = components(both - both.mean(0), min(FIRST, *both.shape))
    return scores, float(shares[:2].sum())
