"""What so many independent sources of pairs can show, on the pages that tell it."""

from collections.abc import Sequence

import streamlit as st

from analysis.concepts.can_show import by_language, held_words, sources_words
from components.frame.text import escape


def tell_what_shows(
    counted: Sequence[int],
    languages: Sequence[str],
    split: str,
    held: Sequence[int] = (),
) -> None:
    """The same in a sentence and by language; nothing where no pair is held out.

    ``counted``: sources of every concept in every language, concept by concept; ``held``
    the pairs that stem from them, where those are known.
    """
    said = sources_words(counted, split)
    if not said:
        return
    if held:
        said = f"{held_words(held, languages)} {said}"
    st.caption(escape(said))
    with st.expander("What these pairs can show, by language"):
        st.dataframe(by_language(counted, languages, split, held), hide_index=True)
