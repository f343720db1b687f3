"""Figures of steering: runs kept with a study are read, a dose is measured anew."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd
import xarray as xr

from analysis.control import store, surfaces
from analysis.control.store import Run
from analysis.control.surfaces import Choice
from analysis.core.errors import SpecError, unknown
from analysis.core.specs import ModelSpec
from analysis.steering.presets import Preset, neutral, presets
from analysis.steering.resolve import (
    layers_at_depth,
    slider_reach,
    state_norms,
    vectors,
)
from analysis.steering.specs import SteeringSpec, SteeringTerm, VectorSource
from analysis.study.published_values import control as printed_rates
from analysis.study.study import Study
from analysis.worker.answers import Ask, Dose, Response, measure_response
from analysis.worker.inline import run_inline
from analysis.worker.service import Pool
from components.figures import control, playground
from components.figures.languages import Arrangement
from components.figures.needs import has_run
from components.figures.spec import Figure

POINTS = 17
"""Strengths of a curve, zero in the middle."""


@dataclass(frozen=True)
class Judged:
    """A control run with its answers as they were judged last."""

    run: Run
    answers: pd.DataFrame
    surfaces: xr.Dataset
    chosen: dict[str, Choice]


def judged(study: Study, name: str) -> Judged:
    """A control run of a study: the newest one unless a name is given."""
    known = store.names(study.name)
    if name and name not in known:
        raise unknown("control run", name, known)
    run = store.open_run(name or known[0])
    answers = store.frame(run, run.judging)
    found = surfaces.surfaces(answers, run.grid, run.judging)
    chosen = surfaces.chosen(found, run.grid, run.judging)
    return Judged(run, answers, found, chosen)


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
    dose = dose_of(study, prompt, language, concept, points)
    return playground.effect(study, measured(dose))


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
    dose = dose_of(study, prompt, language, concept, points)
    return playground.cost(study, measured(dose))


@lru_cache(maxsize=2)
def measured(dose: Dose) -> Response:
    """A dose–response curve, measured at once; effect and cost share it."""
    return run_inline(measure_response(dose), pool=Pool())


def dose_of(
    study: Study, prompt: str, language: str, concept: str, points: int
) -> Dose:
    """The curve that the Playground begins with, but for what is given."""
    preset = first_preset(study)
    code = language or ("en" if "en" in study.languages else study.languages[0])
    source = VectorSource(
        "concept vector",
        study.name,
        concept or preset.concept or study.concepts[0],
        code,
    )
    layers = layers_at_depth(*preset.depths, study.layers)
    far = 2 * slider_reach(vectors(source), state_norms(source), layers)
    steering = SteeringSpec((SteeringTerm(source, layers),))
    return Dose(
        model_of(study),
        preset.template,
        Ask("dose", prompt or preset.texts.get(code, ""), code, steering),
        tuple(map(float, np.linspace(-far, far, points))),
        preset.sides.get(code, ("", "")),
        tuple(neutral().get(code, ())),
    )


def first_preset(study: Study) -> Preset:
    """The first preset of a study's model that is about one of its concepts."""
    for preset in presets(study.model).values():
        if preset.concept in ("", *study.concepts):
            return preset
    raise SpecError(f"No prompt is about a concept of “{study.title}”; give a prompt.")


def model_of(study: Study) -> ModelSpec:
    """The model that a study was made from, read from its folder if it was one."""
    model = study.manifest.model or ModelSpec(study.model)
    if model.revision == "local":
        return replace(model, revision="main")
    return model
