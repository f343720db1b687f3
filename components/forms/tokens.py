"""Model text token by token: text nodes only, so nothing in it can become a link, an
image or a tag.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st
from streamlit.components import v2

from analysis.languages.languages import is_known
from analysis.languages.languages import language as language_of


@dataclass(frozen=True)
class Token:
    """One piece of an answer: whether it differs from the baseline, and what hovering
    over it says.
    """

    text: str
    changed: bool = False
    tip: str = ""


CSS = """
.said { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext;
  line-height: 1.7; min-height: 1.7em;
  font-family: var(--st-font); color: var(--st-text-color); font-size: 1rem; }
.said span { border-radius: 3px; }
.said span[title]:hover { outline: 1px solid var(--st-primary-color); }
.said .changed { text-decoration: underline 2px var(--st-primary-color); text-underline-offset: 4px;
  background: color-mix(in srgb, var(--st-primary-color) 14%, transparent); }
"""
SCRIPT = """
export default function ({ data, parentElement }) {
  const said = parentElement.querySelector(".said")
  said.lang = data.language
  said.dir = data.direction
  said.replaceChildren(...data.tokens.map(({ text, changed, tip }) => {
    const span = document.createElement("span")
    span.textContent = text
    if (changed) span.className = "changed"
    if (tip) span.title = tip
    return span
  }))
}
"""


@st.cache_resource(show_spinner=False)
def component() -> Any:
    """The component, registered once."""
    return v2.component("said", html='<div class="said"></div>', css=CSS, js=SCRIPT)


def show(tokens: Sequence[Token], language: str, key: str) -> None:
    """Show an answer in its language and direction."""
    direction = language_of(language).direction if is_known(language) else "auto"
    component()(
        data={
            "tokens": [asdict(token) for token in tokens],
            "language": language,
            "direction": direction,
        },
        key=key,
        height="content",
    )


def merged(
    pieces: Sequence[str], changed: Sequence[bool], tips: Sequence[str]
) -> list[Token]:
    """Pieces of an answer as tokens to show; bytes that only together are a character
    become one.
    """
    shown, text, differs, said = [], "", False, []
    for piece, change, tip in zip(pieces, changed, tips):
        text, differs, said = (
            text + piece,
            differs or change,
            [*said, tip] if tip else said,
        )
        if piece:
            shown.append(Token(text, differs, "\n".join(said)))
            text, differs, said = "", False, []
    return shown
