"""Studies, analyses and figures without a browser: ``python -m components --help``; a paper's Makefile can rebuild its figures."""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import xarray as xr

from analysis.__main__ import main as extract
from analysis.concepts import recognition, similarity, transfer
from analysis.concepts.specs import CONVENTIONS, Convention
from analysis.core.errors import AnalysisError, SpecError, unknown
from analysis.languages.languages import LABELS
from analysis.study import library
from analysis.study.study import Study
from components.paperpack import pack, recipes
from components.paperpack.labelling import AS_SAVED, relabelled
from components.printing.venues import OWN, VENUES

ANALYSES = {
    "recognition": lambda study, convention: recognition.recognition(study, convention),
    "transfer": lambda study, convention: transfer.transfer(study, convention),
    "similarity": lambda study, convention: similarity.similarity(study),
}
FILES = ("pdf", "svg", "png", "600.png", "zip")
KEYS = {"extract", "study", "analyses", "convention", "out"}


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m components", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("studies", help="list the studies that can be opened")
    run = commands.add_parser(
        "run", help="extract a study and analyse it, as a spec file says"
    )
    run.add_argument(
        "spec",
        type=Path,
        help=f"JSON with some of: {', '.join(sorted(KEYS))}; see the README",
    )
    render = commands.add_parser("render", help="draw recipes")
    render.add_argument(
        "recipes",
        nargs="+",
        type=Path,
        help="recipe.json files; several become panels of one sheet",
    )
    render.add_argument(
        "--out",
        type=Path,
        default=Path("figure.pdf"),
        help=f"file to write, ending in {', '.join(FILES)}",
    )
    render.add_argument("--venue", choices=[*VENUES, OWN], help="default: the recipe's")
    render.add_argument(
        "--width", type=float, default=0.0, help=f"centimetres, with --venue '{OWN}'"
    )
    render.add_argument(
        "--text", type=float, default=0.0, help="points (default: the venue's)"
    )
    render.add_argument(
        "--columns",
        type=int,
        default=0,
        help="panels side by side (default: as many as fit)",
    )
    render.add_argument("--titles", action="store_true", help="a title over each panel")
    render.add_argument(
        "--labels",
        choices=[AS_SAVED, *LABELS],
        default=AS_SAVED,
        help="what languages are called",
    )
    render.add_argument(
        "--anonymous",
        action="store_true",
        help="without names of user, host, folders and studies",
    )
    return parser


def studies() -> None:
    """One line per study."""
    for name in library.names():
        try:
            known = library.summary(library.open_by_name(name))
            print(
                f"{name}\t{known['kind']}\t{known['title']}\t{known['languages']} languages, {known['layers']} layers"
            )
        except AnalysisError as error:
            print(f"{name}\tcannot be opened\t{error}")


def run(path: Path) -> int:
    """Extract and analyse; tables land as CSV in the folder ``out``."""
    try:
        wanted = json.loads(path.read_text("utf-8"))
        extra = set(wanted) - KEYS
    except (OSError, ValueError, TypeError) as error:
        raise SpecError(f"{path} is not a JSON file of a run ({error}).") from error
    if extra:
        raise SpecError(
            f"{path} has {', '.join(sorted(map(str, extra)))}; a run knows {', '.join(sorted(KEYS))}."
        )
    name = wanted.get("study")
    if "extract" in wanted:
        before = set(library.names())
        if extract(
            [
                part
                for key, value in wanted["extract"].items()
                for part in option(key, value)
            ]
        ):
            return 1
        name = next(iter(set(library.names()) - before), name)
    if wanted.get("analyses"):
        analyse(name, wanted, path.parent / wanted.get("out", "."))
    return 0


def option(key: str, value: object) -> list[str]:
    """An entry of a spec file as the command line of extraction has it."""
    values = value if isinstance(value, list) else [value]
    return [f"--{key.replace('_', '-')}", *map(str, values)]


def analyse(name: str | None, wanted: dict, folder: Path) -> None:
    """Each analysis of a study as a CSV file."""
    if name is None:
        raise SpecError(
            "A run needs “extract” or the name of a “study”; `python -m components studies` lists them."
        )
    study, convention = (
        library.open_by_name(name),
        wanted.get("convention", next(iter(CONVENTIONS))),
    )
    if convention not in CONVENTIONS:
        raise unknown("convention", convention, CONVENTIONS)
    folder.mkdir(parents=True, exist_ok=True)
    for what in wanted["analyses"]:
        if what not in ANALYSES:
            raise unknown("analysis", what, ANALYSES)
        target = folder / f"{what}-{name}.csv"
        table(study, what, CONVENTIONS[convention]).to_dataframe().reset_index().to_csv(
            target, index=False
        )
        print(target)


def table(study: Study, what: str, convention: Convention) -> xr.Dataset:
    """An analysis without what has other dimensions than its main array."""
    found = ANALYSES[what](study, convention)
    dims = max((found[name].dims for name in found.data_vars), key=len)
    return found[[name for name in found.data_vars if found[name].dims == dims]]


def render(options: argparse.Namespace) -> None:
    """Recipes as one file."""
    from components.paperpack import manuscript
    from components.printing import sheet

    kind = next(
        (
            ending
            for ending in sorted(FILES, key=len, reverse=True)
            if options.out.name.endswith(f".{ending}")
        ),
        None,
    )
    if kind is None:
        raise unknown("file ending", options.out.suffix, FILES)
    chosen = [load(path, options.labels) for path in options.recipes]
    saved = chosen[0].look
    look = (
        saved
        if options.venue is None
        else replace(saved, venue=options.venue, width=options.width, text=0.0)
    )
    look = replace(
        look, text=options.text or look.text, columns=options.columns or look.columns
    )
    look = replace(look, titles=options.titles or look.titles)
    if kind == "zip":
        data, notes = pack.pack(chosen, look, options.anonymous, pack.own_fonts()), ()
    else:
        ready = (
            [manuscript.anonymous(recipe) for recipe in chosen]
            if options.anonymous
            else chosen
        )
        drawn = sheet.compose(
            [recipe.figure for recipe in ready], look, pack.own_fonts()
        )
        data, notes = sheet.FORMATS[kind](drawn, recipes.facts(ready)), drawn.notes
    options.out.write_bytes(data)
    print(options.out)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


def load(path: Path, style: str) -> recipes.Recipe:
    """A recipe from a file, its languages called as wanted."""
    try:
        recipe = recipes.read(path.read_bytes(), path.name)
    except OSError as error:
        raise SpecError(f"{path} cannot be read ({error.strerror}).") from error
    return replace(recipe, figure=relabelled(recipe.figure, style))


def main(given: list[str] | None = None) -> int:
    """Do what the command line says; 2 where it cannot be done, with the sentence that says why."""
    options = arguments().parse_args(given)
    try:
        if options.command == "run":
            return run(options.spec)
        studies() if options.command == "studies" else render(options)
    except AnalysisError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
