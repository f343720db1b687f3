"""A vLLM server with vllm-lens as an engine, against a stand-in on this machine: the whole
suite over HTTP, faults of a server, and answers that must not be believed.
"""

import base64
import json
import re

import numpy as np
import pytest
from pyarrow import Codec

from analysis.core.errors import ModelError, SpecError
from analysis.engines import kept, suite, vllm_lens, web, wire
from analysis.engines.contract import Prompt
from analysis.engines.vllm_lens import connect
from analysis.engines.web import address_of
from analysis.model.reference_engine import TransformersEngine
from analysis.steering.resolve import ResolvedTerm
from analysis.steering.specs import GenerationSpec
from babelscope import commands
from tests import tiny
from tests.families import engine_of
from tests.lens_server import serving
from tests.tiny import HIDDEN

KEY = "BABELSCOPE_ENGINE_KEY"
FAULTS = {
    "ignored": "planted vector",
    "twice": "planted vector",
    "next layer": "right layer",
    "a neighbour's": "per row",
    "stale": "removal and prefix cache",
    "shared cache": "removal and prefix cache",
    "everywhere": "positions",
    "begins twice": "tokens",
}
"""What is wrong with a server, and the check that must see it."""


@pytest.fixture(scope="module")
def sound() -> TransformersEngine:
    """The reference with a tiny model."""
    return TransformersEngine(engine_of("llama"))


def check_requests(heard: list) -> None:
    """Every request is as the plugin wants it, and asks for nothing that was kept."""
    asked = [body for body in heard if "vllm_xargs" in body]
    salts = {body["cache_salt"] for body in asked}
    assert len(salts) == len(asked) > 100
    for body in asked:
        assert body["model"] == "tiny" and body["temperature"] == 0
        assert body["repetition_penalty"] == 1 and body["return_token_ids"] is True
        assert body["vllm_xargs"]["skip_reading_prefix_cache"] == 1
        # The plugin would run pickled functions; none is ever sent.
        assert "apply_hooks" not in body["vllm_xargs"]
        assert all(isinstance(one, str | int) for one in body["vllm_xargs"].values())


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_a_server_is_caught(sound, fault):
    checks = [one for one in suite.CHECKS if one.name == FAULTS[fault]]
    with serving(sound.loaded, fault) as server:
        (found,) = suite.results(connect(server.url), sound, checks)
    assert found.verdict == suite.FAILED and (found.deviation or 0) > 0.1


def test_half_precision_passes_with_what_rounding_costs(sound):
    checks = [one for one in suite.CHECKS if one.name in ("states", "planted vector")]
    with serving(sound.loaded, "half precision") as server:
        engine = connect(server.url)
        assert engine.identity.precision == "bfloat16"
        for one in suite.results(engine, sound, checks):
            assert one.verdict == suite.PASSED
            # Two programs' rounding adds up.
            assert one.allowed == (0.1 if one.name == "states" else 0.05)
            assert 1e-4 < (one.deviation or 0) < 0.05


def test_streamed_states_and_answers_are_the_reference_s(sound):
    fed: list = []
    again: list = []
    ids = sound.encode(["Fair.", "Nobody left the room."])
    prompts = [Prompt(tuple(row)) for row in ids]
    with serving(sound.loaded) as server:
        engine = connect(server.url)
        engine.stream(prompts, lambda places, states: fed.extend(states))
        said = engine.answers(prompts, GenerationSpec(4))
    sound.stream(prompts[:1], lambda places, states: again.extend(states))
    np.testing.assert_allclose(fed[0], again[0], atol=1e-4)
    assert [one.ids for one in said] == [
        one.ids for one in sound.answers(prompts, GenerationSpec(4))
    ]


def test_long_texts_are_streamed_in_parts_that_fit_into_memory(sound, monkeypatch):
    prompts = [Prompt((1,) * length) for length in (4, 3, 4, 8, 1)]
    with serving(sound.loaded) as server:
        engine = connect(server.url)
        monkeypatch.setattr(vllm_lens, "MOST_NUMBERS", 9 * 3 * HIDDEN)
        parts = [(begin, len(here)) for begin, here in engine.batches(prompts)]
        assert parts == [(0, 2), (2, 1), (3, 2)]
        fed: list = []
        engine.stream(prompts, lambda places, states: fed.extend(places))
        assert fed == [0, 1, 2, 3, 4]
        with pytest.raises(SpecError, match="Shorten the longest texts"):
            engine.stream([Prompt((1,) * 9)], lambda places, states: None)


def test_what_the_plugin_cannot_do_is_refused(sound):
    vector = {1: np.ones(HIDDEN, np.float32)}
    add = ResolvedTerm(vector, {1: 1.0})
    share = ResolvedTerm(vector, {1: 1.0}, "norm-relative addition")
    zero = ResolvedTerm({1: np.zeros(HIDDEN, np.float32)}, {1: 1.0})
    refused = [
        ("Put it first", (add, share)),
        ("does not offer", (ResolvedTerm(vector, {1: 1.0}, "angular"),)),
        ("would change nothing", (zero,)),
    ]
    with serving(sound.loaded) as server:
        engine = connect(server.url)
        for told, terms in refused:
            with pytest.raises(SpecError, match=told):
                engine.answers([Prompt((1, 9), terms)], GenerationSpec(1))
        engine.answers([Prompt((1, 9), (share, add))], GenerationSpec(1))


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000",
        "ftp://here",
        "http://",
        "http://a b",
        "http://a:99999",
        "http://[::1",
        "http://a/?x=1",
        "http://ä",
        "file:///etc/passwd",
        "",
    ],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(SpecError, match="is no address of an engine"):
        address_of(url)


def test_addresses_hold_no_passwords_and_end_where_v1_begins():
    with pytest.raises(SpecError, match="holds a user or a password") as refused:
        address_of("http://jane:secret@here")
    assert "secret" not in str(refused.value)
    assert address_of(" https://here:1/deep/v1/ ").url == "https://here:1/deep"
    assert address_of("http://[::1]:8000").url == "http://[::1]:8000"
    for url, port in (("http://[::1]", 80), ("https://[::1]", 443)):
        connection = web.Server(address_of(url)).connection()
        assert (connection.host, connection.port) == ("::1", port)


def test_a_redirect_is_not_followed(sound):
    with serving(sound.loaded) as there, serving(sound.loaded) as here:
        here.moved_to = there.url
        with pytest.raises(ModelError, match="sends elsewhere"):
            connect(here.url)
        assert not there.heard


def test_a_key_is_sent_and_never_told(sound, monkeypatch):
    with serving(sound.loaded) as server:
        server.key = "right"
        monkeypatch.setenv(KEY, "wr0ng")
        with pytest.raises(ModelError, match="status 401") as refused:
            connect(server.url)
        assert "wr0ng" not in str(refused.value) and KEY in str(refused.value)
        monkeypatch.setenv(KEY, "right")
        engine = connect(server.url)
    assert "right" not in repr(engine) and "right" not in repr(engine.server)
    monkeypatch.setenv(KEY, "two\nlines")
    with pytest.raises(SpecError, match="that no header can") as refused:
        connect("http://localhost:1")
    assert "two" not in str(refused.value)


def test_a_server_that_is_not_there_or_is_another_kind(sound):
    with serving(sound.loaded) as server:
        gone = server.url
        for path, said, told in (
            ("/v1/models", b"<html>", "does not answer in JSON"),
            ("/v1/models", b"[]", "does not answer in JSON"),
            ("/v1/models", b'{"data": []}', "names no model"),
            ("/v1/models", b'{"data": [{"id": 3}]}', "names no model"),
            ("/tokenize", b'{"tokens": "many"}', "gives no token ids"),
            ("/v1/completions", b'{"choices": 1}', "return_token_ids"),
            ("/v1/models", b"[" * 100_000, "does not answer in JSON"),
        ):
            server.raw = {path: said}
            with pytest.raises(ModelError, match=told):
                connect(server.url)
        server.raw = {}
        server.fault = "no plugin"
        with pytest.raises(ModelError, match="vllm-lens is not at work"):
            connect(server.url)
    with pytest.raises(ModelError, match="cannot be reached"):
        connect(gone)


def test_answers_are_bounded_in_size_and_time(sound):
    with serving(sound.loaded) as server:
        server.raw = {"/v1/models": b"x" * 5000}
        small = web.Server(address_of(server.url), most=1000)
        with pytest.raises(ModelError, match="gave an answer of more than"):
            small.get("/v1/models")
        hasty = web.Server(address_of(server.url), patience=-1.0)
        with pytest.raises(ModelError, match="did not answer in time"):
            hasty.get("/v1/models")
        with server.lock:
            # Held, it says nothing at all.
            silent = web.Server(address_of(server.url), silence=0.05)
            with pytest.raises(ModelError, match="did not answer in time"):
                silent.post("/tokenize", {"prompt": "a"})


def stored(values: np.ndarray, **changes) -> dict:
    """An array as the plugin writes it, with something else in it."""
    return wire.packed(values) | changes


def test_arrays_come_back_as_they_were_sent():
    values = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)
    assert (wire.unpacked(wire.packed(values)).values == values).all()
    plain = stored(values, data=base64.b64encode(values.tobytes()).decode())
    del plain["compression"], plain["original_dtype"]
    assert (wire.unpacked(plain).values == values).all()
    half = (values.view(np.uint32) >> 16).astype(np.uint16)
    data = Codec("zstd").compress(half.tobytes(), asbytes=True)
    sent = stored(
        values,
        data=base64.b64encode(data).decode(),
        dtype="int16",
        original_dtype="torch.bfloat16",
    )
    found = wire.unpacked(sent)
    assert found.precision == "bfloat16"
    np.testing.assert_allclose(found.values, values, rtol=2**-7)


VALUES = np.zeros((1, 2, 3), np.float32)
UNREADABLE = {
    "there are no numbers": {"data": None},
    "no base64": {"data": "§"},
    "its precision is": {"original_dtype": "torch.int64"},
    "is stored as": {"dtype": "object"},
    "its shape is": {"shape": [1, -2, 3]},
    "its shape is .1, 2": {"shape": [1, 2]},
    "more than": {"shape": [2**20, 2**20, 2**20]},
    "it is packed by": {"compression": "pickle"},
    "does not unpack": {"shape": [1, 2, 4]},
    "packed too small": {"shape": [2**10, 2**10, 2**6]},
    "bytes in place of": {"data": "AAAA", "compression": None},
}


@pytest.mark.parametrize("told", UNREADABLE)
def test_arrays_that_are_none_are_refused(told):
    with pytest.raises(ModelError, match=told):
        wire.unpacked(stored(VALUES, **UNREADABLE[told]))


def test_a_handle_or_a_pickle_in_place_of_numbers_is_refused():
    for entry in (None, [], {"handle": "x"}, {"__json__": [1]}, {"cloudpickle": "x"}):
        with pytest.raises(ModelError, match="there are no numbers"):
            wire.unpacked(entry)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"prompt_token_ids": [1, 2]}, "answered to other tokens"),
        ({"finish_reason": "abort"}, "ended with 'abort'"),
        ({"token_ids": None}, "gives no token ids of its answers"),
    ],
)
def test_an_answer_to_something_else_is_not_believed(sound, changes, told):
    choice = {"token_ids": [5], "prompt_token_ids": [1, 9], "finish_reason": "length"}
    with serving(sound.loaded) as server:
        engine = connect(server.url)
        said = {"choices": [choice | {"text": ""} | changes]}
        server.raw = {"/v1/completions": json.dumps(said).encode()}
        with pytest.raises(ModelError, match=told):
            engine.answers([Prompt((1, 9))], GenerationSpec(1))


def test_what_ends_an_answer_is_none_of_it(sound):
    choice = {"token_ids": [5, 2], "prompt_token_ids": [1], "finish_reason": "stop"}
    with serving(sound.loaded) as server:
        engine = connect(server.url)
        said = {"choices": [choice | {"text": "a"}]}
        server.raw = {"/v1/completions": json.dumps(said).encode()}
        (found,) = engine.answers([Prompt((1,))], GenerationSpec(9))
    assert found == ("a", (5,))


@pytest.fixture
def same_model(monkeypatch, tmp_path):
    """The stand-in's model in a folder of this machine."""
    folder = tmp_path / "models" / "llama"
    folder.mkdir(parents=True)
    tiny.save(folder)
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))
    return folder


def test_the_suite_runs_over_http_and_the_command_prints_the_certificate(
    sound, same_model, capsys
):
    with serving(sound.loaded) as server:
        assert commands.main(["check-engine", server.url, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        check_requests(server.heard)
        assert kept.certificate_of(connect(server.url).identity).model == "llama"
        server.fault = "twice"
        assert commands.main(["check-engine", server.url]) == 1
        with pytest.raises(ModelError, match="has not passed"):
            kept.certificate_of(connect(server.url).identity)
    assert found["passed"] and found["engine"]["engine"] == "vLLM with vllm-lens"
    assert found["engine"]["version"] == "0.30.0"
    assert found["engine"]["layers"] == tiny.LAYERS
    assert found["reference"]["model"] == "llama" and found["made"].endswith("+00:00")
    assert "log-probabilities of given answers" in found["lacks"]
    told = capsys.readouterr().out
    assert told.startswith("Not passed: vLLM with vllm-lens with llama")
    assert re.search(
        r"failed +planted vector: .*\? \(0\.\d apart; 0\.001 allowed", told
    )


def test_the_command_says_what_it_cannot_compare_with(sound, same_model, capsys):
    with serving(sound.loaded) as server:
        wrong = ["check-engine", server.url, "--model", "lama"]
        assert commands.main(wrong) == commands.USER
        assert "Did you mean “llama”?" in capsys.readouterr().err
        wrong = ["check-engine", server.url, "--dtype", "float8"]
        assert commands.main(wrong) == commands.USER
        assert "give one of float32" in capsys.readouterr().err
