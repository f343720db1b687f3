"""What is done with answers: compared blindly and voted on, saved to the study, exported, copied as code."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict

import pandas as pd
import streamlit as st

from analysis.engine import answers
from analysis.engine.answers import Ask, Reply, Request
from analysis.errors import AnalysisError
from analysis.measures.steering import vectors
from analysis.sources.vectors import SUFFIXES, WRITERS
from analysis.specs import digest
from analysis.statistics import wilson
from analysis.steering_specs import VectorSource
from analysis.studies import notes
from components import cache, jobs
from components.playground import Draft
from components.text import escape
from components.tokens import Token, show

ORIGINS = ("English", "local", "mapped")
LETTERS = "ABC"


def sources(draft: Draft) -> dict[str, VectorSource]:
    """English, local and mapped vector of the chosen concept for the prompt's language."""
    first = draft.steering.unit.terms[0].source
    concept = first.concept or next((one.concept for one in first.plus), "") or draft.study.concepts[0]
    study = draft.study.name
    return {
        "English": VectorSource("concept vector", study, concept, "en"),
        "local": VectorSource("concept vector", study, concept, draft.language),
        "mapped": VectorSource("mapped", study, concept, "en", target=draft.language),
    }


def compare(draft: Draft, start: Callable) -> None:
    """The same prompt under the English, the local and the mapped vector; blind until a vote is cast."""
    st.subheader("English, local or mapped vector?", anchor=False)
    if "en" not in draft.study.languages or draft.language == "en" or not draft.ready:
        st.caption("Choose a prompt in another language than English, in a study that has an English vector.")
        return
    left, right = st.columns([1, 3], vertical_alignment="center")
    blind = right.toggle("Blind: hide which is which until a vote is cast", True, key="blind")
    if left.button("Compare", icon=":material/balance:"):
        names = list(ORIGINS)
        random.shuffle(names)
        found = sources(draft)
        asks = [Ask(name, draft.question, draft.language, draft.at(draft.steering.strength, found[name])) for name in names]
        request = draft.request(*asks)
        start("compare", "Comparison", answers.answer(request), (request, blind))
    if "play-got-compare" in st.session_state:
        compared(draft, *st.session_state["play-got-compare"])
    tally(draft)


def compared(draft: Draft, number: int, asked: tuple[Request, bool], replies: Sequence[Reply]) -> None:
    """The three answers, a vote, and afterwards their names."""
    _, blind = asked
    voted = st.session_state.get("play-voted") == number
    for letter, column, reply in zip(LETTERS, st.columns(len(replies)), replies):
        with column.container(border=True):
            st.markdown(f"**{letter}**" if blind and not voted else f"**{letter} · {reply.ask.label}**")
            show([Token(reply.answer.text)], reply.ask.language, f"blind-{letter}")
    if not voted:
        options = [*LETTERS[: len(replies)], "none is better"]
        choice = st.segmented_control("Which answer is the best?", options, key=f"vote-{number}")
        if choice is not None and st.button("Cast the vote", icon=":material/how_to_vote:"):
            cast(draft, number, (choice, blind), replies)


def cast(draft: Draft, number: int, choice: tuple[str, bool], replies: Sequence[Reply]) -> None:
    """Keep a vote with the study."""
    letter, blind = choice
    chosen = replies[LETTERS.index(letter)].ask.label if letter in LETTERS else letter
    vote = {"chosen": chosen, "blind": blind, "question": replies[0].ask.question, "language": replies[0].ask.language}
    try:
        notes.add(draft.study, "votes", {**vote, "spec": digest(replies[0].ask.steering), "time": int(time.time())})
    except AnalysisError as error:
        st.error(escape(str(error)), icon=":material/error:")
        return
    st.session_state["play-voted"] = number
    st.rerun()


def tally(draft: Draft) -> None:
    """Blind votes so far, with intervals."""
    try:
        votes = [note["chosen"] for note in notes.notes(draft.study, "votes") if note.get("blind")]
    except AnalysisError as error:
        st.error(escape(str(error)), icon=":material/error:")
        return
    if votes:
        n = len(votes)
        parts = []
        for name in (*ORIGINS, "none is better"):
            low, high = wilson(votes.count(name), n)
            parts.append(f"{name} {votes.count(name)} ({100 * low:.0f} to {100 * high:.0f} %)")
        st.caption(f"Blind votes kept with this study, n = {n}, 95 % Wilson intervals: {', '.join(parts)}.")


def tools(draft: Draft, request: Request, replies: Sequence[Reply]) -> None:
    """Save the answers, or copy them as code."""
    if st.button("Save answers to the study", icon=":material/bookmark_add:"):
        now = int(time.time())
        kept = [
            {"label": one.ask.label, "question": one.ask.question, "language": one.ask.language, "answer": one.answer.text,
             "steering": asdict(one.ask.steering), "model": request.model.model, "template": request.template, "time": now}
            for one in replies
        ]  # fmt: skip
        try:
            notes.add(draft.study, "answers", *kept)
            st.success(f"{len(kept)} answers are kept with the study.", icon=":material/bookmark_added:")
        except AnalysisError as error:
            st.error(escape(str(error)), icon=":material/error:")
    with st.expander("Copy as code", icon=":material/code:"):
        st.code(code(request), language="python", wrap_lines=True)


def code(request: Request) -> str:
    """Lines that reproduce the answers."""
    return (
        "from analysis.engine.answers import Ask, Request, reply\n"
        "from analysis.specs import ModelSpec\n"
        "from analysis.steering_specs import Condition, GenerationSpec, SteeringSpec, SteeringTerm, VectorSource\n\n"
        f"request = {request!r}\n"
        "for one in reply(request):\n"
        '    print(f"{one.ask.label}: {one.answer.text}")\n'
    )


def section(draft: Draft) -> None:
    """Saved answers with search; files of vectors in and out."""
    st.subheader("Saved answers", anchor=False)
    try:
        kept = pd.DataFrame(notes.notes(draft.study, "answers"))
    except AnalysisError as error:
        st.error(escape(str(error)), icon=":material/error:")
        kept = pd.DataFrame()
    if kept.empty:
        st.caption("None are kept with this study yet.")
    else:
        wanted = st.text_input("Search", key="search", placeholder="in questions, answers and labels", max_chars=200).casefold()
        columns = ["label", "language", "question", "answer", "model", "template"]
        found = kept[kept[columns].astype(str).agg(" ".join, axis=1).str.casefold().str.contains(wanted, regex=False)]
        st.dataframe(found[columns], hide_index=True)
        st.caption(f"{len(found):,} of {len(kept):,} saved answers.")
    with st.expander("Files: import and export vectors", icon=":material/import_export:"):
        export(draft)
        bring()


def export(draft: Draft) -> None:
    """The chosen vector at all layers, as a file."""
    if draft.steering is None:
        return
    source = draft.steering.unit.terms[0].source
    found = dict(enumerate(vectors(source, cache.study), 1))
    left, right = st.columns(2, vertical_alignment="bottom")
    form = left.selectbox(
        "Format", list(WRITERS), key="format", help="gguf: control vectors of llama.cpp and repeng, without layer 1."
    )
    title = f"{source.concept or source.kind}-{source.language or 'vector'}-{draft.study.name}"
    try:
        data = WRITERS[form](found, title)
    except AnalysisError as error:
        st.error(escape(str(error)), icon=":material/error:")
        return
    right.download_button("Download the vector", data, f"{title}.{form}", on_click="ignore", icon=":material/download:")


def bring() -> None:
    """A file of vectors, checked by the worker and kept."""
    endings = [ending.lstrip(".") for ending in SUFFIXES]
    file = st.file_uploader("Import vectors", type=endings, key="vector-file", max_upload_size=200)
    if file is None or st.session_state.get("brought") == file.file_id:
        return
    try:
        job = cache.service().submit(jobs.owner(), f"Import of {file.name}", answers.keep_file(file.getvalue(), file.name))
    except AnalysisError as error:
        st.error(escape(str(error)), icon=":material/error:")
        return
    st.session_state["brought"] = file.file_id
    job.finished.wait(60)
    jobs.outcome(job)
    if job.result:
        st.caption(f"Kept as {escape(job.result)}: choose “Imported file” as the vector.")
