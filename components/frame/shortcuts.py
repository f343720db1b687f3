"""What can be done by keyboard, and the sheet that lists it."""

from typing import NamedTuple

import streamlit as st
from streamlit.components.v2 import component

from components.frame import links

KEY = "shortcuts"
LAYERS = ("at", "layer")
"""Select boxes of layers, by what the address calls them."""
HTML = """
<button type="button" title="Keyboard shortcuts" aria-label="Keyboard shortcuts"
  aria-keyshortcuts="?">?</button>
"""
CSS = """
button { min-height: 2.5rem; min-width: 2.5rem; font: inherit; font-size: .875rem;
  cursor: pointer; color: var(--st-text-color); background: var(--st-background-color);
  border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius); }
button:hover { color: var(--st-primary-color); border-color: var(--st-primary-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
"""
JS = """
const typed = (event) => {
  const at = event.composedPath()[0];
  return at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName || "");
};
const named = (link) => link.getAttribute("href").split("?")[0];
const page = (step) => {
  // Streamlit draws a link with a tooltip twice, for wide and for narrow windows.
  const links = new Map();
  for (const link of document.querySelectorAll(".st-key-menu a")) {
    links.set(named(link), link);
  }
  const names = [...links.keys()];
  const at = names.indexOf(window.location.pathname.split("/").pop());
  const next = names[at + step];
  if (at >= 0 && next !== undefined) links.get(next).click();
};
export default function ({ parentElement, setTriggerValue }) {
  const sheet = () => setTriggerValue("sheet", true);
  const keys = {
    "?": sheet,
    "n": () => page(1),
    "p": () => page(-1),
    "+": () => setTriggerValue("step", 1),
    "-": () => setTriggerValue("step", -1),
  };
  const pressed = (event) => {
    const changed = event.ctrlKey || event.metaKey || event.altKey;
    if (changed || typed(event) || document.querySelector("[data-testid=stDialog]")) {
      return;
    }
    const act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  };
  parentElement.querySelector("button").onclick = sheet;
  // Drawn again it listens once more, so the listener before goes first.
  document.removeEventListener("keydown", parentElement.pressed);
  parentElement.pressed = pressed;
  document.addEventListener("keydown", pressed);
  return () => document.removeEventListener("keydown", parentElement.pressed);
}
"""


class Shortcut(NamedTuple):
    """Keys, and what they do."""

    keys: str
    does: str


SHORTCUTS = (
    Shortcut("Ctrl + Enter", "Run or start what the page has ready"),
    Shortcut("Esc", "Stop what runs on this page"),
    Shortcut("+", "One layer deeper, where a page has a layer"),
    Shortcut("-", "One layer back"),
    Shortcut("n", "Next page of the menu"),
    Shortcut("p", "Previous page of the menu"),
    Shortcut("?", "This list"),
)


def button() -> None:
    """The button of the sheet, which also listens to the keys."""
    # Made at each run: Streamlit keeps components by server, and tests have many.
    listening = component(KEY, html=HTML, css=CSS, js=JS)
    pressed = listening(
        key=KEY, width="content", on_sheet_change=nothing, on_step_change=step
    )
    if pressed.get("sheet"):
        sheet()


def nothing() -> None:
    """The sheet is opened where the page is drawn."""


def step() -> None:
    """Choose the next layer or the one before, on a page that has one."""
    by = st.session_state[KEY].get("step")
    for key in LAYERS:
        if by and links.written(key) is not None:
            links.move(key, int(by))
            return


@st.dialog("Keyboard shortcuts")
def sheet() -> None:
    """Every shortcut in a row of its own."""
    rows = ["| Keys | What they do |", "|---|---|"]
    for each in SHORTCUTS:
        rows.append(f"| `{each.keys}` | {each.does} |")
    st.markdown("\n".join(rows))
    st.caption("Letters and signs work while no text field is being typed in.")
