"""Studies with a planted truth, made in memory: how the languages' directions relate is
known beforehand.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis.concepts.accuracy import in_first_half
from analysis.concepts.unrelated_vectors import DRAWS
from analysis.study.arrays import labelled
from analysis.study.manifest import Manifest, PairTable
from analysis.study.records import read_record, to_json
from analysis.study.study import COMPUTED, Study

ANGLE = 0.4
"""Radians by which the direction of each further language is turned in the relation “rotated”."""


def shared(rng: np.random.Generator, languages: int, hidden: int) -> np.ndarray:
    """Every language has the same unit direction: cosine 1, full transfer."""
    return np.repeat(basis(rng, 1, hidden), languages, 0)


def orthogonal(rng: np.random.Generator, languages: int, hidden: int) -> np.ndarray:
    """Every language has a direction of its own: cosine 0, no transfer."""
    return basis(rng, languages, hidden)


def rotated(rng: np.random.Generator, languages: int, hidden: int) -> np.ndarray:
    """Each language's direction is the first one's turned by ANGLE more: cosine
    cos(ANGLE · distance).
    """
    first, second = basis(rng, 2, hidden)
    angles = ANGLE * np.arange(languages)[:, None]
    return np.cos(angles) * first + np.sin(angles) * second


def opposed(rng: np.random.Generator, languages: int, hidden: int) -> np.ndarray:
    """Directions point to and fro in turn: cosine 1 and −1, transfer turned upside down."""
    return (
        shared(rng, languages, hidden) * (1 - 2 * (np.arange(languages) % 2))[:, None]
    )


RELATIONS: dict[str, Callable[[np.random.Generator, int, int], np.ndarray]] = {
    "shared": shared,
    "orthogonal": orthogonal,
    "rotated": rotated,
    "opposed": opposed,
}


@dataclass(frozen=True)
class Planting:
    """What is planted.

    ``gap`` separates positives from negatives along the direction, in units of the
    noise; 0 is chance.

    ``peak`` is the layer (1…N) where the gap is largest, None the same at all;
    ``cluster`` held-out pairs in a row are copies of
    one another; ``train`` pairs make a vector; ``gaps`` gives languages gaps of their own.
    """

    relation: str = "shared"
    gap: float = 2.0
    peak: int | None = None
    cluster: int = 1
    train: int = 200
    gaps: tuple[float, ...] = ()
    unrelated: bool = False
    """Whether the study keeps what unrelated vectors do."""


def basis(rng: np.random.Generator, count: int, hidden: int) -> np.ndarray:
    """Orthonormal rows."""
    return np.linalg.qr(rng.standard_normal((hidden, count)))[0].T


def strengths(planting: Planting, languages: int, layers: int) -> np.ndarray:
    """Gap (language, layer)."""
    gaps = np.array(planting.gaps or (planting.gap,) * languages, float)
    layer = np.arange(1, layers + 1)
    shape = (
        np.ones(layers)
        if planting.peak is None
        else np.exp(-(((layer - planting.peak) / 1.5) ** 2))
    )
    return gaps[:, None] * shape


def planted_study(
    concepts: tuple[str, ...] = ("fairness", "toxicity"),
    languages: tuple[str, ...] = ("en", "fr", "zh"),
    sizes: tuple[int, int, int] = (4, 60, 32),
    seed: int = 0,
    planting: Planting | None = None,
) -> Study:
    """A study in memory; ``sizes`` are layers, held-out pairs and hidden size.

    Layers have noise of their own.
    """
    planting, (layers, pairs, hidden) = planting or Planting(), sizes
    rng = np.random.default_rng(seed)
    gap = strengths(planting, len(languages), layers)[:, :, None]
    parts: dict[str, list[np.ndarray]] = {
        "half_a": [],
        "half_b": [],
        "shuffled": [],
        "pair_score": [],
    }
    clusters = [pair // planting.cluster for pair in range(pairs)]
    if planting.unrelated:
        parts |= {"random_surplus": [], "shuffled_surplus": []}
    for place, _ in enumerate(concepts):
        direction = RELATIONS[planting.relation](rng, len(languages), hidden)[:, None]
        noise = rng.standard_normal((3, len(languages), layers, hidden)) / np.sqrt(
            planting.train / 2
        )
        halves = gap * direction + noise[:2]
        drawn = rng.standard_normal(
            (len(languages), layers, -(-pairs // planting.cluster), hidden)
        )
        drawn = np.repeat(drawn, planting.cluster, 2)[:, :, :pairs]
        differences = (gap * direction)[:, :, None] + drawn
        parts["half_a"].append(halves[0])
        parts["half_b"].append(halves[1])
        parts["shuffled"].append(noise[2])
        parts["pair_score"].append(
            np.einsum("slh,tlph->stlp", halves.mean(0), differences)
        )
        if planting.unrelated:
            first = in_first_half(tuple(clusters))
            for name, counts in surpluses(differences, first, seed + place).items():
                parts[name].append(counts)
    arrays = {name: np.array(values, np.float32) for name, values in parts.items()}
    arrays["concept_vector"] = (arrays["half_a"] + arrays["half_b"]) / 2
    arrays["state_norm"] = np.full(
        (len(concepts), len(languages), layers), np.sqrt(hidden), np.float32
    )
    return study_of(
        arrays,
        concepts,
        languages,
        {concept: {"clusters": clusters} for concept in concepts},
    )


def surpluses(
    differences: np.ndarray, first: np.ndarray, seed: int
) -> dict[str, np.ndarray]:
    """What unrelated vectors do on differences (target, layer, pair, hidden).

    Noise is alike in all dimensions, and so are vectors of shuffled labels.
    """
    languages, layers, _, hidden = differences.shape
    rng = np.random.default_rng(seed)
    one = rng.standard_normal((DRAWS, hidden))
    many = rng.standard_normal((languages, layers, DRAWS, hidden))
    random = np.sign(np.einsum("kh,tlph->tplk", one, differences))
    shuffled = np.sign(np.einsum("slkh,tlph->stplk", many, differences))
    found = {}
    for name, signs in (("random_surplus", random), ("shuffled_surplus", shuffled)):
        by_half = [signs[..., half, :, :].sum(-3) for half in (first, ~first)]
        found[name] = np.stack(by_half, -3)
    return found


def study_of(
    arrays: dict[str, np.ndarray],
    concepts: tuple[str, ...],
    languages: tuple[str, ...],
    pairs: dict,
) -> Study:
    """A study in memory of these arrays; ``pairs`` as in a manifest."""
    layers = (
        arrays["pair_score"].shape[3]
        if "pair_score" in arrays
        else arrays["concept_vector"].shape[2]
    )
    coords = {
        "concept": concepts,
        "language": languages,
        "source": languages,
        "target": languages,
    }
    coords["layer"] = range(1, layers + 1)
    if "pair_score" in arrays:
        coords["pair"] = range(arrays["pair_score"].shape[-1])
    kept = {
        name: labelled(name, values, coords, study="planted")
        for name, values in arrays.items()
    }
    tables = {name: read_record(PairTable, pairs[name], name) for name in pairs}
    return Study(
        name="planted",
        title="Planted",
        kind=COMPUTED,
        model="none",
        concepts=tuple(concepts),
        languages=tuple(languages),
        layers=layers,
        available=frozenset(kept),
        load=kept.__getitem__,
        manifest=Manifest(pairs=tables, shares="LLaMA2"),
    )


def replaced(study: Study, **arrays: np.ndarray) -> Study:
    """The same study with some arrays changed."""
    values = {name: study.array(name).values for name in study.available} | arrays
    return study_of(
        values, study.concepts, study.languages, to_json(study.manifest.pairs)
    )
