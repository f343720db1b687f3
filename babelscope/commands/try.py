"""Try something on the model of a study, and keep what was measured with it.

Repeated, it goes on with what is unfinished.
"""

import argparse

from analysis.core.errors import SpecError
from analysis.worker.trials import TRIALS
from babelscope import trying
from babelscope.commands import common

EXAMPLE = "babelscope try pushing Qwen3-on-values-1a2b3c4d --set languages=en,fr,sw"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    names = ", ".join(TRIALS) or "nothing yet"
    parser.add_argument("name", nargs="?", default="", help=f"what is tried: {names}")
    parser.add_argument("study", nargs="?", default="", help="a study's name")
    common.add_resume(parser)
    common.add_settings(parser)
    parser.add_argument(
        "--anew",
        action="store_true",
        help="in place of the same trial with other options",
    )


def execute(options: argparse.Namespace) -> int:
    """Try it, or finish it."""
    if options.resume:
        return common.ended(common.resumed(options))
    common.check_whole(options)
    if not options.study:
        raise SpecError(
            "Say what is tried on which study: babelscope try NAME STUDY. What can be "
            f"tried: {', '.join(TRIALS) or 'nothing yet'}."
        )
    chosen = common.settings(options)
    study = trying.trial(
        options.study,
        options.name,
        anew=options.anew,
        cluster=options.cluster,
        **chosen,
    )
    return common.ended(study)
