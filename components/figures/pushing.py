"""Pushing from language to language: the second triangle, beside the first."""

import numpy as np
import xarray as xr

from analysis.core.counting import count
from analysis.core.intervals import ends
from analysis.core.typeset import minus_signs
from analysis.overview.direction import direction
from analysis.pushing.beside_reading import MOVED, READ
from analysis.pushing.prompts import SHARE
from analysis.study.study import Study
from components.figures.cells import largest_magnitude, long_table
from components.figures.languages import Arrangement, Languages
from components.figures.spec import Figure, Lines, Matrix, Points, Series
from components.figures.text import source_note, span

RATE = 0.05
TABLE = (
    "effect",
    "low",
    "high",
    "p",
    "q",
    "random_low",
    "random_high",
    "relative",
    "relative_low",
    "relative_high",
    "rate",
    "n",
)
BESIDE = ("reading", "accuracy", "reading_q", *TABLE, "read", "moved", "verdict")
FADED_NOTE = (
    "Faded: the source's vector cannot be told from random directions of the same "
    "length, or from no effect over prompts (Benjamini-Hochberg at 5 %). "
)
RULE = (
    "Read: the source's vector ranks the target's pairs better than chance, and not "
    "clearly less than half as far above it as the target's own. Moved: the same for "
    "its push against random directions. Not: not told from chance, and by the whole "
    "95 % interval below that half. All else is undecided. "
)


def ordered(data: xr.Dataset, arrangement: Arrangement, study: Study) -> Languages:
    """All languages that were pushed or pushed in, as they are arranged."""
    codes = [*data["source"].values.tolist(), *data["target"].values.tolist()]
    return arrangement.languages(study, list(dict.fromkeys(codes)))


def matrix(study: Study, data: xr.Dataset, languages: Languages) -> Figure:
    """Effect of every source's vector on every target's prompts: the pushing triangle."""
    rows = languages.among(data["source"].values.tolist())
    columns = languages.among(data["target"].values.tolist())
    cells = data.sel(source=list(rows.codes), target=list(columns.codes))
    values, q = cells["effect"].values, cells["q"].values
    largest = largest_magnitude(cells["effect"])
    drawn = Matrix(
        values,
        rows.names,
        columns.names,
        units=f"change, {data.attrs['units']}",
        limits=(-largest, largest),
        diverging=True,
        faded=np.isfinite(q) & (q > RATE),
        diagonal=rows.codes == columns.codes,
        digits=2,
        hover=hover(cells, rows, columns),
        codes=(rows.codes, columns.codes),
    )
    prompts = int(cells["n"].max())
    return Figure(
        name=f"pushing-{study.name}",
        analysis="pushing",
        estimate="effect",
        interval=("low", "high"),
        title="By pushing: source (row), target (column)",
        seen="Row by row, how far a language's vector moves what the model says in every "
        "other language, beyond random directions.",
        caption=f"{capital(data.attrs['readout'])} in a target language, under the "
        f"source's vector less under {data.attrs['draws']} random directions; "
        f"{data.attrs['units']}, {span(values)}; {prompts} prompts a language, "
        f"{strength_words(data)}. {FADED_NOTE}{sides_words(study, data)}",
        data=drawn,
        table=long_table(cells, TABLE),
        x="target language",
        y="source language",
        source=source_note(study),
    )


def capital(text: str) -> str:
    """A phrase as the beginning of a sentence."""
    return f"{text[:1].upper()}{text[1:]}"


def strength_words(data: xr.Dataset) -> str:
    """How strong the push was."""
    shares = 100 * data["strength"].values
    known = shares[np.isfinite(shares)]
    if not len(known):
        return "no strength known"
    words = f"{known.min():g} %"
    if known.max() > known.min():
        words = f"{known.min():g} to {known.max():g} %"
    pushed = f"each state moved by {words} of its own length"
    if data.attrs["knee"]:
        return (
            f"{pushed} (the knee of each target's own vector, found on other prompts)"
        )
    return pushed


def sides_words(study: Study, data: xr.Dataset) -> str:
    """Whether the share of the own effect depends on which way a vector goes."""
    found = direction(study, 100 * data["relative"])
    tilt = found.tilt
    if not found.told or not np.isfinite(tilt.p):
        return ""
    sides = found.sides
    return (
        f"Of what the target's own vector does, {sides.mean_above:z.0f} % on average from "
        f"languages with more {found.order.text} to those with less and "
        f"{sides.mean_below:z.0f} % the other way; asymmetry {tilt.index:+z.0f} points, "
        f"permutation p = {tilt.p:z.3f}, by {found.order.words}."
    )


def hover(cells: xr.Dataset, rows: Languages, columns: Languages) -> np.ndarray:
    """Words of every cell: what it says, and how sure that is."""
    said = np.empty(cells["effect"].shape, dtype=object)
    for row, source in enumerate(rows.codes):
        for column, target in enumerate(columns.codes):
            cell = cells.sel(source=source, target=target)
            names = (rows.names[row], columns.names[column])
            sentence = effect_in_words(cell, *names, cells.attrs["units"])
            said[row, column] = f"{sentence}\n{how_sure(cell)}"
    return said


def effect_in_words(cell: xr.Dataset, source: str, target: str, units: str) -> str:
    """One cell in a sentence; ``source`` and ``target`` are names."""
    effect = float(cell["effect"])
    pushed = f"{source} vector pushed in {target}"
    if not np.isfinite(effect):
        return f"{pushed}: not known."
    relative = float(cell["relative"])
    share = ""
    if np.isfinite(relative) and source != target:
        share = f", {100 * relative:z.0f} % of what {target}'s own does"
    return minus_signs(
        f"{pushed}: {amount(effect, units)} beyond random directions{share}."
    )


def amount(effect: float, units: str) -> str:
    """A change with its units; that of a share in points."""
    if units == SHARE:
        return f"{100 * effect:+z.0f} points in the {units}"
    return f"{effect:+z.2f} {units}"


def how_sure(cell: xr.Dataset) -> str:
    """Interval, random directions, n and test of one cell."""
    parts = []
    low, high = float(cell["low"]), float(cell["high"])
    if np.isfinite(low):
        parts.append(f"95 % {ends(low, high, '+.2f')}")
    reach = float(cell["random_high"])
    if np.isfinite(reach):
        parts.append(f"random directions within ±{reach:.2f}")
    parts.append(count(int(cell["n"]), "prompt"))
    q = float(cell["q"])
    if np.isfinite(q):
        parts.append("adjusted p < 0.001" if q < 0.001 else f"adjusted p = {q:z.3f}")
    return minus_signs(", ".join(parts))


def scatter(study: Study, data: xr.Dataset, languages: Languages) -> Figure:
    """Transfer by reading against transfer by pushing, pair by pair of languages."""
    table = long_table(data, BESIDE)
    both = np.isfinite(table["reading"]) & np.isfinite(table["relative"])
    table = table.loc[both & (table["source"] != table["target"])]
    labels = []
    for source, target in zip(table["source"], table["target"]):
        labels.append(f"{languages.name(source)} → {languages.name(target)}")
    points = Points(
        table["reading"].to_numpy(),
        100 * table["relative"].to_numpy(),
        tuple(labels),
        groups=tuple(table["verdict"]),
        named=False,
    )
    agreement = "no correlation, as too few pairs of languages have both"
    if np.isfinite(data.attrs["correlation"]):
        agreement = (
            f"Pearson {data.attrs['correlation']:+z.2f} over n = {data.attrs['pairs']} "
            f"ordered pairs of languages, Mantel p = {data.attrs['p']:z.3f}"
        )
    return Figure(
        name=f"reading-pushing-{study.name}",
        analysis="reading and pushing",
        title="Reading against pushing",
        seen="To the right a vector reads better in the other language; higher up it "
        "pushes better there. 100 % is what that language's own vector does.",
        caption=f"{capital(agreement)}; {strength_words(data)}. Shares are "
        "of targets in which the own vector's effect is above 0 by its interval over "
        f"prompts, however far random directions reach. {RULE}",
        data=points,
        table=table,
        x="reading: T, points",
        y="pushing: % of the own vector's effect",
        source=source_note(study),
    )


def over_strengths(study: Study, data: xr.Dataset, source: str, target: str) -> Figure:
    """The vectors of source and target (names) in the target, by strength of the push."""
    strengths = 100 * data["strength"].values
    own = data.attrs["target"]
    series = []
    for code in data["vector"].values.tolist():
        one = data.sel(vector=code)
        label = f"own vector of {target}" if code == own else f"vector of {source}"
        ends_of = (one["low"].values, one["high"].values)
        line = Series(label, strengths, one["effect"].values, *ends_of, code == own)
        series.append(line)
    random = data["random"].values
    label = f"{len(random)} random directions, lowest to highest"
    flat = np.zeros(len(strengths))
    series.append(Series(label, strengths, flat, random.min(0), random.max(0)))
    units = data["effect"].attrs["units"]
    return Figure(
        name=f"pushing-doses-{study.name}",
        analysis="doses",
        estimate="effect",
        interval=("low", "high"),
        title=f"{source} pushed in {target}, by strength",
        seen=f"How far each push moves what the model says in {target}, beyond the mean "
        "of random directions.",
        caption=f"Mean over {data.attrs['n']} prompts; bands of the two vectors are 95 % "
        "intervals over prompts, that of random directions is where they lie; "
        f"{units}.",
        data=Lines(tuple(series), chance=0.0),
        table=data[["effect", "low", "high", "cost"]].to_dataframe().reset_index(),
        x="strength, % of the state's length",
        y=f"change, {units}",
        source=source_note(study),
    )


def parted(data: xr.Dataset, languages: Languages) -> dict[str, list[str]]:
    """Pairs of languages, “a → b”, in which reading and pushing part, by verdict."""
    found: dict[str, list[str]] = {READ: [], MOVED: []}
    verdicts = data["verdict"]
    for source in data["source"].values.tolist():
        for target in data["target"].values.tolist():
            verdict = str(verdicts.sel(source=source, target=target).values)
            if verdict in found:
                names = f"{languages.name(source)} → {languages.name(target)}"
                found[verdict].append(names)
    return found
