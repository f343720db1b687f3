"""Alignment of sentences by layer: where translations meet, and how surely."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from analysis.core.counting import count
from analysis.crossing.alignment import MEASURES
from analysis.crossing.readings import WORDS
from analysis.study.study import Study
from components.figures.languages import Languages
from components.figures.spec import BarSeries, Dumbbells, Figure, Lines, Matrix, Series
from components.figures.text import counts, source_note, span

MEXA_NOTE = (
    "MEXA: the share of sentences that are closer to their own translation than to any "
    "other sentence, and than any other is to it"
)
POOLS = {
    "largest": "largest of all layers",
    "mean": "mean over layers",
    "held_out": "largest, its layer chosen on other sentences",
}
"""How MEXA is pooled over layers → what captions call it."""


def read_note(data: xr.Dataset) -> str:
    """How sentences were read, and whose they are."""
    return f"{data.attrs['text']}; a sentence is {WORDS[data.attrs['reading']]}."


def answer(by_layer: xr.Dataset, pooled: xr.Dataset, pivot: str) -> str:
    """Where translations meet, and how many do, in a sentence."""
    curve = by_layer["mexa_mean"].values
    best = int(np.nanargmax(curve))
    low, high = (float(by_layer[f"mexa_{end}"][best]) for end in ("low", "high"))
    held = float(pooled["held_out"].mean())
    interval = ""
    if np.isfinite(low):
        interval = f" (95 % {100 * low:.0f} to {100 * high:.0f} over languages)"
    return (
        f"Translations meet best at layer {int(by_layer.layer[best])}: there "
        f"{100 * curve[best]:.0f} % of sentences are closest to their own {pivot} "
        f"translation, both ways{interval}; guessing reaches "
        f"{100 * float(pooled['chance'].mean()):.1f} %. At the best layer of each "
        f"language, chosen on other sentences, it is {100 * held:.0f} %. "
        f"n = {counts(pooled['n'])} sentences, "
        f"{count(pooled.sizes['language'], 'language')}."
    )


class Curves(NamedTuple):
    """One curve a measure, and the table of them all."""

    series: tuple[Series, ...]
    table: pd.DataFrame


def curves_of(data: xr.Dataset, pivot: str) -> Curves:
    """The curve of every measure over layers; MEXA's has a band."""
    x = data.layer.values.astype(float)
    series, tables = [], []
    for name, words in MEASURES.items():
        label = words.replace("the pivot language", pivot)
        mean, low, high = (
            data[f"{name}_{end}"].values for end in ("mean", "low", "high")
        )
        bands = (low, high) if name == "mexa" and np.isfinite(low).any() else ()
        series.append(Series(label, x, mean, *bands, dashed=name in ("into", "back")))
        columns = {"measure": label, "layer": x, "mean": mean, "low": low, "high": high}
        tables.append(pd.DataFrame(columns))
    return Curves(tuple(series), pd.concat(tables))


def over_layers(study: Study, data: xr.Dataset, pivot: str, layer: int = 0) -> Figure:
    """Five measures of agreement with the pivot language over layers."""
    curves = curves_of(data, pivot)
    chance = float(data["mexa_chance"].mean())
    neighbours = float(data["neighbours_chance"].mean())
    return Figure(
        name=f"sentence-alignment-{study.name}",
        analysis="sentence alignment",
        estimate="mean",
        interval=("low", "high"),
        title=f"Agreement with {pivot} over layers",
        seen="Where in the model translations meet, by five measures, mean over languages; "
        "the band is the 95 % interval of MEXA.",
        caption=f"Mean over {count(data.sizes['language'], 'language')}, "
        f"n = {counts(data['n'])} sentences; band 95 % ({data.attrs['interval']}). "
        f"Guessing: MEXA {chance:z.3f} (dotted), P@1 "
        f"{float(data['into_chance'].mean()):z.3f}, neighbours {neighbours:z.3f}, CKA 0. "
        f"{MEXA_NOTE}. {read_note(data)}",
        data=Lines(
            curves.series, chance=chance, mark=float(layer) or None, limits=(-0.05, 1)
        ),
        table=curves.table,
        x="layer",
        y="share, or agreement from 0 to 1",
        source=source_note(study),
    )


def over_languages(
    study: Study, data: xr.Dataset, measure: str, pivot: str, languages: Languages
) -> Figure:
    """One measure of every language at every layer."""
    cells = data[measure].sel(language=list(languages.codes))
    chance = data[f"{measure}_chance"].sel(language=list(languages.codes))
    name = MEASURES[measure].replace("the pivot language", pivot)
    drawn = Matrix(
        cells.values,
        languages.names,
        tuple(map(str, data.layer.values.tolist())),
        units="share",
        limits=(0, float(np.nanmax(cells.values)) or 1),
        digits=2,
    )
    return Figure(
        name=f"sentence-alignment-map-{measure}-{study.name}",
        analysis="sentence alignment",
        estimate=measure,
        title=f"Agreement with {pivot} by language and layer: {name}",
        seen="Where in the model each language's translations meet.",
        caption=f"{span(cells)}; n = {counts(data['n'])} sentences a language; guessing "
        f"gives {float(chance.mean()):z.3f}. {read_note(data)}",
        data=drawn,
        table=cells.to_dataframe(measure).reset_index(),
        x="layer",
        y="language",
        source=source_note(study),
    )


def pooled(study: Study, data: xr.Dataset, pivot: str, languages: Languages) -> Figure:
    """MEXA of every language, pooled over layers in three ways."""
    cells = data.sel(language=list(languages.codes))
    series = []
    for name, words in POOLS.items():
        ends = ()
        if name == "held_out":
            ends = (cells["low"].values, cells["high"].values)
        series.append(BarSeries(words, cells[name].values, *ends))
    chance = float(cells["chance"].mean())
    return Figure(
        name=f"sentence-alignment-pooled-{study.name}",
        analysis="mexa pooled",
        estimate="held_out",
        interval=("low", "high"),
        title=f"MEXA with {pivot}, pooled over layers",
        seen="How well each language is aligned: the largest of all layers flatters, its "
        "held-out version does not.",
        caption=f"{MEXA_NOTE}; n = {counts(cells['n'])} sentences a language. Its authors "
        "pool by the mean or by the largest. Held out: each half of the sentences at the "
        "layer that is largest in the other; lines are 95 % intervals "
        f"({data.attrs['interval']}). Guessing gives {chance:z.3f} (dotted). "
        f"{read_note(data)}",
        data=Dumbbells(languages.names, tuple(series), chance=chance, apart=True),
        table=cells.to_dataframe().reset_index(),
        x="share of sentences",
        y="language",
        source=source_note(study),
    )
