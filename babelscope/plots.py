"""Figures from a script: shown inline in a notebook, saved as they print."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.core import files
from analysis.core.errors import SpecError, unknown
from analysis.core.specs import check_text
from analysis.overview import registry
from analysis.study.study import Study as Results
from babelscope.study import study_of
from components.figures import gallery
from components.figures.analyses import of_analysis
from components.figures.languages import Arrangement
from components.figures.spec import Figure
from components.paperpack import pack, recipes
from components.paperpack.labelling import AS_SAVED, relabelled
from components.paperpack.of_gallery import recipe_with
from components.paperpack.recipes import Recipe
from components.printing.venues import OWN, Look

FILES = ("pdf", "svg", "png", "600.png", "zip")
"""How names of files may end; a zip is a paper pack."""
SCREEN = 96 / 2.54
"""Pixels of a notebook in a centimetre."""


@dataclass(frozen=True)
class Printed:
    """The bytes of a file, and what a reader would stumble over."""

    data: bytes
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plot:
    """Figures as panels of one sheet, with where each comes from."""

    panels: tuple[Recipe, ...]

    @property
    def figure(self) -> Figure:
        """The first panel's drawing in plain arrays and words."""
        return self.panels[0].figure

    @property
    def caption(self) -> str:
        """What the first panel shows, with its n and interval."""
        return self.figure.caption

    @property
    def table(self) -> pd.DataFrame:
        """The numbers of the first panel as a table."""
        return self.figure.table

    def save(
        self,
        path: str | Path,
        venue: str = "",
        *,
        labels: str = AS_SAVED,
        anonymous: bool = False,
        **look: Any,
    ) -> tuple[str, ...]:
        """Write the sheet as it prints; what a reader would stumble over comes back.

        The name's ending tells the kind: .pdf, .svg, .png, .600.png, or .zip for a paper
        pack with numbers, caption, methods and BibTeX. ``venue`` is one of
        ``venues()``; ``look`` may have ``width`` (cm, for “own width”), ``text``
        (points), ``columns``, ``titles``, ``values``, ``shared``. FigureError for
        characters that no font has.

        >>> import babelscope as bs, tempfile
        >>> path = tempfile.mkdtemp() + "/transfer.pdf"
        >>> bs.plot("demo", "transfer").save(path, venue="ACL, column")
        ('cells are too small for numbers, so none are written',)
        """
        path = Path(path)
        kind = kind_of(path)
        made = self.drawn(kind, look_of(self.look, venue, look), labels, anonymous)
        files.write_output(path, made.data)
        return made.notes

    @property
    def look(self) -> Look:
        """How the sheet prints where nothing else is said."""
        return self.panels[0].look

    def drawn(self, kind: str, look: Look, labels: str, anonymous: bool) -> Printed:
        """The sheet as a file of a kind."""
        from components.paperpack.anonymous import anonymous as nameless
        from components.printing import sheet

        ready = [
            replace(each, figure=relabelled(each.figure, labels))
            for each in self.panels
        ]
        if kind == "zip":
            return Printed(pack.pack(ready, look, anonymous, pack.own_fonts()))
        if anonymous:
            ready = [nameless(each) for each in ready]
        figures = [each.figure for each in ready]
        made = sheet.compose(figures, look, pack.own_fonts())
        data = sheet.FORMATS[kind](made, recipes.facts(ready))
        return Printed(data, made.notes)

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """The sheet for a notebook, as wide as it prints."""
        made = self.drawn("png", self.look, AS_SAVED, anonymous=False)
        return made.data, {"width": round(self.look.size.width * SCREEN)}


def plot(study: str | Results, name: str, **options: Any) -> Plot:
    """A figure of a study by its name, with the options that the page offers for it.

    ``figures`` lists the names; an analysis that has no figure of its own is drawn as
    numbers in cells or bars. SpecError for a name or an option that there is none of,
    and for a study that lacks what is needed.

    >>> import babelscope as bs
    >>> bs.plot("demo", "transfer", labels="English name").figure.y
    'source language'
    """
    known = study_of(study)
    check_text("The name of a figure", name)
    figure = figure_of(known, name, options)
    return Plot((recipe_with(known, name, figure),))


def figure_of(study: Results, name: str, options: dict[str, Any]) -> Figure:
    """A figure by its own name, or by that of the analysis that it shows."""
    if name in gallery.FIGURES or name not in registry.names():
        return gallery.draw(study, name, **options)
    usual = Arrangement()
    order = str(options.pop("order", usual.order))
    labels = str(options.pop("labels", usual.labels))
    result = registry.run(name, study, **options)
    arrangement = Arrangement(order, labels)
    return of_analysis(study, registry.find(name), result, arrangement)


def figures(study: str | Results | None = None) -> pd.DataFrame:
    """All figures, or those that a study can show: page, options, what each says.

    >>> import babelscope as bs
    >>> bs.figures("demo").loc["transfer", "page"]
    'Transfer'
    """
    known = study_of(study) if study is not None else None
    rows = {}
    for name in gallery.names(known) if known else gallery.FIGURES:
        entry = gallery.FIGURES[name]
        rows[name] = {
            "page": entry.page,
            "says": entry.says,
            "options": ", ".join(entry.options),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def from_recipes(paths: Sequence[str | Path]) -> Plot:
    """Recipes from files as one plot; SpecError for a file that cannot be read."""
    panels = []
    for path in map(Path, paths):
        try:
            panels.append(recipes.read(path.read_bytes(), path.name))
        except OSError as error:
            raise SpecError(f"{path} cannot be read ({error.strerror}).") from error
    return Plot(tuple(panels))


def kind_of(path: Path) -> str:
    """The kind of a file by the ending of its name; SpecError for others."""
    for ending in sorted(FILES, key=len, reverse=True):
        if path.name.endswith(f".{ending}"):
            return ending
    raise unknown("file ending", path.suffix, FILES)


def look_of(saved: Look, venue: str, changes: dict[str, Any]) -> Look:
    """A look at another venue and with other settings; SpecError for unknown ones."""
    known = [field.name for field in fields(Look)]
    for name in changes:
        if name not in known:
            raise unknown("setting of a look", name, known)
    chosen = venue or saved.venue
    if changes.get("width") and chosen != OWN:
        raise SpecError(
            f"A width is for the venue “{OWN}”; this one is “{chosen}”, which has its "
            f"own. Choose “{OWN}”, or leave the width out."
        )
    if changes.get("columns", 0) < 0:
        raise SpecError(f"There cannot be {changes['columns']} panels side by side.")
    if venue:
        # Width and text of a recipe were chosen for its own venue.
        changes = {"width": 0.0, "text": 0.0} | changes | {"venue": venue}
    return replace(saved, **changes)
