"""What a study says, in a few computed sentences for the Overview."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr

from analysis.concepts.null_vectors import null_note
from analysis.concepts.recognition import recognition
from analysis.concepts.similarity import (
    MAXIMUM,
    similarity,
    similarity_ceiling,
    similarity_floor,
)
from analysis.concepts.specs import Convention
from analysis.concepts.transfer import transfer
from analysis.concepts.triangle import Asymmetry, Triangle, asymmetry, triangle
from analysis.core.counting import count
from analysis.core.errors import AnalysisError
from analysis.core.intervals import FEW_SOURCES, ends, too_few
from analysis.languages.languages import is_known, language
from analysis.languages.shares import order
from analysis.overview import needs, usual
from analysis.overview.shares import share_table
from analysis.study.study import PUBLISHED, Study
from analysis.words.alignment import alignment

RATE = 0.05
"""False discovery rate below which a cell counts as better than chance."""

NESTED = "nested"
"""What “cross-fitted” is in a study whose pairs were held out in turn."""
CHOSEN = {
    "cross-fitted": (
        "each layer was chosen on one half of the held-out pairs and is reported on the "
        "other"
    ),
    NESTED: (
        "the layer of each fold of pairs was chosen on the other folds, by vectors that "
        "never saw it"
    ),
    "best on test": (
        "each layer was chosen on the very held-out pairs it is reported on, which "
        "flatters"
    ),
}
"""A convention's choice of layer → what it is worth."""


@dataclass(frozen=True)
class Finding:
    """A sentence and the page that shows where it comes from."""

    page: str
    sentence: str


def findings(study: Study, convention: Convention) -> tuple[Finding, ...]:
    """Three sentences: recognition, similarity, transfer; a fourth, or the only one, about words.

    Every number has its interval, count or chance where there is one. What a study does
    not have is said. Numbers of a published study are the printed ones. SpecError as in
    the measures.
    """
    found = []
    if study.concepts:
        found += of_concepts(study, convention)
    if study.embeddings:
        found.append(Finding("alignment", matching(study)))
    return tuple(found)


def of_concepts(study: Study, convention: Convention) -> list[Finding]:
    """Recognition, similarity and transfer; what is missing is said."""
    sentences = {}
    if needs.ACCURACIES.met(study):
        sentences["recognition"] = recognised(study, convention)
    if needs.COSINES.met(study):
        sentences["similarity"] = agreeing(study, convention)
    if needs.TRANSFER.met(study):
        sentences["transfer"] = carrying(study, convention)
    found = []
    for page in ("recognition", "similarity", "transfer"):
        found.append(Finding(page, sentences.get(page) or lacking(study, page)))
    note = null_note(study)
    if note:
        found.append(Finding("similarity", note))
    return found


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
        if null_note(study):
            return "No vector has an accuracy: not one is longer than rounding noise."
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
            f"{table.printed} of the paper: {text}; the intervals are over concepts and "
            f"chance is {chance:.0f} %."
        )
    return (
        f"{capital(text)}; chance is {chance:z.1f} %, and {cells_that_beat(table)}"
        f"{chosen(study, convention)}."
    )


def chosen(study: Study, convention: Convention) -> str:
    """On what the layers of accuracies were chosen; empty where they were not."""
    choice = convention.layer
    if choice == "cross-fitted" and study.manifest.folded:
        choice = NESTED
    words = CHOSEN.get(choice, "")
    return f"; {words}" if words else ""


def cells_that_beat(table: xr.Dataset) -> str:
    """How many cells are better than chance, and how many pairs each has."""
    q = table.q.values[np.isfinite(table.q.values)]
    pairs = table.n.values[table.n.values > 0]
    sizes = f"{pairs.min()} to {pairs.max()}"
    if pairs.min() == pairs.max():
        sizes = f"{pairs.min()}"
    parts = []
    if len(q):
        parts.append(
            f"{(q < RATE).sum()} of {count(len(q), 'cell')} with {sizes} held-out pairs "
            f"each are better than chance (q < {RATE})"
        )
    parts.append(cells_not_tested(table))
    parts.append(beside_unrelated(table.get("mean_q_unrelated"), "mean"))
    return "; ".join(part for part in parts if part)


def beside_unrelated(q: xr.DataArray | None, what: str) -> str:
    """How many can be told from unrelated vectors; empty where nobody knows."""
    if q is None or not np.isfinite(q).any():
        return ""
    known = q.values[np.isfinite(q.values)]
    return (
        f"{(known < RATE).sum()} of {count(len(known), what)} can be told from what "
        f"vectors reach that have nothing to do with the concept (q < {RATE})"
    )


def cells_not_tested(table: xr.Dataset) -> str:
    """How many cells have pairs of too few sources to be tested; empty for none."""
    sources = table.clusters.values
    few = (sources > 0) & (sources < FEW_SOURCES)
    if not few.any():
        return ""
    cells = count(int(few.sum()), "cell")
    verb = "has" if few.sum() == 1 else "have"
    return f"{cells} {verb} {too_few(float(sources[few].max()))}"


def accuracy(table: xr.Dataset, place: int) -> str:
    """“English (90.6 %, 95 % interval 88.1 to 92.3)”."""
    row = table.isel(language=place)
    mean, low, high = (
        100 * float(row[part]) for part in ("mean", "mean_low", "mean_high")
    )
    language = name(row.language.item())
    if not np.isfinite(low):
        return f"{language} ({mean:z.1f} %, without an interval)"
    return f"{language} ({mean:z.1f} %, 95 % interval {ends(low, high, '.1f')})"


def agreeing(study: Study, convention: Convention) -> str:
    """Most and least alike pair, the mean, and what bounds cosines."""
    layer: int | str = MAXIMUM
    if convention.layer == "fixed" and study.has("concept_vector"):
        layer = convention.index
    table = similarity(study, layer)
    pairs = known_pairs(table)
    number = pairs.sizes["pair"]
    if not number:
        return "Similarity needs two languages with vectors."
    most = cosine(pairs.isel(pair=int(pairs.cosine.argmax("pair"))))
    least = cosine(pairs.isel(pair=int(pairs.cosine.argmin("pair"))))
    text = (
        f"{most} agree most and {least} least; the mean over {count(number, 'pair')} is "
        f"{float(pairs.cosine.mean()):z.2f}"
    )
    if "printed" in table.attrs:
        return (
            f"{table.printed} of the paper ({MAXIMUM}): {text}, and no intervals are "
            "printed."
        )
    where = f"the {MAXIMUM}" if layer == MAXIMUM else f"layer {layer}"
    return f"At {where}, {text}{landmarks(study, layer)}."


def known_pairs(table: xr.Dataset) -> xr.Dataset:
    """The unordered pairs of different languages (pair) whose cosine is known."""
    above = np.triu(np.ones(table.cosine.shape), 1) > 0
    pairs = table.where(above).stack(pair=("source", "target"))
    return pairs.isel(pair=np.flatnonzero(np.isfinite(pairs.cosine.values)))


def landmarks(study: Study, layer: str | int) -> str:
    """A clause with the floor and the ceiling of cosines.

    At the layer, or at the layer where each is largest.
    """
    known = []
    if len(study.concepts) > 1:
        floor = peak(similarity_floor(study).other_concepts, layer)
        known.append(f"different concepts reach {floor:z.2f}")
    if study.has("half_a"):
        ceiling = peak(similarity_ceiling(study).ceiling, layer)
        known.append(
            f"two halves of one language's pairs, which share no source as translations "
            f"do, {ceiling:z.2f}"
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


def carrying(study: Study, convention: Convention) -> str:
    """Transfer above and below the diagonal, and whether they differ beyond chance."""
    table = transfer(study, convention)
    arranged = by_share(study, table.source.values.tolist())
    sides = triangle(table.transfer, arranged.codes)
    tilt = asymmetry(table.transfer, arranged.codes)
    if not sides.above_cells or not sides.below_cells:
        return "Transfer needs two languages with vectors and held-out pairs."
    text = f"with languages in order of {arranged.words}, {sides_words(sides, tilt)}"
    if "printed" in table.attrs:
        return f"{table.printed} of the paper: {text}."
    different = ~np.eye(table.sizes["source"], dtype=bool)
    off = table.q.values[different]
    off = off[np.isfinite(off)]
    found = cells_not_tested(table)
    if len(off):
        beat = (off < RATE).sum()
        found = f"{beat} of {len(off)} are better than chance (q < {RATE})"
    beside = ""
    if "q_unrelated" in table:
        beside = beside_unrelated(table.q_unrelated.where(different), "cell")
    parts = [capital(text), found, beside]
    return f"{'; '.join(part for part in parts if part)}{chosen(study, convention)}."


def sides_words(sides: Triangle, tilt: Asymmetry) -> str:
    """Both sides of the diagonal and their difference."""
    return (
        f"{sides.above} of {sides.above_cells} transfers down the order and "
        f"{sides.below} of {sides.below_cells} up it lose nothing; the means are "
        f"{sides.mean_above:+z.2f} and {sides.mean_below:+z.2f} percentage points "
        f"(difference {tilt.index:+z.2f}, permutation p = {tilt.p:z.3f} over "
        f"{tilt.languages} languages)"
    )


class Arranged(NamedTuple):
    """Languages in an order, and what it is called."""

    codes: tuple[str, ...]
    words: str


def by_share(study: Study, codes: list[str]) -> Arranged:
    """Languages by pre-training share, if a table of shares holds for the model."""
    if study.manifest.share_percent:
        words = "pre-training share"
    elif study.manifest.shares is not None:
        words = f"pre-training share ({study.manifest.shares})"
    else:
        return Arranged(tuple(codes), "the study")
    return Arranged(order(codes, "share", share_table(study)), words)


def matching(study: Study) -> str:
    """From where words are found most often, after a map and before it.

    With the first word vectors; the map is fitted on seed pairs.
    """
    spec, target = usual.matching(study), usual.words_target(study)
    try:
        found = alignment(study, spec, target).sel(k=1)
    except AnalysisError as error:
        return str(error)
    after = found.precision.sel(stage="after")
    best = found.isel(language=int(after.values.argmax())).sel(stage="after")
    precision, low, high = (
        100 * float(best[part]) for part in ("precision", "low", "high")
    )
    mean = 100 * float(after.mean())
    before = 100 * float(found.precision.sel(stage="before").mean())
    chance = 100 * float(found.chance.mean())
    text = (
        f"words (read as: {spec.embedding}) are found in {name(target)} at the first try "
        f"most often from {name(best.language.item())} ({precision:.1f} %, 95 % interval "
        f"{ends(low, high, '.1f')}, {int(best.n):,} test words) after a map fitted on "
        f"seed pairs; the mean over {count(found.sizes['language'], 'language')} is "
        f"{mean:z.1f} % after and {before:z.1f} % before it, and chance {chance:z.1f} %"
    )
    if "printed" in found.attrs:
        return f"{found.printed} of the paper: {text}."
    return f"{capital(text)}."


def capital(text: str) -> str:
    """A clause as the beginning of a sentence."""
    return f"{text[0].upper()}{text[1:]}"


def name(code: str) -> str:
    """The English name, or the code of a language without one."""
    return language(code).english if is_known(code) else code
