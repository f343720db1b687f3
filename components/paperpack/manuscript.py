"""The words of a paper pack: caption, methods, alternative text, bibliography; and taking out who made it."""

import getpass
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from analysis.core import settings
from components.figures.spec import (
    Arrows,
    Bars,
    Cloud,
    Dumbbells,
    Figure,
    Lines,
    Matrix,
    Points,
    Tree,
)
from components.paperpack import cited, works
from components.paperpack.methods import about
from components.paperpack.recipes import Recipe, arrays, plain, spec

KINDS = {
    Matrix: "Heat map",
    Lines: "Line chart",
    Points: "Scatter plot",
    Tree: "Dendrogram",
    Bars: "Bar chart",
    Dumbbells: "Dumb-bell chart",
    Cloud: "Scatter plot",
    Arrows: "Arrows on a plane",
}
HANDLES = {
    **{
        name: name
        for name in (
            "layer",
            "strength",
            "strengths",
            "layers",
            "operator",
            "convention",
            "concepts",
            "order",
            "source",
            "target",
            "kind",
            "from",
            "into",
            "map",
            "criterion",
            "stage",
            "control",
            "projection",
            "word",
            "items",
            "vector",
            "objective",
            "cost",
        )
    },
    "embedding": "word vectors",
    "near": "neighbours for CSLS",
    "seeds": "seed pairs",
    "pool": "candidates",
    "alike": "words spelled alike",
    "draw": "seed of the split",
    "at": "layer",
    "way": "picture by",
    "basis": "axes",
    "dims": "dimensions",
    "centred": "language means taken away",
    "version": "local vector",
    "mode": "steering",
    "searched": "language of the search",
    "choice": "choice of the setting",
}
"""Choices of a view that shape numbers, as they are called in its link → in words."""


def caption(recipe: Recipe) -> str:
    """The caption as on screen, with what the marks in print mean."""
    figure = recipe.figure
    marks = []
    if isinstance(figure.data, Matrix):
        if figure.data.faded is not None and np.any(figure.data.faded):
            marks.append(
                "Pale cells with a stroke across a corner: no better than chance."
            )
        if not np.isfinite(figure.data.values).all():
            marks.append("Hatched: unknown.")
        if figure.data.diverging:
            marks.append(
                "Where cells are too small for numbers, + and − give the sign."
            )
    if (
        isinstance(figure.data, Cloud)
        and figure.data.grid
        and figure.data.explained is not None
    ):
        marks.append(
            "Percent along the axes: variance that each explains in its layer."
        )
    return " ".join(
        filter(None, [f"{figure.title}.", figure.caption, *marks, figure.source])
    )


def methods(recipe: Recipe) -> str:
    """Sentences for a methods section, with citation keys."""
    keys = ", ".join(cited.works_of(recipe))
    said = [sentence for facts in recipe.provenance for sentence in about(facts)]
    query = recipe.view.get("query", {})
    chosen = [
        f"{words} {flat(query[name])}"
        for name, words in HANDLES.items()
        if query.get(name)
    ]
    if chosen:
        said.append(f"Choices of the view: {'; '.join(chosen)}.")
    tests = [statistic.sentence for statistic in cited.statistics(recipe)]
    return "\n".join(
        [
            *said,
            *tests,
            f"Figure digest {recipe.digest}, drawn with Babelscope \\citep{{{keys}}}.",
            "",
        ]
    )


def flat(value: object) -> str:
    """A choice of a link in words."""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def alternative(figure: Figure) -> str:
    """What the figure shows, for those who cannot see it."""
    values = np.concatenate(
        [part.ravel().astype(float) for _, part in arrays(figure.data)]
        or [np.array([])]
    )
    known = values[np.isfinite(values)]
    kind = KINDS.get(type(figure.data), type(figure.data).__name__)
    axes = " ".join(
        f"{name}: {text}."
        for name, text in (("Across", figure.x), ("Up", figure.y))
        if text
    )
    range_ = (
        f"{known.size} numbers from {known.min():.3g} to {known.max():.3g}."
        if known.size
        else "No numbers are known."
    )
    told = SUMMARIES.get(type(figure.data), lambda data: "")(figure.data)
    return " ".join([f"{kind}: {figure.title}.", axes, told or range_, figure.caption])


def cells(data: Matrix) -> str:
    """The largest and the smallest cell of a matrix."""
    if data.frames or not np.isfinite(data.values).any():
        return ""
    found = []
    for word, pick in (("Largest", np.nanargmax), ("Smallest", np.nanargmin)):
        i, j = np.unravel_index(pick(data.values), data.values.shape)
        found.append(
            f"{word}: {data.rows[i]} to {data.columns[j]}, {data.values[i, j]:.{data.digits}f}."
        )
    return f"{len(data.rows)} rows, {len(data.columns)} columns. {' '.join(found)}"


def ends(data: Bars | Dumbbells) -> str:
    """The largest and the smallest value of every series."""
    said = [f"{len(data.labels)} labels, {len(data.series)} series."]
    for series in data.series:
        if np.isfinite(series.values).any():
            high, low = np.nanargmax(series.values), np.nanargmin(series.values)
            largest, smallest = (
                f"{data.labels[i]}, {series.values[i]:.3g}" for i in (high, low)
            )
            said.append(f"{series.label}: largest {largest}; smallest {smallest}.")
    return " ".join(said)


def groups(data: Cloud) -> str:
    """How many points a cloud has, and in how many frames."""
    kinds = ", ".join(
        f"{data.kinds.count(kind)} {kind}" for kind in dict.fromkeys(data.kinds)
    )
    frames = f"{len(data.frames)} layers" if len(data.frames) > 1 else "one layer"
    seen = (
        ", side by side"
        if data.grid
        else f", layer {data.frames[data.start]} shown"
        if len(data.frames) > 1
        else ""
    )
    dimensions = data.places.shape[2]
    return f"{kinds} points of {len(set(data.groups))} groups in {dimensions} dimensions; {frames}{seen}."


def directions(data: Arrows) -> str:
    """How many arrows point where."""
    across, up = (data.end - data.start).T
    ways = {"right": across > 0, "left": across < 0, "up": up > 0, "down": up < 0}
    counts = ", ".join(f"{int(np.sum(way))} {name}" for name, way in ways.items())
    return f"{len(data.labels)} arrows; pointing {counts}."


SUMMARIES = {
    Matrix: cells,
    Bars: ends,
    Dumbbells: ends,
    Cloud: groups,
    Arrows: directions,
}
"""Kinds whose numbers are told better than by their range."""


def bibliography(recipe: Recipe) -> str:
    """BibTeX of the works that the figure rests on."""
    return works.bibliography(cited.works_of(recipe))


def anonymous(recipe: Recipe) -> Recipe:
    """The recipe without the names of user, host, folders and studies; digests stay."""
    names = {}
    for facts in recipe.provenance:
        if facts.get("kind") not in ("published", "demo"):
            names |= {
                facts.get(key): f"study {str(facts.get('digest', ''))[:8]}"
                for key in ("title", "name")
                if facts.get(key)
            }
    query = {
        key: value
        for key, value in recipe.view.get("query", {}).items()
        if key not in ("study", "with")
    }
    kept = replace(recipe, view={**recipe.view, "query": query})
    return replace(
        kept,
        figure=spec(scrub(plain(kept.figure), names)),
        view=scrub(plain(kept.view), names),
        provenance=tuple(scrub(plain(kept.provenance), names)),
    )


def scrub(value: object, names: Mapping[str, str]) -> object:
    """Plain data in which no text names a study, the user, this host or a folder."""
    if isinstance(value, dict):
        return {key: scrub(each, names) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [scrub(each, names) for each in value]
    if not isinstance(value, str):
        return value
    for name in sorted(names, key=len, reverse=True):
        value = value.replace(name, names[name])
    for folder in (settings.home(), Path.home(), Path(__file__).parent.parent.parent):
        value = value.replace(str(folder), "…")
    value = re.sub(r"(?<![\w/:.])(?:/|~/|[A-Za-z]:\\)(?:[\w.@ -]+[/\\])+", "…/", value)
    for word in identity():
        value = re.sub(
            rf"(?<!\w){re.escape(word)}(?!\w)", "…", value, flags=re.IGNORECASE
        )
    return value


def identity() -> set[str]:
    """Names of the user and of this host; names that are common words stay."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = ""
    host = socket.gethostname()
    found = {
        user,
        host,
        host.split(".")[0],
        os.environ.get("USER", ""),
        os.environ.get("LOGNAME", ""),
    }
    return {
        name
        for name in found
        if len(name) > 2
        and name.lower() not in ("root", "user", "admin", "localhost", "host")
    }
