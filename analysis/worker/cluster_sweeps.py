"""Sweeps and control runs that a Dask cluster computes."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from analysis.control import store as control
from analysis.control.store import Run
from analysis.core.counting import count_are
from analysis.core.errors import ModelError, Stopped
from analysis.plane import plan as plane
from analysis.plane.specs import SweepSpec
from analysis.questions.question_sets import keep_questions
from analysis.questions.questions import Questions
from analysis.study import library, stop_mark, store
from analysis.worker.cluster import compute, resumed_on_cluster
from analysis.worker.extraction import control_run
from analysis.worker.service import Job, Pool, Task


def swept_on_cluster(
    where: str, spec: SweepSpec, questions: Questions, study: str
) -> Task[str]:
    """A task that lets a cluster sweep the steering of a study; the study's name.

    One that comes with Babelscope is copied first. No model is loaded here.
    """
    return partial(sweep_elsewhere, where, spec, questions, study)


def sweep_elsewhere(
    where: str,
    spec: SweepSpec,
    questions: Questions,
    study: str,
    job: Job,
    pool: Pool,
) -> str:
    """The name of a study that a cluster has swept."""
    from analysis.model.hub import at_commit

    exact = replace(spec, model=at_commit(spec.model))
    keep_questions(questions)

    def want(folder: Path) -> None:
        if plane.may_begin(store.open_study(folder), exact, questions):
            plane.want_sweep(folder, exact)

    folder = library.begin_in(study, want)
    return resumed_on_cluster(where, folder.name)(job, pool)


def control_on_cluster(where: str, name: str) -> Task[Run]:
    """A task that lets a cluster go on with a control run, and gives the run."""
    return partial(push_elsewhere, where, name)


def push_elsewhere(where: str, name: str, job: Job, pool: Pool) -> Run:
    """A control run that a cluster has computed."""
    control.make_own(name)
    stop_mark.take_away(control.folder_of(name))
    try:
        compute(where, partial(control_run, name, 0), name, job)
    except ImportError as error:
        raise ModelError(
            "Clusters need Dask: pip install 'babelscope[cluster]'"
        ) from error
    run = control.open_run(name)
    left = control.missing(run, control.frame(run, run.judging), run.judging)
    if left:
        raise Stopped(
            f"{count_are(len(left), 'cell')} of {name} still missing. Go on with it; what "
            "was computed is kept."
        )
    return run
