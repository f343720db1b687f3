"""Stop, heard from deep inside: by what runs in a job's thread and is not given the job."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

listening = threading.local()


@contextmanager
def heard_by(check: Callable[[], None]) -> Iterator[None]:
    """Let ``check`` calls of this thread go to this one, which raises to stop."""
    before = getattr(listening, "check", None)
    listening.check = check
    try:
        yield
    finally:
        listening.check = before


def check() -> None:
    """Raise Stopped when the job of this thread is to stop; nothing outside of jobs."""
    asked = getattr(listening, "check", None)
    if asked is not None:
        asked()
