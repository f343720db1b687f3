"""Something to be tried on a study's model: what it takes, Start, and how far it is."""

import json
import shlex
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from analysis.core.counting import count
from analysis.core.specs import written
from analysis.study import library
from analysis.study.study import PUBLISHED, Study
from analysis.worker.cluster import begun_on_cluster
from analysis.worker.trials import (
    TrialCheck,
    begin_trial,
    begun_part,
    check_trial,
    find,
    go_on_with_trial,
    run_trial,
)
from components.forms import model_here, where
from components.frame import going, jobs
from components.frame.polite import INFO, polite
from components.frame.text import duration

GIB = 2**30


def can(study: Study) -> bool:
    """Whether a study names a model that can be asked; says why not where it does not."""
    if study.kind == PUBLISHED or study.manifest.model is None:
        st.caption(
            "This study is printed numbers: it names no model that can be tried."
        )
        return False
    return True


def start(study: Study, name: str, spec: Any) -> None:
    """What a trial takes, Start, and its progress; once done, a way to the study.

    ``spec`` is what the controls above say. Where the study has the trial with other
    settings, Start takes its place.
    """
    trial = find(name)
    progress(study, name)
    with polite(INFO):
        part = begun_part(study, trial, spec)
        known = (study.manifest.trials or {}).get(name)
        same = known is not None and known.digest == part.digest
        if same and study.has_trial(name):
            st.caption("Computed with exactly these settings.")
            return
        st.caption(f"{count(part.number_of_cells, 'cell')}; Stop keeps those finished.")
        if study.name in library.coming_along():
            st.caption(
                "This study comes along and stays as it is; the result goes into a copy."
            )
        place = where.chosen_place(f"try-{name}")
        if place == where.HERE and model_here.absent(spec.model):
            model_here.tell_absent(spec.model, st.session_state.get("page", ""))
            return
        anew = known is not None and not same
        buttons(study, Wanted(name, spec, anew, place))


@dataclass(frozen=True)
class Wanted:
    """What is to be tried, whether in place of what is there, and where."""

    name: str
    spec: Any
    anew: bool
    place: str


def buttons(study: Study, wanted: Wanted) -> None:
    """Check, Start, and the same from the command line."""
    name, spec = wanted.name, wanted.spec
    title = find(name).title
    job = jobs.mine()
    busy = job is not None and job.live
    row = st.container(horizontal=True)
    if row.button(
        "Check",
        icon=":material/fact_check:",
        disabled=busy,
        key=f"try-check-{name}",
        help="Memory and time; loads no weights.",
    ):
        jobs.submit(f"Check: {title}", check_trial(name, spec, study.name))
    words = "Compute anew, in place of what is there" if wanted.anew else "Start"
    if row.button(
        words,
        type="primary",
        icon=":material/play_arrow:",
        disabled=busy,
        key=f"try-start-{name}",
    ):
        given = (name, spec, study.name, wanted.anew)
        begin, go_on = begin_trial(*given), partial(go_on_with_trial, name)
        where.begin(
            f"{title} of {study.title}",
            wanted.place,
            run_trial(*given),
            lambda cluster: begun_on_cluster(cluster, begin, go_on),
        )
    with st.expander("The same from the command line", icon=":material/terminal:"):
        st.code(command(study, wanted), language="sh", wrap_lines=True)


def progress(study: Study, name: str) -> None:
    """The job that runs, or what became of it, with a way to the study it went into."""
    job = jobs.shown()
    if job is None:
        return
    if isinstance(job.result, TrialCheck):
        checked(job.result)
    elif isinstance(job.result, str) and job.result != study.name:
        going.link(
            st.session_state.get("page", ""),
            "Open the copy with the result",
            {"study": job.result},
            icon=":material/arrow_forward:",
        )


def checked(seen: TrialCheck) -> None:
    """What a look before the start told."""
    one, two, three = st.columns(3)
    one.metric("Memory needed, about", f"{seen.needed / GIB:.2f} GiB")
    two.metric(f"Free: {seen.place}", f"{seen.available / GIB:.2f} GiB")
    told = "not known for a GPU"
    if seen.seconds is not None:
        told = duration(seen.seconds)
    three.metric("Time, about", told)
    if not seen.fits:
        st.warning(
            "This does not fit. Use a study of a smaller model, or one in bfloat16.",
            icon=":material/memory:",
        )


def command(study: Study, wanted: Wanted) -> str:
    """The same from the command line."""
    spec = wanted.spec
    usual = written(type(spec)(spec.model)) | dict(find(wanted.name).usual)
    chosen = []
    for option, value in written(spec).items():
        if option != "model" and value != usual.get(option):
            chosen.append(f"{option}={as_text(value)}")
    told = f"babelscope try {wanted.name} {shlex.quote(study.name)}"
    if wanted.anew:
        told += " --anew"
    if wanted.place:
        told += f" --cluster {shlex.quote(wanted.place)}"
    return f"{told} --set {shlex.join(chosen)}" if chosen else told


def as_text(value: Any) -> str:
    """A value of an option as the command line takes it."""
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)
