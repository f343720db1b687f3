"""Pack a study into one file to share, or figures into a paper pack.

A paper pack is a zip with the figures as they print, their numbers, captions, methods
sentences, BibTeX, recipes and a script that redraws them without Babelscope.
"""

import argparse
from pathlib import Path

from analysis.core import files
from analysis.core.errors import SpecError, unknown
from analysis.study import library
from babelscope.commands import render

EXAMPLE = "babelscope pack transfer similarity --study demo --out figures.zip"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    render.add_figures(parser)
    parser.add_argument(
        "--out",
        type=Path,
        help="file to write (default: figures.zip, or the study's name)",
    )


def execute(options: argparse.Namespace) -> int:
    """Pack the study, or the figures."""
    (first, *others) = options.figures
    if not others and not options.study and not Path(first).exists():
        check_none_of_figures(first, options)
        return pack_study(first, options.out)
    options.out = options.out or Path("figures.zip")
    if options.out.suffix != ".zip":
        raise unknown("file ending", options.out.suffix, [".zip"])
    return render.written(render.chosen(options), options)


def check_none_of_figures(name: str, options: argparse.Namespace) -> None:
    """SpecError for options of figures where a study is packed."""
    usual = argparse.ArgumentParser()
    render.add_figures(usual)
    given = []
    for option, value in vars(usual.parse_args([name])).items():
        if getattr(options, option) != value:
            given.append(f"--{option}")
    if given:
        raise SpecError(
            f"“{name}” is packed as a study, and {', '.join(given)} is for figures. "
            f"Leave it out, or name figures: babelscope pack transfer --study {name}"
        )


def pack_study(name: str, path: Path | None) -> int:
    """Write a study as one file."""
    if Path(name).suffix == ".json":
        raise SpecError(f"{name} cannot be read (No such file).")
    path = path or Path(f"{name}{library.SUFFIX}")
    files.write_output(path, library.pack(name))
    print(path)
    return 0
