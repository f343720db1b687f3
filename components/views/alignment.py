"""Alignment: do the spaces match?"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
import xarray as xr
from streamlit.delta_generator import DeltaGenerator

from analysis.core.turns import SMALL
from analysis.overview import of_study
from analysis.overview.needs import has_ranks, has_words
from analysis.study.study import PUBLISHED, Study
from analysis.words import alignment as measures
from analysis.words import alignment_controls, maps, neighbours, retrieval
from analysis.words.matching import STAGES
from analysis.words.specs import IDENTICAL, POOLS, AlignmentSpec
from components.figures import alignment as figures
from components.figures import alignment_controls as control_figures
from components.forms import embedding
from components.frame import cache, controls, jobs, links, panel, questions
from components.frame.controls import NARROW, WIDE
from components.frame.polite import NOT_YET, polite
from components.frame.questions import Question
from components.frame.text import duration, escape
from components.views import alignment_controls as control_views
from components.views import neighbours as close
from components.views import sentences as sentence_views
from components.views import unfilled

MANY_WORDS = 2500
A_SECOND, PATIENCE = 5e9, 3.0
"""Maps times the cube of their width that a core does in a second, and seconds that a
page may take.
"""
LAST = "last"
WORDS, SENTENCES = "words", "sentences"
"""What can be aligned."""


@dataclass(frozen=True)
class Choice:
    """The language that words are looked up in, and how they are matched."""

    target: str
    spec: AlignmentSpec


def page(study: Study) -> None:
    """The page's figures about words or about sentences, under its controls."""
    begin = WORDS
    if study.has("sentence_state") and not study.embeddings:
        begin = SENTENCES
    row = controls.row()
    with row:
        of = links.one("Align", (WORDS, SENTENCES), "align", begin, width=NARROW)
    if of == SENTENCES:
        sentence_views.page(study, row)
    else:
        of_words(study, row)


def of_words(study: Study, row: DeltaGenerator) -> None:
    """Figures about words, or what is lacking; then the form that gets more of them."""
    embedding.progress()
    answer(study, row)
    embedding.offer(study)
    panel.explain(
        measures.alignment,
        *maps.MAPS.values(),
        *retrieval.CRITERIA.values(),
        *STAGES.values(),
        alignment_controls.alignment_by_kind,
        alignment_controls.alignment_by_chance,
        neighbours.neighbours_and_hubs,
    )


def answer(study: Study, row: DeltaGenerator) -> None:
    """What the study says about words, or its few concepts; or where to see some."""
    with polite(NOT_YET):
        if has_words(study):
            everything(study, row)
        elif has_ranks(study):
            few(study, row)
        else:
            unfilled.tell_lacking(study, "Alignment")


def everything(study: Study, row: DeltaGenerator) -> None:
    """The answer with its figure, then the rest in tabs; all is computed on demand."""
    choice = choose(study, row)
    first(study, choice)
    asked = [*more(study, choice), *by_word(study, choice)]
    if study.has("sentence_state"):
        too = partial(sentence_views.too, study)
        asked.insert(0, Question("sentences", "Do sentences match too?", too))
    questions.show(asked)


def more(study: Study, choice: Choice) -> list[Question]:
    """What else can be asked about all words at once."""
    asked = []
    if study.kind == PUBLISHED:
        settings = partial(published, study)
        asked.append(Question("settings", "In every published setting?", settings))
    elif len(study.word_layers) > 1:
        layers = partial(over_layers, study, choice)
        asked.append(Question("layers", "At which layer?", layers))
    if study.kind != PUBLISHED:
        pairs = partial(between_languages, study, choice)
        asked.append(Question("pairs", "Which languages match?", pairs))
    asked.append(
        Question("seeds", "How many seeds?", partial(over_seeds, study, choice))
    )
    if study.kind != PUBLISHED and len(study.embeddings) > 1:
        ways = partial(by_template, study, choice)
        asked.append(Question("reading", "Read in which way?", ways))
    abstract = partial(kinds, study, choice)
    asked.append(Question("kinds", "Abstract words too?", abstract))
    return asked


def by_word(study: Study, choice: Choice) -> list[Question]:
    """What can be asked word by word, and the numbers."""
    numbers = Question(
        "numbers", "And P@5, P@10, ranks?", partial(table, study, choice)
    )
    if study.kind == PUBLISHED:
        return [numbers]
    return [
        Question("chance", "Is it chance?", partial(chance, study, choice)),
        Question("words", "Which words?", partial(from_close_by, study, choice)),
        Question("clouds", "What does the map move?", partial(clouds, study, choice)),
        numbers,
    ]


def first(study: Study, choice: Choice) -> None:
    """The answer, and P@1 by language before and after the map."""
    label, spec = "Look every language's test words up", choice.spec
    found = measured(study, label, measures.alignment, spec, choice.target)
    if found is None:
        return
    languages = controls.languages(study, found.language.values.tolist())
    matching = figures.Matching(spec, controls.arrangement().in_words(choice.target))
    st.markdown(f"**{escape(figures.answer(found, matching))}**")
    panel.show(figures.by_language(study, found, matching, languages))
    for sentence in found.attrs["warnings"]:
        st.caption(f":material/warning: {escape(sentence)}")


def published(study: Study) -> None:
    """All twenty published settings at one stage."""
    with controls.row():
        stages = ["after", "before", "ceiling"]
        stage = links.one("Stage of the matrix", stages, "stage", width=WIDE)
    data = cache.measure(of_study.published_settings, study, stage)
    languages = controls.languages(study, data.source.values.tolist())
    panel.show(control_figures.published_settings(study, data, stage, languages))


def over_layers(study: Study, choice: Choice) -> None:
    """P@1 layer by layer."""
    label, spec = "Go through the layers", choice.spec
    data = measured(study, label, measures.alignment_by_layer, spec, choice.target)
    if data is not None:
        panel.show(figures.curve(study, data, spec, "layer"))


def over_seeds(study: Study, choice: Choice) -> None:
    """P@1 by the number of seed pairs."""
    label, spec = "Try several numbers of seeds", choice.spec
    data = measured(study, label, measures.alignment_by_seeds, spec, choice.target)
    if data is not None:
        panel.show(figures.curve(study, data, spec, "seeds"))


def between_languages(study: Study, choice: Choice) -> None:
    """P@1 between every two languages; a click looks at a pair of them."""
    label, spec = "Match every pair of languages", choice.spec
    want = cache.Want.of(measures.alignment_by_pair, spec)
    if takes_long(study) and not cache.ready(study, want):
        st.caption(between_words(study))
    if takes_long(study) and not jobs.awaited(label, study, want):
        return
    data = measured(study, label, measures.alignment_by_pair, spec)
    if data is None:
        return
    with controls.row():
        stages = ["after", "before"]
        stage = links.one("Stage of the matrix", stages, "stage", width=WIDE)
    languages = controls.languages(study, data.source.values.tolist())
    drawn = figures.matrix(study, data, spec, stage, languages)
    follow(panel.show(drawn, click=True))


def follow(picked: tuple[str, ...] | None) -> None:
    """A new click on a cell of two languages chooses them."""
    if not picked or picked == st.session_state.get("picked-words"):
        return
    source, target = picked
    if source == target:
        return
    st.session_state["picked-words"] = picked
    # The menus are drawn already; they follow the link.
    links.ask("from", source)
    links.ask("into", target)
    links.ask(questions.TAB, "words")
    st.rerun()


def by_template(study: Study, choice: Choice) -> None:
    """P@1 by how words are read."""
    label, spec = "Compare the ways of reading a word", choice.spec
    function = alignment_controls.alignment_by_template
    with polite(NOT_YET):
        data = measured(study, label, function, spec, choice.target)
        if data is None:
            return
        languages = controls.languages(study, data.language.values.tolist())
        panel.show(control_figures.templates(study, data, spec, languages))


def kinds(study: Study, choice: Choice) -> None:
    """Abstract against physical words."""
    label, control = "Compare kinds of words", alignment_controls.kind_controls
    if beside_alignment(study, choice, label, control):
        control_views.kinds(study, choice.spec, choice.target)


def chance(study: Study, choice: Choice) -> None:
    """What chance does: shuffled dictionaries and split halves."""
    label, control = "Shuffle the dictionary", alignment_controls.alignment_by_chance
    if beside_alignment(study, choice, label, control):
        control_views.chance(study, choice.spec, choice.target)


def beside_alignment(
    study: Study, choice: Choice, label: str, control: Callable
) -> bool:
    """Whether a control and the alignment that it stands beside are there to be shown."""
    spec, target = choice.spec, choice.target
    wants = (
        cache.Want.of(control, spec, target),
        cache.Want.of(measures.alignment, spec, target),
    )
    return wanted(study, label, *wants)


def from_close_by(study: Study, choice: Choice) -> None:
    """One pair of languages, word by word."""
    spec, target = choice.spec, choice.target
    source = close.choose(study, target)
    want = cache.Want.of(neighbours.word_ranks, spec, source, target)
    if wanted(study, "Look at this pair of languages", want):
        close.page(study, spec, source, target)


def clouds(study: Study, choice: Choice) -> None:
    """One pair of languages as two clouds."""
    spec, target = choice.spec, choice.target
    source = close.choose(study, target)
    want = cache.Want.of(neighbours.word_ranks, spec, source, target)
    if wanted(study, "Look at this pair of languages", want):
        close.clouds(study, spec, source, target)


def measured(
    study: Study, label: str, function: Callable[..., Any], *arguments: Any
) -> Any:
    """What a measure finds; None while it takes minutes and was not asked for."""
    if not wanted(study, label, cache.Want.of(function, *arguments)):
        return None
    return cache.measure(function, study, *arguments)


def wanted(study: Study, label: str, *wants: cache.Want) -> bool:
    """Whether measures can be shown: on a large study, where they take minutes, by a job."""
    words = study.words
    if words is None:
        return True
    wide = (study.manifest.hidden or 0) > SMALL
    if not wide and len(words.concepts) <= MANY_WORDS:
        return True
    return jobs.awaited(label, study, *wants)


def maps_between(study: Study) -> int:
    """How many maps there are between all pairs of languages, each way."""
    languages = len(word_languages(study))
    return languages * (languages - 1)


def seconds_between(study: Study) -> float:
    """About how long they take on a quiet machine: a map goes with the width's cube."""
    return maps_between(study) * (study.manifest.hidden or 0) ** 3 / A_SECOND


def takes_long(study: Study) -> bool:
    """Whether they take longer than a page may wait."""
    return seconds_between(study) > PATIENCE


def between_words(study: Study) -> str:
    """What matching every pair shows, and how long it takes."""
    return (
        "Shows how many words of every language find their translation into every "
        f"other, before and after a map: {maps_between(study)} maps, about "
        f"{duration(seconds_between(study))} on a quiet machine. You can leave the "
        "page meanwhile."
    )


def choose(study: Study, row: DeltaGenerator) -> Choice:
    """What is looked up, and how; only what was printed for a published study."""
    if study.kind == PUBLISHED:
        with row:
            name = links.one("Word vectors", study.embeddings, "embedding", width=WIDE)
        return Choice("en", AlignmentSpec(name))
    languages = controls.languages(study, word_languages(study))
    english = "en" if "en" in languages.codes else languages.codes[0]
    with row:
        name = links.one("Word vectors", study.embeddings, "embedding", width=NARROW)
        target = links.one(
            "Into",
            languages.codes,
            "into",
            english,
            format_func=languages.name,
            width=NARROW,
        )
        layer = links.one(
            "Layer",
            [LAST, *map(str, study.word_layers)],
            "layer",
            help="“last” is the last layer whose word vectors were kept.",
            width=NARROW,
        )
        chosen = links.one("Map", list(maps.MAPS), "map", width=NARROW)
        with st.popover("More", icon=":material/tune:"):
            place = 0 if layer == LAST else int(layer)
            spec = choose_rest(AlignmentSpec(name, place, chosen))
    return Choice(target, spec)


def word_languages(study: Study) -> tuple[str, ...]:
    """Languages in which a study has words."""
    if study.words is None:
        return ()
    return study.words.languages


def choose_rest(spec: AlignmentSpec) -> AlignmentSpec:
    """The same matching with criterion, seeds, pool and the like as chosen."""
    criterion = links.one("Criterion", list(retrieval.CRITERIA), "criterion")
    near = links.one("Neighbours for CSLS", ["10", "5", "20", "50"], "near")
    sizes = ["0", *map(str, measures.SIZES)]
    seeds = links.one("Seed pairs", sizes, "seeds", format_func=seeds_name)
    pool = links.one("Candidates", POOLS, "pool")
    alike = links.one("Words spelled alike", IDENTICAL, "alike")
    draws = [str(number) for number in range(1, 6)]
    draw = links.one("Seed of the split", draws, "draw")
    return replace(
        spec,
        criterion=criterion,
        n_neighbors=int(near),
        seeds=int(seeds),
        pool=pool,
        identical=alike,
        seed=int(draw),
    )


def seeds_name(size: str) -> str:
    """What a number of seed pairs is called."""
    if size == "0":
        return "all"
    return size


def table(study: Study, choice: Choice) -> None:
    """P@k, mean rank, seeds and chance in numbers."""
    label, spec = "Count ranks and P@k", choice.spec
    found = measured(study, label, measures.alignment, spec, choice.target)
    if found is None:
        return
    languages = controls.languages(study, found.language.values.tolist())
    rows = []
    for code in languages.codes:
        for stage in found.stage.values.tolist():
            row = {"language": code, "stage": stage}
            rows.append(row | numbers(found.sel(language=code), stage))
    st.dataframe(pd.DataFrame(rows).round(4), hide_index=True)
    st.caption(
        "Ties count by the share of their orders. A target word spelled like the right "
        "answer is right too. “dropped”: seeds spelled like a test word of either "
        "language, which would have shown it to the map."
    )


def numbers(found: xr.Dataset, stage: str) -> dict[str, float | int]:
    """What is known of one language at one stage."""
    one = found.sel(stage=stage)
    row: dict[str, float | int] = {}
    for k in found.k.values:
        row[f"P@{k}"] = float(one["precision"].sel(k=k))
    for k in found.k.values:
        row[f"chance P@{k}"] = float(found["chance"].sel(k=k))
    for name, part in (("MRR", "reciprocal"), ("mean rank", "rank")):
        if part in one:
            row[name] = float(one[part])
    for name in ("n", "seeds", "dropped", "pool"):
        if name in one:
            row[name] = int(one[name])
    return row


def few(study: Study, row: DeltaGenerator) -> None:
    """Ranks among few concepts: its words, or its concept vectors without words."""
    layers = range(1, study.layers + 1)
    if study.words is not None:
        layers = study.word_layers
    with row:
        layer = links.one("Layer", [LAST, *map(str, layers)], "layer", width=NARROW)
    st.info(
        f"Fewer than {measures.FEW} concepts: P@k among so few has no meaning, so ranks "
        "by cosine are shown.",
        icon=":material/info:",
    )
    place = 0 if layer == LAST else int(layer)
    data = cache.measure(measures.concept_ranks, study, place)
    languages = controls.languages(study, data.source.values.tolist())
    panel.show(figures.concept_ranks(study, data, layer, languages))
