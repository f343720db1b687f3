"""How long reading will take, told before a weight is loaded."""

import time

import torch

from analysis.core.specs import ModelSpec
from analysis.model.configuration import read_config
from analysis.model.load import Preflight, device_name

PER_WEIGHT = 2
"""Floating-point operations that a token takes for each weight that it passes."""
TOKENS, WIDER, SECONDS = 1024, 4, 0.2
"""By which matrices, and for how long, a processor's speed is measured."""


def reading_seconds(
    spec: ModelSpec, seen: Preflight, tokens: int, scored: int = 0
) -> float | None:
    """About how long so many tokens take; None on a GPU, whose speed is not measured.

    ``scored``: at how many of them all next tokens are compared.
    """
    speed = processor_speed(spec, seen.hidden)
    if speed is None:
        return None
    passed = weights_in_blocks(seen) * tokens + weights_in_head(seen) * scored
    return PER_WEIGHT * passed / speed


def weights_in_head(seen: Preflight) -> int:
    """How many weights compare all next tokens."""
    return read_config(seen.source).get_text_config().vocab_size * seen.hidden


def weights_in_blocks(seen: Preflight) -> int:
    """How many weights a token passes: all but embeddings and output head, nearly."""
    text = read_config(seen.source).get_text_config()
    tables = 1 if text.tie_word_embeddings else 2
    return max(0, seen.parameters - tables * text.vocab_size * seen.hidden)


def processor_speed(spec: ModelSpec, width: int) -> float | None:
    """Floating-point operations a second of matrices like the model's; None on a GPU."""
    if device_name(spec) != "cpu":
        return None
    kind = getattr(torch, spec.dtype)
    states = torch.ones((TOKENS, width), dtype=kind)
    weights = torch.ones((width, WIDER * width), dtype=kind)
    _ = states @ weights  # the first time takes longer
    begun, times = time.perf_counter(), 0
    while time.perf_counter() - begun < SECONDS:
        _ = states @ weights
        times += 1
    operations = PER_WEIGHT * times * states.numel() * weights.shape[1]
    return operations / (time.perf_counter() - begun)
