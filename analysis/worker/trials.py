"""What the worker can be asked to try on the model of a study, cell by cell.

To add one: its spec and ``begin`` in its own room, its measurer here beside, and a line
of TRIALS. Pages, Python, the command, resuming and sharding read the table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.certificates import card_plan, specs
from analysis.control import refusing
from analysis.core.errors import StudyError, unknown
from analysis.core.specs import ModelSpec, from_dict
from analysis.crossing import alignment, forcing, latent, patching
from analysis.crossing.specs import (
    ForcingSpec,
    LatentSpec,
    PatchingSpec,
    SentenceAlignmentSpec,
)
from analysis.plane import naming
from analysis.pushing import plan as pushing_plan
from analysis.pushing.specs import NAME, PushingSpec
from analysis.study import coverage, library, store, trials
from analysis.study.manifest import Manifest
from analysis.study.stored_trials import part_of
from analysis.study.study import Study
from analysis.study.together import Shard
from analysis.study.trial_part import TrialPart
from analysis.worker import (
    language_forcing,
    latent_language,
    pushing,
    report_card,
    sentence_alignment,
)
from analysis.worker import naming as asked_by_name
from analysis.worker import patching as patching_work
from analysis.worker import refusing as asked_to_decline
from analysis.worker.same_files import hold_to_files
from analysis.worker.service import Job, Pool, Task

if TYPE_CHECKING:
    from analysis.model.load import Loaded

Check = Callable[[], None]
"""Raises Stopped when the user has asked to stop; called in every loop."""


def nothing_scored(study: Study, spec: Any) -> int:
    """Of what only states are read."""
    return 0


@dataclass(frozen=True)
class Trial:
    """Something that can be tried on the model of a study.

    ``begin(study, spec)`` says dimensions and arrays, and raises SpecError for a spec that
    does not fit. ``measurer(loaded, study, spec, part, check)`` gives the function that
    computes a cell. ``tokens(study, spec)`` is about how many tokens pass the model, for
    the time that is told beforehand, ``scored`` at how many all next tokens are compared.
    ``usual``: fields that a new trial has unless others are given, where the spec's own
    defaults are those of trials that are there already.
    """

    name: str
    title: str
    spec: type
    begin: Callable[[Study, Any], TrialPart]
    measurer: Callable[["Loaded", Study, Any, TrialPart, Check], trials.Compute]
    tokens: Callable[[Study, Any], int]
    scored: Callable[[Study, Any], int] = nothing_scored
    usual: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TrialCheck:
    """What a trial would take: cells, sizes in bytes, time in seconds.

    ``seconds`` about; None where the machine's speed is not known beforehand.
    """

    cells: int
    needed: int
    available: int
    place: str
    seconds: float | None

    @property
    def fits(self) -> bool:
        """Whether the estimate is below what is free."""
        return self.needed <= self.available


TRIALS: dict[str, Trial] = {
    alignment.NAME: Trial(
        alignment.NAME,
        "Alignment of sentences by layer",
        SentenceAlignmentSpec,
        alignment.begin,
        sentence_alignment.measurer,
        sentence_alignment.tokens,
    ),
    NAME: Trial(
        NAME,
        "Pushing from language to language",
        PushingSpec,
        pushing_plan.begin,
        pushing.measurer,
        pushing_plan.tokens,
        pushing_plan.tokens,
    ),
    refusing.NAME: Trial(
        refusing.NAME,
        "Requests to decline: recognised, refused, pushed",
        refusing.RefusingSpec,
        refusing.begin,
        asked_to_decline.measurer,
        refusing.tokens,
        refusing.scored,
    ),
    patching.NAME: Trial(
        patching.NAME,
        "Patching between languages",
        PatchingSpec,
        patching.begin,
        patching_work.measurer,
        patching_work.tokens,
    ),
    forcing.NAME: Trial(
        forcing.NAME,
        "Pushing into another language",
        ForcingSpec,
        forcing.begin,
        language_forcing.measurer,
        language_forcing.tokens,
    ),
    latent.NAME: Trial(
        latent.NAME,
        "Latent language",
        LatentSpec,
        latent.begin,
        latent_language.measurer,
        latent_language.tokens,
    ),
    naming.NAME: Trial(
        naming.NAME,
        "Culture questions with the language or the country named",
        naming.NamingSpec,
        naming.begin,
        asked_by_name.measurer,
        naming.tokens,
        naming.scored,
    ),
    specs.NAME: Trial(
        specs.NAME,
        "Report card of a vector",
        specs.ReportCardSpec,
        card_plan.begin,
        report_card.measurer,
        card_plan.tokens,
        usual={"paraphrases": specs.PARAPHRASES},
    ),
}
"""Name → what can be tried."""


def find(name: str) -> Trial:
    """The trial of a name; SpecError names the nearest where there is none."""
    if name not in TRIALS:
        raise unknown("trial", name, TRIALS)
    return TRIALS[name]


def begun_part(study: Study, trial: Trial, spec: Any) -> TrialPart:
    """What a manifest tells of a trial; StudyError for a spec of another model."""
    check_same_model(study, spec.model)
    return trial.begin(study, spec)


def check_same_model(study: Study, model: ModelSpec) -> None:
    """StudyError unless a study is of these weights in this precision."""
    known = study.manifest.model
    if known is None or (
        replace(known, device=model.device, revision=model.revision) != model
    ):
        raise StudyError(
            f"“{study.title}” is of {study.model}; the trial is of {model.model}. "
            "Try it with the study's own model and precision."
        )


def check_trial(name: str, spec: Any, study: str) -> Task[TrialCheck]:
    """A task that looks at the model without its weights, and at what a trial would take."""
    return partial(checked_trial, name, spec, study)


def checked_trial(name: str, spec: Any, study: str, job: Job, pool: Pool) -> TrialCheck:
    """Memory and time that a trial would take."""
    from analysis.model import load
    from analysis.model.speed import reading_seconds

    trial = find(name)
    known = library.open_by_name(study)
    part = begun_part(known, trial, spec)
    job.progress(0, 0, f"looking at {spec.model.model}")
    seen = load.preflight(spec.model, job.check)
    job.notices.extend(seen.notices)
    tokens = trial.tokens(known, spec)
    scored = trial.scored(known, spec)
    return TrialCheck(
        cells=part.number_of_cells,
        needed=seen.needed,
        available=seen.available,
        place=seen.place,
        seconds=reading_seconds(spec.model, seen, tokens, scored),
    )


def run_trial(name: str, spec: Any, study: str, anew: bool = False) -> Task[str]:
    """A task that tries something on the model of a study, or goes on with it.

    It gives the study's name; one that comes with Babelscope is copied first. ``anew``:
    in place of the same trial with other settings.
    """
    return partial(tried, name, spec, study, anew)


def tried(name: str, spec: Any, study: str, anew: bool, job: Job, pool: Pool) -> str:
    """The name of the study that keeps what was tried."""
    known = begun_trial(name, spec, study, anew, job, pool)
    compute(store.root() / known, find(name), job, pool, None)
    return known


def begin_trial(name: str, spec: Any, study: str, anew: bool = False) -> Task[str]:
    """A task that begins what ``run_trial`` does, and leaves its cells to others."""
    return partial(begun_trial, name, spec, study, anew)


def begun_trial(
    name: str, spec: Any, study: str, anew: bool, job: Job, pool: Pool
) -> str:
    """The name of the study in which something is to be tried."""
    trial = find(name)

    def begin(folder: Path) -> None:
        known = store.open_study(folder)
        trials.begin(folder, name, begun_part(known, trial, spec), anew)

    return library.begin_in(study, begin).name


def go_on_with_trial(
    trial: str, name: str, job: Job, pool: Pool, shard: Shard | None
) -> None:
    """Compute the cells of one trial of a study that are missing, if any are."""
    compute(store.root() / name, find(trial), job, pool, shard)


def go_on_trying(name: str, job: Job, pool: Pool, shard: Shard | None = None) -> None:
    """Compute the cells of a study's trials that are missing, if any are."""
    folder = store.root() / name
    manifest = store.read_manifest(folder)
    for trial in manifest.trials or {}:
        if coverage.missing_of_trial(manifest, trial):
            compute(folder, find(trial), job, pool, shard)


def compute(
    folder: Path, trial: Trial, job: Job, pool: Pool, shard: Shard | None
) -> None:
    """Compute what is missing of a trial; nothing is loaded where nothing is missing."""
    manifest = store.read_manifest(folder)
    part = part_of(manifest, trial.name)
    if not trials.missing(manifest, trial.name):
        return
    spec = part.spec_as(trial.spec)
    loaded = pool.get(spec.model, job)
    hold_to_files(folder, loaded)
    study = store.open_study(folder)
    measure = trial.measurer(loaded, study, spec, part, job.check)
    if shard is None:
        trials.run(folder, trial.name, measure, job.progress)
    else:
        trials.run_together(folder, trial.name, measure, shard, job.progress)


def spec_of(manifest: Manifest, name: str, values: Mapping[str, Any]) -> Any:
    """A spec of a trial from its fields, with the study's own model.

    SpecError for fields that it does not have; StudyError for a study without a model.
    """
    if manifest.model is None:
        raise StudyError(f"“{manifest.title}” names no model that could be tried.")
    trial = find(name)
    given = {"model": manifest.model, **trial.usual, **values}
    return from_dict(trial.spec, given)
