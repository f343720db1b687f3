"""Jobs queue first-in first-out; whoever performs them owns its models, pages read them.

That is one thread of this process, or workers in processes of their own
(``own_process``). Loading, hooks and forward passes never meet another thread, because
concurrent loading mixes precisions and a hook of one session would change another's
output. This module does not import torch; the worker does when its first job needs it.
"""

import itertools
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from analysis.core import interruption, settings
from analysis.core.errors import AnalysisError, ModelError, Stopped
from analysis.core.hidden_folders import without_folders
from analysis.core.model_memory import Memory
from analysis.core.specs import ModelSpec

if TYPE_CHECKING:
    from analysis.model.load import Loaded, Preflight

T = TypeVar("T")
QUEUED = "queued"
RUNNING = "running"
DONE = "done"
FAILED = "failed"
STOPPED = "stopped"
ENDED = (DONE, FAILED, STOPPED)
MB = 10**6
MAX_QUEUE = 32
KEPT_JOBS = 50
log = logging.getLogger(__name__)

Task = Callable[["Job", "Pool"], T]
"""What the worker can be asked to do; it gets its own job and the loaded models."""


@dataclass
class Job:
    """One request to the worker and what became of it.

    Pages read it; only the worker writes, but for ``cancel``.
    """

    number: int
    owner: str
    title: str
    work: Task[Any] = field(repr=False)
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
    """The one model it needs, where it may be done between parts of a longer job."""
    aside: bool = False
    """Others compute for it: it waits for nobody, and nobody waits for it."""
    here: bool = False
    """It needs no model, and this process itself: what it keeps is for the pages."""
    only: "Performer | None" = field(default=None, repr=False)
    """Who alone is to do it; None: whoever can."""
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
        self.done = done
        self.total = total
        self.doing = doing or self.doing
        self.on_progress(self.done, self.total, self.doing)

    def check(self) -> None:
        """Raise Stopped when the user has asked to stop.

        A job that lives only while it is looked at stops when its page is left.
        """
        if self.lease and time.monotonic() - self.seen > self.lease:
            self.cancel.set()
        if self.cancel.is_set():
            raise Stopped(
                "Stopped. Everything finished so far is kept; start again to go on from "
                "there."
            )

    @property
    def live(self) -> bool:
        """Whether the job waits or runs."""
        return self.state not in ENDED

    @property
    def seconds(self) -> float:
        """How long the job has run."""
        if not self.started:
            return 0.0
        return (self.ended or time.monotonic()) - self.started


def fetching(job: Job, what: str) -> Callable[[int, int], None]:
    """What tells a job how many bytes have been fetched, in megabytes."""

    def fetched(done: int, total: int) -> None:
        job.progress(done // MB, total // MB, f"fetching {what}, MB")

    return fetched


def loading(job: Job, what: str) -> Callable[[int, int], None]:
    """What tells a job how much of its model has been fetched, and then that it loads."""
    fetched = fetching(job, what)

    def told(done: int, total: int) -> None:
        if done < total:
            fetched(done, total)
        else:
            # Weights are read now, which tells of no steps.
            job.progress(0, 0, f"loading {what}")

    return told


def spent_task(job: Job, pool: "Pool") -> None:
    """Stands in for the work of an ended job, so that what it held can be freed."""


@dataclass(frozen=True)
class Holding:
    """Which models somebody has in memory, and which commits stand for which names."""

    loaded: frozenset[ModelSpec] = frozenset()
    pins: tuple[tuple[ModelSpec, ModelSpec], ...] = ()

    def has(self, spec: ModelSpec) -> bool:
        """Whether a model is in memory: as pinned, or as a folder of this machine."""
        pinned = dict(self.pins).get(spec, spec)
        # A folder has no revisions.
        return pinned in self.loaded or replace(spec, revision="local") in self.loaded


class Held(NamedTuple):
    """A model in memory and the bytes that were set aside for it."""

    model: "Loaded"
    size: int


class Pool:
    """Loaded models within a memory budget.

    The least recently used is unloaded *before* another is loaded.
    """

    def __init__(self) -> None:
        self.loaded: OrderedDict[ModelSpec, Held] = OrderedDict()
        self.pins: dict[ModelSpec, ModelSpec] = {}
        """What was asked for → the same with its commit.

        So “main” and its commit are one model in memory.
        """

    def get(self, spec: ModelSpec, job: Job) -> "Loaded":
        """The model of a spec, loading it when needed. ModelError when it cannot fit."""
        known = self.kept(self.pins.get(spec, spec))
        if known:
            return with_notices(known, job)
        # Said before the imports, which take seconds the first time.
        job.progress(0, 0, f"preparing {spec.model}")
        from analysis.model import load, self_check

        estimate = load.preflight(spec, job.check)
        pinned = replace(spec, revision=estimate.source.revision)
        self.pins[spec] = pinned
        known = self.kept(pinned)
        if known:
            return with_notices(known, job)
        needed = self.make_room(spec, estimate)
        job.progress(0, 0, f"loading {spec.model}")
        model = self_check.tried(load.load(pinned, loading(job, spec.model)))
        self.loaded[pinned] = Held(model, needed)
        return with_notices(model, job)

    def make_room(self, spec: ModelSpec, estimate: "Preflight") -> int:
        """Unload until a model fits; the bytes that it needs. ModelError if it never does.

        What is free is looked up again after each, for it is not ours alone.
        """
        from analysis.model import load

        while self.loaded and not self.room(estimate.needed, estimate.available):
            self.unload()
            estimate = load.preflight(spec)
        if not self.room(estimate.needed, estimate.available):
            raise ModelError(
                f"{spec.model} needs about {estimate.needed / 2**30:.1f} GiB and "
                f"{estimate.available / 2**30:.1f} GiB are free ({estimate.place})"
                f"{budget_in_words()}. Choose bfloat16, 8-bit or 4-bit, or a smaller "
                "model."
            )
        return estimate.needed

    def kept(self, spec: ModelSpec) -> "Loaded | None":
        """The model of a spec when it is in memory, now the most recently used.

        One whose folder has been changed since is unloaded.
        """
        if spec not in self.loaded:
            return None
        if not self.loaded[spec].model.source.is_unchanged:
            self.loaded.move_to_end(spec, last=False)
            self.unload()
            return None
        self.loaded.move_to_end(spec)
        return self.loaded[spec].model

    def at_hand(self, spec: ModelSpec) -> bool:
        """Whether a model is in memory: as pinned, or as a folder of this machine."""
        return self.holding().has(spec)

    def holding(self) -> Holding:
        """Which models are in memory now."""
        return Holding(frozenset(self.loaded), tuple(self.pins.items()))

    def room(self, needed: int, available: int) -> bool:
        """Whether another model of this size may be loaded now."""
        if needed > available:
            return False
        budget = settings.memory_budget()
        used = sum(held.size for held in self.loaded.values())
        return budget is None or used + needed <= budget

    def unload(self) -> None:
        """Drop the least recently used model and give its memory back."""
        from analysis.model import load

        self.loaded.popitem(last=False)
        load.release()


def with_notices(loaded: "Loaded", job: Job) -> "Loaded":
    """A model, after the job was told what its users are to know of it."""
    for notice in loaded.notices:
        if notice not in job.notices:
            job.notices.append(notice)
    return loaded


def budget_in_words() -> str:
    """What models may take together where the operator has said so."""
    budget = settings.memory_budget()
    if budget is None:
        return ""
    return (
        f", and models may take {budget / 2**30:.1f} GiB together on this server "
        "(BABELSCOPE_MODEL_MEMORY)"
    )


class Performer(Protocol):
    """What does jobs, one at a time; each has a thread of the server that waits for it."""

    def takes(self, job: Job) -> bool:
        """Whether it does jobs such as this one."""
        ...

    def at_hand(self, spec: ModelSpec) -> bool:
        """Whether it has a model in memory."""
        ...

    def do(self, job: Job) -> Any:
        """The result of a job, raised errors as the job raises them."""
        ...

    def free_memory(self) -> Memory | None:
        """What is free where it computes; None where this process can look for itself."""
        ...


class ThisProcess:
    """Does jobs in this process: all of them, or those alone that must be done here."""

    def __init__(self, pool: Pool, only_here: bool = False) -> None:
        self.pool = pool
        self.only_here = only_here

    def takes(self, job: Job) -> bool:
        """Whether it does jobs such as this one."""
        return job.here or not self.only_here

    def at_hand(self, spec: ModelSpec) -> bool:
        """Whether this process has a model in memory."""
        return self.pool.at_hand(spec)

    def do(self, job: Job) -> Any:
        """The result of a job."""
        return job.work(job, self.pool)

    def free_memory(self) -> Memory | None:
        """Nothing: whoever asks can look for itself."""
        return None


def may_do(performer: Performer, job: Job) -> bool:
    """Whether a job is for a performer, as far as its kind goes."""
    return job.only in (None, performer) and performer.takes(job)


class Service:
    """The queue of one server process, and who performs what waits there.

    Without ``performers`` that is a thread of this process, with the models of ``pool``.
    """

    def __init__(
        self, kept: int = KEPT_JOBS, performers: Sequence[Performer] = ()
    ) -> None:
        self.kept = kept
        self.pool = Pool()
        self.jobs: OrderedDict[int, Job] = OrderedDict()
        self.waiting: list[Job] = []
        self.numbers = itertools.count(1)
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        """Told whenever another job waits, or somebody takes one."""
        self.performers = tuple(performers) or (ThisProcess(self.pool),)
        self.idle: list[Performer] = []
        for performer in self.performers:
            threading.Thread(
                target=self.run,
                args=(performer,),
                name="babelscope-worker",
                daemon=True,
            ).start()

    def submit(
        self,
        owner: str,
        title: str,
        work: Task[Any],
        lease: float = 0.0,
        model: ModelSpec | None = None,
        aside: bool = False,
        here: bool = False,
    ) -> Job:
        """A new job, at the end of the queue.

        With a ``lease`` it stops when its page has not looked at it for so many seconds;
        with a ``model`` too it is done between the parts of a longer job, if that model
        is loaded. One that is done ``aside`` has a thread of its own: others compute for
        it, and it uses no model of this server. One that is done ``here`` needs no model
        either, and stays in this process where workers have their own. AnalysisError
        when the owner has one waiting or running, or the queue is full.
        """
        with self.lock:
            self.check_admission(owner)
            job = Job(
                next(self.numbers),
                owner,
                title,
                work,
                lease=lease,
                model=model,
                aside=aside,
                here=here,
            )
            self.jobs[job.number] = job
            self.forget_old_jobs()
            if not aside:
                # Under the lock: the order of the queue is the order of the numbers.
                self.waiting.append(job)
                self.changed.notify_all()
        if aside:
            begin = partial(self.perform, job, ThisProcess(self.pool))
            threading.Thread(
                target=begin, name=f"aside-{job.number}", daemon=True
            ).start()
        return job

    def submit_to_each(self, owner: str, title: str, work: Task[Any]) -> list[Job]:
        """The same for each who owns models: what one has made ready, no other has.

        They are nobody's jobs that anybody waits for, so that a full queue takes them.
        """
        found: list[Job] = []
        with self.lock:
            for performer in self.performers:
                job = Job(next(self.numbers), owner, title, work, only=performer)
                if performer.takes(job):
                    self.jobs[job.number] = job
                    self.waiting.append(job)
                    found.append(job)
            self.changed.notify_all()
        return found

    def check_admission(self, owner: str) -> None:
        """AnalysisError when an owner may not add a job now."""
        live = [job for job in self.jobs.values() if job.live]
        if any(job.owner == owner for job in live):
            raise AnalysisError(
                "You have a job waiting or running already. Wait for it, or stop it "
                "first."
            )
        if len(live) >= MAX_QUEUE:
            raise AnalysisError(
                f"{MAX_QUEUE} jobs are waiting on this server. Try again later."
            )

    def forget_old_jobs(self) -> None:
        """Keep the latest of the jobs that have ended."""
        ended = [number for number, job in self.jobs.items() if not job.live]
        for number in ended[: -self.kept]:
            del self.jobs[number]

    def stop(self, job: Job) -> None:
        """Ask a job to stop; one that still waits ends at once."""
        with self.lock:
            job.cancel.set()
            if job.state == QUEUED:
                job.error = "Stopped before it began."
                job.state = STOPPED
                job.work = spent_task
                job.finished.set()

    def place(self, job: Job) -> int:
        """How many jobs are before this one."""
        return len(self.before(job))

    def before(self, job: Job) -> list[Job]:
        """The jobs before this one."""
        found: list[Job] = []
        if job.aside:
            return found
        with self.lock:
            for other in self.jobs.values():
                earlier = other.live and other.number < job.number
                if earlier and not other.aside and self.rival(other, job):
                    found.append(other)
        return found

    def gets_ready(self, job: Job) -> Job | None:
        """The server's own job that is before this one; None where a visitor's is too.

        Whoever comes first after a start waits for nobody but the server.
        """
        before = self.before(job)
        if not before or any(other.only is None for other in before):
            return None
        return before[0]

    def rival(self, one: Job, other: Job) -> bool:
        """Whether there is anybody who would have to do both jobs."""
        return any(
            may_do(each, one) and may_do(each, other) for each in self.performers
        )

    def free_memory(self) -> Memory | None:
        """What is free at the worker with most of it; None where models live here."""
        told = [performer.free_memory() for performer in self.performers]
        known = [memory for memory in told if memory is not None]
        return max(known, key=lambda memory: memory.available, default=None)

    def run(self, performer: Performer) -> None:
        """The life of one who performs jobs."""
        while True:
            self.perform(self.next_job(performer), performer)

    def next_job(self, performer: Performer) -> Job:
        """The first job that waits for a performer, who waits for it."""
        with self.changed:
            self.idle.append(performer)
            while (job := self.job_for(performer)) is None:
                self.changed.wait()
            self.idle.remove(performer)
            self.waiting.remove(job)
            # Another may have left a job to this one, who has taken an earlier one.
            self.changed.notify_all()
        return job

    def job_for(self, performer: Performer) -> Job | None:
        """The first job that waits and that nobody else who is idle has the model for."""
        others = [other for other in self.idle if other is not performer]
        for job in self.waiting:
            if not may_do(performer, job):
                continue
            model = job.model
            if model is None or performer.at_hand(model):
                return job
            if not any(may_do(each, job) and each.at_hand(model) for each in others):
                return job
        return None

    def do_eager_jobs(self, performer: Performer) -> None:
        """Do what somebody waits for and that needs no other model in memory.

        The long job of this performer goes on after them.
        """
        with self.lock:
            queued = [job for job in self.jobs.values() if job.state == QUEUED]
        for job in queued:
            waited_for = job.lease and may_do(performer, job)
            if waited_for and job.model and performer.at_hand(job.model):
                self.perform(job, performer)

    def perform(self, job: Job, performer: Performer) -> None:
        """Let a job be done, unless that was done already."""
        with self.lock:
            if job.state != QUEUED:
                return
            job.state = RUNNING
            job.started = time.monotonic()
        job.give_way = partial(self.do_eager_jobs, performer)
        try:
            job.check()
            with interruption.heard_by(job.check):
                job.result = performer.do(job)
            job.state = DONE
        except Stopped as stop:
            job.error = str(stop)
            job.state = STOPPED
        except AnalysisError as error:
            job.faults = getattr(error, "faults", ())
            job.error = str(error)
            job.state = FAILED
        except BaseException as error:
            log.exception("job %s (%s) met a bug", job.number, job.title)
            # One that was met in another process has kept the name of its kind.
            kind = getattr(error, "kind", type(error).__name__)
            said = without_folders(str(error))
            job.error = (
                f"A fault of Babelscope itself: {kind}: {said}. The log has more."
            )
            job.state = FAILED
        finally:
            job.ended = time.monotonic()
            job.work = spent_task
            job.finished.set()
