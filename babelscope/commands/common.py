"""Options that several sub-commands share, and what they print in the end."""

import argparse
import time
from typing import Any

from analysis.core.errors import SpecError
from analysis.core.positions import POSITIONS
from analysis.core.specs import (
    BATCHES,
    DEVICES,
    DTYPES,
    LAST_STATES,
    PADDED,
    QUANTISATIONS,
    STACKS,
)
from babelscope import making
from babelscope.study import Study

OWN = ("command", "execute", "resume", "shard", "cluster")
"""Options that are no argument of the Python face."""
BEGUN = time.monotonic()
WORKERS = (
    "local, local:4, the address or file of a scheduler, or a name of clusters.toml in "
    "Babelscope's folder"
)
"""What --cluster takes."""


class Filled(argparse.Action):
    """An option that must not be empty, as a variable of the shell is that is not set.

    ``allowed``: what can be given; ``without``: what leaving the option out does. An empty
    one would do the same without a word.
    """

    def __init__(self, *args: Any, allowed: str, without: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.allowed, self.without = allowed, without

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Keep what was given; SpecError where it is empty."""
        if not values.strip():
            raise SpecError(
                f"{option_string} was given without a value (“{values}”), as by a "
                f"variable of the shell that is not set. Give {self.allowed}, or leave "
                f"{option_string} out {self.without}."
            )
        setattr(namespace, self.dest, values)


def add_engine(parser: argparse.ArgumentParser, does: str) -> None:
    """Which server computes instead of this machine; ``does``: what it does."""
    parser.add_argument(
        "--engine",
        default="",
        action=Filled,
        allowed="the address of a vLLM server, such as http://localhost:8000, or its name",
        without="to compute on this machine",
        metavar="URL",
        help=f"a vLLM server that passed check-engine {does}",
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Which model, and how it is loaded."""
    parser.add_argument(
        "--model",
        default="demo",
        help="a model of this machine or a hub id (default: demo)",
    )
    parser.add_argument("--revision", default="main", help="a branch, tag or commit")
    parser.add_argument("--dtype", default="float32", choices=DTYPES)
    parser.add_argument("--quantisation", default="none", choices=QUANTISATIONS)
    parser.add_argument("--device", default="auto", choices=DEVICES)
    parser.add_argument(
        "--stack",
        default="",
        choices=STACKS,
        help="whose states, of a model with both (default: the encoder's)",
    )
    parser.add_argument(
        "--batches",
        default=PADDED,
        choices=BATCHES,
        help="how short texts are read together: padded, or packed in one row, in which "
        "each sees itself only (less time, same states; default: padded)",
    )


def add_position(parser: argparse.ArgumentParser) -> None:
    """Where in a text states are read."""
    parser.add_argument(
        "--position",
        default="",
        choices=POSITIONS,
        help="which tokens (default: the last of a decoder, the mean of an encoder)",
    )


def add_layout(parser: argparse.ArgumentParser) -> None:
    """What the columns of a file are."""
    parser.add_argument(
        "--layout",
        default="",
        metavar="NAME",
        help="what the columns of the file are: a layout of `babelscope layouts`, or a "
        ".toml file (default: by their names)",
    )


def add_reading(parser: argparse.ArgumentParser) -> None:
    """What is read of the model, and what the study is called."""
    parser.add_argument("--last-state", default="block", choices=LAST_STATES)
    parser.add_argument("--title", default="", help="what the study is called")


def add_languages(parser: argparse.ArgumentParser) -> None:
    """Which languages."""
    parser.add_argument(
        "--languages", nargs="+", default=(), metavar="CODE", help="default: all"
    )


def add_into(parser: argparse.ArgumentParser) -> None:
    """Which study is added to."""
    parser.add_argument(
        "--into", default="", metavar="STUDY", help="a study of the model to add to"
    )


def add_resume(
    parser: argparse.ArgumentParser, kind: str = "study", name: str = "STUDY"
) -> None:
    """Going on with what is unfinished, a study or a control run."""
    parser.add_argument(
        "--resume",
        default="",
        action=Filled,
        allowed=f"the name of a {kind}",
        without="to begin a new one",
        metavar=name,
        help=f"go on with this unfinished {kind}; all other options are its own",
    )
    parser.add_argument(
        "--shard",
        default="",
        action=Filled,
        allowed="K/N, such as 1/4",
        without="to compute all by itself",
        metavar="K/N",
        help="with --resume: this is one of N processes that do so together, on any "
        "machines that share Babelscope's folder",
    )
    parser.add_argument(
        "--cluster",
        default="",
        action=Filled,
        allowed=WORKERS,
        without="to compute on this machine",
        metavar="WHERE",
        help=f"let the workers of a Dask cluster compute it: {WORKERS}",
    )


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Options of an analysis or a figure, each by its name."""
    parser.add_argument(
        "--set",
        nargs="+",
        default=(),
        metavar="NAME=VALUE",
        help="options of what is computed, such as layer=12 or convention=paper",
    )


def settings(options: argparse.Namespace) -> dict[str, str]:
    """The options of an analysis or a figure; SpecError for one without a value."""
    chosen = {}
    for given in options.set:
        name, equals, value = given.partition("=")
        if not equals:
            raise SpecError(f"--set needs NAME=VALUE; given: “{given}”.")
        chosen[name.replace("-", "_")] = value
    return chosen


def check_alone(options: argparse.Namespace, kind: str = "study") -> None:
    """SpecError where a part that is begun is asked for as one of several processes."""
    if options.shard or options.cluster:
        raise SpecError(
            f"--shard and --cluster go with --resume here. Begin the {kind} with this "
            "command without them, stop it with Ctrl+C, and go on with --resume and one "
            "of them."
        )


def check_whole(options: argparse.Namespace) -> None:
    """SpecError where a part that is begun is asked for as a shard."""
    if options.shard:
        raise SpecError(
            "--shard goes with --resume here, since one process must begin. Begin the "
            "study with this command without it, stop it with Ctrl+C, and go on with "
            "--resume and --shard; or let a cluster begin it too, with --cluster."
        )


def resumed(options: argparse.Namespace) -> Study:
    """The study that is to be gone on with, complete."""
    engine = getattr(options, "engine", "")
    return making.resume(options.resume, options.shard, options.cluster, engine)


def keywords(options: argparse.Namespace, *but: str) -> dict[str, Any]:
    """The options as arguments of the Python face, ``but`` some."""
    return {
        name: value
        for name, value in vars(options).items()
        if name not in OWN and name not in but
    }


def ended(study: Study) -> int:
    """Print which study was made or finished."""
    print(f"study {study.name}, {seconds()}")
    return 0


def seconds() -> str:
    """How long the command has run."""
    return f"{time.monotonic() - BEGUN:.0f} s"
