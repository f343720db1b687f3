"""Does the demo model give the right verdict where training never gave one?"""

import random

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from analysis.demo.world import LANGUAGES, NEGATIVE, POSITIVE, VALUES, held_out, predicate, sentence, verdict, world


@torch.inference_mode()
def log_likelihood(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, texts: list[tuple[str, str]]) -> list[float]:
    """Log-probability of each continuation after its prompt, summed over its tokens (nats)."""
    rows = [tokenizer.encode(prompt) for prompt, _ in texts]
    ends = [tokenizer.encode(continuation, add_special_tokens=False) for _, continuation in texts]
    width = max(len(row) + len(end) for row, end in zip(rows, ends))
    ids = torch.full((len(texts), width), tokenizer.pad_token_id)
    for i, (row, end) in enumerate(zip(rows, ends)):
        ids[i, : len(row) + len(end)] = torch.tensor(row + end)
    states = model.model(input_ids=ids, use_cache=False).last_hidden_state
    totals = []
    for i, (row, end) in enumerate(zip(rows, ends)):
        logits = model.lm_head(states[i, len(row) - 1 : len(row) + len(end) - 1]).float()
        totals.append(logits.log_softmax(-1)[range(len(end)), end].sum().item())
    return totals


def statements(language: str, samples: int, seed: int = 0) -> list[tuple[str, str, int]]:
    """(statement, value, polarity) of every held-out predicate with ``samples`` random openings and names."""
    rng = random.Random(f"{seed} {language}")
    texts = world(language)
    return [
        (
            sentence(
                language,
                rng.randrange(len(texts["openings"])),
                rng.randrange(len(texts["names"])),
                predicate(language, value, pair, polarity),
            ),
            value,
            polarity,
        )
        for value in VALUES
        for pair in sorted(held_out(language, value))
        for polarity in (POSITIVE, NEGATIVE)
        for _ in range(samples)
    ]


def verdict_accuracy(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, samples: int
) -> dict[str, tuple[int, int]]:
    """Per language (right, n): held-out statements whose right verdict is likelier than the wrong one; chance is n / 2."""
    results = {}
    for language in LANGUAGES:
        asked = statements(language, samples)
        scores = log_likelihood(
            model,
            tokenizer,
            [(text, verdict(language, value, side)) for text, value, _ in asked for side in (POSITIVE, NEGATIVE)],
        )
        right = sum(
            scores[2 * i + polarity] > scores[2 * i + 1 - polarity] for i, (_, _, polarity) in enumerate(asked)
        )
        results[language] = (right, len(asked))
    return results
