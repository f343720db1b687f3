"""Recognition: is the concept there?"""

from analysis.concepts import recognition as measures
from analysis.study.study import Study
from components.figures import recognition as figures
from components.frame import cache, controls, panel
from components.views import unfilled
from components.views.words import tell_null


def page(study: Study) -> None:
    """The page's figures under its controls."""
    if unfilled.tell(study, "Recognition"):
        return
    tell_null(study)
    convention = controls.convention()
    languages = controls.languages(study, study.languages)
    data = cache.measure(measures.recognition, study, convention)
    panel.show(figures.by_share(study, data, languages, convention))
    if study.has("pair_score"):
        curves = cache.measure(measures.recognition_curve, study, convention.ties)
        panel.show(figures.over_depth(study, curves, languages))
    panel.show(figures.by_concept(study, data, languages, convention))
    panel.explain(measures.recognition, measures.recognition_curve)
