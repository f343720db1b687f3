"""Pushing and pulling as jobs of the worker, with progress and Stop."""

from collections.abc import Callable, Mapping
from pathlib import Path

from analysis.sharing import hub
from analysis.sharing.hub import Pulled, Pushed
from analysis.worker.service import MB, Job, Pool, Task, fetching

Make = Callable[[], Mapping[str, bytes | Path]]
"""Makes the files of a hub folder."""


def push_folder(
    name: str, make: Make, *, public: bool, token: str = ""
) -> Task[Pushed]:
    """A task that makes a hub folder and sends it; errors as in ``hub.push``."""

    def task(job: Job, pool: Pool) -> Pushed:
        def told(done: int, total: int) -> None:
            job.progress(done // MB, total // MB, f"sending to {name}, MB")

        job.progress(0, 0, "writing vectors and card")
        return hub.push(name, make(), public=public, token=token or None, told=told)

    return task


def pull_folder(name: str, revision: str = "") -> Task[Pulled]:
    """A task that fetches a hub folder and adds what it holds; errors as ``hub.pull``."""

    def task(job: Job, pool: Pool) -> Pulled:
        return hub.pull(name, revision, fetching(job, name))

    return task
