"""The table of open models: choose one, see what it takes here, and fetch it."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analysis.core import found_models
from analysis.core.counting import count
from analysis.core.model_memory import Memory
from analysis.core.model_names import offered_models
from analysis.core.open_models import PRECISIONS, UNKNOWN, OpenModel, Precision, table
from analysis.worker import models
from analysis.worker.models import Fetched
from components.forms.models_here import Chosen
from components.frame import cache, jobs
from components.frame.text import escape

OPEN = "open models …"
ANY = "any licence"
CHOICE = "draft-open"
CLICKED = "draft-open-clicked"
FILLED = "draft-open-filled"
GIB = 2**30
GB = 1e9


@dataclass(frozen=True)
class Machine:
    """What this machine has: free memory, and models by hub id → where they are."""

    memory: Memory
    here: dict[str, str]


@st.cache_data(ttl=60, show_spinner="Looking at what this machine has …")
def machine() -> Machine:
    """Looked at when somebody asks, and not again within a minute."""
    here = {}
    folders = {name.casefold(): name for name in offered_models()}
    for model in table().values():
        name = folders.get(model.id.rpartition("/")[2].casefold())
        if name:
            here[model.id] = f"folder “{name}”"
    for found in found_models.look().models:
        here[found.called] = "Hugging Face cache"
    memory = cache.service().free_memory() or models.free_memory()
    return Machine(memory, here)


def choose_open() -> Chosen:
    """A model of the table; its precision is filled in when it is chosen."""
    here = machine()
    shown = narrowed(here.memory)
    if not shown:
        st.info("No model is like that. Ask for less.", icon=":material/info:")
        return Chosen()
    rows = pd.DataFrame([row(model, here) for model in shown]).convert_dtypes()
    event = st.dataframe(
        rows,
        hide_index=True,
        height=280,
        on_select="rerun",
        selection_mode="single-row",
        key="draft-open-rows",
        column_config=COLUMNS,
        placeholder=UNKNOWN,
    )
    ids = [model.id for model in shown]
    follow(event["selection"]["rows"], ids)
    st.caption(
        f"{count(len(shown), 'model')} of {len(table())}. Click a row to choose it, a "
        "heading to sort. Memory is what the Check would say, of weights and one batch; "
        f"free are {here.memory.available / GIB:.1f} GiB ({escape(here.memory.place)})."
    )
    if st.session_state.get(CHOICE) not in ids:
        st.session_state[CHOICE] = None
    chosen = st.selectbox(
        "Open model",
        ids,
        index=None,
        placeholder="Click a row, or choose here",
        key=CHOICE,
        format_func=lambda one: f"{table()[one].name} · {one}",
    )
    if not chosen:
        return Chosen()
    model = table()[chosen]
    fill(model, here.memory)
    about(model, here)
    return Chosen(model.id, model.revision)


def narrowed(memory: Memory) -> list[OpenModel]:
    """The models that are like what is asked for."""
    left, middle, right = st.columns(3, vertical_alignment="bottom")
    least = left.number_input(
        "Languages, at least", 1, 200, 1, key="draft-open-languages"
    )
    licences = sorted({model.licence for model in table().values()})
    licence = middle.selectbox("Licence", [ANY, *licences], key="draft-open-licence")
    only = right.toggle(
        "Only what fits here",
        key="draft-open-fits",
        help="In some precision, as little as 4-bit, with the memory that is free now.",
    )
    kept = []
    for model in table().values():
        enough = least == 1 or (model.languages or 0) >= least
        free = not only or model.fitting(memory) is not None
        if enough and free and licence in (ANY, model.licence):
            kept.append(model)
    return kept


def row(model: OpenModel, here: Machine) -> dict[str, object]:
    """What the table shows of a model; what is not known is an empty cell."""
    fits = model.fitting(here.memory)
    cells: dict[str, object] = {
        "model": model.name,
        "languages": model.languages,
        "fits": fits.label if fits else "no",
        "here": here.here.get(model.id, ""),
        "licence": model.licence,
        "access": {True: "gated", False: "open", None: UNKNOWN}[model.gated],
        "parameters, M": millions(model.parameters),
        "to fetch, GB": scaled(model.fetched_bytes, GB),
    }
    for precision in PRECISIONS:
        needed = model.needed(precision, here.memory.device)
        cells[f"{precision.label}, GiB"] = scaled(needed, GIB)
    return cells | {
        "layers × hidden": f"{in_words(model.layers)} × {in_words(model.hidden)}",
        "vocabulary": model.vocabulary,
        "window": model.window,
        "kind": model.kind,
        "good for": model.good_for,
        "hub id": model.id,
    }


COLUMNS = {
    "model": st.column_config.TextColumn(pinned=True, width="medium"),
    "parameters, M": st.column_config.NumberColumn(format="localized"),
    "vocabulary": st.column_config.NumberColumn(format="localized"),
    "window": st.column_config.NumberColumn(format="localized"),
}


def millions(number: int | None) -> int | None:
    """A number in millions."""
    return None if number is None else round(number / 1e6)


def scaled(number: int | None, unit: float) -> float | None:
    """A number in a unit, to a tenth."""
    return None if number is None else round(number / unit, 1)


def in_words(number: int | None) -> str:
    """A number in words, or that it is unknown."""
    return UNKNOWN if number is None else f"{number:,}"


def follow(rows: Iterable[int], ids: list[str]) -> None:
    """A new click on a row chooses its model."""
    for place in rows:
        # The list may be shorter since the row was chosen.
        if place < len(ids) and st.session_state.get(CLICKED) != ids[place]:
            st.session_state[CLICKED] = ids[place]
            st.session_state[CHOICE] = ids[place]


def fill(model: OpenModel, memory: Memory) -> None:
    """Fill in the most exact precision that fits, once for each choice."""
    if st.session_state.get(FILLED) == model.id:
        return
    st.session_state[FILLED] = model.id
    precision = model.fitting(memory) or Precision("bfloat16")
    st.session_state["draft-dtype"] = precision.dtype
    st.session_state["draft-quantisation"] = precision.quantisation


def about(model: OpenModel, here: Machine) -> None:
    """What there is to know of a model before it is fetched, and the button."""
    fetched = scaled(model.fetched_bytes, GB)
    size = UNKNOWN if fetched is None else f"about {fetched} GB"
    st.caption(
        f"{escape(model.good_for[:1].upper() + model.good_for[1:])}. "
        f"{in_words(model.languages)} languages ({escape(model.languages_by)}); window "
        f"{in_words(model.window)} tokens. Licence: [{escape(model.licence)}]"
        f"({model.licence_link}). To fetch: {escape(size)}. Facts from "
        f"{escape(model.source)}, {model.date}."
    )
    if model.fitting(here.memory) is None:
        st.warning(
            f"{escape(model.name)} does not fit into the memory that is free now, in any "
            "precision. Choose a smaller one, or free memory and look again.",
            icon=":material/memory:",
        )
    place = here.here.get(model.id)
    if place:
        st.success(
            f"It is on this machine already ({escape(place)}).",
            icon=":material/check:",
        )
        return
    if model.gated:
        st.info(
            f"It is gated: ask for access on [its page]({model.page}), and have your "
            "token in the environment variable HF\\_TOKEN when the server is started.",
            icon=":material/lock:",
        )
    fetch(model)


def fetch(model: OpenModel) -> None:
    """The button that fetches a model, or goes on where its fetching ended."""
    busy = (job := jobs.mine()) is not None and job.live
    if st.button(
        "Fetch",
        icon=":material/cloud_download:",
        disabled=busy,
        help="Stop is a pause: what has arrived is kept, and Fetch goes on from there.",
    ):
        task = models.fetch_model(model.id, model.revision)
        jobs.submit(f"Fetching of {model.id}", task)


def arrived(result: Fetched) -> None:
    """Say that a model is here, and where."""
    st.success(
        f"{escape(result.model)} is here, whole and checked: "
        f"{result.bytes / GB:.2f} GB, commit {result.revision[:12]}.",
        icon=":material/check:",
    )
    machine.clear()
