"""Recorded answers: what steering brought when a study was made, read without its model.

They are one JSON file in the study's folder, which the manifest names like any other.
Steerings in it come from the study that the file lies in.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analysis.core import disk
from analysis.core.errors import SpecError, StudyError
from analysis.core.json_text import parse_json
from analysis.core.specs import ModelSpec, from_dict
from analysis.study import bounds
from analysis.study.manifest import Manifest
from analysis.study.records import Record, read_record, to_json

RECORDED = "recorded.json"
SCHEMA = 1
"""Of the files that this version writes and reads."""
MOST_BYTES = 4 * 2**20
MOST = 200
"""Turns of a file, prompts of a turn, settings tried, answers to a prompt."""
LONGEST = 20_000
"""Characters of a prompt or an answer."""
FARTHEST = 1e9
"""Strength that a link can hold."""


@dataclass(frozen=True, kw_only=True)
class RecordedAnswer(Record):
    """What was said at a strength; 0 is the baseline.

    ``language`` is the one that it was identified as, empty where none was;
    ``repetition`` the share of three-word sequences said before.
    """

    strength: float
    text: str
    ended: str = ""
    language: str = ""
    repetition: float = 0.0

    def check(self) -> None:
        """StudyError for numbers out of range and texts that are too long."""
        bounds.check_length(self.text, "An answer", LONGEST)
        bounds.check_length(self.ended, "ended", bounds.LONGEST_NAME)
        bounds.check_number(self.repetition, "repetition", 1)
        check_strength(self.strength)
        if self.language:
            bounds.check_codes((self.language,), "The language of an answer")


@dataclass(frozen=True, kw_only=True)
class RecordedPrompt(Record):
    """A prompt with its baseline, and the answers under the steering and its random twin.

    Both are at the same strengths.
    """

    text: str
    baseline: RecordedAnswer
    steered: tuple[RecordedAnswer, ...]
    twins: tuple[RecordedAnswer, ...]

    def check(self, strengths: tuple[float, ...]) -> None:
        """StudyError for answers at other strengths than those of the turn."""
        bounds.check_length(self.text, "A prompt", LONGEST)
        self.baseline.check()
        for kind, answers in (("steered", self.steered), ("twins", self.twins)):
            found = tuple(answer.strength for answer in answers)
            if found != strengths:
                raise StudyError(
                    f"{kind} must be at the turn's strengths, "
                    f"{listed(strengths)}; found are {listed(found)}."
                )
            for answer in answers:
                answer.check()


@dataclass(frozen=True, kw_only=True)
class Outcome(Record):
    """Means over prompts at one strength; ``effect`` is what its turn counts."""

    strength: float
    effect: float
    repetition: float

    def check(self) -> None:
        """StudyError for numbers out of range."""
        check_strength(self.strength)
        bounds.check_number(self.repetition, "repetition", 1)


@dataclass(frozen=True, kw_only=True)
class TriedSetting(Record):
    """Layers and a strength that were tried on the tuning prompts, and what came out."""

    layers: tuple[int, ...]
    outcome: Outcome


@dataclass(frozen=True, kw_only=True)
class Tuning(Record):
    """What layers and strength were chosen on: other prompts than those shown."""

    prompts: tuple[str, ...]
    tried: tuple[TriedSetting, ...]
    rule: str

    def check(self) -> None:
        """StudyError for what is too long or too much."""
        check_many(self.prompts, "Tuning prompts")
        check_many(self.tried, "Settings tried")
        bounds.check_length(self.rule, "The rule", LONGEST)
        for prompt in self.prompts:
            bounds.check_length(prompt, "A tuning prompt", LONGEST)
        for setting in self.tried:
            setting.outcome.check()


@dataclass(frozen=True, kw_only=True)
class Turn(Record):
    """One steering with its recorded answers.

    ``language`` is that of the prompts, ``wanted`` the one that is pushed towards, or
    empty. ``steering`` and ``twin`` are steerings at strength 1, ``strength`` the chosen
    one. ``counted`` says what effects are; ``baseline``, ``steered`` and ``twins`` are
    means over the prompts shown. ``works``: by the rule, on the prompts shown.
    """

    title: str
    language: str
    wanted: str = ""
    steering: Mapping[str, Any]
    twin: Mapping[str, Any]
    strength: float
    counted: str
    works: bool
    verdict: str
    prompts: tuple[RecordedPrompt, ...]
    baseline: Outcome
    steered: tuple[Outcome, ...]
    twins: tuple[Outcome, ...]
    tuning: Tuning
    settings: str = ""

    @property
    def strengths(self) -> tuple[float, ...]:
        """The strengths at which answers were recorded."""
        return tuple(outcome.strength for outcome in self.steered)

    def check(self) -> None:
        """StudyError for what does not fit together."""
        bounds.check_length(self.title, "The title of a turn", bounds.LONGEST_TITLE)
        for text in (self.counted, self.verdict, self.settings):
            bounds.check_length(text, "What is said of a turn", LONGEST)
        codes = [code for code in (self.language, self.wanted) if code]
        for code in codes:
            bounds.check_codes((code,), "The language of a turn")
        strengths = self.strengths
        check_many(self.prompts, "Prompts")
        check_many(strengths, "Strengths")
        bounds.check_differ(strengths, "The strengths of a turn")
        if self.strength not in strengths:
            raise StudyError(
                f"A turn must have answers at its own strength {self.strength:g}; there "
                f"are some at {listed(strengths)}."
            )
        for outcome in (self.baseline, *self.steered, *self.twins):
            outcome.check()
        if tuple(outcome.strength for outcome in self.twins) != strengths:
            raise StudyError("The random twins of a turn are at other strengths.")
        for prompt in self.prompts:
            prompt.check(strengths)
        self.tuning.check()
        shown = {prompt.text for prompt in self.prompts}
        if shown & set(self.tuning.prompts):
            raise StudyError(
                "A turn shows a prompt that its settings were chosen on; the two must "
                "differ."
            )


@dataclass(frozen=True, kw_only=True)
class Recordings(Record):
    """All recorded answers of a study, and what they were made with."""

    schema: int = SCHEMA
    model: Mapping[str, Any]
    template: str
    generation: Mapping[str, Any]
    babelscope: str = ""
    libraries: Mapping[str, str]
    notes: tuple[str, ...] = ()
    turns: tuple[Turn, ...]

    def check(self) -> None:
        """StudyError for what does not fit together."""
        check_many(self.turns, "Turns")
        bounds.check_differ([turn.title for turn in self.turns], "Titles of turns")
        try:
            from_dict(ModelSpec, self.model)
        except SpecError as error:
            raise StudyError(f"model does not fit: {error}") from error
        texts = [self.template, self.babelscope, *self.notes]
        for text in (*texts, *self.libraries, *self.libraries.values()):
            bounds.check_length(text, "What is said of the answers", LONGEST)
        for turn in self.turns:
            turn.check()

    @property
    def model_name(self) -> str:
        """What the model is called."""
        return from_dict(ModelSpec, self.model).model


def listed(numbers: tuple[float, ...]) -> str:
    """Some numbers in words."""
    return ", ".join(f"{number:g}" for number in numbers[:8]) or "none"


def check_strength(strength: float) -> None:
    """StudyError for a strength that no link can hold."""
    bounds.check_number(abs(strength), "A strength", int(FARTHEST))


def check_many(values: Any, what: str) -> None:
    """StudyError unless there is at least one and there are not too many."""
    if not 1 <= len(values) <= MOST:
        raise StudyError(f"{what} must be 1 to {MOST}; found are {len(values):,}.")


def has_recordings(manifest: Manifest) -> bool:
    """Whether a study carries recorded answers."""
    return RECORDED in manifest.files


def read_recordings(folder: Path) -> Recordings:
    """The recorded answers in a study's folder.

    StudyError for a file that is damaged, too large or from a newer version.
    """
    path = folder / RECORDED
    with disk.reading(path):
        if path.stat().st_size > MOST_BYTES:
            most = MOST_BYTES // 2**20
            raise damaged(folder, f"{RECORDED} is larger than {most} MiB.")
        data = path.read_bytes()
    return parsed(data, folder)


def parsed(data: bytes, folder: Path) -> Recordings:
    """Recorded answers from JSON; StudyError for what cannot be."""
    try:
        values = parse_json(data)
    except ValueError as error:
        raise damaged(folder, f"it is no JSON ({error}).") from error
    schema = values.get("schema", SCHEMA) if isinstance(values, dict) else SCHEMA
    if schema != SCHEMA:
        raise StudyError(
            f"The recorded answers of {folder.name} have schema {str(schema)[:20]}; this "
            f"version reads {SCHEMA}. Update Babelscope to see them."
        )
    try:
        found = read_record(Recordings, values, "")
        found.check()
    except StudyError as error:
        raise damaged(folder, str(error)) from error
    return found


def damaged(folder: Path, found: str) -> StudyError:
    """The error for a file that cannot be what this program wrote."""
    return StudyError(
        f"The recorded answers of {folder.name} are damaged: {found} Restore "
        f"{RECORDED}, or record the answers again."
    )


def as_bytes(recordings: Recordings) -> bytes:
    """What is written of recorded answers."""
    values = to_json(recordings)
    return json.dumps(values, ensure_ascii=False, indent=1, allow_nan=False).encode()


def of_this_study(steering: Any, study: str) -> Any:
    """A recorded steering, read as JSON, whose vectors come from the study of a name."""
    if isinstance(steering, Mapping):
        found = {key: of_this_study(each, study) for key, each in steering.items()}
        return {**found, "study": study} if found.get("study") == "" else found
    if isinstance(steering, list | tuple):
        return [of_this_study(each, study) for each in steering]
    return steering


def without_study(steering: Any, study: str) -> Any:
    """The same the other way round: the study's name is taken out."""
    if isinstance(steering, Mapping):
        found = {key: without_study(each, study) for key, each in steering.items()}
        return {**found, "study": ""} if found.get("study") == study else found
    if isinstance(steering, list | tuple):
        return [without_study(each, study) for each in steering]
    return steering


def with_turn(recordings: Recordings, turn: Turn) -> Recordings:
    """The same with one more turn, in place of one of its title."""
    others = [each for each in recordings.turns if each.title != turn.title]
    return replace(recordings, turns=(*others, turn))
