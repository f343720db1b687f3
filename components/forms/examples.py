"""What the Playground can begin with: prompts to try, and what was recorded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analysis.core.errors import AnalysisError
from analysis.core.specs import from_dict
from analysis.core.templates import CHAT
from analysis.steering.presets import OPENS, Preset, presets
from analysis.steering.specs import (
    GenerationSpec,
    SteeringSpec,
    SteeringTerm,
    VectorSource,
)
from analysis.study.recordings import Recordings, Turn, of_this_study
from analysis.study.study import Study
from analysis.worker.prompts import has_chat

RECORDED = "recorded: "
"""What the name of a recorded example begins with in a link."""
STUDYS = "the study's model"
"""What the draft's box of models calls the model that the study is of."""
NEAR = 1e-9
"""Strengths that differ by less are the same one."""
SOURCE_FIELDS = ("kind", "concept", "vector", "spoken", "against")
"""Fields of a draft that name a vector."""


@dataclass(frozen=True)
class Example:
    """A preset, and the turn that it is of where its answers were recorded.

    ``values`` are what a turn sets the draft's fields to.
    """

    preset: Preset
    turn: Turn | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def prompts(self) -> tuple[str, ...]:
        """Prompts whose answers were recorded."""
        return tuple(prompt.text for prompt in self.turn.prompts) if self.turn else ()

    @property
    def strengths(self) -> tuple[float, ...]:
        """Strengths at which answers were recorded."""
        return self.turn.strengths if self.turn else ()


@dataclass(frozen=True)
class Examples:
    """All that can be begun with, by name.

    ``first`` is what a link leaves out; ``opens`` what a page without a link opens with.
    """

    known: Mapping[str, Example]
    first: str
    opens: str

    @property
    def preset(self) -> Preset:
        """The preset that a link leaves out."""
        return self.known[self.first].preset


def recordings_of(study: Study) -> Recordings | None:
    """The recorded answers of a study; None too where they cannot be read."""
    try:
        checked(study)
        return study.recordings
    except AnalysisError:
        # The page says so, once, by the same check.
        return None


def checked(study: Study) -> None:
    """StudyError or SpecError for recorded answers that cannot be shown."""
    recordings = study.recordings
    if recordings is None:
        return
    for turn in recordings.turns:
        turn_values(turn, recordings, study)


def examples(study: Study) -> Examples:
    """Presets of concepts that a study has, and its recorded turns."""
    known = {}
    for name, preset in presets(study.model).items():
        if preset.concept in ("", *study.concepts):
            known[name] = Example(preset)
    first = next(iter(known))
    opens = OPENS if OPENS in known else first
    recorded = recorded_examples(study)
    works = [name for name, one in recorded.items() if one.turn and one.turn.works]
    if recorded:
        opens = (works or list(recorded))[0]
    return Examples(recorded | known, first, opens)


def recorded_examples(study: Study) -> dict[str, Example]:
    """Name → example of every recorded turn."""
    recordings = recordings_of(study)
    if recordings is None:
        return {}
    found = {}
    for turn in recordings.turns:
        found[RECORDED + turn.title] = example_of(turn, recordings, study)
    return found


def example_of(turn: Turn, recordings: Recordings, study: Study) -> Example:
    """A turn as an example: its prompts, its steering and how it was answered."""
    preset = Preset(
        title=f"{turn.title} · recorded" + ("" if turn.works else ", does not work"),
        finding="",
        texts={turn.language: turn.prompts[0].text},
        template=recordings.template,
        strength=turn.strength,
    )
    values = turn_values(turn, recordings, study)
    return Example(preset, turn, values)


def steering_of(turn: Turn, study: Study) -> SteeringSpec:
    """A turn's steering at strength 1; SpecError for one that is none."""
    return from_dict(SteeringSpec, of_this_study(turn.steering, study.name))


def turn_values(turn: Turn, recordings: Recordings, study: Study) -> dict[str, Any]:
    """The draft's fields as a turn was recorded, but for its prompt and its strength."""
    generation = from_dict(GenerationSpec, recordings.generation)
    first = steering_of(turn, study).terms[0]
    return {
        "language": turn.language,
        "template": recordings.template,
        "tokens": generation.tokens,
        "temperature": float(generation.temperature),
        "seed": generation.seed,
        "operator": first.operator,
        "positions": first.positions,
        "model": STUDYS,
        "gated": False,
        "second": False,
        **layer_values(first, study.layers),
        **source_values(first.source),
    }


def layer_values(term: SteeringTerm, layers: int) -> dict[str, Any]:
    """What the draft's widgets call a term's layers."""
    if set(term.strengths) == {1.0}:
        return {"way": "set", "set": list(term.layers)}
    profile = [0.0] * layers
    for layer, strength in zip(term.layers, term.strengths):
        profile[layer - 1] = strength
    return {"way": "profile", "profile": profile}


def source_values(source: VectorSource) -> dict[str, str]:
    """What the draft's widgets call a vector."""
    if source.kind == "language vector":
        return {
            "kind": source.kind,
            "spoken": source.language,
            "against": source.target,
        }
    return {
        "kind": source.kind,
        "concept": source.concept,
        "vector": source.language,
    }


def fitting(template: str, study: Study) -> str:
    """A preset's template, unless the study's model has none of its own.

    Of a model that was never here, the study's own template is taken.
    """
    model = study.manifest.model
    if template != CHAT or model is None:
        return template
    known = has_chat(model)
    if known is None:
        return (study.manifest.spec or {}).get("template", template)
    return template if known else "none"


def nearest(strength: float, strengths: tuple[float, ...]) -> float | None:
    """The one of these strengths that a strength is; None where it is none of them."""
    for known in strengths:
        if abs(known - strength) < NEAR:
            return known
    return None


def recorded_example(study: Study, values: Mapping[str, Any]) -> Example | None:
    """What was recorded of the vector that a draft's fields name; one that works first."""
    found = []
    for example in recorded_examples(study).values():
        named = [key for key in SOURCE_FIELDS if key in example.values]
        if all(values.get(key) == example.values[key] for key in named):
            found.append(example)
    return min(found, key=lambda one: not (one.turn and one.turn.works), default=None)


def turn_of(example: Example, values: Mapping[str, Any]) -> Turn | None:
    """The turn whose answers a draft would get, where they were recorded; else None.

    The draft's fields must be those of the turn; its prompt and strength too.
    """
    turn = example.turn
    if turn is None or values["prompt"] not in example.prompts:
        return None
    if nearest(values["strength"], turn.strengths) is None:
        return None
    for key, value in example.values.items():
        if values.get(key) != value:
            return None
    return turn
