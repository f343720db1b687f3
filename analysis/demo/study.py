"""The demo study, extracted from the demo model through the same path as any other: ``python -m analysis.demo.study``."""

import os
import shutil
import tempfile
from pathlib import Path

from analysis.demo.world import LANGUAGES, share
from analysis.engine.asking import read_questions
from analysis.engine.service import Job, Pool
from analysis.engine.sweeping import run_plane
from analysis.engine.work import extract_study
from analysis.sources.corpora import demo_corpus
from analysis.sources.models import DEMO
from analysis.sources.question_sets import demo_questions
from analysis.specs import ModelSpec, QuestionSpec, StudySpec, SweepSpec
from analysis.studies import store
from analysis.studies.library import DEMO_FOLDER

TITLE = "Demo model on the demo world"


def demo_spec(concepts: tuple[str, ...] = (), languages: tuple[str, ...] = LANGUAGES) -> StudySpec:
    """The spec of the shipped demo study, or of a part of it."""
    corpus = demo_corpus()
    return StudySpec(ModelSpec(DEMO), corpus.name, corpus.digest, concepts or corpus.concepts, languages, split="as given")


def question_spec(languages: tuple[str, ...] = LANGUAGES) -> QuestionSpec:
    """How the shipped study was asked the demo's questions."""
    asked = demo_questions()
    return QuestionSpec(ModelSpec(DEMO), asked.name, asked.digest, languages)


def sweep_spec(languages: tuple[str, ...] = LANGUAGES) -> SweepSpec:
    """How the shipped plane was swept."""
    asked = demo_questions()
    return SweepSpec(ModelSpec(DEMO), asked.name, asked.digest, languages, tuple(range(1, 7)), (2.0, 4.0))


def main() -> None:
    """Compute the demo study and put it where it ships."""
    facts = {"share_percent": {language: 100 * share(language) for language in LANGUAGES}}
    with tempfile.TemporaryDirectory() as home:
        os.environ["BABELSCOPE_HOME"] = home
        job = Job(1, "command line", TITLE, lambda job, pool: None)
        pool = Pool()
        name = extract_study(demo_spec(), demo_corpus(), TITLE, facts)(job, pool)
        read_questions(question_spec(), demo_questions(), TITLE, name)(job, pool)
        run_plane(sweep_spec(), demo_questions(), name)(job, pool)
        shutil.rmtree(DEMO_FOLDER, ignore_errors=True)
        shutil.copytree(store.root() / name, DEMO_FOLDER, ignore=shutil.ignore_patterns(".lock"))
    print(f"{len(list(Path(DEMO_FOLDER).iterdir()))} files in {DEMO_FOLDER}")


if __name__ == "__main__":
    main()
