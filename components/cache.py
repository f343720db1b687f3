"""The only caching in the project. Keys are names, versions, specs and numbers; never arrays."""

import functools
import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from analysis.measures import compare, findings, recognition, similarity, transfer
from analysis.sources import corpora
from analysis.sources.pairs import Corpus
from analysis.sources.published import published
from analysis.specs import Convention
from analysis.studies import library, store
from analysis.studies.study import Study
from components.venues import Look

MEASURES: dict[str, Callable[..., Any]] = {
    "recognition": recognition.recognition,
    "recognition curve": recognition.curve,
    "transfer": transfer.transfer,
    "transfer curve": transfer.transfer_curve,
    "similarity": similarity.similarity,
    "similarity by layer": similarity.similarity_by_layer,
    "floor": similarity.floor,
    "ceiling": similarity.ceiling,
    "findings": findings.findings,
}


def version(name: str) -> str:
    """Changes whenever the study of this name does."""
    if name in published():
        return "published"
    folder = library.DEMO_FOLDER if name == library.DEMO_NAME else library.own_folder(name)
    path = folder / store.MANIFEST
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "none"


@st.cache_resource(max_entries=8, show_spinner=False)
def opened(name: str, version: str) -> Study:
    """An open study with its arrays in memory once they were read."""
    return in_memory(library.open_by_name(name))


def in_memory(study: Study) -> Study:
    """The same study, reading each array only once."""
    return replace(study, load=functools.cache(study.load))


def study(name: str) -> Study:
    """The study of this name as it is now."""
    return opened(name, version(name))


@st.cache_data(max_entries=128, show_spinner=False)
def computed(measure: str, name: str, version: str, arguments: tuple) -> Any:
    """One measure of one study; computed once for all sessions."""
    return MEASURES[measure](opened(name, version), *arguments)


def measure(what: str, study: Study, *arguments: object) -> Any:
    """A measure of MEASURES for a study."""
    return computed(what, study.name, version(study.name), arguments)


@st.cache_data(max_entries=32, show_spinner=False)
def comparison(what: str, first: tuple[str, str], second: tuple[str, str], convention: Convention) -> Any:
    """Two studies, each by (name, version), compared."""
    return compare.compare(opened(*first), opened(*second), what, convention)


def compared(what: str, first: Study, second: Study, convention: Convention) -> Any:
    """A comparison of COMPARED for two studies."""
    return comparison(what, *((study.name, version(study.name)) for study in (first, second)), convention)


@st.cache_resource(max_entries=4, show_spinner=False)
def corpus(name: str) -> Corpus:
    """A corpus kept on this server; its name carries its digest."""
    return corpora.load(name)


@st.cache_data(max_entries=48, show_spinner=False)
def preview(recipes: tuple[str, ...], look: Look, seen: str) -> tuple[bytes, tuple[str, ...], tuple[float, float]]:
    """Figures, each by its recipe's text, as one sheet for the screen: picture, remarks, width and height in centimetres."""
    from components.pack import own_fonts
    from components.printing import sheet, sight
    from components.recipes import read

    drawn = sheet.compose([read(text, "recipe").figure for text in recipes], look, own_fonts())
    return sight.preview(drawn, seen), drawn.notes, drawn.size


@st.cache_resource(show_spinner=False)
def service() -> Any:
    """The process-wide worker; importing it loads no torch."""
    from analysis.engine.service import Service

    return Service()
