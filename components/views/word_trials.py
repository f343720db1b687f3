"""Layers' tabs about prompts for words: patching between languages, latent language."""

import streamlit as st

from analysis.crossing import latent, patching, tuned_lens, word_prompts
from analysis.crossing.specs import PLACES, LatentSpec, PatchingSpec
from analysis.crossing.word_prompts import ENGLISH
from analysis.study.study import Study
from components.figures import latent_language as latent_figures
from components.figures import patching as figures
from components.forms import trying
from components.frame import cache, controls, links, panel
from components.frame.controls import NARROW, WIDE
from components.frame.polite import INFO, polite
from components.frame.text import escape

PATCHING = (
    "Shows which layer carries the language of an answer, and which its content. The state "
    "of a prompt that asks for one word is put into a prompt that asks for another, in "
    "another language, layer by layer."
)
LATENT = (
    "Shows in which language the middle of the model would answer. Prompts ask for words "
    "in many languages; at every layer the final norm and output head read the state."
)
OTHER_SETTINGS = "Compute it with other settings"
FEW = 8
"""Languages that are ticked at first."""


def patching_tab(study: Study, layer: int) -> None:
    """Which layer carries the language, which the meaning?"""
    if not study.has_trial(patching.NAME):
        st.markdown(escape(PATCHING))
        patching_form(study)
        return
    with polite(INFO):
        data = cache.measure(patching.patched, study)
        turned = cache.measure(patching.crossing_layers, study)
        into = controls.arrangement().name(data.attrs["into"])
        languages = controls.languages(study, data.source.values.tolist())
        st.markdown(f"**{escape(figures.answer(turned, data, into))}**")
        panel.show(figures.crossing(study, data, turned, into, layer))
        what = links.one(
            "Map of",
            list(figures.MAPS),
            "patched",
            format_func=figures.MAPS.__getitem__,
            width=WIDE,
        )
        panel.show(figures.by_language(study, data, what, into, languages))
        panel.explain(
            patching.patched, patching.crossing_layers, of="carrying a word over"
        )
    with st.expander(OTHER_SETTINGS, icon=":material/tune:"):
        patching_form(study)


def latent_tab(study: Study, layer: int) -> None:
    """In which language does it think?"""
    if not study.has_trial(latent.NAME):
        st.markdown(escape(LATENT))
        latent_form(study)
        return
    with polite(INFO):
        data = cache.measure(latent.latent_language, study)
        languages = controls.languages(study, data.language.values.tolist())
        st.markdown(f"**{escape(latent_figures.answer(data))}**")
        panel.show(latent_figures.over_layers(study, data, layer))
        panel.show(latent_figures.by_language(study, data, languages))
        panel.explain(latent.latent_language, of="the language of each layer")
    with st.expander(OTHER_SETTINGS, icon=":material/tune:"):
        latent_form(study)


def offered(study: Study, besides: str) -> list[str]:
    """Languages of a study that have words."""
    words = word_prompts.list_of(word_prompts.usual_list(study.languages))
    there = [code for code in study.languages if code in words.languages]
    return [code for code in there if code != besides]


def chosen_languages(study: Study, besides: str, key: str) -> tuple[str, ...]:
    """The languages that are ticked."""
    known = offered(study, besides)
    chosen = st.multiselect(
        "Languages",
        known,
        known[:FEW],
        key=key,
        format_func=controls.arrangement().name,
    )
    return tuple(chosen)


def patching_form(study: Study) -> None:
    """Which languages and words are patched, and Start."""
    if not trying.can(study) or study.manifest.model is None:
        return
    with polite(INFO):
        languages = chosen_languages(study, ENGLISH, "patching-languages")
        with controls.row():
            place = st.selectbox(
                "State put at", PLACES, key="patching-place", width=WIDE
            )
            pairs = st.number_input(
                "Pairs of words", 2, 100, 12, key="patching-pairs", width=NARROW
            )
            shots = st.number_input(
                "Examples", 1, 10, 4, key="patching-shots", width=NARROW
            )
        spec = PatchingSpec(
            study.manifest.model,
            languages,
            place=place,
            pairs=int(pairs),
            shots=int(shots),
        )
        trying.start(study, patching.NAME, spec)


def latent_form(study: Study) -> None:
    """Which languages, words and lens, and Start."""
    if not trying.can(study) or study.manifest.model is None:
        return
    with polite(INFO):
        languages = chosen_languages(study, ENGLISH, "latent-languages")
        given = st.file_uploader(
            "A tuned lens (safetensors), if you have one",
            "safetensors",
            key="latent-file",
        )
        if given is not None:
            with polite():
                tuned_lens.keep(given.name, given.getvalue())
        with controls.row():
            lens = st.selectbox(
                "Lens",
                ["", *tuned_lens.SHELF.names()],
                key="latent-lens",
                format_func=lambda name: name or "logit lens",
                width=WIDE,
            )
            most = st.number_input(
                "Words (0: all)", 0, 5000, 40, key="latent-most", width=NARROW
            )
        spec = LatentSpec(study.manifest.model, languages, most=int(most), lens=lens)
        trying.start(study, latent.NAME, spec)
