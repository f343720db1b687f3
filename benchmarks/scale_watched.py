"""The real program with a stopwatch on what it keeps and a look at its memory: ``python -m
benchmarks.scale_watched FILE extract …`` does what ``babelscope extract …`` does, and
writes what was measured into FILE as JSON. ``benchmarks.scale`` starts it.
"""

import functools
import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from analysis.concepts.pairs import Corpus
from analysis.concepts.specs import StudySpec
from analysis.core.specs import ModelSpec
from analysis.study import claims, commits, store, together
from analysis.worker import extraction
from babelscope import commands

KEEPING = (
    *((claims.Claims, name) for name in ("take", "lost", "release", "done")),
    (together, "missing"),
    (commits, "end"),
    *((store, name) for name in ("share", "fold", "add_file", "read_manifest")),
)
"""Functions of claims, records and commits; a call within another one counts once."""
GLANCE = 0.02
"""Seconds between two looks at the memory."""
MEBIBYTE = 2**20


@dataclass
class Measured:
    """Moments of the clock of the machine, seconds, and memory in MiB.

    ``begun`` to ``ended`` is the work on cells; ``keeping`` what claims, records and
    commits took of it. ``working`` and ``kept`` are the same in seconds of a processor,
    which a busy machine does not lengthen. ``base`` is the process before it loads a
    model, ``peak`` at most, ``anonymous`` at most without pages of files. ``unread`` are
    weights that lie in a mapped file and that no text has asked for, such as those of
    words that none has: they come into memory once they are. ``preflight`` is what was
    foretold of model and study, ``disk`` what of their file on disk.
    """

    begun: float = 0.0
    ended: float = 0.0
    keeping: float = 0.0
    working: float = 0.0
    kept: float = 0.0
    commits: int = 0
    processor: float = 0.0
    base: float = 0.0
    peak: float = 0.0
    anonymous: float = 0.0
    unread: float = 0.0
    preflight: float = 0.0
    disk: float = 0.0

    @property
    def taken(self) -> float:
        """What loading a model and computing a study take, beside all that was there."""
        return self.peak - self.base + self.unread

    @property
    def foretold(self) -> float:
        """The same as it was foretold; pages of the file on disk stay in memory."""
        return self.preflight + self.disk


class Stopwatch:
    """Seconds inside some functions, counted once where one calls another."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.processor = 0.0
        self.calls: dict[str, int] = {}
        self.inside = False

    def watch(self, owner: Any, name: str) -> None:
        """Let a function of a module or class be timed from now on."""
        setattr(owner, name, self.timed(getattr(owner, name)))

    def timed(self, function: Callable) -> Callable:
        """The same function, timed."""

        @functools.wraps(function)
        def watched(*given: Any, **named: Any) -> Any:
            self.calls[function.__name__] = self.calls.get(function.__name__, 0) + 1
            if self.inside:
                return function(*given, **named)
            self.inside = True
            begun, processor = time.perf_counter(), time.thread_time()
            try:
                return function(*given, **named)
            finally:
                self.seconds += time.perf_counter() - begun
                self.processor += time.thread_time() - processor
                self.inside = False

        return watched


def watch_memory(found: Measured, stop: threading.Event) -> None:
    """Look at this process's memory until told to stop."""
    process = psutil.Process()
    while not stop.wait(GLANCE):
        seen = process.memory_info()
        own = seen.rss - getattr(seen, "shared", 0)
        found.peak = max(found.peak, seen.rss / MEBIBYTE)
        found.anonymous = max(found.anonymous, own / MEBIBYTE)


def watch_cells(found: Measured, watch: Stopwatch) -> None:
    """Note when the work on cells begins and ends."""
    compute = extraction.extract_cells

    def watched(*given: Any) -> None:
        seconds, processor = watch.seconds, watch.processor
        begun = time.process_time()
        found.begun = time.monotonic()
        try:
            compute(*given)
        finally:
            found.ended = time.monotonic()
            found.keeping = watch.seconds - seconds
            found.working = time.process_time() - begun
            found.kept = watch.processor - processor

    extraction.extract_cells = watched


def watch_preflight(found: Measured) -> None:
    """Note what the process is before a model is loaded, and what is foretold of a study."""
    from analysis.model import load

    find, compute = load.load, extraction.extract_cells

    def loaded(spec: ModelSpec, *more: Any) -> Any:
        # What it needs itself is there already where it is asked before.
        load.preflight(spec)
        found.base = psutil.Process().memory_info().rss / MEBIBYTE
        return find(spec, *more)

    def computed(folder: Path, corpus: Corpus, reader: Any, *more: Any) -> None:
        try:
            compute(folder, corpus, reader, *more)
        finally:
            foretell(found, folder, corpus, reader.loaded)
            found.unread = unread(reader.loaded.source.folder)

    load.load = loaded
    extraction.extract_cells = computed


def foretell(found: Measured, folder: Path, corpus: Corpus, loaded: Any) -> None:
    """Note what the Check says of a study."""
    from analysis.model import load

    spec = store.read_manifest(folder).spec_as(StudySpec)
    pairs = extraction.chosen_pairs(corpus, spec)
    tokens_of = functools.partial(extraction.tokens_in, loaded.tokenizer, spec.template)
    seen = load.preflight(spec.model)
    needed = extraction.needed_to_read(seen, pairs, spec.split, tokens_of)
    found.preflight = needed.memory / MEBIBYTE
    found.disk = needed.disk / MEBIBYTE


def unread(folder: Path) -> float:
    """MiB of the weights in a folder that are mapped and not in memory."""
    process: Any = psutil.Process()
    if not hasattr(process, "memory_maps"):
        return 0.0
    absent = 0
    for mapped in process.memory_maps():
        path = Path(mapped.path)
        if path.suffix == ".safetensors" and path.parent == folder.resolve():
            absent += mapped.size - mapped.rss
    return absent / MEBIBYTE


def main(told: Path, words: list[str]) -> int:
    """Do what the words say, and write what was measured."""
    found = Measured()
    watch = Stopwatch()
    for owner, name in KEEPING:
        watch.watch(owner, name)
    watch_cells(found, watch)
    watch_preflight(found)
    stop = threading.Event()
    watcher = threading.Thread(target=watch_memory, args=(found, stop))
    watcher.start()
    try:
        status = commands.main(words)
    finally:
        stop.set()
        watcher.join()
    found.commits = watch.calls.get("add_file", 0)
    found.processor = time.process_time()
    told.write_text(json.dumps(asdict(found)))
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
