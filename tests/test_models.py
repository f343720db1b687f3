"""Every family loads and its blocks are found; whatever cannot be read is refused in a
sentence that says what to do.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from torch import nn

from analysis.core.errors import ModelError
from analysis.core.model_memory import LIBRARY_BYTES, read_bytes
from analysis.core.specs import ModelSpec
from analysis.model.extract import Reading, stream
from analysis.model.load import load, preflight
from analysis.model.stacks import find_blocks
from analysis.worker.reader import Collected
from tests.tiny import FAMILIES, HIDDEN, LAYERS, save

WIDE = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "head_dim": 16,
    "initializer_range": 0.02,
}
"""Bitsandbytes packs 4-bit weights in blocks of 64."""
TEXTS = ["Fair.", "The judge heard both sides.", "公平"]


@pytest.fixture
def folder(home) -> Path:
    """The folder whose sub-folders the server offers."""
    return home / "models"


@pytest.fixture
def llama(folder, tiny_folder) -> Path:
    """A copy of the tiny Llama to be spoiled."""
    return Path(shutil.copytree(tiny_folder / "llama", folder / "spoiled"))


def edit(path: Path, **changes: object) -> None:
    """Change a config.json; None removes a key."""
    known = json.loads((path / "config.json").read_text()) | changes
    (path / "config.json").write_text(
        json.dumps({key: value for key, value in known.items() if value is not None})
    )


def states(spec: ModelSpec, padding: str = "right", hidden: int = HIDDEN) -> np.ndarray:
    """All states of the texts."""
    engine = load(spec)
    collected = Collected(len(TEXTS), LAYERS, hidden)
    stream(engine, TEXTS, [collected], Reading(padding=padding))
    return collected.values


def refused(spec: ModelSpec, *looks) -> str:
    """The sentence with which all the looks refuse a model."""
    for look in looks or (load,):
        with pytest.raises(ModelError) as error:
            look(spec)
    return str(error.value)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_loads_with_its_blocks_and_is_sized_beforehand(tiny_models, family):
    seen, engine = preflight(ModelSpec(family)), load(ModelSpec(family))
    assert (
        len(engine.blocks) == seen.layers == LAYERS
        and engine.hidden == seen.hidden == HIDDEN
    )
    assert seen.parameters == sum(
        parameter.numel() for parameter in engine.model.parameters()
    )
    assert (
        4 * seen.parameters + LIBRARY_BYTES["cpu"]
        < seen.needed
        < 4 * seen.parameters + LIBRARY_BYTES["cpu"] + 2**26
        and seen.fits
    )
    assert (
        engine.source.revision == "local"
        and engine.source.folder == tiny_models / family
    )
    assert not engine.model.training and not isinstance(
        engine.decoder, type(engine.model)
    )
    names = [
        name for name, module in engine.model.named_modules() if module in engine.blocks
    ]
    assert [name.rsplit(".", 1)[1] for name in names] == [str(i) for i in range(LAYERS)]


def test_the_shallowest_list_of_the_right_length_is_taken():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.ModuleDict(
                {"deep": nn.ModuleList(nn.Linear(1, 1) for _ in range(2))}
            )
            self.layers = nn.ModuleList(nn.Linear(1, 1) for _ in range(2))
            self.heads = nn.ModuleList(nn.Linear(1, 1) for _ in range(3))

    net = Net()
    assert find_blocks(net, 2) == tuple(net.layers)
    with pytest.raises(
        ModelError,
        match=r"No list of 7 blocks was found in Net; its lists are: .*heads \(3\)",
    ):
        find_blocks(net, 7)


def test_the_estimate_follows_the_precision_and_needs_no_weights(folder):
    save(folder / "m")
    (folder / "m" / "model.safetensors").unlink()
    seen = [
        preflight(ModelSpec("m", dtype=d, quantisation=q))
        for d, q in [
            ("float32", "none"),
            ("bfloat16", "none"),
            ("bfloat16", "8-bit"),
            ("bfloat16", "4-bit"),
        ]
    ]
    sizes = [each.needed for each in seen]
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) == 4
    # Tokenizer, libraries and states, which are always float32, stay as they are.
    size = seen[0].size
    batches = read_bytes(size, "float32") - read_bytes(size, "bfloat16")
    assert sizes[0] - sizes[1] == 2 * size.parameters + batches


@pytest.mark.parametrize(
    "name",
    [
        "../../etc",
        "/etc",
        "..",
        ".",
        "",
        "a/b/c",
        "org/../etc",
        "org/na me",
        "x" * 400,
        "a\0/b",
        "demo\n",
    ],
)
def test_a_name_that_is_no_hub_id_is_refused(home, name):
    for look in (load, preflight):
        assert "neither a hub id (owner/name) nor a model of this server" in refused(
            ModelSpec(name), look
        )


def test_a_misspelt_name_is_answered_with_the_nearest(tiny_models):
    assert "Did you mean “gpt_neox”?" in refused(ModelSpec("gpt-neox"), load, preflight)


def test_a_path_that_looks_like_a_hub_id_is_not_opened(
    tiny_folder, tmp_path, monkeypatch, home
):
    (tmp_path / "org").mkdir()
    shutil.copytree(tiny_folder / "llama", tmp_path / "org" / "name")
    monkeypatch.chdir(tmp_path)
    assert "neither a hub id" in refused(ModelSpec("org/name"), load, preflight)


def test_a_folder_without_weights(llama):
    (llama / "model.safetensors").unlink()
    assert refused(ModelSpec("spoiled")) == (
        "spoiled has no weights. Babelscope reads safetensors; convert or choose another revision."
    )


def test_pickled_weights_are_never_opened_unless_the_operator_says_so(
    llama, monkeypatch
):
    model = load(ModelSpec("spoiled")).model
    torch.save(model.state_dict(), llama / "pytorch_model.bin")
    (llama / "model.safetensors").unlink()
    monkeypatch.setattr(
        torch, "load", lambda *_, **__: pytest.fail("a pickle was opened")
    )
    assert "only pickled weights (pytorch_model.bin), which can run code" in refused(
        ModelSpec("spoiled")
    )
    monkeypatch.undo()
    monkeypatch.setenv("BABELSCOPE_MODELS", str(llama.parent))
    monkeypatch.setenv("BABELSCOPE_ACCEPT_PICKLE", "1")
    monkeypatch.setenv("DISABLE_SAFETENSORS_CONVERSION", "1")
    torch.testing.assert_close(
        load(ModelSpec("spoiled")).model.state_dict(), model.state_dict()
    )


def test_pickles_beside_safetensors_are_not_opened(llama, monkeypatch):
    (llama / "pytorch_model.bin").write_bytes(b"no pickle")
    monkeypatch.setattr(
        torch, "load", lambda *_, **__: pytest.fail("a pickle was opened")
    )
    assert load(ModelSpec("spoiled")).blocks


@pytest.mark.parametrize("keep", [0.5, 0.01, 0.0])
def test_weights_cut_short(llama, keep):
    data = (llama / "model.safetensors").read_bytes()
    (llama / "model.safetensors").write_bytes(data[: int(keep * len(data))])
    assert refused(ModelSpec("spoiled")).startswith(
        "The weights of spoiled are damaged ("
    )


def test_weights_that_lack_what_the_configuration_asks_for_are_not_filled_with_random_numbers(
    llama,
):
    edit(llama, num_hidden_layers=LAYERS + 1)
    sentence = refused(ModelSpec("spoiled"))
    assert sentence.startswith(
        "The weights of spoiled lack 9 tensors that its configuration asks for, "
        "such as model.layers.3."
    )


def test_weights_of_another_shape(llama):
    edit(llama, intermediate_size=48)
    assert refused(ModelSpec("spoiled")).startswith("spoiled could not be loaded: ")


def test_a_folder_without_tokenizer(llama):
    for path in llama.glob("token*"):
        path.unlink()
    assert refused(ModelSpec("spoiled")).startswith(
        "spoiled has no tokenizer that transformers can load"
    )


CONFIGS = {
    "unknown type": {"model_type": "perpetuum"},
    "no type": {"model_type": None, "architectures": None},
    "not causal": {"model_type": "vit", "architectures": ["ViTModel"]},
    "width is no number": {"hidden_size": "wide"},
    "heads do not divide": {"num_attention_heads": 5, "head_dim": None},
    "no layers": {"num_hidden_layers": None, "hidden_size": None, "vocab_size": -3},
}


@pytest.mark.parametrize("case", CONFIGS)
def test_a_configuration_that_cannot_be_used(llama, case):
    edit(llama, **CONFIGS[case])
    assert "spoiled" in refused(ModelSpec("spoiled"), load, preflight)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\xff", "[" * 100_000])
def test_a_configuration_that_is_no_json_object(llama, text):
    (llama / "config.json").write_text(text, encoding="latin-1")
    assert "The configuration of spoiled cannot be used" in refused(
        ModelSpec("spoiled"), load, preflight
    )


def test_code_that_comes_with_a_model_does_not_run(llama, monkeypatch):
    (llama / "own.py").write_text("raise SystemExit('the code of a model ran')")
    edit(
        llama,
        model_type="own",
        auto_map={"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"},
    )
    sentence = refused(ModelSpec("spoiled"), load, preflight)
    assert "BABELSCOPE_TRUST_REMOTE_CODE=1" in sentence
    edit(llama, model_type="llama")  # a known type takes the library's own class
    assert type(load(ModelSpec("spoiled")).model).__module__.startswith("transformers.")


def test_trust_is_off_and_safetensors_are_demanded_in_so_many_words(
    tiny_models, monkeypatch
):
    given = {}

    def spy(kind):
        real = kind.from_pretrained

        def from_pretrained(path, **options):
            given[kind.__name__] = options
            return real(path, **options)

        monkeypatch.setattr(kind, "from_pretrained", from_pretrained)

    for kind in (
        transformers.AutoConfig,
        transformers.AutoModelForCausalLM,
        transformers.AutoTokenizer,
    ):
        spy(kind)
    load(ModelSpec("llama"))
    assert len(given) == 3 and all(
        options["trust_remote_code"] is False for options in given.values()
    )
    assert given["AutoModelForCausalLM"]["use_safetensors"] is True


@pytest.mark.parametrize("quantisation, cosine", [("8-bit", 0.995), ("4-bit", 0.85)])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_quantised_models_load_on_a_processor_and_can_be_read(
    folder, quantisation, cosine, dtype
):
    save(folder / "m", **WIDE)
    spec = ModelSpec("m", dtype=dtype, quantisation=quantisation, device="cpu")
    found, exact = states(spec, hidden=64), states(ModelSpec("m"), hidden=64)
    inner = (
        (found * exact).sum(-1)
        / np.linalg.norm(found, axis=-1)
        / np.linalg.norm(exact, axis=-1)
    )
    assert (
        found.dtype == np.float32
        and cosine < inner.min() < 1
        and not np.array_equal(found, exact)
    )
    np.testing.assert_allclose(
        states(spec, "left", 64), found, atol=0.05 * np.abs(found).max()
    )


def test_a_quantised_model_is_not_quantised_again(folder):
    save(folder / "m", **WIDE)
    first, seen = (
        states(ModelSpec("m", quantisation="4-bit"), hidden=64),
        preflight(ModelSpec("m", quantisation="4-bit")),
    )
    load(ModelSpec("m", quantisation="4-bit")).model.save_pretrained(folder / "m")
    assert (
        refused(ModelSpec("m", quantisation="8-bit"))
        == "m is already quantised; choose the quantisation “none”."
    )
    assert load(ModelSpec("m")).model.is_loaded_in_4bit
    assert preflight(ModelSpec("m")).needed == seen.needed
    np.testing.assert_array_equal(states(ModelSpec("m"), hidden=64), first)


@pytest.mark.parametrize("packs", [True, False])
def test_widths_that_the_processor_cannot_pack_are_refused(
    tiny_models, monkeypatch, packs
):
    monkeypatch.setattr("bitsandbytes.nn.modules.has_avx512bf16", lambda: packs)
    if packs:
        assert "q_proj of llama goes from 32 to 32. Choose 8-bit" in refused(
            ModelSpec("llama", quantisation="4-bit")
        )
    else:
        assert np.isfinite(states(ModelSpec("llama", quantisation="4-bit"))).all()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there(tiny_models):
    assert "A GPU was asked for, but this machine shows none" in refused(
        ModelSpec("llama", device="cuda"), load, preflight
    )


@pytest.mark.parametrize(
    "error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory")]
)
def test_memory_that_runs_out_while_loading(tiny_models, monkeypatch, error):
    def full(*_, **__):
        raise error

    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", full)
    assert refused(ModelSpec("llama")).startswith(
        "llama does not fit into memory. Choose 8-bit"
    )


@pytest.mark.parametrize("family", ["gpt2", "bloom", "gemma2"])
def test_a_checkpoint_without_the_head_loads_where_the_head_is_the_embedding(
    folder, family
):
    model = save(folder / "m", family)
    assert model.config.tie_word_embeddings
    model.base_model.save_pretrained(
        folder / "m"
    )  # as the first GPT-2 and Bloom were published
    edit(folder / "m", architectures=[type(model).__name__])
    torch.testing.assert_close(
        load(ModelSpec("m")).model.state_dict(), model.state_dict()
    )
