"""Culture questions with nothing, the language or the country named, asked of a model."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from analysis.plane import naming
from analysis.plane.naming import NamingSpec
from analysis.study.study import Study
from analysis.study.trial_part import TrialPart
from analysis.study.trials import Compute
from analysis.worker.plane import ModelAnswerer

if TYPE_CHECKING:
    from analysis.model.load import Loaded


def measurer(
    loaded: "Loaded",
    study: Study,
    spec: NamingSpec,
    part: TrialPart,
    check: Callable[[], None],
) -> Compute:
    """The function that computes a language's cell."""
    answerer = ModelAnswerer(loaded, spec.template, check)
    return naming.measure(answerer, study, spec, part, check)
