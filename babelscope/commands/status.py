"""Say how far a study is: cells done, running and failed, and when it may end."""

import argparse

from analysis.core.counting import count
from analysis.study import library, standing, store
from analysis.study.standing import Standing

EXAMPLE = "babelscope status Qwen3-0-6B-on-pairs-1a2b3c4d"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument("study", help="a study of this machine or of a shared folder")


def execute(options: argparse.Namespace) -> int:
    """Print it."""
    name = options.study
    library.open_by_name(name)  # says which there are
    folder = store.root() / name
    if not folder.is_dir():
        print(f"{name}: comes with Babelscope and is complete")
        return 0
    for line in lines(name, standing.standing(folder)):
        print(line)
    return 0


def lines(name: str, found: Standing) -> list[str]:
    """What there is to say, a line each."""
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
        said.append(f"nobody computes it; to go on: {remedy(name)}")
    return said


def remedy(name: str) -> str:
    """How to go on."""
    return f"babelscope extract --resume {name}"
