"""Questions asked of a study's model: states of every question, English and local
vectors, language by language.

A cell is one language; its numbers depend on the spec alone, so a killed run that is
resumed gives the same bytes.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from analysis.concepts.plan import Reader
from analysis.concepts.readouts import States
from analysis.core.errors import CorpusError, StudyError
from analysis.core.scores import Scored
from analysis.core.specs import ModelSpec, digest, written
from analysis.questions.answers import NAMED, likeliest
from analysis.questions.questions import CULTURE, UNIVERSAL, Question, Questions
from analysis.questions.specs import QuestionSpec
from analysis.study import coverage, store, together
from analysis.study.manifest import (
    AskedItem,
    Manifest,
    PromptPart,
    QuestionsPart,
    ReadPart,
)
from analysis.study.stored_arrays import SCALE, read_parts
from analysis.study.together import Group, Plan, Progress, Shard

ENGLISH = "en"
MISSING, TRAIN, TEST = 0, 1, 2
UNSCORED, ELSEWHERE, LOCAL = 0, 1, 2
"""Whether the model takes the local answer."""
ENOUGH = 2
"""Training items below which there is no vector."""
HALF_PRECISION = 2.0**14


class Lens(Protocol):
    """The logit lens of a model, as ``analysis.model.lens`` gives it."""

    def __call__(
        self,
        states: np.ndarray,
        answers: Sequence[tuple[str, str]],
        behind: Callable[[Sequence[int], Sequence[tuple[int, ...]]], np.ndarray],
    ) -> np.ndarray:
        """Shares (side, layer) of answers in states (text, layer, hidden).

        ``behind`` reads the states of paths of tokens behind texts.
        """
        ...

    def told(self, answers: Sequence[tuple[str, str]]) -> int:
        """How many of the answers can be told apart by how they begin."""
        ...

    def followed(self, answers: Sequence[tuple[str, str]]) -> int:
        """How many of those are followed beyond a part of a character."""
        ...


class Answering(Reader, Protocol):
    """A model that also says how likely it finds answers, unless ``scores`` is false."""

    @property
    def scores(self) -> bool:
        """Whether it says so."""
        ...

    def score(
        self, texts: Sequence[str], options: Sequence[Sequence[str]]
    ) -> list[Scored]:
        """How likely each text's options are right behind it."""
        ...

    def states_behind(
        self, texts: Sequence[str], tokens: Sequence[Sequence[int]]
    ) -> np.ndarray:
        """States (text, layer, hidden) of the last of some tokens behind each text."""
        ...


def begin_asking(
    spec: QuestionSpec,
    questions: Questions,
    reader: Reader,
    title: str,
    into: Path | None = None,
    sweep: Mapping[str, Any] | None = None,
    prompt: PromptPart | None = None,
    read: ReadPart | None = None,
) -> Path:
    """Write what is known before anything is asked into a study of the same model, or
    into a new one without concepts. ``sweep`` is the spec of one that is to follow.

    StudyError when the study is of another model or has other questions, or the same
    study is complete already.
    """
    about = QuestionsPart(
        spec=written(spec),
        digest=digest(spec),
        prompts=prompts(spec, questions),
        notes=tuple(questions.notes),
        sweep=sweep,
        prompt=prompt,
    )
    if into is None:
        into = store.root() / store.name_of(spec, title)
        if not into.exists():
            begun = replace(bare(spec, reader, title), questions=about, read=read)
            return store.create(into.name, begun)
    with store.writing(into):
        manifest = store.read_manifest(into)
        fits(manifest, spec, reader)
        if manifest.questions is None:
            store.write_manifest(into, replace(manifest, questions=about))
        elif manifest.questions.digest != about.digest:
            raise StudyError(
                f"“{manifest.title}” was asked other questions, or in another way. "
                "Begin a new study for these."
            )
        elif not coverage.question_cells(manifest):
            raise StudyError(
                f"“{manifest.title}” was asked exactly these questions already."
            )
    return into


def bare(spec: QuestionSpec, reader: Reader, title: str) -> Manifest:
    """The manifest of a study without concepts."""
    return Manifest(
        title=title,
        spec={"model": written(spec.model)},
        digest=digest(spec),
        languages=spec.languages,
        layers=reader.layers,
        hidden=reader.hidden,
    )


def fits(manifest: Manifest, spec: QuestionSpec, reader: Reader) -> None:
    """StudyError unless the study is of the same model and has the languages."""
    model = manifest.model or ModelSpec("unknown")
    same = (
        model.model,
        model.revision,
        model.stack,
        manifest.layers,
        manifest.hidden or reader.hidden,
    )
    asked = spec.model
    if same != (
        asked.model,
        asked.revision,
        asked.stack,
        reader.layers,
        reader.hidden,
    ):
        raise StudyError(
            f"“{manifest.title}” is a study of {model.model} at "
            f"{model.revision[:12]}, asked would be "
            f"{spec.model.model} at {spec.model.revision[:12]}. Choose the same "
            "model, or begin a new study."
        )
    if strange := sorted(set(spec.languages) - set(manifest.languages)):
        raise StudyError(
            f"“{manifest.title}” has no {', '.join(strange)}. Leave them out, or begin a new study."
        )


def prompts(spec: QuestionSpec, questions: Questions) -> tuple[AskedItem, ...]:
    """What is asked, as (kind, item): universal items, culture items without and then
    with the country named.

    Where there are more than ``most`` items of a kind, every n-th is taken; CorpusError
    when there is nothing to ask.
    """
    kept = {}
    for kind in (UNIVERSAL, CULTURE):
        items = questions.items(kind)
        places = (
            np.unique(
                np.linspace(0, len(items) - 1, min(len(items), spec.most))
                .round()
                .astype(int)
            )
            if items
            else ()
        )
        kept[kind] = [items[place] for place in places]
    listed = [
        AskedItem(kind, item) for kind in (UNIVERSAL, CULTURE) for item in kept[kind]
    ]
    if not listed or not set(spec.languages) & set(questions.languages):
        raise CorpusError(
            f"“{questions.name}” has no question in {', '.join(spec.languages)}. "
            "Choose other questions."
        )
    return (*listed, *(AskedItem(NAMED, item) for item in kept[CULTURE]))


def run_asking(
    folder: Path,
    questions: Questions,
    reader: Answering,
    lens: Lens | None,
    progress: Progress,
) -> None:
    """Ask the questions of the languages that are missing, one commit each.

    ``progress`` may raise to stop. StudyError for other questions than the study's.
    """
    with store.writing(folder):
        about = asked_about(folder, questions)
        manifest = store.read_manifest(folder)
        waiting = coverage.question_cells(manifest)
        total = len(about.languages)
        for place, language in enumerate(waiting):
            done = total - len(waiting) + place
            progress(done, total, f"questions · {manifest.languages[language]}")
            ask_language(folder, questions, reader, lens, language)
        progress(total, total, "done")


def run_together(
    folder: Path,
    questions: Questions,
    reader: Answering,
    lens: Lens | None,
    progress: Progress,
    shard: Shard,
) -> None:
    """The same by several processes at once, English first, which the others need.

    StudyError as in ``run_asking`` and in ``together.compute``.
    """
    about = asked_about(folder, questions)
    manifest = store.read_manifest(folder)
    in_order = sorted(about.languages, key=lambda code: code != ENGLISH)
    places = {file_of(manifest.languages.index(code)): code for code in in_order}

    def of_language(group: Group) -> None:
        language = manifest.languages.index(places[group.name])
        ask_language(folder, questions, reader, lens, language)

    groups = []
    for file, code in places.items():
        place = manifest.languages.index(code)
        first = "" if code == ENGLISH else file_of_english(manifest)
        keys = frozenset({f"item_part/{place}"})
        groups.append(Group(file, keys, (file,), first))
    together.compute(folder, Plan(groups, of_language), progress, shard)


def asked_about(folder: Path, questions: Questions) -> QuestionsPart:
    """What a study asks; StudyError unless it is these questions."""
    about = store.read_manifest(folder).part(QuestionsPart)
    spec = about.spec_as(QuestionSpec)
    if questions.digest != spec.questions_digest:
        raise StudyError(
            f"“{folder.name}” was begun with the questions "
            f"{spec.questions_digest}; given are {questions.digest}."
        )
    return about


def file_of(language: int) -> str:
    """The file of a language's questions, by its place in the study."""
    return f"questions-{language:03d}.safetensors"


def file_of_english(manifest: Manifest) -> str:
    """The same of English."""
    return file_of(manifest.languages.index(ENGLISH))


def ask_language(
    folder: Path,
    questions: Questions,
    reader: Answering,
    lens: Lens | None,
    language: int,
) -> None:
    """Ask the questions of one language, and commit what is read of them."""
    about = store.read_manifest(folder).part(QuestionsPart)
    asking = Asking(about.spec_as(QuestionSpec), questions, about.prompts)
    tensors = cell(folder, asking, reader, lens, language)
    held = {f"{name}/{language}": values for name, values in tensors.items()}
    store.add_file(folder, file_of(language), held)


class Asking(NamedTuple):
    """What is asked of a model, item by item in every language."""

    spec: QuestionSpec
    questions: Questions
    items: Sequence[AskedItem]


class ItemsRead(NamedTuple):
    """The items of one language as they were read.

    ``states`` (prompt, layer, hidden), zero where there is no text; ``part`` (prompt):
    missing, held out or trained on; ``local`` (prompt): whether the local answer is the
    likeliest. ``texts`` only while a model is at hand.
    """

    states: np.ndarray
    part: np.ndarray
    local: np.ndarray
    texts: Sequence[str | None] = ()


class EnglishRead(NamedTuple):
    """The same of English, as other languages need it."""

    states: np.ndarray
    part: np.ndarray


def cell(
    folder: Path, asking: Asking, reader: Answering, lens: Lens | None, language: int
) -> dict[str, np.ndarray]:
    """States, parts and vectors of one language, and the logit lens where there is one."""
    questions = asking.questions
    manifest = store.read_manifest(folder)
    code = manifest.languages[language]
    wordings = [wording_of(questions, code, item) for item in asking.items]
    texts = [each.text for each in wordings]
    states = states_read(reader, texts)
    part = np.array([part_of(questions, each) for each in wordings], np.uint8)
    scale = scale_of(states)
    tensors = {
        "item_state": (states / scale[:, None]).astype(np.float16),
        SCALE: scale,
        "item_part": part,
    }
    local = answered(reader, asking.items, wordings, part)
    tensors["item_local"] = local
    own = ItemsRead(states, part, local, texts)
    english = states_of(folder, manifest, code, tensors)
    if code == ENGLISH:
        english = None
    seed = seed_of(asking.spec.seed, code)
    tensors |= question_vectors(asking.items, own, english, seed)
    if lens:
        tensors |= lensed(lens, reader, asking, code, own)
    return tensors


class Wording(NamedTuple):
    """A question of one language and the words in which it is asked, where it has any."""

    question: Question | None
    text: str | None


def wording_of(questions: Questions, code: str, item: AskedItem) -> Wording:
    """How an item is asked in a language; with the country named for named items."""
    kind = CULTURE if item.kind == NAMED else item.kind
    question = questions.table.get((kind, code, item.item))
    if question is None:
        return Wording(None, None)
    text = question.named if item.kind == NAMED else question.question
    return Wording(question, text)


def part_of(questions: Questions, wording: Wording) -> int:
    """Whether a question is missing, held out or trained on."""
    if wording.question is None or not wording.text:
        return MISSING
    return TEST if questions.held_out(wording.question) else TRAIN


def states_read(reader: Answering, texts: Sequence[str | None]) -> np.ndarray:
    """States (prompt, layer, hidden), float32; zero where there is no text."""
    states = np.zeros((len(texts), reader.layers, reader.hidden), np.float32)
    there = [place for place, text in enumerate(texts) if text]
    if there:
        with States(len(there), reader.layers, reader.hidden) as kept:
            reader.stream([text for text in texts if text], [kept])
            states[there] = kept.values.transpose(1, 0, 2)
    return states


def scale_of(states: np.ndarray) -> np.ndarray:
    """Per layer the power of two by which states fit into half precision."""
    largest = np.abs(states).max((0, 2))
    power = np.ceil(np.log2(np.maximum(largest / HALF_PRECISION, 1)))
    return 2.0 ** power.astype(np.float32)


def seed_of(seed: int, code: str) -> int:
    """The seed of a language's shuffled labels."""
    name = f"{seed} {code}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")


def answered(
    reader: Answering,
    asked: Sequence[AskedItem],
    wordings: Sequence[Wording],
    part: np.ndarray,
) -> np.ndarray:
    """Whether the local answer is the likeliest per token (prompt,): training culture
    items with options, both ways of asking.
    """
    local = np.full(len(asked), UNSCORED, np.uint8)
    places, texts, options, right = [], [], [], []
    for place, (question, text) in enumerate(wordings):
        if asked[place].kind == UNIVERSAL or part[place] != TRAIN:
            continue
        if question and text and question.options:
            places.append(place)
            texts.append(text)
            options.append(question.options)
            right.append(question.options.index(question.answer) + 1)
    if not places or not reader.scores:
        return local
    scores, tokens = np.zeros((2, len(places), max(map(len, options))))
    for row, (nats, counts) in enumerate(reader.score(texts, options)):
        scores[row, : len(nats)], tokens[row, : len(counts)] = nats, counts
    taken = likeliest(scores, tokens) == np.array(right)
    local[places] = np.where(taken, LOCAL, ELSEWHERE)
    return local


def states_of(
    folder: Path, manifest: Manifest, code: str, tensors: Mapping
) -> EnglishRead | None:
    """States and parts of the English questions, as they were kept; None where English
    is not among the languages.
    """
    if code == ENGLISH or ENGLISH not in manifest.languages:
        return None
    place = (manifest.languages.index(ENGLISH),)
    parts = read_parts(folder, manifest, "item_part")
    if place not in parts:
        return None
    states = read_parts(folder, manifest, "item_state")[place].astype(np.float32)
    scale = read_parts(folder, manifest, SCALE)[place]
    return EnglishRead(states * scale[:, None], parts[place])


def gaps(
    asked: Sequence[AskedItem], own: ItemsRead, english: EnglishRead | None
) -> dict[str, np.ndarray]:
    """Per item (item, layer, hidden): state in English minus own (``english``), country
    named minus not named (``local``).

    Training items only that are there on both sides; ``flipped``: those of the local
    ones whose answer becomes the local one when
    the country is named (Veselovsky et al., arXiv 2504.10191).
    """
    found = {}
    part_of_english = None if english is None else english.part
    places = compared(asked, own.part, own.local, part_of_english)
    for name, (more, less) in places.items():
        minuend = own if english is None or name != "english" else english
        found[name] = minuend.states[more] - own.states[less]
    return found


def compared(
    asked: Sequence[AskedItem],
    part: np.ndarray,
    local: np.ndarray,
    english: np.ndarray | None,
) -> dict[str, tuple]:
    """Which prompts the differences of ``gaps`` are taken between: name → (places of
    the first, of the second), item by item.

    ``english``: parts of the English questions. The second place is the item's own in
    every language.
    """
    kinds = np.array([kind for kind, _ in asked])
    train, found = part == TRAIN, {}
    if english is not None:
        chosen = np.flatnonzero((kinds == UNIVERSAL) & train & (english != MISSING))
        found["english"] = chosen, chosen
    plain, named = np.flatnonzero(kinds == CULTURE), np.flatnonzero(kinds == NAMED)
    both = train[plain] & train[named]
    flips = both & (local[plain] == ELSEWHERE) & (local[named] == LOCAL)
    return found | {
        name: (named[kept], plain[kept])
        for name, kept in (("local", both), ("flipped", flips))
    }


def question_vectors(
    asked: Sequence[AskedItem], own: ItemsRead, english: EnglishRead | None, seed: int
) -> dict[str, np.ndarray]:
    """English and local vectors (layer, hidden) with their shuffled twins; left out
    where there are too few training items.
    """
    made = {}
    for name, each in gaps(asked, own, english).items():
        if len(each) >= ENOUGH:
            signs = np.random.default_rng(seed).permutation(
                np.where(np.arange(len(each)) % 2, -1.0, 1.0)
            )
            made[f"{name}_vector"] = each.mean(0).astype(np.float32)
            made[f"{name}_shuffled"] = (
                (each * signs[:, None, None]).mean(0).astype(np.float32)
            )
    return made


def lensed(
    lens: Lens, reader: Answering, asking: Asking, code: str, own: ItemsRead
) -> dict[str, np.ndarray]:
    """Mean logit-lens share (side, layer) over the universal questions that have an
    answer in both languages, if there are any, and how many of how many those are.
    """
    table = asking.questions.table
    chosen, answers = [], []
    for i, (kind, item) in enumerate(asking.items):
        here = table.get((UNIVERSAL, code, item))
        english = table.get((UNIVERSAL, ENGLISH, item))
        if kind == UNIVERSAL and own.part[i] and here and english:
            chosen.append(i)
            answers.append((here.answer, english.answer))
    if not chosen or code == ENGLISH:
        return {}
    told = lens.told(answers)
    counts = {
        "lens_answers": np.array([told, len(answers)], np.uint16),
        "lens_followed": np.array([lens.followed(answers)], np.uint16),
    }
    if not told:
        return counts

    def behind(places: Sequence[int], paths: Sequence[Sequence[int]]) -> np.ndarray:
        texts = [own.texts[chosen[place]] for place in places]
        return reader.states_behind(texts, paths)

    shares = lens(own.states[chosen], answers, behind)
    return counts | {"lens_share": shares.astype(np.float32)}
