"""Work for the workers of a cluster, on a stand-in for a model: in a module of its own,
so that other processes can import it.
"""

import importlib
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

from analysis.concepts import plan
from analysis.core.errors import ModelError
from analysis.study import store
from analysis.study.together import Shard
from analysis.worker import cluster
from analysis.worker.service import Job, Pool, Task
from analysis.worker.stops import stopped_with_others
from tests import reading

CONCEPTS = ("fairness", "truth")


class WatchedReader(reading.FakeReader):
    """Reads as the stand-in does, after a while, and hears of Stop."""

    def __init__(self, seconds: float, job: Job):
        super().__init__()
        self.seconds = seconds
        self.job = job

    def stream(self, texts, consumers):
        """Feed the consumers after a while."""
        until = time.monotonic() + self.seconds
        while time.monotonic() < until:
            self.job.check()
            time.sleep(0.01)
        super().stream(texts, consumers)


def slowly(name: str, seconds: float, shard: Shard) -> Task[str]:
    """A task that computes a study with others."""
    return partial(computed, name, seconds, shard)


def computed(name: str, seconds: float, shard: Shard, job: Job, pool: Pool) -> str:
    """Take part until the study is whole."""
    given = reading.corpus(concepts=CONCEPTS)
    reader = WatchedReader(seconds, job)
    folder = store.root() / name
    with stopped_with_others(folder, job):
        plan.run_together(folder, given, reader, shard, job.progress)
    job.notices.append("computed on a stand-in")
    return name


def dying(name: str, mark: str, shard: Shard) -> Task[str]:
    """The same, but the first process that begins is killed while it computes."""
    return partial(killed, name, mark, shard)


def killed(name: str, mark: str, shard: Shard, job: Job, pool: Pool) -> str:
    """Die once, as a process that lacks memory does."""
    try:
        Path(mark).touch(exist_ok=False)
    except FileExistsError:
        return computed(name, 0.0, shard, job, pool)
    given = reading.corpus(concepts=CONCEPTS)
    reader = DyingReader()
    plan.run_together(store.root() / name, given, reader, shard, job.progress)
    return name


class DyingReader(reading.FakeReader):
    """Kills its process at the first read."""

    def stream(self, texts, consumers):
        """Die."""
        os.kill(os.getpid(), signal.SIGKILL)


def without_model(name: str, shard: Shard) -> Task[str]:
    """A task of workers of which the first lacks the model."""
    return partial(lacking, name, shard)


def lacking(name: str, shard: Shard, job: Job, pool: Pool) -> str:
    """Refuse as the first, compute as any other."""
    if shard.number == 1:
        raise ModelError("There is no folder “gemma” here.")
    return computed(name, 0.0, shard, job, pool)


def begins_at_second(name: str, mark: str, job: Job, pool: Pool) -> str:
    """Refuse at the first time, name the study at the second."""
    try:
        Path(mark).touch(exist_ok=False)
    except FileExistsError:
        return name
    return lacks_model(job, pool)


def lacks_model(job: Job, pool: Pool) -> str:
    """Refuse, as a worker does that has no folder of the model."""
    raise ModelError("There is no folder “gemma” here.")


def goes_on(name: str, job: Job, pool: Pool, shard: Shard) -> None:
    """Compute what is missing of a study."""
    computed(name, 0.0, shard, job, pool)


def serve(address: str, name: str) -> None:
    """A server whose page lets a cluster compute a study, until it is killed."""
    job = Job(0, "page", "page", lambda job, pool: None, aside=True)
    cluster.compute(address, partial(slowly, name, 0.4), name, job, lease=5.0)


if __name__ == "__main__":
    # By its name, so that workers find what they are given.
    importlib.import_module("tests.clustering").serve(*sys.argv[1:])
