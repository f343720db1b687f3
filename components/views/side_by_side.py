"""Two to six studies compared: what differs first, then the studies themselves."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from analysis.overview import comparable
from analysis.study import library
from analysis.study.study import Study
from components.figures import comparison as figures
from components.figures.comparison import Pair
from components.frame import cache, controls, links, panel, questions
from components.frame.picker import titles
from components.frame.polite import INFO, polite
from components.frame.questions import Question
from components.frame.text import escape

INNER = "difference"
"""The key of the tabs under a comparison."""


def show(study: Study) -> None:
    """Choose studies and a measure; the difference, then both sides of it."""
    others = openable(study)
    left, right = st.columns(2)
    with left:
        names = choose(study, others)
    partners = chosen_studies(study, others, names)
    if not partners:
        return
    measures = comparable.shared_measures((study, *partners))
    if not measures:
        st.info(
            "These studies have no measure in common. Choose fewer of them, or others.",
            icon=":material/info:",
        )
        return
    with right:
        what = links.one("Compare", measures, "compared", format_func=str.capitalize)
    with polite(INFO):
        pairs = [pair_of(study, other, what) for other in partners]
        together(pairs)


def openable(study: Study) -> dict[str, Study]:
    """Name → study, of the others that can be opened."""
    found = {}
    for name, listed in cache.listed(library.names()).items():
        if listed is not None and name != study.name:
            found[name] = cache.known(name, cache.version(name))
    return found


def choose(study: Study, others: dict[str, Study]) -> tuple[str, ...]:
    """The studies to compare with: those that share a measure and languages."""
    partners = comparable.partners(study, others.values())
    names = [other.name for other in partners]
    # A link may ask for one that shares nothing, or is damaged, which is then told.
    asked = links.now("with")
    here = [name for name in library.names() if name != study.name]
    names += [name for name in asked if name in here and name not in names]
    usual = comparable.usual_partner(study, others.values())
    told = titles(library.names())
    return links.choice(
        "Compare with",
        names,
        "with",
        [usual] if usual else [],
        format_func=told.get,
        max_selections=comparable.MOST - 1,
        placeholder="Choose one to five studies",
        help="Those that share a measure and at least two languages with the open study; "
        "those with the same kind of numbers come first.",
    )


def chosen_studies(
    study: Study, others: dict[str, Study], names: Sequence[str]
) -> list[Study]:
    """The chosen studies that can be opened; what cannot is said."""
    if not names:
        st.info(
            f"Choose studies to compare with {escape(study.title)}. None is chosen for "
            "you, because no other one has the same kind of numbers.",
            icon=":material/compare_arrows:",
        )
    found = []
    for name in names:
        with polite(INFO):
            found.append(others.get(name) or cache.study(name))
    return found


def pair_of(study: Study, other: Study, what: str) -> Pair:
    """Two studies with their comparison."""
    found = cache.compared(what, study, cache.study(other.name), controls.convention())
    return Pair(study, other, what, found)


def together(pairs: Sequence[Pair]) -> None:
    """What differs, in a sentence and a figure; the rest in tabs."""
    st.markdown(f"**{escape(figures.answer(pairs))}**")
    first = pairs[0]
    if len(pairs) == 1:
        difference(first)
        sides(first)
        return
    languages = controls.languages(first.first, figures.common_languages(pairs))
    panel.show(figures.differences(pairs, languages))
    asked = []
    for number, pair in enumerate(pairs, 1):
        words = f"And {pair.second.title} alone?"
        asked.append(Question(f"with-{number}", words, partial(both, pair)))
    questions.show(asked, INNER)


def both(pair: Pair) -> None:
    """The difference of two studies, and both of them."""
    difference(pair)
    sides(pair)


def difference(pair: Pair) -> None:
    """The first study minus the second."""
    panel.show(figures.difference(pair, languages_of(pair)))


def sides(pair: Pair) -> None:
    """Both studies on one scale."""
    languages = languages_of(pair)
    for column, side in zip(st.columns(2), ("first", "second")):
        with column:
            panel.show(figures.half(pair, side, languages))


def languages_of(pair: Pair) -> figures.Languages:
    """The common languages in the chosen order."""
    return controls.languages(pair.first, pair.found.columns)
