"""Work done at once, with progress; interrupted, it says what is kept."""

import os
import sys
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from tqdm import tqdm

from analysis.control import store as runs
from analysis.core.counting import count_are
from analysis.core.errors import Stopped
from analysis.study import leftovers, library
from analysis.worker.inline import run_inline
from analysis.worker.service import Job, Pool
from babelscope.study import copies

T = TypeVar("T")
MANY = 10_000
"""Steps above which they are bytes, or as good as that."""


class Interrupted(KeyboardInterrupt):
    """Ctrl+C; ``name`` is the study or run that goes on, empty where none was begun."""

    def __init__(self, kept: str, name: str = "") -> None:
        self.kept = kept
        self.name = name
        function = "resume_control" if name in runs.names() else "resume"
        remedy = f" Go on with babelscope.{function}({name!r})." if name else ""
        super().__init__(kept + remedy)


class Lines:
    """Progress for a log: a line whenever something changed."""

    def __init__(self) -> None:
        self.shown = ""

    def update(self, done: int, total: int, doing: str) -> None:
        """Print what is done of all."""
        line = f"{done}/{total} {doing}" if total else doing
        if line != self.shown:
            say(line)
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
        self.bar.unit_scale = total > MANY
        self.bar.n = done
        self.bar.set_description_str(doing)

    def close(self) -> None:
        """Take the bar away."""
        self.bar.close()


def progress() -> Lines | Bar:
    """A bar where somebody watches, lines where a log is written."""
    watched = sys.stderr.isatty() or "ipykernel" in sys.modules
    return Bar() if watched else Lines()


def run(task: Callable[[Job, Pool], T], name: str = "") -> T:
    """The result of a task of the worker that is done here and now.

    Ctrl+C raises Interrupted with what is kept of the study or control run ``name``; a
    second Ctrl+C does not wait for the end of a step. AnalysisError as the task raises
    it.
    """
    sweep_once()
    shown = progress()
    try:
        return run_inline(task, shown.update, note)
    except (KeyboardInterrupt, Stopped):
        raise Interrupted(kept_of(name), begun(name)) from None
    finally:
        shown.close()


@cache
def sweep_once() -> None:
    """Remove what killed processes left, before the first work of this one."""
    leftovers.sweep()


def note(sentence: str) -> None:
    """Print what the engine has to say."""
    say(f"note: {sentence}")


def say(sentence: str) -> None:
    """Print what is not a result; work goes on where nobody reads it any more."""
    try:
        print(sentence, file=sys.stderr, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


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
        f"Stopped. What was finished is kept in “{known}”; "
        f"{count_are(missing, 'cell')} missing."
    )
