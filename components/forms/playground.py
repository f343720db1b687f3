"""The Playground's draft: prompt, language, template, steering and generation, all of
it in the link.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.core.model_names import offered_models
from analysis.core.specs import ModelSpec
from analysis.core.templates import TEMPLATES
from analysis.languages.languages import of_language
from analysis.steering.presets import Preset
from analysis.steering.resolve import layers_at_depth
from analysis.steering.specs import GenerationSpec, SteeringSpec, VectorSource
from analysis.study.study import Study
from analysis.worker.answers import ALTERNATIVES, Ask, Request, dosed
from components.forms import engine
from components.forms.examples import (
    STUDYS,
    Example,
    examples,
    fitting,
)
from components.forms.steering_fields import (
    KEY,
    Check,
    anything,
    one_of,
    steering_fields,
    widget_value,
)
from components.forms.steering_term import Places, Steering, choose_steering
from components.frame import controls, links
from components.frame.links import Kept, record_draft, restore_draft
from components.frame.polite import polite
from components.frame.text import escape

LONGEST = 20_000
STRIP = (-1.0, -0.5, 0.5, 1.0, 1.5, 2.0)
"""Strengths of the table, in strengths of the draft."""
BASELINE, ZERO, STEERED, TWIN = "Baseline", "Strength 0", "Steered", "Random twin"
PICKED = "recorded-prompt"
"""Key of the box that offers prompts whose answers were recorded."""
WRITTEN = "written-play"
"""Where the session keeps what this page wrote into the link last."""

LEFT = "left-play"
"""Where the session keeps each study's draft, as a link has it, when it is left."""


@dataclass(frozen=True)
class Draft:
    """What the page's widgets say; ``values`` are all of its fields."""

    study: Study
    model: ModelSpec
    example: Example
    question: str
    language: str
    template: str
    steering: Steering | None
    generation: GenerationSpec | None
    engine: str
    values: Mapping[str, Any]

    @property
    def preset(self) -> Preset:
        """What it began with."""
        return self.example.preset

    @property
    def push(self) -> Steering:
        """The steering of a draft that is ready."""
        assert self.steering is not None, "a draft without a steering was run"
        return self.steering

    @property
    def limits(self) -> GenerationSpec:
        """How a draft that is ready writes."""
        assert self.generation is not None, "a draft without limits was run"
        return self.generation

    @property
    def steered(self) -> SteeringSpec:
        """The steering at its strength."""
        return dosed(self.push.unit, self.push.strength)

    @property
    def ready(self) -> bool:
        """Whether there is something to run."""
        return self.steering is not None and self.generation is not None

    def at(self, strength: float, source: VectorSource | None = None) -> SteeringSpec:
        """The same steering at another strength, or with another vector in its first term."""
        spec = dosed(self.push.unit, strength)
        first, *rest = spec.terms
        return SteeringSpec((replace(first, source=source or first.source), *rest))

    def request(self, *asks: Ask) -> Request:
        """A request for these answers."""
        if not self.engine:
            return Request(self.model, self.template, asks, self.limits)
        # No other engine tells what else it might have said, nor where it is told to.
        model = replace(self.model, device="auto")
        limits = replace(self.limits, alternatives=0)
        return Request(model, self.template, asks, limits, self.engine)


@dataclass(frozen=True)
class Drawn:
    """A draft, and the place under its strength where it is run."""

    draft: Draft
    run: DeltaGenerator


def chosen_example(study: Study) -> Example:
    """The example that the widgets name."""
    return examples(study).known[widget_value("preset")]


def is_text(value: str) -> bool:
    """Whether a prompt is no longer than it may be."""
    return len(value) <= LONGEST


def between(low: float, high: float) -> Check:
    """A check that a number lies between two, ends included."""
    return lambda value: low <= value <= high


def link_fields(study: Study) -> dict[str, Kept]:
    """What the link keeps, with the first preset as default."""
    begin = examples(study)
    preset = begin.preset
    language = "en" if "en" in study.languages else study.languages[0]
    layers = layers_at_depth(*preset.depths, study.layers)
    found = steering_fields(study, language)
    found |= {
        "preset": Kept(begin.first, one_of(begin.known)),
        "prompt": Kept(of_language(preset.texts, language) or "", is_text),
        "language": Kept(language, one_of(study.languages)),
        "template": Kept(fitting(preset.template, study), one_of(TEMPLATES)),
        "tokens": Kept(32, between(1, 10**6)),
        "temperature": Kept(0.0, between(0, 5)),
        "seed": Kept(0, between(0, 2**31 - 1)),
        "model": Kept(STUDYS, lambda value: value in (STUDYS, *offered_models())),
        "engine": Kept(engine.HERE, one_of(engine.names())),
        "strip": Kept(False, anything),
        "grid": Kept(False, anything),
        "twin": Kept(False, anything),
    }
    if preset.concept:
        found["concept"] = replace(found["concept"], default=preset.concept)
    found["range"] = replace(found["range"], default=(layers[0], layers[-1]))
    found["strength"] = replace(found["strength"], default=preset.strength)
    return found


def draw(study: Study) -> Drawn:
    """All widgets, the most used ones first; what they say."""
    kept = link_fields(study)
    begin_anew(study)
    restore_draft(KEY, kept)
    example = choose_example(study)
    choose_prompt(example)
    # What was recorded is known by its name; its vector is seen when it is opened.
    vector = st.expander(
        "Vector and layers",
        icon=":material/layers:",
        expanded=example.turn is None,
        key="vector-and-layers",
    )
    strength = st.container()
    run = st.container()
    also_answered()
    with st.expander("More settings", icon=":material/tune:"):
        choose_reading(study)
        made = choose_generation(study)
        places = Places(vector, strength, st.container())
    steered = choose_steering(study, places, example.strengths)
    values = record_draft(KEY, kept)
    st.session_state[WRITTEN] = asked_link()
    draft = Draft(
        study,
        made.model,
        example,
        widget_value("prompt"),
        widget_value("language"),
        widget_value("template"),
        steered,
        made.generation,
        made.engine,
        values,
    )
    return Drawn(draft, run)


def begin_anew(study: Study) -> None:
    """Another study has other concepts, languages and layers: it begins with its own
    example, or as it was left before, unless a link says otherwise.
    """
    before = st.session_state.get(f"{KEY}-study")
    if before != study.name:
        left = st.session_state.setdefault(LEFT, {})
        if before is not None:
            left[before] = st.session_state.get(WRITTEN, "")
        for key in list(st.session_state):
            if is_of_draft(str(key)):
                del st.session_state[key]
        st.session_state[f"{KEY}-study"] = study.name
        if before is not None and asked_link() == st.session_state.get(WRITTEN):
            # It says what was chosen for the study that was left.
            links.forget(KEY)
        if not asked_link() and left.get(study.name):
            links.ask(KEY, left[study.name])
    if not asked_link() and f"draft-{KEY}" not in st.session_state:
        begin = examples(study)
        fill(study, begin.known[begin.opens], begin.opens)


def asked_link() -> str:
    """What the link asks for."""
    return "".join(links.address().get(KEY, ()))


def is_of_draft(key: str) -> bool:
    """Whether the session keeps something of a draft under this key."""
    beginnings = (f"{KEY}-", f"draft-{KEY}", f"link-{KEY}", "profile-", "terms-")
    return key.startswith(beginnings)


def choose_example(study: Study) -> Example:
    """What to begin with."""
    known = examples(study).known
    st.selectbox(
        "Begin with",
        list(known),
        format_func=lambda name: known[name].preset.title,
        key=f"{KEY}-preset",
        on_change=take,
        args=(study,),
    )
    example = known[widget_value("preset")]
    if example.preset.finding:
        st.caption(f"Look for: {escape(example.preset.finding)}")
    return example


def choose_prompt(example: Example) -> None:
    """The prompt, and those whose answers were recorded."""
    if example.prompts:
        prompt = widget_value("prompt")
        st.session_state[PICKED] = prompt if prompt in example.prompts else None
        st.selectbox(
            "Prompts with recorded answers",
            example.prompts,
            index=None,
            key=PICKED,
            placeholder="Yours is none of them",
            on_change=follow,
            args=(PICKED, "prompt"),
        )
    st.text_area("Prompt", key=f"{KEY}-prompt", height=80, max_chars=LONGEST)


def follow(key: str, field: str) -> None:
    """A box that offers what was recorded was touched: the draft's own widget follows."""
    value = st.session_state[key]
    if value is not None:
        st.session_state[f"{KEY}-{field}"] = value


def choose_reading(study: Study) -> None:
    """The prompt's language, and what is put around it."""
    left, right = st.columns(2)
    names = dict(zip(study.languages, controls.labels(study.languages)))
    left.selectbox(
        "Prompt's language",
        study.languages,
        format_func=names.__getitem__,
        key=f"{KEY}-language",
        on_change=translate,
        args=(study,),
    )
    right.selectbox(
        "Template",
        list(TEMPLATES),
        key=f"{KEY}-template",
        help="What is put around the prompt before it is read.",
    )


def take(study: Study) -> None:
    """An example was chosen: its settings are taken over."""
    fill(study, chosen_example(study), widget_value("preset"))


def fill(study: Study, example: Example, name: str) -> None:
    """Put an example into the draft's fields."""
    preset = example.preset
    values: dict[str, Any] = {"preset": name, "strength": preset.strength}
    if example.turn is None:
        layers = layers_at_depth(*preset.depths, study.layers)
        language = st.session_state.get(f"{KEY}-language", first_language(study))
        values["prompt"] = preset.texts.get(language, "")
        values["template"] = fitting(preset.template, study)
        values |= {"way": "range", "range": (layers[0], layers[-1])}
        if study.concepts:
            values |= {"kind": "concept vector"}
        if preset.concept:
            values["concept"] = preset.concept
    else:
        values |= {"prompt": example.prompts[0], **example.values}
    for key, value in values.items():
        st.session_state[f"{KEY}-{key}"] = value


class Elsewhere(NamedTuple):
    """An example in another language than English: the language, and its name."""

    language: str
    name: str


def elsewhere(draft: Draft) -> Elsewhere:
    """The open example in another language, or another one that has it; "" for none."""
    known = dict(examples(draft.study).known)
    opened = draft.values["preset"]
    names = [opened, *(name for name in known if name != opened)]
    for name in names:
        if known[name].turn is not None:
            continue
        for code in draft.study.languages:
            if code != "en" and code in known[name].preset.texts:
                return Elsewhere(code, name)
    return Elsewhere("", "")


def begin_in(study: Study, name: str, language: str) -> None:
    """Begin with an example in a language, as if both had been chosen in their menus."""
    st.session_state[f"{KEY}-language"] = language
    fill(study, examples(study).known[name], name)


def first_language(study: Study) -> str:
    """The language that a draft begins with."""
    return "en" if "en" in study.languages else study.languages[0]


def translate(study: Study) -> None:
    """Another language was chosen: a preset's prompt is shown in it; a prompt of the
    user's own stays.
    """
    texts = chosen_example(study).preset.texts
    if widget_value("prompt") in texts.values() and widget_value("language") in texts:
        st.session_state[f"{KEY}-prompt"] = texts[widget_value("language")]


def also_answered() -> None:
    """What else is answered in the same run."""
    row = st.container(horizontal=True)
    row.toggle(
        "Several strengths",
        key=f"{KEY}-strip",
        help="From the strength to its opposite and to twice as much, as a table.",
    )
    row.toggle(
        "Every language",
        key=f"{KEY}-grid",
        help="The same question in every language that it is written in, as a table.",
    )
    row.toggle(
        "Random twin",
        key=f"{KEY}-twin",
        help="The same steering with a random vector of the same length.",
    )


class Generating(NamedTuple):
    """How answers are generated, None where it cannot be, by which model and engine."""

    generation: GenerationSpec | None
    model: ModelSpec
    engine: str


def choose_generation(study: Study) -> Generating:
    """Tokens, temperature, seed, the model and the engine."""
    one, two, three = st.columns(3)
    tokens = one.number_input("New tokens", 1, None, key=f"{KEY}-tokens")
    temperature = two.number_input(
        "Temperature",
        0.0,
        5.0,
        step=0.1,
        key=f"{KEY}-temperature",
        help="0 is greedy.",
    )
    seed = three.number_input("Seed", 0, 2**31 - 1, key=f"{KEY}-seed")
    own = study.manifest.model or ModelSpec(study.model)
    chosen = st.selectbox(
        "Model", [STUDYS, *offered_models()], key=f"{KEY}-model", format_func=escape
    )
    model = own if chosen == STUDYS else ModelSpec(chosen, stack=own.stack)
    if model.revision == "local":
        model = replace(model, revision="main")
    chosen_engine = engine.choose_engine(model)
    generation = None
    if not chosen_engine.usable:
        return Generating(generation, model, chosen_engine.name)
    with polite():
        generation = GenerationSpec(
            int(tokens), float(temperature), int(seed), ALTERNATIVES
        )
    return Generating(generation, model, chosen_engine.name)


def asks(draft: Draft) -> tuple[Ask, ...]:
    """All answers that one run asks for."""
    spec, question, language = draft.steered, draft.question, draft.language
    nothing = tuple(replace(term, strengths=(0.0,)) for term in spec.terms)
    wanted = [
        Ask(BASELINE, question, language),
        Ask(ZERO, question, language, SteeringSpec(nothing)),
        Ask(STEERED, question, language, spec),
    ]
    if widget_value("twin"):
        first = spec.terms[0].source
        seed = draft.limits.seed + 1 + first.seed
        source = VectorSource("random", plus=(first,), seed=seed)
        twin = draft.at(draft.push.strength, source)
        wanted.append(Ask(TWIN, question, language, twin))
    if widget_value("strip"):
        wanted += at_strengths(draft, question, language)
    if widget_value("grid"):
        for code, text in other_texts(draft).items():
            wanted.append(Ask(f"{BASELINE} · {code}", text, code))
            wanted.append(Ask(f"{STEERED} · {code}", text, code, spec))
            if widget_value("strip"):
                wanted += at_strengths(draft, text, code, f" · {code}")
    return tuple(wanted)


def at_strengths(
    draft: Draft, question: str, language: str, ending: str = ""
) -> list[Ask]:
    """A question under the steering at each strength of the table but its own."""
    found = []
    for strength in strip_strengths(draft):
        label = f"Strength {strength:.3g}{ending}"
        found.append(Ask(label, question, language, draft.at(strength)))
    return found


def strip_strengths(draft: Draft) -> list[float]:
    """Strengths around the draft's own, which is asked anyway; of its reach at zero."""
    own = draft.push.strength
    size = abs(own) or draft.push.reach
    found = []
    for factor in STRIP:
        if own == 0 or factor != math.copysign(1.0, own):
            found.append(factor * size)
    return found


def other_texts(draft: Draft) -> dict[str, str]:
    """The example's question in every other language of the study that it is in."""
    texts = draft.preset.texts
    if draft.question != texts.get(draft.language):
        return {}
    found = {}
    for code in draft.study.languages:
        if code != draft.language and code in texts:
            found[code] = texts[code]
    return found
