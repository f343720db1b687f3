"""Control runs that are kept with a study: what each found, by the study alone."""

from dataclasses import dataclass

import pandas as pd
import xarray as xr

from analysis.control import store, surfaces
from analysis.control.store import Run
from analysis.control.surfaces import Choice
from analysis.core.errors import SpecError, unknown
from analysis.overview.needs import has_run
from analysis.study.published_values import printed_rates
from analysis.study.study import Study


@dataclass(frozen=True)
class Judged:
    """A control run with its answers as they were judged last."""

    run: Run
    answers: pd.DataFrame
    surfaces: xr.Dataset
    chosen: dict[str, Choice]


def judged(study: Study, name: str) -> Judged:
    """A control run of a study: the newest one unless a name is given."""
    known = store.names(study.name)
    if name and name not in known:
        raise unknown("control run", name, known)
    if not known:
        raise SpecError(f"“{study.title}” has no control run.")
    run = store.open_run(name or known[0])
    answers = store.frame(run, run.judging)
    found = surfaces.surfaces(answers, run.grid, run.judging)
    chosen = surfaces.chosen(found, run.grid, run.judging)
    return Judged(run, answers, found, chosen)


def search(study: Study, run: str = "") -> xr.Dataset:
    """Effect and cost of every setting that a control run tried: (language, strength, set).

    ``run`` is its name; the newest one where none is given. Xu et al. 2024, Section 5.
    """
    return judged(study, run).surfaces


def report(study: Study, run: str = "") -> pd.DataFrame:
    """Effect without a push, with the own and with the shared vector, per language.

    Printed rates where a study has no run. Xu et al. 2024, Table 2.
    """
    if not has_run(study):
        return printed_rates(study.name)
    found = judged(study, run)
    judging = found.run.judging
    return surfaces.report(found.answers, found.run.spec, found.chosen, judging)


def verdicts(study: Study, run: str = "", language: str = "") -> pd.DataFrame:
    """Share of each verdict at each strength of a search, over all layers tried."""
    answers = judged(study, run).answers
    asked = answers[answers["role"] == "search"]
    if language:
        known = asked["language"].unique().tolist()  # pyright: ignore[reportAttributeAccessIssue]
        if language not in known:
            raise unknown("language", language, known)
        asked = asked[asked["language"] == language]
    return surfaces.by_strength(asked)  # pyright: ignore[reportArgumentType]
