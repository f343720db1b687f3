"""Which option a model would give."""

import numpy as np

NAMED = "named"


def likeliest(
    scores: np.ndarray, tokens: np.ndarray, normalised: bool = True
) -> np.ndarray:
    """The likeliest option (…,), from 1; 0 for a tie.

    From nats and numbers of tokens (…, option), 0 where there is no option.

    ``normalised``: nats per token.
    """
    scores, tokens = scores.astype(float), tokens.astype(float)
    scores = scores / np.maximum(tokens, 1) if normalised else scores
    scores = np.where(tokens > 0, scores, -np.inf)
    best = scores.max(-1, keepdims=True)
    alone = (scores == best).sum(-1) == 1
    return np.where(alone & np.isfinite(best[..., 0]), scores.argmax(-1) + 1, 0)
