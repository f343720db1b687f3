"""Answers and dose–response of the worker, notes and presets.

On a tiny model and a planted study of its width.
"""

import io
import time

import numpy as np
import pytest
import torch

from analysis.core.errors import SpecError, StudyError
from analysis.core.specs import ModelSpec
from analysis.languages.languages import LANGUAGES
from analysis.steering import vector_files as files
from analysis.steering.fluency import knee
from analysis.steering.presets import neutral, presets
from analysis.steering.resolve import layers_at_depth
from analysis.steering.specs import (
    GenerationSpec,
    SteeringSpec,
    SteeringTerm,
    VectorSource,
)
from analysis.steering.vector_layouts import ModelSize
from analysis.study import library, notes
from analysis.worker.answers import (
    Ask,
    Dose,
    Request,
    answer_request,
    dosed,
    measure_response,
    reply,
)
from analysis.worker.service import DONE, STOPPED, Job, Pool, Service
from analysis.world.world import POSITIVE, rating
from components.forms.tokens import Token, merged
from tests.planted import planted_study
from tests.stored import stored
from tests.tiny import HIDDEN, LAYERS


@pytest.fixture(autouse=True)
def study(tiny_models):
    """A home with a study of the tiny model's width."""
    stored(
        "tiny",
        planted_study(
            ("fairness", "truth", "care"), ("en", "fr", "zh"), (LAYERS, 24, HIDDEN)
        ),
    )


def steering(study: str, strength: float, concept: str = "fairness") -> SteeringSpec:
    """One vector of a study at layer 2."""
    return SteeringSpec(
        (
            SteeringTerm(
                VectorSource("concept vector", study, concept, "en"), (2,), (strength,)
            ),
        )
    )


def test_a_curve_has_the_planted_shape():
    ask = Ask("dose", "the judge", "en", steering("tiny", 1.0))
    asked_for = Dose(
        ModelSpec("llama", device="cpu"),
        "none",
        ask,
        (0.0, 1.0, 30.0),
        (" is", " no"),
        ("hello there",),
    )
    response = measure_response(asked_for)(Job(0, "me", "dose", None), Pool())
    assert response.kl[0] == 0 < response.kl[1] < response.kl[2]
    assert np.isfinite(response.log_odds).all()
    assert len(response.texts) == 3
    assert dosed(ask.steering, 3.0).terms[0].strengths == (3.0,)


@pytest.mark.parametrize(
    ("repeated", "expected"),
    [
        ([0, 0, 0, 0.5, 0.9], 1),
        ([0, 0, 0, 0.5, 0.1], None),
        ([0.9, 0, 0, 0, 0.9], 2),
        ([0] * 5, None),
    ],
)
def test_the_knee_is_where_repetition_begins_to_stay(repeated, expected):
    found = knee(np.array([-2.0, -1, 0, 1, 2]), np.array(repeated, float))
    assert np.isnan(found) if expected is None else found == expected


def test_a_job_that_nobody_looks_at_stops():
    service = Service()

    def work(job: Job, pool: Pool) -> None:
        while True:
            job.check()
            time.sleep(0.01)

    left, watched = (
        service.submit(name, name, work, lease=0.2) for name in ("left", "watched")
    )
    assert left.finished.wait(20)
    assert left.state == STOPPED
    watched.seen = time.monotonic() + 60
    service.submit("third", "third", lambda job, pool: 1)
    assert not watched.finished.wait(0.5) or watched.state == STOPPED
    service.stop(watched)
    assert watched.finished.wait(20)


def test_two_who_steer_oppositely_never_mix():
    service = Service()
    model = ModelSpec("llama", device="cpu")
    requests = [
        Request(
            model,
            "none",
            (Ask("x", "the judge", "en", steering("tiny", s)),),
            GenerationSpec(6),
        )
        for s in (40.0, -40.0)
    ]
    alone = [reply(request)[0].answer.ids for request in requests]
    assert alone[0] != alone[1]
    for _ in range(3):
        jobs = [
            service.submit(f"user {i}", "", answer_request(request))
            for i, request in enumerate(requests)
        ]
        for job, expected in zip(jobs, alone):
            assert job.finished.wait(60)
            assert job.state == DONE
            assert job.result[0].answer.ids == expected


def test_torch_files_are_read_without_running_anything():
    def saved(value: object) -> bytes:
        torch.save(value, buffer := io.BytesIO())
        return buffer.getvalue()

    found = files.read_vectors(
        saved({"h.0": torch.ones(4, dtype=torch.bfloat16), "h.1": torch.zeros(4)}),
        "x.pt",
    )
    assert {layer: values.tolist() for layer, values in found.items()} == {
        1: [1, 1, 1, 1],
        2: [0, 0, 0, 0],
    }
    size = ModelSize(3, 4)
    found = files.read_vectors(saved(torch.ones(3, 4)), "x.pt", size)
    assert found.keys() == {1, 2, 3}
    for harm in (saved(print), saved({"layer.1": "text"}), b"nothing"):
        with pytest.raises(SpecError, match="cannot be read"):
            files.read_vectors(harm, "x.pt")


def test_notes_have_bounds_and_damage_is_said(monkeypatch):
    study = library.open_by_name("tiny")
    monkeypatch.setattr(notes, "MOST", 2)
    notes.add_notes(study, "votes", {"chosen": "local"}, {"chosen": "local"})
    with pytest.raises(StudyError, match="2 votes already"):
        notes.add_notes(study, "votes", {"chosen": "local"})
    notes.file_of(study, "votes").write_text("{")
    with pytest.raises(StudyError, match="damaged"):
        notes.read_notes(study, "votes")
    demo = library.open_by_name("demo")
    notes.add_notes(demo, "votes", {"chosen": "English"})
    assert notes.read_notes(demo, "votes") == [{"chosen": "English"}]


def test_every_language_has_neutral_prompts_and_presets_fit():
    assert set(neutral()) == set(LANGUAGES)
    for preset in presets("demo").values():
        assert set(LANGUAGES) <= set(preset.texts)
        assert preset.finding and all(text.strip() for text in preset.texts.values())


@pytest.mark.parametrize("name", presets("demo"))
def test_the_demo_answers_its_presets_in_every_language(name):
    preset = presets("demo")[name]
    asks = tuple(Ask(code, preset.texts[code], code) for code in LANGUAGES)
    request = Request(ModelSpec("demo", device="cpu"), preset.template, asks)
    replies = answer_request(request)(Job(0, "me", "answers", None), Pool())
    assert [
        one.ask.language for one in replies if not "".join(one.answer.pieces).strip()
    ] == []


def test_the_first_preset_of_the_demo_turns_its_verdict():
    preset = presets("demo")["verdict"]
    source = VectorSource(study="demo", concept=preset.concept, language="en")
    layers = layers_at_depth(*preset.depths, library.open_by_name("demo").layers)
    asks = [
        Ask(
            str(strength),
            preset.texts["en"],
            "en",
            SteeringSpec((SteeringTerm(source, layers, (strength,)),)),
        )
        for strength in (0.0, preset.strength)
    ]
    replies = answer_request(
        Request(ModelSpec("demo", device="cpu"), preset.template, tuple(asks))
    )(Job(0, "me", "answers", None), Pool())
    assert ["".join(one.answer.pieces) for one in replies] == [
        preset.sides["en"][1],
        rating(POSITIVE),
    ]


def test_split_characters_are_shown_as_one_token():
    assert merged(("a", "", "é"), (False, True, False), ("x", "y", "z")) == [
        Token("a", False, "x"),
        Token("é", True, "y\nz"),
    ]
