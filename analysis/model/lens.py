"""The logit lens: what the output head would say of a state in the middle of the model (Wendler et al. 2024, A1)."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import torch

from analysis.model.load import Loaded

FINAL_NORMS = ("norm", "ln_f", "final_layer_norm", "final_layernorm", "ln_out")
AHEAD = 24
"""Characters of an answer with which a token is compared."""


def logit_lens(
    loaded: Loaded,
) -> Callable[[np.ndarray, Sequence[tuple[str, str]]], np.ndarray] | None:
    """A function from states (text, layer, hidden) and (own, English) answers to mean shares (side, layer).

    A share is the probability of all tokens that begin the answer, with or without a space before it; tokens that begin both are
    left out of both. None for a model whose final norm is not found.
    """
    norm = next(
        (
            getattr(m, name)
            for m in holders(loaded)
            for name in FINAL_NORMS
            if hasattr(m, name)
        ),
        None,
    )
    head = loaded.model.get_output_embeddings()
    if norm is None or head is None:
        return None
    begins = beginnings(loaded.tokenizer, head.weight.shape[0])
    cap = getattr(
        loaded.model.config.get_text_config(), "final_logit_softcapping", None
    )

    @torch.inference_mode()
    def share(states: np.ndarray, answers: Sequence[tuple[str, str]]) -> np.ndarray:
        sides = [tokens_of(begins, pair) for pair in answers]
        total = np.zeros((2, states.shape[1]))
        for layer in range(states.shape[1]):
            rows = torch.tensor(states[:, layer]).to(
                head.weight.device, head.weight.dtype
            )
            logits = head(norm(rows)).float()
            probability = (torch.tanh(logits / cap) * cap if cap else logits).softmax(
                -1
            )
            for row, pair in zip(probability, sides):
                total[:, layer] += [row[ids].sum().item() for ids in pair]
        return total / len(answers)

    return share


def holders(loaded: Loaded) -> list[torch.nn.Module]:
    """Modules that may hold the final norm: the stack, and the one that holds the blocks."""
    inner = [
        module
        for module in loaded.decoder.modules()
        if any(child is loaded.blocks[0] for child in module.children())
    ]
    above = [
        m
        for m in loaded.decoder.modules()
        if any(child is module for child in m.children() for module in inner)
    ]
    return [*above, loaded.decoder]


def beginnings(tokenizer: object, size: int) -> dict[str, list[int]]:
    """Text of a token → its ids."""
    found: dict[str, list[int]] = defaultdict(list)
    for i, text in enumerate(
        tokenizer.batch_decode([[i] for i in range(min(size, len(tokenizer)))])
    ):
        if text.strip():
            found[text].append(i)
    return found


def tokens_of(begins: dict[str, list[int]], pair: tuple[str, str]) -> list[list[int]]:
    """Ids of the tokens that begin each of two answers but not the other."""
    sides = [
        {
            i
            for n in range(1, min(len(text), AHEAD) + 1)
            for start in (text[:n], " " + text[:n])
            for i in begins.get(start, ())
        }
        for text in pair
    ]
    return [sorted(sides[0] - sides[1]), sorted(sides[1] - sides[0])]
