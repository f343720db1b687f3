"""Asking questions of a study's model, and importing mean states: forms that start a
job, and what became of it.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import streamlit as st

from analysis.core.counting import count
from analysis.core.model_names import offered_models
from analysis.core.specs import ModelSpec
from analysis.questions import question_sets
from analysis.questions.answer_options import ANSWERS, AnswersUnclear
from analysis.questions.question_sets import load_questions, offered_questions
from analysis.questions.questions import QUESTION_KINDS, Questions, read_questions
from analysis.questions.specs import QuestionSpec
from analysis.study import library
from analysis.study.study import PUBLISHED, Study
from analysis.tables.column_maps import ColumnMap
from analysis.tables.kinds import QUESTIONS
from analysis.worker import questions as asking
from analysis.worker.cluster import begun_on_cluster
from analysis.worker.service import DONE
from components.forms import where
from components.forms.hub_table import choose_hub_table
from components.forms.table_file import TYPES, of_table
from components.forms.templates import choose_template
from components.frame import fold, going, jobs, readings
from components.frame.fold import Fold
from components.frame.polite import polite
from components.frame.text import escape

NEW = "a new study"
MODEL = "layers-model"
ASK = Fold("ask", "Ask questions of a model", ":material/quiz:")
IMPORT = Fold("means", "Import mean states of languages", ":material/upload_file:")


@dataclass(frozen=True)
class Target:
    """The study that vectors go into (empty: a new one), and the model that is asked."""

    study: str
    model: ModelSpec


def progress(study: Study | None, page: str) -> None:
    """The session's newest job: watched while it lives, then what became of it, with a
    link to the study that it made.
    """
    job = jobs.shown()
    if (
        job
        and job.state == DONE
        and isinstance(job.result, str)
        and (study is None or job.result != study.name)
    ):
        going.link(
            page,
            "Open the study that it made",
            {"study": job.result},
            icon=":material/open_in_new:",
        )


def forms(study: Study | None) -> None:
    """Ask questions, and import means; both are jobs."""
    fold.show(ASK, partial(ask, study))
    fold.show(IMPORT, bring)


def choose_questions() -> Questions | None:
    """Questions kept here or from a file; None while there is nothing usable."""
    origin = st.segmented_control(
        "From",
        ("this server", "a file", "the hub"),
        default="this server",
        required=True,
        key="questions-origin",
    )
    with polite():
        if origin == "this server":
            name = st.selectbox("Questions", offered_questions(), key="questions-set")
            size = question_sets.SHELF.size(name)
            return readings.reading_of(
                "questions-set",
                name,
                lambda: prepared(load_questions(name)),
                name,
                size,
            )
        if origin == "the hub":
            return questions_in(choose_hub_table("questions-hub-set", QUESTIONS))
        file = st.file_uploader(
            "A table with item, language, question, answer, options (for culture also "
            "named and country), or with other columns: CSV, JSON, Parquet, Excel, or a "
            "zip of them",
            type=TYPES,
            key="questions-file",
            max_upload_size=200,
        )
        return questions_in(file)
    return None


class Unclear(NamedTuple):
    """Why it is not clear what the answers of a file are, and what its columns are."""

    sentence: str
    columns: ColumnMap | None


def questions_in(file: Any) -> Questions | None:
    """The questions of a file; asks what its answers are, where they may be several."""
    found = of_table(file, "questions-file", QUESTIONS, read_or_ask)
    if not isinstance(found, Unclear):
        return found
    st.info(escape(found.sentence), icon=":material/help:")
    answers = st.segmented_control(
        "The answers of this file are", list(ANSWERS), key="questions-answers"
    )
    if not answers:
        return None
    read = partial(read_prepared, columns=found.columns, answers=answers)
    return readings.of_file(file, "questions-answered", read, answers, str(found))


def read_or_ask(
    data: bytes, name: str, columns: ColumnMap | None
) -> Questions | Unclear:
    """The questions of a file, or why somebody has to say what its answers are."""
    try:
        return read_prepared(data, name, columns)
    except AnswersUnclear as unclear:
        return Unclear(str(unclear), columns)


def read_prepared(
    data: bytes, name: str, columns: ColumnMap | None, answers: str = ""
) -> Questions:
    """The questions of a file with all that the page asks of them at every touch."""
    return prepared(read_questions(data, name, answers, columns=columns))


def prepared(questions: Questions) -> Questions:
    """Questions that have computed what they keep, so that the page need not wait."""
    for ask in ("digest", "languages", "counts", "items_of_kinds"):
        getattr(questions, ask)
    return questions


def ask(study: Study | None) -> None:
    """The form that reads questions into a study."""
    questions = choose_questions()
    if questions is None:
        return
    counts = ", ".join(
        f"{count(len(questions.items(kind)), f'{kind} item')}"
        for kind in QUESTION_KINDS
    )
    st.caption(
        escape(
            f"{counts} in {count(len(questions.languages), 'language')}. "
            f"{' '.join(questions.notes)}"
        )
    )
    target = choose_target(study)
    model = target.model
    languages = choose_languages(questions, study, target)
    template = choose_template(st, model, "questions-template")
    most = st.number_input(
        "Items per kind, at most", 2, 2000, 100, key="questions-most"
    )
    title = st.text_input(
        "Title",
        f"{model.model.split('/')[-1]} asked {questions.name}",
        key="questions-title",
        max_chars=80,
    )
    job = jobs.mine()
    busy = job is not None and job.live
    place = where.chosen_place("questions")
    if st.button(
        "Ask",
        type="primary",
        icon=":material/play_arrow:",
        disabled=busy or not languages or not model.model,
    ):
        spec = QuestionSpec(
            model,
            questions.name,
            questions.digest,
            tuple(languages),
            template,
            most=int(most),
        )
        given = (spec, questions, title, target.study)
        begin = asking.begin_questions(*given)
        where.begin(
            title,
            place,
            asking.read_questions(*given),
            lambda cluster: begun_on_cluster(cluster, begin, asking.go_on_asking),
        )


def choose_languages(
    questions: Questions, study: Study | None, target: Target
) -> list[str]:
    """Languages of the questions that the study has too, if they go into one."""
    known = list(questions.languages)
    if study is not None and target.study:
        known = [code for code in known if code in study.languages]
    key = f"questions-languages-{questions.digest}-{target.study}"
    return st.multiselect("Languages", known, known, key=key)


def choose_target(study: Study | None) -> Target:
    """Where the vectors go, and which model is asked."""
    own = None
    if study is not None and study.kind != PUBLISHED and study.manifest.tells_precision:
        own = study.manifest.model
    if study is not None and own is not None and study.manifest.questions is None:
        copied = ""
        if study.name in library.coming_along():
            copied = " This study comes along and stays as it is; they go into a copy."
        place = st.radio(
            "Vectors go into",
            (study.title, NEW),
            key="questions-into",
            help="A study keeps one set of questions." + copied,
        )
        if place != NEW:
            return Target(study.name, own)
    name = st.selectbox(
        "Model",
        offered_models(),
        key=MODEL,
        accept_new_options=True,
        help="A model of this server, or type a hub id.",
    )
    return Target("", ModelSpec(name or ""))


def bring() -> None:
    """The form that makes a study of mean states."""
    st.caption(
        "One file per language with one matrix (layer, hidden), as torch tensors "
        "or safetensors; the file's name holds the "
        "language's code, such as means.sw.pt. Nothing in the files can run."
    )
    files = st.file_uploader(
        "Files", accept_multiple_files=True, key="means-files", max_upload_size=200
    )
    model = st.text_input(
        "Model", key="means-model", max_chars=120, placeholder="owner/name"
    )
    title = st.text_input("Title", "Imported means", key="means-title", max_chars=80)
    busy = (job := jobs.mine()) is not None and job.live
    if st.button("Import", icon=":material/upload:", disabled=busy or not files):
        jobs.submit(
            title,
            asking.import_means(
                {file.name: file.getvalue() for file in files},
                model.strip() or "unknown",
                title,
            ),
        )
