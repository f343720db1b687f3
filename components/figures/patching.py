"""Patching between languages: at which layer the answer turns to language, and content."""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.core.counting import count
from analysis.crossing.specs import PROMPT_END
from analysis.study.study import Study
from components.figures.languages import Languages
from components.figures.spec import Figure, Lines, Matrix, Series
from components.figures.text import counts, source_note, span

CURVES = {
    "language": "the state's language",
    "content": "the state's word",
    "same_content": "its word, both prompts in one language (control)",
    "unrelated": "an unrelated word, beside them (control)",
}
"""Measures → what curves are called."""
MAPS = {"language": "its language", "content": "its word"}
PUT = {
    True: "The state at the end of a prompt that asks for one word is put, at one layer, "
    "into the end of a prompt that asks for another word in another language",
    False: "The state at the end of a given word is put, at a layer and all after it, into "
    "a prompt that gives another word and asks in another language",
}


def answer(turned: xr.Dataset, data: xr.Dataset, into: str) -> str:
    """Which layer carries what, in a sentence."""
    where = {name: turned.sel(what=name) for name in turned.what.values}
    language, content, later = where["language"], where["content"], where["later"]
    n = counts(data["n"])
    told = f"n = {n} pairs of words, {count(data.sizes['source'], 'language')}"
    if not np.isfinite(language["layer"]) or not np.isfinite(content["layer"]):
        lacking = "language" if not np.isfinite(language["layer"]) else "word"
        return (
            f"The answer never turns to the {lacking} of the state that is put in, at any "
            f"layer ({told}); no layer can be said to carry it."
        )
    first = f"The language is decided by layer {at(language)}, the word by layer {at(content)}"
    finding = which_first(later)
    interval = f"difference 95 % {float(later['low']):.1f} to {float(later['high']):.1f} layers"
    known = 100 * float(data["known"].mean())
    return (
        f"{first}: {finding} ({interval}; {told}). Without a patch the right answers have "
        f"{known:.0f} % of all probability."
    )


def which_first(later: xr.Dataset) -> str:
    """Which of the two is decided earlier, and by how many layers."""
    if float(later["low"]) > 0:
        return f"the language {float(later['layer']):.1f} layers earlier"
    if float(later["high"]) < 0:
        return f"the word {-float(later['layer']):.1f} layers earlier"
    return "neither surely before the other"


def at(turned: xr.Dataset) -> str:
    """A layer with its interval."""
    low, high = float(turned["low"]), float(turned["high"])
    if not np.isfinite(low):
        return f"{float(turned['layer']):.1f}"
    return f"{float(turned['layer']):.1f} (95 % {low:.1f} to {high:.1f})"


def how_patched(data: xr.Dataset, into: str) -> str:
    """How states were put where, in a sentence."""
    put = PUT[data.attrs["place"] == PROMPT_END]
    return (
        f"{put} ({into}); {data.attrs['words']}, {count(data.attrs['shots'], 'example')} "
        "in each prompt."
    )


def crossing(
    study: Study, data: xr.Dataset, turned: xr.Dataset, into: str, layer: int = 0
) -> Figure:
    """Which share of the answer is the state's language, and its word, over layers."""
    x = data.layer.values.astype(float)
    series, tables = [], []
    for name, label in CURVES.items():
        mean, low, high = (
            data[f"{name}_{end}"].values for end in ("mean", "low", "high")
        )
        control = name in ("same_content", "unrelated")
        bands = () if control else (low, high)
        series.append(Series(label, x, mean, *bands, dashed=control))
        columns = {
            "share of": label,
            "layer": x,
            "mean": mean,
            "low": low,
            "high": high,
        }
        tables.append(pd.DataFrame(columns))
    layers = [at(turned.sel(what=name)) for name in ("language", "content")]
    return Figure(
        name=f"patching-{study.name}",
        analysis="patching",
        estimate="mean",
        interval=("low", "high"),
        title="At which layer the answer turns to another language, and to another word",
        seen="Where the curve of the language rises, that layer carries the language; where "
        "the curve of the word rises, the content. Bands are 95 % intervals.",
        caption=f"Share of the probability of four answers (two words in two languages), "
        f"mean over {count(data.sizes['source'], 'language')}, n = {counts(data['n'])} pairs "
        f"of words; bands 95 % ({data.attrs['interval']}). One half is passed at "
        f"layer {layers[0]} by the language and {layers[1]} by the word. "
        f"{how_patched(data, into)}",
        data=Lines(tuple(series), mark=float(layer) or None, limits=(-0.02, 1.02)),
        table=pd.concat(tables),
        x="layer",
        y="share of the answer",
        source=source_note(study),
    )


def by_language(
    study: Study, data: xr.Dataset, what: str, into: str, languages: Languages
) -> Figure:
    """The share of the state's language, or of its word, by language and layer."""
    cells = data[what].sel(source=list(languages.codes))
    known = data["known"].sel(source=list(languages.codes))
    drawn = Matrix(
        cells.values,
        languages.names,
        tuple(map(str, data.layer.values.tolist())),
        units="share",
        limits=(0, 1),
        digits=2,
    )
    return Figure(
        name=f"patching-map-{what}-{study.name}",
        analysis="patching",
        estimate=what,
        title=f"Which layer carries what, by language: the answer turns to {MAPS[what]}",
        seen="How much of the answer is the state's, for each language that states come "
        "from and each layer that they are put in at.",
        caption=f"{span(cells)}; n = {counts(data['n'])} pairs of words a language. Right "
        f"answers without a patch have {span(known)} of all probability: where that is "
        f"little, the model cannot do the task. {how_patched(data, into)}",
        data=drawn,
        table=cells.to_dataframe(what).reset_index(),
        x="layer",
        y="language of the state",
        source=source_note(study),
    )
