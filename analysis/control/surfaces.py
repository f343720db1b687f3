"""How hard, and where? Effect and cost of every setting of a search, the settings
chosen, and what they give on other prompts.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from analysis.control.judging import FOLLOWING, VERDICTS
from analysis.control.refusals import plain
from analysis.control.settings_tried import Grid, Layers, named
from analysis.control.specs import CHANGED_AND_KEPT, ControlSpec, JudgingSpec
from analysis.core.errors import unknown
from analysis.core.intervals import (
    LEVEL,
    mean_interval_of_units,
    share_interval,
    variation,
)
from analysis.core.statistics import harmonic
from analysis.languages.languages import without_spaces

COLUMNS = (
    "stage",
    "language",
    "source",
    "layers",
    "strength",
    "prompt",
    "role",
    "origin",
    "request",
    "target",
    "other",
    "towards",
    "text",
    "tokens",
    "surprise",
    "heard",
    "log_odds",
    "kl",
)
NONE, OWN, SHARED = "none", "own", "shared"


@dataclass(frozen=True)
class Choice:
    """The setting that a language's search chose; ``within``: its costs keep the limits."""

    strength: float
    layers: Layers
    place: tuple[int, int]
    within: bool


def table(
    cells: Sequence[Mapping],
    roles: Mapping[str, Mapping[str, Mapping]],
    towards: str = "",
) -> pd.DataFrame:
    """Answers of kept cells, one per row, with the columns of COLUMNS.

    ``roles``: language → role → number → prompt; a prompt without a push counts in each
    role that it has. ``towards``: the language that answers are pushed towards, if any.
    """
    rows = []
    for cell in cells:
        strengths = list(dict.fromkeys(cell["strength"]))
        costs = dict(zip(strengths, cell["kl"]))
        columns = (
            "prompt",
            "strength",
            "text",
            "tokens",
            "surprise",
            "heard",
            "log_odds",
        )
        for prompt, strength, *rest in zip(*(cell[name] for name in columns)):
            for role in (
                ("search", "report") if cell["stage"] == NONE else (cell["stage"],)
            ):
                if asked := roles[cell["language"]][role].get(prompt):
                    place = (
                        cell["stage"],
                        cell["language"],
                        cell["source"],
                        named(cell["layers"]),
                        strength,
                    )
                    rows.append(
                        (
                            *place,
                            prompt,
                            role,
                            asked.source or asked.prompt,
                            asked.text,
                            asked.target,
                            asked.other,
                            towards,
                            *rest,
                            costs[strength],
                        )
                    )
    kinds = dict.fromkeys(("strength", "surprise", "log_odds", "kl"), float)
    return pd.DataFrame(rows, columns=COLUMNS).astype(kinds)


def following(answers: pd.DataFrame) -> np.ndarray:
    """Following rate: share of answers that neither refuse nor fail (Xu et al. 2024)."""
    return np.where(answers["verdict"] == "", np.nan, answers["verdict"] == FOLLOWING)


def target_rate(answers: pd.DataFrame) -> np.ndarray:
    """Target-continuation rate: share of answers that begin with the prompt's target;
    unknown where there is none.
    """
    begun = [
        plain(text).startswith(plain(target))
        for text, target in zip(answers["text"], answers["target"])
    ]
    return np.where(answers["target"] == "", np.nan, begun)


def log_odds(answers: pd.DataFrame) -> np.ndarray:
    """Log-odds (nats) of the prompt's target against its other continuation, under the push."""
    return answers["log_odds"].to_numpy()


def changed(answers: pd.DataFrame) -> np.ndarray:
    """Whether an answer is in the language that it is pushed towards; unknown where no
    push is towards one, or it cannot be identified.
    """
    unknown_language = (answers["towards"] == "") | (answers["heard"] == "")
    return np.where(unknown_language, np.nan, answers["heard"] == answers["towards"])


def kept(answers: pd.DataFrame) -> np.ndarray:
    """Whether an answer holds the right one, in either language; unknown without one."""
    found = []
    columns = ("text", "target", "towards", "other", "language")
    for text, target, towards, other, own in zip(*(answers[name] for name in columns)):
        there = holds(text, target, towards) or holds(text, other, own)
        found.append(there)
    missing = (answers["target"] == "") | (answers["towards"] == "")
    return np.where(missing, np.nan, np.array(found, float))


def holds(text: str, answer: str, language: str) -> bool:
    """Whether a text has an answer in it: from the beginning of a word on, where words
    are apart; a number whole.
    """
    wanted = plain(answer)
    if not wanted:
        return False
    if without_spaces(language):
        return wanted in plain(text)
    return bool(re.search(rf"(?<!\w){re.escape(wanted)}(?!\d)", plain(text)))


@dataclass(frozen=True)
class Objective:
    """What a search maximises: a value per answer; ``rate``: a share with a Wilson
    interval, else a mean with Student's t.

    ``also``: a second share of the same answers; what is maximised is the harmonic mean
    of both.
    """

    values: Callable[[pd.DataFrame], np.ndarray]
    units: str
    rate: bool
    also: Callable[[pd.DataFrame], np.ndarray] | None = None

    @property
    def interval(self) -> str:
        """How its interval is made, in words."""
        if self.also is not None:
            return "of Wilson's 97.5 % ends of both shares, so that both hold together"
        return "Wilson" if self.rate else "Student's t over prompts"


OBJECTIVES: Mapping[str, Objective] = {
    "following rate": Objective(following, "share of answers", True),
    "verdict log-odds": Objective(log_odds, "nats", False),
    "target-continuation rate": Objective(target_rate, "share of answers", True),
    CHANGED_AND_KEPT: Objective(
        changed, "harmonic mean of both shares of answers", True, kept
    ),
}


def objectives_of(spec: ControlSpec) -> tuple[str, ...]:
    """The objectives that a run can be judged by, that which fits it best first."""
    others = tuple(name for name in OBJECTIVES if name != CHANGED_AND_KEPT)
    return (CHANGED_AND_KEPT, *others) if spec.towards else others


def objective(judging: JudgingSpec) -> Objective:
    """The objective of a judging; SpecError for an unknown one."""
    if judging.objective not in OBJECTIVES:
        raise unknown("objective", judging.objective, OBJECTIVES)
    return OBJECTIVES[judging.objective]


def summary(answers: pd.DataFrame, judging: JudgingSpec) -> dict[str, float]:
    """Effect and costs of answers under one setting: ``effect`` with ``low``, ``high``,
    ``n``; ``perplexity``, ``drift``, ``kl``.

    ``perplexity`` is that of the answers under the model that is not pushed (geometric
    mean over answers that are not empty),
    ``drift`` the share of answers in another language than the prompt's, or that they
    are pushed towards, among those whose language can be told, ``kl`` the
    divergence (nats) of the next token on neutral prompts.
    """
    heard = answers.loc[answers["heard"] != "", ["heard", "language", "towards"]]
    strange = heard["heard"] != heard["language"]
    strange &= heard["heard"] != heard["towards"]
    return {
        **effect_of(answers, objective(judging)),
        "perplexity": float(np.exp(answers["surprise"].mean()))
        if answers["surprise"].notna().any()  # pyright: ignore[reportGeneralTypeIssues]
        else np.nan,
        "drift": float(strange.mean()) if len(heard) else np.nan,
        "kl": float(answers["kl"].mean()) if answers["kl"].notna().any() else np.nan,  # pyright: ignore[reportArgumentType, reportGeneralTypeIssues]
    }


def effect_of(answers: pd.DataFrame, aim: Objective) -> dict[str, float]:
    """The effect of answers by an objective, with its interval and n.

    Of two shares also both of them, ``changed`` and ``kept``; the interval is between
    the harmonic means of their lower and of their upper ends, each of a level at which
    both shares lie between them 95 times of 100 (Bonferroni).
    """
    values = aim.values(answers).astype(float)
    second = values if aim.also is None else aim.also(answers).astype(float)
    known = np.isfinite(values) & np.isfinite(second)
    origins = answers["origin"].to_numpy()[known].tolist()
    if aim.also is None:
        return bounded(values[known], origins, aim.rate)
    both = (1 + LEVEL) / 2
    first = bounded(values[known], origins, aim.rate, both)
    other = bounded(second[known], origins, aim.rate, both)
    found = {}
    for name in ("effect", "low", "high"):
        ends = np.array(first[name]), np.array(other[name])
        found[name] = float(harmonic(*ends))
    return {
        **found,
        "n": first["n"],
        "changed": first["effect"],
        "kept": other["effect"],
    }


def bounded(
    values: np.ndarray, origins: Sequence[str], rate: bool, level: float = LEVEL
) -> dict[str, float]:
    """A mean with its interval; prompts of one origin are drawn together.

    Wilson's for a share, else Student's t, which NaN with fewer than FEW_UNITS origins.
    """
    if not len(values):
        return {"effect": np.nan, "low": np.nan, "high": np.nan, "n": 0}
    found = variation(values, origins)
    if rate:
        low, high = share_interval(
            np.array(found.mean),
            np.array(found.variance),
            np.array(found.units),
            np.array(found.observations),
            level,
        )
    else:
        low, high = mean_interval_of_units(found, level)
    ends = {"low": float(low), "high": float(high)}
    return {"effect": found.mean, **ends, "n": len(values)}


SUMMARY = ("effect", "low", "high", "n", "perplexity", "drift", "kl")
"""What ``summary`` tells of the answers under one setting."""
PLAIN = ("effect", "perplexity", "drift")
"""What is told of the answers without a push too."""


def surfaces(answers: pd.DataFrame, grid: Grid, judging: JudgingSpec) -> xr.Dataset:
    """The search: (language, strength, set), ``set`` counting a language's sets of
    layers; NaN where a cell is not computed yet.

    Variables of ``summary``: effect, low, high, n, perplexity, drift, kl; and per
    language the same without a push
    (``plain_effect``, ``plain_perplexity``, ``plain_drift``), on the search prompts. Xu
    et al. 2024, Section 5.
    """
    languages, sets = list(grid.layers), max(map(len, grid.layers.values()))
    shape = (len(languages), len(grid.strengths), sets)
    values = {name: np.full(shape, np.nan) for name in SUMMARY}
    plain_values = {name: np.full(len(languages), np.nan) for name in PLAIN}
    asked = answers[answers["role"] == "search"]
    key: Any
    those: Any
    for key, those in asked.groupby(
        ["stage", "language", "layers", "strength"], sort=False
    ):
        stage, code, layers, strength = key
        found, language = summary(those, judging), languages.index(code)
        if stage == NONE:
            for name, array in plain_values.items():
                array[language] = found[name]
        elif stage == "search":
            place = places_of_sets(grid, code)[layers]
            cell = language, grid.strengths.index(strength), place
            for name, array in values.items():
                array[cell] = found[name]
    return labelled_surfaces(grid, values, plain_values)


def places_of_sets(grid: Grid, language: str) -> dict[str, int]:
    """A language's sets of layers, by name, and where they stand."""
    sets = grid.layers[language]
    return {named(layers): place for place, layers in enumerate(sets)}


def labelled_surfaces(
    grid: Grid, values: Mapping[str, np.ndarray], plain_values: Mapping[str, np.ndarray]
) -> xr.Dataset:
    """Values (language, strength, set) and plain values (language,) with their labels."""
    dims = ("language", "strength", "set")
    variables: dict[str, Any] = {}
    for name, array in values.items():
        variables[name] = (dims, array)
    for name, array in plain_values.items():
        variables[f"plain_{name}"] = ("language", array)
    sets = max(map(len, grid.layers.values()))
    coords = {
        "language": list(grid.layers),
        "strength": list(grid.strengths),
        "set": list(range(sets)),
    }
    return xr.Dataset(variables, coords)


def by_strength(answers: pd.DataFrame) -> pd.DataFrame:
    """Share of each verdict at each strength with its Wilson interval: strength,
    verdict, share, low, high, n.
    """
    rows = []
    for verdict in VERDICTS:
        for strength, those in answers[answers["verdict"] != ""].groupby("strength"):
            given = (those["verdict"] == verdict).to_numpy(float)
            found = bounded(given, those["origin"].tolist(), rate=True)
            share = {"share": found.pop("effect")}
            rows.append({"strength": strength, "verdict": verdict} | share | found)
    return pd.DataFrame(
        rows, columns=["strength", "verdict", "share", "low", "high", "n"]
    )


def best_effect(found: xr.Dataset, judging: JudgingSpec) -> np.ndarray:
    """Every setting may be chosen (Xu et al. 2024: the best following rate, whatever it costs)."""
    return np.isfinite(found["effect"].values)


def within_limits(found: xr.Dataset, judging: JudgingSpec) -> np.ndarray:
    """Settings whose perplexity and drift keep the limits; ours.

    A cost that is unknown does not forbid.
    """
    dear = found["perplexity"].values > judging.perplexity * float(
        found["plain_perplexity"]
    )
    foreign = (
        found["drift"].values - np.nan_to_num(float(found["plain_drift"]))
        > judging.drift
    )
    return np.isfinite(found["effect"].values) & ~dear & ~foreign


CHOICES: Mapping[str, Callable[[xr.Dataset, JudgingSpec], np.ndarray]] = {
    "best effect within cost limits": within_limits,
    "best effect": best_effect,
}


def chosen(found: xr.Dataset, grid: Grid, judging: JudgingSpec) -> dict[str, Choice]:
    """The setting of each language that was searched: the best effect among those that
    CHOICES allows; ties go to the weakest push.

    Where none is allowed, the one of least perplexity is taken and marked.
    """
    if judging.choice not in CHOICES:
        raise unknown("choice", judging.choice, CHOICES)
    picked = {}
    for language in grid.layers:
        here = found.sel(language=language)
        if not np.isfinite(here["effect"].values).any():
            continue
        allowed = CHOICES[judging.choice](here, judging)
        worth = np.where(allowed, here["effect"].values, -np.inf)
        if not allowed.any():
            worth = np.where(
                np.isfinite(here["effect"].values),
                -np.nan_to_num(here["perplexity"].values, nan=1e30),
                -np.inf,
            )
        sizes = np.array([len(layers) for layers in grid.layers[language]])
        ties = np.argwhere(worth >= worth.max() - 1e-9)
        i, j = min(
            ties,
            key=lambda place: (
                grid.strengths[place[0]] * sizes[place[1]],
                grid.strengths[place[0]],
            ),
        )
        picked[language] = Choice(
            grid.strengths[i],
            grid.layers[language][j],
            (int(i), int(j)),
            bool(allowed.any()),
        )
    return picked


def report(
    answers: pd.DataFrame,
    spec: ControlSpec,
    picked: Mapping[str, Choice],
    judging: JudgingSpec,
) -> pd.DataFrame:
    """Effect without a push, with the own and with the shared vector, per language on
    the reported prompts, one row each.

    Columns: language, vector (none, own, shared), strength, layers, within, and those
    of ``summary``. Rows of settings that were
    not asked yet have n = 0. Xu et al. 2024, Table 2.
    """
    asked, rows = answers[answers["role"] == "report"], []
    nothing = Choice(0.0, (), (0, 0), True)
    for language in spec.languages:
        for vector, source in ((NONE, ""), (OWN, language), (SHARED, spec.source)):
            setting = picked.get(source, nothing) if source else nothing
            stage = "report" if source else NONE
            mine = asked[
                (asked["stage"] == stage)
                & (asked["language"] == language)
                & (asked["source"] == source)
                & (asked["strength"] == setting.strength)
                & (asked["layers"] == named(setting.layers))
            ]
            place = {
                "language": language,
                "vector": vector,
                "strength": setting.strength,
                "layers": named(setting.layers),
            }
            rows.append(place | {"within": setting.within} | summary(mine, judging))  # pyright: ignore[reportArgumentType]
    return pd.DataFrame(rows)


def gaps(reported: pd.DataFrame, source: str) -> pd.DataFrame:
    """Own minus shared effect per language: ``gap`` with ``low``, ``high``, ``n``;
    ``own`` and ``shared`` with their intervals.

    For a rate the interval is Newcombe's, from the two Wilson intervals as if the
    prompts were not the same, which makes it
    rather too wide than too narrow; for a mean it is the same rule on Student's
    intervals. In the language of the shared
    vector (``source``) both are the same answers, so the gap is 0 and has no interval.
    """
    sides = {
        vector: those.set_index("language")
        for vector, those in reported.groupby("vector")
    }
    own, shared = sides[OWN], sides[SHARED]
    gap = own["effect"] - shared["effect"]
    low = gap - np.hypot(own["effect"] - own["low"], shared["high"] - shared["effect"])
    high = gap + np.hypot(own["high"] - own["effect"], shared["effect"] - shared["low"])
    ends = {
        f"{vector}_{end}": side[end]
        for vector, side in ((OWN, own), (SHARED, shared))
        for end in ("low", "high")
    }
    columns = {
        "own": own["effect"],
        "shared": shared["effect"],
        "gap": gap,
        "low": low,
        "high": high,
        "n": own["n"],
        **ends,
    }
    found = pd.DataFrame(columns).reset_index()
    found.loc[found["language"] == source, ["low", "high"]] = np.nan
    return found
