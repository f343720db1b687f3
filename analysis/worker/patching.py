"""States of prompts for words put into other languages' prompts, layer by layer."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.crossing import patching, word_prompts
from analysis.crossing.patching import ANSWERS, PATCHES, PROMPTS, Drawn, Triple
from analysis.crossing.specs import PROMPT_END, PatchingSpec
from analysis.crossing.word_prompts import Asked, Way, prompt
from analysis.study.study import Study
from analysis.study.trial_part import TrialPart
from analysis.study.word_list import WordList

if TYPE_CHECKING:
    from analysis.model.load import Loaded

Check = Callable[[], None]
LETTERS = 3
"""Of a token in a prompt, nearly, for the time that is told beforehand."""


class Masses(NamedTuple):
    """Of a pair of words: patched (patch, layer, answer), and plain (prompt, answer)."""

    patched: np.ndarray
    plain: np.ndarray


class Patcher:
    """One language's states put into prompts in another."""

    def __init__(
        self, loaded: "Loaded", spec: PatchingSpec, words: WordList, check: Check
    ) -> None:
        from analysis.model.answer_tokens import Beginnings
        from analysis.model.patching import check_patchable

        check_patchable(loaded)
        self.loaded = loaded
        self.spec = spec
        self.words = words
        self.check = check
        self.beginnings: Beginnings = Beginnings(loaded, loaded.vocabulary)

    def cell(self, source: str) -> dict[str, np.ndarray]:
        """Masses of all answers with states of prompts in a language."""
        layers = len(self.loaded.blocks)
        pairs = self.spec.pairs
        shape = (len(PATCHES), layers, pairs, len(ANSWERS))
        mass = np.full(shape, np.nan, np.float32)
        plain = np.full((len(PROMPTS), pairs, len(ANSWERS)), np.nan, np.float32)
        drawn = patching.drawn(self.words, self.spec, source)
        place = 0
        for triple in drawn.triples:
            self.check()
            if place == pairs:
                break
            answers = patching.answers_of(self.words, triple, source, self.spec.into)
            tokens = self.beginnings.apart(answers)
            if not all(tokens):
                continue
            mass[:, :, place], plain[:, place] = self.pair(
                source, drawn, triple, tokens
            )
            place += 1
        return {"mass": mass, "plain": plain, "told": np.array(place, np.int32)}

    def pair(
        self, source: str, drawn: Drawn, triple: Triple, tokens: list[list[int]]
    ) -> Masses:
        """Masses (patch, layer, answer) and without a patch (prompt, answer) of a pair."""
        from analysis.model.answer_tokens import summed
        from analysis.model.patching import Patch, patched_shares, plain_shares

        into = self.spec.into
        languages = patching.languages_of(self.words, self.spec, source)
        _, _, given_source, given_target = languages
        examples = drawn.examples
        asked = prompt(self.words, Way(given_target, into, examples), triple.target)
        other = prompt(self.words, Way(given_source, source, examples), triple.source)
        same = prompt(self.words, Way(given_source, into, examples), triple.source)
        ids = self.ids(asked.text)
        patch = Patch(ids, self.place(asked), self.spec.place != PROMPT_END)
        states = self.states([other, same])
        shares = patched_shares(self.loaded, patch, states, self.check)
        masses = []
        for each in shares:
            masses.append(summed(each, tokens).cpu().numpy())
        untouched = []
        for text in (asked.text, other.text):
            alone = plain_shares(self.loaded, self.ids(text))
            untouched.append(summed(alone[None], tokens)[0].cpu().numpy())
        return Masses(np.stack(masses), np.stack(untouched))

    def ids(self, text: str) -> list[int]:
        """Token ids of a prompt; CorpusError for one beyond the model's window."""
        from analysis.model.extract import encoded_texts

        (row,) = encoded_texts(self.loaded, [text])
        return row

    def place(self, asked: Asked) -> int:
        """Which token of a prompt is patched."""
        ids = self.ids(asked.text)
        if self.spec.place == PROMPT_END:
            return len(ids) - 1
        begun = self.ids(asked.text[: asked.end])
        same = 0
        while same < min(len(ids), len(begun)) and ids[same] == begun[same]:
            same += 1
        return max(same - 1, 0)

    def states(self, prompts: list[Asked]) -> np.ndarray:
        """States (prompt, layer, hidden) of the token that gives its state."""
        from analysis.model.extract import Reading
        from analysis.worker.reader import states_of_rows

        rows = []
        for asked in prompts:
            rows.append(self.ids(asked.text)[: self.place(asked) + 1])
        return states_of_rows(self.loaded, rows, Reading(check=self.check))


def measurer(
    loaded: "Loaded",
    study: Study,
    spec: PatchingSpec,
    part: TrialPart,
    check: Check,
) -> Callable[[Mapping[str, str]], dict[str, np.ndarray]]:
    """The function that computes a language's cell."""
    patcher = Patcher(loaded, spec, word_prompts.list_of(spec.words), check)

    def measure(cell: Mapping[str, str]) -> dict[str, np.ndarray]:
        return patcher.cell(cell["source"])

    return measure


def tokens(study: Study, spec: PatchingSpec) -> int:
    """About how many tokens pass the model: five prompts a pair, and one token a layer."""
    words = word_prompts.list_of(spec.words or word_prompts.usual_list(study.languages))
    languages = spec.languages or study.languages
    others = [code for code in languages if code in words.languages]
    line = 40 // LETTERS
    pair = 5 * (spec.shots + 1) * line + 2 * study.layers
    return len(others) * spec.pairs * pair
