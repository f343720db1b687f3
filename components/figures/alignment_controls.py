"""Alignment, its controls: kinds of words, ways of reading, published settings, clouds."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from analysis.core.counting import count
from analysis.core.intervals import ends
from analysis.study.study import Study
from analysis.words.specs import AlignmentSpec
from components.figures.alignment import on_the_rest
from components.figures.cells import long_table
from components.figures.languages import Languages
from components.figures.spec import BarSeries, Dumbbells, Figure, Matrix, Points
from components.figures.text import counts, source_note, span

CHOOSING = (
    "Taking the best way of reading from here is choosing on the very test words that it "
    "is reported on, which flatters."
)
HOW = {
    "plain": "each word looks among the whole pool",
    "down-sampled": (
        "the larger kind is drawn down to the smaller, each word looking among its own "
        "kind, so chance is equal"
    ),
    "frequency-matched": (
        "as many words of each kind from every class of frequency, each word looking "
        "among its own kind"
    ),
}
"""Control → what it compares."""


def kinds(study: Study, data: xr.Dataset, control: str, languages: Languages) -> Figure:
    """P@1 of abstract and of physical words per language, under one control."""
    data = data.sel(language=list(languages.codes))
    first, second = (kind_bars(data, kind) for kind in data.kind.values)
    chance = None
    if control != "plain" and "chance" in data:
        chance = float(data["chance"].mean())
    return Figure(
        name=f"alignment-kinds-{study.name}",
        analysis="alignment by kind",
        estimate="precision",
        interval=("low", "high"),
        title=f"P@1 of abstract and physical words, after the map: {control}",
        seen="How many abstract and how many physical words find their translation, with "
        "95 % intervals.",
        caption=kinds_caption(data, control, first.values > second.values, chance),
        data=Dumbbells(languages.names, (first, second), chance),
        table=long_table(data, ("precision", "low", "high", "n")),
        x="P@1",
        y="language looked up from",
        source=source_note(study, "alignment_by_kind"),
    )


def kind_bars(data: xr.Dataset, kind: str) -> BarSeries:
    """P@1 of one kind of words in every language."""
    one = data.sel(kind=kind)
    values, low, high = (one[part].values for part in ("precision", "low", "high"))
    return BarSeries(kind, values, low, high)


def kinds_caption(
    data: xr.Dataset, control: str, won: np.ndarray, chance: float | None
) -> str:
    """How many words of each kind there are, and how often abstract ones win."""
    sizes = []
    for kind, row in zip(data.kind.values, data["n"].values):
        sizes.append(f"{counts(row)} {kind}")
    same = "."
    if chance is not None:
        same = f"; chance is {chance:z.3f} for both."
    return (
        f"Test words: {', '.join(sizes)}; 95 % intervals ({data.attrs['interval']}). "
        f"{control.capitalize()}: {HOW[control]}. Abstract words are found more often "
        f"in {int(won.sum())} of {data.sizes['language']} languages{same}"
    )


def templates(
    study: Study, data: xr.Dataset, spec: AlignmentSpec, languages: Languages
) -> Figure:
    """P@1 after the map for every way of reading a word."""
    cells = data["each"].sel(stage="after", language=list(languages.codes))
    matrix = Matrix(
        cells.values,
        tuple(data.embedding.values.tolist()),
        languages.names,
        units="P@1",
        limits=(0, float(cells.max()) or 1),
        digits=2,
    )
    means = "; ".join(template_means(data.sel(stage="after")))
    return Figure(
        name=f"alignment-templates-{study.name}",
        analysis="alignment by template",
        title="P@1 after the map, by how words are read",
        seen="Whether it matters how a word's vector is read off the model.",
        caption=f"Mean over languages with 95 % intervals ({data.attrs['interval']}): "
        f"{means}. n = {data.attrs['n']:,} test words, chance "
        f"{data.attrs['chance']:z.3f}; {spec.map} map, {spec.criterion}. "
        f"{CHOOSING}{on_the_rest(data, 'embedding')}",
        data=matrix,
        table=cells.to_dataframe("P@1").reset_index(),
        x="language looked up from",
        y="read as",
        source=source_note(study, "alignment"),
    )


def template_means(means: xr.Dataset) -> list[str]:
    """P@1 with its interval of every way of reading a word."""
    found = []
    for name in means.embedding.values:
        one = means.sel(embedding=name)
        value, low, high = (float(one[part]) for part in ("precision", "low", "high"))
        found.append(f"{name} {value:z.3f} ({ends(low, high)})")
    return found


def published_settings(
    study: Study, data: xr.DataArray, stage: str, languages: Languages
) -> Figure:
    """All twenty published settings at one stage."""
    values = data.sel(source=list(languages.codes))
    matrix = Matrix(
        values.values,
        tuple(data.setting.values.tolist()),
        languages.names,
        units="P@1",
        limits=(0, 1),
        digits=2,
    )
    return Figure(
        name="alignment-settings",
        analysis="alignment of all settings",
        title=f"P@1 of all twenty published settings, {stage}",
        seen="Whether languages match in every setting that the paper printed.",
        caption=f"{count(values.size, 'cell')}, {span(values)}; n = 1,397 test words "
        "each; no "
        "intervals are printed (under 0.03). “After” is the map of 3,000 seed pairs, "
        "“ceiling” is fitted on the test words too.",
        data=matrix,
        table=values.to_dataframe("P@1").reset_index(),
        x="language looked up from",
        y="setting",
        source=source_note(study, "alignment"),
    )


@dataclass(frozen=True)
class Route:
    """What the two languages of a pair are called."""

    source: str
    target: str


def cloud(study: Study, data: xr.Dataset, stage: str, route: Route) -> Figure:
    """The words of both languages at one stage, in two dimensions."""
    place = data["place"].sel(stage=stage)
    words, tests = data.word.values.tolist(), data["test"].values
    labels, groups = [], []
    for name in (route.source, route.target):
        for word, test in zip(words, tests):
            labels.append(f"{word} ({name})")
            groups.append(f"{name}, {'test' if test else 'seed'}")
    flat = place.values.reshape(-1, 2)
    return Figure(
        name=f"cloud-{stage}-{study.name}",
        analysis="clouds",
        title=f"{route.source} and {route.target} {stage} the map",
        seen=f"Each point is a word; its name is on hover. {stage.capitalize()} the map.",
        caption=f"{count(len(words), 'word')} of each language; "
        f"{projection_words(data, stage)}."
        f" Each picture has axes of its own.{left_out(data)}",
        data=Points(flat[:, 0], flat[:, 1], tuple(labels), tuple(groups), named=False),
        table=place.to_dataframe("place").reset_index(),
        x="first axis",
        y="second axis",
        source=source_note(study, "alignment"),
    )


def projection_words(data: xr.Dataset, stage: str) -> str:
    """What the axes of a cloud are."""
    if data.attrs["projection"] != "PCA":
        return f"UMAP with seed {data.attrs['seed']}; its distances are not to scale"
    kept = 100 * float(data["explained"].sel(stage=stage))
    return f"the first two components keep {kept:.0f} % of the variance"


def left_out(data: xr.Dataset) -> str:
    """How many words are not drawn."""
    if not data.attrs["left_out"]:
        return ""
    return f" {data.attrs['left_out']} further words are not drawn."
