"""The pool unloads the least recently used model before it loads another, and keeps
within what is free.
"""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from analysis.core.errors import AnalysisError, ModelError
from analysis.core.specs import ModelSpec
from analysis.model import load, self_check
from analysis.worker.service import Job, Pool


@dataclass
class Machine:
    """Stands in for loading: models of one gigabyte each on a machine that has room for two."""

    free: int = 2 * 2**30
    loaded: int = 0
    most: int = 0
    log: list = None

    def preflight(self, spec: ModelSpec, check=None) -> SimpleNamespace:
        source = SimpleNamespace(
            revision="c0ffee" if spec.revision == "main" else spec.revision
        )
        return SimpleNamespace(
            needed=2**30,
            available=self.free - self.loaded * 2**30,
            place="main memory",
            source=source,
        )

    def load(self, spec: ModelSpec, progress) -> "FakeModel":
        progress(1, 2)
        progress(2, 2)
        self.log.append(spec)
        self.loaded += 1
        self.most = max(self.most, self.loaded)
        return FakeModel(self, spec)


class FakeModel:
    """Gives its memory back when the last reference is gone."""

    notices = ("It is spoken of.",)
    source = SimpleNamespace(is_unchanged=True)

    def __init__(self, machine: Machine, spec: ModelSpec):
        self.machine, self.spec = machine, spec

    def __del__(self) -> None:
        self.machine.loaded -= 1


@pytest.fixture
def machine(monkeypatch) -> Machine:
    made = Machine(log=[])
    monkeypatch.setattr(load, "preflight", made.preflight)
    monkeypatch.setattr(load, "load", made.load)
    monkeypatch.setattr(self_check, "tried", lambda loaded: loaded)
    return made


def job() -> Job:
    return Job(1, "me", "", lambda job, pool: None)


def spec(name: str) -> ModelSpec:
    return ModelSpec(name, "local")


def test_the_pool_unloads_the_least_recently_used_before_it_loads(machine):
    pool = Pool()
    for name in ("a", "b", "a", "c", "a", "b"):
        assert pool.get(spec(name), job()).spec == spec(name)
    assert [loaded.model for loaded in machine.log] == ["a", "b", "c", "b"]
    assert list(pool.loaded) == [spec("a"), spec("b")]
    assert machine.most == machine.loaded == 2


def test_a_branch_and_its_commit_are_one_model_in_memory(machine):
    pool = Pool()
    first = pool.get(ModelSpec("a"), job())
    assert (
        pool.get(ModelSpec("a", "c0ffee"), job())
        is first
        is pool.get(ModelSpec("a"), job())
    )
    assert machine.log == [ModelSpec("a", "c0ffee")]
    assert pool.get(ModelSpec("a", dtype="bfloat16"), job()) is not first


def test_every_job_is_told_what_its_model_has_to_say_once(machine):
    pool, jobs = Pool(), [job(), job()]
    for each in jobs:
        pool.get(spec("a"), each)
        pool.get(spec("a"), each)
        assert each.notices == ["It is spoken of."]


def test_the_budget_of_the_operator_counts_too(machine, monkeypatch):
    monkeypatch.setenv("BABELSCOPE_MODEL_MEMORY", "1.5")
    pool = Pool()
    for name in "abc":
        pool.get(spec(name), job())
    assert machine.most == 1
    monkeypatch.setenv("BABELSCOPE_MODEL_MEMORY", "0.5")
    with pytest.raises(
        ModelError,
        match=r"d needs about 1.0 GiB and .*, and models may take 0.5 GiB together on "
        r"this server \(BABELSCOPE_MODEL_MEMORY\). Choose bfloat16",
    ):
        pool.get(spec("d"), job())


def test_a_model_that_cannot_fit_is_refused_after_all_others_were_unloaded(machine):
    pool = Pool()
    pool.get(spec("a"), job())
    machine.free = 2**29
    with pytest.raises(
        ModelError, match=r"b needs about 1.0 GiB and 0.5 GiB are free \(main memory\)"
    ):
        pool.get(spec("b"), job())
    assert not pool.loaded and machine.loaded == 0


def test_stop_is_heard_while_a_model_is_fetched_and_nothing_half_loaded_is_kept(
    machine, monkeypatch
):
    pool, stopped = Pool(), job()

    def fetching(spec, progress):
        stopped.cancel.set()
        return machine.load(spec, progress)

    monkeypatch.setattr(load, "load", fetching)
    with pytest.raises(AnalysisError, match="Stopped"):
        pool.get(spec("a"), stopped)
    assert not pool.loaded and machine.loaded == 0


def test_what_a_model_waits_for_is_told_at_each_step(machine):
    """Also after the last byte was fetched, when weights are read without any steps."""
    told = []
    watched = job()
    watched.on_progress = lambda done, total, doing: told.append(doing)
    pool = Pool()
    pool.get(spec("a"), watched)
    assert told == ["preparing a", "loading a", "fetching a, MB", "loading a"]
    pool.get(spec("a"), watched)
    assert len(told) == 4, "one that is in memory is not prepared"
