"""What a study says, in a few computed sentences for the Overview."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from analysis.concepts.recognition import recognition
from analysis.concepts.similarity import (
    MAXIMUM,
    similarity,
    similarity_ceiling,
    similarity_floor,
)
from analysis.concepts.specs import Convention
from analysis.concepts.transfer import transfer
from analysis.concepts.triangle import asymmetry, triangle
from analysis.core.errors import AnalysisError
from analysis.languages.languages import LANGUAGES
from analysis.languages.shares import ShareTable, order
from analysis.study.study import PUBLISHED, Study
from analysis.words.alignment import alignment
from analysis.words.specs import AlignmentSpec

RATE = 0.05
"""False discovery rate below which a cell counts as better than chance."""


@dataclass(frozen=True)
class Finding:
    """A sentence and the page that shows where it comes from."""

    page: str
    sentence: str


def findings(study: Study, convention: Convention) -> tuple[Finding, ...]:
    """Three sentences: recognition, similarity, transfer; a fourth, or the only one,
    about words where there are some.

    Every number has its interval, count or chance where there is one.

    What a study does not have is said. Numbers of a published study are the printed
    ones. SpecError as in the measures.
    """
    wanted = (
        ("recognition", ("pair_score", "recognition"), recognised),
        ("similarity", ("concept_vector", "similarity"), agreeing),
        ("transfer", ("pair_score", "transfer"), carrying),
    )
    pairs = tuple(
        Finding(
            page,
            sentence(study, convention)
            if any(map(study.has, arrays))
            else lacking(study, page),
        )
        for page, arrays, sentence in wanted
    )
    return (pairs if study.concepts else ()) + (
        (Finding("alignment", matching(study)),) if study.embeddings else ()
    )


def matching(study: Study) -> str:
    """Where words are found most often after a map fitted on seed pairs, and how often
    before it; with the first word vectors.
    """
    target = (
        "en"
        if study.words is None or "en" in study.words.languages
        else study.words.languages[0]
    )
    try:
        found = alignment(study, AlignmentSpec(study.embeddings[0]), target).sel(k=1)
    except AnalysisError as error:
        return str(error)
    after = found.precision.sel(stage="after")
    best = found.isel(language=int(after.values.argmax())).sel(stage="after")
    interval = (
        f"95 % interval {100 * float(best.low):.1f} to {100 * float(best.high):.1f}"
    )
    before, chance = (
        100 * float(part.mean())
        for part in (found.precision.sel(stage="before"), found.chance)
    )
    text = (
        f"words (read as: {study.embeddings[0]}) are found in {name(target)} at "
        "the first try most often from "
        f"{name(best.language.item())} ({100 * float(best.precision):.1f} %, "
        f"{interval}, {int(best.n):,} test words) after a map "
        "fitted on seed pairs; the mean over "
        f"{count(found.sizes['language'], 'language')} is "
        f"{100 * float(after.mean()):.1f} % "
        f"after and {before:.1f} % before it, and chance {chance:.1f} %"
    )
    return (
        f"{found.printed} of the paper: {text}."
        if "printed" in found.attrs
        else f"{text[0].upper()}{text[1:]}."
    )


def lacking(study: Study, what: str) -> str:
    """That something is not there."""
    if study.kind == PUBLISHED:
        return f"No {what} matrix is printed for {study.title}."
    return f"{what.capitalize()} has not been computed for {study.title} yet."


def recognised(study: Study, convention: Convention) -> str:
    """Best and worst language, chance, and how many cells beat it."""
    table = recognition(study, convention)
    means = table["mean"].values
    if not np.isfinite(means).any():
        return lacking(study, "recognition")
    best = accuracy(table, int(np.nanargmax(means)))
    worst = accuracy(table, int(np.nanargmin(means)))
    chance = 100 * float(table.mean_chance.mean())
    text = (
        f"mean recognition accuracy over {count(len(study.concepts), 'concept')} is "
        f"highest in {best} and lowest in {worst}"
    )
    if "printed" in table.attrs:
        return (
            f"{table.printed} of the paper: {text}; the intervals are over concepts "
            f"and chance is {chance:.0f} %."
        )
    q = table.q.values[np.isfinite(table.q.values)]
    pairs = table.n.values[table.n.values > 0]
    sizes = (
        f"{pairs.min()}"
        if pairs.min() == pairs.max()
        else f"{pairs.min()} to {pairs.max()}"
    )
    beat = (
        f"{(q < RATE).sum()} of {count(len(q), 'cell')} with {sizes} held-out pairs "
        f"each are better than chance (q < {RATE})"
    )
    return f"{text[0].upper()}{text[1:]}; chance is {chance:.1f} %, and {beat}."


def accuracy(table: xr.Dataset, place: int) -> str:
    """“English (90.6 %, 95 % interval 88.1 to 92.3)”."""
    row = table.isel(language=int(place))
    interval = f"95 % interval {100 * float(row.mean_low):.1f} to {100 * float(row.mean_high):.1f}"
    return f"{name(row.language.item())} ({100 * float(row['mean']):.1f} %, {interval})"


def agreeing(study: Study, convention: Convention) -> str:
    """Most and least alike pair, the mean, and what unrelated vectors and halves of one
    language reach.
    """
    layer = (
        convention.index
        if convention.layer == "fixed" and study.has("concept_vector")
        else MAXIMUM
    )
    table = similarity(study, layer)
    pairs = table.where(np.triu(np.ones(table.cosine.shape), 1) > 0).stack(
        pair=("source", "target")
    )
    pairs = pairs.isel(pair=np.flatnonzero(np.isfinite(pairs.cosine.values)))
    if not pairs.sizes["pair"]:
        return "Similarity needs two languages with vectors."
    most, least = (
        cosine(pairs.isel(pair=int(place)))
        for place in (pairs.cosine.argmax("pair"), pairs.cosine.argmin("pair"))
    )
    mean = f"the mean over {count(pairs.sizes['pair'], 'pair')} is {float(pairs.cosine.mean()):.2f}"
    text = f"{most} agree most and {least} least; {mean}"
    if "printed" in table.attrs:
        return f"{table.printed} of the paper ({MAXIMUM}): {text}, and no intervals are printed."
    where = f"the {MAXIMUM}" if layer == MAXIMUM else f"layer {layer}"
    return f"At {where}, {text}{landmarks(study, layer)}."


def landmarks(study: Study, layer: str | int) -> str:
    """A clause with the floor and the ceiling of cosines, at the layer or at the layer
    where each is largest.
    """
    known = []
    if len(study.concepts) > 1:
        known.append(
            f"different concepts reach {peak(similarity_floor(study).other_concepts, layer):.2f}"
        )
    if study.has("half_a"):
        known.append(
            "two halves of one language's pairs "
            f"{peak(similarity_ceiling(study).ceiling, layer):.2f}"
        )
    return f", where {' and '.join(known)}" if known else ""


def peak(values: xr.DataArray, layer: str | int) -> float:
    """Mean over pairs of different languages (layer, source, target), at a layer or at
    the layer where it is largest.
    """
    means = values.where(~np.eye(values.sizes["source"], dtype=bool)).mean(
        ("source", "target")
    )
    return float(means.max() if layer == MAXIMUM else means.sel(layer=layer))


def cosine(pair: xr.Dataset) -> str:
    """“English and French (cosine 0.95, 95 % interval 0.93 to 0.97)”."""
    source, target = pair.pair.item()
    known = np.isfinite(pair.low.item())
    interval = (
        f", 95 % interval {pair.low.item():.2f} to {pair.high.item():.2f}"
        if known
        else ""
    )
    return (
        f"{name(source)} and {name(target)} (cosine {pair.cosine.item():.2f}{interval})"
    )


def carrying(study: Study, convention: Convention) -> str:
    """Transfer above and below the diagonal in order of pre-training share, and whether
    the difference is more than chance.
    """
    table = transfer(study, convention)
    codes, words = sequence(study, table.source.values.tolist())
    sides, tilt = triangle(table.transfer, codes), asymmetry(table.transfer, codes)
    if not sides.above_cells or not sides.below_cells:
        return "Transfer needs two languages with vectors and held-out pairs."
    text = (
        f"with languages in order of {words}, {sides.above} of {sides.above_cells} "
        f"transfers down the order and {sides.below} of "
        f"{sides.below_cells} up it lose nothing; the means are "
        f"{sides.mean_above:+.2f} and {sides.mean_below:+.2f} percentage "
        f"points (difference {tilt.index:+.2f}, permutation p = {tilt.p:.3f} over "
        f"{tilt.languages} languages)"
    )
    if "printed" in table.attrs:
        return f"{table.printed} of the paper: {text}."
    off = table.q.values[~np.eye(table.sizes["source"], dtype=bool)]
    off = off[np.isfinite(off)]
    return (
        f"{text[0].upper()}{text[1:]}; {(off < RATE).sum()} of {len(off)} are better "
        f"than chance (q < {RATE})."
    )


def sequence(study: Study, codes: list[str]) -> tuple[tuple[str, ...], str]:
    """Languages by pre-training share, if the study says which table holds for its
    model, and what the order is called.
    """
    if given := study.manifest.share_percent:
        return order(
            codes, "share", ShareTable("given", "", study.title, given)
        ), "pre-training share"
    shares = study.manifest.shares
    if shares is None:
        return tuple(codes), "the study"
    return order(codes, "share", shares), f"pre-training share ({shares})"


def count(number: int, what: str) -> str:
    """“1 concept”, “7 concepts”."""
    return f"{number} {what}{'s' * (number != 1)}"


def name(code: str) -> str:
    """The English name, or the code of a language without one."""
    return LANGUAGES[code].english if code in LANGUAGES else code
