"""The band at the top of a page: its title and question, the open study, and its tools."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import streamlit as st
from streamlit.components.v2 import component

from analysis.core.counting import count
from analysis.study.study import PUBLISHED, Study
from components.frame.text import escape

COPY_HTML = """
<button type="button" title="Copy link to this view" aria-label="Copy link to this view">
<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M10 14a4 4 0 0 0 5.7 0l4-4a4 4 0 0
0-5.7-5.7L12.5 5.8M14 10a4 4 0 0 0-5.7 0l-4 4a4 4 0 0 0 5.7 5.7l1.5-1.5"/></svg>
<span role="status"></span></button>
"""
COPY_CSS = """
button { display: inline-flex; align-items: center; gap: .4rem; min-height: 2.5rem;
  min-width: 2.5rem; justify-content: center; padding: 0 .6rem; font: inherit;
  font-size: .875rem; cursor: pointer; color: var(--st-text-color);
  background: var(--st-background-color); border: 1px solid var(--st-border-color);
  border-radius: var(--st-button-radius); }
button:hover { color: var(--st-primary-color); border-color: var(--st-primary-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
svg { width: 1.1rem; height: 1.1rem; fill: none; stroke: currentColor; stroke-width: 2;
  stroke-linecap: round; }
span:empty { display: none; }
"""
COPY_JS = """
export default function ({ parentElement }) {
  const button = parentElement.querySelector("button");
  const said = parentElement.querySelector("span");
  const old = (text) => {
    // Browsers give the clipboard to https and this machine only.
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  };
  button.onclick = async () => {
    const link = window.location.href;
    let done = true;
    try { await navigator.clipboard.writeText(link); } catch { done = old(link); }
    said.textContent = done ? "Copied" : "Copy the address above";
    setTimeout(() => { said.textContent = ""; }, 2000);
  };
}
"""


Colour = Literal["orange", "primary", "violet"]
"""Colours that a badge of ours has."""


@dataclass(frozen=True)
class Badge:
    """A few words on the open study, and the colour behind them."""

    words: str
    icon: str
    colour: Colour


def show(
    title: str, question: str, study: Study | None, tools: Callable[[], None]
) -> None:
    """The band; ``tools`` draws what is on its right."""
    with st.container(key="band", horizontal=True, vertical_alignment="center"):
        with st.container(
            key="band-words", horizontal=True, vertical_alignment="center"
        ):
            st.title(title, anchor=False, width="content")
            st.markdown(escape(question), width="content")
            if study is not None:
                badge = badge_of(study)
                st.badge(escape(badge.words), icon=badge.icon, color=badge.colour)
        with st.container(
            key="band-tools",
            horizontal=True,
            vertical_alignment="center",
            width="content",
            gap="xsmall",
        ):
            tools()


def badge_of(study: Study) -> Badge:
    """Model, languages and kind of a study."""
    languages = count(len(study.languages), "language")
    if study.toy:
        return Badge(
            f"Demo model: says nothing about real models · {languages}",
            ":material/toys:",
            "orange",
        )
    words = f"{study.model} · {languages} · {kind_of(study)}"
    if study.kind == PUBLISHED:
        return Badge(words, ":material/menu_book:", "violet")
    return Badge(words, ":material/memory:", "primary")


def kind_of(study: Study) -> str:
    """Where a study's numbers come from, in a word."""
    if study.kind == PUBLISHED:
        return "published"
    if study.manifest.imported is not None:
        return "imported states"
    if study.missing:
        return "unfinished"
    return "computed"


def copy_link() -> None:
    """A button that copies the address as it is when it is pressed."""
    # Made at each run: Streamlit keeps components by server, and tests have many.
    button = component("copy_link", html=COPY_HTML, css=COPY_CSS, js=COPY_JS)
    button(key="copy-link", width="content")
