"""Write a study, or figures, as one HTML file that opens without a server.

It holds figures with hover, tables of numbers, findings, methods, provenance and
recorded answers, and asks for nothing from a network: for reviewers and colleagues.
"""

import argparse
import sys
from pathlib import Path

from analysis.core.errors import SpecError
from babelscope import plots, publishing
from babelscope.commands import common

EXAMPLE = "babelscope publish demo --pages Transfer Similarity --out study.html"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument(
        "what", nargs="+", metavar="STUDY", help="a study, or recipe.json files"
    )
    parser.add_argument(
        "--pages", nargs="+", default=[], help="pages of the study (default: all)"
    )
    parser.add_argument(
        "--figures", nargs="+", default=[], help="only these figures of the study"
    )
    common.add_settings(parser)
    parser.add_argument(
        "--out",
        type=Path,
        help="file to write, ending in .html (default: the study's name)",
    )
    parser.add_argument(
        "--anonymous",
        action="store_true",
        help="without names of user, host, folders and studies",
    )


def execute(options: argparse.Namespace) -> int:
    """Write the file."""
    (first, *others) = options.what
    are_recipes = Path(first).suffix == ".json"
    if others and not are_recipes:
        raise SpecError(
            f"A file holds one study, or several recipe.json files; given are {first} "
            f"and {len(others)} more. Publish each study by itself."
        )
    path = options.out or Path("figures.html" if are_recipes else f"{first}.html")
    what = plots.from_recipes(options.what) if are_recipes else of_study(options)
    if are_recipes and (options.pages or options.figures):
        raise SpecError("--pages and --figures are for a study; recipes are figures.")
    publishing.publish(
        what, path, pages=options.pages, anonymous=options.anonymous, told=print_page
    )
    print(path)
    return 0


def of_study(options: argparse.Namespace) -> str | plots.Plot:
    """A study's name, or the figures of it that are wanted."""
    (name,) = options.what
    if not options.figures:
        if options.set:
            raise SpecError("--set is for --figures; pages have their own options.")
        return name
    if options.pages:
        raise SpecError("Give --pages or --figures, not both.")
    panels = []
    for figure in options.figures:
        panels += plots.plot(name, figure, **common.settings(options)).panels
    return plots.Plot(tuple(panels))


def print_page(page: str) -> None:
    """Say which page is drawn."""
    print(f"drawing {page}", file=sys.stderr)
