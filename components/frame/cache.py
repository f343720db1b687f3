"""The only caching in the project. Keys are names, versions, specs and numbers; never arrays."""

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import streamlit as st
import xarray as xr

from analysis.concepts import corpora
from analysis.concepts.pairs import Corpus
from analysis.concepts.specs import Convention
from analysis.control import settings_tried
from analysis.control import store as runs
from analysis.control import surfaces as control
from analysis.control.settings_tried import Grid
from analysis.control.specs import ControlSpec, JudgingSpec
from analysis.core.turns import steps, watched
from analysis.overview import compare, registry
from analysis.study import library, store
from analysis.study.published_words import shipped
from analysis.study.study import Study
from analysis.worker.service import Job, Pool
from components.printing.venues import Look


@dataclass(frozen=True)
class Searched:
    """A control run's answers and what they say."""

    answers: pd.DataFrame
    surfaces: xr.Dataset
    chosen: dict[str, control.Choice]
    report: pd.DataFrame
    left: tuple[runs.Cell, ...]


def version(name: str) -> str:
    """Changes whenever the study of this name does."""
    if name in shipped():
        return "published"
    folder = library.DEMO_FOLDERS.get(name) or library.own_folder(name)
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


@dataclass(frozen=True)
class Want:
    """An analysis by its name, with its arguments after the study."""

    name: str
    arguments: tuple[Any, ...]

    @classmethod
    def of(cls, function: Callable[..., Any], *arguments: Any) -> "Want":
        """The analysis that a function of ANALYSES computes."""
        return cls(registry.record_of(function).name, arguments)


@dataclass(frozen=True)
class Key:
    """An analysis of a study as it was at one time."""

    study: str
    version: str
    want: Want


def key_of(study: Study, want: Want) -> Key:
    """An analysis of a study as it is now."""
    return Key(study.name, version(study.name), want)


@st.cache_data(max_entries=128, show_spinner=False)
def computed(name: str, version: str, analysis: str, arguments: tuple[Any, ...]) -> Any:
    """One analysis of one study; computed once for all sessions."""
    return calculated(Key(name, version, Want(analysis, arguments)))


def calculated(key: Key) -> Any:
    """An analysis computed anew; what several of them share is fitted once."""
    analysis, arguments = registry.find(key.want.name), key.want.arguments
    study = opened(key.study, key.version)
    if analysis.prepare is None:
        return analysis.function(study, *arguments)
    shared = len(analysis.shared)
    made_by = f"{analysis.prepare.__module__}.{analysis.prepare.__qualname__}"
    prepared = fitted(
        key.study, key.version, made_by, arguments[:shared], analysis.prepare
    )
    return analysis.function(prepared, *arguments[shared:])


@st.cache_resource(max_entries=4, show_spinner=False)
def fitted(
    name: str,
    version: str,
    made_by: str,
    arguments: tuple[Any, ...],
    _prepare: Callable[..., Any],
) -> Any:
    """What takes long of several analyses, such as a map between wide spaces."""
    return _prepare(opened(name, version), *arguments)


@st.cache_resource(show_spinner=False)
def known() -> set[Key]:
    """What was computed by jobs since the server started."""
    return set()


def ready(study: Study, *wants: Want) -> bool:
    """Whether a job has computed all of these analyses of a study as it is now."""
    return all(key_of(study, want) in known() for want in wants)


def work(study: Study, *wants: Want) -> Callable[[Job, Pool], None]:
    """A job that computes these analyses, which are then at hand."""

    def run(job: Job, pool: Pool) -> None:
        def told(share: float | None) -> None:
            job.give_way()
            job.check()
            if share is not None:
                job.progress(round(100 * share), 100, "matching words, percent")

        with watched(told):
            for want in steps(wants):
                found(study, want)
                known().add(key_of(study, want))

    return run


def found(study: Study, want: Want) -> Any:
    """An analysis of a study as it is now."""
    key = key_of(study, want)
    return computed(key.study, key.version, want.name, want.arguments)


def measure(function: Callable[..., Any], study: Study, *arguments: Any) -> Any:
    """What a function of ANALYSES finds in a study, computed once for all sessions."""
    return found(study, Want.of(function, *arguments))


@st.cache_data(max_entries=32, show_spinner=False)
def comparison(
    what: str, first: tuple[str, str], second: tuple[str, str], convention: Convention
) -> Any:
    """Two studies, each by (name, version), compared."""
    return compare.compare(opened(*first), opened(*second), what, convention)


def compared(what: str, first: Study, second: Study, convention: Convention) -> Any:
    """A comparison of COMPARED for two studies."""
    return comparison(
        what,
        *((study.name, version(study.name)) for study in (first, second)),
        convention,
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def corpus(name: str) -> Corpus:
    """A corpus kept on this server; its name carries its digest."""
    return corpora.load(name)


@st.cache_data(max_entries=16, show_spinner=False)
def tried(name: str, version: str, spec: ControlSpec) -> Grid:
    """The settings of a search in a study."""
    return settings_tried.grid(opened(name, version), spec)


def grid(study: Study, spec: ControlSpec) -> Grid:
    """The settings of a search in a study as it is now."""
    return tried(study.name, version(study.name), spec)


@st.cache_data(max_entries=8, show_spinner=False)
def searched(name: str, changed: str, judging: JudgingSpec) -> Searched:
    """A control run's answers under one judging: the answers themselves, surfaces, chosen settings, report and cells to come."""
    run = runs.open_run(name)
    answers = runs.frame(run, judging)
    surfaces = control.surfaces(answers, run.grid, judging)
    picked = control.chosen(surfaces, run.grid, judging)
    left = runs.missing(run, answers, judging)
    return Searched(
        answers,
        surfaces,
        picked,
        control.report(answers, run.spec, picked, judging),
        left,
    )


def judged(run: runs.Run, judging: JudgingSpec) -> Searched:
    """The same for a run as it is now."""
    told = sorted(
        (path.name, path.stat().st_mtime_ns)
        for path in run.folder.glob("verdicts-*.json")
    )
    changed = hashlib.sha256(
        f"{told}{(run.folder / store.MANIFEST).read_bytes()}".encode()
    ).hexdigest()
    return searched(run.name, changed, judging)


@st.cache_data(max_entries=48, show_spinner=False)
def preview(
    recipes: tuple[str, ...], look: Look, seen: str
) -> tuple[bytes, tuple[str, ...], tuple[float, float]]:
    """Figures, each by its recipe's text, as one sheet for the screen: picture, remarks, width and height in centimetres."""
    from components.paperpack.pack import own_fonts
    from components.paperpack.recipes import read
    from components.printing import sheet, sight

    drawn = sheet.compose(
        [read(text, "recipe").figure for text in recipes], look, own_fonts()
    )
    return sight.preview(drawn, seen), drawn.notes, drawn.size


@st.cache_resource(show_spinner=False)
def service() -> Any:
    """The process-wide worker; importing it loads no torch."""
    from analysis.worker.service import Service

    return Service()


@st.cache_resource(show_spinner=False)
def warmed() -> None:
    """The worker gets ready while a first visitor looks at the page, so that the first answer need not wait."""
    from analysis.worker.answers import warm

    service().submit("babelscope", "Getting ready", warm)
