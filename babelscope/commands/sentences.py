"""Read parallel sentences: vectors of languages, and whether translations meet.

Repeated, it goes on with what is unfinished.
"""

import argparse

from analysis.sentences.readings import READINGS, USUAL
from babelscope import making
from babelscope.commands import common

EXAMPLE = "babelscope sentences sib-200.zip --model Qwen/Qwen3-0.6B --most 100"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument(
        "sentences",
        nargs="?",
        default="",
        metavar="TEXT",
        help="a table, zip or folder of the same sentences in several languages, or a "
        "text that is kept here",
    )
    common.add_resume(parser)
    common.add_model(parser)
    common.add_layout(parser)
    common.add_languages(parser)
    parser.add_argument(
        "--most",
        type=int,
        default=0,
        metavar="N",
        help="read so many sentences, the first that all languages have (default: all)",
    )
    parser.add_argument(
        "--readings", nargs="+", default=(USUAL,), choices=list(READINGS)
    )
    parser.add_argument(
        "--layers",
        nargs="+",
        type=int,
        default=(),
        help="layers whose states are kept (default: all)",
    )
    common.add_reading(parser)
    common.add_into(parser)


def execute(options: argparse.Namespace) -> int:
    """Make the study, add to one, or finish it."""
    if options.resume:
        return common.ended(common.resumed(options))
    common.check_whole(options)
    return common.ended(
        making.sentences(**common.keywords(options), cluster=options.cluster)
    )
