"""Language vectors: the mean state of a language minus that of another, or of all others.

Strength 1 adds the whole gap between the means.
"""

import numpy as np

from analysis.core.errors import SpecError, StudyError, unknown
from analysis.study.study import Study

ARRAYS = ("sentence_mean", "mean_state")
"""Means of parallel sentences, or of imported files; the first that a study has."""
OTHERS = ""
"""Stands for the mean of all other languages."""


def array_of(study: Study) -> str:
    """The array with a study's means of languages; StudyError when it has none."""
    for name in ARRAYS:
        if study.has(name):
            return name
    raise StudyError(
        f"“{study.title}” has no mean states of languages. Read parallel sentences on "
        "the Alignment page, or by babelscope.sentences."
    )


def has_language_vectors(study: Study) -> bool:
    """Whether a study has means of languages."""
    return any(study.has(name) for name in ARRAYS)


def languages_with_means(study: Study) -> tuple[str, ...]:
    """Languages whose mean state is known at every layer."""
    means = study.array(array_of(study)).transpose("language", "layer", "hidden")
    found = []
    for code, mean in zip(means.language.values.tolist(), means.values):
        if np.isfinite(mean).all():
            found.append(code)
    return tuple(found)


def language_vector(study: Study, language: str, against: str = OTHERS) -> np.ndarray:
    """Mean state of a language minus that of ``against``: (layer, hidden), float32.

    Without ``against``, minus the mean over the other languages' means, each counted
    once. StudyError for a study without means; SpecError for a language that has none,
    or against itself.
    """
    codes = languages_with_means(study)
    for given in (language, against or language):
        if given not in codes:
            raise unknown("language with a mean state", given, codes)
    if language == against:
        raise SpecError(
            f"The language vector of {language} against itself is nothing; choose "
            "another language."
        )
    others = [against] if against else [code for code in codes if code != language]
    if not others:
        raise SpecError(
            f"“{study.title}” has a mean state of {language} only; a language vector "
            "needs two languages."
        )
    means = study.array(array_of(study)).transpose("language", "layer", "hidden")
    own = means.sel(language=language).values.astype(np.float32)
    rest = means.sel(language=others).values.astype(np.float32).mean(0)
    return own - rest


def mean_lengths(study: Study, language: str) -> np.ndarray | None:
    """Mean lengths (layer,) of a language's sentences' states; None where not kept."""
    if not study.has("sentence_norm"):
        return None
    return study.array("sentence_norm").sel(language=language).values
