"""List the studies that can be opened, or add a packed one."""

import argparse
from pathlib import Path

from analysis.core.counting import count
from analysis.core.errors import AnalysisError
from analysis.study import library

EXAMPLE = "babelscope studies --add colleague.babelscope"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument(
        "--add", type=Path, metavar="FILE", help="a study that `babelscope pack` wrote"
    )


def execute(options: argparse.Namespace) -> int:
    """Add a study, or print a line per study."""
    if options.add:
        return add(options.add)
    for name in library.names():
        print(line(name))
    return 0


def add(path: Path) -> int:
    """Add a packed study."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise AnalysisError(f"{path} cannot be read ({error.strerror}).") from error
    print(f"study {library.unpack(data, path.name)}")
    return 0


def line(name: str) -> str:
    """A study in a line: name, kind, title and size, between tabs."""
    try:
        study = library.open_by_name(name)
    except AnalysisError as error:
        return f"{name}\tcannot be opened\t{error}"
    size = f"{count(len(study.languages), 'language')}, {count(study.layers, 'layer')}"
    return f"{name}\t{study.kind}\t{study.title}\t{size}"
