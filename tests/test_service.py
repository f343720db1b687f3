"""One worker, one queue: order, place, Stop, failures; nothing imports torch too early."""

import threading

import pytest

from analysis.core.errors import AnalysisError, CorpusError
from analysis.core.specs import ModelSpec
from analysis.worker.service import (
    DONE,
    FAILED,
    KEPT_JOBS,
    MAX_QUEUE,
    QUEUED,
    RUNNING,
    STOPPED,
    Job,
    Pool,
    Service,
    ThisProcess,
)
from components.frame.jobs import progress_words

PATIENCE = 20


@pytest.fixture
def service() -> Service:
    return Service()


class Gate:
    """Work that waits until it is let through, looking for Stop meanwhile."""

    def __init__(self):
        self.began, self.open = threading.Event(), threading.Event()

    def __call__(self, job: Job, pool: Pool) -> str:
        while not self.open.wait(0.005):
            job.progress(1, 2, "waiting")
            self.began.set()
        return "through"


def ended(job: Job) -> Job:
    """The job once it has ended."""
    assert job.finished.wait(PATIENCE), f"{job} did not end"
    return job


def fail(error: BaseException):
    """Work that fails in this way."""

    def work(job: Job, pool: Pool) -> None:
        raise error

    return work


def test_jobs_run_first_in_first_out_in_one_thread(service):
    ran = []
    gate = Gate()
    service.submit("first", "wait", gate)
    jobs = [
        service.submit(
            f"owner {i}",
            f"job {i}",
            lambda job, pool: ran.append((job.number, threading.current_thread().name)),
        )
        for i in range(10)
    ]
    assert not ran
    gate.open.set()
    assert [ended(job).state for job in jobs] == [DONE] * 10
    assert ran == [(job.number, "babelscope-worker") for job in jobs]


def test_submitting_from_many_threads_keeps_numbers_and_queue_in_step(service):
    ran, gate = [], Gate()
    service.submit("first", "wait", gate)
    made = []
    threads = [
        threading.Thread(
            target=lambda i=i: made.append(
                service.submit(str(i), "", lambda job, pool: ran.append(job.number))
            )
        )
        for i in range(MAX_QUEUE - 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gate.open.set()
    for job in made:
        ended(job)
    assert len(ran) == MAX_QUEUE - 1 and ran == sorted(ran)


def test_a_job_that_others_compute_does_not_wait_for_the_models(service):
    gate = Gate()
    long = service.submit("a", "long", gate)
    assert gate.began.wait(PATIENCE)
    aside = Gate()
    elsewhere = service.submit("b", "elsewhere", aside, aside=True)
    assert aside.began.wait(PATIENCE) and long.state == RUNNING
    third = service.submit("c", "third", lambda job, pool: None)
    assert service.place(elsewhere) == 0 and service.place(third) == 1
    service.stop(elsewhere)
    assert ended(elsewhere).state == STOPPED and long.state == RUNNING
    gate.open.set()
    assert ended(long).state == DONE


def test_the_place_in_the_queue_counts_jobs_that_are_not_over(service):
    gates = [Gate() for _ in range(3)]
    jobs = [service.submit(str(i), "", gate) for i, gate in enumerate(gates)]
    assert gates[0].began.wait(PATIENCE)
    assert [job.state for job in jobs] == [RUNNING, QUEUED, QUEUED]
    assert [service.place(job) for job in jobs] == [0, 1, 2]
    service.stop(jobs[1])
    assert [service.place(job) for job in jobs] == [0, 1, 1]
    gates[0].open.set()
    ended(jobs[0])
    assert gates[2].began.wait(PATIENCE) and service.place(jobs[2]) == 0
    gates[2].open.set()
    assert ended(jobs[2]).result == "through"


def test_an_owner_has_one_live_job_and_the_queue_is_bounded(service):
    gate = Gate()
    first = service.submit("me", "", gate)
    with pytest.raises(
        AnalysisError, match="You have a job waiting or running already"
    ):
        service.submit("me", "", gate)
    for i in range(MAX_QUEUE - 1):
        service.submit(f"other {i}", "", gate)
    with pytest.raises(AnalysisError, match=f"{MAX_QUEUE} jobs are waiting"):
        service.submit("late", "", gate)
    gate.open.set()
    ended(first)
    assert ended(service.submit("me", "again", gate)).state == DONE


def test_old_jobs_are_forgotten_but_not_the_latest(service):
    jobs = [
        ended(service.submit("me", "", lambda job, pool: None))
        for _ in range(KEPT_JOBS + 10)
    ]
    assert jobs[0].number not in service.jobs and jobs[-1].number in service.jobs
    assert len(service.jobs) <= KEPT_JOBS + 1


@pytest.mark.parametrize("how", ["service", "event"])
def test_stop_while_queued_means_the_job_never_runs(service, how):
    gate, never = Gate(), Gate()
    running, waiting = service.submit("a", "", gate), service.submit("b", "", never)
    if how == "service":
        service.stop(waiting)
        assert (
            ended(waiting).state == STOPPED and running.state != DONE
        )  # at once, not when its turn comes
        service.stop(waiting)
        after = service.submit("b", "another", lambda job, pool: "done")
    else:
        waiting.cancel.set()
        after = service.submit("c", "another", lambda job, pool: "done")
    gate.open.set()
    assert (
        ended(waiting).state == STOPPED
        and waiting.error.startswith("Stopped")
        and not never.began.is_set()
    )
    assert ended(after).result == "done"
    assert how == "event" or (waiting.error, waiting.seconds) == (
        "Stopped before it began.",
        0,
    )


@pytest.mark.parametrize("how", ["service", "event"])
def test_stop_while_running_ends_the_job_and_the_worker_goes_on(service, how):
    gate = Gate()
    job = service.submit("a", "", gate)
    assert gate.began.wait(PATIENCE)
    service.stop(job) if how == "service" else job.cancel.set()
    assert (
        ended(job).state == STOPPED
        and job.error.startswith("Stopped.")
        and not job.live
    )
    assert job.seconds == job.seconds > 0 and (job.done, job.total, job.doing) == (
        1,
        2,
        "waiting",
    )
    assert ended(service.submit("a", "", lambda job, pool: 7)).result == 7


def test_answers_that_somebody_waits_for_come_between_the_parts_of_a_long_job(service):
    here, elsewhere = ModelSpec("here"), ModelSpec("elsewhere")
    service.pool.loaded[ModelSpec("here", "local")] = ("a model", 1)
    order, begun, queued = [], threading.Event(), threading.Event()

    def long(job: Job, pool: Pool) -> None:
        for part in range(2):
            order.append(part)
            begun.set()
            assert queued.wait(10)
            job.give_way()

    first = service.submit("searcher", "long", long)
    assert begun.wait(10)
    waits = [
        service.submit(
            name, name, lambda job, pool: order.append(job.title), lease, model
        )
        for name, lease, model in (
            ("another run", 0, here),
            ("other model", 9, elsewhere),
            ("reader", 9, here),
        )
    ]
    queued.set()
    assert all(job.finished.wait(10) for job in (first, *waits))
    assert order == [0, "reader", 1, "another run", "other model"]


def test_a_users_error_keeps_its_words_and_faults(service):
    job = ended(
        service.submit(
            "a", "", fail(CorpusError("Two rows lack a text.", ["row 3", "row 8"]))
        )
    )
    assert (job.state, job.error, job.faults) == (
        FAILED,
        "Two rows lack a text.",
        ("row 3", "row 8"),
    )


@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError("by zero"), MemoryError(), SystemExit(3), KeyboardInterrupt()],
)
def test_a_bug_is_called_one_is_logged_and_leaves_the_worker_alive(
    service, caplog, error
):
    job = ended(service.submit("a", "thing", fail(error)))
    assert job.state == FAILED
    assert job.error.startswith(f"A fault of Babelscope itself: {type(error).__name__}")
    assert "met a bug" in caplog.text and type(error).__name__ in caplog.text
    assert ended(service.submit("a", "", lambda job, pool: 7)).result == 7


def test_an_ended_job_lets_go_of_what_its_work_held(service):
    import gc
    import weakref

    class Held:
        def __call__(self, job: Job, pool: Pool) -> None:
            pass

    held = Held()
    gone = weakref.ref(held)
    for state in (DONE, STOPPED):
        gate = Gate()
        first = service.submit("first", "", gate)
        job = service.submit("a", "", held)
        if state == STOPPED:
            service.stop(job)
        gate.open.set()
        assert ended(first) and ended(job).state == state
    del held
    gc.collect()
    assert gone() is None


def test_what_each_is_to_do_is_done_once_by_each_who_owns_models():
    here = ThisProcess(Pool(), only_here=True)
    owners = (ThisProcess(Pool()), ThisProcess(Pool()))
    gate, did = Gate(), []
    service = Service(performers=[here, *owners])
    service.submit("a", "long", gate)
    assert gate.began.wait(PATIENCE)
    jobs = service.submit_to_each("us", "ready", lambda job, pool: did.append(pool))
    after = service.submit("b", "short", lambda job, pool: None)
    assert ended(after).state == DONE, "the other one is done with its own"
    assert len(jobs) == 2 and len(did) == 1
    gate.open.set()
    for job in jobs:
        ended(job)
    assert {id(pool) for pool in did} == {id(owner.pool) for owner in owners}


def test_who_waits_for_the_server_alone_is_told_so_and_not_of_others():
    service = Service(performers=[ThisProcess(Pool())])
    gate, held = Gate(), Gate()
    (ready,) = service.submit_to_each("us", "ready", gate)
    assert gate.began.wait(PATIENCE)
    first = service.submit("a", "first", held)
    second = service.submit("b", "second", lambda job, pool: None)
    assert service.gets_ready(first) is ready and ready.doing == "waiting"
    assert service.gets_ready(second) is None and service.place(second) == 2
    words = progress_words(first, service)
    assert words == "Waiting until the server is ready: waiting …"
    assert progress_words(second, service) == "Waiting: 2 jobs before this one."
    gate.open.set()
    held.open.set()
    ended(second)
    assert service.gets_ready(second) is None


def test_a_job_that_has_told_nothing_yet_is_said_to_begin(service):
    job = Job(1, "me", "", lambda job, pool: None, state=RUNNING)
    assert progress_words(job, service) == "beginning …"
