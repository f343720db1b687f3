"""What the worker can be asked to do with a study's plane: sweep its steering."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analysis.core.errors import AnalysisError, DiskError
from analysis.core.scores import Scored
from analysis.core.templates import apply_template, is_whole
from analysis.plane import plan as sweep
from analysis.plane.specs import SweepSpec
from analysis.questions.question_sets import find_questions, keep_questions
from analysis.questions.questions import Questions
from analysis.steering.specs import GenerationSpec
from analysis.study import coverage, library, store, together
from analysis.study.manifest import PlanePart, QuestionsPart
from analysis.study.together import Shard
from analysis.worker.adapters import pinned
from analysis.worker.prompts import check_prompt, prompt_of, template_notes
from analysis.worker.same_files import hold_to_files
from analysis.worker.service import Job, Pool, Task

if TYPE_CHECKING:
    from analysis.model.hooks import Check, Row
    from analysis.model.load import Loaded

ANSWER_TOKENS = 32


class ModelAnswerer:
    """A loaded model that answers under a template while it is pushed.

    Vectors are added at every token.
    """

    def __init__(self, loaded: "Loaded", template: str, check: "Check") -> None:
        self.loaded = loaded
        self.template = template
        self.check = check

    def rows(
        self, questions: Sequence[str], pushes: Sequence[sweep.Push]
    ) -> "list[Row]":
        """Prompts with their terms."""
        from analysis.model.hooks import Row
        from analysis.steering.resolve import ResolvedTerm

        prompts = apply_template(self.template, self.loaded.tokenizer, questions)
        rows = []
        for prompt, push in zip(prompts, pushes):
            terms = []
            for layer, vector in push:
                terms.append(ResolvedTerm({layer: vector}, {layer: 1.0}))
            rows.append(Row(prompt, tuple(terms), whole=is_whole(self.template)))
        return rows

    def score(
        self,
        questions: Sequence[str],
        pushes: Sequence[sweep.Push],
        options: Sequence[Sequence[str]],
    ) -> list[Scored]:
        """How likely each question's options are, in float32."""
        from analysis.model.option_scoring import option_scores

        rows = self.rows(questions, pushes)
        scores = option_scores(self.loaded, rows, options, self.check)
        return [Scored(nats.astype(np.float32), tokens) for nats, tokens in scores]

    def write(
        self, questions: Sequence[str], pushes: Sequence[sweep.Push]
    ) -> list[str]:
        """A greedy answer to every question, up to its first line end."""
        from analysis.model.generate import generate

        rows = self.rows(questions, pushes)
        spec = GenerationSpec(ANSWER_TOKENS)
        answers = generate(self.loaded, rows, spec, check=self.check)
        return [answer.text.strip().split("\n")[0] for answer in answers]


def run_plane(spec: SweepSpec, questions: Questions, study: str) -> Task[str]:
    """A task that sweeps the steering of a study, or goes on with it.

    It gives the study's name: the demo study is copied first, and so is one that has
    another plane already.
    """
    return partial(plane_swept, spec, questions, study)


def plane_swept(
    spec: SweepSpec, questions: Questions, study: str, job: Job, pool: Pool
) -> str:
    """The name of a study with a plane."""
    loaded = pool.get(spec.model, job)
    keep_questions(questions)
    exact_spec = pinned(spec, loaded)
    prompt = prompt_of(spec.template, loaded.tokenizer)
    job.notices += template_notes(spec.template, loaded)

    def begin(folder: Path) -> None:
        sweep.begin_sweep(folder, exact_spec, questions, prompt)

    folder = library.begin_in(study, begin)
    hold_to_files(folder, loaded)
    swept(folder, questions, loaded, job)
    return folder.name


@contextmanager
def forgotten_if_refused(folder: Path) -> Iterator[None]:
    """Tell once that the sweep that was to follow cannot be, and let none follow."""
    try:
        yield
    except (DiskError, store.InUse):
        raise
    except AnalysisError:
        sweep.forget_sweep(folder)
        raise


def go_on_sweeping(name: str, job: Job, pool: Pool, shard: Shard | None = None) -> None:
    """Answer what is left of a study's plane, if anything is."""
    folder = store.root() / name
    if is_to_come(folder):
        begin_wanted(folder, job, pool, shard)
    plane = store.read_manifest(folder).plane
    if plane is None or plane.complete:
        return
    spec = plane.spec_as(SweepSpec)
    questions = find_questions(spec.questions_digest)
    loaded = pool.get(spec.model, job)
    hold_to_files(folder, loaded)
    swept(folder, questions, loaded, job, shard)


def is_to_come(folder: Path) -> bool:
    """Whether a sweep was wanted of a study that has not begun."""
    return coverage.is_sweep_to_come(store.read_manifest(folder))


def begin_wanted(folder: Path, job: Job, pool: Pool, shard: Shard | None) -> None:
    """Begin the sweep that was to follow, unless another process of several does."""
    spec = sweep.wanted_sweep(store.read_manifest(folder).part(QuestionsPart))
    questions = find_questions(spec.questions_digest)
    prompt = prompt_of(spec.template, pool.get(spec.model, job).tokenizer)

    def begin() -> None:
        if shard is not None:
            together.settle(folder, job.progress, shard)
        with forgotten_if_refused(folder):
            sweep.begin_sweep(folder, spec, questions, prompt)

    if shard is None:
        begin()
    else:
        together.once(partial(is_to_come, folder), begin, job.progress)


def swept(
    folder: Path,
    questions: Questions,
    loaded: "Loaded",
    job: Job,
    shard: Shard | None = None,
) -> None:
    """Answer what is left of a study's plane, in the prompt that it was begun with."""
    known = store.read_manifest(folder).part(PlanePart)
    template = known.spec_as(SweepSpec).template
    if not known.complete:
        check_prompt(known.prompt, template, loaded.tokenizer, folder.name)
    answerer = ModelAnswerer(loaded, template, job.check)
    if shard is None:
        sweep.run_sweep(folder, questions, answerer, job.progress)
    else:
        sweep.run_together(folder, questions, answerer, job.progress, shard)
