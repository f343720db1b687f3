"""Compute analyses of a study; each becomes a table in a CSV file."""

import argparse
from pathlib import Path
from typing import Any

from analysis.core import files
from analysis.core.spreadsheets import csv_text
from analysis.overview import registry
from babelscope.commands import common
from babelscope.study import Study, open_study

EXAMPLE = (
    "babelscope measure demo transfer similarity --set convention=paper --out tables"
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument("study", help="a study's name")
    parser.add_argument(
        "analyses", nargs="+", metavar="ANALYSIS", help="; ".join(registry.names())
    )
    common.add_settings(parser)
    parser.add_argument(
        "--out", type=Path, default=Path(), help="folder for the files (default: here)"
    )


def execute(options: argparse.Namespace) -> int:
    """Write one file per analysis."""
    study = open_study(options.study)
    settings = common.settings(options)
    for name in options.analyses:
        print(written(study, name, settings, options.out))
    return 0


def written(study: Study, name: str, settings: dict[str, Any], folder: Path) -> Path:
    """The file of an analysis, written into a folder that is made when missing."""
    table = registry.table(name, study, **settings)
    files.make_folder(folder)
    path = folder / f"{name.replace(' ', '-')}-{study.name}.csv"
    files.write_output(path, csv_text(table).encode())
    return path
