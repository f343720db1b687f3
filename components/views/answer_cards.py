"""Answers as cards: what was said, under what, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import streamlit as st

from analysis.core.counting import count
from analysis.core.typeset import minus_signs
from analysis.steering.fluency import is_neutral, recognisable
from analysis.study.recordings import RecordedAnswer
from analysis.worker.answers import Reply
from components.figures.steering_words import name_of
from components.forms import tokens
from components.frame import controls
from components.frame.text import escape

ENDINGS = {
    "end": "ended by itself",
    "length": "cut at the asked length",
    "not finite": (
        "stopped: the states are no longer finite, or all tokens are equally likely; "
        "the strength is too large"
    ),
    "going on": "…",
}
REPEATS = 0.3
"""Share of three-word sequences said before from which an answer counts as repetitive."""
NOTHING = "(nothing: the answer ended at once)"
Likely = Sequence[tuple[str, float]]
"""Tokens with their probabilities."""


@dataclass(frozen=True)
class Card:
    """One answer to be shown; ``language`` is the one it is written in, for its direction."""

    title: str
    said: tuple[tokens.Token, ...]
    language: str
    badges: tuple[str, ...]
    note: str
    key: str


def show(cards: Sequence[Card]) -> None:
    """Answers one under the other."""
    for card in cards:
        with st.container(border=True, gap="xsmall"):
            st.markdown(" ".join([card.title, *card.badges]))
            tokens.show(card.said, card.language, card.key)
            if card.note:
                st.caption(card.note)


def badge(colour: str, words: str) -> str:
    """A badge in Markdown."""
    return f":{colour}-badge[{escape(words)}]"


def fluency_badges(
    text: str, wanted: str, heard: str | None, repetition: float | None
) -> list[str]:
    """What went wrong with an answer: it repeats itself, or is in another language."""
    found = []
    if repetition is not None and repetition > REPEATS:
        found.append(badge("orange", f"repeats: {100 * repetition:.0f} %"))
    if drifted(text, wanted, heard):
        found.append(badge("violet", f"in {name_of(heard or '')}"))
    return found


def drifted(text: str, wanted: str, heard: str | None) -> bool:
    """Whether an answer is in another language than the one it was asked in."""
    if not heard or is_neutral(text) or not recognisable(wanted):
        return False
    return heard != wanted


def card_of(reply: Reply, plain: Mapping[str, Reply], key: str) -> Card:
    """A live answer, what differs from its language's baseline marked."""
    base = plain.get(reply.ask.language)
    ending = ENDINGS[reply.answer.ended]
    said = count(len(reply.answer.ids), "token")
    return Card(
        card_title(reply),
        tuple(marked(reply, base)),
        reply.language or reply.ask.language,
        tuple(reply_badges(reply, base)),
        f"{said}, {ending}.{gated(reply.answer.conditions)}",
        f"{key}-{reply.ask.label}",
    )


def reply_badges(reply: Reply, base: Reply | None) -> list[str]:
    """What is known of a whole answer."""
    text, wanted = reply.answer.text, reply.ask.language
    found = fluency_badges(text, wanted, reply.language, reply.repetition)
    is_whole = reply.repetition is not None
    if is_whole and base is not None and base is not reply:
        same = base.answer.ids == reply.answer.ids
        words = "same as the baseline" if same else "changed"
        found.append(badge("gray" if same else "blue", words))
    return found


def recorded_card(title: str, answer: RecordedAnswer, asked: str, key: str) -> Card:
    """A recorded answer."""
    said = tokens.Token(answer.text or NOTHING)
    badges = fluency_badges(answer.text, asked, answer.language, answer.repetition)
    return Card(title, (said,), answer.language or asked, tuple(badges), "", key)


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
    return minus_signs("".join(sentences))


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
