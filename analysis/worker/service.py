"""One worker thread owns every model: jobs queue first-in first-out, pages read snapshots.

Loading, hooks and forward passes never meet another thread, because concurrent loading mixes precisions and a hook of one
session would change another's output. This module does not import torch; the worker does when its first job needs it.
"""

import itertools
import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from analysis.core import settings
from analysis.core.errors import AnalysisError, ModelError, Stopped
from analysis.core.specs import ModelSpec

QUEUED, RUNNING, DONE, FAILED, STOPPED = (
    "queued",
    "running",
    "done",
    "failed",
    "stopped",
)
ENDED = (DONE, FAILED, STOPPED)
MAX_QUEUE = 32
KEPT_JOBS = 50
log = logging.getLogger(__name__)


@dataclass
class Job:
    """One request to the worker and what became of it; pages read, only the worker writes (but for ``cancel``)."""

    number: int
    owner: str
    title: str
    work: Callable[["Job", "Pool"], Any] = field(repr=False)
    state: str = QUEUED
    done: int = 0
    total: int = 0
    doing: str = ""
    notices: list[str] = field(default_factory=list)
    result: Any = None
    partial: Any = None
    """What a running job has to show so far; replaced as a whole, never changed."""
    error: str = ""
    faults: tuple[str, ...] = ()
    started: float = 0.0
    ended: float = 0.0
    lease: float = 0.0
    """Seconds after which a job that nobody looks at stops; 0: it goes on."""
    model: ModelSpec | None = None
    """The one model that it needs, where it may be done between the parts of a longer job."""
    give_way: Callable[[], None] = field(default=lambda: None, repr=False)
    """For a long job to call between its parts, when no hook is on a model."""
    on_progress: Callable[[int, int, str], None] = field(
        default=lambda done, total, doing: None, repr=False
    )
    """Hears of every step, in the thread that does the job."""
    seen: float = field(default_factory=time.monotonic)
    cancel: threading.Event = field(default_factory=threading.Event, repr=False)
    finished: threading.Event = field(default_factory=threading.Event, repr=False)

    def progress(self, done: int, total: int, doing: str = "") -> None:
        """Report progress; raises Stopped when the user has asked to stop."""
        self.check()
        self.done, self.total, self.doing = done, total, doing or self.doing
        self.on_progress(self.done, self.total, self.doing)

    def check(self) -> None:
        """Raise Stopped when the user has asked to stop, or has left a job that lives only while it is looked at."""
        if self.lease and time.monotonic() - self.seen > self.lease:
            self.cancel.set()
        if self.cancel.is_set():
            raise Stopped(
                "Stopped. Everything finished so far is kept; start again to go on from there."
            )

    @property
    def live(self) -> bool:
        """Whether the job waits or runs."""
        return self.state not in ENDED

    @property
    def seconds(self) -> float:
        """How long the job has run."""
        return (self.ended or time.monotonic()) - self.started if self.started else 0.0


def spent(job: Job, pool: "Pool") -> None:
    """Stands in for the work of a job that has ended, so that what the work held can be freed."""


class Pool:
    """Loaded models within a memory budget; the least recently used is unloaded *before* another is loaded."""

    def __init__(self) -> None:
        self.loaded: OrderedDict[ModelSpec, tuple[Any, int]] = OrderedDict()
        self.pins: dict[ModelSpec, ModelSpec] = {}
        """What was asked for → the same with its commit, so that “main” and its commit are one model in memory."""

    def get(self, spec: ModelSpec, job: Job) -> Any:
        """The model of a spec, loading it when needed. ModelError when it cannot fit."""
        from analysis.model import load

        if known := self.kept(self.pins.get(spec, spec)):
            return known
        job.progress(0, 0, f"preparing {spec.model}")
        estimate = load.preflight(spec)
        pinned = self.pins[spec] = replace(spec, revision=estimate.source.revision)
        if known := self.kept(pinned):
            return known
        while self.loaded and not self.room(estimate.needed, estimate.available):
            self.unload()
            estimate = load.preflight(spec)
        if not self.room(estimate.needed, estimate.available):
            raise ModelError(
                f"{spec.model} needs about {estimate.needed / 2**30:.1f} GiB and {estimate.available / 2**30:.1f} GiB are free "
                f"({estimate.place}). Choose bfloat16, 8-bit or 4-bit, or a smaller model."
            )
        loaded = load.load(
            pinned,
            lambda done, total: job.progress(done, total, f"fetching {spec.model}"),
        )
        self.loaded[pinned] = (loaded, estimate.needed)
        return loaded

    def kept(self, spec: ModelSpec) -> Any:
        """The model of a spec when it is in memory, now the most recently used; else None."""
        if spec not in self.loaded:
            return None
        self.loaded.move_to_end(spec)
        return self.loaded[spec][0]

    def at_hand(self, spec: ModelSpec) -> bool:
        """Whether a model is in memory: as it was pinned, or as a folder of this machine, which has no revisions."""
        return any(
            one in self.loaded
            for one in (self.pins.get(spec, spec), replace(spec, revision="local"))
        )

    def room(self, needed: int, available: int) -> bool:
        """Whether another model of this size may be loaded now."""
        budget = settings.memory_budget()
        used = sum(size for _, size in self.loaded.values())
        return needed <= available and (budget is None or used + needed <= budget)

    def unload(self) -> None:
        """Drop the least recently used model and give its memory back."""
        from analysis.model import load

        self.loaded.popitem(last=False)
        load.release()


class Service:
    """The queue, the worker thread and the pool of one server process."""

    def __init__(self) -> None:
        self.pool = Pool()
        self.jobs: OrderedDict[int, Job] = OrderedDict()
        self.waiting: queue.Queue[Job] = queue.Queue()
        self.numbers = itertools.count(1)
        self.lock = threading.Lock()
        threading.Thread(target=self.run, name="babelscope-worker", daemon=True).start()

    def stop(self, job: Job) -> None:
        """Ask a job to stop; one that still waits ends at once."""
        with self.lock:
            job.cancel.set()
            if job.state == QUEUED:
                job.state, job.error, job.work = (
                    STOPPED,
                    "Stopped before it began.",
                    spent,
                )
                job.finished.set()

    def submit(
        self,
        owner: str,
        title: str,
        work: Callable[[Job, Pool], Any],
        lease: float = 0.0,
        model: ModelSpec | None = None,
    ) -> Job:
        """Queue a job. AnalysisError when the owner has one waiting or running, or the queue is full.

        With a ``lease`` it stops when its page has not looked at it for so many seconds; with a ``model`` too it is done between
        the parts of a longer job, if that model is loaded.
        """
        with self.lock:
            live = [job for job in self.jobs.values() if job.live]
            if any(job.owner == owner for job in live):
                raise AnalysisError(
                    "You have a job waiting or running already. Wait for it, or stop it first."
                )
            if len(live) >= MAX_QUEUE:
                raise AnalysisError(
                    f"{MAX_QUEUE} jobs are waiting on this server. Try again later."
                )
            job = Job(
                next(self.numbers),
                owner,
                title,
                work,
                lease=lease,
                model=model,
                give_way=self.between,
            )
            self.jobs[job.number] = job
            for number in [n for n, old in self.jobs.items() if not old.live][
                :-KEPT_JOBS
            ]:
                del self.jobs[number]
            self.waiting.put(
                job
            )  # under the lock, so that the order of the queue is the order of the numbers
        return job

    def place(self, job: Job) -> int:
        """How many jobs are before this one."""
        with self.lock:
            return sum(
                other.live for other in self.jobs.values() if other.number < job.number
            )

    def run(self) -> None:
        """The worker's life."""
        while True:
            self.perform(self.waiting.get())

    def between(self) -> None:
        """Do the answers that somebody waits for and that need no other model in memory; the long job goes on after them."""
        with self.lock:
            eager = [
                job
                for job in self.jobs.values()
                if job.state == QUEUED and job.lease and job.model
            ]
        for job in eager:
            if self.pool.at_hand(job.model):
                self.perform(job)

    def perform(self, job: Job) -> None:
        """Do a job, unless that was done already."""
        with self.lock:
            if job.state != QUEUED:
                return
            job.state, job.started = RUNNING, time.monotonic()
        try:
            job.check()
            job.result = job.work(job, self.pool)
            job.state = DONE
        except Stopped as stop:
            job.state, job.error = STOPPED, str(stop)
        except AnalysisError as error:
            job.state, job.error, job.faults = (
                FAILED,
                str(error),
                getattr(error, "faults", ()),
            )
        except BaseException as error:
            log.exception("job %s (%s) met a bug", job.number, job.title)
            job.state, job.error = (
                FAILED,
                f"A fault of Babelscope itself: {type(error).__name__}: {error}. The log has more.",
            )
        finally:
            job.ended = time.monotonic()
            job.work = spent
            job.finished.set()
