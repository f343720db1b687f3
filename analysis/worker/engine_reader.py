"""An engine as the plan of a study sees it: a stream of states under a template.

Texts become tokens here, by the tokenizer of the model's copy on this machine.
"""

from collections.abc import Callable, Sequence

import numpy as np

from analysis.concepts.readouts import Consumer
from analysis.core.counting import count_are
from analysis.core.errors import CorpusError
from analysis.core.legibility import same_tokens
from analysis.core.templates import apply_template, is_whole, last_tokens, prompt_ids
from analysis.core.tokenizer import Tokenizer
from analysis.engines.contract import Engine, Prompt


class EngineReader:
    """Reads texts through one template by an engine; ``check`` may raise to stop."""

    def __init__(
        self,
        engine: Engine,
        tokenizer: Tokenizer,
        template: str,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self.engine = engine
        self.tokenizer = tokenizer
        self.template = template
        self.layers = engine.identity.layers
        self.hidden = engine.identity.hidden
        self.check = check

    def stream(self, texts: Sequence[str], consumers: Sequence[Consumer]) -> None:
        """Feed every consumer with (indices, states); each distinct text is read once.

        CorpusError for texts that are empty.
        """
        members: dict[str, list[int]] = {}
        for place, text in enumerate(texts):
            members.setdefault(text, []).append(place)
        check_not_blank(list(members))
        places = list(members.values())

        def eat(read: np.ndarray, states: np.ndarray) -> None:
            self.check()
            groups = [places[place] for place in read]
            indices = np.concatenate(groups)
            repeated = states.repeat([len(group) for group in groups], axis=0)
            for consumer in consumers:
                consumer.eat(indices, repeated)

        self.engine.stream(self.prompts(list(members)), eat)

    def prompts(self, texts: Sequence[str]) -> list[Prompt]:
        """Texts under the template as the engine is given them."""
        formatted = apply_template(self.template, self.tokenizer, texts)
        rows = prompt_ids(self.tokenizer, formatted, is_whole(self.template))
        return [Prompt(tuple(row)) for row in rows]

    def tail(self, text: str) -> list[str]:
        """The last tokens of a text under the template; the last is read."""
        (formatted,) = apply_template(self.template, self.tokenizer, [text])
        return last_tokens(self.tokenizer, formatted, whole=is_whole(self.template))

    def alike(self, first: Sequence[str], second: Sequence[str]) -> list[bool]:
        """Which texts of two lists become the same tokens under the template."""
        return same_tokens(self.tokenizer, self.template, first, second)


def check_not_blank(texts: Sequence[str]) -> None:
    """CorpusError for texts in which there is nothing to read."""
    blank = [text for text in texts if not text.strip()]
    if blank:
        raise CorpusError(f"{count_are(len(blank), 'text')} empty. Remove them.")
