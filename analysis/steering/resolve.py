"""Steering vectors: from a spec to one vector and strength per layer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.concepts.null_vectors import null_vectors
from analysis.core.errors import SpecError, unknown
from analysis.steering.language_vectors import language_vector, mean_lengths
from analysis.steering.specs import Condition, SteeringSpec, SteeringTerm, VectorSource
from analysis.steering.vector_files import load_vectors
from analysis.study import library
from analysis.study.study import Study

Opener = Callable[[str], Study]
"""A study by its name."""
FARTHEST = 10.0
"""Strength, in mean gaps, at which the paper's search ends."""
QUESTION_VECTORS = {
    "English": "english_vector",
    "English, shuffled": "english_shuffled",
    "local": "local_vector",
    "local, shuffled": "local_shuffled",
    "local, flipping items": "flipped_vector",
    "local, flipping items, shuffled": "flipped_shuffled",
}
"""What a source of kind “steering vector” calls its concept → array of the study."""


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
    return study_array(source, opened, "concept_vector", source.language)


def study_array(
    source: VectorSource,
    opened: Opener,
    name: str,
    language: str,
) -> np.ndarray:
    """One array of a study at the source's concept and a language: (layer, hidden)."""
    study = opened(source.study)
    estimator = study.manifest.estimator
    if source.estimator not in ("", estimator):
        raise SpecError(
            f"The vectors of “{study.title}” are by {estimator}, not by "
            f"{source.estimator}. Choose a study made with it."
        )
    if source.concept not in study.concepts:
        raise unknown("concept", source.concept, study.concepts)
    if language not in study.languages:
        raise unknown("language", language, study.languages)
    cells = study.array(name)
    values = cells.sel(concept=source.concept, language=language).values
    if not np.isfinite(values).all():
        what = name.replace("_", " ")
        raise SpecError(
            f"“{study.title}” has no {what} of {source.concept} in {language} yet. "
            "Finish the study."
        )
    return known_layers(study, name, source.concept, language, values)


def known_layers(
    study: Study,
    name: str,
    concept: str,
    language: str,
    values: np.ndarray,
) -> np.ndarray:
    """Vectors (layer, hidden) with NaN where they are null; SpecError when all are."""
    cells = null_vectors(study, name)
    null = cells[study.concepts.index(concept), study.languages.index(language)]
    if null.all():
        what = name.replace("_", " ")
        raise SpecError(
            f"The {what} of {concept} in {language} in “{study.title}” is no longer than "
            "the rounding noise of the states: nothing was read there that could steer. "
            "Choose another concept or language."
        )
    if not null.any():
        return values
    return np.where(null[:, None], np.float32(np.nan), values)


def shuffled(source: VectorSource, opened: Opener) -> np.ndarray:
    """The difference of means after each pair's members were swapped at random.

    The same texts without the concept.
    """
    return study_array(source, opened, "shuffled", source.language)


def random(source: VectorSource, opened: Opener) -> np.ndarray:
    """A Gaussian direction as long, layer by layer, as the vector that it stands beside.

    RepE's control.
    """
    if len(source.plus) != 1:
        raise SpecError("A random vector needs one vector whose length it takes.")
    real = vectors(source.plus[0], opened)
    rng = np.random.default_rng(source.seed)
    drawn = rng.standard_normal(real.shape).astype(np.float32)
    return np.asarray(drawn / lengths(drawn) * lengths(real))


def lengths(values: np.ndarray) -> np.ndarray:
    """Euclidean lengths along the last axis, which is kept."""
    return np.asarray(np.linalg.norm(values, axis=-1, keepdims=True))


def summed(source: VectorSource, opened: Opener) -> np.ndarray:
    """Sum of vectors minus the sum of others, layer by layer."""
    if not source.plus:
        raise SpecError("A sum of vectors needs at least one to add.")
    found = [1.0 * vectors(part, opened) for part in source.plus]
    found += [-1.0 * vectors(part, opened) for part in source.minus]
    shapes = sorted({part.shape for part in found})
    if len(shapes) > 1:
        sizes = [f"{layers} layers × {hidden}" for layers, hidden in shapes]
        raise SpecError(
            f"Vectors of {' and '.join(sizes)} cannot be added; choose vectors of one "
            "model."
        )
    return np.asarray(np.sum(found, axis=0, dtype=np.float32))


def mapped(source: VectorSource, opened: Opener) -> np.ndarray:
    """The vector of ``language`` turned into ``target``'s space.

    By the rotation that best carries the other concepts' vectors over: orthogonal
    Procrustes, layer by layer, on the concept vectors of all concepts but the one that is
    mapped, so that nothing of the answer is known beforehand. Directions of which those
    vectors say nothing stay as they are. SpecError with fewer than two.
    """
    study = opened(source.study)
    own = study_array(source, opened, "concept_vector", source.language)
    study_array(source, opened, "concept_vector", source.target)
    others = [concept for concept in study.concepts if concept != source.concept]
    languages = [source.language, source.target]
    cells = study.array("concept_vector").sel(concept=others, language=languages)
    both = cells.values
    both = both[np.isfinite(both).all(axis=(1, 2, 3))]
    if len(both) < 2:
        raise SpecError(
            "Mapping needs at least two other concepts in both languages; "
            f"“{study.title}” has {len(both)}."
        )
    turned = []
    for layer, vector in enumerate(own):
        here = both[:, 0, layer]
        there = both[:, 1, layer]
        turned.append(vector + change_by_rotation(here, there, vector))
    return np.stack(turned).astype(np.float32)


def change_by_rotation(
    source: np.ndarray,
    target: np.ndarray,
    vector: np.ndarray,
) -> np.ndarray:
    """What the rotation of source points onto target points adds to a vector (hidden,).

    Points are (point, hidden).
    """
    points = np.concatenate([source, target])
    basis, sizes, _ = np.linalg.svd(points.T, full_matrices=False)
    basis = basis[:, sizes > sizes[0] * 1e-6]
    cross = (source @ basis).T @ (target @ basis)
    # A little of the identity decides where the points say nothing: in what only one
    # language's points span.
    little = 1e-3 * np.linalg.norm(cross) * np.eye(len(cross))
    left, _, right = np.linalg.svd(cross + little)
    here = vector @ basis
    return (here @ left @ right - here) @ basis.T


def imported(source: VectorSource, opened: Opener) -> np.ndarray:
    """A kept file's vectors as they are stored; layers that it lacks are NaN."""
    found = load_vectors(source.file)
    width = next(iter(found.values())).size
    values = np.full((max(found), width), np.nan, np.float32)
    for layer, vector in found.items():
        values[layer - 1] = vector
    return values


def from_questions(source: VectorSource, opened: Opener) -> np.ndarray:
    """The English or local vector of a language, read from questions.

    Its concept is one of QUESTION_VECTORS.
    """
    study = opened(source.study)
    if source.concept not in QUESTION_VECTORS:
        raise unknown("steering vector", source.concept, QUESTION_VECTORS)
    if source.language not in study.languages:
        raise unknown("language", source.language, study.languages)
    cells = study.array(QUESTION_VECTORS[source.concept])
    values = cells.sel(language=source.language).values
    if not np.isfinite(values).all():
        raise SpecError(
            f"“{study.title}” has no {source.concept} vector of {source.language}: too few "
            "questions, or not asked yet."
        )
    null = lengths(values) == 0
    return np.where(null, np.float32(np.nan), values) if null.any() else values


def of_language(source: VectorSource, opened: Opener) -> np.ndarray:
    """The mean state of a language minus that of another, or of all others."""
    return language_vector(opened(source.study), source.language, source.target)


SOURCES: dict[str, Callable[[VectorSource, Opener], np.ndarray]] = {
    "concept vector": from_study,
    "mapped": mapped,
    "random": random,
    "shuffled labels": shuffled,
    "sum": summed,
    "import": imported,
    "steering vector": from_questions,
    "language vector": of_language,
}
"""Kind of source → its vectors (layer, hidden) from the spec."""


def vectors(source: VectorSource, opened: Opener = library.open_by_name) -> np.ndarray:
    """Vectors (layer, hidden) of a source, NaN at layers that it lacks.

    SpecError for what does not exist or fit together.
    """
    if source.kind not in SOURCES:
        raise unknown("vector source", source.kind, SOURCES)
    return SOURCES[source.kind](source, opened)


def resolve(
    spec: SteeringSpec, opened: Opener = library.open_by_name
) -> tuple[ResolvedTerm, ...]:
    """Terms with their vectors and strengths per layer.

    SpecError for a layer that a source lacks.
    """
    return tuple(resolve_term(term, opened) for term in spec.terms)


def resolve_term(term: SteeringTerm, opened: Opener) -> ResolvedTerm:
    """One term with its vectors."""
    found = vectors(term.source, opened)
    strengths = term.strengths
    if len(strengths) == 1:
        strengths = strengths * len(term.layers)
    condition = None
    if term.condition is not None:
        condition = resolve_condition(term.condition, opened)
    return ResolvedTerm(
        {layer: at_layer(found, layer) for layer in term.layers},
        dict(zip(term.layers, strengths)),
        term.operator,
        term.positions,
        condition,
    )


def resolve_condition(condition: Condition, opened: Opener) -> ResolvedCondition:
    """A condition with its vector."""
    found = vectors(condition.source, opened)
    return ResolvedCondition(
        at_layer(found, condition.layer),
        condition.layer,
        condition.threshold,
        condition.above,
        condition.reads,
    )


def at_layer(found: np.ndarray, layer: int) -> np.ndarray:
    """The vector (hidden,) of one layer; SpecError when the source has none there."""
    if not 1 <= layer <= len(found):
        raise SpecError(
            f"The vectors are of layers 1 to {len(found)}; asked for was layer {layer}."
        )
    vector = found[layer - 1]
    if not np.isfinite(vector).all():
        raise SpecError(
            f"This source has no vector at layer {layer}, or only one that is no longer "
            "than rounding noise. Choose other layers."
        )
    return vector


def state_norms(
    source: VectorSource, opened: Opener = library.open_by_name
) -> np.ndarray | None:
    """Mean lengths (layer,) of the states among which a source's vectors live.

    As its study keeps them; None where none does.
    """
    if source.plus:
        return state_norms(source.plus[0], opened)
    if not source.study:
        return None
    study = opened(source.study)
    if source.kind == "steering vector":
        return norms_of_questions(study, source.language)
    if source.kind == "language vector":
        return mean_lengths(study, source.language)
    if not study.has("state_norm"):
        return None
    language = source.target if source.kind == "mapped" else source.language
    norms = study.array("state_norm")
    return norms.sel(concept=source.concept, language=language).values


def norms_of_questions(study: Study, language: str) -> np.ndarray | None:
    """Mean lengths (layer,) of the states of a language's questions; None without any."""
    if not study.has("item_state"):
        return None
    states = study.array("item_state").sel(language=language).values
    norms = np.linalg.norm(states.astype(np.float32), axis=-1)
    return np.nanmean(norms, axis=0)


def push_shares(term: ResolvedTerm, norms: np.ndarray) -> dict[int, float]:
    """‖s·v‖/‖h‖ of each layer of a term: how long the push is beside the states it meets."""
    shares = {}
    for layer, strength in term.strengths.items():
        push = abs(strength) * np.linalg.norm(term.vectors[layer])
        shares[layer] = float(push / norms[layer - 1])
    return shares


def slider_reach(
    found: np.ndarray,
    norms: np.ndarray | None,
    layers: Sequence[int],
) -> float:
    """The strength, in mean gaps, at which all pushes together are as long as a state.

    A range for a slider, over these layers. Rounded up to 1, 2 or 5 times a power of ten;
    FARTHEST where no lengths are known.
    """
    if norms is None:
        return FARTHEST
    total = 0.0
    for layer in layers:
        length = np.linalg.norm(at_layer(found, layer))
        total += float(length / norms[layer - 1])
    if not total:
        return FARTHEST
    size = 10 ** np.floor(np.log10(1 / total))
    reach = 10 * size
    for step in (5, 2, 1):
        if step * size * total >= 1 - 1e-9:
            reach = step * size
    return float(reach)


def layers_at_depth(
    low: float,
    high: float,
    layers: int,
) -> tuple[int, ...]:
    """Layers (1…N) whose relative depth, layer/N, lies in [low, high].

    The nearest one when none does.
    """
    every = range(1, layers + 1)
    inside = tuple(layer for layer in every if low <= layer / layers <= high)
    if inside:
        return inside
    middle = (low + high) / 2
    return (min(every, key=lambda layer: abs(layer / layers - middle)),)


def top_layers(
    study: Study,
    concept: str,
    language: str,
    count: int,
) -> tuple[int, ...]:
    """The ``count`` layers where a language's vector best ranks its own held-out pairs.

    Xu et al. 5; ties go to the lower.
    """
    scores = study.array("pair_score")
    margins = scores.sel(concept=concept, source=language, target=language).values
    known = np.isfinite(margins[0])
    right = (margins > 0) + 0.5 * (margins == 0)
    accuracy = right[:, known].sum(-1)
    best = np.argsort(-accuracy, kind="stable")[:count]
    return tuple(sorted(int(place) + 1 for place in best))
