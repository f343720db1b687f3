"""How many threads of the processor a model gets."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from analysis.core.processor import cores

FEW_ROWS = 16
"""Rows up to which a step of an answer waits for memory rather than for arithmetic."""


@contextmanager
def in_threads(count: int) -> Iterator[None]:
    """Compute in so many threads while the context lasts."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def threads_for(rows: int) -> int:
    """Threads for writing so many answers at once: a core is left to the pages.

    Threads of a step wait for each other hundreds of times a token. When one of them must
    share its core with a page, a browser or another job, all of them stand still for a
    slice of time at each: two threads on two busy cores are several times slower than
    one. Only large batches gain more by a further thread than they lose.
    """
    every = torch.get_num_threads()
    if rows > FEW_ROWS:
        return every
    return max(1, min(every, cores() - 1))
