"""The logit lens: what the output head would say of a state inside the model.

Wendler et al. 2024, A1.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from analysis.core.tokenizer import Tokenizer
from analysis.model.load import Loaded

FINAL_NORMS = ("norm", "ln_f", "final_layer_norm", "final_layernorm", "ln_out")
AHEAD = 24
"""Characters of an answer with which a token is compared."""


class BeginningTokens(NamedTuple):
    """Ids of the tokens that begin one of two answers but not the other."""

    own: list[int]
    english: list[int]


class LogitLens:
    """Reads states through the model's final norm and output head."""

    def __init__(self, loaded: Loaded, norm: torch.nn.Module, head: Any) -> None:
        config = loaded.model.config.get_text_config()
        self.norm = norm
        self.head = head
        self.cap = getattr(config, "final_logit_softcapping", None)
        self.beginnings = tokens_by_text(loaded.tokenizer, head.weight.shape[0])

    @torch.inference_mode()
    def __call__(
        self, states: np.ndarray, answers: Sequence[tuple[str, str]]
    ) -> np.ndarray:
        """Mean shares (side, layer) of (own, English) answers in states.

        The states are (text, layer, hidden). A share is the probability of all tokens
        that begin the answer, with or without a space before it; tokens that begin both
        are left out of both.
        """
        tokens = []
        for own, english in answers:
            tokens.append(beginning_tokens(self.beginnings, own, english))
        layers = states.shape[1]
        total = np.zeros((2, layers))
        for layer in range(layers):
            shares = self.token_shares(states[:, layer])
            for row, sides in zip(shares, tokens):
                own_share = row[sides.own].sum()
                english_share = row[sides.english].sum()
                total[0, layer] += own_share.item()
                total[1, layer] += english_share.item()
        return total / len(answers)

    def token_shares(self, states: np.ndarray) -> torch.Tensor:
        """Probabilities (text, token) that the head gives of states (text, hidden)."""
        weight = self.head.weight
        rows = torch.tensor(states).to(weight.device, weight.dtype)
        logits = self.head(self.norm(rows)).float()
        if self.cap:
            logits = torch.tanh(logits / self.cap) * self.cap
        return logits.softmax(-1)


def logit_lens(loaded: Loaded) -> LogitLens | None:
    """The lens of a model; None when its final norm or head is not found."""
    norm = final_norm(loaded)
    head = loaded.model.get_output_embeddings()
    if norm is None or head is None:
        return None
    return LogitLens(loaded, norm, head)


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


def beginning_tokens(
    tokens: dict[str, list[int]], own: str, english: str
) -> BeginningTokens:
    """Tokens that begin the own answer but not the English one, and the other way."""
    of_own = tokens_that_begin(tokens, own)
    of_english = tokens_that_begin(tokens, english)
    return BeginningTokens(sorted(of_own - of_english), sorted(of_english - of_own))


def tokens_that_begin(tokens: dict[str, list[int]], text: str) -> set[int]:
    """Ids of tokens that begin a text, with or without a space before it."""
    found = set()
    for length in range(1, min(len(text), AHEAD) + 1):
        start = text[:length]
        found.update(tokens.get(start, ()), tokens.get(" " + start, ()))
    return found
