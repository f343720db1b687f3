"""The words of a paper pack: caption, methods and bibliography of a figure."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.core.typeset import minus_signs
from components.figures.spec import Cloud, Figure, Matrix
from components.paperpack import cited, works
from components.paperpack.methods import about
from components.paperpack.recipes import Recipe

AS_CALLED = (
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
"""Choices of a view that shape numbers, and are called in its link what they are."""
IN_WORDS = {
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
"""The same that a link calls otherwise → in words."""
CHOICES = dict(zip(AS_CALLED, AS_CALLED)) | IN_WORDS
PALE = "Pale, hatched cells: no better than chance."
WITHIN = "A small circle: cannot be told from unrelated vectors."
UNKNOWN = "Crosshatched: unknown."
SIGNS = "Where cells are too small for numbers, + and − give the sign."
EXPLAINED = "Percent along the axes: variance that each explains in its layer."


def caption(recipe: Recipe) -> str:
    """The caption as on screen, with what the marks in print mean."""
    figure = recipe.figure
    title = f"{figure.title}."
    parts = [title, figure.caption, *marks(figure), figure.source]
    return minus_signs(" ".join(part for part in parts if part))


def marks(figure: Figure) -> list[str]:
    """What the marks of a figure mean in print."""
    data = figure.data
    found = []
    if isinstance(data, Matrix):
        if data.faded is not None and np.any(data.faded):
            found.append(PALE)
        if data.within is not None and np.any(data.within):
            found.append(WITHIN)
        if not np.isfinite(data.values).all():
            found.append(UNKNOWN)
        if data.diverging:
            found.append(SIGNS)
    if isinstance(data, Cloud) and data.grid and data.explained is not None:
        found.append(EXPLAINED)
    return found


def methods(recipe: Recipe) -> str:
    """Sentences for a methods section, with citation keys."""
    said = []
    for facts in recipe.provenance:
        said += about(facts)
    said += choices(recipe.view.get("query", {}))
    said += [statistic.sentence for statistic in cited.statistics(recipe)]
    keys = ", ".join(cited.works_of(recipe))
    digest = recipe.digest
    said.append(f"Figure digest {digest}, drawn with Babelscope \\citep{{{keys}}}.")
    said.append("")
    return "\n".join(said)


def choices(query: Mapping[str, Any]) -> list[str]:
    """What was chosen in a view, in a sentence; none where nothing was."""
    chosen = []
    for name, words in CHOICES.items():
        value = query.get(name)
        if isinstance(value, list | tuple):
            value = ", ".join(map(str, value))
        if value:
            chosen.append(f"{words} {value}")
    if not chosen:
        return []
    return [f"Choices of the view: {'; '.join(chosen)}."]


def bibliography(recipe: Recipe) -> str:
    """BibTeX of the works that the figure rests on."""
    return works.bibliography(cited.works_of(recipe))
