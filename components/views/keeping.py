"""What is done with answers and vectors: saved, exported, imported, copied as code."""

import time
from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd
import streamlit as st

from analysis.core.counting import count_are
from analysis.core.python_code import expression, names_in
from analysis.core.specs import from_dict
from analysis.steering.program_files import PROGRAMS, exported, of_term, untold
from analysis.steering.resolve import vectors
from analysis.steering.snippets import SNIPPETS, Push, snippet
from analysis.steering.specs import SteeringSpec, SteeringTerm
from analysis.study import notes
from analysis.worker.answers import Reply, Request
from components.figures.steering_words import steering_words
from components.forms.playground import ZERO, Draft
from components.frame import cache
from components.frame.polite import polite
from components.frame.text import escape
from components.views.bringing import bring

COLUMNS = [
    "label",
    "language",
    "question",
    "answer",
    "steering",
    "model",
    "template",
]
"""What is shown of a saved answer, and searched."""


def tools(draft: Draft, request: Request, replies: Sequence[Reply]) -> None:
    """Save the answers, or copy them as code."""
    if st.button("Save answers to the study", icon=":material/bookmark_add:"):
        save(draft, request, replies)
    with st.expander("Copy as code", icon=":material/code:"):
        st.code(code(request), language="python", wrap_lines=True)


def save(draft: Draft, request: Request, replies: Sequence[Reply]) -> None:
    """Keep the answers with the study, but for those of strength 0."""
    now = int(time.time())
    kept = []
    for one in replies:
        if one.ask.label == ZERO:
            continue
        note = {
            "label": one.ask.label,
            "question": one.ask.question,
            "language": one.ask.language,
            "answer": one.answer.text,
            "steering": asdict(one.ask.steering),
            "model": request.model.model,
            "template": request.template,
            "time": now,
        }
        if one.engine:
            note["engine"] = one.engine
        kept.append(note)
    with polite():
        notes.add_notes(draft.study, "answers", *kept)
        st.success(
            f"{count_are(len(kept), 'answer')} kept with the study.",
            icon=":material/bookmark_added:",
        )


def code(request: Request) -> str:
    """Lines of Python that reproduce the answers."""
    needed = sorted({*names_in(request), "reply"}, key=str.casefold)
    imported = "".join(f"    {name},\n" for name in needed)
    return (
        f"from babelscope.requests import (\n{imported})\n\n"
        f"request = {expression(request)}\n"
        "for one in reply(request):\n"
        '    print(f"{one.ask.label}: {one.answer.text}")\n'
    )


def section(draft: Draft) -> None:
    """Saved answers with search; files of vectors in and out."""
    kept = pd.DataFrame()
    with polite():
        kept = pd.DataFrame(notes.read_notes(draft.study, "answers"))
    if kept.empty:
        st.caption("None are kept with this study yet.")
    else:
        saved(kept)
    with st.expander(
        "Files: import and export vectors", icon=":material/import_export:"
    ):
        export(draft)
        bring(draft.study)


def saved(kept: pd.DataFrame) -> None:
    """The saved answers that hold what is searched for."""
    wanted = st.text_input(
        "Search",
        key="search",
        placeholder="in questions, answers and steering",
        max_chars=200,
    ).casefold()
    specs = [from_dict(SteeringSpec, spec) for spec in kept["steering"]]
    shown = kept.assign(steering=[steering_words(spec) for spec in specs])[COLUMNS]
    texts = shown.astype(str).agg(" ".join, axis=1)
    found = shown[texts.str.casefold().str.contains(wanted, regex=False)]
    st.dataframe(found, hide_index=True)
    st.caption(f"{len(found):,} of {len(kept):,} saved answers.")


def export(draft: Draft) -> None:
    """The chosen vector as a file of a program, what that leaves out, and its code."""
    if draft.steering is None:
        return
    first, *others = draft.steered.terms
    found = dict(enumerate(vectors(first.source, cache.study), 1))
    left, right = st.columns(2, vertical_alignment="bottom")
    form = left.selectbox(
        "Format",
        list(PROGRAMS),
        key="format",
        help="The first three hold vectors alone; gguf is llama.cpp's.",
    )
    what, language = first.source.concept or first.source.kind, first.source.language
    title = f"{what}-{language or 'vector'}-{draft.study.name}"
    one = of_term(first, found, title, len(others))
    with polite():
        right.download_button(
            "Download the vector",
            exported(one, form),
            f"{title}.{PROGRAMS[form].ending}",
            on_click="ignore",
            icon=":material/download:",
        )
    for sentence in untold(one, form):
        st.caption(escape(sentence))
    other_code(draft, first)


def other_code(draft: Draft, term: SteeringTerm) -> None:
    """Lines of code that steer with an exported file in another program."""
    name = st.selectbox(
        "Code for",
        list(SNIPPETS),
        index=None,
        placeholder="another program",
        key="snippet",
        help="Lines that apply an exported file there, at the strength chosen here.",
    )
    if name is None:
        return
    push = Push(
        "vector.safetensors",
        draft.model.model,
        draft.study.layers,
        term.layers,
        term.strengths[0],
    )
    st.code(snippet(name, push), language="python", wrap_lines=True)
    if len(set(term.strengths)) > 1:
        st.caption(
            "The layers have strengths of their own; the code has the first one."
        )
