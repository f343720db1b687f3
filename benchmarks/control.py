"""Time a whole control run on the demo model, killed on the way: 12 languages × 100
settings × 20 search prompts.

``python -m benchmarks.control [threads]``; the prompts are the demo's declined requests
and, since these are few,
harmful deeds out of its pairs, all asked in its own chat.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from analysis.concepts.corpora import DEMO, REQUESTS, demo_corpus
from analysis.concepts.specs import StudySpec
from analysis.control import prompts, store
from analysis.control.prompts import Prompt, PromptSet
from analysis.control.specs import ControlSpec, JudgingSpec
from analysis.study import library
from analysis.worker.extraction import control_run
from analysis.worker.service import Job, Pool

LANGUAGES = ("en", "fr", "zh", "es", "pt", "vi", "ca", "id", "ja", "ko", "fi", "hu")
CONCEPT = "harmfulness"
PROMPTS = {"search_prompts": 20, "reported_prompts": 20}
MANY = 60


def begin() -> str:
    """The run, with nothing computed."""
    study = library.open_by_name(library.REQUESTS)
    made = study.manifest.spec_as(StudySpec)
    pairs = {
        a: [
            pair
            for name in (REQUESTS, DEMO)
            for pair in demo_corpus(name).select(CONCEPT, a)
        ]
        for a in LANGUAGES
    }
    texts = [
        Prompt(pair.pair, a, pair.negative)
        for a, found in pairs.items()
        for pair in found[:MANY]
    ]
    given = PromptSet("benchmark", tuple(texts))
    asked = prompts.load(prompts.keep(given), made, CONCEPT)
    digest = store.vectors_digest(study, CONCEPT)
    spec = ControlSpec(
        made.model,
        study.name,
        digest,
        CONCEPT,
        LANGUAGES,
        asked.name,
        asked.digest,
        **PROMPTS,
    )
    return store.begin(spec, study, asked, "benchmark", JudgingSpec())


def compute(name: str) -> None:
    """Go on with the run to its end."""
    control_run(name)(Job(1, "benchmark", name, lambda job, pool: None), Pool())


def main() -> None:
    """Begin, kill in the middle, go on, and say how long it took in all."""
    threads = sys.argv[1] if len(sys.argv) > 1 else "1"
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"BABELSCOPE_HOME": home, "OMP_NUM_THREADS": threads}
        name, began = begin(), time.monotonic()
        command = [
            sys.executable,
            "-c",
            f"from benchmarks.control import compute; compute({name!r})",
        ]
        child = subprocess.Popen(command, cwd=Path(__file__).parent.parent)
        while len(store.open_run(name).done) < 40:
            time.sleep(0.5)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        kept = len(store.open_run(name).done)
        print(
            f"killed after {time.monotonic() - began:.0f} s with {kept} cells kept",
            flush=True,
        )
        subprocess.run(command, cwd=Path(__file__).parent.parent, check=True)
        run = store.open_run(name)
        seconds = sum(entry.seconds for entry in run.manifest.files.values())
        answers = store.outlook(run).answers
        print(
            f"{answers:,} answers in {len(run.done)} cells; "
            f"{time.monotonic() - began:.0f} s in all, {seconds:.0f} s of it in "
            "cells"
        )


if __name__ == "__main__":
    main()
