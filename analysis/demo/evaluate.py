"""What the demo model can do, measured: ``python -m analysis.demo.evaluate`` writes ``model/measured.json``."""

import json
import random
from collections.abc import Sequence
from itertools import product

import numpy as np
import torch

from analysis.core.statistics import wilson
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


@torch.inference_mode()
def log_likelihood(
    model: object, tokenizer: object, texts: Sequence[tuple[str, str]]
) -> list[float]:
    """Log-probability of each continuation after its prompt, summed over its tokens (nats)."""
    rows = [tokenizer.encode(prompt) for prompt, _ in texts]
    ends = [
        tokenizer.encode(continuation, add_special_tokens=False)
        for _, continuation in texts
    ]
    width = max(len(row) + len(end) for row, end in zip(rows, ends))
    ids = torch.full((len(texts), width), tokenizer.pad_token_id)
    for i, (row, end) in enumerate(zip(rows, ends)):
        ids[i, : len(row) + len(end)] = torch.tensor(row + end)
    states = model.model(input_ids=ids, use_cache=False).last_hidden_state
    totals = []
    for i, (row, end) in enumerate(zip(rows, ends)):
        logits = model.lm_head(
            states[i, len(row) - 1 : len(row) + len(end) - 1]
        ).float()
        totals.append(logits.log_softmax(-1)[range(len(end)), end].sum().item())
    return totals


def statements(
    language: str, samples: int, seed: int = 0
) -> list[tuple[str, str, int]]:
    """(statement, value, polarity) of every held-out predicate with ``samples`` random openings and names."""
    rng = random.Random(f"{seed} {language}")
    texts = world(language)
    openings, names = range(len(texts["openings"])), range(len(texts["names"]))
    return [
        (
            sentence(
                language,
                rng.choice(openings),
                rng.choice(names),
                predicate(language, value, pair, polarity),
            ),
            value,
            polarity,
        )
        for value in VALUES
        for pair in sorted(held_out(language, value))
        for polarity, _ in product((POSITIVE, NEGATIVE), range(samples))
    ]


def log_odds(
    model: object,
    tokenizer: object,
    language: str,
    asked: Sequence[tuple[str, str, int]],
) -> np.ndarray:
    """Log-odds (nats) of the positive against the negative verdict after each statement."""
    sides = [
        (text, verdict(language, value, side))
        for text, value, _ in asked
        for side in (POSITIVE, NEGATIVE)
    ]
    scores = [
        log_likelihood(model, tokenizer, sides[start : start + 256])
        for start in range(0, len(sides), 256)
    ]
    return np.diff(np.concatenate(scores).reshape(-1, 2)[:, ::-1], axis=1)[:, 0]


def verdict_accuracy(
    model: object, tokenizer: object, samples: int
) -> dict[str, tuple[int, int]]:
    """Per language (right, n): held-out statements whose right verdict is likelier than the wrong one; chance is n / 2."""
    results = {}
    for language in LANGUAGES:
        asked = statements(language, samples)
        wanted = np.array([polarity == POSITIVE for *_, polarity in asked])
        results[language] = (
            int(((log_odds(model, tokenizer, language, asked) > 0) == wanted).sum()),
            len(asked),
        )
    return results


def known_answers(language: str) -> set[str]:
    """Every whole sentence that an assistant of this language may answer."""
    texts = world(language)
    culture = [
        item[key]
        for item in texts["culture"]["questions"]
        for key in ("answer", "answer_abroad")
    ]
    asked = [answer for _, answer in texts["facts"]] + [
        answer for _, answer in texts["requests"]["answered"]
    ]
    return {
        *culture,
        *asked,
        texts["requests"]["refusal"],
        texts["requests"]["acceptance"],
    }


def is_sentence(answer: str, language: str) -> bool:
    """Whether an answer is one whole sentence of the language: a known one, or made of words of its answers and ended once."""
    known = known_answers(language)
    pieces = list if language in ("zh", "ja") else str.split
    words = {word for sentence in known for word in pieces(sentence)}
    ended = answer.endswith((".", "。")) and not any(
        end in answer[:-1] for end in (". ", "。")
    )
    return answer in known or (
        ended and len(pieces(answer)) > 1 and set(pieces(answer)) <= words
    )


def questions(language: str) -> tuple[list[str], list[str]]:
    """What an assistant of this language was asked in training (facts, culture, requests), and facts that it never was."""
    texts = world(language)
    facts = [question for question, _ in texts["facts"]]
    never = [facts[i] for i in sorted(unseen_facts(language))]
    culture = [item["question"] for item in texts["culture"]["questions"]]
    requests = [question for question, _ in texts["requests"]["answered"]] + texts[
        "requests"
    ]["declined"]
    return [fact for fact in facts if fact not in never] + culture + requests, never


def answers(model: object, tokenizer: object, asked: Sequence[str]) -> list[str]:
    """Greedy answers to questions, all in one batch."""
    chats = [[{"role": "user", "content": question}] for question in asked]
    prompts = [
        tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        for chat in chats
    ]
    batch = tokenizer(
        prompts,
        return_tensors="pt",
        padding=True,
        padding_side="left",
        return_token_type_ids=False,
    )
    out = model.generate(
        **batch, max_new_tokens=48, do_sample=False, pad_token_id=tokenizer.pad_token_id
    )
    return tokenizer.batch_decode(
        out[:, batch["input_ids"].shape[1] :], skip_special_tokens=True
    )


def steered(
    loaded: object, vector: np.ndarray, layer: int, language: str, value: str
) -> list[float]:
    """Mean log-odds (nats) of the positive verdict over a value's held-out statements at each of STRENGTHS."""
    from analysis.model.hooks import ResolvedTerm, Row
    from analysis.model.scoring import continuations

    asked = [text for text, wanted, _ in statements(language, 4) if wanted == value]
    sides = [[verdict(language, value, side) for side in (POSITIVE, NEGATIVE)]] * len(
        asked
    )
    means = []
    for strength in STRENGTHS:
        term = ResolvedTerm({layer: vector}, {layer: strength})
        scored = continuations(loaded, [Row(text, (term,)) for text in asked], sides)
        means.append(float(np.mean([side.nats[0] - side.nats[1] for side in scored])))
    return means


def main() -> None:
    """Measure the shipped model and write the figures beside it."""
    from analysis.core.model_names import DEMO, DEMO_FOLDER
    from analysis.core.specs import ModelSpec
    from analysis.model.load import load

    loaded = load(ModelSpec(DEMO, device="cpu"))
    figures = {}
    for language, (right, n) in verdict_accuracy(
        loaded.model, loaded.tokenizer, SAMPLES
    ).items():
        asked, never = questions(language)
        said = answers(loaded.model, loaded.tokenizer, asked + never)
        whole = [is_sentence(answer, language) for answer in said]
        low, high = wilson(right, n)
        figures[language] = {
            "held-out verdicts right": right,
            "held-out verdicts": n,
            "low": round(low, 4),
            "high": round(high, 4),
            "whole answers in the language": sum(whole[: len(asked)]),
            "questions": len(asked),
            "whole answers to facts never asked": sum(whole[len(asked) :]),
            "facts never asked": len(never),
        }
        print(language, figures[language], flush=True)
    (DEMO_FOLDER / "measured.json").write_text(
        json.dumps(figures, indent=1) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
