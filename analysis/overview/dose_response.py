"""How a model's answers to one prompt change as the push along a vector grows."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd

from analysis.core.errors import SpecError
from analysis.core.specs import ModelSpec, check_at_least
from analysis.languages.languages import of_language
from analysis.steering.presets import Preset, neutral, presets
from analysis.steering.resolve import (
    layers_at_depth,
    slider_reach,
    state_norms,
    vectors,
)
from analysis.steering.specs import SteeringSpec, SteeringTerm, VectorSource
from analysis.study.study import Study
from analysis.worker.answers import Ask, Dose, Response, measure_response
from analysis.worker.inline import run_inline
from analysis.worker.service import Pool

POINTS = 17
"""Strengths of a curve, zero in the middle."""


def dose_response(
    study: Study,
    prompt: str = "",
    language: str = "",
    concept: str = "",
    points: int = POINTS,
) -> pd.DataFrame:
    """What a push along a concept vector does to one prompt's answers, by strength.

    Asks the study's model. ``prompt``, ``language`` and ``concept`` are those that the
    Playground begins with unless given. Columns as in ``table_of``.
    """
    return table_of(response(study, prompt, language, concept, points))


def response(
    study: Study, prompt: str, language: str, concept: str, points: int
) -> Response:
    """The same as the model's response."""
    return measured(dose_of(study, prompt, language, concept, points))


def table_of(found: Response) -> pd.DataFrame:
    """One row per strength: log-odds and KL (nats), drift and repetition (shares), text."""
    columns = {
        "strength": np.array(found.dose.doses),
        "log-odds (nats)": found.log_odds,
        "KL (nats)": found.kl,
        "drift": found.drift,
        "repetition": found.repetition,
        "text": found.texts,
    }
    return pd.DataFrame(columns)


@lru_cache(maxsize=2)
def measured(dose: Dose) -> Response:
    """A dose–response curve, measured at once; effect and cost share it."""
    return run_inline(measure_response(dose), pool=Pool())


def dose_of(
    study: Study, prompt: str, language: str, concept: str, points: int
) -> Dose:
    """The curve that the Playground begins with, but for what is given."""
    check_at_least("The number of points", points, 2)
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
        tuple(of_language(neutral(), code) or ()),
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
