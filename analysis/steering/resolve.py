"""Steering vectors: from a spec to one vector and strength per layer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.core.errors import SpecError, unknown
from analysis.steering import vector_files as files
from analysis.steering.specs import Condition, SteeringSpec, SteeringTerm, VectorSource
from analysis.study import library
from analysis.study.study import Study

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
    estimator = study.manifest.estimator
    if source.estimator not in ("", estimator):
        raise SpecError(
            f"The vectors of “{study.title}” are by {estimator}, not by {source.estimator}. Choose a study made with it."
        )
    for kind, given, allowed in (
        ("concept", source.concept, study.concepts),
        ("language", language, study.languages),
    ):
        if given not in allowed:
            raise unknown(kind, given, allowed)
    values = study.array(name).sel(concept=source.concept, language=language).values
    if not np.isfinite(values).all():
        raise SpecError(
            f"“{study.title}” has no {name.replace('_', ' ')} of {source.concept} in {language} yet. Finish the study."
        )
    return values


def shuffled(source: VectorSource, opened: Opener) -> np.ndarray:
    """The difference of means after each pair's members were swapped at random: the same texts without the concept."""
    return array(source, opened, "shuffled", source.language)


def random(source: VectorSource, opened: Opener) -> np.ndarray:
    """A Gaussian direction with the length, layer by layer, of the vector that it stands beside (RepE's control)."""
    if len(source.plus) != 1:
        raise SpecError("A random vector needs one vector whose length it takes.")
    real = vectors(source.plus[0], opened)
    drawn = (
        np.random.default_rng(source.seed)
        .standard_normal(real.shape)
        .astype(np.float32)
    )
    return (
        drawn
        / np.linalg.norm(drawn, axis=-1, keepdims=True)
        * np.linalg.norm(real, axis=-1, keepdims=True)
    )


def summed(source: VectorSource, opened: Opener) -> np.ndarray:
    """Sum of vectors minus the sum of others, layer by layer."""
    if not source.plus:
        raise SpecError("A sum of vectors needs at least one to add.")
    parts = [(1.0, one) for one in source.plus] + [(-1.0, one) for one in source.minus]
    found = [sign * vectors(one, opened) for sign, one in parts]
    shapes = {part.shape for part in found}
    if len(shapes) > 1:
        sizes = " and ".join(
            f"{layers} layers × {hidden}" for layers, hidden in sorted(shapes)
        )
        raise SpecError(
            f"Vectors of {sizes} cannot be added; choose vectors of one model."
        )
    return np.sum(found, axis=0, dtype=np.float32)


def mapped(source: VectorSource, opened: Opener) -> np.ndarray:
    """The vector of ``language`` turned into ``target``'s space by the rotation that best carries the other concepts' vectors over.

    Orthogonal Procrustes, layer by layer, on the concept vectors of all concepts but the one that is mapped, so that nothing of the
    answer is known beforehand; directions of which those vectors say nothing stay as they are. SpecError with fewer than two.
    """
    study, own = (
        opened(source.study),
        array(source, opened, "concept_vector", source.language),
    )
    array(source, opened, "concept_vector", source.target)
    others = [concept for concept in study.concepts if concept != source.concept]
    both = (
        study.array("concept_vector")
        .sel(concept=others, language=[source.language, source.target])
        .values
    )
    both = both[np.isfinite(both).all(axis=(1, 2, 3))]
    if len(both) < 2:
        raise SpecError(
            f"Mapping needs at least two other concepts in both languages; “{study.title}” has {len(both)}."
        )
    return np.stack(
        [own[l] + turn(both[:, 0, l], both[:, 1, l], own[l]) for l in range(len(own))]
    ).astype(np.float32)


def turn(source: np.ndarray, target: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """What the rotation of source points (point, hidden) onto target points adds to a vector (hidden,)."""
    basis, sizes, _ = np.linalg.svd(
        np.concatenate([source, target]).T, full_matrices=False
    )
    basis = basis[:, sizes > sizes[0] * 1e-6]
    cross = (source @ basis).T @ (target @ basis)
    # A little of the identity decides where the points say nothing: in what only one language's points span.
    left, _, right = np.linalg.svd(
        cross + 1e-3 * np.linalg.norm(cross) * np.eye(len(cross))
    )
    here = vector @ basis
    return (here @ left @ right - here) @ basis.T


def imported(source: VectorSource, opened: Opener) -> np.ndarray:
    """A kept file's vectors as they are stored; layers that it lacks are NaN."""
    found = files.load_vectors(source.file)
    values = np.full((max(found), next(iter(found.values())).size), np.nan, np.float32)
    values[[layer - 1 for layer in found]] = list(found.values())
    return values


QUESTION_VECTORS = {
    "English": "english_vector",
    "English, shuffled": "english_shuffled",
    "local": "local_vector",
    "local, shuffled": "local_shuffled",
    "local, flipping items": "flipped_vector",
    "local, flipping items, shuffled": "flipped_shuffled",
}
"""What a source of kind “steering vector” calls its concept → array of the study."""


def from_questions(source: VectorSource, opened: Opener) -> np.ndarray:
    """The English or local vector of a language, read from questions; its concept is one of QUESTION_VECTORS."""
    study = opened(source.study)
    if source.concept not in QUESTION_VECTORS:
        raise unknown("steering vector", source.concept, QUESTION_VECTORS)
    if source.language not in study.languages:
        raise unknown("language", source.language, study.languages)
    values = (
        study.array(QUESTION_VECTORS[source.concept])
        .sel(language=source.language)
        .values
    )
    if not np.isfinite(values).all():
        raise SpecError(
            f"“{study.title}” has no {source.concept} vector of {source.language}: too few questions, or not asked yet."
        )
    return values


SOURCES: dict[str, Callable[[VectorSource, Opener], np.ndarray]] = {
    "concept vector": from_study,
    "mapped": mapped,
    "random": random,
    "shuffled labels": shuffled,
    "sum": summed,
    "import": imported,
    "steering vector": from_questions,
}
"""Kind of source → its vectors (layer, hidden) from the spec."""


def vectors(source: VectorSource, opened: Opener = library.open_by_name) -> np.ndarray:
    """Vectors (layer, hidden) of a source, NaN at layers that it lacks; SpecError for what does not exist or fit together."""
    if source.kind not in SOURCES:
        raise unknown("vector source", source.kind, SOURCES)
    return SOURCES[source.kind](source, opened)


def resolve(
    spec: SteeringSpec, opened: Opener = library.open_by_name
) -> tuple[ResolvedTerm, ...]:
    """Terms with their vectors and strengths per layer; SpecError for a layer that a source lacks."""
    return tuple(resolve_term(term, opened) for term in spec.terms)


def resolve_term(term: SteeringTerm, opened: Opener) -> ResolvedTerm:
    """One term with its vectors."""
    found = vectors(term.source, opened)
    strengths = (
        term.strengths * len(term.layers)
        if len(term.strengths) == 1
        else term.strengths
    )
    at = {layer: at_layer(found, layer) for layer in term.layers}
    condition = resolve_condition(term.condition, opened) if term.condition else None
    return ResolvedTerm(
        at, dict(zip(term.layers, strengths)), term.operator, term.positions, condition
    )


def resolve_condition(condition: Condition, opened: Opener) -> ResolvedCondition:
    """A condition with its vector."""
    vector = at_layer(vectors(condition.source, opened), condition.layer)
    return ResolvedCondition(
        vector, condition.layer, condition.threshold, condition.above, condition.reads
    )


def at_layer(found: np.ndarray, layer: int) -> np.ndarray:
    """The vector (hidden,) of one layer; SpecError when the source has none there."""
    if not 1 <= layer <= len(found):
        raise SpecError(
            f"The vectors are of layers 1 to {len(found)}; asked for was layer {layer}."
        )
    if not np.isfinite(found[layer - 1]).all():
        raise SpecError(f"This source has no vector at layer {layer}.")
    return found[layer - 1]


def state_norms(
    source: VectorSource, opened: Opener = library.open_by_name
) -> np.ndarray | None:
    """Mean lengths (layer,) of the states among which a source's vectors live, as its study keeps them; None where none does."""
    if source.plus:
        return state_norms(source.plus[0], opened)
    asked = source.kind == "steering vector"
    if not source.study or not (study := opened(source.study)).has(
        "item_state" if asked else "state_norm"
    ):
        return None
    if asked:
        states = study.array("item_state").sel(language=source.language).values
        return np.nanmean(np.linalg.norm(states.astype(np.float32), axis=-1), axis=0)
    language = source.target if source.kind == "mapped" else source.language
    return (
        study.array("state_norm").sel(concept=source.concept, language=language).values
    )


def shares(term: ResolvedTerm, norms: np.ndarray) -> dict[int, float]:
    """‖s·v‖/‖h‖ of each layer of a term: how long the push is beside the states that it meets."""
    return {
        l: float(abs(s) * np.linalg.norm(term.vectors[l]) / norms[l - 1])
        for l, s in term.strengths.items()
    }


def reach(found: np.ndarray, norms: np.ndarray | None, layers: Sequence[int]) -> float:
    """The strength, in mean gaps, at which the pushes of all layers together are as long as a state; a range for a slider.

    Rounded up to 1, 2 or 5 times a power of ten; 10, the end of the paper's search, where no lengths are known.
    """
    if norms is None:
        return 10.0
    total = sum(
        float(np.linalg.norm(at_layer(found, l)) / norms[l - 1]) for l in layers
    )
    if not total:
        return 10.0
    size = 10 ** np.floor(np.log10(1 / total))
    return float(
        next(step * size for step in (1, 2, 5, 10) if step * size * total >= 1 - 1e-9)
    )


def at_depth(low: float, high: float, layers: int) -> tuple[int, ...]:
    """Layers (1…N) whose relative depth, layer/N, lies in [low, high]; the nearest one when none does."""
    inside = tuple(l for l in range(1, layers + 1) if low <= l / layers <= high)
    return inside or (
        min(range(1, layers + 1), key=lambda l: abs(l / layers - (low + high) / 2)),
    )


def top_layers(
    study: Study, concept: str, language: str, count: int
) -> tuple[int, ...]:
    """The ``count`` layers where a language's vector best ranks its own held-out pairs (Xu et al. 5); ties go to the lower."""
    margins = (
        study.array("pair_score")
        .sel(concept=concept, source=language, target=language)
        .values
    )
    known = np.isfinite(margins[0])
    accuracy = ((margins > 0) + 0.5 * (margins == 0))[:, known].sum(-1)
    return tuple(
        sorted(int(l) + 1 for l in np.argsort(-accuracy, kind="stable")[:count])
    )
