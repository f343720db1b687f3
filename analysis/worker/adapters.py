"""A loaded model as the plans of a study see it. Loads no torch until it is asked."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from analysis.concepts.specs import StudySpec
from analysis.plane.specs import SweepSpec
from analysis.questions.specs import QuestionSpec
from analysis.sentences.specs import SentenceSpec
from analysis.study.manifest import ReadPart
from analysis.words.specs import WordSpec
from analysis.worker.service import Job

if TYPE_CHECKING:
    from analysis.model.load import Loaded
    from analysis.worker.reader import ModelReader

Modelled = TypeVar(
    "Modelled", StudySpec, WordSpec, SentenceSpec, QuestionSpec, SweepSpec
)
"""Specs that name a model."""


def pinned(spec: Modelled, loaded: "Loaded") -> Modelled:
    """The same spec with the commit of the model that was loaded."""
    model = replace(spec.model, revision=loaded.source.revision)
    return replace(spec, model=model)


def stack_read(loaded: "Loaded") -> ReadPart | None:
    """Which stack is read, for a manifest; None of a decoder alone."""
    if loaded.causal:
        return None
    return ReadPart(kind=loaded.kind, stack=loaded.stack)


def template_reader(
    loaded: "Loaded", spec: StudySpec | QuestionSpec, job: Job
) -> "ModelReader":
    """The model behind a spec's template; it stops within a block when the job does.

    What the engine has to say goes to the job's notices.
    """
    from analysis.worker.reader import ModelReader

    return ModelReader(
        loaded,
        spec.template,
        spec.last_state,
        job.check,
        spec.position,
        job.notices,
    )


def position_readers(
    loaded: "Loaded", spec: WordSpec | SentenceSpec, job: Job
) -> "Callable[[str], ModelReader]":
    """Position → the model that reads bare texts there. Notices as above."""
    from analysis.worker.reader import ModelReader

    def reader(position: str) -> "ModelReader":
        return ModelReader(
            loaded, "none", spec.last_state, job.check, position, job.notices
        )

    return reader
