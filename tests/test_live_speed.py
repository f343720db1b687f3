"""What keeps live answers quick: threads, and no work over the vocabulary done twice."""

from dataclasses import replace

import pytest
import torch

from analysis.core.specs import ModelSpec
from analysis.model import generate as writing
from analysis.model import scoring, threads
from analysis.model.generate import generate
from analysis.model.hooks import Row
from analysis.steering.specs import (
    GenerationSpec,
    SteeringSpec,
    SteeringTerm,
    VectorSource,
)
from analysis.worker import answers
from analysis.worker.answers import ALTERNATIVES, Ask, Request
from analysis.worker.service import Job, Pool
from tests.planted import planted_study
from tests.stored import stored
from tests.tiny import HIDDEN, LAYERS

PUSH = SteeringSpec(
    (SteeringTerm(VectorSource("concept vector", "s", "care", "en"), (1,), (40.0,)),)
)
SPEC = GenerationSpec(6, alternatives=ALTERNATIVES)


@pytest.fixture
def loaded(tiny_models):
    """A tiny model in memory."""
    return Pool().get(ModelSpec("llama", device="cpu"), job())


def job() -> Job:
    """A job that nobody watches."""
    return Job(0, "test", "test", None)


@pytest.mark.parametrize(("rows", "wanted"), [(1, 1), (16, 1), (17, 2)])
def test_few_answers_leave_a_core_to_the_pages(loaded, monkeypatch, rows, wanted):
    monkeypatch.setattr(threads, "cores", lambda: 2)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    seen = set()
    monkeypatch.setattr(
        writing.Watch,
        "process",
        lambda self, scores: seen.add(torch.get_num_threads()) or scores,
    )
    try:
        generate(loaded, [Row("the judge")] * rows, GenerationSpec(2))
        assert seen == {wanted}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_machine_of_one_core_still_gets_a_thread(monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 1)
    assert threads.threads_for(1) == 1


def test_logits_are_made_in_parts_and_say_the_same(loaded, monkeypatch):
    rows = [Row(f"the judge {number}") for number in range(5)]
    texts = [[" rests", " is kind"]] * 5
    whole = scoring.continuations(loaded, rows, texts)
    sizes = []
    read = scoring.read_batch

    def counted(loaded, batch, *more):
        sizes.append(len(batch) * scoring.kept_tokens(batch) * loaded.vocabulary)
        return read(loaded, batch, *more)

    monkeypatch.setattr(scoring, "read_batch", counted)
    monkeypatch.setattr(scoring, "MOST_LOGITS", 30 * loaded.vocabulary)
    parts = scoring.continuations(loaded, rows, texts)
    assert len(sizes) > 1 and max(sizes) <= 30 * loaded.vocabulary
    for one, other in zip(whole, parts):
        assert one.nats == pytest.approx(other.nats, abs=1e-4)


def test_what_the_baseline_said_itself_is_not_computed_again(
    fresh, tiny_models, monkeypatch
):
    stored("s", planted_study(("care",), ("en",), (LAYERS, 24, HIDDEN)))
    asked = []
    real = scoring.alternatives

    def counted(loaded, rows, ids, count):
        asked.append(len(rows))
        return real(loaded, rows, ids, count)

    monkeypatch.setattr(scoring, "alternatives", counted)
    still = SteeringSpec((replace(PUSH.terms[0], strengths=(0.0,)),))
    asks = (
        Ask("Baseline", "the judge", "en"),
        Ask("Strength 0", "the judge", "en", still),
        Ask("Steered", "the judge", "en", PUSH),
    )
    request = Request(ModelSpec("llama", device="cpu"), "none", asks, SPEC)
    pool = Pool()
    plain, zero, steered = answers.answered(request, job(), pool)
    assert asked == [1]
    assert plain.baseline == zero.baseline == plain.answer.top
    rows = answers.rows_of(pool.get(request.model, job()), "none", asks, [])
    bare = replace(rows[0], terms=())
    loaded = pool.get(request.model, job())
    again = real(loaded, [bare, bare], [plain.answer.ids, steered.answer.ids], 5)
    for kept, computed in zip((plain.baseline, steered.baseline), again):
        for here, there in zip(kept, computed, strict=True):
            assert [one.token for one in here] == [one.token for one in there]
            assert [one.share for one in here] == pytest.approx(
                [one.share for one in there], abs=1e-4
            )
