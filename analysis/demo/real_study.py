"""The study of a real model that comes along: ``python -m analysis.demo.real_study``.

It needs the weights (``babelscope model fetch gemma-3-270m``) and goes through the same path
as any other study, part by part: repeated, it goes on where it was stopped. ``--languages``
takes some of them, ``--ship`` puts a compact copy where the study ships.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from analysis.certificates.specs import NAME as REPORT_CARD
from analysis.certificates.specs import ReportCardSpec
from analysis.concepts import corpora
from analysis.concepts.specs import StudySpec
from analysis.core.specs import ModelSpec
from analysis.crossing import alignment, forcing, latent, patching
from analysis.crossing.specs import (
    ForcingSpec,
    LatentSpec,
    PatchingSpec,
    SentenceAlignmentSpec,
)
from analysis.demo.shipping import MOST_DRAWS, ship
from analysis.plane import naming
from analysis.plane.specs import SweepSpec
from analysis.pushing.specs import NAME as PUSHING
from analysis.pushing.specs import PushingSpec
from analysis.questions import question_sets
from analysis.questions.questions import Questions
from analysis.questions.specs import QuestionSpec
from analysis.sentences import readings, shelf
from analysis.sentences.plan import sentence_spec
from analysis.study import coverage, library, store
from analysis.study.coverage import missing_of_trial
from analysis.study.manifest import Manifest
from analysis.study.word_list import WordList
from analysis.words import word_lists
from analysis.words.plan import word_spec
from analysis.worker.adapters import pinned
from analysis.worker.extraction import embed_words, extract_study, resume_study
from analysis.worker.plane import run_plane
from analysis.worker.questions import read_questions
from analysis.worker.sentences import read_sentences
from analysis.worker.service import Job, Pool, Task
from analysis.worker.trials import TRIALS, run_trial

MODEL = ModelSpec(library.REAL)
TITLE = "Gemma 3 270M (base, 4-bit weights) on Babelscope texts"
NOTICE = (
    "Gemma is provided under and subject to the Gemma Terms of Use found at "
    "ai.google.dev/gemma/terms"
)
"""What section 3.1 of these terms asks to be said with all that is made from the model."""
SPLIT = "5 folds"
EMBEDDING = "last token"
WORD_LAYERS = (9,)
"""The middle of 18: a layer of 300 words in twenty languages takes 4 MB as it ships."""
RAREST = 3.0
"""Words of the three most frequent of five bands are read; with all 500 the study would
take more than the 25 MB that may ship."""
SENTENCE_LAYERS = (9,)
"""The same; a layer of 100 sentences takes 2.6 MB. Means of languages are of all layers."""
MOST_ITEMS = 400
"""All facts, and all places in every topic."""
SWEPT = ("es", "hi", "sw", "zh")
SWEPT_LAYERS = (6, 12)
STRENGTHS = (1.0, 2.0)
PUSHED = ("en", "fr", "zh", "sw")
"""Languages that push one another: near and far ones, with more and less text."""
PUSHES = (0.02, 0.05)
CROSSED = ("fr", "es", "de", "zh", "ru", "id", "hi", "sw")
"""Languages whose prompts are patched and read by the lens: a few minutes each part."""
LENSED = 40
"""Words of each language that the lens is asked for: 15 kB a language."""
MOVED = ("fr", "zh", "hi", "sw")
MOVED_LAYERS, MOVED_STRENGTHS, MOVED_PROMPTS = (6, 9, 12), (1.0, 2.0, 4.0), 8
"""Every prompt is read once for each of them and for a random vector each."""
PUSHED_PROMPTS, PUSHED_DRAWS = 20, 6
"""So many take about five minutes on two processors; pairs differ much, so that more
prompts tell more than more languages would."""
MOST_SWEPT = 24
"""Items of a kind: enough to see a plane, and few enough for two processors."""
MOST_NAMED = 40
"""Everyday questions that are asked in three ways, unsteered and steered."""
CARD_CONCEPT, CARD_LAYER = "toxicity", 11
"""The concept that is read best, at the layer where it is."""
CARD_LANGUAGES = ("en", "es", "hi", "sw")
REWORDED = 6
"""Pairs in other words: all there are of a concept."""


@dataclass(frozen=True)
class Making:
    """What a study is made with: the languages (none: all that the texts have)."""

    languages: tuple[str, ...]
    pool: Pool

    def of(self, known: tuple[str, ...]) -> tuple[str, ...]:
        """The chosen ones of some languages."""
        chosen = self.languages or known
        return tuple(code for code in known if code in chosen)

    def done(self, task: Task[str]) -> str:
        """The name that a task gives, which is done here and now."""
        job = Job(
            1, "command line", TITLE, lambda job, pool: None, on_progress=print_progress
        )
        name = task(job, self.pool)
        for notice in job.notices:
            print(notice)
        return name


def print_progress(done: int, total: int, doing: str) -> None:
    """Print every tenth step."""
    if not total or done % max(1, total // 10) == 0:
        print(f"  {done}/{total} {doing}", flush=True)


def main() -> None:
    """Make the study, or go on with it."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--languages", nargs="+", default=(), metavar="CODE")
    given.add_argument("--parts", nargs="+", choices=tuple(PARTS), default=tuple(PARTS))
    given.add_argument(
        "--ship", action="store_true", help="put a compact copy in place"
    )
    given.add_argument("--draws", type=int, default=MOST_DRAWS, metavar="N")
    options = given.parse_args()
    name = make(Making(tuple(options.languages), Pool()), tuple(options.parts))
    print(f"“{name}” in {store.root()}")
    if options.ship:
        folder = library.DEMO_FOLDERS[library.REAL]
        size = ship(store.root() / name, folder, options.draws)
        print(f"{size / 1e6:.1f} MB in {folder}")


def make(making: Making, parts: tuple[str, ...]) -> str:
    """The study with these parts; its name."""
    name = timed("vectors", partial(vectors, making))
    for part in parts:
        timed(part, partial(part_in, making, name, part))
    return name


def timed(what: str, work: Callable[[], str]) -> str:
    """The result of some work; how long it took is told."""
    began = time.monotonic()
    result = work()
    print(f"{what}: {time.monotonic() - began:.0f} s", flush=True)
    return result


def study_spec(
    languages: tuple[str, ...] = (), concepts: tuple[str, ...] = ()
) -> StudySpec:
    """The spec of the concept vectors, or of a part of them."""
    corpus = corpora.load(corpora.VALUES)
    return StudySpec(
        MODEL,
        corpus.name,
        corpus.digest,
        concepts or corpus.concepts,
        languages or corpus.languages,
        split=SPLIT,
    )


def vectors(making: Making) -> str:
    """Concept vectors and scores of all values; the name of the study."""
    corpus = corpora.load(corpora.VALUES)
    spec = study_spec(making.of(corpus.languages))
    job = Job(1, "command line", TITLE, lambda job, pool: None)
    exact = pinned(spec, making.pool.get(MODEL, job))
    name = store.name_of(exact, TITLE)
    folder = store.root() / name
    if not folder.is_dir():
        return making.done(extract_study(spec, corpus, TITLE, {"notice": NOTICE}))
    if coverage.missing_cells(store.read_manifest(folder)):
        return making.done(resume_study(name))
    return name


def part_in(making: Making, name: str, part: str) -> str:
    """Add a part to a study, unless it has it; the study's name."""
    manifest = store.read_manifest(store.root() / name)
    if has_part(manifest, part):
        return name
    return PARTS[part](making, manifest, name)


def has_part(manifest: Manifest, part: str) -> bool:
    """Whether a study has a part; of what is tried on the model, all of it."""
    if part not in TRIALS:
        return getattr(manifest, part) is not None
    return part in (manifest.trials or {}) and not missing_of_trial(manifest, part)


def words(making: Making, manifest: Manifest, name: str) -> str:
    """Words of all languages that have them."""
    if word_lists.OWN not in word_lists.SOURCES:
        return name
    whole = word_lists.own_words()
    chosen = frequent(whole.within(making.of(whole.languages)))
    spec = word_spec(MODEL, chosen, (EMBEDDING,), layers=WORD_LAYERS)
    return making.done(embed_words(spec, chosen, TITLE, name))


def frequent(listed: WordList) -> WordList:
    """The words that are not rarer than RAREST."""
    kept = []
    for place, frequency in enumerate(listed.frequencies):
        if frequency is not None and frequency >= RAREST:
            kept.append(place)
    spellings = []
    for spelled in listed.spellings:
        spellings.append(tuple(spelled[place] for place in kept))
    return replace(
        listed,
        concepts=tuple(listed.concepts[place] for place in kept),
        spellings=tuple(spellings),
        kinds=tuple(listed.kinds[place] for place in kept),
        frequencies=tuple(listed.frequencies[place] for place in kept),
    )


def sentences(making: Making, manifest: Manifest, name: str) -> str:
    """Parallel sentences of all languages that have them."""
    if shelf.OWN not in shelf.offered():
        return name
    whole = shelf.own_text()
    chosen = whole.within(making.of(whole.languages))
    spec = sentence_spec(MODEL, chosen, (readings.USUAL,), layers=SENTENCE_LAYERS)
    return making.done(read_sentences(spec, chosen, TITLE, name))


def asked_in(manifest: Manifest, asked: Questions) -> tuple[str, ...]:
    """Languages of a study that questions are there in."""
    return tuple(code for code in manifest.languages if code in asked.languages)


def questions(making: Making, manifest: Manifest, name: str) -> str:
    """Facts and everyday questions, asked without a chat template."""
    if question_sets.OWN not in question_sets.offered_questions():
        return name
    asked = question_sets.own_set()
    spec = QuestionSpec(
        MODEL,
        asked.name,
        asked.digest,
        asked_in(manifest, asked),
        template="none",
        most=MOST_ITEMS,
    )
    return making.done(read_questions(spec, asked, TITLE, name))


def plane(making: Making, manifest: Manifest, name: str) -> str:
    """A small sweep of the steering with English and local vectors."""
    if manifest.questions is None:
        return name
    asked = question_sets.own_set()
    spec = SweepSpec(
        MODEL,
        asked.name,
        asked.digest,
        tuple(code for code in SWEPT if code in asked_in(manifest, asked)),
        SWEPT_LAYERS,
        STRENGTHS,
        template="none",
        most=MOST_SWEPT,
    )
    return making.done(run_plane(spec, asked, name))


def named(making: Making, manifest: Manifest, name: str) -> str:
    """Everyday questions with the language or the country named."""
    asked = question_sets.own_set()
    spec = naming.NamingSpec(
        manifest.model or MODEL,
        asked.name,
        asked.digest,
        tuple(code for code in SWEPT if code in asked_in(manifest, asked)),
        most=MOST_NAMED,
        template="none",
    )
    return making.done(run_trial(naming.NAME, spec, name))


def pushed(making: Making, manifest: Manifest, name: str) -> str:
    """The second triangle of some languages and one concept."""
    spec = PushingSpec(
        manifest.model or MODEL,
        manifest.concepts[:1],
        making.of(PUSHED),
        strengths=PUSHES,
        prompts=PUSHED_PROMPTS,
        draws=PUSHED_DRAWS,
    )
    return making.done(run_trial(PUSHING, spec, name))


def met(making: Making, manifest: Manifest, name: str) -> str:
    """At which layer translations meet, in all languages."""
    spec = SentenceAlignmentSpec(
        manifest.model or MODEL, languages=making.of(manifest.languages)
    )
    return making.done(run_trial(alignment.NAME, spec, name))


def patched(making: Making, manifest: Manifest, name: str) -> str:
    """States of some languages' prompts put into English ones."""
    spec = PatchingSpec(manifest.model or MODEL, making.of(CROSSED))
    return making.done(run_trial(patching.NAME, spec, name))


def lensed(making: Making, manifest: Manifest, name: str) -> str:
    """What the lens says at every layer of some languages' prompts."""
    spec = LatentSpec(manifest.model or MODEL, making.of(CROSSED), most=LENSED)
    return making.done(run_trial(latent.NAME, spec, name))


def moved(making: Making, manifest: Manifest, name: str) -> str:
    """English prompts pushed into some languages."""
    spec = ForcingSpec(
        manifest.model or MODEL,
        wanted=making.of(MOVED),
        layers=MOVED_LAYERS,
        strengths=MOVED_STRENGTHS,
        prompts=MOVED_PROMPTS,
    )
    return making.done(run_trial(forcing.NAME, spec, name))


def report_card(making: Making, manifest: Manifest, name: str) -> str:
    """A report card of one concept vector in a few languages."""
    spec = ReportCardSpec(
        manifest.model or MODEL,
        concept=CARD_CONCEPT,
        languages=making.of(CARD_LANGUAGES),
        layer=CARD_LAYER,
        paraphrases=REWORDED,
    )
    return making.done(run_trial(REPORT_CARD, spec, name))


PARTS: dict[str, Callable[[Making, Manifest, str], str]] = {
    "words": words,
    "sentences": sentences,
    "questions": questions,
    "plane": plane,
    naming.NAME: named,
    PUSHING: pushed,
    alignment.NAME: met,
    patching.NAME: patched,
    latent.NAME: lensed,
    forcing.NAME: moved,
    REPORT_CARD: report_card,
}
"""Parts of the study beside its concept vectors, in the order in which they are made."""


if __name__ == "__main__":
    main()
