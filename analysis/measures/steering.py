"""Steering vectors: from a spec to one vector and strength per layer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from analysis.errors import SpecError, unknown
from analysis.specs import Condition, SteeringSpec, SteeringTerm, VectorSource
from analysis.studies import library
from analysis.studies.study import Study

Opener = Callable[[str], Study]


@dataclass(frozen=True)
class ResolvedCondition:
    """A condition with its vector (hidden,)."""

    vector: np.ndarray
    layer: int
    threshold: float = 0.0
    above: bool = True
    reads: str = "mean of the prompt"


@dataclass(frozen=True)
class ResolvedTerm:
    """A term with its vectors: layer → (hidden,), and layer → strength."""

    vectors: Mapping[int, np.ndarray]
    strengths: Mapping[int, float]
    operator: str = "addition"
    positions: str = "all"
    condition: ResolvedCondition | None = None


def from_study(source: VectorSource, opened: Opener) -> np.ndarray:
    """The concept vector of a concept in a language, as the study's estimator gives it."""
    return array(source, opened, "concept_vector", source.language)


def array(source: VectorSource, opened: Opener, name: str, language: str) -> np.ndarray:
    """One array of a study at the source's concept and a language: (layer, hidden)."""
    study = opened(source.study)
    for kind, given, allowed in (("concept", source.concept, study.concepts), ("language", language, study.languages)):
        if given not in allowed:
            raise unknown(kind, given, allowed)
    values = study.array(name).sel(concept=source.concept, language=language).values
    if not np.isfinite(values).all():
        raise SpecError(f"“{study.title}” has no {name.replace('_', ' ')} of {source.concept} in {language} yet. Finish the study.")
    return values


QUESTION_VECTORS = {
    "English": "english_vector",
    "English, shuffled": "english_shuffled",
    "local": "local_vector",
    "local, shuffled": "local_shuffled",
}
"""What a source of kind “steering vector” calls its concept → array of the study."""


def from_questions(source: VectorSource, opened: Opener) -> np.ndarray:
    """The English or local vector of a language, read from questions; its concept is one of QUESTION_VECTORS."""
    study = opened(source.study)
    if source.concept not in QUESTION_VECTORS:
        raise unknown("steering vector", source.concept, QUESTION_VECTORS)
    if source.language not in study.languages:
        raise unknown("language", source.language, study.languages)
    values = study.array(QUESTION_VECTORS[source.concept]).sel(language=source.language).values
    if not np.isfinite(values).all():
        raise SpecError(
            f"“{study.title}” has no {source.concept} vector of {source.language}: too few questions, or not asked yet."
        )
    return values


SOURCES: Mapping[str, Callable[[VectorSource, Opener], np.ndarray]] = {
    "concept vector": from_study,
    "steering vector": from_questions,
}
"""Kind of source → its vectors (layer, hidden) from the spec."""


def vectors(source: VectorSource, opened: Opener = library.open_by_name) -> np.ndarray:
    """Vectors (layer, hidden) of a source, NaN at layers that it lacks; SpecError for what does not exist or fit together."""
    if source.kind not in SOURCES:
        raise unknown("vector source", source.kind, SOURCES)
    return SOURCES[source.kind](source, opened)


def resolve(spec: SteeringSpec, opened: Opener = library.open_by_name) -> tuple[ResolvedTerm, ...]:
    """Terms with their vectors and strengths per layer; SpecError for a layer that a source lacks."""
    return tuple(resolve_term(term, opened) for term in spec.terms)


def resolve_term(term: SteeringTerm, opened: Opener) -> ResolvedTerm:
    """One term with its vectors."""
    found = vectors(term.source, opened)
    strengths = term.strengths * len(term.layers) if len(term.strengths) == 1 else term.strengths
    at = {layer: at_layer(found, layer) for layer in term.layers}
    condition = resolve_condition(term.condition, opened) if term.condition else None
    return ResolvedTerm(at, dict(zip(term.layers, strengths)), term.operator, term.positions, condition)


def resolve_condition(condition: Condition, opened: Opener) -> ResolvedCondition:
    """A condition with its vector."""
    vector = at_layer(vectors(condition.source, opened), condition.layer)
    return ResolvedCondition(vector, condition.layer, condition.threshold, condition.above, condition.reads)


def at_layer(found: np.ndarray, layer: int) -> np.ndarray:
    """The vector (hidden,) of one layer; SpecError when the source has none there."""
    if not 1 <= layer <= len(found):
        raise SpecError(f"The vectors are of layers 1 to {len(found)}; asked for was layer {layer}.")
    if not np.isfinite(found[layer - 1]).all():
        raise SpecError(f"This source has no vector at layer {layer}.")
    return found[layer - 1]
