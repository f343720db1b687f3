"""The only caching in the project. Keys are names, versions, specs and numbers; never arrays."""

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import streamlit as st
import xarray as xr

from analysis.concepts import corpora, recognition, similarity, transfer
from analysis.concepts.pairs import Corpus
from analysis.concepts.specs import Convention
from analysis.control import settings_tried
from analysis.control import store as runs
from analysis.control import surfaces as control
from analysis.control.settings_tried import Grid
from analysis.control.specs import ControlSpec, JudgingSpec
from analysis.core.turns import steps, watched
from analysis.overview import compare, findings
from analysis.plane import finding, localisation
from analysis.questions import geometry, items, projections
from analysis.study import library, store
from analysis.study.published_words import shipped
from analysis.study.study import Study
from analysis.words import alignment, alignment_controls, neighbours, published
from analysis.words.specs import AlignmentSpec
from analysis.worker.service import Job, Pool
from components.printing.venues import Look

MEASURES: dict[str, Callable[..., Any]] = {
    "recognition": recognition.recognition,
    "recognition curve": recognition.recognition_curve,
    "transfer": transfer.transfer,
    "transfer curve": transfer.transfer_curve,
    "similarity": similarity.similarity,
    "similarity by layer": similarity.similarity_by_layer,
    "floor": similarity.similarity_floor,
    "ceiling": similarity.similarity_ceiling,
    "alignment": alignment.alignment,
    "alignment by layer": alignment.by_layer,
    "alignment by seeds": alignment.by_seeds,
    "alignment by pair": alignment.by_pair,
    "alignment by template": alignment_controls.by_template,
    "alignment by kind": alignment_controls.controls,
    "alignment by chance": alignment_controls.shuffled,
    "alignment of all settings": lambda study, stage: published.settings(stage),
    "concept ranks": alignment.concept_ranks,
    "word ranks": lambda study, spec, a, b: neighbours.word_ranks(
        one_pair(study, spec, a, b)
    ),
    "neighbours": lambda study, spec, a, b, concept: neighbours.inspected(
        one_pair(study, spec, a, b), concept
    ),
    "clouds": lambda study, spec, a, b, projection: neighbours.clouds(
        one_pair(study, spec, a, b), projection
    ),
    "findings": findings.findings,
    "angles": geometry.angles,
    "mean angle": geometry.mean_angle,
    "lengths": geometry.lengths,
    "agreement": geometry.agreement,
    "lens": geometry.lens,
    "separation": items.separation,
    "parallel": items.parallel,
    "pca": projections.pca,
    "elsewhere": projections.elsewhere,
    "plane": localisation.plane,
    "plane settings": localisation.settings,
    "plane best": localisation.chosen_settings,
    "plane table": localisation.sweep_table,
    "plane effect": localisation.effect,
    "plane by layer": localisation.by_layer,
    "plane twins": localisation.twins_of,
    "plane chance": localisation.chance,
    "plane lacking": localisation.lacking,
    "plane scorings": localisation.agreement_of_scorings,
    "plane finding": finding.finding,
}


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


@st.cache_data(max_entries=128, show_spinner=False)
def computed(measure: str, name: str, version: str, arguments: tuple) -> Any:
    """One measure of one study; computed once for all sessions."""
    return MEASURES[measure](opened(name, version), *arguments)


@st.cache_resource(max_entries=4, show_spinner=False)
def fitted(
    name: str, version: str, spec: AlignmentSpec, route: tuple[str, str]
) -> neighbours.Matched:
    """Two languages' words and their map, which takes long to fit on a wide model."""
    return neighbours.one_pair(opened(name, version), spec, *route)


def one_pair(
    study: Study, spec: AlignmentSpec, source: str, target: str
) -> neighbours.Matched:
    """Two languages of a study as it is now, matched."""
    return fitted(study.name, version(study.name), spec, (source, target))


Want = tuple[str, *tuple[object, ...]]
"""A measure of MEASURES with its arguments after the study."""


@st.cache_resource(show_spinner=False)
def known() -> set[tuple]:
    """What was computed by jobs since the server started."""
    return set()


def ready(study: Study, *wants: Want) -> bool:
    """Whether a job has computed all of these measures of a study as it is now."""
    return {(study.name, version(study.name), *want) for want in wants} <= known()


def work(study: Study, *wants: Want) -> Callable[[Job, Pool], None]:
    """A job that computes these measures, which are then at hand; for studies on which they take minutes."""

    def run(job: Job, pool: Pool) -> None:
        def told(share: float | None) -> None:
            job.give_way()
            job.check()
            if share is not None:
                job.progress(round(100 * share), 100, "matching words, percent")

        with watched(told):
            for want in steps(wants):
                measure(want[0], study, *want[1:])
                known().add((study.name, version(study.name), *want))

    return run


def measure(what: str, study: Study, *arguments: object) -> Any:
    """A measure of MEASURES for a study."""
    return computed(what, study.name, version(study.name), arguments)


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
