"""Start the program; a browser of this machine opens its address."""

import argparse
import gc
import runpy
import sys
from pathlib import Path

from analysis.core.errors import AnalysisError, SpecError

EXAMPLE = "babelscope app --port 8600"
LAST_PORT = 65_535
GARBAGE = 50_000
"""New objects between two looks for garbage. By Python's own 700 a sixth of the time
until the first page would go by with looking, and nearly all that is made then stays.
"""
PLACES = (Path(__file__).parent.parent / "site", Path(__file__).parent.parent.parent)
"""Where ``app.py`` lies: inside the installed package, or at the top of a checkout."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument("--port", type=int, default=8501, help="default: 8501")


def execute(options: argparse.Namespace) -> int:
    """Run the server until it is stopped.

    It reads ``.streamlit/config.toml`` beside ``app.py``, which counts for more than
    one of the user or of the folder in which the command is given.
    """
    from components.frame import door

    if not 0 <= options.port <= LAST_PORT:
        raise SpecError(
            f"There is no port {options.port}; choose one up to {LAST_PORT}, such as "
            "--port 8600."
        )
    door.install()
    gc.set_threshold(GARBAGE)
    given = ["run", str(script()), "--server.port", str(options.port)]
    sys.argv = ["streamlit", *given]
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)
    return 0


def script() -> Path:
    """The script of the first page; AnalysisError where it is missing."""
    for place in PLACES:
        if (place / "app.py").is_file():
            return place / "app.py"
    raise AnalysisError("Babelscope's app.py is missing. Install Babelscope again.")
