"""A study sent to the Hugging Face hub, and one fetched from it, as jobs."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from analysis.sharing import folder, hub
from analysis.sharing import jobs as tasks
from analysis.sharing.folder import Wanted
from analysis.sharing.hub import Pulled, Pushed
from analysis.sharing.manifest import check_licence
from analysis.study.study import PUBLISHED, Study
from components.frame import going, jobs
from components.frame.polite import polite
from components.frame.text import escape

LONGEST = 200
"""Characters of an id or a token."""


def to_hub(study: Study) -> None:
    """Where the open study goes, under which licence, and a button that sends it."""
    if study.kind == PUBLISHED:
        return
    with st.expander("Send to the Hugging Face hub", icon=":material/cloud_upload:"):
        st.caption(
            "A repository with the vectors as safetensors, the study, what was measured "
            "of each vector, and a card with a figure. Colleagues fetch it with "
            "`babelscope pull owner/name`."
        )
        left, right = st.columns(2)
        name = left.text_input(
            "Repository", placeholder="owner/name", key="hub-to", max_chars=LONGEST
        )
        licence = right.text_input(
            "Licence",
            placeholder="such as cc-by-4.0",
            key="hub-licence",
            max_chars=LONGEST,
            help="As the hub spells it. Empty: the card says that none was given.",
        )
        token = left.text_input(
            "Your token of the hub",
            type="password",
            key="hub-token",
            max_chars=LONGEST,
            help="One that may write. It is used once and kept nowhere.",
        )
        only = right.checkbox("Vectors only", key="hub-vectors-only")
        public = right.checkbox(
            "Open to everybody",
            key="hub-public",
            help="A new repository is private otherwise.",
        )
        job = jobs.mine()
        if st.button(
            "Send",
            key="hub-send",
            icon=":material/cloud_upload:",
            disabled=not (name and token) or (job is not None and job.live),
        ):
            wanted = Wanted(vectors_only=only, licence=licence.strip())
            send(study, name.strip(), wanted, public, token.strip())


def send(study: Study, name: str, wanted: Wanted, public: bool, token: str) -> None:
    """Begin the job that makes the folder and sends it."""
    with polite():
        hub.check_id(name)
        check_licence(wanted.licence)

        def make() -> Mapping[str, bytes | Path]:
            from components.handout.hub_card import with_card

            return with_card(folder.folder_of(study, wanted), study, name)

        task = tasks.push_folder(name, make, public=public, token=token)
        jobs.submit_here(f"Send to {name}", task)


def from_hub() -> None:
    """The id of a repository, and a button that fetches it."""
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    name = left.text_input(
        "Add one from the Hugging Face hub",
        placeholder="owner/name",
        key="hub-from",
        max_chars=LONGEST,
        help="What “Send to the Hugging Face hub” or `babelscope push` sent. Nothing "
        "but safetensors and JSON is fetched.",
    ).strip()
    job = jobs.mine()
    if right.button(
        "Fetch",
        key="hub-fetch",
        icon=":material/cloud_download:",
        disabled=not name or (job is not None and job.live),
    ):
        with polite():
            hub.check_id(name)
            jobs.submit_here(f"Fetch {name}", tasks.pull_folder(name))


def came_of(result: Pulled | Pushed) -> None:
    """What a job left: links to the study, names of vectors, or the repository."""
    if isinstance(result, Pushed):
        st.link_button("Open it on the hub", result.url, icon=":material/open_in_new:")
        st.caption(escape(f"{result.name} is at commit {result.commit[:12]}."))
        return
    if result.again:
        st.caption("It was here already, with the same bytes; nothing was added.")
    if result.study:
        query = {"study": result.study}
        left, right, _ = st.columns([1, 1, 3])
        going.link("app.py", "Open the study", query, left)
        going.link("pages/playground.py", "Steer with it", query, right)
        return
    st.caption(
        "Kept as imported vectors; choose them on the Playground as “Imported file”: "
        + escape(", ".join(result.vectors))
    )
