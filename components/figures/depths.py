"""Layers, its curves over depth: angles, lengths, separation, agreement, lens."""

import numpy as np
import xarray as xr

from analysis.core.counting import count
from analysis.core.intervals import ends
from analysis.core.statistics import mean_known
from analysis.core.typeset import minus_signs
from analysis.questions import items
from analysis.study.study import Study
from components.figures.cells import between, off_diagonal
from components.figures.curves import (
    DepthWords,
    depths,
    null_band,
    over_depth,
    over_languages,
    require,
)
from components.figures.languages import Languages
from components.figures.layers import SHARED_MEAN
from components.figures.spec import Figure, Matrix, Series
from components.figures.text import counts, source_note, span

NO_ANGLE = (
    "no language has two such vectors that are not zero. Questions that are the same "
    "in every language, or with and without the country, leave no difference; the "
    "held-out universal version needs a second language with a local vector"
)
SEPARABLE = (
    "it needs the same questions in two languages, two of them or more, whose states "
    "are not all the same"
)
COMPARABLE = (
    f"it needs {items.FEWEST} universal questions or more in English and another "
    "language, whose states are not all the same"
)
ALONE = (
    "it needs two languages with the same kind of vector, at a layer where neither is "
    "zero"
)
NO_LENS = "no answer begins with a token of its own language or of English alone"
NO_LENGTH = "all states are zero"
ENGLISH_ALONE = "English is compared with another language, and there is none"
WITH_BAND = (
    "Band of shuffled labels: 95 % of the means when every item's difference gets a "
    "random sign, the same in all languages."
)
WITHOUT_BAND = (
    "No band of shuffled labels: the items behind these vectors were not kept, are too "
    "few, or are other languages'."
)
FADED_ANGLES = (
    " Faded: inside the 95 % band of shuffled labels, no different from perpendicular."
)
NOISE = " What is left of the shuffled twins is the noise of few items."
PARALLEL = {
    "cka": "linear CKA (unbiased)",
    "neighbours": "mutual nearest neighbours",
}
"""Measure of parallel states → what it is called."""


def angle_curves(study: Study, mean: xr.Dataset) -> list[Series]:
    """The mean angle of English and local vector over depth, and its null band."""
    version = mean.attrs["version"]
    what = f"angle of English and local vector ({version})"
    require(study, mean["cosine"], what, NO_ANGLE)
    cosine, low, high = (mean[part].values for part in ("cosine", "low", "high"))
    series = [Series("mean over languages", depths(study), cosine, low, high)]
    if np.isfinite(mean["null_low"]).any():
        series.append(null_band(study, mean, "shuffled labels"))
    return series


def mean_angle(
    study: Study, mean: xr.Dataset, series: list[Series], layer: int
) -> Figure:
    """Curves of ``angle_curves``, and those of other studies if wanted."""
    title = "English against local vector over depth"
    words = DepthWords(
        "angle",
        title,
        minus_signs(angle_caption(mean, layer)),
        "cosine",
        analysis="mean angle",
        bands_are_intervals=True,
        seen="Mean cosine of the English and the local vector at every layer: 1 is the "
        "same direction, 0 perpendicular; the band is its 95 % interval.",
    )
    return over_depth(study, words, series, layer, limits=(-1.02, 1.02))


def angle_answer(mean: xr.Dataset, layer: int) -> str:
    """How the two vectors lie to each other at a layer, in a sentence."""
    here = mean.sel(layer=layer)
    if not np.isfinite(here["cosine"]):
        return f"At layer {layer} one of the two vectors is zero in every language."
    cosine = float(here["cosine"])
    known = mean["cosine"].where(np.isfinite(mean["cosine"]), drop=True)
    largest = known.layer.values[int(known.values.argmax())]
    interval = ""
    if np.isfinite(here["low"]):
        interval = f", 95 % {ends(float(here['low']), float(here['high']), '.2f')}"
    languages = count(mean.attrs["languages"], "language")
    return minus_signs(
        f"{how_they_lie(here, layer)}: mean cosine {cosine:z.2f} "
        f"({float(here['angle']):.0f}°{interval}; n = {languages}). They come closest "
        f"at layer {largest}, {float(known.max()):z.2f}."
    )


def how_they_lie(here: xr.Dataset, layer: int) -> str:
    """Whether the vectors share a direction, beside chance where that is known."""
    cosine, low, high = (float(here[part]) for part in ("cosine", "low", "high"))
    two = f"At layer {layer} English and local vectors"
    if np.isfinite(here["null_low"]):
        if float(here["null_low"]) <= cosine <= float(here["null_high"]):
            return f"{two} share no more than chance"
        return f"{two} {'share a direction' if cosine > 0 else 'point apart'}"
    if low > 0:
        return f"{two} lean the same way"
    if high < 0:
        return f"{two} lean opposite ways"
    return f"{two} are about perpendicular"


def other_angle(other: Study, mean: xr.Dataset) -> Series:
    """The mean angle of another study, at relative depth."""
    return Series(other.title, depths(other), mean["cosine"].values, dashed=True)


def angle_caption(mean: xr.Dataset, layer: int) -> str:
    """The mean angle at the layer, its interval and its band; or why there is none."""
    here = mean.sel(layer=layer)
    shuffled = WITHOUT_BAND
    if np.isfinite(mean["null_low"]).any():
        shuffled = WITH_BAND
    if not np.isfinite(here["cosine"]):
        return (
            f"At layer {layer} there is no angle: in every language one of the two "
            f"vectors is zero. 0 is perpendicular. {shuffled}"
        )
    cosine, angle = float(here["cosine"]), float(here["angle"])
    interval = angle_interval(here, mean.attrs["languages"])
    return (
        f"At layer {layer} the mean cosine is {cosine:z.2f} ({angle:.0f}°; {interval})"
        f"{band_words(here)}. 0 is perpendicular. {shuffled}"
    )


def angle_interval(here: xr.Dataset, languages: int) -> str:
    """Over what the mean angle is taken, and its interval."""
    n = f"n = {count(languages, 'language')}"
    if not np.isfinite(here["low"]):
        return f"{n}, without an interval"
    return (
        f"95 % {ends(float(here['low']), float(here['high']), '.2f')}, Student's t over "
        f"{n}, the questions, which they share, as they are"
    )


def band_words(here: xr.Dataset) -> str:
    """Whether the mean angle is inside the band of shuffled labels."""
    if not np.isfinite(here["null_low"]):
        return ""
    inside = bool(here["null_low"] <= here["cosine"] <= here["null_high"])
    side = "inside" if inside else "outside"
    band = ends(float(here["null_low"]), float(here["null_high"]), ".2f")
    return f", {side} the band of shuffled labels ({band})"


def angle_map(study: Study, data: xr.Dataset, languages: Languages) -> Figure:
    """The angle of every language (language, layer)."""
    require(study, data["cosine"], "angle of English and local vector", NO_ANGLE)
    known = np.isfinite(data["cosine"].values).any(1)
    shown = languages.among(data["language"].values[known])
    cells = data.sel(language=list(shown.codes))
    universal, culture = counts(cells["english_items"]), counts(cells["local_items"])
    faded = FADED_ANGLES if np.isfinite(cells["null_low"]).any() else ""
    left_out = [code for code in study.languages if code not in shown.codes]
    without = ""
    if left_out:
        codes = ", ".join(left_out)
        without = f" Without both vectors: {codes} (English has no English vector)."
    return Figure(
        name=f"angles-{study.name}",
        analysis="angles",
        estimate="cosine",
        interval=("low", "high"),
        title="English against local vector, by language and layer",
        seen="Purple: a language's two vectors point the same way; orange: opposite ways.",
        caption=f"Cosine; n = {universal} universal and {culture} culture items per "
        f"language.{faded}{without}",
        data=angle_matrix(cells, shown),
        table=cells.to_dataframe().reset_index(),
        x="layer",
        y="language",
        source=source_note(study, "english_vector"),
    )


def angle_matrix(cells: xr.Dataset, languages: Languages) -> Matrix:
    """Cosines, faded inside the band of shuffled labels."""
    values, low, high = (
        cells[name].values for name in ("cosine", "null_low", "null_high")
    )
    return Matrix(
        values,
        languages.names,
        tuple(map(str, cells.layer.values)),
        units="cosine",
        limits=(-1.0, 1.0),
        diverging=True,
        faded=(values >= low) & (values <= high),
        hover=np.vectorize(angle_words)(cells["angle"].values, low, high),
    )


def angle_words(angle: float, low: float, high: float) -> str:
    """An angle and the cosines of shuffled labels, as far as they are known."""
    if not np.isfinite(angle):
        return "no angle: a vector is zero"
    if not np.isfinite(low):
        return f"{angle:.0f}°"
    return f"{angle:.0f}°, shuffled {ends(low, high, '.2f')}"


def lengths(study: Study, data: xr.Dataset, layer: int) -> Figure:
    """Lengths of the vectors as a share of the states'."""
    share = data["share"]
    why = ENGLISH_ALONE if study.has("mean_state") else NO_LENGTH
    require(study, share, "length of a vector", why)
    series = []
    for name in share.vector.values.tolist():
        series.append(over_languages(study, share.sel(vector=name), name))
    n = int(np.isfinite(share.values).any(-1).any(0).sum())
    twins = NOISE if len(series) > 2 else ""
    words = DepthWords(
        "length",
        "Length of the vectors, as a share of the states'",
        f"Mean over {count(n, 'language')}; bands: all languages.{twins}",
        "‖v‖ / ‖h‖",
        analysis="lengths",
        seen="How long the vectors are beside the states that they are added to; bands "
        "hold all languages.",
    )
    return over_depth(study, words, series, layer)


def agreement(study: Study, data: xr.Dataset, layer: int) -> Figure:
    """Mean cosine between languages, for each kind of vector."""
    cosine = data["cosine"]
    different = ~np.eye(cosine.sizes["source"], dtype=bool)
    known = cosine.values[..., different]
    require(study, known, "agreement between languages", ALONE)
    series = []
    for name, values in zip(cosine.vector.values.tolist(), known):
        mean, shuffled = mean_known(values, 1), "shuffled" in name
        series.append(Series(name, depths(study), mean, dashed=shuffled))
    n = (np.isfinite(cosine.values) & different).any((1, 3)).sum(1)
    caption = (
        f"Mean cosine over pairs of {counts(n[n > 0])} languages. English vectors of "
        "two languages share the English questions, so 0 is not their floor; the "
        "shuffled twins are drawn anew for every language."
    )
    title = "Do the languages' vectors agree?"
    seen = "How alike the vectors of two languages are, mean over pairs of languages."
    words = DepthWords("agreement", title, caption, "cosine", "agreement", seen=seen)
    return over_depth(study, words, series, layer)


def agreement_map(
    study: Study, data: xr.Dataset, which: str, layer: int, languages: Languages
) -> Figure:
    """Cosines between the languages' vectors, every layer scrubbed in the browser."""
    every = data["cosine"].sel(vector=which)
    missing = f"cosine matrix of {which} vectors"
    require(study, off_diagonal(every), missing, ALONE)
    shown = languages.among(with_vectors(every))
    cells = between(every, shown.codes)
    here = off_diagonal(cells.sel(layer=layer))
    matrix = Matrix(
        cells.values,
        shown.names,
        shown.names,
        units="cosine",
        limits=(-1.0, 1.0),
        diverging=True,
        frames=tuple(map(str, data.layer.values)),
        start=layer - 1,
    )
    floor = f" {SHARED_MEAN}" if study.has("mean_state") else ""
    table = cells.to_dataframe("cosine").reset_index()
    return Figure(
        name=f"agreement-map-{study.name}",
        analysis="agreement",
        title=f"Cosine between the languages' {which} vectors",
        seen="How alike the vectors of every two languages are; the ruler moves through "
        "the layers.",
        caption=f"{count(len(shown), 'language')}; drag the ruler for other layers. "
        f"At layer {layer}: {span(here)}.{floor} The diagonal is 1 by definition.",
        data=matrix,
        table=table.loc[:, ["layer", "source", "target", "cosine"]],
        x="language",
        y="language",
        source=source_note(study, "english_vector"),
    )


def with_vectors(cosine: xr.DataArray) -> list[str]:
    """Languages (source, target) that have a vector at some layer."""
    # A vector that is there has a cosine with itself.
    own = np.diagonal(cosine.values, axis1=1, axis2=2)
    return cosine.source.values[np.isfinite(own).any(0)].tolist()


def separation(study: Study, data: xr.Dataset, layer: int) -> Figure:
    """Separation index of each kind of items with its band."""
    require(study, data["separation"], "separation index", SEPARABLE)
    series, asked = [], []
    for kind, n in zip(data.kind.values.tolist(), data["items"].values):
        one = data.sel(kind=kind)
        series.append(Series(f"{kind} items", depths(study), one["separation"].values))
        series.append(null_band(study, one, f"{kind}, shuffled"))
        asked.append(f"{int(n)} {kind}")
    caption = (
        "1 − distance of an item between languages / distance of items within a "
        f"language; {', '.join(asked)} items in {int(data['languages'].max())} "
        "languages. 1: an item is one point in all languages. Band: items numbered at "
        "random in each language, 95 %."
    )
    words = DepthWords(
        "separation",
        "Separation index",
        caption,
        "separation index",
        analysis="separation",
        seen="1: a question is one point in all languages; 0: languages are as far apart "
        "as questions. Bands are questions numbered at random.",
    )
    return over_depth(study, words, series, layer)


def parallel(study: Study, data: xr.Dataset, layer: int) -> Figure:
    """Unbiased CKA and mutual neighbours with English."""
    both = data[list(PARALLEL)].to_array()
    require(study, both, "comparison with English", COMPARABLE)
    known = both.notnull().any(("variable", "layer"))
    data = data.isel(language=known.values)
    series = []
    for name, label in PARALLEL.items():
        series.append(over_languages(study, data[name], label))
    chance, floor = None, "0 for CKA"
    if np.isfinite(data["neighbours"]).any():
        chance = float(data["chance"].mean())
        floor = f"0 for CKA, {chance:z.2f} for neighbours (dotted)"
    caption = (
        "Universal questions against their English versions, "
        f"{counts(data['items'])} items; mean over "
        f"{count(data.sizes['language'], 'language')}, bands: all languages. "
        f"Chance: {floor}."
    )
    words = DepthWords(
        "parallel",
        "Parallel states",
        caption,
        "agreement with English",
        analysis="parallel",
        seen="How alike questions lie in a language and in English; bands hold all "
        "languages.",
    )
    return over_depth(study, words, series, layer, chance=chance)


def untold(data: xr.DataArray) -> str:
    """How many answers begin alike in both languages, and so are left out."""
    missing = data.attrs.get("answers", 0) - data.attrs.get("told", 0)
    if not missing:
        return ""
    return (
        f" Left out: {missing} of {data.attrs['answers']} answers that begin alike in "
        "both languages."
    )


def followed(data: xr.DataArray) -> str:
    """How many answers are read over more than their first token."""
    several = data.attrs.get("followed", 0)
    if not several:
        return ""
    return (
        f" {count(several, 'answer')} of {data.attrs['answers']} begin with a part of a "
        "character that others begin with too: read on to the first token that tells "
        "them apart."
    )


def lens(study: Study, data: xr.DataArray, layer: int) -> Figure:
    """Which language the middle of the model would answer in."""
    require(study, data, "logit lens", NO_LENS)
    series = []
    for side in data.side.values.tolist():
        series.append(over_languages(study, data.sel(side=side), side))
    n = int(np.isfinite(data.values).all((1, 2)).sum())
    caption = (
        "Probability that the output head gives, at each layer, to tokens with which "
        "the right answer begins in the question's language or in English; tokens that "
        f"begin both are left out. Mean over {count(n, 'language')} other than "
        f"English, bands: all.{followed(data)}{untold(data)}"
    )
    title = "Logit lens: English or own language?"
    seen = (
        "How likely the output head finds the answer's first token at each layer, in "
        "the question's language and in English; bands hold all languages."
    )
    words = DepthWords("lens", title, caption, "probability", "lens", seen=seen)
    return over_depth(study, words, series, layer)
