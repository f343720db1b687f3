"""The latent language: what the lens gives to each language's answer over layers."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from analysis.core.counting import count
from analysis.crossing.latent import IN_ENGLISH, OWN, UNRELATED, WORDS, led_by_english
from analysis.study.study import Study
from components.figures.languages import Languages
from components.figures.spec import Figure, Lines, Matrix, Series
from components.figures.text import counts, source_note, span


def answer(data: xr.Dataset) -> str:
    """In which language the middle of the model is, in a sentence."""
    led = led_by_english(data)
    n = f"n = {counts(data['n'])} words, {count(data.sizes['language'], 'language')}"
    own = data["share_mean"].sel(side=OWN)
    english = data["share_mean"].sel(side=IN_ENGLISH)
    last = 100 * float(own[-1])
    end = (
        f"At the last layer the language asked for has {last:.0f} % of all probability"
    )
    by_layer = led.mean("language").values
    most = int(by_layer.argmax())
    if by_layer[most] <= 0.5:
        return (
            "English is ahead of the language asked for in most languages at no layer "
            f"({n}). {end}."
        )
    layers = data.layer.values[by_layer > 0.5]
    highest = int(english.values.argmax())
    return (
        f"In most languages English is ahead of the language asked for at "
        f"{runs(layers)}; it has most at layer {int(data.layer[highest])}, "
        f"{100 * float(english[highest]):.1f} % of all probability against "
        f"{100 * float(own[highest]):.1f} % ({n}). {end}."
    )


def runs(layers: np.ndarray) -> str:
    """Layers in words: “layer 3”, or “layers 3, 7 to 9”."""
    parts = np.split(layers, np.flatnonzero(np.diff(layers) > 1) + 1)
    told = []
    for part in parts:
        one = len(part) == 1
        told.append(f"{part[0]}" if one else f"{part[0]} to {part[-1]}")
    listed = ", ".join(told)
    return f"layer {listed}" if len(layers) == 1 else f"layers {listed}"


def how_read(data: xr.Dataset) -> str:
    """What was asked and read, in a sentence."""
    return (
        f"Prompts for a word after {count(data.attrs['shots'], 'example')}, given in a "
        f"language that is not English; {data.attrs['words']}; {data.attrs['lens']}."
    )


class Curves(NamedTuple):
    """One curve a language of the answer, and the table of them all."""

    series: tuple[Series, ...]
    table: pd.DataFrame


def curves_of(data: xr.Dataset) -> Curves:
    """The curve of every language of the answer over layers; the control has no band."""
    x = data.layer.values.astype(float)
    series, tables = [], []
    for side, label in WORDS.items():
        one = data.sel(side=side)
        mean, low, high = (
            one[f"share_{end}"].values for end in ("mean", "low", "high")
        )
        control = side == UNRELATED
        bands = () if control or not np.isfinite(low).any() else (low, high)
        series.append(Series(label, x, mean, *bands, dashed=control))
        columns = {"side": label, "layer": x, "mean": mean, "low": low, "high": high}
        columns["entropy, nats"] = data["entropy"].values
        tables.append(pd.DataFrame(columns))
    return Curves(tuple(series), pd.concat(tables))


def over_layers(study: Study, data: xr.Dataset, layer: int = 0) -> Figure:
    """What the lens gives to the answer in each language, over layers."""
    curves = curves_of(data)
    first, last = float(data["entropy"][0]), float(data["entropy"][-1])
    return Figure(
        name=f"latent-language-{study.name}",
        analysis="latent language",
        estimate="mean",
        interval=("low", "high"),
        title="What the lens says at every layer: the answer, in which language?",
        seen="Probability of the answer in the language asked for, in English and in other "
        "languages, if the model had to answer after each layer; bands are 95 % intervals.",
        caption=f"Mean over {count(data.sizes['language'], 'language')}, "
        f"n = {counts(data['n'])} words; bands 95 % ({data.attrs['interval']}). Every token "
        "that begins the answer counts; tokens that begin it in both languages are left out. "
        f"Entropy falls from {first:.1f} to {last:.1f} nats. {how_read(data)}",
        data=Lines(curves.series, mark=float(layer) or None),
        table=curves.table,
        x="layer",
        y="probability",
        source=source_note(study),
    )


def by_language(study: Study, data: xr.Dataset, languages: Languages) -> Figure:
    """By how much English is ahead of the language asked for, by language and layer."""
    codes = list(languages.codes)
    cells = data["lead"].sel(language=codes)
    sure = data["lead_low"].sel(language=codes) > 0
    behind = data["lead_high"].sel(language=codes) < 0
    largest = float(np.nanmax(np.abs(cells.values))) or 1.0
    drawn = Matrix(
        cells.values,
        languages.names,
        tuple(map(str, data.layer.values.tolist())),
        units="probability",
        limits=(-largest, largest),
        diverging=True,
        digits=2,
        faded=~(sure | behind).values,
    )
    return Figure(
        name=f"latent-language-map-{study.name}",
        analysis="latent language",
        estimate="lead",
        interval=("lead_low", "lead_high"),
        title="By how much English is ahead of the language asked for",
        seen="Where in the model English leads (above 0), and where the language that was "
        "asked for does (below 0).",
        caption=f"Probability of the answer in English minus in the language asked for; "
        f"{span(cells)}; n = {counts(data['n'])} words a language. Faded: the 95 % interval "
        f"over words (Student's) holds 0. {how_read(data)}",
        data=drawn,
        table=data[["lead", "lead_low", "lead_high"]]
        .sel(language=codes)
        .to_dataframe()
        .reset_index(),
        x="layer",
        y="language asked for",
        source=source_note(study),
    )
