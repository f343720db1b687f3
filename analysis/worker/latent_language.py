"""What the lens says at every layer of prompts for words."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.core.errors import ModelError
from analysis.crossing import latent, tuned_lens, word_prompts
from analysis.crossing.latent import SIDES
from analysis.crossing.specs import LatentSpec
from analysis.crossing.word_prompts import ENGLISH, Way, prompt
from analysis.study.study import Study
from analysis.study.trial_part import TrialPart
from analysis.study.word_list import WordList

if TYPE_CHECKING:
    from analysis.model.lens import LogitLens
    from analysis.model.load import Loaded

Check = Callable[[], None]
AT_ONCE = 16
"""States that the head reads at once: all words of a large vocabulary for each."""


class Said(NamedTuple):
    """What a lens gives to answers (layer, side), and how unsure it is (layer,)."""

    shares: np.ndarray
    entropy: np.ndarray


class LatentReader:
    """Reads prompts for words with a lens."""

    def __init__(
        self,
        loaded: "Loaded",
        spec: LatentSpec,
        most: int,
        check: Check,
    ) -> None:
        from analysis.model.answer_tokens import Beginnings
        from analysis.model.lens import logit_lens
        from analysis.model.patching import check_patchable

        check_patchable(loaded)
        lens = logit_lens(loaded)
        if lens is None:
            raise ModelError(
                f"The logit lens does not fit {loaded.spec.model}: what its final norm and "
                "head make of the last state is not what it says. Choose another model."
            )
        self.loaded = loaded
        self.spec = spec
        self.most = most
        self.check = check
        self.lens: LogitLens = lens
        self.tuned = tuned_lens.find(spec.lens) if spec.lens else None
        self.words: WordList = word_prompts.list_of(spec.words)
        self.beginnings = Beginnings(loaded, lens.head.weight.shape[0])

    def cell(self, code: str) -> dict[str, np.ndarray]:
        """Shares of the answer on every side at every layer, word by word."""
        layers = len(self.loaded.blocks)
        share = np.full((len(SIDES), layers, self.most), np.nan, np.float32)
        entropy = np.full((layers, self.most), np.nan, np.float32)
        concepts = latent.concepts_of(self.words, self.spec, code)
        tokens, asked = [], []
        for place in range(len(concepts)):
            sides = self.sides(code, concepts, place)
            if sides[0] and sides[1]:
                tokens.append(sides)
                asked.append(concepts[place])
        states = self.states(code, asked)
        for word in range(len(asked)):
            self.check()
            shares, spread = self.read(states[word], tokens[word])
            share[:, :, word], entropy[:, word] = shares.T, spread
        told = np.array(len(asked), np.int32)
        return {"share": share, "entropy": entropy, "told": told}

    def sides(self, code: str, concepts: np.ndarray, place: int) -> list[list[int]]:
        """Tokens that begin the answer on each side, and on no earlier one."""
        concept = concepts[place]
        unrelated = concepts[(place + len(concepts) // 2) % len(concepts)]
        own = self.beginnings.of(self.words.words(code)[concept])
        english = self.beginnings.of(self.words.words(ENGLISH)[concept])
        elsewhere: set[int] = set()
        for other in self.spec.languages:
            spelled = self.words.words(other)[concept]
            if other != code and spelled:
                elsewhere |= self.beginnings.of(spelled)
        control = self.beginnings.of(self.words.words(ENGLISH)[unrelated])
        both = own & english
        return [
            sorted(own - both),
            sorted(english - both),
            sorted(elsewhere - own - english),
            sorted(control - own - english - elsewhere),
        ]

    def states(self, code: str, concepts: Sequence[int]) -> np.ndarray:
        """States (word, layer, hidden) at the end of each prompt."""
        from analysis.model.extract import Reading, encoded_texts
        from analysis.worker.reader import states_of_rows

        _, _, given = latent.languages_of(self.words, code)
        examples = latent.examples_of(self.words, self.spec, code)
        way = Way(given, code, examples)
        texts = [prompt(self.words, way, concept).text for concept in concepts]
        if not texts:
            return np.empty(
                (0, len(self.loaded.blocks), self.loaded.hidden), np.float32
            )
        rows = encoded_texts(self.loaded, texts)
        return states_of_rows(self.loaded, rows, Reading(check=self.check))

    def read(self, states: np.ndarray, tokens: list[list[int]]) -> Said:
        """Shares (layer, side) and entropy (layer) of a prompt's states (layer, hidden)."""
        import torch

        from analysis.model.answer_tokens import summed

        seen = states
        if self.tuned is not None:
            read = [
                self.tuned.applied(layer, state)
                for layer, state in enumerate(states, 1)
            ]
            seen = np.stack(read)
        shares, spread = [], []
        with torch.inference_mode():
            for start in range(0, len(seen), AT_ONCE):
                said = self.lens.token_shares(seen[start : start + AT_ONCE])
                shares.append(summed(said, tokens).cpu().numpy())
                spread.append(torch.special.entr(said).sum(-1).cpu().numpy())
        return Said(np.concatenate(shares), np.concatenate(spread))


def measurer(
    loaded: "Loaded", study: Study, spec: LatentSpec, part: TrialPart, check: Check
) -> Callable[[Mapping[str, str]], dict[str, np.ndarray]]:
    """The function that computes a language's cell."""
    reader = LatentReader(loaded, spec, len(part.dims["word"]), check)

    def measure(cell: Mapping[str, str]) -> dict[str, np.ndarray]:
        return reader.cell(cell["language"])

    return measure


def tokens(study: Study, spec: LatentSpec) -> int:
    """About how many tokens pass the model; the head reads each layer besides."""
    words = word_prompts.list_of(spec.words or word_prompts.usual_list(study.languages))
    codes = [
        code for code in spec.languages or study.languages if code in words.languages
    ]
    most = spec.most or len(words.concepts)
    return len(codes) * most * ((spec.shots + 1) * 13 + study.layers)
