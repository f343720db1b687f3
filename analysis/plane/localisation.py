"""What does transfer cost in culture? Accuracy on universal items against local
answers, unsteered and steered.

Han et al. (arXiv 2510.26024) do not publish their axes; these definitions are ours.
"""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.core.errors import SpecError, StudyError, unknown
from analysis.core.intervals import Interval, difference_interval, share_interval
from analysis.core.specs import check
from analysis.core.statistics import mean_known
from analysis.plane.specs import SweepSpec
from analysis.questions.answers import NAMED, likeliest
from analysis.questions.questions import CULTURE, UNIVERSAL
from analysis.study.manifest import PlanePart
from analysis.study.study import Study

AXES = {"transfer": UNIVERSAL, "localisation": CULTURE}
HALVES = ("chosen on", "reported on")
MODES = ("English", "local", "both")
CRITERIA = {
    "English": "largest gain in transfer",
    "local": "largest gain in localisation",
    "both": "largest sum of the two gains",
}
"""Mode → what the best setting is chosen by, on one half of the items."""


@dataclass(frozen=True)
class Setting:
    """How a forward pass is steered: layer and strength of either vector (0: none);
    ``twin`` > 0: random vectors of that seed.
    """

    mode: str = "baseline"
    english_layer: int = 0
    english_strength: float = 0.0
    local_layer: int = 0
    local_strength: float = 0.0
    twin: int = 0

    @property
    def words(self) -> str:
        """For captions and tables."""
        parts = (
            [f"English {self.english_strength:g} at layer {self.english_layer}"]
            if self.english_layer
            else []
        )
        parts += (
            [f"local {self.local_strength:g} at layer {self.local_layer}"]
            if self.local_layer
            else []
        )
        return (" and ".join(parts) or "unsteered") + (
            f", random twin {self.twin}" if self.twin else ""
        )

    @property
    def title(self) -> str:
        """For titles, which stand alone: “English vector at layer 6, strength 1”."""
        vectors = (
            ("English", self.english_layer, self.english_strength),
            ("local", self.local_layer, self.local_strength),
        )
        parts = []
        for name, layer, strength in vectors:
            if layer:
                parts.append(f"{name} vector at layer {layer}, strength {strength:g}")
        words = " and ".join(parts) or "unsteered"
        return f"{words}, random twin {self.twin}" if self.twin else words


def settings(study: Study) -> tuple[Setting, ...]:
    """Settings whose answers are there, the baseline first; StudyError when there is no plane."""
    if not study.has("plane_answer"):
        raise StudyError(
            f"“{study.title}” has no plane. Run a sweep on the Plane page."
        )
    listed = study.manifest.part(PlanePart).settings
    done = study.array("plane_there").sizes["setting"]
    return tuple(Setting(**each) for each in listed[:done])


def chosen_options(study: Study, scoring: str, normalised: bool) -> np.ndarray:
    """The option that each answer takes (setting, language, prompt), from 1; 0 none,
    which ties are too.
    """
    if scoring == "generation":
        return np.nan_to_num(study.array("plane_match").values).astype(int)
    return likeliest(
        study.array("plane_score").values,
        study.array("plane_tokens").values,
        normalised,
    )


def right(
    study: Study, scoring: str = "", normalised: bool | None = None
) -> np.ndarray:
    """Whether each answer is the right or the local one (setting, language, prompt), 1
    or 0.

    NaN where an item is not asked, or a language is not steered in the setting. The
    study's own way of scoring unless given:
    likeliest option (``normalised``: per token) or what was written, which is there for
    the baseline in any case.
    """
    spec = study.manifest.part(PlanePart).spec_as(SweepSpec)
    chosen = chosen_options(
        study,
        scoring or spec.scoring,
        spec.normalised if normalised is None else normalised,
    )
    answer = study.array("plane_answer").values.astype(int)
    there = np.nan_to_num(study.array("plane_there").values[: len(chosen)]) > 0
    value = (chosen == answer).astype(float)
    return np.where((answer > 0) & there[..., None], value, np.nan)


class Prompts(NamedTuple):
    """Kind, item and half of every prompt."""

    kinds: np.ndarray
    items: np.ndarray
    half: np.ndarray


def prompts(study: Study) -> Prompts:
    """Kind, item and half (0 chosen on, 1 reported on) of every prompt; halves are
    equal and the same in all languages.
    """
    listed = study.manifest.part(PlanePart).prompts
    kinds, items = (
        np.array([kind for kind, _ in listed]),
        np.array([item for _, item in listed]),
    )
    half = np.zeros(len(items), int)
    for kind in (UNIVERSAL, CULTURE):
        names = sorted(
            set(items[kinds == kind]),
            key=lambda item: hashlib.sha256(f"half {item}".encode()).digest(),
        )
        rank = {item: i % 2 for i, item in enumerate(names)}
        here = (kinds == kind) | ((kinds == NAMED) if kind == CULTURE else False)
        half[here] = [rank[item] for item in items[here]]
    return Prompts(kinds, items, half)


def rates(values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Mean over prompts of (…, language, prompt), then over languages: (…,), or (…,
    replicate) for weights (prompt, replicate).
    """
    per_language = shares(values, weights)
    return mean_known(np.moveaxis(per_language, values.ndim - 2, 0))


def shares(values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Mean over prompts of (…, prompt): (…,), or (…, replicate) for weights (prompt,
    replicate); NaN where there is none.
    """
    known = np.isfinite(values)
    each = np.ones(values.shape[-1]) if weights is None else weights
    n = known @ each
    return np.where(
        n > 0, np.where(known, values, 0) @ each / np.where(n > 0, n, 1), np.nan
    )


def part(study: Study, axis: str, half: int | None) -> np.ndarray:
    """Which prompts belong to an axis (and a half)."""
    if axis not in AXES:
        raise unknown("axis", axis, AXES)
    kinds, _, halves = prompts(study)
    return (kinds == AXES[axis]) & ((halves == half) if half is not None else True)


def chance(study: Study, half: int | None = 1) -> dict[str, float]:
    """What guessing among the options would give on each axis: mean over items of 1 /
    options; NaN without items.
    """
    tokens = study.array("plane_tokens").values > 0
    share = np.where(tokens.any(-1), 1 / np.maximum(tokens.sum(-1), 1), np.nan)
    return {axis: float(rates(share[:, part(study, axis, half)])) for axis in AXES}


def lacking(study: Study, half: int | None = 1) -> dict[str, str]:
    """Axis that a half of the items says nothing about → why."""
    asked = study.array("plane_answer").values > 0
    found = {}
    for axis, kind in AXES.items():
        if not asked[:, part(study, axis, half)].any():
            only = "the only one is among those that settings are chosen on"
            why = (
                only
                if asked[:, part(study, axis, None)].any()
                else "none is held out and has options"
            )
            found[axis] = (
                f"{axis} is missing, since there are no {kind} items to report ({why})"
            )
    return found


def sweep_table(study: Study, half: int | None = 1) -> pd.DataFrame:
    """One row per setting: both axes as means over its languages, and the changes from
    the baseline in the same languages.

    ``half`` 0: items that settings are chosen on; 1: items that are reported; None:
    all. ``gain`` = transfer − baseline's,
    ``erasure`` = baseline's localisation − localisation, ``cost`` = erasure / gain
    where gain > 0. StudyError without a plane.
    """
    values, listed = right(study), settings(study)
    table = pd.DataFrame([{"setting": s.words, **vars(s)} for s in listed])
    changes = {}
    for axis in AXES:
        chosen = values[:, :, part(study, axis, half)]
        table[axis] = rates(chosen)
        changes[axis] = rates(chosen - chosen[0])
        table[f"{axis} items"] = np.isfinite(chosen).any((0, 1)).sum()
    table["gain"], table["erasure"] = changes["transfer"], -changes["localisation"]
    table["cost"] = cost_of(table["gain"], table["erasure"])  # pyright: ignore[reportArgumentType]
    return table.assign(languages=np.isfinite(values).any(2).sum(1))


def criterion(table: pd.DataFrame, mode: str) -> pd.Series:
    """What the best setting of a mode is chosen by."""
    return {
        "English": table["gain"],
        "local": -table["erasure"],
        "both": table["gain"] - table["erasure"],
    }[mode]


def chosen_settings(study: Study) -> dict[str, int]:
    """Mode → its best setting by CRITERIA on the half that is chosen on; modes without
    a setting are left out.
    """
    table = sweep_table(study, 0)
    found = {}
    for mode in MODES:
        rows = table[(table["mode"] == mode) & (table["twin"] == 0)]
        scores = criterion(rows, mode).dropna()  # pyright: ignore[reportArgumentType]
        if len(scores):
            found[mode] = int(scores.idxmax())  # pyright: ignore[reportArgumentType]
    return found


def check_setting(study: Study, place: int) -> None:
    """SpecError unless a setting of the sweep, 0 the baseline, is there."""
    last = len(settings(study)) - 1
    if not 0 <= place <= last:
        raise SpecError(
            f"There is no setting {place}; choose one of 0 (unsteered) to {last}."
        )


def twins_of(study: Study, place: int) -> list[int]:
    """The random twins of a setting."""
    check_setting(study, place)
    listed = settings(study)
    real = vars(listed[place]) | {"twin": 0}
    return [
        i
        for i, each in enumerate(listed)
        if each.twin and vars(each) | {"twin": 0} == real
    ]


def plane(study: Study, place: int, half: int | None = 1) -> pd.DataFrame:
    """One row per language that the setting steers: both axes before and after, with 95
    % intervals (Wilson's) over items.

    Columns: ``transfer``/``localisation`` after, ``… before``, ``… low``/``… high`` of
    the value after, ``gain``, ``erasure`` and
    ``cost``, ``gap`` (baseline: local answers with the country named − without; A15),
    ``universal`` and ``culture`` (items). The
    same resampled items before and after. Shares, not percent. NaN where a language has
    no items of a kind.
    """
    check_setting(study, place)
    values = right(study)
    rows = pd.DataFrame({"language": list(study.languages)})
    for axis in AXES:
        chosen = values[[0, place]][:, :, part(study, axis, half)]
        items = np.isfinite(chosen[1]).sum(-1)
        rows[f"{axis} before"], rows[axis] = shares(chosen)
        rows[f"{axis} low"], rows[f"{axis} high"] = share_bounds(chosen[1], items)
        rows[AXES[axis]] = items
    rows["gain"] = rows["transfer"] - rows["transfer before"]
    rows["erasure"] = rows["localisation before"] - rows["localisation"]
    rows["cost"] = cost_of(rows["gain"], rows["erasure"])  # pyright: ignore[reportArgumentType]
    rows["named"] = shares(values[0][:, prompts_with_country(study, half)])
    rows["gap"] = rows["named"] - rows["localisation before"]
    there = np.isfinite(values[place]).any(-1)
    return rows[there].reset_index(drop=True)  # pyright: ignore[reportReturnType]


def share_bounds(right: np.ndarray, items: np.ndarray) -> Interval[np.ndarray]:
    """95 % intervals (language) of shares of independent items (language, item)."""
    values = shares(right)
    variance = values * (1 - values) / np.maximum(items, 1)
    return share_interval(values, variance, items, items)


def cost_of(gain: pd.Series, erasure: pd.Series) -> np.ndarray:
    """Erasure / gain where there is a gain; NaN elsewhere."""
    return np.where(gain > 0, erasure / gain.where(gain > 0), np.nan)


def prompts_with_country(study: Study, half: int | None) -> np.ndarray:
    """Which prompts name the country (of a half of the items)."""
    kinds, _, halves = prompts(study)
    named = kinds == NAMED
    return named if half is None else named & (halves == half)


@dataclass(frozen=True)
class Effect:
    """A change of both axes, mean over languages, with 95 % intervals over items.

    ``items`` and ``languages`` are of transfer and of localisation: a language may have
    items of one kind only.
    """

    setting: Setting
    gain: float
    gain_ends: tuple[float, float]
    erasure: float
    erasure_ends: tuple[float, float]
    languages: tuple[int, int]
    items: tuple[int, int]


def effect(study: Study, place: int, half: int | None = 1) -> Effect:
    """Gain and erasure of a setting on a half of the items; items are drawn whole, all
    their translations with them.
    """
    check_setting(study, place)
    values = right(study)
    found = {}
    for axis, sign in (("transfer", 1), ("localisation", -1)):
        here = part(study, axis, half)
        change = sign * (values[place] - values[0])[:, here]
        low, high = change_bounds(change)
        found[axis] = (
            float(rates(change)),
            (float(low), float(high)),
            np.isfinite(change),
        )
    gain, gain_ends, universal = found["transfer"]
    erasure, erasure_ends, culture = found["localisation"]
    return Effect(
        settings(study)[place],
        gain,
        gain_ends,
        erasure,
        erasure_ends,
        (int(universal.any(1).sum()), int(culture.any(1).sum())),
        (int(universal.any(0).sum()), int(culture.any(0).sum())),
    )


def front(points: np.ndarray) -> np.ndarray:
    """Indices of the points (point, 2) that no other is at least as good as in both and
    better in one; sorted by the first axis.
    """
    known = np.flatnonzero(np.isfinite(points).all(1))
    better = [
        i
        for i in known
        if not any(
            (points[j] >= points[i]).all() and (points[j] > points[i]).any()
            for j in known
        )
    ]
    return np.array(sorted(better, key=lambda i: tuple(points[i])), int)


def hypervolume(points: np.ndarray, origin: tuple[float, float] = (0.0, 0.0)) -> float:
    """Area that points (point, 2) dominate above ``origin``; larger is better in both.

    Zitzler and Thiele 1999.
    """
    best, area, height = (
        points[front(points)] if len(points) else np.empty((0, 2)),
        0.0,
        origin[1],
    )
    for x, y in best[::-1]:  # from the largest first axis down the second one grows
        if x > origin[0] and y > height:
            area, height = area + (x - origin[0]) * (y - height), y
    return float(area)


def change_bounds(change: np.ndarray) -> Interval[np.ndarray]:
    """95 % interval of the mean over languages of changes (language, item).

    Items are drawn whole, all their translations with them.
    """
    known = np.isfinite(change)
    there = known.any(-1)
    asked = known.any(0)
    items = np.array(asked.sum())
    counts = np.maximum(known.sum(-1, keepdims=True), 1)
    mean = mean_known(change, -1)[:, None]
    moved = np.where(known, change - mean, 0) / counts
    of_item = moved.sum(0) / max(there.sum(), 1)
    variance = (of_item**2).sum() * items / np.maximum(items - 1, 1)
    return difference_interval(rates(change), variance, items, known.sum())


def by_layer(study: Study, mode: str, half: int | None = 1) -> pd.DataFrame:
    """Change of both axes per layer of a single vector, at each layer's best strength
    on the half that is chosen on.
    """
    check("mode", mode, MODES[:2])
    chosen, shown = sweep_table(study, 0), sweep_table(study, half)
    rows = chosen[(chosen["mode"] == mode) & (chosen["twin"] == 0)].assign(
        score=lambda t: criterion(t, mode)
    )
    layer = "english_layer" if mode == "English" else "local_layer"
    best = rows.dropna(subset="score").groupby(layer)["score"].idxmax()
    table = shown.loc[best.values, ["setting", "gain", "erasure"]].assign(
        layer=best.index
    )
    return table.sort_values("layer").reset_index(drop=True)


def agreement_of_scorings(study: Study) -> pd.DataFrame:
    """How often likelihood and generation take the same option at the baseline, by
    language, and how often none is written.
    """
    spec = study.manifest.part(PlanePart).spec_as(SweepSpec)
    likely, written = (
        chosen_options(study, "likelihood", spec.normalised)[0],
        chosen_options(study, "generation", True)[0],
    )
    asked = study.array("plane_answer").values > 0
    same = [
        float((likely == written)[a][asked[a]].mean()) if asked[a].any() else np.nan
        for a in range(len(asked))
    ]
    none = [
        float((written == 0)[a][asked[a]].mean()) if asked[a].any() else np.nan
        for a in range(len(asked))
    ]
    return pd.DataFrame(
        {
            "language": list(study.languages),
            "same": same,
            "no option written": none,
            "n": asked.sum(1),
        }
    )
