"""How many tokens of our contrast pairs are padding, and what packing them would save.

``python -m benchmarks.padding FOLDER`` reads the texts by the tokenizer of a model's
folder; with ``--streams N`` it also times N streams of them by the model itself, in
batches as they are, in smaller ones, and with several texts in one row (restarting
positions, each text seeing itself only). One thread; processor seconds.
"""

import argparse
import os

os.environ |= {"OMP_NUM_THREADS": "1", "TRANSFORMERS_VERBOSITY": "error"}

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from transformers import AutoModel, AutoTokenizer

from analysis.concepts.corpora import own_values
from analysis.core.templates import prompt_ids
from analysis.model.extract import TOKEN_BUDGET, batched

BUDGETS = (256, 512, *TOKEN_BUDGET.values())
ROWS = (128, 256, 1024)
"""Tokens of a row in which several texts are packed."""

Ids = list[list[int]]


def streams(tokenizer: AutoTokenizer) -> list[Ids]:
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
def padded_pass(model: AutoModel, batch: Ids) -> torch.Tensor:
    """The last states of texts, padded on the right."""
    width = max(map(len, batch))
    tokens = torch.tensor([row + [0] * (width - len(row)) for row in batch])
    states = model(input_ids=tokens, use_cache=False).last_hidden_state
    last = torch.tensor([len(row) - 1 for row in batch])
    return states[torch.arange(len(batch)), last]


@torch.inference_mode()
def packed_pass(model: AutoModel, rows: Sequence[Ids], width: int) -> torch.Tensor:
    """The same of texts that share rows."""
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


def seconds(work: Callable[[], object]) -> float:
    """Processor seconds."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def times(folder: Path, found: Sequence[Ids]) -> None:
    """What each way takes, twice in turn, the less of both."""
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    ways: dict[str, Callable[[], object]] = {}
    for budget in BUDGETS[:-1]:
        batches = [batch for ids in found for batch in in_batches(ids, budget)]
        ways[f"batches of {budget} tokens"] = lambda batches=batches: [
            padded_pass(model, batch) for batch in batches
        ]
    for width in ROWS:
        many = TOKEN_BUDGET["cpu"] // width
        rows = [row for ids in found for row in in_rows(ids, width)]
        parts = [rows[begin : begin + many] for begin in range(0, len(rows), many)]
        ways[f"texts packed in rows of {width}"] = lambda parts=parts, width=width: [
            packed_pass(model, part, width) for part in parts
        ]
    least = {name: seconds(work) for name, work in ways.items()}
    for name, work in ways.items():
        least[name] = min(least[name], seconds(work))
        print(f"{name:<34}{least[name]:>8.1f} s", flush=True)
    row = in_rows(found[0], ROWS[0])[:1]
    alone = torch.cat([padded_pass(model, [text]) for text in row[0]])
    packed = packed_pass(model, row, ROWS[0])
    apart = (packed - alone).norm(dim=-1) / alone.norm(dim=-1)
    print(f"states of packed texts differ by {float(apart.max()):.1e} of their length")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="of a model")
    parser.add_argument("--streams", type=int, default=0, metavar="N")
    options = parser.parse_args()
    torch.set_num_threads(1)
    given = streams(AutoTokenizer.from_pretrained(options.folder))
    shares(given)
    if options.streams:
        step = max(1, len(given) // options.streams)
        times(options.folder, given[::step][: options.streams])
