"""Make or finish a study without a browser: ``python -m analysis.studies --help``."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from analysis.engine.service import FAILED, Service
from analysis.engine.work import control_run, embed_words, extract_study, resume_study
from analysis.measures.vectors import ESTIMATORS
from analysis.sources import corpora
from analysis.sources.embeddings import EMBEDDINGS
from analysis.sources.pairs import SPLITS, Corpus
from analysis.sources.readers import read
from analysis.sources.templates import TEMPLATES
from analysis.sources.wordreaders import read_words
from analysis.sources.words import SOURCES
from analysis.specs import DEVICES, DTYPES, LAST_STATES, QUANTISATIONS, ModelSpec, StudySpec
from analysis.studies.words import word_spec


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m analysis.studies", description=__doc__)
    parser.add_argument("--resume", metavar="NAME", help="go on with this unfinished study and ignore all other options")
    parser.add_argument("--control", metavar="NAME", help="go on with this control run and ignore all other options")
    parser.add_argument("--model", default="demo", help="a model of this server or a hub id (default: demo)")
    parser.add_argument("--revision", default="main")
    parser.add_argument("--corpus", default=corpora.DEMO, help="a corpus of this server, or a .csv, .jsonl or .zip file")
    parser.add_argument("--concepts", nargs="+", default=())
    parser.add_argument("--languages", nargs="+", default=())
    parser.add_argument("--estimator", default="difference of means", choices=list(ESTIMATORS))
    parser.add_argument("--template", default="none", choices=list(TEMPLATES))
    parser.add_argument("--split", default="by pair", choices=list(SPLITS))
    parser.add_argument("--dtype", default="float32", choices=DTYPES)
    parser.add_argument("--quantisation", default="none", choices=QUANTISATIONS)
    parser.add_argument("--device", default="auto", choices=DEVICES)
    parser.add_argument("--last-state", default="block", choices=LAST_STATES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--title", default="")
    parser.add_argument("--words", metavar="LIST", help="embed words instead: a list of this server, or a file of words")
    parser.add_argument("--embeddings", nargs="+", default=("last token",), choices=list(EMBEDDINGS))
    parser.add_argument("--layers", nargs="+", type=int, default=(), help="layers whose word vectors are kept (default: all)")
    parser.add_argument("--into", default="", metavar="NAME", help="the study of the same model that the words are added to")
    return parser


def corpus_of(given: str) -> Corpus:
    """A corpus by name, or from a file."""
    path = Path(given)
    return read(path.read_bytes(), path.name) if path.is_file() else corpora.load(given)


def embedding(options: argparse.Namespace) -> Callable:
    """The job that embeds words."""
    path = Path(options.words)
    known = read_words(path.read_bytes(), path.name) if path.is_file() else SOURCES[options.words]()
    words = known.within(tuple(options.languages) or known.languages)
    model = ModelSpec(options.model, options.revision, options.dtype, options.quantisation, options.device)
    spec = word_spec(model, words, options.embeddings, layers=tuple(options.layers), last_state=options.last_state)
    return embed_words(spec, words, options.title or f"{options.model.split('/')[-1]}, {words.name}", options.into)


def main(given: list[str] | None = None) -> int:
    """Run one job and print its progress; 1 when it failed."""
    options = arguments().parse_args(given)
    if options.resume:
        task = resume_study(options.resume)
    elif options.control:
        task = control_run(options.control)
    elif options.words:
        task = embedding(options)
    else:
        corpus = corpus_of(options.corpus)
        spec = StudySpec(
            ModelSpec(options.model, options.revision, options.dtype, options.quantisation, options.device),
            corpus.name,
            corpus.digest,
            tuple(options.concepts) or corpus.concepts,
            tuple(options.languages) or corpus.languages,
            options.estimator,
            options.template,
            options.split,
            options.last_state,
            options.seed,
        )
        task = extract_study(spec, corpus, options.title or f"{options.model.split('/')[-1]} on {corpus.name}", {})
    job = Service().submit("command line", options.title, task)
    shown = ""
    while not job.finished.wait(0.2):
        line = f"{job.done}/{job.total} {job.doing}"
        if line != shown:
            print(line, flush=True)
            shown = line
    made = f"control run {options.control}" if options.control else f"study {job.result}"
    print(job.error or f"{made}, {job.seconds:.0f} s", file=sys.stderr if job.error else sys.stdout)
    return int(job.state == FAILED)


if __name__ == "__main__":
    sys.exit(main())
