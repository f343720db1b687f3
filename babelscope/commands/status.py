"""Say how far a study is: cells done, running and failed, and when it may end."""

import argparse

from analysis.control import standing as control_standing
from analysis.control import store as runs
from analysis.core.counting import count
from analysis.study import library, standing, store
from analysis.study.standing import Standing

EXAMPLE = "babelscope status Qwen3-0-6B-on-pairs-1a2b3c4d"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument(
        "study", help="a study or control run of this machine or of a shared folder"
    )


def execute(options: argparse.Namespace) -> int:
    """Print it."""
    name = options.study
    if name not in library.names() and name in runs.names():
        found = control_standing.standing(runs.open_run(name))
        print("\n".join(lines(name, found, "control")))
        return 0
    library.open_by_name(name)  # says which there are
    folder = store.root() / name
    if not folder.is_dir():
        print(f"{name}: comes with Babelscope and is complete")
        return 0
    print("\n".join(lines(name, standing.standing(folder))))
    return 0


def lines(name: str, found: Standing, command: str = "extract") -> list[str]:
    """What there is to say, a line each; ``command`` goes on with it."""
    said = [f"{name}: {found.done} of {count(found.of, 'cell')} done"]
    for claim in found.running:
        minutes = standing.since(claim) / 60
        said.append(f"running  {claim.group} on {claim.host}, for {minutes:.0f} min")
    for claim in found.failed:
        said.append(f"failed   {claim.error}")
    if found.complete:
        said.append("complete")
    elif found.seconds is not None:
        said.append(f"about {found.seconds / 60:.0f} min left at this pace")
    elif not found.running:
        said.append(f"nobody computes it; to go on: {remedy(name, command)}")
    return said


def remedy(name: str, command: str) -> str:
    """How to go on."""
    return f"babelscope {command} --resume {name}"
