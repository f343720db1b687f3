"""Which depths and strengths? Settings are chosen by the Pareto gain on some items and
reported on others, in turn, beside choices that were fixed beforehand.

What is reported was not chosen on: also the candidates of both vectors at once were
picked on the half of the items that is never reported.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.core.errors import StudyError
from analysis.core.intervals import Interval
from analysis.plane import localisation
from analysis.plane.localisation import (
    AXES,
    Setting,
    change_bounds,
    part,
    prompts,
    rates,
)
from analysis.study.study import Study

FOLDS = 5
"""Parts that the reported items of a kind are cut into."""
TWO_DEPTHS = "chosen anew on other items: both vectors"
ENGLISH = "chosen anew on other items: English vector"
LOCAL = "chosen anew on other items: local vector"
MIDDLE = "fixed: both in the middle, strength 1"
APART = "fixed: English in the first third, local in the last"
FLATTERED = "chosen on the very items shown (flatters)"


@dataclass(frozen=True)
class Items:
    """The items that settings are chosen and reported on.

    ``changes`` (axis, setting, language, item): local or right answer under a setting −
    without steering; ``fold`` (axis, item): 0 is never reported, 1… are reported in turn.
    Axes have as many places as the longer one; NaN behind the other's last.
    """

    changes: np.ndarray
    fold: np.ndarray


def items(study: Study) -> Items:
    """Changes by setting and item on both axes, and the fold of each item."""
    values = localisation.right(study)
    _, names, half = prompts(study)
    wanted = {axis: part(study, axis, None) for axis in AXES}
    most = max(int(here.sum()) for here in wanted.values())
    changes = np.full((len(AXES), *values.shape[:2], most), np.nan)
    fold = np.zeros((len(AXES), most), int)
    for place, here in enumerate(wanted.values()):
        n = int(here.sum())
        changes[place, :, :, :n] = values[:, :, here] - values[0][:, here]
        fold[place, :n] = folds(names[here], half[here])
    return Items(changes, fold)


def folds(names: np.ndarray, half: np.ndarray) -> np.ndarray:
    """The fold of each item: 0 of the half that settings are chosen on, else 1…FOLDS.

    Told by the item's name, the same in all languages.
    """
    found = np.zeros(len(names), int)
    reported = [place for place in range(len(names)) if half[place] == 1]
    ordered = sorted(reported, key=lambda place: order_of(str(names[place])))
    for rank, place in enumerate(ordered):
        found[place] = 1 + rank % FOLDS
    return found


def order_of(name: str) -> bytes:
    """Where an item stands in an order that has nothing to do with its name."""
    return hashlib.sha256(f"fold {name}".encode()).digest()


def pareto_gains(changes: np.ndarray) -> np.ndarray:
    """The smaller of the gains on both axes, (setting,); from (axis, setting, language,
    item).

    Above 0 only for a setting that is better than no steering on both.
    """
    gains = np.stack([rates(axis) for axis in changes])
    return gains.min(0)


def best_of(changes: np.ndarray, candidates: Sequence[int]) -> int:
    """The candidate with the largest Pareto gain; the first of equals."""
    gains = pareto_gains(changes[:, list(candidates)])
    return candidates[int(np.nanargmax(np.where(np.isnan(gains), -np.inf, gains)))]


@dataclass(frozen=True)
class Chosen:
    """Changes of reported items under what other items chose, and what that was.

    ``changes`` (axis, language, item); ``settings``: fold → setting.
    """

    changes: np.ndarray
    settings: tuple[int, ...]


def chosen_in_turn(found: Items, candidates: Sequence[int]) -> Chosen:
    """For each fold the candidate that all other items choose, told on the fold."""
    axes, _, languages, most = found.changes.shape
    told = np.full((axes, languages, most), np.nan)
    chosen = []
    for fold in range(1, FOLDS + 1):
        inside = found.fold == fold
        if not inside.any():
            continue
        others = np.where(inside[:, None, None], np.nan, found.changes)
        place = best_of(others, candidates)
        chosen.append(place)
        told = np.where(inside[:, None], found.changes[:, place], told)
    return Chosen(told, tuple(chosen))


def chosen_once(found: Items, place: int) -> Chosen:
    """One setting for all, told on the reported items."""
    reported = found.fold > 0
    told = np.where(reported[:, None], found.changes[:, place], np.nan)
    return Chosen(told, (place,))


@dataclass(frozen=True)
class Gains:
    """Gains on both axes and the smaller of them, each with a 95 % interval."""

    gains: tuple[float, float]
    ends: tuple[Interval[float], Interval[float]]

    @property
    def pareto(self) -> float:
        """The smaller of both gains."""
        return float(np.min(self.gains))

    @property
    def pareto_ends(self) -> Interval[float]:
        """The smaller of both lower ends, and of both upper ends.

        The smaller gain lies below it at most as often as one gain below its own.
        """
        lows = [each.low for each in self.ends]
        highs = [each.high for each in self.ends]
        # Not Python's min: an end that is not known makes the smaller one unknown.
        return Interval(float(np.min(lows)), float(np.min(highs)))


def gains_of(changes: np.ndarray) -> Gains:
    """Gains of changes (axis, language, item), items drawn whole."""
    means = []
    ends = []
    for axis in changes:
        low, high = change_bounds(axis)
        means.append(float(rates(axis)))
        ends.append(Interval(float(low), float(high)))
    return Gains((means[0], means[1]), (ends[0], ends[1]))


def places_of(listed: Sequence[Setting], mode: str) -> list[int]:
    """Settings of a mode, random twins apart."""
    found = []
    for place, each in enumerate(listed):
        if each.mode == mode and not each.twin:
            found.append(place)
    return found


Depths = tuple[float, float]
"""Where the English and the local vector act, as shares of the depth."""
FIXED: dict[str, Depths] = {MIDDLE: (1 / 2, 1 / 2), APART: (1 / 3, 2 / 3)}
"""Choices that look at no answer: the nearest setting that was tried stands for them."""


def nearest(study: Study, candidates: Sequence[int], depths: Depths) -> int:
    """The candidate whose depths, then strengths, are nearest to these and to 1."""
    listed = localisation.settings(study)

    def distance(place: int) -> tuple[float, float]:
        setting = listed[place]
        english = abs(setting.english_layer / study.layers - depths[0])
        local = abs(setting.local_layer / study.layers - depths[1])
        strengths = abs(setting.english_strength - 1) + abs(setting.local_strength - 1)
        return english + local, strengths

    return min(candidates, key=distance)


def choices(study: Study) -> dict[str, Chosen]:
    """Each way to choose depths and strengths, told on items that it did not look at.

    StudyError where the sweep lacks both vectors at once, or items of both kinds.
    """
    missing = localisation.lacking(study)
    if missing:
        raise StudyError(
            f"Nothing can be chosen by both gains: {'; '.join(missing.values())}."
        )
    listed = localisation.settings(study)
    both = places_of(listed, "both")
    if not both:
        raise StudyError(
            f"“{study.title}” has not tried both vectors at once yet. Go on with its "
            "sweep."
        )
    found = items(study)
    ways = {
        TWO_DEPTHS: chosen_in_turn(found, both),
        ENGLISH: chosen_in_turn(found, places_of(listed, "English")),
        LOCAL: chosen_in_turn(found, places_of(listed, "local")),
    }
    for name, depths in FIXED.items():
        ways[name] = chosen_once(found, nearest(study, both, depths))
    reported = np.where(found.fold[:, None, None] > 0, found.changes, np.nan)
    ways[FLATTERED] = chosen_once(found, best_of(reported, both))
    return ways


def nested_choice(study: Study) -> pd.DataFrame:
    """Gains of depths and strengths that were chosen on other items, beside fixed ones.

    One row per way to choose: ``gain`` in transfer, ``local`` gain in localisation,
    ``pareto`` (the smaller of both), and ``more gain`` and ``more local`` (the nested
    choice of both − this way), each with 95 % ``… low`` and ``… high``; ``setting`` what
    was chosen most often, in ``of`` folds; ``n`` reported items of both kinds.
    StudyError as in ``choices``.
    """
    listed = localisation.settings(study)
    ways = choices(study)
    ours = ways[TWO_DEPTHS].changes
    rows = []
    for name, chosen in ways.items():
        row: dict[str, object] = {"choice": name}
        row |= in_columns(gains_of(chosen.changes), COLUMNS)
        row |= in_columns(gains_of(ours - chosen.changes), AGAINST)
        (place, times), *_ = Counter(chosen.settings).most_common(1)
        row["setting"] = listed[place].title
        row["of"] = f"{times} of {len(chosen.settings)}"
        row["n"] = int(np.isfinite(chosen.changes).any(1).sum())
        rows.append(row)
    return pd.DataFrame(rows)


class Gain(NamedTuple):
    """A gain with its ends."""

    value: float
    ends: Interval[float]


Column = Callable[[Gains], Gain]


def of_transfer(found: Gains) -> Gain:
    """The gain in transfer with its ends."""
    return Gain(found.gains[0], found.ends[0])


def of_localisation(found: Gains) -> Gain:
    """The gain in localisation with its ends."""
    return Gain(found.gains[1], found.ends[1])


def of_both(found: Gains) -> Gain:
    """The smaller gain with its ends."""
    return Gain(found.pareto, found.pareto_ends)


COLUMNS: dict[str, Column] = {
    "gain": of_transfer,
    "local": of_localisation,
    "pareto": of_both,
}
"""Columns of the table → what stands in them."""
AGAINST: dict[str, Column] = {"more gain": of_transfer, "more local": of_localisation}
"""The same of what the nested choice has more."""


def in_columns(found: Gains, columns: dict[str, Column]) -> dict[str, float]:
    """Gains with their ends, as columns."""
    row = {}
    for name, column in columns.items():
        value, ends = column(found)
        row |= {name: value, f"{name} low": ends.low, f"{name} high": ends.high}
    return row
