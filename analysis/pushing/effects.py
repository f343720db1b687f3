"""What pushing does: effects of every source's vector in every target language.

An effect counts less what random directions do at the same prompts, and beside what the
target's own vector does there.
"""

from typing import NamedTuple

import numpy as np
import scipy  # its parts are read at first use: statistics takes half a second
import xarray as xr

from analysis.concepts.recognition import Wording, origin
from analysis.core.errors import SpecError
from analysis.core.intervals import (
    FEW_UNITS,
    LEVEL,
    Interval,
    mean_interval,
    student_quantile,
)
from analysis.core.statistics import benjamini_hochberg, mean_known
from analysis.pushing.prompts import SHARE
from analysis.pushing.shares import ratio
from analysis.pushing.specs import NAME
from analysis.study.study import Study

PAIR = ("source", "target")
KNEE = 0.0
"""In place of a strength: the weakest at which a target's own vector does nearly all."""
NEARLY_ALL = 0.9
HALF = 0.5
"""The share of the own vector's effect above which a vector is said to carry over."""
PSEUDO = (1.0, -1.0)
"""Changes of two prompts that there are not, one in favour of either side."""
RATE = "share of prompts"
WORDS = {
    "effect": "effect of the source's vector less that of random directions",
    "low": "lower end of its 95 % interval over prompts",
    "high": "upper end of its 95 % interval over prompts",
    "p": "one-sided p: no effect beyond prompts, or beyond random directions",
    "q": "p adjusted over all cells (Benjamini-Hochberg)",
    "random_low": "middle 95 % of what random directions do, lower end",
    "random_high": "middle 95 % of what random directions do, upper end",
    "relative": "effect as a share of that of the target's own vector",
    "relative_low": "lower end of the 95 % interval of that share (Fieller)",
    "relative_high": "upper end of the 95 % interval of that share (Fieller)",
    "beyond_half": "effect less half of that of the target's own vector",
    "beyond_half_low": "lower end of its 95 % interval over prompts",
    "beyond_half_high": "upper end of its 95 % interval over prompts",
    "rate": "prompts at which the first kind of continuation is the likelier, pushed",
    "rate_before": (
        "prompts at which the first kind of continuation is the likelier, not pushed"
    ),
    "n": "prompts",
}
UNITS = {
    "p": "probability",
    "q": "false discovery rate",
    "relative": "share",
    "relative_low": "share",
    "relative_high": "share",
    "rate": RATE,
    "n": "count",
}
"""Units of what is not in the units of the readout."""
INTERVAL = {
    False: "95 % over prompts by Student's t",
    True: "95 % over prompts by Student's t with one prompt more in favour of either side",
}
"""By whether answers are counted."""
COUNTED_WORDS = {
    "rate": "prompts whose answer counts, pushed",
    "rate_before": "prompts whose answer counts, not pushed",
}
"""Words of what is told otherwise where answers are counted."""


class Pushed(NamedTuple):
    """Changes at one strength: by source (source, target, prompt), at random (draw, …).

    ``base`` (target, prompt) without a push; ``strength`` (target) is where it was read.
    Prompts of several concepts stand one behind the other. ``counted``: a prompt's answer
    counts or does not, so that changes are −1, 0 or 1.
    """

    sources: np.ndarray
    draws: np.ndarray
    base: np.ndarray
    strength: np.ndarray
    counted: bool = False


def pushing(study: Study, strength: float = KNEE) -> xr.Dataset:
    """Effect (source, target) of pushing with a source's vector on a target's prompts.

    ``effect`` is the mean over prompts of the change under the source's vector less the
    mean change under random directions, in the units of the readout; ``low``, ``high``
    over prompts. ``p`` is the larger of two one-sided ones: that of the mean over
    prompts, and that of the source's vector among random directions. ``relative`` is the
    share of the own vector's effect. ``strength`` is a share of the length of each
    state; 0 is each target's knee, chosen on other prompts than those it is read on.
    StudyError for a study without the trial, SpecError for a strength that was not
    tried. Where written answers are counted, the effect is a difference of shares, and
    intervals and tests have two prompts more, one in favour of either side (Bonett and
    Price 2012). Random vectors as controls: Zou et al. 2023; the rest is ours.
    """
    trial = study.trial(NAME)
    found = at_strength(trial, strength)
    own = own_places(trial)
    values = effects(found, own)
    units = units_of(trial)
    variables = {}
    worded = {**WORDS, **COUNTED_WORDS} if found.counted else WORDS
    for name, cells in values.items():
        words = Wording(worded[name], UNITS.get(name, units))
        variables[name] = (PAIR, cells, words.attributes())
    told = Wording("strength", "share of the state's length").attributes()
    variables["strength"] = ("target", found.strength, told)
    before = mean_known((found.base > 0).astype(float), 1)
    told = Wording(worded["rate_before"], RATE).attributes()
    variables["rate_before"] = ("target", before, told)
    coords = {name: trial[name].values.tolist() for name in PAIR}
    return xr.Dataset(variables, coords, origin(study)).assign_attrs(
        interval=INTERVAL[is_counted(trial)],
        draws=trial.sizes["draw"],
        concepts=", ".join(trial["concept"].values.tolist()),
        readout=str(trial["effect"].attrs.get("long_name", "")),
        units=units,
        knee=int(strength == KNEE),
    )


def units_of(trial: xr.Dataset) -> str:
    """Units of what was read under the pushes of a trial."""
    return str(trial["effect"].attrs.get("units", ""))


def is_counted(trial: xr.Dataset) -> bool:
    """Whether a trial counts answers that the model wrote."""
    return units_of(trial) == SHARE


def doubted(net: np.ndarray, counted: bool) -> np.ndarray:
    """Changes (…, prompt) with what intervals of counted ones need: PSEUDO at their end.

    Else a change that all of a few prompts show would have no uncertainty. Bonett and
    Price 2012, here for differences to a mean of several directions, with Student's t.
    """
    if not counted:
        return net
    known = np.isfinite(net).any(-1, keepdims=True)
    added = np.where(known, np.array(PSEUDO), np.nan)
    return np.concatenate([net, added], -1)


def interval_of(net: np.ndarray, counted: bool) -> Interval[np.ndarray]:
    """The 95 % interval of mean changes, over prompts (the last axis)."""
    ends = mean_interval(doubted(net, counted), -1)
    if not counted:
        return ends
    return Interval(np.clip(ends.low, -1, 1), np.clip(ends.high, -1, 1))


def own_places(trial: xr.Dataset) -> np.ndarray:
    """Where each target stands among the sources (target), −1 where it is none."""
    sources = trial["source"].values.tolist()
    places = []
    for code in trial["target"].values.tolist():
        places.append(sources.index(code) if code in sources else -1)
    return np.array(places)


def array(trial: xr.Dataset, name: str, first: str) -> np.ndarray:
    """Values (concept, target, first, strength, prompt) of an array, float64."""
    dims = ("concept", "target", first, "strength", "prompt")
    return trial[name].transpose(*dims).values.astype(float)


def at_strength(trial: xr.Dataset, strength: float) -> Pushed:
    """What was measured at a strength, or at each target's knee; errors as ``pushing``."""
    by_source = array(trial, "effect", "source")
    at_random = array(trial, "random", "draw")
    base = trial["base"].transpose("concept", "target", "prompt").values
    known = trial["strength"].values.astype(float)
    if strength == KNEE:
        places = knees(by_source, at_random, own_places(trial))
    else:
        place = np.flatnonzero(np.isclose(known, strength))
        if not len(place):
            tried = ", ".join(f"{each:g}" for each in known)
            raise SpecError(
                f"Nothing was pushed with a strength of {strength:g}; tried were {tried}, "
                "and 0 is the own vector's knee."
            )
        places = np.full(base.shape, place[0])
    usual = np.where(places < 0, np.nan, known[places])
    return Pushed(
        in_one_row(at_strengths(by_source, places)),
        in_one_row(at_strengths(at_random, places)),
        np.moveaxis(base, 1, 0).reshape(base.shape[1], -1).astype(float),
        mean_known(np.moveaxis(usual, 1, 0).reshape(base.shape[1], -1), 1),
        is_counted(trial),
    )


def at_strengths(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Values (concept, target, first, prompt) at a strength for each prompt.

    ``places`` (concept, target, prompt); NaN where one is below 0.
    """
    at = np.maximum(places, 0)[:, :, None, None]
    found = np.take_along_axis(values, at, 3)[:, :, :, 0]
    return np.where(places[:, :, None] < 0, np.nan, found)


def in_one_row(values: np.ndarray) -> np.ndarray:
    """Values (first, target, concept × prompt) of values (concept, target, first, prompt)."""
    first = values.transpose(2, 1, 0, 3)
    return first.reshape(*first.shape[:2], -1)


def knees(by_source: np.ndarray, at_random: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Place of the knee (concept, target, prompt), found on the other half of prompts.

    Below 0 where the target has no vector of its own.
    """
    concepts, targets, _, strengths, prompts = by_source.shape
    places = np.full((concepts, targets, prompts), -1)
    half = np.arange(prompts) % 2
    for concept in range(concepts):
        for target, source in enumerate(own):
            if source < 0:
                continue
            less = mean_known(at_random[concept, target])
            net = by_source[concept, target, source] - less
            for one in (0, 1):
                curve = mean_known(net[:, half != one], 1)
                places[concept, target, half == one] = knee(curve)
    return places


def knee(curve: np.ndarray) -> int:
    """The first place (strength) that reaches NEARLY_ALL of the largest effect."""
    if not np.isfinite(curve).any():
        return -1
    most = np.nanmax(curve)
    enough = curve >= min(NEARLY_ALL * most, most)
    return int(np.argmax(enough))


def effects(found: Pushed, own: np.ndarray) -> dict[str, np.ndarray]:
    """Variables (source, target) of ``pushing``."""
    net = found.sources - mean_known(found.draws)[None]
    effect = mean_known(net, 2)
    with_doubt = doubted(net, found.counted)
    ends = interval_of(net, found.counted)
    band = band_of(found.draws)
    p = np.fmax(p_over_prompts(with_doubt), p_among_draws(found))
    p = np.where(np.isfinite(effect) & np.isfinite(ends.low), p, np.nan)
    own_net = own_of(net, own)
    share = ratio(with_doubt, own_of(with_doubt, own))
    beyond = net - HALF * own_net[None]
    beyond_ends = interval_of(beyond, found.counted)
    known = np.isfinite(found.sources)
    first_likelier = np.where(known, found.base[None] + found.sources > 0, np.nan)
    wide = np.ones_like(effect)
    return {
        "effect": effect,
        "low": ends.low,
        "high": ends.high,
        "p": p,
        "q": benjamini_hochberg(p),
        "random_low": wide * band.low,
        "random_high": wide * band.high,
        "relative": share.value,
        "relative_low": share.low,
        "relative_high": share.high,
        "beyond_half": mean_known(beyond, 2),
        "beyond_half_low": beyond_ends.low,
        "beyond_half_high": beyond_ends.high,
        "rate": mean_known(first_likelier, 2),
        "n": known.sum(2).astype(float),
    }


def own_of(net: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Values (target, prompt) of each target's own vector; NaN where it has none."""
    found = net[np.maximum(own, 0), np.arange(len(own))]
    return np.where(own[:, None] < 0, np.nan, found)


def p_over_prompts(net: np.ndarray) -> np.ndarray:
    """One-sided p (source, target) of Student's t over prompts: the mean is not above 0."""
    n = np.isfinite(net).sum(2)
    mean = mean_known(net, 2)
    variance = spread(net, 2) ** 2 / np.maximum(n, 1)
    return upper_tail(mean, variance, n)


def p_among_draws(found: Pushed) -> np.ndarray:
    """One-sided p (source, target): the vector does no more than one more random one."""
    draws = mean_known(found.draws, 2)
    n = np.isfinite(draws).sum(0)
    above = mean_known(found.sources, 2) - mean_known(draws)
    variance = spread(draws, 0) ** 2 * (1 + 1 / np.maximum(n, 1))
    return upper_tail(above, variance[None], n[None])


def band_of(draws: np.ndarray) -> Interval[np.ndarray]:
    """Where 95 % of further random directions lie (target), around their mean."""
    means = mean_known(draws, 2)
    n = np.isfinite(means).sum(0)
    t = student_quantile((1 + LEVEL) / 2, np.maximum(n - 1, 1))
    half = t * spread(means, 0) * np.sqrt(1 + 1 / np.maximum(n, 1))
    half = np.where(n < FEW_UNITS, np.nan, half)
    return Interval(-half, half)


def spread(values: np.ndarray, axis: int) -> np.ndarray:
    """Standard deviation of what is known along an axis."""
    n = np.isfinite(values).sum(axis)
    away = values - np.expand_dims(mean_known(values, axis), axis)
    squares = np.where(np.isfinite(away), away**2, 0).sum(axis)
    return np.sqrt(squares / np.maximum(n - 1, 1))


def upper_tail(above: np.ndarray, variance: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P of a Student's t at least as large; NaN with fewer than FEW_UNITS values.

    Without any spread all is decided by the sign.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        t = above / np.sqrt(variance)
    t = np.where((variance == 0) & (above == 0), 0, t)
    p = scipy.special.stdtr(np.maximum(n - 1, 1), -t)
    return np.where(n < FEW_UNITS, np.nan, p)
