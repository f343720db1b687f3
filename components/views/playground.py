"""Playground: what does the model say when it is pushed?"""

import time
from collections.abc import Callable, Mapping, Sequence
from difflib import SequenceMatcher

import streamlit as st

from analysis.core.counting import count
from analysis.core.model_names import DEMO
from analysis.steering import fluency, resolve
from analysis.steering.language_vectors import language_vector
from analysis.study.study import Study
from analysis.worker import answers
from analysis.worker.answers import Dose, Reply, Request, Wording
from analysis.worker.service import DONE, QUEUED, Job, Pool
from components.figures.text import DEMO_NOTE
from components.forms import playground, tokens
from components.forms.playground import BASELINE, STEERED, TWIN, ZERO, Draft
from components.frame import cache, controls, jobs, panel
from components.frame.polite import polite
from components.frame.text import escape
from components.views import comparing, dose, keeping, recorded, unfilled

LEASE = 15.0
"""Seconds without a look after which answers stop: the tab was closed."""
ENDINGS = {
    "end": "ended by itself",
    "length": "cut at the asked length",
    "not finite": (
        "stopped: the states are no longer finite, or all tokens are equally likely; "
        "the strength is too large"
    ),
    "going on": "…",
}
EARLIER = (
    ":material/history: These answers belong to earlier settings; run again for the "
    "present ones."
)
Work = Callable[[Job, Pool], object]
Asked = Wording | Dose | Request | tuple[Request, bool]
"""What a job of this page was asked; a comparison with whether it is blind."""
Likely = Sequence[tuple[str, float]]
"""Tokens with their probabilities."""


def page(study: Study) -> None:
    """The draft, its answers as they come, and what was measured."""
    if unfilled.tell(study, "Playground"):
        return
    cache.warmed()
    recorded.section(study)
    draft = playground.draw(study)
    above = st.container()
    buttons(draft)
    with above:
        prompt(draft)
    results(draft)
    dose.section(draft, start)
    if study.concepts:
        comparing.section(draft, start)
    keeping.section(draft)
    panel.explain(
        resolve.mapped,
        resolve.random,
        language_vector,
        resolve.push_shares,
        fluency.drift,
        fluency.repetition,
        fluency.knee,
    )


def prompt(draft: Draft) -> None:
    """The prompt as the model reads it: on request before a run, and by itself after one."""
    wording = Wording(draft.model, draft.template, draft.question)
    nothing = jobs.Left(0, None, "")
    formatted = st.session_state.get("play-got-prompt", nothing)
    with st.expander("The prompt as the model reads it", icon=":material/terminal:"):
        if formatted.asked == wording:
            st.code(formatted.answer, language=None, wrap_lines=True)
            return
        st.caption(
            "What the template puts around the prompt; only the model's tokenizer is "
            "read for it."
        )
        if st.button(
            "Show it",
            icon=":material/visibility:",
            key="play-format",
            disabled=live_job() is not None,
        ):
            start("prompt", "Formatted prompt", answers.format_prompt(wording), wording)


def live_job() -> Job | None:
    """The session's newest job while it waits or runs."""
    job = jobs.mine()
    if job is not None and job.live:
        return job
    return None


def buttons(draft: Draft) -> None:
    """Run; what is running, or what became of it."""
    job = jobs.mine()
    busy = live_job()
    if st.button(
        "Run",
        type="primary",
        icon=":material/play_arrow:",
        shortcut="Ctrl+Enter",
        disabled=busy is not None or not draft.ready,
    ):
        request = draft.request(*playground.asks(draft))
        start("answers", "Answers", answers.answer_request(request), request)
    if busy is not None:
        watch(busy.number)
    elif job is not None and running() == job.number:
        finish(job)


def running() -> int:
    """Number of the job that this page began last; 0 before any."""
    begun = st.session_state.get("play-running")
    return begun.number if begun else 0


def start(kind: str, title: str, work: Work, asked: Asked) -> None:
    """Queue a job of this page and show it."""
    request = asked[0] if isinstance(asked, tuple) else asked
    with polite():
        job = cache.service().submit(jobs.owner(), title, work, LEASE, request.model)
        jobs.begun_here(job)
        st.session_state["play-running"] = jobs.Begun(job.number, kind, asked)
        job.finished.wait(jobs.SOON / 2)
        st.rerun()


def finish(job: Job) -> None:
    """Keep what a job left, also when it was stopped; say what went wrong."""
    begun = st.session_state["play-running"]
    asked = begun.asked
    answer = job.result if job.state == DONE else job.partial
    before = st.session_state.get(f"play-got-{begun.kind}")
    is_new = before is None or before.number != job.number
    if answer is not None and is_new:
        left = jobs.Left(job.number, asked, answer)
        st.session_state[f"play-got-{begun.kind}"] = left
        if begun.kind == "answers":
            wording = Wording(asked.model, asked.template, asked.asks[0].question)
            formatted = jobs.Left(job.number, wording, answer[0].prompt)
            st.session_state["play-got-prompt"] = formatted
    if job.state != DONE:
        jobs.outcome(job)


@st.fragment(run_every=0.3)
def watch(number: int) -> None:
    """Answers as they come, with Stop; looking keeps the job alive."""
    job = cache.service().jobs.get(number)
    if job is None or not job.live:
        st.rerun()
    state(job)
    begun = st.session_state["play-running"]
    # A comparison may be blind, so its answers are not shown as they come.
    if job.partial and begun.kind == "answers":
        cards(job.partial, f"live-{number}")


def state(job: Job) -> None:
    """Place or progress, and Stop; looking keeps the job alive."""
    job.seen = time.monotonic()
    left, right = st.columns([6, 1], vertical_alignment="center")
    if job.state == QUEUED:
        place = cache.service().place(job)
        many = "" if place == 1 else "s"
        left.progress(0.0, text=f"Waiting: {place} job{many} before this one.")
    else:
        doing = escape(job.doing) or "beginning"
        share = min(1.0, job.done / max(1, job.total))
        left.progress(share, text=f"{doing} · {job.done} of {job.total}")
    jobs.stop(right, job)


def results(draft: Draft) -> None:
    """The last answers of this session, unless new ones are on their way."""
    if live_job() is not None:
        return
    if "play-got-answers" not in st.session_state:
        st.caption("Nothing was asked yet. Press Run or Ctrl+Enter; Esc stops.")
        return
    last = st.session_state["play-got-answers"]
    asked, replies = last.asked, last.answer
    if draft.ready and asked != draft.request(*playground.asks(draft)):
        st.caption(EARLIER)
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
    """Answers side by side but for strength 0, each beside its language's baseline."""
    plain, pair, rest = {}, [], []
    for reply in replies:
        label = reply.ask.label
        if label.startswith(BASELINE):
            plain[reply.ask.language] = reply
        if label in (BASELINE, STEERED, TWIN):
            pair.append(reply)
        elif label != ZERO:
            rest.append(reply)
    row(pair, plain, f"{key}-pair")
    side_by_side = 4 if len(rest) < 9 else 2
    for first in range(0, len(rest), side_by_side):
        row(rest[first : first + side_by_side], plain, f"{key}-{first}")


def row(replies: Sequence[Reply], plain: Mapping[str, Reply], key: str) -> None:
    """Answers in columns, what differs from the baseline marked."""
    for column, reply in zip(st.columns(max(1, len(replies))), replies):
        with column.container(border=True):
            st.markdown(card_title(reply))
            base = plain.get(reply.ask.language)
            parts = marked(reply, base)
            tokens.show(parts, reply.ask.language, f"{key}-{reply.ask.label}")
            ending = ENDINGS[reply.answer.ended]
            st.caption(
                f"{count(len(reply.answer.ids), 'token')}, {ending}."
                f"{gated(reply.answer.conditions)}"
            )


def card_title(reply: Reply) -> str:
    """What was asked, and in which language where that is not the prompt's."""
    label, _, code = reply.ask.label.partition(" · ")
    if not code:
        return f"**{escape(label)}**"
    return f"**{escape(label)}** · {escape(controls.arrangement().name(code))}"


def gated(conditions: Sequence[tuple[float, bool]]) -> str:
    """Whether the prompt met the conditions of its steering."""
    sentences = []
    for cosine, met in conditions:
        result = "met" if met else "not met, so nothing was added"
        sentences.append(f" Cosine {cosine:z.3f}: the condition is {result}.")
    return "".join(sentences)


def marked(reply: Reply, base: Reply | None) -> list[tokens.Token]:
    """An answer's tokens, changed ones marked, the likeliest others on hover."""
    count = len(reply.answer.ids)
    steered, baseline = padded(reply.answer.top, count), padded(reply.baseline, count)
    if base is None or base is reply:
        tips = [likely("next", top) for top in steered]
        return tokens.merged(reply.answer.pieces, [False] * count, tips)
    tips = []
    for here, plain in zip(steered, baseline):
        parts = (likely("steered", here), likely("baseline", plain))
        tips.append("\n".join(part for part in parts if part))
    return tokens.merged(reply.answer.pieces, changed(reply, base), tips)


def padded(found: Sequence[Likely], count: int) -> list[Likely]:
    """Likeliest tokens of every place; none where they are not known yet."""
    known = list(found[:count])
    return known + [()] * (count - len(known))


def changed(reply: Reply, base: Reply) -> list[bool]:
    """Which tokens of an answer are not the baseline's."""
    ids = reply.answer.ids
    differs = [True] * len(ids)
    matcher = SequenceMatcher(None, base.answer.ids, ids, autojunk=False)
    for block in matcher.get_matching_blocks():
        differs[block.b : block.b + block.size] = [False] * block.size
    return differs


def likely(name: str, top: Likely) -> str:
    """The likeliest next tokens in one line."""
    if not top:
        return ""
    parts = [f"{token} {100 * share:.0f} %" for token, share in top]
    return f"{name}: " + "  ".join(parts)
