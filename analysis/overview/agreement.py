"""Does a model repeat what Xu et al. (2024) found? Claim by claim, with an interval."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from analysis.concepts.recognition import recognition
from analysis.concepts.similarity import MAXIMUM, similarity
from analysis.concepts.specs import CONVENTIONS
from analysis.concepts.transfer import transfer
from analysis.core.errors import AnalysisError
from analysis.core.statistics import correlations
from analysis.overview.direction import direction
from analysis.overview.of_study import relationship
from analysis.overview.on_recognition import read
from analysis.overview.shares import in_order_of_share
from analysis.study.study import Study

AGREES, DIFFERS, OPEN = "holds", "the other way round", "cannot be told"
HONEST = CONVENTIONS["honest"]
DRAWS, SEED = 2000, 1
FEWEST = 4
"""Fewer languages than this tell nothing of an order."""
LEVEL = 0.05


@dataclass(frozen=True)
class Estimate:
    """A number whose sign a claim is about: positive is as the paper says.

    ``n`` are languages; ``p`` is NaN where the interval decides.
    """

    value: float
    low: float
    high: float
    n: int
    p: float = float("nan")

    @property
    def verdict(self) -> str:
        """What it says of the claim."""
        if np.isfinite(self.p):
            if self.p >= LEVEL:
                return OPEN
            return AGREES if self.value > 0 else DIFFERS
        if self.low > 0:
            return AGREES
        return DIFFERS if self.high < 0 else OPEN


@dataclass(frozen=True)
class Claim:
    """What the paper says of a model, and the number that decides it."""

    name: str
    words: str
    unit: str
    estimate: Callable[[Study], Estimate]


NOTHING = Estimate(*[float("nan")] * 3, n=0)


def agreement(study: Study) -> pd.DataFrame:
    """Whether each claim of Xu et al. holds for a study's model: one row for each.

    ``value`` with its 95 % interval (over languages); its sign decides, positive as in
    the paper. What a study has no numbers for is “cannot be told”, with the reason.
    Transfer is decided by a permutation of languages, ``p``.
    """
    rows = []
    for claim in CLAIMS:
        reason = ""
        try:
            found = claim.estimate(study)
        except AnalysisError as error:
            found, reason = NOTHING, str(error)
        rows.append(
            {
                "claim": claim.words,
                "verdict": found.verdict,
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "p": found.p,
                "languages": found.n,
                "unit": claim.unit,
                "reason": reason,
            }
        )
    return pd.DataFrame(rows)


def everywhere(study: Study) -> Estimate:
    """By how much the worst language's mean accuracy is above chance."""
    table = recognition(study, HONEST)
    seen = read(study, table)
    worst = table.isel(language=int(np.nanargmin(table["mean"].values)))
    chance = seen.chance / 100
    bounds = [float(worst[name]) - chance for name in ("mean", "mean_low", "mean_high")]
    return Estimate(*(100 * each for each in bounds), n=table.sizes["language"])


def by_share(study: Study) -> Estimate:
    """Rank correlation of a language's share with its mean accuracy."""
    table = recognition(study, HONEST)
    known = in_order_of_share(study, table.language.values.tolist())
    means = table["mean"].sel(language=list(known.codes)).values
    share = np.array([known.table.percent[code] or 0.0 for code in known.codes])
    return rank_correlation(share, means)


def rank_correlation(x: np.ndarray, y: np.ndarray) -> Estimate:
    """Spearman's correlation (n,) × (n,) with its interval over languages, resampled."""
    if len(x) < FEWEST:
        return NOTHING
    drawn = np.random.default_rng(SEED).integers(len(x), size=(DRAWS, len(x)))
    found = correlations(ranked(x[drawn]), ranked(y[drawn]))
    value = float(correlations(ranked(x[None]), ranked(y[None]))[0])
    low, high = np.nanquantile(found, (0.025, 0.975)).tolist()
    return Estimate(value, low, high, len(x))


def ranked(values: np.ndarray) -> np.ndarray:
    """Ranks (draw, n) of each row, ties at their mean."""
    from scipy.stats import rankdata

    return rankdata(values, axis=-1)


def dominant_apart(study: Study) -> Estimate:
    """By how much other languages agree more among each other than with the dominant one."""
    cosine = similarity(study, MAXIMUM)["cosine"]
    codes = in_order_of_share(study, cosine.source.values.tolist()).codes
    if len(codes) < FEWEST:
        return NOTHING
    matrix = cosine.sel(source=list(codes), target=list(codes)).values
    others = np.arange(1, len(codes))
    rng = np.random.default_rng(SEED)
    found = []
    for _ in range(DRAWS):
        found.append(gap(matrix, rng.choice(others, len(others))))
    low, high = np.nanquantile(found, (0.025, 0.975)).tolist()
    return Estimate(gap(matrix, others), low, high, len(codes))


def gap(matrix: np.ndarray, others: np.ndarray) -> float:
    """Mean cosine among some languages, less that of the first with them."""
    among = matrix[np.ix_(others, others)]
    different = others[:, None] != others[None, :]
    if not different.any():
        return float("nan")
    return float(np.nanmean(among[different]) - np.nanmean(matrix[0, others]))


def relatives(study: Study, kind: str) -> Estimate:
    """Correlation of cosines with a kind of relation between languages."""
    found = relationship(study, kind)
    low, high = found.interval
    return Estimate(found.pearson, low, high, found.languages)


def genetic(study: Study) -> Estimate:
    """Correlation of cosines with genetic relation."""
    return relatives(study, "genetic")


def syntactic(study: Study) -> Estimate:
    """Correlation of cosines with syntactic relation."""
    return relatives(study, "syntactic")


def one_way(study: Study) -> Estimate:
    """By how much transfer to languages with less text is better than back."""
    values: xr.DataArray = transfer(study, HONEST)["transfer"]
    found = direction(study, values)
    if not found.told:
        return NOTHING
    nothing = float("nan")
    tilt = found.tilt
    return Estimate(tilt.index, nothing, nothing, tilt.languages, tilt.p)


CLAIMS = (
    Claim(
        "everywhere",
        "The concepts are found in every language, the worst included",
        "percentage points above chance",
        everywhere,
    ),
    Claim(
        "share",
        "Languages with more training text have higher accuracy",
        "rank correlation",
        by_share,
    ),
    Claim(
        "dominant",
        "The dominant language agrees less with the others than they do with each other",
        "cosine",
        dominant_apart,
    ),
    Claim(
        "genetic",
        "Vectors of genetically related languages are more alike",
        "correlation",
        genetic,
    ),
    Claim(
        "syntactic",
        "Vectors of languages with similar syntax are more alike",
        "correlation",
        syntactic,
    ),
    Claim(
        "one way",
        "Vectors carry over better to languages with less training text than back",
        "percentage points",
        one_way,
    ),
)
"""Of Xu et al. (2024), in the order in which the paper asks."""
