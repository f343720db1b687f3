"""Figures of sentences from a study: looked up with defaults, then drawn."""

from dataclasses import replace

from analysis.core.errors import unknown
from analysis.overview import usual
from analysis.sentences import retrieval
from analysis.sentences.retrieval import MEASURES
from analysis.sentences.specs import RetrievalSpec
from analysis.study.study import Study
from components.figures import sentences
from components.figures.languages import Arrangement
from components.figures.sentences import POOLED, Looked
from components.figures.spec import Figure


def spec_of(study: Study, reading: str, layer: int, criterion: str) -> RetrievalSpec:
    """How sentences are looked up: by default in the first reading, half way up."""
    spec = usual.sentence_lookup(study)
    chosen = replace(spec, reading=reading or spec.reading, layer=layer or spec.layer)
    return retrieval.placed(study, replace(chosen, criterion=criterion))


def target_of(study: Study, target: str) -> str:
    """The language that sentences are looked up in: English unless another is given."""
    return target or usual.sentences_target(study)


def by_language(
    study: Study,
    arrangement: Arrangement,
    *,
    reading: str = "",
    layer: int = 0,
    target: str = "",
    criterion: str = "cosine",
) -> Figure:
    """Translations found at the first try (P@1), both ways, and MEXA, by language."""
    spec, into = spec_of(study, reading, layer, criterion), target_of(study, target)
    found = retrieval.sentence_retrieval(study, spec, into)
    languages = arrangement.languages(study, found.language.values.tolist())
    looked = Looked(spec, arrangement.in_words(into))
    return sentences.by_language(study, found, looked, languages)


def over_layers(
    study: Study,
    arrangement: Arrangement,
    *,
    reading: str = "",
    target: str = "",
    criterion: str = "cosine",
) -> Figure:
    """Translations found over layers, mean over languages."""
    spec, into = spec_of(study, reading, 0, criterion), target_of(study, target)
    data = retrieval.sentence_retrieval_by_layer(study, spec, into)
    return sentences.over_layers(study, data, Looked(spec, arrangement.in_words(into)))


def over_languages(
    study: Study,
    arrangement: Arrangement,
    *,
    measure: str = "into",
    reading: str = "",
    target: str = "",
    criterion: str = "cosine",
) -> Figure:
    """Translations found by language and layer."""
    if measure not in MEASURES:
        raise unknown("measure", measure, MEASURES)
    spec, into = spec_of(study, reading, 0, criterion), target_of(study, target)
    data = retrieval.sentence_retrieval_by_layer(study, spec, into)
    languages = arrangement.languages(study, data.language.values.tolist())
    looked = Looked(spec, arrangement.in_words(into))
    return sentences.over_languages(study, data, measure, looked, languages)


def pairs(
    study: Study,
    arrangement: Arrangement,
    *,
    reading: str = "",
    layer: int = 0,
    criterion: str = "cosine",
) -> Figure:
    """Translations found between every two languages."""
    spec = spec_of(study, reading, layer, criterion)
    data = retrieval.sentence_retrieval_by_pair(study, spec)
    languages = arrangement.languages(study, data.source.values.tolist())
    return sentences.pairs(study, data, Looked(spec, ""), languages)


def mexa_by_share(
    study: Study,
    arrangement: Arrangement,
    *,
    pool: str = "mean",
    reading: str = "",
    target: str = "",
) -> Figure:
    """MEXA by language against its share of pre-training."""
    if pool not in POOLED:
        raise unknown("way of pooling layers", pool, POOLED)
    spec, into = spec_of(study, reading, 0, "cosine"), target_of(study, target)
    data = retrieval.mexa(study, spec, into)
    languages = arrangement.languages(study, data.language.values.tolist())
    looked = Looked(spec, arrangement.in_words(into))
    return sentences.mexa_by_share(study, data, pool, looked, languages)
