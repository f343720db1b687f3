"""Compute analyses of a study; each becomes a table in a CSV or netCDF file."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.core import files, netcdf
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
    parser.add_argument(
        "--format",
        default="csv",
        choices=FORMATS,
        help="csv, or nc: labelled arrays as netCDF (default: csv)",
    )


def execute(options: argparse.Namespace) -> int:
    """Write one file per analysis."""
    study = open_study(options.study)
    settings = common.settings(options)
    for name in options.analyses:
        print(written(study, name, settings, options.out, options.format))
    return 0


def written(
    study: Study,
    name: str,
    settings: dict[str, Any],
    folder: Path,
    ending: str = "csv",
) -> Path:
    """The file of an analysis, written into a folder that is made when missing."""
    table = registry.table(name, study, **settings)
    files.make_folder(folder)
    path = folder / f"{name.replace(' ', '-')}-{study.name}.{ending}"
    files.write_output(path, FORMATS[ending](table))
    return path


def as_csv(table: pd.DataFrame) -> bytes:
    """Comma-separated values."""
    return csv_text(table).encode()


def as_netcdf(table: pd.DataFrame) -> bytes:
    """Labelled arrays."""
    return netcdf.netcdf(netcdf.of_table(table))


FORMATS: Mapping[str, Callable[[pd.DataFrame], bytes]] = {
    "csv": as_csv,
    "nc": as_netcdf,
}
"""File ending → the table as a file."""
