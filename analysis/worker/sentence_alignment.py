"""Sentences of a language compared with those of the pivot, at every layer of a model."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from analysis.crossing import alignment
from analysis.crossing.specs import SentenceAlignmentSpec
from analysis.study.study import Study
from analysis.study.trial_part import TrialPart

if TYPE_CHECKING:
    from analysis.model.load import Loaded


def measurer(
    loaded: "Loaded",
    study: Study,
    spec: SentenceAlignmentSpec,
    part: TrialPart,
    check: Callable[[], None],
) -> Callable[[Mapping[str, str]], dict[str, np.ndarray]]:
    """The function that computes a language's cell; the pivot is read once."""
    from analysis.model.mean_states import mean_states

    text = alignment.text_of(spec)
    most = len(part.dims["sentence"])

    def states_of(language: str) -> np.ndarray:
        given = text.sentences(language)[:most]
        there = [place for place, sentence in enumerate(given) if sentence.strip()]
        texts = [given[place] for place in there]
        read = mean_states(loaded, texts, spec.readings, check)
        shape = (*read.shape[:2], most, read.shape[3])
        found = np.full(shape, np.nan, np.float32)
        found[:, :, there] = read
        return found

    pivot = cache(states_of)

    def measure(cell: Mapping[str, str]) -> dict[str, np.ndarray]:
        other = states_of(cell["language"])
        return alignment.aligned(pivot(spec.pivot), other, spec.neighbours)

    return measure


def tokens(study: Study, spec: SentenceAlignmentSpec) -> int:
    """About how many tokens pass the model: four letters make one."""
    text = alignment.text_of(spec)
    codes = spec.languages or study.languages
    letters = 0
    for code in dict.fromkeys((spec.pivot, *codes)):
        if code in text.languages:
            given = text.sentences(code)[: spec.sentences or None]
            letters += sum(map(len, given))
    return letters // 4
