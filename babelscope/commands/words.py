"""Embed words of many languages, to see whether their spaces align.

Repeated, it goes on with what is unfinished.
"""

import argparse

from analysis.words.embeddings import EMBEDDINGS
from analysis.words.word_lists import DEMO
from babelscope import making
from babelscope.commands import common

EXAMPLE = "babelscope words muse-en-fr.zip --model Qwen/Qwen3-0.6B --layers 8 16 24"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument(
        "words",
        nargs="?",
        default=DEMO,
        metavar="LIST",
        help=f"a file of words, or a list that ships (default: {DEMO})",
    )
    common.add_resume(parser)
    common.add_model(parser)
    common.add_layout(parser)
    common.add_languages(parser)
    parser.add_argument(
        "--embeddings",
        nargs="+",
        default=(),
        choices=list(EMBEDDINGS),
        help="default: the last token of a decoder, the mean over an encoder's",
    )
    parser.add_argument(
        "--layers",
        nargs="+",
        type=int,
        default=(),
        help="layers whose vectors are kept (default: all)",
    )
    common.add_reading(parser)
    common.add_into(parser)


def execute(options: argparse.Namespace) -> int:
    """Make the study, add to one, or finish it."""
    if options.resume:
        return common.ended(common.resumed(options))
    common.check_whole(options)
    return common.ended(
        making.words(**common.keywords(options), cluster=options.cluster)
    )
