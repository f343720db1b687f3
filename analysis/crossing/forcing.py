"""Language forcing: does a push along a language vector change the language, and keep the
content?

The score is that of CLaS-Bench, the harmonic mean of language forcing and relevance
(Gurgurov et al. 2026), with both read off known answers in place of a judge's opinion.
"""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import scipy
import xarray as xr

from analysis.core.errors import SpecError
from analysis.core.intervals import Interval
from analysis.core.specs import check_layer, digest, written
from analysis.core.statistics import harmonic
from analysis.crossing import word_prompts
from analysis.crossing.specs import ForcingSpec
from analysis.steering.language_vectors import languages_with_means
from analysis.study.study import Study
from analysis.study.trial_part import TrialArray, TrialPart
from analysis.study.word_list import WordList

NAME = "language-forcing"
OWN, RANDOM = "language vector", "random vector"
VECTORS = (OWN, RANDOM)
SIDES = ("given", "wanted")
"""Languages of an answer: the prompt's, and the one that is pushed towards."""
LAYERS = 4
HALVES = 2
TRIED = 50
"""Draws for each prompt: those whose answers begin alike are passed over."""


def begin(study: Study, spec: ForcingSpec) -> TrialPart:
    """What a study's manifest tells of the trial: a cell for each pair of languages.

    SpecError for languages without words or means, and for layers that there are none of.
    """
    name = spec.words or word_prompts.usual_list(study.languages)
    words = word_prompts.list_of(name)
    wanted = pushed_towards(study, words, spec)
    layers = spec.layers or usual_layers(study.layers)
    for layer in layers:
        check_layer(layer, range(1, study.layers + 1))
    exact = replace(
        spec, wanted=wanted, layers=layers, words=name, words_digest=words.digest
    )
    words_of_answers = (
        "the answer",
        *(f"unrelated {i + 1}" for i in range(spec.rivals)),
    )
    return TrialPart(
        spec=written(exact),
        digest=digest(exact),
        dims={
            "given": spec.given,
            "wanted": wanted,
            "vector": VECTORS,
            "layer": tuple(map(str, layers)),
            "strength": tuple(map(str, spec.strengths)),
            "prompt": tuple(map(str, range(spec.prompts))),
            "side": SIDES,
            "word": words_of_answers,
        },
        cells=("given", "wanted"),
        numbers=("layer", "strength"),
        arrays=arrays(),
    )


def pushed_towards(study: Study, words: WordList, spec: ForcingSpec) -> tuple[str, ...]:
    """The languages that prompts are pushed towards; SpecError for one that lacks words
    or means.
    """
    means = languages_with_means(study)
    known = tuple(code for code in words.languages if code in means)
    wanted = spec.wanted or tuple(code for code in known if code not in spec.given)
    for code in (*spec.given, *wanted):
        if code not in known:
            raise SpecError(
                f"A push towards or away from {code} needs its words in “{words.name}” and its "
                f"mean state in the study; both are there for {', '.join(known)}."
            )
    if not [pair for pair in product(spec.given, wanted) if pair[0] != pair[1]]:
        raise SpecError(
            "Choose a language to be pushed towards that is not the prompt's."
        )
    return wanted


def arrays() -> dict[str, TrialArray]:
    """What is kept of a pair of languages."""
    return {
        "mass": TrialArray(
            dims=("vector", "layer", "strength", "prompt", "side", "word"),
            long_name="probability of how the answer begins, under the push",
            units="share",
            gaps=True,
        ),
        "plain": TrialArray(
            dims=("prompt", "side", "word"),
            long_name="the same without a push",
            units="share",
            gaps=True,
        ),
        "told": TrialArray(long_name="prompts whose answers begin differently"),
    }


def usual_layers(layers: int) -> tuple[int, ...]:
    """Evenly spaced layers, without the last."""
    places = np.linspace(0, layers, LAYERS + 2)[1:-1]
    return tuple(sorted({max(1, round(place)) for place in places}))


def languages_of(words: WordList, given: str, wanted: str) -> tuple[str, ...]:
    """Both languages of answers, and the one in which prompts give their words."""
    return (given, wanted, *word_prompts.inputs(words, (given, wanted), 1))


@dataclass(frozen=True)
class Drawn:
    """Concepts that show prompts what is wanted, and groups: the answer and its rivals."""

    examples: tuple[int, ...]
    groups: tuple[tuple[int, ...], ...]


def drawn(words: WordList, spec: ForcingSpec, given: str, wanted: str) -> Drawn:
    """Examples and groups of a pair of languages, the same at every call.

    SpecError where the two languages have too few words that differ.
    """
    known = word_prompts.usable(words, languages_of(words, given, wanted))
    size = 1 + spec.rivals
    if len(known) < spec.shots + size:
        raise SpecError(
            f"“{words.name}” has {len(known)} words that {given} and {wanted} spell "
            f"differently; {spec.shots + size} are needed. Choose other languages."
        )
    frequent = word_prompts.most_frequent(words, known)
    rng = np.random.default_rng(spec.seed)
    pool = frequent[: max(8 * spec.prompts, spec.shots + size)]
    mixed = rng.permutation(pool)
    rest = mixed[spec.shots :]
    groups = []
    for _ in range(TRIED * spec.prompts):
        groups.append(tuple(rng.choice(rest, size, replace=False).tolist()))
    return Drawn(tuple(mixed[: spec.shots].tolist()), tuple(groups))


@dataclass(frozen=True)
class Hits:
    """Whether the language changed, and the content stayed: (…, prompt), NaN unknown."""

    forced: np.ndarray
    kept: np.ndarray


def hits_of(mass: np.ndarray) -> Hits:
    """What became of answers of these masses (…, prompt, side, word).

    Forced: the wanted language's answers are likelier than the prompt's. Kept: the answer,
    in either language, is likelier than every unrelated word.
    """
    known = np.isfinite(mass).all((-2, -1))
    by_side = mass.sum(-1)
    by_word = mass.sum(-2)
    forced = by_side[..., 1] > by_side[..., 0]
    kept = by_word[..., 0] > by_word[..., 1:].max(-1)
    return Hits(np.where(known, forced, np.nan), np.where(known, kept, np.nan))


def share_of(hits: np.ndarray) -> np.ndarray:
    """The mean over prompts (the last axis) of what is known; NaN where nothing is."""
    known = np.isfinite(hits)
    counts = known.sum(-1)
    total = np.where(known, hits, 0).sum(-1)
    return np.where(counts > 0, total / np.maximum(counts, 1), np.nan)


def spec_of(study: Study) -> ForcingSpec:
    """The spec with which a study's trial was made."""
    return (study.manifest.trials or {})[NAME].spec_as(ForcingSpec)


DIMS = ("given", "wanted", "vector", "layer", "strength", "prompt", "side", "word")


def masses_of(study: Study) -> xr.DataArray:
    """The masses of a trial, in the order of DIMS."""
    return study.trial(NAME)["mass"].transpose(*DIMS)


def forcing(study: Study) -> xr.Dataset:
    """How often a push changes the language, keeps the content, and both.

    ``forced``, ``kept`` and ``score`` (given, wanted, vector, layer, strength): shares of
    prompts, and their harmonic mean; ``vector`` is the language vector or a random one of
    the same length. ``plain_forced`` and ``plain_kept`` (given, wanted) without a push;
    guessing keeps ``chance``. ``n`` (given, wanted) prompts. After Gurgurov et al. 2026.
    """
    found = study.trial(NAME)
    hits = hits_of(masses_of(study).values)
    forced, kept = share_of(hits.forced), share_of(hits.kept)
    without = hits_of(
        found["plain"].transpose("given", "wanted", ..., "side", "word").values
    )
    dims = DIMS[:5]
    variables = {
        "forced": (dims, forced),
        "kept": (dims, kept),
        "score": (dims, harmonic(forced, kept)),
        "plain_forced": (dims[:2], share_of(without.forced)),
        "plain_kept": (dims[:2], share_of(without.kept)),
        "n": (dims[:2], found["told"].values),
    }
    coords = {name: found[name].values for name in dims}
    return xr.Dataset(variables, coords, attributes_of(study))


def attributes_of(study: Study) -> dict[str, str | float]:
    """What captions tell of a trial."""
    spec = spec_of(study)
    return {
        "words": spec.words,
        "chance": 1 / (1 + spec.rivals),
        "interval": "exact, over prompts",
    }


def best_forcing(study: Study) -> xr.Dataset:
    """What the best layer and strength bring, chosen on other prompts.

    ``score``, ``forced`` and ``kept`` (given, wanted, vector): each half of the prompts at
    the setting of the best score on the other half; ``…_low`` and ``…_high`` of the two
    shares are exact 95 % intervals over prompts. The random vector has its own choice, so
    that choosing helps it as much. ``layer`` and ``strength`` (given, wanted) are the best
    of all prompts, for use; ``n`` (given, wanted). After Gurgurov et al. 2026; held out:
    ours.
    """
    found = study.trial(NAME)
    mass = masses_of(study)
    hits = hits_of(mass.values)
    shape = mass.shape[:3]
    names = (
        "score",
        "forced",
        "kept",
        "forced_low",
        "forced_high",
        "kept_low",
        "kept_high",
    )
    tables = {name: np.full(shape, np.nan) for name in names}
    for place in np.ndindex(*shape):
        told = held_out(hits.forced[place], hits.kept[place])
        for name, value in told.items():
            tables[name][place] = value
    variables: dict[str, tuple] = {}
    for name, table in tables.items():
        variables[name] = (DIMS[:3], table)
    chosen = best_of_all(hits)
    layers, strengths = found.layer.values, found.strength.values
    variables["layer"] = (DIMS[:2], layers[chosen // len(strengths)])
    variables["strength"] = (DIMS[:2], strengths[chosen % len(strengths)])
    variables["n"] = (DIMS[:2], found["told"].values)
    coords = {name: found[name].values for name in DIMS[:3]}
    return xr.Dataset(variables, coords, attributes_of(study))


def best_of_all(hits: Hits) -> np.ndarray:
    """The setting of the best score of the language vector, on all prompts, by its place."""
    forced, kept = share_of(hits.forced[:, :, 0]), share_of(hits.kept[:, :, 0])
    scores = harmonic(forced, kept)
    flat = scores.reshape(*scores.shape[:2], -1)
    return np.where(np.isfinite(flat), flat, -1).argmax(-1)


def held_out(forced: np.ndarray, kept: np.ndarray) -> dict[str, float]:
    """Shares at the setting that was chosen on the other half of the prompts.

    From hits (layer, strength, prompt); NaN without any prompt in a half.
    """
    known = np.isfinite(forced).all((0, 1))
    changed = forced.reshape(-1, forced.shape[-1])[:, known]
    stayed = kept.reshape(-1, kept.shape[-1])[:, known]
    n = changed.shape[1]
    if n < HALVES:
        return {}
    told_changed, told_stayed = np.zeros(n), np.zeros(n)
    for half in range(HALVES):
        told = np.arange(n) % HALVES == half
        scores = harmonic(changed[:, ~told].mean(1), stayed[:, ~told].mean(1))
        best = scores.argmax()
        told_changed[told] = changed[best, told]
        told_stayed[told] = stayed[best, told]
    of_changed, of_stayed = exact(told_changed), exact(told_stayed)
    both = harmonic(told_changed.mean(), told_stayed.mean())
    return {
        "score": float(both),
        "forced": float(told_changed.mean()),
        "kept": float(told_stayed.mean()),
        "forced_low": of_changed.low,
        "forced_high": of_changed.high,
        "kept_low": of_stayed.low,
        "kept_high": of_stayed.high,
    }


def exact(hits: np.ndarray) -> Interval[float]:
    """The exact 95 % interval of a share (Clopper and Pearson)."""
    test = scipy.stats.binomtest(int(hits.sum()), len(hits))
    low, high = test.proportion_ci(method="exact")
    return Interval(float(low), float(high))
