"""Plane: transfer or erasure?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.core.counting import count
from analysis.core.typeset import minus_signs
from analysis.plane import finding, localisation
from analysis.plane.localisation import AXES, Effect
from analysis.plane.specs import SweepSpec
from analysis.study.manifest import PlanePart
from analysis.study.study import Study
from components.figures.languages import Languages
from components.figures.spec import Arrows, Figure, Lines, Points, Series
from components.figures.text import source_note

CORNERS = (
    "less transfer, more local",
    "more transfer, more local",
    "less of both",
    "more transfer, less local",
)
NAMES = {
    "English": "English vector",
    "local": "local vector",
    "both": "both at two depths (surgical)",
}
"""Mode of steering → what it is called."""
HALVES = {
    "the half that nothing was chosen on": 1,
    "all held-out items (optimistic)": None,
}
"""Which items are shown → the half of ``localisation``."""
KINDS = ("universal", "culture")
"""Items that an arrow needs, as columns of the plane's table."""
ONE_HALF = "Items: the half on which nothing was chosen."
ALL_ITEMS = "Items: all held out; settings were chosen on half of them."
WRITTEN = "Answers: what the model writes, matched with the options."


@dataclass(frozen=True)
class Steered:
    """A setting on a half of the items, as the measures of localisation give it.

    ``table``: a row per language; ``chance``: axis → share; ``others``: rows of other
    methods' answers (method, language, transfer, localisation), maybe none.
    """

    half: int | None
    table: pd.DataFrame
    effect: Effect
    chance: Mapping[str, float]
    others: pd.DataFrame


def no_others() -> pd.DataFrame:
    """No other method's answers."""
    return pd.DataFrame(columns=["method", "language", *AXES])


def answering(study: Study) -> str:
    """How answers were taken."""
    spec = study.manifest.part(PlanePart).spec_as(SweepSpec)
    if spec.scoring == "generation":
        return WRITTEN
    by = "whole answer, which favours short ones"
    if spec.normalised:
        by = "per token"
    return f"Answers: likeliest option, {by}."


def items_shown(half: int | None) -> str:
    """Which items are shown, in a sentence."""
    if half == 1:
        return ONE_HALF
    return ALL_ITEMS


def arrows(study: Study, steered: Steered, languages: Languages) -> Figure:
    """One arrow per language from unsteered to steered."""
    table = steered.table.set_index("language")
    shown = languages.among(table.index)
    table = table.loc[list(shown.codes)]
    known = table.dropna(subset=list(AXES))
    drawn = shown.among(known.index)
    others = other_methods(steered.others, drawn.codes)
    before = known[[f"{axis} before" for axis in AXES]].to_numpy()
    centre = (0.5, 0.5)
    if len(before):
        centre = tuple(before.mean(0))
    data = Arrows(
        before,
        known[list(AXES)].to_numpy(),
        drawn.names,
        intervals(known),
        CORNERS,
        centre,
        others.points,
    )
    return Figure(
        name=f"plane-{study.name}",
        analysis="plane",
        estimate="transfer",
        interval=("transfer low", "transfer high"),
        title=f"Transfer against localisation: {steered.effect.setting.title}",
        caption=minus_signs(arrows_caption(study, steered, table, others.words)),
        seen="Each arrow is a language: from its unsteered answers (open) to its steered "
        "ones (filled). Pale lines are 95 % intervals, dotted lines the unsteered means.",
        data=data,
        table=rounded(table.reset_index()),
        x="transfer (share of universal items right)",
        y="localisation (share of local answers)",
        source=source_note(study, "plane_score"),
    )


def answer(found: Effect) -> str:
    """What a vector does to both axes, in a sentence with intervals and n."""
    mode = NAMES[found.setting.mode]
    name = f"Steering with the {mode}" if "vector" in mode else f"Steering {mode}"
    gain = finding.change(found.gain, found.gain_ends)
    local = finding.change(-found.erasure, found.erasure_ends, -1)
    return minus_signs(
        f"{name} {what_it_does(found)}: transfer {gain}; local answers {local}. "
        f"n = {items_in_words(found)}."
    )


def items_in_words(found: Effect) -> str:
    """How many items of either kind there are, and in how many languages."""
    universal, culture = found.items
    readers, locals_ = (count(each, "language") for each in found.languages)
    if found.languages[0] == found.languages[1]:
        return f"{universal} universal and {culture} culture items, {readers}"
    return (
        f"{universal} universal items in {readers} and {culture} culture items in "
        f"{locals_}"
    )


def what_it_does(found: Effect) -> str:
    """What holds up of an effect: an interval on one side of zero."""
    wins, loses = found.gain_ends[0] > 0, found.gain_ends[1] < 0
    erases, localises = found.erasure_ends[0] > 0, found.erasure_ends[1] < 0
    if wins and erases:
        return "brings transfer and erases local answers"
    if wins and localises:
        return "brings transfer and local answers"
    if wins:
        return "brings transfer at no cost that holds up"
    if erases:
        return "erases local answers and brings no transfer that holds up"
    if localises and loses:
        return "brings local answers and costs transfer"
    if localises:
        return "brings local answers at no cost that holds up"
    if loses:
        return "costs transfer"
    return "changes neither axis by more than chance would"


def without_an_arrow(table: pd.DataFrame, found: Effect, languages: Languages) -> str:
    """Which languages have no arrow, and which items they lack; empty where all have."""
    told = []
    for row in table.to_dict("records"):
        lacks = [kind for kind in KINDS if not row[kind]]
        if lacks:
            name = languages.name(row["language"])
            told.append(f"{name} has no {' and no '.join(lacks)} items")
    if not told:
        return ""
    drawn = len(table) - len(told)
    universal, culture = found.items
    return (
        f"{drawn} of {count(len(table), 'language')} have an arrow: {'; '.join(told)} "
        f"among the {universal} universal and {culture} culture items shown."
    )


def intervals(known: pd.DataFrame) -> np.ndarray:
    """Intervals (language, axis, end) after steering."""
    ends = [known[[f"{axis} low", f"{axis} high"]].to_numpy() for axis in AXES]
    return np.stack(ends, 1)


def arrows_caption(
    study: Study, steered: Steered, table: pd.DataFrame, others: str
) -> str:
    """What the arrows are, what they gain and cost, and what is left out."""
    found, chance = steered.effect, steered.chance
    known = table.dropna(subset=list(AXES))
    universal, culture = found.items
    asked = "one language" if len(known) == 1 else count(len(known), "language")
    lost = [code for code in table.index if code not in known.index]
    lacking = ""
    if lost:
        lacking = f" Without items of both kinds: {', '.join(lost)}."
    return (
        "Open: unsteered, filled: steered; crosses: 95 % intervals over items; "
        f"{universal} universal and {culture} culture items, {asked}. "
        f"Mean gain {finding.change(found.gain, found.gain_ends)}; "
        f"erasure {finding.change(found.erasure, found.erasure_ends)}{price(found)}."
        f"{naming_the_country(known)}{lacking}{others} "
        f"{items_shown(steered.half)} {answering(study)} Lines: unsteered means. "
        f"Chance: {chance['transfer']:z.2f} and {chance['localisation']:z.2f}."
    )


def price(found: Effect) -> str:
    """What a point of transfer costs, where there is a gain."""
    if not found.gain > 0 or not np.isfinite(found.erasure):
        return ""
    cost = found.erasure / found.gain
    return f"; cost {cost:z.2f} points of localisation per point of transfer"


def naming_the_country(known: pd.DataFrame) -> str:
    """The gap between explicit and implicit questions, where it was asked."""
    gap = known["gap"].dropna()
    if not len(gap):
        return ""
    return (
        f" Naming the country changes local answers by {100 * gap.mean():+z.1f} points "
        "on average (explicit–implicit gap)."
    )


@dataclass(frozen=True)
class OtherMethods:
    """Points of other methods by name, each (1, 2), and sentences on them."""

    points: tuple[tuple[str, np.ndarray], ...]
    words: str


def other_methods(table: pd.DataFrame, drawn: Sequence[str]) -> OtherMethods:
    """Means of other methods' answers over the languages that have arrows."""
    axes = list(AXES)
    here = table.loc[table["language"].isin(drawn)].dropna(subset=axes)
    means = here.groupby("method", sort=False)[axes].mean()
    points = []
    for name, row in zip(means.index, means.to_numpy()):
        points.append((str(name), np.array([row.tolist()])))
    words = ""
    if len(here):
        languages = here["method"].value_counts(sort=False)
        each = (
            f"{name}, {n} of {len(drawn)} languages" for name, n in languages.items()
        )
        words = f" Answers from a file, means: {'; '.join(each)}."
    off = [str(name) for name in table["method"].unique() if name not in means.index]
    if off:
        words += (
            " Without items of both kinds in a language that is drawn, and so without "
            f"a point: {', '.join(off)}."
        )
    return OtherMethods(tuple(points), words)


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Shares with three decimals."""
    shares = table.select_dtypes("float").columns
    return table.assign(**{name: table[name].round(3) for name in shares})


@dataclass(frozen=True)
class Swept:
    """One vector over layers: ``table`` has ``gain`` and ``erasure`` by layer."""

    mode: str
    half: int | None
    table: pd.DataFrame
    chosen: int
    """The layer of the setting that was chosen on the other half of the items."""


def over_depth(study: Study, swept: Swept) -> Figure | None:
    """Change of both axes over depth; None where neither is known at any layer."""
    series = change_curves(study, swept.table)
    if not series:
        return None
    alone = ""
    if len(series) == 1:
        alone = f" Only the {series[0].label} is known."
    name, layer = NAMES[swept.mode], swept.chosen
    return Figure(
        name=f"plane-{swept.mode}-{study.name}",
        analysis="plane by layer",
        title=f"{name.capitalize()} over depth",
        seen="Change from unsteered answers at each layer's best strength; dotted: the "
        "layer that was chosen on the other half of the items.",
        caption="Change from unsteered, mean over languages, at each layer's best "
        f"strength; strength and layer {layer} (dotted) have the "
        f"{localisation.CRITERIA[swept.mode]} on the other half of the items."
        f"{alone} {items_shown(swept.half)}",
        data=Lines(tuple(series), mark=layer / study.layers),
        table=rounded(swept.table),
        x="relative depth (1 = last block)",
        y="percentage points",
        source=source_note(study, "plane_score"),
    )


def change_curves(study: Study, table: pd.DataFrame) -> list[Series]:
    """Gains of both axes in points, as far as they are known."""
    depth = table["layer"].to_numpy() / study.layers
    gained, kept = 100 * table["gain"].to_numpy(), -100 * table["erasure"].to_numpy()
    series = []
    if np.isfinite(gained).any():
        series.append(Series("gain in transfer", depth, gained))
    if np.isfinite(kept).any():
        series.append(Series("gain in localisation", depth, kept, dashed=True))
    return series


def pareto(
    study: Study, table: pd.DataFrame, best: Mapping[str, int], half: int | None
) -> Figure:
    """All settings (``table`` of the sweep) on the plane; ``best``: mode → row."""
    kinds = setting_kinds(table)
    base = table.loc[0, list(AXES)].to_numpy(float)
    points = base + table[["gain", "erasure"]].to_numpy() * [1, -1]
    chosen = "; ".join(
        f"{NAMES[mode]}: {table['setting'][row]}" for mode, row in best.items()
    )
    areas = ", ".join(hypervolumes(kinds, points)) or "none"
    return Figure(
        name=f"pareto-{study.name}",
        analysis="plane table",
        title="Every setting on the plane",
        seen="Each point is a layer and a strength; its name is on hover. Right is more "
        "transfer, up is more local answers.",
        caption=f"{count(len(table), 'setting')}, means over languages (changes "
        "are added to "
        "the mean unsteered point, since English has no English vector). Hypervolume "
        f"above 0, 0 with the unsteered point: {areas}. "
        f"Chosen on the other half: {chosen}. {items_shown(half)}",
        data=Points(
            points[:, 0],
            points[:, 1],
            labels=tuple(table["setting"]),
            groups=tuple(map(str, kinds)),
            named=False,
        ),
        table=rounded(table),
        x="transfer",
        y="localisation",
        source=source_note(study, "plane_score"),
    )


def setting_kinds(table: pd.DataFrame) -> np.ndarray:
    """What each setting of a sweep is."""
    modes = [NAMES.get(mode, "unsteered") for mode in table["mode"]]
    return np.where(table["twin"] > 0, "random twins", modes)


def hypervolumes(kinds: np.ndarray, points: np.ndarray) -> list[str]:
    """The area that each kind of setting dominates, the unsteered point with it."""
    areas = []
    unsteered = np.arange(len(points)) == 0
    for name in NAMES.values():
        front = points[(kinds == name) | unsteered]
        if len(front) > 1:
            areas.append(f"{name} {localisation.hypervolume(front):z.3f}")
    return areas
