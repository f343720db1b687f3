"""A new control run: plan the search, time a cell of it, start."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from analysis.concepts import corpora
from analysis.concepts.specs import StudySpec
from analysis.control import prompts as sources
from analysis.control import store
from analysis.control.prompts import PromptSet
from analysis.control.settings_tried import LOG_SPACED, PAPERS, SEARCHES
from analysis.control.specs import SEARCHED_ON, ControlSpec, JudgingSpec
from analysis.core.errors import AnalysisError
from analysis.core.model_names import DEMO
from analysis.core.specs import digest
from analysis.core.templates import TEMPLATES
from analysis.steering.language_vectors import (
    has_language_vectors,
    languages_with_means,
)
from analysis.steering.operators import OPERATORS
from analysis.study import library
from analysis.study.study import Study
from analysis.tables.column_maps import ColumnMap
from analysis.tables.kinds import PROMPTS
from analysis.worker import extraction
from analysis.worker.cluster_sweeps import control_on_cluster
from analysis.worker.prompts import suggested_template
from components.forms import where
from components.forms.hub_table import choose_hub_table
from components.forms.table_file import TYPES, of_table
from components.frame import cache, controls, going, jobs, links, readings
from components.frame.polite import polite
from components.frame.text import escape

FILE, HUB = "a file", "a data set of the hub"
TOWARDS = "towards"
"""How runs along language vectors are called."""
TIMED = "timed-run"
"""The run of which one cell was asked for, to tell how long the rest takes."""
FIRST = 6
"""Languages that a new run has at first."""


@dataclass(frozen=True)
class Draft:
    """What the form of a new run says."""

    spec: ControlSpec
    prompts: PromptSet
    title: str


def plan(study: Study, absent: bool = False) -> None:
    """The form of a new run with its size, and the buttons that begin it.

    ``absent``: the model is not on this machine, so nothing can begin.
    """
    try:
        spec = study.manifest.spec_as(StudySpec)
    except AnalysisError:
        st.info(
            "This study does not say which model and contrast pairs it was made "
            "from, so nothing can be run on it."
        )
        return
    left, right = st.columns(2)
    with left:
        along = choose_vector(study)
    prompts = choose_prompts(spec, along, right)
    if prompts is None:
        return
    for note in prompts.notes:
        st.caption(escape(note))
    point_to_requests(spec, prompts)
    codes = [code for code in study.languages if code in prompts.languages]
    if along.towards in codes:
        codes.remove(along.towards)
    known = controls.arranged(study, codes)
    languages = st.multiselect(
        "Languages",
        known,
        known[:FIRST],
        key=f"run-languages-{study.name}-{prompts.name}",
    )
    if not languages:
        st.info(
            "Choose at least one language that has prompts and vectors.",
            icon=":material/info:",
        )
        return
    with polite():
        draft = choose_search(study, spec, prompts, along, tuple(languages))
        size(study, draft)
        start(study, draft, absent)


@dataclass(frozen=True)
class Along:
    """What a run pushes along: a concept, or towards a language."""

    concept: str
    towards: str = ""


def choose_vector(study: Study) -> Along:
    """The concept, or the language whose vector pushes where the study has such."""
    value = "harmfulness" if "harmfulness" in study.concepts else study.concepts[0]
    offered = list(study.concepts)
    name = controls.arrangement().name
    towards = {}
    if has_language_vectors(study):
        for code in languages_with_means(study):
            towards[f"{TOWARDS} {name(code)}"] = code
    chosen = st.selectbox(
        "Concept, or language to push towards" if towards else "Concept",
        [*offered, *towards],
        offered.index(value),
        key=f"run-concept-{study.name}",
    )
    if chosen in towards:
        return Along("", towards[chosen])
    return Along(chosen)


def choose_prompts(spec: StudySpec, along: Along, place: Any) -> PromptSet | None:
    """The prompts of a new run, kept here or uploaded; None while there are none."""
    here = sources.offered(spec.model.model == DEMO, spec.split, along.towards)
    name = place.selectbox(
        "Prompts",
        [*here, FILE, HUB],
        key=f"run-prompts-{TOWARDS}" if along.towards else "run-prompts",
        help="A file has the columns prompt, language, text; if wanted role "
        "(search, report, neutral), target, other, source.",
    )
    with polite():
        if name == HUB:
            table = choose_hub_table("run-hub-set", PROMPTS)
            return of_table(table, "run-hub-file", PROMPTS, read_named)
        if name != FILE:
            return readings.reading_of(
                "run-prompts",
                (name, digest(spec), along.concept),
                lambda: sources.load(name, spec, along.concept),
                name,
            )
        file = st.file_uploader(
            "Prompts (CSV, JSON, Parquet, Excel, or a zip of them)",
            type=TYPES,
            key="run-file",
            max_upload_size=20,
        )
        return of_table(file, "run-file", PROMPTS, read_named)
    return None


def read_named(data: bytes, filename: str, columns: ColumnMap | None) -> PromptSet:
    """The prompts of a file under the name by which they are kept once a run begins."""
    prompts = sources.read(data, filename, columns=columns)
    return replace(prompts, name=sources.kept_name(prompts))


def point_to_requests(spec: StudySpec, prompts: PromptSet) -> None:
    """Where the demo's requests are asked with vectors that were read in statements:
    say so, and link to those read in requests.
    """
    if (
        prompts.name != sources.DECLINED
        or spec.corpus_digest == corpora.demo_corpus(corpora.REQUESTS).digest
    ):
        return
    if library.REQUESTS not in library.names():
        return
    st.info(
        "This study's vectors were read in statements. Those of the study of "
        "requests were read behind the chat template, where "
        "the assistant decides whether to help, and are the ones to steer these requests with.",
        icon=":material/alt_route:",
    )
    label = cache.study(library.REQUESTS).title
    going.link(
        "pages/control.py",
        escape(label),
        {"study": library.REQUESTS},
        icon=":material/speed:",
    )


def choose_search(
    study: Study,
    spec: StudySpec,
    prompts: PromptSet,
    along: Along,
    languages: tuple[str, ...],
) -> Draft:
    """Search, counts of prompts and everything else of a new run.

    SpecError for what does not fit together.
    """
    if along.towards:
        known = sources.answered_in(prompts, along.towards)
    else:
        known = prompts
    one, two, three, four = st.columns(4)
    source = one.selectbox(
        "Shared vector of",
        languages,
        languages.index("en") if "en" in languages else 0,
        key=f"run-source-{languages}",
        help="Its vector, strength and layers are reused in every language.",
    )
    search = two.selectbox("Search", list(SEARCHES), key="run-search")
    free = min(
        len(known.of(language, "", "search", "report")) for language in languages
    )
    half = max(1, min(10, free // 2))
    searched = three.number_input(
        "Search prompts a language",
        1,
        max(1, free),
        half,
        key=f"run-searched-{prompts.name}",
    )
    reported = four.number_input(
        "Reported prompts a language",
        1,
        max(1, free),
        half,
        key=f"run-reported-{prompts.name}",
    )
    on = st.radio(
        "Search on",
        SEARCHED_ON,
        horizontal=True,
        key="run-on",
        help="The paper describes no search prompts of their own: choosing a setting on "
        "the prompts that are reported flatters it.",
    )
    with st.expander("Strengths, layers, operator, template, tokens"):
        more = choose_more(spec, prompts, search)
    called = along.concept or f"{TOWARDS} {along.towards}"
    title = st.text_input(
        "Title of the run",
        f"{called} on {prompts.name}",
        key=f"run-title-{called}-{prompts.name}",
        max_chars=80,
    )
    vectors = store.vectors_digest(study, along.concept, along.towards)
    given = ControlSpec(
        spec.model,
        study.name,
        vectors,
        along.concept,
        languages,
        prompts.name,
        prompts.digest,
        source,
        search,
        searched_on=on,
        search_prompts=int(searched),
        reported_prompts=int(reported),
        towards=along.towards,
        **more,
    )
    return Draft(given, prompts, title)


def choose_more(spec: StudySpec, prompts: PromptSet, search: str) -> dict[str, Any]:
    """What is rarely changed, as fields of the spec."""
    one, two, three = st.columns(3)
    strengths = choose_strengths(search, (one, two, three))
    names = list(TEMPLATES)
    template = sources.template_of(prompts, suggested_template(spec.model))
    operators = [name for name, each in OPERATORS.items() if not each.everywhere]
    sets = one.number_input("Layer sets", 1, 20, 10, key="run-sets")
    operator = two.selectbox("Operator", operators, key="run-operator")
    template = three.selectbox(
        "Prompt template",
        names,
        names.index(template),
        key=f"run-template-{prompts.name}",
    )
    tokens = one.number_input("New tokens", 1, 512, 24, key="run-tokens")
    seed = two.number_input(
        "Seed of the split of prompts", 0, 2**31 - 1, 1, key="run-seed"
    )
    return {
        "strengths": strengths,
        "layer_sets": int(sets),
        "operator": operator,
        "template": template,
        "tokens": int(tokens),
        "seed": int(seed),
    }


def choose_strengths(search: str, columns: Sequence[Any]) -> tuple[float, ...]:
    """Strengths between two ends; none where they are the search's own."""
    one, two, three = columns
    own = LOG_SPACED if search == next(iter(SEARCHES)) else PAPERS
    ends = {"min_value": 0.001, "max_value": 100.0, "format": "%.3f"}
    low = one.number_input(
        "Weakest strength, mean gaps", value=own[0], key=f"run-low-{search}", **ends
    )
    high = two.number_input(
        "Strongest strength, mean gaps", value=own[-1], key=f"run-high-{search}", **ends
    )
    count = three.number_input("Strengths", 1, 20, len(own), key=f"run-count-{search}")
    if (low, high, count) == (own[0], own[-1], len(own)):
        return ()
    spaced = np.geomspace if own == LOG_SPACED else np.linspace
    strengths = spaced(low, max(low, high), int(count))
    return tuple(dict.fromkeys(round(float(strength), 3) for strength in strengths))


def size(study: Study, draft: Draft) -> None:
    """What the run asks of the model, before anything is loaded."""
    tried = cache.grid(study, draft.spec)
    settings_each = {len(tried.strengths) * len(sets) for sets in tried.layers.values()}
    asked = (
        sum(len(tried.strengths) * len(tried.layers[a]) for a in draft.spec.languages)
        * draft.spec.search_prompts
    )
    plain = len(draft.spec.languages) * (
        draft.spec.search_prompts + draft.spec.reported_prompts
    )
    reported = (2 * len(draft.spec.languages) - 1) * draft.spec.reported_prompts
    few = (
        " The model has too few layers for more different sets."
        if max(map(len, tried.layers.values())) < draft.spec.layer_sets
        else ""
    )
    st.caption(
        f"{asked + plain + reported:,} answers of up to {draft.spec.tokens} "
        f"tokens: {max(settings_each)} settings × "
        f"{draft.spec.search_prompts} search prompts × {len(draft.spec.languages)} "
        f"languages, then {reported:,} reported and "
        f"{plain:,} without a push.{few} “Time one cell” computes one of them, "
        "keeps it, and says how long the rest will take."
    )


def start(study: Study, draft: Draft, absent: bool) -> None:
    """Time one cell, or start."""
    job = jobs.mine()
    busy = absent or (job is not None and job.live)
    place = where.chosen_place("run")
    row = st.container(horizontal=True)
    timed = row.button(
        "Time one cell",
        icon=":material/timer:",
        disabled=busy,
        key="run-time",
        help="On this machine.",
    )
    started = row.button(
        "Start",
        type="primary",
        icon=":material/play_arrow:",
        disabled=busy,
        key="run-start",
        shortcut="Ctrl+Enter",
    )
    if not (started or timed):
        return
    with polite():
        name = begun(study, draft)
        links.ask("run", name)
        st.session_state[TIMED] = name if timed else ""
        if timed:
            jobs.submit(draft.title, extraction.control_run(name, most=1))
        else:
            go_on(name, draft.title, place)


def begun(study: Study, draft: Draft) -> str:
    """The name of the run of a draft, which is kept."""
    if draft.prompts.name not in sources.SETS:
        sources.keep(draft.prompts)
    objective = sources.objective_of(draft.prompts, draft.spec.towards)
    judging = JudgingSpec(objective=objective)
    return store.begin(draft.spec, study, draft.prompts, draft.title, judging)


def go_on(name: str, title: str, place: str) -> None:
    """Compute a run on this machine, or let a cluster's workers do so."""
    if place == where.HERE:
        jobs.submit(title, extraction.control_run(name))
    else:
        jobs.submit_aside(title, control_on_cluster(place, name))
