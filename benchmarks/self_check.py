"""What trying a model out takes of loading it: ``python -m benchmarks.self_check [model …]``.

The first time on a machine, and every time after it. Libraries are imported before. Models
are those that this machine offers; without any, the demo's, whose loading takes next to
nothing.
"""

import os
import sys
import tempfile
import time

from analysis.core import settings
from analysis.core.model_names import DEMO
from analysis.core.specs import ModelSpec
from analysis.model import load, self_check

DTYPES = ("float32", "bfloat16")
MEASURED = ("clock", "processor")


def measured(spec: ModelSpec) -> str:
    """Shares of the clock and the processor that the check takes, first and later."""
    clock, processor = time.perf_counter(), time.process_time()
    loaded = load.load(spec)
    loading = time.perf_counter() - clock, time.process_time() - processor
    parts = []
    for when in ("first", "later"):
        self_check.KNOWN.clear()
        clock, processor = time.perf_counter(), time.process_time()
        self_check.tried(loaded)
        check = time.perf_counter() - clock, time.process_time() - processor
        for what, load_time, check_time in zip(MEASURED, loading, check):
            share = 100 * check_time / (load_time + check_time)
            told = f"{load_time:.3f} + {check_time:.3f} s, {share:.1f} %"
            parts.append(f"{when} {what} {told}")
    return "; ".join(parts)


def main(names: list[str]) -> None:
    """Load each model in both precisions and try it out."""
    # Models are where they were; what is kept of them starts empty.
    folders = map(str, settings.model_folders())
    os.environ["BABELSCOPE_MODELS"] = os.pathsep.join(folders)
    with tempfile.TemporaryDirectory() as home:
        os.environ["BABELSCOPE_HOME"] = home
        self_check.tried(load.load(ModelSpec(DEMO)))
        for name in names or [DEMO]:
            for dtype in DTYPES:
                told = measured(ModelSpec(name, dtype=dtype))
                print(f"{name}, {dtype}: {told}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
