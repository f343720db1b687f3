"""What so many independent sources of pairs can show, on the pages that tell it."""

from collections.abc import Sequence

import streamlit as st

from analysis.concepts.can_show import by_language, sources_words
from components.frame.text import escape


def tell_what_shows(
    counted: Sequence[int], languages: Sequence[str], split: str
) -> None:
    """The same in a sentence and by language; nothing where no pair is held out.

    ``counted``: sources of every concept in every language, concept by concept.
    """
    said = sources_words(counted, split)
    if not said:
        return
    st.caption(escape(said))
    with st.expander("What these pairs can show, by language"):
        st.dataframe(by_language(counted, languages, split))
