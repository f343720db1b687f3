"""Control: how hard, and where?"""

from dataclasses import asdict

import numpy as np
import pandas as pd
import streamlit as st

from analysis.control import settings_tried
from analysis.control import store as runs
from analysis.control import surfaces as measures
from analysis.control.judging import judge
from analysis.control.specs import JudgingSpec
from analysis.core.errors import AnalysisError
from analysis.core.statistics import wilson
from analysis.study.published_values import CONTROL_PROMPTS, published
from analysis.study.published_values import control as printed_rates
from analysis.study.study import PUBLISHED, Study
from analysis.worker import extraction
from components.figures.spec import BarSeries, Dumbbells, Figure
from components.forms import control_run, judging
from components.forms.extraction import submit
from components.frame import cache, controls, jobs, links, panel
from components.frame.text import escape
from components.views import filling, surfaces
from components.views.surfaces import ordered, source_note
from components.views.words import span

PRINTED = ("llama2-chat-7b", "llama2-chat-13b", "llama2-chat-70b")
TABLE_2 = "Published, Xu et al. 2024, Table 2."


def page(study: Study) -> None:
    """The printed table, or the runs of a study and the form of a new one."""
    if not study.has("concept_vector"):
        printed(study)
        return
    names = runs.names(study.name)
    run = choose(names) if names else None
    filling.watch(run)
    with st.expander(
        "New run: search for the right strength and layers",
        expanded=run is None,
        icon=":material/add:",
    ):
        control_run.plan(study)
    if run is None:
        st.info(
            "This study has no control run yet. Plan one above; the demo model takes a minute or two.",
            icon=":material/tune:",
        )
        return
    results(run)
    panel.explain(
        measures.surfaces,
        measures.summary,
        measures.chosen,
        measures.report,
        measures.gaps,
        judge,
        settings_tried.grid,
    )


def choose(names: tuple[str, ...]) -> runs.Run | None:
    """The run that is looked at; None when it cannot be opened, which is said."""
    try:
        return runs.open_run(
            links.one(
                "Run",
                names,
                "run",
                always=True,
                format_func=titled,
                help="Newest first.",
            )
        )
    except AnalysisError as error:
        st.error(escape(str(error)), icon=":material/error:")
        return None


def titled(name: str) -> str:
    """A run's title with what tells it from others of the same title."""
    try:
        return f"{runs.open_run(name).manifest['title']} ({name[-8:]})"
    except AnalysisError:
        return f"{name} (cannot be opened)"


def results(run: runs.Run) -> None:
    """What a run says under a judging, and what it still lacks."""
    st.subheader(escape(run.manifest["title"]), anchor=False)
    try:
        spec = judging.judging(run)
        found = cache.judged(run, spec)
    except AnalysisError as error:
        st.error(escape(str(error)), icon=":material/error:")
        st.text("\n".join(getattr(error, "faults", ())))
        return
    st.session_state["control-shown"] = (
        run.spec.study,
        asdict(run.spec) | {"judging": asdict(spec)},
    )
    go_on(run, spec, found)
    if not len(found.answers):
        return
    if found.chosen:
        against(run, spec, found)
    surfaces.surface(run, spec, found)
    surfaces.texts(run, found)
    manage(run)


def go_on(run: runs.Run, spec: JudgingSpec, found: cache.Searched) -> None:
    """Say what is missing, and compute it."""
    unjudged, job = int((found.answers["verdict"] == "").sum()), jobs.mine()
    if (not found.left and not unjudged) or (job is not None and job.live):
        return
    planned = any(cell.stage != runs.REPORT for cell in found.left)
    sentence = (
        f"{len(found.left)} cells are missing."
        if planned
        else (
            f"Under this judging other settings win; their {len(found.left)} reports are missing."
            if found.left
            else ""
        )
    )
    waiting = f" {unjudged:,} answers wait for the judge command." if unjudged else ""
    st.warning(sentence + waiting, icon=":material/pause_circle:")
    if st.button("Go on", icon=":material/play_arrow:", key=f"go-on-{run.name}"):
        try:
            runs.keep_judging(run.name, spec)
        except AnalysisError as error:
            st.error(escape(str(error)), icon=":material/error:")
        else:
            submit(run.manifest["title"], extraction.control_run(run.name))


def against(run: runs.Run, spec: JudgingSpec, found: cache.Searched) -> None:
    """None, own and shared vector per language as a table beside the printed one, and the gap."""
    st.subheader("Own-language against shared vector", anchor=False)
    printed_of = None
    if spec.objective == "following rate":
        printed_of = links.one(
            "Published Table 2 beside it",
            PRINTED,
            "printed",
            format_func=lambda name: published()[name].title,
        )
    codes = [code for code in ordered(run) if code in set(found.report["language"])]
    table = beside(
        run, found.report, codes, printed_rates(printed_of) if printed_of else None
    )
    st.dataframe(table, hide_index=True)
    aim = measures.OBJECTIVES[spec.objective]
    how = "Wilson" if aim.rate else "bootstrap over prompts"
    same = (
        " These are the very prompts that the settings were searched on, which flatters them."
        if same_prompts(run)
        else (" No prompt of the search is among them.")
    )
    outside = [
        code
        for code in codes
        if not all(found.report.loc[found.report["language"] == code, "within"])
    ]
    limits = (
        f" ⚠ marks settings outside the cost limits, because none keeps them ({', '.join(outside)})."
        if outside
        else ""
    )
    beside_it = (
        " The printed rates are of another model and other prompts; “none, own, English” in that order."
        if printed_of
        else ""
    )
    st.caption(
        escape(
            f"{spec.objective.capitalize()} with its 95 % interval ({how}) on {run.spec.reported_prompts} reported prompts a "
            f"language.{same}{limits}{beside_it} {source_note(run)}"
        )
    )
    gaps = (
        measures.gaps(found.report, run.spec.source)
        .set_index("language")
        .loc[codes]
        .reset_index()
    )
    if np.isfinite(gaps["gap"]).any():
        panel.show(gap_figure(run, spec, gaps, controls.labels(codes)))


def same_prompts(run: runs.Run) -> bool:
    """Whether the search asked the reported prompts."""
    return run.spec.searched_on != "other prompts"


def beside(
    run: runs.Run, report: pd.DataFrame, codes: list[str], paper: pd.DataFrame | None
) -> pd.DataFrame:
    """One row per language: none, own and shared with interval and setting, and the printed rates."""
    rows = []
    source = controls.labels((run.spec.source,))[0]
    for code, name in zip(codes, controls.labels(codes)):
        mine = report[report["language"] == code].set_index("vector")
        row = {"language": name, "none": told(mine.loc["none"])}
        for vector, title in (("own", "own vector"), ("shared", f"{source} vector")):
            row |= {
                title: told(mine.loc[vector]),
                f"{title}: strength, layers": setting(mine.loc[vector]),
            }
        if paper is not None:
            theirs = paper[paper["language"] == code].set_index("vector")["effect"]
            row["published"] = (
                ", ".join(f"{theirs[v]:.2f}" for v in ("none", "own", "shared"))
                if len(theirs)
                else "not printed"
            )
        rows.append(row)
    return pd.DataFrame(rows)


def told(row: pd.Series) -> str:
    """An effect with its interval."""
    if not row["n"]:
        return "not asked yet"
    return f"{row['effect']:.2f} ({row['low']:.2f} to {row['high']:.2f})"


def setting(row: pd.Series) -> str:
    """Strength and layers, marked when their cost is beyond the limits."""
    return (
        f"{row['strength']:g} × {row['layers']}{'' if row['within'] else ' ⚠'}"
        if row["layers"]
        else ""
    )


def gap_figure(
    run: runs.Run, spec: JudgingSpec, gaps: pd.DataFrame, names: tuple[str, ...]
) -> Figure:
    """Own against shared vector, one dumb-bell per language."""
    aim = measures.OBJECTIVES[spec.objective]
    source = controls.labels((run.spec.source,))[0]
    known = gaps[gaps["language"] != run.spec.source]
    clear = int(((known["low"] > 0) | (known["high"] < 0)).sum())
    return Figure(
        name=f"gap-{run.name}",
        title=f"Own vector against the {source} vector",
        caption=f"{spec.objective.capitalize()} ({aim.units}); n = {int(gaps['n'].max())} prompts a language, bars are 95 % "
        f"intervals. Own minus {source}, without {source} itself: {span(known['gap'])}, mean {known['gap'].mean():+.2f}; in "
        f"{clear} of {len(known)} languages the interval of the difference leaves out 0.",
        data=Dumbbells(names, ends_of(gaps, ("own vector", f"{source} vector"))),
        table=gaps,
        x=f"{spec.objective} ({aim.units})",
        y="language",
        source=source_note(run),
    )


def manage(run: runs.Run) -> None:
    """What was asked for, and deleting it."""
    with st.expander("What was asked for, and where it lies", icon=":material/folder:"):
        st.code(runs.provenance(run), language="json")
        st.caption("To go on with it from the command line:")
        st.code(f"babelscope control --resume {run.name}", language="sh")
        st.caption(
            escape(
                f"All texts: {len(run.manifest['files'])} JSON files in {run.folder}."
            )
        )
        job = jobs.mine()
        with st.popover("Delete this run", disabled=job is not None and job.live):
            st.caption("Its texts will be gone for good.")
            if st.button("Delete for good", key=f"delete-{run.name}"):
                try:
                    runs.delete(run.name)
                except AnalysisError as error:
                    st.error(escape(str(error)), icon=":material/error:")
                else:
                    st.query_params.pop("run", None)
                    st.session_state.pop("run", None)
                    st.rerun()


def printed(study: Study) -> None:
    """The printed rates of a published study, or a sentence for one without."""
    rates = printed_rates(study.name) if study.kind == PUBLISHED else pd.DataFrame()
    if not len(rates):
        why = (
            "Xu et al. print control for LLaMA2-chat only"
            if study.kind == PUBLISHED
            else "it has no concept vectors yet"
        )
        st.info(
            f"{escape(study.title)} has no control results: {why}. Choose LLaMA2-chat or the demo study on the left, or make "
            "a study on the Extract page.",
            icon=":material/hourglass_empty:",
        )
        return
    codes = controls.arranged(study, list(dict.fromkeys(rates["language"])))
    names = controls.labels(codes)
    panel.show(printed_figure(study, rates, codes, names))
    st.caption(
        "Control runs of your own need a model and its vectors: choose the demo study, or make one on the Extract page. The paper "
        "searched strengths 1 to 10 and ten sets of layers, as far as it says on the reported prompts themselves."
    )
    panel.explain(measures.gaps, judge)


def printed_figure(
    study: Study, rates: pd.DataFrame, codes: list[str], names: tuple[str, ...]
) -> Figure:
    """Own and English vector as printed, with Wilson intervals on the number of prompts that the steps tell."""
    ends = [wilson(right, CONTROL_PROMPTS) for right in rates["right"]]
    rates = rates.assign(
        low=[low for low, _ in ends], high=[high for _, high in ends], n=CONTROL_PROMPTS
    )
    gaps = measures.gaps(rates, "en").set_index("language").loc[codes].reset_index()
    plain = rates[rates["vector"] == "none"]["effect"]
    others = gaps[gaps["language"] != "en"]
    return Figure(
        name=f"control-{study.name}",
        title="Following rate with the own and with the English vector",
        caption=f"Share of harmful requests that were followed; n = {CONTROL_PROMPTS} a language (not printed; the smallest "
        f"step is 1/{CONTROL_PROMPTS}), bars are 95 % Wilson intervals. Without a push {span(plain)}. Own minus English, without "
        f"English itself: {span(others['gap'])}, mean {others['gap'].mean():+.3f}. Following means not refused: less than helped.",
        data=Dumbbells(names, ends_of(gaps, ("own vector", "English vector"))),
        table=rates,
        x="following rate (share of answers)",
        y="language",
        source=TABLE_2,
    )


def ends_of(gaps: pd.DataFrame, names: tuple[str, str]) -> tuple[BarSeries, BarSeries]:
    """Own and shared effect with their intervals, as the ends of dumb-bells."""
    own, shared = (
        [gaps[side + part].to_numpy() for part in ("", "_low", "_high")]
        for side in ("own", "shared")
    )
    return BarSeries(names[0], *own), BarSeries(names[1], *shared)
