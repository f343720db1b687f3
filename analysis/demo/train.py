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

import torch
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from analysis.demo.evaluate import verdict_accuracy
from analysis.demo.text import Document, documents
from analysis.demo.tokenizer import train_tokenizer

FOLDER = Path(__file__).parent / "model"
SEED = 7
BATCH, POOL = 64, 32
PEAK_RATE, WARM_UP = 3e-3, 200
PLAIN_TEXT = 0.35
"""Share of the tokens of plain text that the loss looks at: the output layer is the dearest part of so small a model."""
Row = tuple[list[int], list[float]]


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
        attn_implementation="eager",  # several times faster to train in bfloat16 on a processor than the fused kernel
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def encode(
    tokenizer: PreTrainedTokenizerFast, document: Document, rng: random.Random
) -> Row:
    """Token ids of a document, begun and ended, with the loss weight of each; most tokens of plain text have none."""
    ids, weights = [tokenizer.bos_token_id], [0.0]
    for text, weight in document:
        pieces = tokenizer.encode(text, add_special_tokens=False)
        ids += pieces
        weights += [
            weight if weight > 1 or rng.random() < PLAIN_TEXT else 0.0 for _ in pieces
        ]
    return ids + [tokenizer.eos_token_id], weights + [1.0]


def batches(tokenizer: PreTrainedTokenizerFast, seed: int) -> Iterator[list[Row]]:
    """Endless batches of documents of like length."""
    order = random.Random(seed)
    stream = (encode(tokenizer, document, order) for _, document in documents(seed))
    while True:
        pool = sorted(islice(stream, BATCH * POOL), key=lambda row: len(row[0]))
        starts = list(range(0, len(pool), BATCH))
        order.shuffle(starts)
        yield from (pool[start : start + BATCH] for start in starts)


def loss(model: LlamaForCausalLM, rows: list[Row], pad: int) -> torch.Tensor:
    """Weighted mean cross-entropy of the next token.

    Shapes are rounded up, because a processor's bfloat16 kernels are compiled anew for every shape they have not met.
    """
    width = rounded(max(len(ids) for ids, _ in rows), 8) + 1
    ids = torch.tensor([ids + [pad] * (width - len(ids)) for ids, _ in rows])
    weights = torch.tensor(
        [weights + [0.0] * (width - len(weights)) for _, weights in rows]
    )[:, 1:].flatten()
    states = model.model(
        input_ids=ids[:, :-1], use_cache=False
    ).last_hidden_state.flatten(0, 1)
    wanted = weights.nonzero().squeeze(1)
    filled = torch.cat(
        [
            wanted,
            torch.zeros(rounded(len(wanted), 256) - len(wanted), dtype=torch.int64),
        ]
    )
    entropy = functional.cross_entropy(
        model.lm_head(states[filled]).float(),
        ids[:, 1:].flatten()[filled],
        reduction="none",
    )
    return (entropy[: len(wanted)] * weights[wanted]).sum() / weights.sum()


def rounded(n: int, step: int) -> int:
    """The next multiple of ``step``."""
    return -(-n // step) * step


def rate(step: int, steps: int) -> float:
    """Learning rate: linear warm-up, then cosine to a twentieth of the peak."""
    if step < WARM_UP:
        return PEAK_RATE * (step + 1) / WARM_UP
    return PEAK_RATE * (
        0.05
        + 0.95
        * 0.5
        * (1 + math.cos(math.pi * (step - WARM_UP) / max(1, steps - WARM_UP)))
    )


def train(steps: int, folder: Path, report_every: int = 500) -> None:
    """Train for ``steps`` batches and save; prints loss and held-out verdict accuracy on the way."""
    torch.manual_seed(SEED)
    tokenizer = train_tokenizer(SEED)
    model = LlamaForCausalLM(config(tokenizer))
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=PEAK_RATE, betas=(0.9, 0.98), weight_decay=0.05
    )
    print(
        f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(tokenizer)} tokens",
        flush=True,
    )
    began = time.monotonic()
    for step, rows in enumerate(islice(batches(tokenizer, SEED), steps)):
        for group in optimiser.param_groups:
            group["lr"] = rate(step, steps)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            value = loss(model, rows, tokenizer.pad_token_id)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        if (step + 1) % report_every == 0:
            accuracy = verdict_accuracy(model, tokenizer, samples=1)
            shown = " ".join(
                f"{language} {right / n:.2f}"
                for language, (right, n) in accuracy.items()
            )
            print(
                f"{step + 1} loss {value.item():.3f} {time.monotonic() - began:.0f} s | {shown}",
                flush=True,
            )
    save(model, tokenizer, folder)


def save(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path
) -> None:
    """Write tokenizer and float16 weights; ``analysis.demo.evaluate`` measures them as shipped."""
    model.to(torch.float16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--steps", type=int, default=4_000)
    arguments.add_argument("--folder", type=Path, default=FOLDER)
    options = arguments.parse_args()
    train(options.steps, options.folder)
