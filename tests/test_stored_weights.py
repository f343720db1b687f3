"""Checkpoints that come quantised, and wrappers around a text model: read, or a sentence."""

import json
import shutil

import numpy as np
import pytest
import torch
import transformers

from analysis.core.errors import ModelError
from analysis.core.specs import ModelSpec
from analysis.model import load as loading
from analysis.model.generate import generate
from analysis.model.hooks import Row
from analysis.model.load import load, preflight
from analysis.model.self_check import tried
from analysis.steering.resolve import ResolvedTerm
from analysis.steering.specs import GenerationSpec
from analysis.worker.reader import ModelReader
from tests.families import save_fp8
from tests.tiny import LLAMA_LIKE, tokenizer

METHODS = {
    "gptq": {"bits": 4, "group_size": 32},
    "awq": {"bits": 4, "group_size": 32, "version": "gemm"},
    "compressed-tensors": {"format": "pack-quantized", "config_groups": {}},
    "hqq": {},
    "aqlm": {},
    "torchao": {"quant_type": "int8_weight_only"},
}


@pytest.mark.parametrize("method", METHODS)
def test_weights_whose_package_is_missing_are_refused_before_they_are_read(
    home, tiny_folder, method, monkeypatch
):
    folder = home / "models" / "packed"
    shutil.copytree(tiny_folder / "llama", folder)
    known = json.loads((folder / "config.json").read_text())
    known["quantization_config"] = {"quant_method": method, **METHODS[method]}
    (folder / "config.json").write_text(json.dumps(known))
    monkeypatch.setattr(loading, "find_spec", lambda name: None)
    for look in (preflight, load):
        with pytest.raises(ModelError) as error:
            look(ModelSpec("packed"))
        said = str(error.value)
        assert said.startswith(f"The weights of packed are quantised by “{method}”, ")
        assert "Choose the same model without quantisation or as GGUF" in said


def test_how_weights_were_stored_is_kept_with_the_model(home):
    save_fp8(home / "models" / "eight")
    engine = load(ModelSpec("eight", device="cpu"))
    assert engine.stored["words"] == "computed from 8-bit weights (fp8)"


VISION = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
}
ROPE = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0}
WRAPPERS = {
    "gemma3": lambda: transformers.Gemma3Config(
        text_config=LLAMA_LIKE, vision_config=VISION, mm_tokens_per_image=4
    ),
    "qwen2_vl": lambda: transformers.Qwen2VLConfig(
        text_config=LLAMA_LIKE | {"rope_parameters": ROPE},
        vision_config={"embed_dim": 16, "depth": 3, "num_heads": 2, "hidden_size": 32},
    ),
    "llava": lambda: transformers.LlavaConfig(
        text_config=LLAMA_LIKE | {"model_type": "llama"},
        vision_config=VISION | {"model_type": "clip_vision_model"},
    ),
    "mistral3": lambda: transformers.Mistral3Config(
        text_config=LLAMA_LIKE | {"model_type": "mistral"},
        vision_config=VISION | {"model_type": "pixtral", "head_dim": 8},
    ),
}


@pytest.mark.parametrize("family", WRAPPERS)
def test_a_wrapper_is_read_through_its_text_model(home, family):
    torch.manual_seed(0)
    config = WRAPPERS[family]()
    model = transformers.AutoModelForImageTextToText.from_config(config).eval()
    folder = home / "models" / "wrapped"
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    seen = preflight(ModelSpec("wrapped"))
    assert seen.layers == LLAMA_LIKE["num_hidden_layers"]
    engine = tried(load(ModelSpec("wrapped")))
    states = ModelReader(engine, "none").states(["fair", "unfair and long"])
    assert states.shape == (2, LLAMA_LIKE["num_hidden_layers"], 32)
    ids = torch.tensor([engine.tokenizer("fair")["input_ids"]])
    with torch.inference_mode():
        out = model(input_ids=ids, output_hidden_states=True)
    first = out.hidden_states[1][0, -1].numpy()
    np.testing.assert_allclose(states[0, 0], first, atol=1e-4)
    push = ResolvedTerm({2: np.full(32, 5.0, np.float32)}, {2: 1.0}, "addition", "all")
    rows = [Row("fair"), Row("fair", (push,))]
    plain, pushed = generate(engine, rows, GenerationSpec(8))
    assert len(plain.ids) and pushed.ids != plain.ids
