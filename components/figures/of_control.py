"""Figures of requests to decline from a study: computed with defaults, then drawn."""

from analysis.control import recognised
from analysis.core.errors import unknown
from analysis.study.study import Study
from components.figures import recognised as figures
from components.figures.languages import Arrangement
from components.figures.spec import Figure


def outcomes(study: Study, arrangement: Arrangement) -> Figure:
    """Per language, whether requests are told from their twins, and what is refused."""
    languages = arrangement.all_languages(study)
    spec = recognised.spec_of(study)
    return figures.outcomes(study, recognised.outcomes(study), spec, languages)


def recognition(study: Study, arrangement: Arrangement) -> Figure:
    """How well each language's direction tells requests from twins in each language."""
    languages = arrangement.all_languages(study)
    return figures.recognition(study, recognised.recognition_across(study), languages)


def refusal(
    study: Study, arrangement: Arrangement, *, push: str = recognised.REMOVED
) -> Figure:
    """How each language's direction, removed or added, changes refusal in each language."""
    if push not in recognised.PUSHES:
        raise unknown("push", push, recognised.PUSHES)
    languages = arrangement.all_languages(study)
    found = recognised.refusal_across(study, push)
    return figures.refusal(study, found, push, languages)
