"""Figures of where languages cross, from a study: measured with defaults, then drawn."""

from analysis.core.errors import unknown
from analysis.crossing import alignment, forcing, latent, patching
from analysis.crossing.readings import WEIGHTED_OF_ALL
from analysis.study.study import Study
from components.figures import language_forcing, latent_language, sentence_alignment
from components.figures import patching as patching_figures
from components.figures.languages import Arrangement
from components.figures.spec import Figure


def aligned_over_layers(
    study: Study, arrangement: Arrangement, *, reading: str = WEIGHTED_OF_ALL
) -> Figure:
    """Five measures of how translations agree with English, over layers."""
    data = alignment.alignment_by_layer(study, reading)
    pivot = arrangement.name(data.attrs["pivot"])
    return sentence_alignment.over_layers(study, data, pivot)


def aligned_by_language(
    study: Study,
    arrangement: Arrangement,
    *,
    reading: str = WEIGHTED_OF_ALL,
    measure: str = "mexa",
) -> Figure:
    """One measure of how translations agree with English, by language and layer."""
    if measure not in alignment.MEASURES:
        raise unknown("measure", measure, alignment.MEASURES)
    data = alignment.alignment_by_layer(study, reading)
    pivot = arrangement.name(data.attrs["pivot"])
    languages = arrangement.languages(study, data.language.values.tolist())
    return sentence_alignment.over_languages(study, data, measure, pivot, languages)


def mexa_pooled(
    study: Study, arrangement: Arrangement, *, reading: str = WEIGHTED_OF_ALL
) -> Figure:
    """MEXA of every language, pooled over layers in three ways."""
    data = alignment.pooled_mexa(study, reading)
    pivot = arrangement.name(data.attrs["pivot"])
    languages = arrangement.languages(study, data.language.values.tolist())
    return sentence_alignment.pooled(study, data, pivot, languages)


def patched_over_layers(study: Study, arrangement: Arrangement) -> Figure:
    """At which layer an answer turns to another language, and to another word."""
    data = patching.patched(study)
    turned = patching.crossing_layers(study)
    into = arrangement.name(data.attrs["into"])
    return patching_figures.crossing(study, data, turned, into)


def patched_by_language(
    study: Study, arrangement: Arrangement, *, what: str = "language"
) -> Figure:
    """Which layer carries the language, or the word, by language."""
    if what not in patching_figures.MAPS:
        raise unknown("measure", what, patching_figures.MAPS)
    data = patching.patched(study)
    into = arrangement.name(data.attrs["into"])
    languages = arrangement.languages(study, data.source.values.tolist())
    return patching_figures.by_language(study, data, what, into, languages)


def latent_over_layers(study: Study, arrangement: Arrangement) -> Figure:
    """What the lens gives to the answer in each language, over layers."""
    return latent_language.over_layers(study, latent.latent_language(study))


def latent_by_language(study: Study, arrangement: Arrangement) -> Figure:
    """By how much English is ahead of the language asked for, by language and layer."""
    data = latent.latent_language(study)
    languages = arrangement.languages(study, data.language.values.tolist())
    return latent_language.by_language(study, data, languages)


def forced_by_pair(
    study: Study, arrangement: Arrangement, *, given: str = ""
) -> Figure:
    """How well prompts in a language are moved into others by a push."""
    best = forcing.best_forcing(study)
    start = one_of(given, best.given.values.tolist(), "language of prompts")
    others = [code for code in best.wanted.values.tolist() if code != start]
    languages = arrangement.languages(study, others)
    name = arrangement.name(start)
    return language_forcing.by_pair(study, best, start, name, languages)


def forced_by_setting(
    study: Study,
    arrangement: Arrangement,
    *,
    given: str = "",
    wanted: str = "",
    measure: str = "score",
) -> Figure:
    """How well prompts are moved into another language, by layer and strength."""
    if measure not in language_forcing.SHARES:
        raise unknown("measure", measure, language_forcing.SHARES)
    data = forcing.forcing(study)
    start = one_of(given, data.given.values.tolist(), "language of prompts")
    others = [code for code in data.wanted.values.tolist() if code != start]
    into = one_of(wanted, others, "language that is pushed towards")
    words = f"From {arrangement.name(start)} into {arrangement.name(into)}"
    return language_forcing.by_setting(study, data, measure, (start, into), words)


def one_of(chosen: str, known: list[str], what: str) -> str:
    """What is chosen of several, the first where nothing is; SpecError for another."""
    if chosen and chosen not in known:
        raise unknown(what, chosen, known)
    return chosen or known[0]
