"""What a user can mend is said where it happened, and the page goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st

from analysis.core.errors import AnalysisError, untold
from components.frame.text import escape

MOST_FAULTS = 1000


@dataclass(frozen=True)
class Tone:
    """How a sentence is shown: the name of Streamlit's box, and an icon."""

    box: str
    icon: str


ERROR = Tone("error", ":material/error:")
WARNING = Tone("warning", ":material/warning:")
INFO = Tone("info", ":material/info:")
NOT_YET = Tone("info", ":material/hourglass_empty:")


@contextmanager
def polite(tone: Tone = ERROR) -> Iterator[None]:
    """Show an AnalysisError and go on after the context; anything else is a bug.

    What comes after the context runs in either case, so ``return`` inside it.
    """
    try:
        yield
    except AnalysisError as error:
        show(error, tone)


def show(error: AnalysisError, tone: Tone = ERROR) -> None:
    """An error's sentence, and its list of faults where it has one."""
    say(str(error), tone)
    faults = untold(str(error), getattr(error, "faults", ()))
    if not faults:
        return
    count = getattr(error, "count", len(faults))
    title = f"All {count:,} faults"
    if count != len(faults):
        title = f"{count:,} faults: the first of each kind"
    if len(faults) > MOST_FAULTS:
        title = f"{count:,} faults: the first {MOST_FAULTS:,}"
    with st.expander(title, expanded=True):
        st.text("\n".join(faults[:MOST_FAULTS]))


def say(sentence: str, tone: Tone = ERROR) -> None:
    """A sentence that may hold words from outside."""
    box = getattr(st, tone.box)
    box(escape(sentence), icon=tone.icon)
