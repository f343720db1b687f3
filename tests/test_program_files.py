"""Files for other programs: each reads back what was written, and says what it lacks."""

import base64
import io
import json

import numpy as np
import pytest
import torch
import transformers

import babelscope as bs
from analysis.core.errors import SpecError
from analysis.core.torch_writing import torch_file
from analysis.steering.program_files import PROGRAMS, Export, exported, of_term, untold
from analysis.steering.snippets import SNIPPETS, Push, snippet
from analysis.steering.specs import Condition, SteeringTerm, VectorSource
from analysis.steering.vector_files import read_vectors, to_safetensors
from tests.tiny import HIDDEN, LAYERS

MADE = {
    layer: np.random.default_rng(layer).standard_normal(HIDDEN).astype(np.float32)
    for layer in range(1, LAYERS + 1)
}
PUSH = Export(MADE, "made", {1: 2.0, 2: 3.0})
PROMPT = "the judge was fair"


def in_lm_eval(data: bytes) -> dict[int, np.ndarray]:
    """What lm-evaluation-harness adds at each layer."""
    held = torch.load(io.BytesIO(data), weights_only=True)
    found = {}
    for hookpoint, told in held.items():
        assert told["action"] == "add"
        assert told["bias"] is None and told["head_index"] is None
        push = told["steering_vector"] * told["steering_coefficient"]
        found[int(hookpoint.removeprefix("layers.")) + 1] = push.numpy()
    return found


def in_vllm_lens(data: bytes) -> dict[int, np.ndarray]:
    """What vllm-lens adds at each layer."""
    (told,) = json.loads(data)
    packed = told["activations"]
    raw = base64.b64decode(packed["data"])
    rows = np.frombuffer(raw, packed["dtype"]).reshape(packed["shape"])
    assert told["norm_match"] is False and told["position_indices"] is None
    layers = [index + 1 for index in told["layer_indices"]]
    return {layer: row * told["scale"] for layer, row in zip(layers, rows)}


PUSHING = {"lm-evaluation-harness": in_lm_eval, "vllm-lens": in_vllm_lens}


@pytest.mark.parametrize("name", PUSHING)
@pytest.mark.parametrize("strengths", [{1: 2.0, 2: 3.0}, {2: -1.5}])
def test_files_with_strengths_push_as_the_steering_does(name, strengths):
    found = PUSHING[name](exported(Export(MADE, "made", strengths), name))
    assert found.keys() == strengths.keys()
    for layer, strength in strengths.items():
        np.testing.assert_allclose(found[layer], MADE[layer] * strength, rtol=1e-6)


@pytest.mark.parametrize("name", sorted(PROGRAMS.keys() - PUSHING.keys()))
def test_files_of_vectors_are_read_back_the_same(name):
    data = exported(PUSH, name)
    again = read_vectors(data, f"made.{PROGRAMS[name].ending}")
    first = 2 if name == "gguf" else 1
    assert list(again) == list(range(first, LAYERS + 1))
    for layer, vector in again.items():
        assert np.array_equal(vector, MADE[layer])


def test_the_same_export_is_the_same_bytes_and_torch_reads_all_of_a_tree():
    for name in PROGRAMS:
        assert exported(PUSH, name) == exported(PUSH, name)
    tree = {
        "a": np.arange(6, dtype=np.float32).reshape(2, 3),
        "é": {"b": 2.5, "c": "x"},
    }
    held = torch.load(io.BytesIO(torch_file(tree)), weights_only=True)
    assert torch.equal(held["a"], torch.arange(6.0).reshape(2, 3))
    assert held["é"] == {"b": 2.5, "c": "x"}


def test_what_a_file_cannot_carry_is_said():
    source = VectorSource("concept vector", "s", "fairness", "en")
    plain = of_term(SteeringTerm(source, (1, 2), (2.0,)), MADE, "t")
    assert untold(plain, "vllm-lens") == ()
    (strength,) = untold(plain, "repeng")
    assert "give 2 at layers 1, 2" in strength
    odd = SteeringTerm(
        source, (1, 2), (2.0, 3.0), "ablation", "prompt", Condition(source, 1)
    )
    said = " ".join(untold(of_term(odd, MADE, "t", others=1), "safetensors"))
    for words in ("“ablation”", "“prompt”", "the condition", "other 1", "3 at layer 2"):
        assert words in said
    assert "layer 1" in untold(plain, "gguf")[0]
    assert "CSV" in untold(plain, "lm-evaluation-harness")[0]


def test_layers_without_a_vector_are_refused():
    for name in PUSHING:
        with pytest.raises(SpecError, match="no vector at layer 9"):
            exported(Export(MADE, "made", {1: 1.0, 9: 1.0}), name)


def test_python_writes_the_same_files_and_refuses_others(tmp_path, capsys):
    path = bs.export(
        MADE, tmp_path / "v.pt", "lm-evaluation-harness", strength=[2, 3], layers=[1, 2]
    )
    assert path.read_bytes() == exported(PUSH, "lm-evaluation-harness")
    one = bs.export(MADE[2], tmp_path / "v.json", "vllm-lens", layers=[2])
    assert in_vllm_lens(one.read_bytes()).keys() == {2}
    assert "note: Its CSV files" in capsys.readouterr().err
    with pytest.raises(SpecError, match="Unknown program"):
        bs.export(MADE, tmp_path / "v.pt", "lm-eval-harnes")
    with pytest.raises(SpecError, match="ends with .pt"):
        bs.export(MADE, tmp_path / "v.bin", "lm-evaluation-harness")
    with pytest.raises(SpecError, match="does not tell its layer"):
        bs.export(MADE[2], tmp_path / "v.json", "vllm-lens")


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_plain_hooks_of_transformers_give_the_texts_of_our_engine(
    tiny_models, tmp_path, monkeypatch, family
):
    """The code that is copied, run as it is, and the file that it reads."""
    (tmp_path / "v.safetensors").write_bytes(to_safetensors(MADE, "made"))
    folder = str(tiny_models / family)
    code = snippet(
        "transformers", Push(str(tmp_path / "v.safetensors"), folder, LAYERS, (1, 2), 2)
    )
    code = code.replace('"Yesterday"', repr(PROMPT)).replace("=32", "=12")
    said: dict = {"print": lambda text: None}
    exec(compile(code, "snippet", "exec"), said)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    given = tokenizer(PROMPT, return_tensors="pt")
    options = {"max_new_tokens": 12, "do_sample": False}
    plain = model.generate(**given, **options)
    with bs.steer(model, tokenizer, MADE, strength=2, layers=(1, 2)):
        ours = model.generate(**given, **options)
    assert said["said"].tolist() == ours.tolist() != plain.tolist()


def test_code_for_every_program_parses_and_counts_blocks_from_0_where_it_must():
    push = Push('we"ird.safetensors', "org/model", 4, (2, 3), 1.5)
    for name in SNIPPETS:
        code = snippet(name, push)
        assert "$" not in code and "org/model" in code or name == "llama.cpp"
        if name not in ("llama.cpp", "lm-evaluation-harness"):
            compile(code, name, "exec")
        if name not in (
            "transformers",
            "llama.cpp",
            "vllm-lens",
            "lm-evaluation-harness",
        ):
            assert "from 0 there" in code


@pytest.mark.parametrize(
    ("layers", "span", "said"),
    [
        ((6, 7, 8), "5 7", "from 0"),
        ((1, 2), "1 1", "cannot steer layer 1"),
        ((3, 6), "2 5", "those in between too"),
        ((1,), None, "cannot steer layer 1"),
    ],
)
def test_llama_cpp_is_given_the_layers_as_it_counts_them(layers, span, said):
    """Its range counts blocks from 0, and one that ends at 0 means every layer there."""
    code = snippet("llama.cpp", Push("v.safetensors", "org/model", 8, layers, -1.5))
    assert said in code
    assert ("layer-range" in code) is (span is not None)
    if span is not None:
        assert (
            '"v.gguf":-1.5' in code and f"--control-vector-layer-range {span} " in code
        )
