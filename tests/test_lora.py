"""Adapters: merged into their base as the formula says, or refused in a sentence."""

import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from analysis.core.errors import ModelError
from analysis.core.model_names import offered_models
from analysis.core.specs import ModelSpec
from analysis.model.load import load, load_tokenizer, locate, preflight
from analysis.worker.extraction import weights_of
from tests.tiny import save, tokenizer

RANK, ALPHA = 2, 6.0
Q = "model.layers.1.self_attn.q_proj"
BEGINNING = "base_model.model."


def random(*shape: int) -> torch.Tensor:
    """Numbers of this shape, the same at every call."""
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(shape, generator=generator) * 0.3


def pair(layer: str, out: int, width: int) -> dict[str, torch.Tensor]:
    """The two small matrices of a layer."""
    return {
        f"{BEGINNING}{layer}.lora_A.weight": random(RANK, width),
        f"{BEGINNING}{layer}.lora_B.weight": random(out, RANK),
    }


def adapter(
    folder: Path, tensors: dict | None = None, base: str = "base", **changes: object
) -> None:
    """Write an adapter of a base into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    said = {
        "peft_type": "LORA",
        "base_model_name_or_path": base,
        "r": RANK,
        "lora_alpha": ALPHA,
        "target_modules": ["q_proj"],
        "bias": "none",
        **changes,
    }
    (folder / "adapter_config.json").write_text(json.dumps(said))
    given = pair(Q, 32, 32) if tensors is None else tensors
    save_file(given, folder / "adapter_model.safetensors")


@pytest.fixture
def models(home) -> Path:
    """A folder of models with a tiny Llama."""
    save(home / "models" / "base", "llama")
    return home / "models"


def weights(name: str, layer: str = Q) -> torch.Tensor:
    """The weights of a layer of a model."""
    return load(ModelSpec(name)).model.get_submodule(layer).weight


@pytest.mark.parametrize(
    "changes, scale",
    [
        ({}, ALPHA / RANK),
        ({"use_rslora": True}, ALPHA / math.sqrt(RANK)),
        ({"alpha_pattern": {r"layers\.1\.self_attn\.q_proj": 10.0}}, 10.0 / RANK),
        ({"alpha_pattern": {r"layers\.2\.self_attn\.q_proj": 10.0}}, ALPHA / RANK),
    ],
)
def test_an_adapter_is_merged_as_the_formula_says(models, changes, scale):
    adapter(models / "tuned", **changes)
    before = weights("base")
    merged = weights("tuned")
    b, a = random(32, RANK), random(RANK, 32)
    assert torch.allclose(merged, before + scale * b @ a, atol=1e-6)
    other = Q.replace("1", "0")
    assert torch.equal(weights("tuned", other), weights("base", other))


def test_layers_that_are_stored_the_other_way_round_are_merged_too(home):
    save(home / "models" / "base", "gpt2")
    layer = "transformer.h.1.attn.c_attn"
    adapter(home / "models" / "tuned", pair(layer, 96, 32), fan_in_fan_out=True)
    product = 3 * (random(96, RANK) @ random(RANK, 32)).T
    merged = weights("tuned", layer)
    assert torch.allclose(merged, weights("base", layer) + product, atol=1e-6)


def test_embeddings_and_whole_weights_are_put_in(models):
    layer = "model.embed_tokens"
    head = random(300, 32)
    tensors = {
        f"{BEGINNING}{layer}.lora_embedding_A": random(RANK, 300),
        f"{BEGINNING}{layer}.lora_embedding_B": random(32, RANK),
        f"{BEGINNING}lm_head.weight": head,
    }
    adapter(models / "tuned", tensors)
    product = 3 * (random(32, RANK) @ random(RANK, 300)).T
    merged = weights("tuned", layer)
    assert torch.allclose(merged, weights("base", layer) + product, atol=1e-6)
    assert torch.equal(weights("tuned", "lm_head"), head)


def test_an_adapter_is_offered_told_and_recorded(models):
    adapter(models / "tuned")
    assert offered_models()["tuned"] == models / "tuned"
    engine = load(ModelSpec("tuned"))
    sentence = "tuned is an adapter (LoRA); it is merged into base (revision local)."
    assert engine.notices == (sentence,)
    seen = preflight(ModelSpec("tuned"))
    assert seen.notices == (sentence,)
    assert seen.parameters == preflight(ModelSpec("base")).parameters
    known = weights_of(engine)["weights"]
    assert known["words"] == "computed with the adapter tuned, merged into base"
    assert len(known["adapter sha256"]) == 64


def test_an_adapter_is_read_with_the_tokenizer_of_its_base_unless_it_has_its_own(
    models,
):
    adapter(models / "tuned")
    assert load_tokenizer(locate("tuned"))("a")["input_ids"][0] == 1
    tokenizer(begin=False).save_pretrained(models / "tuned")
    assert load_tokenizer(locate("tuned"))("a")["input_ids"][0] != 1


def test_a_base_that_was_a_folder_elsewhere_goes_by_its_last_name(models):
    adapter(models / "tuned", base="/srv/private/base/")
    assert "merged into base" in load(ModelSpec("tuned")).notices[0]


def test_an_adapter_of_the_hub_brings_its_base(hub, tiny_folder, tmp_path):
    commit = hub.publish("org/lora-base", tiny_folder / "llama")
    adapter(tmp_path / "tuned", base="org/lora-base")
    hub.publish("org/lora-tuned", tmp_path / "tuned")
    seen = preflight(ModelSpec("org/lora-tuned"))
    assert not [
        one for one in hub.fetched("org/lora-base") if one.endswith("safetensors")
    ]
    engine = load(ModelSpec("org/lora-tuned"))
    assert engine.stored["base revision"] == commit
    assert seen.source.revision == engine.source.revision == hub.main["org/lora-tuned"]


def refusal(name: str = "tuned", **options: object) -> str:
    """The sentence with which an adapter is refused."""
    with pytest.raises(ModelError) as error:
        load(ModelSpec(name, **options))
    return str(error.value)


def test_an_adapter_without_its_base_says_which_it_needs(models):
    adapter(models / "tuned", base="/srv/private/other")
    said = refusal()
    assert said.startswith("tuned is an adapter of other, which cannot be had: “other”")
    adapter(models / "tuned", base="")
    assert "does not name the model that it changes" in refusal()
    adapter(models / "tuned", base="again")
    adapter(models / "again")
    assert "tuned is an adapter of again, which is an adapter itself" in refusal()


KINDS = {
    "another kind": ({"peft_type": "IA3"}, "of the kind “IA3”"),
    "DoRA": ({"use_dora": True}, "an adapter with DoRA (use_dora)"),
    "tokens": ({"trainable_token_indices": [1]}, "tokens trained one by one"),
    "PiSSA": ({"init_lora_weights": "pissa_niter_4"}, "was begun by “pissa_niter_4”"),
    "no alpha": ({"lora_alpha": "much"}, "adapter_config.json of tuned cannot be used"),
    "no pattern": ({"alpha_pattern": {"(": 1}}, "adapter_config.json of tuned cannot"),
}


@pytest.mark.parametrize("case", KINDS)
def test_an_adapter_that_is_more_than_a_product_is_refused(models, case):
    changes, sentence = KINDS[case]
    adapter(models / "tuned", **changes)
    assert sentence in refusal()


A, B = pair(Q, 32, 32)
SPOILED = {
    "half a pair": ({A: random(RANK, 32)}, f"hold {A} without {B}"),
    "no such layer": (pair("model.layers.9.mlp.up_proj", 64, 32), "has no such layer"),
    "other width": (pair(Q, 32, 48), "weights of the shape (32, 48), which do not fit"),
    "other rank": ({A: random(3, 32), B: random(32, 2)}, "shape (32, 2, 3, 32)"),
    "no such weights": (
        {f"{BEGINNING}head.weight": random(2, 2)},
        "has no such weights",
    ),
    "other head": ({f"{BEGINNING}lm_head.weight": random(310, 32)}, "shape (310, 32)"),
    "no numbers": ({**pair(Q, 32, 32), A: torch.full((RANK, 32), math.nan)}, "(NaN or"),
}


@pytest.mark.parametrize("case", SPOILED)
def test_weights_that_do_not_fit_their_base_are_refused(models, case):
    tensors, sentence = SPOILED[case]
    adapter(models / "tuned", tensors)
    assert sentence in refusal()


def test_adapter_weights_that_are_cut_or_pickled_are_refused(models):
    adapter(models / "tuned")
    path = models / "tuned" / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    assert refusal().startswith("The weights of tuned are damaged")
    path.rename(path.with_suffix(".bin"))
    assert refusal().startswith("tuned has no adapter_model.safetensors")


def test_quantised_weights_take_no_adapter(models):
    adapter(models / "tuned")
    assert "quantised weights take none" in refusal(quantisation="8-bit")
