"""What the worker can be asked to do with questions: read them into a study, and make a study of mean states from files."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from analysis.questions import plan as asked
from analysis.questions.question_sets import find_questions, keep_questions
from analysis.questions.questions import Questions
from analysis.questions.specs import QuestionSpec
from analysis.study import coverage, library, store
from analysis.study.manifest import ImportedPart, Manifest, QuestionsPart
from analysis.worker.service import Job, Pool


def read_questions(
    spec: QuestionSpec, questions: Questions, title: str, into: str = ""
) -> Callable[[Job, Pool], str]:
    """A job that asks questions and keeps states and vectors in a study, or goes on with it; its result is the study's name.

    ``into`` names a study of the same model; one that comes with Babelscope is copied first. Empty: a new study without concepts.
    """

    def work(job: Job, pool: Pool) -> str:
        loaded = pool.get(spec.model, job)
        pinned = replace(
            spec, model=replace(spec.model, revision=loaded.source.revision)
        )
        keep_questions(questions)
        folder = library.writable(into) if into else None
        folder = asked.begin_asking(
            pinned, questions, reader_of(loaded, pinned, job), title, folder
        )
        return ask(folder, pinned, questions, (loaded, job))

    return work


def go_on_asking(name: str, job: Job, pool: Pool) -> str:
    """Ask what is left of a study's questions, if anything is."""
    folder = store.root() / name
    manifest = store.read_manifest(folder)
    if coverage.question_cells(manifest):
        spec = manifest.part(QuestionsPart).spec_as(QuestionSpec)
        ask(
            folder,
            spec,
            find_questions(spec.questions_digest),
            (pool.get(spec.model, job), job),
        )
    return name


def ask(
    folder: Path, spec: QuestionSpec, questions: Questions, running: tuple[object, Job]
) -> str:
    """Run the plan of a study's questions; what the engine had to say goes to the job's notices."""
    from analysis.model.lens import logit_lens

    loaded, job = running
    reader = reader_of(loaded, spec, job)
    lens = logit_lens(loaded) if spec.last_state == "block" else None
    job.notices = reader.notices
    if lens is None:
        job.notices.append(
            "The logit lens was left out: it needs the model's final norm and blocks as they are."
        )
    asked.run_asking(folder, questions, reader, lens, job.progress)
    return folder.name


def reader_of(loaded: object, spec: QuestionSpec, job: Job) -> object:
    """The model behind a spec's template; stops within a block when the job is stopped."""
    from analysis.worker.reader import ModelReader

    return ModelReader(loaded, spec.template, spec.last_state, job.check)


def import_means(
    files: Mapping[str, bytes], model: str, title: str
) -> Callable[[Job, Pool], str]:
    """A job that makes a study of mean states from torch or safetensors files, one per language; its result is the study's name."""

    def work(job: Job, pool: Pool) -> str:
        from analysis.questions.mean_states import read_mean_states

        job.progress(0, 0, f"reading {len(files)} files")
        found = read_mean_states(files)
        first = next(iter(found.states.values()))
        folder = store.create(
            library.free_name(title),
            Manifest(
                title=title,
                spec={"model": {"model": model}},
                languages=tuple(found.states),
                layers=first.shape[0],
                hidden=first.shape[1],
                imported=ImportedPart(
                    files=tuple(sorted(files)), notes=tuple(found.notes)
                ),
            ),
        )
        with store.writing(folder):
            store.add(
                folder,
                "means.safetensors",
                {
                    f"mean_state/{a}": values
                    for a, values in enumerate(found.states.values())
                },
            )
        return folder.name

    return work
