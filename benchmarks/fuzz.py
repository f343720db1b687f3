"""Damaged inputs of every kind, which must end in sentences: ``python -m benchmarks.fuzz
[cases [kind …]]``.

Contrast pairs, questions, words, prompts, answers, parallel text, workbooks, Parquet, column
maps, shares, vectors, mean states, manifests and packed studies, recorded answers, recipes,
links, pages under links, model folders, GGUF models. Five thousand cases take
less than ten minutes. Each has a seed, and a failure is printed with it; ``--seed kind
number`` tries one again and shows all of its traceback.
"""

import logging
import os
import resource
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

CASES = 5_000


def main(arguments: list[str]) -> int:
    """Try all cases; 1 when one of them failed."""
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"BABELSCOPE_HOME": home, "BABELSCOPE_MODELS": f"{home}/models"}
        Path(home, "models").mkdir()
        logging.disable(logging.ERROR)
        warnings.simplefilter("ignore")
        if arguments[:1] == ["--seed"]:
            return again(" ".join(arguments[1:-1]), int(arguments[-1]))
        cases = int(arguments[0]) if arguments else CASES
        return tried(cases, arguments[1:])


def tried(cases: int, chosen: list[str]) -> int:
    """Try cases of the chosen kinds, or of all; 1 when one of them failed."""
    from tests.damaged import KINDS, outcome

    begun = time.monotonic()
    failed = 0
    for kind, about in KINDS.items():
        if chosen and kind not in chosen:
            continue
        began = time.monotonic()
        count = cases if chosen else cases * about.share // 100
        counts: Counter[str] = Counter()
        for seed in range(count):
            made = outcome(kind, seed)
            ended = (
                "failure" if made.failure else "sentence" if made.sentence else "value"
            )
            counts[ended] += 1
            if made.failure:
                print(f"FAILED: {kind} {seed}\n{made.failure}", flush=True)
        failed += counts["failure"]
        told = ", ".join(f"{counts[what]:,} {what}s" for what in ("value", "sentence"))
        seconds = time.monotonic() - began
        print(
            f"{kind}: {told}, {counts['failure']} failures, {seconds:.0f} s", flush=True
        )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    seconds = time.monotonic() - begun
    print(f"{failed} failures in {seconds:.0f} s, at most {memory:.1f} GiB of memory")
    return int(failed > 0)


def again(kind: str, seed: int) -> int:
    """Try one case and let its exception through."""
    from tests.damaged import KINDS, damaged

    data, name = damaged(kind, seed)
    print(f"{name}, {len(data):,} bytes: {data[:400]!r}")
    print(KINDS[kind].read(data, name))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
