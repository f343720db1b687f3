"""The Extract page: choose a model, a corpus and how to read; check; start; watch."""

import shlex
from collections.abc import Container
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analysis.concepts import corpora
from analysis.concepts.estimators import ESTIMATORS
from analysis.concepts.pair_readers import read_corpus
from analysis.concepts.pairs import SPLITS, Corpus, usual_split
from analysis.concepts.specs import StudySpec
from analysis.core.byte_tokens import Piece, joined
from analysis.core.counting import count
from analysis.core.legibility import unknown_note
from analysis.core.model_kinds import read_in_words
from analysis.core.model_names import HUB_ID, offered_models
from analysis.core.positions import LAST, MEAN, USUAL, WEIGHTED
from analysis.core.specs import (
    BATCHES,
    DECODER,
    DEVICES,
    DTYPES,
    LAST_STATES,
    PACKED,
    PADDED,
    QUANTISATIONS,
    ModelSpec,
)
from analysis.core.table_files import decode_text, refusal
from analysis.core.templates import CHAT
from analysis.languages.shares import ShareTable, read_shares
from analysis.sharing.hub import Pulled, Pushed
from analysis.tables.column_maps import ColumnMap
from analysis.tables.kinds import PAIRS
from analysis.worker import estimates, extraction
from analysis.worker.cluster import extracted_on_cluster
from analysis.worker.models import Brought, Fetched
from analysis.worker.service import Job
from components.forms import hub_folder, where
from components.forms.hub_table import choose_hub_table
from components.forms.models_here import HERE, brought, choose_here
from components.forms.open_models import OPEN, arrived, choose_open
from components.forms.table_file import TYPES, of_table
from components.forms.templates import choose_template
from components.forms.typed_pairs import from_typing
from components.frame import cache, going, jobs, left_widgets, links, readings
from components.frame.links import MOST_SAID
from components.frame.polite import polite
from components.frame.sources import tell_what_shows
from components.frame.text import duration, escape, say_not_restored

OPENS = "extract-opens"
"""The visit of the page that waits for the study which it began."""
ANOTHER = "another, by hub id"
GIB = 2**30
LONGEST_TITLE = 80
PAGE = "extract"
FILE_NAME = "draft-file-name"
"""Key of the name of the file that was read last; the file itself stays with the visit."""
TITLE, TITLED = "draft-title", "draft-titled"
"""Keys of the title, and of the one that a study would have by itself."""
CHOICES = (
    *("draft-origin", "draft-corpus", "draft-hub-set-dataset", FILE_NAME),
    *("draft-model", "draft-hub", "draft-revision", "draft-dtype", "draft-device"),
    *("draft-quantisation", "draft-stack", "draft-batches", "draft-estimator"),
    *("draft-template", "draft-template-fits", "draft-concepts-", "draft-languages-"),
    "draft-split-",
    *("draft-last", "draft-position", "draft-seed", TITLE, TITLED),
)
"""Keys of choices that outlive a visit of the page."""
STACK_NAMES = {
    "": "the model, of two stacks its encoder",
    DECODER: "the decoder of two stacks",
}
BATCH_NAMES = {
    PADDED: "short texts are padded",
    PACKED: "short texts share a row",
}
POSITION_NAMES = {
    USUAL: "what fits the model",
    LAST: "the last token of a text",
    MEAN: "the mean over the tokens of a text",
    WEIGHTED: "the same mean, later tokens with more weight",
}


@dataclass(frozen=True)
class Draft:
    """What the page's widgets say."""

    spec: StudySpec
    corpus: Corpus
    title: str
    facts: dict


def page() -> None:
    """The whole form, with what was chosen before the page was left."""
    left_widgets.bring_back(PAGE)
    corpus = choose_corpus()
    model = choose_model()
    draft = choose_reading(model, corpus) if corpus else None
    left_widgets.remember(PAGE, CHOICES)
    if draft is None:
        progress()
    else:
        check_and_start(draft)


def choose_model() -> ModelSpec:
    """Model, revision, precision and place."""
    st.subheader("2 · Model", anchor=False)
    offered = offered_models()
    begin_with(links.take("model"), offered)
    left, right = st.columns(2)
    name = left.selectbox(
        "Model",
        [*offered, ANOTHER, OPEN, HERE],
        key="draft-model",
        help="Folders of this server, any model of the hub, or a table of open models "
        "for many languages.",
    )
    revision = "main"
    if name == ANOTHER:
        name = left.text_input(
            "Hub id", placeholder="owner/name", key="draft-hub", max_chars=200
        ).strip()
        st.session_state.setdefault("draft-revision", "main")
        revision = right.text_input(
            "Revision",
            key="draft-revision",
            max_chars=100,
            help="Branch, tag or commit",
        ).strip()
    if name == HERE:
        name, revision = choose_here()
    if name == OPEN:
        name, revision = choose_open()
    dtype = right.selectbox(
        "Precision",
        DTYPES,
        key="draft-dtype",
        help="The check says whether bfloat16 is faster on this machine.",
    )
    with st.expander("Quantisation, device, stack, batches"):
        quantisation = st.selectbox(
            "Quantisation",
            QUANTISATIONS,
            key="draft-quantisation",
            help="4-bit results are approximate. In 8-bit, texts are answered and scored "
            "one at a time, because rows of a batch would feel one another; that is "
            "slower.",
        )
        device = st.selectbox("Device", DEVICES, key="draft-device")
        stack = choose_stack()
        batches = st.selectbox(
            "Batches",
            BATCHES,
            key="draft-batches",
            format_func=BATCH_NAMES.__getitem__,
            help="Where short texts share a row, nothing is computed for padding; the "
            "states are the same to 1e-4. Families that do not allow it are padded, and "
            "that is said.",
        )
    return ModelSpec(
        name, revision or "main", dtype, quantisation, device, stack, batches
    )


def begin_with(model: str, offered: Container[str]) -> None:
    """Choose the model that a link names: one that is offered, or one of the hub."""
    if not model:
        return
    if model in offered:
        st.session_state["draft-model"] = model
    elif HUB_ID.fullmatch(model):
        st.session_state["draft-model"] = ANOTHER
        st.session_state["draft-hub"] = model
    else:
        say_not_restored(
            f"The link asks for the model “{model[:MOST_SAID]}”, which is neither one of "
            "this server nor a hub id. Choose one below."
        )


def choose_stack() -> str:
    """Whose states are read, where a model has an encoder and a decoder."""
    return st.selectbox(
        "States of",
        ("", DECODER),
        key="draft-stack",
        format_func=STACK_NAMES.__getitem__,
        help="Models such as mT5, mT0 and NLLB have an encoder and a decoder. Of the "
        "decoder the state of the token is read with which an answer to the text "
        "begins. All other models have one stack.",
    )


def choose_corpus() -> Corpus | None:
    """Contrast pairs kept here, from a file, or from a data set of the hub; None when
    there is nothing usable yet.
    """
    st.subheader("1 · Texts: contrast pairs", anchor=False)
    st.session_state.setdefault("draft-origin", "this server")
    origin = st.segmented_control(
        "From", tuple(ORIGINS), required=True, key="draft-origin"
    )
    with polite():
        return ORIGINS[str(origin)]()
    return None


def from_server() -> Corpus | None:
    """A corpus that is kept here."""
    name = st.selectbox("Corpus", corpora.offered(), key="draft-corpus")
    size = corpora.SHELF.size(name)
    return readings.reading_of(
        "draft-corpus", name, lambda: prepared(corpora.load(name)), name, size
    )


def from_file() -> Corpus | None:
    """An uploaded corpus."""
    file = st.file_uploader(
        "A table with pair, concept, language, positive, negative, or with other columns: "
        "CSV, JSON, Parquet, Excel, or a zip of them",
        type=TYPES,
        key="draft-file",
        max_upload_size=200,
    )
    if file is not None:
        st.session_state[FILE_NAME] = file.name
    elif st.session_state.get(FILE_NAME):
        st.caption(
            escape(
                f"{st.session_state[FILE_NAME]} must be chosen again: a file stays only "
                "as long as the page."
            )
        )
    return of_table(file, "draft-file", PAIRS, read_prepared)


def read_prepared(data: bytes, name: str, columns: ColumnMap | None) -> Corpus:
    """The corpus of a file with all that the page asks of it at every touch."""
    return prepared(read_corpus(data, name, columns=columns))


def prepared(corpus: Corpus) -> Corpus:
    """A corpus that has computed what it keeps, so that the page need not wait for it."""
    kept = ("digest", "divided", "concepts", "languages", "groups", "cells", "alike")
    for ask in kept:
        getattr(corpus, ask)
    return corpus


def from_hub() -> Corpus | None:
    """A data set of the Hugging Face hub."""
    table = choose_hub_table("draft-hub-set", PAIRS)
    return of_table(table, "draft-hub-file", PAIRS, read_prepared)


ORIGINS = {
    "this server": from_server,
    "a file": from_file,
    "the hub": from_hub,
    "typed here": lambda: from_typing(read_prepared),
}


@dataclass(frozen=True)
class Rest:
    """What is rarely changed of an extraction."""

    split: str
    last_state: str
    seed: int
    position: str
    facts: dict[str, dict[str, float]]


def choose_reading(model: ModelSpec, corpus: Corpus) -> Draft | None:
    """Concepts, languages, estimator, template, split; None while nothing is chosen."""
    st.subheader("3 · What to read, and how", anchor=False)
    concepts = choose_all(
        "Concepts", corpus.concepts, f"draft-concepts-{corpus.digest}"
    )
    languages = choose_all(
        "Languages", corpus.languages, f"draft-languages-{corpus.digest}"
    )
    with st.expander("Estimator, template, split, layers, position, seed, shares"):
        left, right = st.columns(2)
        estimator = left.selectbox(
            "Estimator",
            list(ESTIMATORS),
            key="draft-estimator",
            help="\n\n".join(ESTIMATORS.values()),
        )
        template = choose_template(right, model, "draft-template", demo="none")
        rest = choose_rest(corpus)
    coverage(corpus, concepts, languages)
    if not concepts or not languages:
        st.info("Choose at least one concept and one language.", icon=":material/info:")
        return None
    warn_of_leaks(corpus, concepts, rest)
    tell_sources(corpus, concepts, languages, rest)
    title = choose_title(f"{model.model.split('/')[-1]} on {corpus.name}")
    spec = StudySpec(
        model,
        corpus.name,
        corpus.digest,
        tuple(concepts),
        tuple(languages),
        estimator,
        template,
        rest.split,
        rest.last_state,
        rest.seed,
        rest.position,
    )
    return Draft(spec, corpus, title, rest.facts)


def choose_title(usual: str) -> str:
    """The study's title: the usual one of its model and corpus until one is typed."""
    usual = usual[:LONGEST_TITLE]
    before = st.session_state.get(TITLED, "")
    if st.session_state.get(TITLE, before) == before:
        st.session_state[TITLE] = usual
    st.session_state[TITLED] = usual
    return st.text_input("Title of the study", key=TITLE, max_chars=LONGEST_TITLE)


def choose_all(label: str, options: tuple[str, ...], key: str) -> list[str]:
    """Some of the options; all to begin with."""
    st.session_state.setdefault(key, list(options))
    return st.multiselect(label, options, key=key)


def choose_rest(corpus: Corpus) -> Rest:
    """Split, last layer, position, seed and shares."""
    methods = list(SPLITS)
    if not corpus.divided:
        methods.remove("as given")
    key = f"draft-split-{corpus.digest}"
    st.session_state.setdefault(key, usual_split(corpus))
    split = st.selectbox(
        "Split",
        methods,
        key=key,
        help="With folds every pair is held out once, and judged by vectors that saw "
        "neither it nor its translations nor its source; the study's concept vector is "
        "of all pairs. “by pair” holds out a fifth of the pairs once; “the papers'” "
        "does so in each language alone, as Xu et al. did. Five folds are usual where "
        "every concept has at least 10 independent sources in every language.",
    )
    last = st.selectbox(
        "Last layer",
        LAST_STATES,
        key="draft-last",
        help="“normed” is the papers' last index.",
    )
    position = st.selectbox(
        "Read at",
        list(POSITION_NAMES),
        key="draft-position",
        format_func=POSITION_NAMES.__getitem__,
        help="The last token of a decoder has seen the whole text. In an encoder every "
        "token has, so that the mean fits it.",
    )
    st.session_state.setdefault("draft-seed", 1)
    seed = st.number_input("Seed", 0, 2**31 - 1, key="draft-seed")
    return Rest(split, last, int(seed), position, choose_shares())


def warn_of_leaks(corpus: Corpus, concepts: list[str], rest: Rest) -> None:
    """Say how many training pairs have a translation or a text among the held-out ones.

    Or that there are too few sources for so many folds.
    """
    with polite():
        for sentence in cache.leaks(corpus, rest.split, tuple(concepts), rest.seed):
            st.warning(sentence, icon=":material/warning:")


def tell_sources(
    corpus: Corpus, concepts: list[str], languages: list[str], rest: Rest
) -> None:
    """From how many independent sources held-out pairs stem, and what they can show."""
    cells = tuple((concept, code) for concept in concepts for code in languages)
    held = cache.held_out(corpus, rest.split, cells, rest.seed)
    tell_what_shows(held.sources, languages, rest.split, held.pairs)


def choose_shares() -> dict:
    """The user's own pre-training shares, as facts of the study; empty when none are given."""
    file = st.file_uploader(
        "Pre-training shares (CSV: code,percent)",
        type=["csv"],
        key="draft-shares",
        max_upload_size=1,
    )
    with polite():
        table = readings.of_file(file, "draft-shares", read_share_table)
        if table is not None:
            return {"share_percent": dict(table.percent)}
    return {}


def read_share_table(data: bytes, name: str) -> ShareTable:
    """A table of shares from a file's bytes."""
    text, faults = decode_text(data, name)
    if faults:
        raise refusal(name, faults)
    return read_shares(text, name)


def coverage(corpus: Corpus, concepts: list[str], languages: list[str]) -> None:
    """How many pairs there are per concept and language, and what is missing."""
    counts = corpus.coverage().sel(concept=concepts, language=languages)
    st.caption(f"{int(counts.sum()):,} contrast pairs chosen.")
    with st.expander("Pairs of each concept in each language"):
        st.dataframe(pd.DataFrame(counts.values, concepts, languages))
    for note in corpus.notes:
        st.caption(escape(note))


def check_and_start(draft: Draft) -> None:
    """Check and Start."""
    st.subheader("4 · Start", anchor=False)
    place = where.chosen_place("extract")
    row = st.container(horizontal=True)
    busy = (job := jobs.mine()) is not None and job.live
    busy = busy or not draft.spec.model.model
    if row.button(
        "Check",
        icon=":material/fact_check:",
        disabled=busy,
        help="Memory, the token that is read, and what of the texts is lost on the "
        "model; loads no weights.",
    ):
        pairs = extraction.chosen_pairs(draft.corpus, draft.spec)
        jobs.submit(
            f"Check of {draft.spec.model.model}",
            extraction.check_model(
                draft.spec.model,
                draft.spec.template,
                pairs,
                draft.spec.position,
                draft.spec.split,
            ),
        )
    if row.button(
        "How long?",
        icon=":material/timer:",
        disabled=busy,
        help="Loads the model, reads some of these texts for a few seconds, and reckons "
        "how long all of them take.",
    ):
        jobs.submit(
            f"Time of {draft.title}",
            estimates.time_of_study(draft.spec, draft.corpus),
        )
    if row.button(
        "Start",
        type="primary",
        icon=":material/play_arrow:",
        disabled=busy,
        shortcut="Ctrl+Enter",
    ):
        st.session_state[OPENS] = st.session_state.get("visit")
        start(draft, place)
    progress()
    with st.expander("The same from the command line", icon=":material/terminal:"):
        st.code(command(draft, place), language="sh", wrap_lines=True)


def start(draft: Draft, place: str) -> None:
    """Begin the study on this machine, or let a cluster's workers compute it."""
    given = (draft.spec, draft.corpus, draft.title, draft.facts)
    where.begin(
        draft.title,
        place,
        extraction.extract_study(*given),
        lambda cluster: extracted_on_cluster(cluster, *given),
    )


def command(draft: Draft, place: str = where.HERE) -> str:
    """The same study from the command line, for a corpus that this server keeps."""
    spec, model = draft.spec, draft.spec.model
    options = {
        "model": (model.model,),
        "revision": (model.revision,),
        "dtype": (model.dtype,),
        "quantisation": (model.quantisation,),
        "device": (model.device,),
        "corpus": (spec.corpus,),
        "concepts": spec.concepts,
        "languages": spec.languages,
        "estimator": (spec.estimator,),
        "template": (spec.template,),
        "split": (spec.split,),
        "last-state": (spec.last_state,),
        "seed": (str(spec.seed),),
        "title": (draft.title,),
    }
    chosen = {
        "stack": (model.stack,),
        "position": (spec.position,),
        "batches": (unusual_batches(model),),
        "cluster": (place,),
    }
    options |= {name: values for name, values in chosen.items() if any(values)}
    return "babelscope extract " + " ".join(
        f"--{name} {shlex.join(values)}" for name, values in options.items()
    )


def unusual_batches(model: ModelSpec) -> str:
    """How a command says that texts share a row; nothing where they are padded."""
    return "" if model.batches == PADDED else model.batches


def progress() -> None:
    """The session's newest job: watched while it lives, then what became of it."""
    job = jobs.shown()
    if job and isinstance(job.result, extraction.Check):
        checked(job)
    elif job and isinstance(job.result, estimates.ReadingTime):
        reading_time(job.result)
    elif job and isinstance(job.result, Brought):
        brought(job.result)
    elif job and isinstance(job.result, Fetched):
        arrived(job.result)
    elif job and isinstance(job.result, Pulled | Pushed):
        hub_folder.came_of(job.result)
    elif job and isinstance(job.result, str):
        link_made_study(job)


def link_made_study(job: Job) -> None:
    """Links to the study that a job made."""
    query = {"study": job.result}
    if st.session_state.pop(OPENS, None) == st.session_state.get("visit"):
        going.open_page("app.py", query)
    going.link("app.py", "Open the study", query, icon=":material/folder_open:")
    left, middle, right, _ = st.columns([1, 1, 1, 3])
    going.link("pages/recognition.py", "Recognition", query, left)
    going.link("pages/similarity.py", "Similarity", query, middle)
    going.link("pages/transfer.py", "Transfer", query, right)


def reading_time(found: estimates.ReadingTime) -> None:
    """How long a study will take on this machine."""
    st.metric("Reading takes about", duration(found.seconds))
    st.caption(
        f"{found.tokens:,} tokens at {found.tokens_a_second:,.0f} a second, the pace of "
        f"{found.sample:,} that were read for this just now. Whatever else the machine "
        "has to do makes it longer."
    )


def checked(job: Job) -> None:
    """What a look at the model told."""
    seen: extraction.Check = job.result
    left, middle, right = st.columns(3)
    left.metric(
        "Model",
        f"{seen.parameters / 1e6:,.1f} M parameters",
        f"{count(seen.layers, 'layer')} × {seen.hidden}",
        delta_color="off",
    )
    middle.metric("Memory needed, about", f"{seen.needed / GIB:.2f} GiB")
    right.metric(f"Free: {seen.place}", f"{seen.available / GIB:.2f} GiB")
    if not seen.fits:
        st.warning(
            "This does not fit. Choose bfloat16, 8-bit or 4-bit, or a smaller model.",
            icon=":material/memory:",
        )
    faster = "faster" if seen.bfloat16 else "not faster"
    st.caption(
        f"Revision {seen.revision}. bfloat16 is {faster} than float32 on this "
        "machine; its cosine to float32 is measured on start."
    )
    st.caption(seen.abilities.says)
    st.markdown(f"**What is read**: {read_where(seen)}. The last tokens of a text:")
    st.dataframe(pd.DataFrame(read_per_language(seen)), hide_index=True)
    lost(seen)
    around(seen)


def read_where(seen: extraction.Check) -> str:
    """Where states would be read, in words."""
    if seen.kind == DECODER and seen.position == LAST:
        return "the state at the last token of the formatted prompt"
    return f"states {read_in_words(seen.kind, seen.stack, seen.position)}"


def read_per_language(seen: extraction.Check) -> list[dict[str, object]]:
    """What is read of each language, and what of it is lost on the model."""
    rows = []
    for language, tokens in seen.tails.items():
        known = seen.legible[language]
        pieces = joined(tokens)
        row = {
            "language": language,
            "last tokens": " ⏐ ".join(piece.text for piece in pieces),
            "read": read_token(pieces[-1]) if seen.reads_last else "see above",
            "unknown tokens, %": round(100 * known.unknown, 1),
            "pairs read alike": f"{known.alike} of {known.pairs}",
        }
        rows.append(row)
    return rows


def read_token(piece: Piece) -> str:
    """The token that is read, for the eye."""
    if piece.tokens == 1:
        return piece.text
    return f"{piece.text} (the last of its {piece.tokens} tokens)"


def lost(seen: extraction.Check) -> None:
    """Say which languages the model cannot read, where there are some."""
    shares = {code: known.unknown for code, known in seen.legible.items()}
    note = unknown_note(shares)
    if note:
        st.warning(note, icon=":material/visibility_off:")
    alike = sum(known.alike for known in seen.legible.values())
    if alike:
        st.warning(
            f"Of {alike:,} pairs this model reads both members as the same tokens. They "
            "are left out; where too few are left, the cell stays empty.",
            icon=":material/visibility_off:",
        )


def around(seen: extraction.Check) -> None:
    """What stands around a text, and whether another template fits the model better."""
    form = seen.prompt
    st.markdown("**The prompt as the model reads it:**")
    st.code(form.written, language=None, wrap_lines=True)
    if form.date:
        st.caption(f"The template tells a date; it is always told {form.date}.")
    if form.thinking:
        st.caption(f"Thinking is {form.thinking}.")
    if seen.suggested == CHAT and seen.template == "none":
        st.info(
            "This is a chat model: it was trained on its own template “chat”, which is "
            "not the one that is chosen.",
            icon=":material/info:",
        )
