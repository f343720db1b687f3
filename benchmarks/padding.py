"""How many tokens of our contrast pairs are padding, and what packing them saves.

``python -m benchmarks.padding MODEL …`` reads the texts by the tokenizer of each of
these models of this machine; with ``--streams N`` it also times N streams of them by the
model itself: in batches as they are, in smaller ones (whose texts are of a length more
nearly), with all texts of a batch in one row as ``batches="packed"`` has it, and with
several texts in one row under a mask. ``--random`` times a random Llama of 12 × 512 on
texts of 8 to 200 tokens. One thread; its seconds on the processor, all ways in turn on
one stream after another, and the median over streams of each way's share of what batches
as they are take.
"""

import argparse
import os

os.environ |= {"OMP_NUM_THREADS": "1", "TRANSFORMERS_VERBOSITY": "error"}

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from analysis.concepts.corpora import own_values
from analysis.core.specs import PACKED, ModelSpec
from analysis.core.templates import prompt_ids
from analysis.model.extract import TOKEN_BUDGET, batched, read_batch
from analysis.model.load import Loaded, load
from benchmarks.extraction import LONGEST, SHORTEST, VOCABULARY, random_llama

BUDGETS = (256, 512, *TOKEN_BUDGET.values())
ROWS = (128, 256, 1024)
"""Tokens of a row in which several texts are packed."""

DRAWN, DRAWN_STREAMS = 64, 3
"""Texts in a stream of random ones, and how many such streams."""
Ids = list[list[int]]


def streams(tokenizer: Any) -> list[Ids]:
    """The texts of each concept in each language, which are read together."""
    texts: dict[tuple[str, str], dict[str, None]] = {}
    for pair in own_values().pairs:
        here = texts.setdefault((pair.concept, pair.language), {})
        here |= dict.fromkeys((pair.positive, pair.negative))
    return [prompt_ids(tokenizer, list(here), False) for here in texts.values()]


def in_batches(ids: Ids, budget: int) -> list[Ids]:
    """Batches as extraction makes them."""
    found = batched([len(row) for row in ids], budget)
    return [[ids[place] for place in batch] for batch in found]


def in_rows(ids: Ids, width: int) -> list[Ids]:
    """Texts that share a row: the longest first, each in the first row with room."""
    rows: list[Ids] = []
    for text in sorted(ids, key=len, reverse=True):
        for row in rows:
            if sum(map(len, row)) + len(text) <= width:
                row.append(text)
                break
        else:
            rows.append([text])
    return rows


def padding(groups: Sequence[Ids], width: int = 0) -> int:
    """Tokens that stand for nothing, where each group is padded to its longest text.

    With a ``width`` each group is a row of that many tokens.
    """
    lost = 0
    for group in groups:
        lengths = [len(text) for text in group]
        whole = max(width, max(lengths)) if width else max(lengths) * len(group)
        lost += whole - sum(lengths)
    return lost


def told(name: str, groups: Sequence[Ids], real: int, width: int = 0) -> None:
    """One line on how much is padding."""
    lost = padding(groups, width)
    share = 100 * lost / (lost + real)
    print(f"{name:<34}{len(groups):>7} groups{share:>8.1f} % padding", flush=True)


def shares(found: Sequence[Ids]) -> None:
    """How much is padding in each way."""
    real = sum(len(text) for ids in found for text in ids)
    for budget in BUDGETS:
        batches = [batch for ids in found for batch in in_batches(ids, budget)]
        told(f"batches of {budget} tokens", batches, real)
    for width in ROWS:
        rows = [row for ids in found for row in in_rows(ids, width)]
        told(f"texts packed in rows of {width}", rows, real, width)


@torch.inference_mode()
def masked_pass(model: Any, rows: Sequence[Ids], width: int) -> torch.Tensor:
    """The last states of texts that share rows, under a mask."""
    width = max(width, max(sum(map(len, row)) for row in rows))
    tokens = torch.zeros(len(rows), width, dtype=torch.int64)
    places = torch.zeros_like(tokens)
    owner = torch.full_like(tokens, -1)
    ends = []
    for at, row in enumerate(rows):
        begin = 0
        for number, text in enumerate(row):
            here = slice(begin, begin + len(text))
            tokens[at, here] = torch.tensor(text)
            places[at, here] = torch.arange(len(text))
            owner[at, here] = number
            begin += len(text)
            ends.append((at, begin - 1))
    same = owner[:, :, None] == owner[:, None]
    seen = same & torch.ones(width, width, dtype=torch.bool).tril()
    mask = torch.zeros(seen.shape).masked_fill(~seen, torch.finfo(torch.float32).min)
    states = model(
        input_ids=tokens,
        position_ids=places,
        attention_mask=mask[:, None],
        use_cache=False,
    ).last_hidden_state
    at, end = torch.tensor(ends).T
    return states[at, end]


Way = Callable[[Loaded, Ids], list[np.ndarray]]
"""Reads the texts of a stream: states (text, layer, hidden) of each batch."""
AS_THEY_ARE = f"batches of {TOKEN_BUDGET['cpu']} tokens"


def padded_way(budget: int) -> Way:
    """Batches of so many tokens, padded."""

    def read(loaded: Loaded, ids: Ids) -> list[np.ndarray]:
        return [read_batch(loaded, batch) for batch in in_batches(ids, budget)]

    return read


def packed_way(loaded: Loaded, ids: Ids) -> list[np.ndarray]:
    """Batches as they are, the texts of each in one row."""
    packed = replace(loaded, spec=replace(loaded.spec, batches=PACKED))
    return padded_way(TOKEN_BUDGET["cpu"])(packed, ids)


def masked_way(width: int) -> Way:
    """Several texts in each row of so many tokens, under a mask."""
    many = TOKEN_BUDGET["cpu"] // width

    def read(loaded: Loaded, ids: Ids) -> list[np.ndarray]:
        rows = in_rows(ids, width)
        found = []
        for begin in range(0, len(rows), many):
            part = rows[begin : begin + many]
            found.append(masked_pass(loaded.decoder, part, width).numpy())
        return found

    return read


def ways() -> dict[str, Way]:
    """Every way that is timed."""
    found: dict[str, Way] = {}
    for budget in (256, 512, 1024):
        found[f"batches of {budget} tokens"] = padded_way(budget)
    found["the same, texts in one row"] = packed_way
    for width in ROWS[:2]:
        found[f"texts packed in rows of {width}"] = masked_way(width)
    return found


def seconds(way: Way, loaded: Loaded, ids: Ids) -> float:
    """What this thread took on the processor."""
    begin = time.thread_time()
    way(loaded, ids)
    return time.thread_time() - begin


def times(loaded: Loaded, found: Sequence[Ids], rounds: int) -> None:
    """What share of the time of batches as they are each way takes."""
    known = ways()
    parts: dict[str, list[float]] = {name: [] for name in known}
    for turn in range(rounds):
        order = list(known) if turn % 2 else list(known)[::-1]
        for ids in found:
            took = {name: seconds(known[name], loaded, ids) for name in order}
            for name in known:
                parts[name].append(took[name] / took[AS_THEY_ARE])
    for name, each in parts.items():
        median = statistics.median(each)
        share = f"{median:>8.3f}  ({min(each):.3f} to {max(each):.3f})"
        print(f"{name:<34}{share}", flush=True)


def differences(loaded: Loaded, found: Sequence[Ids]) -> None:
    """By how much states of other ways differ from those of batches as they are."""
    smaller = padded_way(BUDGETS[0])
    whole = padded_way(TOKEN_BUDGET["cpu"])
    by_row, by_size = 0.0, 0.0
    for ids in found:
        states = np.concatenate(whole(loaded, ids))
        by_row = max(by_row, apart(states, np.concatenate(packed_way(loaded, ids))))
        by_size = max(by_size, apart(states, np.concatenate(smaller(loaded, ids))))
    print(
        f"states differ by {by_row:.1e} in one row, by {by_size:.1e} in small batches"
    )


def apart(states: np.ndarray, others: np.ndarray) -> float:
    """The most by which states (text, layer, hidden) differ, of the largest of a layer."""
    largest = np.abs(states).max((0, 2))
    return float((np.abs(states - others).max((0, 2)) / largest).max())


def drawn() -> list[Ids]:
    """Streams of random texts of very different length."""
    random = np.random.default_rng(0)
    found = []
    for _ in range(DRAWN_STREAMS):
        lengths = random.integers(SHORTEST, LONGEST + 1, DRAWN)
        found.append([random.integers(1, VOCABULARY, n).tolist() for n in lengths])
    return found


def measured(loaded: Loaded, found: Sequence[Ids], rounds: int) -> None:
    """Print everything that is timed of a model."""
    print(f"share of the time of {AS_THEY_ARE}, median over {len(found)} streams")
    times(loaded, found, rounds)
    differences(loaded, found)


def sample(found: Sequence[Ids], count: int) -> Sequence[Ids]:
    """So many streams, from all concepts and languages alike."""
    step = max(1, len(found) // count)
    return found[step // 2 :: step][:count]


def report(options: argparse.Namespace) -> None:
    """Measure and print what was asked for."""
    for name in options.models:
        print(name)
        loaded = load(ModelSpec(name))
        found = streams(loaded.tokenizer)
        shares(found)
        if options.streams:
            measured(loaded, sample(found, options.streams), options.rounds)
    if options.random:
        print(
            f"a random Llama, {DRAWN} texts of {SHORTEST} to {LONGEST} tokens a stream"
        )
        found = drawn()
        shares(found)
        measured(random_llama(1), found, options.rounds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("models", nargs="*", help="models of this machine")
    parser.add_argument("--streams", type=int, default=0, metavar="N")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--random", action="store_true", help="a random Llama too")
    torch.set_num_threads(1)
    report(parser.parse_args())
