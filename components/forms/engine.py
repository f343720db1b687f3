"""Which engine writes the answers: this machine's, or one that the operator has named."""

from typing import NamedTuple

import streamlit as st

from analysis.core.errors import AnalysisError
from analysis.core.specs import ModelSpec
from analysis.engines import kept
from analysis.engines.named import FILE, named_engines
from components.forms.steering_fields import KEY
from components.frame.text import escape

HERE = ""
"""No other engine: transformers, on this machine."""
LIMITS = (
    "A certificate is of one server, one version and one model: it says nothing of long "
    "prompts, many users at once or several GPUs. Three of its checks are tried again "
    "before each run, and all answers of a run are by one engine."
)


class Chosen(NamedTuple):
    """The name of an engine, and whether it may write answers of the model."""

    name: str = HERE
    usable: bool = True


def names() -> tuple[str, ...]:
    """What can be chosen; none but this machine's where the file does not fit."""
    try:
        return (HERE, *named_engines())
    except AnalysisError:
        return (HERE,)


def choose_engine(model: ModelSpec) -> Chosen:
    """The engine for a model, and what its certificate says; no choice without a name."""
    try:
        known = named_engines()
    except AnalysisError as error:
        st.warning(
            f"{escape(str(error))} Until that is mended, this machine alone writes."
        )
        return Chosen()
    if not known:
        return Chosen()
    name = st.selectbox(
        "Engine",
        (HERE, *known),
        format_func=in_words,
        key=f"{KEY}-engine",
        help=f"Engines of this server’s {FILE} that passed the suite beside the model.",
    )
    if name == HERE:
        return Chosen()
    certificate = kept.latest_of(known[name], model.model)
    if certificate is None:
        st.warning(
            f"{escape(name)} has not passed the suite beside {escape(model.model)} on "
            "this server, so it writes no answers of it. Its operator puts it to that "
            f"with babelscope check-engine, and --model {escape(model.model)}."
        )
        return Chosen(name, usable=False)
    st.caption(escape(told(certificate)))
    return Chosen(name)


def in_words(name: str) -> str:
    """An engine for the eye."""
    return name or "This machine"


def told(certificate: kept.Kept) -> str:
    """What a certificate says, and what it does not."""
    engine = certificate.engine
    version = f" {engine.version}" if engine.version else ""
    return (
        f"{engine.engine}{version} in {engine.precision} passed the suite beside "
        f"{certificate.model} on {certificate.made[:10]}. Not offered: "
        f"{'; '.join(certificate.lacks) or 'nothing is missing'}. {LIMITS}"
    )
