"""The command ``babelscope``: one file per sub-command, each on top of the Python face."""

import argparse
import os
import sys
from typing import Protocol

from analysis.core.errors import AnalysisError
from analysis.core.version import __version__
from babelscope.commands import (
    app,
    ask,
    control,
    extract,
    means,
    measure,
    pack,
    render,
    run,
    studies,
    sweep,
    words,
)
from babelscope.running import Interrupted


class Command(Protocol):
    """A module of a sub-command; its docstring is its help."""

    EXAMPLE: str

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add its options."""

    def execute(self, options: argparse.Namespace) -> int:
        """Do it; the exit status."""
        ...


COMMANDS = {
    "app": app,
    "extract": extract,
    "words": words,
    "ask": ask,
    "means": means,
    "sweep": sweep,
    "control": control,
    "measure": measure,
    "render": render,
    "pack": pack,
    "studies": studies,
    "run": run,
}
USER, STOPPED = 2, 130
"""Exit statuses: for what the user can mend, and after Ctrl+C as shells have it."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    whole = argparse.ArgumentParser(
        prog="babelscope",
        description="One concept from every language of a language model.",
        epilog="babelscope COMMAND --help says more, with an example.",
    )
    whole.add_argument("--version", action="version", version=__version__)
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        text = module.__doc__ or ""
        single = commands.add_parser(
            name,
            help=text.partition("\n")[0],
            description=text,
            epilog=f"example:\n  {module.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.arguments(single)
        single.set_defaults(execute=module.execute)
    return whole


def main(given: list[str] | None = None) -> int:
    """Do what the command line says.

    2 where it cannot be done, with the sentence that says why; 130 after Ctrl+C, with
    the one that says what is kept.
    """
    options = parser().parse_args(given)
    try:
        return options.execute(options)
    except AnalysisError as error:
        print(error, *getattr(error, "faults", ()), sep="\n", file=sys.stderr)
        return USER
    except Interrupted as stop:
        print(stop.kept, remedy(options.command, stop.name), file=sys.stderr)
        return STOPPED
    except KeyboardInterrupt:
        print("Stopped. Files that were written are whole.", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:
        # Whoever read the output, such as ``head``, has had enough of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def remedy(command: str, name: str) -> str:
    """How to go on after an interruption."""
    if not name:
        return "The same command begins anew."
    resuming = command if command in ("words", "ask", "sweep", "control") else "extract"
    return f"To go on: babelscope {resuming} --resume {name}"
