"""Studies: open, go on, rename, compare, share, delete with undo."""

from functools import partial

import streamlit as st

from analysis.core.counting import count, count_are
from analysis.study import commits, library, standing, store
from analysis.study.study import COMPUTED, PUBLISHED, Study
from analysis.worker.cluster import resumed_on_cluster
from analysis.worker.extraction import resume_study
from components.forms import extraction, hub_folder, where
from components.frame import cache, going, jobs, links, questions, readings
from components.frame.polite import polite
from components.frame.questions import Question
from components.frame.text import escape
from components.views import languages, one_file, shelf, side_by_side
from components.views.shelf import Broken

COMPARE = "compare"
"""The tab of the comparison in links."""
EVERY = 3.0
"""Seconds between two looks at who computes a study."""
BRING_BACK = "Add one, or undo"
"""The tab that brings deleted studies back."""


def page(study: Study | None) -> None:
    """The page under its title."""
    open_comparison()
    questions.show(
        (
            Question("all", "Which studies are here?", everything),
            Question("this", "What can I do with the open one?", partial(own, study)),
            Question(COMPARE, "How do studies differ?", partial(comparing, study)),
            Question("add", BRING_BACK, adding),
            Question("languages", "Which languages are known?", partial(known, study)),
        )
    )
    if st.session_state[questions.TAB] != COMPARE:
        # Else a link to another tab would open the comparison.
        links.hide("with", "compared")
    extraction.progress()


def open_comparison() -> None:
    """A link that names studies to compare with opens that tab."""
    if links.asks("with") and not links.asks(questions.TAB):
        links.ask(questions.TAB, COMPARE)


def everything() -> None:
    """All studies in a table; broken ones say what is wrong, and can be deleted."""
    under_way()
    for each in shelf.show():
        one_broken(each)


def under_way() -> None:
    """A way to every study that several processes compute together now."""
    every = store.newest_first(store.root())
    shared = [path.name for path in every if commits.are_shared(path)]
    for name, facts in cache.summaries(shared).items():
        title = name if isinstance(facts, str) else facts.title
        going.link(
            "pages/studies.py",
            f"Begun by several processes: {escape(title)}",
            {"study": name, questions.TAB: "this"},
            icon=":material/lan:",
        )


def own(study: Study | None) -> None:
    """What can be done with the open study."""
    if study is None:
        st.info(
            "This study cannot be opened. Choose another on the left; nothing was "
            "changed.",
            icon=":material/info:",
        )
    else:
        manage(study)
    if library.trashed():
        undo()


def comparing(study: Study | None) -> None:
    """Studies beside the open one."""
    if study is not None:
        side_by_side.show(study)


def adding() -> None:
    """Add a study, and bring deleted ones back."""
    upload()
    hub_folder.from_hub()
    undo()


def known(study: Study | None) -> None:
    """The languages that Babelscope knows."""
    languages.tab(study)


def one_broken(study: Broken) -> None:
    """What is wrong with a study, and a button that deletes it."""
    st.error(escape(study.why), icon=":material/error:")
    if library.is_own(study.name):
        deleting(study.name, study.name)


def deleting(name: str, called: str) -> None:
    """Delete a study of this server, once it is confirmed by its name.

    The next study opens where this one was, so a second press must not hit that one.
    """
    asked = st.popover(
        f"Delete {escape(called)}", icon=":material/delete:", key=f"deleting-{name}"
    )
    with asked:
        st.caption(f"It goes to the trash; “{BRING_BACK}” brings it back.")
        if st.button(
            f"Move {escape(called)} to the trash",
            icon=":material/delete:",
            key=f"delete-{name}",
        ):
            with polite():
                delete(name)
                st.toast(f"{escape(called)} is in the trash.", icon=":material/delete:")
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
    one_file.of_study(study)
    hub_folder.to_hub(study)
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
    deleting(study.name, study.title)


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
    if commits.are_shared(store.root() / study.name):
        elsewhere(study.name)
    place = where.chosen_place("go-on")
    job = jobs.mine()
    if st.button(
        "Go on",
        type="primary",
        icon=":material/play_arrow:",
        disabled=job is not None and job.live,
    ):
        where.begin(
            study.title,
            place,
            resume_study(study.name),
            lambda cluster: resumed_on_cluster(cluster, study.name),
        )


@st.fragment(run_every=EVERY)
def elsewhere(name: str) -> None:
    """Who computes a study now, here or on other machines, what has failed, and Stop."""
    folder = store.root() / name
    if not commits.are_shared(folder):
        # They are done.
        st.rerun()
    with polite():
        found = standing.standing(folder)
        st.caption(f"{found.done:,} of {count(found.of, 'cell')} done.")
        where.tell_who(found)
        where.offer_stop(folder)


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
