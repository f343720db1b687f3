"""In which language does the model think? The lens's summary over prompts for words.

At every layer the final norm and output head read the state at the end of a prompt; what
they give to the answer in the prompt's language, in English and in other languages is
summed. Wendler et al. 2024; with a tuned lens Belrose et al. 2023.
"""

from dataclasses import replace

import numpy as np
import xarray as xr

from analysis.core.errors import SpecError
from analysis.core.intervals import Interval, mean_interval
from analysis.core.specs import digest, written
from analysis.core.statistics import mean_known
from analysis.crossing import tuned_lens, word_prompts
from analysis.crossing.specs import LatentSpec
from analysis.crossing.word_prompts import ENGLISH
from analysis.study.study import Study
from analysis.study.trial_part import TrialArray, TrialPart
from analysis.study.word_list import WordList

NAME = "latent-language"
OWN, IN_ENGLISH, ELSEWHERE, UNRELATED = "own", "English", "elsewhere", "unrelated"
SIDES = (OWN, IN_ENGLISH, ELSEWHERE, UNRELATED)
WORDS = {
    OWN: "the answer in the language asked for",
    IN_ENGLISH: "the answer in English",
    ELSEWHERE: "the answer in the other languages",
    UNRELATED: "an unrelated word in English (control)",
}
"""Sides → what captions call them."""


def begin(study: Study, spec: LatentSpec) -> TrialPart:
    """What a study's manifest tells of the trial: a cell for each language but English.

    SpecError for languages without words, for too few, and for a lens of other states.
    """
    name = spec.words or word_prompts.usual_list(study.languages)
    words = word_prompts.list_of(name)
    chosen = spec.languages or tuple(
        code for code in study.languages if code in words.languages
    )
    word_prompts.check_languages(words, (*chosen, ENGLISH))
    others = tuple(code for code in chosen if code != ENGLISH)
    if not others:
        raise SpecError(
            "The answer in a language is compared with the answer in English; choose "
            "another language than English."
        )
    exact = replace(spec, languages=others, words=name, words_digest=words.digest)
    if spec.lens:
        found = tuned_lens.find(spec.lens)
        tuned_lens.check_fits(found, study.layers, study.manifest.hidden or 0)
        exact = replace(exact, lens_digest=found.digest)
    most = max(len(concepts_of(words, exact, code)) for code in others)
    return TrialPart(
        spec=written(exact),
        digest=digest(exact),
        dims={
            "language": others,
            "side": SIDES,
            "layer": tuple(str(layer) for layer in range(1, study.layers + 1)),
            "word": tuple(map(str, range(most))),
        },
        cells=("language",),
        numbers=("layer",),
        arrays={
            "share": TrialArray(
                dims=("side", "layer", "word"),
                long_name="the lens's probability of how an answer begins",
                units="share",
                gaps=True,
            ),
            "entropy": TrialArray(
                dims=("layer", "word"),
                long_name="entropy of the lens",
                units="nats",
                gaps=True,
            ),
            "told": TrialArray(
                long_name="words whose answers begin differently in English"
            ),
        },
    )


def concepts_of(words: WordList, spec: LatentSpec, code: str) -> np.ndarray:
    """Places of the words that a language is asked for, examples left out."""
    known = word_prompts.usable(words, languages_of(words, code))
    if len(known) < spec.shots + 2:
        raise SpecError(
            f"“{words.name}” has {len(known)} words that {code} and English spell "
            f"differently; {spec.shots + 2} are needed. Choose another language."
        )
    frequent = word_prompts.most_frequent(words, known)
    taken = set(examples_of(words, spec, code))
    left = [place for place in frequent.tolist() if place not in taken]
    return np.array(left[: spec.most or None], int)


def examples_of(words: WordList, spec: LatentSpec, code: str) -> tuple[int, ...]:
    """Places of the words that show what is wanted, the same at every call."""
    known = word_prompts.usable(words, languages_of(words, code))
    rng = np.random.default_rng(spec.seed)
    return tuple(rng.choice(known, spec.shots, replace=False).tolist())


def languages_of(words: WordList, code: str) -> tuple[str, ...]:
    """A language, English, and the one in which its prompts give their words."""
    return (code, ENGLISH, *word_prompts.inputs(words, (code, ENGLISH), 1))


def spec_of(study: Study) -> LatentSpec:
    """The spec with which a study's trial was made."""
    return (study.manifest.trials or {})[NAME].spec_as(LatentSpec)


def latent_language(study: Study) -> xr.Dataset:
    """What the lens gives to the answer in each language, at every layer.

    ``share`` (side, language, layer): probability of how the answer begins in the language
    asked for, in English, in the other languages, and of an unrelated English word;
    means over words. ``share_mean``, ``share_low``, ``share_high`` (side, layer): over
    languages, Student's 95 %. ``entropy`` (layer) in nats. ``lead`` (language, layer):
    English minus own, with ``lead_low`` and ``lead_high`` over words. ``n`` (language).
    Wendler et al. 2024.
    """
    found = study.trial(NAME)
    share = found["share"].transpose("side", "language", "layer", "word").values
    means = word_means(share)
    low, high = mean_interval(means.swapaxes(0, 1))
    lead = share[1] - share[0]
    ends = over_words(lead)
    entropy = found["entropy"].transpose("language", "layer", "word").values
    dims = ("side", "language", "layer")
    variables = {
        "share": (dims, means),
        "share_mean": (("side", "layer"), mean_known(means.swapaxes(0, 1))),
        "share_low": (("side", "layer"), np.clip(low, 0, 1)),
        "share_high": (("side", "layer"), np.clip(high, 0, 1)),
        "lead": (dims[1:], word_means(lead)),
        "lead_low": (dims[1:], ends.low),
        "lead_high": (dims[1:], ends.high),
        "entropy": ("layer", mean_known(word_means(entropy))),
        "n": ("language", found["told"].values),
    }
    coords = {
        "side": list(SIDES),
        "language": found.language.values,
        "layer": found.layer.values,
    }
    spec = spec_of(study)
    attributes = {
        "words": spec.words,
        "shots": spec.shots,
        "lens": spec.lens or "logit lens",
        "interval": "Student, over languages",
    }
    return xr.Dataset(variables, coords, attributes)


def over_words(values: np.ndarray) -> Interval[np.ndarray]:
    """Student's 95 % ends (language, layer) over words, of (language, layer, word)."""
    ends = [mean_interval(each.T) for each in values]
    low = np.stack([each.low for each in ends])
    return Interval(low, np.stack([each.high for each in ends]))


def word_means(values: np.ndarray) -> np.ndarray:
    """Means over the last axis of what is known; NaN where nothing is."""
    known = np.isfinite(values)
    counts = known.sum(-1)
    total = np.where(known, values, 0).sum(-1)
    return np.where(counts > 0, total / np.maximum(counts, 1), np.nan)


def led_by_english(data: xr.Dataset) -> xr.DataArray:
    """At which layers (language, layer) English is surely ahead of the own language.

    That is where the 95 % interval over words of the difference is above zero, and English
    above an unrelated English word.
    """
    control = data["share"].sel(side=UNRELATED)
    above = data["share"].sel(side=IN_ENGLISH) > control
    return (data["lead_low"] > 0) & above
