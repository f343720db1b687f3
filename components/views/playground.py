"""Playground: what does the model say when it is pushed?"""

import time
from collections.abc import Sequence
from difflib import SequenceMatcher

import streamlit as st

from analysis.core.errors import AnalysisError
from analysis.core.model_names import DEMO
from analysis.steering import fluency, resolve
from analysis.study.study import PUBLISHED, Study
from analysis.worker import answers
from analysis.worker.answers import Reply, Wording
from analysis.worker.service import DONE, QUEUED, Job
from components.figures.text import DEMO_NOTE
from components.forms import playground, tokens
from components.forms.playground import BASELINE, STEERED, TWIN, ZERO, Draft
from components.frame import cache, controls, jobs, panel
from components.frame.text import escape
from components.views import comparing, dose, keeping
from components.views.words import empty

LEASE = 15.0
"""Seconds without a look after which answers stop: the tab was closed."""
ENDINGS = {
    "end": "ended by itself",
    "length": "cut at the asked length",
    "not finite": "stopped: the states are no longer finite, or all tokens are equally likely; the strength is too large",
    "going on": "…",
}


def page(study: Study) -> None:
    """The draft, its answers as they come, and what was measured."""
    if study.kind == PUBLISHED or not study.has("concept_vector"):
        st.info(
            empty(study.title, "concept vectors"), icon=":material/hourglass_empty:"
        )
        return
    cache.warmed()
    draft = playground.draw(study)
    above = st.container()
    buttons(draft)
    with above:
        prompt(draft)
    results(draft)
    dose.section(draft, start)
    comparing.section(draft, start)
    keeping.section(draft)
    panel.explain(
        resolve.mapped,
        resolve.random,
        resolve.shares,
        fluency.drift,
        fluency.repetition,
        fluency.knee,
    )


def prompt(draft: Draft) -> None:
    """The prompt as the model reads it: on request before a run, and by itself after one."""
    wording = Wording(draft.model, draft.template, draft.question)
    _, known, text = st.session_state.get("play-got-prompt", (0, None, ""))
    job = jobs.mine()
    with st.expander("The prompt as the model reads it", icon=":material/terminal:"):
        if known == wording:
            st.code(text, language=None, wrap_lines=True)
            return
        st.caption(
            "What the template puts around the prompt; only the model's tokenizer is read for it."
        )
        if st.button(
            "Show it",
            icon=":material/visibility:",
            key="play-format",
            disabled=job is not None and job.live,
        ):
            start("prompt", "Formatted prompt", answers.formatted(wording), wording)


def buttons(draft: Draft) -> None:
    """Run; what is running, or what became of it."""
    job = jobs.mine()
    busy = job is not None and job.live
    if st.button(
        "Run",
        type="primary",
        icon=":material/play_arrow:",
        shortcut="Ctrl+Enter",
        disabled=busy or not draft.ready,
    ):
        start(
            "answers",
            "Answers",
            answers.answer(request := draft.request(*playground.asks(draft))),
            request,
        )
    if busy:
        watch(job.number)
    elif (
        job is not None and st.session_state.get("play-running", (0,))[0] == job.number
    ):
        finish(job)


def start(kind: str, title: str, work: object, asked: object) -> None:
    """Queue a job of this page and show it."""
    model = (asked[0] if isinstance(asked, tuple) else asked).model
    try:
        job = cache.service().submit(jobs.owner(), title, work, LEASE, model)
    except AnalysisError as error:
        st.error(escape(str(error)), icon=":material/error:")
        return
    st.session_state["play-running"] = (job.number, kind, asked)
    job.finished.wait(jobs.SOON / 2)
    st.rerun()


def finish(job: Job) -> None:
    """Keep what a job left, also when it was stopped; say what went wrong."""
    _, kind, asked = st.session_state["play-running"]
    left = job.result if job.state == DONE else job.partial
    if (
        left is not None
        and st.session_state.get(f"play-got-{kind}", (0,))[0] != job.number
    ):
        st.session_state[f"play-got-{kind}"] = (job.number, asked, left)
        if kind == "answers":
            wording = Wording(asked.model, asked.template, asked.asks[0].question)
            st.session_state["play-got-prompt"] = (job.number, wording, left[0].prompt)
    if job.state != DONE:
        jobs.outcome(job)


@st.fragment(run_every=0.3)
def watch(number: int) -> None:
    """Answers as they come, with Stop; looking keeps the job alive."""
    job = cache.service().jobs.get(number)
    if job is None or not job.live:
        st.rerun()
    state(job)
    if (
        job.partial and st.session_state["play-running"][1] == "answers"
    ):  # a comparison may be blind
        cards(job.partial, f"live-{number}")


def state(job: Job) -> None:
    """Place or progress, and Stop; looking keeps the job alive."""
    job.seen = time.monotonic()
    place = cache.service().place(job)
    left, right = st.columns([6, 1], vertical_alignment="center")
    if job.state == QUEUED:
        left.progress(
            0.0,
            text=f"Waiting: {place} job{'s' if place != 1 else ''} before this one.",
        )
    else:
        left.progress(
            min(1.0, job.done / max(1, job.total)),
            text=f"{escape(job.doing) or 'beginning'} · {job.done} of {job.total}",
        )
    jobs.stop(right, job)


def results(draft: Draft) -> None:
    """The last answers of this session, unless new ones are on their way."""
    job = jobs.mine()
    if job is not None and job.live:
        return
    if "play-got-answers" not in st.session_state:
        st.caption("Nothing was asked yet. Press Run or Ctrl+Enter; Esc stops.")
        return
    _, asked, replies = st.session_state["play-got-answers"]
    if draft.ready and asked != draft.request(*playground.asks(draft)):
        st.caption(
            ":material/history: These answers belong to earlier settings; run again for the present ones."
        )
    badge(replies)
    cards(replies, "said")
    if draft.study.toy or draft.model.model == DEMO:
        st.caption(DEMO_NOTE)
    keeping.tools(draft, asked, replies)


def badge(replies: Sequence[Reply]) -> None:
    """Whether strength 0 said what the baseline said, in this very batch."""
    said = {reply.ask.label: reply.answer.ids for reply in replies}
    if ZERO not in said:
        return
    if said[ZERO] == said[BASELINE]:
        st.badge(
            "Strength 0 equals the baseline in this batch",
            icon=":material/check:",
            color="green",
        )
    else:
        st.badge(
            "Strength 0 differs from the baseline in this batch",
            icon=":material/warning:",
            color="red",
        )


def cards(replies: Sequence[Reply], key: str) -> None:
    """Answers side by side, those of strength zero left out; what differs from the baseline in the same language is marked."""
    shown = [reply for reply in replies if reply.ask.label != ZERO]
    plain = {
        reply.ask.language: reply
        for reply in shown
        if reply.ask.label.startswith(BASELINE)
    }
    pair = [reply for reply in shown if reply.ask.label in (BASELINE, STEERED, TWIN)]
    rest = [reply for reply in shown if reply not in pair]
    row(pair, plain, f"{key}-pair")
    for i in range(0, len(rest), 4 if len(rest) < 9 else 2):
        row(rest[i : i + (4 if len(rest) < 9 else 2)], plain, f"{key}-{i}")


def row(replies: Sequence[Reply], plain: dict[str, Reply], key: str) -> None:
    """Answers in columns."""
    for column, reply in zip(st.columns(max(1, len(replies))), replies):
        with column.container(border=True):
            label, _, code = reply.ask.label.partition(" · ")
            st.markdown(
                f"**{escape(label)}**"
                + (f" · {escape(controls.labels([code])[0])}" if code else "")
            )
            base = plain.get(reply.ask.language)
            tokens.show(
                marked(reply, base), reply.ask.language, f"{key}-{reply.ask.label}"
            )
            st.caption(
                f"{len(reply.answer.ids)} tokens, {ENDINGS[reply.answer.ended]}.{gated(reply.answer.conditions)}"
            )


def gated(conditions: Sequence[tuple[float, bool]]) -> str:
    """Whether the prompt met the conditions of its steering."""
    return "".join(
        f" Cosine {cosine:.3f}: the condition is {'met' if met else 'not met, so nothing was added'}."
        for cosine, met in conditions
    )


def marked(reply: Reply, base: Reply | None) -> list[tokens.Token]:
    """An answer's tokens: those that differ from the baseline's marked, with the likeliest tokens of both on hover."""
    ids = reply.answer.ids
    changed = [False] * len(ids)
    if base is not None and base is not reply:
        changed = [True] * len(ids)
        for block in SequenceMatcher(
            None, base.answer.ids, ids, autojunk=False
        ).get_matching_blocks():
            changed[block.b : block.b + block.size] = [False] * block.size
    tips = []
    for i in range(len(ids)):
        here = reply.answer.top[i] if i < len(reply.answer.top) else ()
        plain = reply.baseline[i] if i < len(reply.baseline) else ()
        same = base is None or base is reply
        parts = (
            [likely("next", here)]
            if same
            else [likely("steered", here), likely("baseline", plain)]
        )
        tips.append("\n".join(part for part in parts if part))
    return tokens.merged(reply.answer.pieces, changed, tips)


def likely(name: str, top: Sequence[tuple[str, float]]) -> str:
    """The likeliest next tokens in one line."""
    return (
        f"{name}: " + "  ".join(f"{token} {100 * share:.0f} %" for token, share in top)
        if top
        else ""
    )
