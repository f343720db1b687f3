"""Speed of steering on a random Llama of 12 × 512: ``python -m benchmarks.steering``.

First steered greedy generation against the library's plain ``generate`` on the same model
and batch; then a grid of 8 strengths × 4 layer sets on one prompt in one batched call
against one answer at a time.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from analysis.core.specs import ModelSpec
from analysis.model.batches import encoded_rows, padded_batch
from analysis.model.generate import generate
from analysis.model.hooks import Row
from analysis.model.load import Loaded
from analysis.model.stacks import find_blocks
from analysis.steering.resolve import ResolvedTerm
from analysis.steering.specs import GenerationSpec
from tests.tiny import build, tokenizer

SIZE = {
    "hidden_size": 512,
    "num_hidden_layers": 12,
    "num_attention_heads": 8,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "intermediate_size": 1376,
    "vocab_size": 32_000,
    "max_position_embeddings": 512,
    "initializer_range": 0.02,
    "eos_token_id": None,
}
TOKENS, ROWS, ROUNDS = 32, 8, 7
PROMPT = "the judge who spoke yesterday was fair"
STRENGTHS, LAYER_SETS = (
    (0.5, 1, 2, 4, 8, -1, -2, -4),
    ((4,), (6,), (5, 6, 7), tuple(range(3, 11))),
)


def model() -> Loaded:
    """The model, not read from disk."""
    made = build("llama", **SIZE)
    made.generation_config.eos_token_id = None
    with tempfile.TemporaryDirectory() as folder:
        tokenizer().save_pretrained(Path(folder))
    return Loaded(
        ModelSpec("benchmark", device="cpu"),
        None,
        made,
        tokenizer(),
        find_blocks(made, 12),
        512,
    )


def steered(strength: float, layers: tuple[int, ...]) -> Row:
    """The prompt under one vector at some layers."""
    vector = np.random.default_rng(0).standard_normal(512).astype(np.float32)
    return Row(
        PROMPT,
        (ResolvedTerm(dict.fromkeys(layers, vector), dict.fromkeys(layers, strength)),),
    )


def seconds(work: Callable[[], object]) -> float:
    """Time of one call."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def plain(loaded: Loaded) -> Callable[[], object]:
    """The library's own greedy generation of the same batch."""
    rows = [Row(PROMPT)] * ROWS
    given = padded_batch(loaded, encoded_rows(loaded, rows, TOKENS))
    options = {
        "max_new_tokens": TOKENS,
        "do_sample": False,
        "pad_token_id": 0,
        "eos_token_id": None,
    }
    return lambda: loaded.model.generate(
        input_ids=given.tokens, attention_mask=given.mask, **options
    )


def main() -> None:
    """Measure and print.

    Rounds alternate, and the median of their ratios counts, because other work disturbs
    single ones.
    """
    loaded, spec = model(), GenerationSpec(TOKENS)
    print(
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, "
        f"Llama of 12 × 512, {TOKENS} new tokens, {ROWS} rows"
    )
    reference = plain(loaded)
    for name, layers in (
        ("one layer", (6,)),
        ("four layers", (5, 6, 7, 8)),
        ("every layer", tuple(range(1, 13))),
    ):
        rows = [steered(s, layers) for s in STRENGTHS]
        generate(loaded, rows, spec), reference()
        pairs = [
            (seconds(reference), seconds(partial(generate, loaded, rows, spec)))
            for _ in range(ROUNDS)
        ]
        ratio = statistics.median(bare / own for bare, own in pairs)
        speed = ROWS * TOKENS / min(own for _, own in pairs)
        print(
            f"steered at {name}: {ratio:.3f} × the tokens/s of plain generate; "
            f"best {speed:.0f} tokens/s"
        )
    grid = [steered(s, layers) for layers in LAYER_SETS for s in STRENGTHS]
    together, alone = [], []
    batched = seconds(lambda: together.extend(generate(loaded, grid, spec)))
    single = seconds(
        lambda: alone.extend(generate(loaded, [row], spec)[0] for row in grid)
    )
    same = sum(one.ids == other.ids for one, other in zip(together, alone))
    print(
        f"grid of {len(grid)}: {batched:.2f} s in one call, {single:.2f} s one by one: "
        f"{single / batched:.1f} ×; {same} texts alike"
    )


if __name__ == "__main__":
    main()
