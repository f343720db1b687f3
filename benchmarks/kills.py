"""Kill every kind of writing with -9 at random moments, go on, and compare byte for byte
with what an unkilled one leaves.

``python -m benchmarks.kills [kills] [seed]``, by default 200 and 1. What a model makes is
made by the demo model; each trial is killed once or twice and then gone on with. It ends
with what was lost, which must be nothing.
"""

import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # one thread, so that forked processes can go on

import babelscope as bs
from analysis.steering.fluency import identified_language
from analysis.study import leftovers, library
from tests import killing

FEW = {"languages": ["en", "fr"]}
SWEPT = {"layers": [3], "strengths": [1.0], "most": 4}
SEARCHED = {"strengths": [1.0], "layer_sets": 2, "search_prompts": 2}


def extract() -> None:
    """Concept vectors."""
    bs.extract("demo", concepts=["fairness"], **FEW)


def words() -> None:
    """Word vectors, in a copy of a study that comes along."""
    bs.words("demo", layers=[2], title="killed", **FEW)


def ask() -> None:
    """Questions, and the sweep that is to follow."""
    bs.ask("demo", most=4, swept=SWEPT, title="killed", **FEW)


def sweep() -> None:
    """A sweep of a study that was asked before."""
    (name,) = [each for each in bs.studies() if each.startswith("asked")]
    bs.sweep(name, **SWEPT)


def control() -> None:
    """A control run."""
    bs.control(
        "demo", "fairness", languages=["en"], tokens=4, reported_prompts=2, **SEARCHED
    )


def asked() -> None:
    """What a sweep needs."""
    bs.ask("demo", most=4, title="asked", **FEW)


OURS: dict[str, Callable[[], None]] = {
    "extraction": extract,
    "words": words,
    "questions with sweep": ask,
    "plane": sweep,
    "control": control,
}
"""Kinds that need a model; the others are those of the tests."""
KINDS = {**killing.KINDS, **OURS}


def prepare(kind: str) -> None:
    """What is there before a kind of writing begins."""
    if kind == "plane":
        asked()
    elif kind not in OURS:
        killing.prepare(kind)


def run(home: Path, kind: str, seconds: float = 0.0) -> float:
    """Do a kind in a process of its own, which is killed after so many seconds.

    How long it took; 0 when it was killed.
    """
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        os.environ["BABELSCOPE_HOME"] = str(home)
        said = os.open(
            home.with_name("said.txt"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        )
        os.dup2(said, 1)
        os.dup2(said, 2)
        status = 1
        try:
            KINDS[kind]()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    if seconds:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, ended = os.waitpid(child, 0)
    if os.WIFSIGNALED(ended):
        return 0.0
    if ended:
        raise RuntimeError(home.with_name("said.txt").read_text("utf-8"))
    return time.monotonic() - begun


class Trials:
    """One kind, killed again and again."""

    def __init__(self, kind: str, place: Path, drawn: random.Random) -> None:
        self.kind = kind
        self.place = place
        self.drawn = drawn
        self.before = place / "before"
        self.whole = place / "whole"
        self.before.mkdir(parents=True)
        os.environ["BABELSCOPE_HOME"] = str(self.before)
        prepare(kind)
        shutil.copytree(self.before, self.whole)
        self.seconds = run(self.whole, kind)

    def kill(self) -> int:
        """Kill once or twice, go on to the end, compare; how often it was killed."""
        home = self.place / "killed"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self.before, home)
        os.environ["BABELSCOPE_HOME"] = str(home)
        kills = 0
        for _ in range(self.drawn.choice((1, 2))):
            moment = self.drawn.uniform(0, self.seconds)
            kills += run(home, self.kind, max(moment, 1e-4)) == 0.0
            for name in library.names():
                library.open_by_name(name)
            leftovers.sweep()
        run(home, self.kind)
        leftovers.sweep()
        found, wanted = killing.left_in(home), killing.left_in(self.whole)
        if found != wanted:
            differing = sorted({name for name, _ in set(found) ^ set(wanted)})
            raise RuntimeError(f"{self.kind}: {differing} differ in {home}")
        return kills


def main() -> None:
    """Kill all kinds in turn until there were enough kills."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    drawn = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["BABELSCOPE_HOME"] = str(Path(folder) / "warm")
        # Loaded once, and then in the memory of every process that is forked.
        bs.extract("demo", concepts=["fairness"], languages=["en"])
        identified_language("One of several languages.")
        made = {}
        for kind in KINDS:
            made[kind] = Trials(kind, Path(folder) / kind.replace(": ", "-"), drawn)
        kills = dict.fromkeys(KINDS, 0)
        while sum(kills.values()) < wanted:
            for kind, trials in made.items():
                kills[kind] += trials.kill()
    for kind, number in kills.items():
        print(f"{kind:<22} {number:>4} kills, {made[kind].seconds:.2f} s unkilled")
    minutes = (time.monotonic() - begun) / 60
    print(f"{sum(kills.values())} kills in {minutes:.1f} minutes, nothing lost")


if __name__ == "__main__":
    main()
