"""Playground: what does the model say when it is pushed?"""

import time
from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.core.model_names import DEMO
from analysis.steering import fluency, resolve
from analysis.steering.language_vectors import language_vector
from analysis.study.study import Study
from analysis.worker import answers
from analysis.worker.answers import Curve, Reply, Request, Wording
from analysis.worker.service import DONE, QUEUED, Job, Pool
from components.figures.steering_words import steering_words
from components.figures.text import DEMO_NOTE
from components.forms import model_here, playground
from components.forms.playground import BASELINE, STEERED, TWIN, ZERO, Draft
from components.forms.steering_fields import KEY
from components.frame import cache, jobs, panel, questions
from components.frame.polite import polite
from components.frame.questions import Question
from components.frame.text import escape, isolated
from components.views import (
    answer_cards,
    answer_table,
    comparing,
    dose,
    earlier,
    keeping,
    recorded,
    unfilled,
)

LEASE = 15.0
"""Seconds without a look after which answers stop: the tab was closed."""
EARLIER = (
    ":material/history: These answers belong to earlier settings; run again for the "
    "present ones."
)
ASKED = "asked-values"
"""Where the session keeps the draft's fields of the run that is on its way."""
SHOWN_AT = "watched-at"
"""Where the session keeps which part of the page shows the job that is on its way."""
Work = Callable[[Job, Pool], object]
Asked = Wording | tuple[Curve, ...] | Request | tuple[Request, bool]
"""What a job of this page was asked; a comparison with whether it is blind."""


def page(study: Study) -> None:
    """Controls on the left, answers on the right, the rest in tabs below."""
    if unfilled.tell_lacking(study, "Playground"):
        return
    cache.warmed()
    recorded.tell_damage(study)
    left, right = st.columns([2, 3], gap="large")
    with left:
        drawn = playground.draw(study)
        draft = drawn.draft
    st.session_state[SHOWN_AT] = ""
    with drawn.run:
        elsewhere = buttons(draft)
    with right:
        answers_shown(draft)
    tabs(draft)
    tell_elsewhere(elsewhere)
    panel.explain(
        resolve.mapped,
        resolve.random,
        language_vector,
        resolve.push_shares,
        fluency.drift,
        fluency.repetition,
        fluency.knee,
    )


def tabs(draft: Draft) -> None:
    """What can be asked beyond one prompt at one strength."""
    asked = [Question("dose", "How far can it be pushed?", partial(dosed, draft))]
    if draft.study.concepts:
        draw = partial(comparing.section, draft, start)
        asked.append(Question("compare", "English, local or mapped vector?", draw))
    if draft.example.turn is not None:
        draw = partial(recorded.chosen_on, draft.example)
        asked.append(Question("chosen", "How were these settings chosen?", draw))
    saved = partial(keeping.section, draft)
    asked.append(Question("saved", "What was saved?", saved))
    questions.show(asked)


def dosed(draft: Draft) -> None:
    """The curve, with its progress in place."""
    dose.section(draft, start, partial(watched_here, "dose"))


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


def buttons(draft: Draft) -> DeltaGenerator:
    """Run, and what became of it; the place for progress that nothing else shows."""
    job = jobs.mine()
    busy = live_job()
    absent = model_here.absent(draft.model)
    if st.button(
        "Run",
        type="primary",
        icon=":material/play_arrow:",
        shortcut="Ctrl+Enter",
        disabled=busy is not None or not draft.ready or absent,
    ):
        request = draft.request(*playground.asks(draft))
        st.session_state[ASKED] = draft.values
        start("answers", "Answers", answers.answer_request(request), request)
    if absent:
        model_here.tell_absent(draft.model)
    if busy is None and job is not None and running() == job.number:
        finish(job, draft.study)
    return st.container()


def running() -> int:
    """Number of the job that this page began last; 0 before any."""
    begun = st.session_state.get("play-running")
    return begun.number if begun else 0


def start(kind: str, title: str, work: Work, asked: Asked) -> None:
    """Queue a job of this page and show it."""
    first = asked
    if isinstance(asked, tuple):
        first = asked[0]
    with polite():
        job = cache.service().submit(jobs.owner(), title, work, LEASE, first.model)  # pyright: ignore[reportAttributeAccessIssue]
        jobs.begun_here(job)
        st.session_state["play-running"] = jobs.Begun(job.number, kind, asked)
        job.finished.wait(jobs.SOON / 2)
        st.rerun()


def finish(job: Job, study: Study) -> None:
    """Keep what a job left, also when it was stopped; say what went wrong."""
    begun = st.session_state["play-running"]
    asked = begun.asked
    answer = job.result if job.state == DONE else job.partial
    done = st.session_state.get("finished-play", 0)
    if answer is not None and done != job.number:
        left = jobs.Left(job.number, asked, answer)
        st.session_state["finished-play"] = job.number
        st.session_state[f"play-got-{begun.kind}"] = left
        if begun.kind == "answers":
            wording = Wording(asked.model, asked.template, asked.asks[0].question)
            formatted = jobs.Left(job.number, wording, answer[0].prompt)
            st.session_state["play-got-prompt"] = formatted
            earlier.keep(study.name, st.session_state.get(ASKED, {}), left)
    if job.state != DONE:
        jobs.outcome(job)


def watched_here(kind: str) -> bool:
    """Show the progress of a job of this kind where the page is now; whether there is."""
    busy = live_job()
    begun = st.session_state.get("play-running")
    if busy is None or begun is None or begun.number != busy.number:
        return False
    if begun.kind != kind:
        return False
    st.session_state[SHOWN_AT] = kind
    watch(busy.number)
    return True


def tell_elsewhere(place: DeltaGenerator) -> None:
    """Progress of a job that no part of the page shows; nobody may stop looking at it."""
    busy = live_job()
    # The chip shows a job that another page began.
    if busy is None or not jobs.is_here(busy):
        return
    if not st.session_state.get(SHOWN_AT):
        with place:
            watch(busy.number)


@st.fragment(run_every=0.3)
def watch(number: int) -> None:
    """Answers as they come, with Stop; looking keeps the job alive."""
    job = cache.service().jobs.get(number)
    if job is None or not job.live:
        st.rerun()
    state(job)
    begun = st.session_state.get("play-running")
    # A comparison may be blind, so its answers are not shown as they come.
    if job.partial and begun is not None and begun.kind == "answers":
        cards(job.partial, f"live-{number}")


def state(job: Job) -> None:
    """Place or progress, and Stop; looking keeps the job alive."""
    job.seen = time.monotonic()
    left, right = st.columns([4, 1], vertical_alignment="center")
    left.progress(min(1.0, jobs.share_of(job)), text=state_words(job))
    jobs.stop(right, job)


def state_words(job: Job) -> str:
    """Where answers stand, which may end by themselves long before the last token."""
    if job.state == QUEUED or not job.total:
        return jobs.progress_words(job)
    return f"{escape(job.doing)} · {job.done} of {job.total}"


def answers_shown(draft: Draft) -> None:
    """The answers: live ones as they come, recorded ones at once, earlier ones marked."""
    with st.container(key="play-answers"):
        if watched_here("answers"):
            return
        earlier.bar(draft.study.name, live_job() is not None)
        live = live_shown(draft)
        if live is None:
            show_before(draft)
        else:
            show_live(draft, live)
        prompt(draft)
        if live is not None:
            keeping.tools(draft, live.asked, live.answer)


def live_shown(draft: Draft) -> jobs.Left | None:
    """The computed answers that are shown; None where recorded ones are, or nothing is."""
    live = st.session_state.get("play-got-answers")
    if live is None:
        live = earlier.last(draft.study.name)
    if live is None:
        return None
    if not is_present(draft, live.asked):
        if recorded.seen_now(draft) is not None:
            return None
        st.caption(EARLIER)
    return live


def show_before(draft: Draft) -> None:
    """What there is without a run: what was recorded now, or at the settings before."""
    seen = recorded.seen_now(draft)
    if seen is not None and recorded.show(draft.study, seen):
        return
    seen = recorded.seen_before(draft.study)
    if seen is not None:
        st.caption(recorded.TO_OTHERS)
        if recorded.show(draft.study, seen):
            return
    st.caption("Nothing was asked yet. Press Run or Ctrl+Enter; Esc stops.")


def is_present(draft: Draft, asked: Request) -> bool:
    """Whether answers are those of the draft as it stands."""
    return draft.ready and asked == draft.request(*playground.asks(draft))


def show_live(draft: Draft, left: jobs.Left) -> None:
    """Computed answers, with what can be done with them."""
    replies = left.answer
    badge(replies)
    tell_steering(replies)
    if replies[0].engine:
        st.caption(f"Written by {escape(replies[0].engine)}.")
    cards(replies, "said")
    steered = [reply for reply in replies if reply.ask.label == STEERED]
    if steered:
        answer_table.show(replies, strength_words(steered[0]), f"{KEY}-said")
    if draft.study.toy or draft.model.model == DEMO:
        st.caption(DEMO_NOTE)


def tell_steering(replies: Sequence[Reply]) -> None:
    """Which prompt and which vector made the answers."""
    for reply in replies:
        if reply.ask.label == STEERED:
            words = steering_words(reply.ask.steering)
            question = escape(isolated(shortened(reply.ask.question)))
            st.markdown(f"{question} … under the {escape(words)}")


def shortened(text: str) -> str:
    """As much of a prompt as names it."""
    line = " ".join(text.split())
    return line if len(line) <= 120 else f"{line[:120]}…"


def strength_words(reply: Reply) -> str:
    """The strength of a steered answer, as the table's columns are called."""
    strengths = reply.ask.steering.terms[0].strengths
    largest = max(strengths, key=abs)
    return f"{largest:.3g}"


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
    """The prompt's answers but for strength 0, what differs from the baseline marked."""
    plain = answer_table.baselines(replies)
    found = []
    for reply in replies:
        if reply.ask.label in (BASELINE, STEERED, TWIN):
            found.append(answer_cards.card_of(reply, plain, key))
    answer_cards.show(found)
