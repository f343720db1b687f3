"""Control runs on disk: a folder with ``manifest.json`` and one JSON file of answers
per cell, so that every text can be read.

A *none* cell asks a language's prompts without a push, a *search* cell with every
strength on one set of layers, a *report* cell
the reported prompts at a chosen setting. Texts depend on the spec alone. Which setting
is reported follows from how answers are
judged; when that changes, only the report cells of newly chosen settings are missing.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.control import surfaces as measures
from analysis.control import verdicts
from analysis.control.prompts import (
    Prompt,
    PromptSet,
    answered_in,
    check_spec,
    chosen,
)
from analysis.control.settings_tried import Grid, Layers, grid, named
from analysis.control.specs import ControlSpec, JudgingSpec
from analysis.core import files, settings
from analysis.core.errors import StudyError, nearest
from analysis.core.model_kinds import check_writes
from analysis.core.specs import digest, from_dict, written
from analysis.steering.language_vectors import array_of
from analysis.study import library, store
from analysis.study.manifest import FileEntry, FolderManifest, PromptPart
from analysis.study.records import Record, WithSpec, to_json
from analysis.study.study import Study

NONE, SEARCH, REPORT = "none", "search", "report"
SHIPPED = library.SHIPPED / "control"
"""Where runs lie that come along; they are copied before anything is written."""


@dataclass(frozen=True)
class Cell:
    """What is generated and committed at once: a language's prompts under every
    strength of one set of layers.
    """

    stage: str
    language: str
    source: str = ""
    layers: Layers = ()
    strengths: tuple[float, ...] = ()

    @property
    def key(self) -> str:
        """Names the cell in the manifest."""
        strength = f"/{self.strengths[0]:g}" if self.stage == REPORT else ""
        return (
            "/".join(
                part
                for part in (
                    self.stage,
                    self.language,
                    self.source,
                    "-".join(map(str, self.layers)),
                )
                if part
            )
            + strength
        )

    @property
    def words(self) -> str:
        """The cell for people."""
        where = f" · layers {named(self.layers)}" if self.layers else ""
        return f"{self.language} · {'no push' if self.stage == NONE else self.stage}{where}"


@dataclass(frozen=True, kw_only=True)
class AnswerFile(FileEntry):
    """A file of answers, and how long they took."""

    seconds: float


@dataclass(frozen=True, kw_only=True)
class StudyOfRun(Record):
    """What the study was called when the run was begun, and its kind."""

    title: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class RunManifest(FolderManifest, WithSpec):
    """What is known of a control run beside its answers.

    ``prompts``: role → language → prompts.
    """

    title: str
    spec: Mapping[str, Any]
    digest: str
    study: StudyOfRun
    concepts: tuple[str, ...]
    languages: tuple[str, ...]
    grid: Grid
    prompts: Mapping[str, Mapping[str, tuple[Prompt, ...]]]
    judging: Mapping[str, Any]
    prompt: PromptPart | None = None
    files: Mapping[str, AnswerFile] = field(default_factory=dict)

    NEEDED = ("schema", "files")
    ENTRY = AnswerFile


def read_manifest(folder: Path) -> RunManifest:
    """The manifest of a run's folder; StudyError when it is missing or damaged."""
    return store.read_as(RunManifest, folder)


@dataclass(frozen=True)
class Run:
    """A control run as it lies on disk."""

    name: str
    manifest: RunManifest
    folder: Path

    @property
    def spec(self) -> ControlSpec:
        """What was asked for."""
        return self.manifest.spec_as(ControlSpec)

    @property
    def grid(self) -> Grid:
        """The settings that are searched."""
        return self.manifest.grid

    @property
    def judging(self) -> JudgingSpec:
        """How it was judged last."""
        return from_dict(JudgingSpec, self.manifest.judging)

    @property
    def done(self) -> frozenset[str]:
        """Keys of the cells that are kept."""
        return self.manifest.keys

    def prompts(self, role: str, language: str) -> tuple[Prompt, ...]:
        """The prompts of a role."""
        return self.manifest.prompts[role][language]

    def planned(self) -> tuple[Cell, ...]:
        """Cells that do not depend on how answers are judged: those without a push and
        the search.
        """
        spec, sets = self.spec, self.grid
        plain = [Cell(NONE, language) for language in spec.languages]
        search = [
            Cell(SEARCH, a, a, layers, sets.strengths)
            for a in spec.languages
            for layers in sets.layers[a]
        ]
        return (*plain, *search)


def root() -> Path:
    """The folder of this server's control runs, made when missing if that can be."""
    return files.wanted_folder(settings.home() / "control")


def names(study: str = "") -> tuple[str, ...]:
    """Names of the runs of a study (of all studies without one), newest first, then those
    that come along; damaged ones are among those of all studies.
    """
    own = [path.name for path in store.newest_first(root())]
    along = [name for name in coming_along() if name not in own]
    return tuple(name for name in (*own, *along) if not study or belongs(name, study))


def coming_along() -> tuple[str, ...]:
    """Names of the runs that come with Babelscope."""
    if not SHIPPED.is_dir():
        return ()
    return tuple(sorted(path.parent.name for path in SHIPPED.glob("*/manifest.json")))


def is_own(name: str) -> bool:
    """Whether a run is this server's own, not only one that comes along."""
    return settings.child(root(), name).is_dir()


def folder_of(name: str) -> Path:
    """Where a run lies: this server's own before what comes along."""
    if not is_own(name) and name in coming_along():
        return SHIPPED / name
    return settings.child(root(), name)


def make_own(name: str) -> None:
    """Copy a run that comes along, so that it can be gone on with; others stay."""
    if is_own(name) or name not in coming_along():
        return
    # Another session may have copied it just now.
    with suppress(files.Taken), files.new_folder(root() / name) as copied:
        for path in (SHIPPED / name).iterdir():
            shutil.copyfile(path, copied / path.name)


def belongs(name: str, study: str) -> bool:
    """Whether a run is about a study; a damaged one is about none."""
    try:
        return read_manifest(folder_of(name)).spec.get("study") == study
    except StudyError:
        return False


def open_run(name: str) -> Run:
    """A run by its name; StudyError when it is missing or damaged."""
    folder = folder_of(name)
    if not folder.is_dir():
        raise StudyError(
            f"There is no control run “{name}” here.{nearest(name, names())} "
            "Choose one from the list, or begin one."
        )
    manifest = read_manifest(folder)
    store.check_files(folder, manifest)
    return Run(name, manifest, folder)


def vectors_digest(study: Study, concept: str, towards: str = "") -> str:
    """Of the vectors that a run pushes with, so that a study made anew under the same
    name is noticed; ``towards`` a language, of the means of all.
    """
    if towards:
        values = study.array(array_of(study)).values
    else:
        values = study.array("concept_vector").sel(concept=concept).values
    return hashlib.sha256(values.tobytes()).hexdigest()[:16]


def check_vectors(run: Run) -> None:
    """StudyError unless the study still has the vectors that the run was begun with."""
    spec = run.spec
    study = library.open_by_name(spec.study)
    now = vectors_digest(study, spec.concept, spec.towards)
    if now != spec.vectors_digest:
        raise StudyError(
            f"The vectors of “{run.spec.study}” have changed since the run "
            f"“{run.name}” was begun, so its cells would not fit "
            "together. Begin a new run."
        )


def begin(
    spec: ControlSpec,
    study: Study,
    prompts: PromptSet,
    title: str,
    judging: JudgingSpec,
) -> str:
    """Create the run of a spec, or find the one of the same spec and title, judged as
    it was; returns its name. ModelError for a study of a model that writes nothing.
    """
    check_writes(study.manifest.abilities.kind, spec.model.model, "be steered")
    check_spec(spec, prompts)
    name = f"{store.plain_name(title, 'control')}-{digest(spec)[:8]}"
    if folder_of(name).exists():
        return name
    tried = grid(study, spec)
    if spec.towards:
        prompts = answered_in(prompts, spec.towards)
    asked = {
        role: {a: tuple(those) for a, those in by_language.items()}
        for role, by_language in chosen(prompts, spec).items()
    }
    manifest = RunManifest(
        title=title,
        spec=written(spec),
        digest=digest(spec),
        study=StudyOfRun(title=study.title, kind=study.kind),
        concepts=(spec.concept,) if spec.concept else (),
        languages=spec.languages,
        grid=tried,
        prompts=asked,
        judging=written(judging),
    )
    return store.create(name, manifest, root()).name


def keep_prompt(run: Run, prompt: PromptPart) -> None:
    """Note what stands around a text; by whom holds the run for writing."""
    store.write_manifest(run.folder, replace(read_manifest(run.folder), prompt=prompt))


def keep_judging(name: str, judging: JudgingSpec) -> None:
    """Note how a run is judged from now on; the texts stay."""
    if open_run(name).judging == judging:
        # Who computes it meanwhile judges in the same way.
        return
    make_own(name)
    folder = folder_of(name)
    with store.writing(folder):
        changed = replace(read_manifest(folder), judging=written(judging))
        store.write_manifest(folder, changed)


def provenance(run: Run) -> str:
    """What was asked for, as JSON text."""
    known = to_json(replace(run.manifest, files={}, prompts={}))
    del known["files"], known["prompts"]
    return json.dumps(known, ensure_ascii=False, indent=1)


def delete(name: str) -> None:
    """Remove a run for good; not while it is being computed.

    StudyError for one that comes with Babelscope.
    """
    if not is_own(name) and name in coming_along():
        raise StudyError(
            f"The run “{name}” comes with Babelscope and cannot be deleted. Your own runs "
            "can."
        )
    folder = settings.child(root(), name)
    with store.taking_away(folder):
        files.remove(folder)


def missing(run: Run, answers: pd.DataFrame, judging: JudgingSpec) -> tuple[Cell, ...]:
    """Cells to come: those planned, then the reports of the settings that the search
    chooses under this judging.
    """
    left = tuple(cell for cell in run.planned() if cell.key not in run.done)
    return left or tuple(
        cell for cell in reports(run, answers, judging) if cell.key not in run.done
    )


@dataclass(frozen=True)
class Outlook:
    """How much a run is: cells and answers in all, answers to come, and their seconds
    at the pace so far (NaN without any).
    """

    cells: int
    answers: int
    left: int
    seconds: float


def outlook(run: Run) -> Outlook:
    """What a run takes, from its spec and the time that its search cells took."""
    spec = run.spec
    reported = 2 * len(spec.languages) - 1
    sizes = {cell.key: size(run, cell) for cell in run.planned()}
    total = sum(sizes.values()) + reported * spec.reported_prompts
    kept = [(entry.keys[0], entry.seconds) for entry in run.manifest.files.values()]
    made = sum(sizes.get(key, spec.reported_prompts) for key, _ in kept)
    timed = [(sizes[key], seconds) for key, seconds in kept if key.startswith(SEARCH)]
    pace = (
        sum(seconds for _, seconds in timed) / sum(n for n, _ in timed)
        if timed
        else float("nan")
    )
    return Outlook(
        len(sizes) + reported, total, max(0, total - made), pace * max(0, total - made)
    )


def size(run: Run, cell: Cell) -> int:
    """Answers of a planned cell."""
    roles = (SEARCH, REPORT) if cell.stage == NONE else (cell.stage,)
    asked = {each for role in roles for each in run.prompts(role, cell.language)}
    return len(asked) * max(1, len(cell.strengths))


def reports(run: Run, answers: pd.DataFrame, judging: JudgingSpec) -> list[Cell]:
    """The report cells of the chosen settings: own and shared vector in every language;
    none where nothing could be chosen.
    """
    picked = measures.chosen(
        measures.surfaces(answers, run.grid, judging), run.grid, judging
    )
    pairs = [
        (a, b)
        for a in run.spec.languages
        for b in dict.fromkeys((a, run.spec.source))
        if b in picked
    ]
    return [
        Cell(REPORT, a, b, picked[b].layers, (picked[b].strength,)) for a, b in pairs
    ]


def read_cells(run: Run) -> Iterator[dict]:
    """The kept cells."""
    for file in run.manifest.files:
        try:
            yield json.loads((run.folder / file).read_text(encoding="utf-8"))
        except (ValueError, OSError) as error:
            raise StudyError(
                f"{file} of {run.name} cannot be read ({error}). Restore it, or "
                "delete the run and begin anew."
            ) from error


def frame(run: Run, judging: JudgingSpec) -> pd.DataFrame:
    """All answers with their verdicts, one per row: see ``table`` of the measures;
    unjudged where a command has not run.
    """
    roles = {
        a: {
            role: {each.prompt: each for each in run.prompts(role, a)}
            for role in (SEARCH, REPORT)
        }
        for a in run.spec.languages
    }
    answers = measures.table(list(read_cells(run)), roles, run.spec.towards)
    return verdicts.judged(answers, judging, run.folder)
