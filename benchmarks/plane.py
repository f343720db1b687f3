"""Items per second of the plane: one pass per prompt with its options behind it,
against one row per option, and the plain loop.

Run with ``python -m benchmarks.plane [questions]``.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from analysis.core.specs import ModelSpec
from analysis.core.templates import apply_template, prompt_ids
from analysis.model.hooks import Row
from analysis.model.load import Loaded, load
from analysis.model.option_scoring import option_scores, shared_scores
from analysis.model.scoring import continuations
from analysis.questions.question_sets import demo_questions
from analysis.steering.resolve import ResolvedTerm

LAYER = 3


def plain_loop(
    loaded: Loaded, rows: list[Row], options: list[tuple[str, ...]]
) -> list[np.ndarray]:
    """Every option by itself: the prompt and the option in one pass, steered by a hook
    of one line.
    """
    found = []
    for row, texts in zip(rows, options):
        push = torch.tensor(row.terms[0].vectors[LAYER], dtype=torch.float32)
        handle = loaded.blocks[LAYER - 1].register_forward_hook(
            lambda module, given, out, push=push: out + push
        )
        (start,) = prompt_ids(loaded.tokenizer, [row.prompt], row.whole)
        nats = []
        for text in texts:
            end = loaded.tokenizer(text, add_special_tokens=False)["input_ids"]
            with torch.inference_mode():
                logits = (
                    loaded.model(torch.tensor([start + end]))
                    .logits[0, len(start) - 1 : -1]
                    .log_softmax(-1)
                )
            nats.append(float(logits[range(len(end)), end].sum()))
        handle.remove()
        found.append(np.array(nats))
    return found


def timed(name: str, work: Callable[[], list], items: int) -> list[np.ndarray]:
    """Run once after a warm-up and print items per second."""
    work()
    began = time.perf_counter()
    found = work()
    print(
        f"{name:<42} {items / (time.perf_counter() - began):8.1f} items/s", flush=True
    )
    return [getattr(each, "nats", each) for each in found]


def main() -> None:
    """The demo model on a part of its questions, every language steered by a vector of its own."""
    torch.set_num_threads(1)
    loaded = load(ModelSpec("demo", device="cpu"))
    chosen = [q for q in demo_questions().questions if q.options]
    chosen = chosen[
        :: max(1, len(chosen) // int(sys.argv[1] if len(sys.argv) > 1 else 200))
    ]
    vectors = {
        code: np.random.default_rng(i).standard_normal(loaded.hidden)
        for i, code in enumerate({q.language for q in chosen})
    }
    prompts = apply_template("chat", loaded.tokenizer, [q.question for q in chosen])
    rows = [
        Row(p, (ResolvedTerm({LAYER: vectors[q.language]}, {LAYER: 1.0}),), whole=True)
        for p, q in zip(prompts, chosen)
    ]
    options = [q.options for q in chosen]
    ways = {
        "one pass per prompt, options behind it": lambda: shared_scores(
            loaded, rows, options
        ),
        "the way that each prompt's length asks for": lambda: option_scores(
            loaded, rows, options
        ),
        "one row per option": lambda: continuations(loaded, rows, options),
        "plain loop": lambda: plain_loop(loaded, rows, options),
    }
    results = [timed(name, way, len(chosen)) for name, way in ways.items()]
    apart = max(
        np.abs(a - b).max() for other in results[1:] for a, b in zip(results[0], other)
    )
    print(
        f"{len(chosen)} items, {sum(map(len, options))} options; largest "
        f"difference {apart:.1e} nats"
    )


if __name__ == "__main__":
    main()
