"""Send a study and its vectors to the Hugging Face hub as owner/name.

The repository is private unless --public is given. It gets vectors as safetensors, the
study, a manifest with layers, unit, measured settings and licence, and a card with a
figure. The token that may write is taken from HF_TOKEN.
"""

import argparse

from babelscope import sharing

EXAMPLE = "babelscope push my-study jane/fairness-vectors --licence cc-by-4.0"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument("study", metavar="STUDY", help="a study of this machine")
    parser.add_argument("name", metavar="OWNER/NAME", help="the repository")
    parser.add_argument(
        "--concepts", nargs="+", default=[], help="vectors of these (default: all)"
    )
    parser.add_argument(
        "--languages", nargs="+", default=[], help="vectors of these (default: all)"
    )
    parser.add_argument(
        "--vectors-only", action="store_true", help="without the study's own files"
    )
    parser.add_argument(
        "--licence", default="", help="as the hub spells it, such as cc-by-4.0"
    )
    parser.add_argument(
        "--public", action="store_true", help="a new repository is open to everybody"
    )


def execute(options: argparse.Namespace) -> int:
    """Send it."""
    address = sharing.push(
        options.study,
        options.name,
        concepts=options.concepts,
        languages=options.languages,
        vectors_only=options.vectors_only,
        licence=options.licence,
        public=options.public,
    )
    print(address)
    return 0
