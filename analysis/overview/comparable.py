"""Which studies can be compared with one, and which of them with sense."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from analysis.overview import needs
from analysis.overview.compare import COMPARED
from analysis.overview.needs import Need
from analysis.study.study import Study

FEWEST_LANGUAGES = 2
MOST = 6
"""Studies that are compared at once."""
NEEDED: Mapping[str, Need] = {
    "recognition": needs.ACCURACIES,
    "similarity": needs.COSINES,
    "transfer": needs.TRANSFER,
    "alignment": needs.WORDS,
}
"""Measure of COMPARED → what a study needs for it."""


def measured(study: Study) -> list[str]:
    """The measures of COMPARED that a study has, in their order."""
    return [what for what in COMPARED if NEEDED[what].met(study)]


def shared_languages(first: Study, second: Study) -> int:
    """How many languages two studies have in common."""
    return len(set(first.languages) & set(second.languages))


def shared_measures(studies: Sequence[Study]) -> list[str]:
    """The measures that all of some studies have.

    Recognition is one by concept, so they must share one of those.
    """
    found = measured(studies[0])
    for study in studies[1:]:
        theirs = measured(study)
        found = [what for what in found if what in theirs]
    concepts = set(studies[0].concepts)
    for study in studies[1:]:
        concepts &= set(study.concepts)
    if not concepts:
        found = [what for what in found if what != "recognition"]
    return found


def comparable(study: Study, other: Study) -> bool:
    """Whether two studies share a measure and languages enough."""
    if shared_languages(study, other) < FEWEST_LANGUAGES:
        return False
    return bool(shared_measures((study, other)))


class InCommon(NamedTuple):
    """What two studies share, what counts most first."""

    alike: bool
    measures: int
    languages: int


def partners(study: Study, others: Iterable[Study]) -> list[Study]:
    """The studies that one can be compared with, those with most in common first.

    Of one kind before others: numbers that are printed and those that are computed
    differ in more than the model.
    """
    found = [other for other in others if comparable(study, other)]

    def in_common(other: Study) -> InCommon:
        return InCommon(
            is_alike(study, other),
            len(shared_measures((study, other))),
            shared_languages(study, other),
        )

    return sorted(found, key=in_common, reverse=True)


def is_alike(study: Study, other: Study) -> bool:
    """Whether two studies have the same kind of numbers, and most of their languages."""
    shared = shared_languages(study, other)
    fewer = min(len(study.languages), len(other.languages))
    return study.kind == other.kind and 2 * shared >= fewer


def usual_partner(study: Study, others: Iterable[Study]) -> str:
    """The name of the study to compare with first; "" where none is of the same kind."""
    for other in partners(study, others):
        if is_alike(study, other):
            return other.name
    return ""
