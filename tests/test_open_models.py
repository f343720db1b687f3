"""The table of open models: what every row must hold, and what is said of this machine."""

import re
from dataclasses import replace

import pytest

from analysis.core.model_kinds import BOTH, KINDS
from analysis.core.model_memory import BATCH_BYTES, BYTES, Size, needed_bytes
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
    assert needed == sorted(needed, reverse=True) and needed[-1] > BATCH_BYTES


def test_memory_is_what_is_computed_by_hand():
    size = Size(parameters=1_000_000, hidden=10, inner=30)
    batch = 4096 * (8 * 10 + 3 * 30)
    assert needed_bytes(size, "float32") == 4_000_000 + 2**28 + 4 * batch
    assert needed_bytes(size, "bfloat16") == 2_000_000 + 2**28 + 2 * batch
    assert needed_bytes(size, "bfloat16", "8-bit") == 1_050_000 + 2**28 + 2 * batch
    assert needed_bytes(size, "bfloat16", "4-bit") == 550_000 + 2**28 + 2 * batch


def test_memory_is_what_the_check_tells_of_the_same_model(tiny_models):
    from analysis.core.specs import ModelSpec
    from analysis.model.configuration import read_config
    from analysis.model.hub import locate
    from analysis.model.load import preflight

    for dtype in ("float32", "bfloat16"):
        seen = preflight(ModelSpec("llama", dtype=dtype))
        inner = read_config(locate("llama")).intermediate_size
        size = Size(seen.parameters, seen.hidden, inner)
        assert needed_bytes(size, dtype) == seen.needed


def test_the_most_exact_precision_that_fits_is_chosen():
    model = table()["Qwen/Qwen3-0.6B-Base"]
    for precision in PRECISIONS:
        assert model.fitting(model.needed(precision)) == precision
    assert model.fitting(model.needed(PRECISIONS[-1]) - 1) is None
    assert Precision("bfloat16", "4-bit").label == "4-bit"


def test_what_is_not_known_stays_unknown():
    model = replace(table()["bigscience/mt0-xl"], stored="", parameters=None)
    assert model.fetched_bytes is None and model.window is None
    assert model.needed(PRECISIONS[0]) is None and model.fitting(2**60) is None


def test_bytes_to_fetch_are_those_of_the_files():
    gemma = table()["google/gemma-3-4b-pt"]
    assert gemma.fetched_bytes == 2 * 4_300_079_472
    assert table()["bigscience/mt0-large"].fetched_bytes == 4 * 1_229_581_312
