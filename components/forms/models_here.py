"""Models that lie on this machine already, and GGUF files that become models once."""

from typing import NamedTuple

import streamlit as st

from analysis.core import found_models
from analysis.core.found_models import Found, FoundFile, FoundModel
from analysis.core.gguf_models import look_at
from analysis.core.model_memory import BYTES
from analysis.worker import models
from analysis.worker.models import Brought, Naming
from components.frame import jobs
from components.frame.polite import polite
from components.frame.text import escape

HERE = "found on this machine, or GGUF …"
OF_HUB = "a GGUF file of the hub"
KEPT_AS = ("float32", "bfloat16")
GIB = 2**30


class Chosen(NamedTuple):
    """A model by name and revision; the name is empty until there is one."""

    name: str = ""
    revision: str = "main"


@st.cache_data(ttl=60, show_spinner="Looking for models on this machine …")
def found() -> Found:
    """What there is, looked for when somebody asks, and not again within a minute."""
    return found_models.look()


def choose_here() -> Chosen:
    """A model of the hub's cache to be used as it is, or a GGUF file to be unpacked."""
    there = found()
    offered: dict[str, FoundFile | FoundModel] = {}
    for one in (*there.models, *there.files):
        offered[one.label] = one
    label = st.selectbox(
        "What to use",
        [*offered, OF_HUB],
        key="draft-found",
        help="Folders of the Hugging Face cache, and GGUF files of Ollama, of LM Studio "
        "and of the server's folders of models.",
    )
    one = offered.get(label)
    if isinstance(one, FoundModel):
        return Chosen(one.called, one.revision)
    if isinstance(one, FoundFile):
        unpack_here(one)
    else:
        unpack_of_hub()
    return Chosen()


def unpack_here(one: FoundFile) -> None:
    """What unpacking a file takes, and the button that does it."""
    with polite():
        called = found_models.file_name(one)
        model = look_at(one.path, called)
        dtype = precision()
        size = model.parameters * BYTES[dtype]
        st.caption(
            f"{escape(model.title or called)}: {model.parameters / 1e6:,.0f} M "
            f"parameters, {model.words}, licence {escape(model.licence or 'not told')}. "
            f"It is unpacked once, into {size / GIB:.2f} GiB of the disk; that takes "
            f"about {(size + model.largest * 4 + model.bytes) / GIB:.2f} GiB of memory."
        )
        naming = Naming(dtype=dtype)
        task = models.unpack_file(one.path, naming, called, one.where, one.sha256)
        submit("Unpack", f"Unpacking of {one.called}", task)


def unpack_of_hub() -> None:
    """A repository and a quantisation, and the button that fetches and unpacks."""
    said = st.text_input(
        "Hub id and quantisation",
        placeholder="owner/name:Q4_K_M",
        key="draft-gguf",
        max_chars=200,
        help="Without a quantisation, those that there are get listed.",
    ).strip()
    model, _, quantisation = said.partition(":")
    dtype = precision()
    st.caption(
        "The file is fetched, checked and unpacked once; what that takes of memory and "
        "disk is checked before it is unpacked."
    )
    task = models.unpack_from_hub(model, "main", quantisation, Naming(dtype=dtype))
    submit("Fetch and unpack", f"Fetching of {said}", task, ready=bool(model))


def precision() -> str:
    """In which precision unpacked weights are kept."""
    return st.selectbox(
        "Keep as",
        KEPT_AS,
        key="draft-kept-as",
        help="float32 loses nothing of the file's numbers; bfloat16 takes half the disk "
        "and costs a cosine of about 0.9999 in the states.",
    )


def submit(label: str, title: str, task: jobs.Task, ready: bool = True) -> None:
    """The button that begins a job."""
    busy = (job := jobs.mine()) is not None and job.live
    if st.button(label, icon=":material/unarchive:", disabled=busy or not ready):
        jobs.submit(title, task)


def brought(result: Brought) -> None:
    """Say that a model can be chosen now, and what it is."""
    record = result.record
    words = f": {record.words}" if record else ""
    st.success(
        f"“{escape(result.name)}” is ready{escape(words)}. Choose it under Model.",
        icon=":material/check:",
    )
    if record:
        st.caption(
            f"From {escape(record.file)}, SHA-256 {record.sha256[:16]}…, kept as "
            f"{record.kept_as}. Its folder has the whole record."
        )
    found.clear()
