"""Repeat Xu et al.'s design over several models, and tell which of its claims hold.

Repeated, it goes on with what is unfinished.
"""

import argparse
from pathlib import Path

from analysis.concepts.corpora import VALUES
from babelscope import repeating
from babelscope.commands import common
from components.printing.venues import VENUES

EXAMPLE = "babelscope repeat Qwen/Qwen3-0.6B google/gemma-3-1b-it --out repeated"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument("models", nargs="+", metavar="MODEL", help="models, or hub ids")
    parser.add_argument(
        "--corpus",
        default=VALUES,
        help=f"a file of contrast pairs, or a corpus (default: {VALUES})",
    )
    parser.add_argument("--concepts", nargs="+", default=(), help="default: all")
    common.add_languages(parser)
    parser.add_argument("--venue", default="ACL, column", choices=list(VENUES))
    parser.add_argument(
        "--out", type=Path, default=Path("repeated"), help="folder for the files"
    )


def execute(options: argparse.Namespace) -> int:
    """Make all studies, draw them, and print which claims hold."""
    made = repeating.repeat(
        options.models,
        options.corpus,
        out=options.out,
        venue=options.venue,
        concepts=options.concepts,
        languages=options.languages,
    )
    for model, claims in made.claims.groupby("model", sort=False):
        print(model)
        for verdict, claim in zip(claims["verdict"], claims["claim"]):
            print(f"  {verdict}: {claim}")
    for model, reason in made.failed.items():
        print(f"{model} is left out: {reason}")
    print(f"{len(made.files)} files in {options.out}, {common.seconds()}")
    return 0
