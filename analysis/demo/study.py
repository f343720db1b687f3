"""The demo study, extracted from the demo model through the same path as any other: ``python -m analysis.demo.study``."""

import os
import shutil
import tempfile

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

TITLE, REQUESTS = "Demo model on the demo world", "Demo model on the demo requests"
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
    return word_spec(
        model, demo_words().within(languages), EMBEDDED, layers=KEPT_LAYERS
    )


def requests_spec(languages: tuple[str, ...] = LANGUAGES) -> StudySpec:
    """The spec of the shipped study of requests: read under the chat template, where the assistant decides."""
    corpus = demo_corpus("demo requests")
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
    facts = {
        "share_percent": {language: 100 * share(language) for language in LANGUAGES}
    }
    with tempfile.TemporaryDirectory() as home:
        os.environ["BABELSCOPE_HOME"] = home
        job, pool = Job(1, "command line", TITLE, lambda job, pool: None), Pool()
        whole = extract_study(demo_spec(), demo_corpus(), TITLE, facts)(job, pool)
        read_questions(question_spec(), demo_questions(), TITLE, whole)(job, pool)
        run_plane(sweep_spec(), demo_questions(), whole)(job, pool)
        embed_words(
            demo_word_spec(ModelSpec(DEMO)),
            demo_words().within(LANGUAGES),
            TITLE,
            whole,
        )(job, pool)
        requests = extract_study(
            requests_spec(), demo_corpus("demo requests"), REQUESTS, facts
        )(job, pool)
        for name, made in (("demo", whole), ("demo-requests", requests)):
            shutil.rmtree(DEMO_FOLDERS[name], ignore_errors=True)
            shutil.copytree(
                store.root() / made,
                DEMO_FOLDERS[name],
                ignore=shutil.ignore_patterns(".lock"),
            )
            print(
                f"{len(list(DEMO_FOLDERS[name].iterdir()))} files in {DEMO_FOLDERS[name]}"
            )


if __name__ == "__main__":
    main()
