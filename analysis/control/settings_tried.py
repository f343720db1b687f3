"""Which settings a control search tries: strengths in mean gaps × sets of layers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from analysis.concepts.recognition import recognition_curve
from analysis.control.specs import ControlSpec
from analysis.core.errors import SpecError, unknown
from analysis.core.specs import check
from analysis.steering.fluency import recognisable
from analysis.steering.language_vectors import languages_with_means
from analysis.study.study import Study

Layers = tuple[int, ...]
LOG_SPACED = tuple(round(float(s), 3) for s in np.geomspace(0.125, 8, 10))
PAPERS = tuple(map(float, range(1, 11)))
RANKED = "top K by recognition (paper)"
"""How a search ends its name that takes layers in order of recognition."""


@dataclass(frozen=True)
class Grid:
    """Strengths, and the sets of layers that each language tries."""

    strengths: tuple[float, ...]
    layers: Mapping[str, tuple[Layers, ...]]


def grid(study: Study, spec: ControlSpec) -> Grid:
    """The settings of a search by SEARCHES; strengths given in the spec replace those
    of the search.

    A model of few layers has fewer different sets than asked for; each is tried once.
    StudyError for a search by recognition
    in a study without pair scores.
    """
    if spec.search not in SEARCHES:
        raise unknown("search", spec.search, SEARCHES)
    check_vectors_of(study, spec)
    strengths, sets = SEARCHES[spec.search](study, spec)
    return Grid(spec.strengths or strengths, sets)


def check_vectors_of(study: Study, spec: ControlSpec) -> None:
    """SpecError for a concept or language without the vectors that a run pushes with."""
    if spec.towards:
        known = languages_with_means(study)
        for name in (spec.towards, *spec.languages):
            check("language with a mean state", name, known)
        if not recognisable(spec.towards):
            raise SpecError(
                f"It cannot be told whether an answer is in “{spec.towards}”: the language "
                "identifier does not know it. Choose another one to push towards."
            )
        return
    check("concept", spec.concept, study.concepts)
    for name in spec.languages:
        check("language", name, study.languages)


def log_spaced(
    study: Study, spec: ControlSpec
) -> tuple[tuple[float, ...], Mapping[str, tuple[Layers, ...]]]:
    """Ours: strengths from an eighth of a mean gap to eight, evenly spaced in their
    logarithm; the same ranges in all languages.
    """
    return LOG_SPACED, dict.fromkeys(
        spec.languages, ranges(study.layers, spec.layer_sets)
    )


def ranges(layers: int, most: int) -> tuple[Layers, ...]:
    """Contiguous ranges of a sixth, a third and a half of the depth, spread over it,
    and all layers; the coarsest first.
    """
    found = {tuple(range(1, layers + 1)): None}
    for part, places in ((2, 2), (3, 3), (6, 4)):
        length = max(1, layers // part)
        for start in np.linspace(1, layers - length + 1, places):
            found[tuple(range(round(start), round(start) + length))] = None
    return tuple(sorted(list(found)[:most], key=lambda each: (len(each), each)))


def by_recognition(
    study: Study, spec: ControlSpec
) -> tuple[tuple[float, ...], Mapping[str, tuple[Layers, ...]]]:
    """Xu et al. 2024, Section 5: strengths 1 to 10; the K layers of best recognition, K
    from 1 to two thirds of the depth.
    """
    if spec.towards:
        raise SpecError(
            "A language's vector has no recognition by which its layers would have an "
            "order. Choose the other search."
        )
    if not study.has("pair_score"):
        raise SpecError(
            f"“{study.title}” has no pair scores, so its layers have no order by "
            "recognition. Choose the other search."
        )
    accuracy = recognition_curve(study)["accuracy"].sel(concept=spec.concept)
    sizes = sorted(
        {
            round(k)
            for k in np.linspace(1, max(1, 2 * study.layers // 3), spec.layer_sets)
        }
    )
    sets = {}
    for language in spec.languages:
        best = np.argsort(-accuracy.sel(language=language).values, kind="stable") + 1
        sets[language] = tuple(tuple(sorted(map(int, best[:k]))) for k in sizes)
    return PAPERS, sets


SEARCHES: Mapping[
    str,
    Callable[
        [Study, ControlSpec], tuple[tuple[float, ...], Mapping[str, tuple[Layers, ...]]]
    ],
] = {
    "log-spaced strengths × ranges of layers": log_spaced,
    f"strengths 1 to 10 × {RANKED}": by_recognition,
}


def named(layers: Layers) -> str:
    """A set of layers in words, e.g. “1–3, 5”."""
    runs: list[list[int]] = []
    for layer in layers:
        if runs and layer == runs[-1][-1] + 1:
            runs[-1].append(layer)
        else:
            runs.append([layer])
    return ", ".join(
        f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs
    )
