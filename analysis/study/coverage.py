"""What a complete study has, by its manifest, and what of it is not computed yet."""

from typing import NamedTuple

from analysis.study.manifest import Manifest
from analysis.study.trial_part import key_of

WORDS = "word_vector"
SENTENCES = "sentence_state"
ENGLISH = "en"
ARRAY_OF = {"vector": "concept_vector", "score": "pair_score"}
"""Stage of a study of contrast pairs → the array by which its cells are known."""


class PairCell(NamedTuple):
    """What is computed at once of contrast pairs: a stage, a concept, a language."""

    stage: str
    concept: int
    language: int

    @property
    def key(self) -> str:
        """The tensor that is there once the cell is computed."""
        return f"{ARRAY_OF[self.stage]}/{self.concept}/{self.language}"


class WordCell(NamedTuple):
    """What is computed at once of words: an embedding in a language."""

    embedding: int
    language: int

    @property
    def key(self) -> str:
        """The tensor that is there once the cell is computed."""
        return f"{WORDS}/{self.embedding}/{self.language}"


class SentenceCell(NamedTuple):
    """What is computed at once of sentences: a reading in a language."""

    reading: int
    language: int

    @property
    def key(self) -> str:
        """The tensor that is there once the cell is computed."""
        return f"{SENTENCES}/{self.reading}/{self.language}"


def pair_cells(manifest: Manifest) -> list[PairCell]:
    """Every cell of contrast pairs that a complete study has, in order of computation.

    Concept by concept, since what is kept for a moment only is of one concept.
    """
    absent = set(manifest.absent or ())
    found = []
    for concept in range(len(manifest.concepts)):
        for stage in ARRAY_OF:
            for language in range(len(manifest.languages)):
                if (concept, language) not in absent:
                    found.append(PairCell(stage, concept, language))
    return found


def missing_pair_cells(manifest: Manifest) -> list[PairCell]:
    """Cells of contrast pairs that were not computed yet."""
    keys = manifest.keys
    return [cell for cell in pair_cells(manifest) if cell.key not in keys]


def word_cells(manifest: Manifest) -> list[WordCell]:
    """Every cell of words that a complete study has, in order of computation."""
    words = manifest.words
    if words is None:
        return []
    found = []
    for embedding in range(len(words.embeddings)):
        for language in range(len(words.languages)):
            found.append(WordCell(embedding, language))
    return found


def missing_words(manifest: Manifest) -> list[WordCell]:
    """The cells of words that were not computed yet."""
    keys = manifest.keys
    return [cell for cell in word_cells(manifest) if cell.key not in keys]


def sentence_cells(manifest: Manifest) -> list[SentenceCell]:
    """Every cell of sentences that a complete study has, in order of computation."""
    sentences = manifest.sentences
    if sentences is None:
        return []
    found = []
    for reading in range(len(sentences.readings)):
        for language in range(len(sentences.languages)):
            found.append(SentenceCell(reading, language))
    return found


def missing_sentences(manifest: Manifest) -> list[SentenceCell]:
    """The cells of sentences that were not computed yet."""
    keys = manifest.keys
    return [cell for cell in sentence_cells(manifest) if cell.key not in keys]


def question_cells(manifest: Manifest) -> list[int]:
    """Places of the languages whose questions were not asked yet.

    English comes first, because the others need it.
    """
    questions = manifest.questions
    if questions is None:
        return []
    keys = manifest.keys
    waiting = []
    for language in sorted(questions.languages, key=lambda code: code != ENGLISH):
        place = manifest.languages.index(language)
        if f"item_part/{place}" not in keys:
            waiting.append(place)
    return waiting


def missing_of_trial(manifest: Manifest, trial: str) -> tuple[int, ...]:
    """Numbers of the cells of a trial that were not computed yet."""
    part = (manifest.trials or {})[trial]
    keys = manifest.keys
    array = next(iter(part.arrays))
    found = []
    for cell in range(part.number_of_cells):
        if key_of(trial, array, cell) not in keys:
            found.append(cell)
    return tuple(found)


def missing_pairs(manifest: Manifest) -> tuple[str, ...]:
    """Cells of contrast pairs not computed yet, in words."""
    found = []
    for cell in missing_pair_cells(manifest):
        concept = manifest.concepts[cell.concept]
        found.append(f"{cell.stage} {concept} {manifest.languages[cell.language]}")
    return tuple(found)


def missing_cells(manifest: Manifest) -> tuple[str, ...]:
    """All cells not computed yet, in words."""
    found = list(missing_pairs(manifest))
    words = manifest.words
    if words is not None:
        for cell in missing_words(manifest):
            embedding = words.embeddings[cell.embedding]
            found.append(f"words {embedding} {words.languages[cell.language]}")
    sentences = manifest.sentences
    if sentences is not None:
        for cell in missing_sentences(manifest):
            reading = sentences.readings[cell.reading]
            found.append(f"sentences {reading} {sentences.languages[cell.language]}")
    for place in question_cells(manifest):
        found.append(f"questions {manifest.languages[place]}")
    if is_sweep_to_come(manifest):
        found.append("the plane")
    if manifest.plane is not None and not manifest.plane.complete:
        found.append("the rest of the plane")
    if lacks_means(manifest):
        found.append("the imported means")
    for trial in manifest.trials or {}:
        for cell in missing_of_trial(manifest, trial):
            found.append(f"{trial} {cell}")
    return tuple(found)


def is_sweep_to_come(manifest: Manifest) -> bool:
    """Whether a sweep was wanted that has not begun."""
    questions = manifest.questions
    return questions is not None and questions.sweep is not None


def missing_settings(manifest: Manifest) -> list[int]:
    """Numbers of the settings of a sweep that are listed and were not answered yet.

    What follows from their answers is listed once none is missing.
    """
    plane = manifest.plane
    if plane is None or plane.complete:
        return []
    keys = manifest.keys
    numbers = range(len(plane.settings))
    return [number for number in numbers if f"plane_there/{number}" not in keys]


def lacks_means(manifest: Manifest) -> bool:
    """Whether an import of means ended before their file was written.

    Only in studies of earlier versions.
    """
    return manifest.imported is not None and "mean_state/0" not in manifest.keys
