"""Time the measures on a study of full size: 7 concepts, 16 languages, 32 layers, 400
held-out pairs each.

Run with ``python -m benchmarks.measures [hidden]``; ``hidden`` defaults to 4096, of
which the concept vectors take 59 MB. An orthogonal map between two languages' words is
timed with fewer seeds than there are dimensions, and applied to as many test words.
``python -m benchmarks.measures many`` times transfer among 60 languages instead.
"""

import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from analysis.concepts.recognition import recognition, recognition_curve
from analysis.concepts.relationship import relationship
from analysis.concepts.similarity import (
    similarity,
    similarity_by_layer,
    similarity_ceiling,
    similarity_floor,
)
from analysis.concepts.specs import CONVENTIONS, Convention
from analysis.concepts.transfer import cross_accuracy, transfer, transfer_curve
from analysis.concepts.triangle import asymmetry
from analysis.languages.distances import DISTANCES
from analysis.languages.languages import LANGUAGES
from analysis.overview.findings import findings
from analysis.study.arrays import labelled
from analysis.study.manifest import Manifest, PairTable
from analysis.study.study import COMPUTED, Study
from analysis.words.rotations import rotation

CONCEPTS, LAYERS, PAIRS, ROUNDS = 7, 32, 400, 5
SEEDS = 1000
MANY, MANY_LAYERS, MANY_PAIRS = 60, 18, 200
LANGUAGE_CODES = tuple(LANGUAGES)[:16]


def study(
    hidden: int,
    codes: tuple[str, ...] = LANGUAGE_CODES,
    layers: int = LAYERS,
    pairs: int = PAIRS,
) -> Study:
    """A study of random numbers."""
    rng = np.random.default_rng(0)
    concepts, size = (
        tuple(f"concept {number}" for number in range(1, CONCEPTS + 1)),
        len(codes),
    )
    coords = {
        "concept": concepts,
        "language": codes,
        "source": codes,
        "target": codes,
    }
    coords |= {"layer": range(1, layers + 1), "pair": range(pairs)}
    shapes = dict.fromkeys(
        ("concept_vector", "half_a", "half_b", "shuffled"),
        (CONCEPTS, size, layers, hidden),
    )
    shapes["pair_score"] = (CONCEPTS, size, size, layers, pairs)
    arrays = {
        name: labelled(name, rng.standard_normal(shape, np.float32), coords)
        for name, shape in shapes.items()
    }
    return Study(
        name="benchmark",
        title="Benchmark",
        kind=COMPUTED,
        model="none",
        concepts=concepts,
        languages=codes,
        layers=layers,
        available=frozenset(arrays),
        load=arrays.__getitem__,
        manifest=Manifest(
            pairs=dict.fromkeys(concepts, PairTable(clusters=tuple(range(pairs)))),
            shares="LLaMA2",
        ),
    )


def cases(full: Study) -> dict[str, Callable[[], object]]:
    """What is timed."""
    matrix, points = (
        similarity(full).cosine,
        transfer(full, CONVENTIONS["honest"]).transfer,
    )
    timed = {}
    for name, convention in {
        **CONVENTIONS,
        "fixed layer": Convention("fixed", "half", 16),
    }.items():
        for measure in (recognition, transfer, cross_accuracy, findings):
            timed[f"{measure.__name__}, {name}"] = lambda m=measure, c=convention: m(
                full, c
            )
    return timed | {
        "recognition curve": lambda: recognition_curve(full),
        "transfer curve": lambda: transfer_curve(full, *full.languages[:2]),
        "asymmetry": lambda: asymmetry(points, full.languages),
        "similarity, maximum over layers": lambda: similarity(full),
        "similarity by layer": lambda: similarity_by_layer(full),
        "floor": lambda: similarity_floor(full),
        "ceiling": lambda: similarity_ceiling(full),
        "relationship, four kinds": lambda: [
            relationship(matrix, kind) for kind in DISTANCES
        ],
    }


def mapped(hidden: int) -> Callable[[], object]:
    """An orthogonal map of SEEDS pairs of words, and as many words turned by it."""
    rng = np.random.default_rng(0)
    x, y, words = (rng.standard_normal((SEEDS, hidden), np.float32) for _ in range(3))
    return lambda: rotation(x, y).turn(words)


def median_seconds(case: Callable[[], object]) -> tuple[float, float]:
    """Medians of wall time and of processor time, all cores together, of some rounds
    after one that does not count.
    """
    case()
    times = []
    for _ in range(ROUNDS):
        start, busy = time.perf_counter(), time.process_time()
        case()
        times.append((time.perf_counter() - start, time.process_time() - busy))
    wall, processor = zip(*times)
    return statistics.median(wall), statistics.median(processor)


def added_memory(before: int) -> str:
    """The most memory that was held since, on top of what was held before."""
    now = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return f"peak memory on top of the study: {(now - before) / 1024:.0f} MB"


def many() -> None:
    """Print how long transfer among MANY languages takes, and the memory for it."""
    codes = tuple(f"x{number}" for number in range(MANY))
    full = study(8, codes, MANY_LAYERS, MANY_PAIRS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{CONCEPTS} concepts, {MANY} languages, {MANY_LAYERS} layers, ", end="")
    print(f"{MANY_PAIRS} pairs; {os.cpu_count()} cores; median of {ROUNDS}")
    for measure in (transfer, cross_accuracy):
        case = partial(measure, full, CONVENTIONS["honest"])
        wall, processor = median_seconds(case)
        print(f"{measure.__name__:34} {wall:7.3f} s wall {processor:7.3f} s processor")
    print(added_memory(before))


def main() -> None:
    """Print a table of medians and the memory that came on top of the study."""
    hidden = int(sys.argv[1]) if len(sys.argv) > 1 else 4096
    full = study(hidden)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    shape = (
        f"{CONCEPTS} concepts, {len(LANGUAGE_CODES)} languages, {LAYERS} layers, "
        f"{PAIRS} pairs, hidden {hidden}"
    )
    print(f"{shape}; {os.cpu_count()} cores; median of {ROUNDS}")
    timed = cases(full)
    timed[f"orthogonal map, {SEEDS} seeds"] = mapped(hidden)
    for name, case in timed.items():
        wall, processor = median_seconds(case)
        print(f"{name:34} {wall:7.3f} s wall {processor:7.3f} s processor")
    print(added_memory(before))


if __name__ == "__main__":
    if sys.argv[1:] == ["many"]:
        many()
    else:
        main()
