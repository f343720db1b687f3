"""A Dask cluster of this machine's processes; imports ``distributed``, so when it is used."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from distributed import LocalCluster, Nanny, Status

PLAIN = ModuleType("__main__")
"""What new processes take for the main module: nothing that they could run."""


class MainModules:
    """Which main module there is while nobody starts a process, and how many do."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.starting = 0
        self.own: ModuleType | None = None

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Start processes that do not run this one's main module.

        Python runs it in each process that it starts anew: in a server the page that is
        shown, in a script without a guard the whole script, which would start a cluster.
        """
        with self.lock:
            if sys.modules["__main__"] is not PLAIN:
                self.own = sys.modules["__main__"]
            sys.modules["__main__"] = PLAIN
            self.starting += 1
        try:
            yield
        finally:
            with self.lock:
                self.starting -= 1
                # A server has put another page there meanwhile, or none has.
                if not self.starting and sys.modules["__main__"] is PLAIN and self.own:
                    sys.modules["__main__"] = self.own


MAIN = MainModules()


class PlainNanny(Nanny):
    """Starts a worker, again after it died, that does not run the main module."""

    async def instantiate(self) -> Status:
        """Start the worker's process."""
        with MAIN.hidden():
            return await super().instantiate()


def local_cluster(workers: int | None, options: dict[str, Any]) -> LocalCluster:
    """So many processes of one thread; by default one for each core."""
    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        worker_class=PlainNanny,
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.ERROR,
        **options,
    )
