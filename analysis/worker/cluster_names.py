"""Which Dask cluster: this machine's cores, an address, or one that the operator named."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis.core.errors import SpecError, unknown
from analysis.core.operator_files import operator_file

FILE = "clusters.toml"
"""In Babelscope's home: clusters by name, each with its kind or its address."""
LOCAL = re.compile(r"local(:(?P<workers>\d{1,4}))?")
NAME = re.compile(r"[\w.-]{1,60}")
SCHEMES = ("tcp://", "tls://", "ucx://", "ws://", "wss://")
ADDRESS = re.compile(rf"({'|'.join(SCHEMES)})\S+")
KINDS: Mapping[str, str] = {
    "LocalCUDACluster": "dask_cuda",
    "KubeCluster": "dask_kubernetes.operator",
    **dict.fromkeys(
        (
            *("SLURMCluster", "PBSCluster", "SGECluster", "LSFCluster"),
            *("OARCluster", "MoabCluster", "HTCondorCluster"),
        ),
        "dask_jobqueue",
    ),
}
"""Kinds of clusters that a file may name → the package that has them."""
FIELDS = ("kind", "workers", "options", "address", "scheduler_file")
MOST_WORKERS = 4096


@dataclass(frozen=True)
class Cluster:
    """A cluster that is there (address or scheduler file), or one to be made.

    ``kind`` “local” needs nothing else; the others are those of KINDS with their
    ``options``. ``workers`` are wanted: 0 as many as there are.
    """

    name: str
    kind: str = ""
    workers: int = 0
    address: str = ""
    scheduler_file: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


def cluster_of(where: str) -> Cluster:
    """The cluster that a text means; SpecError for one that there is none of.

    >>> cluster_of("local:2").workers
    2
    """
    local = LOCAL.fullmatch(where)
    if local is not None:
        return Cluster(where, "local", int(local["workers"] or 0))
    if ADDRESS.fullmatch(where):
        return Cluster(where, address=where)
    if where.endswith(".json"):
        if not Path(where).expanduser().is_file():
            raise SpecError(
                f"There is no scheduler file “{where}”. A scheduler that was started "
                "with --scheduler-file writes one."
            )
        return Cluster(where, scheduler_file=where)
    known = named_clusters()
    if where in known:
        return known[where]
    names = ("local", "local:4", "tcp://host:8786", "scheduler.json", *known)
    raise unknown("cluster", where, names)


def named_clusters() -> dict[str, Cluster]:
    """The clusters of the operator's file; SpecError for a file that does not fit."""
    found = {}
    for name, entry in operator_file(FILE).items():
        found[name] = from_file(name, entry)
    return found


def check_name(name: str) -> None:
    """SpecError for a name that would mean something else where a cluster is asked for."""
    if not NAME.fullmatch(name) or LOCAL.fullmatch(name) or name.endswith(".json"):
        raise SpecError(
            f"{FILE}: a cluster cannot be called “{name[:60]}”. A name is of letters, "
            "digits, “-”, “_” and “.”, and neither “local” nor ends in “.json”."
        )


def check_address(name: str, address: object) -> None:
    """SpecError for what is no address of a scheduler."""
    if not isinstance(address, str) or not address.startswith(SCHEMES):
        raise SpecError(
            f"{FILE}: the address of [{name}] is {address!r}; write it as in "
            "“tcp://host:8786”."
        )


def check_workers(name: str, workers: object) -> None:
    """SpecError for what is no number of workers."""
    if type(workers) is not int or not 0 <= workers <= MOST_WORKERS:
        raise SpecError(
            f"{FILE}: workers of [{name}] is {workers}; give 1 to {MOST_WORKERS}, or 0 "
            "for as many as there are."
        )


def from_file(name: str, entry: Any) -> Cluster:
    """One cluster of the file."""
    check_name(name)
    if not isinstance(entry, dict):
        raise SpecError(f"{FILE}: write [{name}] and under it a kind or an address.")
    for key in entry:
        if key not in FIELDS:
            raise SpecError(
                f"{FILE}: [{name}] has “{key}”; allowed are {', '.join(FIELDS)}."
            )
    told = [key for key in ("kind", "address", "scheduler_file") if key in entry]
    if len(told) != 1:
        raise SpecError(f"{FILE}: [{name}] needs one of kind, address, scheduler_file.")
    kind = str(entry.get("kind", ""))
    if kind and kind not in ("local", *KINDS):
        raise unknown(f"kind of [{name}] in {FILE}", kind, ("local", *KINDS))
    check_address(name, entry.get("address", SCHEMES[0]))
    workers = entry.get("workers", 0)
    check_workers(name, workers)
    options = entry.get("options", {})
    if not isinstance(options, dict):
        raise SpecError(f"{FILE}: write [{name}.options] and under it NAME = VALUE.")
    return Cluster(
        name,
        kind,
        workers,
        str(entry.get("address", "")),
        str(entry.get("scheduler_file", "")),
        options,
    )
