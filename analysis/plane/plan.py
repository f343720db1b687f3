"""The sweep behind the plane: settings of English and local steering, answered and
committed one by one.

Single vectors first, then the best layers of both combined, then random twins of the
best settings. What comes later is decided on
one half of the items only. A setting's numbers depend on the spec and the study alone,
so a killed sweep goes on where it was.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from analysis.concepts.plan import Progress
from analysis.core.errors import CorpusError, SpecError, StudyError
from analysis.core.model_kinds import check_writes
from analysis.core.scores import Scored
from analysis.core.specs import digest, from_dict, written
from analysis.plane import localisation
from analysis.plane.localisation import Setting
from analysis.plane.specs import SweepSpec
from analysis.plane.written_answers import matched
from analysis.questions.answers import NAMED
from analysis.questions.geometry import local_vectors, stack
from analysis.questions.questions import CULTURE, UNIVERSAL, Question, Questions
from analysis.study import coverage, store, together
from analysis.study.manifest import AskedItem, PlanePart, PromptPart, QuestionsPart
from analysis.study.study import Study
from analysis.study.together import Group, Plan, Shard

TWINS = 3
"""Random twins of every setting that was chosen."""
STAGE = "plane"
"""What the files of its settings begin with, and their one file once it is complete."""
Push = Sequence[tuple[int, np.ndarray]]


class Answerer(Protocol):
    """A model that answers questions while it is steered; a push is (layer, vector to
    add at every token).
    """

    def score(
        self,
        questions: Sequence[str],
        pushes: Sequence[Push],
        options: Sequence[Sequence[str]],
    ) -> list[Scored]:
        """How likely each question's options are."""
        ...

    def write(self, questions: Sequence[str], pushes: Sequence[Push]) -> list[str]:
        """A greedy answer to every question."""
        ...


def begin_sweep(
    folder: Path,
    spec: SweepSpec,
    questions: Questions,
    prompt: PromptPart | None = None,
) -> None:
    """Write what is known before anything is answered; goes on when the study has the
    same plane unfinished.

    Errors as in ``may_begin``.
    """
    with store.writing(folder):
        study = store.open_study(folder)
        if not may_begin(study, spec, questions):
            return
        manifest = study.manifest
        plane = PlanePart(
            spec=written(spec),
            digest=digest(spec),
            prompts=prompts(spec, questions),
            settings=tuple(first(spec, study)),
            prompt=prompt,
        )
        about = manifest.questions
        if about is not None:
            about = replace(about, sweep=None)
        begun = replace(manifest, questions=about, plane=plane)
        store.write_manifest(folder, begun)


def may_begin(study: Study, spec: SweepSpec, questions: Questions) -> bool:
    """Whether a sweep can begin in a study; False where it has begun.

    StudyError for a study without vectors, without this version of the local ones, or
    with another plane, SpecError for unknown layers or languages, CorpusError when no
    question is held out or none has options.
    """
    known = study.manifest
    check_writes(known.abilities.kind, spec.model.model, "be steered in a sweep")
    if not (study.has("english_vector") or study.has("local_vector")):
        raise StudyError(
            f"“{study.title}” has no English or local vectors. Ask questions "
            "on the Layers page first."
        )
    if study.has("local_vector"):
        local_vectors(study, spec.local)
    check_places(spec, study)
    if known.plane is None:
        prompts(spec, questions)
        return True
    if known.plane.digest == digest(spec):
        return False
    raise StudyError(
        f"“{study.title}” has another plane already. Make a copy of the study for this one."
    )


def check_places(spec: SweepSpec, study: Study) -> None:
    """SpecError for layers or languages that a study does not have."""
    for layer in spec.layers:
        if not 1 <= layer <= study.layers:
            raise SpecError(
                f"“{study.title}” has layers 1 to {study.layers}; asked for was {layer}."
            )
    for code in spec.languages:
        if code not in study.languages:
            raise SpecError(
                f"“{study.title}” has no language {code}; it has "
                f"{', '.join(study.languages)}."
            )


def want_sweep(folder: Path, spec: SweepSpec) -> None:
    """Note a sweep that is to follow once all questions of a study are asked.

    A study that has a plane stays as it is.
    """
    with store.writing(folder):
        manifest = store.read_manifest(folder)
        if manifest.plane is None:
            asked = replace(manifest.part(QuestionsPart), sweep=written(spec))
            store.write_manifest(folder, replace(manifest, questions=asked))


def forget_sweep(folder: Path) -> None:
    """Let no sweep follow any more, as where it turned out that there can be none."""
    with store.writing(folder):
        manifest = store.read_manifest(folder)
        asked = replace(manifest.part(QuestionsPart), sweep=None)
        store.write_manifest(folder, replace(manifest, questions=asked))


def wanted_sweep(asked: QuestionsPart) -> SweepSpec:
    """The sweep that is to follow the questions of a study."""
    return from_dict(SweepSpec, asked.sweep or {})


def prompts(spec: SweepSpec, questions: Questions) -> tuple[AskedItem, ...]:
    """Held-out items (kind, item) with options; culture items also with the country named."""
    usable = [
        q
        for q in questions.questions
        if q.language in spec.languages and questions.held_out(q) and q.options
    ]
    found = {
        kind: {q.item for q in usable if q.kind == kind}
        for kind in (UNIVERSAL, CULTURE)
    }
    if not any(found.values()):
        raise CorpusError(
            f"No question of “{questions.name}” is held out and has options in "
            f"{', '.join(spec.languages)}, so nothing can be "
            "scored. Mark some with the split “test” and give them options."
        )
    kept = {
        kind: [item for item in questions.items(kind) if item in found[kind]][
            : spec.most
        ]
        for kind in found
    }
    listed = [AskedItem(kind, item) for kind, items in kept.items() for item in items]
    return (*listed, *(AskedItem(NAMED, item) for item in kept[CULTURE]))


def first(spec: SweepSpec, study: Study) -> list[dict]:
    """The baseline and every single vector at every layer and strength."""
    grid = list(product(spec.layers, spec.strengths))
    made = [Setting()]
    made += [
        Setting("English", layer, s) for layer, s in grid if study.has("english_vector")
    ]
    made += [
        Setting("local", 0, 0.0, layer, s)
        for layer, s in grid
        if study.has("local_vector")
    ]
    return [asdict(each) for each in made]


def combined(spec: SweepSpec, study: Study) -> list[Setting]:
    """Both vectors at the best layers of each, with every pair of strengths; layers are
    chosen on one half of the items.
    """
    table = localisation.sweep_table(study, 0)
    layers = {}
    for mode, column in (("English", "english_layer"), ("local", "local_layer")):
        rows = table[table["mode"] == mode].assign(
            score=lambda t, mode=mode: localisation.criterion(t, mode)
        )
        best = (  # pyright: ignore[reportCallIssue]
            rows.groupby(column)["score"]
            .max()
            .dropna()  # pyright: ignore[reportAttributeAccessIssue]
            .sort_values(ascending=False, kind="stable")
        )
        layers[mode] = best.index[: spec.depths].tolist()
    pairs = product(layers["English"], layers["local"], spec.strengths, spec.strengths)
    return [Setting("both", int(e), se, int(l), sl) for e, l, se, sl in pairs]


def random_twins(study: Study) -> list[Setting]:
    """Random twins of the best setting of every mode."""
    listed = localisation.settings(study)
    places = localisation.chosen_settings(study).values()
    return [
        replace(listed[place], twin=seed)
        for place in places
        for seed in range(1, TWINS + 1)
    ]


LATER = (
    lambda spec, study: combined(spec, study),
    lambda spec, study: random_twins(study),
)
"""What is added when all settings so far were answered, stage by stage."""


def expected(spec: SweepSpec) -> int:
    """How many settings a sweep has at most."""
    grid = len(spec.layers) * len(spec.strengths)
    depths = min(spec.depths, len(spec.layers))
    return 1 + 2 * grid + (depths * len(spec.strengths)) ** 2 + 3 * TWINS


class Place(NamedTuple):
    """Where an answer stands in the arrays of a setting."""

    language: int
    prompt: int


class Asked(NamedTuple):
    """A held-out question and the words in which it is asked."""

    question: Question
    text: str


Table = Mapping[Place, Asked]


@dataclass(frozen=True)
class Sweep:
    """A sweep of a study: what is asked in it, and who answers."""

    folder: Path
    spec: SweepSpec
    asked: Table
    answerer: Answerer

    @property
    def part(self) -> PlanePart:
        """What the manifest says of it now."""
        return store.read_manifest(self.folder).part(PlanePart)


def run_sweep(
    folder: Path, questions: Questions, answerer: Answerer, progress: Progress
) -> None:
    """Answer every setting that is missing, one commit each.

    ``progress`` gets (done, of, setting) and may raise to stop. StudyError for other
    questions than those that the plane was begun with.
    """
    with store.writing(folder):
        sweep = begun(folder, questions, answerer)
        while not sweep.part.complete:
            answer_waiting(sweep, progress)
            advance(sweep)
        most = expected(sweep.spec)
        progress(most, most, "done")


def run_together(
    folder: Path,
    questions: Questions,
    answerer: Answerer,
    progress: Progress,
    shard: Shard,
) -> None:
    """The same by several processes at once; what follows waits for all that it needs.

    StudyError as in ``run_sweep`` and in ``together.compute``.
    """
    sweep = begun(folder, questions, answerer)
    while not sweep.part.complete:
        answer_together(sweep, progress, shard)
    most = expected(sweep.spec)
    progress(most, most, "done")


def begun(folder: Path, questions: Questions, answerer: Answerer) -> Sweep:
    """A sweep as it was begun; StudyError unless these are its questions."""
    plane = store.read_manifest(folder).part(PlanePart)
    spec = plane.spec_as(SweepSpec)
    if questions.digest != spec.questions_digest:
        raise StudyError(
            f"The plane was begun with the questions {spec.questions_digest}; "
            f"given are {questions.digest}."
        )
    asked = table_of(store.open_study(folder), spec, questions, plane.prompts)
    return Sweep(folder, spec, asked, answerer)


def advance(sweep: Sweep) -> None:
    """List the settings that follow, once all so far are answered.

    After the last of them the plane is complete.
    """
    plane = sweep.part
    while not plane.complete and not waiting(sweep.folder):
        stage = plane.stage or 0
        if stage < len(LATER):
            extend(sweep, stage)
        else:
            complete(sweep)
        plane = sweep.part


def waiting(folder: Path) -> list[int]:
    """Numbers of the settings that are listed and not answered."""
    return coverage.missing_settings(store.read_manifest(folder))


def extend(sweep: Sweep, stage: int) -> None:
    """Add the settings of the next stage to the manifest."""
    study = store.open_study(sweep.folder)
    both = study.has("english_vector") and study.has("local_vector")
    more = []
    if both or stage:
        more = [asdict(each) for each in LATER[stage](sweep.spec, study)]
    listed = (*sweep.part.settings, *more)
    put_part(sweep, replace(sweep.part, settings=listed, stage=stage + 1))


def complete(sweep: Sweep) -> None:
    """Put the answers into one file, and say that nothing follows."""
    # In this order: whoever is killed in between goes on with what is not complete.
    store.merge_stage(sweep.folder, STAGE)
    put_part(sweep, replace(sweep.part, complete=True))


def put_part(sweep: Sweep, plane: PlanePart) -> None:
    """Say something else of a plane in the manifest."""
    manifest = store.read_manifest(sweep.folder)
    store.write_manifest(sweep.folder, replace(manifest, plane=plane))


def answer_waiting(sweep: Sweep, progress: Progress) -> None:
    """Answer the settings that the manifest lists and no file holds."""
    study = store.open_study(sweep.folder)
    listed = settings_of(study)
    total = max(expected(sweep.spec), len(listed))
    for number in waiting(sweep.folder):
        progress(number, total, in_words(listed[number]))
        answer(sweep, study, number)


def answer_together(sweep: Sweep, progress: Progress, shard: Shard) -> None:
    """The same with other processes; whoever comes last lists what follows."""
    study = store.open_study(sweep.folder)
    listed = settings_of(study)
    # As listed then: others may list what follows at any time.
    numbers = {}
    for number in coverage.missing_settings(study.manifest):
        numbers[group_of(number)] = number
    groups = [answered_alone(number) for number in numbers.values()]
    before = len(listed) - len(groups)
    total = max(expected(sweep.spec), len(listed))

    def told(done: int, of: int, doing: str) -> None:
        if doing in numbers:
            doing = in_words(listed[numbers[doing]])
        progress(before + done, total, doing)

    plan = Plan(
        groups,
        lambda group: answer(sweep, study, numbers[group.name]),
        lambda folder: advance(sweep),
    )
    together.compute(sweep.folder, plan, told, shard)


def answered_alone(number: int) -> Group:
    """One setting; what is not pushed comes first, since a plane opens with it."""
    keys = frozenset({f"plane_there/{number}"})
    after = group_of(0) if number else ""
    return Group(group_of(number), keys, (file_of(number),), after)


def group_of(number: int) -> str:
    """The name under which a setting is claimed."""
    return f"{STAGE}-{number:04d}"


def settings_of(study: Study) -> list[Setting]:
    """The settings that a study's manifest lists."""
    listed = study.manifest.part(PlanePart).settings
    return [Setting(**values) for values in listed]


def in_words(setting: Setting) -> str:
    """A setting, for whoever waits."""
    return f"plane · {setting.words}"


def file_of(number: int) -> str:
    """The file of a setting."""
    return f"{STAGE}-{number:04d}.safetensors"


def answer(sweep: Sweep, study: Study, number: int) -> None:
    """Answer one setting and commit it."""
    setting = settings_of(study)[number]
    arrays = answer_setting(study, sweep.spec, sweep.asked, sweep.answerer, setting)
    tensors = {f"{name}/{number}": array for name, array in arrays.items()}
    store.add_file(sweep.folder, file_of(number), tensors)


def table_of(
    study: Study, spec: SweepSpec, questions: Questions, listed: Sequence[AskedItem]
) -> dict[Place, Asked]:
    """Held-out questions with options, by where their answers stand."""
    found = {}
    for language, code in enumerate(study.languages):
        if code not in spec.languages:
            continue
        for prompt, (kind, item) in enumerate(listed):
            of_kind = CULTURE if kind == NAMED else kind
            question = questions.table.get((of_kind, code, item))
            if question is None:
                continue
            text = question.named if kind == NAMED else question.question
            if text and question.options and questions.held_out(question):
                found[Place(language, prompt)] = Asked(question, text)
    return found


def answer_setting(
    study: Study, spec: SweepSpec, asked: Table, answerer: Answerer, setting: Setting
) -> dict[str, np.ndarray]:
    """The arrays of one setting (language, prompt).

    The baseline is answered in both ways, with the country named too, and says what is
    right.
    """
    is_baseline = setting.mode == "baseline"
    languages = len(study.languages)
    pushes = {}
    for language in range(languages):
        push = pushes_of(study, spec, setting, language)
        if push is not None:
            pushes[language] = push
    listed = study.manifest.part(PlanePart).prompts
    size = Size(languages, len(listed), most_options(asked))
    there = [language in pushes for language in range(languages)]
    arrays = {"plane_there": np.array(there, np.uint8)}
    rows = []
    for place, question in asked.items():
        named = listed[place.prompt].kind == NAMED
        if place.language in pushes and (is_baseline or not named):
            rows.append(Row(place, question, pushes[place.language]))
    if is_baseline or spec.scoring == "likelihood":
        scored = score_options(rows, answerer, size)
        arrays["plane_score"] = scored["plane_score"]
        if is_baseline:
            arrays["plane_tokens"] = scored["plane_tokens"]
    if is_baseline or spec.scoring == "generation":
        arrays["plane_match"] = match_written(rows, answerer, size)
    if is_baseline:
        arrays["plane_answer"] = right_answers(asked, size)
    return arrays


class Size(NamedTuple):
    """How large the arrays of a setting are."""

    languages: int
    prompts: int
    options: int


class Row(NamedTuple):
    """One question to be answered under one push."""

    place: Place
    asked: Asked
    push: Push


def most_options(asked: Table) -> int:
    """Options of the question that has most."""
    return max(len(each.question.options) for each in asked.values())


def score_options(
    rows: Sequence[Row], answerer: Answerer, size: Size
) -> dict[str, np.ndarray]:
    """Nats and numbers of tokens (language, prompt, option); 0 without an option."""
    scores = np.zeros(size, np.float32)
    tokens = np.zeros(size, np.uint16)
    scored = answerer.score(
        [row.asked.text for row in rows],
        [row.push for row in rows],
        [row.asked.question.options for row in rows],
    )
    for row, (nats, counts) in zip(rows, scored):
        scores[row.place][: len(nats)] = nats
        tokens[row.place][: len(counts)] = counts
    return {"plane_score": scores, "plane_tokens": tokens}


def match_written(rows: Sequence[Row], answerer: Answerer, size: Size) -> np.ndarray:
    """The option that each written answer says (language, prompt), from 1; 0 none."""
    matches = np.zeros(size[:2], np.uint8)
    texts = [row.asked.text for row in rows]
    written = answerer.write(texts, [row.push for row in rows])
    for row, said in zip(rows, written):
        matches[row.place] = matched(said, row.asked.question.options)
    return matches


def right_answers(asked: Table, size: Size) -> np.ndarray:
    """The right or local option (language, prompt), from 1; 0 where nothing is asked."""
    answers = np.zeros(size[:2], np.uint8)
    for place, each in asked.items():
        question = each.question
        answers[place] = question.options.index(question.answer) + 1
    return answers


@dataclass(frozen=True)
class Side:
    """One of the two vectors in a setting: where, how strongly, and which (layer 0: none)."""

    layer: int
    strength: float
    vectors: Callable[[], np.ndarray]


def pushes_of(
    study: Study, spec: SweepSpec, setting: Setting, language: int
) -> Push | None:
    """What is added where in a language; None when the setting needs a vector that the
    language does not have.
    """
    if study.languages[language] not in spec.languages:
        return None
    english = Side(
        setting.english_layer,
        setting.english_strength,
        lambda: stack(study, "english_vector"),
    )
    local = Side(
        setting.local_layer,
        setting.local_strength,
        lambda: local_vectors(study, spec.local),
    )
    pushes = []
    for place, side in enumerate((english, local)):
        if not side.layer:
            continue
        vector = side.vectors()[language, side.layer - 1]
        if not np.isfinite(vector).all():
            return None
        if setting.twin:
            seed = [spec.seed, setting.twin, language, side.layer, place]
            vector = random_twin(vector, seed)
        pushes.append((side.layer, side.strength * vector))
    return pushes


def random_twin(vector: np.ndarray, seed: list[int]) -> np.ndarray:
    """A random vector of the same length."""
    drawn = np.random.default_rng(seed).standard_normal(len(vector))
    return drawn / np.linalg.norm(drawn) * np.linalg.norm(vector)
