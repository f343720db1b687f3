"""A Dask cluster computes a study: the same bytes, and nothing is lost when workers are."""

import os
import subprocess
import sys
import threading
import time
import types
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from distributed import Client

import babelscope as bs
from analysis.concepts import plan
from analysis.core import settings
from analysis.core.errors import (
    AnalysisError,
    DiskError,
    ModelError,
    SpecError,
    Stopped,
    StudyError,
)
from analysis.study import claims, commits, library, standing, stop_mark, store
from analysis.study.together import Shard
from analysis.worker import cluster
from analysis.worker.cluster_names import Cluster, cluster_of, named_clusters
from analysis.worker.inline import POOL
from analysis.worker.service import Job
from babelscope import commands
from tests import clustering, reading
from tests.test_together import content

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
ROOT = Path(__file__).parent.parent
LEASE = 0.6
"""Seconds: a worker that was killed is found out soon."""


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    """A cluster of two processes, whose home is the tests' for as long as the module."""
    from distributed import LocalCluster

    home = tmp_path_factory.mktemp("cluster")
    patch = pytest.MonkeyPatch()
    patch.setenv("BABELSCOPE_HOME", str(home))
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address="127.0.0.1:0",
        worker_dashboard_address="127.0.0.1:0",
    ) as started:
        yield started
    patch.undo()


def begun(title: str):
    """A study of which nothing is computed."""
    given = reading.corpus(concepts=clustering.CONCEPTS)
    return plan.begin(reading.spec(given), given, reading.FakeReader(), title)


def job() -> Job:
    """A job that nobody watches."""
    return Job(0, "test", "test", lambda job, pool: None)


def test_workers_leave_the_bytes_of_one_process(workers):
    alone = begun("alone")
    given = reading.corpus(concepts=clustering.CONCEPTS)
    plan.run(alone, given, reading.FakeReader())
    folder = begun("clustered")
    make = partial(clustering.slowly, folder.name, 0.05)
    here = job()
    cluster.compute(workers.scheduler_address, make, folder.name, here, LEASE)
    expected = content(alone)
    found = content(folder)
    expected["manifest.json"] = expected["manifest.json"].replace(
        b"alone", b"clustered"
    )
    found["manifest.json"] = found["manifest.json"].replace(b"alone", b"clustered")
    assert found == expected
    assert here.notices == ["computed on a stand-in"]
    assert not commits.are_shared(folder)


def test_a_worker_that_is_killed_costs_one_part(workers, tmp_path):
    folder = begun("killed")
    make = partial(clustering.dying, folder.name, str(tmp_path / "died"))
    cluster.compute(workers.scheduler_address, make, folder.name, job(), LEASE)
    assert (tmp_path / "died").exists()
    assert store.open_study(folder).complete


def test_a_stop_ends_every_worker_and_keeps_what_is_finished(workers):
    folder = begun("stopped")
    make = partial(clustering.slowly, folder.name, 1.0)
    here = job()
    threading.Thread(target=stop_once_begun, args=(folder, here)).start()
    with pytest.raises(Stopped):
        cluster.compute(workers.scheduler_address, make, folder.name, here, LEASE)
    missing = store.open_study(folder).missing
    assert missing
    time.sleep(1.0)
    assert store.open_study(folder).missing == missing
    make = partial(clustering.slowly, folder.name, 0.0)
    cluster.compute(workers.scheduler_address, make, folder.name, job(), LEASE)
    assert store.open_study(folder).complete


def stop_once_begun(folder, here: Job) -> None:
    """Stop a job when its first cell is there, however long that takes."""
    wait_until(lambda: done(folder) > 0)
    here.cancel.set()


def done(folder) -> int:
    """How many cells of a study are there."""
    return standing.standing(folder).done


def wait_until(is_so) -> None:
    """Wait for something that takes a while on a busy machine."""
    until = time.monotonic() + 240
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_study_whose_server_ended_goes_on_and_is_stopped_by_a_mark(workers):
    """As a server is started anew while a cluster computes: its client is gone."""
    folder = begun("left")
    command = [sys.executable, "-m", "tests.clustering", workers.scheduler_address]
    server = subprocess.Popen([*command, folder.name], cwd=ROOT)
    wait_until(lambda: done(folder) > 0)
    server.kill()
    server.wait()
    there = done(folder)
    wait_until(lambda: done(folder) > there)
    found = standing.standing(folder)
    assert found.running and not found.complete
    stop_mark.put(folder)
    wait_until(lambda: not claims.counts(folder))
    there = done(folder)
    assert there < found.of
    time.sleep(1.0)
    assert done(folder) == there
    with pytest.raises(StudyError, match="stopped on its page"):
        stop_mark.check(folder)
    make = partial(clustering.slowly, folder.name, 0.0)
    cluster.compute(workers.scheduler_address, make, folder.name, job(), LEASE)
    assert store.open_study(folder).complete and not stop_mark.is_there(folder)


def test_a_mark_stops_the_job_that_waits_for_the_workers(workers):
    folder = begun("marked")
    make = partial(clustering.slowly, folder.name, 0.4)
    here = job()

    def mark() -> None:
        wait_until(lambda: done(folder) > 0)
        stop_mark.put(folder)

    marker = threading.Thread(target=mark)
    marker.start()
    with pytest.raises(Stopped):
        cluster.compute(workers.scheduler_address, make, folder.name, here, LEASE)
    marker.join()
    assert store.open_study(folder).missing


def test_one_worker_begins_and_one_that_lacks_the_model_leaves_it_to_the_next(
    workers, tmp_path
):
    folder = begun("given")
    mark = str(tmp_path / "asked")
    work = cluster.begun_on_cluster(
        workers.scheduler_address,
        partial(clustering.begins_at_second, folder.name, mark),
        clustering.goes_on,
    )
    assert work(job(), POOL) == folder.name
    assert store.open_study(folder).complete


def test_where_every_worker_lacks_the_model_its_sentence_is_told(workers):
    work = cluster.begun_on_cluster(
        workers.scheduler_address, clustering.lacks_model, clustering.goes_on
    )
    told = "No worker .* its own machine: There is no folder “gemma” here"
    with pytest.raises(ModelError, match=told):
        work(job(), POOL)


TEXTS = pd.DataFrame({"id": [1, 2], "en": ["Anna sings.", "Ben reads."]})
TEXTS["fr"] = ["Anna chante.", "Ben lit."]
FEW = {"languages": ["en", "fr"], "title": "Few"}
PARTS = {
    "words": partial(bs.words, "demo", layers=[6], **FEW),
    "sentences": partial(bs.sentences, "demo", TEXTS, layers=[6], **FEW),
    "questions": partial(bs.ask, "demo", most=4, **FEW),
    "a trial": partial(
        bs.trial,
        "demo",
        "pushing",
        sources="en,fr",
        targets="en,fr",
        prompts=4,
        strengths="0.05",
    ),
}
"""Parts of a study that a cluster begins and computes, on the demo model."""


def check_same(begin, where: str) -> None:
    """A part of a study has the same bytes there as alone."""
    alone = store.root() / begin().name
    expected = content(alone)
    library.delete(alone.name)
    found = begin(cluster=where)
    assert found.name == alone.name
    assert content(store.root() / found.name) == expected


def test_words_that_a_cluster_begins_have_the_bytes_of_one_process(workers):
    check_same(PARTS["words"], workers.scheduler_address)


@pytest.mark.parametrize("part", PARTS)
def test_parts_that_are_begun_for_others_have_the_bytes_of_one_process(
    part, home, monkeypatch
):
    def in_this_process(where, begin, go_on, job):
        study = begin(job, POOL)
        cluster.part_of_study(go_on, study, Shard())(job, POOL)
        return study

    monkeypatch.setattr(cluster, "compute_begun", in_this_process)
    check_same(PARTS[part], "local")


def test_a_worker_without_the_model_is_told_of_and_the_rest_goes_on(workers):
    folder = begun("lacking")
    make = partial(clustering.without_model, folder.name)
    here = job()
    cluster.compute(workers.scheduler_address, make, folder.name, here, LEASE)
    assert store.open_study(folder).complete
    assert any("There is no folder “gemma”" in each for each in here.notices)


def test_a_worker_without_the_model_is_told_of_once_while_the_others_compute():
    def ended_by(error):
        return types.SimpleNamespace(status="error", exception=lambda: error)

    lacks = ended_by(ModelError("There is no folder “gemma” here."))
    others = [types.SimpleNamespace(status="pending"), ended_by(Stopped("Stopped."))]
    here = job()
    for _ in range(2):
        cluster.tell_who_lacks([lacks, *others], here)
    assert here.notices == [
        "A worker did not take part. It says of its own machine: There is no folder "
        "“gemma” here."
    ]


def test_workers_elsewhere_are_refused(workers, monkeypatch, tmp_path):
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))
    make = partial(clustering.slowly, "any", 0.0)
    with pytest.raises(DiskError, match="does not see this machine's studies"):
        cluster.compute(workers.scheduler_address, make, "any", job(), LEASE)
    assert not list(store.root().iterdir())


def test_workers_of_another_version_are_refused():
    fact = cluster.Facts("0.0.1", True, "/home")
    with pytest.raises(ModelError, match="has Babelscope 0.0.1, here it is"):
        cluster.check_worker("tcp://10.0.0.7:1", fact)
    with pytest.raises(ModelError, match="cannot run Babelscope"):
        cluster.check_worker("tcp://10.0.0.7:1", ModuleNotFoundError("analysis"))


def test_an_address_without_a_scheduler_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))
    monkeypatch.setattr(cluster, "PATIENCE", 0.3)
    make = partial(clustering.slowly, "any", 0.0)
    with pytest.raises(ModelError, match="answers at “tcp://127.0.0.1:9”. Check"):
        cluster.compute("tcp://127.0.0.1:9", make, "any", job())


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("local", Cluster("local", "local")),
        ("local:4", Cluster("local:4", "local", 4)),
        ("tcp://10.0.0.1:8786", Cluster("x", address="tcp://10.0.0.1:8786")),
    ],
)
def test_clusters_by_what_is_written(where, expected, monkeypatch, tmp_path):
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))
    found = cluster_of(where)
    assert (found.kind, found.workers) == (expected.kind, expected.workers)
    assert found.address == expected.address


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[gpu", "no TOML"),
        ("gpu = 1", "write .gpu. and under it"),
        ("[gpu]\nkind = 'SlurmCluster'", "SLURMCluster"),
        ("[gpu]\nkind = 'local'\naddress = 'tcp://a:1'", "needs one of"),
        ("[gpu]\nworkers = 3", "needs one of"),
        ("[gpu]\nkind = 'local'\nworkers = -1", "give 1 to"),
        ("[gpu]\nkind = 'local'\nname = 'x'", "allowed are"),
        ("[gpu]\nkind = 'local'\noptions = 'x'", "NAME = VALUE"),
        ("['local:2']\naddress = 'tcp://a:1'", "cannot be called"),
        ("['']\nkind = 'local'", "cannot be called"),
        ("['This machine']\nkind = 'local'", "cannot be called"),
        ("['jobs.json']\nkind = 'local'", "cannot be called"),
        ("[gpu]\naddress = 'nonsense'", "address of .gpu. is 'nonsense'"),
        ("[gpu]\naddress = 5", "address of .gpu. is 5"),
    ],
)
def test_a_file_that_does_not_fit_is_told(text, told, monkeypatch, tmp_path):
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))
    (settings.home() / "clusters.toml").write_text(text)
    with pytest.raises(SpecError, match=told):
        named_clusters()


def test_unknown_clusters_are_told_with_those_that_there_are(monkeypatch, tmp_path):
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))
    (settings.home() / "clusters.toml").write_text("[gpus]\nkind = 'local'\n")
    with pytest.raises(SpecError, match="gpus"):
        cluster_of("gpu")
    with pytest.raises(SpecError, match="no scheduler file"):
        cluster_of("absent.json")


def test_a_batch_system_is_asked_for_its_workers(monkeypatch):
    asked = []

    @contextmanager
    def opened():
        yield "tcp://10.0.0.1:8786"

    class Made:
        def __init__(self, **options):
            asked.append(options)

        def scale(self, workers):
            asked.append(workers)

        def __enter__(self):
            return "there"

        def __exit__(self, *error):
            asked.append("closed")

    module = types.ModuleType("dask_jobqueue")
    module.SLURMCluster = Made  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "dask_jobqueue", module)
    wanted = Cluster("gpu", "SLURMCluster", 8, options={"queue": "gpu"})
    with cluster.scheduler_of(wanted) as target:
        assert target == "there"
    assert asked == [{"queue": "gpu"}, 8, "closed"]


def test_a_package_that_is_absent_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask_cuda", None)
    with pytest.raises(ModelError, match="Install it here: pip install dask-cuda"):
        cluster.maker_of(Cluster("gpu", "LocalCUDACluster"))


def test_the_command_takes_a_cluster_or_a_shard(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))
    given = ["extract", "--concepts", "fairness", "--languages", "en", "fr"]
    both = [*given, "--shard", "1/2", "--cluster", "local"]
    assert commands.main(both) == commands.USER
    assert "a shard or a cluster" in capsys.readouterr().err
    assert commands.main([*given, "--cluster", "nowhere"]) == commands.USER
    assert "local:4" in capsys.readouterr().err


def test_errors_of_workers_are_sentences():
    with pytest.raises(ZeroDivisionError):
        cluster.error_of_worker(ZeroDivisionError("ours"))
    assert isinstance(cluster.error_of_worker(SpecError("no")), AnalysisError)


def test_workers_of_this_machine_do_not_run_the_main_module(tmp_path, monkeypatch):
    """It is the page that is shown in a server, and may be a script without a guard."""
    script = tmp_path / "page.py"
    script.write_text("raise RuntimeError")
    page = types.ModuleType("__main__")
    page.__file__ = str(script)
    monkeypatch.setitem(sys.modules, "__main__", page)
    one = Cluster("local:1", "local", 1)
    with cluster.scheduler_of(one) as started, Client(started) as client:
        assert client.submit(os.getpid).result(60) != os.getpid()
    assert sys.modules["__main__"] is page


def test_only_what_a_machine_lacks_is_said_of_its_machine():
    aside = "1 part of a study set aside after failing 3 times."
    assert cluster.lacking(StudyError(aside)) == aside
    assert "its own machine" in cluster.lacking(ModelError("There is no model."))
