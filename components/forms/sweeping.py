"""The form that starts a sweep, with what it will take, and answers of another method
from a file.
"""

from functools import partial

import pandas as pd
import streamlit as st

from analysis.core.templates import TEMPLATES
from analysis.plane import plan as sweep
from analysis.plane.localisation import AXES
from analysis.plane.other_methods import OtherMethods, place_answers, read_answers
from analysis.plane.specs import SCORINGS, SweepSpec
from analysis.questions.geometry import VERSIONS, versions
from analysis.questions.question_sets import find_questions
from analysis.questions.questions import Questions
from analysis.questions.specs import QuestionSpec
from analysis.study import library
from analysis.study.manifest import PlanePart, QuestionsPart
from analysis.study.study import Study
from analysis.worker import plane
from analysis.worker.cluster_sweeps import swept_on_cluster
from components.forms import where
from components.frame import cache, fold, jobs, readings
from components.frame.fold import Fold
from components.frame.polite import INFO, polite
from components.frame.text import escape

SWEEP = Fold("sweep", "Run a sweep", ":material/tune:")
STRENGTHS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)


def form(study: Study) -> None:
    """Choose layers, strengths and scoring; what it takes; Start."""
    if study.manifest.questions is None or not study.manifest.abilities.writes:
        return
    swept = study.manifest.plane is not None
    fold.show(SWEEP, partial(settings, study), not swept)


def settings(study: Study) -> None:
    """The form in its fold."""
    swept = study.manifest.plane is not None
    if swept and study.name not in library.coming_along():
        st.info(
            "This study has a plane. To sweep in another way, ask the "
            "questions into a new study first.",
            icon=":material/info:",
        )
        return
    with polite():
        spec = choose(study)
        if spec is None:
            st.info(
                "Choose at least one language, layer and strength.",
                icon=":material/info:",
            )
            return
        questions = asked_questions(spec)
        if questions is not None:
            with polite(INFO):
                start(study, spec, questions)


def asked_questions(spec: SweepSpec) -> Questions | None:
    """The questions of a sweep as they are kept here; None while they are read."""
    digest = spec.questions_digest
    return readings.reading_of(
        "sweep-questions", digest, lambda: find_questions(digest), spec.questions
    )


def start(study: Study, spec: SweepSpec, questions: Questions) -> None:
    """What a sweep will take, and Start."""
    listed = sweep.prompts(spec, questions)
    held = sum(
        q.language in spec.languages and questions.held_out(q)
        for q in questions.questions
    )
    st.caption(
        f"Up to {sweep.expected(spec)} settings of {held:,} held-out questions "
        f"({len(listed)} items) in {len(spec.languages)} "
        "languages each; one pass per question and setting, its options share it. "
        "The first settings tell how long it takes; "
        "Stop keeps what is finished."
        + (
            " This study comes along and stays as it is; the plane goes into a copy."
            if study.name in library.coming_along()
            else ""
        )
    )
    place = where.chosen_place("sweep")
    job = jobs.mine()
    busy = job is not None and job.live
    if st.button(
        "Start",
        type="primary",
        icon=":material/play_arrow:",
        disabled=busy,
        key="start-sweep",
    ):
        submit(study, spec, questions, place)


def submit(study: Study, spec: SweepSpec, questions: Questions, place: str) -> None:
    """Sweep on this machine, or let a cluster's workers do so."""
    title = f"Plane of {study.title}"
    given = (spec, questions, study.name)
    if place == where.HERE:
        jobs.submit(title, plane.run_plane(*given))
    else:
        jobs.submit_aside(title, swept_on_cluster(place, *given))


def choose(study: Study) -> SweepSpec | None:
    """The sweep that the widgets describe; None while something is missing."""
    asked = study.manifest.part(QuestionsPart).spec_as(QuestionSpec)
    languages = st.multiselect(
        "Languages", asked.languages, asked.languages, key="sweep-languages"
    )
    layers = list(range(1, study.layers + 1))
    every = max(1, study.layers // 8)
    left, right = st.columns(2)
    chosen = left.multiselect(
        "Layers", layers, layers[every - 1 :: every], key=f"sweep-layers-{study.layers}"
    )
    strengths = right.multiselect(
        "Strengths",
        STRENGTHS,
        [0.5, 1.0, 2.0],
        key="sweep-strengths",
        help="1 is the mean difference that the vector stands for.",
    )
    left, middle, right = st.columns(3)
    scoring = left.selectbox(
        "Answers by",
        SCORINGS,
        key="sweep-scoring",
        help="The baseline is answered in both ways.",
    )
    normalised = (
        middle.selectbox(
            "Likelihood", ("per token", "whole answer"), key="sweep-normalised"
        )
        == "per token"
    )
    local = right.selectbox(
        "Local vector",
        versions(study),
        key="sweep-local",
        help="\n\n".join(VERSIONS.values()),
    )
    template = st.selectbox(
        "Prompt template",
        list(TEMPLATES),
        list(TEMPLATES).index(asked.template),
        key="sweep-template",
    )
    if not (languages and chosen and strengths):
        return None
    return SweepSpec(
        asked.model,
        asked.questions,
        asked.questions_digest,
        tuple(languages),
        tuple(sorted(chosen)),
        tuple(sorted(strengths)),
        template,
        scoring,
        normalised,
        local,
    )


def rivals(study: Study, half: int | None) -> pd.DataFrame:
    """Both axes of other methods per language, on the items that are shown; their
    answers are given as a file.
    """
    none = pd.DataFrame(columns=["method", "language", *AXES])
    with st.popover("Another method's answers", icon=":material/add_location:"):
        st.caption(
            "CSV, TSV or JSONL with item, kind (universal or culture), language, answer "
            "and, if wanted, method. Answers are "
            "matched with the "
            "options of the same held-out questions: the option itself, its "
            "letter, or a text that holds it."
        )
        file = st.file_uploader(
            "Answers",
            type=["csv", "tsv", "jsonl", "ndjson"],
            key="rivals",
            max_upload_size=50,
        )
        with polite():
            placed = readings.of_file(
                file,
                "rivals",
                lambda data, name: placed_answers(data, name, study, half),
                cache.version(study.name),
                half,
            )
            if placed is None:
                return none
            if placed.left_out:
                st.info(escape(" ".join(placed.left_out)), icon=":material/info:")
            st.dataframe(placed.table, hide_index=True)
            return placed.table
        return none


def placed_answers(
    data: bytes, name: str, study: Study, half: int | None
) -> OtherMethods:
    """The answers of a file, placed on the plane of a study."""
    answers = read_answers(data, name)
    spec = study.manifest.part(PlanePart).spec_as(SweepSpec)
    questions = find_questions(spec.questions_digest)
    return place_answers(study, questions, answers, half)
