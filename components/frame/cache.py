"""The only caching in the project.

Keys are names, versions, specs and numbers; never arrays.
"""

import copy
import functools
import hashlib
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st
import xarray as xr

from analysis.concepts import null_vectors, pairs
from analysis.concepts.pairs import Corpus
from analysis.concepts.specs import Convention
from analysis.control import settings_tried, surfaces
from analysis.control import store as runs
from analysis.control.settings_tried import Grid
from analysis.control.specs import ControlSpec, JudgingSpec
from analysis.core.errors import AnalysisError, StudyError
from analysis.core.turns import steps, watched
from analysis.overview import compare, registry
from analysis.study import leftovers, library, store
from analysis.study.arrays import frozen
from analysis.study.published_words import shipped
from analysis.study.study import PUBLISHED, Study
from analysis.worker.own_process import workers_of_settings
from analysis.worker.service import Job, Pool, Service
from components.frame import kept_lists
from components.frame.kept_lists import Stamp, Summary, stamp_of
from components.frame.recent import Recent
from components.printing.venues import Look

BUSY = "Computing …"
"""Shown where a page has waited half a second; Streamlit draws nothing before."""
LOG = logging.getLogger(__name__)
MOST_STUDIES = 512
"""Studies whose manifests stay at hand, so that no rerun reads them all again."""
MOST_LISTED = 8192
"""Studies of which lists know the title, so that no rerun opens them."""
MOMENT = 10.0
"""Seconds for which a study that cannot be opened is not tried again by lists."""
SETTLED = 10**8
"""Nanoseconds after which a change of a file shows in its times."""
MOST_OPENED = 8
"""Studies whose arrays stay at hand."""
MOST_RESULTS = 256
"""Results of jobs that stay at hand."""
MOST_PREPARED = 4
"""Maps between wide spaces that stay at hand; each may hold a gigabyte."""


def version(name: str) -> str:
    """Changes whenever the study of this name does."""
    if name in shipped():
        return "published"
    folder = library.coming_along().get(name) or library.own_folder(name)
    path = folder / store.MANIFEST
    try:
        return hash_of(stamp_of(path))
    except OSError:
        # Whoever opens it says what is wrong; it may also be deleted just now.
        return "none"


def hash_of(stamp: Stamp) -> str:
    """SHA-256 of a manifest, which is read again only once it has changed.

    Pages ask dozens of times. What was written just now may be replaced within the same
    tick of the clock, so it is read each time.
    """
    return settled_hash(stamp) if is_settled(stamp) else hash_now(stamp)


def is_settled(stamp: Stamp) -> bool:
    """Whether a further change of a file would show in its times."""
    return time.time_ns() - max(stamp.written, stamp.changed) >= SETTLED


def hash_now(stamp: Stamp) -> str:
    """SHA-256 of a manifest as it is now."""
    return hashlib.sha256(Path(stamp.path).read_bytes()).hexdigest()


@functools.lru_cache(maxsize=MOST_LISTED)
def settled_hash(stamp: Stamp) -> str:
    """The same, kept for as long as the manifest stays as it is."""
    return hash_now(stamp)


@st.cache_resource(max_entries=MOST_STUDIES, show_spinner=False)
def known(name: str, version: str) -> Study:
    """A study whose manifest was read and checked; its arrays are not kept.

    Every page opens all studies, so whatever one of them holds is a sentence about it.
    """
    try:
        return library.open_by_name(name)
    except AnalysisError:
        raise
    except Exception as error:
        LOG.exception("study %s cannot be opened", name)
        what = f"{type(error).__name__}: {error}"[:120]
        raise StudyError(
            f"{name} cannot be opened ({what}). Delete it, or ask who made it for a "
            "whole one."
        ) from error


@st.cache_resource(max_entries=MOST_OPENED, show_spinner=False)
def opened(name: str, version: str) -> Study:
    """An open study, which reads each array only once."""
    study = known(name, version)
    return replace(study, load=functools.cache(study.load))


def study(name: str) -> Study:
    """The study of this name as it is now."""
    return opened(name, version(name))


def facts(name: str) -> Study:
    """The study of this name as its manifest tells of it, for whoever looks at many.

    What it holds is read each time; pages whose arrays are at hand lose none of them.
    """
    return known(name, version(name))


@functools.lru_cache(maxsize=MOST_LISTED)
def fault_of(name: str, stamp: Stamp, moment: int) -> str:
    """Why a study cannot be opened, looked at once in a moment; empty where it can.

    A file that comes back leaves the manifest as it is, so it is looked at again.
    """
    try:
        summary_as(name, stamp)
    except AnalysisError as error:
        return str(error)
    return ""


def moment() -> int:
    """The number of the moment that it is now."""
    return int(time.monotonic() // MOMENT)


class Listed(NamedTuple):
    """What lists say of a study."""

    title: str
    kind: str
    unfinished: bool = False


def listed(names: Iterable[str]) -> dict[str, Listed | None]:
    """Name → what lists say of a study; None where it cannot be opened.

    A manifest is read when it is new or has changed, however many there are.
    """
    along = library.coming_along()
    own = store.root()
    found: dict[str, Listed | None] = {}
    for name in names:
        if name in shipped():
            found[name] = Listed(shipped()[name].title, PUBLISHED)
            continue
        found[name] = None
        with suppress(OSError, AnalysisError):
            stamp = stamp_of(along.get(name, own / name) / store.MANIFEST)
            if not fault_of(name, stamp, moment()):
                told = summary_as(name, stamp)
                found[name] = Listed(told.title, told.kind, told.missing > 0)
    keep_lists()
    return found


def summaries(names: Iterable[str]) -> dict[str, Summary | str]:
    """Name → what the table of studies says of it, or why it cannot be opened.

    A manifest is read when it is new or has changed.
    """
    along = library.coming_along()
    own = store.root()
    found: dict[str, Summary | str] = {}
    for name in names:
        try:
            if name in shipped():
                found[name] = summary_of(shipped()[name], None, 0)
            else:
                stamp = stamp_of(along.get(name, own / name) / store.MANIFEST)
                fault = fault_of(name, stamp, moment())
                found[name] = fault or summary_as(name, stamp)
        except OSError as error:
            found[name] = f"{name} cannot be opened: {error.strerror or error}."
        except AnalysisError as error:
            found[name] = str(error)
    keep_lists()
    return found


@functools.lru_cache(maxsize=MOST_LISTED)
def summary_as(name: str, stamp: Stamp) -> Summary:
    """What is told of a study as long as its manifest stays as it is."""
    kept = kept_lists.kept().get(stamp)
    if kept is not None:
        return kept
    found = known(name, version(name))
    files = found.manifest.files
    size = stamp.size + sum(entry.bytes for entry in files.values())
    told = summary_of(found, stamp.written / 1e9, size)
    if is_settled(stamp):
        newly_listed()[stamp] = told
    return told


@st.cache_resource(show_spinner=False)
def newly_listed() -> dict[Stamp, Summary]:
    """What is told of the studies that were opened for a list since one was kept."""
    return {}


def keep_lists() -> None:
    """Keep what lists say for the next start, once so many were opened that it is worth it."""
    new = newly_listed()
    if len(new) < kept_lists.MANY:
        return
    every = {**kept_lists.kept(), **new}
    new.clear()
    # Of what was changed or deleted since, nothing is kept.
    kept_lists.keep({stamp: told for stamp, told in every.items() if is_so(stamp)})


def is_so(stamp: Stamp) -> bool:
    """Whether a file still lies on the disk as it did."""
    try:
        return stamp_of(Path(stamp.path)) == stamp
    except OSError:
        return False


def summary_of(study: Study, written: float | None, size: int) -> Summary:
    """What the table says of a study."""
    words = len(study.words.concepts) if study.words else 0
    return Summary(
        study.title,
        study.kind,
        study.model,
        len(study.concepts),
        len(study.languages),
        study.layers,
        words,
        len(study.missing),
        written,
        size,
    )


@dataclass(frozen=True)
class Want:
    """An analysis by its name, with its arguments after the study."""

    analysis: str
    arguments: tuple[Any, ...]

    @classmethod
    def of(cls, function: Callable[..., Any], *arguments: Any) -> "Want":
        """The analysis that a function of the registry computes."""
        return cls(registry.record_of(function).name, arguments)


@dataclass(frozen=True)
class Key:
    """What was asked of a study as it was at one time."""

    study: str
    version: str
    asked: Want


def key_of(study: Study, want: Want) -> Key:
    """What is asked of a study as it is now."""
    return Key(study.name, version(study.name), want)


def measure(function: Callable[..., Any], study: Study, *arguments: Any) -> Any:
    """What a function of the registry finds in a study; once for all sessions.

    Results of jobs take minutes, so they are not in the one cache that every view of
    every page fills.
    """
    want = Want.of(function, *arguments)
    key = key_of(study, want)
    kept = results_of_jobs().get(key)
    if kept is not None:
        # Sessions share what is kept, and each may change what it gets.
        return copy.deepcopy(kept)
    return computed(key.study, key.version, want.analysis, want.arguments)


@st.cache_data(max_entries=128, show_spinner=BUSY)
def computed(name: str, version: str, analysis: str, arguments: tuple[Any, ...]) -> Any:
    """What an analysis finds, computed by a page."""
    return calculated(Key(name, version, Want(analysis, arguments)))


@st.cache_resource(show_spinner=False)
def results_of_jobs() -> Recent[Key, Any]:
    """What was computed by jobs since the server started."""
    return Recent(MOST_RESULTS)


@st.cache_resource(show_spinner=False)
def prepared_values() -> Recent[Key, Any]:
    """What several analyses share, such as a map between two languages' words."""
    return Recent(MOST_PREPARED)


def calculated(key: Key) -> Any:
    """What an analysis finds, computed now."""
    analysis, arguments = registry.find(key.asked.analysis), key.asked.arguments
    study = opened(key.study, key.version)
    prepared_key = key_of_prepared(key)
    prepare = analysis.prepare
    if prepare is None or prepared_key is None:
        return analysis.function(study, *arguments)
    shared = prepared_key.asked.arguments
    prepared = prepared_values().get_or_make(
        prepared_key, lambda: frozen(prepare(study, *shared))
    )
    return analysis.function(prepared, *arguments[len(shared) :])


def key_of_prepared(key: Key) -> Key | None:
    """What an analysis shares with others; None where it shares nothing."""
    analysis = registry.find(key.asked.analysis)
    if analysis.prepare is None:
        return None
    maker = f"{analysis.prepare.__module__}.{analysis.prepare.__qualname__}"
    shared = key.asked.arguments[: len(analysis.shared)]
    return Key(key.study, key.version, Want(maker, shared))


def ready(study: Study, *wants: Want) -> bool:
    """Whether jobs have computed all of this, and it is still at hand.

    What no longer is has to be computed by a job again, not by a page.
    """
    return all(is_kept(key_of(study, want)) for want in wants)


def is_kept(key: Key) -> bool:
    """Whether a job's result is at hand, and so is what others share with it."""
    shared = key_of_prepared(key)
    if shared is not None and shared not in prepared_values():
        return False
    return key in results_of_jobs()


def work(study: Study, *wants: Want) -> Callable[[Job, Pool], None]:
    """A job that computes what is wanted, which is then at hand."""

    def run(job: Job, pool: Pool) -> None:
        def progress(share: float | None) -> None:
            job.give_way()
            job.check()
            if share is not None:
                job.progress(round(100 * share), 100, "matching words, percent")

        with watched(progress):
            for want in steps(wants):
                key = key_of(study, want)
                results_of_jobs().put(key, calculated(key))

    return run


def keep(study: Study, want: Want) -> Key:
    """Compute what is wanted, off the page, so that ``measure`` has it at hand."""
    key = key_of(study, want)
    # Another reader may have waited for the same, and have it by now.
    if not is_kept(key):
        results_of_jobs().put(key, calculated(key))
    return key


@st.cache_data(max_entries=32, show_spinner=BUSY)
def note_on_null(name: str, version: str) -> str:
    """Which vectors of a study are null, in a sentence."""
    return null_vectors.null_note(opened(name, version))


def null_note(study: Study) -> str:
    """The same of a study as it is now."""
    return note_on_null(study.name, version(study.name))


@st.cache_data(max_entries=32, show_spinner=BUSY)
def comparison(
    what: str,
    first: str,
    first_version: str,
    second: str,
    second_version: str,
    convention: Convention,
) -> compare.Comparison:
    """Two studies compared."""
    one, other = opened(first, first_version), opened(second, second_version)
    return compare.compare(one, other, what, convention)


def compared(
    what: str, first: Study, second: Study, convention: Convention
) -> compare.Comparison:
    """A comparison of COMPARED for two studies as they are now."""
    return comparison(
        what,
        first.name,
        version(first.name),
        second.name,
        version(second.name),
        convention,
    )


class HeldOut(NamedTuple):
    """Pairs of each cell that are held out, and the sources that they stem from."""

    pairs: tuple[int, ...]
    sources: tuple[int, ...]


def held_out(
    corpus: Corpus, split: str, cells: tuple[tuple[str, str], ...], seed: int
) -> HeldOut:
    """How many pairs of each cell are held out, and from how many sources they stem."""
    return counted(corpus.digest, split, cells, seed, corpus)


@st.cache_data(max_entries=256, show_spinner=BUSY)
def counted(
    digest: str,
    split: str,
    cells: tuple[tuple[str, str], ...],
    seed: int,
    _corpus: Corpus,
) -> HeldOut:
    """The same for the corpus of a digest."""
    return HeldOut(
        pairs.held_out_pairs(_corpus, split, cells, seed),
        pairs.held_out_sources(_corpus, split, cells, seed),
    )


def leaks(
    corpus: Corpus, split: str, concepts: tuple[str, ...], seed: int
) -> tuple[str, ...]:
    """Sentences on what a split puts on both sides."""
    return leaked(corpus.digest, split, concepts, seed, corpus)


@st.cache_data(max_entries=256, show_spinner=BUSY)
def leaked(
    digest: str, split: str, concepts: tuple[str, ...], seed: int, _corpus: Corpus
) -> tuple[str, ...]:
    """The same for the corpus of a digest."""
    return pairs.leaks(_corpus, split, concepts, seed)


@st.cache_data(max_entries=16, show_spinner=BUSY)
def settings(name: str, version: str, spec: ControlSpec) -> Grid:
    """The settings of a search in a study."""
    return settings_tried.grid(opened(name, version), spec)


def grid(study: Study, spec: ControlSpec) -> Grid:
    """The settings of a search in a study as it is now."""
    return settings(study.name, version(study.name), spec)


@dataclass(frozen=True)
class Searched:
    """A control run's answers and what they say."""

    answers: pd.DataFrame
    surfaces: xr.Dataset
    chosen: dict[str, surfaces.Choice]  # pyright: ignore[reportInvalidTypeForm]
    report: pd.DataFrame
    left: tuple[runs.Cell, ...]
    """Cells that are still to come."""


@st.cache_data(max_entries=8, show_spinner=BUSY)
def searched(name: str, changed: str, judging: JudgingSpec) -> Searched:
    """What a control run's answers say under one judging."""
    run = runs.open_run(name)
    answers = runs.frame(run, judging)
    found = surfaces.surfaces(answers, run.grid, judging)
    chosen = surfaces.chosen(found, run.grid, judging)
    report = surfaces.report(answers, run.spec, chosen, judging)
    left = runs.missing(run, answers, judging)
    return Searched(answers, found, chosen, report, left)


def judged(run: runs.Run, judging: JudgingSpec) -> Searched:
    """The same for a run as it is now."""
    verdicts = []
    for path in run.folder.glob("verdicts-*.json"):
        verdicts.append((path.name, path.stat().st_mtime_ns))
    manifest = (run.folder / store.MANIFEST).read_bytes()
    changed = hashlib.sha256(f"{sorted(verdicts)}{manifest}".encode()).hexdigest()
    return searched(run.name, changed, judging)


class Preview(NamedTuple):
    """Figures as one printed sheet for the screen; ``size`` is width and height in cm."""

    picture: bytes
    notes: tuple[str, ...]
    size: tuple[float, float]


@st.cache_data(max_entries=48, show_spinner="Drawing …")
def preview(recipes: tuple[str, ...], look: Look, seen: str) -> Preview:
    """Figures, each by its recipe's text, as one printed sheet."""
    from components.paperpack.pack import own_fonts
    from components.paperpack.recipes import read
    from components.printing import sheet, sight

    figures = [read(text, "recipe").figure for text in recipes]
    drawn = sheet.compose(figures, look, own_fonts())
    return Preview(sight.preview(drawn, seen), drawn.notes, drawn.size)


@st.cache_resource(show_spinner=False)
def service() -> Service:
    """The process-wide queue; what a killed one left is swept before it begins."""
    leftovers.sweep()
    return Service(performers=workers_of_settings())


@st.cache_resource(show_spinner=False)
def warmed() -> None:
    """All workers get ready while a first visitor looks at the page.

    The first answer then need not wait, whichever of them gives it.
    """
    from analysis.worker.answers import warm_up

    service().submit_to_each("babelscope", "Getting ready", warm_up)
