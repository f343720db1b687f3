"""A paper pack: one zip with everything that a figure needs in a paper, and a script that redraws it."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path

from analysis.core import settings
from components.paperpack import manuscript, recipes, tables
from components.paperpack.recipes import Recipe
from components.printing.venues import Look

ROOT = Path(__file__).parent.parent.parent
STAMP = (1980, 1, 1, 0, 0, 0)
RENDERER = (
    "analysis/core/errors.py",
    "components/figures/spec.py",
    "components/paperpack/recipes.py",
    "components/printing/arrows.py",
    "components/printing/bars.py",
    "components/printing/clouds.py",
    "components/printing/colour_bars.py",
    "components/printing/curves.py",
    "components/printing/fonts.py",
    "components/printing/heat.py",
    "components/printing/layout.py",
    "components/printing/marks.py",
    "components/printing/places.py",
    "components/printing/sheet.py",
    "components/printing/to_paper.py",
    "components/printing/venues.py",
)
"""All that drawing a recipe takes; a pack carries it, so that the figure can be redrawn without Babelscope."""
REDRAW = '''"""Redraw the figures of this pack from their recipes and numbers: python redraw.py [folder …]

Needs matplotlib 3.11, numpy, pandas and scipy. Edit numbers.csv or recipe.json of a folder first to change a figure.
"""

import sys
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "renderer"))

import pandas as pd  # noqa: E402
from components.paperpack import recipes  # noqa: E402
from components.printing import sheet  # noqa: E402

for folder in [HERE / name for name in sys.argv[1:]] or sorted(path.parent for path in HERE.glob("*/recipe.json")):
    recipe = recipes.read((folder / "recipe.json").read_bytes(), "recipe.json")
    numbers = pd.read_csv(folder / "numbers.csv", dtype={"array": str, "place": str})
    figure = recipes.with_numbers(recipe.figure, numbers)
    drawn = sheet.compose([figure], recipe.look)
    for ending in ("pdf", "svg", "png"):
        path = folder / f"redrawn.{ending}"
        path.write_bytes(sheet.FORMATS[ending](drawn, recipes.facts([replace(recipe, figure=figure)])))
        print(path)
'''


def pack(
    chosen: Sequence[Recipe],
    look: Look,
    anonymous: bool = False,
    extra_fonts: Path | None = None,
) -> bytes:
    """A zip with a folder per figure, all panels together when there are several, and the script; FigureError as in ``compose``."""
    from components.printing import sheet

    ready = [
        replace(manuscript.anonymous(recipe) if anonymous else recipe, look=look)
        for recipe in chosen
    ]
    drawn = [sheet.compose([recipe.figure], look, extra_fonts) for recipe in ready]
    files: dict[str, bytes] = {}
    for folder, recipe, each in zip(folders(ready), ready, drawn):
        files |= {
            f"{folder}/figure.{kind}": write(each, recipes.facts([recipe]))
            for kind, write in sheet.FORMATS.items()
        }
        files |= {
            f"{folder}/{name}": text.encode() for name, text in texts(recipe).items()
        }
    if len(ready) > 1:
        together = sheet.compose([recipe.figure for recipe in ready], look, extra_fonts)
        files |= {
            f"together.{kind}": write(together, recipes.facts(ready))
            for kind, write in sheet.FORMATS.items()
        }
    files |= renderer(
        dict.fromkeys(path for each in drawn for path in each.typefaces.files)
    )
    return zipped(files)


def own_fonts() -> Path:
    """Where this server's own typefaces lie."""
    return settings.home() / "fonts"


def texts(recipe: Recipe) -> dict[str, str]:
    """The files of a figure that are text."""
    return {
        "numbers.csv": recipes.numbers(recipe.figure).to_csv(index=False),
        **{
            f"table.{ending}": write(recipe.figure)
            for ending, write in tables.TABLES.items()
        },
        "recipe.json": recipes.write(recipe),
        "caption.txt": manuscript.caption(recipe) + "\n",
        "methods.txt": manuscript.methods(recipe),
        "works.bib": manuscript.bibliography(recipe),
        "alt.txt": manuscript.alternative(recipe.figure) + "\n",
    }


def folders(chosen: Iterable[Recipe]) -> list[str]:
    """A folder's name per figure, plain and each only once."""
    names: list[str] = []
    for number, recipe in enumerate(chosen, 1):
        plain = "".join(
            char if char.isascii() and char.isalnum() or char in "-_" else "-"
            for char in recipe.figure.name
        )
        names.append(f"{number}-{plain.strip('-')[:60] or 'figure'}")
    return names


def renderer(typefaces: Iterable[Path]) -> dict[str, bytes]:
    """The script, the modules that it runs, and the typefaces that it sets."""
    files = {"redraw.py": REDRAW.encode(), "LICENSE": license_text()}
    files |= {f"renderer/{name}": (ROOT / name).read_bytes() for name in RENDERER}
    packages = {str(parent) for name in RENDERER for parent in Path(name).parents[:-1]}
    files |= {f"renderer/{package}/__init__.py": b"" for package in sorted(packages)}
    folder = "renderer/components/printing/typefaces"
    files |= {f"{folder}/{path.name}": path.read_bytes() for path in typefaces}
    return files | {
        f"{folder}/OFL.txt": (
            ROOT / "components" / "printing" / "typefaces" / "OFL.txt"
        ).read_bytes()
    }


def license_text() -> bytes:
    """The licence, at the top of a checkout or among the facts of an installed package."""
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
            packed.writestr(zipfile.ZipInfo(name, STAMP), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
