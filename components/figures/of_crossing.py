"""Figures of where languages cross, from a study: measured with defaults, then drawn."""

from analysis.core.errors import unknown
from analysis.crossing import alignment
from analysis.crossing.readings import WEIGHTED_OF_ALL
from analysis.study.study import Study
from components.figures import sentence_alignment
from components.figures.languages import Arrangement
from components.figures.spec import Figure


def aligned_over_layers(
    study: Study, arrangement: Arrangement, *, reading: str = WEIGHTED_OF_ALL
) -> Figure:
    """Five measures of how translations agree with English, over layers."""
    data = alignment.alignment_by_layer(study, reading)
    pivot = arrangement.name(data.attrs["pivot"])
    return sentence_alignment.over_layers(study, data, pivot)


def aligned_by_language(
    study: Study,
    arrangement: Arrangement,
    *,
    reading: str = WEIGHTED_OF_ALL,
    measure: str = "mexa",
) -> Figure:
    """One measure of how translations agree with English, by language and layer."""
    if measure not in alignment.MEASURES:
        raise unknown("measure", measure, alignment.MEASURES)
    data = alignment.alignment_by_layer(study, reading)
    pivot = arrangement.name(data.attrs["pivot"])
    languages = arrangement.languages(study, data.language.values.tolist())
    return sentence_alignment.over_languages(study, data, measure, pivot, languages)


def mexa_pooled(
    study: Study, arrangement: Arrangement, *, reading: str = WEIGHTED_OF_ALL
) -> Figure:
    """MEXA of every language, pooled over layers in three ways."""
    data = alignment.pooled_mexa(study, reading)
    pivot = arrangement.name(data.attrs["pivot"])
    languages = arrangement.languages(study, data.language.values.tolist())
    return sentence_alignment.pooled(study, data, pivot, languages)
