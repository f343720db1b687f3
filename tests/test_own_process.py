"""Workers in processes of their own: what they do is as in a thread, and what takes one
down costs its job alone.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from analysis.core import settings
from analysis.core.errors import SpecError
from analysis.core.specs import ModelSpec
from analysis.steering.specs import GenerationSpec
from analysis.worker import extraction, own_process
from analysis.worker.answers import Ask, Request, answer_request, reply
from analysis.worker.own_process import WorkerProcess, environment, workers_of_settings
from analysis.worker.service import (
    DONE,
    FAILED,
    STOPPED,
    Job,
    Pool,
    Service,
    ThisProcess,
)
from tests import works
from tests.planted import planted_study
from tests.stored import stored
from tests.test_work import contents, corpus, study_spec
from tests.tiny import HIDDEN, LAYERS

ROOT = Path(__file__).parents[1]
LONG = 60


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    """A worker in a process of its own, which is replaced soon if it hangs."""
    made = WorkerProcess(environment("", 1), patience=1)
    yield made
    made.child.end()


@pytest.fixture
def service(worker) -> Service:
    """A queue with that worker, and a thread for what stays here."""
    return Service(performers=[ThisProcess(Pool(), only_here=True), worker])


def ended(job: Job) -> Job:
    """The job once it has ended."""
    assert job.finished.wait(LONG), f"{job} did not end"
    return job


def result(job: Job) -> object:
    """What a job gave."""
    assert ended(job).state == DONE, job.error
    return job.result


def begun(job: Job) -> Job:
    """The job once it has told of a step."""
    until = time.monotonic() + LONG
    while not job.total:
        assert time.monotonic() < until and job.live, job
        time.sleep(0.01)
    return job


def test_a_study_has_the_same_bytes_and_what_is_kept_stays_here(tiny_models, service):
    spec = study_spec()
    make = partial(extraction.extract_study, spec, corpus())
    job = service.submit("me", "theirs", make("theirs", {}))
    theirs = contents(settings.home() / "studies" / result(job))
    ours = make("ours", {})(Job(0, "me", "ours", None), Pool())
    assert contents(settings.home() / "studies" / ours) == theirs and theirs
    assert job.done == job.total > 0
    here = service.submit("me", "here", whoami_here, here=True)
    assert result(here) == os.getpid() != result(service.submit("me", "", works.whoami))


def whoami_here(job: Job, pool: Pool) -> int:
    """The number of this process."""
    return os.getpid()


def test_answers_come_as_they_are_said(tiny_models, service):
    model = ModelSpec("llama", device="cpu")
    asks = (Ask("x", "the judge", "en"),)
    request = Request(model, "none", asks, GenerationSpec(60))
    job = service.submit("me", "Answers", answer_request(request), LONG, model)
    seen = []
    while not job.finished.wait(0.02):
        if job.partial and job.partial not in seen:
            seen.append(job.partial)
    assert result(job) == reply(request)
    assert seen and all(said[0].ask == asks[0] for said in seen)
    assert service.performers[1].at_hand(model)


def test_progress_notices_and_what_is_shown_come_over_and_cost_little(service):
    result(service.submit("me", "warm", works.whoami))
    heard = []
    job = service.submit("me", "steps", works.steps)
    job.on_progress = lambda *step: heard.append(step)
    assert result(job) == "all steps"
    assert (job.done, job.total, job.doing) == (1999, 2000, "stepping")
    assert job.partial == ("so far", 1999) and job.notices == ["A word."]
    assert len(heard) < 30 and job.seconds < 5


def test_who_waits_for_a_worker_to_start_is_told_so(worker, service, monkeypatch):
    hears = threading.Event()
    next_message = worker.child.next_message

    def heard_later():
        return next_message() if hears.wait(0.01) else None

    monkeypatch.setattr(worker.child, "next_message", heard_later)
    starting = service.submit("me", "first", works.steps)
    until = time.monotonic() + LONG
    while not starting.doing and time.monotonic() < until:
        time.sleep(0.01)
    assert starting.doing == "starting a worker"
    hears.set()
    assert result(starting) == "all steps" and starting.doing == "stepping"


def test_stop_and_a_page_that_nobody_looks_at_end_a_job(service):
    stopped = begun(service.submit("me", "long", works.until_stopped))
    service.stop(stopped)
    assert ended(stopped).state == STOPPED and stopped.error.startswith(
        "Stopped. Every"
    )
    left = service.submit("me", "left", works.until_stopped, lease=0.3)
    assert ended(left).state == STOPPED
    early = service.submit("me", "early", works.until_stopped)
    service.stop(early)
    assert ended(early).state == STOPPED


def test_errors_come_as_they_are(service, caplog):
    refused = ended(service.submit("me", "", works.refuse))
    assert (refused.state, refused.error) == (FAILED, "Two rows lack a text.")
    assert refused.faults == ("row 3", "row 8") and refused.notices == ["Looked at."]
    bug = ended(service.submit("me", "", works.bug))
    assert bug.error == (
        "A fault of Babelscope itself: ZeroDivisionError: by nothing. The log has more."
    )
    assert result(service.submit("me", "", works.prints)) == ""


def test_a_worker_that_dies_is_told_and_replaced(worker, service, caplog):
    before = result(service.submit("me", "", works.whoami))
    lost = service.submit("me", "killed", works.killed)
    waits = service.submit("you", "waits", works.whoami)
    assert (ended(lost).state, lost.error) == (
        FAILED,
        "The worker ended while it was at “reading texts”: most likely memory ran out. "
        "Everything finished so far is kept; start again to go on from there, or choose a "
        "smaller model or precision. A new worker has begun.",
    )
    assert result(waits) != before
    assert "it crashed (SIGSEGV)" in ended(service.submit("me", "", works.crash)).error
    between = result(service.submit("me", "", works.whoami))
    os.kill(between, signal.SIGKILL)
    worker.child.process.wait(LONG)
    assert result(service.submit("me", "", works.whoami)) != between


def test_a_worker_that_hangs_is_ended_after_stop(service):
    hung = begun(service.submit("me", "hangs", works.hang))
    service.stop(hung)
    assert ended(hung).state == STOPPED
    assert hung.error.startswith("Stopped. The worker did not answer for 1 seconds")
    assert result(service.submit("me", "", works.whoami))


def test_two_workers_do_two_jobs_at_once(tmp_path, worker):
    other = WorkerProcess(environment("", 2))
    service = Service(performers=[worker, other])
    one = service.submit("me", "", partial(works.meet, tmp_path, "a", "b"))
    two = service.submit("you", "", partial(works.meet, tmp_path, "b", "a"))
    try:
        assert result(one) and result(two)
    finally:
        other.child.end()


def test_short_jobs_are_let_through_between_the_parts_of_a_long_one(tmp_path, service):
    long = begun(service.submit("me", "long", partial(works.in_parts, tmp_path)))
    run = service.submit("you", "run", partial(works.short, tmp_path))
    asked = service.submit(
        "her", "short", partial(works.short, tmp_path), LONG, works.MODEL
    )
    (tmp_path / "queued").touch()
    assert result(asked) == result(run)
    result(long)
    done = (tmp_path / "done").read_text().split("\n")
    assert done == ["first part", "short", "second part", "short", ""]


def test_the_worker_ends_with_its_server():
    code = (
        "import time\n"
        "from analysis.worker.own_process import WorkerProcess, environment\n"
        "print(WorkerProcess(environment('', 1)).child.process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as server:
        child = psutil.Process(int(server.stdout.readline()))
        server.kill()
        assert not psutil.wait_procs([child], timeout=20)[1]


VISITS = """
import sys
import time
from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.concepts.specs import StudySpec
from analysis.core.specs import ModelSpec
from analysis.worker import estimates, extraction
from components.frame import cache
from tests.visits import button, visit

def done(job):
    for _ in range(100):
        job.seen = time.monotonic()
        if job.finished.wait(1):
            break
    assert job.state == "done", (job.title, job.error)
    return job.result

play = '{"template": "none", "tokens": 6, "prompt": "the judge", "strength": 40.0}'
page = visit("pages/playground.py", study="tiny", tab="dose", play=play)
button(page, "Run").click().run()
for job in list(cache.service().jobs.values()):
    done(job)
page.run()
assert not page.exception, page.exception
assert page.session_state["play-got-answers"].answer[0].answer.ids
visit("pages/extract.py")

model = ModelSpec("llama")
pairs = [ContrastPair(str(i), "c", "en", f"{i} good", f"{i} bad") for i in range(10)]
corpus = Corpus("ten", tuple(pairs))
spec = StudySpec(model, "ten", corpus.digest, ("c",), ("en",))
for task in (
    extraction.check_model(model, "none", pairs),
    estimates.time_of_study(spec, corpus),
    extraction.extract_study(spec, corpus, "ten", {}),
):
    print(done(cache.service().submit("me", "", task)))
loaded = [name for name in ("torch", "transformers") if name in sys.modules]
print("loaded here:", loaded)
"""


def test_a_server_with_workers_never_imports_torch(tiny_models):
    """Not even when answers, looks and a study have come back to its pages."""
    arrays = planted_study(("fairness",), ("en", "fr"), (LAYERS, 24, HIDDEN))
    stored("tiny", arrays, spec={"model": {"model": "llama", "device": "cpu"}})
    home = {"BABELSCOPE_HOME": str(settings.home()), "BABELSCOPE_WORKERS": "1"}
    server = subprocess.run(
        [sys.executable, "-c", VISITS],
        cwd=ROOT,
        env=os.environ | home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert server.returncode == 0, server.stderr
    assert server.stdout.endswith("loaded here: []\n"), server.stdout


@pytest.mark.parametrize("given", ["00", "-1", "65", "two", "1.5", "gpu"])
def test_another_number_of_workers_is_refused_in_a_sentence(monkeypatch, given):
    monkeypatch.setenv("BABELSCOPE_WORKERS", given)
    with pytest.raises(SpecError, match="It takes a number from 1 to 64, gpus"):
        settings.workers()


def test_no_worker_is_asked_for_by_0(monkeypatch):
    monkeypatch.setenv("BABELSCOPE_WORKERS", "0")
    assert workers_of_settings() == []


def test_workers_share_what_the_operator_gave(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(own_process, "cores", lambda: 9)
    monkeypatch.setenv("BABELSCOPE_MODEL_MEMORY", "16")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,GPU-7a")
    assert own_process.gpus() == ["3", "GPU-7a"]
    given = environment("GPU-7a", 2)
    assert given["CUDA_VISIBLE_DEVICES"] == "GPU-7a"
    assert given["OMP_NUM_THREADS"] == "4"
    assert float(given["BABELSCOPE_MODEL_MEMORY"]) == 8
    assert workers_of_settings() == []
