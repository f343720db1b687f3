"""Draw figures as they print: of a study, by their names, or from recipes.

Several become panels of one sheet.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from analysis.core.errors import SpecError
from analysis.languages.languages import LABELS
from babelscope import plots
from babelscope.commands import common
from components.paperpack.labelling import AS_SAVED
from components.paperpack.recipes import Recipe
from components.printing.venues import OWN, VENUES

EXAMPLE = (
    'babelscope render transfer --study demo --venue "ACL, column" --out transfer.pdf'
)
MEASURED = ("width", "text", "columns")
LOOK = (*MEASURED, "titles")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    add_figures(parser)
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("figure.pdf"),
        help=f"file to write, ending in {', '.join(plots.FILES)} (default: figure.pdf)",
    )


def add_figures(parser: argparse.ArgumentParser) -> None:
    """Which figures, and how they print."""
    parser.add_argument(
        "figures",
        nargs="+",
        metavar="FIGURE",
        help="recipe.json files, or with --study names of its figures",
    )
    parser.add_argument("--study", default="", help="the study that is drawn")
    common.add_settings(parser)
    parser.add_argument(
        "--venue", default="", choices=[*VENUES, OWN], help="default: the recipe's"
    )
    parser.add_argument("--width", type=float, help=f"cm, with --venue '{OWN}'")
    parser.add_argument("--text", type=float, help="points (default: the venue's)")
    parser.add_argument(
        "--columns", type=int, help="panels side by side (default: as many as fit)"
    )
    parser.add_argument(
        "--titles", action="store_true", default=None, help="a title over each panel"
    )
    parser.add_argument(
        "--labels",
        choices=[AS_SAVED, *LABELS],
        default=AS_SAVED,
        help="what languages are called",
    )
    parser.add_argument(
        "--anonymous",
        action="store_true",
        help="without names of user, host, folders and studies",
    )


def execute(options: argparse.Namespace) -> int:
    """Draw them into one file."""
    return written(chosen(options), options)


def chosen(options: argparse.Namespace) -> plots.Plot:
    """The figures that are wanted, as panels."""
    if not options.study:
        if options.set:
            raise SpecError(
                "--set is for figures of a study; recipes keep their own options. Add "
                "--study, or leave --set out."
            )
        return plots.from_recipes(options.figures)
    settings = common.settings(options)
    panels: list[Recipe] = []
    for name in options.figures:
        panels += plots.plot(options.study, name, **settings).panels
    return plots.Plot(tuple(panels))


def written(made: plots.Plot, options: argparse.Namespace) -> int:
    """Write the file, and say what a reader would stumble over."""
    given = {name: getattr(options, name) for name in LOOK}
    look: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
    for name in MEASURED:
        if look.get(name, 1) <= 0:
            raise SpecError(f"--{name} must be above 0; given is {look[name]:g}.")
    notes = made.save(
        options.out,
        options.venue,
        labels=options.labels,
        anonymous=options.anonymous,
        **look,
    )
    print(options.out)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    return 0
