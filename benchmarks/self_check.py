"""What trying a model out takes of loading it: ``python -m benchmarks.self_check [model …]``.

As a user waits for it: a program that has just begun is asked for a model. The first time
on a machine, and the next time, each in a process of its own. Models are those that this
machine offers; without any, the demo's, whose loading takes next to nothing.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from analysis.core import settings
from analysis.core.model_names import DEMO
from analysis.core.specs import ModelSpec

DTYPES = ("float32", "bfloat16")
WHEN = ("first", "next")
BOUND = 2
"""Percent of loading that trying out may take."""


class Seconds(NamedTuple):
    """What something took."""

    clock: float
    processor: float


@dataclass
class Stopwatch:
    """Adds up what calls of a function take."""

    call: Callable
    taken: Seconds = Seconds(0, 0)

    def __call__(self, *given: object) -> object:
        """The call, timed."""
        begun = now()
        result = self.call(*given)
        part = since(begun)
        clock = self.taken.clock + part.clock
        self.taken = Seconds(clock, self.taken.processor + part.processor)
        return result


def now() -> Seconds:
    """What clock and processor say."""
    return Seconds(time.perf_counter(), time.process_time())


def since(begun: Seconds) -> Seconds:
    """What has passed."""
    ended = now()
    return Seconds(ended.clock - begun.clock, ended.processor - begun.processor)


def load_one(spec: ModelSpec) -> None:
    """Load a model as the worker does and print what trying it out took of that."""
    begun = now()
    # Bringing in the libraries is a part of a program's first loading.
    from analysis.model import self_check
    from analysis.worker.service import Job, Pool

    watch = Stopwatch(self_check.tried)
    self_check.tried = watch  # type: ignore[assignment]
    Pool().get(spec, Job(1, "benchmark", "loading", lambda job, pool: None))
    whole = since(begun)
    for name, part, all_of_it in zip(Seconds._fields, watch.taken, whole):
        share = 100 * part / all_of_it
        verdict = "" if share < BOUND else f", more than {BOUND} %"
        print(
            f"{name} {1000 * part:.0f} ms of {all_of_it:.2f} s, {share:.1f} %{verdict}"
        )


def measured(spec: ModelSpec) -> str:
    """What a fresh process prints on loading a model."""
    asked = [sys.executable, "-m", "benchmarks.self_check", "--one"]
    done = subprocess.run(
        [*asked, spec.model, spec.dtype], capture_output=True, text=True, check=True
    )
    return "; ".join(done.stdout.splitlines())


def main(names: list[str]) -> None:
    """Load each model in both precisions, twice."""
    # Models are where they were; what is kept of them starts empty.
    folders = map(str, settings.model_folders())
    os.environ["BABELSCOPE_MODELS"] = os.pathsep.join(folders)
    for name in names or [DEMO]:
        for dtype in DTYPES:
            with tempfile.TemporaryDirectory() as home:
                os.environ["BABELSCOPE_HOME"] = home
                for when in WHEN:
                    told = measured(ModelSpec(name, dtype=dtype))
                    print(f"{name}, {dtype}, {when}: {told}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        load_one(ModelSpec(sys.argv[2], dtype=sys.argv[3]))
    else:
        main(sys.argv[1:])
