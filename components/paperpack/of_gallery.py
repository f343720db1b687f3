"""Figures of the table of figures as recipes: what is drawn, with where it comes from."""

from typing import Any

from analysis.study.study import Study
from components.figures import gallery
from components.figures.spec import Figure
from components.paperpack.provenance import facts, parts_shown
from components.paperpack.recipes import Recipe
from components.printing.venues import Look


def page_file(name: str) -> str:
    """The file of the page that shows a figure; all analyses are on the first one."""
    if name not in gallery.FIGURES or gallery.FIGURES[name].page == "Overview":
        return "app.py"
    return f"pages/{gallery.FIGURES[name].page.lower()}.py"


def recipe_of(study: Study, name: str, **options: Any) -> Recipe:
    """A figure of FIGURES of a study; errors as in ``gallery.draw``."""
    return recipe_with(study, name, gallery.draw(study, name, **options))


def recipe_with(study: Study, name: str, figure: Figure) -> Recipe:
    """A drawn figure of a study with its page and its provenance."""
    page = page_file(name)
    view = {"page": page, "query": {"study": [study.name]}}
    provenance = facts(study) | parts_shown(study, page)
    return Recipe(figure, Look(), view, (provenance,))
