"""The only caching in the project. Keys are names, versions, specs and numbers; never arrays."""

import functools
import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from analysis.measures import (
    alignment,
    alignment_controls,
    alignment_printed,
    compare,
    findings,
    neighbours,
    recognition,
    similarity,
    transfer,
)
from analysis.sources import corpora
from analysis.sources.aligned import shipped
from analysis.sources.pairs import Corpus
from analysis.specs import Convention
from analysis.studies import library, store
from analysis.studies.study import Study

MEASURES: dict[str, Callable[..., Any]] = {
    "recognition": recognition.recognition,
    "recognition curve": recognition.curve,
    "transfer": transfer.transfer,
    "transfer curve": transfer.transfer_curve,
    "similarity": similarity.similarity,
    "similarity by layer": similarity.similarity_by_layer,
    "floor": similarity.floor,
    "ceiling": similarity.ceiling,
    "alignment": alignment.alignment,
    "alignment by layer": alignment.by_layer,
    "alignment by seeds": alignment.by_seeds,
    "alignment by pair": alignment.by_pair,
    "alignment by template": alignment_controls.by_template,
    "alignment by kind": alignment_controls.controls,
    "alignment by chance": alignment_controls.shuffled,
    "alignment of all settings": lambda study, stage: alignment_printed.settings(stage),
    "concept ranks": alignment.concept_ranks,
    "word ranks": neighbours.word_ranks,
    "neighbours": neighbours.inspected,
    "clouds": neighbours.clouds,
    "findings": findings.findings,
}


def version(name: str) -> str:
    """Changes whenever the study of this name does."""
    if name in shipped():
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


@st.cache_resource(show_spinner=False)
def service() -> Any:
    """The process-wide worker; importing it loads no torch."""
    from analysis.engine.service import Service

    return Service()
