"""Do the languages agree? What a study says about the similarity of its vectors."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from analysis.concepts.similarity import (
    MAXIMUM,
    similarity,
    similarity_ceiling,
    similarity_floor,
)
from analysis.concepts.specs import Convention
from analysis.core.counting import count
from analysis.core.intervals import ends
from analysis.overview.finding import (
    CONTRADICTORY,
    NONE,
    STRONG,
    UNTOLD,
    WEAK,
    Finding,
    Measure,
    Verdict,
    directly,
    name,
    numbered,
    printed_prefix,
    small_picture,
)
from analysis.study.study import Study

PAGE = "similarity"
HALF_WAY = 0.5
"""Part of the way from floor to ceiling from which languages agree well."""


@dataclass(frozen=True)
class Agreement:
    """The mean cosine of different languages, and what bounds it; NaN unknown.

    ``floor``: different concepts; ``ceiling``: two halves of one language's pairs.
    """

    mean: float
    pairs: int
    floor: float = float("nan")
    ceiling: float = float("nan")

    @property
    def way(self) -> float:
        """Where the mean stands between floor (0) and ceiling (1); NaN without a floor."""
        top = self.ceiling if np.isfinite(self.ceiling) else 1.0
        return (self.mean - self.floor) / (top - self.floor)


def agreeing(
    study: Study, convention: Convention, measure: Measure = directly
) -> Finding:
    """Whether vectors of one concept agree between languages, beside floor and ceiling."""
    layer: int | str = MAXIMUM
    if convention.layer == "fixed" and study.has("concept_vector"):
        layer = convention.index
    table = measure(similarity, study, layer, study.concepts)
    pairs = known_pairs(table)
    if not pairs.sizes["pair"]:
        return Finding(PAGE, "Similarity needs two languages with vectors.")
    found = bounded(study, pairs, layer, measure)
    where = f"the {MAXIMUM}" if layer == MAXIMUM else f"layer {layer}"
    text = extremes(pairs)
    prefix = printed_prefix(table)
    if prefix:
        source = prefix.removesuffix(": ")
        text = f"{source} ({MAXIMUM}): {text}, and no intervals are printed."
    else:
        text = f"At {where}, {text}{landmarks(found)}."
    return numbered(PAGE, judge(found), text, picture(found))


def picture(found: Agreement) -> xr.DataArray:
    """The mean cosine between its floor and its ceiling, as far as they are known."""
    values = {
        "different concepts": found.floor,
        "two languages": found.mean,
        "halves of one": found.ceiling,
    }
    known = {label: value for label, value in values.items() if np.isfinite(value)}
    return small_picture(known, "cosine")


def bounded(
    study: Study, pairs: xr.Dataset, layer: str | int, measure: Measure
) -> Agreement:
    """The mean over pairs with its floor and ceiling, as far as a study has them.

    At the layer, or at the layer where each is largest.
    """
    floor = ceiling = float("nan")
    computed = study.has("concept_vector")
    if computed and len(study.concepts) > 1:
        floors = measure(similarity_floor, study, study.concepts)
        floor = peak(floors.other_concepts, layer)
    if study.has("half_a"):
        ceilings = measure(similarity_ceiling, study, study.concepts)
        ceiling = peak(ceilings.ceiling, layer)
    mean = float(pairs.cosine.mean())
    return Agreement(mean, pairs.sizes["pair"], floor, ceiling)


def judge(found: Agreement) -> Verdict:
    """The sentence, by where the mean stands between floor and ceiling.

    Languages cannot agree more on a concept than two halves of one language's pairs do,
    which share no sources; where they do, their translated pairs share something else.
    """
    mean = f"{found.mean:z.2f}"
    if not np.isfinite(found.floor):
        text = (
            f"The mean cosine between two languages is {mean}; what different concepts "
            "reach is not known here."
        )
        return Verdict(text, UNTOLD)
    floor = f"{found.floor:z.2f}"
    if found.mean <= found.floor:
        text = (
            f"Languages do not agree: their vectors of one concept (mean cosine {mean}) "
            f"are no more alike than different concepts ({floor})."
        )
        return Verdict(text, NONE)
    if found.mean > found.ceiling:
        text = (
            f"Languages agree (mean cosine {mean}), partly because translations share "
            "more than the concept."
        )
        return Verdict(text, CONTRADICTORY)
    if found.way < HALF_WAY:
        text = (
            f"Languages agree a little: the mean cosine is {mean}, where different "
            f"concepts reach {floor}."
        )
        return Verdict(text, WEAK)
    text = (
        f"Languages agree: the mean cosine is {mean}, where different concepts reach "
        f"only {floor}."
    )
    return Verdict(text, STRONG)


def extremes(pairs: xr.Dataset) -> str:
    """Most and least alike pair, and the mean, as a clause."""
    most = cosine(pairs.isel(pair=int(pairs.cosine.argmax("pair"))))
    least = cosine(pairs.isel(pair=int(pairs.cosine.argmin("pair"))))
    return (
        f"{most} agree most and {least} least; the mean over "
        f"{count(pairs.sizes['pair'], 'pair')} is {float(pairs.cosine.mean()):z.2f}"
    )


def known_pairs(table: xr.Dataset) -> xr.Dataset:
    """The unordered pairs of different languages (pair) whose cosine is known."""
    above = np.triu(np.ones(table.cosine.shape), 1) > 0
    pairs = table.where(above).stack(pair=("source", "target"))
    return pairs.isel(pair=np.flatnonzero(np.isfinite(pairs.cosine.values)))


def landmarks(found: Agreement) -> str:
    """A clause with the floor and the ceiling of cosines."""
    known = []
    if np.isfinite(found.floor):
        known.append(f"different concepts reach {found.floor:z.2f}")
    if np.isfinite(found.ceiling):
        known.append(
            f"two halves of one language's pairs, which share no source as translations "
            f"do, {found.ceiling:z.2f}"
        )
    if not known:
        return ""
    return f", where {' and '.join(known)}"


def peak(values: xr.DataArray, layer: str | int) -> float:
    """Mean over pairs of different languages of values (layer, source, target).

    At a layer, or at the layer where it is largest.
    """
    different = ~np.eye(values.sizes["source"], dtype=bool)
    means = values.where(different).mean(("source", "target"))
    if layer == MAXIMUM:
        return float(means.max())
    return float(means.sel(layer=layer))


def cosine(pair: xr.Dataset) -> str:
    """“English and French (cosine 0.95, 95 % interval 0.93 to 0.97)”."""
    source, target = pair.pair.item()
    value, low, high = (pair[part].item() for part in ("cosine", "low", "high"))
    interval = ""
    if np.isfinite(low):
        interval = f", 95 % interval {ends(low, high, '.2f')}"
    return f"{name(source)} and {name(target)} (cosine {value:z.2f}{interval})"
