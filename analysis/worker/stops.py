"""Stop that comes from elsewhere: another machine, or a page of another server."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from analysis.study import stop_mark
from analysis.worker.service import Job

GLANCE = 0.5
"""Seconds between two looks."""


@contextmanager
def stopped_when(is_asked: Callable[[], bool], job: Job) -> Iterator[None]:
    """Let a job stop at its next step once somebody asks for it elsewhere."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(GLANCE):
            if is_asked():
                job.cancel.set()

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


@contextmanager
def stopped_with_others(folder: Path, job: Job) -> Iterator[None]:
    """Let a job stop with all others that compute a study.

    StudyError where they were stopped before, and nobody has gone on since.
    """
    stop_mark.check(folder)
    with stopped_when(partial(stop_mark.is_there, folder), job):
        yield
