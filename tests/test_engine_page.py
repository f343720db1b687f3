"""Another engine on the Playground: offered by its name, with what its certificate says,
and never mixed with this machine's.
"""

import json
from pathlib import Path

import pytest

from analysis.core.errors import SpecError
from analysis.engines import kept, named
from analysis.engines.certificate import certify
from analysis.engines.vllm_lens import connect
from analysis.model.reference_engine import TransformersEngine
from analysis.study import library, notes
from analysis.worker.answers import Ask, Request, reply
from analysis.worker.service import FAILED
from components.frame import cache
from components.views.keeping import code
from tests.families import engine_of
from tests.lens_server import LensServer, serving
from tests.planted import planted_study
from tests.stored import stored
from tests.tiny import HIDDEN, LAYERS
from tests.visits import after_jobs, alive, button, visit, words

PAGE = "pages/playground.py"
CONCEPTS, SPOKEN = ("fairness", "truth"), ("en", "fr")
PROMPT = {"template": "none", "tokens": 6, "prompt": "the judge", "strength": 40.0}
WORDS = "vLLM with vllm-lens 0.30.0 in float32"


@pytest.fixture(scope="module")
def server():
    """A stand-in with the tiny Llama."""
    with serving(engine_of("llama")) as found:
        yield found


@pytest.fixture(scope="module")
def passed(server):
    """A certificate of it."""
    found = certify(connect(server.url), TransformersEngine(engine_of("llama")))
    assert found.passed
    return found


@pytest.fixture
def engine(fresh: Path, tiny_models: Path, server: LensServer) -> LensServer:
    """The stand-in under the name that the operator gave it, and a study to push along."""
    server.fault = ""
    (fresh / named.FILE).write_text(f'gpus = "{server.url}/v1/"\n')
    arrays = planted_study(CONCEPTS, SPOKEN, (LAYERS, 24, HIDDEN))
    stored("tiny", arrays, spec={"model": {"model": "llama", "device": "cpu"}})
    return server


def play(tab: str = "dose", **values: object):
    """The Playground with these settings in its link."""
    return visit(PAGE, study="tiny", tab=tab, play=json.dumps(PROMPT | values))


def pressed(at, label: str = "Run"):
    """The page after a button's job has ended, which is looked at meanwhile."""
    button(at, label).click().run()
    return after_jobs(at)


def test_an_engine_is_offered_where_it_is_named_and_has_passed(engine, passed, fresh):
    at = play()
    assert at.selectbox(key="play-engine").options == ["This machine", "gpus"]
    assert not at.warning and not button(at, "Run").disabled
    at = play(engine="gpus")
    assert "gpus has not passed the suite beside llama" in at.warning[0].value
    assert button(at, "Run").disabled
    kept.keep(passed)
    at = play(engine="gpus")
    assert not at.warning and not button(at, "Run").disabled
    assert f"{WORDS} passed the suite beside llama on {passed.made[:10]}." in words(at)
    assert "draws at a temperature" in words(at)
    assert "one server, one version and one model" in words(at)
    (fresh / named.FILE).write_text("gpus = 7\n")
    assert "this machine alone writes" in play().warning[0].value
    (fresh / named.FILE).unlink()
    keys = {box.key for box in play().selectbox}
    assert "play-model" in keys and "play-engine" not in keys


def test_all_answers_of_a_run_are_by_one_engine_which_is_said(engine, passed):
    kept.keep(passed)
    engine.heard.clear()
    here = pressed(play(twin=True)).session_state["play-got-answers"].answer
    assert not engine.heard
    at = pressed(play(twin=True, engine="gpus"))
    left = at.session_state["play-got-answers"]
    assert [one.answer.text for one in left.answer] == [one.answer.text for one in here]
    assert {one.engine for one in left.answer} == {WORDS}
    assert "".join(left.answer[2].answer.pieces) == left.answer[2].answer.text
    assert left.answer[0].prompt == here[0].prompt and left.answer[0].repetition == 0
    assert f"Written by {WORDS}." in words(at)
    assert "Strength 0 equals the baseline" in words(at)
    assert "engine='gpus'" in code(left.asked)
    alive(button(at, "Save answers to the study").click().run())
    saved = notes.read_notes(library.open_by_name("tiny"), "answers")
    assert {note["engine"] for note in saved} == {WORDS}
    at.selectbox(key="play-engine").select("").run()
    assert "belong to earlier settings" in words(alive(at))


def test_votes_on_answers_of_another_engine_are_counted_apart(engine, passed):
    kept.keep(passed)
    at = play("compare", engine="gpus", language="fr", prompt="le juge")
    at = pressed(at, "Compare")
    number = at.session_state["play-got-compare"].number
    at.button_group(key=f"vote-{number}").set_value("A").run()
    alive(button(at, "Cast the vote").click().run())
    told = "Blind votes on fairness in fr"
    assert f"{told}: n = 0. {told}, answers by {WORDS}: n = 1" in words(at)
    assert "1 blind votes are kept in all" in words(at)


def test_what_an_engine_does_not_offer_is_refused_and_a_fault_is_found(engine, passed):
    kept.keep(passed)
    at = pressed(play(engine="gpus", temperature=0.5))
    (job,) = [job for job in cache.service().jobs.values() if job.owner != "babelscope"]
    assert job.state == FAILED and "does not offer draws at a temperature" in job.error
    engine.fault = "ignored"
    at = pressed(play(engine="gpus"))
    job = next(reversed(cache.service().jobs.values()))
    assert job.state == FAILED and "had passed the suite and now fails" in job.error
    assert "play-got-answers" not in at.session_state


def test_python_names_an_engine_as_the_page_does(engine, passed, fresh):
    kept.keep(passed)
    from analysis.core.specs import ModelSpec
    from analysis.steering.specs import GenerationSpec

    asks = (Ask("Baseline", "the judge", "en"),)
    wanted = GenerationSpec(6)
    by_name = reply(Request(ModelSpec("llama"), "none", asks, wanted, "gpus"))
    by_address = reply(Request(ModelSpec("llama"), "none", asks, wanted, engine.url))
    (own,) = reply(Request(ModelSpec("llama"), "none", asks, wanted))
    assert by_name == by_address and by_name[0].answer.ids == own.answer.ids
    assert by_name[0].answer.ended == own.answer.ended and own.engine == ""
    with pytest.raises(SpecError, match="gpus"):
        named.address_at("gpu")


@pytest.mark.parametrize(
    "text", ["gpus = ", "gpus = 7", '"g p" = "http://a"', 'a = "ftp://b"']
)
def test_a_file_that_does_not_fit_is_told(home, text):
    (home / named.FILE).write_text(text)
    with pytest.raises(SpecError):
        named.named_engines()
