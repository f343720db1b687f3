"""Workers in processes of their own, as an operator chooses by BABELSCOPE_WORKERS.

The server then never imports torch, and what takes a worker down (memory that ran out, a
crash, a hang) costs the job that it did and the models that it held: a new one begins.
"""

import logging
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, cast

import analysis
from analysis.core import settings
from analysis.core.errors import ModelError, Stopped
from analysis.core.model_memory import Memory, free_main_memory
from analysis.core.processor import cores
from analysis.core.specs import ModelSpec
from analysis.worker.messages import (
    Do,
    Ended,
    FaultElsewhere,
    GiveWay,
    Gone,
    GoOn,
    Line,
    State,
    Stop,
    Told,
    next_of,
)
from analysis.worker.service import Holding, Job, Performer, Pool, ThisProcess

GLANCE = 0.05
"""Seconds between two looks at whether a job is to stop."""
PATIENCE = 60.0
"""Seconds after Stop in which a worker must have come to a step, or it is ended."""
DYING = 10.0
"""Seconds in which a process is gone whose pipe has ended."""
GPUS = "CUDA_VISIBLE_DEVICES"
THREADS = "OMP_NUM_THREADS"
COUNT_GPUS = "import torch; print(torch.cuda.device_count())"
STARTING = "starting a worker"
"""What a job is at until its process has loaded torch, which takes seconds."""
log = logging.getLogger(__name__)


def workers_of_settings() -> list[Performer]:
    """Who performs the jobs of a server; nobody where its own thread does.

    What needs no model stays in the server, in a thread of its own.
    """
    wanted = settings.workers()
    if wanted is None:
        return []
    places = gpus() if wanted == "gpus" else [""] * wanted
    found: list[Performer] = [ThisProcess(Pool(), only_here=True)]
    for place in places:
        found.append(WorkerProcess(environment(place, len(places))))
    return found


def gpus() -> list[str]:
    """A name for each GPU that this server may use; one empty name without any.

    Torch alone knows them all, and it is not to be imported here.
    """
    given = os.environ.get(GPUS, "")
    if given:
        return given.split(",")
    asked = subprocess.run(
        [sys.executable, "-c", COUNT_GPUS], capture_output=True, text=True, check=True
    )
    count = int(asked.stdout)
    if not count:
        log.warning("%s is gpus, and there is none: one worker", settings.WORKERS)
        return [""]
    return [str(place) for place in range(count)]


def environment(place: str, of: int) -> dict[str, str]:
    """What one of several workers finds in its environment before torch is imported.

    They share what the operator gave them together: cores but one, which is for the
    pages, and the memory for models.
    """
    found = dict(os.environ)
    found.pop(settings.WORKERS, None)
    root = str(Path(analysis.__file__).parents[1])
    found["PYTHONPATH"] = os.pathsep.join(filter(None, (root, found.get("PYTHONPATH"))))
    found.setdefault(THREADS, str(max(1, (cores() - 1) // of)))
    if place:
        found[GPUS] = place
    budget = settings.memory_budget()
    if budget is not None:
        found[settings.MODEL_MEMORY] = f"{budget / of / 2**30:.6f}"
    return found


class Child:
    """One process, what it is told and what it tells."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "analysis.worker.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        self.line = Line(cast(IO[bytes], self.process.stdin))
        self.heard: queue.Queue[Any] = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        """Hear all that it tells, to its end."""
        pipe = cast(IO[bytes], self.process.stdout)
        message = None
        while not isinstance(message, Gone):
            message = next_of(pipe)
            self.heard.put(message)
        pipe.close()

    def tell(self, message: Any) -> None:
        """Tell it something; that it is gone is heard soon."""
        with suppress(OSError):
            self.line.send(message)

    def next_message(self) -> Any:
        """What it has told; None if that is nothing for a moment."""
        with suppress(queue.Empty):
            return self.heard.get(timeout=GLANCE)
        return None

    def last(self) -> int:
        """Wait for the end of one whose pipe has ended; its exit status."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(DYING)
        return self.end()

    def end(self) -> int:
        """End it, if it has not ended; its exit status."""
        self.process.kill()
        code = self.process.wait()
        # What it was told last may still be in the pipe.
        with suppress(OSError):
            self.line.pipe.close()
        return code


class WorkerProcess:
    """A performer that lets a process of its own do the jobs, and replaces it if lost."""

    def __init__(
        self, environment: Mapping[str, str], patience: float = PATIENCE
    ) -> None:
        self.environment = environment
        self.patience = patience
        self.jobs: dict[int, Job] = {}
        self.begin()

    def begin(self) -> None:
        """Begin a process, which holds no model yet."""
        self.child = Child(self.environment)
        self.ready = False
        self.state = State(Holding(), free_main_memory())

    def takes(self, job: Job) -> bool:
        """Whether it does jobs such as this one: all that may be done elsewhere."""
        return not job.here

    def at_hand(self, spec: ModelSpec) -> bool:
        """Whether the process has a model in memory, as far as it has told."""
        return self.state.holding.has(spec)

    def free_memory(self) -> Memory | None:
        """What was free at its device when it told last."""
        return self.state.memory

    def do(self, job: Job) -> Any:
        """The result of a job; errors as the job raises them.

        ModelError when the process ends meanwhile; Stopped also when it had to be ended.
        """
        work = pickle.dumps(job.work)
        if self.child.process.poll() is not None:
            # It has ended since its last job: nobody's job is lost.
            self.replace(self.child)
        child = self.child
        self.jobs[job.number] = job
        if not self.ready:
            job.doing = STARTING
        try:
            child.tell(Do(job.number, job.owner, job.title, job.model, work))
            return result_of(self.end_of(job, child))
        finally:
            del self.jobs[job.number]

    def end_of(self, job: Job, child: Child) -> Ended:
        """What became of a job that a process does."""
        asked_to_stop = 0.0
        while True:
            # A job that was let through may have taken the process down.
            message = child.next_message() if child is self.child else Gone()
            if isinstance(message, Gone):
                raise self.lost(job, child)
            if isinstance(message, Told) and message.number in self.jobs:
                message.note(self.jobs[message.number])
            if isinstance(message, State):
                self.state = message
                self.begun(job)
            if isinstance(message, GiveWay):
                self.state = replace(self.state, holding=message.holding)
                job.give_way()
                child.tell(GoOn())
            if isinstance(message, Ended):
                self.state = message.state
                return message
            if not asked_to_stop and wants_to_stop(job):
                asked_to_stop = time.monotonic()
                child.tell(Stop(job.number))
            if asked_to_stop and time.monotonic() - asked_to_stop > self.patience:
                self.replace(child)
                raise Stopped(
                    f"Stopped. The worker did not answer for {self.patience:.0f} seconds "
                    "and was ended; a new one has begun. Everything finished so far is "
                    "kept; start again to go on from there."
                )

    def begun(self, job: Job) -> None:
        """The process has told of itself: it has begun, and its job begins."""
        self.ready = True
        if job.doing == STARTING:
            job.doing = ""

    def replace(self, child: Child) -> None:
        """End a process and begin a new one in its place, unless that is done."""
        child.end()
        if child is self.child:
            self.begin()

    def lost(self, job: Job, child: Child) -> ModelError:
        """The error of a job whose process is lost, after a new one has begun."""
        code = child.last()
        self.replace(child)
        log.error("a worker ended (%s) in job %s (%s)", code, job.number, job.title)
        during = f" while it was at “{job.doing}”" if job.doing else ""
        return ModelError(
            f"The worker ended{during}: {cause(code)}. Everything finished so far is "
            "kept; start again to go on from there, or choose a smaller model or "
            "precision. A new worker has begun."
        )


def wants_to_stop(job: Job) -> bool:
    """Whether a job's user has asked to stop, or nobody looks at it any more."""
    try:
        job.check()
    except Stopped:
        return True
    return False


def result_of(ended: Ended) -> Any:
    """What a job gave, or the error that it raised."""
    if ended.error is not None:
        raise ended.error
    if ended.fault is not None:
        raise FaultElsewhere(ended.fault)
    return pickle.loads(ended.result)


def cause(code: int) -> str:
    """Why a process has most likely ended, by its exit status."""
    if code >= 0:
        return f"its exit status is {code}, and the server's log may say more"
    with suppress(ValueError):
        name = signal.Signals(-code).name
        if name == "SIGKILL":
            return "most likely memory ran out"
        return f"it crashed ({name})"
    return f"it was ended by signal {-code}"
