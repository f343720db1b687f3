"""The demo's studies: ``python -m analysis.demo.study``.

Extracted from the demo model through the same path as any other.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from typing import Any

from analysis.concepts import corpora
from analysis.concepts.corpora import demo_corpus
from analysis.concepts.specs import StudySpec
from analysis.core.model_names import DEMO
from analysis.core.specs import ModelSpec
from analysis.plane.specs import SweepSpec
from analysis.questions.question_sets import demo_questions
from analysis.questions.specs import QuestionSpec
from analysis.study import store
from analysis.study.library import DEMO_FOLDERS
from analysis.words.plan import word_spec
from analysis.words.specs import WordSpec
from analysis.words.word_lists import demo_words
from analysis.worker.extraction import embed_words, extract_study
from analysis.worker.plane import run_plane
from analysis.worker.questions import read_questions
from analysis.worker.service import Job, Pool
from analysis.world.world import LANGUAGES, share

TITLE = "Demo model on the demo world"
REQUESTS = "Demo model on the demo requests"
KEPT_LAYERS = (2, 4, 6)
"""Layers whose word vectors ship: every second one, to keep the demo small."""
EMBEDDED = ("last token", "prompt: one word", "prompt: meaning")


def demo_spec(
    concepts: tuple[str, ...] = (), languages: tuple[str, ...] = LANGUAGES
) -> StudySpec:
    """The spec of the shipped demo study, or of a part of it."""
    corpus = demo_corpus()
    return StudySpec(
        ModelSpec(DEMO),
        corpus.name,
        corpus.digest,
        concepts or corpus.concepts,
        languages,
        split="as given",
    )


def question_spec(languages: tuple[str, ...] = LANGUAGES) -> QuestionSpec:
    """How the shipped study was asked the demo's questions."""
    asked = demo_questions()
    return QuestionSpec(ModelSpec(DEMO), asked.name, asked.digest, languages)


def sweep_spec(languages: tuple[str, ...] = LANGUAGES) -> SweepSpec:
    """How the shipped plane was swept."""
    asked = demo_questions()
    return SweepSpec(
        ModelSpec(DEMO),
        asked.name,
        asked.digest,
        languages,
        tuple(range(1, 7)),
        (2.0, 4.0),
    )


def demo_word_spec(
    model: ModelSpec, languages: tuple[str, ...] = LANGUAGES
) -> WordSpec:
    """The spec of the word vectors that ship with the demo study, or of a part of them."""
    words = demo_words().within(languages)
    return word_spec(model, words, EMBEDDED, layers=KEPT_LAYERS)


def requests_spec(languages: tuple[str, ...] = LANGUAGES) -> StudySpec:
    """The spec of the shipped study of requests.

    Read under the chat template, where the assistant decides.
    """
    corpus = demo_corpus(corpora.REQUESTS)
    return StudySpec(
        ModelSpec(DEMO),
        corpus.name,
        corpus.digest,
        corpus.concepts,
        languages,
        template="chat",
        split="as given",
    )


def main() -> None:
    """Compute the demo's studies and put them where they ship."""
    percent = {language: 100 * share(language) for language in LANGUAGES}
    with tempfile.TemporaryDirectory() as home:
        os.environ["BABELSCOPE_HOME"] = home
        place("demo", make_study({"share_percent": percent}))
        place("demo-requests", make_requests({"share_percent": percent}))


def make_study(facts: dict[str, Any]) -> str:
    """The study of the demo's values, questions, plane and words; its name."""
    questions = demo_questions()
    words = demo_words().within(LANGUAGES)
    embedding = demo_word_spec(ModelSpec(DEMO))
    pool = Pool()
    name = finished(extract_study(demo_spec(), demo_corpus(), TITLE, facts), pool)
    finished(read_questions(question_spec(), questions, TITLE, name), pool)
    finished(run_plane(sweep_spec(), questions, name), pool)
    finished(embed_words(embedding, words, TITLE, name), pool)
    return name


def make_requests(facts: dict[str, Any]) -> str:
    """The study of the demo's requests; its name."""
    corpus = demo_corpus(corpora.REQUESTS)
    task = extract_study(requests_spec(), corpus, REQUESTS, facts)
    return finished(task, Pool())


def finished(task: Callable[[Job, Pool], str], pool: Pool) -> str:
    """The result of a task, which is done here and now."""
    return task(Job(1, "command line", TITLE, lambda job, pool: None), pool)


def place(name: str, made: str) -> None:
    """Put a study where it ships."""
    folder = DEMO_FOLDERS[name]
    shutil.rmtree(folder, ignore_errors=True)
    ignored = shutil.ignore_patterns(".lock")
    shutil.copytree(store.root() / made, folder, ignore=ignored)
    print(f"{len(list(folder.iterdir()))} files in {folder}")


if __name__ == "__main__":
    main()
