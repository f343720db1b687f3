"""Which analysis a figure shows, and with it the works and statistics to name."""

from collections.abc import Mapping

from analysis.core.errors import SpecError
from analysis.overview import registry
from analysis.overview.record import UNRELATED, Analysis, Statistic
from analysis.study.study import COMPUTED
from components.paperpack.recipes import Recipe

FIRST = ("xu2024multilingual",)
"""Cited where nothing is known of a figure's analysis: its page is older than that."""
OF_OLD_FIGURES: Mapping[str, Mapping[str, str]] = {
    "app.py": {"coverage": "coverage"},
    "pages/recognition.py": {
        "recognition": "recognition",
        "recognition-depth": "recognition curve",
        "recognition-concepts": "recognition",
    },
    "pages/similarity.py": {
        "similarity": "similarity",
        "similarity-depth": "similarity by layer",
        "relatedness": "relationship",
        "clusters": "clusters",
    },
    "pages/transfer.py": {
        "transfer": "transfer",
        "transfer-layers": "transfer curve",
        "starting-gap": "starting gap",
        "transfer-net": "starting gap",
    },
    "pages/alignment.py": {
        "alignment": "alignment",
        "alignment-layer": "alignment by layer",
        "alignment-seeds": "alignment by seeds",
        "alignment-pairs": "alignment by pair",
        "alignment-templates": "alignment by template",
        "alignment-kinds": "alignment by kind",
        "alignment-settings": "alignment of all settings",
        "concept-ranks": "concept ranks",
        "cloud": "clouds",
    },
    "pages/layers.py": {
        "layers": "pca",
        "layers-vectors-UMAP": "elsewhere",
        "layers-items-UMAP": "elsewhere",
        "layers-means-UMAP": "elsewhere",
        "angle": "mean angle",
        "angles": "angles",
        "length": "lengths",
        "agreement": "agreement",
        "agreement-map": "agreement",
        "separation": "separation",
        "parallel": "parallel",
        "lens": "lens",
    },
    "pages/plane.py": {
        "plane": "plane",
        "plane-English": "plane by layer",
        "plane-local": "plane by layer",
        "pareto": "plane table",
    },
    "pages/playground.py": {"dose": "dose response"},
    "pages/control.py": {
        "control": "control report",
        "gap": "control report",
        "effect": "control search",
        "cost": "control search",
        "dose": "control verdicts",
        "cells": "control search",
    },
    "pages/studies.py": {"": "comparison"},
}
"""Page → how the names of its figures begin → analysis.

For recipes from before figures named their analysis.
"""


def analysis_of(recipe: Recipe) -> Analysis | None:
    """The analysis that a figure shows; None where that is not known."""
    name = recipe.figure.analysis or analysis_of_old(recipe)
    try:
        return registry.find(name)
    except SpecError:
        # Recipes are passed around: another Babelscope may know other analyses.
        return None


def analysis_of_old(recipe: Recipe) -> str:
    """The name of the analysis of a figure that does not tell, by page and name."""
    page = str(recipe.view.get("page", ""))
    name = without_study(recipe)
    best = None
    for beginning in OF_OLD_FIGURES.get(page, {}):
        if not fits(name, beginning):
            continue
        if best is None or len(beginning) > len(best):
            best = beginning
    if best is None:
        return ""
    return OF_OLD_FIGURES[page][best]


def fits(name: str, beginning: str) -> bool:
    """Whether a figure's name begins so; nothing is the beginning of every name."""
    if not beginning or name == beginning:
        return True
    return name.startswith(f"{beginning}-")


def without_study(recipe: Recipe) -> str:
    """A figure's name without its study's, which may look like part of it."""
    name = recipe.figure.name
    for facts in recipe.provenance:
        ending = f"-{facts.get('name', '')}"
        if name.endswith(ending):
            return name.removesuffix(ending)
    return name


def statistics(recipe: Recipe) -> tuple[Statistic, ...]:
    """How the uncertainty of a figure's numbers is told, each once."""
    analysis = analysis_of(recipe)
    if analysis is None:
        return ()
    kinds = [str(facts.get("kind", COMPUTED)) for facts in recipe.provenance]
    found: dict[Statistic, None] = {}
    for kind in kinds or [COMPUTED]:
        found |= dict.fromkeys(analysis.tests_of(kind))
    if "q_unrelated" in recipe.figure.table:
        found[UNRELATED] = None
    return tuple(found)


def works_of(recipe: Recipe) -> tuple[str, ...]:
    """Keys of the works that a figure rests on."""
    analysis = analysis_of(recipe)
    if analysis is None:
        return FIRST
    keys = dict.fromkeys(analysis.works)
    for statistic in statistics(recipe):
        keys |= dict.fromkeys(statistic.works)
    return tuple(keys) or FIRST
