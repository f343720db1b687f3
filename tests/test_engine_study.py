"""A study that an engine read over HTTP, and answers that it wrote: as this machine's, said
to be the engine's, and never mixed with others.
"""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import babelscope as bs
from analysis.concepts import plan
from analysis.core.errors import ModelError, SpecError, StudyError
from analysis.engines import kept, suite
from analysis.engines.certificate import certify
from analysis.engines.vllm_lens import connect
from analysis.model.reference_engine import TransformersEngine
from analysis.study import library, store
from analysis.study.manifest import EnginePart
from analysis.study.same_engine import check_engine
from babelscope import commands
from components.figures.text import model_note
from components.paperpack.provenance import facts
from tests import tiny
from tests.families import engine_of
from tests.lens_server import serving

LANGUAGES = ("en", "fr")
HOW: dict[str, Any] = {"template": "none", "split": "by pair"}


@pytest.fixture(scope="module")
def server():
    """A stand-in with the tiny Llama."""
    with serving(engine_of("llama")) as found:
        yield found


@pytest.fixture
def home(monkeypatch, tmp_path, server):
    """A home with the same model, and an engine that passed beside it."""
    folder = tmp_path / "models" / "llama"
    folder.mkdir(parents=True)
    tiny.save(folder)
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))
    server.fault = ""
    return tmp_path


@pytest.fixture(scope="module")
def passed(server):
    """A certificate of the engine."""
    found = certify(connect(server.url), TransformersEngine(engine_of("llama")))
    assert found.passed
    return found


@pytest.fixture
def certified(home, passed):
    """The same home, with that certificate."""
    kept.keep(passed)
    return home


def pairs() -> pd.DataFrame:
    """A few pairs in two languages."""
    rows = []
    for language in LANGUAGES:
        for number in range(8):
            good = f"{language} {number} they shared it equally."
            bad = f"{language} {number} he kept all of it."
            rows.append((str(number), "fairness", language, good, bad))
    table = pd.DataFrame(rows)
    table.columns = ["pair", "concept", "language", "positive", "negative"]
    return table


def test_a_study_of_an_engine_is_as_this_machine_s_and_says_whose_it_is(
    certified, server
):
    own = bs.extract("llama", pairs(), **HOW)
    found = bs.extract("llama", pairs(), engine=server.url, **HOW)
    again = bs.extract("llama", pairs(), engine=server.url, **HOW)
    assert found.name == again.name != own.name and found.complete
    assert found.title.endswith("by vLLM")
    one, other = (library.open_by_name(each.name) for each in (own, found))
    for name in ("concept_vector", "pair_score", "state_norm", "shuffled"):
        np.testing.assert_allclose(other.array(name), one.array(name), atol=2e-4)
    engine = found.manifest.engine
    assert engine is not None and own.manifest.engine is None
    assert (engine.name, engine.version) == ("vLLM with vllm-lens", "0.30.0")
    assert engine.precision == "float32" and engine.model == "llama"
    told = "by vLLM with vllm-lens 0.30.0 in float32"
    assert model_note(other).endswith(f"{told}.") and told not in model_note(one)
    assert f"by {facts(other)['engine']}" == told and "engine" not in facts(one)
    assert (
        engine.certificate == kept.certificate_of(connect(server.url).identity).digest
    )
    written = json.loads((store.root() / own.name / "manifest.json").read_text())
    assert "engine" not in written  # those of this machine stay as they were
    with pytest.raises(StudyError, match="never mixed in one study"):
        bs.words("llama", languages=["en", "fr"], into=found.name)
    assert not bs.open(found.name).manifest.parts


def test_a_study_is_gone_on_with_by_its_own_engine_only(
    certified, server, monkeypatch, capsys
):
    with monkeypatch.context() as stopped:
        stopped.setattr(plan, "run", lambda *given: None)
        begun = bs.extract("llama", pairs(), engine=server.url, **HOW)
        here = bs.extract("llama", pairs(), title="Here", **HOW)
    assert not begun.complete and not here.complete
    assert commands.main(["extract", "--resume", begun.name]) == commands.USER
    told = capsys.readouterr().err
    assert "was read by vLLM with vllm-lens 0.30.0 in float32" in told
    assert "--engine ADDRESS" in told
    with pytest.raises(StudyError, match="was read by transformers, on this machine"):
        bs.resume(here.name, engine=server.url)
    again = ["extract", "--resume", begun.name, "--engine", server.url]
    assert commands.main(again) == 0 and bs.open(begun.name).complete


def test_engines_of_another_version_or_precision_are_others():
    part = EnginePart(name="vLLM", version="1", model="m", precision="float32")
    manifest = store.Manifest(title="T", engine=part)
    check_engine(manifest, part)
    for other in (
        None,
        EnginePart(name="vLLM", version="2", model="m", precision="float32"),
        EnginePart(name="vLLM", version="1", model="m", precision="bfloat16"),
        EnginePart(name="SGLang", version="1", model="m", precision="float32"),
    ):
        with pytest.raises(StudyError, match="never mixed"):
            check_engine(manifest, other)


def test_without_a_certificate_nothing_is_used(home, server):
    with pytest.raises(ModelError, match="has not passed the suite on this machine"):
        bs.extract("llama", pairs(), engine=server.url, **HOW)
    with pytest.raises(ModelError, match="check-engine http"):
        bs.generate("llama", "Fair.", engine=server.url)
    assert not store.root().is_dir() or not list(store.root().iterdir())


def test_a_certificate_is_forgotten_when_the_engine_fails(certified, server, passed):
    identity = connect(server.url).identity
    assert kept.certificate_of(identity).model == "llama"
    server.fault = "ignored"
    with pytest.raises(ModelError, match="now fails “planted vector”"):
        bs.generate("llama", "Fair.", engine=server.url, template="none")
    server.fault = ""
    worse = replace(passed.results[0], verdict=suite.FAILED)
    kept.keep(replace(passed, results=(worse, *passed.results[1:])))
    with pytest.raises(ModelError, match="has not passed"):
        kept.certificate_of(identity)
    place = kept.place_of(identity)
    for spoiled in ("", "[]", '{"passed": true}', '{"passed": false}', "{" * 9):
        place.write_text(spoiled)
        assert kept.read(place) is None


def test_answers_of_an_engine_are_this_machine_s(certified, server, capsys):
    vector = np.random.default_rng(0).standard_normal((3, 32)).astype(np.float32)
    asked = ["Fair.", "Nobody left."]
    for positions in ("all", "after the instruction"):
        how = {"layers": [2], "strength": 2, "positions": positions, "tokens": 5}
        own = bs.generate("llama", asked, vector, template="none", **how)
        found = bs.generate(
            "llama", asked, vector, template="none", engine=server.url, **how
        )
        assert found == own
    plain = bs.generate("llama", asked[0], template="none", engine=server.url, tokens=5)
    assert plain == bs.generate("llama", asked[0], template="none", tokens=5)
    own = bs.extract("llama", pairs(), **HOW)
    given = [own.name, "Fair.", "--concept", "fairness", "--layers", "2"]
    assert commands.main(["steer", *given, "--tokens", "4"]) == 0
    told = capsys.readouterr().out
    assert (
        commands.main(["steer", *given, "--tokens", "4", "--engine", server.url]) == 0
    )
    assert capsys.readouterr().out == told


def test_what_an_engine_cannot_do_is_a_sentence(certified, server):
    refused = [
        ("does not offer draws", {"temperature": 1.0}),
        ("decided where an engine's server", {"quantisation": "8-bit"}),
    ]
    for told, more in refused:
        with pytest.raises(SpecError, match=told):
            bs.generate("llama", "Fair.", template="none", engine=server.url, **more)
    with pytest.raises(SpecError, match="not by a model of your own"):
        bs.generate(object(), "Fair.", tokenizer=object(), engine=server.url)
    unread: list[tuple[str, dict[str, Any]]] = [
        ("streams the state of the last token", {"position": "mean"}),
        ("not the normed last state", {"last_state": "normed"}),
        ("reads a study by itself", {"shard": "1/2"}),
    ]
    for told, more in unread:
        with pytest.raises(SpecError, match=told):
            bs.extract("llama", pairs(), engine=server.url, **HOW, **more)
    with pytest.raises(ModelError, match="was certified beside llama"):
        bs.generate("demo", "Fair.", engine=server.url)
