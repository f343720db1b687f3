"""Sentences: do translations find each other?"""

from dataclasses import dataclass, replace
from functools import partial

import streamlit as st
import xarray as xr
from streamlit.delta_generator import DeltaGenerator

from analysis.overview import page_needs, usual
from analysis.sentences import retrieval
from analysis.sentences.retrieval import MEASURES
from analysis.sentences.specs import RetrievalSpec
from analysis.steering.language_vectors import language_vector
from analysis.study.study import Study
from analysis.words.retrieval import CRITERIA
from components.figures import sentences as figures
from components.figures.languages import Languages
from components.figures.sentences import POOLED, Looked
from components.forms import sentence_reading
from components.frame import cache, controls, going, jobs, links, panel, questions
from components.frame.controls import NARROW, WIDE
from components.frame.polite import NOT_YET, polite
from components.frame.questions import Question
from components.frame.text import escape
from components.views import sentence_alignment, unfilled

MUCH = 2**23
"""Numbers compared at one layer from which a job does it."""


@dataclass(frozen=True)
class Choice:
    """The language that sentences are looked up in, and how."""

    target: str
    spec: RetrievalSpec

    @property
    def looked(self) -> Looked:
        """The same for figures."""
        return Looked(self.spec, controls.arrangement().in_words(self.target))


def page(study: Study, row: DeltaGenerator) -> None:
    """The figures about sentences; a study without any begins with a form."""
    sentence_reading.progress()
    there = study.has("sentence_state")
    if not there:
        unfilled.tell_lacking(study, page_needs.SENTENCES)
    with polite(NOT_YET):
        if there:
            everything(study, row)
    sentence_reading.offer(study)
    panel.explain(
        retrieval.sentence_retrieval,
        retrieval.mexa,
        *CRITERIA.values(),
        language_vector,
    )


def too(study: Study) -> None:
    """Sentences in a tab about words, and the way to all that is known of them."""
    spec = usual.sentence_lookup(study)
    choice = Choice(usual.sentences_target(study), spec)
    by_language(study, choice)
    going.button(
        "Everything about sentences",
        {"align": "sentences", questions.TAB: "mexa"},
        icon=":material/subject:",
    )


def everything(study: Study, row: DeltaGenerator) -> None:
    """The answer with its figure, then the rest in tabs; all is computed on demand."""
    choice = choose(study, row)
    by_language(study, choice)
    questions.show(further_questions(study, choice))


def further_questions(study: Study, choice: Choice) -> list[Question]:
    """What else can be asked; over layers only where several were kept."""
    share = partial(mexa, study, choice)
    between = partial(between_languages, study, choice)
    meet = partial(sentence_alignment.tab, study)
    always = [
        Question("mexa", "Does training data decide?", share),
        Question("meet", "At which layer do they meet?", meet),
        Question("between", "Which languages match?", between),
        Question("text", "Which sentences?", partial(note, study)),
    ]
    if len(retrieval.part_of(study).layers) < 2:
        return always
    depth = partial(over_layers, study, choice)
    every = partial(over_languages, study, choice)
    return [
        Question("depth", "At which layer?", depth),
        Question("map", "Which language, at which layer?", every),
        *always,
    ]


def note(study: Study) -> None:
    """What was read, and what the reader of the text noted."""
    known = retrieval.part_of(study)
    for sentence in known.notes:
        st.caption(escape(sentence))
    if study.has("sentence_mean"):
        st.caption(
            "Mean states of these languages are kept at every layer: “Language vector” "
            "on the Playground pushes towards one of them."
        )


def choose(study: Study, row: DeltaGenerator) -> Choice:
    """What is looked up, and how."""
    known = retrieval.part_of(study)
    begin = usual.sentence_lookup(study)
    languages = controls.languages(study, known.languages)
    with row:
        reading = links.one(
            "Sentences read as", known.readings, "sentence-reading", width=NARROW
        )
        target = links.one(
            "Into",
            languages.codes,
            "sentences-into",
            usual.sentences_target(study),
            format_func=languages.name,
            width=NARROW,
        )
        layer = links.one(
            "Layer",
            [*map(str, known.layers)],
            "sentence-layer",
            str(begin.layer),
            width=NARROW,
        )
        criterion = links.one(
            "Criterion",
            ["cosine", "CSLS", "inverted softmax"],
            "sentence-criterion",
            width=NARROW,
        )
    spec = replace(begin, reading=reading, layer=int(layer), criterion=criterion)
    return Choice(target, spec)


def over_layers(study: Study, choice: Choice) -> None:
    """Retrieval and MEXA layer by layer, means over languages."""
    data = by_layer(study, choice)
    if data is not None:
        panel.show(figures.over_layers(study, data, choice.looked))


def over_languages(study: Study, choice: Choice) -> None:
    """One measure of every language at every layer."""
    data = by_layer(study, choice)
    if data is None:
        return
    names = {measure: choice.looked.named(measure) for measure in MEASURES}
    with controls.row():
        measure = links.one(
            "Measure",
            list(MEASURES),
            "sentence-measure",
            format_func=names.__getitem__,
            width=WIDE,
        )
    languages = shown(study, data.language.values.tolist())
    panel.show(figures.over_languages(study, data, measure, choice.looked, languages))


def by_layer(study: Study, choice: Choice) -> xr.Dataset | None:
    """What is found at every layer; None while it takes long and was not asked for."""
    function = retrieval.sentence_retrieval_by_layer
    # The layer takes no part, and must not make another result of it.
    spec = replace(choice.spec, layer=0)
    if not wanted(study, "Go through the layers", function, spec, choice.target):
        return None
    return cache.measure(function, study, spec, choice.target)


def by_language(study: Study, choice: Choice) -> None:
    """The answer, and retrieval both ways and MEXA at one layer."""
    function = retrieval.sentence_retrieval
    if not wanted(
        study, "Look every sentence up", function, choice.spec, choice.target
    ):
        return
    found = cache.measure(function, study, choice.spec, choice.target)
    languages = shown(study, found.language.values.tolist())
    st.markdown(f"**{escape(figures.answer(found, choice.looked, languages))}**")
    panel.show(figures.by_language(study, found, choice.looked, languages))


def mexa(study: Study, choice: Choice) -> None:
    """MEXA pooled over layers, by share of pre-training."""
    spec = replace(choice.spec, layer=0, criterion="cosine")
    if not wanted(study, "Compute MEXA", retrieval.mexa, spec, choice.target):
        return
    data = cache.measure(retrieval.mexa, study, spec, choice.target)
    with controls.row():
        pool = links.one(
            "Layers pooled by",
            list(POOLED),
            "mexa-pool",
            format_func=POOLED.__getitem__,
            width=WIDE,
        )
    languages = shown(study, data.language.values.tolist())
    panel.show(figures.mexa_by_share(study, data, pool, choice.looked, languages))


def between_languages(study: Study, choice: Choice) -> None:
    """Every language looked up in every other."""
    function = retrieval.sentence_retrieval_by_pair
    if not wanted(study, "Match every pair of languages", function, choice.spec):
        return
    data = cache.measure(function, study, choice.spec)
    languages = shown(study, data.source.values.tolist())
    panel.show(figures.pairs(study, data, choice.looked, languages))


def shown(study: Study, codes: list[str]) -> Languages:
    """Languages in the view's order."""
    return controls.languages(study, codes)


def wanted(study: Study, label: str, function: object, *given: object) -> bool:
    """Whether a measure can be shown: on a large study, where it takes long, by a job."""
    known = retrieval.part_of(study)
    numbers = len(known.ids) * (study.manifest.hidden or 0) * len(known.languages)
    if numbers <= MUCH:
        return True
    return jobs.awaited(label, study, cache.Want.of(function, *given))  # pyright: ignore[reportArgumentType]
