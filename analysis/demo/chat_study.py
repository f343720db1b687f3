"""The study of a chat model that comes along: ``python -m analysis.demo.chat_study``.

SmolLM2 135M Instruct (Apache-2.0) on our requests to decline, in English and languages it
reads a little. It needs the weights in ``models/`` of Babelscope's folder and goes on
where it was stopped; ``--ship`` puts a compact copy where the study ships.
"""

import argparse

from analysis.concepts import corpora
from analysis.concepts.specs import StudySpec
from analysis.control.refusing import NAME, RefusingSpec
from analysis.core.specs import ModelSpec
from analysis.demo.real_study import print_progress
from analysis.demo.shipping import ship
from analysis.study import coverage, library, store
from analysis.worker.adapters import pinned
from analysis.worker.extraction import extract_study, resume_study
from analysis.worker.service import Job, Pool, Task
from analysis.worker.trials import run_trial

MODEL = ModelSpec(library.CHAT)
TITLE = "SmolLM2 135M Instruct on Babelscope requests"
NOTICE = (
    "SmolLM2 135M Instruct by Hugging Face (HuggingFaceTB) is under the Apache License "
    "2.0; this study holds numbers computed from it, and no weights"
)
LANGUAGES = ("en", "es")
"""English, and the language whose requests it answers in that language."""
REQUESTS = 24
OPENINGS = 4
LAYERS = (9, 12, 15, 18, 21)
"""Layers a direction may be of: the middle of 30, every third."""
DRAWS = 11


def main() -> None:
    """Make the study, or go on with it."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument(
        "--ship", action="store_true", help="put a compact copy in place"
    )
    options = given.parse_args()
    pool = Pool()
    name = task_name(run_trial(NAME, refusing_spec(), vectors(pool)), pool)
    print(f"“{name}” in {store.root()}")
    if options.ship:
        folder = library.DEMO_FOLDERS[library.CHAT]
        size = ship(store.root() / name, folder, DRAWS)
        print(f"{size / 1e3:.0f} kB in {folder}")


def study_spec() -> StudySpec:
    """The spec of the vectors, read where the assistant decides."""
    corpus = corpora.load(corpora.OWN_REQUESTS)
    return StudySpec(
        MODEL,
        corpus.name,
        corpus.digest,
        corpus.concepts,
        LANGUAGES,
        template="chat",
    )


def refusing_spec() -> RefusingSpec:
    """How requests are tried."""
    return RefusingSpec(
        MODEL,
        languages=LANGUAGES,
        requests=REQUESTS,
        layers=LAYERS,
        openings=OPENINGS,
    )


def vectors(pool: Pool) -> str:
    """Vectors of requests against their harmless twins; the name of the study."""
    spec = study_spec()
    name = store.name_of(pinned(spec, pool.get(MODEL, job())), TITLE)
    folder = store.root() / name
    if not folder.is_dir():
        corpus = corpora.load(corpora.OWN_REQUESTS)
        return task_name(extract_study(spec, corpus, TITLE, {"notice": NOTICE}), pool)
    if coverage.missing_cells(store.read_manifest(folder)):
        return task_name(resume_study(name), pool)
    return name


def job() -> Job:
    """What is done here and now."""
    return Job(
        1, "command line", TITLE, lambda job, pool: None, on_progress=print_progress
    )


def task_name(task: Task[str], pool: Pool) -> str:
    """The name that a task gives."""
    return task(job(), pool)


if __name__ == "__main__":
    main()
