"""Time and memory of extraction against a bare forward pass and the plain way.

The model is a random Llama of 12 × 512. Run with ``python -m benchmarks.extraction``; one
thread, about ten minutes. ``--budget`` tries another number of tokens in a batch,
``--quick`` leaves out the plain way and the large memory run.
"""

import argparse
import os

os.environ |= {"OMP_NUM_THREADS": "1", "TRANSFORMERS_VERBOSITY": "error"}

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
import psutil
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from analysis.concepts.readouts import LinearReadout, Projections, States
from analysis.concepts.unrelated_vectors import DRAWS, Surplus
from analysis.core.specs import ModelSpec
from analysis.model.extract import TOKEN_BUDGET, Reading, batched, stream
from analysis.model.load import Loaded
from analysis.model.stacks import find_blocks
from analysis.worker.reader import Collected

LAYERS, HIDDEN, VOCABULARY, HEADS, INNER = 12, 512, 32_000, 8, 1376
TEXTS, MANY, SHORTEST, LONGEST, PLAIN_BATCH, ROUNDS = 512, 2048, 8, 200, 32, 3
ESTIMATES = 4
"""Concept vector, two halves, shuffled twin."""
LANGUAGES = 16
OTHERS = (LANGUAGES + 1) * DRAWS
"""Unrelated vectors: random directions, and shuffled labels of every source."""
MEBIBYTE = 2**20


class Ids:
    """Stands in for a tokenizer: “text 7” becomes the seventh row of random ids."""

    pad_token_id = 0

    def __init__(self, texts: int):
        rng = np.random.default_rng(0)
        lengths = rng.integers(SHORTEST, LONGEST + 1, texts)
        # What a tokenizer adds is asked with a text of one letter.
        self.rows = {"a": [1]} | {
            f"text {i}": rng.integers(1, VOCABULARY, length).tolist()
            for i, length in enumerate(lengths)
        }

    def __call__(self, texts: list[str], add_special_tokens: bool = True) -> dict:
        """The rows of these texts."""
        return {"input_ids": [self.rows[text] for text in texts]}


def random_llama(texts: int, dtype: torch.dtype = torch.float32) -> Loaded:
    """The model as the engine sees it."""
    torch.manual_seed(0)
    shape = {
        "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": INNER,
    }
    model = (
        LlamaForCausalLM(
            LlamaConfig(vocab_size=VOCABULARY, max_position_embeddings=2048, **shape)
        )
        .to(dtype)
        .eval()
    )
    return Loaded(
        ModelSpec("random"), None, model, Ids(texts), find_blocks(model, LAYERS), HIDDEN
    )


def readout(texts: int, estimates: int) -> LinearReadout:
    """What listens to training pairs."""
    weights = np.random.default_rng(1).standard_normal((estimates, texts))
    return LinearReadout(weights, LAYERS, HIDDEN)


def engine(loaded: Loaded, reading: Reading) -> None:
    """The engine's way, where every text is of a training and of a held-out pair."""
    texts = list(loaded.tokenizer.rows)
    pairs = len(texts) // 2
    drawn = np.random.default_rng(2).standard_normal(
        (LAYERS, OTHERS, HIDDEN), np.float32
    )
    in_first = np.arange(pairs) % 2 == 0
    with States(pairs, LAYERS, OTHERS) as waiting:
        consumers = [
            readout(len(texts), ESTIMATES),
            readout(len(texts), DRAWS),
            Projections(drawn[:, :LANGUAGES].transpose(1, 0, 2), len(texts)),
            Surplus(drawn, in_first, waiting),
        ]
        stream(loaded, texts[: 2 * pairs], consumers, reading)


@torch.inference_mode()
def bare(loaded: Loaded, reading: Reading) -> None:
    """The same batches through the same blocks; no head, no hook, nothing kept."""
    rows = list(loaded.tokenizer.rows.values())
    for batch in batched([len(row) for row in rows], reading.budget):
        width = len(rows[batch[0]])
        tokens = torch.tensor([rows[i] + [0] * (width - len(rows[i])) for i in batch])
        loaded.decoder(input_ids=tokens, use_cache=False)


@torch.inference_mode()
def plain(loaded: Loaded) -> np.ndarray:
    """The library's way: batches in the order given, padded and masked.

    All hidden states and the output head.
    """
    rows, kept = list(loaded.tokenizer.rows.values()), []
    for start in range(0, len(rows), PLAIN_BATCH):
        chosen = rows[start : start + PLAIN_BATCH]
        width = max(map(len, chosen))
        tokens = torch.tensor([row + [0] * (width - len(row)) for row in chosen])
        mask = torch.tensor(
            [[1] * len(row) + [0] * (width - len(row)) for row in chosen]
        )
        states = loaded.model(
            input_ids=tokens, attention_mask=mask, output_hidden_states=True
        ).hidden_states[1:]
        last = torch.tensor([len(row) - 1 for row in chosen])
        kept.append(
            torch.stack(
                [layer[torch.arange(len(chosen)), last] for layer in states], 1
            ).numpy()
        )
    return np.concatenate(kept)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Processor seconds and seconds on the clock."""
    processor, clock = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - processor, time.perf_counter() - clock


def medians(figures: list[tuple[float, float]]) -> tuple[float, float]:
    """Median of each column."""
    return tuple(statistics.median(column) for column in zip(*figures))


def extra_memory(texts: int, budget: int) -> float:
    """MiB that extraction takes at its peak above the loaded model.

    To be called in a fresh process.
    """
    loaded, process, stop = random_llama(texts), psutil.Process(), threading.Event()
    before = peak = process.memory_info().rss

    def watch() -> None:
        nonlocal peak
        while not stop.wait(0.001):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    engine(loaded, Reading(budget))
    stop.set()
    watcher.join()
    return (peak - before) / MEBIBYTE


def memory_in_a_fresh_process(texts: int, budget: int) -> float:
    """The same, measured in a process that has done nothing else."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.extraction",
        "--memory",
        str(texts),
        "--budget",
        str(budget),
    ]
    return float(
        subprocess.run(command, capture_output=True, text=True, check=True).stdout
    )


def line(name: str, value: str, target: str = "", met: bool = True) -> None:
    """One line of the report."""
    print(
        f"{name:<58}{value:>22}   {target and f'target {target}: ' + ('met' if met else 'MISSED')}",
        flush=True,
    )


def report(budget: int, quick: bool) -> None:
    """Measure and print everything."""
    reading, loaded = Reading(budget), random_llama(TEXTS)
    rounds = [
        (timed(lambda: bare(loaded, reading)), timed(lambda: engine(loaded, reading)))
        for _ in range(ROUNDS)
    ]
    (bare_cpu, bare_wall), (cpu, wall) = (medians(column) for column in zip(*rounds))
    line(
        "tokens in a batch, load of the machine", f"{budget}, {os.getloadavg()[0]:.1f}"
    )
    line("bare forward pass: processor, clock", f"{bare_cpu:.1f} s, {bare_wall:.1f} s")
    line("extraction: processor, clock", f"{cpu:.1f} s, {wall:.1f} s")
    ratio = statistics.median(ours[0] / theirs[0] for theirs, ours in rounds)
    line(
        "extraction / bare pass, processor, median of rounds",
        f"{ratio:.3f}",
        "≤ 1.05",
        ratio <= 1.05,
    )
    half = random_llama(TEXTS, torch.bfloat16)
    half_cpu, half_wall = timed(lambda: engine(half, reading))
    line(
        "extraction in bfloat16: processor, clock",
        f"{half_cpu:.1f} s, {half_wall:.1f} s",
    )
    few = memory_in_a_fresh_process(TEXTS, budget)
    line(
        f"memory above the loaded model, {TEXTS} texts",
        f"{few:.0f} MiB",
        "≤ 100 MiB",
        few <= 100,
    )
    if quick:
        return
    many = memory_in_a_fresh_process(MANY, budget)
    line(
        f"memory above the loaded model, {MANY} texts",
        f"{many:.0f} MiB",
        "≤ 100 MiB",
        many <= 100,
    )
    compare(loaded, cpu)


def compare(loaded: Loaded, cpu: float) -> None:
    """The plain way: how much longer it takes, and whether it gives the same states."""
    result = []
    plain_cpu, plain_wall = timed(lambda: result.append(plain(loaded)))
    line("plain way: processor, clock", f"{plain_cpu:.1f} s, {plain_wall:.1f} s")
    line(
        "plain way / extraction, processor",
        f"{plain_cpu / cpu:.2f}",
        "≥ 4",
        plain_cpu >= 4 * cpu,
    )
    collected = Collected(TEXTS, LAYERS, HIDDEN)
    stream(loaded, list(loaded.tokenizer.rows), [collected], Reading(final_norm=True))
    scale = np.abs(result[0]).max((0, 2), keepdims=True)
    difference = float((np.abs(collected.values - result[0]) / scale).max())
    line(
        "largest relative difference of a state",
        f"{difference:.1e}",
        "< 1e-4",
        difference < 1e-4,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budget", type=int, default=TOKEN_BUDGET["cpu"])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument(
        "--memory",
        type=int,
        metavar="TEXTS",
        help="only print the memory that this many texts take, in MiB",
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.memory:
        print(extra_memory(options.memory, options.budget))
    else:
        report(options.budget, options.quick)
