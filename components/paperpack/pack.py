"""A paper pack: one zip with everything that a figure needs in a paper.

With it goes a script that redraws the figure.
"""

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import distribution
from pathlib import Path

from analysis.core import settings
from analysis.core.spreadsheets import csv_text
from components.paperpack import manuscript, recipes, tables
from components.paperpack.alternative import alternative
from components.paperpack.anonymous import anonymous
from components.paperpack.recipes import Recipe
from components.printing.venues import Look

ROOT = Path(__file__).parent.parent.parent
MOST_LETTERS = 60
"""Of a folder's name."""
STAMP = (1980, 1, 1, 0, 0, 0)
SCRIPT = "components/paperpack/redraw.py"
TYPEFACES = "components/printing/typefaces"
RENDERER = (
    "analysis/core/counting.py",
    "analysis/core/errors.py",
    "analysis/core/json_text.py",
    "analysis/core/keys.py",
    "analysis/core/typeset.py",
    "analysis/core/version.py",
    "components/figures/log_axis.py",
    "components/figures/spec.py",
    "components/paperpack/recipe_checks.py",
    "components/paperpack/recipes.py",
    "components/printing/arrows.py",
    "components/printing/bars.py",
    "components/printing/clouds.py",
    "components/printing/collisions.py",
    "components/printing/colour_bars.py",
    "components/printing/curves.py",
    "components/printing/fonts.py",
    "components/printing/hatching.py",
    "components/printing/heat.py",
    "components/printing/layout.py",
    "components/printing/marks.py",
    "components/printing/places.py",
    "components/printing/sheet.py",
    "components/printing/to_paper.py",
    "components/printing/venues.py",
)
"""All that drawing a recipe takes: a figure is redrawn from it without Babelscope."""


def pack(
    chosen: Sequence[Recipe],
    look: Look,
    nameless: bool = False,
    extra_fonts: Path | None = None,
) -> bytes:
    """A zip with a folder per figure, and the script that redraws them.

    Several figures are there as panels of one sheet too. FigureError as in ``compose``.
    """
    ready = []
    for recipe in chosen:
        kept = anonymous(recipe) if nameless else recipe
        ready.append(replace(kept, look=look))
    files: dict[str, bytes] = {}
    typefaces: dict[Path, None] = {}
    for folder, recipe in zip(folders(ready), ready):
        printed = print_sheet([recipe], look, extra_fonts)
        for kind, data in printed.files.items():
            files[f"{folder}/figure.{kind}"] = data
        for name, text in texts(recipe).items():
            files[f"{folder}/{name}"] = text.encode()
        files[f"{folder}/table.nc"] = tables.as_netcdf(recipe.figure)
        typefaces |= dict.fromkeys(printed.typefaces)
    if len(ready) > 1:
        printed = print_sheet(ready, look, extra_fonts)
        for kind, data in printed.files.items():
            files[f"together.{kind}"] = data
    return zipped(files | renderer(typefaces))


@dataclass(frozen=True)
class Printed:
    """A sheet in every format, and the typefaces that it sets."""

    files: dict[str, bytes]
    typefaces: Sequence[Path]


def print_sheet(
    panels: Sequence[Recipe], look: Look, extra_fonts: Path | None
) -> Printed:
    """Figures as one sheet; FigureError as in ``compose``."""
    from components.printing import sheet

    figures = [recipe.figure for recipe in panels]
    drawn = sheet.compose(figures, look, extra_fonts)
    facts = recipes.facts(panels)
    files = {}
    for kind, write in sheet.FORMATS.items():
        files[kind] = write(drawn, facts)
    return Printed(files, drawn.typefaces.files)


def own_fonts() -> Path:
    """Where this server's own typefaces lie."""
    return settings.home() / "fonts"


def texts(recipe: Recipe) -> dict[str, str]:
    """The files of a figure that are text."""
    figure = recipe.figure
    found = {"numbers.csv": csv_text(recipes.numbers(figure))}
    for ending, write in tables.TABLES.items():
        found[f"table.{ending}"] = write(figure)
    return found | {
        "recipe.json": recipes.write(recipe),
        "caption.txt": manuscript.caption(recipe) + "\n",
        "methods.txt": manuscript.methods(recipe),
        "works.bib": manuscript.bibliography(recipe),
        "alt.txt": alternative(figure) + "\n",
    }


def folders(chosen: Iterable[Recipe]) -> list[str]:
    """A folder's name per figure, plain and each only once."""
    names = []
    for number, recipe in enumerate(chosen, 1):
        letters = map(plain_letter, recipe.figure.name)
        name = "".join(letters).strip("-")
        if not name:
            name = "figure"
        names.append(f"{number}-{name[:MOST_LETTERS]}")
    return names


def plain_letter(char: str) -> str:
    """A character as every file system takes it."""
    if char in "-_" or (char.isascii() and char.isalnum()):
        return char
    return "-"


def renderer(typefaces: Iterable[Path]) -> dict[str, bytes]:
    """The script, the modules that it runs, and the typefaces that it sets."""
    script = ROOT / SCRIPT
    files = {"redraw.py": script.read_bytes(), "LICENSE": license_text()}
    packages: set[str] = set()
    for name in RENDERER:
        module = ROOT / name
        files[f"renderer/{name}"] = module.read_bytes()
        packages |= set(map(str, Path(name).parents[:-1]))
    for package in sorted(packages):
        files[f"renderer/{package}/__init__.py"] = b""
    licence = ROOT / TYPEFACES / "OFL.txt"
    for path in (*typefaces, licence):
        place = f"renderer/{TYPEFACES}/{path.name}"
        files[place] = path.read_bytes()
    return files


def license_text() -> bytes:
    """The licence, from a checkout or from the facts of an installed package."""
    path = ROOT / "LICENSE"
    if path.is_file():
        return path.read_bytes()
    kept = distribution("babelscope").read_text("licenses/LICENSE")
    return (kept or "").encode()


def zipped(files: dict[str, bytes]) -> bytes:
    """One zip whose bytes depend on the files alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, STAMP)
            packed.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
