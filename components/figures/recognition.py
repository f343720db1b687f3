"""Recognition: is the concept there?"""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.concepts.recognition import BAND_WORDS
from analysis.concepts.specs import Convention
from analysis.core.counting import count
from analysis.core.intervals import ends, too_few
from analysis.core.statistics import mean_known
from analysis.languages.facts import UNKNOWN
from analysis.languages.languages import is_known, language
from analysis.study.study import PUBLISHED, Study
from components.figures.languages import Languages, shares
from components.figures.share_axis import share_axis
from components.figures.spec import (
    BarSeries,
    Dumbbells,
    Figure,
    Lines,
    Matrix,
    Points,
    Series,
)
from components.figures.text import (
    chance_words,
    convention_note,
    counts,
    marks_words,
    mean_band_words,
    pairs_words,
    source_note,
    span,
    unrelated_note,
    untested_note,
    with_bands,
    within_unrelated,
)

FADED_NOTE = (
    "Faded cells are no better than chance "
    "(permutation test, Benjamini-Hochberg at 5 %)."
)
BY_ORDER = "Recognised or not, language by language in the order that is chosen above."
BY_SHARE = "Each language's accuracy against how much of the model's text it was."
MEAN_BANDS = [f"mean_{name}" for name in BAND_WORDS]
PRINTED_NOTE = "The paper prints no intervals; it counts 0.65 as encoded."


def family(code: str) -> str:
    """The language family, which colours a point."""
    if not is_known(code):
        return UNKNOWN
    return language(code).family


def pair_count(pairs: xr.DataArray) -> str:
    """How many held-out pairs a language has, in words."""
    if pairs.max() > 0:
        return f"{counts(pairs)} held-out pairs a language"
    return "pairs not printed"


def mean_words(study: Study, means: xr.Dataset, convention: Convention) -> str:
    """What every language's mean accuracy is, its n, interval and chance."""
    accuracy = means["mean"]
    interval = accuracy.attrs.get("interval", "over pairs").removeprefix("95 % ")
    chance = chance_words(means, float(means["mean_chance"].mean()))
    return (
        f"Mean over {count(len(study.concepts), 'concept')} of the share of held-out "
        f"pairs ranked right, {span(accuracy)}; bars are 95 % intervals ({interval}); "
        f"n = {pair_count(means['n'].sum('concept'))}; "
        f"{chance}{mean_band_words(means)}. {convention_note(convention, study)}"
    )


def in_order(
    study: Study, data: xr.Dataset, languages: Languages, convention: Convention
) -> Figure:
    """Mean accuracy of every language, the best first, beside unrelated vectors."""
    codes = np.array(languages.codes)
    known = data["mean"].sel(language=codes).values
    best_first = np.argsort(-np.nan_to_num(known, nan=-1.0), kind="stable")
    arranged = languages.in_places(best_first)
    means = data.sel(language=list(arranged.codes))
    seen = "Languages by how well their concepts are recognised, best first."
    unrelated = unrelated_series(means)
    if unrelated:
        seen = f"{seen[:-1]}; squares are what unrelated vectors reach."
    own = BarSeries(
        "the concept's vector",
        means["mean"].values,
        low=means["mean_low"].values,
        high=means["mean_high"].values,
    )
    return Figure(
        name=f"recognition-order-{study.name}",
        analysis="recognition",
        estimate="accuracy",
        interval=("low", "high"),
        title="Recognition accuracy by language",
        caption=mean_words(study, means, convention),
        seen=seen,
        data=Dumbbells(arranged.names, (own, *unrelated), chance=0.5, apart=True),
        table=table_by_share(means, arranged, shares(study, arranged.codes)),
        x="accuracy",
        y="language",
        source=source_note(study, "recognition"),
    )


def unrelated_series(means: xr.Dataset) -> tuple[BarSeries, ...]:
    """What vectors that know nothing of the concept reach; none where nobody knows."""
    if "mean_random_low" not in means:
        return ()
    lows = [means["mean_random_low"].values, means["mean_shuffled_low"].values]
    highs = [means["mean_random_high"].values, means["mean_shuffled_high"].values]
    low, high = np.fmin(*lows), np.fmax(*highs)
    return (BarSeries("unrelated vectors", (low + high) / 2, low=low, high=high),)


def by_share(
    study: Study, data: xr.Dataset, languages: Languages, convention: Convention
) -> Figure:
    """Mean accuracy per language against its share of pre-training."""
    means = data.sel(language=list(languages.codes))
    accuracy, low, high = means["mean"], means["mean_low"], means["mean_high"]
    axis = share_axis(study, languages)
    caption = mean_words(study, means, convention) + axis.note
    points = Points(
        axis.places,
        accuracy.values,
        languages.names,
        groups=tuple(map(family, languages.codes)),
        low=low.values,
        high=high.values,
        chance=0.5,
        ordinal=axis.is_order,
        ticks=axis.ticks,
        tick_words=axis.tick_words,
    )
    return Figure(
        name=f"recognition-{study.name}",
        analysis="recognition",
        estimate="accuracy",
        interval=("low", "high"),
        title="Recognition by share of pre-training",
        caption=caption,
        seen=BY_ORDER if axis.is_order else BY_SHARE,
        data=points,
        table=table_by_share(means, languages, axis.shares),
        x=axis.title,
        y="accuracy",
        source=source_note(study, "recognition"),
    )


def table_by_share(
    means: xr.Dataset, languages: Languages, shares: np.ndarray
) -> pd.DataFrame:
    """The numbers of every language's mean accuracy."""
    table = {
        "language": list(languages.codes),
        "name": languages.names,
        "share, %": shares,
        "accuracy": means["mean"].values,
        "low": means["mean_low"].values,
        "high": means["mean_high"].values,
        "pairs": means["n"].sum("concept").values,
    }
    for name in means.data_vars:
        if str(name) in MEAN_BANDS:
            table[str(name).removeprefix("mean_")] = means[name].values
    return pd.DataFrame(table)


def over_depth(study: Study, curves: xr.Dataset, languages: Languages) -> Figure:
    """Accuracy at every layer, mean over concepts, one line per language."""
    means = curves["accuracy"].mean("concept", skipna=True)
    depth = curves["depth"].values
    series = []
    for code, name in zip(languages.codes, languages.names):
        series.append(Series(name, depth, means.sel(language=code).values))
    caption = (
        f"Share of held-out pairs ranked right at each of "
        f"{count(study.layers, 'layer')}, "
        f"mean over {count(len(study.concepts), 'concept')}; chance 0.5 (dotted). "
        "Single layers, so no choice of layer flatters the curve."
    )
    return Figure(
        name=f"recognition-depth-{study.name}",
        analysis="recognition curve",
        title="Where in the model the concepts are recognised",
        seen="Accuracy after each block, one line a language.",
        caption=caption,
        data=Lines(tuple(series), chance=0.5),
        table=means.to_dataframe("accuracy").reset_index(),
        x="relative depth (1 = last block)",
        y="accuracy",
        source=source_note(study, "recognition"),
    )


def by_concept(
    study: Study, data: xr.Dataset, languages: Languages, convention: Convention
) -> Figure:
    """Accuracy of every concept in every language."""
    cells = data.sel(language=list(languages.codes))
    accuracy, q = cells["accuracy"].values, cells["q"].values
    tested = np.isfinite(q)
    note = note_on_tests(study, bool(tested.any()))
    chance = chance_words(data, float(mean_known(cells["chance"].values.ravel())), "")
    parts = ("low", "high", "n", "clusters", "q")
    hover = np.vectorize(cell_words)(*(cells[part].values for part in parts))
    faded = tested & (q > 0.05)
    within = within_unrelated(cells, faded)
    matrix = Matrix(
        accuracy,
        study.concepts,
        languages.names,
        units="accuracy",
        limits=(0.5, 1.0),
        faded=faded,
        within=within,
        hover=with_bands(hover, cells),
    )
    by_cell = [name for name, each in cells.data_vars.items() if "concept" in each.dims]
    return Figure(
        name=f"recognition-concepts-{study.name}",
        analysis="recognition",
        estimate="accuracy",
        interval=("low", "high"),
        title="Recognition by concept and language",
        seen=f"Each concept in each language{marks_words(faded, within)}.",
        caption=f"Share of held-out pairs ranked right, {span(accuracy)}; {chance}."
        f"{unrelated_note(study, cells)}{note}{untested_note(cells['clusters'].values)} "
        f"{convention_note(convention, study)}",
        data=matrix,
        table=cells[by_cell].to_dataframe().reset_index(),
        x="language",
        y="concept",
        source=source_note(study, "recognition"),
    )


def note_on_tests(study: Study, tested: bool) -> str:
    """What faded cells are; of printed ones, what is not printed."""
    if tested:
        return f" {FADED_NOTE}"
    return f" {PRINTED_NOTE}" if study.kind == PUBLISHED else ""


def cell_words(low: float, high: float, n: float, sources: float, q: float) -> str:
    """Interval, n and test of one cell, as far as they are known."""
    parts = []
    if np.isfinite(low):
        parts.append(f"95 % {ends(low, high)}")
    if np.isfinite(n):
        parts.append(pairs_words(n, sources))
    if np.isfinite(q):
        parts.append(f"adjusted p = {q:z.3f}")
    elif too_few(sources):
        parts.append(too_few(sources))
    return ", ".join(parts)
