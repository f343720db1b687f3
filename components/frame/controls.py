"""Widgets in, plain values and frozen specs out. Every choice that shapes a view is kept in the link."""

from collections.abc import Sequence

import streamlit as st

from analysis.concepts.specs import CONVENTIONS, Convention
from analysis.languages.languages import LABELS
from analysis.languages.shares import ORDERS
from analysis.study.study import Study
from components.figures.languages import Arrangement, Languages
from components.frame import links

CONVENTION_WORDS = {
    "honest": "Honest (cross-fitted layer)",
    "paper": "Paper's (best test layer)",
}


def sidebar() -> None:
    """How languages are ordered and called and accuracies read off, for every figure of the page."""
    with st.sidebar:
        links.one(
            "Order of languages",
            list(ORDERS),
            "order",
            format_func=lambda name: f"By {name}",
        )
        links.one("Language labels", list(LABELS), "labels", format_func=str.capitalize)
        links.one(
            "Convention",
            list(CONVENTIONS),
            "convention",
            format_func=CONVENTION_WORDS.get,
            help="The paper picks the layer on the very pairs it reports, which flatters. Both are computed from the same scores.",
        )


def convention() -> Convention:
    """How accuracies are read off pair scores."""
    return CONVENTIONS[st.session_state.get("convention", next(iter(CONVENTIONS)))]


def arrangement() -> Arrangement:
    """How languages are ordered and called in this view."""
    return Arrangement(
        st.session_state.get("order", next(iter(ORDERS))),
        st.session_state.get("labels", next(iter(LABELS))),
    )


def languages(study: Study, codes: Sequence[str]) -> Languages:
    """Languages in the chosen order; one order for the whole view."""
    return arrangement().languages(study, codes)


def arranged(study: Study, codes: Sequence[str]) -> list[str]:
    """Codes in the chosen order."""
    return list(languages(study, codes).codes)


def layer(study: Study) -> str | int:
    """One layer, or the maximum over layers."""
    best = "maximum over layers"
    options = [best, *map(str, range(1, study.layers + 1))]
    wanted = links.one(
        "Layer",
        options,
        "layer",
        help="One layer shows the layer ruler under the figure.",
    )
    return best if wanted == best else int(wanted)


def labels(codes: Sequence[str]) -> tuple[str, ...]:
    """What languages are called in this view."""
    return arrangement().names(codes)


def concepts(study: Study) -> tuple[str, ...]:
    """Which concepts are averaged; never none."""
    chosen = links.several("Concepts", study.concepts, "concepts")
    if not chosen:
        st.info("No concept is chosen, so all are shown.", icon=":material/info:")
    return chosen or study.concepts
