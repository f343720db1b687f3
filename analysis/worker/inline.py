"""A task of the worker done at once, in the caller's own thread: for scripts."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

from analysis.worker.service import Job, Pool, Task

T = TypeVar("T")
Progress = Callable[[int, int, str], None]
POOL = Pool()
"""The models that tasks of this process have loaded, for its next one."""


def ignore_progress(done: int, total: int, doing: str) -> None:
    """Show nothing."""


def ignore_notice(sentence: str) -> None:
    """Say nothing."""


def run_inline(
    task: Task[T],
    progress: Progress = ignore_progress,
    on_notice: Callable[[str], None] = ignore_notice,
    pool: Pool = POOL,
) -> T:
    """The result of a task that is done here and now.

    ``progress`` gets (done, total, what is being done) at every step and ``on_notice``
    what the engine has to say, at the next step. Ctrl+C raises Stopped at the next step, when
    nothing is half done: finished cells are kept. A second one raises KeyboardInterrupt
    at once. AnalysisError as the task raises it.
    """
    told: list[str] = []

    def tell() -> None:
        for sentence in job.notices[len(told) :]:
            told.append(sentence)
            on_notice(sentence)

    def step(done: int, total: int, doing: str) -> None:
        tell()
        progress(done, total, doing)

    job = Job(0, "inline", "inline", task, on_progress=step)
    try:
        with ctrl_c_stops(job):
            return task(job, pool)
    finally:
        tell()


@contextmanager
def ctrl_c_stops(job: Job) -> Iterator[None]:
    """Let the first Ctrl+C stop a job at its next step; the second one is as ever.

    A model that is being fetched hears of it too. Outside the main thread, which alone
    may handle signals, they stay as they are.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        job.cancel.set()
        signal.signal(signal.SIGINT, before)

    before: Any = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
