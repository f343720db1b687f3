"""The command ``babelscope``: one file per sub-command, each on top of the Python face."""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Iterable
from typing import Protocol, cast

from analysis.core import settings
from analysis.core.errors import AnalysisError, untold
from analysis.core.version import __version__
from babelscope import starting

COMMANDS = (
    "app",
    "model",
    "extract",
    "words",
    "sentences",
    "ask",
    "means",
    "sweep",
    "control",
    "try",
    "repeat",
    "steer",
    "measure",
    "render",
    "pack",
    "publish",
    "push",
    "pull",
    "studies",
    "status",
    "script",
    "layouts",
    "run",
    "check-engine",
)
RESUMING = ("words", "sentences", "ask", "sweep", "control", "try")
"""Commands that go on with what they began themselves."""
USER = 2
"""The exit status for what the user can mend."""


class Command(Protocol):
    """A module of a sub-command; its docstring is its help."""

    __doc__: str | None
    EXAMPLE: str

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add its options."""

    def execute(self, options: argparse.Namespace) -> int:
        """Do it; the exit status."""
        ...


def command_of(name: str) -> Command:
    """The module of a sub-command, read when it is needed.

    The program itself starts through ``app`` and must not wait for all the others.
    """
    module = name.replace("-", "_")
    return cast(Command, importlib.import_module(f"babelscope.commands.{module}"))


def parser(names: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """The command line of all sub-commands, or of some."""
    whole = argparse.ArgumentParser(
        prog="babelscope",
        description="One concept from every language of a language model.",
        epilog="babelscope COMMAND --help says more, with an example.",
    )
    whole.add_argument("--version", action="version", version=__version__)
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in names:
        module = command_of(name)
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
    words = sys.argv[1:] if given is None else given
    named = [word for word in words[:1] if word in COMMANDS] or COMMANDS
    try:
        options = parser(named).parse_args(words)
        starting.work_begins()
        print_anything()
        settings.check()
        for sentence in settings.unheeded():
            print(sentence, file=sys.stderr)
        return options.execute(options)
    except AnalysisError as error:
        faults = untold(str(error), getattr(error, "faults", ()))
        print(error, *faults, sep="\n", file=sys.stderr)
        return USER
    except KeyboardInterrupt as stop:
        print(interruption(stop, words[0]), file=sys.stderr)
        return starting.STOPPED
    except BrokenPipeError:
        # Whoever read the output, such as ``head``, has had enough of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    finally:
        starting.work_is_done()


def print_anything() -> None:
    """Where the output cannot have a letter, its number is written instead."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def interruption(stop: KeyboardInterrupt, command: str) -> str:
    """What is kept after Ctrl+C, and how to go on."""
    from babelscope.running import Interrupted

    if isinstance(stop, Interrupted):
        return f"{stop.kept} {remedy(command, stop.name)}"
    return "Stopped. Files that were written are whole."


def remedy(command: str, name: str) -> str:
    """How to go on after an interruption."""
    if not name:
        return "The same command begins anew."
    if command == "run":
        return "The same command goes on."
    resuming = command if command in RESUMING else "extract"
    return f"To go on: babelscope {resuming} --resume {name}"
