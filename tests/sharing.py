"""One process of several that compute together, on a stand-in for a model.

``python -m tests.sharing KIND NAME NUMBER OF LEASE [SECONDS]``: KIND is what of the study
(or run) NAME is computed; SECONDS are slept at each read or answer, so that others find
it half done. It prints what it computed.
"""

import os
import sys
import time
import traceback
from contextlib import redirect_stdout
from pathlib import Path

from analysis.concepts import plan
from analysis.control import plan as control
from analysis.plane import plan as plane
from analysis.study import store
from analysis.study.together import Shard
from tests import asking, reading, speaking

SWEPT = asking.questions(("en", "fr"), items=6)
"""What is asked in a sweep."""


class SlowReader(reading.FakeReader):
    """Reads as the stand-in does, after a while."""

    def __init__(self, seconds: float):
        super().__init__()
        self.seconds = seconds

    def stream(self, texts, consumers):
        """Feed the consumers after a while."""
        time.sleep(self.seconds)
        super().stream(texts, consumers)


class SlowAnswerer(asking.PlantedAnswerer):
    """Answers as the stand-in does, after a while."""

    def __init__(self, seconds: float):
        super().__init__()
        self.seconds = seconds

    def score(self, texts, pushes, options):
        """Score after a while."""
        time.sleep(self.seconds)
        return super().score(texts, pushes, options)


class SlowSpeaker(speaking.FakeSpeaker):
    """Speaks as the stand-in does, after a while."""

    def __init__(self, seconds: float):
        super().__init__()
        self.seconds = seconds

    def answers(self, texts, pushes):
        """Answer after a while."""
        time.sleep(self.seconds)
        return super().answers(texts, pushes)


def extract(name, seconds, progress, shard):
    """Contrast pairs of two concepts."""
    given = reading.corpus(concepts=("fairness", "truth"))
    folder = store.root() / name
    plan.run_together(folder, given, SlowReader(seconds), shard, progress)


def sweep(name, seconds, progress, shard):
    """A plane."""
    folder = store.root() / name
    plane.run_together(folder, SWEPT, SlowAnswerer(seconds), progress, shard)


def push(name, seconds, progress, shard):
    """A control run."""
    control.compute_together(name, SlowSpeaker(seconds), progress, shard)


KINDS = {"pairs": extract, "plane": sweep, "control": push}


def main(kind: str, name: str, *numbers: str) -> None:
    """Take part until nothing is missing, and print what this process computed."""
    number, of, lease, *more = map(float, numbers)
    shard = Shard(int(number), int(of), lease)
    computed = taking_part(kind, name, shard, *more)
    for cell in computed:
        print(cell)


def in_home(home: str, tell: str, *words: str) -> None:
    """The same in a process that was forked, which writes what it computed to a file.

    What went wrong too: of many processes' warnings nobody reads which one failed.
    """
    os.environ["BABELSCOPE_HOME"] = home
    with Path(tell).open("w") as file, redirect_stdout(file):
        try:
            main(*words)
        except BaseException:
            traceback.print_exc(file=file)
            raise


def taking_part(kind: str, name: str, shard: Shard, seconds: float = 0) -> list[str]:
    """Take part until nothing is missing; the cells that were computed here."""
    told = []

    def progress(done: int, total: int, doing: str) -> None:
        told.append(doing)

    KINDS[kind](name, seconds, progress, shard)
    return [each for each in told if " · " in each]


if __name__ == "__main__":
    main(*sys.argv[1:])
