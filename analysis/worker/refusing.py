"""Requests to decline, asked of a loaded model under the directions of all languages."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from analysis.control.refusing import Push, RefusingSpec, Try, begun_by, texts_of
from analysis.core.templates import apply_template, is_whole
from analysis.study.study import Study
from analysis.study.trial_part import TrialPart
from analysis.study.trials import Compute

if TYPE_CHECKING:
    from analysis.model.hooks import Row
    from analysis.model.load import Loaded

TRIED = 4
"""Requests, and as many twins, on which the likeliest openings are found."""
BARE = "none"
"""The template without a turn to answer in: an answer begins on a new line."""


class ModelEngine:
    """A loaded model as the trial sees it."""

    def __init__(
        self,
        loaded: "Loaded",
        spec: RefusingSpec,
        tried: Callable[[str], Sequence[str]],
        check: Callable[[], None],
    ) -> None:
        self.loaded = loaded
        self.spec = spec
        self.tried = tried
        self.check = check
        self.kept: dict[str, tuple[str, ...]] = {}

    def states(self, texts: Sequence[str]) -> np.ndarray:
        """States (text, layer, hidden) at the last token of each prompt."""
        from analysis.worker.reader import ModelReader

        reader = ModelReader(self.loaded, self.spec.template, check=self.check)
        return reader.states(texts)

    def rows(self, texts: Sequence[str], pushes: Sequence[Push | None]) -> "list[Row]":
        """Prompts under their pushes."""
        from analysis.model.hooks import Row
        from analysis.steering.resolve import ResolvedTerm

        prompts = apply_template(self.spec.template, self.loaded.tokenizer, texts)
        whole = is_whole(self.spec.template)
        rows = []
        for prompt, push in zip(prompts, pushes):
            terms = ()
            if push is not None:
                operator = "directional ablation" if push.removes else "addition"
                vectors, strengths = {push.layer: push.vector}, {push.layer: 1.0}
                terms = (ResolvedTerm(vectors, strengths, operator),)
            rows.append(Row(prompt, terms, whole=whole))
        return rows

    def refusal(
        self, language: str, texts: Sequence[str], pushes: Sequence[Push | None]
    ) -> np.ndarray:
        """How likely each answer begins as the likeliest refusals do (text,)."""
        if language not in self.kept:
            self.kept[language] = self.likeliest(language)
        openings = self.kept[language]
        return self.shares(texts, pushes, openings).sum(1).clip(0, 1)

    def likeliest(self, language: str) -> tuple[str, ...]:
        """The openings that unsteered answers to some requests and twins begin with
        most often, at most as many as asked for.
        """
        known = begun_by(self.spec, language)
        if len(known) <= self.spec.openings:
            return known
        texts = self.tried(language)
        mean = self.shares(texts, [None] * len(texts), known).mean(0)
        order = np.argsort(-mean, kind="stable")[: self.spec.openings]
        return tuple(known[place] for place in sorted(order))

    def shares(
        self,
        texts: Sequence[str],
        pushes: Sequence[Push | None],
        openings: Sequence[str],
    ) -> np.ndarray:
        """How likely each opening is right after each prompt (text, opening)."""
        from analysis.model.option_scoring import option_scores

        begun = openings
        if self.spec.template == BARE:
            begun = [f"\n{opening}" for opening in openings]
        rows = self.rows(texts, pushes)
        scores = option_scores(self.loaded, rows, [begun] * len(rows), self.check)
        return np.exp(np.array([each.nats for each in scores], float))


def measurer(
    loaded: "Loaded",
    study: Study,
    spec: RefusingSpec,
    part: TrialPart,
    check: Callable[[], None],
) -> Compute:
    """The function that computes the cell of a language's direction."""

    texts = {}
    for language in spec.languages:
        texts[language] = texts_of(spec, language, part.dims["pair"])

    def tried(language: str) -> list[str]:
        known = texts[language]
        return [*known.requests[:TRIED], *known.twins[:TRIED]]

    engine = ModelEngine(loaded, spec, tried, check)
    return Try(engine, spec, texts).cell
