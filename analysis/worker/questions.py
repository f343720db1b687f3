"""What the worker can be asked to do with questions.

Read them into a study, and make a study of mean states from files.
"""

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.core.legibility import unknown_notes
from analysis.core.model_kinds import check_writes
from analysis.core.specs import written
from analysis.core.tokenizer import Tokenizer
from analysis.core.turns import watched
from analysis.plane.specs import SweepSpec
from analysis.questions import plan as asked
from analysis.questions.question_sets import find_questions, keep_questions
from analysis.questions.questions import Questions
from analysis.questions.specs import QuestionSpec
from analysis.study import coverage, library, store
from analysis.study.manifest import ImportedPart, Manifest, QuestionsPart
from analysis.study.together import Shard
from analysis.worker.adapters import pinned, template_reader
from analysis.worker.prompts import check_prompt, prompt_of, template_notes
from analysis.worker.same_files import hold_to_files
from analysis.worker.service import Job, Pool, Task

if TYPE_CHECKING:
    from analysis.model.load import Loaded
    from analysis.worker.reader import ModelReader

Wanted = Callable[[QuestionSpec, int], SweepSpec]
"""The sweep that follows, once it is known what is asked and how many layers there are."""
MEANS = "means.safetensors"
NO_LENS = (
    "The logit lens was left out: it needs the last state “block”, and a model whose "
    "final norm and output head, put on that state, say what the model itself says."
)


NO_ANSWERS = (
    "{model} is an encoder and weighs no answers: which of them it takes is left empty, "
    "and so is the version of the local vector that needs it. All states and the other "
    "vectors are read."
)


def read_questions(
    spec: QuestionSpec,
    questions: Questions,
    title: str,
    into: str = "",
    sweep: Wanted | None = None,
) -> Task[str]:
    """A task that asks questions and keeps states and vectors in a study.

    It goes on with one that is begun, and gives the study's name. ``into`` names a study
    of the same model; one that comes with Babelscope is copied first. Empty: a new study
    without concepts. ``sweep`` is kept with the questions until it begins, so that who
    goes on with the study sweeps too.
    """
    return partial(questions_read, spec, questions, title, into, sweep)


def questions_read(
    spec: QuestionSpec,
    questions: Questions,
    title: str,
    into: str,
    sweep: Wanted | None,
    job: Job,
    pool: Pool,
) -> str:
    """The name of a study with questions."""
    name = begun_questions(spec, questions, title, into, sweep, job, pool)
    loaded = pool.get(spec.model, job)
    exact_spec = pinned(spec, loaded)
    reader = template_reader(loaded, exact_spec, job)
    ask_missing(store.root() / name, exact_spec, questions, reader, job)
    return name


def begin_questions(
    spec: QuestionSpec,
    questions: Questions,
    title: str,
    into: str = "",
    sweep: Wanted | None = None,
) -> Task[str]:
    """A task that begins what ``read_questions`` does, and leaves asking to others."""
    return partial(begun_questions, spec, questions, title, into, sweep)


def begun_questions(
    spec: QuestionSpec,
    questions: Questions,
    title: str,
    into: str,
    sweep: Wanted | None,
    job: Job,
    pool: Pool,
) -> str:
    """The name of a study in which questions are to be asked."""
    loaded = pool.get(spec.model, job)
    if sweep:
        check_writes(loaded.kind, spec.model.model, "be steered in a sweep")
    if not loaded.abilities.scores:
        job.notices.append(NO_ANSWERS.format(model=spec.model.model))
    exact_spec = pinned(spec, loaded)
    keep_questions(questions)
    reader = template_reader(loaded, exact_spec, job)
    wanted = written(sweep(exact_spec, reader.layers)) if sweep else None
    prompt = prompt_of(spec.template, loaded.tokenizer)
    job.notices += template_notes(spec.template, loaded)
    job.notices += unknown_letters(loaded.tokenizer, questions, exact_spec)

    def begin(folder: Path | None = None) -> Path:
        return asked.begin_asking(
            exact_spec,
            questions,
            reader,
            title,
            folder,
            wanted,
            prompt,
            reader.read,
        )

    folder = library.begin_in(into, begin) if into else begin()
    check_kept_prompt(folder, exact_spec, loaded)
    hold_to_files(folder, loaded)
    return folder.name


def unknown_letters(
    tokenizer: Tokenizer, questions: Questions, spec: QuestionSpec
) -> list[str]:
    """What the tokenizer does not know of questions and options, in a sentence or none."""
    texts: dict[str, list[str]] = {language: [] for language in spec.languages}
    for each in questions.questions:
        if each.language in texts:
            texts[each.language] += [each.question, *each.options]
    return unknown_notes(tokenizer, texts)


def go_on_asking(name: str, job: Job, pool: Pool, shard: Shard | None = None) -> None:
    """Ask what is left of a study's questions, if anything is."""
    folder = store.root() / name
    manifest = store.read_manifest(folder)
    if not coverage.question_cells(manifest):
        return
    spec = manifest.part(QuestionsPart).spec_as(QuestionSpec)
    questions = find_questions(spec.questions_digest)
    loaded = pool.get(spec.model, job)
    check_kept_prompt(folder, spec, loaded)
    hold_to_files(folder, loaded)
    reader = template_reader(loaded, spec, job)
    ask_missing(folder, spec, questions, reader, job, shard)


def check_kept_prompt(folder: Path, spec: QuestionSpec, loaded: "Loaded") -> None:
    """StudyError when a study was asked its first questions in another prompt."""
    kept = store.read_manifest(folder).part(QuestionsPart).prompt
    check_prompt(kept, spec.template, loaded.tokenizer, folder.name)


def ask_missing(
    folder: Path,
    spec: QuestionSpec,
    questions: Questions,
    reader: "ModelReader",
    job: Job,
    shard: Shard | None = None,
) -> None:
    """Run the plan of a study's questions, with the logit lens where there is one."""
    from analysis.model.lens import logit_lens

    lens = None
    if spec.last_state == "block":
        lens = logit_lens(reader.loaded)
    if lens is None:
        job.notices.append(NO_LENS)
    if shard is None:
        asked.run_asking(folder, questions, reader, lens, job.progress)
    else:
        asked.run_together(folder, questions, reader, lens, job.progress, shard)


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 of files by their names."""
    return {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}


def import_means(files: Mapping[str, bytes], model: str, title: str) -> Task[str]:
    """A task that makes a study of mean states, and gives its name.

    They are read from torch or safetensors files, one per language.
    """
    return partial(imported_means, files, model, title)


def imported_means(
    files: Mapping[str, bytes], model: str, title: str, job: Job, pool: Pool
) -> str:
    """The name of a study of mean states."""
    from analysis.questions.mean_states import read_mean_states

    job.progress(0, 0, f"reading {len(files)} files")
    with watched(lambda share: job.check()):
        found = read_mean_states(files)
    first = next(iter(found.states.values()))
    arrays = {}
    for number, states in enumerate(found.states.values()):
        arrays[f"mean_state/{number}"] = states
    store.check_finite(MEANS, arrays)
    folder = store.create(
        library.free_name(title),
        Manifest(
            title=title,
            spec={"model": {"model": model}},
            languages=tuple(found.states),
            layers=first.shape[0],
            hidden=first.shape[1],
            imported=ImportedPart(
                files=tuple(sorted(files)),
                digests=digests(files),
                notes=tuple(found.notes),
            ),
        ),
        tensors={MEANS: arrays},
    )
    return folder.name
