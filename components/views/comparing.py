"""English, local or mapped vector: the same prompt under each, blind until a vote is cast, and the votes so far."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

import streamlit as st

from analysis.core.errors import AnalysisError
from analysis.core.statistics import wilson
from analysis.steering.resolve import vectors
from analysis.steering.specs import VectorSource
from analysis.study import notes
from analysis.worker import answers
from analysis.worker.answers import Ask, Reply, Request
from components.figures.steering_words import steering_words
from components.forms.playground import Draft
from components.forms.tokens import Token, show
from components.frame import cache
from components.frame.text import escape

ORIGINS = ("English", "local", "mapped")
LETTERS = "ABC"


def concept_of(draft: Draft) -> str:
    """The concept whose vectors are compared: the chosen one where the chosen vector is of a concept."""
    first = draft.steering.unit.terms[0].source
    candidates = (one.concept for one in (first, *first.plus))
    return next(
        (concept for concept in candidates if concept in draft.study.concepts),
        draft.study.concepts[0],
    )


def sources(draft: Draft) -> tuple[dict[str, VectorSource], list[str]]:
    """The vectors of the concept that are to be had for the prompt's language, and a sentence for each that is not."""
    study, concept, found, missing = draft.study.name, concept_of(draft), {}, []
    for name, source in (
        ("English", VectorSource("concept vector", study, concept, "en")),
        ("local", VectorSource("concept vector", study, concept, draft.language)),
        ("mapped", VectorSource("mapped", study, concept, "en", target=draft.language)),
    ):
        try:
            vectors(source, cache.study)
            found[name] = source
        except AnalysisError as error:
            missing.append(f"The {name} vector is left out: {error}")
    return found, missing


def section(draft: Draft, start: Callable) -> None:
    """Ask for the comparison, and show the last one."""
    st.subheader("English, local or mapped vector?", anchor=False)
    if "en" not in draft.study.languages or draft.language == "en" or not draft.ready:
        st.caption(
            "Choose a prompt in another language than English, in a study that has an English vector."
        )
        return
    found, missing = sources(draft)
    asks = [
        Ask(
            name,
            draft.question,
            draft.language,
            draft.at(draft.steering.strength, found[name]),
        )
        for name in found
    ]
    st.caption(
        escape(
            " ".join(
                [
                    f"Vectors of {concept_of(draft)}, {steering_words(draft.steered, source=False)}.",
                    *missing,
                ]
            )
        )
    )
    left, right = st.columns([1, 3], vertical_alignment="center")
    blind = right.toggle(
        "Blind: hide which is which until a vote is cast", True, key="blind"
    )
    if left.button("Compare", icon=":material/balance:", disabled=len(asks) < 2):
        random.shuffle(asks)
        request = draft.request(*asks)
        start("compare", "Comparison", answers.answer(request), (request, blind))
    if "play-got-compare" in st.session_state:
        number, (request, was_blind), replies = st.session_state["play-got-compare"]
        if replace(request, asks=tuple(sorted(request.asks, key=str))) != draft.request(
            *sorted(asks, key=str)
        ):
            st.caption(
                ":material/history: These answers belong to earlier settings; compare again for the present ones."
            )
        compared(draft, number, (request, was_blind), replies)
    tally(draft)


def compared(
    draft: Draft, number: int, asked: tuple[Request, bool], replies: Sequence[Reply]
) -> None:
    """The answers, a vote, and afterwards their names."""
    _, blind = asked
    voted = st.session_state.get("play-voted") == number
    for letter, column, reply in zip(LETTERS, st.columns(len(replies)), replies):
        with column.container(border=True):
            st.markdown(
                f"**{letter}**"
                if blind and not voted
                else f"**{letter} · {reply.ask.label}**"
            )
            show([Token(reply.answer.text)], reply.ask.language, f"blind-{letter}")
    if not voted:
        options = [*LETTERS[: len(replies)], "none is better"]
        choice = st.segmented_control(
            "Which answer is the best?", options, key=f"vote-{number}"
        )
        if choice is not None and st.button(
            "Cast the vote", icon=":material/how_to_vote:"
        ):
            cast(draft, number, (choice, *asked), replies)


def cast(
    draft: Draft,
    number: int,
    choice: tuple[str, Request, bool],
    replies: Sequence[Reply],
) -> None:
    """Keep a vote with the study: what was chosen, among what, and under which steering."""
    letter, request, blind = choice
    first = replies[0].ask
    vote = {
        "chosen": replies[LETTERS.index(letter)].ask.label
        if letter in LETTERS
        else letter,
        "blind": blind,
        "question": first.question,
        "language": first.language,
        "concept": first.steering.terms[0].source.concept,
        "steering": {reply.ask.label: asdict(reply.ask.steering) for reply in replies},
        "model": request.model.model,
        "template": request.template,
        "time": int(time.time()),
    }
    try:
        notes.add(draft.study, "votes", vote)
    except AnalysisError as error:
        st.error(escape(str(error)), icon=":material/error:")
        return
    st.session_state["play-voted"] = number
    st.rerun()


def tally(draft: Draft) -> None:
    """Blind votes on this concept in this language, with intervals, and how many there are in all."""
    try:
        votes = [
            note for note in notes.notes(draft.study, "votes") if note.get("blind")
        ]
    except AnalysisError as error:
        st.error(escape(str(error)), icon=":material/error:")
        return
    here = (concept_of(draft), draft.language)
    chosen = [
        note["chosen"]
        for note in votes
        if (note.get("concept"), note["language"]) == here
    ]
    parts = []
    for name in (*ORIGINS, "none is better") if chosen else ():
        low, high = wilson(chosen.count(name), len(chosen))
        parts.append(
            f"{name} {chosen.count(name)} ({100 * low:.0f} to {100 * high:.0f} %)"
        )
    told = (
        f", 95 % Wilson intervals over all strengths and layers: {', '.join(parts)}"
        if parts
        else ""
    )
    if votes:
        st.caption(
            escape(
                f"Blind votes on {here[0]} in {here[1]}: n = {len(chosen)}{told}. {len(votes)} blind votes are kept in all."
            )
        )
