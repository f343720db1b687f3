"""A loaded model as the plan of a control run sees it.

It answers, and says what an answer cost.
"""

from collections.abc import Callable, Sequence

import numpy as np

from analysis.control.plan import Push
from analysis.control.specs import ControlSpec
from analysis.core.scores import Written
from analysis.core.templates import apply_template, is_whole
from analysis.model.generate import generate
from analysis.model.hooks import Check, Row, no_check
from analysis.model.load import Loaded
from analysis.model.scoring import continuations, kl, next_distribution
from analysis.steering.resolve import ResolvedTerm, resolve
from analysis.steering.specs import (
    GenerationSpec,
    SteeringSpec,
    SteeringTerm,
)


class ModelSpeaker:
    """Answers greedily, under the template, operator and tokens of a run.

    ``settle`` is called before the first answer; it may raise.
    """

    def __init__(
        self,
        loaded: Loaded,
        spec: ControlSpec,
        check: Check = no_check,
        settle: Callable[[], None] = no_check,
    ) -> None:
        self.loaded = loaded
        self.layers = len(loaded.blocks)
        self.spec = spec
        self.check = check
        self.settle = settle
        self.settled = False
        self.resolved: dict[Push, tuple[ResolvedTerm, ...]] = {}

    def rows(self, texts: Sequence[str], pushes: Sequence[Push | None]) -> list[Row]:
        """One row per prompt and push."""
        if not self.settled:
            self.settle()
            self.settled = True
        prompts = apply_template(self.spec.template, self.loaded.tokenizer, texts)
        whole = is_whole(self.spec.template)
        rows = []
        for prompt, push in zip(prompts, pushes):
            rows.append(Row(prompt, self.terms(push), whole=whole))
        return rows

    def terms(self, push: Push | None) -> tuple[ResolvedTerm, ...]:
        """A push with its vectors, looked up once."""
        if push is None:
            return ()
        if push not in self.resolved:
            self.resolved[push] = resolve(self.steering(push))
        return self.resolved[push]

    def steering(self, push: Push) -> SteeringSpec:
        """A push as one term."""
        source = self.spec.vector_of(push.source)
        strengths = (push.strength,)
        term = SteeringTerm(source, push.layers, strengths, self.spec.operator)
        return SteeringSpec((term,))

    def answers(
        self, texts: Sequence[str], pushes: Sequence[Push | None]
    ) -> list[Written]:
        """What the model writes to each prompt."""
        rows = self.rows(texts, pushes)
        spec = GenerationSpec(self.spec.tokens)
        answers = generate(self.loaded, rows, spec, check=self.check)
        return [Written(answer.text, len(answer.ids)) for answer in answers]

    def surprise(self, texts: Sequence[str], answers: Sequence[str]) -> list[float]:
        """Nats per token of each answer under the model that is not pushed.

        NaN for an empty one.
        """
        asked = list(dict.fromkeys(zip(texts, answers)))
        asked = [(text, answer) for text, answer in asked if answer]
        known: dict[tuple[str, str], float] = {}
        if asked:
            prompts = [text for text, _ in asked]
            rows = self.rows(prompts, [None] * len(asked))
            wanted = [[answer] for _, answer in asked]
            scores = continuations(self.loaded, rows, wanted, self.check)
            for each, found in zip(asked, scores):
                nats = found.nats[0] / found.tokens[0]
                known[each] = -float(nats)
        return [known.get(each, np.nan) for each in zip(texts, answers)]

    def log_odds(
        self,
        texts: Sequence[str],
        ends: Sequence[tuple[str, str]],
        pushes: Sequence[Push | None],
    ) -> list[float]:
        """Log-odds (nats) of the first against the second continuation."""
        scores = continuations(self.loaded, self.rows(texts, pushes), ends, self.check)
        return [float(found.nats[0] - found.nats[1]) for found in scores]

    def divergence(self, texts: Sequence[str], pushes: Sequence[Push]) -> list[float]:
        """KL divergence (nats) of the next token without the push from that under it."""
        plain = list(dict.fromkeys(texts))
        before = self.next_tokens(plain, [None] * len(plain))
        baselines = dict(zip(plain, before))
        after = self.next_tokens(texts, pushes)
        return [float(kl(baselines[text], one)) for text, one in zip(texts, after)]

    def next_tokens(
        self, texts: Sequence[str], pushes: Sequence[Push | None]
    ) -> np.ndarray:
        """Log-probabilities (prompt, token) of the next token."""
        return next_distribution(self.loaded, self.rows(texts, pushes), self.check)
