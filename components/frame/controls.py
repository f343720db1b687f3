"""Widgets in, plain values and frozen specs out. Every choice that shapes a view is kept in the link."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from analysis.concepts.specs import CONVENTIONS, Convention
from analysis.languages.languages import (
    LABELS,
    LANGUAGES,
    ORDERS,
    SHARES,
    ShareTable,
    order,
)
from analysis.study.study import Study
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


def arranged(study: Study, codes: Sequence[str]) -> list[str]:
    """Languages in the chosen order, those without a row in ``languages.csv`` last; one order for the whole view."""
    known = [code for code in codes if code in LANGUAGES]
    unknown = [code for code in codes if code not in LANGUAGES]
    return [
        *order(
            known, st.session_state.get("order", next(iter(ORDERS))), share_table(study)
        ),
        *unknown,
    ]


def share_table(study: Study) -> ShareTable:
    """The share table of a study's model: known, given by its maker, or LLaMA2's order where neither is (shares then unknown)."""
    if given := study.manifest.get("share_percent"):
        return ShareTable(
            "given with the study", "Given with the study.", study.title, given
        )
    if name := study.manifest.get("shares"):
        return SHARES[name]
    return ShareTable("unknown", "No shares are known for this model.", "", {})


def share_name(study: Study) -> str:
    """What the share table is called."""
    return share_table(study).name


def order_only(study: Study) -> bool:
    """Whether the shares only put languages in order."""
    return share_table(study).order_only


def shares(study: Study, codes: Sequence[str]) -> np.ndarray:
    """Percent of pre-training per language; NaN unknown."""
    percent = share_table(study).percent
    return np.array([percent.get(code) or np.nan for code in codes], float)


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
    style = LABELS[st.session_state.get("labels", next(iter(LABELS)))]
    return tuple(
        style(LANGUAGES[code]) if code in LANGUAGES else code for code in codes
    )


def concepts(study: Study) -> tuple[str, ...]:
    """Which concepts are averaged; never none."""
    chosen = links.several("Concepts", study.concepts, "concepts")
    if not chosen:
        st.info("No concept is chosen, so all are shown.", icon=":material/info:")
    return chosen or study.concepts
