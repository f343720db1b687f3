"""Work for the workers of a cluster, on a stand-in for a model: in a module of its own,
so that other processes can import it.
"""

import os
import signal
import time
from functools import partial
from pathlib import Path

from analysis.concepts import plan
from analysis.core.errors import ModelError
from analysis.study import store
from analysis.study.together import Shard
from analysis.worker.service import Job, Pool, Task
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
    plan.run_together(store.root() / name, given, reader, shard, job.progress)
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
