"""Time and memory of printing: each kind as PDF, a basket of ten, and what is left in
memory afterwards.

Run with ``python -m benchmarks.figures``.
"""

import gc
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import psutil

from analysis.languages.languages import LABELS, LANGUAGES
from components.figures.spec import Figure, Lines, Matrix, Points, Series, Tree
from components.printing import sheet
from components.printing.venues import Look

NAMES = tuple(LABELS["own name"](language) for language in LANGUAGES.values())[:16]
ROUNDS = 3


def figures() -> dict[str, Figure]:
    """One figure of each kind, with sixteen languages by their own names."""
    rng = np.random.default_rng(0)
    values, curve = rng.uniform(-1, 1, (16, 16)), rng.uniform(0, 1, (16, 32))
    merges = np.array(
        [
            [i if i == 0 else 15 + i, i + 1 if i else 1, 0.1 * (i + 1), i + 2]
            for i in range(15)
        ],
        float,
    )
    data = {
        "heat map": Matrix(
            values,
            NAMES,
            NAMES,
            "points",
            (-1.0, 1.0),
            diverging=True,
            faded=values > 0.5,
            diagonal=True,
        ),
        "curves": Lines(
            tuple(
                Series(name, np.arange(32) / 32, row) for name, row in zip(NAMES, curve)
            ),
            chance=0.5,
        ),
        "points": Points(values[0], values[1], NAMES, NAMES),
        "tree": Tree(merges, NAMES),
    }
    return {
        name: Figure(name, name, "", kind, pd.DataFrame(), "across", "up")
        for name, kind in data.items()
    }


def report(name: str, work: Callable[[], object]) -> None:
    """Median wall and processor time."""
    walls, processors = [], []
    for _ in range(ROUNDS):
        begun, busy = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - begun)
        processors.append(time.process_time() - busy)
    print(
        f"{name:<34} {statistics.median(walls):6.2f} s, "
        f"{statistics.median(processors):6.2f} s of processor"
    )


def main() -> None:
    """All of it."""
    process = psutil.Process(os.getpid())
    known = figures()
    begun = time.perf_counter()
    sheet.pdf(sheet.compose([known["heat map"]], Look()), {})
    print(f"{'first, typefaces read':<34} {time.perf_counter() - begun:6.2f} s")
    for name, figure in known.items():
        for venue in ("ACL, column", "ACL, full width"):
            report(
                f"{name}, {venue}",
                lambda figure=figure, venue=venue: sheet.pdf(
                    sheet.compose([figure], Look(venue)), {}
                ),
            )
    ten = [
        replace(figure, name=f"{i} {name}")
        for i in range(3)
        for name, figure in known.items()
    ][:10]
    report(
        "ten figures",
        lambda: [sheet.pdf(sheet.compose([figure], Look()), {}) for figure in ten],
    )
    gc.collect()
    before = process.memory_info().rss
    for _ in range(3):
        [sheet.pdf(sheet.compose([figure], Look()), {}) for figure in ten]
    gc.collect()
    print(
        f"memory after thirty more: {(process.memory_info().rss - before) / 2**20:+.1f} MiB"
    )


if __name__ == "__main__":
    main()
