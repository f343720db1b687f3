"""A loaded model as the plan of a study sees it: a stream of states, with template, progress and stop."""

from collections.abc import Callable, Sequence

import numpy as np

from analysis.core.positions import LAST
from analysis.core.templates import apply_template, last_tokens
from analysis.model.extract import Consumer, Reading, stream
from analysis.model.hooks import Row
from analysis.model.load import Loaded
from analysis.model.option_scoring import option_scores


class ModelReader:
    """Reads texts through one template; ``last_state`` "normed" reproduces the papers' last index.

    ``position`` is the last token's or the mean over a text's own tokens.
    """

    def __init__(
        self,
        loaded: Loaded,
        template: str,
        last_state: str = "block",
        check: Callable[[], None] = lambda: None,
        position: str = LAST,
    ):
        self.loaded, self.template = loaded, template
        self.layers, self.hidden = len(loaded.blocks), loaded.hidden
        self.notices: list[str] = []
        normed = last_state == "normed"
        self.check = check
        self.reading = Reading(
            final_norm=normed,
            position=position,
            on_notice=self.notices.append,
            check=check,
        )

    def stream(self, texts: Sequence[str], consumers: Sequence[Consumer]) -> None:
        """Feed every consumer with (indices, states) of the texts under the template."""
        stream(
            self.loaded,
            apply_template(self.template, self.loaded.tokenizer, texts),
            consumers,
            self.reading,
        )

    def tail(self, text: str) -> list[str]:
        """The last tokens of a text under the template; the last one is where the state is read."""
        (formatted,) = apply_template(self.template, self.loaded.tokenizer, [text])
        return last_tokens(self.loaded.tokenizer, formatted)

    def score(
        self, texts: Sequence[str], options: Sequence[Sequence[str]]
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """(nats (option,), tokens (option,)) of each text's options right behind it."""
        prompts = apply_template(self.template, self.loaded.tokenizer, texts)
        found = option_scores(
            self.loaded, [Row(prompt) for prompt in prompts], options, self.check
        )
        return [(each.nats, each.tokens) for each in found]

    def hollow(self, texts: Sequence[str]) -> list[str]:
        """The texts that become no token of their own."""
        special = set(self.loaded.tokenizer.all_special_ids)
        rows = self.loaded.tokenizer(list(texts), add_special_tokens=False)["input_ids"]
        return [
            text
            for text, row in zip(texts, rows)
            if not text.strip() or not set(row) - special
        ]

    def states(self, texts: Sequence[str]) -> np.ndarray:
        """All states of a few texts: (text, layer, hidden), float32."""
        collected = Collected(len(texts), self.layers, self.hidden)
        self.stream(texts, [collected])
        return collected.values


class Collected:
    """States in memory, for a handful of texts."""

    def __init__(self, texts: int, layers: int, hidden: int):
        self.values = np.zeros((texts, layers, hidden), np.float32)

    def eat(self, indices: np.ndarray, states: np.ndarray) -> None:
        """Keep a batch."""
        self.values[indices] = states
