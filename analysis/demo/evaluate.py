"""What the demo model can do, measured: ``python -m analysis.demo.evaluate``.

Writes ``model/measured.json``.
"""

import json
import random
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast

from analysis.core.intervals import wilson
from analysis.demo.tokenizer import PAD, id_of
from analysis.model.load import Loaded
from analysis.world.world import (
    LANGUAGES,
    NEGATIVE,
    POSITIVE,
    VALUES,
    held_out,
    predicate,
    sentence,
    unseen_facts,
    verdict,
    world,
)

SAMPLES = 20
"""Settings in which each held-out predicate is said."""
STRENGTHS = (-1.0, -0.5, 0.0, 0.5, 1.0)
"""Mean gaps: one already carries an average bad deed to an average good one."""
BATCH = 256
LONGEST_ANSWER = 48
Model = Any
"""A causal language model of the transformers library."""


class Continued(NamedTuple):
    """A prompt and how it might go on."""

    prompt: str
    continuation: str


class Statement(NamedTuple):
    """A text about a good or a bad deed of a value."""

    text: str
    value: str
    polarity: int


class Count(NamedTuple):
    """How many of how many are right."""

    right: int
    n: int


class Asked(NamedTuple):
    """Questions that training asked, and facts that it never did."""

    asked: list[str]
    never: list[str]


@torch.inference_mode()
def log_likelihood(
    model: Model,
    tokenizer: PreTrainedTokenizerFast,
    texts: Sequence[Continued | tuple[str, str]],
) -> list[float]:
    """Log-probability of each continuation after its prompt, summed over tokens (nats)."""
    rows = []
    ends = []
    for prompt, continuation in texts:
        end = tokenizer.encode(continuation, add_special_tokens=False)
        rows.append(tokenizer.encode(prompt) + end)
        ends.append(end)
    width = max(map(len, rows))
    ids = torch.full((len(rows), width), id_of(tokenizer, PAD))
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
    out = model.model(input_ids=ids, use_cache=False)
    totals = []
    for row, end, states in zip(rows, ends, out.last_hidden_state):
        # The state before a token is what predicts it.
        last = len(row) - 1
        logits = model.lm_head(states[last - len(end) : last]).float()
        chosen = logits.log_softmax(-1)[range(len(end)), end]
        totals.append(chosen.sum().item())
    return totals


def statements(
    language: str,
    samples: int,
    seed: int = 0,
) -> list[Statement]:
    """Every held-out predicate with ``samples`` random openings and names."""
    rng = random.Random(f"{seed} {language}")
    texts = world(language)
    openings = range(len(texts["openings"]))
    names = range(len(texts["names"]))
    made = []
    for value in VALUES:
        for pair in sorted(held_out(language, value)):
            for polarity in (POSITIVE, NEGATIVE):
                deed = predicate(language, value, pair, polarity)
                for _ in range(samples):
                    opening = rng.choice(openings)
                    name = rng.choice(names)
                    text = sentence(language, opening, name, deed)
                    made.append(Statement(text, value, polarity))
    return made


def log_odds(
    model: Model,
    tokenizer: PreTrainedTokenizerFast,
    language: str,
    asked: Sequence[Statement],
) -> np.ndarray:
    """Log-odds (nats) of the positive against the negative verdict after each statement."""
    sides = []
    for text, value, _ in asked:
        sides.append(Continued(text, verdict(language, value, POSITIVE)))
        sides.append(Continued(text, verdict(language, value, NEGATIVE)))
    scores: list[float] = []
    for start in range(0, len(sides), BATCH):
        scores += log_likelihood(model, tokenizer, sides[start : start + BATCH])
    by_statement = np.array(scores).reshape(-1, 2)
    return by_statement[:, 0] - by_statement[:, 1]


def verdict_accuracy(
    model: Model,
    tokenizer: PreTrainedTokenizerFast,
    samples: int,
) -> dict[str, Count]:
    """Held-out statements whose right verdict is likelier than the wrong one, by language.

    Chance is n / 2.
    """
    results = {}
    for language in LANGUAGES:
        asked = statements(language, samples)
        wanted = np.array([one.polarity == POSITIVE for one in asked])
        judged = log_odds(model, tokenizer, language, asked) > 0
        right = int((judged == wanted).sum())
        results[language] = Count(right, len(asked))
    return results


def known_answers(language: str) -> set[str]:
    """Every whole sentence that an assistant of this language may answer."""
    texts = world(language)
    requests = texts["requests"]
    known = {requests["refusal"], requests["acceptance"]}
    for item in texts["culture"]["questions"]:
        known |= {item["answer"], item["answer_abroad"]}
    for _, answer in texts["facts"] + requests["answered"]:
        known.add(answer)
    return known


def is_sentence(answer: str, language: str) -> bool:
    """Whether an answer is one whole sentence of the language.

    A known one, or one made of the words of its answers and ended once.
    """
    known = known_answers(language)
    if answer in known:
        return True
    begin, end = answer[:-1], answer[-1:]
    ended_once = end in (".", "。") and ". " not in begin and "。" not in begin
    if not ended_once:
        return False
    pieces = list if language in ("zh", "ja") else str.split
    words = {word for sentence in known for word in pieces(sentence)}
    said = pieces(answer)
    return len(said) > 1 and set(said) <= words


def questions(language: str) -> Asked:
    """What an assistant of this language was asked in training, and facts it never was.

    Facts, culture, requests.
    """
    texts = world(language)
    unseen = unseen_facts(language)
    found = Asked([], [])
    for number, (question, _) in enumerate(texts["facts"]):
        if number in unseen:
            found.never.append(question)
        else:
            found.asked.append(question)
    for item in texts["culture"]["questions"]:
        found.asked.append(item["question"])
    for question, _ in texts["requests"]["answered"]:
        found.asked.append(question)
    found.asked.extend(texts["requests"]["declined"])
    return found


def answers(
    model: Model,
    tokenizer: PreTrainedTokenizerFast,
    asked: Sequence[str],
) -> list[str]:
    """Greedy answers to questions, all in one batch."""
    prompts = []
    for question in asked:
        chat = [{"role": "user", "content": question}]
        prompt = tokenizer.apply_chat_template(
            chat, tokenize=False, add_generation_prompt=True
        )
        prompts.append(prompt)
    batch = tokenizer(
        prompts,
        add_special_tokens=False,
        return_tensors="pt",
        padding=True,
        padding_side="left",
        return_token_type_ids=False,
    )
    out = model.generate(
        **batch,
        max_new_tokens=LONGEST_ANSWER,
        do_sample=False,
        pad_token_id=id_of(tokenizer, PAD),
    )
    said = out[:, batch["input_ids"].shape[1] :]
    return tokenizer.batch_decode(said, skip_special_tokens=True)


def steered(
    loaded: Loaded,
    vector: np.ndarray,
    layer: int,
    language: str,
    value: str,
) -> list[float]:
    """Mean log-odds (nats) of the positive verdict at each of STRENGTHS.

    Over a value's held-out statements.
    """
    from analysis.model.hooks import Row
    from analysis.model.scoring import continuations
    from analysis.steering.resolve import ResolvedTerm

    asked = []
    for statement in statements(language, 4):
        if statement.value == value:
            asked.append(statement.text)
    sides = [verdict(language, value, side) for side in (POSITIVE, NEGATIVE)]
    means = []
    for strength in STRENGTHS:
        term = ResolvedTerm({layer: vector}, {layer: strength})
        rows = [Row(text, (term,)) for text in asked]
        scored = continuations(loaded, rows, [sides] * len(asked))
        odds = [one.nats[0] - one.nats[1] for one in scored]
        means.append(float(np.mean(odds)))
    return means


def figures_of(
    loaded: Loaded,
    language: str,
    verdicts: Count,
) -> dict[str, float]:
    """What is known of the model in a language."""
    asked, never = questions(language)
    tokenizer = cast(PreTrainedTokenizerFast, loaded.tokenizer)
    said = answers(loaded.model, tokenizer, asked + never)
    whole = [is_sentence(answer, language) for answer in said]
    low, high = wilson(verdicts.right, verdicts.n)
    return {
        "held-out verdicts right": verdicts.right,
        "held-out verdicts": verdicts.n,
        "low": round(low, 4),
        "high": round(high, 4),
        "whole answers in the language": sum(whole[: len(asked)]),
        "questions": len(asked),
        "whole answers to facts never asked": sum(whole[len(asked) :]),
        "facts never asked": len(never),
    }


def main() -> None:
    """Measure the shipped model and write the figures beside it."""
    from analysis.core.model_names import DEMO, DEMO_FOLDER
    from analysis.core.specs import ModelSpec
    from analysis.model.load import load

    loaded = load(ModelSpec(DEMO, device="cpu"))
    figures = {}
    tokenizer = cast(PreTrainedTokenizerFast, loaded.tokenizer)
    accuracy = verdict_accuracy(loaded.model, tokenizer, SAMPLES)
    for language, verdicts in accuracy.items():
        figures[language] = figures_of(loaded, language, verdicts)
        print(language, figures[language], flush=True)
    text = json.dumps(figures, indent=1) + "\n"
    (DEMO_FOLDER / "measured.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
