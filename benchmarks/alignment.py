"""Time and memory of CSLS and P@k for many words against the plain matrix product that
it needs, and of the demo's page.

Run with ``python -m benchmarks.alignment [words] [hidden]``; they default to 10,000 and
4,096. Each part runs in a process of its
own, so that its peak memory is its own; times are medians of ROUNDS, on the wall and of
all processors together.
"""

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from analysis.study.library import open_by_name
from analysis.words.alignment import (
    KS,
    alignment,
    alignment_by_layer,
    alignment_by_pair,
    alignment_by_seeds,
)
from analysis.words.alignment_controls import (
    alignment_by_chance,
    alignment_by_template,
    kind_controls,
)
from analysis.words.neighbours import (
    Matched,
    matched_pair,
    neighbours_and_hubs,
    word_clouds,
    word_ranks,
)
from analysis.words.retrieval import CRITERIA, Criterion, rank
from analysis.words.specs import AlignmentSpec

ROUNDS = 3


def spaces(words: int, hidden: int) -> tuple[np.ndarray, np.ndarray]:
    """Words of two languages, the second a noisy copy of the first."""
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((words, hidden), np.float32) for _ in range(2))
    y *= 3  # in place, so that the peak before the measurement is that of the inputs
    y += x
    return x, y


def peak() -> int:
    """Most memory that this process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def product(x: np.ndarray, y: np.ndarray) -> None:
    """The plain matrix product."""
    x @ y.T


def looked_up(name: str) -> Callable[[np.ndarray, np.ndarray], None]:
    """Ranks of all words by a criterion, and their P@k."""

    def run(x: np.ndarray, y: np.ndarray) -> None:
        found = rank(x, y, np.repeat(np.arange(len(x))[:, None], 2, 1), Criterion(name))
        [found.hits(k).mean() for k in KS]

    return run


PARTS: dict[str, Callable] = {
    "plain product": product,
    **{name: looked_up(name) for name in CRITERIA},
}


def measured(name: str, words: int, hidden: int) -> tuple[float, float, float]:
    """Median seconds on the wall and of processors, and peak memory over the inputs in
    GiB, of one part.
    """
    x, y = spaces(words, hidden)
    warm = slice(0, min(words, 512))
    PARTS[name](x[warm], y[warm])
    before, times = peak(), []
    for _ in range(ROUNDS):
        start, busy = time.perf_counter(), time.process_time()
        PARTS[name](x, y)
        times.append((time.perf_counter() - start, time.process_time() - busy))
    return *(statistics.median(part) for part in zip(*times)), (peak() - before) / 2**30


def close_up(here: Matched, word: str) -> None:
    """What the page shows of one pair of languages."""
    word_ranks(here), neighbours_and_hubs(here, word), word_clouds(here, "PCA")


def demo_page() -> dict[str, tuple[float, float]]:
    """Seconds, on the wall and of processors, of all that the Alignment page computes
    of the demo study, after one warming up.
    """
    study, target = open_by_name("demo"), "en"
    spec = AlignmentSpec(study.embeddings[0])
    alignment(study, spec, target)
    word = word_ranks(matched_pair(study, spec, "fr", target))["concept"][0]
    parts: dict[str, Callable[[], object]] = {
        "by language": lambda: alignment(study, spec, target),
        "by layer": lambda: alignment_by_layer(study, spec, target),
        "by pair": lambda: alignment_by_pair(study, spec),
        "by template": lambda: alignment_by_template(study, spec, target),
        "by seeds": lambda: alignment_by_seeds(study, spec, target),
        "kinds": lambda: kind_controls(study, spec, target),
        "shuffled": lambda: alignment_by_chance(study, spec, target),
        "one pair": lambda: close_up(matched_pair(study, spec, "fr", target), word),
    }
    times = {}
    for name, part in parts.items():
        start, busy = time.perf_counter(), time.process_time()
        part()
        times[name] = (time.perf_counter() - start, time.process_time() - busy)
    return times


def main() -> None:
    """Print all of it."""
    given = [int(number) for number in sys.argv[1:]]
    words, hidden = (given + [10_000, 4_096][len(given) :])[:2]
    print(
        f"{words:,} × {words:,} words of {hidden:,} dimensions, float32; "
        f"{os.cpu_count()} cores; median of {ROUNDS}"
    )
    base = None
    for name in PARTS:
        code = (
            f"from benchmarks.alignment import measured; print(*measured({name!r}, "
            f"{words}, {hidden}))"
        )
        told = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
        wall, busy, memory = map(float, told)
        base = base or (wall, busy)
        times = (
            f"{wall:7.2f} s wall ({wall / base[0]:.2f} × the product) {busy:7.2f} s "
            f"processor ({busy / base[1]:.2f} ×)"
        )
        print(f"{name:18} {times} {memory:6.2f} GiB over the inputs")
    times = demo_page()
    told = ", ".join(
        f"{name} {wall:.2f} / {busy:.2f}" for name, (wall, busy) in times.items()
    )
    print(
        "the demo's page, wall / processor: "
        f"{' / '.join(f'{sum(part):.2f}' for part in zip(*times.values()))} s; "
        f"{told}"
    )


if __name__ == "__main__":
    main()
