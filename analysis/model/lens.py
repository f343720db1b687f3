"""The logit lens: what the output head would say of a state inside the model.

Wendler et al. 2024, A1.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from analysis.core.tokenizer import Tokenizer
from analysis.model.extract import kept_states, padded_texts
from analysis.model.load import Loaded
from analysis.model.self_check import tried_tokens

FINAL_NORMS = (
    "norm",
    "ln_f",
    "final_layer_norm",
    "final_layernorm",
    "ln_out",
    "norm_f",
    "final_norm",
    "embedding_norm",
    "layer_norm",
    "layernorm",
)
TOLERANCE = {"float32": 1e-3}
ROUGH_TOLERANCE = 0.05
"""Share of all probability that may lie elsewhere than the model puts it."""
AHEAD = 24
"""Characters of an answer with which a token is compared."""


class BeginningTokens(NamedTuple):
    """Ids of the tokens that begin one of two answers but not the other."""

    own: list[int]
    english: list[int]

    @property
    def sides(self) -> tuple[list[int], list[int]]:
        """Both sides in order."""
        return self.own, self.english

    @property
    def told(self) -> bool:
        """Whether either answer has a beginning of its own."""
        return bool(self.own) and bool(self.english)


class LogitLens:
    """Reads states through the model's final norm and output head."""

    def __init__(self, loaded: Loaded, norm: torch.nn.Module, head: Any) -> None:
        config = loaded.model.config.get_text_config()
        self.norm = norm
        self.head = head
        self.cap = getattr(config, "final_logit_softcapping", None)
        self.scale = 1.0
        self.tokenizer = loaded.tokenizer
        self.beginnings = tokens_by_text(loaded.tokenizer, head.weight.shape[0])

    @torch.inference_mode()
    def __call__(
        self, states: np.ndarray, answers: Sequence[tuple[str, str]]
    ) -> np.ndarray:
        """Mean shares (side, layer) of (own, English) answers in states.

        The states are (text, layer, hidden). A share is the probability of all tokens
        that begin the answer, with or without a space before it; tokens that begin both
        are left out of both. Answers that cannot be told apart so are left out of the
        mean, which is NaN without any that can.
        """
        tokens = [self.beginning(own, english) for own, english in answers]
        told = [place for place, sides in enumerate(tokens) if sides.told]
        layers = states.shape[1]
        total = np.full((2, layers), np.nan)
        for layer in range(layers):
            shares = self.token_shares(states[told, layer])
            for side in range(2):
                kept = [
                    row[tokens[place].sides[side]].sum().item()
                    for row, place in zip(shares, told)
                ]
                total[side, layer] = np.mean(kept) if kept else np.nan
        return total

    def told(self, answers: Sequence[tuple[str, str]]) -> int:
        """How many of the answers can be told apart by how they begin."""
        return sum(self.beginning(own, english).told for own, english in answers)

    def beginning(self, own: str, english: str) -> BeginningTokens:
        """Tokens that begin the own answer but not the English one, and the other way."""
        of_own = self.that_begin(own)
        of_english = self.that_begin(english)
        return BeginningTokens(sorted(of_own - of_english), sorted(of_english - of_own))

    def that_begin(self, answer: str) -> set[int]:
        """Ids of tokens that begin an answer.

        By their text, and the first that the tokenizer itself would write: in scripts
        of which it knows few letters that is a part of a character, without any text.
        """
        found = tokens_that_begin(self.beginnings, answer)
        for text in (answer, f" {answer}"):
            ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
            for token in ids:
                if self.tokenizer.decode([token]).strip():
                    found.add(token)
                    break
        return {token for token in found if token < self.head.weight.shape[0]}

    def token_shares(self, states: np.ndarray) -> torch.Tensor:
        """Probabilities (text, token) that the head gives of states (text, hidden)."""
        logits = self.scores(states)
        if self.scale != 1:
            logits = logits * self.scale
        if self.cap:
            logits = torch.tanh(logits / self.cap) * self.cap
        return logits.softmax(-1)

    def scores(self, states: np.ndarray) -> torch.Tensor:
        """What the head gives of states (text, hidden): (text, token)."""
        weight = self.head.weight
        rows = torch.tensor(states).to(weight.device, weight.dtype)
        return self.head(self.norm(rows)).float()


@torch.inference_mode()
def logit_lens(loaded: Loaded) -> LogitLens | None:
    """The lens of a model.

    None when its final norm or head is not found, or when what they make of the last
    block's state is not what the model itself says.
    """
    norm = final_norm(loaded)
    head: Any = loaded.model.get_output_embeddings()
    if norm is None or head is None or head.weight.shape[-1] != loaded.hidden:
        return None
    lens = LogitLens(loaded, norm, head)
    ids = tried_tokens(loaded)
    if ids is None:
        return lens
    said = last_saying(loaded, ids[-1])
    if not lens.cap:
        lens.scale = scale_between(lens.scores(said.states), said.logits)
    apart = lens.token_shares(said.states) - said.logits.softmax(-1)
    tolerance = TOLERANCE.get(loaded.spec.dtype, ROUGH_TOLERANCE)
    return lens if apart.abs().sum() / 2 <= tolerance else None


class Saying(NamedTuple):
    """A text's state after the last block (1, hidden), and its logits (1, token)."""

    states: np.ndarray
    logits: torch.Tensor


def last_saying(loaded: Loaded, ids: list[int]) -> Saying:
    """What the model itself makes of the last state of a text."""
    padded = padded_texts(loaded, [ids], "right")
    with kept_states(loaded, padded, padded.last) as kept:
        out = loaded.model(input_ids=padded.tokens, use_cache=False)
    return Saying(kept[:, -1].cpu().numpy(), out.logits[:, -1].float())


def scale_between(scores: torch.Tensor, logits: torch.Tensor) -> float:
    """By what a model multiplies what its head gives, as Cohere and Granite do."""
    measured = float((scores * logits).sum() / (scores * scores).sum())
    if abs(measured - 1) < 1e-2:
        return 1.0
    # Rounding differs from run to run; six digits do not.
    return float(f"{measured:.6g}")


def final_norm(loaded: Loaded) -> torch.nn.Module | None:
    """The norm between the last block and the head, by its usual names."""
    for holder in norm_holders(loaded):
        for name in FINAL_NORMS:
            if hasattr(holder, name):
                return getattr(holder, name)
    return None


def norm_holders(loaded: Loaded) -> list[torch.nn.Module]:
    """Modules that may hold the final norm: what holds the blocks' list, and the stack."""
    first = loaded.blocks[0]
    modules = list(loaded.decoder.modules())
    lists = [module for module in modules if first in list(module.children())]
    holders = []
    for module in modules:
        children = list(module.children())
        if any(child in lists for child in children):
            holders.append(module)
    return [*holders, loaded.decoder]


def tokens_by_text(tokenizer: Tokenizer, size: int) -> dict[str, list[int]]:
    """Text of a token → its ids, of the first ``size`` tokens."""
    count = min(size, len(tokenizer))
    texts = tokenizer.batch_decode([[i] for i in range(count)])
    found: dict[str, list[int]] = defaultdict(list)
    for i, text in enumerate(texts):
        if text.strip():
            found[text].append(i)
    return found


def tokens_that_begin(tokens: dict[str, list[int]], text: str) -> set[int]:
    """Ids of tokens that begin a text, with or without a space before it."""
    found = set()
    for length in range(1, min(len(text), AHEAD) + 1):
        start = text[:length]
        found.update(tokens.get(start, ()), tokens.get(" " + start, ()))
    return found
