"""The Playground's draft: prompt, language, template, steering and generation, all of
it in the link.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import streamlit as st

from analysis.core.model_names import offered_models
from analysis.core.specs import ModelSpec
from analysis.core.templates import CHAT, TEMPLATES
from analysis.languages.languages import of_language
from analysis.steering.presets import Preset, presets
from analysis.steering.resolve import layers_at_depth
from analysis.steering.specs import GenerationSpec, SteeringSpec, VectorSource
from analysis.study.study import Study
from analysis.worker.answers import ALTERNATIVES, Ask, Request, dosed
from analysis.worker.prompts import has_chat
from components.forms.steering_fields import (
    KEY,
    Check,
    anything,
    one_of,
    steering_fields,
    widget_value,
)
from components.forms.steering_term import Steering, choose_steering
from components.frame import controls
from components.frame.links import Kept, record_draft, restore_draft
from components.frame.polite import polite
from components.frame.text import escape

LONGEST = 20_000
STRIP = (-1.0, -0.5, -0.25, 0.25, 0.5, 0.75, 1.0, 1.5)
"""Strengths of the strip, in slider ranges."""
BASELINE, ZERO, STEERED, TWIN = "Baseline", "Strength 0", "Steered", "Random twin"
STUDYS = "the study's model"


@dataclass(frozen=True)
class Draft:
    """What the page's widgets say."""

    study: Study
    model: ModelSpec
    preset: Preset
    question: str
    language: str
    template: str
    steering: Steering | None
    generation: GenerationSpec | None

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
        return Request(self.model, self.template, asks, self.limits)


@dataclass(frozen=True)
class Beginning:
    """The presets of a study's model, and the name of the first one."""

    presets: Mapping[str, Preset]
    first: str

    @property
    def preset(self) -> Preset:
        """The one to begin with."""
        return self.presets[self.first]


def beginning_of(study: Study) -> Beginning:
    """What the Playground begins with: presets of concepts that the study has."""
    known = {}
    for name, preset in presets(study.model).items():
        if preset.concept in ("", *study.concepts):
            known[name] = preset
    return Beginning(known, next(iter(known)))


def chosen_preset(study: Study) -> Preset:
    """The preset that the widgets name."""
    return beginning_of(study).presets[widget_value("preset")]


def is_text(value: str) -> bool:
    """Whether a prompt is no longer than it may be."""
    return len(value) <= LONGEST


def between(low: float, high: float) -> Check:
    """A check that a number lies between two, ends included."""
    return lambda value: low <= value <= high


def link_fields(study: Study) -> dict[str, Kept]:
    """What the link keeps, with the first preset as default."""
    begin = beginning_of(study)
    preset = begin.preset
    language = "en" if "en" in study.languages else study.languages[0]
    layers = layers_at_depth(*preset.depths, study.layers)
    found = steering_fields(study, language)
    found |= {
        "preset": Kept(begin.first, one_of(begin.presets)),
        "prompt": Kept(of_language(preset.texts, language) or "", is_text),
        "language": Kept(language, one_of(study.languages)),
        "template": Kept(fitting(preset.template, study), one_of(TEMPLATES)),
        "tokens": Kept(32, between(1, 10**6)),
        "temperature": Kept(0.0, between(0, 5)),
        "seed": Kept(0, between(0, 2**31 - 1)),
        "model": Kept(STUDYS, lambda value: value in (STUDYS, *offered_models())),
        "strip": Kept(False, anything),
        "grid": Kept(False, anything),
        "twin": Kept(False, anything),
    }
    if preset.concept:
        found["concept"] = replace(found["concept"], default=preset.concept)
    found["range"] = replace(found["range"], default=(layers[0], layers[-1]))
    found["strength"] = replace(found["strength"], default=preset.strength)
    return found


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


def draw(study: Study) -> Draft:
    """All widgets; what they say."""
    kept = link_fields(study)
    if (
        st.session_state.get(f"{KEY}-study") != study.name
    ):  # another study has other concepts, languages and layers
        for key in [
            key
            for key in st.session_state
            if str(key).startswith(
                (f"{KEY}-", f"draft-{KEY}", f"link-{KEY}", "profile-")
            )
        ]:
            del st.session_state[key]
        st.session_state[f"{KEY}-study"] = study.name
    restore_draft(KEY, kept)
    left, right = st.columns([5, 4], gap="large")
    with left:
        preset = choose_prompt(study)
        generation, model = choose_generation(study)
    with right:
        steered = choose_steering(study)
    record_draft(KEY, kept)
    return Draft(
        study,
        model,
        preset,
        widget_value("prompt"),
        widget_value("language"),
        widget_value("template"),
        steered,
        generation,
    )


def choose_prompt(study: Study) -> Preset:
    """Preset, language, template and the prompt itself."""
    known = beginning_of(study).presets
    one, two, three = st.columns(3)
    one.selectbox(
        "Begin with",
        list(known),
        format_func=lambda name: known[name].title,
        key=f"{KEY}-preset",
        on_change=take,
        args=(study,),
    )
    names = dict(zip(study.languages, controls.labels(study.languages)))
    two.selectbox(
        "Prompt's language",
        study.languages,
        format_func=names.__getitem__,
        key=f"{KEY}-language",
        on_change=translate,
        args=(study,),
    )
    three.selectbox(
        "Template",
        list(TEMPLATES),
        key=f"{KEY}-template",
        help="What is put around the prompt before it is read.",
    )
    preset = known[widget_value("preset")]
    st.text_area("Prompt", key=f"{KEY}-prompt", height=110, max_chars=LONGEST)
    st.caption(f"Look for: {escape(preset.finding)}")
    return preset


def take(study: Study) -> None:
    """A preset was chosen: its prompt, template, concept, layers and strength are taken over."""
    preset = chosen_preset(study)
    layers = layers_at_depth(*preset.depths, study.layers)
    new = {
        "prompt": preset.texts.get(widget_value("language"), ""),
        "template": fitting(preset.template, study),
        "strength": preset.strength,
    }
    new |= {"way": "range", "range": (layers[0], layers[-1])} | (
        {"concept": preset.concept} if preset.concept else {}
    )
    for key, value in new.items():
        st.session_state[f"{KEY}-{key}"] = value


def translate(study: Study) -> None:
    """Another language was chosen: a preset's prompt is shown in it; a prompt of the
    user's own stays.
    """
    texts = chosen_preset(study).texts
    if widget_value("prompt") in texts.values() and widget_value("language") in texts:
        st.session_state[f"{KEY}-prompt"] = texts[widget_value("language")]


def choose_generation(study: Study) -> tuple[GenerationSpec | None, ModelSpec]:
    """Tokens, temperature, seed, the model, and what else is answered."""
    row = st.container(horizontal=True)
    row.toggle("Strip of strengths", key=f"{KEY}-strip")
    row.toggle("Every language", key=f"{KEY}-grid")
    row.toggle(
        "Random twin",
        key=f"{KEY}-twin",
        help="The same steering with a random vector of the same length.",
    )
    with st.expander(
        "More: tokens, temperature, seed, model", icon=":material/more_horiz:"
    ):
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
    with polite():
        return GenerationSpec(
            int(tokens), float(temperature), int(seed), ALTERNATIVES
        ), model
    return None, model


def asks(draft: Draft) -> tuple[Ask, ...]:
    """All answers that one run asks for."""
    spec, question, language = draft.steered, draft.question, draft.language
    strength = draft.push.strength
    wanted = [
        Ask(BASELINE, question, language),
        Ask(
            ZERO,
            question,
            language,
            SteeringSpec(tuple(replace(term, strengths=(0.0,)) for term in spec.terms)),
        ),
        Ask(STEERED, question, language, spec),
    ]
    if widget_value("twin"):
        source = VectorSource(
            "random",
            plus=(spec.terms[0].source,),
            seed=draft.limits.seed + 1 + spec.terms[0].source.seed,
        )
        wanted.append(Ask(TWIN, question, language, draft.at(strength, source)))
    if widget_value("strip"):
        wanted += [
            Ask(f"Strength {s:.3g}", question, language, draft.at(s))
            for s in (draft.push.reach * s for s in STRIP)
        ]
    if widget_value("grid"):
        texts = draft.preset.texts
        others = [
            code
            for code in draft.study.languages
            if code != language and question == texts.get(language) and code in texts
        ]
        wanted += [
            Ask(f"{kind} · {code}", texts[code], code, s)
            for code in others
            for kind, s in ((BASELINE, SteeringSpec()), (STEERED, spec))
        ]
    return tuple(wanted)
