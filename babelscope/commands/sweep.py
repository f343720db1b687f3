"""Sweep the steering of a study that was asked questions, over layers and strengths.

Repeated, it goes on with what is unfinished.
"""

import argparse
from typing import Any

from analysis.core.errors import SpecError
from analysis.core.templates import TEMPLATES
from analysis.plane.specs import SCORINGS
from analysis.questions.geometry import VERSIONS
from babelscope import making
from babelscope.commands import common

EXAMPLE = "babelscope sweep Qwen3-asked-mmlu-1a2b3c4d --layers 8 12 16 --strengths 1 2"
SETTINGS = ("layers", "strengths", "scoring", "local")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument("study", nargs="?", default="", help="a study's name")
    common.add_resume(parser)
    common.add_languages(parser)
    parser.add_argument(
        "--template", default="", choices=list(TEMPLATES), help="default: as asked"
    )
    parser.add_argument(
        "--most", type=int, default=100, help="items of a kind, at most (default: 100)"
    )
    parser.add_argument("--seed", type=int, default=1)
    add_settings(parser)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Which steerings are tried, and how answers are taken."""
    parser.add_argument(
        "--layers", nargs="+", type=int, default=(), help="default: all"
    )
    parser.add_argument("--strengths", nargs="+", type=float, default=(0.5, 1.0, 2.0))
    parser.add_argument("--scoring", default="likelihood", choices=SCORINGS)
    parser.add_argument(
        "--local", default="own", choices=list(VERSIONS), help="version of local vector"
    )


def settings_of(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that are tried, as arguments of the Python face."""
    return {name: getattr(options, name) for name in SETTINGS}


def execute(options: argparse.Namespace) -> int:
    """Sweep, or finish sweeping."""
    if options.resume:
        return common.ended(common.resumed(options))
    common.check_alone(options)
    if not options.study:
        raise SpecError(
            "Say which study: babelscope sweep STUDY. `babelscope studies` lists them."
        )
    return common.ended(making.sweep(**common.keywords(options)))
