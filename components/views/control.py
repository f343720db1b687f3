"""Control: how hard, and where?"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.certificates.specs import NAME as REPORT_CARD
from analysis.control import refusing, settings_tried, standing
from analysis.control import store as runs
from analysis.control import surfaces as measures
from analysis.control.judging import judge
from analysis.control.prompts import HELD_OUT
from analysis.control.settings_tried import RANKED
from analysis.control.specs import JudgingSpec
from analysis.core.counting import count, count_are
from analysis.core.errors import AnalysisError
from analysis.core.intervals import ends
from analysis.crossing import forcing
from analysis.study import commits
from analysis.study.published_values import printed_rates, published
from analysis.study.study import Study
from components.figures import control as figures
from components.figures.languages import Languages
from components.forms import control_run, judging, model_here, where
from components.frame import cache, controls, jobs, links, panel, press, questions
from components.frame.polite import polite
from components.frame.questions import Question
from components.frame.text import escape
from components.views import (
    filling,
    language_forcing,
    recognised,
    report_card,
    surfaces,
    unfilled,
)

PRINTED = ("llama2-chat-7b", "llama2-chat-13b", "llama2-chat-70b")
VECTORS = ("none", "own", "shared")
CARD, CARD_WORDS = "card", "Is this vector any good?"
ACTED, ACTED_WORDS = "recognised", "Not recognised, or not acted on?"
SEARCH = "search"
"""The tab of the search in links."""
PUBLISHED_COLUMN = "published rate: no vector / own / English"

MOVED, MOVED_WORDS = "move", "Can it be moved into another language?"
"""The tab of pushes along language vectors: its name in links, and its words."""
TRIAL_OF = {ACTED: refusing.NAME, CARD: REPORT_CARD, MOVED: forcing.NAME}
"""Tab → the trial that it shows."""


def page(study: Study) -> None:
    """The printed table, or the runs of a study and the form of a new one."""
    if unfilled.tell_lacking(study, "Control"):
        return
    if not study.has("concept_vector"):
        printed(study)
        return
    names = runs.names(study.name)
    run = choose(names) if names else None
    filling.watch(run)
    if run is None:
        without_run(study)
        return
    results(study, run)
    panel.explain(
        measures.surfaces,
        measures.summary,
        measures.chosen,
        measures.report,
        measures.gaps,
        judge,
        settings_tried.grid,
    )


def without_run(study: Study) -> None:
    """What was tried on the study's model, if anything was, and the form of a run."""
    first = []
    later = []
    for question in of_trials(study):
        found = first if study.has_trial(TRIAL_OF[question.name]) else later
        found.append(question)
    # Of another name than the tab of a further run, so that a run that has just begun
    # shows what it found first.
    planned = Question("plan", "Plan a run", partial(first_run, study))
    questions.show((*first, planned, *later))


def of_trials(study: Study) -> tuple[Question, ...]:
    """The tabs of what is tried on a study's model."""
    return (
        Question(ACTED, ACTED_WORDS, partial(recognised.tab, study)),
        Question(CARD, CARD_WORDS, partial(report_card.tab, study)),
        Question(MOVED, MOVED_WORDS, partial(language_forcing.tab, study)),
    )


def first_run(study: Study) -> None:
    """That there is no run yet, one of another study, and the form of a new one."""
    st.info(
        "This study has no control run yet. Plan one below, or look at one of "
        "another study.",
        icon=":material/tune:",
    )
    unfilled.open_example(study, "Control", "secondary")
    plan(study)


def plan(study: Study) -> None:
    """The form of a new run; where the model is not here, that and the way to it."""
    model = study.manifest.model
    absent = model is not None and model_here.absent(model)
    if model is not None and absent:
        model_here.tell_absent(model, "pages/control.py")
    control_run.plan(study, absent)


def choose(names: Sequence[str]) -> runs.Run | None:
    """The run that is looked at; None when it cannot be opened, which is said."""
    name = links.one(
        "Run",
        names,
        "run",
        always=True,
        format_func=run_title,
        help="Newest first.",
    )
    with polite():
        return runs.open_run(name)
    return None


def run_title(name: str) -> str:
    """A run's title with what tells it from others of the same title."""
    try:
        return f"{runs.open_run(name).manifest.title} ({name[-8:]})"
    except AnalysisError:
        return f"{name} (cannot be opened)"


def results(study: Study, run: runs.Run) -> None:
    """What a run says under a judging, what it still lacks, and the rest in tabs."""
    st.subheader(escape(run.manifest.title), anchor=False)
    with polite():
        spec = judging.judging(run)
        judged(study, run, spec, cache.judged(run, spec))


def judged(
    study: Study, run: runs.Run, spec: JudgingSpec, found: cache.Searched
) -> None:
    """A run's answers under a judging: what it found first, then tabs."""
    open_search()
    shown = asdict(run.spec) | {"judging": asdict(spec)}
    press.tell_shown("run", run.spec.study, shown)
    go_on(run, spec, found)
    if len(found.answers) and found.chosen:
        main_result(run, spec, found)
    questions.show(
        (
            Question(
                "report",
                "What works in which language?",
                partial(against, run, spec, found),
            ),
            Question(
                SEARCH,
                "Which strength and layers?",
                partial(surfaces.surface, run, spec, found),
            ),
            Question(
                "texts",
                "What did the model say?",
                partial(surfaces.texts, run, found),
            ),
            *of_trials(study),
            Question("new", "Plan another run", partial(plan, study)),
            Question("run", "What was asked for?", partial(manage, run)),
        )
    )


def open_search() -> None:
    """A link that names a language or a cost of the search opens its tab."""
    names_it = links.asks("searched") or links.asks("cost")
    if names_it and not links.asks(questions.TAB):
        links.ask(questions.TAB, SEARCH)


def main_result(run: runs.Run, spec: JudgingSpec, found: cache.Searched) -> None:
    """What a run found, in a sentence and its figure."""
    gaps = measures.gaps(found.report, run.spec.source)
    said = figures.answer(run, gaps, spec, shared_name(run))
    st.markdown(f"**{escape(said)}**")
    if np.isfinite(gaps["gap"]).any():
        panel.show(figures.gap(run, spec, gaps, surfaces.languages_of(run)))


def go_on(run: runs.Run, spec: JudgingSpec, found: cache.Searched) -> None:
    """Say what is missing, and compute it."""
    unjudged = int(np.count_nonzero(found.answers["verdict"] == ""))
    job = jobs.mine()
    if (not found.left and not unjudged) or (job is not None and job.live):
        return
    sentence = cells_missing(found)
    if unjudged:
        wait = "waits" if unjudged == 1 else "wait"
        sentence += f" {count(unjudged, 'answer')} {wait} for the judge command."
    st.warning(sentence, icon=":material/pause_circle:")
    where.tell_who(standing.standing(run))
    if commits.are_shared(run.folder):
        where.offer_stop(run.folder)
    place = where.chosen_place(f"go-on-{run.name}")
    if st.button("Go on", icon=":material/play_arrow:", key=f"go-on-{run.name}"):
        with polite():
            runs.keep_judging(run.name, spec)
            control_run.go_on(run.name, run.manifest.title, place)


def cells_missing(found: cache.Searched) -> str:
    """Which cells a run lacks under its judging."""
    if any(cell.stage != runs.REPORT for cell in found.left):
        return f"{count_are(len(found.left), 'cell')} missing."
    if found.left:
        return (
            f"Under this judging other settings win; their {len(found.left)} reports "
            "are missing."
        )
    return ""


def against(run: runs.Run, spec: JudgingSpec, found: cache.Searched) -> None:
    """None, own and shared vector per language beside the printed rates."""
    if not found.chosen or not len(found.answers):
        st.info(
            "No setting is chosen yet, so none has been reported.",
            icon=":material/hourglass_empty:",
        )
        return
    paper = choose_paper(spec)
    languages = surfaces.languages_of(run)
    asked = languages.among(set(found.report["language"]))
    table = beside(run, found.report, asked, paper)
    st.dataframe(table, hide_index=True)
    st.caption(escape(table_caption(run, spec, found.report, asked, paper is not None)))


def choose_paper(spec: JudgingSpec) -> pd.DataFrame | None:
    """Printed rates to stand beside a run's; None where nothing like it is printed."""
    if spec.objective != "following rate":
        return None
    name = links.one(
        "Published Table 2 beside it",
        PRINTED,
        "printed",
        format_func=published_title,
    )
    return printed_rates(name)


def published_title(name: str) -> str:
    """The title of a published study."""
    return published()[name].title


def table_caption(
    run: runs.Run,
    spec: JudgingSpec,
    report: pd.DataFrame,
    languages: Languages,
    printed_beside: bool,
) -> str:
    """What stands in the table, on which prompts, and what to make of it."""
    how = measures.objective(spec).interval
    sentences = [
        f"{spec.objective.capitalize()} with its 95 % interval ({how}) on "
        f"{run.spec.reported_prompts} reported prompts a language."
    ]
    if run.spec.searched_on == "other prompts":
        sentences.append("No prompt of the search is among them.")
    else:
        sentences.append(
            "These are the very prompts that the settings were searched on, which "
            "flatters them."
        )
    if run.spec.search.endswith(RANKED) and run.spec.prompts.startswith(HELD_OUT):
        sentences.append(
            "The layers were put in order by recognition on the very pairs whose "
            "negative members these prompts are, which flatters them too."
        )
    within = report.groupby("language")["within"].all().to_dict()
    outside = [code for code in languages.codes if not within[code]]
    if outside:
        sentences.append(
            "⚠ marks settings outside the cost limits, because none keeps them "
            f"({', '.join(outside)})."
        )
    if printed_beside:
        sentences.append("The published rates are of another model and other prompts.")
    return " ".join([*sentences, figures.run_note(run)])


def beside(
    run: runs.Run,
    report: pd.DataFrame,
    languages: Languages,
    paper: pd.DataFrame | None,
) -> pd.DataFrame:
    """One row per language: none, own and shared with settings, and printed rates."""
    titles = {"own": "own vector", "shared": f"{shared_name(run)} vector"}
    rows = []
    for code, name in zip(languages.codes, languages.names):
        mine = report.loc[report["language"] == code].set_index("vector")
        found = mine.to_dict("index")
        row = {"language": name, "none": effect_words(found["none"])}
        for vector, title in titles.items():
            row[title] = effect_words(found[vector])
            row[f"{title}: strength, layers"] = setting_words(found[vector])
        if paper is not None:
            row[PUBLISHED_COLUMN] = printed_words(paper, code)
        rows.append(row)
    return pd.DataFrame(rows)


def shared_name(run: runs.Run) -> str:
    """What the shared vector is called."""
    source = controls.arrangement().name(run.spec.source)
    return figures.shared_name(run, source)


def printed_words(paper: pd.DataFrame, code: str) -> str:
    """The printed rates of a language."""
    mine = paper.loc[paper["language"] == code]
    if mine.empty:
        return "not printed"
    rates = dict(zip(mine["vector"], mine["effect"]))
    return " / ".join(f"{rates[vector]:z.2f}" for vector in VECTORS)


def effect_words(row: Mapping[str, Any]) -> str:
    """An effect with its interval."""
    if not row["n"]:
        return "not asked yet"
    if not np.isfinite(row["low"]):
        return f"{row['effect']:z.2f} (too few to have an interval)"
    said = f"{row['effect']:z.2f} ({ends(row['low'], row['high'], '.2f')})"
    if "changed" in row:
        said += (
            f"; language changed {row['changed']:.2f}, content kept {row['kept']:.2f}"
        )
    return said


def setting_words(row: Mapping[str, Any]) -> str:
    """Strength and layers, marked when their cost is beyond the limits."""
    if not row["layers"]:
        return ""
    mark = "" if row["within"] else " ⚠"
    return f"{row['strength']:g} × {row['layers']}{mark}"


def manage(run: runs.Run) -> None:
    """What was asked for, and deleting it."""
    st.code(runs.provenance(run), language="json", height=400)
    st.caption("To go on with it from the command line:")
    st.code(f"babelscope control --resume {run.name}", language="sh")
    st.caption(
        escape(f"All texts: {len(run.manifest.files)} JSON files in {run.folder}.")
    )
    if not runs.is_own(run.name):
        st.caption(
            "This run comes with Babelscope. Going on with it makes a copy of your own."
        )
        return
    job = jobs.mine()
    with st.popover("Delete this run", disabled=job is not None and job.live):
        st.caption("Its texts will be gone for good.")
        if st.button("Delete for good", key=f"delete-{run.name}"):
            delete(run)


def delete(run: runs.Run) -> None:
    """Remove a run, and leave the link, which would point nowhere."""
    with polite():
        runs.delete(run.name)
        links.forget("run")
        st.rerun()


def printed(study: Study) -> None:
    """The printed rates of a published study."""
    rates = printed_rates(study.name)
    languages = controls.languages(study, list(dict.fromkeys(rates["language"])))
    panel.show(figures.printed_rates(study, rates, languages))
    st.caption(
        "Control runs of your own need a model and its vectors: choose the demo study, "
        "or make one on the Extract page. The paper searched strengths 1 to 10 and ten "
        "sets of layers, as far as it says on the reported prompts themselves."
    )
    panel.explain(measures.gaps, judge)
