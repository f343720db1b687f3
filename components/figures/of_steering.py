"""Figures of steering: runs kept with a study are read, a dose is measured anew."""

import numpy as np

from analysis.certificates import report_card as cards
from analysis.control import surfaces
from analysis.core.errors import SpecError, unknown
from analysis.overview.dose_response import POINTS, response
from analysis.overview.needs import has_run
from analysis.overview.of_runs import Judged, judged
from analysis.study.published_values import printed_rates
from analysis.study.study import Study
from components.figures import control, playground
from components.figures import report_card as card
from components.figures.languages import Arrangement
from components.figures.spec import Figure


def report_card(study: Study, arrangement: Arrangement) -> Figure:
    """Whether the vector that was examined is any good, by language."""
    data = cards.report_card(study)
    languages = arrangement.languages(study, data["language"].values.tolist())
    return card.card(study, data, languages)


def own_against_shared(
    study: Study, arrangement: Arrangement, *, run: str = ""
) -> Figure:
    """Effect of the own and of the shared vector by language, computed or printed."""
    if not has_run(study):
        rates = printed_rates(study.name)
        codes = list(dict.fromkeys(rates["language"]))
        languages = arrangement.languages(study, codes)
        return control.printed_rates(study, rates, languages)
    found = judged(study, run)
    spec, judging = found.run.spec, found.run.judging
    report = surfaces.report(found.answers, spec, found.chosen, judging)
    gaps = surfaces.gaps(report, spec.source)
    if not np.isfinite(gaps["gap"]).any():
        raise SpecError(
            f"The control run “{found.run.name}” has not asked its reported prompts "
            "yet. Go on with it."
        )
    languages = arrangement.languages(study, spec.languages)
    return control.gap(found.run, judging, gaps, languages)


def searched(found: Judged, language: str) -> control.Search:
    """The search in one language: the first one's unless another is given."""
    known = found.run.spec.languages
    code = language or known[0]
    if code not in known:
        raise unknown("language", code, known)
    surface = found.surfaces.sel(language=code)
    return control.Search(found.run, surface, found.chosen.get(code))


def effect(
    study: Study, arrangement: Arrangement, *, run: str = "", language: str = ""
) -> Figure:
    """Effect of every strength and set of layers that a search tried."""
    found = judged(study, run)
    return control.effect(searched(found, language), found.run.judging)


def cost(
    study: Study,
    arrangement: Arrangement,
    *,
    run: str = "",
    language: str = "",
    cost: str = control.PERPLEXITY,
) -> Figure:
    """Cost of every strength and set of layers that a search tried."""
    if cost not in control.COSTS:
        raise unknown("cost", cost, control.COSTS)
    return control.cost(searched(judged(study, run), language), cost)


def verdicts(
    study: Study, arrangement: Arrangement, *, run: str = "", language: str = ""
) -> Figure:
    """What becomes of the answers as the push grows, on the layers chosen."""
    found = judged(study, run)
    search = searched(found, language)
    if search.choice is None:
        raise SpecError(
            f"The search in {search.language} has not chosen a setting yet."
        )
    return control.dose(found.run, found.answers, search.language, search.choice)


def cells(study: Study, arrangement: Arrangement, *, run: str = "") -> Figure:
    """Which cells of a control run are kept."""
    found = judged(study, run)
    return control.cells(found.run, arrangement.names(found.run.spec.languages))


def dose_effect(
    study: Study,
    arrangement: Arrangement,
    *,
    prompt: str = "",
    language: str = "",
    concept: str = "",
    points: int = POINTS,
) -> Figure:
    """Effect of a concept vector on one prompt against strength; asks the model."""
    found = response(study, prompt, language, concept, points)
    return playground.effect(study, found)


def dose_cost(
    study: Study,
    arrangement: Arrangement,
    *,
    prompt: str = "",
    language: str = "",
    concept: str = "",
    points: int = POINTS,
) -> Figure:
    """Cost of a concept vector on one prompt against strength; asks the model."""
    found = response(study, prompt, language, concept, points)
    return playground.cost(study, found)
