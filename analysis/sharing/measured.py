"""Settings of vectors that a study or its control runs measured: effect, cost, interval."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.control import store as runs
from analysis.control import surfaces
from analysis.control.store import Run
from analysis.control.surfaces import Choice
from analysis.core.intervals import wilson
from analysis.core.specs import from_dict
from analysis.sharing.manifest import Setting
from analysis.steering.specs import SteeringSpec, VectorSource
from analysis.study.recordings import Outcome, Turn, of_this_study
from analysis.study.study import Study

SHARE = "share of answers"
"""How measures begin that count answers; others have no interval from their mean."""
COSTS = {
    "perplexity": "perplexity of the answers",
    "drift": "share of answers in another language",
    "kl": "divergence on neutral prompts, nats",
}
REPEATED = "three-word sequences said before"


class Measured(NamedTuple):
    """A vector's source, and a setting of it that was measured."""

    source: VectorSource
    setting: Setting


def measured(study: Study) -> list[Measured]:
    """What recorded answers and control runs of a study measured, those that work first.

    Turns with several terms are of no one vector and are left out. StudyError for a
    damaged run.
    """
    found = list(recorded(study))
    for name in runs.names(study.name):
        found += searched(runs.open_run(name), study)
    return sorted(found, key=lambda each: not each.setting.works)


def recorded(study: Study) -> Iterator[Measured]:
    """The chosen setting of every recorded turn."""
    if study.recordings is None:
        return
    for turn in study.recordings.turns:
        steering = of_this_study(turn.steering, study.name)
        spec = from_dict(SteeringSpec, steering)
        if len(spec.terms) == 1:
            yield Measured(spec.terms[0].source, setting_of(turn, spec))


def setting_of(turn: Turn, spec: SteeringSpec) -> Setting:
    """What a turn measured at its own strength."""
    (term,) = spec.terms
    steered = at(turn.steered, turn.strength)
    n = len(turn.prompts)
    low, high = None, None
    if turn.counted.startswith(SHARE):
        ends = wilson(steered.effect * n, n)
        low, high = ends.low, ends.high
    prompts = len(turn.tuning.prompts)
    return Setting(
        title=turn.title,
        strength=turn.strength,
        layers=term.layers,
        strengths=term.strengths,
        operator=term.operator,
        positions=term.positions,
        language=turn.language,
        measure=turn.counted,
        effect=steered.effect,
        low=low,
        high=high,
        n=n,
        baseline=turn.baseline.effect,
        twin=at(turn.twins, turn.strength).effect,
        costs={
            REPEATED: steered.repetition,
            f"{REPEATED}, without a push": turn.baseline.repetition,
        },
        chosen_on=f"{prompts} other prompts: {turn.tuning.rule}",
        works=turn.works,
    )


def at(outcomes: tuple[Outcome, ...], strength: float) -> Outcome:
    """The outcome at a strength that is there."""
    for outcome in outcomes:
        if outcome.strength == strength:
            return outcome
    raise KeyError(strength)


def searched(run: Run, study: Study) -> Iterator[Measured]:
    """The setting that a control run chose for each language's own vector.

    Nothing of a run that is not complete.
    """
    judging = run.judging
    answers = runs.frame(run, judging)
    if runs.missing(run, answers, judging):
        return
    tried = surfaces.surfaces(answers, run.grid, judging)
    chosen = surfaces.chosen(tried, run.grid, judging)
    reported = surfaces.report(answers, run.spec, chosen, judging)
    for language, choice in chosen.items():
        rows = reported[reported["language"] == language].set_index("vector")
        source = replace(run.spec.vector_of(language), study=study.name)
        yield Measured(source, setting_of_run(run, language, choice, rows))


def setting_of_run(
    run: Run, language: str, choice: Choice, rows: pd.DataFrame
) -> Setting:
    """What a run measured on its reported prompts at a chosen setting."""
    own = rows.loc[surfaces.OWN].to_dict()
    plain = rows.loc[surfaces.NONE].to_dict()
    effect, baseline = number(own["effect"]), number(plain["effect"])
    gained = effect is not None and baseline is not None and effect > baseline
    judging = run.judging
    return Setting(
        title=run.manifest.title,
        strength=choice.strength,
        layers=choice.layers,
        language=language,
        measure=f"{judging.objective}, {surfaces.objective(judging).units}",
        effect=np.nan if effect is None else effect,
        low=number(own["low"]),
        high=number(own["high"]),
        n=int(own["n"]),
        baseline=baseline,
        costs=costs_of(own, plain),
        chosen_on=f"other prompts: {judging.choice}",
        works=bool(choice.within and gained),
    )


def costs_of(own: Mapping[str, Any], plain: Mapping[str, Any]) -> dict[str, float]:
    """Costs that are known, under the push and without it."""
    found = {}
    for name, words in COSTS.items():
        pushed, alone = number(own[name]), number(plain[name])
        if pushed is not None:
            found[words] = pushed
        if alone is not None:
            found[f"{words}, without a push"] = alone
    return found


def number(value: Any) -> float | None:
    """A number that is finite; None for any other."""
    return float(value) if np.isfinite(value) else None
