"""What a model is asked by the plans of questions, sweeps and control runs, and says."""

from typing import NamedTuple

import numpy as np


class Scored(NamedTuple):
    """Texts (text,) behind one prompt: log-probability in nats, and tokens.

    The nats are summed over a text's tokens.
    """

    nats: np.ndarray
    tokens: np.ndarray


class Written(NamedTuple):
    """What a model wrote, and in how many tokens."""

    text: str
    tokens: int
