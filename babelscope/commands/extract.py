"""Extract concept vectors from a model and contrast pairs.

Repeated, it goes on with what is unfinished; a complete study stays as it is.
"""

import argparse

from analysis.concepts import corpora
from analysis.concepts.estimators import ESTIMATORS
from analysis.concepts.pairs import SPLITS
from analysis.core.templates import TEMPLATES
from babelscope import making
from babelscope.commands import common

EXAMPLE = (
    "babelscope extract --model Qwen/Qwen3-0.6B --corpus pairs.csv --languages en fr sw"
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    common.add_resume(parser)
    common.add_model(parser)
    parser.add_argument(
        "--corpus",
        default=corpora.DEMO,
        help="a file or a folder of tables, or a corpus of this machine",
    )
    parser.add_argument("--concepts", nargs="+", default=(), help="default: all")
    common.add_layout(parser)
    common.add_languages(parser)
    parser.add_argument(
        "--estimator", default="difference of means", choices=list(ESTIMATORS)
    )
    parser.add_argument(
        "--template",
        default="",
        choices=list(TEMPLATES),
        help="default: “chat” for a chat model, else none",
    )
    parser.add_argument(
        "--split",
        default="",
        choices=list(SPLITS),
        help="default: “as given” where the corpus gives a split; else “5 folds”, which "
        "hold out every pair once, where every concept has at least 10 independent "
        "sources in every language; else “by pair”, a fifth once",
    )
    parser.add_argument("--seed", type=int, default=1)
    common.add_position(parser)
    common.add_engine(parser, "reads the texts, with --resume too")
    common.add_reading(parser)


def execute(options: argparse.Namespace) -> int:
    """Make the study, or finish it."""
    if options.resume:
        return common.ended(common.resumed(options))
    chosen = common.keywords(options, "corpus")
    return common.ended(
        making.extract(
            pairs=options.corpus,
            shard=options.shard,
            cluster=options.cluster,
            **chosen,
        )
    )
