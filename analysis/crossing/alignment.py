"""How well sentences find their translations at every layer: MEXA beside other measures.

MEXA: Kargaran et al. 2025. A layer's score is the share of sentences whose cosine to their
own translation is strictly larger than that of any other sentence to either of the two;
layers are pooled by the mean or by the largest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import scipy
import xarray as xr

from analysis.core.errors import SpecError, unknown
from analysis.core.specs import digest, written
from analysis.core.statistics import mean_known
from analysis.crossing.readings import WEIGHTED_OF_ALL
from analysis.crossing.specs import SentenceAlignmentSpec
from analysis.questions.items import cka, mutual_neighbours
from analysis.sentences import shelf
from analysis.sentences.parallel import ParallelText
from analysis.sentences.retrieval import compared, route, spread_of_means
from analysis.sentences.specs import RetrievalSpec
from analysis.study.study import Study
from analysis.study.trial_part import TrialArray, TrialPart

NAME = "sentence-alignment"
MEASURES = {
    "mexa": "MEXA",
    "into": "found in the pivot language",
    "back": "found from the pivot language",
    "cka": "linear CKA (unbiased)",
    "neighbours": "mutual nearest neighbours",
}
"""Arrays → what captions call them."""
LACKING = -1
"""Stands where a sentence is missing in one of the two languages."""
HALVES = 2


def text_of(spec: SentenceAlignmentSpec) -> ParallelText:
    """The sentences of a spec; CorpusError when they are not on this server."""
    if spec.text_digest:
        return shelf.find(spec.text_digest)
    return shelf.load(spec.text)


def begin(study: Study, spec: SentenceAlignmentSpec) -> TrialPart:
    """What a study's manifest tells of the trial: a cell for each language but the pivot.

    SpecError for languages that the text lacks, and for too few.
    """
    text = text_of(spec)
    chosen = spec.languages or tuple(
        code for code in study.languages if code in text.languages
    )
    for code in (*chosen, spec.pivot):
        if code not in text.languages:
            raise unknown("language of the sentences", code, text.languages)
    others = tuple(code for code in chosen if code != spec.pivot)
    if not others:
        raise SpecError(
            f"There are sentences in {spec.pivot} only; this takes two languages."
        )
    ids = text.ids[: spec.sentences or len(text.ids)]
    exact = replace(spec, text_digest=text.digest, languages=others)
    return TrialPart(
        spec=written(exact),
        digest=digest(exact),
        dims={
            "language": others,
            "reading": spec.readings,
            "layer": tuple(str(layer) for layer in range(1, study.layers + 1)),
            "sentence": ids,
        },
        cells=("language",),
        numbers=("layer",),
        arrays=arrays(),
        notes=text.notes,
    )


def arrays() -> dict[str, TrialArray]:
    """What is kept of a language, by reading and layer."""
    dims = ("reading", "layer")
    found = {}
    for name, words in MEASURES.items():
        found[name] = TrialArray(dims=dims, long_name=words, units="share", gaps=True)
    found["agrees"] = TrialArray(
        dims=(*dims, "sentence"),
        long_name="whether MEXA counts a sentence; −1 where it is missing",
    )
    found["n"] = TrialArray(long_name="sentences that both languages have")
    return found


def aligned(
    pivot: np.ndarray, other: np.ndarray, neighbours: int
) -> dict[str, np.ndarray]:
    """All measures of two languages' states (reading, layer, sentence, hidden).

    Sentences that either lacks are NaN. ``agrees`` (reading, layer, sentence) is int8.
    """
    shape = pivot.shape[:2]
    found = {name: np.full(shape, np.nan, np.float32) for name in MEASURES}
    agrees = np.full(pivot.shape[:3], LACKING, np.int8)
    there = np.isfinite(pivot[0, 0, :, 0]) & np.isfinite(other[0, 0, :, 0])
    for place in np.ndindex(*shape):
        # Tokens that begin a text have states so long that cosines differ in the
        # seventh digit only.
        pair = route(other[place].astype(float), pivot[place].astype(float))
        hits = compared(pair, RetrievalSpec())
        agrees[place][there] = hits.mexa > 0
        found["mexa"][place] = hits.mexa.mean() if hits.n else np.nan
        found["into"][place] = hits.into.mean() if hits.n else np.nan
        found["back"][place] = hits.back.mean() if hits.n else np.nan
        found["cka"][place] = cka(pair.source, pair.target)
        found["neighbours"][place] = mutual_neighbours(*pair, k=neighbours)
    return {**found, "agrees": agrees, "n": np.array(there.sum(), np.int32)}


@dataclass(frozen=True)
class Held:
    """A share, where it was found, and its interval."""

    share: float
    low: float
    high: float


def trial_of(study: Study, reading: str) -> xr.Dataset:
    """The trial at one reading; SpecError for a reading that it lacks."""
    found = study.trial(NAME)
    known = found.reading.values.tolist()
    if reading not in known:
        raise unknown("reading of sentences", reading, known)
    return found.sel(reading=reading)


def spec_of(study: Study) -> SentenceAlignmentSpec:
    """The spec with which a study's trial was made."""
    trials: Mapping[str, TrialPart] = study.manifest.trials or {}
    return trials[NAME].spec_as(SentenceAlignmentSpec)


def alignment_by_layer(study: Study, reading: str = WEIGHTED_OF_ALL) -> xr.Dataset:
    """Agreement of every language with the pivot at every layer, by five measures.

    ``mexa``, ``into``, ``back``, ``cka``, ``neighbours`` (language, layer), each with
    ``…_mean``, ``…_low`` and ``…_high`` (layer): means over languages, Student's 95 %
    intervals. ``…_chance`` (language) is what guessing gives, ``n`` (language) how many
    sentences. Kargaran et al. 2025; Kornblith et al. 2019; Huh et al. 2024.
    """
    found = trial_of(study, reading)
    spec = spec_of(study)
    n = found["n"].values.astype(float)
    variables: dict[str, tuple] = {"n": ("language", found["n"].values)}
    chances = {
        "mexa": 1 / (2 * n - 1),
        "into": 1 / n,
        "back": 1 / n,
        "cka": np.zeros_like(n),
        "neighbours": spec.neighbours / (n - 1),
    }
    for name in MEASURES:
        table = found[name].transpose("language", "layer").values
        low, high = spread_of_means(table)
        variables[name] = (("language", "layer"), table)
        variables[f"{name}_mean"] = ("layer", mean_known(table))
        variables[f"{name}_low"] = ("layer", low)
        variables[f"{name}_high"] = ("layer", high)
        variables[f"{name}_chance"] = ("language", chances[name])
    coords = {"language": found.language.values, "layer": found.layer.values}
    attributes = {
        "pivot": spec.pivot,
        "reading": reading,
        "text": spec.text,
        "interval": "Student, over languages",
    }
    return xr.Dataset(variables, coords, attributes)


def pooled_mexa(study: Study, reading: str = WEIGHTED_OF_ALL) -> xr.Dataset:
    """MEXA of every language pooled over layers: by the mean, and by the largest.

    ``mean`` and ``largest`` (language) as its authors pool; ``at`` (language) the layer of
    the largest. ``held_out`` (language) is the largest without having been chosen on the
    sentences that it is told of: each half of them is scored at the layer that was largest
    in the other; ``low`` and ``high`` are its exact 95 % interval over sentences.
    ``chance`` and ``n`` (language). Kargaran et al. 2025; the held-out one is ours.
    """
    found = trial_of(study, reading)
    scores = found["mexa"].transpose("language", "layer").values
    agrees = found["agrees"].transpose("language", "layer", "sentence").values
    held = [held_out(each) for each in agrees]
    n = found["n"].values
    layers = found.layer.values
    variables = {
        "mean": mean_known(scores, 1),
        "largest": scores.max(1),
        "at": layers[scores.argmax(1)],
        "held_out": np.array([each.share for each in held]),
        "low": np.array([each.low for each in held]),
        "high": np.array([each.high for each in held]),
        "chance": 1 / (2 * n.astype(float) - 1),
        "n": n,
    }
    named = {name: ("language", values) for name, values in variables.items()}
    spec = spec_of(study)
    attributes = {
        "pivot": spec.pivot,
        "reading": reading,
        "text": spec.text,
        "interval": "exact, over sentences",
    }
    return xr.Dataset(named, {"language": found.language.values}, attributes)


def held_out(agrees: np.ndarray) -> Held:
    """The share at the best layer, which was chosen on the other half of the sentences.

    ``agrees`` (layer, sentence): 1, 0, or LACKING.
    """
    known = agrees[:, agrees[0] != LACKING]
    counted = np.zeros(known.shape[1])
    for half in range(HALVES):
        told = np.arange(known.shape[1]) % HALVES == half
        best = known[:, ~told].mean(1).argmax()
        counted[told] = known[best, told]
    if not len(counted):
        return Held(float("nan"), float("nan"), float("nan"))
    # Wilson's interval is too narrow where only one of a hundred is expected.
    test = scipy.stats.binomtest(int(counted.sum()), len(counted))
    low, high = test.proportion_ci(method="exact")
    return Held(float(counted.mean()), float(low), float(high))
