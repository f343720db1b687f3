"""What the worker is asked to do, on a tiny model: a look, a study that equals the
plain computation, stop and go on.
"""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from analysis.concepts.pairs import ContrastPair, Corpus, split_pairs
from analysis.concepts.specs import StudySpec
from analysis.core.specs import ModelSpec
from analysis.model.extract import stream
from analysis.model.load import load
from analysis.study import library, store
from analysis.worker import extraction
from analysis.worker.reader import Collected
from analysis.worker.service import DONE, FAILED, STOPPED, Job, Service
from tests.tiny import HIDDEN, LAYERS

LLAMA = ModelSpec("llama")
LANGUAGES, CONCEPTS, PAIRS = ("en", "fr"), ("fairness", "truth"), 10
WORDS = {
    "en": ("The {} judge number {} spoke.", "fair", "unfair"),
    "fr": ("Le juge {} numéro {} parle.", "juste", "injuste"),
}


def corpus() -> Corpus:
    """Pairs of two concepts in two languages."""
    made = [
        ContrastPair(
            str(i),
            concept,
            language,
            text.format(good, f"{i} {concept}"),
            text.format(bad, f"{i} {concept}"),
        )
        for concept in CONCEPTS
        for language, (text, good, bad) in WORDS.items()
        for i in range(PAIRS)
    ]
    return Corpus("judges", tuple(made))


def study_spec(model: ModelSpec = LLAMA, **changes: object) -> StudySpec:
    """A study of everything in the corpus."""
    return StudySpec(model, "judges", corpus().digest, CONCEPTS, LANGUAGES, **changes)


def run(task, stop_at: int | None = None) -> Job:
    """A job run to its end by a service of its own; stopped when the n-th cell begins."""
    service = Service()

    def watched(job: Job, pool) -> object:
        if stop_at is not None:
            real = job.progress

            def progress(done: int, total: int, doing: str = "") -> None:
                if total and done == stop_at:
                    service.stop(job)
                real(done, total, doing)

            job.progress = progress
        return task(job, pool)

    job = service.submit("me", "a study", watched)
    assert job.finished.wait(60)
    return job


def contents(folder: Path) -> dict[str, str]:
    """SHA-256 of every tensor file of a study."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("*.safetensors"))
    }


def all_states(model: ModelSpec, texts: list[str]) -> np.ndarray:
    """States of the texts (text, layer, hidden)."""
    collected = Collected(len(texts), LAYERS, HIDDEN)
    stream(load(model), texts, [collected])
    return collected.values


def gaps(pairs: dict[str, ContrastPair], ids: tuple[str, ...]) -> np.ndarray:
    """State of the positive minus that of the negative (pair, layer, hidden)."""
    return all_states(LLAMA, [pairs[i].positive for i in ids]) - all_states(
        LLAMA, [pairs[i].negative for i in ids]
    )


def test_a_look_at_a_model_tells_its_size_and_the_token_that_is_read(tiny_models):
    task = extraction.check_model(
        LLAMA, "papers' LLaMA2", extraction.chosen_pairs(corpus(), study_spec())
    )
    seen = run(task).result
    assert (seen.family, seen.layers, seen.hidden, seen.revision, seen.fits) == (
        "llama",
        LAYERS,
        HIDDEN,
        "local",
        True,
    )
    assert seen.tails["en"][-2:] == ["]", "␣"] and set(seen.tails) == {"en", "fr"}


def test_a_study_has_the_numbers_of_the_plain_computation(tiny_models):
    job = run(
        extraction.extract_study(
            study_spec(), corpus(), "Judges", {"share_percent": {"en": 90.0}}
        )
    )
    assert job.state == DONE, job.error
    study = library.open_by_name(job.result)
    assert (
        study.complete
        and study.manifest.share_percent == {"en": 90.0}
        and study.manifest.precision == {}
    )
    assert study.manifest.spec["model"]["revision"] == "local"
    vectors = {}
    for language in LANGUAGES:
        train, test = split_pairs(corpus(), "by pair", "truth", language, 1)
        pairs = {pair.pair: pair for pair in corpus().select("truth", language)}
        vectors[language], held = gaps(pairs, train).mean(0), gaps(pairs, test)
    kept = study.array("concept_vector").sel(concept="truth", language="en").values
    np.testing.assert_allclose(kept, vectors["en"], atol=1e-5)
    scores = (
        study.array("pair_score").sel(concept="truth", source="en", target="fr").values
    )
    np.testing.assert_allclose(
        scores, np.einsum("lh,plh->lp", vectors["en"], held), atol=1e-4
    )


@pytest.mark.parametrize("estimator", ["difference of means", "logistic probe"])
def test_a_stopped_study_goes_on_and_ends_with_the_same_bytes(
    tiny_models, home, estimator
):
    task = extraction.extract_study(
        study_spec(estimator=estimator), corpus(), "Judges", {}
    )
    whole = run(task)
    first = contents(store.root() / whole.result)
    library.delete(whole.result)
    stopped = run(task, stop_at=3)
    assert stopped.state == STOPPED and "kept" in stopped.error
    assert len(library.open_by_name(whole.result).missing) == 5
    resumed = run(extraction.resume_study(whole.result))
    assert resumed.state == DONE and resumed.result == whole.result, resumed.error
    assert contents(store.root() / whole.result) == first
    again = run(task)
    assert again.state == FAILED and "complete already" in again.error


@pytest.mark.parametrize(
    "model",
    [ModelSpec("llama", dtype="bfloat16"), ModelSpec("llama", quantisation="8-bit")],
)
def test_the_loss_of_precision_is_measured_against_float32(tiny_models, model):
    job = run(extraction.extract_study(study_spec(model), corpus(), "Judges", {}))
    assert job.state == DONE, job.error
    facts = library.open_by_name(job.result).manifest.precision
    assert (
        len(facts["cosine to float32"]) == LAYERS
        and 0.98 < min(facts["cosine to float32"]) < 1
    )
    assert facts["texts"] == extraction.PROBES


def test_a_study_goes_on_without_the_comparison_when_float32_does_not_fit(
    tiny_models, monkeypatch
):
    from analysis.core import model_memory
    from analysis.model import load as models

    monkeypatch.setattr(model_memory, "LIBRARY_BYTES", {"cpu": 0})
    needed = models.preflight(ModelSpec("llama", dtype="bfloat16")).needed
    monkeypatch.setenv("BABELSCOPE_MODEL_MEMORY", str(1.5 * needed / 2**30))
    job = run(
        extraction.extract_study(
            study_spec(ModelSpec("llama", dtype="bfloat16")), corpus(), "Judges", {}
        )
    )
    assert job.state == DONE, job.error
    assert (
        "float32 could not be loaded"
        in library.open_by_name(job.result).manifest.precision["not measured"]
    )


def test_what_was_halved_for_want_of_memory_is_told_on_the_job(
    tiny_models, monkeypatch
):
    from analysis.model import extract

    real = extract.read_batch

    def limited(engine, ids, *rest):
        if len(ids) > 4:
            raise MemoryError
        return real(engine, ids, *rest)

    monkeypatch.setattr(extract, "read_batch", limited)
    job = run(extraction.extract_study(study_spec(), corpus(), "Judges", {}))
    assert job.state == DONE and any(
        "batches are halved" in notice for notice in job.notices
    )


def test_a_study_whose_corpus_is_gone_says_what_to_upload(tiny_models, home):
    stopped = run(
        extraction.extract_study(study_spec(), corpus(), "Judges", {}), stop_at=2
    )
    assert stopped.state == STOPPED
    (name,) = [name for name in library.names() if name.startswith("Judges-")]
    for path in (home / "corpora").iterdir():
        path.unlink()
    job = run(extraction.resume_study(name))
    assert (
        job.state == FAILED
        and f"The contrast pairs {corpus().digest}" in job.error
        and "Upload" in job.error
    )


def test_a_study_is_computed_by_one_job_at_a_time(tiny_models):
    stopped = run(
        extraction.extract_study(study_spec(), corpus(), "Judges", {}), stop_at=2
    )
    (name,) = [name for name in library.names() if name.startswith("Judges-")]
    with store.writing(store.root() / name):
        job = run(extraction.resume_study(name))
    assert (
        stopped.state == STOPPED
        and job.state == FAILED
        and "being computed by another job" in job.error
    )
