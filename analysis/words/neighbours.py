"""One pair of languages from close by.

A word's neighbours, words that are everyone's neighbour, and the two clouds.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

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
from analysis.words.matching import Pair, fit, look_up, matched, words_of
from analysis.words.retrieval import Criterion, scores
from analysis.words.specs import AlignmentSpec

T = TypeVar("T")

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
    source: str
    target: str
    pair: Pair
    fitted: Fitted

    @property
    def stages(self) -> dict[str, Fitted]:
        """Before and after the map."""
        return {"before": none(self.pair.x, self.pair.y), "after": self.fitted}

    def at_all_stages(self, function: Callable[[Fitted], T]) -> dict[str, T]:
        """A function of the map before and after it, by stage."""
        with one_core(self.pair.hidden):
            return {stage: function(fitted) for stage, fitted in self.stages.items()}


class Inspected(NamedTuple):
    """A test word's nearest target words, and the hubs among the target words.

    ``nearest``: stage, place, word, score, right. ``hubs``: stage, word, how many source
    words have it among their nearest.
    """

    nearest: pd.DataFrame
    hubs: pd.DataFrame


class Flattened(NamedTuple):
    """States in few dimensions, and the share of variance that the first two keep."""

    states: np.ndarray
    explained: float


def matched_pair(
    study: Study,
    spec: AlignmentSpec,
    source: str,
    target: str,
) -> Matched:
    """Two languages of a study, matched."""
    pair = matched(study, spec, target, [source])[source]
    # Copies, so as not to hold the array of all languages.
    pair = replace(pair, x=pair.x.copy(), y=pair.y.copy())
    with one_core(pair.hidden):
        fitted = fit(pair, pair.seeds, spec)
    return Matched(words_of(study), spec, source, target, pair, fitted)


def word_ranks(here: Matched) -> pd.DataFrame:
    """One row per test word.

    Concept, word, translation, whether spelled alike, rank of the right answer before
    and after.
    """
    pair, words = here.pair, here.words

    def ranks(fitted: Fitted) -> np.ndarray:
        return look_up(pair, fitted, here.spec).rank

    columns = {
        "concept": chosen(words.concepts, pair.test),
        "word": chosen(words.words(here.source), pair.test),
        "translation": chosen(words.words(here.target), pair.test),
        "spelled alike": words.identical(here.source, here.target)[pair.test],
    }
    for stage, rank in here.at_all_stages(ranks).items():
        columns[f"rank {stage}"] = rank
    return pd.DataFrame(columns)


def chosen(names: tuple[str, ...], places: np.ndarray) -> list[str]:
    """The names at some places."""
    return [names[place] for place in places]


def neighbours_and_hubs(here: Matched, concept: str) -> Inspected:
    """The nearest target words of one test word, before and after, and the hubs.

    Hubs are target words that many source words have among their HUB_NEIGHBOURS nearest
    (that many on average). SpecError for a concept that is no test word.
    """
    pair, words = here.pair, here.words
    wanted = -1
    if concept in words.concepts:
        wanted = words.concepts.index(concept)
    if wanted not in pair.test:
        raise SpecError(
            f"“{concept[:60]}” is no test word of {here.source} and {here.target}. "
            "Choose one from the list."
        )
    spelled = chosen(words.words(here.target), pair.pool)
    place = np.searchsorted(pair.pool, wanted)
    right = pair.spelling[1, pair.pool] == pair.spelling[1, wanted]

    def scores_of_pool(fitted: Fitted) -> np.ndarray:
        return pool_scores(pair, fitted, here.spec)

    nearest, hubs = [], []
    for stage, table in here.at_all_stages(scores_of_pool).items():
        near = nearest_words(table[place], spelled, right)
        near.insert(0, "stage", stage)
        nearest.append(near)
        hub = hub_words(table, spelled)
        hub.insert(0, "stage", stage)
        hubs.append(hub)
    return Inspected(
        nearest=pd.concat(nearest, ignore_index=True),
        hubs=pd.concat(hubs, ignore_index=True),
    )


def nearest_words(
    scores: np.ndarray,
    spelled: list[str],
    right: np.ndarray,
) -> pd.DataFrame:
    """The SHOWN best target words by scores (word), and whether each is right."""
    best = np.argsort(-scores, kind="stable")[:SHOWN]
    columns = {
        "place": range(1, len(best) + 1),
        "word": [spelled[word] for word in best],
        "score": scores[best].astype(float),
        "right": right[best],
    }
    return pd.DataFrame(columns)


def hub_words(scores: np.ndarray, spelled: list[str]) -> pd.DataFrame:
    """The SHOWN target words that are nearest to the most source words.

    ``scores`` (source word, target word).
    """
    k = min(HUB_NEIGHBOURS, len(spelled))
    nearest = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    count = np.bincount(nearest.ravel(), minlength=len(spelled))
    most = np.argsort(-count, kind="stable")[:SHOWN]
    columns = {
        "word": [spelled[word] for word in most],
        "neighbour of": count[most],
    }
    return pd.DataFrame(columns)


def pool_scores(
    pair: Pair,
    fitted: Fitted,
    spec: AlignmentSpec,
) -> np.ndarray:
    """All scores (source word, target word) within the pool."""
    x = fitted.source(pair.x[pair.pool])
    y = fitted.target(pair.y[pair.pool])
    return scores(x, y, Criterion(spec.criterion, spec.n_neighbors))


def word_clouds(here: Matched, projection: str) -> xr.Dataset:
    """Both languages' words on a plane, before and after the map.

    ``place`` (stage, side, word, axis), ``test`` (word). Each stage has a projection of
    its own, fitted on both languages together; UMAP after PCA to FIRST dimensions, with
    the spec's seed. ``left_out`` words beyond MOST_POINTS are not drawn; ``explained``
    (stage) is the share of variance that PCA keeps. SpecError for another projection.
    """
    check("projection", projection, PROJECTIONS)
    pair, seed = here.pair, here.spec.seed
    used = np.sort(np.concatenate([pair.test, pair.seeds]))
    shown = drawn_words(used, seed)

    def both_languages(fitted: Fitted) -> Flattened:
        x = fitted.source(pair.x[shown])
        y = fitted.target(pair.y[shown])
        return flattened(np.concatenate([x, y]))

    flat = here.at_all_stages(both_languages)
    places = []
    for states, _ in flat.values():
        on_plane = states[:, :2]
        if projection == "UMAP":
            on_plane = umap_places(states, 2, seed)
        places.append(on_plane.reshape(2, len(shown), 2))
    dims = ("stage", "side", "word", "axis")
    variables = {
        "place": (dims, np.array(places)),
        "test": ("word", np.isin(shown, pair.test)),
        "explained": ("stage", [found.explained for found in flat.values()]),
    }
    coords = {
        "stage": list(flat),
        "side": ["source", "target"],
        "word": chosen(here.words.concepts, shown),
    }
    attributes = {
        "left_out": len(used) - len(shown),
        "projection": projection,
        "seed": seed,
    }
    return xr.Dataset(variables, coords, attributes)


def drawn_words(used: np.ndarray, seed: int) -> np.ndarray:
    """MOST_POINTS of the words at random, in their order; all where there are fewer."""
    order = np.random.default_rng(seed).permutation(used)
    return np.sort(order[:MOST_POINTS])


def flattened(states: np.ndarray) -> Flattened:
    """States (word, hidden) in their first FIRST components."""
    centred = states - states.mean(0)
    found, shares = principal_components(centred, min(FIRST, *states.shape))
    return Flattened(found, float(shares[:2].sum()))
