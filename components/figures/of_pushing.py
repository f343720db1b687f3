"""Figures of pushing from a study: measured with defaults, then drawn."""

from analysis.overview import usual
from analysis.pushing import beside_reading, doses, effects
from analysis.study.study import Study
from components.figures import pushing
from components.figures.languages import Arrangement
from components.figures.of_concepts import HONEST, convention_of
from components.figures.spec import Figure

USUAL = -1.0
"""In place of a strength: the usual one. 0 is the own vector's knee."""


def strength_of(study: Study, strength: float) -> float:
    """The strength that was asked for, or the usual one."""
    return usual.push_strength(study) if strength == USUAL else strength


def pushed_matrix(
    study: Study, arrangement: Arrangement, *, strength: float = USUAL
) -> Figure:
    """Effect of every source's vector on every target's prompts."""
    data = effects.pushing(study, strength_of(study, strength))
    return pushing.matrix(study, data, pushing.ordered(data, arrangement, study))


def reading_against_pushing(
    study: Study,
    arrangement: Arrangement,
    *,
    convention: str = HONEST,
    strength: float = USUAL,
) -> Figure:
    """Transfer by reading against transfer by pushing."""
    rule = convention_of(convention)
    at = strength_of(study, strength)
    data = beside_reading.beside_reading(study, rule, at)
    return pushing.scatter(study, data, pushing.ordered(data, arrangement, study))


def pushed_doses(
    study: Study, arrangement: Arrangement, *, source: str = "", target: str = ""
) -> Figure:
    """Two vectors in one language, by strength of the push."""
    chosen = source or usual.pushed_source(study)
    other = target or usual.pushed_target(study)
    data = doses.doses(study, chosen, other)
    names = (arrangement.name(chosen), arrangement.name(other))
    return pushing.over_strengths(study, data, *names)
