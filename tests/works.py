"""Work for processes of their own: named functions that any process can import."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from analysis.core.errors import CorpusError
from analysis.core.specs import ModelSpec
from analysis.worker.service import Held, Job, Pool

MODEL = ModelSpec("here")


def whoami(job: Job, pool: Pool) -> int:
    """The number of the process."""
    return os.getpid()


def steps(job: Job, pool: Pool) -> str:
    """Many quick steps, with something to say and to show."""
    job.notices.append("A word.")
    for step in range(2000):
        job.partial = ("so far", step)
        job.progress(step, 2000, "stepping")
    return "all steps"


def until_stopped(job: Job, pool: Pool) -> NoReturn:
    """Goes on until it is stopped."""
    while True:
        job.progress(1, 2, "waiting")
        time.sleep(0.01)


def hang(job: Job, pool: Pool) -> None:
    """Never comes to a step again."""
    job.progress(1, 2, "hanging")
    time.sleep(600)


def killed(job: Job, pool: Pool) -> None:
    """Is ended as by a system without memory."""
    job.progress(3, 9, "reading texts")
    time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGKILL)


def crash(job: Job, pool: Pool) -> None:
    """Crashes."""
    os.kill(os.getpid(), signal.SIGSEGV)


def refuse(job: Job, pool: Pool) -> None:
    """Has met something of the user's to mend."""
    job.notices.append("Looked at.")
    raise CorpusError("Two rows lack a text.", ["row 3", "row 8"])


def bug(job: Job, pool: Pool) -> None:
    """Has a fault of its own."""
    raise ZeroDivisionError("by nothing")


def prints(job: Job, pool: Pool) -> str:
    """Prints, which is not for the server."""
    print("noise", flush=True)
    os.write(1, b"more noise\n")
    return sys.stdin.read()


def meet(folder: Path, mine: str, other: str, job: Job, pool: Pool) -> bool:
    """Whether another job of this kind runs at the same time."""
    (folder / mine).touch()
    for _ in range(600):
        if (folder / other).exists():
            return True
        time.sleep(0.02)
    return False


def in_parts(folder: Path, job: Job, pool: Pool) -> None:
    """A long job that lets others through once one is there to be let through."""
    pool.loaded[replace_revision(MODEL)] = Held(None, 1)  # pyright: ignore[reportArgumentType]
    write(folder, "first part")
    job.progress(1, 2, "first part")
    while not (folder / "queued").exists():
        time.sleep(0.01)
    job.give_way()
    write(folder, "second part")


def short(folder: Path, job: Job, pool: Pool) -> int:
    """Is done between the parts."""
    write(folder, "short")
    return os.getpid()


def replace_revision(spec: ModelSpec) -> ModelSpec:
    """The same model as a folder of this machine."""
    return ModelSpec(spec.model, "local")


def write(folder: Path, words: str) -> None:
    """Add a line to what was done."""
    with (folder / "done").open("a") as done:
        done.write(f"{words}\n")
