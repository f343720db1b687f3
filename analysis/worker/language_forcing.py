"""Prompts for words pushed along language vectors: in which language do they go on?"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from analysis.crossing import forcing, word_prompts
from analysis.crossing.forcing import SIDES, VECTORS
from analysis.crossing.specs import ForcingSpec
from analysis.crossing.word_prompts import Way, prompt
from analysis.steering.language_vectors import language_vector
from analysis.study.study import Study
from analysis.study.trial_part import TrialPart

if TYPE_CHECKING:
    from analysis.model.load import Loaded

Check = Callable[[], None]
AT_ONCE = 16
"""Prompts that are pushed at once: all words of a large vocabulary for each."""


class Forcer:
    """Pushes prompts in one language towards another."""

    def __init__(
        self, loaded: "Loaded", study: Study, spec: ForcingSpec, check: Check
    ) -> None:
        from analysis.model.answer_tokens import Beginnings
        from analysis.model.patching import check_patchable

        check_patchable(loaded)
        self.loaded = loaded
        self.study = study
        self.spec = spec
        self.check = check
        self.words = word_prompts.list_of(spec.words)
        self.beginnings = Beginnings(loaded, loaded.vocabulary)

    def cell(self, given: str, wanted: str) -> dict[str, np.ndarray]:
        """Masses of all answers of a pair of languages."""
        spec = self.spec
        sides = (spec.prompts, len(SIDES), 1 + spec.rivals)
        settings = (len(VECTORS), len(spec.layers), len(spec.strengths))
        mass = np.full((*settings, *sides), np.nan, np.float32)
        plain = np.full(sides, np.nan, np.float32)
        told = 0
        if given != wanted:
            for found in self.found(given, wanted):
                answers = found.reshape(-1, *sides[1:])
                plain[told] = answers[0]
                mass[:, :, :, told] = answers[1:].reshape(*settings, *sides[1:])
                told += 1
        return {"mass": mass, "plain": plain, "told": np.array(told, np.int32)}

    def found(self, given: str, wanted: str) -> Iterator[np.ndarray]:
        """Masses (push, answer) of one prompt after the other, at most so many as wanted."""
        pushed = self.terms(given, wanted)
        drawn = forcing.drawn(self.words, self.spec, given, wanted)
        told = 0
        for group in drawn.groups:
            self.check()
            tokens = self.tokens(group, given, wanted)
            if told == self.spec.prompts:
                break
            if not all(tokens):
                continue
            _, _, shown = forcing.languages_of(self.words, given, wanted)
            way = Way(shown, given, drawn.examples)
            text = prompt(self.words, way, group[0]).text
            yield self.under(text, pushed, tokens)
            told += 1

    def tokens(self, group: Sequence[int], given: str, wanted: str) -> list[list[int]]:
        """Tokens that begin each answer and no other: first in the prompt's language."""
        answers = []
        for code in (given, wanted):
            spelled = self.words.words(code)
            answers += [spelled[concept] for concept in group]
        return self.beginnings.apart(answers)

    def terms(self, given: str, wanted: str) -> list[tuple]:
        """No push, then every vector at every layer and strength."""
        from analysis.steering.resolve import ResolvedTerm

        own = language_vector(self.study, wanted, given)
        rng = np.random.default_rng(self.spec.seed)
        other = rng.standard_normal(own.shape).astype(np.float32)
        lengths = np.linalg.norm(own, axis=1) / np.linalg.norm(other, axis=1)
        found: list[tuple] = [()]
        for vector in (own, other * lengths[:, None]):
            for layer in self.spec.layers:
                for strength in self.spec.strengths:
                    vectors = {layer: vector[layer - 1]}
                    found.append((ResolvedTerm(vectors, {layer: strength}),))
        return found

    def under(
        self, text: str, pushed: Sequence[tuple], tokens: list[list[int]]
    ) -> np.ndarray:
        """Masses (push, answer) of a prompt under every push."""
        from analysis.model.hooks import Row
        from analysis.model.scoring import next_distribution

        rows: list[Row] = [Row(text, terms) for terms in pushed]
        found = []
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            shares = np.exp(next_distribution(self.loaded, some, self.check))
            found.append(np.stack([shares[:, each].sum(1) for each in tokens], 1))
        return np.concatenate(found)


def measurer(
    loaded: "Loaded", study: Study, spec: ForcingSpec, part: TrialPart, check: Check
) -> Callable[[Mapping[str, str]], dict[str, np.ndarray]]:
    """The function that computes the cell of a pair of languages."""
    forcer = Forcer(loaded, study, spec, check)

    def measure(cell: Mapping[str, str]) -> dict[str, np.ndarray]:
        return forcer.cell(cell["given"], cell["wanted"])

    return measure


def tokens(study: Study, spec: ForcingSpec) -> int:
    """About how many tokens pass the model."""
    layers = spec.layers or forcing.usual_layers(study.layers)
    wanted = spec.wanted or study.languages
    pairs = len(spec.given) * len(wanted)
    settings = 1 + len(VECTORS) * len(layers) * len(spec.strengths)
    return pairs * spec.prompts * settings * (spec.shots + 1) * 13
