"""Redraw the figures of this pack: python redraw.py [folder …]

Needs matplotlib 3.11, numpy, pandas and scipy. Edit numbers.csv or recipe.json of a
folder first to change a figure.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ENDINGS = ("pdf", "svg", "png")


def folders(names: Sequence[str]) -> list[Path]:
    """The folders of these names, or all that have a recipe."""
    if names:
        return [HERE / name for name in names]
    return sorted(path.parent for path in HERE.glob("*/recipe.json"))


def redraw(folder: Path) -> None:
    """Draw a figure from its recipe and its numbers."""
    # The pack's own copy of these modules; Babelscope need not be installed.
    import pandas as pd

    from components.paperpack import recipes
    from components.printing import sheet

    recipe = recipes.read((folder / "recipe.json").read_bytes(), "recipe.json")
    columns: Any = {"array": str, "place": str}
    numbers = pd.read_csv(folder / "numbers.csv", dtype=columns)
    figure = recipes.with_numbers(recipe.figure, numbers)
    drawn = sheet.compose([figure], recipe.look)
    facts = recipes.facts([replace(recipe, figure=figure)])
    for ending in ENDINGS:
        path = folder / f"redrawn.{ending}"
        path.write_bytes(sheet.FORMATS[ending](drawn, facts))
        print(path)


if __name__ == "__main__":
    sys.path.insert(0, str(HERE / "renderer"))
    for each in folders(sys.argv[1:]):
        redraw(each)
