"""What trying a model out takes of loading it: ``python -m benchmarks.self_check [model …]``.

Libraries are imported before. Models are those that this machine offers; without any, the
demo's, whose loading takes next to nothing.
"""

import sys
import time

from analysis.core.model_names import DEMO
from analysis.core.specs import ModelSpec
from analysis.model import load, self_check

DTYPES = ("float32", "bfloat16")


def measured(spec: ModelSpec) -> str:
    """Seconds of loading and of the check, by the clock and by the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    loaded = load.load(spec)
    loading = time.perf_counter() - clock, time.process_time() - processor
    self_check.KNOWN.clear()
    clock, processor = time.perf_counter(), time.process_time()
    self_check.tried(loaded)
    check = time.perf_counter() - clock, time.process_time() - processor
    parts = []
    for what, first, second in zip(("clock", "processor"), loading, check):
        share = 100 * second / (first + second)
        parts.append(f"{what} {first:.3f} + {second:.3f} s, {share:.1f} %")
    return "; ".join(parts)


def main(names: list[str]) -> None:
    """Load each model in both precisions and try it out."""
    self_check.tried(load.load(ModelSpec(DEMO)))
    for name in names or [DEMO]:
        for dtype in DTYPES:
            told = measured(ModelSpec(name, dtype=dtype))
            print(f"{name}, {dtype}: {told}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
