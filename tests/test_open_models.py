"""The table of open models: what every row must hold, and what is said of this machine."""

import re
from dataclasses import replace

import pytest

from analysis.core.model_kinds import BOTH, KINDS
from analysis.core.model_memory import (
    BYTES,
    LIBRARY_BYTES,
    Batch,
    Memory,
    Size,
    needed_bytes,
    read_bytes,
)
from analysis.core.model_names import HUB_ID
from analysis.core.open_models import PRECISIONS, Precision, table

MODELS = table().values()
LICENCES = {
    "Apache-2.0",
    "BigScience RAIL 1.0",
    "CC-BY-NC-4.0",
    "Gemma Terms of Use",
    "Llama 3.2 Community License",
    "MIT",
}
HUGE = Memory(2**60, "main memory")
COUNTS = ("parameters", "layers", "hidden", "inner", "vocabulary", "languages")


def test_the_table_has_models_of_every_size_and_of_two_kinds():
    assert 20 <= len(table()) <= 40
    assert {model.kind for model in MODELS} == {"decoder", BOTH}
    sizes = [model.parameters for model in MODELS]
    assert min(sizes) < 2e8 and max(sizes) > 1e10


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_every_row_is_whole_and_says_where_its_facts_are_from(model):
    assert HUB_ID.fullmatch(model.id) and model.revision and model.name
    for name in COUNTS:
        value = getattr(model, name)
        assert value is None or value > 0, name
    assert model.window is None or model.window >= 1024
    assert model.licence in LICENCES
    assert model.licence_link.startswith("https://")
    assert model.kind in KINDS and model.good_for and model.languages_by
    assert isinstance(model.gated, bool)
    assert model.stored in ("", *BYTES)
    assert f"https://huggingface.co/{model.id}" in model.source
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", model.date)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_every_row_has_sizes_that_agree(model):
    # The embeddings, and some squares of the width a block.
    embeddings = model.vocabulary * model.hidden
    if model.kind == BOTH:
        embeddings *= 2
    blocks = model.parameters - embeddings
    squares = blocks / model.layers / model.hidden**2
    assert 2 < squares < 60
    assert model.hidden <= model.inner <= 8 * model.hidden
    if model.stored_parameters:
        assert model.stored_parameters > model.parameters


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_a_coarser_precision_takes_less_memory(model):
    needed = [model.needed(precision) for precision in PRECISIONS]
    assert needed == sorted(needed, reverse=True) and needed[-1] > LIBRARY_BYTES["cpu"]


def test_memory_is_what_is_computed_by_hand():
    size = Size(parameters=1_000_000, hidden=10, inner=30, layers=3, vocabulary=500)
    beside = 500 * 1400 + 36 * 2**20 + 256 * 3 * 10 * 12
    batch = 1024 * (8 * 10 + 3 * 30)
    assert needed_bytes(size, "float32") == 4_000_000 + beside + 4 * batch
    assert needed_bytes(size, "bfloat16") == 2_000_000 + beside + 2 * batch
    assert needed_bytes(size, "bfloat16", "8-bit") == 1_050_000 + beside + 2 * batch
    assert needed_bytes(size, "bfloat16", "4-bit") == 550_000 + beside + 2 * batch


def test_on_a_gpu_batches_are_larger_and_the_tokenizer_is_elsewhere():
    size = Size(parameters=1_000_000, hidden=10, inner=30, layers=3, vocabulary=500)
    batch = 4096 * (8 * 10 + 3 * 30) * 2 + 256 * 3 * 10 * 4
    there = needed_bytes(size, "bfloat16", device="cuda")
    assert there == 2_000_000 + 2**28 + batch
    assert Memory(1, "main memory").device == "cpu"
    assert Memory(1, "2 × NVIDIA H200").device == "cuda"


def test_a_batch_takes_what_its_tokens_and_its_states_take():
    size = Size(parameters=1_000_000, hidden=10, inner=30, layers=3, vocabulary=500)
    few = read_bytes(size, "float32", batch=Batch(tokens=40, texts=8))
    assert few == 40 * (8 * 10 + 3 * 30) * 4 + 8 * 3 * 10 * 12
    assert read_bytes(size, "float32", batch=Batch(1024, 256)) == read_bytes(
        size, "float32"
    )


@pytest.mark.parametrize(
    "id, parameters, hidden, inner, layers, vocabulary, measured",
    [
        ("SmolLM2 135M", 134_515_008, 576, 1536, 30, 49_152, 634),
        ("Gemma 3 270M", 268_098_176, 640, 2048, 18, 262_144, 1469),
    ],
)
def test_what_is_foretold_is_what_was_measured(
    id, parameters, hidden, inner, layers, vocabulary, measured
):
    """In MiB, of 7 concepts in 3 languages of the pairs that come along."""
    size = Size(parameters, hidden, inner, layers, vocabulary)
    assert needed_bytes(size, "float32") / 2**20 == pytest.approx(measured, rel=0.15)


def test_memory_is_what_the_check_tells_of_the_same_model(tiny_models):
    from analysis.core.specs import ModelSpec
    from analysis.model.configuration import read_config
    from analysis.model.hub import locate
    from analysis.model.load import preflight

    for dtype in ("float32", "bfloat16"):
        seen = preflight(ModelSpec("llama", dtype=dtype))
        config = read_config(locate("llama"))
        size = Size(
            seen.parameters,
            seen.hidden,
            config.intermediate_size,
            config.num_hidden_layers,
            config.vocab_size,
        )
        assert needed_bytes(size, dtype) == seen.needed
        assert seen.size == size
        few = Batch(tokens=40, texts=8)
        without = seen.needed - read_bytes(size, dtype)
        assert seen.needed_with(few) == without + read_bytes(size, dtype, batch=few)


def test_the_most_exact_precision_that_fits_is_chosen():
    model = table()["Qwen/Qwen3-0.6B-Base"]
    for precision in PRECISIONS:
        free = Memory(model.needed(precision), "main memory")
        assert model.fitting(free) == precision
        # On a GPU the libraries take more.
        assert model.fitting(free._replace(place="1 × H200")) != precision
    least = model.needed(PRECISIONS[-1])
    assert model.fitting(Memory(least - 1, "main memory")) is None
    assert Precision("bfloat16", "4-bit").label == "4-bit"


def test_what_is_not_known_stays_unknown():
    model = replace(table()["bigscience/mt0-xl"], stored="", parameters=None)
    assert model.fetched_bytes is None and model.window is None
    assert model.needed(PRECISIONS[0]) is None and model.fitting(HUGE) is None


def test_bytes_to_fetch_are_those_of_the_files():
    gemma = table()["google/gemma-3-4b-pt"]
    assert gemma.fetched_bytes == 2 * 4_300_079_472
    assert table()["bigscience/mt0-large"].fetched_bytes == 4 * 1_229_581_312
