"""Do items merge across languages? Separation, linear CKA and mutual neighbours of the
states of parallel questions.
"""

from itertools import combinations

import numpy as np
import xarray as xr

from analysis.core.errors import StudyError
from analysis.core.intervals import Interval
from analysis.core.statistics import interval, mean_known
from analysis.questions.geometry import ENGLISH, KINDS_OF_ITEMS, labelled_set, prompts
from analysis.study.study import Study

NEIGHBOURS = 5
TURNS = 40
"""Replicates of the shuffled-label band of the separation index."""
FEWEST = 4
"""Parallel items below which nothing is said about neighbours or CKA."""
SAME = 9
"""Decimals to which cosines are compared: products of equal rows may differ in their last bits."""


def grid(study: Study, kind: str, layer: int, centred: bool = False) -> np.ndarray:
    """States (language, item, hidden) of one kind at one layer (1…N), float32; NaN
    where a language lacks the item.

    ``centred`` takes each language's mean over its items away.
    """
    kinds, _ = prompts(study)
    states = np.asarray(
        study.array("item_state").values[:, kinds == kind, layer - 1], np.float32
    )
    there = study.array("item_part").values[:, kinds == kind] > 0
    states[~there] = np.nan
    if centred:
        states = states - np.array([mean_known(each) for each in states])[:, None]
    return states


def distances(states: np.ndarray) -> np.ndarray:
    """Euclidean distances (language, item, language, item) of a grid, from inner
    products; NaN where a state is missing.
    """
    flat = states.reshape(-1, states.shape[-1]).astype(float)
    flat = flat - mean_known(flat)
    inner = flat @ flat.T
    squares = np.diag(inner)
    found = np.sqrt(np.maximum(squares[:, None] + squares - 2 * inner, 0))
    return found.reshape(*states.shape[:2], *states.shape[:2])


def index(table: np.ndarray, orders: np.ndarray | None = None) -> float:
    """1 − within-item cross-language distance / between-item same-language distance.

    ``orders`` (language, item) puts the items of each language into another order
    first: what is "the same item" is then arbitrary.
    NaN when there is no second language or item, or all states of a language are the same.
    """
    languages, items = table.shape[:2]
    same = np.arange(items) if orders is None else None
    across = [
        table[
            a,
            orders[a] if same is None else same,  # pyright: ignore[reportOptionalSubscript]
            b,
            orders[b] if same is None else same,  # pyright: ignore[reportOptionalSubscript]
        ]
        for a, b in combinations(range(languages), 2)
    ]
    first, second = np.triu_indices(items, 1)
    between = [table[a, first, a, second] for a in range(languages)]
    if not across or not len(first):
        return float("nan")
    within, apart = (mean_known(np.concatenate(parts)) for parts in (across, between))
    return float(1 - within / apart) if apart > 0 else float("nan")


def separation(study: Study, centred: bool = False) -> xr.Dataset:
    """Separation index (kind, layer) of universal and of culture items, with a
    shuffled-label band.

    1 − mean distance between an item's states in two languages / mean distance between
    two items in one language. 1: an item is the
    same point in all languages; 0 or less: languages are as far apart as items.
    ``null_low``/``null_high``: the same when items are
    numbered at random in each language. ``centred`` takes each language's mean away
    first. ``items`` and ``languages`` are counts.
    NaN with one language, one item, or a layer without variance. StudyError for a study
    without questions. The definition is ours.
    """
    kinds = [kind for kind in KINDS_OF_ITEMS if (prompts(study)[0] == kind).any()]
    values = np.full((3, len(kinds), study.layers), np.nan)
    counts = np.zeros((2, len(kinds)), int)
    rng = np.random.default_rng(0)
    for k, kind in enumerate(kinds):
        for layer in range(1, study.layers + 1):
            states = grid(study, kind, layer, centred)
            there = np.isfinite(states[..., 0])
            states = states[there.any(1)]
            counts[:, k] = there.any(0).sum(), len(states)
            table = distances(states)
            low, high = null_ends(table, rng)
            values[:, k, layer - 1] = index(table), low, high
    cells = ("kind", "layer")
    variables = {
        "separation": (cells, values[0]),
        "null_low": (cells, values[1]),
        "null_high": (cells, values[2]),
        "items": ("kind", counts[0]),
        "languages": ("kind", counts[1]),
    }
    return labelled_set(study, variables, kind=kinds).assign_attrs(centred=int(centred))


def null_ends(table: np.ndarray, rng: np.random.Generator) -> Interval:
    """The band of the index when items are numbered at random in each language."""
    turns = []
    for _ in range(TURNS):
        orders = [rng.permutation(table.shape[1]) for _ in range(len(table))]
        turns.append(np.array(orders))
    null = np.array([index(table, order) for order in turns])
    if not np.isfinite(null).any():
        return Interval(np.nan, np.nan)
    return interval(null)


def cka(x: np.ndarray, y: np.ndarray) -> float:
    """Linear CKA of two matrices (item, hidden) with the unbiased HSIC, for few items;
    NaN below FEWEST or without variance.

    Kornblith et al. 2019; Nguyen et al. 2021 for the unbiased estimate.
    """
    if len(x) < FEWEST or not (varied(x) and varied(y)):
        return float("nan")
    grams = [each @ each.T for each in (x - x.mean(0), y - y.mean(0))]
    products = [
        unbiased(a, b)
        for a, b in ((grams[0], grams[1]), (grams[0], grams[0]), (grams[1], grams[1]))
    ]
    scale = products[1] * products[2]
    return float(products[0] / np.sqrt(scale)) if scale > 0 else float("nan")


def varied(x: np.ndarray) -> bool:
    """Whether the rows of a matrix differ at all; compared exactly, as rows that were
    centred need not be zero.
    """
    return bool((x != x[0]).any())


def unbiased(k: np.ndarray, l: np.ndarray) -> float:
    """Unbiased HSIC of two Gram matrices, up to a factor that cancels in CKA."""
    n = len(k)
    k, l = (np.where(np.eye(n, dtype=bool), 0, gram).astype(float) for gram in (k, l))
    rows = k.sum(0) @ l.sum(0)
    return float(
        (k * l).sum() + k.sum() * l.sum() / ((n - 1) * (n - 2)) - 2 * rows / (n - 2)
    )


def mutual_neighbours(x: np.ndarray, y: np.ndarray, k: int = NEIGHBOURS) -> float:
    """Share of the k nearest items (by cosine) that two matrices (item, hidden) have in
    common; chance k / (n − 1).

    Huh et al. 2024. Items that tie for the last places share them: what counts is the
    mean over the orders in which they can stand.
    NaN with k + 1 items or fewer, or when all items of a matrix are the same.
    """
    if len(x) <= k + 1 or not (varied(x) and varied(y)):
        return float("nan")
    return float((nearness(x, k) * nearness(y, k)).sum(1).mean() / k)


def nearness(x: np.ndarray, k: int) -> np.ndarray:
    """How surely each item (item, item) is among the k nearest of another: 1, 0, or a
    share where several tie for what is left.
    """
    unit = x.astype(float) / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    cosine = np.round(unit @ unit.T, SAME)
    np.fill_diagonal(cosine, -np.inf)
    last = -np.partition(-cosine, k - 1, 1)[:, k - 1 : k]
    closer, tied = cosine > last, cosine == last
    return closer + tied * (k - closer.sum(1, keepdims=True)) / tied.sum(
        1, keepdims=True
    )


def parallel(study: Study) -> xr.Dataset:
    """Agreement with English of the states of parallel universal questions (language,
    layer): ``cka`` and ``neighbours``.

    ``chance`` (language) is that of the mutual neighbours, k / (n − 1); that of the
    unbiased CKA is 0. ``items`` are in the mean.
    NaN for English and for too few items. StudyError for a study without questions or
    without English.
    """
    if ENGLISH not in study.languages:
        raise StudyError(
            f"“{study.title}” has no English, with which the other languages are compared here."
        )
    shape = (len(study.languages), study.layers)
    english = study.languages.index(ENGLISH)
    agreement = np.full(shape, np.nan)
    shared = np.full(shape, np.nan)
    items = np.zeros(shape[0], int)
    for layer in range(study.layers):
        states = grid(study, KINDS_OF_ITEMS[0], layer + 1)
        there = np.isfinite(states[..., 0])
        for language in range(shape[0]):
            both = there[language] & there[english]
            items[language] = both.sum()
            if language != english:
                x, y = states[language, both], states[english, both]
                agreement[language, layer] = cka(x, y)
                shared[language, layer] = mutual_neighbours(x, y)
    chance = np.where(items > 1, NEIGHBOURS / np.maximum(items - 1, 1), np.nan)
    variables = {
        "cka": (("language", "layer"), agreement),
        "neighbours": (("language", "layer"), shared),
        "items": ("language", items),
        "chance": ("language", chance),
    }
    return labelled_set(study, variables)
