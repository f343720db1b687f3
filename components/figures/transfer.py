"""Transfer: does it carry over?"""

import numpy as np
import xarray as xr

from analysis.concepts import triangle
from analysis.concepts.recognition import BAND_WORDS
from analysis.concepts.specs import Convention
from analysis.concepts.triangle import StartingGap
from analysis.core.intervals import ends, too_few
from analysis.core.typeset import minus_signs
from analysis.overview.direction import direction
from analysis.study.study import PUBLISHED, Study
from components.figures.cells import (
    between,
    largest_magnitude,
    long_table,
    off_diagonal,
)
from components.figures.languages import Languages, share_table, shares
from components.figures.spec import MOST_LABELS, Figure, Lines, Matrix, Points, Series
from components.figures.text import (
    convention_note,
    marks_words,
    pairs_words,
    source_note,
    span,
    unrelated_note,
    untested_note,
    within_unrelated,
)

FADED_NOTE = (
    "Faded: the source's vector is no better than chance in the target "
    "(Benjamini-Hochberg at 5 %). "
)


def matrix(
    study: Study, data: xr.Dataset, languages: Languages, convention: Convention
) -> Figure:
    """Transfer from every source to every target: the triangle."""
    cells = between(data, languages.codes)
    values, q = cells["transfer"].values, cells["q"].values
    tested = np.isfinite(q)
    largest = largest_magnitude(off_diagonal(cells["transfer"]))
    faded = tested & (q > 0.05)
    within = within_unrelated(cells, faded)
    drawn = Matrix(
        values,
        languages.names,
        languages.names,
        units="T, points",
        limits=(-largest, largest),
        diverging=True,
        faded=faded,
        within=within,
        diagonal=True,
        digits=2 if study.kind == PUBLISHED else 1,
        shares=share_bars(study, languages),
        hover=None if len(languages) > MOST_LABELS else hover(cells, languages),
        codes=(languages.codes, languages.codes),
    )
    note = FADED_NOTE if tested.any() else ""
    table = ("transfer", "low", "high", "accuracy", "p", "q", "n", "clusters")
    table += tuple(BAND_WORDS)
    return Figure(
        name=f"transfer-{study.name}",
        analysis="transfer",
        estimate="transfer",
        interval=("low", "high"),
        title="Transfer from a source language (row) to a target language (column)",
        seen="Row by row, how a language's vectors do on every other language's pairs, "
        f"in points against the language's own{marks_words(faded, within)}.",
        caption=f"{triangle_words(study, cells['transfer'])}"
        f"{unrelated_note(study, others_only(cells))} {note}{convention_note(convention, study)}"
        f"{untested_note(cells['clusters'].values)}",
        data=drawn,
        table=long_table(cells, table),
        x="target language",
        y="source language",
        source=source_note(study, "transfer"),
    )


def others_only(cells: xr.Dataset) -> xr.Dataset:
    """Cells without those on the diagonal, which are recognition and no transfer."""
    if "q_unrelated" not in cells:
        return cells
    transferred = cells["source"] != cells["target"]
    return cells.assign(q_unrelated=cells["q_unrelated"].where(transferred))


def triangle_words(study: Study, values: xr.DataArray) -> str:
    """How much is lost, and whether that depends on which way a vector goes."""
    known = off_diagonal(values)
    text = (
        "T = accuracy of the source's vector on the target's pairs minus that of the "
        f"target's own, percentage points, {span(known)}."
    )
    found = direction(study, values)
    if not found.told:
        free = int((known >= 0).sum())
        return f"{text} T ≥ 0 in {free} of {np.isfinite(known).sum()} cells."
    sides, skew = found.sides, found.tilt
    return (
        f"{text} T ≥ 0 in {sides.above} of {sides.above_cells} cells from languages with "
        f"more {found.order.text} to those with less (mean {sides.mean_above:+z.2f}) and "
        f"{sides.below} of {sides.below_cells} the other way (mean "
        f"{sides.mean_below:+z.2f}); asymmetry {skew.index:+z.2f} points, permutation "
        f"p = {skew.p:z.3f}, by {found.order.words}."
    )


def share_bars(study: Study, languages: Languages) -> tuple[float, ...]:
    """Shares of pre-training along the edge; none where they are no shares."""
    percent = shares(study, languages.codes)
    if share_table(study).order_only or not np.isfinite(percent).any():
        return ()
    return tuple(percent)


def hover(cells: xr.Dataset, languages: Languages) -> np.ndarray:
    """Words of every cell: what it says, and how sure that is."""
    names = ("low", "high", "n", "clusters", "q")
    sure = np.vectorize(how_sure, otypes=[object])
    lines = sure(*(cells[name].values for name in names))
    values, accuracy = cells["transfer"].values, cells["accuracy"].values
    own = np.broadcast_to(np.diagonal(accuracy), accuracy.shape)
    said = np.empty(values.shape, dtype=object)
    for row, column in np.ndindex(values.shape):
        pair = (languages.names[row], languages.names[column])
        right, owns = float(accuracy[row, column]), float(own[row, column])
        said[row, column] = pair_in_words(
            *pair, right, owns, float(values[row, column])
        )
    return np.where(lines == "", said, said + "\n" + lines)


def sentence_of_cell(
    data: xr.Dataset, languages: Languages, source: str, target: str
) -> str:
    """What one cell of the triangle says; ``source`` and ``target`` are codes."""
    column = data.sel(target=target)
    numbers = (
        float(column["accuracy"].sel(source=source)),
        float(column["accuracy"].sel(source=target)),
        float(column["transfer"].sel(source=source)),
    )
    return pair_in_words(languages.name(source), languages.name(target), *numbers)


def pair_in_words(
    source: str, target: str, accuracy: float, own: float, value: float
) -> str:
    """One cell in a sentence; ``source`` and ``target`` are names.

    Accuracies are shares and ``value`` is in points; NaN where they are not known.
    """
    pairs = f"{source} vector on {target} pairs"
    if not np.isfinite(value):
        return f"{pairs}: not known."
    if source == target:
        right = f"{pairs}: {100 * own:.1f} % right."
        return right if np.isfinite(own) else f"{pairs}."
    change = minus_signs(f"{value:+z.1f}")
    if not np.isfinite(accuracy):
        return f"{pairs}: {change} points against {target}'s own vector."
    right, owns = f"{100 * accuracy:.1f} %", f"{100 * own:.1f} %"
    return f"{pairs}: {right} right, {target}'s own: {owns}; {change} points."


def how_sure(low: float, high: float, n: float, sources: float, q: float) -> str:
    """Interval, n and test of one cell, as far as they are known."""
    parts = []
    if np.isfinite(low):
        parts.append(f"95 % {ends(low, high, '+.2f')}")
    if np.isfinite(n):
        parts.append(pairs_words(n, sources))
    if np.isfinite(q):
        parts.append(f"adjusted p = {q:z.3f}")
    elif too_few(sources):
        parts.append(too_few(sources))
    return minus_signs(", ".join(parts))


def over_layers(study: Study, curves: xr.Dataset, source: str, target: str) -> Figure:
    """The vectors of source and target (names) on the target's pairs, by layer."""
    depth = curves["depth"].values
    labels = (f"vector of {source}", f"own vector of {target}")
    series = []
    # Where source and target are one language, there is one vector.
    for place, label in enumerate(labels[: curves.sizes["vector"]]):
        one = curves.isel(vector=place)
        line = Series(
            label,
            depth,
            one["accuracy"].values,
            one["low"].values,
            one["high"].values,
            dashed=place == 1,
        )
        series.append(line)
    return Figure(
        name=f"transfer-layers-{study.name}",
        analysis="transfer curve",
        estimate="accuracy",
        interval=("low", "high"),
        title=f"{source} → {target} over layers",
        seen=f"Both vectors on the pairs of {target}, after each block.",
        caption=f"Accuracy on the held-out pairs of {target}; bands are 95 % "
        "intervals over the sources of pairs; chance 0.5 (dotted).",
        data=Lines(tuple(series), chance=0.5),
        table=curves.to_dataframe().reset_index(),
        x="relative depth (1 = last block)",
        y="accuracy",
        source=source_note(study, "transfer"),
    )


def gap_scatter(
    study: Study,
    values: xr.DataArray,
    starts: xr.DataArray,
    found: StartingGap,
    languages: Languages,
) -> Figure:
    """T against Acc(source) − Acc(target)."""
    table = triangle.starting_gaps(values, starts)
    routes = zip(table["source"], table["target"])
    names = dict(zip(languages.codes, languages.names))
    labels = tuple(f"{names[a]} → {names[b]}" for a, b in routes)
    points = Points(
        table["gap"].to_numpy(),
        table["transfer"].to_numpy(),
        labels,
        groups=("pairs",) * len(labels),
        line=(found.slope, found.intercept),
        named=False,
    )
    return Figure(
        name=f"starting-gap-{study.name}",
        analysis="starting gap",
        title="Transfer against the starting gap",
        seen="To the right the source starts better than the target; higher is better "
        "transfer.",
        caption=f"Pearson {found.r:z.2f} over n = {found.n} ordered pairs, slope "
        f"{found.slope:z.2f}. T contains the target's own accuracy, so part of this is "
        "arithmetic. What is tested is the rest: whether, for the same target, sources "
        f"that start better carry over better (sources permuted, p = {found.p:z.3f}).",
        data=points,
        table=table,
        x="Acc(source) − Acc(target), points",
        y="T, points",
        source=source_note(study, "transfer"),
    )


def residuals(study: Study, found: StartingGap, languages: Languages) -> Figure:
    """Transfer net of the starting gap."""
    values = between(found.residual, languages.codes)
    largest = largest_magnitude(values)
    drawn = Matrix(
        values.values,
        languages.names,
        languages.names,
        units="residual, points",
        limits=(-largest, largest),
        diverging=True,
        diagonal=True,
        digits=1,
    )
    return Figure(
        name=f"transfer-net-{study.name}",
        analysis="starting gap",
        title="Transfer net of the starting gap",
        seen="What is left of transfer once the better start is taken away, in points.",
        caption="Residual of T after the straight line above, percentage points, "
        f"{span(values)}; n = {found.n}.",
        data=drawn,
        table=values.to_dataframe("residual").reset_index(),
        x="target language",
        y="source language",
        source=source_note(study, "transfer"),
    )
