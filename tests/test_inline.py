"""A task done in the caller's own thread: progress, notices, errors, Ctrl+C."""

import os
import signal
import threading

import pytest

from analysis.core.errors import CorpusError, Stopped
from analysis.worker.inline import run_inline
from analysis.worker.service import Job, Pool


def test_the_result_comes_back_and_every_step_is_heard_in_this_thread():
    heard, said, threads = [], [], []

    def task(job: Job, pool: Pool) -> str:
        threads.append(threading.current_thread())
        job.progress(0, 2, "counting")
        job.notices.append("Memory ran out.")
        job.progress(1, 2)
        return "done"

    assert run_inline(task, lambda *step: heard.append(step), said.append) == "done"
    assert heard == [(0, 2, "counting"), (1, 2, "counting")]
    assert said == ["Memory ran out."]
    assert threads == [threading.current_thread()]


def test_models_stay_loaded_for_the_next_task():
    pools = [run_inline(lambda job, pool: pool) for _ in range(2)]
    assert pools[0] is pools[1]
    own = Pool()
    assert run_inline(lambda job, pool: pool, pool=own) is own


def test_an_error_is_raised_as_it_is_after_the_notices():
    said = []

    def task(job: Job, pool: Pool) -> None:
        job.notices.append("Batches are halved.")
        raise CorpusError("Two rows lack a text.", ["row 3"])

    with pytest.raises(CorpusError, match="lack a text") as raised:
        run_inline(task, on_notice=said.append)
    assert raised.value.faults == ("row 3",)
    assert said == ["Batches are halved."]


def test_ctrl_c_stops_at_the_next_step_and_what_is_finished_stays():
    before = signal.getsignal(signal.SIGINT)
    finished = []

    def task(job: Job, pool: Pool) -> None:
        for cell in range(4):
            job.progress(cell, 4)
            if cell == 2:
                os.kill(os.getpid(), signal.SIGINT)
            finished.append(cell)

    with pytest.raises(Stopped):
        run_inline(task)
    assert finished == [0, 1, 2]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_does_not_wait():
    def task(job: Job, pool: Pool) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("the second one was not heard")

    with pytest.raises(KeyboardInterrupt):
        run_inline(task)


def test_in_another_thread_signals_are_left_alone():
    found = []
    thread = threading.Thread(target=lambda: found.append(run_inline(lambda *_: 7)))
    thread.start()
    thread.join()
    assert found == [7]
