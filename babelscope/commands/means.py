"""Make a study of mean states that others measured: one file of tensors per language."""

import argparse

from babelscope import making
from babelscope.commands import common

EXAMPLE = "babelscope means states/ --model Qwen/Qwen3-0.6B"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="PATH",
        help="torch or safetensors files with the language in their names, or folders",
    )
    parser.add_argument(
        "--model", required=True, help="the model that the states are of"
    )
    parser.add_argument("--title", default="", help="what the study is called")


def execute(options: argparse.Namespace) -> int:
    """Import the states."""
    return common.ended(making.means(**common.keywords(options)))
