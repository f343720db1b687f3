"""Erased, or only out of reach? What becomes of local answers when the country is named,
when a model is steered to English, and when the local vector is added to that.

The classes and their uncertainty are ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy  # its parts are read at first use
import xarray as xr

from analysis.core.errors import StudyError
from analysis.core.intervals import Interval, share_interval, variation
from analysis.core.statistics import mean_known
from analysis.plane import localisation
from analysis.plane.localisation import change_bounds, prompts, rates
from analysis.plane.specs import SweepSpec
from analysis.questions.answers import NAMED
from analysis.questions.question_sets import find_questions
from analysis.questions.questions import CULTURE
from analysis.study.manifest import PlanePart
from analysis.study.study import Study

KEPT = "known in the local language"
WHEN_NAMED = "known when the country is named"
RECOVERABLE = "lost after steering, recoverable"
LOST = "lost after steering"
UNKNOWN = "not known"
CLASSES = (KEPT, WHEN_NAMED, RECOVERABLE, LOST, UNKNOWN)
"""What an answer can be; each is one of them."""
UNDECIDED = "undecided"
SURE = 0.8
"""An answer is given a class only where the class is at least as likely as this."""
ERASED_BELOW = 0.25
"""Where surely fewer come back than this, beyond what comes by itself, they are erased
as far as can be told."""


@dataclass(frozen=True)
class Asked:
    """The four ways in which a culture item is answered, arrays (language, item).

    ``unnamed`` and ``named`` without steering, ``steered`` to English, ``both`` with the
    local vector too; NaN where not answered.
    """

    unnamed: np.ndarray
    named: np.ndarray
    steered: np.ndarray
    both: np.ndarray


@dataclass(frozen=True)
class Chances:
    """How likely each class is (class, language, item), and the spread it rests on.

    ``spread``: nats per token by which random pushes of the same length move the lead of
    the local answer; NaN where there are none, and classes are as the answers say.
    """

    shares: np.ndarray
    spread: float


def classes(study: Study) -> xr.Dataset:
    """What each local answer is, by (language, item): kept, out of reach, or lost.

    ``chance`` (class, language, item) is how likely each class is, ``found`` the
    likeliest where it is at least SURE, else “undecided”; empty where an item is not
    asked. StudyError without a plane that has culture items.
    """
    asked = right_answers(study)
    found = chances(study)
    known = np.isfinite(asked.unnamed)
    return xr.Dataset(
        {
            "chance": (("class", "language", "item"), found.shares),
            "found": (("language", "item"), decided(found.shares, known)),
        },
        {
            "class": list(CLASSES),
            "language": list(study.languages),
            "item": items_of(study, CULTURE),
        },
        {"spread": found.spread, "sure": SURE},
    )


def decided(shares: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The likeliest class (language, item); UNDECIDED below SURE, empty where unknown."""
    best = np.array(CLASSES, object)[shares.argmax(0)]
    sure = shares.max(0) >= SURE
    return np.where(known, np.where(sure, best, UNDECIDED), "")


def items_of(study: Study, kind: str) -> list[str]:
    """Items of a kind, in the order of the prompts; StudyError where there are none."""
    kinds, items, _ = prompts(study)
    found = [str(item) for item in items[kinds == kind]]
    if not found:
        raise StudyError(
            f"The plane of “{study.title}” has no culture items, so no local answer "
            "can be lost. Sweep with questions whose answers depend on the place."
        )
    return found


def in_four_ways(study: Study, values: np.ndarray) -> Asked:
    """Values (setting, language, prompt) of culture items in the four ways.

    Steered are the settings that the other half of the items chose. Items with the
    country named are put beside those without.
    """
    culture = items_of(study, CULTURE)
    kinds, items, _ = prompts(study)
    best = localisation.chosen_settings(study)
    here = kinds == CULTURE
    named = np.full(values[0][:, here].shape, np.nan)
    for place in np.flatnonzero(kinds == NAMED):
        named[:, culture.index(items[place])] = values[0][:, place]
    nothing = np.full(named.shape, np.nan)
    steered = values[best["English"]][:, here] if "English" in best else nothing
    both = values[best["both"]][:, here] if "both" in best else nothing
    return Asked(values[0][:, here], named, steered, both)


def right_answers(study: Study) -> Asked:
    """Whether each culture item gets the local answer, in the four ways; 1 or 0."""
    return in_four_ways(study, localisation.right(study))


def leads(study: Study) -> np.ndarray:
    """By how much the local or right option leads the best other one, in nats (per
    token where the study scores so), (setting, language, prompt).

    NaN where an item is not asked in the setting, or has one option only.
    """
    spec = study.manifest.part(PlanePart).spec_as(SweepSpec)
    scores = study.array("plane_score").values.astype(float)
    tokens = study.array("plane_tokens").values.astype(float)
    answer = study.array("plane_answer").values.astype(int)
    if spec.normalised:
        scores = scores / np.maximum(tokens, 1)
    option = np.arange(1, scores.shape[-1] + 1)
    is_answer = answer[..., None] == option
    own = np.where(is_answer, scores, -np.inf).max(-1)
    other = np.where(~is_answer & (tokens > 0), scores, -np.inf).max(-1)
    there = np.nan_to_num(study.array("plane_there").values[: len(scores)]) > 0
    known = there[..., None] & np.isfinite(own) & np.isfinite(other)
    return np.where(known, own - np.where(known, other, 0), np.nan)


def chances(study: Study) -> Chances:
    """How likely each class is, from how far the local answer leads in each way.

    A lead is taken for as uncertain as random pushes of the same length move it.
    """
    spec = study.manifest.part(PlanePart).spec_as(SweepSpec)
    asked = right_answers(study)
    spread = float("nan")
    if spec.scoring == "likelihood":
        lead = leads(study)
        spread = spread_of(study, lead)
        if spread > 0:
            asked = likely(in_four_ways(study, lead), spread)
    return Chances(class_shares(asked), spread)


def spread_of(study: Study, lead: np.ndarray) -> float:
    """Root mean square by which random twins move the lead of the local answer.

    Twins of the English vector, or of the first that has some.
    """
    kinds, _, _ = prompts(study)
    for place in localisation.chosen_settings(study).values():
        twins = localisation.twins_of(study, place)
        if twins:
            moved = (lead[twins] - lead[0])[:, :, kinds == CULTURE]
            return float(np.sqrt(mean_known(np.ravel(moved) ** 2)))
    return float("nan")


def likely(lead: Asked, spread: float) -> Asked:
    """How likely the local answer is to lead, where a lead moves by ``spread``."""
    return Asked(
        scipy.special.ndtr(lead.unnamed / spread),
        scipy.special.ndtr(lead.named / spread),
        scipy.special.ndtr(lead.steered / spread),
        scipy.special.ndtr(lead.both / spread),
    )


def class_shares(asked: Asked) -> np.ndarray:
    """How likely each class is (class, language, item), which sum to 1.

    Where steering was not tried, an answer known without it is kept; where the country
    was not named, one that is not known without it is not known; where both vectors were
    not tried, what is lost is not recovered.
    """
    known = asked.unnamed
    kept = np.where(np.isfinite(asked.steered), asked.steered, 1.0)
    named = np.where(np.isfinite(asked.named), asked.named, 0.0)
    back = np.where(np.isfinite(asked.both), asked.both, 0.0)
    lost = known * (1 - kept)
    shares = (
        known * kept,
        (1 - known) * named,
        lost * back,
        lost * (1 - back),
        (1 - known) * (1 - named),
    )
    return np.stack(shares)


def class_table(study: Study) -> pd.DataFrame:
    """One row per language and class: how many answers are surely of it, the share of
    all that is expected to be, and its 95 % interval over items.

    Columns ``language`` (“all” in the end), ``class``, ``sure``, ``share``, ``low``,
    ``high``, ``n``, ``undecided``.
    """
    found = classes(study)
    chance = found["chance"].values
    known = np.isfinite(chance[0])
    labels = found["found"].values
    rows = []
    for place, language in enumerate(study.languages):
        here = np.zeros(known.shape, bool)
        here[place] = known[place]
        if here.any():
            rows += rows_of(language, chance, here, labels)
    rows += rows_of("all", chance, known, labels)
    return pd.DataFrame(rows)


def answer_table(study: Study) -> pd.DataFrame:
    """One row per language and culture item that is asked: its class (or “undecided”),
    how likely that class is, and how likely each class.
    """
    found = classes(study)
    chance = found["chance"].values
    labels = found["found"].values
    rows = []
    for language, item in np.argwhere(np.isfinite(chance[0])):
        shares = chance[:, language, item]
        row: dict[str, object] = {
            "language": study.languages[language],
            "item": found["item"].values[item],
            "class": labels[language, item],
            "likeliest": CLASSES[int(shares.argmax())],
            "chance": float(shares.max()),
        }
        row |= dict(zip(CLASSES, shares.tolist()))
        rows.append(row)
    return pd.DataFrame(rows)


def rows_of(
    language: str, chance: np.ndarray, here: np.ndarray, labels: np.ndarray
) -> list[dict[str, object]]:
    """Rows of the table for the answers that are marked."""
    items = np.nonzero(here)[1]
    rows = []
    for place, name in enumerate(CLASSES):
        share, ends = clustered_share(chance[place][here], items)
        rows.append(
            {
                "language": language,
                "class": name,
                "sure": int((labels[here] == name).sum()),
                "share": share,
                "low": ends.low,
                "high": ends.high,
                "n": int(here.sum()),
                "undecided": int((labels[here] == UNDECIDED).sum()),
            }
        )
    return rows


class Share(NamedTuple):
    """A share and its interval."""

    share: float
    ends: Interval[float]


def clustered_share(values: np.ndarray, items: np.ndarray) -> Share:
    """A share and its 95 % interval; translations of an item count as one source."""
    if not len(values):
        return Share(float("nan"), Interval(float("nan"), float("nan")))
    found = variation(values, items.tolist())
    ends = share_interval(
        np.array(found.mean),
        np.array(found.variance),
        np.array(found.units),
        np.array(found.observations),
    )
    return Share(found.mean, Interval(float(ends.low), float(ends.high)))


@dataclass(frozen=True)
class Change:
    """A change of shares with its 95 % interval over items, and how many answers."""

    change: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Reach:
    """What naming, English steering and the local vector do to local answers.

    ``naming``: share local with the country named − without. ``lost``: of answers that
    were local, those lost by English steering − by random vectors of the same length.
    ``back``: of the lost, those that come back with the local vector − the share that
    turns local ``against`` which it is held.
    """

    naming: Change
    lost: Change
    back: Change
    against: str
    verdict: str


def reach(study: Study) -> Reach:
    """Whether local answers are erased by English steering, or only out of reach.

    Three changes with 95 % intervals on the half of the items that nothing was chosen
    on, and a verdict from stated rules. StudyError as in ``classes``.
    """
    values = localisation.right(study)
    kinds, items, half = prompts(study)
    reported = {str(item) for item in items[(half == 1) & (kinds == CULTURE)]}
    shown = np.array([item in reported for item in items_of(study, CULTURE)])
    asked = only(in_four_ways(study, values), shown)
    random = random_answers(study, values)[..., shown]
    guess = guessing(study)[:, shown]
    naming = change_of(asked.named - asked.unnamed)
    lost = lost_more(asked, random)
    back, against = back_more(asked, guess)
    return Reach(naming, lost, back, against, verdict(lost, back))


def guessing(study: Study) -> np.ndarray:
    """How likely a guess among the options is the local one (language, culture item)."""
    kinds, _, _ = prompts(study)
    tokens = study.array("plane_tokens").values[:, kinds == CULTURE] > 0
    return 1 / np.maximum(tokens.sum(-1), 1)


def only(asked: Asked, shown: np.ndarray) -> Asked:
    """The same for some of the items."""
    return Asked(
        asked.unnamed[:, shown],
        asked.named[:, shown],
        asked.steered[:, shown],
        asked.both[:, shown],
    )


def random_answers(study: Study, values: np.ndarray) -> np.ndarray:
    """Answers to culture items (twin, language, item) under random twins of the English
    vector; none where the sweep has none yet.
    """
    kinds, _, _ = prompts(study)
    best = localisation.chosen_settings(study)
    twins = localisation.twins_of(study, best["English"]) if "English" in best else []
    return values[twins][:, :, kinds == CULTURE]


def change_of(change: np.ndarray) -> Change:
    """Mean over languages of changes (language, item), with its interval."""
    n = int(np.isfinite(change).sum())
    if not n:
        return Change(float("nan"), float("nan"), float("nan"), 0)
    low, high = change_bounds(change)
    return Change(float(rates(change)), float(low), float(high), n)


def lost_more(asked: Asked, random: np.ndarray) -> Change:
    """Of answers that were local, those lost under steering − under random twins.

    ``random``: answers (twin, language, item) under random vectors of the same length.
    """
    were = asked.unnamed == 1
    kept_by_chance = mean_known(random) if len(random) else np.full(were.shape, np.nan)
    return change_of(np.where(were, kept_by_chance - asked.steered, np.nan))


FEWEST_NEVER = 6
"""With fewer answers that were never local, what comes back is held against guessing."""
NEVER = "answers that were local in no way"
GUESSING = "guessing"


class Held(NamedTuple):
    """A change, and against what it is held."""

    change: Change
    against: str


def back_more(asked: Asked, guess: np.ndarray) -> Held:
    """Of lost answers, those that both vectors bring back − the share that both turn
    local of answers that never were, named or not; and against what it is held.

    Newcombe's interval of a difference of two shares, each with items drawn whole.
    Where hardly any answer was never local, ``guess`` stands for that share.
    """
    wrong = (asked.steered == 0) & np.isfinite(asked.both)
    lost = wrong & (asked.unnamed == 1)
    never = wrong & (asked.unnamed == 0) & (np.nan_to_num(asked.named) == 0)
    n = int(lost.sum())
    first, mine = clustered_share(asked.both[lost], np.nonzero(lost)[1])
    if never.sum() >= FEWEST_NEVER:
        against = NEVER
        second, others = clustered_share(asked.both[never], np.nonzero(never)[1])
    else:
        against = GUESSING
        second = float(guess[lost].mean()) if n else float("nan")
        others = Interval(second, second)
    down = np.hypot(first - mine.low, others.high - second)
    up = np.hypot(mine.high - first, second - others.low)
    change = first - second
    more = Change(change, float(change - down), float(change + up), n)
    return Held(more, against)


ALIKE = "nothing is lost beyond what a random push loses"
REACHABLE = "only out of reach"
ERASED = "erased, as far as can be told"


def verdict(lost: Change, back: Change) -> str:
    """What the changes say, from their intervals alone.

    Nothing lost unless more is lost than by random vectors; out of reach where more
    come back than turn local by themselves; erased where surely fewer do than
    ERASED_BELOW; else undecided.
    """
    if not lost.low > 0:
        return ALIKE if lost.high < ERASED_BELOW else UNDECIDED
    if back.low > 0:
        return REACHABLE
    return ERASED if back.high < ERASED_BELOW else UNDECIDED


def by_country(study: Study) -> pd.DataFrame:
    """Local answers by language and country, with the country named and without.

    One row per language and country: ``unnamed``, ``named`` and ``steered`` (to English,
    without the country named) as shares with Wilson's intervals (``… low``, ``… high``),
    ``n``. What a language takes for granted shows in which country leads. CorpusError
    where the questions are gone.
    """
    countries = countries_of(study)
    culture = items_of(study, CULTURE)
    asked = right_answers(study)
    ways = {
        "unnamed": asked.unnamed,
        "named": asked.named,
        "steered": asked.steered,
    }
    rows = []
    for place, language in enumerate(study.languages):
        of_item = [countries.get((language, item), "") for item in culture]
        for country in sorted(set(of_item)):
            here = np.array([each == country for each in of_item])
            mine = {way: values[place][here] for way, values in ways.items()}
            if country and np.isfinite(mine["unnamed"]).any():
                rows.append(country_row(language, country, mine))
    return pd.DataFrame(rows)


def country_row(
    language: str, country: str, mine: Mapping[str, np.ndarray]
) -> dict[str, object]:
    """Shares of a country's items in a language with their intervals."""
    row: dict[str, object] = {"language": language, "country": country}
    for way, answers in mine.items():
        known = answers[np.isfinite(answers)]
        share, ends = clustered_share(known, np.arange(len(known)))
        row |= {way: share, f"{way} low": ends.low, f"{way} high": ends.high}
    row["n"] = int(np.isfinite(mine["unnamed"]).sum())
    return row


def countries_of(study: Study) -> dict[tuple[str, str], str]:
    """(Language, item) → country of the culture questions that the plane asked."""
    spec = study.manifest.part(PlanePart).spec_as(SweepSpec)
    found = {}
    for question in find_questions(spec.questions_digest).questions:
        if question.kind == CULTURE:
            found[question.language, question.item] = question.country
    return found
