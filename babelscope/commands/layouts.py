"""List the layouts of tables that are known, or print one as TOML.

A copy of it, with other columns, is what --layout takes for tables of your own.
"""

import argparse

from analysis.core.errors import unknown
from analysis.tables import layouts

EXAMPLE = "babelscope layouts sib-200"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument("name", nargs="?", default="", help="print this one")


def execute(options: argparse.Namespace) -> int:
    """Print a layout, or a line per layout."""
    known = layouts.offered()
    if not options.name:
        for layout in known.values():
            kinds = ", ".join(layout.kinds)
            print(f"{layout.name}\t{kinds}\t{layout.title or 'saved here'}")
        return 0
    if options.name not in known:
        raise unknown("layout", options.name, known)
    print(layouts.layout_text(known[options.name]), end="")
    return 0
