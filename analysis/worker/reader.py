"""A loaded model as the plan of a study sees it: a stream of states under a template.

It reports what the engine has to say, and stops.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from analysis.core.legibility import same_tokens
from analysis.core.positions import LAST, USUAL
from analysis.core.scores import Scored
from analysis.core.templates import apply_template, is_whole, last_tokens
from analysis.model.extract import (
    TOKEN_BUDGET,
    Consumer,
    Reading,
    batched,
    check_length,
    device_budget,
    encoded_texts,
    states_if_they_fit,
    stream,
)
from analysis.model.hooks import Check, Row, no_check
from analysis.model.load import Loaded, release
from analysis.model.option_scoring import option_scores
from analysis.study.manifest import ReadPart


class ModelReader:
    """Reads texts through one template.

    ``last_state`` "normed" reproduces the papers' last index. ``position`` is the last
    token's or a mean over a text's own tokens; empty: what fits the model. What
    the engine has to say goes to ``notices``.
    """

    def __init__(
        self,
        loaded: Loaded,
        template: str,
        last_state: str = "block",
        check: Check = no_check,
        position: str = USUAL,
        notices: list[str] | None = None,
    ) -> None:
        self.loaded = loaded
        self.template = template
        self.layers = len(loaded.blocks)
        self.hidden = loaded.hidden
        self.check = check
        self.position = position or loaded.position
        self.notices: list[str] = [] if notices is None else notices
        self.reading = Reading(
            final_norm=last_state == "normed",
            position=self.position,
            whole=is_whole(template),
            on_notice=self.notices.append,
            check=check,
        )

    @property
    def scores(self) -> bool:
        """Whether the model says how likely it finds answers."""
        return self.loaded.abilities.scores

    @property
    def read(self) -> ReadPart | None:
        """How states are read, for a manifest; None at the last token of a decoder."""
        loaded = self.loaded
        if loaded.causal and self.position == LAST:
            return None
        return ReadPart(kind=loaded.kind, stack=loaded.stack, position=self.position)

    def formatted(self, texts: Sequence[str]) -> list[str]:
        """The texts under the template."""
        return apply_template(self.template, self.loaded.tokenizer, texts)

    def stream(self, texts: Sequence[str], consumers: Sequence[Consumer]) -> None:
        """Feed every consumer with (indices, states) of the texts under the template."""
        stream(self.loaded, self.formatted(texts), consumers, self.reading)

    def tail(self, text: str) -> list[str]:
        """The last tokens of a text under the template.

        The last one is where the state is read.
        """
        (formatted,) = self.formatted([text])
        return last_tokens(self.loaded.tokenizer, formatted, whole=self.reading.whole)

    def alike(self, first: Sequence[str], second: Sequence[str]) -> list[bool]:
        """Which texts of two lists become the same tokens under the template."""
        return same_tokens(self.loaded.tokenizer, self.template, first, second)

    def score(
        self, texts: Sequence[str], options: Sequence[Sequence[str]]
    ) -> list[Scored]:
        """How likely each text's options are right behind it."""
        whole = self.reading.whole
        rows = [Row(prompt, whole=whole) for prompt in self.formatted(texts)]
        return option_scores(self.loaded, rows, options, self.check)

    def hollow(self, texts: Sequence[str]) -> list[str]:
        """The texts that become no token of their own."""
        found = []
        for text, tokens in zip(texts, self.own_tokens(texts)):
            if not text.strip() or not tokens:
                found.append(text)
        return found

    def own_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens of its own each text becomes."""
        tokenizer = self.loaded.tokenizer
        special = set(tokenizer.all_special_ids)
        rows = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
        return [sum(token not in special for token in ids) for ids in rows]

    def states(self, texts: Sequence[str]) -> np.ndarray:
        """All states of a few texts: (text, layer, hidden), float32."""
        collected = Collected(len(texts), self.layers, self.hidden)
        self.stream(texts, [collected])
        return collected.values

    def states_behind(
        self, texts: Sequence[str], tokens: Sequence[Sequence[int]]
    ) -> np.ndarray:
        """States (text, layer, hidden) of the last of some tokens behind each text.

        The tokens are given by their ids: a part of a character is no text.
        """
        formatted = self.formatted(texts)
        rows = encoded_texts(self.loaded, formatted, self.reading.whole)
        longer = [row + list(more) for row, more in zip(rows, tokens)]
        check_length(self.loaded, formatted, longer)
        reading = replace(self.reading, position=LAST)
        return states_of_rows(self.loaded, longer, reading)


class Collected:
    """States (text, layer, hidden) in memory, for a handful of texts."""

    def __init__(self, texts: int, layers: int, hidden: int) -> None:
        # A text that was not read has no state; zeros would be one.
        self.values = np.full((texts, layers, hidden), np.nan, np.float32)

    def eat(self, indices: np.ndarray, states: np.ndarray) -> None:
        """Keep a batch."""
        self.values[indices] = states


def states_of_rows(
    loaded: Loaded, rows: Sequence[list[int]], reading: Reading
) -> np.ndarray:
    """States (row, layer, hidden) of the last token of rows of tokens, float32.

    When memory runs out, batches are halved.
    """
    found = np.full((len(rows), len(loaded.blocks), loaded.hidden), np.nan, np.float32)
    lengths = [len(row) for row in rows]
    budget = device_budget(loaded, TOKEN_BUDGET)
    if loaded.habits.reads_alone:
        budget = 1
    waiting = batched(lengths, budget)
    while waiting:
        batch, *rest = waiting
        states = states_if_they_fit(loaded, [rows[i] for i in batch], reading)
        if states is None:
            release()
            half = -(-len(batch) // 2)
            waiting = [batch[:half], batch[half:], *rest]
            continue
        found[batch] = states
        waiting = rest
    return found
