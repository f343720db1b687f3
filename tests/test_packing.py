"""Short texts that share a row: the same states at every layer, or padded as before."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import transformers

import babelscope as bs
from analysis.core.errors import ModelError, SpecError
from analysis.core.specs import ModelSpec, digest, from_dict, written
from analysis.crossing.readings import MEAN_OF_ALL
from analysis.model import packing, self_check
from analysis.model.extract import Reading, read_batch
from analysis.model.hub import Source
from analysis.model.load import Loaded
from analysis.model.mean_states import mean_states
from analysis.model.self_check import tried
from analysis.model.stacks import find_blocks
from analysis.worker.engine_study import check_loading
from tests.families import EXPERTS, LLAMA, OTHERS, engine_of
from tests.tiny import FAMILIES, save, tokenizer

LENGTHS = (8, 7, 5, 2, 1)
"""Tokens of the texts; no longer than what the narrowest of these models sees."""
EXPERT_FAMILIES = {"mixtral": {"num_local_experts": 2, "num_experts_per_tok": 1}}
EXPERT_FAMILIES["qwen3_moe"] = EXPERTS | {"moe_intermediate_size": 16}
NAMED = {"llama4_text": "llama4", "gemma4_text": "gemma4", "gemma3_text": "gemma3"}
"""Families that other tests have by another name."""
NOT_ALLOWED = ("bloom", "falcon", "mpt", "gpt1", "gemma2", "mamba", "lfm2", "jamba")


@cache
def padded_engine(family: str) -> Loaded:
    """A tiny random model of any family that may be packed."""
    known = NAMED.get(family, family)
    if known in FAMILIES or known in OTHERS:
        return engine_of(known)
    torch.manual_seed(0)
    options = LLAMA | EXPERT_FAMILIES.get(family, {})
    config = transformers.AutoConfig.for_model(family, **options)
    model = transformers.AutoModelForCausalLM.from_config(config).eval()
    blocks = find_blocks(model, config.num_hidden_layers)
    source = Source(family, Path(family), "local")
    words: Any = tokenizer()
    return Loaded(ModelSpec(family), source, model, words, blocks, config.hidden_size)


def packed_engine(family: str) -> Loaded:
    """The same, whose texts are to share rows."""
    return replace(padded_engine(family), spec=ModelSpec(family, batches="packed"))


def drawn(lengths: tuple[int, ...] = LENGTHS) -> list[list[int]]:
    """Token ids of texts."""
    random = np.random.default_rng(0)
    return [random.integers(3, 290, length).tolist() for length in lengths]


def apart(first: np.ndarray, second: np.ndarray) -> float:
    """The most by which states (text, layer, hidden) differ at any layer."""
    largest = np.abs(first).max((0, 2))
    return float((np.abs(first - second).max((0, 2)) / largest).max())


class Watched:
    """What attention over shared rows was asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows: list[int] = []
        real = packing.packed

        def watched(tokens: torch.Tensor, real_ones: torch.Tensor) -> packing.Packing:
            found = real(tokens, real_ones)
            self.rows.append(found.tokens.shape[1])
            return found

        monkeypatch.setattr("analysis.model.extract.packed", watched)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """Sees how long the rows are that texts share."""
    return Watched(monkeypatch)


@pytest.mark.parametrize("family", packing.FAMILIES)
def test_states_in_one_row_are_those_of_padded_texts(family: str, watched: Watched):
    for position in ("last", "mean", "weighted mean"):
        reading = Reading(position=position, final_norm=position == "mean")
        padded = read_batch(padded_engine(family), drawn(), reading)
        assert not watched.rows
        packed = read_batch(packed_engine(family), drawn(), reading)
        assert watched.rows == [sum(LENGTHS)]
        assert apart(padded, packed) < 1e-4
        watched.rows.clear()


def test_a_text_in_a_row_feels_nothing_of_its_neighbours():
    ids = drawn()
    others = [ids[0], *([7] * len(row) for row in ids[1:])]
    engine = packed_engine("llama")
    first = read_batch(engine, ids)[0]
    second = read_batch(engine, others)[0]
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("family", NOT_ALLOWED)
def test_a_family_that_does_not_allow_it_is_padded_and_said_to_be(
    family: str, watched: Watched
):
    engine = packed_engine(family)
    padded = read_batch(padded_engine(family), drawn())
    assert read_batch(engine, drawn()).tobytes() == padded.tobytes()
    assert not watched.rows
    (said,) = packing.notice(engine)
    assert said.startswith(f"Short texts of {family} cannot share a row, as ")
    assert said in tried(engine).notices
    assert not packing.notice(padded_engine(family))


def test_texts_longer_than_what_a_token_sees_are_padded(watched: Watched):
    # The Mistral of the tests looks eight tokens back.
    long = drawn((9, 3))
    padded = read_batch(padded_engine("mistral"), long)
    assert read_batch(packed_engine("mistral"), long).tobytes() == padded.tobytes()
    assert not watched.rows


def test_texts_of_one_length_are_left_as_they_are(watched: Watched):
    read_batch(packed_engine("llama"), drawn((4, 4, 4)))
    assert not watched.rows


def test_quantised_weights_and_another_attention_are_padded():
    engine = packed_engine("llama")
    config = engine.model.config
    try:
        config.quantization_config = {"quant_method": "any"}
        assert "quantised" in packing.why_not(engine)
        delattr(config, "quantization_config")
        config._attn_implementation = "eager"
        assert "attention" in packing.why_not(engine)
    finally:
        config._attn_implementation = packing.OWN
    assert not packing.why_not(engine)


def test_attention_is_the_librarys_again_after_a_pass_that_failed():
    engine = packed_engine("llama")
    config = engine.model.config

    def stop() -> None:
        assert config._attn_implementation == packing.SHARED
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_batch(engine, drawn(), Reading(check=stop))
    assert config._attn_implementation == packing.OWN


def test_blocks_that_do_not_keep_texts_apart_are_found_out(
    monkeypatch: pytest.MonkeyPatch,
):
    engine = packed_engine("llama")
    monkeypatch.setattr(packing, "attending", lambda stack: [])
    with pytest.raises(ModelError, match="--batches padded"):
        read_batch(engine, drawn())


def test_a_model_with_code_of_its_own_is_padded(monkeypatch: pytest.MonkeyPatch):
    engine = packed_engine("llama")
    monkeypatch.setattr(type(engine.model), "__module__", "fetched_with_the_model")
    assert "code" in packing.why_not(engine)


@pytest.mark.parametrize("family", ("llama", "gemma3_text", "gpt2"))
def test_a_model_that_is_tried_out_in_rows_has_nothing_to_say(family: str):
    found = tried(packed_engine(family))
    assert not found.habits.reads_alone
    assert not found.notices


def test_sentences_share_rows_too(watched: Watched):
    texts = ["Anna sings.", "Ben reads a book.", "No."]
    readings = (MEAN_OF_ALL, "mean")
    padded = mean_states(padded_engine("qwen2"), texts, readings)
    assert not watched.rows
    packed = mean_states(packed_engine("qwen2"), texts, readings)
    assert watched.rows
    assert np.abs(padded - packed).max() / np.abs(padded).max() < 1e-4


def test_studies_of_before_keep_their_digest_and_the_choice_is_kept():
    before = {"model": "owner/name", "revision": "main", "dtype": "float32"}
    before |= {"quantisation": "none", "device": "auto"}
    assert written(ModelSpec("owner/name")) == before
    packed = ModelSpec("owner/name", batches="packed")
    assert written(packed) == before | {"batches": "packed"}
    assert from_dict(ModelSpec, written(packed)) == packed
    assert digest(packed) != digest(ModelSpec("owner/name"))


def test_what_trying_out_has_shown_of_padded_texts_is_kept_apart():
    padded = self_check.arithmetic(padded_engine("llama"))
    packed = self_check.arithmetic(packed_engine("llama"))
    assert "packed" in packed
    assert [part for part in packed if part != "packed"] == list(padded)


def pairs() -> pd.DataFrame:
    """Contrast pairs of one concept in two languages, of different length."""
    rows = []
    for language in ("en", "fr"):
        for number in range(12):
            row = {
                "pair": str(number),
                "concept": "fairness",
                "language": language,
                "positive": f"{language} {number} fair" + " and square" * (number % 3),
                "negative": f"{language} {number} tilted",
            }
            rows.append(row)
    return pd.DataFrame(rows)


def model_in_manifest(study: bs.Study) -> dict[str, Any]:
    """What a study's manifest says of its model."""
    return (study.manifest.spec or {})["model"]


def test_a_study_says_that_texts_shared_rows_and_has_the_same_vectors(
    home: Path, watched: Watched
):
    save(home / "models" / "tiny")
    padded = bs.extract("tiny", pairs())
    assert not watched.rows
    packed = bs.extract("tiny", pairs(), batches="packed")
    assert watched.rows
    before = model_in_manifest(padded)
    assert "batches" not in before
    assert model_in_manifest(packed) == before | {"batches": "packed"}
    assert packed.name != padded.name
    vectors = padded.vector("fairness", "fr").values
    others = packed.vector("fairness", "fr").values
    assert np.abs(vectors - others).max() < 1e-4 * np.abs(vectors).max()


def test_an_engine_batches_in_its_own_way():
    with pytest.raises(SpecError, match="stack and batches out"):
        check_loading(ModelSpec("owner/name", batches="packed"))
    with pytest.raises(SpecError, match="Unknown way of batching"):
        ModelSpec("owner/name", batches="tight")


def test_every_family_that_shares_rows_is_listed():
    said = (Path(__file__).parent.parent / "docs" / "models.md").read_text()
    (row,) = [line for line in said.splitlines() if line.startswith("| share rows |")]
    assert [one for one in packing.FAMILIES if f"`{one}`" not in row] == []
