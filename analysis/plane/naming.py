"""Language named, or country named? Culture questions asked of a model in three ways,
unsteered, steered to English, and pushed by a random vector of the same length.

It shows whether an answer that English steering takes away comes back when the country
is named, and whether the name of the language does as much as that of the country.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd
import xarray as xr

from analysis.core.errors import SpecError, unknown
from analysis.core.scores import Scored
from analysis.core.specs import ModelSpec, check_seed, digest, written
from analysis.languages.languages import LABELS, is_known, language
from analysis.plane import localisation, reachable
from analysis.plane.plan import Push, random_twin
from analysis.plane.reachable import Asked, Change, Reach, change_of, clustered_share
from analysis.questions.geometry import stack
from analysis.questions.question_sets import find_questions, load_questions
from analysis.questions.questions import CULTURE, Question, Questions
from analysis.study.study import Study
from analysis.study.trial_part import TrialArray, TrialPart

NAME = "naming"
WAYS = {
    "nothing": "nothing named",
    "language": "language named",
    "country": "country named",
}
"""Ways to ask a culture question → what they are called."""
PUSHES = {
    "unsteered": "unsteered",
    "english": "English vector",
    "random": "random vector",
}
"""How the model is pushed meanwhile → what that is called."""
OWN_NAME = "own name"
"""The language is named by its own name before the question."""
MOST_ITEMS = 1000


@dataclass(frozen=True)
class NamingSpec:
    """All that determines the trial: which culture questions in which languages.

    ``most`` questions a language (0: all held out). ``layer`` and ``strength`` of the
    English vector; layer 0: those that the study's sweep chose, or no steering where it
    has none.
    """

    model: ModelSpec
    questions: str = ""
    questions_digest: str = ""
    languages: tuple[str, ...] = ()
    most: int = 40
    layer: int = 0
    strength: float = 1.0
    template: str = "chat"
    normalised: bool = True
    seed: int = 1

    def __post_init__(self) -> None:
        check_seed(self.seed)
        if not 0 <= self.most <= MOST_ITEMS:
            raise SpecError(
                f"{self.most} questions were asked for; give 0 (all) to {MOST_ITEMS}."
            )
        if not (np.isfinite(self.strength) and self.strength > 0):
            raise SpecError(
                f"The strength is {self.strength}; give a number of mean gaps above 0."
            )


def questions_of(spec: NamingSpec) -> Questions:
    """The questions of a spec; CorpusError when they are not on this server."""
    if spec.questions_digest:
        return find_questions(spec.questions_digest)
    return load_questions(spec.questions)


def begin(study: Study, spec: NamingSpec) -> TrialPart:
    """What a study's manifest tells of the trial: a cell for each language.

    SpecError for languages without culture questions, and for a layer that there is none
    of.
    """
    asked = questions_of(spec)
    there = languages_of(asked)
    chosen = spec.languages or tuple(code for code in study.languages if code in there)
    for code in chosen:
        if code not in there or code not in study.languages:
            known = [each for each in study.languages if each in there]
            raise unknown("language of the culture questions", code, known)
    if not chosen:
        raise SpecError(
            f"“{asked.name}” has culture questions with a country to name in none of "
            "the study's languages. Choose other questions."
        )
    push = english_push(study, spec)
    exact = replace(
        spec,
        questions=asked.name,
        questions_digest=asked.digest,
        languages=chosen,
        layer=push.layer,
        strength=push.strength,
    )
    items: dict[str, None] = {}
    for code in chosen:
        items |= dict.fromkeys(each.item for each in asked_in(asked, exact, code))
    return TrialPart(
        spec=written(exact),
        digest=digest(exact),
        dims={
            "language": chosen,
            "way": tuple(WAYS),
            "push": tuple(PUSHES),
            "item": tuple(items),
        },
        cells=("language",),
        arrays=ARRAYS,
        notes=asked.notes,
    )


ARRAYS = {
    "lead": TrialArray(
        dims=("way", "push", "item"),
        long_name="by how much the local option leads the best other one",
        units="nats",
        gaps=True,
    ),
    "guess": TrialArray(
        dims=("item",), long_name="1 / options", units="share", gaps=True
    ),
}
"""What is kept of a language."""


def usable(question: Question, asked: Questions) -> bool:
    """Whether a question is on culture, held out, with options and a country to name."""
    return bool(
        question.kind == CULTURE
        and question.named
        and len(question.options) > 1
        and asked.held_out(question)
    )


def languages_of(asked: Questions) -> set[str]:
    """Languages with questions that can be asked in all ways."""
    return {each.language for each in asked.questions if usable(each, asked)}


def asked_in(asked: Questions, spec: NamingSpec, code: str) -> list[Question]:
    """The questions of a language, at most as many as asked for, all countries alike."""
    by_country: dict[str, list[Question]] = {}
    for each in asked.questions:
        if each.language == code and usable(each, asked):
            by_country.setdefault(each.country, []).append(each)
    found: list[Question] = []
    most = spec.most or MOST_ITEMS
    turn = 0
    longest = max(map(len, by_country.values()))
    while turn < longest and len(found) < most:
        for those in by_country.values():
            if turn < len(those):
                found.append(those[turn])
        turn += 1
    return found[:most]


@dataclass(frozen=True)
class EnglishPush:
    """Where the English vector acts, and how strongly; layer 0: nowhere."""

    layer: int
    strength: float


def english_push(study: Study, spec: NamingSpec) -> EnglishPush:
    """Layer and strength of the English vector: given, the sweep's, or none."""
    if not 0 <= spec.layer <= study.layers:
        raise SpecError(
            f"There is no layer {spec.layer}; choose 1 to {study.layers}, or 0."
        )
    if not study.has("english_vector"):
        if spec.layer:
            raise SpecError(
                f"“{study.title}” has no English vectors. Ask questions on the Layers "
                "page first, or choose layer 0."
            )
        return EnglishPush(0, spec.strength)
    if spec.layer or not study.has("plane_answer"):
        return EnglishPush(spec.layer, spec.strength)
    best = localisation.chosen_settings(study)
    if "English" not in best:
        return EnglishPush(0, spec.strength)
    setting = localisation.settings(study)[best["English"]]
    return EnglishPush(setting.english_layer, setting.english_strength)


class Answerer(Protocol):
    """A model that weighs options while it is pushed."""

    def score(
        self,
        questions: Sequence[str],
        pushes: Sequence[Push],
        options: Sequence[Sequence[str]],
    ) -> list[Scored]:
        """How likely each question's options are."""
        ...


def worded(question: Question, way: str) -> str:
    """A question in one of WAYS."""
    if way == "country":
        return question.named
    if way == "language" and is_known(question.language):
        return f"{LABELS[OWN_NAME](language(question.language))}: {question.question}"
    return question.question


def measure(
    answerer: Answerer,
    study: Study,
    spec: NamingSpec,
    part: TrialPart,
    check: Callable[[], None],
) -> Callable[[Mapping[str, str]], dict[str, np.ndarray]]:
    """The function that asks a language's questions in all ways under all pushes."""
    asked = questions_of(spec)
    items = {item: place for place, item in enumerate(part.dims["item"])}

    def cell(chosen: Mapping[str, str]) -> dict[str, np.ndarray]:
        code = chosen["language"]
        mine = asked_in(asked, spec, code)
        places = [items[each.item] for each in mine]
        lead = np.full((len(WAYS), len(PUSHES), len(items)), np.nan, np.float32)
        guess = np.full(len(items), np.nan, np.float32)
        guess[places] = [1 / len(each.options) for each in mine]
        for number, push in enumerate(pushes(study, spec, code)):
            if push is None:
                continue
            for place, way in enumerate(WAYS):
                check()
                texts = [worded(each, way) for each in mine]
                options = [each.options for each in mine]
                scored = answerer.score(texts, [push] * len(mine), options)
                lead[place, number, places] = leads(mine, scored, spec.normalised)
        return {"lead": lead, "guess": guess}

    return cell


def pushes(study: Study, spec: NamingSpec, code: str) -> list[Push | None]:
    """No push, the English vector's, and a random one's; None where there is none."""
    nothing: Push = ()
    if not spec.layer:
        return [nothing, None, None]
    place = study.languages.index(code)
    vector = stack(study, "english_vector")[place, spec.layer - 1]
    if not np.isfinite(vector).all():
        return [nothing, None, None]
    random = random_twin(vector, [spec.seed, place, spec.layer])
    return [
        nothing,
        [(spec.layer, spec.strength * vector)],
        [(spec.layer, spec.strength * random)],
    ]


def leads(asked: list[Question], scored: list[Scored], normalised: bool) -> list[float]:
    """By how much each local option leads the best other one."""
    found = []
    for question, (nats, tokens) in zip(asked, scored):
        values = np.asarray(nats, float)
        if normalised:
            values = values / np.maximum(np.asarray(tokens), 1)
        own = question.options.index(question.answer)
        found.append(float(values[own] - np.delete(values, own).max()))
    return found


def tokens(study: Study, spec: NamingSpec) -> int:
    """About how many tokens pass the model: four letters make one."""
    part = begin(study, spec)
    exact = part.spec_as(NamingSpec)
    asked = questions_of(exact)
    letters = 0
    for code in exact.languages:
        for each in asked_in(asked, exact, code):
            letters += len(each.question) + sum(map(len, each.options))
    times = len(PUSHES) if exact.layer else 1
    return times * len(WAYS) * (letters // 4)


def scored(study: Study, spec: NamingSpec) -> int:
    """At about how many tokens all next tokens are compared: those of options."""
    exact = begin(study, spec).spec_as(NamingSpec)
    asked = questions_of(exact)
    letters = 0
    for code in exact.languages:
        for each in asked_in(asked, exact, code):
            letters += sum(map(len, each.options))
    times = len(PUSHES) if exact.layer else 1
    return times * len(WAYS) * (letters // 4)


def right(found: xr.Dataset) -> xr.DataArray:
    """Whether the local option leads (language, way, push, item): 1, 0; NaN not asked."""
    return (found["lead"] > 0).astype(float).where(found["lead"].notnull())


def spec_of(study: Study) -> NamingSpec:
    """The spec with which a study's trial was made."""
    return (study.manifest.trials or {})[NAME].spec_as(NamingSpec)


def named_table(study: Study) -> pd.DataFrame:
    """Local answers by language, way and push: ``share`` with its 95 % interval over
    items (``low``, ``high``), and ``n``; “all” languages in the end, items drawn whole.
    """
    answers = right(study.trial(NAME))
    rows = []
    for code in (*answers["language"].values.tolist(), "all"):
        mine = answers if code == "all" else answers.sel(language=[code])
        for push in PUSHES:
            for way in WAYS:
                values = mine.sel(push=push, way=way).values
                known = np.isfinite(values)
                if not known.any():
                    continue
                share, ends = clustered_share(values[known], np.nonzero(known)[1])
                row = {"language": code, "push": push, "way": way, "share": share}
                row |= {"low": ends.low, "high": ends.high, "n": int(known.sum())}
                rows.append(row)
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Named:
    """What naming changes: ``language`` and ``country`` named − nothing, ``between``:
    country − language, all unsteered; ``reach``: English steering, and what naming the
    country brings back of what it loses.
    """

    language: Change
    country: Change
    between: Change
    reach: Reach


def named_changes(study: Study) -> Named:
    """What naming the language or the country changes, with 95 % intervals over items;
    and whether naming the country brings back what English steering loses.
    """
    found = study.trial(NAME)
    answers = right(found)

    def told(way: str, push: str) -> np.ndarray:
        return answers.sel(way=way, push=push).values

    nothing = told("nothing", "unsteered")
    country = told("country", "unsteered")
    named = told("language", "unsteered")
    steered = told("nothing", "english")
    asked = Asked(nothing, country, steered, told("country", "english"))
    lost = reachable.lost_more(asked, told("nothing", "random")[None])
    back, against = reachable.back_more(asked, found["guess"].values)
    verdict = reachable.verdict(lost, back)
    naming = change_of(country - nothing)
    return Named(
        change_of(named - nothing),
        naming,
        change_of(country - named),
        Reach(naming, lost, back, against, verdict),
    )
