"""Studies: open, go on, rename, compare, share, delete with undo."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analysis.core.counting import count_are
from analysis.core.errors import AnalysisError
from analysis.overview import compare
from analysis.study import library
from analysis.study.study import COMPUTED, PUBLISHED, Study
from analysis.worker.extraction import resume_study
from components.figures import comparison as figures
from components.forms import extraction
from components.frame import cache, controls, going, jobs, links, panel, readings
from components.frame.picker import titles
from components.frame.polite import INFO, polite
from components.frame.text import escape
from components.views import languages


def page(study: Study | None) -> None:
    """The page under its title."""
    listing, own, comparing, sharing, known = st.tabs(
        ["All studies", "This study", "Compare", "Upload and undo", "Languages"]
    )
    with listing:
        everything()
    with own:
        if study is None:
            st.info(
                "This study cannot be opened. Choose another on the left; nothing was "
                "changed.",
                icon=":material/info:",
            )
        else:
            manage(study)
    with comparing:
        if study is not None:
            side_by_side(study)
    with sharing:
        upload()
        undo()
    with known:
        languages.tab(study)
    extraction.progress()


@dataclass(frozen=True)
class Broken:
    """A study that cannot be opened, and why."""

    name: str
    why: str


def everything() -> None:
    """One row per study; broken ones say what is wrong, and can be deleted."""
    rows, broken = [], []
    for name in library.names():
        try:
            rows.append(library.summary(cache.study(name)))
        except AnalysisError as error:
            broken.append(Broken(name, str(error)))
    picked = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="all-studies",
    )
    st.caption("Choose a row to open the study on the Overview.")
    for place in picked["selection"]["rows"]:
        # The list may be shorter since the row was chosen.
        if place < len(rows):
            going.link(
                "app.py",
                f"Open {escape(rows[place]['title'])}",
                {"study": rows[place]["name"]},
                icon=":material/folder_open:",
            )
    for each in broken:
        one_broken(each)


def one_broken(study: Broken) -> None:
    """What is wrong with a study, and a button that deletes it."""
    st.error(escape(study.why), icon=":material/error:")
    if library.is_own(study.name):
        delete_button(study.name, f"Delete {escape(study.name)}")


def delete_button(name: str, label: str) -> None:
    """Delete a study of this server."""
    if st.button(
        label,
        icon=":material/delete:",
        help="Goes to the trash; the last tab brings it back.",
        key=f"delete-{name}",
    ):
        with polite():
            delete(name)
            st.rerun()


def manage(study: Study) -> None:
    """What can be done with the chosen study."""
    st.subheader(escape(study.title), anchor=False)
    if study.kind != PUBLISHED and st.button(
        "Prepare download",
        icon=":material/archive:",
        help="Packs manifest and arrays into one file.",
    ):
        with polite():
            offer(study.name)
    if study.kind != COMPUTED:
        st.info(
            "This study comes with Babelscope: it can be looked at and compared, not "
            "changed.",
            icon=":material/lock:",
        )
        return
    if study.missing:
        go_on(study)
    title = st.text_input("Title", study.title, max_chars=80, key=f"title-{study.name}")
    if st.button("Rename", disabled=title == study.title):
        with polite():
            library.rename(study.name, title)
            st.rerun()
    delete_button(study.name, "Delete")


def offer(name: str) -> None:
    """The study as one file."""
    st.download_button(
        "Download as one file",
        library.pack(name),
        f"{name}{library.SUFFIX}",
        "application/zip",
        icon=":material/download:",
        on_click="ignore",
    )


def go_on(study: Study) -> None:
    """Resume an unfinished study."""
    st.warning(
        f"{count_are(len(study.missing), 'cell')} missing.",
        icon=":material/pause_circle:",
    )
    with st.expander("Which"):
        st.text("\n".join(study.missing))
    job = jobs.mine()
    if st.button(
        "Go on",
        type="primary",
        icon=":material/play_arrow:",
        disabled=job is not None and job.live,
    ):
        jobs.submit(study.title, resume_study(study.name))


def delete(name: str) -> None:
    """Move to the trash; a link to it is left, since it would point nowhere."""
    st.session_state["deleted"] = library.delete(name)
    if st.session_state.get("study") == name:
        links.forget("study")


def upload() -> None:
    """Add a packed study."""
    file = st.file_uploader(
        f"Add a study ({library.SUFFIX} or .zip)",
        type=[library.SUFFIX[1:], "zip"],
        key="study-file",
        max_upload_size=400,
    )
    with polite():
        name = readings.of_file(file, "study-file", library.unpack)
        if file is None or name is None:
            return
        if name in library.names():
            st.success(f"Added as {escape(name)}.", icon=":material/check_circle:")
            going.link("app.py", "Open it", {"study": name})
        if st.session_state.get("uploaded") != file.file_id:
            st.session_state["uploaded"] = file.file_id
            # The lists of studies were drawn already.
            st.rerun()


def name_of(token: str) -> str:
    """The name of a deleted study, which follows the time of its deletion."""
    _, _, name = token.partition(".")
    return name


def undo() -> None:
    """Bring deleted studies back, or remove them for good."""
    tokens = library.trashed()
    if not tokens:
        st.caption("The trash is empty.")
        return
    token = st.selectbox("Deleted studies", tokens, format_func=name_of)
    left, right, _ = st.columns([1, 1, 3])
    if left.button("Restore", icon=":material/undo:"):
        with polite():
            library.restore(token)
            st.rerun()
    with right.popover("Empty the trash"):
        studies = "1 study" if len(tokens) == 1 else f"{len(tokens)} studies"
        st.caption(f"{studies} will be gone for good.")
        if st.button("Remove for good"):
            with polite():
                library.purge()
                st.rerun()


def side_by_side(study: Study) -> None:
    """Two studies and their difference."""
    others = [name for name in library.names() if name != study.name]
    name = links.one("Compare with", others, "with", format_func=titles(others).get)
    what = links.one(
        "Compare", list(compare.COMPARED), "compared", format_func=str.capitalize
    )
    with polite(INFO):
        other = cache.study(name)
        found = cache.compared(what, study, other, controls.convention())
        compared(figures.Pair(study, other, what, found))


def compared(pair: figures.Pair) -> None:
    """The difference of two studies, and both of them on one scale."""
    languages = controls.languages(pair.first, pair.found.columns)
    panel.show(figures.difference(pair, languages))
    for column, side in zip(st.columns(2), ("first", "second")):
        with column:
            panel.show(figures.half(pair, side, languages))
