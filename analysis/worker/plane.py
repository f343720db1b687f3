"""The sweep as a job of the worker."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from analysis.core.templates import apply_template
from analysis.plane import plan as sweep
from analysis.plane.specs import SweepSpec
from analysis.questions.question_sets import find_questions, keep_questions
from analysis.questions.questions import Questions
from analysis.steering.specs import GenerationSpec
from analysis.study import library, store
from analysis.worker.service import Job, Pool

ANSWER_TOKENS = 32


class ModelAnswerer:
    """A loaded model that answers under a template while vectors are added at every token."""

    def __init__(self, loaded: object, template: str, check: Callable[[], None]):
        self.loaded, self.template, self.check = loaded, template, check

    def rows(self, questions: Sequence[str], pushes: Sequence[sweep.Push]) -> list:
        """Prompts with their terms."""
        from analysis.model.hooks import Row
        from analysis.steering.resolve import ResolvedTerm

        prompts = apply_template(self.template, self.loaded.tokenizer, questions)
        terms = [
            tuple(ResolvedTerm({layer: vector}, {layer: 1.0}) for layer, vector in push)
            for push in pushes
        ]
        return [Row(prompt, each) for prompt, each in zip(prompts, terms)]

    def score(
        self,
        questions: Sequence[str],
        pushes: Sequence[sweep.Push],
        options: Sequence[Sequence[str]],
    ) -> list[tuple]:
        """(nats (option,), tokens (option,)) of every question."""
        from analysis.model.option_scoring import option_scores

        found = option_scores(
            self.loaded, self.rows(questions, pushes), options, self.check
        )
        return [(each.nats.astype(np.float32), each.tokens) for each in found]

    def write(
        self, questions: Sequence[str], pushes: Sequence[sweep.Push]
    ) -> list[str]:
        """A greedy answer to every question, up to its first line end."""
        from analysis.model.generate import generate

        said = generate(
            self.loaded,
            self.rows(questions, pushes),
            GenerationSpec(ANSWER_TOKENS),
            check=self.check,
        )
        return [answer.text.strip().split("\n")[0] for answer in said]


def run_plane(
    spec: SweepSpec, questions: Questions, study: str
) -> Callable[[Job, Pool], str]:
    """A job that sweeps the steering of a study, or goes on with it; its result is the study's name.

    The demo study is copied first, and so is one that has another plane already.
    """

    def work(job: Job, pool: Pool) -> str:
        loaded = pool.get(spec.model, job)
        pinned = replace(
            spec, model=replace(spec.model, revision=loaded.source.revision)
        )
        keep_questions(questions)
        folder = library.writable(study)
        sweep.begin_sweep(folder, pinned, questions)
        sweep.run_sweep(
            folder,
            questions,
            ModelAnswerer(loaded, spec.template, job.check),
            job.progress,
        )
        return folder.name

    return work


def go_on_sweeping(name: str, job: Job, pool: Pool) -> str:
    """Answer what is left of a study's plane, if anything is."""
    folder = store.root() / name
    plane = store.read_manifest(folder).plane
    if plane is not None and not plane.complete:
        spec = plane.spec_as(SweepSpec)
        answerer = ModelAnswerer(pool.get(spec.model, job), spec.template, job.check)
        sweep.run_sweep(
            folder, find_questions(spec.questions_digest), answerer, job.progress
        )
    return name
