"""The form by which a server's users add a language, or say what they know better."""

import streamlit as st

from analysis.core.errors import AnalysisError
from analysis.languages.languages import canonical, language
from analysis.languages.own_rows import DIRECTIONS, drop_row, keep_row, own_rows
from components.frame.polite import polite, show
from components.frame.text import escape

EXPLAINED = (
    "A code that is known is looked up and can be corrected; any other becomes a new "
    "language. Empty fields keep what is known. All who use this server see it; it "
    "is kept in “languages.csv” in Babelscope's home."
)
DIRECTION_WORDS = {"": "as its script", "ltr": "left to right", "rtl": "right to left"}


def form() -> None:
    """Fields of one language, and a button that keeps them."""
    st.markdown("**Add or correct a language**")
    st.caption(EXPLAINED)
    with st.form("own-language", border=True):
        left, right = st.columns(2)
        row = {
            "code": left.text_input("Code", key="own-language-code"),
            "english": right.text_input("English name", key="own-language-english"),
            "own": left.text_input("Own name", key="own-language-own"),
            "family": right.text_input("Family", key="own-language-family"),
            "iso15924": left.text_input(
                "Script",
                key="own-language-script",
                help="Its code of four letters in ISO 15924, such as Latn or Arab.",
            ),
            "direction": right.selectbox(
                "Direction",
                DIRECTIONS,
                format_func=DIRECTION_WORDS.__getitem__,
                key="own-language-direction",
            ),
        }
        kept = st.form_submit_button("Keep language", icon=":material/save:")
    if kept:
        with polite():
            keep(row)


def keep(row: dict[str, str]) -> None:
    """Keep a language, its code in whatever form it was written, and say so."""
    code = code_of(row["code"])
    keep_row({**row, "code": code})
    st.success(f"{escape(language(code).english)} ({escape(code)}) is kept.")


def code_of(given: str) -> str:
    """The code here of a language that is known; of a new one as it is given."""
    try:
        return canonical(given.strip())
    except AnalysisError:
        return given.strip()


def own() -> None:
    """The languages of this server's file, each with a button that drops it."""
    kept = own_rows()
    if not kept.rows:
        return
    st.markdown("**Added or corrected here**")
    for code in kept.rows:
        name, button = st.columns([4, 1])
        name.markdown(f"{escape(language(code).english)} ({escape(code)})")
        if button.button("Drop", key=f"drop-language-{code}"):
            try:
                drop_row(code)
            except AnalysisError as error:
                show(error)
            else:
                st.rerun()
