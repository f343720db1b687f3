"""Trials from Python: something tried on the model of a study, cell by cell."""

from collections.abc import Mapping
from functools import partial
from typing import Any, get_args

from analysis.core.errors import SpecError, unknown
from analysis.core.specs import field_types
from analysis.overview.options import Option, read
from analysis.study.study import Study as Results
from analysis.worker import trials
from analysis.worker.cluster import begun_on_cluster
from babelscope.running import run
from babelscope.study import Study, open_study, study_of


def trial(
    study: str | Results,
    name: str,
    *,
    anew: bool = False,
    cluster: str = "",
    **options: Any,
) -> Study:
    """A study with something tried on its model, such as “pushing”; see `docs/analyses.md`.

    ``options`` are fields of the trial's spec; all have defaults that fit most studies.
    A study that ships is copied first, what is unfinished is gone on with, and ``anew``
    takes the place of the same trial with other options. ``cluster``: the workers of a
    Dask cluster compute it, as in ``babelscope.extract``. SpecError for a trial or an
    option that there is none of.

    >>> import babelscope as bs
    >>> bs.trial("demo", "nothing")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    analysis.core.errors.SpecError: There is no trial “nothing”.
    """
    known = study_of(study)
    spec = trials.spec_of(known.manifest, name, typed(name, options))
    work = trials.run_trial(name, spec, known.name, anew)
    if cluster:
        begin = trials.begin_trial(name, spec, known.name, anew)
        work = begun_on_cluster(cluster, begin, partial(trials.go_on_with_trial, name))
    return open_study(run(work, known.name))


def typed(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a trial, text read as what their fields hold."""
    declared = {**field_types(trials.find(name).spec)}
    del declared["model"]
    found = {}
    for option, value in options.items():
        if option not in declared:
            raise unknown("option", option, declared)
        found[option] = as_kind(option, declared[option], value)
    return found


def as_kind(option: str, kind: Any, value: Any) -> Any:
    """A value of an option; lists of numbers may be given as text."""
    chosen = read(Option(option, kind), value)
    if not isinstance(chosen, tuple):
        return chosen
    one = get_args(kind)[0]
    if one not in (int, float):
        return chosen
    try:
        return tuple(one(each) for each in chosen)
    except ValueError as error:
        raise SpecError(f"{option} are numbers; given: “{value}”.") from error
