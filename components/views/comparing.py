"""English, local or mapped vector: the same prompt under each, blind until a vote."""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import streamlit as st

from analysis.core.errors import AnalysisError
from analysis.core.intervals import ends, wilson
from analysis.steering.resolve import vectors
from analysis.steering.specs import VectorSource
from analysis.study import notes
from analysis.worker import answers
from analysis.worker.answers import Ask, Reply, Request
from components.figures.steering_words import steering_words
from components.forms import playground
from components.forms.playground import Draft
from components.forms.tokens import Token, show
from components.frame import cache, controls, jobs
from components.frame.polite import polite
from components.frame.text import escape

ORIGINS = ("English", "local", "mapped")
NONE = "none is better"
LETTERS = "ABC"
EARLIER = (
    ":material/history: These answers belong to earlier settings; compare again for the "
    "present ones."
)


@dataclass(frozen=True)
class Vectors:
    """The vectors that can be compared by name, and a sentence for each that cannot."""

    found: Mapping[str, VectorSource]
    missing: Sequence[str]


@dataclass(frozen=True)
class Comparison:
    """A comparison that was asked for: its job, what was asked, and whether blind."""

    number: int
    request: Request
    blind: bool


def concept_of(draft: Draft) -> str:
    """The concept whose vectors are compared: the chosen vector's, if it is of one."""
    if draft.steering is not None:
        first = draft.steering.unit.terms[0].source
        for source in (first, *first.plus):
            if source.concept in draft.study.concepts:
                return source.concept
    return draft.study.concepts[0]


def origins(draft: Draft) -> dict[str, VectorSource]:
    """The three vectors of the concept for the prompt's language."""
    english = VectorSource("concept vector", draft.study.name, concept_of(draft), "en")
    local = replace(english, language=draft.language)
    mapped = replace(english, kind="mapped", target=draft.language)
    return dict(zip(ORIGINS, (english, local, mapped)))


def compared_vectors(draft: Draft) -> Vectors:
    """Those of the three vectors that there are."""
    found, missing = {}, []
    for name, source in origins(draft).items():
        try:
            vectors(source, cache.study)
        except AnalysisError as error:
            missing.append(f"The {name} vector is left out: {error}")
        else:
            found[name] = source
    return Vectors(found, missing)


def section(draft: Draft, start: Callable) -> None:
    """Ask whether the English, the local or the mapped vector does best."""
    if "en" not in draft.study.languages:
        st.caption("This study has no English vector to compare the others with.")
        return
    if draft.language == "en":
        offer_another(draft)
        return
    if draft.steering is None or not draft.ready:
        st.caption("Choose a vector, layers and a prompt first.")
        return
    usable = compared_vectors(draft)
    words = steering_words(draft.steered, source=False)
    sentences = [f"Vectors of {concept_of(draft)}, {words}.", *usable.missing]
    st.caption(escape(" ".join(sentences)))
    strength = draft.steering.strength
    asks = []
    for name, source in usable.found.items():
        spec = draft.at(strength, source)
        asks.append(Ask(name, draft.question, draft.language, spec))
    ask(draft, asks, start)
    if "play-got-compare" in st.session_state:
        last(draft, draft.request(*asks))
    tally(draft)


def offer_another(draft: Draft) -> None:
    """Say why English has nothing to compare, and ask an example in another language."""
    st.caption(
        "The three vectors are the English one, that of the prompt's own language, and "
        "the English one mapped into it. So the prompt must be in another language."
    )
    code, name = playground.elsewhere(draft)
    if code:
        st.button(
            f"Ask an example in {escape(controls.arrangement().in_words(code))}",
            icon=":material/translate:",
            on_click=playground.begin_in,
            args=(draft.study, name, code),
            key="compare-elsewhere",
        )


def last(draft: Draft, present: Request) -> None:
    """The last comparison, which may be of earlier settings than the present ones."""
    left = st.session_state["play-got-compare"]
    request, blind = left.asked
    if alphabetical(request) != alphabetical(present):
        st.caption(EARLIER)
    compared(draft, Comparison(left.number, request, blind), left.answer)


def ask(draft: Draft, asks: list[Ask], start: Callable) -> None:
    """The button that asks, in an order that says nothing."""
    left, right = st.columns([1, 3], vertical_alignment="center")
    blind = right.toggle(
        "Blind: hide which is which until a vote is cast", True, key="blind"
    )
    job = jobs.mine()
    busy = job is not None and job.live
    if left.button(
        "Compare", icon=":material/balance:", disabled=busy or len(asks) < 2
    ):
        random.shuffle(asks)
        request = draft.request(*asks)
        start(
            "compare", "Comparison", answers.answer_request(request), (request, blind)
        )


def alphabetical(request: Request) -> Request:
    """The same request with its asks in a fixed order."""
    return replace(request, asks=tuple(sorted(request.asks, key=str)))


def compared(draft: Draft, asked: Comparison, replies: Sequence[Reply]) -> None:
    """The answers, a vote, and afterwards their names."""
    voted = st.session_state.get("play-voted") == asked.number
    for letter, column, reply in zip(LETTERS, st.columns(len(replies)), replies):
        with column.container(border=True):
            name = letter
            if voted or not asked.blind:
                name = f"{letter} · {reply.ask.label}"
            st.markdown(f"**{name}**")
            show([Token(reply.answer.text)], reply.ask.language, f"blind-{letter}")
    if voted:
        return
    options = [*LETTERS[: len(replies)], NONE]
    choice = st.segmented_control(
        "Which answer is the best?", options, key=f"vote-{asked.number}"
    )
    if choice is not None and st.button("Cast the vote", icon=":material/how_to_vote:"):
        cast(draft, asked, choice, replies)


def cast(
    draft: Draft, asked: Comparison, choice: str, replies: Sequence[Reply]
) -> None:
    """Keep a vote with the study: what was chosen, among what, under which steering."""
    first, request = replies[0].ask, asked.request
    chosen = choice
    if choice in LETTERS:
        chosen = replies[LETTERS.index(choice)].ask.label
    vote = {
        "chosen": chosen,
        "blind": asked.blind,
        "question": first.question,
        "language": first.language,
        "concept": first.steering.terms[0].source.concept,
        "steering": {reply.ask.label: asdict(reply.ask.steering) for reply in replies},
        "model": request.model.model,
        "template": request.template,
        "time": int(time.time()),
    }
    if replies[0].engine:
        vote["engine"] = replies[0].engine
    with polite():
        notes.add_notes(draft.study, "votes", vote)
        st.session_state["play-voted"] = asked.number
        st.rerun()


def tally(draft: Draft) -> None:
    """Blind votes on this concept in this language, and how many there are in all.

    Votes on answers of other engines are counted apart.
    """
    blind = []
    with polite():
        kept = notes.read_notes(draft.study, "votes")
        blind = [note for note in kept if note.get("blind")]
    if not blind:
        return
    concept, language = concept_of(draft), draft.language
    chosen: dict[str, list[str]] = {"": []}
    for note in blind:
        if note.get("concept") == concept and note["language"] == language:
            chosen.setdefault(note.get("engine", ""), []).append(note["chosen"])
    sentences = []
    for engine, votes in chosen.items():
        by = f", answers by {engine}" if engine else ""
        sentences.append(
            f"Blind votes on {concept} in {language}{by}: n = {len(votes)}"
            f"{vote_shares(votes)}."
        )
    sentences.append(f"{len(blind)} blind votes are kept in all.")
    st.caption(escape(" ".join(sentences)))


def vote_shares(chosen: list[str]) -> str:
    """How often each vector was chosen, with its interval."""
    if not chosen:
        return ""
    counts = Counter(chosen)
    parts = []
    for name in (*ORIGINS, NONE):
        low, high = wilson(counts[name], len(chosen))
        parts.append(f"{name} {counts[name]} ({ends(100 * low, 100 * high, '.0f')} %)")
    return ", 95 % Wilson intervals over all strengths and layers: " + ", ".join(parts)
