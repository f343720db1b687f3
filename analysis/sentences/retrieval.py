"""Do translations find each other? Sentences of one language looked up in another.

By retrieval both ways, and by MEXA: the share of sentences that are closer to their own
translation than to any other sentence, and than any other sentence is to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import xarray as xr

from analysis.core.errors import SpecError, StudyError, unknown
from analysis.core.intervals import Interval, mean_interval, share_interval
from analysis.core.specs import check_layer
from analysis.core.statistics import mean_known
from analysis.core.turns import map_each, steps
from analysis.sentences.specs import RetrievalSpec
from analysis.study.manifest import SentencesPart
from analysis.study.study import Study
from analysis.words.retrieval import Criterion, lengths_of, rank

MEASURES = {
    "into": "found in the target language",
    "back": "found from the target language",
    "mexa": "MEXA",
}
"""Variables of results → what captions call them."""
OVER_SENTENCES = "Wilson, over sentences"
OVER_MEANS = "Student, over sentences"
OVER_LANGUAGES = "Student, over languages"


class Route(NamedTuple):
    """Sentences of two languages that both have, row by row: (sentence, hidden) each."""

    source: np.ndarray
    target: np.ndarray


@dataclass(frozen=True)
class Hits:
    """Whether each sentence of a route was right, by every measure: (sentence).

    Where candidates are tied, the share of their orders in which it is.
    """

    into: np.ndarray
    back: np.ndarray
    mexa: np.ndarray

    @property
    def n(self) -> int:
        """How many sentences both languages have."""
        return len(self.into)

    def chance(self, measure: str) -> float:
        """What guessing would give: the best of n, or of the 2n − 1 that MEXA compares."""
        if not self.n:
            return float("nan")
        return 1 / (2 * self.n - 1) if measure == "mexa" else 1 / self.n


def part_of(study: Study) -> SentencesPart:
    """The sentences of a study; StudyError when it has none."""
    if study.sentences is None or not study.has("sentence_state"):
        raise StudyError(
            f"“{study.title}” has no parallel sentences. Read some on the Alignment "
            "page, or by babelscope.sentences."
        )
    return study.sentences


def placed(study: Study, spec: RetrievalSpec) -> RetrievalSpec:
    """The spec with its layer by number; SpecError for what the study does not have."""
    known = part_of(study)
    if spec.reading not in known.readings:
        raise unknown("reading of sentences", spec.reading, known.readings)
    layer = spec.layer or known.layers[-1]
    check_layer(layer, known.layers)
    return replace(spec, layer=layer)


def check_language(study: Study, language: str) -> None:
    """SpecError for a language in which the study has no sentences."""
    known = part_of(study).languages
    if language not in known:
        raise unknown("language", language, known)


def route(first: np.ndarray, second: np.ndarray) -> Route:
    """The sentences that two languages have, of states with NaN for those they lack."""
    both = np.isfinite(first[:, 0]) & np.isfinite(second[:, 0])
    return Route(first[both], second[both])


def compared(pair: Route, spec: RetrievalSpec) -> Hits:
    """Every sentence of a route looked up both ways, and judged by MEXA."""
    n = len(pair.source)
    if not n:
        nothing = np.zeros(0)
        return Hits(nothing, nothing, nothing)
    criterion = Criterion(spec.criterion, spec.n_neighbors)
    pairs = np.repeat(np.arange(n)[:, None], 2, axis=1)
    return Hits(
        into=rank(pair.source, pair.target, pairs, criterion).hits(1),
        back=rank(pair.target, pair.source, pairs, criterion).hits(1),
        mexa=own_is_closest(pair),
    )


def own_is_closest(pair: Route) -> np.ndarray:
    """MEXA's test of every sentence: (sentence), 1 or 0.

    Whether its cosine to its translation is strictly larger than that of any other
    sentence to either of the two. Kargaran et al. 2025.
    """
    source = pair.source / lengths_of(pair.source)[:, None]
    target = pair.target / lengths_of(pair.target)[:, None]
    cosines = source @ target.T
    own = cosines.diagonal().copy()
    np.fill_diagonal(cosines, -np.inf)
    others = np.maximum(cosines.max(1), cosines.max(0))
    return (own > others).astype(float)


def spread(hits: np.ndarray) -> Interval[np.ndarray]:
    """95 % Wilson interval of a mean over sentences; NaN of none."""
    n = np.array(len(hits))
    if not n:
        return Interval(np.array(np.nan), np.array(np.nan))
    return share_interval(hits.mean(), hits.var() / n, n, n)


def spread_of_means(shares: np.ndarray) -> Interval[np.ndarray]:
    """95 % interval of a mean of shares over the first axis: languages, or sentences.

    Student's; a share is neither below 0 nor above 1.
    """
    low, high = mean_interval(shares)
    return Interval(np.clip(low, 0, 1), np.clip(high, 0, 1))


def mean(hits: np.ndarray) -> float:
    """The mean; NaN of none."""
    return float(hits.mean()) if len(hits) else float("nan")


def sentence_retrieval(study: Study, spec: RetrievalSpec, target: str) -> xr.Dataset:
    """Sentences of every language that find their translation in the target language.

    ``into``, ``back`` and ``mexa`` (language) with ``…_low`` and ``…_high``: P@1 into the
    target, P@1 from it, and MEXA's alignment score, as shares of the sentences that both
    languages have; ``…_chance`` is what guessing gives; ``n`` (language). Intervals are
    Wilson's over sentences. StudyError without sentences, SpecError for what the study
    does not have. CSLS: Lample et al. 2018; MEXA: Kargaran et al. 2025.
    """
    chosen = placed(study, spec)
    found = into_target(study, chosen, target)
    variables: dict[str, tuple[str, np.ndarray]] = {}
    for measure in MEASURES:
        hits = [getattr(each, measure) for each in found.values()]
        spreads = [spread(each) for each in hits]
        variables[measure] = ("language", np.array([mean(each) for each in hits]))
        ends = {
            "low": [float(each.low) for each in spreads],
            "high": [float(each.high) for each in spreads],
            "chance": [each.chance(measure) for each in found.values()],
        }
        for end, values in ends.items():
            variables[f"{measure}_{end}"] = ("language", np.array(values, float))
    variables["n"] = ("language", np.array([each.n for each in found.values()]))
    attributes = {
        "target": target,
        "layer": chosen.layer,
        "interval": OVER_SENTENCES,
    }
    return xr.Dataset(variables, {"language": list(found)}, attributes)


def into_target(study: Study, spec: RetrievalSpec, target: str) -> Mapping[str, Hits]:
    """Language → what became of its sentences, at the spec's layer."""
    check_language(study, target)
    there = study.read_sentences(spec.reading, target, spec.layer)

    def hits_of(language: str) -> Hits:
        states = study.read_sentences(spec.reading, language, spec.layer)
        return compared(route(states, there), spec)

    others = [code for code in part_of(study).languages if code != target]
    if not others:
        raise SpecError(
            f"There are sentences in {target} only; this takes two languages."
        )
    return dict(zip(others, map_each(hits_of, others, there.shape[1])))


def sentence_retrieval_by_layer(
    study: Study, spec: RetrievalSpec, target: str
) -> xr.Dataset:
    """Sentences that find their translation in the target language, layer by layer.

    ``into``, ``back`` and ``mexa`` (language, layer) as in ``sentence_retrieval``, and
    ``…_mean``, ``…_low``, ``…_high`` (layer): means over languages with Student's
    intervals; ``n`` (language). The spec's layer takes no part.
    """
    layers = part_of(study).layers
    columns = layer_by_layer(study, spec, target)
    codes = list(columns[0])
    variables: dict[str, tuple] = {}
    for measure in MEASURES:
        table = means_of(columns, measure)
        low, high = spread_of_means(table)
        variables[measure] = (("language", "layer"), table)
        variables[f"{measure}_mean"] = ("layer", mean_known(table))
        variables[f"{measure}_low"] = ("layer", low)
        variables[f"{measure}_high"] = ("layer", high)
    first = columns[0].values()
    variables["n"] = ("language", np.array([each.n for each in first]))
    for measure in MEASURES:
        chances = np.array([each.chance(measure) for each in first])
        variables[f"{measure}_chance"] = ("language", chances)
    attributes = {"target": target, "interval": OVER_LANGUAGES}
    coords = {"language": codes, "layer": list(layers)}
    return xr.Dataset(variables, coords, attributes)


def layer_by_layer(
    study: Study, spec: RetrievalSpec, target: str
) -> list[Mapping[str, Hits]]:
    """For every layer, language → what became of its sentences."""
    columns = []
    for layer in steps(part_of(study).layers):
        chosen = placed(study, replace(spec, layer=layer))
        columns.append(into_target(study, chosen, target))
    return columns


def means_of(columns: Sequence[Mapping[str, Hits]], measure: str) -> np.ndarray:
    """Shares (language, layer) of one measure."""
    table = []
    for column in columns:
        table.append([mean(getattr(hits, measure)) for hits in column.values()])
    return np.array(table).T


def mexa(study: Study, spec: RetrievalSpec, target: str) -> xr.Dataset:
    """MEXA's alignment of every language with the target, pooled over layers.

    ``mean`` and ``largest`` (language) pool the alignment scores ``mexa`` (language,
    layer) of the kept layers, as its authors do; ``low`` and ``high`` (language) are
    Student's interval of the mean over sentences, ``at`` (language) the layer of the
    largest, ``n`` (language). Guessing gives ``chance`` at one layer, and more for the
    largest of many. Kargaran et al. 2025.
    """
    layers = part_of(study).layers
    columns = layer_by_layer(study, spec, target)
    codes = list(columns[0])
    scores = means_of(columns, "mexa")
    best = np.where(np.isfinite(scores), scores, -1).argmax(1)
    low, high = ends_of_means(columns)
    first = columns[0].values()
    of_language = {
        "mean": mean_known(scores, 1),
        "low": low,
        "high": high,
        "largest": scores[np.arange(len(codes)), best],
        "at": np.array(layers)[best],
        "n": np.array([each.n for each in first]),
        "chance": np.array([each.chance("mexa") for each in first]),
    }
    variables: dict[str, tuple] = {}
    for name, values in of_language.items():
        variables[name] = ("language", values)
    variables["mexa"] = (("language", "layer"), scores)
    coords = {"language": codes, "layer": list(layers)}
    attributes = {"target": target, "interval": OVER_MEANS}
    return xr.Dataset(variables, coords, attributes)


def ends_of_means(columns: Sequence[Mapping[str, Hits]]) -> Interval[np.ndarray]:
    """Intervals (language) of MEXA's means over layers."""
    low, high = [], []
    for code in columns[0]:
        by_sentence = np.mean([column[code].mexa for column in columns], axis=0)
        found = spread_of_means(by_sentence)
        low.append(float(found.low))
        high.append(float(found.high))
    return Interval(np.array(low), np.array(high))


def sentence_retrieval_by_pair(study: Study, spec: RetrievalSpec) -> xr.Dataset:
    """Sentences of every language that find their translation in every other, at a layer.

    ``precision`` (source, target): P@1 looked up from source in target, with ``low``,
    ``high`` and ``chance``; ``mexa`` (source, target), which is symmetric; ``n``. The
    diagonal is NaN. Intervals are Wilson's over sentences.
    """
    chosen = placed(study, spec)
    codes = part_of(study).languages
    shape = (len(codes), len(codes))
    names = ("precision", "low", "high", "chance", "mexa", "n")
    tables = {name: np.full(shape, np.nan) for name in names}
    for here in steps(range(len(codes))):
        states = study.read_sentences(chosen.reading, codes[here], chosen.layer)

        def hits_of(there: int) -> Hits:
            other = study.read_sentences(chosen.reading, codes[there], chosen.layer)
            return compared(route(states, other), chosen)  # noqa: B023 (used at once)

        later = range(here + 1, len(codes))
        found = map_each(hits_of, later, states.shape[1])
        for there, hits in zip(later, found):
            fill(tables, (here, there), hits, hits.into)
            fill(tables, (there, here), hits, hits.back)
    dims = ("source", "target")
    variables = {name: (dims, values) for name, values in tables.items()}
    coords = dict.fromkeys(dims, list(codes))
    attributes = {"layer": chosen.layer, "interval": OVER_SENTENCES}
    return xr.Dataset(variables, coords, attributes)


def fill(
    tables: Mapping[str, np.ndarray],
    place: tuple[int, int],
    hits: Hits,
    right: np.ndarray,
) -> None:
    """Write one cell of every table."""
    low, high = spread(right)
    cell = {
        "precision": mean(right),
        "low": float(low),
        "high": float(high),
        "chance": hits.chance("into"),
        "mexa": mean(hits.mexa),
        "n": hits.n,
    }
    for name, value in cell.items():
        tables[name][place] = value
