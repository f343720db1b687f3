"""A loaded model as the plan of a control run sees it: it answers, and says what an answer cost."""

from collections.abc import Callable, Sequence

import numpy as np

from analysis.control.plan import Push
from analysis.control.specs import ControlSpec
from analysis.core.templates import apply_template
from analysis.model.generate import generate
from analysis.model.hooks import Row
from analysis.model.load import Loaded
from analysis.model.scoring import continuations, kl, next_distribution
from analysis.steering.resolve import ResolvedTerm, resolve
from analysis.steering.specs import (
    GenerationSpec,
    SteeringSpec,
    SteeringTerm,
    VectorSource,
)


class ModelSpeaker:
    """Answers under the template, operator and number of tokens of a run, greedily; ``check`` may raise after every block."""

    def __init__(
        self,
        loaded: Loaded,
        spec: ControlSpec,
        check: Callable[[], None] = lambda: None,
    ):
        self.loaded, self.spec, self.check = loaded, spec, check
        self.resolved: dict[Push, tuple[ResolvedTerm, ...]] = {}

    def rows(self, texts: Sequence[str], pushes: Sequence[Push | None]) -> list[Row]:
        """One row per prompt and push."""
        formatted = apply_template(self.spec.template, self.loaded.tokenizer, texts)
        return [
            Row(prompt, self.terms(push)) for prompt, push in zip(formatted, pushes)
        ]

    def terms(self, push: Push | None) -> tuple[ResolvedTerm, ...]:
        """A push with its vectors, looked up once."""
        if push is None:
            return ()
        if push not in self.resolved:
            source = VectorSource(
                study=self.spec.study, concept=self.spec.concept, language=push.source
            )
            term = SteeringTerm(
                source, push.layers, (push.strength,), self.spec.operator
            )
            self.resolved[push] = resolve(SteeringSpec((term,)))
        return self.resolved[push]

    def answers(
        self, texts: Sequence[str], pushes: Sequence[Push | None]
    ) -> list[tuple[str, int]]:
        """Answer and its number of tokens."""
        said = generate(
            self.loaded,
            self.rows(texts, pushes),
            GenerationSpec(self.spec.tokens),
            check=self.check,
        )
        return [(answer.text, len(answer.ids)) for answer in said]

    def surprise(self, texts: Sequence[str], answers: Sequence[str]) -> list[float]:
        """Nats per token of each answer under the model that is not pushed; NaN for an empty one."""
        asked = list(
            dict.fromkeys(
                (text, answer) for text, answer in zip(texts, answers) if answer
            )
        )
        rows = self.rows([text for text, _ in asked], [None] * len(asked))
        scored = (
            continuations(
                self.loaded, rows, [[answer] for _, answer in asked], self.check
            )
            if asked
            else []
        )
        known = {
            each: -float(found.nats[0] / found.tokens[0])
            for each, found in zip(asked, scored)
        }
        return [known.get(each, np.nan) for each in zip(texts, answers)]

    def log_odds(
        self,
        texts: Sequence[str],
        ends: Sequence[tuple[str, str]],
        pushes: Sequence[Push | None],
    ) -> list[float]:
        """Log-odds (nats) of the first against the second continuation."""
        scored = continuations(self.loaded, self.rows(texts, pushes), ends, self.check)
        return [float(found.nats[0] - found.nats[1]) for found in scored]

    def divergence(self, texts: Sequence[str], pushes: Sequence[Push]) -> list[float]:
        """KL divergence (nats) of the next token without the push from that under it."""
        plain = list(dict.fromkeys(texts))
        before = dict(
            zip(
                plain,
                next_distribution(
                    self.loaded, self.rows(plain, [None] * len(plain)), self.check
                ),
            )
        )
        after = next_distribution(self.loaded, self.rows(texts, pushes), self.check)
        return [float(kl(before[text], pushed)) for text, pushed in zip(texts, after)]
