"""A control run on a tiny real model: its cells are what the engine says when asked one by one."""

import numpy as np
import pytest

from analysis.control import store as control
from analysis.control.prompts import Prompt, PromptSet
from analysis.control.specs import ControlSpec, JudgingSpec
from analysis.model.generate import generate
from analysis.model.hooks import Row
from analysis.model.load import load
from analysis.model.scoring import continuations, kl, next_distribution
from analysis.steering.resolve import ResolvedTerm
from analysis.steering.specs import GenerationSpec
from analysis.study import library, store
from analysis.worker import extraction
from analysis.worker.service import DONE, FAILED
from analysis.worker.speaker import ModelSpeaker
from tests.test_work import LLAMA, corpus, run, study_spec

PROMPTS = PromptSet(
    "tiny prompts",
    (
        *(
            Prompt(str(i), a, f"{a} judge {i} says", "", " yes", " no")
            for a in ("en", "fr")
            for i in range(4)
        ),
        *(
            Prompt(f"n{i}", a, f"{a} is {i}", "neutral")
            for a in ("en", "fr")
            for i in range(2)
        ),
    ),
)


@pytest.fixture
def study(tiny_models):
    job = run(extraction.extract_study(study_spec(), corpus(), "Judges", {}))
    assert job.state == DONE, job.error
    return library.open_by_name(job.result)


def begun(study, **changes):
    options = {
        "template": "none",
        "tokens": 4,
        "layer_sets": 3,
        "strengths": (0.5, 2.0),
        "search_prompts": 2,
        "reported_prompts": 2,
    }
    digest = control.vectors_digest(study, "truth")
    spec = ControlSpec(
        LLAMA,
        study.name,
        digest,
        "truth",
        ("en", "fr"),
        PROMPTS.name,
        PROMPTS.digest,
        "en",
        **options | changes,
    )
    return control.begin(
        spec, study, PROMPTS, "tiny run", JudgingSpec(objective="verdict log-odds")
    )


def test_a_run_is_what_the_engine_says_one_by_one(study):
    job = run(extraction.control_run(begun(study)))
    assert job.state == DONE, job.error
    answers = control.frame(job.result, job.result.judging)
    assert not control.missing(job.result, answers, job.result.judging)
    loaded, vector = (
        load(LLAMA),
        study.array("concept_vector").sel(concept="truth", language="fr").values,
    )
    (asked,) = answers[
        (answers["stage"] == "search")
        & (answers["language"] == "fr")
        & (answers["strength"] == 2)
        & (answers["layers"] == "3")
    ][:1].itertuples()
    term = ResolvedTerm({3: vector[2]}, {3: 2.0})
    (said,) = generate(loaded, [Row(asked.request, (term,))], GenerationSpec(4))
    assert said.text == asked.text and len(said.ids) == asked.tokens
    (ends,) = continuations(loaded, [Row(asked.request, (term,))], [(" yes", " no")])
    assert asked.log_odds == pytest.approx(ends.nats[0] - ends.nats[1], abs=1e-3)
    (plain,) = continuations(loaded, [Row(asked.request)], [[asked.text]])
    assert asked.surprise == pytest.approx(-plain.nats[0] / plain.tokens[0], abs=1e-3)
    neutral = [prompt.text for prompt in job.result.prompts("neutral", "fr")]
    before, after = (
        next_distribution(loaded, [Row(text, terms) for text in neutral])
        for terms in ((), (term,))
    )
    assert (
        asked.kl == pytest.approx(kl(before, after).mean(), abs=1e-3) and asked.kl > 0
    )
    assert (answers.loc[answers["stage"] == "none", "kl"] == 0).all()


def test_an_empty_answer_has_no_surprise(study):
    name = begun(study)
    speaker = ModelSpeaker(load(LLAMA), control.open_run(name).spec)
    empty, said = speaker.surprise(["en judge", "en judge"], ["", "x"])
    assert (
        np.isnan(empty)
        and said > 0
        and speaker.surprise(["en judge"], [""])[0] is not None
    )


def test_one_cell_is_timed_then_the_rest_goes_on(study):
    name = begun(study)
    assert len(run(extraction.control_run(name, 1)).result.done) == 1
    stopped = run(extraction.control_run(name), stop_at=4)
    assert stopped.state != DONE and len(control.open_run(name).done) == 4
    assert run(extraction.control_run(name)).state == DONE


def test_prompts_beyond_the_window_are_a_sentence(study):
    job = run(extraction.control_run(begun(study, tokens=120)))
    assert job.state == FAILED and "window" in job.error


def test_a_study_made_anew_is_not_mixed_with_an_old_run(study):
    name = begun(study)
    run(extraction.control_run(name, 1))
    library.delete(study.name)
    job = run(
        extraction.extract_study(
            study_spec(estimator="logistic probe"), corpus(), "Judges", {}
        )
    )
    (store.root() / job.result).rename(store.root() / study.name)
    again = run(extraction.control_run(name))
    assert again.state == FAILED and "have changed" in again.error
