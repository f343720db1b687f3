"""Sentences: do translations find each other?"""

from dataclasses import dataclass, replace

import streamlit as st

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
from components.frame import cache, controls, jobs, links, panel
from components.frame.polite import NOT_YET, polite
from components.frame.text import escape
from components.views import unfilled

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
        return Looked(self.spec, controls.arrangement().name(self.target))


def page(study: Study) -> None:
    """The figures about sentences; a study without any begins with a form."""
    sentence_reading.progress()
    there = study.has("sentence_state")
    if not there:
        unfilled.tell(study, page_needs.SENTENCES)
        sentence_reading.offer(study)
    with polite(NOT_YET):
        if there:
            everything(study)
    if there:
        sentence_reading.offer(study)
    panel.explain(
        retrieval.sentence_retrieval,
        retrieval.mexa,
        *CRITERIA.values(),
        language_vector,
    )


def everything(study: Study) -> None:
    """All about sentences; what takes long is computed on demand."""
    note(study)
    choice = choose(study)
    over_layers(study, choice)
    by_language(study, choice)
    mexa(study, choice)
    between_languages(study, choice)


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


def choose(study: Study) -> Choice:
    """What is looked up, and how."""
    known = retrieval.part_of(study)
    begin = usual.sentence_lookup(study)
    languages = controls.languages(study, known.languages)
    one, two, three, four = st.columns(4)
    with one:
        reading = links.one("Sentences read as", known.readings, "sentence-reading")
    with two:
        target = links.one(
            "Into",
            languages.codes,
            "sentences-into",
            usual.sentences_target(study),
            format_func=languages.name,
        )
    with three:
        layer = links.one(
            "Layer", [*map(str, known.layers)], "sentence-layer", str(begin.layer)
        )
    with four:
        criterion = links.one(
            "Criterion", ["cosine", "CSLS", "inverted softmax"], "sentence-criterion"
        )
    spec = replace(begin, reading=reading, layer=int(layer), criterion=criterion)
    return Choice(target, spec)


def over_layers(study: Study, choice: Choice) -> None:
    """Retrieval and MEXA layer by layer: means, then language by language."""
    function = retrieval.sentence_retrieval_by_layer
    # The layer takes no part, and must not make another result of it.
    spec = replace(choice.spec, layer=0)
    if not wanted(study, "Go through the layers", function, spec, choice.target):
        return
    data = cache.measure(function, study, spec, choice.target)
    panel.show(figures.over_layers(study, data, choice.looked))
    names = {measure: choice.looked.named(measure) for measure in MEASURES}
    measure = links.one(
        "Measure", list(MEASURES), "sentence-measure", format_func=names.__getitem__
    )
    languages = shown(study, data.language.values.tolist())
    panel.show(figures.over_languages(study, data, measure, choice.looked, languages))


def by_language(study: Study, choice: Choice) -> None:
    """Retrieval both ways and MEXA at one layer."""
    function = retrieval.sentence_retrieval
    if not wanted(
        study, "Look every sentence up", function, choice.spec, choice.target
    ):
        return
    found = cache.measure(function, study, choice.spec, choice.target)
    languages = shown(study, found.language.values.tolist())
    panel.show(figures.by_language(study, found, choice.looked, languages))


def mexa(study: Study, choice: Choice) -> None:
    """MEXA pooled over layers, by share of pre-training."""
    spec = replace(choice.spec, layer=0, criterion="cosine")
    if not wanted(study, "Compute MEXA", retrieval.mexa, spec, choice.target):
        return
    data = cache.measure(retrieval.mexa, study, spec, choice.target)
    pool = links.one(
        "Layers pooled by", list(POOLED), "mexa-pool", format_func=POOLED.__getitem__
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
