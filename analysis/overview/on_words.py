"""Do the spaces match? What a study says about its words."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from analysis.core.counting import count
from analysis.core.errors import AnalysisError
from analysis.core.intervals import ends, mean_interval
from analysis.overview import usual
from analysis.overview.finding import (
    CONTRADICTORY,
    NONE,
    STRONG,
    UNTOLD,
    WEAK,
    Finding,
    Verdict,
    capital,
    name,
    numbered,
    printed_prefix,
    small_picture,
)
from analysis.study.study import Study
from analysis.words.alignment import BOTH, at_stages

PAGE = "alignment"


@dataclass(frozen=True)
class Found:
    """How often words are found in ``target``, percent, means over languages.

    ``gain`` is the mean of after − before with its 95 % interval over languages.
    ``beyond`` of ``languages`` are above chance, after the map, with their interval.
    """

    target: str
    after: float
    before: float
    gain: tuple[float, float]
    beyond: int
    languages: int


def matching(study: Study) -> Finding:
    """Whether a map between languages finds words, and more than no map does.

    With the first word vectors; the map is fitted on seed pairs.
    """
    spec, target = usual.matching(study), usual.words_target(study)
    try:
        found = at_stages(study, spec, target, tuple(BOTH)).sel(k=1)
    except AnalysisError as error:
        return Finding(PAGE, str(error))
    reading = read(found, name(target))
    numbers = statistics(found, spec.embedding, name(target))
    return numbered(PAGE, judge(reading), numbers, picture(found, reading))


def picture(found: xr.Dataset, reading: Found) -> xr.DataArray:
    """Words found without and with a map, means over languages, percent."""
    values = {"without a map": reading.before, "with a map": reading.after}
    return small_picture(values, "%", 100 * float(found.chance.mean()))


def read(found: xr.Dataset, target: str) -> Found:
    """What the verdict is given on."""
    after = 100 * found.precision.sel(stage="after").values
    before = 100 * found.precision.sel(stage="before").values
    low = found.low.sel(stage="after").values
    gain = mean_interval(after - before)
    return Found(
        target=target,
        after=float(after.mean()),
        before=float(before.mean()),
        gain=(float(gain.low), float(gain.high)),
        beyond=int((low > found.chance.values).sum()),
        languages=len(after),
    )


def judge(found: Found) -> Verdict:
    """The sentence: whether words are found at all, and whether the map is why."""
    low, high = found.gain
    if not found.beyond:
        languages = count(found.languages, "language")
        text = (
            f"Words of {languages} are found in {found.target} no more than by chance."
        )
        return Verdict(text, NONE)
    if high < 0:
        text = (
            f"A map between languages hurts: {found.after:.1f} % of words are found with "
            f"it, {found.before:.1f} % without."
        )
        return Verdict(text, CONTRADICTORY)
    if not np.isfinite(low):
        text = (
            f"With a map {found.after:.1f} % of words are found in {found.target}, "
            f"without {found.before:.1f} %; too few languages to test that."
        )
        return Verdict(text, UNTOLD)
    if low <= 0:
        text = (
            f"A map between languages makes no difference: {found.after:.1f} % of words are "
            f"found with it, {found.before:.1f} % without."
        )
        return Verdict(text, WEAK)
    text = (
        f"A map between languages helps: {found.after:.1f} % of words are found in "
        f"{found.target} with it, {found.before:.1f} % without."
    )
    return Verdict(text, STRONG)


def statistics(found: xr.Dataset, embedding: str, target: str) -> str:
    """From where words are found most often, after a map and before it."""
    after = found.precision.sel(stage="after")
    best = found.isel(language=int(after.values.argmax())).sel(stage="after")
    precision, low, high = (
        100 * float(best[part]) for part in ("precision", "low", "high")
    )
    mean = 100 * float(after.mean())
    before = 100 * float(found.precision.sel(stage="before").mean())
    chance = 100 * float(found.chance.mean())
    text = (
        f"words (read as: {embedding}) are found in {target} at the first try "
        f"most often from {name(best.language.item())} ({precision:.1f} %, 95 % interval "
        f"{ends(low, high, '.1f')}, {int(best.n):,} test words) after a map fitted on "
        f"seed pairs; the mean over {count(found.sizes['language'], 'language')} is "
        f"{mean:z.1f} % after and {before:z.1f} % before it, and chance {chance:z.1f} %"
    )
    prefix = printed_prefix(found)
    return f"{prefix}{text}." if prefix else f"{capital(text)}."
