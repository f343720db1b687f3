"""Speed of live steering as the Playground asks for it: ``python -m benchmarks.live``.

``--study NAME`` is one with language vectors or concepts whose model is here. The worker of
a server answers baseline, strength 0, steered and random twin; meanwhile the page is
drawn every 0.3 s, as a browser asks for it. ``--threads N`` takes so many in place of
what the program chooses; ``--busy N`` keeps as many further processes at work.
"""

import argparse
import multiprocessing
import time
from dataclasses import dataclass

from analysis.model import generate, threads
from analysis.steering.language_vectors import has_language_vectors
from analysis.steering.resolve import layers_at_depth
from analysis.steering.specs import (
    GenerationSpec,
    SteeringSpec,
    SteeringTerm,
    VectorSource,
)
from analysis.study import library
from analysis.study.study import Study
from analysis.worker.answers import (
    ALTERNATIVES,
    Ask,
    Request,
    answer_request,
    dosed,
)
from analysis.worker.service import Service

PROMPT = "My favourite food is"
LOOK = 0.3
"""Seconds between two looks of the page."""


@dataclass(frozen=True)
class Measured:
    """Seconds until the first words and until all is there, and the tokens that were said."""

    first: float
    whole: float
    tokens: int


def request_of(study: Study, tokens: int) -> Request:
    """What a press on Run asks for, with the random twin."""
    source = VectorSource("language vector", study.name, language="es", target="en")
    if not has_language_vectors(study):
        source = VectorSource(
            "concept vector", study.name, study.concepts[0], study.languages[0]
        )
    layers = layers_at_depth(0.38, 0.67, study.layers)
    push = SteeringSpec((SteeringTerm(source, layers, (0.25,)),))
    twin_source = VectorSource("random", plus=(source,), seed=1)
    twin = SteeringSpec((SteeringTerm(twin_source, layers, (0.25,)),))
    asks = (
        Ask("Baseline", PROMPT, "en"),
        Ask("Strength 0", PROMPT, "en", dosed(push, 0.0)),
        Ask("Steered", PROMPT, "en", push),
        Ask("Random twin", PROMPT, "en", twin),
    )
    model = study.manifest.model
    assert model is not None, "a study without its model"
    return Request(model, "none", asks, GenerationSpec(tokens, 0.0, 0, ALTERNATIVES))


def measured(service: Service, request: Request) -> Measured:
    """One press on Run."""
    begun = time.perf_counter()
    job = service.submit("benchmark", "Answers", answer_request(request), 60.0)
    first = 0.0
    while not job.finished.wait(LOOK):
        job.seen = time.monotonic()
        if job.partial and not first:
            first = time.perf_counter() - begun
    whole = time.perf_counter() - begun
    if job.error:
        raise SystemExit(job.error)
    tokens = max(len(one.answer.ids) for one in job.result)
    return Measured(first or whole, whole, tokens)


def keep_busy() -> None:
    """Work that never ends."""
    while True:
        pass


def main() -> None:
    """Measure, and say what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", default="demo")
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--busy", type=int, default=0)
    asked = parser.parse_args()
    if asked.threads:
        generate.threads_for = lambda rows: asked.threads
    study = library.open_by_name(asked.study)
    request = request_of(study, asked.tokens)
    others = []
    for _ in range(asked.busy):
        others.append(multiprocessing.Process(target=keep_busy, daemon=True))
    for other in others:
        other.start()
    service = Service()
    cold = measured(service, request)
    chosen = asked.threads or threads.threads_for(len(request.asks))
    print(
        f"{study.model}, {threads.cores()} cores, {chosen} threads, {asked.busy} busy"
    )
    print(f"with loading: first words {cold.first:.1f} s, all {cold.whole:.1f} s")
    for _ in range(asked.rounds):
        one = measured(service, request)
        print(
            f"loaded: first words {one.first:.2f} s, {one.tokens} tokens of "
            f"{len(request.asks)} answers and their hover data in {one.whole:.1f} s, "
            f"{one.tokens / one.whole:.1f} tokens/s"
        )
    for other in others:
        other.terminate()


if __name__ == "__main__":
    main()
