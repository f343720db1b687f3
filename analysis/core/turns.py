"""Many small computations at once, or large ones in turn, and how far they are.

Whichever the machine is quicker at.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from threadpoolctl import threadpool_limits

SMALL = 1024
"""Matrices up to this width are left to one core each.

Sharing them between cores takes longer than it saves.
"""
NARROW = 256
"""Up to this width Python between the matrices takes longer than they do.

Threads would only wait for each other.
"""
AT_ONCE = 1024
"""Small steps between two looks at whether work is to stop."""
Watcher = Callable[[float | None], None]
WATCHER: ContextVar[Watcher] = ContextVar("watcher", default=lambda share: None)
"""Is told the share that is done, or None where it may only stop the work.

It stops by an exception.
"""
LOCK = threading.RLock()
"""The limit is the whole process's; two holders at once could leave it in place."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def one_core(width: int) -> Iterator[None]:
    """Leave matrices of this width to one core while the context lasts, if they are small.

    Not to be nested.
    """
    if width > SMALL:
        yield
        return
    with LOCK, threadpool_limits(1, "blas"):
        yield


def map_each(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    width: int,
) -> list[Result]:
    """``function`` of every item, in order; ``width`` is that of the matrices it works on.

    Not to be nested.
    """
    items = list(items)
    if width > SMALL:
        return [function(item) for item in steps(items)]
    workers = 1 if width <= NARROW else os.cpu_count()
    found = []
    with one_core(width), ThreadPoolExecutor(workers) as pool:
        waiting = pool.map(function, items)
        try:
            for done, result in enumerate(waiting):
                tell_share(done / len(items))
                found.append(result)
        except BaseException:
            # Work that is stopped must not wait for what nobody asks for any more.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return found


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Tell how far the work is while the context lasts."""
    token = WATCHER.set(watcher)
    try:
        yield
    finally:
        WATCHER.reset(token)


def tell_share(share: float | None = None) -> None:
    """Tell how much of the work is done, or only look whether it is to stop."""
    WATCHER.get()(share)


def looking(items: Iterable[Item]) -> Iterator[Item]:
    """Items in turn; between some of them, work that is to stop stops."""
    for number, item in enumerate(items):
        if number % AT_ONCE == 0:
            tell_share()
        yield item


def steps(items: Sequence[Item]) -> Iterator[Item]:
    """Items in turn, each an equal part of the work.

    What is told within one counts as a share of its part.
    """
    outer = WATCHER.get()
    for done, item in enumerate(items):
        outer(done / len(items))
        with watched(part_of(outer, done, len(items))):
            yield item


def part_of(
    outer: Watcher,
    done: int,
    parts: int,
) -> Watcher:
    """A watcher of one part of the work, which tells the watcher of the whole."""

    def tell(share: float | None) -> None:
        outer(None if share is None else (done + share) / parts)

    return tell
