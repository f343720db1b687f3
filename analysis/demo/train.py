"""Train the demo model from scratch: ``python -m analysis.demo.train``.

Writes tokenizer and float16 weights into ``analysis/demo/model``.
"""

import argparse
import math
import random
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import torch
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from analysis.demo.evaluate import verdict_accuracy
from analysis.demo.text import Document, documents
from analysis.demo.tokenizer import BEGIN, END, PAD, id_of, train_tokenizer

FOLDER = Path(__file__).parent / "model"
SEED = 7
BATCH, POOL = 64, 32
PEAK_RATE, WARM_UP = 3e-3, 200
PLAIN_TEXT = 0.35
"""Share of the tokens of plain text that the loss looks at.

The output layer is the dearest part of so small a model.
"""
ENDS = 1.0
"""What the token that ends a document weighs."""


class Row(NamedTuple):
    """Token ids of a document and what each weighs in the loss."""

    ids: list[int]
    weights: list[float]


def config(tokenizer: PreTrainedTokenizerFast) -> LlamaConfig:
    """The architecture: Llama, six blocks, tied embeddings, 2.1 million parameters."""
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=6,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=256,
        tie_word_embeddings=True,
        # Several times faster to train in bfloat16 on a processor than the fused kernel.
        attn_implementation="eager",  # pyright: ignore[reportCallIssue]
        bos_token_id=id_of(tokenizer, BEGIN),
        eos_token_id=id_of(tokenizer, END),
        pad_token_id=id_of(tokenizer, PAD),
    )


def encode(
    tokenizer: PreTrainedTokenizerFast,
    document: Document,
    rng: random.Random,
) -> Row:
    """Token ids of a document, begun and ended, with the loss weight of each.

    Most tokens of plain text have none.
    """
    row = Row([id_of(tokenizer, BEGIN)], [0.0])
    for text, weight in document:
        for token in tokenizer.encode(text, add_special_tokens=False):
            looked_at = weight > 1 or rng.random() < PLAIN_TEXT
            row.ids.append(token)
            row.weights.append(weight if looked_at else 0.0)
    row.ids.append(id_of(tokenizer, END))
    row.weights.append(ENDS)
    return row


def batches(tokenizer: PreTrainedTokenizerFast, seed: int) -> Iterator[list[Row]]:
    """Endless batches of documents of like length."""
    order = random.Random(seed)
    stream = (encode(tokenizer, document, order) for _, document in documents(seed))
    while True:
        pool = list(islice(stream, BATCH * POOL))
        pool.sort(key=lambda row: len(row.ids))
        starts = list(range(0, len(pool), BATCH))
        order.shuffle(starts)
        for start in starts:
            yield pool[start : start + BATCH]


class Padded(NamedTuple):
    """Rows of one width: token ids and weights, (row, token)."""

    ids: torch.Tensor
    weights: torch.Tensor


def padded(rows: list[Row], pad: int) -> Padded:
    """Rows filled up with tokens that weigh nothing.

    The width is rounded up, because a processor's bfloat16 kernels are compiled anew for
    every shape they have not met.
    """
    longest = max(len(row.ids) for row in rows)
    width = rounded(longest, 8) + 1
    ids = []
    weights = []
    for row in rows:
        missing = width - len(row.ids)
        ids.append(row.ids + [pad] * missing)
        weights.append(row.weights + [0.0] * missing)
    return Padded(torch.tensor(ids), torch.tensor(weights))


def loss(
    model: LlamaForCausalLM,
    rows: list[Row],
    pad: int,
) -> torch.Tensor:
    """Weighted mean cross-entropy of the next token.

    Only the tokens with a weight go through the output layer, their number rounded up.
    """
    batch = padded(rows, pad)
    out = model.model(input_ids=batch.ids[:, :-1], use_cache=False)
    states = out.last_hidden_state.flatten(0, 1)
    following = batch.ids[:, 1:].flatten()
    weights = batch.weights[:, 1:].flatten()
    wanted = weights.nonzero().squeeze(1)
    missing = rounded(len(wanted), 256) - len(wanted)
    filled = torch.cat([wanted, torch.zeros(missing, dtype=torch.int64)])
    logits = model.lm_head(states[filled]).float()
    entropy = functional.cross_entropy(logits, following[filled], reduction="none")
    weighted = entropy[: len(wanted)] * weights[wanted]
    return weighted.sum() / weights.sum()


def rounded(n: int, step: int) -> int:
    """The next multiple of ``step``."""
    return -(-n // step) * step


def rate(step: int, steps: int) -> float:
    """Learning rate: linear warm-up, then cosine to a twentieth of the peak."""
    if step < WARM_UP:
        return PEAK_RATE * (step + 1) / WARM_UP
    length = max(1, steps - WARM_UP)
    turn = math.pi * (step - WARM_UP) / length
    falling = 0.95 * 0.5 * (1 + math.cos(turn))
    return PEAK_RATE * (0.05 + falling)


def train(
    steps: int,
    folder: Path,
    report_every: int = 500,
) -> None:
    """Train for ``steps`` batches and save.

    Prints loss and held-out verdict accuracy on the way.
    """
    torch.manual_seed(SEED)
    tokenizer = train_tokenizer(SEED)
    model = LlamaForCausalLM(config(tokenizer))
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=PEAK_RATE, betas=(0.9, 0.98), weight_decay=0.05
    )
    size = sum(parameter.numel() for parameter in model.parameters())
    print(f"{size:,} parameters, {len(tokenizer)} tokens", flush=True)
    began = time.monotonic()
    for step, rows in enumerate(islice(batches(tokenizer, SEED), steps)):
        for group in optimiser.param_groups:
            group["lr"] = rate(step, steps)
        value = take_step(model, optimiser, rows, id_of(tokenizer, PAD))
        if (step + 1) % report_every == 0:
            took = time.monotonic() - began
            right = accuracy_line(model, tokenizer)
            done = f"{step + 1} loss {value:.3f} {took:.0f} s"
            print(f"{done} | {right}", flush=True)
    save(model, tokenizer, folder)


def take_step(
    model: LlamaForCausalLM,
    optimiser: torch.optim.Optimizer,
    rows: list[Row],
    pad: int,
) -> float:
    """Change the weights by one batch; its loss before the change."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = loss(model, rows, pad)
    value.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return value.item()


def accuracy_line(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> str:
    """Held-out verdict accuracy of every language, in a line."""
    counts = verdict_accuracy(model, tokenizer, samples=1)
    shares = []
    for language, count in counts.items():
        shares.append(f"{language} {count.right / count.n:.2f}")
    return " ".join(shares)


def save(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    folder: Path,
) -> None:
    """Write tokenizer and float16 weights; ``analysis.demo.evaluate`` measures them as shipped."""
    model.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--steps", type=int, default=4_000)
    arguments.add_argument("--folder", type=Path, default=FOLDER)
    options = arguments.parse_args()
    train(options.steps, options.folder)
