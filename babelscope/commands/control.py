"""Search how hard, and where, to push; compare own and shared vectors.

Without a browser the same runs are made as on the Control page. Repeated, it goes on
with what is unfinished.
"""

import argparse
from pathlib import Path

from analysis.control.settings_tried import SEARCHES
from analysis.control.specs import SEARCHED_ON
from analysis.core import files
from analysis.core.errors import SpecError
from analysis.core.spreadsheets import csv_text
from analysis.core.templates import TEMPLATES
from analysis.steering.operators import OPERATORS
from babelscope import controlling
from babelscope.commands import common
from babelscope.controlling import Control

EXAMPLE = "babelscope control demo-requests harmfulness --languages en fr --tokens 8"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument("study", nargs="?", default="", help="whose vectors push")
    parser.add_argument("concept", nargs="?", default="", help="which of its concepts")
    parser.add_argument(
        "--towards",
        default="",
        metavar="CODE",
        help="push along language vectors towards this language, in place of a concept",
    )
    common.add_resume(parser, "control run", "RUN")
    parser.add_argument(
        "--prompts",
        default=controlling.HELD_OUT,
        help="a file or a set of this machine (default: held-out negative members)",
    )
    common.add_layout(parser)
    common.add_languages(parser)
    parser.add_argument("--source", default="en", help="language of the shared vector")
    parser.add_argument(
        "--search", default=next(iter(SEARCHES)), choices=list(SEARCHES)
    )
    parser.add_argument("--searched-on", default=SEARCHED_ON[0], choices=SEARCHED_ON)
    parser.add_argument(
        "--strengths", nargs="+", type=float, default=(), help="default: the search's"
    )
    parser.add_argument("--layer-sets", type=int, default=10)
    parser.add_argument("--search-prompts", type=int, default=8, help="per language")
    parser.add_argument("--reported-prompts", type=int, default=8, help="per language")
    parser.add_argument("--operator", default="addition", choices=list(OPERATORS))
    parser.add_argument(
        "--template", default="", choices=list(TEMPLATES), help="default: the model's"
    )
    parser.add_argument("--tokens", type=int, default=24, help="new tokens per answer")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--title", default="", help="what the run is called")
    parser.add_argument("--out", type=Path, help="write the report to this CSV file")


def made(options: argparse.Namespace) -> Control:
    """The run that was begun, or gone on with."""
    if options.resume:
        given = (options.resume, options.shard, options.cluster)
        return controlling.resume_control(*given)
    common.check_alone(options, "run")
    if not (options.study and (options.concept or options.towards)):
        raise SpecError(
            "Say whose vectors push: babelscope control STUDY CONCEPT, or "
            "babelscope control STUDY --towards CODE."
        )
    return controlling.control(**common.keywords(options, "out"))


def execute(options: argparse.Namespace) -> int:
    """Make the run, or finish it."""
    found = made(options)
    print(f"control run {found.name}, {common.seconds()}")
    if options.out:
        table = csv_text(found.report)
        files.write_output(options.out, table.encode())
        print(options.out)
    return 0
