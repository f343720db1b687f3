"""Widgets in, plain values and frozen specs out.

Every choice that shapes a view is kept in the link.
"""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.concepts.similarity import MAXIMUM
from analysis.concepts.specs import CONVENTIONS, Convention
from analysis.languages.languages import LABELS
from analysis.languages.shares import ORDERS
from analysis.overview.shares import share_table
from analysis.study.study import Study
from components.figures.languages import Arrangement, Languages
from components.frame import links

NARROW, WIDE = 150, 260
"""Pixels of a control in a row of them."""
CONVENTION_WORDS = {
    "honest": "Honest (cross-fitted layer)",
    "paper": "Paper's (best test layer)",
}
CONVENTION_SHORT = {"honest": "honest", "paper": "paper's layer"}
OF_STUDY = "The study's own order"
"""What the order by share is where the shares of a study's model are not known."""
LLAMA2 = "LLaMA2 share"
ORDER_HELP = "By pre-training share, the largest first; languages without a known share come last."
NO_SHARES_HELP = (
    "The pre-training shares of this study's model are not known. LLaMA2's can stand in "
    "for them; languages that have none there come last."
)
LABEL_WORDS = {
    "code": "codes",
    "English name": "English names",
    "own name": "own names",
}
CONVENTION_HELP = (
    "The paper picks the layer on the very pairs it reports, which flatters. "
    "Both are computed from the same scores."
)


PRINTED = "As printed (the paper's)"
PRINTED_HELP = (
    "These accuracies are copied from a paper: nothing can be cross-fitted, because the "
    "scores of single pairs are not printed. The paper picks the layer on the very pairs "
    "it reports, which flatters."
)


def row() -> DeltaGenerator:
    """A row for controls side by side, which wraps where a screen is narrow."""
    return st.container(horizontal=True, vertical_alignment="bottom")


def view(study: Study | None, compares: bool = False) -> None:
    """Choices for every figure of the page, behind a button that says how they are set.

    How languages are ordered and called, and how accuracies are read off: offered where
    that can be chosen, and on a page that ``compares`` studies.
    """
    orders = order_words(study)
    chooses = compares or study is None or study.has("pair_score")
    printed = study is not None and (study.has("recognition") or study.has("transfer"))
    said = [
        short(orders[links.coming("order", ORDERS)]),
        LABEL_WORDS[links.coming("labels", LABELS)],
    ]
    if chooses:
        said.append(CONVENTION_SHORT[links.coming("convention", CONVENTIONS)])
    elif printed:
        said.append("as printed")
    with st.popover(f"View · {', '.join(said)}", icon=":material/visibility:"):
        links.one(
            "Order of languages",
            list(ORDERS),
            "order",
            format_func=orders.get,
            help=ORDER_HELP if orders["share"] != OF_STUDY else NO_SHARES_HELP,
        )
        links.one("Language labels", list(LABELS), "labels", format_func=str.capitalize)
        if chooses:
            links.one(
                "Convention",
                list(CONVENTIONS),
                "convention",
                format_func=CONVENTION_WORDS.get,
                help=CONVENTION_HELP,
            )
        elif printed:
            # Under another key: the link keeps what was chosen for other studies.
            st.selectbox(
                "Convention",
                [PRINTED],
                key="convention-printed",
                disabled=True,
                help=PRINTED_HELP,
            )


def order_words(study: Study | None) -> dict[str, str]:
    """What each order is for a study: the one by share may be none, or assumed."""
    words = {name: f"By {name}" for name in ORDERS}
    words[LLAMA2] = "By LLaMA2's share"
    if study is None:
        return words
    table = share_table(study)
    if not table.percent:
        words["share"] = OF_STUDY
        words[LLAMA2] += " (stand-in)"
    elif table.order_only:
        words["share"] += " (assumed)"
    return words


def short(order: str) -> str:
    """An order on a button."""
    plain = order.removeprefix("The ")
    return plain[0].lower() + plain[1:]


def convention() -> Convention:
    """How accuracies are read off pair scores."""
    first = next(iter(CONVENTIONS))
    return CONVENTIONS[st.session_state.get("convention", first)]


def arrangement() -> Arrangement:
    """How languages are ordered and called in this view."""
    usual = Arrangement()
    return Arrangement(
        st.session_state.get("order", usual.order),
        st.session_state.get("labels", usual.labels),
    )


def languages(study: Study, codes: Sequence[str]) -> Languages:
    """Languages in the chosen order; one order for the whole view."""
    return arrangement().languages(study, codes)


def arranged(study: Study, codes: Sequence[str]) -> list[str]:
    """Codes in the chosen order."""
    return list(languages(study, codes).codes)


def labels(codes: Sequence[str]) -> tuple[str, ...]:
    """What languages are called in this view."""
    return arrangement().names(codes)


def layer(study: Study) -> str | int:
    """One layer, or the maximum over layers."""
    options = [MAXIMUM, *map(str, range(1, study.layers + 1))]
    wanted = links.one(
        "Layer",
        options,
        "layer",
        help="One layer shows the layer ruler under the figure.",
        width=WIDE,
    )
    return MAXIMUM if wanted == MAXIMUM else int(wanted)


def concepts(study: Study) -> tuple[str, ...]:
    """Which concepts are averaged; never none."""
    chosen = links.several("Concepts", study.concepts, "concepts")
    if not chosen:
        st.info("No concept is chosen, so all are shown.", icon=":material/info:")
    return chosen or study.concepts
