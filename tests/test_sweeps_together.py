"""Several processes sweep one study, or compute one control run: each cell once, the same
bytes, nothing lost.
"""

import importlib
import json
import multiprocessing
import random
import secrets
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.control import plan as control
from analysis.control import store as runs
from analysis.control import verdicts
from analysis.control.specs import JudgingSpec
from analysis.core import settings
from analysis.core.errors import AnalysisError, SpecError, Stopped, StudyError
from analysis.core.specs import ModelSpec
from analysis.plane import plan as plane
from analysis.plane.specs import SweepSpec
from analysis.questions import plan as asked
from analysis.questions.question_sets import keep_questions
from analysis.study import (
    claims,
    commits,
    coverage,
    library,
    standing,
    stop_mark,
    store,
    together,
)
from analysis.study.claims import Claims
from analysis.study.together import Shard, without_progress
from analysis.worker import extraction
from analysis.worker.cluster_sweeps import control_on_cluster, swept_on_cluster
from analysis.worker.questions import read_questions
from analysis.worker.service import Job, Pool
from babelscope import commands
from tests import asking, sharing, speaking
from tests.sharing import SWEPT
from tests.stored import stored
from tests.test_speaker import begun as tiny_run
from tests.test_together import QUICK, content
from tests.test_work import corpus, study_spec

FORKING = multiprocessing.get_context("forkserver")
"""Processes that have imported everything when they begin."""
FORKING.set_forkserver_preload(["tests.sharing"])
SETTINGS = 18
"""No push, two layers of each vector, both at two strengths, twins of the best."""
CELLS = 3 + 3 * 2 + 5
"""Of three languages: no push, two sets of layers, own and shared reports."""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """A sweep and a control run by one process, and both as they were begun."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("alone")
        patch.setenv("BABELSCOPE_HOME", str(folder / "whole"))
        begin_sweep()
        stored("complete")
        begin_run()
        shutil.copytree(folder / "whole", folder / "begun")
        plane.run_sweep(swept(), SWEPT, asking.PlantedAnswerer(), without_progress)
        control.compute(run_name(), speaking.FakeSpeaker())
        yield folder


@pytest.fixture
def home(shelf, tmp_path, monkeypatch):
    """A home in which both were begun and nothing is computed."""
    there = tmp_path / "home"
    shutil.copytree(shelf / "begun", there)
    monkeypatch.setenv("BABELSCOPE_HOME", str(there))
    return there


def begin_sweep() -> None:
    """A study that was asked questions, and its sweep."""
    spec = asking.question_spec(SWEPT)
    planted = asking.PlantedReader(noise=0.02, merged=asking.TRANSFER_LAYER)
    folder = asked.begin_asking(spec, SWEPT, planted, "swept")
    asked.run_asking(folder, SWEPT, planted, None, without_progress)
    plane.begin_sweep(folder, sweep_spec(), SWEPT)


def sweep_spec():
    """Two layers at one strength."""
    layers = (asking.TRANSFER_LAYER, asking.LOCAL_LAYER)
    return replace(asking.sweep_spec(SWEPT), layers=layers, strengths=(1.0,))


def begin_run() -> None:
    """A control run of few cells."""
    study = library.open_by_name("complete")
    speaking.begun(study, layer_sets=2, search_prompts=2, reported_prompts=2)


def swept() -> Path:
    """The folder of the study that is swept."""
    (name,) = [name for name in library.names() if name.startswith("swept")]
    return store.root() / name


def run_name() -> str:
    """The name of the control run."""
    (name,) = [name for name in runs.names() if runs.is_own(name)]
    return name


def run_folder() -> Path:
    """Its folder."""
    return runs.root() / run_name()


FOLDERS = {"plane": swept, "control": run_folder}
NUMBERS = {"plane": SETTINGS, "control": CELLS}
ALONE = Shard(lease=QUICK)
KINDS = pytest.mark.parametrize("kind", FOLDERS)


def kept(folder: Path) -> dict[str, bytes]:
    """Every file with its bytes; of a control run without the seconds that it took."""
    found = content(folder)
    manifest = json.loads(found[store.MANIFEST])
    for entry in manifest["files"].values():
        entry.pop("seconds", None)
    found[store.MANIFEST] = json.dumps(manifest).encode()
    return found


def alone(kind: str, shelf: Path) -> dict[str, bytes]:
    """What one process leaves."""
    name = FOLDERS[kind]().relative_to(shelf_of(FOLDERS[kind]()))
    return kept(shelf / "whole" / name)


def shelf_of(folder: Path) -> Path:
    """The home that a folder is in."""
    return folder.parent.parent


class Part:
    """A process that takes part."""

    def __init__(self, kind: str, k: int, of: int, lease: float, seconds: float = 0):
        home = settings.home()
        self.told = home.parent / f"told-{secrets.token_hex(4)}"
        words = (kind, FOLDERS[kind]().name, *map(str, (k, of, lease, seconds)))
        given = (str(home), str(self.told), *words)
        self.process = FORKING.Process(target=sharing.in_home, args=given)
        self.process.start()

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.join()

    def ended(self) -> list[str]:
        """The cells that it computed until its good end."""
        self.process.join(120)
        told = self.told.read_text()
        assert self.process.exitcode == 0, told
        return told.split("\n")[:-1]

    def wait_until_it_computes(self, folder: Path) -> None:
        """Until it has claimed what it computes first."""
        until = time.monotonic() + 120
        while not list((folder / claims.FOLDER).glob("*.claim-0")):
            assert self.process.is_alive(), self.told.read_text()
            assert time.monotonic() < until
            time.sleep(0.01)


@KINDS
def test_three_processes_compute_each_cell_once(kind, home, shelf):
    folder = FOLDERS[kind]()
    running = [Part(kind, k, 3, 20, 0.05) for k in (1, 2, 3)]
    parts = [each.ended() for each in running]
    computed = [cell for part in parts for cell in part]
    assert len(computed) == NUMBERS[kind]
    assert len([part for part in parts if part]) > 1
    assert kept(folder) == alone(kind, shelf)
    assert not commits.are_shared(folder)


@KINDS
@pytest.mark.parametrize("number", [1, 2, 3])
def test_whatever_is_there_so_far_opens(kind, number, home):
    """Wherever a process begins."""
    folder = FOLDERS[kind]()
    opened = []

    def look(done: int, of: int, doing: str) -> None:
        if kind == "plane":
            store.open_study(folder)
        else:
            runs.open_run(folder.name)
        opened.append(doing)

    together_here(kind, look, Shard(number, 3, QUICK))
    assert len(opened) > NUMBERS[kind]


@KINDS
def test_processes_that_are_killed_lose_nothing(kind, home, shelf):
    draw = random.Random(kind)
    folder = FOLDERS[kind]()
    for _ in range(2):
        running = [Part(kind, k, 2, QUICK, 0.1) for k in (1, 2)]
        time.sleep(draw.uniform(0.3, 1.5))
        for each in running:
            each.kill()
    Part(kind, 1, 1, QUICK).ended()
    assert kept(folder) == alone(kind, shelf)


@KINDS
def test_what_one_that_was_killed_computed_is_taken_over(kind, home, shelf):
    """While another one goes on."""
    folder = FOLDERS[kind]()
    first = Part(kind, 1, 2, QUICK, 60)
    first.wait_until_it_computes(folder)
    other = Part(kind, 2, 2, QUICK, 0.02)
    time.sleep(1)
    first.kill()
    assert len(other.ended()) == NUMBERS[kind]
    assert kept(folder) == alone(kind, shelf)


@KINDS
def test_stop_keeps_what_is_there_and_one_alone_goes_on(kind, home, shelf):
    folder = FOLDERS[kind]()
    told: list[int] = []

    def stop(done: int, of: int, doing: str) -> None:
        told.append(done)
        if done == 4:
            raise Stopped("stopped")

    with pytest.raises(Stopped):
        together_here(kind, stop)
    assert told == [0, 1, 2, 3, 4]
    together_here(kind, without_progress)
    assert kept(folder) == alone(kind, shelf)


def together_here(kind: str, progress: together.Progress, shard: Shard = ALONE) -> None:
    """Take part in this process."""
    if kind == "plane":
        answerer = asking.PlantedAnswerer()
        plane.run_together(swept(), SWEPT, answerer, progress, shard)
    else:
        speaker = speaking.FakeSpeaker()
        control.compute_together(run_name(), speaker, progress, shard)


def test_how_far_a_sweep_is_counts_its_settings(home):
    folder = swept()
    done_before = []

    def look(done: int, of: int, doing: str) -> None:
        found = standing.standing(folder)
        done_before.append(found.done)
        assert of == SETTINGS and found.complete == (doing == "done")

    plane.run_together(folder, SWEPT, asking.PlantedAnswerer(), look, Shard())
    assert done_before == sorted(done_before)
    assert done_before[-1] - done_before[0] == SETTINGS


def test_how_far_a_control_run_is_can_be_asked(home, capsys):
    name = run_name()
    store.share(run_folder())
    with Claims(run_folder()) as own:
        own.take("search-0003")
        assert commands.main(["status", name]) == 0
    said = capsys.readouterr().out
    assert f"0 of {CELLS} cells done" in said and "running  search-0003 on" in said
    commits.end(run_folder())
    control.compute(name, speaking.FakeSpeaker(), most=1)
    commands.main(["status", name])
    said = capsys.readouterr().out
    assert (
        f"1 of {CELLS} cells" in said and f"babelscope control --resume {name}" in said
    )


def test_who_judges_otherwise_meanwhile_is_refused(home):
    name = run_name()
    store.share(run_folder())
    runs.keep_judging(name, JudgingSpec())
    with pytest.raises(store.InUse, match="several processes together"):
        runs.keep_judging(name, JudgingSpec(drift=0.5))


def test_a_control_run_that_was_stopped_for_all_waits_until_somebody_goes_on(home):
    store.share(run_folder())
    stop_mark.put(run_folder())
    take_part = extraction.control_run(run_name(), shard=Shard(1, 2))
    with pytest.raises(StudyError, match="stopped on its page"):
        take_part(Job(0, "test", "test", take_part), Pool())
    go_on = extraction.control_run(run_name())
    with pytest.raises(AnalysisError):
        # Its model is a stand-in, which cannot be loaded.
        go_on(Job(0, "test", "test", go_on), Pool())
    assert not stop_mark.is_there(run_folder())


def test_nothing_is_begun_while_another_process_folds(home):
    folder = run_folder()
    store.share(folder)
    began = []
    later = together.Group("later", frozenset({"later/1"}), ("later.json",))
    plan = together.Plan((later,), began.append, kind=runs.RunManifest)

    def stop_waiting(done: int, of: int, doing: str) -> None:
        raise Stopped(doing)

    with Claims(folder, QUICK) as folding, Claims(folder, QUICK) as own:
        assert folding.take(together.FOLD)
        with pytest.raises(Stopped, match=together.WAITING):
            together.taking_turns(folder, plan, stop_waiting, Shard(1, 2), own)
    assert not began


def test_a_judge_command_is_asked_once(home, monkeypatch):
    """By one of several processes, after the search and after the reports."""
    monkeypatch.setenv("BABELSCOPE_JUDGE_COMMAND", "1")
    judging = JudgingSpec(command="any")
    runs.keep_judging(run_name(), judging)
    asked_for: list[str] = []

    def judge(given, spec):
        asked_for.extend(text for _, _, text in given)
        return ["following"] * len(given)

    monkeypatch.setattr(verdicts, "judge", judge)
    threads = []
    for k in (1, 2):
        given = (
            run_name(),
            speaking.FakeSpeaker(),
            without_progress,
            Shard(k, 2, QUICK),
        )
        threads.append(threading.Thread(target=control.compute_together, args=given))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run = runs.open_run(run_name())
    answers = runs.frame(run, judging)
    assert not runs.missing(run, answers, judging)
    different = answers[["language", "request", "text"]].drop_duplicates()
    assert len(asked_for) == len(different)


def test_what_cannot_be_answered_is_set_aside_and_the_rest_goes_on(home, shelf):
    class Deaf(speaking.FakeSpeaker):
        """Cannot answer in French under a push."""

        def answers(self, texts, pushes):
            if texts[0].startswith("fr") and pushes[0]:
                raise RuntimeError("out of memory")
            return super().answers(texts, pushes)

    with pytest.raises(StudyError, match="2 parts .*set aside.*out of memory"):
        control.compute_together(run_name(), Deaf(), without_progress, Shard())
    assert len(runs.open_run(run_name()).done) == 7
    assert not commits.are_shared(run_folder())
    together_here("control", without_progress)
    assert kept(run_folder()) == alone("control", shelf)


def test_a_sweep_that_all_were_killed_of_after_its_last_answer_ends(
    home, shelf, monkeypatch
):
    """Before anybody had listed what follows."""
    folder = swept()

    def die(sweep):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(plane, "advance", die)
        together_here("plane", without_progress)
    assert commits.are_shared(folder)
    assert not coverage.missing_settings(store.read_manifest(folder))
    together_here("plane", without_progress)
    assert kept(folder) == alone("plane", shelf)


@pytest.mark.parametrize("option", [["--shard", "1/2"], ["--cluster", "local:2"]])
def test_the_command_takes_a_shard_or_a_cluster_with_resume(option, home, capsys):
    begin = ["control", "complete", "truth", *option]
    assert commands.main(begin) == commands.USER
    assert "go with --resume here" in capsys.readouterr().err
    given = []
    controlling = importlib.import_module("babelscope.controlling")

    def no_work(work, name):
        given.append(work)
        raise SpecError("enough")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(controlling, "run", no_work)
        commands.main(["control", "--resume", run_name(), *option])
    assert (Shard(1, 2) in given[0].args) == (option[0] == "--shard")


def test_a_script_of_a_control_run_goes_on_with_it(home, capsys):
    given = ["script", "slurm", "--", "control", "--resume", run_name()]
    assert commands.main(given) == 0
    assert f"control --resume {run_name()} --shard" in capsys.readouterr().out


def test_several_that_begin_at_once_begin_a_sweep_once(tiny_models):
    """On a tiny model, where the sweep was to follow the questions."""
    given = sharing.SWEPT
    keep_questions(given)
    llama = ModelSpec("llama", device="cpu")
    spec = replace(asking.question_spec(given), model=llama)
    wanted = small_sweep(llama)
    name = read_questions(spec, given, "asked")(job(), Pool())
    exact = replace(wanted, model=replace(llama, revision="local"))
    plane.want_sweep(store.root() / name, exact)
    threads = []
    for k in (1, 2):
        task = extraction.resume_study(name, Shard(k, 2, QUICK))
        threads.append(threading.Thread(target=task, args=(job(), Pool())))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    study = library.open_by_name(name)
    assert study.complete and study.has("plane_score")
    assert not commits.are_shared(store.root() / name)


def small_sweep(model: ModelSpec) -> SweepSpec:
    """Two layers at one strength, of a real model."""
    given = sharing.SWEPT
    return SweepSpec(
        model,
        given.name,
        given.digest,
        given.languages,
        (1, 2),
        (1.0,),
        "none",
        depths=1,
    )


def job() -> Job:
    """A job that nobody watches."""
    return Job(0, "test", "test", print)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_cluster_of_two_sweeps_and_pushes(tiny_models):
    """Begun here, where no model is loaded for it."""
    from distributed import LocalCluster

    given = sharing.SWEPT
    llama = ModelSpec("llama", device="cpu")
    spec = replace(asking.question_spec(given), model=llama)
    name = read_questions(spec, given, "asked")(job(), Pool())
    wanted = small_sweep(llama)
    pairs = extraction.extract_study(study_spec(), corpus(), "Judges", {})
    pushed = tiny_run(library.open_by_name(pairs(job(), Pool())))
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address="127.0.0.1:0",
        worker_dashboard_address="127.0.0.1:0",
    ) as workers:
        where = workers.scheduler_address
        swept_on_cluster(where, wanted, given, name)(job(), Pool())
        here = job()
        run = control_on_cluster(where, pushed)(here, Pool())
    study = library.open_by_name(name)
    assert study.complete and study.has("plane_score")
    assert here.total == len(run.planned()) + 3
    with pytest.raises(SpecError, match="layers 1 to"):
        worse = replace(wanted, layers=(99,))
        swept_on_cluster(where, worse, given, name)(job(), Pool())
