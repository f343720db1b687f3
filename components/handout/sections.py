"""What a file shows: the chosen pages of a study with their findings and figures."""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from analysis.concepts.specs import CONVENTIONS
from analysis.core.errors import AnalysisError, SpecError, unknown
from analysis.overview import findings
from analysis.study import library
from analysis.study.study import PUBLISHED, Study
from components.figures import gallery
from components.figures.text import DEMO_NOTE, model_note
from components.handout.answers import answers
from components.handout.cards import Card, card
from components.paperpack.anonymous import anonymous, names_of, scrubbed
from components.paperpack.of_gallery import recipe_of
from components.paperpack.provenance import facts
from components.paperpack.recipes import Recipe

PLAYGROUND = "Playground"
ASIDE = (PLAYGROUND, "Studies")
"""Pages whose figures need a model, or a second study."""
RULER = {"similarity": "at every layer"}
"""Figures of which the file also has a version with the ruler of layers."""
HONEST = next(iter(CONVENTIONS.values()))
ON_WORDS = "words"
"""What the findings of the page on words are about."""
Told = Callable[[str], None]


def tell_nobody(page: str) -> None:
    """Say nothing of a page that is drawn."""


@dataclass(frozen=True)
class Said:
    """A finding in a sentence, and the numbers behind it."""

    sentence: str
    statistics: str


@dataclass(frozen=True)
class Section:
    """A page in the file; ``lacking`` says which of its figures could not be drawn."""

    title: str
    findings: tuple[Said, ...]
    cards: tuple[Card, ...]
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True)
class Handout:
    """All that the file holds, in words and plain data.

    ``answers`` are recorded ones, empty without any; ``provenance`` is JSON text.
    """

    title: str
    about: tuple[str, ...]
    sections: tuple[Section, ...]
    answers: dict[str, Any]
    provenance: str = ""


def of_study(
    study: Study,
    pages: Sequence[str] = (),
    nameless: bool = False,
    told: Told = tell_nobody,
) -> Handout:
    """The chosen pages of a study; all that it has something for where none are named.

    With ``nameless`` no text names the user, this host, a folder or the study. ``told``
    hears which figure is drawn. SpecError for a page that there is none of or that the
    study has nothing for.
    """
    # Forty figures ask for the same arrays, each a thousand times from the disk otherwise.
    study = replace(study, load=functools.cache(study.load))
    chosen = pages_of(study, pages)
    sections = []
    for page in chosen:
        if page == PLAYGROUND:
            continue
        told(page)
        sections.append(section(study, page, nameless))
    recorded = answers(study.recordings) if PLAYGROUND in chosen else {}
    whole = Handout(
        title=study.title,
        about=about(study),
        sections=tuple(sections),
        answers=recorded,
        provenance=library.provenance(study),
    )
    return without_names(whole, study) if nameless else whole


def of_recipes(recipes: Iterable[Recipe], title: str, nameless: bool) -> Handout:
    """Figures that somebody kept, in their order."""
    cards = tuple(card_of(recipe, nameless) for recipe in recipes)
    return Handout(title, (), (Section("Figures", (), cards),), {})


def pages_of(study: Study, wanted: Sequence[str]) -> list[str]:
    """Pages in the order of the menu; SpecError for those that cannot be had."""
    there = possible(study)
    for page in wanted:
        if page not in every_page():
            raise unknown("page", page, every_page())
        if page not in there:
            raise SpecError(
                f"“{study.title}” has nothing for the page {page}. It has something for "
                f"{', '.join(there) or 'none'}."
            )
    return [page for page in there if page in wanted or not wanted]


def every_page() -> list[str]:
    """All pages that a file can have."""
    shown = dict.fromkeys(entry.page for entry in gallery.FIGURES.values())
    return [page for page in shown if page not in ASIDE] + [PLAYGROUND]


def possible(study: Study) -> list[str]:
    """Pages that a study has something for."""
    drawn = {gallery.FIGURES[name].page for name in gallery.names(study)}
    if study.recordings is not None:
        drawn.add(PLAYGROUND)
    else:
        drawn.discard(PLAYGROUND)
    return [page for page in every_page() if page in drawn]


def section(study: Study, page: str, nameless: bool) -> Section:
    """A page's figures; those that cannot be drawn say why."""
    cards = []
    lacking = []
    for name in gallery.names(study):
        if gallery.FIGURES[name].page != page:
            continue
        try:
            cards.append(card_of(recipe_of(study, name), nameless))
            if name in RULER and study.layers > 1:
                recipe = recipe_of(study, name, layer=study.layers // 2)
                cards.append(card_of(recipe, nameless))
        except AnalysisError as error:
            lacking.append(f"{gallery.FIGURES[name].says} {error}")
    return Section(page, found(study, page), tuple(cards), tuple(lacking))


def found(study: Study, page: str) -> tuple[Said, ...]:
    """What the study says on the question of a page."""
    about = ON_WORDS if page == "Alignment" else page.lower()
    if about not in findings.abouts(study):
        return ()
    told = findings.finding(study, HONEST, about)
    return (Said(told.sentence, told.statistics),)


def card_of(recipe: Recipe, nameless: bool) -> Card:
    """The card of a figure, with or without names."""
    return card(anonymous(recipe) if nameless else recipe)


def about(study: Study) -> tuple[str, ...]:
    """What kind of numbers these are, and whose terms they are under."""
    said = []
    if study.kind == PUBLISHED:
        citation = study.manifest.citation
        said.append(f"Published numbers, not computed here. {citation}")
    elif study.toy:
        said.append(DEMO_NOTE)
    else:
        said.append(model_note(study))
    if study.missing:
        said.append("This study is unfinished: some of its cells are missing.")
    if study.manifest.notice:
        said.append(study.manifest.notice)
    return tuple(said)


def without_names(whole: Handout, study: Study) -> Handout:
    """The same without names of the study, the user, this host and folders."""
    names = names_of(facts(study))
    sections = []
    for each in whole.sections:
        said = [
            Said(scrubbed(one.sentence, names), scrubbed(one.statistics, names))
            for one in each.findings
        ]
        lacking = scrubbed(each.lacking, names)
        sections.append(replace(each, findings=tuple(said), lacking=tuple(lacking)))
    return Handout(
        title=scrubbed(whole.title, names),
        about=tuple(scrubbed(whole.about, names)),
        sections=tuple(sections),
        answers=scrubbed(whole.answers, names),
        provenance=scrubbed(whole.provenance, names),
    )
