"""Alignment: do the spaces match?"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr

from analysis.core.counting import count
from analysis.core.intervals import ends
from analysis.overview import on_words
from analysis.study.study import PUBLISHED, Study
from analysis.words.alignment import Mean, mean_over_languages
from analysis.words.matching import STAGES
from analysis.words.specs import AlignmentSpec
from components.figures.cells import between, long_table
from components.figures.languages import Languages
from components.figures.spec import BarSeries, Dumbbells, Figure, Lines, Matrix, Series
from components.figures.text import counts, source_note, span

TITLES = {
    "layer": "P@1 over layers, mean over languages",
    "seeds": "P@1 by number of seed pairs, mean over languages",
}
"""Axis of a curve → its title."""
AXES = {"layer": "layer", "seeds": "seed pairs"}
CHOOSING = {
    axis: f"Taking the best {what} from this curve is choosing on the very test words that it "
    "is reported on, which flatters; choose before looking, or on other words."
    for axis, what in (("layer", "layer"), ("seeds", "number of seeds"))
}
"""Axis of a curve → what a choice made on it is worth."""
BEST = {
    "layer": "layer {}",
    "seeds": "{} seed pairs",
    "embedding": "“{}”",
}
"""What was chosen among → how its best one is called."""
STAGE_NOTE = (
    "“After” has seen no test word; “ceiling” is fitted on the test words too (so it "
    "has seen the answers, as in the paper: room for overfitting, not quality)"
)
ALIKE = "spelled alike"
WITHOUT_LEAK = "; the cross-validated ceiling fits as many pairs on other words"
TOO_FEW = "No map, since there are too few to fit one, and no interval for so few."


@dataclass(frozen=True)
class Matching:
    """How a study's words were matched, and what the target language is called."""

    spec: AlignmentSpec
    target: str


class Gain(NamedTuple):
    """The ends of what a map adds to the share of words found."""

    low: float
    high: float


def answer(found: xr.Dataset, matching: Matching) -> str:
    """What the map changes, in a sentence with its number, interval and n."""
    before, after = mean_at(found, "before"), mean_at(found, "after")
    chance = float(found["chance"].sel(k=1).mean())
    languages = count(found.sizes["language"], "language")
    gain = gained(found, before, after)
    return (
        f"{what_it_does(gain, after, chance, matching.spec)}: "
        f"{percent(after.precision)} of words find their translation into "
        f"{matching.target} at the first try{within(after)}; before it "
        f"{percent(before.precision)}, by guessing {percent(chance)}. "
        f"n = {counts(found['n'])} words, {languages}."
    )


def mean_at(found: xr.Dataset, stage: str) -> Mean:
    """P@1 at a stage, mean over languages; NaN ends where single words are unknown."""
    if "hit" in found:
        hits = found["hit"].sel(stage=stage).values
        return mean_over_languages(list(hits[np.isfinite(hits).any(1)]))
    precision = float(found["precision"].sel(stage=stage, k=1).mean())
    return Mean(precision, np.nan, np.nan)


def what_it_does(gain: Gain, after: Mean, chance: float, spec: AlignmentSpec) -> str:
    """What the map does to the match of the spaces, in a main clause."""
    name = "A rotation" if spec.map == "orthogonal" else f"The {spec.map} map"
    if lowest(after) <= chance:
        return f"{name} learned from seed pairs finds no more words than guessing"
    if gain.low > 0:
        return f"{name} learned from seed pairs brings the spaces together"
    if gain.high < 0:
        return f"{name} learned from seed pairs makes words harder to find"
    return f"{name} learned from seed pairs changes little"


def gained(found: xr.Dataset, before: Mean, after: Mean) -> Gain:
    """Ends of what the map adds; the Overview's where single words are unknown."""
    if "hit" in found:
        return Gain(lowest(after) - highest(before), highest(after) - lowest(before))
    return Gain(*on_words.read(found.sel(k=1), "").gain)


def lowest(mean: Mean) -> float:
    """The low end of a mean; the mean itself where it has none."""
    return float(np.fmin(mean.low, mean.precision))


def highest(mean: Mean) -> float:
    """The high end of a mean; the mean itself where it has none."""
    return float(np.fmax(mean.high, mean.precision))


def within(mean: Mean) -> str:
    """The interval of a mean in percent; empty where it has none."""
    if not np.isfinite(mean.low):
        return ""
    return f" (95 % {100 * mean.low:.0f} to {100 * mean.high:.0f} %)"


def percent(share: float) -> str:
    """A share in percent, with a decimal where it would else be none at all."""
    digits = 1 if 0 < share < 0.005 else 0
    return f"{100 * share:.{digits}f} %"


def by_language(
    study: Study, found: xr.Dataset, matching: Matching, languages: Languages
) -> Figure:
    """P@1 of every language at every stage, and what spelling alone finds."""
    codes = list(languages.codes)
    cells = found.sel(language=codes, k=1)
    series = []
    for stage in found.stage.values.tolist():
        if stage in STAGES:
            series.append(stage_dots(cells.sel(stage=stage), stage))
    alike = cells["identical"].sel(stage="after").values
    if np.nan_to_num(alike).any():
        series.append(BarSeries(ALIKE, np.where(alike > 0, alike, np.nan)))
    dots = Dumbbells(
        languages.names, tuple(series), chance=float(cells["chance"].mean())
    )
    return Figure(
        name=f"alignment-{study.name}",
        analysis="alignment",
        estimate="precision",
        interval=("low", "high"),
        title=f"Words found in {matching.target} at the first try (P@1)",
        seen="How many words of each language find their translation, before and after "
        "the map, with 95 % intervals; the ceilings say how far such a map could get.",
        caption=f"n = {counts(cells['n'])} test words a language; lines through points "
        f"are 95 % intervals ({found.attrs['interval']}). "
        f"{matched_by(study, matching.spec)} "
        f"{alike_words(study, cells, matching.target)}",
        data=dots,
        table=long_table(found.sel(language=codes), ("precision", "low", "high")),
        x="share of words found at the first try (P@1)",
        y="language looked up from",
        source=source_note(study, "alignment"),
    )


def stage_dots(cells: xr.Dataset, stage: str) -> BarSeries:
    """P@1 of every language at one stage."""
    parts = [cells[name].values for name in ("precision", "low", "high")]
    return BarSeries(stage, *parts)


def alike_words(study: Study, cells: xr.Dataset, target: str) -> str:
    """What spelling alone finds, and what the stages have seen."""
    alike = span(100 * cells["alike"].values, 1)
    share, rest = "exactly", WITHOUT_LEAK
    if study.kind == PUBLISHED:
        share, rest = "at most", ""
    return (
        f"“{ALIKE}”: {share} what words spelled as in {target} contribute after the map "
        f"({alike} % of the words). {STAGE_NOTE}{rest}."
    )


def matched_by(study: Study, spec: AlignmentSpec, axis: str = "") -> str:
    """How words were matched, in a sentence; without what the axis shows."""
    if study.kind == PUBLISHED:
        seeds = "" if axis == "seeds" else " of 3,000 seed pairs"
        return (
            f"CSLS; orthogonal map{seeds}; whether the candidates were the test words "
            "or all 4,397 is not printed."
        )
    near = ""
    if spec.criterion == "CSLS":
        near = f" ({spec.n_neighbors} neighbours)"
    layer = ""
    if axis != "layer":
        layer = f", layer {spec.layer or study.word_layers[-1]}"
    seeds = ""
    if axis != "seeds":
        most = f"at most {spec.seeds}" if spec.seeds else "all"
        seeds = f" of {most} seed pairs"
    pool = "the test words" if spec.pool == "test words" else "all words"
    return (
        f"{spec.embedding.capitalize()}{layer}; {spec.criterion}{near}; {spec.map} "
        f"map{seeds}; candidates are {pool}, of which guessing finds 1 in n (dotted); "
        f"words spelled alike are {spec.identical}."
    )


def curve(study: Study, data: xr.Dataset, spec: AlignmentSpec, axis: str) -> Figure:
    """P@1 over layers or seed sizes, mean over languages."""
    x = data[axis].values.astype(float)
    series = []
    for stage in data.stage.values.tolist():
        one = data.sel(stage=stage)
        low = high = None
        if np.isfinite(one["low"]).any():
            low, high = one["low"].values, one["high"].values
        dashed = stage == "before"
        series.append(Series(stage, x, one["precision"].values, low, high, dashed))
    chance = data.attrs["chance"]
    return Figure(
        name=f"alignment-{axis}-{study.name}",
        analysis=f"alignment by {axis}",
        title=TITLES[axis],
        seen="Words that find their translation at the first try, mean over languages, "
        f"{' and '.join(data.stage.values.tolist())} the map; dotted: guessing.",
        caption=f"Mean over {count(data.sizes['language'], 'language')}, "
        f"n = {data.attrs['n']:,} test words, chance {chance:z.3f}; {bands(data)}. "
        f"{matched_by(study, spec, axis)} {CHOOSING[axis]}{on_the_rest(data, axis)}",
        data=Lines(tuple(series), chance=chance),
        table=data["each"].to_dataframe("P@1").reset_index(),
        x=AXES[axis],
        y="P@1",
        source=source_note(study, "alignment"),
    )


def on_the_rest(data: xr.Dataset, axis: str) -> str:
    """What the best place reaches on words on which it was not chosen, in a sentence."""
    if "chosen" not in data.attrs:
        return ""
    chosen = dict.fromkeys(data.attrs["chosen"])
    best = " or ".join(BEST[axis].format(place) for place in chosen)
    reached = data.attrs["reported"]
    return (
        f" On one half of the words {best} is best; on the other half, on which nothing "
        f"was chosen, that reaches {reached:z.3f} (mean of both ways)."
    )


def bands(data: xr.Dataset) -> str:
    """What the bands of a curve are, or why there are none."""
    interval = data.attrs["interval"]
    if np.isfinite(data["low"]).any():
        return f"bands are 95 % intervals ({interval}, the same in all languages)"
    return f"intervals: {interval}"


def matrix(
    study: Study,
    data: xr.Dataset,
    spec: AlignmentSpec,
    stage: str,
    languages: Languages,
) -> Figure:
    """P@1 from every language to every other at a stage."""
    cells = between(data, languages.codes)
    one = cells.sel(stage=stage)
    values, low, n = one["precision"].values, one["low"].values, one["n"].values
    chance = one["chance"].values
    drawn = Matrix(
        values,
        languages.names,
        languages.names,
        units="P@1",
        limits=(0, float(np.nanmax(values)) or 1),
        digits=2,
        hover=np.vectorize(cell_words)(low, one["high"].values, n),
        codes=(languages.codes, languages.codes),
        faded=np.isfinite(values) & (low <= chance),
    )
    return Figure(
        name=f"alignment-pairs-{study.name}",
        analysis="alignment by pair",
        estimate="precision",
        interval=("low", "high"),
        title=f"P@1 between every two languages, {stage}",
        seen="How many words of the row's language find their translation in the "
        "column's. Click a cell to look at its words.",
        caption=f"Row: looked up from; column: looked up in; {span(values)}, "
        f"n = {counts(n)} test words; chance {np.nanmean(chance):z.3f}. Faded: the "
        f"95 % interval ({data.attrs['interval']}) reaches down to chance. "
        f"{matched_by(study, spec)} Click a cell to look at its words.",
        data=drawn,
        table=long_table(cells, ("precision", "low", "high", "n", "chance")),
        x="into",
        y="from",
        source=source_note(study, "alignment"),
    )


def cell_words(low: float, high: float, n: float) -> str:
    """Interval and n of one cell; empty where it is unknown."""
    if not np.isfinite(n):
        return ""
    return f"95 % {ends(low, high)}, n = {n:.0f}"


def concept_ranks(
    study: Study, data: xr.Dataset, layer: str, languages: Languages
) -> Figure:
    """Mean rank of the right concept where there are too few to match them."""
    ranks = between(data["rank"], languages.codes).values
    n, chance = data.attrs["n"], data.attrs["chance"]
    what = "concept vectors (no words were embedded)"
    if study.words is not None:
        what = "words"
    return Figure(
        name=f"concept-ranks-{study.name}",
        analysis="concept ranks",
        title="Mean rank of the right concept among all, by cosine",
        caption=f"{n} {what}, layer {layer}; 1 is best, guessing gives {chance:z.1f}. "
        f"{TOO_FEW}",
        data=Matrix(
            ranks,
            languages.names,
            languages.names,
            units="mean rank",
            limits=(1, n),
            digits=1,
        ),
        table=data.to_dataframe().reset_index(),
        x="into",
        y="from",
        source=source_note(study, "alignment"),
    )
