"""A worker's process: it does the jobs that its server tells it, one after the other.

It ends when its server does, however that ends, since the pipe between them ends with it.
"""

import logging
import os
import pickle
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from analysis.core import interruption
from analysis.core.errors import AnalysisError
from analysis.worker.messages import (
    Do,
    Ended,
    Fault,
    GiveWay,
    Gone,
    Line,
    State,
    Stop,
    Told,
    next_of,
)
from analysis.worker.models import free_memory
from analysis.worker.service import Job, Pool, spent_task

EVERY = 0.1
"""Seconds between two reports of a job: many steps cost one message."""
VICTIM = "500"
"""How readily Linux ends this process, and not the server, when memory runs out."""
log = logging.getLogger(__name__)


class Worker:
    """What does the jobs: the models that it holds, and the line to its server."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.pool = Pool()
        self.orders: queue.Queue[object] = queue.Queue()
        self.jobs: dict[int, Job] = {}

    def listen(self, pipe: IO[bytes]) -> None:
        """Hear all that the server tells; its end is the end of this process."""
        while True:
            message = next_of(pipe)
            if isinstance(message, Gone):
                # At once, whatever the other thread computes: nobody waits for it.
                os._exit(0)
            if isinstance(message, Stop):
                self.stop(message.number)
                continue
            if isinstance(message, Do):
                # Before it begins, so that Stop finds it whenever that comes.
                self.jobs[message.number] = self.job_of(message)
            self.orders.put(message)

    def job_of(self, order: Do) -> Job:
        """This process's own side of a job."""
        job = Job(order.number, order.owner, order.title, spent_task, model=order.model)
        job.give_way = self.give_way
        return job

    def stop(self, number: int) -> None:
        """Let a job stop at its next step, unless it has ended."""
        job = self.jobs.get(number)
        if job is not None:
            job.cancel.set()

    def run(self) -> None:
        """Do what is told, one job after the other."""
        self.line.send(self.state())
        while True:
            self.do_order(self.orders.get())

    def do_order(self, order: object) -> bool:
        """Do a job; whether the order was one."""
        if not isinstance(order, Do):
            return False
        ended = self.perform(self.jobs[order.number], order.work)
        del self.jobs[order.number]
        self.line.send(ended)
        return True

    def perform(self, job: Job, work: bytes) -> Ended:
        """What became of a job, which is told meanwhile."""
        try:
            with telling(job, self.line), interruption.heard_by(job.check):
                job.check()
                result = pickle.dumps(pickle.loads(work)(job, self.pool))
            return Ended(job.number, self.state(), result)
        except AnalysisError as error:
            return Ended(job.number, self.state(), error=error)
        except BaseException as error:
            log.exception("job %s (%s) met a bug", job.number, job.title)
            fault = Fault(type(error).__name__, str(error))
            return Ended(job.number, self.state(), fault=fault)

    def give_way(self) -> None:
        """Do what the server lets through between two parts of a long job."""
        self.line.send(GiveWay(self.pool.holding()))
        while self.do_order(self.orders.get()):
            pass

    def state(self) -> State:
        """The models that are held, and what is free beside them."""
        memory = None
        # A device that cannot be asked is told of by the job that needs it.
        with suppress(Exception):
            memory = free_memory()
        return State(self.pool.holding(), memory)


@contextmanager
def telling(job: Job, line: Line) -> Iterator[None]:
    """Tell where a job stands some times a second, and at its end."""
    over = threading.Event()
    teller = Teller(job, line)

    def tell_often() -> None:
        while not over.wait(EVERY):
            teller.tell()

    thread = threading.Thread(target=tell_often, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        teller.tell()


class Teller:
    """Tells what is new of a job."""

    def __init__(self, job: Job, line: Line) -> None:
        self.job = job
        self.line = line
        self.before = Told(job.number, 0, 0, "", ())
        self.shown: object = None

    def tell(self) -> None:
        """Tell where the job stands, if that is new."""
        job = self.job
        shown = job.partial
        partial = b"" if shown is self.shown else pickle.dumps(shown)
        self.shown = shown
        notices = tuple(job.notices)
        now = Told(job.number, job.done, job.total, job.doing, notices, partial)
        if now != self.before:
            self.line.send(now)
        self.before = now


def main() -> None:
    """The process's life: the pipes are its own, and what is printed goes to the log."""
    orders = os.fdopen(os.dup(0), "rb")
    reports = os.fdopen(os.dup(1), "wb")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    # Ctrl+C is for the server, whose end is heard.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(stream=sys.stderr)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(VICTIM)
    worker = Worker(Line(reports))
    threading.Thread(target=worker.listen, args=(orders,), daemon=True).start()
    worker.run()


if __name__ == "__main__":
    main()
