"""Transformers as an engine: the reference that all others are held against.

Nothing is computed here; reading and writing are those of ``extract`` and ``generate``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import transformers

from analysis.core.errors import ModelError
from analysis.core.templates import CHAT, apply_template, prompt_ids
from analysis.engines.contract import (
    BY_ITSELF,
    READINGS,
    TRANSFORMERS,
    Eat,
    Identity,
    Offers,
    Prompt,
    Said,
    Trace,
)
from analysis.model.batches import (
    EncodedRow,
    padded_batch,
    pass_input,
    too_long,
)
from analysis.model.extract import (
    ONE_TEXT,
    TOKEN_BUDGET,
    batched,
    device_budget,
    read_batch,
)
from analysis.model.generate import END, answer_batch
from analysis.model.hooks import (
    Geometry,
    Passes,
    Row,
    hooked_blocks,
    no_check,
    steered,
)
from analysis.model.load import Loaded
from analysis.model.said import Answer
from analysis.steering.operators import OPERATORS, POSITIONS
from analysis.steering.specs import GenerationSpec


@dataclass(frozen=True)
class TransformersEngine:
    """A loaded decoder as an engine; ModelError for a model of another kind."""

    loaded: Loaded

    def __post_init__(self) -> None:
        if not self.loaded.causal or self.loaded.in_two_stacks:
            raise ModelError(
                f"{self.loaded.spec.model} is no decoder; engines run decoders only. "
                "Choose a model that reads and writes with one stack."
            )

    @property
    def identity(self) -> Identity:
        """Which version of the library runs which model."""
        loaded = self.loaded
        precision = str(next(loaded.model.parameters()).dtype).removeprefix("torch.")
        return Identity(
            TRANSFORMERS,
            transformers.__version__,
            loaded.spec.model,
            len(loaded.blocks),
            loaded.hidden,
            precision,
        )

    @property
    def offers(self) -> Offers:
        """All that the house does."""
        chat = bool(getattr(self.loaded.tokenizer, "chat_template", None))
        return Offers(tuple(OPERATORS), tuple(POSITIONS), READINGS, BY_ITSELF, chat)

    def encode(self, texts: Sequence[str], whole: bool = False) -> list[list[int]]:
        """Token ids of texts as the house reads them."""
        return prompt_ids(self.loaded.tokenizer, texts, whole)

    def encode_turn(self, text: str) -> list[int]:
        """Token ids of a user's turn in the model's chat template."""
        if not self.offers.chat:
            return []
        prompts = apply_template(CHAT, self.loaded.tokenizer, [text])
        (ids,) = prompt_ids(self.loaded.tokenizer, prompts, whole=True)
        return ids

    def stream(self, prompts: Sequence[Prompt], eat: Eat) -> None:
        """Feed the state of each prompt's last token."""
        lengths = [len(prompt.tokens) for prompt in prompts]
        budget = device_budget(self.loaded, TOKEN_BUDGET)
        if self.loaded.habits.reads_alone:
            budget = ONE_TEXT
        for places in batched(lengths, budget):
            ids = [list(prompts[place].tokens) for place in places]
            eat(np.array(places), read_batch(self.loaded, ids))

    def answers(self, prompts: Sequence[Prompt], spec: GenerationSpec) -> list[Said]:
        """What is written to each prompt, in one batch."""
        return [Said(one.text, one.ids) for one in self.written(prompts, spec)]

    def traces(
        self, prompts: Sequence[Prompt], layers: Sequence[int], tokens: int
    ) -> list[Trace]:
        """Greedy answers, and the states of one pass over prompts and answers."""
        answers = self.written(prompts, GenerationSpec(tokens))
        rows = []
        for prompt, answer in zip(prompts, answers):
            again = answer.ids if answer.ended == END else answer.ids[:-1]
            rows.append(row_of(prompt, again))
        states = []
        for part in self.parts(rows):
            states += states_of_all(self.loaded, part, layers)
        return [Trace(one.ids, each) for one, each in zip(answers, states)]

    def written(self, prompts: Sequence[Prompt], spec: GenerationSpec) -> list[Answer]:
        """The answers to prompts, in one batch where the model allows it."""
        rows = [row_of(prompt) for prompt in prompts]
        longest = max(row.tokens for row in rows)
        if longest + spec.tokens > self.loaded.window:
            raise too_long(longest, spec.tokens, self.loaded.window)
        found = []
        for part in self.parts(rows):
            found += answer_batch(self.loaded, part, spec, None, no_check)
        return found

    def parts(self, rows: list[EncodedRow]) -> list[list[EncodedRow]]:
        """All rows, or each by itself for a model that writes no two alike."""
        if self.loaded.habits.writes_alone:
            return [[row] for row in rows]
        return [rows]


def row_of(prompt: Prompt, following: Sequence[int] = ()) -> EncodedRow:
    """A prompt as a row of a batch, with what follows it."""
    row = Row("", prompt.terms, whole=True)
    return EncodedRow(row, list(prompt.tokens), list(following), prompt.instructed)


@torch.inference_mode()
def states_of_all(
    loaded: Loaded,
    rows: Sequence[EncodedRow],
    layers: Sequence[int],
) -> list[np.ndarray]:
    """States (layer, token, hidden) of every token of each row, under its steering."""
    batch = padded_batch(loaded, rows)
    kept: dict[int, torch.Tensor] = {}

    def keep(layer: int, states: torch.Tensor) -> torch.Tensor:
        if layer in layers:
            kept[layer] = states.float().cpu()
        return states

    geometry = Geometry(batch.places, width=batch.width)
    steering = steered(loaded, [row.row for row in rows], geometry)
    # Hooks that come later see what earlier ones have changed.
    with steering, hooked_blocks(loaded, Passes(loaded, len(rows)), keep):
        loaded.decoder(**pass_input(loaded, batch), use_cache=False)
    found = []
    for number, row in enumerate(rows):
        states = torch.stack([kept[layer][number] for layer in layers])
        found.append(states[:, -row.tokens :].numpy())
    return found
