"""Answers that a model writes to pushed prompts, judged as a control run judges them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.control.judging import judge
from analysis.control.refusals import WRITTEN
from analysis.control.specs import JudgingSpec
from analysis.core.templates import apply_template, is_whole, prompt_ids
from analysis.pushing.prompts import ANSWER_TOKENS

if TYPE_CHECKING:
    from analysis.model.load import Loaded
    from analysis.model.said import Answer
    from analysis.steering.resolve import ResolvedTerm

JUDGING = JudgingSpec(openings=WRITTEN)
"""By rules, with the refusals that were written for our requests too."""

LINE_END = "\n"
"""What parts a question from its answer where no template does."""


@dataclass(frozen=True)
class Asking:
    """A model, and how it is asked in which language."""

    loaded: "Loaded"
    template: str
    language: str
    check: Callable[[], None]


class Said(NamedTuple):
    """What became of a question: the verdict on its answer, and how surprising that is.

    ``surprise``: nats per token to the model without a push; NaN of nothing.
    """

    verdict: str
    surprise: float


def as_asked(loaded: "Loaded", question: str, template: str) -> str:
    """A question in its template, up to where its answer begins."""
    (asked,) = apply_template(template, loaded.tokenizer, [question])
    return asked if is_whole(template) else f"{asked}{LINE_END}"


def said_of(
    asking: Asking,
    questions: Sequence[str],
    terms: "Sequence[tuple[ResolvedTerm, ...]]",
) -> list[Said]:
    """Answers to questions, each under its push, greedily."""
    from analysis.model.generate import generate
    from analysis.model.hooks import Row
    from analysis.steering.specs import GenerationSpec

    whole = is_whole(asking.template)
    asked = {}
    for question in dict.fromkeys(questions):
        asked[question] = as_asked(asking.loaded, question, asking.template)
    rows = []
    for question, of_row in zip(questions, terms):
        rows.append(Row(asked[question], of_row, whole=whole))
    spec = GenerationSpec(ANSWER_TOKENS)
    answers = generate(asking.loaded, rows, spec, check=asking.check)
    judged = []
    for question, answer in zip(questions, answers):
        judged.append((asking.language, question, answer.text))
    verdicts = judge(judged, JUDGING)
    prompts = [asked[question] for question in questions]
    surprises = surprises_of(asking, prompts, answers)
    return [Said(*both) for both in zip(verdicts, surprises)]


def surprises_of(
    asking: Asking, prompts: Sequence[str], answers: "Sequence[Answer]"
) -> list[float]:
    """Nats per token of answers without a push; many pushes leave an answer as it is."""
    from analysis.model.batches import EncodedRow
    from analysis.model.hooks import Row
    from analysis.model.scoring import read_following, summed_nats

    keys = [(prompt, answer.ids) for prompt, answer in zip(prompts, answers)]
    different = [key for key in dict.fromkeys(keys) if key[1]]
    whole = is_whole(asking.template)
    texts = list(dict.fromkeys(prompt for prompt, _ in different))
    given = dict(zip(texts, prompt_ids(asking.loaded.tokenizer, texts, whole)))
    rows = []
    for prompt, ids in different:
        rows.append(EncodedRow(Row("", ()), given[prompt], list(ids)))
    nats = read_following(asking.loaded, rows, summed_nats, asking.check)
    known = {}
    for key, value in zip(different, nats):
        known[key] = -float(value) / len(key[1])
    return [known.get(key, np.nan) for key in keys]
