"""Ask a model questions: English and local vectors, and what it answers.

With --sweep the steering that they give is swept too. Repeated, it goes on with what is
unfinished.
"""

import argparse

from analysis.core.templates import TEMPLATES
from analysis.questions.answer_options import ANSWERS
from babelscope import making
from babelscope.commands import common, sweep

EXAMPLE = "babelscope ask global_mmlu.csv --model Qwen/Qwen3-0.6B --most 50 --sweep"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument(
        "questions",
        nargs="?",
        default="demo",
        metavar="SET",
        help="a file of questions, a set of this machine, or demo (default)",
    )
    parser.add_argument(
        "--answers",
        default="",
        choices=list(ANSWERS),
        help="what the answers of a file are, where they may be several things",
    )
    common.add_resume(parser)
    common.add_model(parser)
    common.add_layout(parser)
    common.add_languages(parser)
    parser.add_argument(
        "--template", default="", choices=list(TEMPLATES), help="default: the model's"
    )
    parser.add_argument(
        "--most", type=int, default=100, help="items of a kind, at most (default: 100)"
    )
    parser.add_argument("--seed", type=int, default=1)
    common.add_position(parser)
    common.add_reading(parser)
    common.add_into(parser)
    parser.add_argument(
        "--sweep", action="store_true", help="sweep the steering that they give"
    )
    sweep.add_settings(parser)


def execute(options: argparse.Namespace) -> int:
    """Ask, and sweep where that is wanted."""
    if options.resume:
        return common.ended(common.resumed(options))
    common.check_whole(options)
    asked = common.keywords(options, "sweep", *sweep.SETTINGS)
    asked["cluster"] = options.cluster
    if not options.sweep:
        return common.ended(making.ask(**asked))
    steps = {
        "languages": options.languages,
        "most": options.most,
        "seed": options.seed,
        **sweep.settings_of(options),
    }
    return common.ended(making.ask(**asked, swept=steps))
