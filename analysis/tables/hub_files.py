"""Data sets of the Hugging Face hub: what their repositories hold, and files of them.

A configuration is what the card of a data set calls so, or else a folder or a file of
it: often a language. Nothing of a repository is run.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, TypeVar
from zipfile import ZipFile

from analysis.core import disk, settings
from analysis.core.errors import AnalysisError, CorpusError, SpecError, listed, nearest
from analysis.core.hidden_folders import reason
from analysis.core.model_names import HUB_ID
from analysis.core.turns import tell_share
from analysis.tables.opening import MOST_FILES, is_read

T = TypeVar("T")
SPLITS = ("train", "validation", "dev", "devtest", "test", "eval", "val")
SPLIT = re.compile(rf"(?:^|[/_.-])({'|'.join(SPLITS)})(?=[/_.-]|$)")
"""A split as a part of a path."""
ALL = "all"
ADDRESS = re.compile(
    r"hub:(?P<name>[^:@]+)(?:@(?P<revision>[^:]+))?"
    r"(?::(?P<configurations>[^:]*))?(?::(?P<splits>[^:]*))?"
)
"""How a data set of the hub is given to the command: hub:owner/name:fr,sw:test."""
KNOWN_FILES = ("readme.md", "dataset_infos.json", "license", "license.txt")


class Told(NamedTuple):
    """The configuration and the split of a file."""

    configuration: str
    split: str


class Pattern(NamedTuple):
    """A split, and what the paths of its files are like."""

    split: str
    path: str


@dataclass(frozen=True)
class HubFile:
    """A file of tables in a repository; ``size`` in bytes."""

    path: str
    configuration: str
    split: str
    size: int


@dataclass(frozen=True)
class Listing:
    """The files of tables of a data set at one commit."""

    name: str
    commit: str
    files: tuple[HubFile, ...]

    @property
    def configurations(self) -> tuple[str, ...]:
        """Names of configurations in order of appearance."""
        return tuple(dict.fromkeys(file.configuration for file in self.files))

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of splits in order of appearance."""
        return tuple(dict.fromkeys(file.split for file in self.files))

    def chosen(
        self, configurations: Sequence[str], splits: Sequence[str]
    ) -> list[HubFile]:
        """The files of some configurations and splits; none of a kind are all."""
        found = []
        for file in self.files:
            of_one = not configurations or file.configuration in configurations
            if of_one and (not splits or file.split in splits):
                found.append(file)
        return found


@dataclass(frozen=True)
class HubTable:
    """Chosen files of a data set, to be read as one zip; looks like an upload."""

    listing: Listing
    configurations: tuple[str, ...]
    splits: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the zip is called: as the data set."""
        return f"{self.listing.name.split('/')[-1]}.zip"

    @property
    def files(self) -> list[HubFile]:
        """The chosen files."""
        return self.listing.chosen(self.configurations, self.splits)

    @property
    def file_id(self) -> str:
        """What tells it from others."""
        return f"{self.listing.commit} {self.configurations} {self.splits}"

    @property
    def size(self) -> int:
        """Bytes of the chosen files."""
        return sum(file.size for file in self.files)

    def getvalue(self) -> bytes:
        """The chosen files as a zip, fetched where the cache does not have them."""
        return fetched(self)


def listing_of(name: str, revision: str | None = None) -> Listing:
    """What a data set of the hub holds.

    SpecError for what is no id; CorpusError for a data set that cannot be had or has no
    file of tables.
    """
    if not HUB_ID.fullmatch(name) or ".." in name:
        raise SpecError(f"“{name[:80]}” is no id of the hub. Write owner/name.")
    from huggingface_hub import HfApi

    facts = hub_answer(
        name,
        lambda: HfApi().dataset_info(name, revision=revision, files_metadata=True),
    )
    sizes = {}
    for file in facts.siblings or ():
        if is_table(file.rfilename):
            sizes[file.rfilename] = file.size or 0
    if not sizes:
        raise CorpusError(
            f"The data set {name} has no file of tables (.parquet, .csv, .tsv, .json, "
            ".jsonl); those that a program of its own makes are not read here."
        )
    told = told_by_card(facts.card_data, list(sizes))
    common = common_folders(list(sizes))
    files = []
    for path, size in sizes.items():
        of_file = told.get(path) or told_by_path(path, common)
        files.append(HubFile(path, *of_file, size))
    return Listing(name, str(facts.sha), tuple(files))


def is_table(path: str) -> bool:
    """Whether a file of a repository may hold a table."""
    plain = path.casefold()
    hidden = any(part.startswith(".") for part in PurePosixPath(path).parts)
    return is_read(plain) and not hidden and plain not in KNOWN_FILES


def told_by_card(card: Any, paths: Sequence[str]) -> dict[str, Told]:
    """Path → configuration and split, as the card of a data set tells them."""
    found: dict[str, Told] = {}
    told = card.get("configs") if card is not None else None
    for each in told if isinstance(told, list) else ():
        if not isinstance(each, Mapping):
            continue
        name = str(each.get("config_name", ALL))
        for pattern in patterns_of(each.get("data_files")):
            for path in paths:
                if PurePosixPath(path).match(pattern.path):
                    found.setdefault(path, Told(name, pattern.split))
    return found


def patterns_of(given: Any) -> list[Pattern]:
    """Splits and patterns of paths, in the ways in which cards write them."""
    if isinstance(given, str):
        return [Pattern(split_in(given), given)]
    if isinstance(given, Mapping):
        given = [{"split": split, "path": path} for split, path in given.items()]
    found = []
    for each in given if isinstance(given, list) else ():
        if isinstance(each, str):
            found.append(Pattern(split_in(each), each))
        elif isinstance(each, Mapping):
            paths = each.get("path")
            for path in [paths] if isinstance(paths, str) else paths or ():
                found.append(Pattern(str(each.get("split", ALL)), str(path)))
    return found


def common_folders(paths: Sequence[str]) -> int:
    """How many folders all paths begin with."""
    parts = [PurePosixPath(path).parent.parts for path in paths]
    count = 0
    while all(len(each) > count for each in parts):
        if len({each[count] for each in parts}) > 1:
            break
        count += 1
    return count


def told_by_path(path: str, common: int) -> Told:
    """The configuration and the split that a path tells."""
    whole = PurePosixPath(path)
    split = split_in(path)
    folders = [part for part in whole.parent.parts[common:] if part not in SPLITS]
    if folders:
        return Told("/".join(folders), split)
    stem = SPLIT.sub("", whole.name.split(".")[0]).strip("-_")
    stem = re.sub(r"-?\d{5}-of-\d{5}.*$", "", stem)
    return Told(stem or ALL, split)


def split_in(path: str) -> str:
    """The split that a path names; “all” for none."""
    found = SPLIT.findall(str(PurePosixPath(path).with_suffix("")))
    return found[-1] if found else ALL


def table_of(
    listing: Listing, configurations: Sequence[str], splits: Sequence[str]
) -> HubTable:
    """Some configurations and splits of a data set.

    SpecError for those that it does not have, and for more than can be read at once.
    """
    for given, known in (
        (configurations, listing.configurations),
        (splits, listing.splits),
    ):
        for name in given:
            if name not in known:
                raise SpecError(
                    f"The data set {listing.name} has no “{name[:40]}”."
                    f"{nearest(name, known)} It has: {listed(known[:60])}."
                )
    table = HubTable(listing, tuple(configurations), tuple(splits))
    most = settings.MAX_CORPUS_BYTES
    if table.size > most or len(table.files) > MOST_FILES:
        raise SpecError(
            f"These are {len(table.files):,} files of {table.size:,} bytes; {most:,} "
            "bytes can be read at once. Choose fewer configurations or splits."
        )
    if not table.files:
        raise SpecError(
            f"No file of {listing.name} is of these configurations and splits."
        )
    return table


def fetched(table: HubTable) -> bytes:
    """Chosen files of a data set as a zip, each below its configuration's name."""
    from huggingface_hub import hf_hub_download

    disk.check_may(f"Fetching {table.listing.name}")
    buffer = BytesIO()
    files = table.files
    listing = table.listing
    with ZipFile(buffer, "w") as archive:
        for number, file in enumerate(files):
            tell_share(number / len(files))
            place = hub_answer(
                listing.name,
                lambda file=file: hf_hub_download(
                    listing.name,
                    file.path,
                    repo_type="dataset",
                    revision=listing.commit,
                ),
            )
            archive.writestr(name_in_zip(file), Path(place).read_bytes())
    return buffer.getvalue()


def name_in_zip(file: HubFile) -> str:
    """What a file is called in the zip: its configuration, then its own path."""
    if file.configuration == ALL or file.configuration in file.path:
        return file.path
    return f"{file.configuration}/{PurePosixPath(file.path).name}"


def hub_answer(name: str, ask: Callable[[], T]) -> T:
    """What the hub answers; CorpusError in words where it does not."""
    from huggingface_hub.errors import (
        GatedRepoError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        return ask()
    except GatedRepoError as error:
        raise CorpusError(
            f"The data set {name} is gated: its owner must grant access. Ask for it on "
            "the hub, put your token into the environment variable HF_TOKEN and start "
            "again."
        ) from error
    except RepositoryNotFoundError as error:
        raise CorpusError(
            f"The hub has no data set “{name}”, or it is private. Check the spelling of "
            "owner/name; for a private one put your token into HF_TOKEN."
        ) from error
    except RevisionNotFoundError as error:
        raise CorpusError(
            f"The data set {name} has no such revision. Give a branch, tag or commit."
        ) from error
    except AnalysisError:
        raise
    # Proxies, mirrors and caches filled by others make the client fail in any way.
    except Exception as error:
        raise CorpusError(
            f"The data set {name} could not be had ({reason(error)}). Check the "
            "connection and try again, or give its files."
        ) from error


def table_at(address: str) -> HubTable:
    """The files that “hub:owner/name:configurations:splits” stands for."""
    found = ADDRESS.fullmatch(address)
    if found is None:
        raise SpecError(
            f"“{address[:120]}” is no address of a data set. Write "
            "hub:owner/name:configuration,configuration:split, such as "
            "hub:Davlan/sib200:eng_Latn,swh_Latn:train."
        )
    listing = listing_of(found["name"].strip(), found["revision"])
    configurations = names_in(found["configurations"])
    return table_of(listing, configurations, names_in(found["splits"]))


def names_in(given: str | None) -> list[str]:
    """Names between commas."""
    return [name.strip() for name in (given or "").split(",") if name.strip()]
