"""Is a vector any good? Lights from stated limits, beside random twins. Ours.

Kernels over the arrays of the trial “report-card” of one language; the first place of
``vector`` is no push, the second the vector, the rest its twins.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from analysis.certificates.agreement import over_units
from analysis.certificates.behaviour import known_mean
from analysis.certificates.rules import NOT_KNOWN, Value
from analysis.certificates.specs import NAME
from analysis.concepts.recognition import origin
from analysis.core.errors import SpecError
from analysis.core.intervals import LEVEL, student_quantile
from analysis.core.statistics import correlations
from analysis.study.study import Study

GOOD, DOUBTFUL, BAD, UNKNOWN = "good", "doubtful", "bad", "not measured"
"""The lights, in words."""
PASSES, COSTS, FAILS, UNSURE = "passes", "works, at a cost", "fails", "unsure"
VERDICTS = {
    PASSES: "It does what it should, more than random vectors do, and nothing is bad.",
    COSTS: "It does what it should, more than random vectors do, but something is bad.",
    FAILS: "It does no more than random vectors that push as hard.",
    UNSURE: "Whether it does what it should cannot be told from so few prompts.",
}
"""Verdict → what it says."""
HOLDS_UP, HALF_UP = 0.5, 0.25
"""Shares of the effect that other surroundings and tokens must keep: good, doubtful."""
RISES = 0.5
"""Rank correlation of dose and effect."""
LESS_RIGHT, SURPRISE, LEAVES, REPEATS = 0.05, 0.1, 0.1, 0.1
"""What a vector may cost: share of right answers, nats per token, shares of answers."""
SPILL = 0.5
"""What other concepts may move, of what the concept itself does."""


@dataclass(frozen=True)
class Sheet:
    """What one check came to: the vector's value with its interval, its twins', a light."""

    value: Value
    twins: float
    light: str


NOTHING = Sheet(NOT_KNOWN, float("nan"), UNKNOWN)
Arrays = Mapping[str, np.ndarray]


def changes(values: np.ndarray) -> np.ndarray:
    """Values (vector, …) less those without a push: the vector first, then its twins."""
    return values[1:] - values[:1]


def full_effect(arrays: Arrays) -> np.ndarray:
    """Change of the log-odds at full strength (vector, prompt), twins behind the vector."""
    return changes(arrays["effect"])[:, -1]


def beyond_twins(twins: np.ndarray) -> float:
    """What a random vector stays below in 97.5 of 100 cases.

    ``twins``: mean effects (twin,). A vector and its opposite are alike random, so their
    mean is 0 by symmetry, and Student's t has as many degrees of freedom as twins.
    """
    known = twins[np.isfinite(twins)]
    if not len(known):
        return float("nan")
    spread = np.sqrt((known**2).mean())
    return float(student_quantile((1 + LEVEL) / 2, len(known)) * spread)


def control(arrays: Arrays) -> Sheet:
    """Does it do what it should: the change of the log-odds at full strength."""
    effect = full_effect(arrays)
    value = over_units(effect[0])
    bound = beyond_twins(known_mean(effect[1:], -1))
    if not np.isfinite([value.low, bound]).all():
        return NOTHING
    light = BAD
    if value.estimate > bound:
        light = GOOD if value.low > 0 else DOUBTFUL
    return Sheet(value, bound, light)


def works(arrays: Arrays) -> bool:
    """Whether there is an effect of which one can ask if it holds."""
    return control(arrays).light == GOOD


def kept_of_effect(arrays: Arrays, elsewhere: np.ndarray) -> Sheet:
    """What is kept of the effect elsewhere (vector, way, prompt): of ways the least."""
    if not works(arrays):
        return NOTHING
    own = float(np.nanmean(full_effect(arrays)[0]))
    found = changes(elsewhere)
    ways = [over_units(values / own) for values in found[0]]
    known = [value for value in ways if np.isfinite(value.estimate)]
    if not known:
        return NOTHING
    least = min(known, key=lambda value: value.estimate)
    twins = known_mean(np.abs(known_mean(found[1:], -1)).ravel() / own, 0)
    light = above(least, HOLDS_UP, HALF_UP)
    return Sheet(least, float(twins), light)


def above(value: Value, good: float, doubtful: float) -> str:
    """The light of what should be high."""
    if not np.isfinite(value.estimate):
        return UNKNOWN
    if value.estimate >= good:
        return GOOD
    return DOUBTFUL if value.estimate >= doubtful else BAD


def below(value: Value, limit: float) -> str:
    """The light of a cost: bad where surely above its limit, good where not above it."""
    if not np.isfinite(value.estimate):
        return UNKNOWN
    if value.estimate <= limit:
        return GOOD
    return BAD if value.low > limit else DOUBTFUL


def framings(arrays: Arrays) -> Sheet:
    """Does it hold in other surroundings: the least of the effect that is kept."""
    return kept_of_effect(arrays, arrays["framed"])


def positions(arrays: Arrays) -> Sheet:
    """Does it hold where only what is written is pushed."""
    return kept_of_effect(arrays, arrays["placed"])


def retellings(arrays: Arrays) -> Sheet:
    """Does it hold where somebody tells it or writes it: the least that is kept."""
    return kept_of_effect(arrays, arrays["retold"])


def templates(arrays: Arrays) -> Sheet:
    """Does it hold in answers to a request, in each template: the least that is kept."""
    return kept_of_effect(arrays, arrays["answered"])


def rewordings(arrays: Arrays) -> Sheet:
    """Does it hold in other words: the effect less what other words take of it.

    Both wordings are of the same pairs, so what differs between pairs falls out.
    """
    if not works(arrays):
        return NOTHING
    own = float(np.nanmean(full_effect(arrays)[0]))
    as_written, in_other_words = changes(arrays["reworded"]).transpose(1, 0, 2)
    kept = 1 + (in_other_words[0] - as_written[0]) / own
    value = over_units(kept)
    twins = known_mean(np.abs(known_mean(in_other_words[1:], -1)) / own, 0)
    return Sheet(value, float(twins), above(value, HOLDS_UP, HALF_UP))


def monotony(arrays: Arrays) -> Sheet:
    """Does more push more: rank correlation of dose (from none) and effect, by prompt."""
    found = changes(arrays["effect"])
    vectors, doses, prompts = found.shape
    none = np.zeros((vectors, 1, prompts))
    curves = np.concatenate([none, found], 1).transpose(0, 2, 1)
    rows = curves.reshape(-1, doses + 1)
    ranks = correlations(np.arange(doses + 1)[None], rows, "spearman")
    by_vector = ranks.reshape(vectors, prompts)
    value = over_units(by_vector[0])
    light = UNKNOWN
    if np.isfinite(value.low):
        light = GOOD if value.low > RISES else below_zero(value)
    return Sheet(value, float(known_mean(by_vector[1:].ravel(), 0)), light)


def below_zero(value: Value) -> str:
    """The light of a rise that is not sure: bad where it is surely less than wanted."""
    return BAD if value.high < RISES else DOUBTFUL


def cost(values: np.ndarray, limit: float, sign: float = 1.0) -> Sheet:
    """A cost (vector, unit) against its limit; ``sign`` −1 where less is worse."""
    found = sign * changes(values)
    value = over_units(found[0])
    return Sheet(value, float(known_mean(found[1:].ravel(), 0)), below(value, limit))


def answers(arrays: Arrays) -> Sheet:
    """Are fewer universal questions answered rightly: loss of accuracy."""
    return cost(arrays["right"], LESS_RIGHT, -1.0)


def perplexity(arrays: Arrays) -> Sheet:
    """Is neutral text more surprising: nats per token (log of the perplexity ratio)."""
    return cost(arrays["surprise"], SURPRISE)


def drift(arrays: Arrays) -> Sheet:
    """Do answers leave their language: share, written greedily."""
    return cost(arrays["drifted"][:, 0], LEAVES)


def repetition(arrays: Arrays) -> Sheet:
    """Do answers repeat themselves: share, written greedily."""
    return cost(arrays["repeated"][:, 0], REPEATS)


def sampling(arrays: Arrays) -> Sheet:
    """The worse of drift and repetition where answers are drawn at random."""
    both = (
        cost(arrays["drifted"][:, 1], LEAVES),
        cost(arrays["repeated"][:, 1], REPEATS),
    )
    known = [sheet for sheet in both if sheet.light != UNKNOWN]
    if not known:
        return NOTHING
    return max(known, key=lambda sheet: sheet.value.estimate)


def collateral(arrays: Arrays) -> Sheet:
    """Do other concepts move: the most of them, of what the concept itself does."""
    if not works(arrays):
        return NOTHING
    own = float(np.nanmean(full_effect(arrays)[0]))
    found = changes(arrays["others"]) / own
    moved = [over_units(values) for values in found[0]]
    known = [as_size(value) for value in moved if np.isfinite(value.low)]
    if not known:
        return NOTHING
    most = max(known, key=lambda value: value.estimate)
    twins = known_mean(np.abs(known_mean(found[1:], -1)).ravel(), 0)
    return Sheet(most, float(twins), below(most, SPILL))


def as_size(value: Value) -> Value:
    """A value without its sign; the interval turned with it."""
    if value.estimate >= 0:
        return value
    return Value(-value.estimate, -value.high, -value.low)


@dataclass(frozen=True)
class Check:
    """One line of the card: what it asks, its unit, its limit in words, how it is judged.

    ``array``: what the trial has where this was tried; empty: always.
    """

    name: str
    title: str
    asks: str
    unit: str
    limit: str
    judge: Callable[[Arrays], Sheet]
    array: str = ""


KEPT = f"good: at least {HOLDS_UP} in each; doubtful: {HALF_UP}; else bad"
CHECKS = (
    Check(
        "control",
        "Control",
        "Does it do what it should, on pairs that did not make it?",
        "nats per token",
        "good: above what 97.5 of 100 random vectors do, its 95 % interval above 0; "
        "doubtful: only the former; else bad",
        control,
    ),
    Check(
        "monotony",
        "Dose curve",
        "Does more push more?",
        "rank correlation",
        f"good: surely above {RISES}; bad: surely below; else doubtful",
        monotony,
    ),
    Check(
        "framings",
        "Other surroundings",
        "How much of the effect is left behind a list's mark or a quotation's?",
        "of the effect",
        KEPT,
        framings,
    ),
    Check(
        "retellings",
        "Retold",
        "How much is left where somebody tells it, asks about it, or writes it in a "
        "letter or a diary?",
        "of the effect",
        KEPT,
        retellings,
        "retold",
    ),
    Check(
        "rewordings",
        "Other words",
        "How much is left where the same pairs are put in other words?",
        "of the effect",
        f"good: at least {HOLDS_UP}; doubtful: {HALF_UP}; else bad",
        rewordings,
        "reworded",
    ),
    Check(
        "templates",
        "As an answer",
        "How much is left where the text answers a request, plain and in the model's "
        "chat template?",
        "of the effect",
        KEPT,
        templates,
        "answered",
    ),
    Check(
        "positions",
        "Other tokens",
        "How much is left where only what is written is pushed?",
        "of the effect",
        f"good: at least {HOLDS_UP}; doubtful: {HALF_UP}; else bad",
        positions,
    ),
    Check(
        "answers",
        "Right answers lost",
        "Are fewer universal questions answered rightly?",
        "share",
        f"good: at most {LESS_RIGHT}; bad: surely above; else doubtful",
        answers,
    ),
    Check(
        "perplexity",
        "Neutral text",
        "Is neutral text more surprising to it?",
        "nats per token",
        f"good: at most {SURPRISE}; bad: surely above; else doubtful",
        perplexity,
    ),
    Check(
        "drift",
        "Drift",
        "Do answers leave their language?",
        "share of answers",
        f"good: at most {LEAVES}; bad: surely above; else doubtful",
        drift,
    ),
    Check(
        "repetition",
        "Repetition",
        "Do answers repeat themselves?",
        "share of an answer",
        f"good: at most {REPEATS}; bad: surely above; else doubtful",
        repetition,
    ),
    Check(
        "sampling",
        "Drawn answers",
        "The worse of drift and repetition where answers are drawn at random.",
        "share",
        f"good: at most {LEAVES}; bad: surely above; else doubtful",
        sampling,
    ),
    Check(
        "collateral",
        "Other concepts",
        "How far does the most of the other concepts move, of the effect itself?",
        "of the effect",
        f"good: at most {SPILL}; bad: surely above; else doubtful",
        collateral,
    ),
)
"""All checks, in the order of the card."""
BY_NAME: Mapping[str, Check] = {check.name: check for check in CHECKS}


def tried(arrays: Collection[str]) -> list[Check]:
    """The checks that a trial with these arrays made."""
    return [check for check in CHECKS if not check.array or check.array in arrays]


def examined(arrays: Arrays) -> dict[str, Sheet]:
    """What every check that was made comes to in one language."""
    return {check.name: check.judge(arrays) for check in tried(arrays)}


def verdict(lights: Mapping[str, str]) -> str:
    """The verdict of a language from its lights."""
    does = lights["control"]
    if does == BAD:
        return FAILS
    if does != GOOD:
        return UNSURE
    return COSTS if BAD in lights.values() else PASSES


def report_card(study: Study) -> xr.Dataset:
    """Is the vector any good? Lights by language and check, beside random twins.

    By ``language`` and ``check`` (names of CHECKS that were made): ``value`` with ``low`` and
    ``high`` (95 %, Student's t over prompts, questions, sentences or answers), ``twins``
    (the same of random vectors that push as hard; for control what 97.5 of 100 of them
    stay below), ``light``. By language: ``verdict``. Attributes say concept, source,
    layer and strength, and under ``not_tested`` the titles of checks that were not made.

    SpecError for a study without the whole trial “report-card”. Ours.
    """
    if not study.has_trial(NAME):
        raise SpecError(
            f"“{study.title}” has no report card yet. Start one on the Control page, or "
            f"with “babelscope try {NAME} {study.name}”."
        )
    trial = study.trial(NAME)
    languages = trial["language"].values.tolist()
    sheets = []
    for language in languages:
        of_language = trial.sel(language=language)
        arrays = {}
        for name, values in of_language.data_vars.items():
            arrays[str(name)] = np.asarray(values.values, float)
        sheets.append(examined(arrays))
    return labelled(study, languages, sheets)


def labelled(
    study: Study, languages: list[str], sheets: list[dict[str, Sheet]]
) -> xr.Dataset:
    """The card with its labels and words."""
    numbers = np.array([[sheet.value for sheet in of.values()] for of in sheets])
    twins = np.array([[sheet.twins for sheet in of.values()] for of in sheets])
    lights = [[sheet.light for sheet in of.values()] for of in sheets]
    verdicts = []
    for of in sheets:
        verdicts.append(verdict({name: sheet.light for name, sheet in of.items()}))
    dims = ("language", "check")
    variables = {
        "value": (dims, numbers[..., 0], {"long_name": "value", "units": "see check"}),
        "low": (dims, numbers[..., 1], {"long_name": "lower end, 95 %"}),
        "high": (dims, numbers[..., 2], {"long_name": "upper end, 95 %"}),
        "twins": (dims, twins, {"long_name": "random twins"}),
        "light": (dims, np.array(lights, object), {"long_name": "light"}),
        "verdict": ("language", np.array(verdicts, object)),
    }
    made = list(sheets[0])
    coords = {"language": languages, "check": made}
    found = xr.Dataset(variables, coords, origin(study))
    left = [f"“{check.title}”" for check in CHECKS if check.name not in made]
    return found.assign_attrs(examined_with(study), not_tested=", ".join(left))


def examined_with(study: Study) -> dict[str, object]:
    """With what a vector was examined, as the trial's spec says."""
    part = (study.manifest.trials or {}).get(NAME)
    told = part.spec if part is not None else {}
    return {
        "concept": told.get("concept", ""),
        "vector": told.get("file") or told.get("source") or "each language's own",
        "layer": told.get("layer", 0),
        "strength": told.get("strength", 0.0),
        "prompts": told.get("prompts", 0),
        "random_twins": told.get("twins", 0),
    }
