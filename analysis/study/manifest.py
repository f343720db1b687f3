"""What is known of a study beside its arrays: a typed value that becomes ``manifest.json``.

Parts (words, questions, plane, imported means) are None where a study has none of them.
Specs of rooms above are kept as they were written; ``spec_as`` gives them as what they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple, Self, TypeVar

import numpy as np

from analysis.core.errors import SpecError, StudyError
from analysis.core.model_kinds import KINDS, Abilities, read_in_words
from analysis.core.specs import DECODER, LAST_STATES, ModelSpec, from_dict
from analysis.languages.shares import SHARES
from analysis.study import bounds
from analysis.study.records import Record, WithSpec, wrong
from analysis.study.trial_part import TrialPart, check_trials
from analysis.study.word_list import WordList

TEXTS_OF_SPEC = (
    "corpus",
    "corpus_digest",
    "estimator",
    "template",
    "split",
    "last_state",
)
"""What papers say of a study in words."""
SCHEMA = 1
"""Of the manifests that this version writes and reads."""


class Cell(NamedTuple):
    """A concept and a language, by their places in the manifest."""

    concept: int
    language: int


class AskedItem(NamedTuple):
    """One question that was asked: its kind, and its item in the question set."""

    kind: str
    item: str


@dataclass(frozen=True, kw_only=True)
class FileEntry(Record):
    """A whole file: its size, its SHA-256, and the keys of the tensors in it."""

    bytes: int
    sha256: str
    keys: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FolderManifest(Record):
    """What the manifest of any folder has: of a study, or of a control run.

    ``babelscope`` is the version that began it; ``files`` are those that are whole.
    """

    schema: int = SCHEMA
    babelscope: str | None = None
    files: Mapping[str, FileEntry] = field(default_factory=dict)

    ENTRY: ClassVar[type[FileEntry]] = FileEntry
    """What it says of a file."""

    @property
    def keys(self) -> frozenset[str]:
        """Keys of everything in its files."""
        found: set[str] = set()
        for entry in self.files.values():
            found.update(entry.keys)
        return frozenset(found)

    def with_file(self, name: str, entry: FileEntry) -> Self:
        """The same with one more file."""
        return replace(self, files={**self.files, name: entry})

    def check(self) -> None:
        """StudyError for a size below 0."""
        for file, entry in self.files.items():
            if entry.bytes < 0:
                raise StudyError(f"files.{file}.bytes is {entry.bytes}, below 0.")


@dataclass(frozen=True, kw_only=True)
class PairCounts(Record):
    """How many contrast pairs a concept has in a language."""

    train: int
    test: int


@dataclass(frozen=True, kw_only=True)
class PairTable(Record):
    """Held-out pairs of a concept, which of them stem from one source, and counts.

    ``folds``: in which fold each is held out, from 0; None where there are no folds.
    """

    test: tuple[str, ...] = ()
    clusters: tuple[int, ...]
    folds: tuple[int, ...] | None = None
    counts: Mapping[str, PairCounts] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PromptPart(Record):
    """What stands around “{text}”: the whole prompt, the day it tells, and thinking.

    ``date`` and ``thinking`` are empty where the template has none.
    """

    written: str
    date: str = ""
    thinking: str = ""


@dataclass(frozen=True, kw_only=True)
class ReadPart(Record):
    """How states were read where that is not at the last token of a decoder.

    ``kind`` of model, ``stack`` whose states they are, and ``position`` of the token;
    the last is empty where each of several embeddings has its own.
    """

    kind: str
    stack: str
    position: str = ""

    @property
    def words(self) -> str:
        """The same to stand behind “states were read”."""
        return read_in_words(self.kind, self.stack, self.position)


@dataclass(frozen=True, kw_only=True)
class LeftOut(Record):
    """Pairs of a concept in a language that take no part.

    ``alike`` of them have members that the model reads alike; without them the others
    were too few.
    """

    concept: str
    language: str
    pairs: tuple[str, ...]
    alike: int


@dataclass(frozen=True, kw_only=True)
class WordsPart(Record, WithSpec):
    """The words whose vectors are kept, and at which layers."""

    spec: Mapping[str, Any]
    digest: str = ""
    list: WordList
    layers: tuple[int, ...]

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages in which words are read."""
        return names_in(self.spec, "languages", "words.spec")

    @property
    def embeddings(self) -> tuple[str, ...]:
        """How words are read."""
        return names_in(self.spec, "embeddings", "words.spec")


@dataclass(frozen=True, kw_only=True)
class SentencesPart(Record, WithSpec):
    """The parallel sentences whose states are kept, and at which layers.

    ``absent``: language → places of the sentences that it lacks. The texts themselves
    are on the shelf of parallel texts, under the digest that the spec names.
    """

    spec: Mapping[str, Any]
    digest: str = ""
    ids: tuple[str, ...]
    topics: tuple[str, ...] = ()
    absent: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    layers: tuple[int, ...]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the parallel text is called."""
        return str(self.spec.get("sentences", ""))

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages in which sentences are read."""
        return names_in(self.spec, "languages", "sentences.spec")

    @property
    def readings(self) -> tuple[str, ...]:
        """How sentences are read."""
        return names_in(self.spec, "readings", "sentences.spec")

    def present(self, language: str) -> np.ndarray:
        """Whether a language has each sentence: (sentence)."""
        there = np.ones(len(self.ids), bool)
        there[list(self.absent.get(language, ()))] = False
        return there


@dataclass(frozen=True, kw_only=True)
class QuestionsPart(Record, WithSpec):
    """The questions that are asked, and the sweep that is to follow, until it begins."""

    spec: Mapping[str, Any]
    digest: str = ""
    prompts: tuple[AskedItem, ...]
    notes: tuple[str, ...] = ()
    sweep: Mapping[str, Any] | None = None
    prompt: PromptPart | None = None

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages in which questions are asked."""
        return names_in(self.spec, "languages", "questions.spec")


@dataclass(frozen=True, kw_only=True)
class PlanePart(Record, WithSpec):
    """A sweep of two-depth steering: what is asked under which settings."""

    spec: Mapping[str, Any]
    digest: str = ""
    prompts: tuple[AskedItem, ...]
    settings: tuple[Mapping[str, Any], ...]
    complete: bool = False
    stage: int | None = None
    prompt: PromptPart | None = None


@dataclass(frozen=True, kw_only=True)
class ImportedPart(Record):
    """Files whose mean states were imported.

    ``digests``: file → SHA-256; None in studies that older versions made.
    """

    files: tuple[str, ...]
    digests: Mapping[str, str] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EnginePart(Record):
    """The program that read a study's states, where that is not transformers here.

    ``model`` is what it calls the model; ``certificate`` is the digest of the one that it
    passed, ``made`` when.
    """

    name: str
    version: str = ""
    model: str
    precision: str
    certificate: str = ""
    made: str = ""


T = TypeVar("T")
P = TypeVar("P", WordsPart, SentencesPart, QuestionsPart, PlanePart, ImportedPart)
Part = WordsPart | SentencesPart | QuestionsPart | PlanePart | ImportedPart
NOUNS = {
    WordsPart: "words",
    SentencesPart: "sentences",
    QuestionsPart: "questions",
    PlanePart: "plane",
    ImportedPart: "imported means",
}


@dataclass(frozen=True, kw_only=True)
class Manifest(FolderManifest):
    """What is known of a study; a published one has citation, figures and shares only.

    ``shares`` names a table of pre-training shares, ``share_percent`` are shares given by
    the user; ``figures``: array → printed figure or table; ``absent``: cells without pairs;
    ``left_out``: pairs that the model cannot tell apart; ``weights``: how the model's were
    stored, where they were not plain numbers; ``model_files``: what tells the files of a
    local model from others under its name; ``notice``: what the terms of the model ask to
    be said with all that is made from it; ``trials``: what was tried on the model;
    ``engine`` read the states, where that was not transformers.
    """

    title: str | None = None
    spec: Mapping[str, Any] | None = None
    digest: str | None = None
    concepts: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    layers: int = 0
    hidden: int | None = None
    absent: tuple[Cell, ...] | None = None
    pairs: Mapping[str, PairTable] | None = None
    left_out: tuple[LeftOut, ...] | None = None
    words: WordsPart | None = None
    sentences: SentencesPart | None = None
    questions: QuestionsPart | None = None
    plane: PlanePart | None = None
    imported: ImportedPart | None = None
    token: Mapping[str, tuple[str, ...]] | None = None
    prompt: PromptPart | None = None
    read: ReadPart | None = None
    notes: tuple[str, ...] | None = None
    libraries: Mapping[str, str] | None = None
    shares: str | None = None
    share_percent: Mapping[str, float] | None = None
    precision: Mapping[str, Any] | None = None
    weights: Mapping[str, Any] | None = None
    model_files: str | None = None
    citation: str | None = None
    by: str | None = None
    figures: Mapping[str, str] | None = None
    embeddings: tuple[str, ...] | None = None
    notice: str | None = None
    trials: Mapping[str, TrialPart] | None = None
    engine: EnginePart | None = None

    NEEDED = ("schema", "concepts", "languages", "layers", "files")

    def spec_as(self, kind: type[T]) -> T:
        """The spec of the contrast pairs; SpecError when there is none or another."""
        return from_dict(kind, self.spec or {})

    @property
    def model(self) -> ModelSpec | None:
        """The weights that were read; None where the study does not say."""
        known = (self.spec or {}).get("model")
        return from_dict(ModelSpec, known) if known else None

    @property
    def abilities(self) -> Abilities:
        """What can be done with the model that was read; a decoder's where it is old."""
        return KINDS.get(self.read.kind if self.read else DECODER, KINDS[DECODER])

    @property
    def model_name(self) -> str:
        """What the model is called."""
        return (self.spec or {}).get("model", {}).get("model", "unknown")

    @property
    def tells_precision(self) -> bool:
        """Whether it is told in which precision the weights were read."""
        return "dtype" in (self.spec or {}).get("model", {})

    @property
    def estimator(self) -> str:
        """How concept vectors were estimated."""
        return (self.spec or {}).get("estimator", "difference of means")

    @property
    def split(self) -> str:
        """How pairs were held out; empty where the study does not say."""
        return (self.spec or {}).get("split", "")

    @property
    def folded(self) -> bool:
        """Whether every pair was held out once, fold by fold."""
        return self.number_of_folds > 0

    @property
    def number_of_folds(self) -> int:
        """Into how many folds pairs were dealt; 0 where there are none."""
        last = -1
        for table in (self.pairs or {}).values():
            last = max(last, *table.folds) if table.folds else last
        return last + 1

    @property
    def last_state(self) -> str:
        """What the last layer is, the last block's output or the normed state."""
        return (self.spec or {}).get("last_state", "block")

    @property
    def parts(self) -> dict[str, Part]:
        """Parts that the study has, by their names in the file."""
        known = {
            "words": self.words,
            "sentences": self.sentences,
            "questions": self.questions,
            "plane": self.plane,
            "imported": self.imported,
        }
        return {name: part for name, part in known.items() if part is not None}

    def part(self, kind: type[P]) -> P:
        """The part of this kind; StudyError when the study has none."""
        for found in self.parts.values():
            if isinstance(found, kind):
                return found
        has = ", ".join(self.parts) or "nothing of the kind"
        raise StudyError(f"“{self.title}” has no {NOUNS[kind]}; it has {has}.")

    def pair_table(self, concept: str) -> PairTable:
        """The pairs of a concept; StudyError when the study has none."""
        if self.pairs is None or concept not in self.pairs:
            raise StudyError(f"“{self.title}” has no contrast pairs of {concept}.")
        return self.pairs[concept]

    def printed(self, array: str) -> str:
        """Where an array of a published study is printed; StudyError when it is not."""
        if self.figures is None or array not in self.figures:
            raise StudyError(f"There is no printed {array} of “{self.title}”.")
        return self.figures[array]

    def check(self) -> None:
        """StudyError for numbers out of range, and for names that do not fit together."""
        super().check()
        bounds.check_size(self.layers, "layers", bounds.MOST_LAYERS)
        if self.hidden is not None:
            bounds.check_size(self.hidden, "hidden", bounds.MOST_HIDDEN)
        if self.title is not None:
            bounds.check_length(self.title, "title", bounds.LONGEST_TITLE)
        bounds.check_names(self.concepts, "concepts")
        bounds.check_codes(self.languages, "languages")
        self.check_absent()
        self.check_pairs()
        self.check_shares()
        self.check_spec()
        self.check_words()
        self.check_sentences()
        self.check_asked()
        check_trials(self.trials or {})

    def check_absent(self) -> None:
        """StudyError for a cell that is none of the study's."""
        for cell in self.absent or ():
            inside = 0 <= cell.concept < len(self.concepts)
            if not (inside and 0 <= cell.language < len(self.languages)):
                raise StudyError(
                    f"absent names the cell {tuple(cell)}; there are "
                    f"{len(self.concepts)} concepts and {len(self.languages)} languages."
                )

    def check_pairs(self) -> None:
        """StudyError for pairs that are not those of the concepts and languages."""
        if self.pairs is None:
            return
        lacking = set(self.concepts) - self.pairs.keys()
        if lacking:
            raise StudyError(f"pairs lacks {', '.join(sorted(lacking))}.")
        for concept, table in self.pairs.items():
            place = f"pairs.{concept}"
            if len(table.clusters) != len(table.test):
                raise StudyError(
                    f"{place}.clusters must be one per held-out pair; there are "
                    f"{len(table.clusters)} for {len(table.test)}."
                )
            self.check_folds(table, place)
            for cluster in table.clusters:
                bounds.check_number(cluster, f"{place}.clusters", bounds.MOST_CLUSTERS)
            for code, counts in table.counts.items():
                self.check_languages((code,), f"{place}.counts")
                for number in (counts.train, counts.test):
                    bounds.check_number(
                        number, f"{place}.counts.{code}", bounds.MOST_PAIRS
                    )

    def check_folds(self, table: PairTable, place: str) -> None:
        """StudyError for folds that are not one per pair, or beyond their number."""
        if table.folds is None:
            return
        if len(table.folds) != len(table.test):
            raise StudyError(
                f"{place}.folds must be one per held-out pair; there are "
                f"{len(table.folds)} for {len(table.test)}."
            )
        for fold in table.folds:
            bounds.check_number(fold, f"{place}.folds", bounds.MOST_FOLDS)

    def check_shares(self) -> None:
        """StudyError for pre-training shares that are no percentages, or not known."""
        if self.shares is not None and self.shares not in SHARES:
            raise StudyError(
                f"shares must be one of {', '.join(SHARES)}; found is “{self.shares}”."
            )
        for code, percent in (self.share_percent or {}).items():
            bounds.check_codes((code,), "share_percent")
            bounds.check_number(percent, f"share_percent.{code}", 100)

    def check_spec(self) -> None:
        """StudyError when the spec does not say model and estimator as specs do."""
        if self.spec is None:
            return
        if "model" in self.spec:
            try:
                known = from_dict(ModelSpec, self.spec["model"])
            except SpecError as error:
                raise StudyError(f"spec.model does not fit: {error}") from error
            bounds.check_length(known.model, "spec.model.model", bounds.LONGEST_TITLE)
        for key in TEXTS_OF_SPEC:
            value = self.spec.get(key, "")
            if not isinstance(value, str):
                raise wrong(f"spec.{key}", "text", value)
            bounds.check_length(value, f"spec.{key}", bounds.LONGEST_TITLE)
        if self.last_state not in LAST_STATES:
            raise StudyError(
                f"spec.last_state must be one of {', '.join(LAST_STATES)}; "
                f"found is “{self.last_state}”."
            )

    def check_words(self) -> None:
        """StudyError when words, spellings, layers and languages do not fit together."""
        if self.words is None:
            return
        known = self.words.list
        bounds.check_codes(known.languages, "words.list.languages")
        bounds.check_differ(known.concepts, "words.list.concepts")
        bounds.check_codes(self.words.languages, "words.spec.languages")
        bounds.check_names(self.words.embeddings, "words.spec.embeddings")
        lists = (self.words.languages, self.words.embeddings, self.words.layers)
        if not (known.concepts and all(lists)):
            raise StudyError(
                "words must have at least one concept, language, layer and embedding."
            )
        lacking = set(self.words.languages) - set(known.languages)
        if lacking:
            raise StudyError(f"words.list has no {', '.join(sorted(lacking))}.")
        check_spellings(known)
        for layer in self.words.layers:
            if not 1 <= layer <= self.layers:
                raise StudyError(
                    f"words.layers must be from 1 to {self.layers}; found is {layer}."
                )
        bounds.check_differ(self.words.layers, "words.layers")

    def check_sentences(self) -> None:
        """StudyError when sentences, layers and languages do not fit together."""
        known = self.sentences
        if known is None:
            return
        bounds.check_differ(known.ids, "sentences.ids")
        bounds.check_codes(known.languages, "sentences.spec.languages")
        bounds.check_names(known.readings, "sentences.spec.readings")
        if not (known.ids and known.languages and known.readings and known.layers):
            raise StudyError(
                "sentences must have at least one sentence, language, layer and reading."
            )
        if len(known.topics) not in (0, len(known.ids)):
            raise StudyError(
                "sentences.topics must be empty or one for each of "
                f"{len(known.ids)} sentences; there are {len(known.topics)}."
            )
        strange = known.absent.keys() - set(known.languages)
        if strange:
            raise StudyError(f"sentences.absent names {', '.join(sorted(strange))}.")
        for code, places in known.absent.items():
            bounds.check_differ(places, f"sentences.absent.{code}")
            for place in places:
                bounds.check_number(
                    place, f"sentences.absent.{code}", len(known.ids) - 1
                )
        for layer in known.layers:
            if not 1 <= layer <= self.layers:
                raise StudyError(
                    f"sentences.layers must be from 1 to {self.layers}; found is {layer}."
                )
        bounds.check_differ(known.layers, "sentences.layers")

    def check_asked(self) -> None:
        """StudyError for questions and settings that are not about this study."""
        if self.questions is not None:
            self.check_languages(self.questions.languages, "questions.spec")
        if self.plane is None:
            return
        codes = names_in(self.plane.spec, "languages", "plane.spec")
        self.check_languages(codes, "plane.spec")
        for number, setting in enumerate(self.plane.settings):
            for key in ("english_layer", "local_layer"):
                layer = setting.get(key, 0)
                if type(layer) is not int or not 0 <= layer <= self.layers:
                    raise StudyError(
                        f"plane.settings.{number}.{key} must be a layer from 1 to "
                        f"{self.layers}, or 0; found is {str(layer)[:60]!r}."
                    )

    def check_languages(self, codes: tuple[str, ...], place: str) -> None:
        """StudyError for languages that the study does not have."""
        strange = set(codes) - set(self.languages)
        if strange:
            raise StudyError(
                f"{place} has {', '.join(sorted(strange))}, "
                f"but the study has {', '.join(self.languages)}."
            )


def check_spellings(known: WordList) -> None:
    """StudyError for spellings, kinds or frequencies that are not one per concept."""
    sizes = {len(spelled) for spelled in known.spellings}
    if len(known.spellings) != len(known.languages) or sizes - {len(known.concepts)}:
        raise StudyError(
            "words.list.spellings must have a word or an empty text "
            f"for each of {len(known.concepts)} concepts in every language."
        )
    for place in ("kinds", "frequencies"):
        found = len(getattr(known, place))
        if found not in (0, len(known.concepts)):
            raise StudyError(
                f"words.list.{place} must be empty or one for each of "
                f"{len(known.concepts)} concepts; there are {found}."
            )


def names_in(
    spec: Mapping[str, Any],
    key: str,
    place: str,
) -> tuple[str, ...]:
    """The names that a spec lists; StudyError when it lists none."""
    found = spec.get(key, ())
    if not isinstance(found, list | tuple) or not all(
        isinstance(x, str) for x in found
    ):
        raise StudyError(
            f"{place}.{key} must list names; found is {str(found)[:60]!r}."
        )
    return tuple(found)
