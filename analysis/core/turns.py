"""Many small computations at once, or large ones in turn: whichever the machine is quicker at; and how far they are."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from threadpoolctl import threadpool_limits

SMALL = 1024
"""Matrices up to this width are left to one core each: sharing them between cores takes longer than it saves."""
NARROW = 256
"""Up to this width Python between the matrices takes longer than they do, and threads only wait for each other."""
Watcher = Callable[[float | None], None]
WATCHER: ContextVar[Watcher] = ContextVar("watcher", default=lambda share: None)
"""Is told the share that is done, or None where it may only stop the work, which it does by an exception."""
LOCK = threading.RLock()
"""The limit is the whole process's; two holders at once could leave it in place."""


@contextmanager
def one_core(width: int) -> Iterator[None]:
    """Leave matrices of this width to one core while the context lasts, if they are small. Not to be nested."""
    if width > SMALL:
        yield
        return
    with LOCK, threadpool_limits(1, "blas"):
        yield


def each(function: Callable[[Any], Any], items: Iterable, width: int) -> list:
    """``function`` of every item, in order; ``width`` is that of the matrices it works on. Not to be nested."""
    items = list(items)
    if width > SMALL:
        return [function(item) for item in steps(items)]
    with (
        one_core(width),
        ThreadPoolExecutor(1 if width <= NARROW else os.cpu_count()) as pool,
    ):
        return list(pool.map(function, items))


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Tell how far the work is while the context lasts."""
    token = WATCHER.set(watcher)
    try:
        yield
    finally:
        WATCHER.reset(token)


def steps(items: Sequence) -> Iterator:
    """Items in turn, each an equal part of the work; what is told within one counts as a share of its part."""
    outer = WATCHER.get()
    for i, item in enumerate(items):
        outer(i / len(items))

        def part(share: float | None, done: int = i) -> None:
            outer(None if share is None else (done + share) / len(items))

        with watched(part):
            yield item
