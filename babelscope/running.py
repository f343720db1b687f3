"""Work done at once, with progress; interrupted, it says what is kept."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

from tqdm import tqdm

from analysis.control import store as runs
from analysis.core.errors import Stopped
from analysis.study import library
from analysis.worker.service import Job, Pool
from babelscope.studies import copies

T = TypeVar("T")
POOL = Pool()
"""The models that this process has loaded, for its next call."""


class Interrupted(KeyboardInterrupt):
    """Ctrl+C; ``name`` is the study or run that goes on, empty where none was begun."""

    def __init__(self, kept: str, name: str = "") -> None:
        self.kept = kept
        self.name = name
        remedy = f" Go on with babelscope.resume({name!r})." if name else ""
        super().__init__(kept + remedy)


class Lines:
    """Progress for a log: a line whenever something changed."""

    def __init__(self) -> None:
        self.shown = ""

    def update(self, done: int, total: int, doing: str) -> None:
        """Print what is done of all."""
        line = f"{done}/{total} {doing}"
        if line != self.shown:
            print(line, file=sys.stderr, flush=True)
        self.shown = line

    def close(self) -> None:
        """Nothing is left to do."""


class Bar:
    """Progress for a terminal or a notebook: one bar, which lives while work does."""

    def __init__(self) -> None:
        self.bar = tqdm(leave=False, dynamic_ncols=True)

    def update(self, done: int, total: int, doing: str) -> None:
        """Move the bar."""
        self.bar.total = total or None
        self.bar.n = done
        self.bar.set_description_str(doing)

    def close(self) -> None:
        """Take the bar away."""
        self.bar.close()


def progress() -> Lines | Bar:
    """A bar where somebody watches, lines where a log is written."""
    watched = sys.stderr.isatty() or "ipykernel" in sys.modules
    return Bar() if watched else Lines()


def run(work: Callable[[Job, Pool], T], name: str = "") -> T:
    """Do the work of a job here and now; its result.

    Ctrl+C raises Interrupted with what is kept of the study or control run ``name``; a
    second Ctrl+C does not wait for the end of a step. AnalysisError as the work raises
    it.
    """
    job = Job(0, "babelscope", name, work)
    shown = progress()
    report = job.progress

    def told(done: int, total: int, doing: str = "") -> None:
        report(done, total, doing)
        shown.update(job.done, job.total, job.doing)

    job.progress = told
    try:
        with stopping(job):
            result = work(job, POOL)
    except (KeyboardInterrupt, Stopped):
        raise Interrupted(kept_of(name), begun(name)) from None
    finally:
        shown.close()
    for notice in job.notices:
        print(f"note: {notice}", file=sys.stderr)
    return result


@contextmanager
def stopping(job: Job) -> Iterator[None]:
    """Let the first Ctrl+C stop a job at its next step; the second one is as ever.

    Between steps nothing is half done, and a model that is being fetched in a thread
    hears of it too. Outside the main thread signals stay as they are.
    """
    elsewhere = threading.current_thread() is not threading.main_thread()
    if elsewhere or signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
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


def begun(name: str) -> str:
    """The unfinished study or control run of this name, or a copy of a study; else “”."""
    there = library.names()
    for each in (name, *copies(name)):
        if each in there and not library.open_by_name(each).complete:
            return each
    return name if name in runs.names() else ""


def kept_of(name: str) -> str:
    """A sentence about what is there of a study or run after an interruption."""
    known = begun(name)
    if not known:
        return "Stopped before anything was computed; nothing is half done."
    if known in runs.names():
        return f"Stopped. All answers that were finished are kept in “{known}”."
    missing = len(library.open_by_name(known).missing)
    return (
        f"Stopped. What was finished is kept in “{known}”; {missing} cells are missing."
    )
