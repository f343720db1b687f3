"""Words for the Alignment page: choose a list, see what it covers, choose how words are
read, start.
"""

import shlex
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from analysis.core.counting import count
from analysis.core.specs import DECODER
from analysis.core.turns import tell_share
from analysis.study.study import Study
from analysis.study.word_list import ABSTRACT, PHYSICAL, WordList
from analysis.tables.column_maps import ColumnMap
from analysis.tables.kinds import WORDS
from analysis.words.alignment import FEW
from analysis.words.embeddings import EMBEDDINGS, PROMPTS, usual_embedding
from analysis.words.plan import word_spec
from analysis.words.readers import read_words
from analysis.words.specs import WordSpec
from analysis.words.word_lists import SOURCES, shared_spellings, word_coverage
from analysis.words.wordnet import from_wn
from analysis.worker.cluster import begun_on_cluster
from analysis.worker.extraction import begin_words, embed_words, go_on_with_words
from analysis.worker.models import Brought
from analysis.worker.prompts import known_kind
from components.forms import where
from components.forms.extraction import unusual_batches
from components.forms.models_here import brought
from components.forms.reading_model import Keys, choose_model
from components.forms.table_file import TYPES, of_table
from components.frame import fold, going, jobs, readings
from components.frame.fold import Fold
from components.frame.polite import polite
from components.frame.text import escape

FILE, WORDNET, HERE = "a file", "Open Multilingual Wordnet", "this server"
KEYS = Keys("words-into", "words-last")
EMBED = Fold("words", "Embed words", ":material/science:")
LETTERS = 8
"""Bytes of a word, about."""
MOST_SHARED = 20
"""Sentences on shared spellings of one language that are shown."""


def progress() -> None:
    """The job that runs, or what became of it with a link to the study that it made."""
    job = jobs.shown()
    if job and isinstance(job.result, Brought):
        brought(job.result)
    if job and isinstance(job.result, str):
        going.link("pages/alignment.py", "Open its alignment", {"study": job.result})


def offer(study: Study) -> None:
    """The form in its fold, open where the study has no words."""
    fold.show(EMBED, partial(form, study), not study.embeddings)


def form(study: Study) -> None:
    """List, coverage, model, embeddings, start."""
    words = choose_words()
    if words is None:
        return
    languages = st.multiselect(
        "Languages",
        words.languages,
        list(words.languages),
        key=f"words-languages-{words.digest}",
    )
    if len(languages) < 2:
        st.info("Choose at least two languages.", icon=":material/info:")
        return
    complete = st.toggle(
        "Only concepts that all these languages have", key="words-complete"
    )
    with polite():
        choice = readings.reading_of(
            "words-choice",
            (words.digest, tuple(languages), complete),
            lambda: look_at(words, languages, complete),
            words.name,
            LETTERS * len(words.concepts) * len(words.languages),
        )
        if choice is not None:
            offer_choice(study, choice)


def offer_choice(study: Study, choice: "Choice") -> None:
    """Coverage of the chosen words, model, embeddings, start."""
    described(choice)
    words = choice.words
    has_some = study.words is not None
    model, last_state, into = choose_model(study, has_some, KEYS)
    embeddings, layers = choose_reading(words, known_kind(model))
    if not embeddings:
        st.info("Choose at least one way of reading a word.", icon=":material/info:")
        return
    title = st.text_input(
        "Title of the study",
        f"{model.model.split('/')[-1]}, words",
        key="words-title",
        max_chars=80,
    )
    spec = word_spec(model, words, embeddings, layers=layers, last_state=last_state)
    start_embedding(spec, words, title, into)


@dataclass(frozen=True)
class Choice:
    """The words of the chosen languages, and what is said of them."""

    words: WordList
    coverage: list[dict[str, Any]]
    shared: dict[str, tuple[str, ...]]
    """Language → sentences on concepts that it spells alike, some of them."""


def look_at(words: WordList, languages: list[str], complete: bool) -> Choice:
    """What is to be said of a list in some of its languages."""
    chosen = words.within(languages, complete)
    tell_share()
    target = "en" if "en" in chosen.languages else chosen.languages[0]
    coverage = word_coverage(chosen, target).to_dict("records")
    shared = {}
    for code in chosen.languages:
        tell_share()
        shared[code] = shared_spellings(chosen, code)[:MOST_SHARED]
    tell_share()
    return Choice(prepared(chosen), coverage, shared)


def choose_words() -> WordList | None:
    """A word list of this server, of a file, or of the wordnets here; None when there
    is none yet.
    """
    origin = st.segmented_control(
        "Words from",
        (HERE, FILE, WORDNET),
        default=HERE,
        required=True,
        key="words-origin",
    )
    with polite():
        if origin == HERE:
            name = st.selectbox("Word list", list(SOURCES), key="words-list")
            return readings.reading_of("words-list", name, SOURCES[name], name)
        if origin == WORDNET:
            return choose_wordnets()
        file = st.file_uploader(
            "A table with a column “concept” and one per language (“kind” and "
            "“frequency” if wanted), or with other columns; a MUSE dictionary "
            "(en-fr.txt); or a zip of PanLex Swadesh lists, MUSE dictionaries or wordnet tab files",
            type=TYPES,
            key="words-file",
            max_upload_size=200,
        )
        return of_table(file, "words-file", WORDS, read_prepared)
    return None


def read_prepared(data: bytes, name: str, columns: ColumnMap | None) -> WordList:
    """The words of a file with all that the page asks of them at every touch."""
    return prepared(read_words(data, name, columns))


def prepared(words: WordList) -> WordList:
    """A list that has computed what it keeps, so that the page need not wait for it."""
    for ask in ("digest",):
        getattr(words, ask)
    return words


def choose_wordnets() -> WordList | None:
    """The words of the wordnets on this machine; None until they are to be joined."""
    wanted = st.text_input(
        "Language codes", "en fr fi ja", key="words-codes", max_chars=200
    ).split()
    if not st.toggle("Join the wordnets of this machine", key="words-join"):
        return None
    return readings.reading_of(
        "words-wordnets",
        tuple(wanted),
        lambda: from_wn(wanted),
        "the wordnets",
        readings.LARGE,
    )


def described(choice: Choice) -> None:
    """What the list covers, before anything runs."""
    words = choice.words
    counts = " and ".join(
        f"{int(words.kind(kind).sum())} {kind}" for kind in (ABSTRACT, PHYSICAL)
    )
    kinds = counts if words.kinds else "kinds unknown"
    st.caption(
        f"{count(len(words.concepts), 'concept')}, {kinds}. "
        "Coverage and identical spellings per language:"
    )
    st.dataframe(pd.DataFrame(choice.coverage), hide_index=True)
    for note in words.notes:
        st.caption(escape(note))
    lines = []
    for code, sentences in choice.shared.items():
        lines += [f"{code}: {sentence}" for sentence in sentences]
    if lines:
        with st.expander("Concepts that share a spelling"):
            st.text("\n".join(lines))
    if len(words.concepts) < FEW:
        st.warning(
            f"Fewer than {FEW} concepts: ranks by cosine will be shown instead of P@k.",
            icon=":material/warning:",
        )


def choose_reading(words: WordList, kind: str) -> tuple[list[str], tuple[int, ...]]:
    """How words are read, and at which layers they are kept; begins with what fits the
    ``kind`` of model.
    """
    prompted = [
        name
        for name in EMBEDDINGS
        if not EMBEDDINGS[name].prompt
        or all(code in PROMPTS[EMBEDDINGS[name].prompt] for code in words.languages)
    ]
    embeddings = st.multiselect(
        "Read words as",
        prompted,
        [usual_embedding(kind)],
        key=f"words-embeddings-{len(prompted)}{'' if kind == DECODER else kind}",
        help="\n\n".join(f"{name}: {EMBEDDINGS[name].words}" for name in prompted),
    )
    if len(prompted) < len(EMBEDDINGS):
        st.caption(
            "Prompts are left out that are not written in all chosen languages; "
            "add a row to prompts.csv."
        )
    given = st.text_input(
        "Layers to keep",
        "",
        placeholder="all",
        key="words-layers",
        max_chars=200,
        help="Numbers such as 8 16 32",
    )
    numbers = given.replace(",", " ").split()
    if any(not number.isdecimal() for number in numbers):
        st.warning(
            "Layers are whole numbers. Until some are given, all are kept.",
            icon=":material/warning:",
        )
        return embeddings, ()
    return embeddings, tuple(map(int, numbers))


def start_embedding(spec: WordSpec, words: WordList, title: str, into: str) -> None:
    """Start, and the same from the command line."""
    job = jobs.mine()
    busy = job is not None and job.live
    place = where.chosen_place("words")
    if st.button("Embed", type="primary", icon=":material/play_arrow:", disabled=busy):
        given = (spec, words, title, into)
        begin = begin_words(*given)
        where.begin(
            title,
            place,
            embed_words(*given),
            lambda cluster: begun_on_cluster(cluster, begin, go_on_with_words),
        )
    with st.expander("The same from the command line", icon=":material/terminal:"):
        options = {
            "model": (spec.model.model,),
            "revision": (spec.model.revision,),
            "dtype": (spec.model.dtype,),
            "stack": (spec.model.stack,),
            "batches": (unusual_batches(spec.model),),
            "languages": spec.languages,
            "embeddings": spec.embeddings,
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
        line = f"babelscope words {shlex.quote(spec.words)} {told}"
        st.code(line, language="sh", wrap_lines=True)
        st.caption("For a list of a file give the file's name after words.")
