"""Recognition: is the concept there?"""

from functools import partial

import xarray as xr

from analysis.concepts import recognition as measures
from analysis.concepts.specs import Convention
from analysis.study.study import Study
from components.figures import recognition as figures
from components.figures.languages import Languages
from components.frame import cache, controls, panel, questions
from components.frame.questions import Question
from components.views import unfilled
from components.views.words import answer, tell_null


def page(study: Study) -> None:
    """The answer with its figure, then the rest in tabs."""
    if unfilled.tell_lacking(study, "Recognition"):
        return
    tell_null(study)
    convention = controls.convention()
    languages = controls.languages(study, study.languages)
    data = cache.measure(measures.recognition, study, convention)
    answer(study, "recognition")
    panel.show(figures.in_order(study, data, languages, convention))
    by_share = partial(shares, study, data, languages, convention)
    by_concept = partial(concepts, study, data, languages, convention)
    asked = [
        Question("concepts", "Which concepts are there?", by_concept),
        Question("share", "Does more text help?", by_share),
    ]
    if study.has("pair_score"):
        by_layer = partial(layers, study, languages, convention)
        asked.append(Question("layers", "At which layer?", by_layer))
    questions.show(asked)
    panel.explain(measures.recognition, measures.recognition_curve)


def concepts(
    study: Study, data: xr.Dataset, languages: Languages, convention: Convention
) -> None:
    """Every concept in every language."""
    panel.show(figures.by_concept(study, data, languages, convention))


def shares(
    study: Study, data: xr.Dataset, languages: Languages, convention: Convention
) -> None:
    """Accuracy against the share of pre-training."""
    panel.show(figures.by_share(study, data, languages, convention))


def layers(study: Study, languages: Languages, convention: Convention) -> None:
    """Accuracy over depth."""
    curves = cache.measure(measures.recognition_curve, study, convention.ties)
    panel.show(figures.over_depth(study, curves, languages))
