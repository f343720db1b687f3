"""Speed of the second triangle: ``python -m benchmarks.pushing [STUDY]``.

One cell (a concept in a target language) with all sources, strengths and random directions
in common batches that share what is alike, against one push of one prompt at a time in whole
passes of the same engine, in turns; medians. On the demo's model unless a study is named,
whose model must be here.
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from analysis.concepts import corpora
from analysis.core.specs import ModelSpec
from analysis.model.load import load, no_check
from analysis.model.option_scoring import Asked
from analysis.model.pushed_scoring import plain_nats
from analysis.pushing.held_out import PushedVectors, random_directions
from analysis.pushing.plan import asked_of, begin, study_spec
from analysis.pushing.prompts import of_cell
from analysis.pushing.specs import PushingSpec
from analysis.study import library
from analysis.worker.pushing import Pusher, measured

ROUNDS, PROMPTS, DRAWS = 5, 4, 6
SOURCES = 6


@dataclass(frozen=True)
class OneAtATime(Pusher):
    """The same pushes, each in a pass of its own."""

    def nats(self, asked: Sequence[Asked]) -> list[np.ndarray]:
        """Log-probabilities (text,) of what is scored of each text, push by push."""
        found = []
        for one in asked:
            found += plain_nats(self.loaded, [one], self.check)
        return found


def seconds(work: Callable[[], object]) -> float:
    """Time of one call."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> None:
    """Measure both ways in turns, and print medians and their ratio."""
    study = library.open_by_name(sys.argv[1] if sys.argv[1:] else library.DEMO)
    model = study.manifest.model or ModelSpec(study.model)
    loaded = load(model)
    asked_for = PushingSpec(
        model,
        sources=study.languages[:SOURCES],
        targets=study.languages[:1],
        strengths=(0.02, 0.05, 0.1),
        prompts=PROMPTS,
        draws=DRAWS,
    )
    part = begin(study, asked_for)
    spec = part.spec_as(PushingSpec)
    (concept,) = spec.concepts
    corpus = corpora.find(study_spec(study).corpus_digest)
    asked = asked_of(study, spec, corpus, concept)
    prompts = of_cell(spec.readout, asked, spec.targets[0])
    vectors = PushedVectors(study, concept, spec.layer)
    drawn = random_directions(spec.seed, concept, DRAWS, loaded.hidden)
    ways = {}
    for name, kind in (("together", Pusher), ("one at a time", OneAtATime)):
        pusher = kind(loaded, spec, vectors, asked.held, drawn, no_check)
        ways[name] = partial(measured, pusher, prompts, part)
    found = [way() for way in ways.values()]
    for name, values in found[0].items():
        np.testing.assert_allclose(values, found[1][name], atol=2e-3)
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            times[name].append(seconds(way))
    medians = {name: statistics.median(each) for name, each in times.items()}
    pushes = (len(spec.sources) + DRAWS) * len(spec.strengths) * len(prompts)
    print(f"{study.title}: {pushes} pushes, {ROUNDS} rounds in turns, medians")
    for name, median in medians.items():
        print(f"  {name}: {median:.2f} s, {1000 * median / pushes:.1f} ms a push")
    ratio = medians["one at a time"] / medians["together"]
    print(f"  together is {ratio:.1f} × as fast")


if __name__ == "__main__":
    main()
