"""Parallel sentences for the Alignment page: choose a text, see what it covers, choose
how it is read, look at what that takes, start.
"""

import shlex
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from analysis.core.counting import count
from analysis.core.turns import tell_share
from analysis.sentences import shelf
from analysis.sentences.parallel import ParallelText, checked_text, text_coverage
from analysis.sentences.plan import sentence_spec
from analysis.sentences.readers import read_parallel
from analysis.sentences.readings import READINGS, USUAL
from analysis.sentences.specs import SentenceSpec
from analysis.study.study import Study
from analysis.tables.column_maps import ColumnMap
from analysis.tables.kinds import PARALLEL
from analysis.worker.cluster import begun_on_cluster
from analysis.worker.sentences import (
    SentenceCheck,
    begin_sentences,
    check_sentences,
    go_on_reading,
    read_sentences,
)
from components.forms import where
from components.forms.extraction import unusual_batches
from components.forms.hub_table import choose_hub_table
from components.forms.reading_model import Keys, choose_model
from components.forms.table_file import TYPES, of_table
from components.frame import fold, going, jobs, readings
from components.frame.fold import Fold
from components.frame.polite import polite
from components.frame.text import duration, escape

FILE, HUB, HERE = "a file", "the hub", "this server"
KEYS = Keys("sentences-target", "sentences-last")
READ = Fold("sentences", "Read parallel sentences", ":material/science:")
LETTERS = 100
"""Bytes of a sentence, about."""
ENOUGH = 100
"""Sentences that are read unless another number is given; MEXA takes as many."""
GIB, MIB = 2**30, 2**20


@dataclass(frozen=True)
class Chosen:
    """The sentences of the chosen languages, and what is said of them."""

    text: ParallelText
    coverage: list[dict[str, Any]]


def progress() -> None:
    """The job that runs, or what became of it with a link to the study that it made."""
    job = jobs.shown()
    if job and isinstance(job.result, SentenceCheck):
        checked(job.result)
    elif job and isinstance(job.result, str):
        going.link(
            "pages/alignment.py",
            "Open its alignment",
            {"study": job.result, "align": "sentences"},
        )


def checked(seen: SentenceCheck) -> None:
    """What a look before reading told."""
    one, two, three, four = st.columns(4)
    one.metric("Memory needed, about", f"{seen.needed / GIB:.2f} GiB")
    two.metric(f"Free: {seen.place}", f"{seen.available / GIB:.2f} GiB")
    three.metric("On disk", f"{seen.on_disk / MIB:,.1f} MiB")
    told = "not known for a GPU"
    if seen.seconds is not None:
        told = duration(seen.seconds)
    four.metric("Time, about", told)
    if not seen.fits:
        st.warning(
            "This does not fit. Choose bfloat16, fewer layers or sentences, or a smaller "
            "model.",
            icon=":material/memory:",
        )
    if seen.notice:
        st.warning(escape(seen.notice), icon=":material/visibility_off:")
    rows = []
    for language, tokens in seen.tokens.items():
        rows.append({"language": language, "tokens": tokens})
    with st.expander("Tokens of each language", icon=":material/data_usage:"):
        st.dataframe(pd.DataFrame(rows), hide_index=True)


def offer(study: Study) -> None:
    """The form in its fold, open where the study has no sentences."""
    fold.show(READ, partial(form, study), study.sentences is None)


def form(study: Study) -> None:
    """Text, coverage, model, readings, start."""
    text = choose_text()
    if text is None:
        return
    for note in text.notes:
        st.caption(escape(note))
    languages = st.multiselect(
        "Languages",
        text.languages,
        list(text.languages),
        key=f"sentences-languages-{text.digest}",
    )
    if len(languages) < 2:
        st.info("Choose at least two languages.", icon=":material/info:")
        return
    most = st.number_input(
        "Sentences",
        0,
        len(text.ids),
        min(ENOUGH, len(text.ids)),
        key=f"sentences-most-{text.digest}",
        help="The first so many that all chosen languages have; 0: all there are, also "
        "those that some language lacks.",
    )
    with polite():
        chosen = readings.reading_of(
            "sentences-choice",
            (text.digest, tuple(languages), int(most)),
            lambda: look_at(text, languages, int(most)),
            text.name,
            LETTERS * len(text.ids) * len(text.languages),
        )
        if chosen is not None:
            offer_choice(study, chosen)


def look_at(text: ParallelText, languages: list[str], most: int) -> Chosen:
    """What is to be said of a text in some of its languages."""
    chosen = checked_text(text.within(languages, complete=most > 0, most=most))
    tell_share()
    return Chosen(prepared(chosen), text_coverage(chosen).to_dict("records"))


def prepared(text: ParallelText) -> ParallelText:
    """A text that has computed what it keeps, so that the page need not wait for it."""
    for ask in ("digest",):
        getattr(text, ask)
    return text


def choose_text() -> ParallelText | None:
    """A text of a file, or one that is kept here; None when there is none yet."""
    origin = st.segmented_control(
        "Sentences from",
        (FILE, HUB, HERE),
        default=FILE,
        required=True,
        key="sentences-origin",
    )
    with polite():
        if origin == FILE:
            file = st.file_uploader(
                "A table with “id” and a column per language, or with “id”, “language” "
                "and “text”; or a zip of files per language (SIB-200, FLORES, NTREX)",
                type=TYPES,
                key="sentences-file",
                max_upload_size=200,
            )
            return of_table(file, "sentences-file", PARALLEL, read_prepared)
        if origin == HUB:
            table = choose_hub_table("sentences-hub-set", PARALLEL)
            return of_table(table, "sentences-hub-file", PARALLEL, read_prepared)
        names = shelf.offered()
        if not names:
            st.info(
                "No parallel text is kept on this server yet: one is as soon as a study "
                "reads it. Give a file.",
                icon=":material/info:",
            )
            return None
        name = st.selectbox("Parallel text", names, key="sentences-text")
        size = shelf.SHELF.size(name)
        return readings.reading_of(
            "sentences-text", name, lambda: prepared(shelf.load(name)), name, size
        )
    return None


def read_prepared(data: bytes, name: str, columns: ColumnMap | None) -> ParallelText:
    """The text of a file with all that the page asks of it at every touch."""
    return prepared(read_parallel(data, name, columns))


def offer_choice(study: Study, chosen: Chosen) -> None:
    """Coverage of the chosen sentences, model, readings, start."""
    text = chosen.text
    st.caption(
        f"{count(len(text.ids), 'sentence')} in {count(len(text.languages), 'language')}:"
    )
    st.dataframe(pd.DataFrame(chosen.coverage), hide_index=True)
    has_some = study.sentences is not None
    model, last_state, into = choose_model(study, has_some, KEYS)
    reading, layers = choose_reading()
    if not reading:
        st.info(
            "Choose at least one way of reading a sentence.", icon=":material/info:"
        )
        return
    title = st.text_input(
        "Title of the study",
        f"{model.model.split('/')[-1]}, sentences",
        key="sentences-title",
        max_chars=80,
    )
    spec = sentence_spec(model, text, reading, layers=layers, last_state=last_state)
    check_and_start(spec, text, title, into)


def choose_reading() -> tuple[list[str], tuple[int, ...]]:
    """How sentences are read, and at which layers their states are kept."""
    chosen = st.multiselect(
        "Read sentences as",
        list(READINGS),
        [USUAL],
        key="sentences-readings",
        help="\n\n".join(f"{name}: {one.words}" for name, one in READINGS.items()),
    )
    given = st.text_input(
        "Layers to keep",
        "",
        placeholder="all",
        key="sentences-layers",
        max_chars=200,
        help="Numbers such as 8 16 32. Means of languages are kept at every layer.",
    )
    numbers = given.replace(",", " ").split()
    if any(not number.isdecimal() for number in numbers):
        st.warning(
            "Layers are whole numbers. Until some are given, all are kept.",
            icon=":material/warning:",
        )
        return chosen, ()
    return chosen, tuple(map(int, numbers))


def check_and_start(
    spec: SentenceSpec, text: ParallelText, title: str, into: str
) -> None:
    """Check, start, and the same from the command line."""
    job = jobs.mine()
    busy = job is not None and job.live
    place = where.chosen_place("sentences")
    row = st.container(horizontal=True)
    if row.button(
        "Check",
        icon=":material/fact_check:",
        disabled=busy,
        key="sentences-check",
        help="Memory, disk, tokens and time; loads no weights.",
    ):
        jobs.submit(f"Check of {spec.model.model}", check_sentences(spec, text))
    if row.button(
        "Read",
        type="primary",
        icon=":material/play_arrow:",
        disabled=busy,
        key="sentences-start",
    ):
        given = (spec, text, title, into)
        begin = begin_sentences(*given)
        where.begin(
            title,
            place,
            read_sentences(*given),
            lambda cluster: begun_on_cluster(cluster, begin, go_on_reading),
        )
    with st.expander("The same from the command line", icon=":material/terminal:"):
        st.code(command(spec, title, into, place), language="sh", wrap_lines=True)
        st.caption(
            "For a text of a file give the file's name after sentences; what a study has "
            "read is kept under the name that is told there."
        )


def command(spec: SentenceSpec, title: str, into: str, place: str) -> str:
    """The same study from the command line."""
    options = {
        "model": (spec.model.model,),
        "revision": (spec.model.revision,),
        "dtype": (spec.model.dtype,),
        "batches": (unusual_batches(spec.model),),
        "languages": spec.languages,
        "readings": spec.readings,
        "layers": tuple(map(str, spec.layers)),
        "title": (title,),
        "into": (into,),
        "cluster": (place,),
    }
    told = " ".join(
        f"--{name} {shlex.join(values)}"
        for name, values in options.items()
        if any(values)
    )
    return f"babelscope sentences {shlex.quote(spec.sentences)} {told}"
