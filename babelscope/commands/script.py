"""Print a script that computes a study on a cluster, as an array of equal tasks.

Each task loads the model once and computes whatever is missing; a task that is cut off
is queued again and goes on. Everything after `--` is the command that one machine would
be given.
"""

import argparse
import shlex

from analysis.core.errors import SpecError
from babelscope import clusters

EXAMPLE = (
    "babelscope script slurm --shards 8 --gpus 1 -- extract --model Qwen/Qwen3-0.6B "
    "--corpus pairs.csv"
)
SHARDED = ("extract", "words", "sentences", "ask", "sweep", "control")
ALONE = ("--resume",)
"""What all of SHARDED but the first need: several tasks cannot begin them at once."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument("system", choices=list(clusters.SYSTEMS))
    parser.add_argument("--shards", type=int, default=8, help="tasks (default: 8)")
    parser.add_argument("--gpus", type=int, default=0, help="of each task (default: 0)")
    parser.add_argument("--cpus", type=int, default=4, help="of each task (default: 4)")
    parser.add_argument("--memory", default="16G", help="of each task (default: 16G)")
    parser.add_argument(
        "--hours", type=float, default=4.0, help="limit of each task (default: 4)"
    )
    parser.add_argument("--partition", default="", help="partition or queue")
    parser.add_argument(
        "given",
        nargs="+",
        metavar="-- COMMAND",
        help="the command that is computed together",
    )


def execute(options: argparse.Namespace) -> int:
    """Print the script."""
    given = [word for word in options.given if word != "--"]
    check_command(given)
    wanted = clusters.Wanted(
        shards=options.shards,
        gpus=options.gpus,
        cpus=options.cpus,
        memory=options.memory,
        hours=options.hours,
        partition=options.partition,
    )
    print(clusters.script(options.system, wanted, shlex.join(given)), end="")
    return 0


def check_command(given: list[str]) -> None:
    """SpecError for a command that several tasks cannot compute together."""
    if not given or given[0] not in SHARDED:
        raise SpecError(
            f"Several tasks can compute {', '.join(SHARDED)}; given is "
            f"{' '.join(given[:1])}. Write it "
            f"after --, for example: {EXAMPLE}"
        )
    if given[0] != "extract" and not set(ALONE) & set(given):
        raise SpecError(
            f"Begin it with “babelscope {given[0]}” on one machine, stop it with "
            f"Ctrl+C, and give “{given[0]} --resume STUDY” (or RUN) here."
        )
    if "--shard" in given:
        raise SpecError("Leave --shard out: the script gives each task its own.")
