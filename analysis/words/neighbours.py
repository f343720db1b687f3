"""One pair of languages from close by: a word's neighbours, words that are everyone's neighbour, and the two clouds."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from analysis.core.errors import SpecError
from analysis.core.manifold import umap_places
from analysis.core.projection import principal_components
from analysis.core.specs import check
from analysis.core.turns import one_core
from analysis.study.study import Study
from analysis.study.word_list import WordList
from analysis.words.maps import Fitted, none
from analysis.words.matching import Pair, fit, look_up, matched
from analysis.words.retrieval import Criterion, scores
from analysis.words.specs import AlignmentSpec

SHOWN = 10
HUB_NEIGHBOURS = 10
PROJECTIONS = ("PCA", "UMAP")
FIRST = 50
"""Dimensions that PCA leaves for UMAP."""
MOST_POINTS = 2000
"""Words of each language that are drawn; further ones are left out and that is said."""


@dataclass(frozen=True)
class Matched:
    """Two languages' words with the map fitted on their seeds."""

    words: WordList
    spec: AlignmentSpec
    route: tuple[str, str]
    pair: Pair
    fitted: Fitted

    @property
    def stages(self) -> dict[str, Fitted]:
        """Before and after the map."""
        return {"before": none(self.pair.x, self.pair.y), "after": self.fitted}


def one_pair(study: Study, spec: AlignmentSpec, source: str, target: str) -> Matched:
    """Two languages of a study, matched."""
    pair = matched(study, spec, target, [source])[source]
    pair = replace(
        pair, x=pair.x.copy(), y=pair.y.copy()
    )  # not the whole array of all languages
    with one_core(pair.x.shape[1]):
        return Matched(
            study.words, spec, (source, target), pair, fit(pair, pair.seeds, spec)
        )


def word_ranks(here: Matched) -> pd.DataFrame:
    """One row per test word: concept, word, translation, whether spelled alike, rank of the right answer before and after."""
    pair, words, (source, target) = here.pair, here.words, here.route
    with one_core(pair.x.shape[1]):
        ranks = {
            f"rank {stage}": look_up(pair, fitted, here.spec).rank
            for stage, fitted in here.stages.items()
        }
    return pd.DataFrame(
        {
            "concept": [words.concepts[i] for i in pair.test],
            "word": [words.words(source)[i] for i in pair.test],
            "translation": [words.words(target)[i] for i in pair.test],
            "spelled alike": words.identical(source, target)[pair.test],
            **ranks,
        }
    )


def inspected(here: Matched, concept: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The nearest target words of one test word, before and after; and the hubs among the target words.

    First: stage, place, word, score, whether it is the right one. Second: stage, word, how many source words have it among their
    HUB_NEIGHBOURS nearest (that many on average). SpecError for a concept that is no test word.
    """
    pair, words, (source, target) = here.pair, here.words, here.route
    wanted = words.concepts.index(concept) if concept in words.concepts else -1
    if wanted not in pair.test:
        raise SpecError(
            f"“{concept[:60]}” is no test word of {source} and {target}. Choose one from the list."
        )
    near, hubs = [], []
    spelled = [words.words(target)[i] for i in pair.pool]
    with one_core(pair.x.shape[1]):
        tables = {
            stage: scored(pair, fitted, here.spec)
            for stage, fitted in here.stages.items()
        }
    for stage, table in tables.items():
        own = table[np.searchsorted(pair.pool, wanted)]
        right = pair.spelling[1, pair.pool] == pair.spelling[1, wanted]
        for place, i in enumerate(np.argsort(-own, kind="stable")[:SHOWN], 1):
            near.append((stage, place, spelled[i], float(own[i]), bool(right[i])))
        k = min(HUB_NEIGHBOURS, len(spelled))
        count = np.bincount(
            np.argpartition(-table, k - 1, axis=1)[:, :k].ravel(),
            minlength=len(spelled),
        )
        hubs += [
            (stage, spelled[i], int(count[i]))
            for i in np.argsort(-count, kind="stable")[:SHOWN]
        ]
    return pd.DataFrame(
        near, columns=["stage", "place", "word", "score", "right"]
    ), pd.DataFrame(hubs, columns=["stage", "word", "neighbour of"])


def scored(pair: Pair, fitted: Fitted, spec: AlignmentSpec) -> np.ndarray:
    """All scores within the pool."""
    x, y = fitted.source(pair.x[pair.pool]), fitted.target(pair.y[pair.pool])
    return scores(x, y, Criterion(spec.criterion, spec.n_neighbors))


def clouds(here: Matched, projection: str) -> xr.Dataset:
    """Both languages' words on a plane, before and after the map: ``place`` (stage, side, word, axis), ``test`` (word).

    Each stage has a projection of its own, fitted on both languages together; UMAP after PCA to FIRST dimensions, with the spec's
    seed. ``left_out`` words beyond MOST_POINTS are not drawn; ``explained`` (stage) is the share of variance that PCA keeps.
    """
    check("projection", projection, PROJECTIONS)
    pair, spec = here.pair, here.spec
    used = np.sort(np.concatenate([pair.test, pair.seeds]))
    shown = np.sort(np.random.default_rng(spec.seed).permutation(used)[:MOST_POINTS])
    with one_core(pair.x.shape[1]):
        flat = [
            flattened(fitted.source(pair.x[shown]), fitted.target(pair.y[shown]))
            for fitted in here.stages.values()
        ]
    drawn = [
        states[:, :2] if projection == "PCA" else umap_places(states, 2, spec.seed)
        for states, _ in flat
    ]
    coords = {
        "stage": ["before", "after"],
        "side": ["source", "target"],
        "word": [here.words.concepts[i] for i in shown],
    }
    variables = {
        "place": (
            ("stage", "side", "word", "axis"),
            np.array(drawn).reshape(2, 2, len(shown), 2),
        ),
        "test": ("word", np.isin(shown, pair.test)),
        "explained": ("stage", [share for _, share in flat]),
    }
    return xr.Dataset(
        variables,
        coords,
        {
            "left_out": len(used) - len(shown),
            "projection": projection,
            "seed": spec.seed,
        },
    )


def flattened(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    """Both languages' words in their first FIRST components, and the share of variance that the first two keep."""
    both = np.concatenate([x, y])
    scores, shares = principal_components(both - both.mean(0), min(FIRST, *both.shape))
    return scores, float(shares[:2].sum())
