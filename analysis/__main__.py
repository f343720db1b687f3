"""Make or finish a study without a browser: ``python -m analysis --help``."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from analysis.concepts import corpora
from analysis.concepts.estimators import ESTIMATORS
from analysis.concepts.pair_readers import read
from analysis.concepts.pairs import SPLITS, Corpus
from analysis.concepts.specs import StudySpec
from analysis.core.errors import (
    AnalysisError,
    CorpusError,
    SpecError,
    StudyError,
    nearest,
)
from analysis.core.model_names import DEMO
from analysis.core.specs import (
    DEVICES,
    DTYPES,
    LAST_STATES,
    QUANTISATIONS,
    ModelSpec,
    from_dict,
)
from analysis.core.templates import TEMPLATES, default_template
from analysis.plane.specs import SCORINGS, SweepSpec
from analysis.questions import questions as question_files
from analysis.questions.geometry import VERSIONS
from analysis.questions.question_sets import (
    demo_questions,
    find_questions,
    load_questions,
)
from analysis.questions.specs import QuestionSpec
from analysis.study import library
from analysis.words.embeddings import EMBEDDINGS
from analysis.words.plan import word_spec
from analysis.words.readers import read_words
from analysis.words.word_lists import SOURCES
from analysis.worker.extraction import (
    control_run,
    embed_words,
    extract_study,
    resume_study,
)
from analysis.worker.plane import run_plane
from analysis.worker.questions import import_means, read_questions
from analysis.worker.service import FAILED, Job, Pool, Service


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m analysis", description=__doc__)
    parser.add_argument(
        "--resume",
        metavar="NAME",
        help="go on with this unfinished study and ignore all other options",
    )
    parser.add_argument(
        "--control",
        metavar="NAME",
        help="go on with this control run and ignore all other options",
    )
    parser.add_argument(
        "--model",
        default="demo",
        help="a model of this server or a hub id (default: demo)",
    )
    parser.add_argument("--revision", default="main")
    parser.add_argument(
        "--corpus",
        default=corpora.DEMO,
        help="a corpus of this server, or a .csv, .jsonl or .zip file",
    )
    parser.add_argument("--concepts", nargs="+", default=())
    parser.add_argument("--languages", nargs="+", default=())
    parser.add_argument(
        "--estimator", default="difference of means", choices=list(ESTIMATORS)
    )
    parser.add_argument(
        "--template",
        choices=list(TEMPLATES),
        help="default: none; for questions that of the model",
    )
    parser.add_argument("--split", default="by pair", choices=list(SPLITS))
    parser.add_argument("--dtype", default="float32", choices=DTYPES)
    parser.add_argument("--quantisation", default="none", choices=QUANTISATIONS)
    parser.add_argument("--device", default="auto", choices=DEVICES)
    parser.add_argument("--last-state", default="block", choices=LAST_STATES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--title", default="")
    parser.add_argument(
        "--words",
        metavar="LIST",
        help="embed words instead: a list of this server, or a file of words",
    )
    parser.add_argument(
        "--embeddings", nargs="+", default=("last token",), choices=list(EMBEDDINGS)
    )
    parser.add_argument(
        "--layers",
        nargs="+",
        type=int,
        default=(),
        help="layers that are swept or whose words are kept (default: all)",
    )
    parser.add_argument(
        "--questions",
        metavar="SET",
        help="ask questions instead: demo, a set of this server, or a file",
    )
    parser.add_argument(
        "--most", type=int, default=100, help="items of a kind, at most (default: 100)"
    )
    parser.add_argument(
        "--sweep",
        action="store_true",
        help="sweep the steering of --questions, or of the study named by --into",
    )
    parser.add_argument("--strengths", nargs="+", type=float, default=(0.5, 1.0, 2.0))
    parser.add_argument("--scoring", default="likelihood", choices=SCORINGS)
    parser.add_argument(
        "--local",
        default="own",
        choices=list(VERSIONS),
        help="version of the local vector that is swept",
    )
    parser.add_argument(
        "--means",
        nargs="+",
        metavar="PATH",
        help="make a study of mean states in files, or folders, of --model",
    )
    parser.add_argument(
        "--into",
        default="",
        metavar="NAME",
        help="the study of the same model that is added to",
    )
    return parser


def model_of(options: argparse.Namespace) -> ModelSpec:
    """The model and how it is loaded."""
    return ModelSpec(
        options.model,
        options.revision,
        options.dtype,
        options.quantisation,
        options.device,
    )


def corpus_of(given: str) -> Corpus:
    """A corpus by name, or from a file."""
    path = Path(given)
    return read(path.read_bytes(), path.name) if path.is_file() else corpora.load(given)


def embedding(options: argparse.Namespace) -> Callable:
    """The job that embeds words."""
    path = Path(options.words)
    if not path.is_file() and options.words not in SOURCES:
        hint = f"{nearest(options.words, SOURCES)} Choose: {', '.join(SOURCES)}, or give a file of words."
        raise SpecError(f"There is no list of words “{options.words}” here.{hint}")
    known = (
        read_words(path.read_bytes(), path.name)
        if path.is_file()
        else SOURCES[options.words]()
    )
    words = known.within(tuple(options.languages) or known.languages)
    spec = word_spec(
        model_of(options),
        words,
        options.embeddings,
        layers=tuple(options.layers),
        last_state=options.last_state,
    )
    return embed_words(
        spec,
        words,
        options.title or f"{options.model.split('/')[-1]}, {words.name}",
        options.into,
    )


def asking(options: argparse.Namespace) -> Callable:
    """The job that asks questions and, if wanted, sweeps the steering that they give."""
    path = Path(options.questions)
    asked = (
        question_files.read_questions(path.read_bytes(), path.name)
        if path.is_file()
        else questions_of(options.questions)
    )
    template = options.template or (
        "chat" if options.model == DEMO else default_template(options.model)
    )
    languages = tuple(options.languages) or asked.languages
    about = (
        asked.name,
        asked.digest,
        languages,
        template,
        options.last_state,
        options.most,
        options.seed,
    )
    title = options.title or f"{options.model.split('/')[-1]} asked {asked.name}"
    ask = read_questions(
        QuestionSpec(model_of(options), *about), asked, title, options.into
    )
    return (
        (lambda job, pool: sweeping(options, ask(job, pool))(job, pool))
        if options.sweep
        else ask
    )


def questions_of(name: str) -> question_files.Questions:
    """The demo's questions, or a set of this server."""
    return demo_questions() if name == DEMO else load_questions(name)


def sweeping(options: argparse.Namespace, name: str) -> Callable[[Job, Pool], str]:
    """The job that sweeps the steering of a study that was asked questions."""
    study = library.open_by_name(name)
    if "questions" not in study.manifest:
        raise StudyError(
            f"“{study.title}” was asked no questions. Give some with --questions."
        )
    asked = from_dict(QuestionSpec, study.manifest["questions"]["spec"])
    spec = SweepSpec(
        asked.model,
        asked.questions,
        asked.questions_digest,
        tuple(options.languages) or asked.languages,
        tuple(options.layers) or tuple(range(1, study.layers + 1)),
        tuple(options.strengths),
        options.template or asked.template,
        options.scoring,
        local=options.local,
        most=options.most,
        seed=options.seed,
    )
    return run_plane(spec, find_questions(asked.questions_digest), name)


def importing(options: argparse.Namespace) -> Callable:
    """The job that makes a study of mean states."""
    given = [Path(path) for path in options.means]
    if absent := [str(path) for path in given if not path.exists()]:
        raise CorpusError(f"--means: there is no {', '.join(absent)}.")
    if options.model == DEMO:
        raise SpecError(
            "--means needs --model, the name of the model that the states are of."
        )
    found = [
        file
        for path in given
        for file in (sorted(path.iterdir()) if path.is_dir() else [path])
        if file.is_file()
    ]
    files = {file.name: file for file in found}
    if len(files) < len(found):
        raise CorpusError(
            "--means: several files have the same name. Give each language once."
        )
    return import_means(
        {name: file.read_bytes() for name, file in files.items()},
        options.model,
        options.title or "Imported means",
    )


def extracting(options: argparse.Namespace) -> Callable:
    """The job that extracts concept vectors."""
    corpus = corpus_of(options.corpus)
    spec = StudySpec(
        model_of(options),
        corpus.name,
        corpus.digest,
        tuple(options.concepts) or corpus.concepts,
        tuple(options.languages) or corpus.languages,
        options.estimator,
        options.template or "none",
        options.split,
        options.last_state,
        options.seed,
    )
    return extract_study(
        spec,
        corpus,
        options.title or f"{options.model.split('/')[-1]} on {corpus.name}",
        {},
    )


def task_of(options: argparse.Namespace) -> Callable:
    """The job that the options ask for."""
    if options.resume:
        return resume_study(options.resume)
    if options.control:
        return control_run(options.control)
    if options.words:
        return embedding(options)
    if options.questions:
        return asking(options)
    if options.means:
        return importing(options)
    if options.sweep and not options.into:
        raise SpecError(
            "--sweep needs --questions to ask, or --into with the name of a study that was asked some."
        )
    if options.sweep:
        return sweeping(options, options.into)
    return extracting(options)


def main(given: list[str] | None = None) -> int:
    """Run one job and print its progress; 1 when it failed."""
    options = arguments().parse_args(given)
    try:
        task = task_of(options)
    except AnalysisError as error:
        print(error, *getattr(error, "faults", ()), sep="\n", file=sys.stderr)
        return 1
    job = Service().submit("command line", options.title, task)
    shown = ""
    while not job.finished.wait(0.2):
        line = f"{job.done}/{job.total} {job.doing}"
        if line != shown:
            print(line, flush=True)
            shown = line
    made = (
        f"control run {options.control}" if options.control else f"study {job.result}"
    )
    print(
        job.error or f"{made}, {job.seconds:.0f} s",
        file=sys.stderr if job.error else sys.stdout,
    )
    return int(job.state == FAILED)


if __name__ == "__main__":
    sys.exit(main())
