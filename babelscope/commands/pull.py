"""Fetch a study or vectors that `babelscope push` sent to the Hugging Face hub.

Only safetensors and JSON are fetched, each held against its SHA-256. The study is added
to this machine; vectors without a study are kept and steer as imported files do.
"""

import argparse

from analysis.sharing.hub import Pulled
from babelscope import sharing

EXAMPLE = "babelscope pull jane/fairness-vectors"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument("name", metavar="OWNER/NAME", help="the repository")
    parser.add_argument(
        "--revision", default="", help="a branch, tag or commit (default: main)"
    )


def execute(options: argparse.Namespace) -> int:
    """Fetch it, and say where it is to be seen."""
    found = sharing.pulled(options.name, options.revision)
    for line in lines(found):
        print(line)
    return 0


def lines(found: Pulled) -> list[str]:
    """What was fetched, and the address of the Playground that opens it."""
    told = [f"study {found.study}"] if found.study else []
    told += [f"vector {name}" for name in found.vectors]
    query = f"?study={found.study}" if found.study else ""
    told.append(
        f"to steer with it: babelscope app, then http://localhost:8501/playground{query}"
    )
    return told
