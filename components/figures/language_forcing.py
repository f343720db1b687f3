"""Pushing into another language: how often the language changes and the content stays."""

import numpy as np
import xarray as xr

from analysis.core.counting import count
from analysis.crossing.forcing import OWN, RANDOM
from analysis.study.study import Study
from components.figures.languages import Languages
from components.figures.spec import BarSeries, Dumbbells, Figure, Matrix
from components.figures.text import counts, source_note, span

SHARES = {
    "forced": "the language changes",
    "kept": "the content stays",
    "score": "both (harmonic mean)",
}
"""Measures → what captions call them."""
JUDGED = (
    "The language changes where answers in the other language become likelier than in the "
    "prompt's; the content stays where the right word, in either language, is likelier than "
    "every unrelated one"
)


def answer(best: xr.Dataset, given: Languages, wanted: Languages) -> str:
    """Whether prompts can be moved into another language, in a sentence."""
    own, twin = best.sel(vector=OWN), best.sel(vector=RANDOM)
    score = own["score"].values
    place = np.unravel_index(np.nanargmax(score), score.shape)
    top = own.isel(given=place[0], wanted=place[1])
    mean, chance = float(np.nanmean(score)), float(np.nanmean(twin["score"]))
    pairs = int(np.isfinite(score).sum())
    return (
        f"Pushed along language vectors, {100 * float(np.nanmean(own['forced'])):.0f} % of "
        f"prompts change language and {100 * float(np.nanmean(own['kept'])):.0f} % keep "
        f"their content, both together {100 * mean:.0f} % (random vectors "
        f"{100 * chance:.0f} %). Best: from {given.name(str(top.given.values))} into "
        f"{wanted.name(str(top.wanted.values))}, {100 * float(top['score']):.0f} %. Layer "
        f"and strength were chosen on other prompts; n = {counts(known_n(best))} prompts, "
        f"{count(pairs, 'pair')} of languages."
    )


def known_n(best: xr.Dataset) -> np.ndarray:
    """How many prompts each pair of two languages has."""
    n = best["n"].values
    return n[n > 0]


def how_pushed(data: xr.Dataset) -> str:
    """What was asked, in a sentence."""
    return (
        f"Prompts for a word ({data.attrs['words']}); strength 1 is the whole gap between "
        f"the two languages' means. Guessing keeps the content in "
        f"{data.attrs['chance']:z.2f} of prompts."
    )


def by_pair(
    study: Study, best: xr.Dataset, given: str, name: str, wanted: Languages
) -> Figure:
    """How well prompts in a language are moved into each other, at a held-out setting."""
    codes = list(wanted.codes)
    own = best.sel(vector=OWN, given=given, wanted=codes)
    twin = best.sel(vector=RANDOM, given=given, wanted=codes)
    series = []
    for measure, words in SHARES.items():
        ends = ()
        if measure != "score":
            ends = (own[f"{measure}_low"].values, own[f"{measure}_high"].values)
        series.append(BarSeries(words, own[measure].values, *ends))
    series.append(BarSeries("both, random vector", twin["score"].values))
    table = own.to_dataframe().reset_index()
    table["random score"] = twin["score"].values
    return Figure(
        name=f"language-forcing-{given}-{study.name}",
        analysis="best forcing",
        estimate="forced",
        interval=("forced_low", "forced_high"),
        title=f"Prompts in {name} pushed into other languages",
        seen="How many prompts change their language under a push, how many keep their "
        "content, and both together; lines are 95 % intervals.",
        caption=f"{JUDGED}. Each half of the prompts at the layer and strength that were "
        f"best on the other half; n = {counts(own['n'])} prompts a language; intervals 95 % "
        f"({best.attrs['interval']}). The random vector is as long and has its own choice. "
        f"{how_pushed(best)}",
        data=Dumbbells(wanted.names, tuple(series), apart=True),
        table=table,
        x="share of prompts",
        y="pushed into",
        source=source_note(study),
    )


def by_setting(
    study: Study, data: xr.Dataset, measure: str, route: tuple[str, str], words: str
) -> Figure:
    """One measure at every layer and strength of a pair of languages."""
    given, wanted = route
    cells = data[measure].sel(given=given, wanted=wanted, vector=OWN)
    n = int(data["n"].sel(given=given, wanted=wanted))
    plain = data.sel(given=given, wanted=wanted)
    drawn = Matrix(
        cells.values,
        tuple(map(str, data.layer.values.tolist())),
        tuple(f"{each:g}" for each in data.strength.values.tolist()),
        units="share of prompts",
        limits=(0, 1),
        digits=2,
    )
    return Figure(
        name=f"language-forcing-map-{measure}-{given}-{wanted}-{study.name}",
        analysis="forcing",
        estimate=measure,
        title=f"{words}: {SHARES[measure]}, by layer and strength",
        seen="Where and how hard a push changes the language and keeps the content.",
        caption=f"{JUDGED}; {span(cells)}; n = {n} prompts. Without a push "
        f"{float(plain['plain_forced']):z.2f} are in the other language and "
        f"{float(plain['plain_kept']):z.2f} have the content. {how_pushed(data)}",
        data=drawn,
        table=cells.to_dataframe(measure).reset_index(),
        x="strength",
        y="layer",
        source=source_note(study),
    )
