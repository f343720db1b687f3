"""Overview: what the study says, what it has, and what it could have."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.concepts.can_show import sources_of_study
from analysis.concepts.readable import notes_on
from analysis.concepts.transfer import transfer
from analysis.core.counting import count_are
from analysis.core.turns import SMALL
from analysis.overview import findings, needs, page_needs
from analysis.overview.finding import Finding
from analysis.overview.shares import in_order_of_share
from analysis.study import library
from analysis.study.study import PUBLISHED, Study
from components.figures import overview as figures
from components.figures import transfer as transfer_figures
from components.figures.languages import Languages
from components.figures.text import model_note
from components.frame import (
    cache,
    controls,
    going,
    links,
    panel,
    questions,
    shell,
    small,
)
from components.frame.polite import INFO, polite
from components.frame.questions import Question
from components.frame.sources import tell_what_shows
from components.frame.text import escape
from components.views import analyses, unfilled
from components.views.alignment import MANY_WORDS
from components.views.figures import drop
from components.views.transfers import transfers
from components.views.words import tell_null

LOOK_INTO = 400
"""Height in pixels of a text that is longer than a page."""
SLOW = ("words",)
"""Findings that others do not wait for."""
BESIDE = 3
"""Small cards that stand as high as the large one; further ones lie below both."""
SHORT = "pushing"
"""The finding that may have no picture: beside the large card it would leave a gap."""


@dataclass(frozen=True)
class Layout:
    """Places on the page, made before anything is computed."""

    findings: Mapping[str, DeltaGenerator]
    """What a finding is about → where it goes; the first place is the large one."""
    rest: DeltaGenerator
    wide: tuple[str, ...] = ()
    """What has a card across the page, with its picture beside its sentence."""


def page(study: Study) -> None:
    """The page under its title: findings as they come, then what is behind them."""
    open_what_is_asked()
    tell_state(study)
    abouts = in_order(study)
    layout = places(abouts)
    for about in abouts:
        if about not in SLOW:
            fill(study, about, layout)
    with layout.rest:
        small_print(study)
        questions.show(
            (
                Question("pages", "What is there?", partial(holdings, study)),
                Question("data", "Which data?", partial(data, study)),
                Question("analyses", "What else?", partial(measures, study)),
            )
        )
    for about in abouts:
        if about in SLOW:
            fill(study, about, layout)


def open_what_is_asked() -> None:
    """A link to an analysis opens its tab, also one from before there were tabs."""
    begun = questions.widget(questions.TAB) in st.session_state
    said = links.address()
    asked = "analysis" in said and questions.TAB not in said
    if asked and not begun:
        links.ask(questions.TAB, "analyses")


def in_order(study: Study) -> tuple[str, ...]:
    """What findings there are: transfer first, where there is any, as the most telling."""
    abouts = []
    for about in findings.abouts(study):
        need = findings.OF_CONCEPTS.get(about)
        if need is None or need.met(study):
            abouts.append(about)
    abouts.sort(key=lambda about: about == SHORT)
    return tuple(sorted(abouts, key=lambda about: about != "transfer"))


def places(abouts: tuple[str, ...]) -> Layout:
    """A large place on the left for the first, smaller ones beside it, the rest below."""
    found: dict[str, DeltaGenerator] = {}
    if not abouts:
        return Layout(found, st.container())
    first, *others = abouts
    left = right = st.container()
    if others:
        left, right = st.columns([3, 2])
    found[first] = left.container(border=True)
    for about in others[:BESIDE]:
        found[about] = right.container(border=True)
    wide = tuple(others[BESIDE:])
    for about in wide:
        found[about] = st.container(border=True)
    return Layout(found, st.container(), wide)


def fill(study: Study, about: str, layout: Layout) -> None:
    """One finding in its place: its sentence, its picture, its numbers and its page."""
    place = layout.findings[about]
    is_large = about == next(iter(layout.findings))
    with place, polite(INFO):
        if about == "words" and takes_minutes(study):
            st.markdown(
                "Many words: the Alignment page looks them up in the background."
            )
            page_link(study, "alignment", place)
            return
        if about == "transfer" and not are_measured(study):
            return
        with st.spinner(f"{about.capitalize()} …"):
            found = finding(study, about)
        sentence = escape(found.sentence)
        if about in layout.wide and found.picture is not None:
            said, drawn = st.columns([3, 2])
            with said:
                st.markdown(f"**{sentence}**")
                foot(study, found)
            with drawn:
                picture(study, about, found)
            return
        st.markdown(f"#### {sentence}" if is_large else f"**{sentence}**")
        picture(study, about, found)
        foot(study, found)


def are_measured(study: Study) -> bool:
    """Whether transfers are at hand; where not, how far they are is shown."""
    convention = controls.convention()
    return transfers(study, convention, study.concepts) is not None


def finding(study: Study, about: str) -> Finding:
    """What is found; a slow finding is kept whole, others are told of kept measures."""
    convention = controls.convention()
    if about in SLOW:
        return cache.measure(findings.finding, study, convention, about)
    return findings.finding_of(study, convention, about, cache.measure)


def takes_minutes(study: Study) -> bool:
    """Whether words are too many, or their vectors too wide, to be looked up meanwhile."""
    if study.words is None or study.has("alignment"):
        return False
    wide = (study.manifest.hidden or 0) > SMALL
    return wide or len(study.words.concepts) > MANY_WORDS


def picture(study: Study, about: str, found: Finding) -> None:
    """The triangle for transfer, a few bars for all others."""
    if about == "transfer":
        convention = controls.convention()
        table = cache.measure(transfer, study, convention, study.concepts)
        languages = triangular(study, table.source.values.tolist())
        small.heat(transfer_figures.matrix(study, table, languages, convention))
        left_out(languages, table.source.values.tolist())
    elif found.picture is not None:
        small.bars(about, found.picture, found.text)


def left_out(languages: Languages, codes: list[str]) -> None:
    """That the triangle is without some of the languages, where it is."""
    shown = len(languages.codes)
    if shown < len(codes):
        st.caption(
            f"{shown} of {len(codes)} languages: those with a known share of text, the "
            "largest first."
        )


def triangular(study: Study, codes: list[str]) -> Languages:
    """The languages that the sentence speaks of, in its order; or as the reader chose."""
    ranked = in_order_of_share(study, codes)
    arranged = controls.arrangement()
    if arranged.order == "share" and ranked.tells:
        return Languages(ranked.codes, arranged.names(ranked.codes))
    return controls.languages(study, codes)


def foot(study: Study, found: Finding) -> None:
    """The way to the page, and the numbers behind an icon."""
    row = st.container(horizontal=True, vertical_alignment="center")
    page_link(study, found.page, row)
    if found.statistics:
        with row.popover(":material/functions:", help="The numbers"):
            st.markdown(escape(found.statistics))


def page_link(study: Study, page: str, place: DeltaGenerator) -> None:
    """A link to a page of the menu, by its title in small letters."""
    entry = shell.entry_of(page.capitalize())
    going.link(entry.file, entry.title, {"study": study.name}, place, icon=entry.icon)


def tell_state(study: Study) -> None:
    """What has to be known of a study before it is read, such as that it is unfinished."""
    if study.missing:
        st.warning(
            f"Unfinished: {count_are(len(study.missing), 'cell')} missing. "
            "The Studies page goes on with it.",
            icon=":material/pause_circle:",
        )
    for note in notes_on(study.manifest.left_out or ()):
        st.caption(escape(note))
    tell_null(study)
    if not (study.concepts or study.embeddings):
        st.info(
            "This study has no concepts. Layers and Plane show what it has.",
            icon=":material/layers:",
        )


def small_print(study: Study) -> None:
    """What a licence asks to be shown, and whose numbers they are."""
    if study.kind == PUBLISHED:
        st.caption("Published numbers, not computed here.")
    if study.manifest.notice:
        st.caption(escape(study.manifest.notice))


def holdings(study: Study) -> None:
    """By page: whether the study has what it shows; what is lacking, and how to get it."""
    filled, lacking = [], []
    for title in page_needs.NEEDS:
        (lacking if page_needs.reason(title, study) else filled).append(title)
    row = st.container(horizontal=True)
    for title in filled:
        has(study, title, row)
    if not lacking:
        return
    row = st.container(horizontal=True)
    for title in lacking:
        lacks(study, title, row)


def has(study: Study, title: str, row: DeltaGenerator) -> None:
    """A page that has something to show."""
    shows = page_needs.NEEDS[title].shows
    going.link(
        shell.entry_of(unfilled.entry_here(title)).file,
        title,
        {"study": study.name},
        row,
        icon=":material/check:",
        help=f"Shows {shows}.",
    )


def lacks(study: Study, title: str, row: DeltaGenerator) -> None:
    """A page that has nothing to show; the link goes where that can be mended."""
    way = page_needs.way(title, study)
    going.link(
        shell.entry_of(way.page).file,
        title,
        unfilled.beginning(study, way.page),
        row,
        icon=":material/add:",
        help=f"{escape(page_needs.reason(title, study))} {way.words}",
    )


def data(study: Study) -> None:
    """How much there is to compute from, where it comes from, and what it can show."""
    if study.kind == PUBLISHED:
        st.markdown(escape(study.manifest.citation or ""))
    else:
        st.markdown(escape(f"{model_note(study)} {weights_note(study)}"))
    sizes = {
        "Concepts": len(study.concepts),
        "Languages": len(study.languages),
        "Layers": study.layers,
        "Held-out pairs": held_out(study),
    }
    for column, (label, value) in zip(st.columns(4), sizes.items()):
        column.metric(label, value)
    tell_what_shows(sources_of_study(study), study.languages, study.manifest.split)
    if needs.PAIRS.met(study):
        languages = controls.languages(study, study.languages)
        panel.show(figures.coverage(study, languages))
    provenance(study)


def provenance(study: Study) -> None:
    """All that the study says of itself, which may be megabytes: read when opened."""
    opened = st.expander(
        "Provenance", icon=":material/history_edu:", on_change="rerun", key="provenance"
    )
    if opened.open:
        opened.code(library.provenance(study), language="json", height=LOOK_INTO)


def measures(study: Study) -> None:
    """Everything else that can be asked of the study, and figures that were kept."""
    analyses.everything(study)
    drop()


def weights_note(study: Study) -> str:
    """How the weights of a study's model were stored, where that is known."""
    words = (study.manifest.weights or {}).get("words")
    if not isinstance(words, str) or not words:
        return ""
    return f"{words[:1].upper()}{words[1:]}."


def held_out(study: Study) -> str:
    """How many held-out pairs there are over all concepts and languages."""
    tables = study.manifest.pairs
    if not tables:
        return "not printed"
    total = 0
    for table in tables.values():
        total += sum(counts.test for counts in table.counts.values())
    return f"{total:,}"
