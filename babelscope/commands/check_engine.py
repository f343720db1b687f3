"""Put an engine (a vLLM server with vllm-lens) to the suite, and print its certificate.

The server's model is loaded here beside it (--model names it, or a copy of it), so that
states, tokens and answers can be compared; without that the suite is not passed. The key
of a server is read from BABELSCOPE_ENGINE_KEY.
"""

import argparse
import sys

from analysis.engines import certificate
from babelscope import engines

EXAMPLE = "babelscope check-engine http://localhost:8000 --model gemma-3-270m"
UNFIT = 1
"""The exit status for an engine that did not pass."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument("url", metavar="URL", help="the address of the server")
    parser.add_argument(
        "--model",
        default="",
        help="the same model on this machine, or a hub id (default: the one of that name "
        "on this machine)",
    )
    parser.add_argument(
        "--dtype", default="", help="how it is loaded here (default: as on the server)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, not lines")


def execute(options: argparse.Namespace) -> int:
    """Try it, and print what was found."""
    found = engines.certified(options.url, options.model, options.dtype)
    if options.json:
        print(certificate.as_json(found))
    else:
        print(*certificate.lines(found), sep="\n")
    sys.stdout.flush()
    return 0 if found.passed else UNFIT
